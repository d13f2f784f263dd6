//! Incidents: alerts about one principal, within a day, that together are the steps of an attack.
//!
//! They follow from the principal's alerts alone, so everybody who has these has the same incident, in whatever order
//! they came.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::alert::{Example, Top};
use crate::detector::{Engine, Folding, Verdict};
use crate::entity::Entity;
use crate::judge::Finding;
use crate::settings::Minutes;
use crate::severity::Severity;
use crate::stage::Stage;
use crate::tactic::Tactic;
use crate::time::Minute;

use super::Book;
use super::course::Course;

/// The time within which steps belong together, and in which an incident gathers what follows, in minutes.
const SPAN: i32 = 24 * 60;
/// Steps of each alert that are shown as examples.
const EXAMPLES: usize = 5;

/// When alerts of one principal are an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incidents {
    /// Distinct tactics within 24 hours.
    pub tactics: u32,
    /// The sum of severities, one for each tactic, with which it is high: a low one counts 1, a medium 2, a high 4, a
    /// critical 8.
    pub score_high: u32,
}

/// A minute of an alert, as a step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    minute: Minute,
    tactic: Tactic,
    detector: &'static str,
    severity: Severity,
    confirmed: bool,
}

impl Book {
    /// Looks for incidents among the alerts of an entity, and folds them in; says which severities are new.
    pub(super) fn relate(&mut self, entity: &Entity, engine: &Engine) -> Option<(&'static str, Severity)> {
        let (watch, incidents) = engine.incidents()?;
        let about = watch.detector.about();
        if !about.families.contains(&entity.family) {
            return None;
        }
        let of_entity = self.alerts.get_mut(entity)?;
        let others = || of_entity.values().flatten().filter(|course| course.best.about.id != about.id);
        let steps = steps(others());
        if distinct(&steps) < incidents.tactics as usize {
            return None;
        }
        let examples = examples(others());
        let subject = entity.subject();
        let (detector, cap) = watch.of(&subject);
        let incidents = detector.incidents().unwrap_or(incidents);
        let held = of_entity.entry(about.id).or_default();
        let mut new = None;
        let mut rest = &steps[..];
        while let Some(opened) = opens(rest, incidents) {
            let anchor = held.iter().map(Course::first).find(|first| *first <= opened && opened.0 - first.0 < SPAN);
            let anchor = anchor.unwrap_or(opened);
            let within = |step: &&Step| anchor.0 - step.minute.0 < SPAN && step.minute <= anchor.plus(SPAN);
            let own: Vec<Step> = rest.iter().filter(within).copied().collect();
            let shown = examples.iter().filter(|(minute, _)| own.iter().any(|step| step.minute == *minute));
            let finding = Finding {
                about,
                entity: entity.clone(),
                minute: anchor,
                confirmed: own.iter().all(|step| step.confirmed),
                verdict: verdict(&own, anchor, incidents, shown.map(|(_, example)| Arc::clone(example)).collect()),
                cap,
                stage: watch.stage,
                top: top(&own),
                total: own.len() as u64,
                denied: 0,
            };
            let severity = finding.verdict.severity;
            match held.iter_mut().find(|course| (course.first().0 - anchor.0).abs() < SPAN) {
                Some(course) => course.restate(finding),
                None => {
                    held.push(Course::open(finding));
                    new = Some((about.id, severity));
                }
            }
            rest = &rest[rest.partition_point(|step| step.minute <= anchor.plus(SPAN))..];
        }
        if held.is_empty() {
            of_entity.remove(about.id);
        }
        new
    }
}

/// The steps that alerts are made of, in the order of time, as far back as all alerts are remembered.
fn steps<'c>(courses: impl Iterator<Item = &'c Course>) -> Vec<Step> {
    let mut steps = Vec::new();
    for course in courses.filter(|course| course.best.stage >= Stage::Digest) {
        let about = course.best.about;
        let Some(tactic) = Tactic::of(about.attack) else { continue };
        let marks = course.minutes().iter().filter(|(_, mark)| mark.severity.min(course.best.cap) >= Severity::Low);
        steps.extend(marks.map(|(minute, mark)| Step {
            minute: *minute,
            tactic,
            detector: about.id,
            severity: mark.severity.min(course.best.cap),
            confirmed: mark.confirmed,
        }));
    }
    let newest = steps.iter().map(|step| step.minute).max().unwrap_or(Minute(0));
    steps.retain(|step| step.minute > newest.plus(-2 * SPAN));
    steps.sort_unstable();
    steps
}

/// The examples of alerts, by minute.
fn examples<'c>(courses: impl Iterator<Item = &'c Course>) -> Vec<(Minute, Arc<Example>)> {
    let of = |course: &'c Course| course.examples.iter().take(EXAMPLES);
    courses.flat_map(of).map(|example| (Minute::of(example.time), Arc::clone(example))).collect()
}

fn distinct(steps: &[Step]) -> usize {
    steps.iter().map(|step| step.tactic).collect::<BTreeSet<_>>().len()
}

/// The first minute with enough tactics in the day before it.
fn opens(steps: &[Step], incidents: Incidents) -> Option<Minute> {
    let mut from = 0;
    for (at, step) in steps.iter().enumerate() {
        while step.minute.0 - steps[from].minute.0 >= SPAN {
            from += 1;
        }
        let window = &steps[from..=at];
        // What one event shows is one step, whatever it is called.
        let minutes: BTreeSet<Minute> = window.iter().map(|step| step.minute).collect();
        if distinct(window) >= incidents.tactics as usize && minutes.len() > 1 {
            return Some(step.minute);
        }
    }
    None
}

fn verdict(steps: &[Step], opened: Minute, incidents: Incidents, examples: Vec<Arc<Example>>) -> Verdict {
    let mut first: BTreeMap<Tactic, Step> = BTreeMap::new();
    let mut gravest: BTreeMap<Tactic, Severity> = BTreeMap::new();
    for step in steps {
        first.entry(step.tactic).or_insert(*step);
        let gravest = gravest.entry(step.tactic).or_insert(step.severity);
        *gravest = step.severity.max(*gravest);
    }
    let score: u32 = gravest.values().map(|severity| weight(*severity)).sum();
    let grave = score >= incidents.score_high;
    let mut in_order: Vec<&Step> = first.values().collect();
    in_order.sort();
    let told = |step: &&Step| format!("{} {} ({})", step.minute.start().format("%H:%M"), step.tactic, step.detector);
    let told: Vec<String> = in_order.iter().map(told).collect();
    let names: Vec<&str> = in_order.iter().map(|step| step.tactic.name()).collect();
    let earliest = in_order.first().map_or(opened, |step| step.minute.min(opened));
    Verdict {
        severity: if grave { Severity::High } else { Severity::Medium },
        seen: first.len() as u64,
        at_least: false,
        expected: None,
        threshold: Some(f64::from(incidents.tactics)),
        surprise: None,
        window: Minutes((opened.0 - earliest.0 + 1) as u32),
        folding: Folding::Largest,
        unit: "tactic{s} of ATT&CK".into(),
        headline: format!("{{seen}} tactics within a day: {}", names.join(", ")),
        why: format!("alone each may be small; {score} points together: {}", told.join(", ")),
        examples,
    }
}

/// What a severity adds.
fn weight(severity: Severity) -> u32 {
    match severity {
        Severity::Info => 0,
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 4,
        Severity::Critical => 8,
    }
}

/// The detectors that found the steps, with their minutes.
fn top(steps: &[Step]) -> Vec<Top> {
    let mut minutes: BTreeMap<&str, u64> = BTreeMap::new();
    for step in steps {
        *minutes.entry(step.detector).or_default() += 1;
    }
    let mut top: Vec<Top> =
        minutes.into_iter().map(|(name, count)| Top { name: name.into(), count, denied: 0 }).collect();
    top.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    top.truncate(10);
    top
}
