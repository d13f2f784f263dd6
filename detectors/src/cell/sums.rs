//! Events that are counted and not kept one by one, for rules that count more of them than a cell keeps.

use serde::{Deserialize, Serialize};

use crate::measure::Slot;

/// Groups of one slot and minute that are told apart: those with the smallest hashes.
const GROUPS: usize = 32;

/// How many events of a group came in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub(crate) slot: Slot,
    /// The minute of the hour.
    pub(crate) minute: u8,
    /// The hash of the group.
    pub(crate) group: u32,
    pub(crate) n: u32,
}

impl Sum {
    fn place(&self) -> (Slot, u8, u32) {
        (self.slot, self.minute, self.group)
    }
}

/// The sums of a cell, by slot, minute and group. Exact per delivery, like counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sums(Vec<Sum>);

impl Sums {
    /// Adds to a sum. A group that is kept in the end was never left out before, so its sum is whole.
    pub(crate) fn add(&mut self, sum: Sum) {
        match self.0.binary_search_by_key(&sum.place(), Sum::place) {
            Ok(at) => self.0[at].n = self.0[at].n.saturating_add(sum.n),
            Err(at) => {
                self.0.insert(at, sum);
                let of_minute = self.of(sum.slot, sum.minute, sum.minute).len();
                let first = self.0.partition_point(|held| (held.slot, held.minute) < (sum.slot, sum.minute));
                if of_minute > GROUPS {
                    self.0.remove(first + of_minute - 1);
                }
            }
        }
    }

    pub(crate) fn unite(&mut self, other: Sums) {
        other.0.into_iter().for_each(|sum| self.add(sum));
    }

    /// Those of a slot in the minutes `from..=to` of the hour.
    pub(crate) fn of(&self, slot: Slot, from: u8, to: u8) -> &[Sum] {
        let first = self.0.partition_point(|sum| (sum.slot, sum.minute) < (slot, from));
        let end = self.0.partition_point(|sum| (sum.slot, sum.minute) <= (slot, to));
        &self.0[first..end.max(first)]
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
