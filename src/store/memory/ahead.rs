//! Looking ahead: what is asked of the entities of an hour lies all over memory. Who asks for several at once waits for
//! them together.

use std::hint::black_box;

use super::MemoryStore;
use crate::store::pair::{Pair, Present};

/// Entities that are looked at together. Processors wait for about ten places of memory at a time.
const AHEAD: usize = 16;

impl MemoryStore {
    /// Takes a glimpse at what is soon asked of the next entities of an hour, each time that so many were asked.
    pub(super) fn look_ahead(&self, pair: &Pair, all: &[Present], place: usize) {
        if place.is_multiple_of(AHEAD) {
            let next = all.iter().skip(place).take(AHEAD);
            let glimpses = next.map(|present| self.entities.glimpse(present.id) ^ pair.glimpse(*present));
            black_box(glimpses.fold(0, |all, glimpse| all ^ glimpse));
        }
    }
}
