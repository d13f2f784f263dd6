//! What is kept one by one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Arrival;
use crate::alert::Example;
use crate::measure::{Keep, Slot};

/// Something that happened at one instant, kept by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The rule or detector that it belongs to.
    pub slot: Slot,
    /// The minute of the hour, 0 to 59.
    pub minute: u8,
    /// Which ones of the minute are kept.
    pub keep: Keep,
    /// The hash of the value: of the API, the user, the request id.
    pub value: u64,
    /// The hash of the event.
    pub event: u64,
    /// The value to show; for an outsider's value, what they chose.
    pub name: Arc<str>,
    /// The event.
    pub example: Arc<Example>,
    /// Whether profiles may learn it.
    pub arrival: Arrival,
}

impl Occurrence {
    pub(super) fn rank(&self) -> (Slot, u8, u64) {
        let rank = match self.keep {
            Keep::Count(_) | Keep::Sum(_) => self.event,
            Keep::Distinct(_) => self.value,
        };
        (self.slot, self.minute, rank)
    }

    /// Takes another one of the same rank.
    pub(super) fn join(&mut self, other: Occurrence) {
        let arrival = self.arrival.min(other.arrival);
        if other.older(self) {
            *self = other;
        }
        // What was known in time stays so, whichever event comes to stand for it.
        self.arrival = arrival;
    }

    /// Of two that say the same, the earlier event; of those, the smaller id. So any order keeps the same one.
    fn older(&self, other: &Occurrence) -> bool {
        (&self.example, self.event) < (&other.example, other.event)
    }
}
