//! Beats: the minutes in which there was a sign of life, and the silences between them.

use std::collections::BTreeMap;

use crate::cell::Cell;
use crate::settings::Minutes;
use crate::time::{Hour, Minute};

/// The minutes with events of one entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beats {
    /// A bit for each minute of an hour.
    hours: BTreeMap<Hour, u64>,
}

/// A silence: from the minute after the last event to the minute before the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last minute with an event.
    pub last: Minute,
    /// The next minute with an event, or the first that is not complete yet.
    pub next: Minute,
}

impl Beats {
    /// Adds the minutes of a cell.
    pub fn add(&mut self, hour: Hour, cell: &Cell) {
        cell.minutes().for_each(|minute| self.beat(hour.minute(minute)));
    }

    /// Adds a minute.
    pub fn beat(&mut self, minute: Minute) {
        *self.hours.entry(minute.hour()).or_default() |= 1 << minute.of_hour();
    }

    /// Forgets the hours before one.
    pub fn forget(&mut self, before: Hour) {
        self.hours = self.hours.split_off(&before);
    }

    /// Each hour with a bit for each of its minutes, oldest first.
    pub fn hours(&self) -> impl Iterator<Item = (Hour, u64)> + '_ {
        self.hours.iter().map(|(hour, bits)| (*hour, *bits))
    }

    /// The silences of at least `least` up to `complete`, the last complete minute. What was before the first event is
    /// not known, and no silence.
    #[must_use]
    pub fn gaps(&self, least: Minutes, complete: Minute) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut last: Option<Minute> = None;
        let all = self.hours.iter().flat_map(|(hour, bits)| {
            (0..60).filter(move |minute| bits >> minute & 1 == 1).map(move |minute| hour.minute(minute))
        });
        for next in all.take_while(|minute| *minute <= complete).chain([complete.plus(1)]) {
            if let Some(last) = last.filter(|last| next.0 - last.0 > least.0 as i32) {
                gaps.push(Gap { last, next });
            }
            last = Some(next);
        }
        gaps
    }
}

impl FromIterator<(Hour, u64)> for Beats {
    fn from_iter<I: IntoIterator<Item = (Hour, u64)>>(hours: I) -> Beats {
        Beats { hours: hours.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silences_lie_between_events_and_after_the_last() {
        let mut beats = Beats::default();
        for minute in [0, 10, 75, 76, 200] {
            beats.beat(Minute(minute));
        }
        let gap = |last, next| Gap { last: Minute(last), next: Minute(next) };
        for (least, complete, wanted) in [
            (30, 200, vec![gap(10, 75), gap(76, 200)]),
            (65, 200, vec![gap(76, 200)]),
            (64, 200, vec![gap(10, 75), gap(76, 200)]),
            (30, 229, vec![gap(10, 75), gap(76, 200)]),
            (30, 230, vec![gap(10, 75), gap(76, 200), gap(200, 231)]),
            (30, 100, vec![gap(10, 75)]),
        ] {
            assert_eq!(beats.gaps(Minutes(least), Minute(complete)), wanted, "{least} until {complete}");
        }
        assert_eq!(Beats::default().gaps(Minutes(1), Minute(1_000)), [], "what was never heard is not silent");
    }
}
