//! A cell as the table holds it: with the deliveries that it was made of, so that each is added once.

use std::sync::Arc;

use lapwing_detectors::cell::{Arrival, Cell};
use serde::{Deserialize, Serialize};

use super::keys::Bucket;

/// Parts that the cell of a hot entity is cut into at least, by delivery.
const HOT: u8 = 16;
/// The most parts that a cell is cut into.
const MOST: u8 = 64;
/// Writers that overtake each other this often cut the cell.
const CONFLICTS: u32 = 4;
/// A cell that packs to so many bytes is cut: each write of it would soon take more than one write unit.
const FULL: usize = 700;
/// Bytes that a part is to hold when its hour is over.
const PART: usize = 800;

/// A part of a cell, as stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct CellItem {
    /// The short ids of the deliveries in it, in rising order.
    deliveries: Vec<u64>,
    /// How many parts the cell has: 0 or 1 for one. Only the first part says so.
    parts: u8,
    /// The last bucket in which a look at this cell was asked for by who wrote this part.
    pub(super) asked: Option<Bucket>,
    /// Did who wrote this part ask for a look when everything that the cell can be part of is over?
    pub(super) closing: bool,
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
        if self.is_cut() { 1 + (delivery % u64::from(self.parts)) as u8 } else { 0 }
    }

    /// Is the cell cut into parts?
    pub(super) fn is_cut(&self) -> bool {
        self.parts > 1
    }

    /// Cuts the cell where writers got into each other's way, or where it is large: into as many parts as will be small
    /// when the hour is over, if that goes on as it began. What is in the first part stays there, and nothing is added to
    /// it: whoever adds to another one has seen that the delivery is not in the first.
    pub(super) fn cut(self, conflicts: u32, bytes: usize) -> CellItem {
        if self.is_cut() || conflicts < CONFLICTS && bytes < FULL {
            return self;
        }
        let minutes = self.cell.minutes().max().map_or(60, |last| usize::from(last) + 1);
        let wanted = (bytes * 60 / minutes).div_ceil(PART).clamp(2, usize::from(MOST)) as u8;
        let least = if conflicts >= CONFLICTS { HOT } else { 2 };
        CellItem { parts: wanted.max(least), ..self }
    }
}

#[cfg(test)]
mod tests {
    use lapwing_detectors::measure::Measure;

    use super::*;

    /// Into how many parts a cell is cut whose events fill the first minutes of its hour.
    fn check((minutes, conflicts, bytes): (u8, u32, usize), parts: u8) {
        let mut cell = Cell::default();
        cell.count(Measure::Calls, minutes - 1, 1);
        let item = CellItem { cell: Arc::new(cell), ..CellItem::default() }.cut(conflicts, bytes);
        assert_eq!(item.parts, parts, "{minutes} minutes, {conflicts} conflicts, {bytes} bytes");
        let of: Vec<u8> = (0..1_000).map(|delivery| item.part_of(delivery)).collect();
        let (least, most) = if parts == 0 { (0, 0) } else { (1, parts) };
        assert_eq!((of.iter().min(), of.iter().max()), (Some(&least), Some(&most)));
    }

    #[test]
    fn a_cell_is_cut_for_what_is_to_come() {
        check((10, 0, 500), 0);
        check((1, 3, 699), 0);
        check((60, 0, 700), 2);
        check((20, 0, 700), 3);
        check((10, 0, 800), 6);
        check((1, 0, 900), 64);
        check((60, 4, 100), 16);
        check((10, 4, 4_000), 30);
    }

    #[test]
    fn a_cell_is_cut_once() {
        let cut = CellItem { parts: 3, ..CellItem::default() };
        assert_eq!(cut.cut(9, 100_000).parts, 3);
    }
}
