//! Cells: an entity's state for one hour of event time. Cells commute: merging them in any order gives the same cell.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::alert::Example;
use crate::catalog::FAILED;
use crate::habit::Habits;
use crate::measure::{Measure, Slot};
use crate::meter::{Reading, Track, last_of};

mod examples;
mod in_time;
mod occurrence;
mod readings;
mod sums;
mod trace;
mod unite;

pub use occurrence::Occurrence;
pub(crate) use sums::Sum;
use sums::Sums;
pub use trace::{LANES, Lanes, Trace};

/// Contributors kept in a cell: those with the smallest hashes, so that any order keeps the same ones.
const CONTRIBUTORS: usize = 256;

/// Readings that take as much room as one entry of another kind.
const SMALLER: usize = 8;

/// Did the data of a minute come within the lateness of its source?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Arrival {
    /// Profiles learn it.
    OnTime,
    /// Judging reads it, profiles do not learn it.
    Late,
}

/// An entity's state for one hour: the measures of all detectors about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    // Most cells hold one or two of each: room for them in place spares most allocations.
    counters: SmallVec<[Counter; 2]>,
    occurrences: Vec<Occurrence>,
    contributors: SmallVec<[Contributor; 2]>,
    examples: SmallVec<[(Measure, Arc<Example>); 2]>,
    pub(crate) habits: Habits,
    /// By meter, block and step.
    readings: Vec<Reading>,
    /// By stream.
    tracks: Vec<Track>,
    pub(crate) sums: Sums,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Counter {
    measure: Measure,
    minute: u8,
    on_time: u32,
    late: u32,
}

impl Counter {
    fn place(&self) -> (Measure, u8) {
        (self.measure, self.minute)
    }

    fn join(&mut self, other: Counter) {
        self.on_time = self.on_time.saturating_add(other.on_time);
        self.late = self.late.saturating_add(other.late);
    }
}

/// What came in time in one minute of one measure; several of the same minute add up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnTime {
    pub(crate) measure: Measure,
    pub(crate) minute: u8,
    pub(crate) n: u32,
}

/// What a contributor added to a cell: an API for a principal, a principal for an API, an error type for a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contributor {
    pub(crate) hash: u64,
    /// Its name.
    pub name: Arc<str>,
    /// Events in the hour.
    pub count: u64,
    /// How many of them were refused.
    pub denied: u64,
    /// The minutes of the hour in which one succeeded, a bit for each.
    pub successes: u64,
}

/// What an event adds to a contributor, whose name is known by its hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) hash: u64,
    pub(crate) count: u64,
    pub(crate) denied: u64,
    pub(crate) successes: u64,
}

impl Cell {
    /// Adds `n` to a counter.
    pub fn count(&mut self, measure: Measure, minute: u8, n: u32) {
        self.add(Counter { measure, minute, on_time: n, late: 0 });
    }

    fn add(&mut self, counter: Counter) {
        let place = counter.place();
        // Logs come nearly in order: the last counter is most often the one.
        if let Some(last) = self.counters.last_mut().filter(|last| last.place() == place) {
            last.join(counter);
            return;
        }
        match self.counters.binary_search_by_key(&place, Counter::place) {
            Ok(at) => self.counters[at].join(counter),
            Err(at) => self.counters.insert(at, counter),
        }
    }

    /// Adds an occurrence. Each (slot, minute) keeps as many as its policy says, the same ones in any order.
    pub fn occur(&mut self, occurrence: Occurrence) {
        let (slot, minute, limit) = (occurrence.slot, occurrence.minute, occurrence.keep.limit());
        match self.occurrences.binary_search_by_key(&occurrence.rank(), Occurrence::rank) {
            Ok(at) => self.occurrences[at].join(occurrence),
            Err(at) => {
                self.occurrences.insert(at, occurrence);
                let first = self.occurrences.partition_point(|o| (o.slot, o.minute) < (slot, minute));
                let end = self.occurrences.partition_point(|o| (o.slot, o.minute) <= (slot, minute));
                if end - first > limit {
                    self.occurrences.remove(end - 1);
                }
            }
        }
    }

    /// Adds to a contributor. The 256 with the smallest hashes are kept, with exact counts.
    pub fn contribute(&mut self, contributor: Contributor) {
        let Contributor { hash, name, count, denied, successes } = contributor;
        self.contribute_part(Part { hash, count, denied, successes }, || name);
    }

    /// The same, with a name that is only asked for when the contributor is new to the cell.
    pub(crate) fn contribute_part(&mut self, part: Part, name: impl FnOnce() -> Arc<str>) {
        match self.contributors.binary_search_by_key(&part.hash, |c| c.hash) {
            Ok(at) => {
                let held = &mut self.contributors[at];
                held.count = held.count.saturating_add(part.count);
                held.denied = held.denied.saturating_add(part.denied);
                held.successes |= part.successes;
            }
            Err(at) if at < CONTRIBUTORS => {
                let Part { hash, count, denied, successes } = part;
                self.contributors.insert(at, Contributor { hash, name: name(), count, denied, successes });
                self.contributors.truncate(CONTRIBUTORS);
            }
            Err(_) => {}
        }
    }

    /// Marks what came late, of a cell that nobody has merged yet.
    pub fn mark(&mut self, arrival: impl Fn(u8) -> Arrival) {
        for counter in &mut self.counters {
            *counter = counter.arriving(arrival(counter.minute));
        }
        for occurrence in &mut self.occurrences {
            occurrence.arrival = arrival(occurrence.minute);
        }
        for reading in &mut self.readings {
            *reading = reading.arriving(arrival(last_of(reading.block)));
        }
        self.habits.mark(arrival);
    }

    /// What it leaves behind for a first look at the next hour.
    #[must_use]
    pub fn trace(&self) -> Trace {
        let counted = self.counters.iter().map(|c| u64::from(c.on_time) + u64::from(c.late)).sum();
        // Which detectors ask for how many of them is not known here: one is enough.
        let carries = !self.occurrences.is_empty();
        let mut lanes = Lanes::default();
        lanes.add(Lanes::FIRST, u64::from(carries));
        Trace { counted, lanes, carries, long: carries }
    }

    /// Empties it, to be filled again.
    pub fn clear(&mut self) {
        self.counters.clear();
        self.occurrences.clear();
        self.contributors.clear();
        self.examples.clear();
        self.habits.clear();
        self.readings.clear();
        self.tracks.clear();
        self.sums.clear();
    }

    /// How many entries it holds, of any kind: what memory is reckoned by.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.counters.len()
            + self.occurrences.len()
            + self.contributors.len()
            + self.examples.len()
            + self.habits.all().len()
            + (self.readings.len() + self.tracks.len()).div_ceil(SMALLER)
            + self.sums.len()
    }

    /// The sum of a measure over the minutes `from..=to` of the hour, on time and late.
    #[must_use]
    pub fn sum(&self, measure: Measure, from: u8, to: u8) -> u64 {
        if measure == Measure::Failures {
            return self.minutes_of(FAILED, from, to).len() as u64;
        }
        self.counters_of(measure, from, to).map(|c| u64::from(c.on_time) + u64::from(c.late)).sum()
    }

    /// The value of each measure in each minute of the hour that has any, by measure and minute, as far as it came in
    /// time: what profiles learn.
    pub(crate) fn on_time(&self) -> SmallVec<[OnTime; 4]> {
        let counted = self.counters.iter().filter(|c| c.on_time > 0);
        let mut all: SmallVec<[OnTime; 4]> =
            counted.map(|c| OnTime { measure: c.measure, minute: c.minute, n: c.on_time }).collect();
        let failed = self.minutes_of(FAILED, 0, 59).iter().filter(|o| o.arrival == Arrival::OnTime);
        all.extend(failed.map(|o| OnTime { measure: Measure::Failures, minute: o.minute, n: 1 }));
        all
    }

    /// The same of a cell that holds one counter and nothing else to learn: most of them.
    pub(crate) fn only(&self) -> Option<OnTime> {
        match self.counters.as_slice() {
            [c] if c.on_time > 0 && self.occurrences.is_empty() => {
                Some(OnTime { measure: c.measure, minute: c.minute, n: c.on_time })
            }
            _ => None,
        }
    }

    /// What came in time of one measure in the minutes `from..=to` of the hour.
    pub(crate) fn on_time_of(&self, measure: Measure, from: u8, to: u8) -> impl Iterator<Item = OnTime> + '_ {
        let counted = self.counters_of(measure, from, to).filter(|c| c.on_time > 0);
        let counted = counted.map(|c| OnTime { measure: c.measure, minute: c.minute, n: c.on_time });
        let failed = if measure == Measure::Failures { self.minutes_of(FAILED, from, to) } else { &[] };
        let failed = failed.iter().filter(|o| o.arrival == Arrival::OnTime);
        counted.chain(failed.map(|o| OnTime { measure: Measure::Failures, minute: o.minute, n: 1 }))
    }

    /// The minutes of the hour with anything in a measure.
    pub fn active(&self, measure: Measure) -> impl DoubleEndedIterator<Item = u8> + '_ {
        self.counters_of(measure, 0, 59).map(|c| c.minute)
    }

    /// The count of each minute of the hour that has any in a measure, on time and late.
    pub fn counts(&self, measure: Measure) -> impl Iterator<Item = (u8, u64)> + '_ {
        self.counters_of(measure, 0, 59).map(|c| (c.minute, u64::from(c.on_time) + u64::from(c.late)))
    }

    /// The minutes of the hour with anything in a slot.
    pub fn active_in(&self, slot: Slot) -> impl Iterator<Item = u8> + '_ {
        self.minutes_of(slot, 0, 59).iter().map(|o| o.minute)
    }

    /// The slots with anything in them, each once.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.occurrences.chunk_by(|a, b| a.slot == b.slot).filter_map(|of_slot| of_slot.first().map(|o| o.slot))
    }

    /// The occurrences of a slot in the minutes `from..=to` of the hour, by minute and rank.
    #[must_use]
    pub fn minutes_of(&self, slot: Slot, from: u8, to: u8) -> &[Occurrence] {
        let first = self.occurrences.partition_point(|o| (o.slot, o.minute) < (slot, from));
        let end = self.occurrences.partition_point(|o| (o.slot, o.minute) <= (slot, to));
        &self.occurrences[first..end.max(first)]
    }

    /// How many events were counted for a slot and not kept.
    pub(crate) fn summed(&self, slot: Slot) -> u64 {
        self.sums.of(slot, 0, 59).iter().map(|sum| u64::from(sum.n)).sum()
    }

    /// What contributed, by hash of its name.
    #[must_use]
    pub fn contributors(&self) -> &[Contributor] {
        &self.contributors
    }

    /// What was shown in the hour.
    #[must_use]
    pub fn habits(&self) -> &Habits {
        &self.habits
    }

    /// Does it hold nothing but habits? Adding those twice changes nothing.
    #[must_use]
    pub fn shows_only(&self) -> bool {
        self.entries() == self.habits.all().len()
    }

    /// The minutes that anything was counted, shown or occurred in, each possibly more than once.
    pub fn minutes(&self) -> impl Iterator<Item = u8> + '_ {
        let shown = self.habits.all().iter().map(|habit| habit.first);
        self.counters.iter().map(|c| c.minute).chain(self.occurrences.iter().map(|o| o.minute)).chain(shown)
    }

    fn counters_of(&self, measure: Measure, from: u8, to: u8) -> std::slice::Iter<'_, Counter> {
        let first = self.counters.partition_point(|c| c.place() < (measure, from));
        let held = self.counters[first..].iter().take_while(|c| c.place() <= (measure, to)).count();
        self.counters[first..first + held].iter()
    }
}

impl Counter {
    fn arriving(mut self, arrival: Arrival) -> Counter {
        if arrival == Arrival::Late {
            self.late = self.late.saturating_add(self.on_time);
            self.on_time = 0;
        }
        self
    }
}
