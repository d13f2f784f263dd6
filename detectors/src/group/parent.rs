//! Alerts that are part of another one: what floods an API is said of who floods it.

use crate::alert::{Alert, AlertId, Top};
use crate::entity::{Entity, Family, SEPARATOR};

use super::Book;

/// The entity whose alert would tell of this one as well: of an API or an account, the principal behind at least half of
/// its calls; of all others, the account.
#[must_use]
pub fn parent_of(alert: &Alert) -> Option<Entity> {
    let subject = &alert.subject;
    let of = |family, name: &str| {
        let key = format!("{}{SEPARATOR}{SEPARATOR}{name}", subject.account);
        Entity { family, key: key.into() }
    };
    let alone = subject.principal.is_empty() && subject.function.is_empty() && subject.source_ip.is_empty();
    let most = alert.top.first().filter(|most| alone && is_most(most, alert.total));
    match most {
        Some(most) => Some(of(Family::Principal, &most.name)),
        None if subject.principal.is_empty() && subject.api.is_empty() => None,
        None => Some(of(Family::Account, &subject.account)),
    }
}

/// Did it add at least half?
fn is_most(top: &Top, total: u64) -> bool {
    top.count * 2 >= total
}

impl Book {
    /// The alert of the same detector about `parent` that is at least as grave, and about some of the same minutes.
    #[must_use]
    pub fn parent(&self, parent: &Entity, alert: &Alert) -> Option<AlertId> {
        let courses = self.alerts.get(parent)?.get(alert.detector)?;
        let tells = |course: &&super::Course| {
            // An account's calls that are mostly of one principal are told with that one.
            let most = || course.best.top.first().is_some_and(|top| is_most(top, course.best.total));
            let meets = course.start() < alert.window.end && alert.window.start < course.last().end();
            !course.withdrawn()
                && course.severity().min(course.best.cap) >= alert.severity
                && meets
                && !(parent.family == Family::Account && most())
        };
        courses.iter().find(tells).map(super::Course::id)
    }
}
