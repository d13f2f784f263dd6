//! Alerts that are part of another one: what floods an API is said of who floods it.

use crate::alert::{Alert, AlertId};
use crate::entity::{Entity, Family, SEPARATOR};

use super::Book;

/// The entity whose alert would tell of this one as well: of an API, the principal behind at least half of its calls.
#[must_use]
pub fn parent_of(alert: &Alert) -> Option<Entity> {
    let subject = &alert.subject;
    let most = alert.top.first().filter(|most| !subject.api.is_empty() && most.count * 2 >= alert.total)?;
    let key = format!("{}{SEPARATOR}{SEPARATOR}{}", subject.account, most.name);
    Some(Entity { family: Family::Principal, key: key.into() })
}

impl Book {
    /// The alert of the same detector about `parent` that is at least as grave, and about some of the same minutes.
    #[must_use]
    pub fn parent(&self, parent: &Entity, alert: &Alert) -> Option<AlertId> {
        let courses = self.alerts.get(parent)?.get(alert.detector)?;
        let tells = |course: &&super::Course| {
            let meets = course.start() < alert.window.end && alert.window.start < course.last().end();
            !course.withdrawn() && course.severity().min(course.best.cap) >= alert.severity && meets
        };
        courses.iter().find(tells).map(super::Course::id)
    }
}
