//! The course of one alert: the minutes that it is made of, and what was said of it.

use std::borrow::Borrow;
use std::cmp::Reverse;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::by_detector::make_room;
use super::causes::Causes;
use super::marks::{Mark, Marks};
use super::{EVIDENCE, Gone, QUIET_MINUTES, UPDATE_GROWTH, UPDATE_MINUTES, alert_id};
use crate::alert::{Alert, AlertId, Example, Span, Status};
use crate::detector::{Folding, Nature, Timing};
use crate::entity::Family;
use crate::hash::hash_of;
use crate::judge::{Finding, Judged};
use crate::severity::Severity;
use crate::time::{HOUR, Minute};

mod split;

/// Examples that are kept of an alert of which all was said.
const FEW: usize = 3;

/// One alert and what was said of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Course {
    minutes: Marks,
    /// The id that it would get if it were said now, for the minute that it was made of.
    unsaid: (Minute, AlertId),
    /// The finding that it shows.
    pub(super) best: Finding,
    /// By time and id.
    pub(super) examples: Vec<Example>,
    pub(super) causes: Causes,
    pub(super) said: Option<Said>,
    resolved: bool,
    /// Alerts that were said, and turned out to be part of this one: still to be told.
    pub(super) merged: Vec<AlertId>,
}

/// What was last said of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Said {
    pub(super) id: AlertId,
    pub(super) severity: Severity,
    pub(super) seen: u64,
    at: Minute,
    /// The last minute that was complete then.
    when: Minute,
    /// Were all of its minutes complete then? What changes after that came late.
    confirmed: bool,
    /// A hash of all that was shown of it.
    shown: u32,
}

impl Course {
    pub(super) fn open(finding: Finding) -> Course {
        let mut course = Course {
            minutes: Marks::default(),
            unsaid: (finding.minute, alert_id(finding.about, &finding.entity, finding.minute)),
            best: finding.clone(),
            examples: Vec::new(),
            causes: Causes::default(),
            said: None,
            resolved: false,
            merged: Vec::new(),
        };
        course.fold(finding);
        course
    }

    /// Adds a finding; says whether its minute is new.
    pub(super) fn fold(&mut self, mut finding: Finding) -> bool {
        let held = self.minutes.get(finding.minute);
        // Whoever judged before the minute was complete saw no more than those who judged after.
        if held.is_some_and(|mark| mark.confirmed && !finding.confirmed) {
            return false;
        }
        let new = held.is_none();
        self.minutes.insert(finding.minute, Mark::of(&finding));
        self.take_examples(std::mem::take(&mut finding.verdict.examples));
        self.causes.take(finding.minute, std::mem::take(&mut finding.causes));
        // The same minute judged again replaces itself, so that a later look at more data is the one that is shown.
        if finding.minute == self.best.minute || weight(&finding) > weight(&self.best) {
            self.best = finding;
            self.show_heaviest();
        }
        self.name();
        new
    }

    /// Says the one thing that it is about anew, now that more is known; it may have begun earlier. What says less rests on
    /// less, because some of it was forgotten.
    pub(super) fn restate(&mut self, finding: Finding) {
        let verdict = &finding.verdict;
        if (verdict.severity, verdict.seen) < (self.severity(), self.seen()) {
            return;
        }
        self.minutes.clear();
        self.fold(finding);
    }

    /// Takes back what a settling detector no longer says of complete minutes, now that all is known about them. Says
    /// whether it did.
    pub(super) fn withdraw(&mut self, judged: &Judged) -> bool {
        let elsewhere = self.last() < judged.range.from || self.first() > judged.range.to;
        if self.best.about.timing == Timing::Monotone || elsewhere {
            return false;
        }
        let same = |f: &&Finding| f.about.id == self.best.about.id;
        let stands: BTreeSet<Minute> = judged.findings.iter().filter(same).map(|f| f.minute).collect();
        let (span, held) = (judged.range.from..=judged.range.to, self.minutes.len());
        let keeps = |minute: Minute| !span.contains(&minute) || stands.contains(&minute);
        self.minutes.retain(keeps);
        self.causes.retain(keeps);
        if self.minutes.get(self.best.minute).is_none() {
            self.show_heaviest();
        }
        match self.minutes.is_empty() {
            // That it has ended is no longer true either: it never was.
            true => self.resolved &= held == 0,
            false => self.name(),
        }
        self.minutes.len() < held
    }

    /// Shows the heaviest minute that is left, in the words of the one that was shown before.
    fn show_heaviest(&mut self) {
        let weight = |(minute, mark): &(Minute, &Mark)| (mark.severity, mark.seen, Reverse(*minute));
        if let Some((minute, mark)) =
            self.minutes.iter().max_by_key(weight).filter(|(minute, _)| *minute != self.best.minute)
        {
            self.best.minute = minute;
            let verdict = &mut self.best.verdict;
            (verdict.severity, verdict.seen) = (mark.severity, mark.seen);
            (verdict.expected, verdict.window) = (mark.expected.get(), mark.window);
        }
    }

    fn name(&mut self) {
        let first = self.first();
        if self.unsaid.0 != first {
            self.unsaid = (first, alert_id(self.best.about, &self.best.entity, first));
        }
    }

    fn take_examples(&mut self, examples: impl IntoIterator<Item = impl Borrow<Example>>) {
        for example in examples {
            if let Err(place) = self.examples.binary_search(example.borrow())
                && place < EVIDENCE
            {
                self.examples.truncate(EVIDENCE - 1);
                make_room(&mut self.examples);
                self.examples.insert(place, example.borrow().clone());
            }
        }
    }

    /// Keeps a few examples.
    pub(super) fn thin(&mut self) {
        self.examples.truncate(FEW);
        self.examples.shrink_to_fit();
    }

    pub(super) fn absorb(&mut self, other: Course) {
        other.minutes.iter().for_each(|(minute, mark)| self.minutes.insert(minute, *mark));
        self.take_examples(other.examples);
        self.causes.absorb(other.causes);
        if weight(&other.best) > weight(&self.best) {
            self.best = other.best;
        }
        self.merged.extend(other.merged);
        match (self.said, other.said) {
            (Some(_), Some(younger)) => self.merged.push(younger.id),
            (said, other) => self.said = said.or(other),
        }
        self.name();
    }

    pub(super) fn reaches(&self, minute: Minute) -> bool {
        if self.is_fault() {
            return day(self.first()) == day(minute);
        }
        self.first().plus(-QUIET_MINUTES) < minute && minute < self.last().plus(QUIET_MINUTES)
    }

    pub(super) fn first(&self) -> Minute {
        self.minutes.first().unwrap_or(self.best.minute)
    }

    pub(super) fn last(&self) -> Minute {
        self.minutes.last().unwrap_or(self.best.minute)
    }

    /// When the first of its windows begins, as its minutes were judged last: an earlier look may have had a longer one.
    pub(super) fn start(&self) -> DateTime<Utc> {
        let starts = self.minutes.iter().map(|(minute, mark)| minute.plus(1 - mark.window.0 as i32).start());
        starts.min().unwrap_or_else(|| window_start(&self.best))
    }

    pub(super) fn minutes(&self) -> &Marks {
        &self.minutes
    }

    pub(super) fn id(&self) -> AlertId {
        self.said.map_or(self.unsaid.1, |said| said.id)
    }

    /// Was every minute complete when it was judged?
    pub(super) fn confirmed(&self) -> bool {
        self.minutes.marks().all(|mark| mark.confirmed)
    }

    /// Was all of it taken back?
    pub(super) fn withdrawn(&self) -> bool {
        self.minutes.is_empty()
    }

    /// Is there nothing to be said of it any more?
    pub(super) fn over(&self) -> bool {
        self.withdrawn() && (self.said.is_none() || self.resolved) && self.merged.is_empty()
    }

    pub(super) fn severity(&self) -> Severity {
        self.minutes.marks().map(|mark| mark.severity).max().unwrap_or(self.best.verdict.severity)
    }

    pub(super) fn seen(&self) -> u64 {
        match self.best.verdict.folding {
            Folding::Largest => self.best.verdict.seen,
            Folding::Sum => self.minutes.marks().map(|mark| mark.seen).sum(),
        }
    }

    /// How unlikely its most surprising minute is.
    pub(super) fn surprise(&self) -> Option<f64> {
        self.minutes.marks().filter_map(|mark| mark.surprise.get()).max_by(f64::total_cmp)
    }

    pub(super) fn best_span(&self, whole: Span) -> Span {
        match self.best.verdict.folding {
            Folding::Largest => Span { start: window_start(&self.best), end: self.best.minute.end() },
            Folding::Sum => whole,
        }
    }

    pub(super) fn raised_at(&self, status: Status) -> DateTime<Utc> {
        match status {
            Status::Open if self.said.is_none() => self.first().end(),
            Status::Resolved => self.last().plus(QUIET_MINUTES).end(),
            _ => self.last().end(),
        }
    }

    /// The minute that must be complete for its condition to have ended; nothing for what never ends.
    pub(super) fn ends(&self) -> Option<Minute> {
        (self.best.about.nature == Nature::Condition).then(|| self.last().plus(QUIET_MINUTES))
    }

    pub(super) fn ended(&self, complete: Minute) -> bool {
        self.ends().is_some_and(|end| end <= complete)
    }

    /// The last minute that it was about, or that was complete when it was said; nothing while it is unsaid.
    pub(super) fn touched(&self) -> Option<Minute> {
        self.said.map(|said| self.last().max(said.when))
    }

    /// Is it about all of a day?
    fn is_fault(&self) -> bool {
        self.best.about.nature == Nature::Fault
    }

    /// The minute that must be complete before it is opened, where another alert may tell of it as well: by then that one
    /// is known, in whatever order the events came.
    fn held(&self) -> Option<Minute> {
        let rate = self.best.about.nature == Nature::Condition
            && matches!(self.best.entity.family, Family::Api | Family::ErrorCode);
        (rate && self.said.is_none()).then(|| self.first())
    }

    /// Does anything wait for time to pass: an end, or a word that is held back?
    pub(super) fn waits(&self) -> Option<Minute> {
        let news = |said: &Said| self.grew(said) || self.revised() || self.fell(said);
        let held = self.said.filter(news).map(|said| said.at.plus(UPDATE_MINUTES));
        let end = self.ends().filter(|_| !self.resolved && !self.withdrawn());
        held.into_iter().chain(self.held()).chain(end).min()
    }

    fn grew(&self, said: &Said) -> bool {
        self.seen() >= said.seen.saturating_mul(UPDATE_GROWTH)
    }

    /// Did late events take back what made it as grave as it was said to be?
    fn fell(&self, said: &Said) -> bool {
        self.confirmed() && !self.withdrawn() && self.severity().min(self.best.cap) < said.severity
    }

    /// Did late events change what was said of complete minutes?
    pub(super) fn revised(&self) -> bool {
        let changed = |said: Said| said.confirmed && self.last() <= said.at && self.seen() != said.seen;
        self.confirmed() && self.said.is_some_and(changed)
    }

    pub(super) fn due(&self, complete: Minute) -> Option<Status> {
        let Some(said) = self.said else {
            let held = self.held().is_some_and(|minute| complete < minute);
            return (!self.withdrawn() && !held).then_some(Status::Open);
        };
        if self.withdrawn() {
            return (!self.resolved).then_some(Status::Resolved);
        }
        // A rise is said at once: nothing more may ever happen that could say it later.
        let rose = self.severity().min(self.best.cap) > said.severity;
        let due = self.last().max(complete) >= said.at.plus(UPDATE_MINUTES);
        if rose || due && (self.grew(&said) || self.revised() || self.fell(&said)) {
            return Some(Status::Update);
        }
        (self.ended(complete) && !self.resolved).then_some(Status::Resolved)
    }

    /// What the end adds to what was said of it.
    pub(super) fn news(&self, complete: Minute) -> [Option<Status>; 2] {
        let change = match self.said {
            Some(_) if self.withdrawn() => return [(!self.resolved).then_some(Status::Resolved), None],
            None if self.withdrawn() => return [None; 2],
            Some(said) => self.differs(&said).then_some(Status::Update),
            None => Some(Status::Open),
        };
        [change, (self.ended(complete) && !self.resolved).then_some(Status::Resolved)]
    }

    /// Is it not what was said?
    fn differs(&self, said: &Said) -> bool {
        self.shown() != said.shown
    }

    /// A hash of what it shows: how grave, how much, how long, and of how many minutes.
    fn shown(&self) -> u32 {
        let whole = Span { start: self.start(), end: self.last().end() };
        let how_much = (self.severity().min(self.best.cap), self.seen(), self.minutes.len());
        hash_of(&[&format!("{how_much:?} {whole:?} {:?}", self.best_span(whole))]) as u32
    }

    /// Is `other` about the same minutes, or as near as those of one alert are?
    pub(super) fn meets(&self, other: &Course) -> bool {
        if self.is_fault() {
            return day(self.first()) == day(other.first());
        }
        self.first().plus(-QUIET_MINUTES) < other.last() && other.first() < self.last().plus(QUIET_MINUTES)
    }

    /// Takes over what was said of `before`, which this is now.
    pub(super) fn recall(&mut self, before: Course) {
        let id = before.id();
        self.merged.extend(before.merged);
        if self.said.is_some() {
            return self.merged.push(id);
        }
        self.said = before.said;
        // What changed after it was said to have ended ends anew.
        self.resolved = before.resolved && before.said.is_some_and(|said| !self.differs(&said));
    }

    /// What becomes of it when it is not found any more.
    pub(super) fn gone(mut self, gone: Gone) -> Course {
        if gone == Gone::TakenBack {
            self.minutes.clear();
            // That it has ended is no longer true either: it never was.
            self.resolved = false;
        }
        self
    }

    /// Marks a change as said, with this severity and count, when `complete` was the last complete minute.
    pub(super) fn mark_said(&mut self, alert: &Alert, complete: Minute) {
        let Alert { id, severity, seen, status, .. } = *alert;
        self.resolved |= status == Status::Resolved;
        let (at, confirmed, shown) = (self.last(), self.confirmed(), self.shown());
        self.said = Some(Said { id, severity, seen, at, when: complete, confirmed, shown });
    }
}

/// The graver, then the one further over its yardstick, then the earlier: the finding that an alert shows.
fn weight(finding: &Finding) -> (Severity, u64, Reverse<Minute>) {
    (finding.verdict.severity, finding.verdict.seen, Reverse(finding.minute))
}

/// The day of UTC that a minute lies in.
pub(super) fn day(minute: Minute) -> i32 {
    minute.0.div_euclid(24 * HOUR)
}

fn window_start(finding: &Finding) -> DateTime<Utc> {
    finding.minute.plus(1 - finding.verdict.window.0 as i32).start()
}
