//! What is held of the past, hour by hour: an hour is judged, taught to profiles and dropped as a whole. An hour holds
//! cells, or notes that no cells were made of yet.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashMap;
use lapwing_detectors::cell::{Arrival, Cell, Trace};
use lapwing_detectors::fold::Folder;
use lapwing_detectors::notes::Notes;
use lapwing_detectors::time::{Hour, Minute};

use super::noted::NotedHour;
use super::pair::Pair;

/// Bytes that a held cell and an entry in it take: what memory is reckoned by. On a generated fortnight the process
/// then stays within twice what is reckoned.
pub(super) const CELL_BYTES: usize = 600;
pub(super) const ENTRY_BYTES: usize = 150;
/// How many times their bytes notes take: with the order of their touches, and what the allocator keeps back.
const NOTED_FACTOR: usize = 2;
/// Bytes reckoned for notes before cells are made of them, which are smaller where much happened to few entities.
const NOTED_BYTES: usize = 64 << 20;

/// Hours of event time of a part of notes: a part is dropped when the last of them is judged.
const PART: i32 = 2;

/// The number of an entity.
pub(super) type Id = u32;

/// What is held of one hour.
#[derive(Default)]
pub(super) struct HeldHour {
    places: HashMap<Id, u32>,
    cells: Vec<(Id, Arc<Cell>)>,
    /// The trace of each cell, close together: a first look at an hour need not touch its cells.
    traces: Vec<Trace>,
    entries: usize,
    noted: NotedHour,
}

impl HeldHour {
    fn merged_place(&self, id: Id) -> Option<usize> {
        self.places.get(&id).map(|place| *place as usize)
    }

    /// The place of an entity in an hour that was taken out to be looked at.
    pub(super) fn place(&self, id: Id) -> Option<usize> {
        if self.noted.is_empty() { self.merged_place(id) } else { self.noted.place(id) }
    }

    /// The trace of the entity at that place.
    pub(super) fn trace(&self, place: usize) -> Trace {
        if self.noted.is_empty() { self.traces[place] } else { self.noted.trace(place) }
    }

    /// Something of what is soon asked of the entity at that place.
    pub(super) fn glimpse(&self, place: usize) -> u32 {
        if self.noted.is_empty() { 0 } else { self.noted.glimpse(place) }
    }

    /// All entities with something in the hour, in the order of their places, with the traces that they leave.
    pub(super) fn traces(&self) -> impl Iterator<Item = (Id, Trace)> {
        let cells = self.cells.iter().zip(&self.traces).map(|((id, _), trace)| (*id, *trace));
        cells.chain(self.noted.traces())
    }

    /// The cell of an entity.
    pub(super) fn cell(&mut self, id: Id, folder: &mut Folder) -> Option<Arc<Cell>> {
        self.noted.cell(id, folder).or_else(|| self.merged(id).map(Arc::clone))
    }

    /// The cell of an entity, where it needs not be made of notes.
    pub(super) fn merged(&self, id: Id) -> Option<&Arc<Cell>> {
        self.merged_place(id).map(|place| &self.cells[place].1)
    }

    /// The cell of the entity at that place, or, gathered in `room`, the counters of one that is not made yet.
    pub(super) fn counters<'a>(&'a self, place: usize, room: &'a mut Cell) -> &'a Cell {
        if self.noted.is_empty() {
            return &self.cells[place].1;
        }
        self.noted.counters(place, room);
        room
    }

    fn merge(&mut self, id: Id, mut cell: Cell, arrival: impl Fn(u8) -> Arrival) {
        if let Some(place) = self.merged_place(id) {
            let held = Arc::make_mut(&mut self.cells[place].1);
            self.entries -= held.entries();
            held.merge(cell, arrival);
            self.traces[place] = held.trace();
            self.entries += held.entries();
            return;
        }
        if cell.minutes().any(|minute| arrival(minute) == Arrival::Late) {
            cell.mark(arrival);
        }
        self.entries += cell.entries();
        self.places.insert(id, self.cells.len() as u32);
        self.traces.push(cell.trace());
        self.cells.push((id, Arc::new(cell)));
    }

    /// Makes cells of its notes.
    fn fold(&mut self, folder: &mut Folder) {
        let mut noted = std::mem::take(&mut self.noted);
        noted.sort();
        let ids: Vec<Id> = noted.traces().map(|(id, _)| id).collect();
        for id in ids {
            if let Some(cell) = noted.cell(id, folder) {
                self.merge(id, Arc::unwrap_or_clone(cell), |_| Arrival::OnTime);
            }
        }
    }

    /// Makes it fit to be looked at: sorted notes, or cells, but not both.
    fn ready(&mut self, folder: &mut Folder) {
        if self.cells.is_empty() || self.noted.is_empty() {
            self.noted.sort();
        } else {
            self.fold(folder);
        }
    }

    fn is_empty(&self) -> bool {
        self.cells.is_empty() && self.noted.is_empty()
    }

    fn bytes(&self) -> usize {
        self.cells.len() * CELL_BYTES + self.entries * ENTRY_BYTES + self.noted.bytes
    }
}

/// All hours that are held.
#[derive(Default)]
pub(super) struct Hours {
    hours: BTreeMap<Hour, HeldHour>,
    bytes: usize,
    noted: usize,
}

impl Hours {
    /// The bytes that they take, reckoned from numbers and never measured: so threads and machines decide alike.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn oldest(&self) -> Option<Hour> {
        self.hours.first_key_value().map(|(hour, _)| *hour)
    }

    pub(super) fn get(&self, hour: Hour) -> Option<&HeldHour> {
        self.hours.get(&hour)
    }

    /// The cells of each hour; of notes none are made.
    pub(super) fn cells(&self) -> impl Iterator<Item = (Hour, &[(Id, Arc<Cell>)])> {
        self.hours.iter().map(|(hour, held)| (*hour, held.cells.as_slice()))
    }

    /// The first hour with anything in it from `from` to `to`.
    pub(super) fn next(&self, from: Hour, to: Hour) -> Option<Hour> {
        self.hours.range(from..).next().map(|(hour, _)| *hour).filter(|hour| *hour <= to)
    }

    /// Adds notes, of which `ids` says the numbers of the entities; those without one find no room.
    pub(super) fn note(&mut self, notes: Notes, ids: &[Option<Id>], folder: &mut Folder) {
        let notes = notes.nameless();
        let shared = notes.shared_bytes();
        let mut newest = None;
        for part in notes.into_parts(PART) {
            newest = newest.max(self.note_part(part, ids));
        }
        // The last of its hours that is judged sets a delivery free.
        if let Some(newest) = newest {
            self.reckon(newest, shared);
        }
        if self.noted > NOTED_BYTES {
            self.fold(folder);
        }
    }

    /// Adds a part of notes; says which is the last of its hours.
    fn note_part(&mut self, part: Notes, ids: &[Option<Id>]) -> Option<Hour> {
        let notes = Arc::new(part);
        let (mut newest, mut place) = (None, 0);
        for touches in notes.touches().chunk_by(|a, b| a.minute.hour() == b.minute.hour()) {
            let hour = touches[0].minute.hour();
            let noted = &mut self.hours.entry(hour).or_default().noted;
            noted.begin(&notes);
            for touch in touches {
                if let Some(id) = ids[touch.entity as usize] {
                    noted.push(id, (place, touch));
                }
                place += 1;
            }
            newest = newest.max(Some(hour));
        }
        if let Some(newest) = newest {
            self.reckon(newest, notes.bytes() - notes.shared_bytes());
        }
        newest
    }

    /// Reckons bytes of notes that are held until that hour was judged.
    fn reckon(&mut self, until: Hour, bytes: usize) {
        let bytes = bytes * NOTED_FACTOR;
        if let Some(held) = self.hours.get_mut(&until) {
            held.noted.bytes += bytes;
            self.bytes += bytes;
            self.noted += bytes;
        }
    }

    /// Makes cells of all notes.
    pub(super) fn fold(&mut self, folder: &mut Folder) {
        if self.noted == 0 {
            return;
        }
        for held in self.hours.values_mut() {
            held.fold(folder);
        }
        self.noted = 0;
        self.bytes = self.hours.values().map(HeldHour::bytes).sum();
    }

    /// Takes an hour out to be looked at, with the one before.
    pub(super) fn take(&mut self, hour: Hour, folder: &mut Folder) -> Option<Pair> {
        let here = self.take_one(hour, folder)?;
        let before = self.take_one(hour.before(), folder).unwrap_or_default();
        Some(Pair::new(hour, here, before))
    }

    fn take_one(&mut self, hour: Hour, folder: &mut Folder) -> Option<HeldHour> {
        let mut held = self.hours.remove(&hour)?;
        self.forget(&held);
        held.ready(folder);
        Some(held)
    }

    /// Puts them back.
    pub(super) fn put(&mut self, pair: Pair) {
        for (hour, held) in [(pair.hour, pair.here), (pair.hour.before(), pair.before)] {
            if !held.is_empty() {
                self.bytes += held.bytes();
                self.noted += held.noted.bytes;
                self.hours.insert(hour, held);
            }
        }
    }

    fn forget(&mut self, held: &HeldHour) {
        self.bytes -= held.bytes();
        self.noted -= held.noted.bytes;
    }

    /// Adds a cell. What happened up to `closed` came late.
    pub(super) fn merge(&mut self, id: Id, (hour, cell): (Hour, Cell), closed: Minute) {
        let late = |minute: u8| if hour.minute(minute) <= closed { Arrival::Late } else { Arrival::OnTime };
        let held = self.hours.entry(hour).or_default();
        self.bytes -= held.bytes();
        if hour.first() <= closed {
            held.merge(id, cell, late);
        } else {
            held.merge(id, cell, |_| Arrival::OnTime);
        }
        self.bytes += held.bytes();
    }

    /// Copies of an entity's cells, from the hour that must be known for `from` to `to`.
    pub(super) fn copies(&self, id: Id, (reach, from): (Hour, Hour), to: Hour) -> Vec<(Hour, Arc<Cell>)> {
        let hours = self.hours.range(reach.min(from)..=to.max(from));
        hours.filter_map(|(hour, held)| Some((*hour, Arc::clone(held.merged(id)?)))).collect()
    }

    /// What is held of some hours.
    pub(super) fn range(&self, hours: Range<Hour>) -> impl Iterator<Item = (Hour, &HeldHour)> {
        self.hours.range(hours).map(|(hour, held)| (*hour, held))
    }

    /// Drops the hours up to and with `last`, each shown once more.
    pub(super) fn drop_until(&mut self, last: Hour, leave: &mut dyn FnMut(Hour, &mut HeldHour)) {
        while let Some(entry) = self.hours.first_entry().filter(|entry| *entry.key() <= last) {
            let (hour, mut held) = entry.remove_entry();
            self.forget(&held);
            leave(hour, &mut held);
        }
    }
}
