//! Events that were met before in this replay, in whichever file.

use hashbrown::{HashMap, HashSet};
use lapwing_detectors::observe::Met;
use lapwing_detectors::time::Hour;

/// The identities of the events so far, by the hour that they happened in, so that past hours can be forgotten.
#[derive(Debug, Default)]
pub(super) struct Book {
    hours: HashMap<Hour, HashSet<u64>>,
}

impl Book {
    /// Remembers these events, and returns those that were met before.
    pub(super) fn meet(&mut self, events: &[Met]) -> HashSet<u64> {
        let mut before = HashSet::new();
        for hour in events.chunk_by(|a, b| a.minute.hour() == b.minute.hour()) {
            let Some(first) = hour.first() else { continue };
            let known = self.hours.entry(first.minute.hour()).or_default();
            before.extend(hour.iter().map(|met| met.identity).filter(|identity| !known.insert(*identity)));
        }
        before
    }

    /// Forgets the hours up to and with `last`.
    pub(super) fn forget(&mut self, last: Hour) {
        self.hours.retain(|hour, _| *hour > last);
    }
}
