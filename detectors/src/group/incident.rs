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
    /// The sum of severities, the gravest of each tactic, with which there is one: a low alert adds 1, a medium one 2, a
    /// high one 4, a critical one 8.
    pub score: u32,
    /// The sum with which it is high.
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
        let others = || of_entity.iter().filter(|(id, _)| *id != about.id).map(|(_, courses)| courses);
        let subject = entity.subject();
        let (detector, cap) = watch.of(&subject);
        let incidents = detector.incidents().unwrap_or(incidents);
        let all: BTreeSet<Tactic> = others().filter_map(|courses| tactic_of(courses)).collect();
        if all.len() < incidents.tactics as usize {
            return None;
        }
        let steps = steps(others());
        opens(&steps, incidents)?;
        let examples = examples(others().flatten());
        let held = of_entity.of(about.id);
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
                verdict: verdict(&own, incidents, shown.map(|(_, example)| Arc::clone(example)).collect()),
                cap,
                stage: watch.stage,
                top: top(&own),
                total: own.len() as u64,
                denied: 0,
                causes: Vec::new(),
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

/// The tactic of alerts of one detector.
fn tactic_of(courses: &[Course]) -> Option<Tactic> {
    Tactic::of(courses.first()?.best.about.attack)
}

/// The steps that the alerts of each detector are made of, in the order of time, as far back as all alerts are remembered.
fn steps<'c>(all: impl Iterator<Item = &'c Vec<Course>>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut newest = Minute(i32::MIN);
    for (courses, tactic) in all.filter_map(|courses| Some((courses, tactic_of(courses)?))) {
        // The newest first: most of the others are too old to be looked at.
        for course in courses.iter().rev().filter(|course| course.best.stage >= Stage::Digest) {
            if course.last() <= newest.plus(-2 * SPAN) {
                continue;
            }
            let (detector, cap) = (course.best.about.id, course.best.cap);
            let marks = course.minutes().iter().filter(|(_, mark)| mark.severity.min(cap) >= Severity::Low);
            steps.extend(marks.map(|(minute, mark)| {
                newest = newest.max(minute);
                Step { minute, tactic, detector, severity: mark.severity.min(cap), confirmed: mark.confirmed }
            }));
        }
    }
    steps.retain(|step| step.minute > newest.plus(-2 * SPAN));
    steps.sort_unstable();
    steps
}

/// The examples of alerts, by minute.
fn examples<'c>(courses: impl Iterator<Item = &'c Course>) -> Vec<(Minute, Arc<Example>)> {
    let of = |course: &'c Course| course.examples.iter().take(EXAMPLES);
    courses.flat_map(of).map(|example| (Minute::of(example.time), Arc::new(example.clone()))).collect()
}

/// The first minute with enough tactics in the day before it.
fn opens(steps: &[Step], incidents: Incidents) -> Option<Minute> {
    let (mut from, mut within) = (0, Tally::default());
    for step in steps {
        within.add(step);
        while step.minute.0 - steps[from].minute.0 >= SPAN {
            within.remove(&steps[from]);
            from += 1;
        }
        // What one minute shows may be one deed, whatever it is called.
        if within.suffices(incidents) && steps[from].minute < step.minute {
            return Some(step.minute);
        }
    }
    None
}

/// How many steps there are of each tactic and severity.
#[derive(Default)]
struct Tally(BTreeMap<Tactic, [u32; Severity::ALL.len()]>);

impl Tally {
    fn of(steps: &[Step]) -> Tally {
        let mut tally = Tally::default();
        steps.iter().for_each(|step| tally.add(step));
        tally
    }

    fn add(&mut self, step: &Step) {
        self.0.entry(step.tactic).or_default()[step.severity as usize] += 1;
    }

    fn remove(&mut self, step: &Step) {
        if let Some(of) = self.0.get_mut(&step.tactic) {
            of[step.severity as usize] -= 1;
        }
    }

    /// The gravest step of each tactic.
    fn gravest(&self) -> impl Iterator<Item = Severity> {
        self.0.values().filter_map(|of| Severity::ALL.into_iter().rev().find(|severity| of[*severity as usize] > 0))
    }

    fn score(&self) -> u32 {
        self.gravest().map(Severity::points).sum()
    }

    fn suffices(&self, incidents: Incidents) -> bool {
        self.gravest().count() >= incidents.tactics as usize && self.score() >= incidents.score
    }
}

fn verdict(steps: &[Step], incidents: Incidents, examples: Vec<Arc<Example>>) -> Verdict {
    let mut first: BTreeMap<Tactic, Step> = BTreeMap::new();
    for step in steps {
        first.entry(step.tactic).or_insert(*step);
    }
    let score = Tally::of(steps).score();
    let grave = score >= incidents.score_high;
    let mut in_order: Vec<&Step> = first.values().collect();
    in_order.sort();
    let told = |step: &&Step| format!("{} {} ({})", step.minute.start().format("%H:%M"), step.tactic, step.detector);
    let told: Vec<String> = in_order.iter().map(told).collect();
    let names: Vec<&str> = in_order.iter().map(|step| step.tactic.name()).collect();
    Verdict {
        severity: if grave { Severity::High } else { Severity::Medium },
        seen: first.len() as u64,
        at_least: false,
        expected: None,
        threshold: Some(f64::from(incidents.tactics)),
        surprise: None,
        // Always the whole day: an earlier step that becomes known later changes nothing that was said.
        window: Minutes(SPAN as u32),
        folding: Folding::Largest,
        unit: "tactic{s} of ATT&CK".into(),
        headline: format!("{{seen}} tactics within a day: {}", names.join(", ")),
        why: format!("alone each may be small; {score} points together: {}", told.join(", ")),
        examples,
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
