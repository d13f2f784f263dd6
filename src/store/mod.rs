//! State: what everyone knows. One port, and the store that keeps it in memory.

use std::fmt;

use chrono::{DateTime, Utc};
use lapwing_detectors::judge::{Known, Range};
use lapwing_detectors::observe::Learnt;

mod entities;
mod hours;
mod memory;
mod noted;
mod pair;

pub use entities::Limits;
pub use memory::{MemoryStore, Retention};

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

/// Where cells and profiles live, for one instance or for many.
pub trait StateStore {
    /// Adds what a delivery taught, once however often it comes, and returns the entities that it touched, with the
    /// minutes to judge anew: those up to the last complete one as complete, the later ones as not.
    ///
    /// # Errors
    /// When the store cannot be reached or refuses; nothing or all of the delivery may then have been added.
    fn exchange(&mut self, learnt: Learnt) -> impl Future<Output = Result<Vec<Due>, StoreError>>;

    /// The next entities with minutes that have become complete at `now` and were not judged since; empty when none are
    /// left. Profiles learn the hours that are complete.
    ///
    /// # Errors
    /// When the store cannot be reached or refuses.
    fn due(&mut self, now: DateTime<Utc>) -> impl Future<Output = Result<Vec<Due>, StoreError>>;
}
