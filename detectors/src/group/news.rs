//! What the end of all data adds to what was said. Each change is put into words when it is said: all of them at once
//! would take more room than all that is known.

use chrono::{DateTime, Utc};

use super::Book;
use super::course::Course;
use crate::alert::{Alert, AlertId, Status};
use crate::entity::{Entity, Family};
use crate::time::Minute;

/// A change of an alert that is to be said.
#[derive(Debug)]
pub struct Change {
    raised_at: DateTime<Utc>,
    id: AlertId,
    status: Status,
    words: Words,
}

#[derive(Debug)]
enum Words {
    /// Of the alert at that place among those of a detector about an entity, of which nothing was said yet.
    Wanted {
        entity: Entity,
        detector: &'static str,
        place: usize,
    },
    Found(Box<Alert>),
}

impl From<Alert> for Change {
    fn from(alert: Alert) -> Change {
        Change { raised_at: alert.raised_at, id: alert.id, status: alert.status, words: Words::Found(Box::new(alert)) }
    }
}

impl Change {
    /// When it is raised, whatever was said of its alert since.
    #[must_use]
    pub fn raised_at(&self) -> DateTime<Utc> {
        self.raised_at
    }

    /// Does it open an alert that another one may tell of as well?
    #[must_use]
    pub fn may_be_part(&self) -> bool {
        let of_calls = match &self.words {
            Words::Wanted { entity, .. } => matches!(entity.family, Family::Api | Family::Denial | Family::ErrorCode),
            Words::Found(alert) => !alert.subject.api.is_empty() || !alert.subject.error_code.is_empty(),
        };
        of_calls && self.status == Status::Open
    }
}

impl Book {
    /// What the end adds to what was said, sorted by time and id: every alert as it stands, opened where nothing was said
    /// of it and else updated where it is not what was said, then resolved where its condition ended before `complete`.
    #[must_use]
    pub fn news(&self, complete: Minute) -> Vec<Change> {
        let mut all = Vec::new();
        for (entity, of_entity) in &self.alerts {
            for (detector, courses) in of_entity.iter() {
                for (place, course) in courses.iter().enumerate() {
                    let changes = course.news(complete).into_iter().flatten();
                    all.extend(changes.map(|status| self.change((entity, detector), (place, course), status)));
                    all.extend(course.merged.iter().map(|id| self.merged(entity, course, *id).into()));
                }
            }
        }
        all.sort_by_key(|change| (change.raised_at, change.id, change.status));
        all
    }

    fn change(
        &self,
        (entity, detector): (&Entity, &'static str),
        (place, course): (usize, &Course),
        status: Status,
    ) -> Change {
        // Once a change was said, the words of the next one differ.
        if course.said.is_some() {
            return self.alert(entity, course, status).into();
        }
        let words = Words::Wanted { entity: entity.clone(), detector, place };
        Change { raised_at: course.raised_at(status), id: course.id(), status, words }
    }

    /// The alert that a change opens, of which nothing was said yet.
    pub(super) fn opened<'b>(&'b self, change: &'b Change) -> Option<(&'b Entity, &'b Course)> {
        match &change.words {
            Words::Wanted { entity, detector, place } if change.status == Status::Open => {
                Some((entity, self.alerts.get(entity)?.get(detector)?.get(*place)?))
            }
            Words::Wanted { .. } | Words::Found(_) => None,
        }
    }

    /// A change in words; nothing where its alert is not in the book any more.
    #[must_use]
    pub fn word(&self, change: &Change) -> Option<Alert> {
        match &change.words {
            Words::Found(alert) => Some(alert.as_ref().clone()),
            Words::Wanted { entity, detector, place } => {
                let course = self.alerts.get(entity)?.get(detector)?.get(*place)?;
                Some(self.alert(entity, course, change.status))
            }
        }
    }
}
