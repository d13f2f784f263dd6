//! Alerts that are part of another one: what floods an API is said of who floods it.

use crate::alert::{Alert, AlertId, Top};
use crate::entity::{Entity, Family, SEPARATOR};

use super::Book;

/// The detectors whose alerts about somebody tell of an error code as well: they know who failed, and at what.
const OF_ERRORS: [&str; 3] = ["api-error-spike", "denied-burst", "denied-on-one-api"];

/// The entities of which one's alert may tell of this one as well: of an API, an error code or an account, the principal
/// behind at least half of its calls, of an error code also that principal on the only API; of all others, the account.
#[must_use]
pub fn parents_of(alert: &Alert) -> Vec<Entity> {
    let subject = &alert.subject;
    let of = |family, name: &str| {
        let key = format!("{}{SEPARATOR}{SEPARATOR}{name}", subject.account);
        Entity { family, key: key.into() }
    };
    let alone = subject.principal.is_empty() && subject.function.is_empty() && subject.source_ip.is_empty();
    let most = alert.top.first().filter(|most| alone && is_most(most, alert.total));
    let Some(most) = most else {
        let within = !(subject.principal.is_empty() && subject.api.is_empty());
        return within.then(|| of(Family::Account, &subject.account)).into_iter().collect();
    };
    let on_one = only_api(alert).filter(|_| !subject.error_code.is_empty());
    let refused = on_one.map(|api| of(Family::Denial, &format!("{}{SEPARATOR}{api}", most.name)));
    [of(Family::Principal, &most.name)].into_iter().chain(refused).collect()
}

/// The API that all of its examples are of.
fn only_api(alert: &Alert) -> Option<&str> {
    let mut all = alert.examples.iter().map(|example| &*example.what);
    let first = all.next()?;
    all.all(|api| api == first).then_some(first)
}

/// Did it add at least half?
fn is_most(top: &Top, total: u64) -> bool {
    top.count * 2 >= total
}

impl Book {
    /// The alert about `parent` that is at least as grave, comes to people's eyes at least as soon, is about some of the
    /// same minutes, and is of the same detector, or of errors where this one is.
    #[must_use]
    pub fn parent(&self, parent: &Entity, alert: &Alert) -> Option<AlertId> {
        let of_parent = self.alerts.get(parent)?;
        let tellers = if alert.subject.error_code.is_empty() { &[alert.detector][..] } else { &OF_ERRORS };
        let mut courses = tellers.iter().filter_map(|detector| of_parent.get(detector)).flatten();
        let tells = |course: &&super::Course| {
            // An account's calls that are mostly of one principal are told with that one.
            let most = || course.best.top.first().is_some_and(|top| is_most(top, course.best.total));
            let meets = course.start() < alert.window.end && alert.window.start < course.last().end();
            !course.withdrawn()
                && course.severity().min(course.best.cap) >= alert.severity
                && course.best.stage >= alert.stage
                && meets
                && !(parent.family == Family::Account && most())
        };
        courses.find(tells).map(super::Course::id)
    }
}
