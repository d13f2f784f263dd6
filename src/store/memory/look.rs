//! What others may ask of the store in memory.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use lapwing_detectors::day::{Day, Digest};
use lapwing_detectors::entity::Family;
use lapwing_detectors::group::{Book, Change};
use lapwing_detectors::level::Levels;
use lapwing_detectors::time::{Hour, Minute};

use super::{MemoryStore, NEVER};

impl MemoryStore {
    /// The instant at which the minute of the newest event is complete.
    #[must_use]
    pub fn end(&self) -> DateTime<Utc> {
        let longest = self.engine.lateness.lambda.max(self.engine.lateness.cloudtrail);
        self.newest.map_or(NEVER, Minute::of).plus(1 + longest.0 as i32).start()
    }

    /// What the end of all data adds to what was said: every alert as it stands, where nothing was said.
    #[must_use]
    pub fn finish(&self) -> Vec<Change> {
        self.book.news(self.newest.map_or(NEVER, Minute::of))
    }

    /// The alerts so far.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The bytes that the held cells take, reckoned from their number and entries.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.hours.bytes() + self.past_bytes
    }

    /// The oldest hour with cells.
    #[must_use]
    pub fn oldest(&self) -> Option<Hour> {
        self.hours.oldest()
    }

    /// Cells that found no room, by family.
    #[must_use]
    pub fn overflow(&self) -> &BTreeMap<Family, u64> {
        &self.entities.overflow
    }

    /// How surprising findings must be, by day.
    #[must_use]
    pub fn levels(&self) -> &Levels {
        self.levelled.levels()
    }

    /// The digests of all days.
    pub fn digests(&self) -> impl Iterator<Item = (Day, &Digest)> {
        self.days.digests()
    }
}
