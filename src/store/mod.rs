//! State: what everyone knows. One port, and the store that keeps it in memory.

use std::fmt;

use chrono::{DateTime, Utc};
use lapwing_detectors::alert::{Alert, AlertId};
use lapwing_detectors::beats::Beats;
use lapwing_detectors::day::{Budget, Day, Digest};
use lapwing_detectors::entity::Entity;
use lapwing_detectors::judge::{Judged, Known, Range};
use lapwing_detectors::observe::Learnt;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::time::{Hour, Minute};

pub mod blocks;
mod days;
mod either;
mod entities;
mod hours;
mod memory;
mod noted;
mod pair;
pub mod table;

pub use days::{Daily, Placed, Way};
pub use either::EitherStore;
pub use entities::Limits;
pub use memory::{MemoryStore, Retention};

/// The format in which state is written, in a table and in a file alike, and the only one that is read. A change of any
/// type that is stored makes a new one.
pub const FORMAT: u8 = 10;

/// The last minute that an event of this one may change: what is new in an hour is known from all of the hour before, and
/// windows that it is part of touch so many hours more, at least one.
fn reached(minute: Minute, hours: i32) -> Minute {
    Hour(minute.hour().0.saturating_add(hours)).last()
}

/// An entity with minutes to judge.
pub type Due = (Known, Range);

/// A store could not answer. Trying again may help: the delivery must come again.
#[derive(Debug)]
pub struct StoreError {
    /// What failed.
    pub what: String,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "state: {}", self.what)
    }
}

impl std::error::Error for StoreError {}

/// Judges minutes of an entity. A store that finds that others have changed what was judged asks again.
pub type Judge<'a> = dyn Fn(&Known, Range) -> Judged + 'a;

/// A finding that was not known before: its detector and severity.
pub type Found = (&'static str, Severity);

/// The minutes with events of an entity that must not be silent, and the complete minutes in which its silences are to be
/// judged.
pub type Heard = (Beats, Range);

/// Where cells, profiles and alerts live, for one instance or for many.
pub trait StateStore {
    /// Adds what a delivery taught, once however often it comes, and returns the entities that it touched, with the
    /// minutes to judge anew: those up to the last complete one as complete, the later ones as not.
    ///
    /// # Errors
    /// When the store cannot be reached or refuses; nothing or all of the delivery may then have been added.
    fn exchange(&mut self, learnt: Learnt) -> impl Future<Output = Result<Vec<Due>, StoreError>>;

    /// The next entities with minutes that have become complete at `now` and wait to be judged; empty when none are
    /// left. Profiles learn the hours that are complete.
    ///
    /// # Errors
    /// When the store cannot be reached or refuses.
    fn due(&mut self, now: DateTime<Utc>) -> impl Future<Output = Result<Vec<Due>, StoreError>>;

    /// Folds what was found into the alerts that everyone knows, and returns what is new in them.
    ///
    /// # Errors
    /// When the store cannot be reached or refuses.
    fn fold(
        &mut self,
        judged: Vec<Judged>,
        judge: &Judge<'_>,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Vec<Found>, StoreError>>;

    /// What was heard of an entity that must not be silent, as of `now`; nothing where this store cannot know, because it
    /// sees a part of the events only.
    ///
    /// # Errors
    /// When the store cannot be reached or refuses.
    fn heard(&mut self, entity: &Entity, now: DateTime<Utc>)
    -> impl Future<Output = Result<Option<Heard>, StoreError>>;

    /// Hands out the changes of alerts that this instance must say. Each is handed out again, here or elsewhere, until
    /// it was said.
    fn unsaid(&mut self, now: DateTime<Utc>) -> Vec<Alert>;

    /// Marks a change as said.
    ///
    /// # Errors
    /// When the store cannot be reached or refuses. The change may then be said again, under the same id.
    fn said(&mut self, alert: &Alert) -> impl Future<Output = Result<(), StoreError>>;

    /// The alert about its cause that tells of this one as well, if there is one.
    ///
    /// # Errors
    /// When the store cannot be reached or refuses.
    fn parent(&mut self, alert: &Alert) -> impl Future<Output = Result<Option<AlertId>, StoreError>>;

    /// Decides how a change of an alert is sent, and notes it: the same for whoever asks again. What goes into a digest
    /// is in it then.
    ///
    /// # Errors
    /// When the store cannot be reached or refuses. Asking again changes nothing that was noted.
    fn place(
        &mut self,
        alert: &Alert,
        budget: Budget,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Placed, StoreError>>;

    /// A digest that is over and was not sent, for this instance to send; it is handed out again, here or elsewhere,
    /// until it was said.
    ///
    /// # Errors
    /// When the store cannot be reached or refuses.
    fn digest(&mut self, now: DateTime<Utc>) -> impl Future<Output = Result<Option<(Day, Digest)>, StoreError>>;

    /// Marks what is said once a day as said.
    ///
    /// # Errors
    /// When the store cannot be reached or refuses. It may then be said again, under the same id.
    fn daily_said(&mut self, daily: Daily, now: DateTime<Utc>) -> impl Future<Output = Result<(), StoreError>>;
}
