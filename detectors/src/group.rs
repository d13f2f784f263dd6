//! Group: findings to alerts. An alert is one detector's about one subject; its findings lie less than 60 minutes apart.

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::alert::{Alert, AlertId, Owner, Quality, Span, Status};
use crate::cause::Cause;
use crate::detector::{About, Engine, Nature, Timing};
use crate::entity::Entity;
use crate::hash::hash_of;
use crate::judge::{Finding, Judged};
use crate::query::query_for;
use crate::rate::round;
use crate::severity::Severity;
use crate::time::Minute;

mod by_detector;
mod causes;
mod course;
mod incident;
mod marks;
mod news;
mod parent;
mod story;

use by_detector::{ByDetector, make_room};
use course::Course;
pub use incident::Incidents;
pub use marks::{Mark, Maybe};
pub use news::Change;
pub use parent::parents_of;
pub use story::Stories;

/// Findings this far apart belong to different alerts; a condition this long quiet is resolved.
pub const QUIET_MINUTES: i32 = 60;
/// An alert that only grows is updated at most once in this time.
const UPDATE_MINUTES: i32 = 15;
/// An alert is updated when what it counts has grown this much since it was last said.
const UPDATE_GROWTH: u64 = 4;
/// Evidence ids that an alert carries.
const EVIDENCE: usize = 50;
/// A sent alert is remembered this long after its last finding, and after it was last said, so that late findings fold
/// into it, and so that the incident that it is part of still knows it a day later. What comes days late comes together:
/// from a queue that is emptied after an outage.
pub const REMEMBERED_MINUTES: i32 = 48 * 60;
/// So long after its last finding and its last word, few examples of an alert are worth their room.
const TOLD_MINUTES: i32 = 2 * 60;

/// The alerts of one detector about one entity, to be stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Page {
    entity: Entity,
    detector: String,
    courses: Vec<Course>,
}

impl Page {
    /// What it holds, with the detector that the engine knows; nothing where it knows none.
    fn known(self, engine: &Engine) -> Option<(Entity, &'static str, Vec<Course>)> {
        let Page { entity, detector, mut courses } = self;
        let about = engine.about(&detector)?;
        for course in &mut courses {
            course.best.about = about;
        }
        Some((entity, about.id, courses))
    }
}

/// What becomes of an alert that was said, and that judging everything again does not find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It is taken back: more became known.
    TakenBack,
    /// It stands: detectors were not set as they are now.
    Stands,
}

/// The alerts that are open or were not long ago.
#[derive(Debug, Default)]
pub struct Book {
    alerts: HashMap<Entity, ByDetector>,
    /// Whose alert an id is, as far as findings were folded here: to look it up without looking through all.
    homes: HashMap<AlertId, Entity>,
    quality: Option<Quality>,
}

impl Book {
    /// A book whose alerts all have this quality.
    #[must_use]
    pub fn of_quality(quality: Quality) -> Book {
        Book { quality: Some(quality), ..Book::default() }
    }

    /// Adds what was found in some minutes of an entity, takes back what is no longer found in them, and looks for
    /// incidents among the alerts of the entity. Returns what is new.
    pub fn take(&mut self, judged: Judged, engine: &Engine) -> Vec<(&'static str, Severity)> {
        let withdrawn = self.withdraw(&judged);
        let Judged { entity, findings, .. } = judged;
        // Where its alerts are what they were, so are its incidents.
        if findings.is_empty() && !withdrawn {
            return Vec::new();
        }
        let mut new = Vec::new();
        for finding in findings {
            let found = (finding.about.id, finding.verdict.severity);
            new.extend(self.fold(finding).then_some(found));
        }
        new.extend(self.relate(&entity, engine));
        new
    }

    /// Do its alerts rest on a part of the events only?
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.quality == Some(Quality::InstanceOnly)
    }

    /// Adds a finding to the alert that it belongs to, or opens one. A finding that is judged again replaces itself.
    /// Says whether it is new.
    pub fn fold(&mut self, finding: Finding) -> bool {
        let (entity, minute) = (finding.entity.clone(), finding.minute);
        let of_entity = self.alerts.entry(entity.clone()).or_default();
        let courses = of_entity.of(finding.about.id);
        let new = match courses.iter_mut().find(|c| c.reaches(finding.minute)) {
            Some(course) => course.fold(finding),
            None => {
                make_room(courses);
                courses.push(Course::open(finding));
                true
            }
        };
        join(courses);
        if let Some(course) = courses.iter().find(|course| course.reaches(minute)) {
            self.homes.insert(course.id(), entity);
        }
        new
    }

    /// Takes back what settling detectors said of complete minutes and, now that they were judged again, say no more. Says
    /// whether there was any.
    pub fn withdraw(&mut self, judged: &Judged) -> bool {
        let Some(of_entity) = self.alerts.get_mut(&judged.entity).filter(|_| judged.range.complete) else {
            return false;
        };
        let mut any = false;
        of_entity.retain(|courses| {
            if courses.first().is_some_and(|course| course.best.about.timing == Timing::Monotone) {
                return true;
            }
            courses.iter_mut().for_each(|course| any |= course.withdraw(judged));
            split(courses);
            courses.retain(|course| !course.over());
            !courses.is_empty()
        });
        any
    }

    fn courses(&self) -> impl Iterator<Item = (&Entity, &Course)> {
        let all = self.alerts.iter().flat_map(|(entity, all)| all.values().map(move |courses| (entity, courses)));
        all.flat_map(|(entity, courses)| courses.iter().map(move |course| (entity, course)))
    }

    /// What must be said as of `now`, sorted by time and id: new alerts, rises, and conditions that ended before
    /// `complete`. Nothing is marked as said: see [`Book::said`].
    #[must_use]
    pub fn due(&self, complete: Minute) -> Vec<Alert> {
        let mut due = Vec::new();
        for (entity, course) in self.courses() {
            due.extend(course.due(complete).map(|status| self.alert(entity, course, status)));
            due.extend(course.merged.iter().map(|id| self.merged(entity, course, *id)));
        }
        sort(&mut due);
        due
    }

    /// Every alert as it stands at the end, each opened once, then resolved where its condition ended before `complete`.
    #[must_use]
    pub fn finish(&self, complete: Minute) -> Vec<Alert> {
        let mut all = Vec::new();
        for (entity, course) in self.courses().filter(|(_, course)| !course.withdrawn()) {
            all.push(self.alert(entity, course, Status::Open));
            if course.ended(complete) {
                all.push(self.alert(entity, course, Status::Resolved));
            }
        }
        sort(&mut all);
        all
    }

    /// Marks a change as said, when `complete` was the last complete minute.
    pub fn said(&mut self, alert: &Alert, complete: Minute) {
        let of_entities: Vec<_> = match self.homes.get(&alert.id) {
            Some(home) => self.alerts.get_mut(home).into_iter().collect(),
            None => self.alerts.values_mut().collect(),
        };
        let of_detector = of_entities.into_iter().filter_map(|of_entity| of_entity.get_mut(alert.detector));
        let courses = &mut of_detector.flatten();
        if alert.merged_into.is_some() {
            return courses.for_each(|course| course.merged.retain(|id| *id != alert.id));
        }
        for course in courses.filter(|c| c.id() == alert.id) {
            course.mark_said(alert, complete);
        }
    }

    /// Forgets alerts that were said, and whose last finding and last word are more than two days before `complete`.
    pub fn forget(&mut self, complete: Minute) {
        self.alerts.retain(|_, of_entity| {
            of_entity.retain(|courses| {
                courses.retain(|c| c.touched().is_none_or(|touched| touched.plus(REMEMBERED_MINUTES) > complete));
                !courses.is_empty()
            });
            !of_entity.is_empty()
        });
        let alerts = &self.alerts;
        self.homes.retain(|_, home| alerts.contains_key(home));
    }

    /// Leaves out most examples of alerts of which all was said, and whose last finding and last word are more than two
    /// hours before `complete`.
    pub fn thin(&mut self, complete: Minute) {
        let courses = self.alerts.values_mut().flat_map(ByDetector::values_mut).flatten();
        let over = |c: &&mut Course| c.touched().is_some_and(|touched| touched.plus(TOLD_MINUTES) <= complete);
        courses.filter(over).filter(|course| course.due(complete).is_none()).for_each(Course::thin);
    }

    /// The first minute that must be complete for more to be said without any further event; nothing when nothing waits.
    #[must_use]
    pub fn waits(&self) -> Option<Minute> {
        self.courses().filter_map(|(_, course)| course.waits()).min()
    }

    /// What is said of each minute, by detector and entity.
    pub fn marks(&self) -> impl Iterator<Item = (&'static str, &Entity, Minute, &Mark)> {
        self.courses().flat_map(|(entity, course)| {
            let id = course.best.about.id;
            course.minutes().iter().map(move |(minute, mark)| (id, entity, minute, mark))
        })
    }

    /// Everything in it, in an order of its own, to be stored.
    #[must_use]
    pub fn pages(&self) -> Vec<Page> {
        let all = self.alerts.iter().flat_map(|(entity, all)| all.iter().map(move |page| (entity, page)));
        let page = |(entity, (detector, courses)): (&Entity, (&str, &Vec<Course>))| Page {
            entity: entity.clone(),
            detector: detector.to_owned(),
            courses: courses.clone(),
        };
        let mut pages: Vec<Page> = all.map(page).collect();
        pages.sort_by(|a, b| (&a.entity, &a.detector).cmp(&(&b.entity, &b.detector)));
        pages
    }

    /// The same without alerts whose last finding is more than two days before `since`, and those that were taken back.
    #[must_use]
    pub fn pages_since(&self, since: Minute) -> Vec<Page> {
        let mut pages = self.pages();
        for page in &mut pages {
            page.courses.retain(|course| course.last().plus(REMEMBERED_MINUTES) > since && !course.over());
        }
        pages.retain(|page| !page.courses.is_empty());
        pages
    }

    /// Puts stored pages back. Those of a detector that the engine does not know are left out.
    pub fn restore(&mut self, pages: Vec<Page>, engine: &Engine) {
        for page in pages {
            if let Some((entity, id, courses)) = page.known(engine) {
                *self.alerts.entry(entity).or_default().of(id) = courses;
            }
        }
    }

    /// Takes over what was said of alerts when fewer events were known. An alert keeps the id that it was said with;
    /// of two that turn out to be one, the younger ends as part of the older.
    pub fn recall(&mut self, pages: Vec<Page>, gone: Gone, engine: &Engine) {
        for (entity, id, said) in pages.into_iter().filter_map(|page| page.known(engine)) {
            let courses = self.alerts.entry(entity).or_default().of(id);
            let judged = courses.len();
            for before in said.into_iter().filter(|course| course.said.is_some()) {
                match courses[..judged].iter_mut().find(|course| course.meets(&before)) {
                    Some(course) => course.recall(before),
                    None => courses.push(before.gone(gone)),
                }
            }
            courses.sort_by_key(Course::first);
        }
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
        let window = Span { start: course.start(), end: course.last().end() };
        let plural = if seen == 1 { "" } else { "s" };
        let shown = if verdict.at_least { format!("at least {seen}") } else { seen.to_string() };
        let causes = course.causes.of(about.trigger, course.first());
        let quality = if course.confirmed() { Quality::Complete } else { Quality::Provisional };
        Alert {
            id: course.id(),
            detector: about.id,
            title: about.title,
            severity,
            severity_before: course.said.map(|s| s.severity).filter(|before| *before != severity),
            stage: course.best.stage,
            status,
            raised_at: course.raised_at(status),
            subject: entity.subject(),
            owner: Owner::default(),
            window,
            best: course.best_span(window),
            seen,
            seen_before: course.said.filter(|_| course.revised()).map(|said| said.seen),
            seen_at_least: verdict.at_least,
            unit: verdict.unit.replace("{s}", plural),
            expected: verdict.expected,
            threshold: verdict.threshold,
            surprise: course.surprise(),
            attack: about.attack,
            examples: course.examples.iter().cloned().map(Into::into).collect(),
            top: course.best.top.clone(),
            total: course.best.total,
            denied: course.best.denied,
            folded: course.minutes().len() as u32,
            quality: self.quality.unwrap_or(quality),
            headline: headline_of(course, &shown, &causes).replace("{s}", plural),
            why: verdict.why.clone(),
            next: about.next,
            query: query_for(entity, window),
            causes,
            merged_into: None,
            parts: 0,
            told: Vec::new(),
            part_of: None,
        }
    }
}

/// The headline, with what late events did to the alert.
fn headline_of(course: &Course, seen: &str, causes: &[Cause]) -> String {
    let verdict = &course.best.verdict;
    let usual = verdict.expected.map(round).unwrap_or_default();
    let headline = verdict.headline.replace("{seen}", seen).replace("{usual}", &usual);
    let headline = headline.replace("{window}", &verdict.window.0.to_string());
    let headline = causes.last().map_or(headline.clone(), |cause| format!("{headline}; {}", cause.before()));
    match course.said.filter(|_| course.revised()) {
        _ if course.withdrawn() && course.said.is_some() => format!("taken back after late events: {headline}"),
        Some(said) => format!("{headline} (was {})", said.seen),
        None => headline,
    }
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

/// What was taken back may have held an alert together: it is two then.
fn split(courses: &mut Vec<Course>) {
    let mut at = 0;
    while at < courses.len() {
        if let Some(younger) = courses[at].split() {
            courses.insert(at + 1, younger);
        }
        at += 1;
    }
}

fn sort(alerts: &mut [Alert]) {
    alerts.sort_by_key(|a| (a.raised_at, a.id, a.status));
}

#[cfg(test)]
mod tests;
