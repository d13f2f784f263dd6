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
    /// Those of these events that were met before.
    pub(super) fn met(&self, events: &[Met]) -> HashSet<u64> {
        let known = |met: &&Met| self.hours.get(&met.minute.hour()).is_some_and(|hour| hour.contains(&met.identity));
        events.iter().filter(known).map(|met| met.identity).collect()
    }

    /// Remembers events.
    pub(super) fn remember(&mut self, events: &[Met]) {
        for hour in events.chunk_by(|a, b| a.minute.hour() == b.minute.hour()) {
            let Some(first) = hour.first() else { continue };
            let known = self.hours.entry(first.minute.hour()).or_default();
            known.extend(hour.iter().map(|met| met.identity));
        }
    }

    /// Forgets the hours up to and with `last`.
    pub(super) fn forget(&mut self, last: Hour) {
        self.hours.retain(|hour, _| *hour > last);
    }
}
