//! A cell as the table holds it: with the deliveries that it was made of, so that each is added once.

use std::sync::Arc;

use lapwing_detectors::cell::{Arrival, Cell};
use serde::{Deserialize, Serialize};

/// Parts that the cell of a hot entity is cut into, by delivery.
const PARTS: u8 = 16;
/// Writers that overtake each other this often cut the cell.
const CONFLICTS: u32 = 4;
/// A part that packs to more bytes than this is cut: an item holds 400 KB.
const LARGE: usize = 100 << 10;

/// A part of a cell, as stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct CellItem {
    /// The short ids of the deliveries in it, in rising order.
    deliveries: Vec<u64>,
    /// How many parts the cell has: 0 or 1 for one. Only the first part says so.
    parts: u8,
    /// What they taught.
    pub(super) cell: Arc<Cell>,
}

impl CellItem {
    /// Was the delivery added to this part?
    pub(super) fn has(&self, delivery: u64) -> bool {
        self.deliveries.binary_search(&delivery).is_ok()
    }

    /// Adds what a delivery taught.
    pub(super) fn with(mut self, delivery: u64, taught: &Cell, arrival: impl Fn(u8) -> Arrival) -> CellItem {
        if let Err(place) = self.deliveries.binary_search(&delivery) {
            self.deliveries.insert(place, delivery);
            Arc::make_mut(&mut self.cell).merge(taught.clone(), arrival);
        }
        self
    }

    /// The part of the cell that a delivery belongs to, as the first part says.
    pub(super) fn part_of(&self, delivery: u64) -> u8 {
        (delivery % u64::from(self.parts.max(1))) as u8
    }

    /// Is the cell cut into parts?
    pub(super) fn is_cut(&self) -> bool {
        self.parts > 1
    }

    /// Cuts the cell where writers got into each other's way, or where it is large. What is in the first part stays
    /// there: whoever adds to another one has seen that the delivery is not in the first.
    pub(super) fn cut(self, conflicts: u32, bytes: usize) -> CellItem {
        let cut = conflicts >= CONFLICTS || bytes > LARGE;
        CellItem { parts: if cut { PARTS } else { self.parts }, ..self }
    }
}
