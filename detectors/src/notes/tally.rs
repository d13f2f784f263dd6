//! What a touch adds to the counters of its cell.

use crate::cell::{Cell, Trace};
use crate::measure::Measure;

/// What a touch adds to the counters and the trace of its cell: all that most cells are ever asked for.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    pub(super) weight: u32,
    /// The measures that it counts in, a bit each.
    pub(super) measures: u16,
    /// The minute of the hour.
    pub(super) minute: u8,
    /// [`SHOWS`], [`CARRIES`] and [`LONG`].
    pub(super) bits: u8,
    /// The lanes that its occurrences are in, a bit each.
    pub(super) lanes: u32,
}

/// Marks a tally of a touch that shows habits.
pub(super) const SHOWS: u8 = 0x80;
/// Marks one with occurrences that some detector may speak of in the next hour.
pub(super) const CARRIES: u8 = 0x40;
/// Marks one with an occurrence that windows of more than an hour rest on.
pub(super) const LONG: u8 = 0x20;

impl Tally {
    /// The minute of the hour.
    #[must_use]
    pub fn minute(&self) -> u8 {
        self.minute
    }

    /// Does its touch show habits?
    #[must_use]
    pub fn shows(&self) -> bool {
        self.bits & SHOWS != 0
    }

    /// Is its touch a report of an invocation, which may have measured something?
    #[must_use]
    pub fn reads(&self) -> bool {
        self.measures & Measure::Invocations.bit() != 0
    }

    /// Adds it to the trace of a cell.
    pub fn trace(&self, trace: &mut Trace) {
        let counted = u64::from(self.measures.count_ones()) * u64::from(self.weight);
        trace.counted = trace.counted.saturating_add(counted);
        trace.lanes.mark(self.lanes);
        trace.carries |= self.bits & CARRIES != 0;
        trace.long |= self.bits & LONG != 0;
    }

    /// Adds to the counters of a cell.
    pub fn count(&self, cell: &mut Cell) {
        for (measure, n) in self.counts() {
            cell.count(measure, self.minute(), n);
        }
    }

    /// The measures that it counts in, and by how much.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Measure, u32)> + use<> {
        let (weight, mut left) = (self.weight, self.measures);
        std::iter::from_fn(move || {
            let measure = Measure::ALL.get(left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some((*measure, weight))
        })
    }
}
