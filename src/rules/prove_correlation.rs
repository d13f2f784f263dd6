//! The examples of a correlation, run through the engine: it finds the loud ones, passes over the quiet ones, and finds
//! those too once the condition that keeps them quiet is loosened.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::DateTime;
use lapwing_detectors::cell::{Arrival, Cell};
use lapwing_detectors::correlation::{self, Pattern, Plan};
use lapwing_detectors::detector::{Engine, Watch};
use lapwing_detectors::entity::{Entity, Family};
use lapwing_detectors::event::Source;
use lapwing_detectors::judge::{Finding, Known, Range};
use lapwing_detectors::observe::{DeliveryId, Observer};
use lapwing_detectors::profile::Lateness;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;
use lapwing_detectors::time::Hour;
use rsigma_parser::SigmaRule;

use super::condition::{related, without};
use super::correlation::{Correlation, Steps};
use super::example::{changed, read};
use super::listed::about;
use super::plan::{Fields, Planned};
use super::prove::{Proof, dropped};
use super::samples::{Sample, loud, quiet};
use super::section::{Section, Twin};

/// Runs the examples of a correlation.
#[must_use]
pub fn prove_correlation(correlation: &Correlation) -> Proof {
    let mut proof = Proof::default();
    let Some(section) = &correlation.section else { return proof };
    (proof.loud, proof.quiet) = (section.loud.len(), section.quiet.len());
    for (kind, n) in [("loud", proof.loud), ("quiet", proof.quiet)] {
        if n == 0 {
            proof.wrong.push(format!("it has no {kind} example"));
        }
    }
    let as_written = Variant::of(correlation);
    for number in 1..=section.loud.len() {
        match loud(section, number).and_then(|samples| as_written.finds(&samples)) {
            Ok(true) => {}
            Ok(false) => proof.wrong.push(format!("loud {number}: it is not found")),
            Err(what) => proof.wrong.push(format!("loud {number}: {what}")),
        }
    }
    for (number, twin) in (1..).zip(&section.quiet) {
        if let Err(what) = prove_twin(&as_written, section, twin) {
            proof.wrong.push(format!("quiet {number} ({}): {what}", twin.difference()));
        }
    }
    proof
}

fn prove_twin(as_written: &Variant<'_>, section: &Section, twin: &Twin) -> Result<(), String> {
    let samples = quiet(section, twin)?;
    if as_written.finds(&samples)? {
        return Err("it is found".to_owned());
    }
    let fewer = loud(section, twin.of)?.len().saturating_sub(samples.len()) as u32;
    // Where nothing is left of a rule, everything is found.
    let Some(looser) = as_written.loosened(twin, fewer)? else { return Ok(()) };
    if looser.finds(&samples)? {
        Ok(())
    } else {
        Err("it stays quiet without that condition too, so something else keeps it quiet".to_owned())
    }
}

/// A correlation, perhaps without one of its conditions.
#[derive(Clone)]
struct Variant<'c> {
    of: &'c Correlation,
    rules: Vec<SigmaRule>,
    planned: Planned,
}

impl Variant<'_> {
    fn of(of: &Correlation) -> Variant<'_> {
        Variant { of, rules: of.rules.clone(), planned: of.planned.clone() }
    }

    /// Without the condition that the difference of a quiet example is about; nothing where a rule then always holds.
    fn loosened(&self, twin: &Twin, fewer: u32) -> Result<Option<Self>, String> {
        let mut loose = self.clone();
        let Plan { pattern, steps, span } = self.planned.plan;
        let any_order = |least: u32| {
            let sets = (1..1_u64 << steps).filter(|set| set.count_ones() >= least);
            Pattern::Together(sets.fold(0, |enough, set| enough | 1 << set))
        };
        match pattern {
            Pattern::Events(_) | Pattern::Values(_) if fewer > 0 => {
                loose.planned.plan.pattern = lowered(pattern, fewer)?;
            }
            _ if fewer > 0 => loose.planned.plan.pattern = any_order(self.planned.plan.fewest().saturating_sub(1)),
            _ if twin.reversed => loose.planned.plan.pattern = any_order(steps as u32),
            _ => match twin.seconds_apart()? {
                Some(apart) => loose.planned.plan.span = span.max(apart + 60),
                None => loose.drop_member(twin)?,
            },
        }
        let holds = |rule: &SigmaRule| rule.detection.conditions.is_empty();
        Ok(if loose.rules.iter().any(holds) { None } else { Some(loose) })
    }

    /// Without what looks at the member that a quiet example changes.
    fn drop_member(&mut self, twin: &Twin) -> Result<(), String> {
        let member = changed(twin).unwrap_or_default();
        let looks = |names: &[String]| names.iter().any(|name| related(name, member));
        let by_name = twin.without.is_some();
        if !by_name && self.planned.fields.iter().any(|fields| looks(&fields.values)) {
            self.planned.plan.pattern = match self.planned.plan.pattern {
                Pattern::Values(count) => Pattern::Events(count),
                other => other,
            };
            return Ok(());
        }
        let grouped = self.planned.fields.iter().any(|fields| looks(&fields.group));
        if !by_name && (grouped || looks(&self.of.written.group_by)) {
            self.planned.fields.iter_mut().for_each(|Fields { group, .. }| group.clear());
            self.planned.family = if self.of.source == Source::Lambda { Family::Function } else { Family::Account };
            return Ok(());
        }
        let drop = |rule: &SigmaRule| dropped(rule, twin).ok().and_then(|drop| without(rule, &drop));
        let looser: Vec<Option<SigmaRule>> = self.rules.iter().map(drop).collect();
        if looser.iter().all(Option::is_none) {
            return Err("no condition looks at it: say under `without` which one keeps it quiet".to_owned());
        }
        let left = self.rules.iter().zip(looser).map(|(rule, looser)| looser.unwrap_or_else(|| rule.clone()));
        self.rules = left.collect();
        Ok(())
    }

    fn finds(&self, samples: &[Sample]) -> Result<bool, String> {
        let engine = self.engine().ok_or("its rules cannot be read without that condition")?;
        let mut found = Vec::new();
        judge(&engine, self.of.source, &[samples.iter().collect()], &mut found)?;
        Ok(!found.is_empty())
    }

    fn engine(&self) -> Option<Engine> {
        let members = Steps::of(&self.rules, &self.planned.fields)?;
        let mut card = self.of.card()?;
        (card.family, card.plan) = (self.planned.family, Some(self.planned.plan));
        let plan = self.planned.plan;
        let detector = correlation::Correlation {
            about: about(&card),
            severity: card.severity,
            keys: &[],
            needs: &[],
            plan,
            members,
        };
        let watch =
            Watch { detector: Box::new(detector), cap: Severity::Critical, stage: Stage::Alert, variants: Vec::new() };
        Some(Engine::new(vec![watch], Lateness::default()))
    }
}

/// What an engine finds in these deliveries.
fn judge(engine: &Engine, source: Source, deliveries: &[Vec<&Sample>], found: &mut Vec<Finding>) -> Result<(), String> {
    let mut cells: BTreeMap<Entity, BTreeMap<Hour, Cell>> = BTreeMap::new();
    let mut observer = Observer::new(engine);
    for samples in deliveries {
        for Sample { event, .. } in samples {
            read(source, event, &mut |event| observer.event(event))?;
        }
        for (entity, hour, cell) in observer.finish(DeliveryId(0), DateTime::UNIX_EPOCH).cells() {
            cells.entry(entity).or_default().entry(hour).or_default().merge(cell, |_| Arrival::OnTime);
        }
    }
    for (entity, cells) in cells {
        let hours = cells.keys().next().copied().zip(cells.keys().next_back().copied());
        let Some((first, last)) = hours else { continue };
        let cells = cells.into_iter().map(|(hour, cell)| (hour, Arc::new(cell))).collect();
        let range = Range { from: first.first(), to: last.last(), complete: true };
        engine.judge(&Known::of(entity, cells), range, found);
    }
    Ok(())
}

fn lowered(pattern: Pattern, by: u32) -> Result<Pattern, String> {
    let lower = |mut count: correlation::Count| {
        count.least = count.least.checked_sub(by).filter(|least| *least > 0).ok_or("it leaves too few events out")?;
        Ok::<_, String>(count)
    };
    match pattern {
        Pattern::Events(count) => lower(count).map(Pattern::Events),
        Pattern::Values(count) => lower(count).map(Pattern::Values),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::load::Loaded;

    fn proof(change: impl Fn(&mut Section)) -> Vec<String> {
        let pack = Loaded::pack();
        let (_, correlation) =
            pack.correlations.iter().find(|(place, _)| place == "secrets-read-in-batches.yml").unwrap();
        let mut correlation = correlation.clone();
        change(correlation.section.as_mut().unwrap());
        prove_correlation(&correlation).wrong
    }

    #[test]
    fn examples_that_prove_nothing_are_noticed() {
        assert!(proof(|_| {}).is_empty());
        let twin = |change: &dyn Fn(&mut Twin)| proof(|section| change(&mut section.quiet[0]));
        for (wrong, wanted) in [
            (proof(|section| section.quiet.clear()), "it has no quiet example"),
            (proof(|section| section.loud[0][0]["times"] = 3.into()), "loud 1: it is not found"),
            (proof(|section| section.loud[0][0]["time"] = 3.into()), "unknown field `time`"),
            (proof(|section| section.loud[0][0]["at"] = "5x".into()), "`5x` is no time such as 90s, 5m or 1h"),
            (twin(&|twin| (twin.fewer, twin.reversed) = (0, true)), "it is found"),
            (twin(&|twin| twin.reversed = true), "it needs exactly one of"),
            (twin(&|twin| twin.fewer = 4), "it leaves too few events out"),
            (twin(&|twin| twin.of = 2), "there is no loud example 2"),
            (
                proof(|section| section.quiet[2].without = Some("by_service".to_owned())),
                "something else keeps it quiet",
            ),
        ] {
            assert!(wrong.iter().any(|what| what.contains(wanted)), "{wanted}: {wrong:?}");
        }
    }

    /// What is found, whatever the order of the deliveries: shown without the order of findings.
    fn found(engine: &Engine, source: Source, deliveries: &[Vec<&Sample>]) -> Vec<String> {
        let mut found = Vec::new();
        judge(engine, source, deliveries, &mut found).unwrap();
        let mut shown: Vec<String> = found.iter().map(|finding| format!("{finding:?}")).collect();
        shown.sort();
        shown
    }

    #[test]
    fn correlations_find_the_same_in_any_order() {
        let engine = crate::settings::Settings::default().engine();
        let pack = Loaded::pack();
        assert!(pack.correlations.len() > 30);
        for (place, correlation) in &pack.correlations {
            let section = correlation.section.as_ref().unwrap();
            for number in 1..=section.loud.len() {
                let samples = loud(section, number).unwrap();
                let source = correlation.source;
                let all: Vec<&Sample> = samples.iter().collect();
                let wanted = found(&engine, source, std::slice::from_ref(&all));
                assert!(wanted.iter().any(|finding| finding.contains(&correlation.slug)), "{place} {wanted:?}");
                let each: Vec<Vec<&Sample>> = all.iter().map(|sample| vec![*sample]).collect();
                let back: Vec<Vec<&Sample>> = each.iter().rev().cloned().collect();
                let mut mixed = all.clone();
                mixed.sort_by_key(|sample| lapwing_detectors::hash::hash_one(&sample.event.to_string()));
                let halves: Vec<Vec<&Sample>> = mixed.chunks(3).map(<[&Sample]>::to_vec).collect();
                let twice: Vec<Vec<&Sample>> = vec![[mixed.clone(), all.clone()].concat()];
                for (name, deliveries) in [("each", each), ("back", back), ("mixed", halves), ("twice", twice)] {
                    assert_eq!(found(&engine, source, &deliveries), wanted, "{place} {number} {name}");
                }
            }
        }
    }
}
