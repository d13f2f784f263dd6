//! The rules that there are, by what is said of them. The conditions of one are read when an event first reaches it.

use std::fs;
use std::sync::OnceLock;

use lapwing_detectors::detector::{About, Trigger};
use lapwing_detectors::entity::Family;
use lapwing_detectors::event::{Event, Source};
use lapwing_detectors::measure::Slot;
use lapwing_detectors::rule::{self, Condition, Key, Need};
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;
use rsigma_eval::compile_rule;
use rsigma_parser::parse_sigma_yaml;

use super::card::Card;
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
    text: &'static str,
    ready: OnceLock<Option<Ready>>,
}

include!(concat!(env!("OUT_DIR"), "/pack.rs"));

/// The built-in rules, by name.
pub static PACK: &[Listed] = &BUILT_IN;

/// Whose deeds they are: the principal's, and of a log line the function's.
const fn families(source: Source) -> &'static [Family] {
    match source {
        Source::CloudTrail => &[Family::Principal],
        Source::Lambda => &[Family::Function],
    }
}

impl Listed {
    const fn new(
        (place, text, id): (&'static str, &'static str, &'static str),
        source: Source,
        (severity, stage): (Severity, Stage),
        (keys, needs, about): (&'static [Key], &'static [Need], &'static About),
    ) -> Listed {
        Listed { about, severity, stage, source, id, place, keys, needs, text, ready: OnceLock::new() }
    }

    /// The rule of a file, for as long as the program runs: rules are read once, at its start.
    pub(super) fn of(place: &str, rule: Rule) -> Option<&'static Listed> {
        let card = Card::of(&rule.slug, &rule.written, rule.section.as_ref())?;
        let keys = card.keys.iter().map(|(service, name)| Key { service: kept(service), name: kept(name) });
        let about = About {
            id: kept(&card.slug),
            title: kept(&card.title),
            what: kept(&card.what),
            why: kept(&card.why),
            innocent: kept(&card.innocent),
            attack: all_kept(&card.attack),
            next: all_kept(&card.next),
            families: families(card.source),
            trigger: Trigger::Slots(Box::leak(Box::new([Slot::named(&card.id)]))),
            ..About::EMPTY
        };
        let keys: &'static [Key] = Box::leak(keys.collect());
        let about: &'static About = Box::leak(Box::new(about));
        let file = (kept(place), "", kept(&card.id));
        let listed =
            Listed::new(file, card.source, (card.severity, card.stage), (keys, Box::leak(card.needs.into()), about));
        Some(Box::leak(Box::new(Listed { ready: OnceLock::from(Some(rule.ready)), ..listed })))
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
        parsed.rules.into_iter().find(|rule| rule.slug == self.about.id)?.section
    }

    /// The name and the text of its file, of a built-in rule.
    #[must_use]
    pub fn file(&self) -> (&'static str, &'static str) {
        (self.place, self.text)
    }

    /// The detector that it is.
    #[must_use]
    pub fn rule(&'static self) -> rule::Rule {
        rule::Rule { about: self.about, severity: self.severity, keys: self.keys, needs: self.needs, condition: self }
    }

    fn ready(&self) -> Option<&Ready> {
        // The built-in rules are tested: one that cannot be read is in no program.
        let read = || {
            let compiled = compile_rule(parse_sigma_yaml(&sigma_of(self.text)).ok()?.rules.first()?).ok()?;
            Some(Ready::of(&compiled))
        };
        self.ready.get_or_init(read).as_ref()
    }
}

impl Condition for Listed {
    fn holds(&self, event: &Event<'_>) -> bool {
        self.ready().is_some_and(|rule| rule.holds(&Seen(event)))
    }
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
        if line.starts_with(|first: char| first.is_ascii_alphabetic()) {
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

    #[test]
    fn the_built_in_rules_are_right_and_prove_it() {
        let pack = Loaded::pack();
        let mistakes: Vec<String> = pack.mistakes.iter().map(ToString::to_string).collect();
        assert!(mistakes.is_empty() && pack.foreign.is_empty(), "{}", mistakes.join("\n"));
        assert_eq!(pack.rules.len(), PACK.len());
        for ((place, rule), listed) in pack.rules.iter().zip(PACK) {
            let proof = prove(rule);
            assert!(proof.wrong.is_empty(), "{place}: {}", proof.wrong.join("\n"));
            assert!(listed.ready().is_some(), "{place} is not read when an event reaches it");
            assert_eq!((listed.about.id, listed.id, listed.place), (&*rule.slug, &*rule.id, &**place));
        }
    }

    #[test]
    fn only_our_own_section_is_left_out() {
        let text = "title: a\nlapwing:\n  why: b\n\n  next:\n  # c\n    ask: d\nlevel: low\n";
        assert_eq!(sigma_of(text), "title: a\nlevel: low\n");
    }
}
