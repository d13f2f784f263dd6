//! The cells that are held, hour by hour: an hour is judged, taught to profiles and dropped as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use lapwing_detectors::cell::{Arrival, Cell, Trace};
use lapwing_detectors::time::{Hour, Minute};

/// Bytes that a held cell and an entry in it take: what memory is reckoned by. On a generated fortnight the process
/// then stays within twice what is reckoned.
const CELL_BYTES: usize = 600;
const ENTRY_BYTES: usize = 150;

/// The number of an entity.
pub(super) type Id = u32;

/// The cells of one hour.
#[derive(Default)]
pub(super) struct HourCells {
    places: HashMap<Id, u32>,
    cells: Vec<(Id, Cell)>,
    /// The trace of each cell, close together: a first look at an hour need not touch its cells.
    traces: Vec<Trace>,
    entries: usize,
}

impl HourCells {
    pub(super) fn get(&self, id: Id) -> Option<&Cell> {
        self.places.get(&id).map(|place| &self.cells[*place as usize].1)
    }

    /// A cell with its trace.
    pub(super) fn traced(&self, id: Id) -> Option<(&Cell, Trace)> {
        let place = *self.places.get(&id)? as usize;
        Some((&self.cells[place].1, self.traces[place]))
    }

    /// All cells with their traces.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Id, &Cell, Trace)> {
        self.cells.iter().zip(&self.traces).map(|((id, cell), trace)| (*id, cell, *trace))
    }

    fn merge(&mut self, id: Id, mut cell: Cell, arrival: impl Fn(u8) -> Arrival) {
        if let Some(place) = self.places.get(&id) {
            let held = &mut self.cells[*place as usize].1;
            self.entries -= held.entries();
            held.merge(cell, arrival);
            self.traces[*place as usize] = held.trace();
            self.entries += held.entries();
            return;
        }
        if cell.minutes().any(|minute| arrival(minute) == Arrival::Late) {
            cell.mark(arrival);
        }
        self.entries += cell.entries();
        self.places.insert(id, self.cells.len() as u32);
        self.traces.push(cell.trace());
        self.cells.push((id, cell));
    }
}

/// All cells that are held.
#[derive(Default)]
pub(super) struct Hours {
    hours: BTreeMap<Hour, HourCells>,
    cells: usize,
    entries: usize,
}

impl Hours {
    /// The bytes that they take, reckoned from numbers and never measured: so threads and machines decide alike.
    pub(super) fn bytes(&self) -> usize {
        self.cells * CELL_BYTES + self.entries * ENTRY_BYTES
    }

    pub(super) fn oldest(&self) -> Option<Hour> {
        self.hours.first_key_value().map(|(hour, _)| *hour)
    }

    pub(super) fn get(&self, hour: Hour) -> Option<&HourCells> {
        self.hours.get(&hour)
    }

    /// The first hour with cells from `from` to `to`.
    pub(super) fn next(&self, from: Hour, to: Hour) -> Option<Hour> {
        self.hours.range(from..).next().map(|(hour, _)| *hour).filter(|hour| *hour <= to)
    }

    /// Adds a cell. What happened up to `closed` came late.
    pub(super) fn merge(&mut self, id: Id, (hour, cell): (Hour, Cell), closed: Minute) {
        let late = |minute: u8| if hour.minute(minute) <= closed { Arrival::Late } else { Arrival::OnTime };
        let held = self.hours.entry(hour).or_default();
        self.cells -= held.cells.len();
        self.entries -= held.entries;
        if hour.first() <= closed {
            held.merge(id, cell, late);
        } else {
            held.merge(id, cell, |_| Arrival::OnTime);
        }
        self.cells += held.cells.len();
        self.entries += held.entries;
    }

    /// Copies of an entity's cells, from the hour before `from` to `to`.
    pub(super) fn copies(&self, id: Id, from: Hour, to: Hour) -> Vec<(Hour, Arc<Cell>)> {
        let hours = self.hours.range(from.before()..=to.max(from));
        hours.filter_map(|(hour, cells)| Some((*hour, Arc::new(cells.get(id)?.clone())))).collect()
    }

    /// Drops the hours up to and with `last`.
    pub(super) fn drop_until(&mut self, last: Hour) {
        while let Some(entry) = self.hours.first_entry().filter(|entry| *entry.key() <= last) {
            let held = entry.remove();
            self.cells -= held.cells.len();
            self.entries -= held.entries;
        }
    }
}
