//! Group: findings to alerts. An alert is one detector's about one subject; its findings lie less than 60 minutes apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::HashMap;

use crate::alert::{Alert, AlertId, Example, Owner, Quality, Span, Status};
use crate::detector::{About, Folding, Nature};
use crate::entity::Entity;
use crate::hash::hash_of;
use crate::judge::Finding;
use crate::query::query_for;
use crate::severity::Severity;
use crate::time::Minute;

/// Findings this far apart belong to different alerts; a condition this long quiet is resolved.
pub const QUIET_MINUTES: i32 = 60;
/// An alert that only grows is updated at most once in this time.
const UPDATE_MINUTES: i32 = 15;
/// An alert is updated when what it counts has grown this much since it was last said.
const UPDATE_GROWTH: u64 = 4;
/// Evidence ids that an alert carries.
const EVIDENCE: usize = 50;
/// A sent alert is remembered this long after its last finding, so that late findings fold into it.
const REMEMBERED_MINUTES: i32 = 24 * 60;

/// The alerts that are open or were not long ago.
#[derive(Debug, Default)]
pub struct Book {
    alerts: HashMap<(&'static str, Entity), Vec<Course>>,
    quality: Option<Quality>,
}

/// One alert and what was said of it.
#[derive(Debug)]
struct Course {
    minutes: BTreeMap<Minute, (Severity, u64)>,
    /// The id that it would get if it were said now, for the minute that it was made of.
    unsaid: (Minute, AlertId),
    best: Finding,
    examples: BTreeSet<Arc<Example>>,
    provisional: BTreeSet<Minute>,
    start: DateTime<Utc>,
    said: Option<Said>,
    resolved: bool,
    /// Alerts that were said, and turned out to be part of this one: still to be told.
    merged: Vec<AlertId>,
}

#[derive(Clone, Copy, Debug)]
struct Said {
    id: AlertId,
    severity: Severity,
    seen: u64,
    at: Minute,
}

impl Book {
    /// A book whose alerts all have this quality.
    #[must_use]
    pub fn of_quality(quality: Quality) -> Book {
        Book { quality: Some(quality), ..Book::default() }
    }

    /// Adds a finding to the alert that it belongs to, or opens one. A finding that is judged again replaces itself.
    /// Says whether it is new.
    pub fn fold(&mut self, finding: Finding) -> bool {
        let courses = self.alerts.entry((finding.about.id, finding.entity.clone())).or_default();
        let course = courses.iter_mut().find(|c| c.reaches(finding.minute));
        let new = course.as_ref().is_none_or(|c| !c.minutes.contains_key(&finding.minute));
        match course {
            Some(course) => course.fold(finding),
            None => courses.push(Course::open(finding)),
        }
        join(courses);
        new
    }

    /// What must be said as of `now`, sorted by time and id: new alerts, rises, and conditions that ended before
    /// `complete`. Nothing is marked as said: see [`Book::said`].
    #[must_use]
    pub fn due(&self, complete: Minute) -> Vec<Alert> {
        let mut due = Vec::new();
        for ((_, entity), courses) in &self.alerts {
            for course in courses {
                due.extend(course.due(complete).map(|status| self.alert(entity, course, status)));
                due.extend(course.merged.iter().map(|id| self.merged(entity, course, *id)));
            }
        }
        sort(&mut due);
        due
    }

    /// Every alert as it stands at the end, each opened once, then resolved where its condition ended before `complete`.
    #[must_use]
    pub fn finish(&self, complete: Minute) -> Vec<Alert> {
        let mut all = Vec::new();
        for ((_, entity), courses) in &self.alerts {
            for course in courses {
                all.push(self.alert(entity, course, Status::Open));
                if course.ended(complete) {
                    all.push(self.alert(entity, course, Status::Resolved));
                }
            }
        }
        sort(&mut all);
        all
    }

    /// Marks a change as said.
    pub fn said(&mut self, alert: &Alert) {
        let courses = self.alerts.iter_mut().flat_map(|(_, courses)| courses);
        if alert.merged_into.is_some() {
            return courses.for_each(|course| course.merged.retain(|id| *id != alert.id));
        }
        for course in courses.filter(|c| c.id() == alert.id) {
            course.resolved |= alert.status == Status::Resolved;
            let at = *course.minutes.last_key_value().map_or(&course.best.minute, |(minute, _)| minute);
            course.said = Some(Said { id: alert.id, severity: alert.severity, seen: alert.seen, at });
        }
    }

    /// Forgets alerts whose last finding is more than a day before `complete`.
    pub fn forget(&mut self, complete: Minute) {
        self.alerts.retain(|_, courses| {
            courses.retain(|c| c.last().plus(REMEMBERED_MINUTES) > complete);
            !courses.is_empty()
        });
    }

    /// The last word about an alert that is part of an older one.
    fn merged(&self, entity: &Entity, course: &Course, id: AlertId) -> Alert {
        let ends = course.best.about.nature == Nature::Condition;
        let status = if ends { Status::Resolved } else { Status::Update };
        let older = self.alert(entity, course, status);
        let headline = format!("part of {}: {}", older.id, older.headline);
        Alert { id, merged_into: Some(older.id), headline, severity_before: None, ..older }
    }

    fn alert(&self, entity: &Entity, course: &Course, status: Status) -> Alert {
        let (about, verdict) = (course.best.about, &course.best.verdict);
        let (severity, seen) = (course.severity().min(course.best.cap), course.seen());
        let window = Span { start: course.start, end: course.last().end() };
        let plural = if seen == 1 { "" } else { "s" };
        let shown = if verdict.at_least { format!("at least {seen}") } else { seen.to_string() };
        let quality = if course.provisional.is_empty() { Quality::Complete } else { Quality::Provisional };
        Alert {
            id: course.id(),
            detector: about.id,
            title: about.title,
            severity,
            severity_before: course.said.map(|s| s.severity).filter(|before| *before < severity),
            status,
            raised_at: course.raised_at(status),
            subject: entity.subject(),
            owner: Owner::default(),
            window,
            best: course.best_span(window),
            seen,
            seen_at_least: verdict.at_least,
            unit: verdict.unit.replace("{s}", plural),
            expected: verdict.expected,
            threshold: verdict.threshold,
            p_value: None,
            attack: about.attack,
            examples: course.examples.iter().cloned().collect(),
            top: course.best.top.clone(),
            total: course.best.total,
            denied: course.best.denied,
            folded: course.minutes.len() as u32,
            quality: self.quality.unwrap_or(quality),
            headline: verdict.headline.replace("{seen}", &shown).replace("{s}", plural),
            why: verdict.why.clone(),
            next: about.next,
            query: query_for(entity, window),
            merged_into: None,
        }
    }
}

impl Course {
    fn open(finding: Finding) -> Course {
        let start = window_start(&finding);
        let mut course = Course {
            minutes: BTreeMap::new(),
            unsaid: (finding.minute, alert_id(finding.about, &finding.entity, finding.minute)),
            best: finding.clone(),
            examples: BTreeSet::new(),
            provisional: BTreeSet::new(),
            start,
            said: None,
            resolved: false,
            merged: Vec::new(),
        };
        course.fold(finding);
        course
    }

    fn fold(&mut self, mut finding: Finding) {
        self.minutes.insert(finding.minute, (finding.verdict.severity, finding.verdict.seen));
        if finding.confirmed {
            self.provisional.remove(&finding.minute);
        } else {
            self.provisional.insert(finding.minute);
        }
        self.start = self.start.min(window_start(&finding));
        self.take_examples(std::mem::take(&mut finding.verdict.examples));
        // The same minute judged again replaces itself, so that a later look at more data is the one that is shown.
        if finding.minute == self.best.minute || weight(&finding) > weight(&self.best) {
            self.best = finding;
        }
        self.name();
    }

    fn name(&mut self) {
        let first = self.first();
        if self.unsaid.0 != first {
            self.unsaid = (first, alert_id(self.best.about, &self.best.entity, first));
        }
    }

    fn take_examples(&mut self, examples: impl IntoIterator<Item = Arc<Example>>) {
        for example in examples {
            self.examples.insert(example);
            if self.examples.len() > EVIDENCE {
                self.examples.pop_last();
            }
        }
    }

    fn absorb(&mut self, other: Course) {
        self.minutes.extend(other.minutes);
        self.provisional.extend(other.provisional);
        self.start = self.start.min(other.start);
        self.take_examples(other.examples);
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

    fn reaches(&self, minute: Minute) -> bool {
        self.first().plus(-QUIET_MINUTES) < minute && minute < self.last().plus(QUIET_MINUTES)
    }

    fn first(&self) -> Minute {
        self.minutes.first_key_value().map_or(self.best.minute, |(minute, _)| *minute)
    }

    fn last(&self) -> Minute {
        self.minutes.last_key_value().map_or(self.best.minute, |(minute, _)| *minute)
    }

    fn id(&self) -> AlertId {
        self.said.map_or(self.unsaid.1, |said| said.id)
    }

    fn severity(&self) -> Severity {
        self.minutes.values().map(|(severity, _)| *severity).max().unwrap_or(self.best.verdict.severity)
    }

    fn seen(&self) -> u64 {
        match self.best.verdict.folding {
            Folding::Largest => self.best.verdict.seen,
            Folding::Sum => self.minutes.values().map(|(_, seen)| seen).sum(),
        }
    }

    fn best_span(&self, whole: Span) -> Span {
        match self.best.verdict.folding {
            Folding::Largest => Span { start: window_start(&self.best), end: self.best.minute.end() },
            Folding::Sum => whole,
        }
    }

    fn raised_at(&self, status: Status) -> DateTime<Utc> {
        match status {
            Status::Open if self.said.is_none() => self.first().end(),
            Status::Resolved => self.last().plus(QUIET_MINUTES).end(),
            _ => self.last().end(),
        }
    }

    fn ended(&self, complete: Minute) -> bool {
        self.best.about.nature == Nature::Condition && self.last().plus(QUIET_MINUTES) <= complete
    }

    fn due(&self, complete: Minute) -> Option<Status> {
        let Some(said) = self.said else { return Some(Status::Open) };
        // A rise is said at once: nothing more may ever happen that could say it later.
        let rose = self.severity().min(self.best.cap) > said.severity;
        let grew = self.seen() >= said.seen.saturating_mul(UPDATE_GROWTH);
        if rose || grew && self.last().max(complete) >= said.at.plus(UPDATE_MINUTES) {
            return Some(Status::Update);
        }
        (self.ended(complete) && !self.resolved).then_some(Status::Resolved)
    }
}

/// The graver, then the one further over its yardstick, then the earlier: the finding that an alert shows.
fn weight(finding: &Finding) -> (Severity, u64, std::cmp::Reverse<Minute>) {
    (finding.verdict.severity, finding.verdict.seen, std::cmp::Reverse(finding.minute))
}

fn window_start(finding: &Finding) -> DateTime<Utc> {
    finding.minute.plus(1 - finding.verdict.window.0 as i32).start()
}

fn alert_id(about: &About, entity: &Entity, opened: Minute) -> AlertId {
    AlertId(hash_of(&[about.id, &format!("{:?}", entity.family), &entity.key, &opened.0.to_string()]))
}

/// A late finding may bridge two alerts: the older one takes the younger in.
fn join(courses: &mut Vec<Course>) {
    courses.sort_by_key(Course::first);
    let mut at = 1;
    while at < courses.len() {
        if courses[at - 1].reaches(courses[at].first()) {
            let younger = courses.remove(at);
            courses[at - 1].absorb(younger);
        } else {
            at += 1;
        }
    }
}

fn sort(alerts: &mut [Alert]) {
    alerts.sort_by_key(|a| (a.raised_at, a.id, a.status));
}

#[cfg(test)]
mod tests;
