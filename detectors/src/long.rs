//! Windows of more than an hour: which hours they reach back to, and what of those they need.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashSet;

use crate::cell::{Cell, Lanes, Occurrence, Trace};
use crate::detector::{Engine, Trigger};
use crate::measure::{Keep, Slot};
use crate::settings::Minutes;
use crate::time::Hour;
use crate::watch::Watch;

/// The minutes that a window of an hour touches: one more than it is long, as it seldom begins with a minute.
pub(crate) const SHORT: Minutes = Minutes(61);

/// The detectors with windows of more than an hour.
#[derive(Debug)]
pub(crate) struct Long {
    slots: HashSet<Slot>,
    reach: Minutes,
}

impl Long {
    pub(crate) fn of(watches: &[Watch]) -> Long {
        let all = watches.iter().map(|watch| &watch.detector);
        let mut long = Long { slots: HashSet::new(), reach: SHORT };
        for detector in all.filter(|detector| detector.reach() > SHORT) {
            long.reach = long.reach.max(detector.reach());
            if let Trigger::Slots(slots) = detector.about().trigger {
                long.slots.extend(slots);
            }
        }
        long
    }
}

impl Engine {
    /// The hours before one that the windows which end in it may touch.
    #[must_use]
    pub fn hours_back(&self) -> i32 {
        self.long.reach.0.saturating_sub(1).div_ceil(60) as i32
    }

    /// The hours after that of a cell in which a window may end that holds anything of it, and as many before it that
    /// windows touch which end in it.
    #[must_use]
    pub fn hours_around(&self, cell: &Cell) -> i32 {
        if self.is_long_lived(cell) { self.hours_back() } else { 1 }
    }

    /// Is it a slot of a detector whose windows are longer than an hour?
    #[must_use]
    pub fn is_long(&self, slot: Slot) -> bool {
        !self.long.slots.is_empty() && self.long.slots.contains(&slot)
    }

    /// Does a cell hold anything that windows of more than an hour rest on? Only then must more hours be looked at.
    #[must_use]
    pub fn is_long_lived(&self, cell: &Cell) -> bool {
        !self.long.slots.is_empty() && cell.slots().any(|slot| self.long.slots.contains(&slot))
    }

    /// What of a cell windows that end hours later need: a few occurrences of each group, whatever happened. They find
    /// in it what they would find in the cell.
    #[must_use]
    pub fn sifted(&self, cell: &Cell) -> Option<Cell> {
        if !self.is_long_lived(cell) {
            return None;
        }
        let mut sifted = Cell::default();
        let long = cell.slots().filter(|slot| self.is_long(*slot));
        let places: BTreeSet<usize> = long.flat_map(|slot| self.index.of_slot(slot)).collect();
        for place in places {
            self.watches[place].detector.sift(cell, &mut sifted);
        }
        Some(sifted)
    }

    /// What the occurrences of sifted cells add to a trace.
    #[must_use]
    pub fn left_by(&self, past: &[(Hour, Arc<Cell>)]) -> Trace {
        let mut seen = HashSet::new();
        let mut lanes = Lanes::default();
        for (_, cell) in past {
            let long = cell.slots().filter(|slot| self.is_long(*slot));
            for slot in long {
                let Some(lane) = self.lane(slot) else { continue };
                // A value that comes again is one value.
                let new = |o: &&Occurrence| matches!(o.keep, Keep::Count(_)) || seen.insert((slot, o.value));
                let held = cell.minutes_of(slot, 0, 59).iter().filter(new).count() as u64 + cell.summed(slot);
                lanes.add(lane, held);
            }
        }
        Trace { lanes, ..Trace::default() }
    }
}
