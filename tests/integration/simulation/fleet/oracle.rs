//! What must come out of a run: what one instance finds that takes everything in order, with the same marks of lateness.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use chrono::{DateTime, TimeDelta, Utc};
use lapwing::pipeline::Pipeline;
use lapwing::settings::Settings;
use lapwing::store::{Due, Limits, MemoryStore, Retention, StateStore};
use lapwing_detectors::alert::{Alert, AlertId, Status, Subject};
use lapwing_detectors::catalog::several_tactics::SeveralTactics;
use lapwing_detectors::cell::Cell;
use lapwing_detectors::day::{Budget, Day, spent_alert};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::entity::Entity;
use lapwing_detectors::group::{Book, Mark, REMEMBERED_MINUTES};
use lapwing_detectors::notes::Notes;
use lapwing_detectors::observe::{DeliveryId, Learnt};
use lapwing_detectors::profile::Profile;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::tactic::Tactic;
use lapwing_detectors::time::{Hour, Minute};

use super::super::workload::Workload;

/// What a delivery taught about one entity and hour, as of when the run added that: its minutes are late or not by then.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) received: DateTime<Utc>,
    pub(super) notes: Notes,
    pub(super) newest: Option<DateTime<Utc>>,
}

/// A final alert, without the id that depends on when it was first said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Course {
    detector: &'static str,
    subject: Subject,
    window: (DateTime<Utc>, DateTime<Utc>),
    seen: u64,
    severity: Severity,
}

/// What came out: the findings as they stand, and the alerts.
#[derive(Default)]
pub(super) struct Outcome {
    marks: BTreeMap<(&'static str, Entity, Minute), Mark>,
    pub(super) alerts: Vec<Alert>,
    /// What everyone knows of the entities.
    cells: BTreeMap<(Entity, Hour), Arc<Cell>>,
    usual: BTreeMap<Entity, Arc<Profile>>,
}

impl Outcome {
    /// Adds what stands in a book.
    pub(super) fn add(&mut self, book: &Book) {
        let marks = book.marks().map(|(detector, entity, minute, mark)| ((detector, entity.clone(), minute), *mark));
        self.marks.extend(marks);
        self.alerts.extend(book.finish(Minute::of(DateTime::<Utc>::MAX_UTC)));
    }

    /// Leaves out what lies so far back that ledgers may have forgotten it.
    pub(super) fn forget(&mut self, end: DateTime<Utc>) {
        let oldest = end - TimeDelta::minutes(REMEMBERED_MINUTES.into());
        self.marks.retain(|(_, _, minute), _| minute.end() > oldest);
        self.alerts.retain(|alert| alert.window.end > oldest);
    }

    /// Adds what a store says of entities when a delivery comes once more.
    pub(super) fn know(&mut self, due: Vec<Due>) {
        for (known, _) in due {
            self.cells.extend(known.cells.into_iter().map(|(hour, cell)| ((known.entity.clone(), hour), cell)));
            self.usual.extend(known.profile.map(|profile| (known.entity, profile)));
        }
    }

    /// The parts of a delivery about cells that are not known yet: a store that is given one once more says what it holds
    /// of that entity around that hour.
    pub(super) fn unknown<'l>(&self, learnt: &'l Learnt) -> impl Iterator<Item = Learnt> + use<'l> {
        let cells = learnt.cells().into_iter().map(|(entity, hour, _)| (entity, hour));
        let unknown: Vec<_> = cells.filter(|place| !self.cells.contains_key(place)).collect();
        unknown.into_iter().map(|(entity, hour)| Learnt {
            delivery: learnt.delivery,
            received: learnt.received,
            notes: learnt.notes.about(&entity, hour),
            events: Vec::new(),
            newest: learnt.newest,
            repeated: 0,
        })
    }

    /// What is known otherwise than in the orderly run, of the entities that the store speaks of.
    pub(super) fn unlike(&self, orderly: &Outcome) -> String {
        let mut out = String::new();
        for ((entity, hour), cell) in &self.cells {
            let there = orderly.cells.get(&(entity.clone(), *hour));
            if there != Some(cell) {
                let time = hour.first().start().format("%H:%M");
                let _ = writeln!(out, "{entity} {time} holds {cell:?}, in the orderly run {there:?}");
            }
        }
        for (entity, usual) in &self.usual {
            let there = orderly.usual.get(entity);
            if there != Some(usual) {
                let _ = writeln!(out, "{entity} has learnt {usual:?}, in the orderly run {there:?}");
            }
        }
        out
    }

    /// The detectors that spoke.
    pub(super) fn detectors(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.marks.keys().map(|(detector, ..)| *detector)
    }

    fn courses(&self) -> BTreeSet<Course> {
        let opened = self.alerts.iter().filter(|alert| alert.status == Status::Open);
        let course = |alert: &Alert| Course {
            detector: alert.detector,
            subject: alert.subject.clone(),
            window: (alert.window.start, alert.window.end),
            seen: alert.seen,
            severity: alert.severity,
        };
        opened.map(course).collect()
    }

    /// What these detectors said otherwise than in the orderly run; empty when it is the same.
    ///
    /// Confirmed findings are compared. A crossing that was said before its minute was complete stands (law 4), also where
    /// it is none any more in the end: somebody slow may write what profiles learn after it was judged, which raises what
    /// is expected.
    pub(super) fn differences(&self, orderly: &Outcome, counts: impl Fn(&str) -> bool) -> String {
        let mut out = String::new();
        let keys: BTreeSet<_> = self.marks.keys().chain(orderly.marks.keys()).filter(|key| counts(key.0)).collect();
        let mut unconfirmed = BTreeSet::new();
        for key in keys {
            let (here, there) = (self.marks.get(key), orderly.marks.get(key));
            if here.is_some_and(|mark| !mark.confirmed && mark.expected.get().is_some()) && there.is_none() {
                unconfirmed.insert((key.0, key.1.subject()));
            } else if here != there {
                let (detector, entity, minute) = key;
                let time = minute.start().format("%H:%M");
                let _ = writeln!(out, "{detector} {entity} {time}: {here:?}, in the orderly run {there:?}");
            }
        }
        let (here, there) = (self.courses(), orderly.courses());
        let same = |course: &&Course| {
            counts(course.detector) && !unconfirmed.contains(&(course.detector, course.subject.clone()))
        };
        for course in here.symmetric_difference(&there).filter(same) {
            let only = if here.contains(course) { "many instances" } else { "the orderly run" };
            let _ = writeln!(out, "only {only} raised {course:?}");
        }
        out
    }
}

impl Outcome {
    /// The incidents of the orderly run that are not there as grave and as large. One that was found stands, also where
    /// late events take one of its steps back (decision 0013): so there may be more, and graver ones, and those of the
    /// orderly run that have lost a step need not be there.
    pub(super) fn lacks(&self, orderly: &Outcome, engine: &Engine) -> String {
        let here = self.courses();
        let stands = |wanted: &&Course| {
            let same = here.iter().filter(|c| (c.detector, &c.subject) == (wanted.detector, &wanted.subject));
            same.map(|c| (c.severity, c.seen))
                .any(|(severity, seen)| severity >= wanted.severity && seen >= wanted.seen)
        };
        let wanted = orderly.courses();
        let lacking = wanted
            .iter()
            .filter(|c| c.detector == INCIDENT)
            .filter(|c| orderly.upholds(c, engine))
            .filter(|c| !stands(c));
        lacking.map(|course| format!("only the orderly run raised {course:?}\n")).collect()
    }

    /// Do the steps that are left make an incident as large and as grave as this one?
    fn upholds(&self, incident: &Course, engine: &Engine) -> bool {
        let day = TimeDelta::days(1);
        let (from, to) = (incident.window.0 - day, incident.window.1 + day);
        let mut gravest: BTreeMap<Tactic, Severity> = BTreeMap::new();
        for ((detector, entity, minute), mark) in &self.marks {
            let near = from < minute.start() && minute.start() < to && entity.subject() == incident.subject;
            let about = engine.about(detector).filter(|about| near && about.id != INCIDENT);
            if let Some(tactic) = about.and_then(|about| Tactic::of(about.attack)) {
                let severity = gravest.entry(tactic).or_insert(mark.severity);
                *severity = mark.severity.max(*severity);
            }
        }
        let SeveralTactics { score, score_high, .. } = SeveralTactics::default();
        let wanted = if incident.severity >= Severity::High { score_high } else { score };
        let points: u32 = gravest.values().map(|severity| severity.points()).sum();
        gravest.len() as u64 >= incident.seen && points >= wanted
    }
}

/// The detector that is compared otherwise than others: what it says follows from their alerts.
pub(super) const INCIDENT: &str = "several-tactics";

/// What one instance makes of the parts, each taken once, in the order of their times; all is complete at `end`.
pub(super) fn orderly(workload: &Workload, mut parts: Vec<Part>, end: DateTime<Utc>) -> Outcome {
    let engine = &workload.engine;
    let store = MemoryStore::new(Arc::clone(engine), engine.lateness, Limits::default(), Retention::Week);
    let mut pipeline = Pipeline::new(Arc::new(Settings::default()), Arc::clone(engine), store);
    parts.sort_by_key(|part| part.received);
    let deliveries = parts.into_iter().enumerate().map(|(number, Part { received, notes, newest })| {
        let delivery = DeliveryId(number as u128);
        Learnt { delivery, received, notes, events: Vec::new(), newest, repeated: 0 }
    });
    let deliveries: Vec<Learnt> = deliveries.collect();
    for learnt in &deliveries {
        ready(pipeline.settle(learnt.received)).unwrap();
        ready(pipeline.take(learnt.clone())).unwrap();
    }
    ready(pipeline.settle(end)).unwrap();
    let mut outcome = Outcome::default();
    outcome.add(pipeline.store.book());
    for learnt in deliveries.iter().rev() {
        for asked in outcome.unknown(learnt) {
            outcome.know(ready(pipeline.store.exchange(asked)).unwrap());
        }
    }
    outcome
}

/// The value of a future that never waits.
pub(super) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the store in memory never waits"),
    }
}

/// What was said otherwise than the final alerts ask for: each is said, nothing handed out is lost, and every message
/// leads to one of them.
pub(super) fn mistakes(finals: &[Alert], handed: &[Alert], sent: &[Alert], end: DateTime<Utc>) -> String {
    let mut out = String::new();
    let mut by_id: BTreeMap<AlertId, Vec<&Alert>> = BTreeMap::new();
    for alert in sent {
        by_id.entry(alert.id).or_default().push(alert);
    }
    let standing: BTreeSet<AlertId> = finals.iter().map(|alert| alert.id).collect();
    for (id, messages) in &by_id {
        let first = messages[0];
        if messages.iter().any(|m| (m.detector, &m.subject) != (first.detector, &first.subject)) {
            let _ = writeln!(out, "{id} was said of two subjects: {messages:?}");
        }
        // What nobody asks about any more is forgotten.
        let forgotten = messages.iter().all(|m| m.window.end <= end - TimeDelta::minutes(REMEMBERED_MINUTES.into()));
        if !forgotten && !leads(*id, &by_id, &standing) {
            let _ = writeln!(out, "{id} leads to no final alert: {}", shown(first));
        }
    }
    for alert in finals {
        let said = by_id.get(&alert.id).map_or(&[][..], Vec::as_slice);
        let ended = alert.status == Status::Open || said.iter().any(|m| m.status == alert.status);
        if !ended || !said.iter().any(|m| m.severity == alert.severity) {
            let _ = writeln!(out, "never said: {}", shown(alert));
        }
    }
    for alert in handed {
        let said = by_id.get(&alert.id).map_or(&[][..], Vec::as_slice);
        if !said.iter().any(|m| change(m) == change(alert)) {
            let _ = writeln!(out, "handed out and lost: {}", shown(alert));
        }
    }
    out
}

/// What tells one change of an alert from another: what it says, and until when.
type Change = (AlertId, Status, Severity, [Option<u64>; 3], DateTime<Utc>);

fn change(alert: &Alert) -> Change {
    let numbers = [Some(alert.seen), alert.seen_before, alert.merged_into.map(|id| id.0)];
    (alert.id, alert.status, alert.severity, numbers, alert.window.end)
}

/// Does an alert that was said stand, or end in one that does, or was it taken back?
fn leads(id: AlertId, by_id: &BTreeMap<AlertId, Vec<&Alert>>, standing: &BTreeSet<AlertId>) -> bool {
    let mut at = id;
    for _ in 0..=by_id.len() {
        if standing.contains(&at) {
            return true;
        }
        let Some(messages) = by_id.get(&at) else { return false };
        let Some(next) = messages.iter().rev().find_map(|m| m.merged_into) else {
            return messages.iter().any(|m| m.headline.starts_with("taken back"));
        };
        at = next;
    }
    false
}

/// Is an alert gone with this change: part of another one, or taken back?
fn gone(alert: &Alert) -> bool {
    alert.merged_into.is_some() || alert.headline.starts_with("taken back")
}

/// Messages that were sent again just as they were. What comes back after it was gone is news, also in the same words:
/// one late event may make an alert a part of another, and a later one take the middle of that back. So is what answers the
/// message before it: late events may make three of two, and two of three once more.
pub(super) fn repeats(sent: &[Alert]) -> usize {
    let mut said: BTreeMap<AlertId, (&Alert, BTreeSet<Change>)> = BTreeMap::new();
    let mut repeated = 0;
    for alert in sent {
        let (last, changes) = said.entry(alert.id).or_insert((alert, BTreeSet::new()));
        let last = std::mem::replace(last, alert);
        if gone(last) != gone(alert) {
            changes.clear();
        }
        let answers = alert.seen_before == Some(last.seen) && change(alert) != change(last);
        repeated += usize::from(!changes.insert(change(alert)) && !answers);
    }
    repeated
}

fn shown(alert: &Alert) -> String {
    format!(
        "{} {} {:?} {:?} {:?} seen {} {} to {}",
        alert.id,
        alert.detector,
        alert.status,
        alert.severity,
        alert.subject.name(),
        alert.seen,
        alert.window.start.format("%H:%M"),
        alert.window.end.format("%H:%M")
    )
}

/// How many messages about one alert are repeats, where each word is what one of them says.
fn repeated(said: &str) -> usize {
    let day = Day(20_000);
    let message = |word: &str| {
        let whole = spent_alert(day, Budget { per_day: 1 });
        match word {
            "open" => whole,
            "more" => Alert { seen: whole.seen + 1, seen_before: Some(whole.seen), ..whole },
            "less" => Alert { seen_before: Some(whole.seen + 1), ..whole },
            "part" => Alert { merged_into: Some(AlertId(1)), ..whole },
            _ => Alert { headline: format!("taken back after late events: {}", whole.headline), ..whole },
        }
    };
    repeats(&said.split(' ').map(message).collect::<Vec<_>>())
}

#[test]
fn what_comes_back_is_no_repeat() {
    for (said, wanted) in [
        ("open more", 0),
        ("open open", 1),
        ("open more open", 1),
        ("open more less more less", 0),
        ("open more less less", 1),
        ("open part open", 0),
        ("open back open", 0),
        ("open part open open", 1),
        ("open part part", 1),
        ("open part open part", 0),
    ] {
        assert_eq!(repeated(said), wanted, "{said}");
    }
}
