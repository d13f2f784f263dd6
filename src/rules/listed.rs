//! The rules that there are, by what is said of them. The conditions of one are read when an event first reaches it.

use std::fs;
use std::sync::{Arc, OnceLock};

use lapwing_detectors::apis::Narrowed;
use lapwing_detectors::correlation::{self, Count, Member, Members, Pattern, Plan, slots};
use lapwing_detectors::detector::{About, Detector, Nature, Timing, Trigger};
use lapwing_detectors::entity::Family;
use lapwing_detectors::event::{Event, Source};
use lapwing_detectors::measure::Slot;
use lapwing_detectors::rule::{self, Condition, Key, Need};
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;
use rsigma_eval::compile_rule;
use rsigma_parser::parse_sigma_yaml;

use super::card::Card;
use super::correlation::{Correlation, Steps, built_in};
use super::fields::Seen;
use super::parse::{Rule, parse};
use super::ready::Ready;
use super::section::Section;

/// A rule as engine, settings and command line know it.
#[derive(Debug)]
pub struct Listed {
    /// What it is about; its id is the name of the rule in alerts and settings.
    pub about: &'static About,
    /// How grave it is.
    pub severity: Severity,
    /// What becomes of what it finds, unless the settings say otherwise.
    pub stage: Stage,
    /// Its Sigma id.
    pub id: &'static str,
    /// The log that it is about.
    pub source: Source,
    /// Its file: the path, or the bare name of a built-in one.
    pub place: &'static str,
    /// The calls that it can hold for; none: any.
    keys: &'static [Key],
    /// What an event must be for it to hold.
    needs: &'static [Need],
    /// Of a correlation.
    plan: Option<Plan>,
    text: &'static str,
    conditions: OnceLock<Option<Conditions>>,
}

/// The conditions of a rule, or of the rules that a correlation names.
#[derive(Debug)]
enum Conditions {
    One(Ready),
    Several(Steps),
}

include!(concat!(env!("OUT_DIR"), "/pack.rs"));

/// The built-in rules, by name.
pub static PACK: &[Listed] = &BUILT_IN;

impl Listed {
    const fn new(
        (place, text, id): (&'static str, &'static str, &'static str),
        source: Source,
        (severity, stage): (Severity, Stage),
        (keys, needs, about): (&'static [Key], &'static [Need], &'static About),
    ) -> Listed {
        let conditions = OnceLock::new();
        Listed { about, severity, stage, source, id, place, keys, needs, plan: None, text, conditions }
    }

    /// The same as a correlation.
    const fn correlating(mut self, plan: Plan) -> Listed {
        self.plan = Some(plan);
        self
    }

    /// The rule of a file, for as long as the program runs: rules are read once, at its start.
    pub(super) fn of(place: &str, rule: Rule) -> Option<&'static Listed> {
        let card = Card::of(&rule.slug, &rule.written, rule.section.as_ref())?;
        Some(Listed::keep(place, &card, Conditions::One(rule.ready)))
    }

    /// The correlation of a file, for as long as the program runs.
    pub(super) fn of_correlation(place: &str, correlation: Correlation) -> Option<&'static Listed> {
        let card = correlation.card()?;
        Some(Listed::keep(place, &card, Conditions::Several(correlation.steps)))
    }

    fn keep(place: &str, card: &Card, conditions: Conditions) -> &'static Listed {
        let keys = card.keys.iter().map(|(service, name)| Key { service: kept(service), name: kept(name) });
        let keys: &'static [Key] = Box::leak(keys.collect());
        let file = (kept(place), "", kept(&card.id));
        let needs: &'static [Need] = Box::leak(card.needs.clone().into());
        let listed = Listed::new(file, card.source, (card.severity, card.stage), (keys, needs, about(card)));
        Box::leak(Box::new(Listed { plan: card.plan, conditions: OnceLock::from(Some(conditions)), ..listed }))
    }

    /// Is it one of the built-in rules?
    #[must_use]
    pub fn built_in(&self) -> bool {
        PACK.iter().any(|listed| std::ptr::eq(listed, self))
    }

    /// What it says besides Sigma, read anew from its file; nothing where that says nothing, or is gone.
    #[must_use]
    pub fn section(&self) -> Option<Section> {
        let text = if self.built_in() { self.text.into() } else { fs::read_to_string(self.place).ok()? };
        let parsed = parse(self.place, &text).ok()?;
        let draft = parsed.drafts.into_iter().find(|draft| draft.slug == self.about.id);
        let rule = parsed.rules.into_iter().find(|rule| rule.slug == self.about.id);
        draft.and_then(|draft| draft.section).or_else(|| rule?.section)
    }

    /// The built-in rule, read anew from its file; nothing of a correlation.
    pub(super) fn read(&self) -> Option<Rule> {
        let parsed = parse(self.place, self.text).ok()?;
        parsed.rules.into_iter().find(|rule| rule.slug == self.about.id)
    }

    /// The name and the text of its file, of a built-in rule.
    #[must_use]
    pub fn file(&self) -> (&'static str, &'static str) {
        (self.place, self.text)
    }

    /// The detector that it is.
    #[must_use]
    pub fn detector(&'static self) -> Box<dyn Detector> {
        let Listed { about, severity, keys, needs, .. } = *self;
        match self.plan {
            None => Box::new(rule::Rule { about, severity, keys, needs, condition: Arc::new(self) }),
            Some(plan) => Box::new(correlation::Correlation { about, severity, keys, needs, plan, members: self }),
        }
    }

    fn conditions(&self) -> Option<&Conditions> {
        // The built-in rules are tested: one that cannot be read is in no program.
        let read = || {
            let collection = parse_sigma_yaml(&sigma_of(self.text)).ok()?;
            match self.plan {
                None => compile_rule(collection.rules.first()?).ok().map(|rule| Conditions::One(Ready::of(&rule))),
                Some(_) => built_in(&collection).map(Conditions::Several),
            }
        };
        self.conditions.get_or_init(read).as_ref()
    }
}

impl Condition for &'static Listed {
    fn holds(&self, event: &Event<'_>) -> bool {
        matches!(self.conditions(), Some(Conditions::One(rule)) if rule.holds(&Seen(event)))
    }

    fn narrowed(&self, like: &Event<'_>) -> Narrowed<dyn Condition> {
        match self.conditions() {
            Some(Conditions::One(rule)) => match rule.narrowed(&Seen(like)) {
                never if never.is_never() => Narrowed::Never,
                left => Narrowed::To(Box::new(left)),
            },
            _ => Narrowed::Never,
        }
    }
}

impl Members for &'static Listed {
    fn member<'e>(&self, event: &Event<'e>, step: usize) -> Option<Member<'e>> {
        match self.conditions()? {
            Conditions::Several(steps) => steps.member(event, step),
            Conditions::One(_) => None,
        }
    }

    fn narrowed(&self, like: &Event<'_>) -> Narrowed<dyn Members> {
        match self.conditions() {
            Some(Conditions::Several(steps)) => steps.narrowed(like),
            _ => Narrowed::Never,
        }
    }
}

/// What a card says, for as long as the program runs.
pub(super) fn about(card: &Card) -> &'static About {
    let slots = card.plan.as_ref().map_or_else(|| vec![Slot::named(&card.id)], |plan| slots(&card.id, plan));
    let settles = card.plan.is_some_and(|plan| !plan.is_monotone());
    Box::leak(Box::new(About {
        id: kept(&card.slug),
        title: kept(&card.title),
        what: kept(&card.what),
        why: kept(&card.why),
        innocent: kept(&card.innocent),
        attack: all_kept(&card.attack),
        next: all_kept(&card.next),
        families: Box::leak(Box::new([card.family])),
        trigger: Trigger::Slots(Box::leak(slots.into())),
        nature: card.nature(),
        timing: if settles { Timing::Settling } else { Timing::Monotone },
        ..About::EMPTY
    }))
}

impl PartialEq for Listed {
    fn eq(&self, other: &Listed) -> bool {
        std::ptr::eq(self, other)
    }
}

/// The file of a rule without its section `lapwing`, which is most of it: its conditions do not need that.
fn sigma_of(text: &str) -> String {
    let mut ours = false;
    let sigma = text.split_inclusive('\n').filter(|line| {
        if line.starts_with(|first: char| first.is_ascii_alphabetic() || first == '-') {
            ours = line.starts_with("lapwing:");
        }
        !ours
    });
    sigma.collect()
}

fn kept(text: &str) -> &'static str {
    Box::leak(Box::from(text))
}

fn all_kept(texts: &[String]) -> &'static [&'static str] {
    Box::leak(texts.iter().map(|text| kept(text)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::load::Loaded;
    use crate::rules::prove::prove;
    use crate::rules::prove_correlation::prove_correlation;

    #[test]
    fn the_built_in_rules_are_right_and_prove_it() {
        let pack = Loaded::pack();
        let mistakes: Vec<String> = pack.mistakes.iter().map(ToString::to_string).collect();
        assert!(mistakes.is_empty() && pack.foreign.is_empty(), "{}", mistakes.join("\n"));
        assert_eq!(pack.rules.len() + pack.correlations.len(), PACK.len());
        let rules = pack.rules.iter().map(|(place, rule)| (place, &rule.id, &rule.slug, prove(rule)));
        let correlations = pack.correlations.iter();
        let correlations = correlations.map(|(place, c)| (place, &c.id, &c.slug, prove_correlation(c)));
        let mut proofs: Vec<_> = rules.chain(correlations).collect();
        proofs.sort_by_key(|(place, ..)| *place);
        for ((place, id, slug, proof), listed) in proofs.into_iter().zip(PACK) {
            assert!(proof.wrong.is_empty(), "{place}: {}", proof.wrong.join("\n"));
            assert!(listed.conditions().is_some(), "{place} is not read when an event reaches it");
            assert_eq!((listed.about.id, listed.id, listed.place), (&**slug, &**id, &**place));
        }
    }

    #[test]
    fn only_our_own_section_is_left_out() {
        let text = "title: a\nlapwing:\n  why: b\n\n  next:\n  # c\n    ask: d\nlevel: low\n";
        assert_eq!(sigma_of(text), "title: a\nlevel: low\n");
    }
}
