//! What is noted of occurrences.

use hashbrown::HashMap;

use super::{Notes, Occurred, Outcome, Shown};
use crate::hash::hash_one;
use crate::measure::{Keep, Slot};
use crate::observe::{Observed, Value};
use crate::time::Minute;

/// The note of the earliest event so far, by entity, slot, minute and value, where one event of each is kept.
pub(super) type Earliest = HashMap<(u32, Slot, Minute, u64), u32>;

impl Notes {
    /// Notes an occurrence, for the touch that comes next; says whether the cell may keep it.
    pub(super) fn occur(
        &mut self,
        (entity, minute): (u32, Minute),
        place: u32,
        observed: &Observed<'_>,
        earliest: &mut Earliest,
    ) -> bool {
        let note = &self.base.notes[place as usize];
        let value = match &observed.value {
            Value::Api if note.outcome == Outcome::Line => 0,
            Value::Api => note.what,
            Value::Text(text) => hash_one(text),
            Value::Marked(hash, _) => *hash,
        };
        // Of two events in one minute with one value, a cell keeps the older.
        if matches!(observed.keep, Keep::Distinct(_)) {
            let first = earliest.entry((entity, observed.slot, minute, value)).or_insert(place);
            if self.base.notes[*first as usize].time < note.time {
                return false;
            }
            *first = place;
        }
        let note = &self.base.notes[place as usize];
        let name = match &observed.value {
            Value::Api if note.outcome == Outcome::Line => (0, 0),
            Value::Api => note.own(Shown::What),
            Value::Text(text) => self.named_value(text),
            Value::Marked(_, text) => self.named_value(text),
        };
        self.occurred.push(Occurred { slot: observed.slot, keep: observed.keep, value, name });
        true
    }
}
