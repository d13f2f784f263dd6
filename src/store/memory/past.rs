//! What is left of hours that were dropped, for windows of more than an hour.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use lapwing_detectors::cell::{Arrival, Cell};
use lapwing_detectors::judge::Known;
use lapwing_detectors::time::Hour;

use super::MemoryStore;
use crate::store::hours::{CELL_BYTES, ENTRY_BYTES, Id};

/// What is left of each hour, by entity: a few occurrences, whatever happened.
pub(super) type Past = BTreeMap<Hour, Left>;

/// What is left of an hour.
#[derive(Default)]
pub(super) struct Left {
    pub(super) cells: HashMap<Id, Arc<Cell>>,
    /// The bytes that they take, reckoned as those of whole cells are.
    bytes: usize,
}

impl Left {
    /// Puts back what was left.
    pub(super) fn put(&mut self, id: Id, cell: Arc<Cell>) {
        self.bytes += bytes_of(&cell);
        self.cells.insert(id, cell);
    }

    fn merge(&mut self, id: Id, sifted: Cell) {
        let held = self.cells.entry(id).or_insert_with(|| {
            self.bytes += bytes_of(&Cell::default());
            Arc::default()
        });
        self.bytes -= bytes_of(held);
        Arc::make_mut(held).merge(sifted, |_| Arrival::OnTime);
        self.bytes += bytes_of(held);
    }
}

fn bytes_of(cell: &Cell) -> usize {
    CELL_BYTES + cell.entries() * ENTRY_BYTES
}

impl MemoryStore {
    /// Drops the hours up to and with `last`, but for what windows that end later need of them.
    pub(super) fn drop_hours(&mut self, last: Hour) {
        let MemoryStore { engine, hours, folder, past, .. } = self;
        hours.drop_until(last, &mut |hour, held| {
            let long: Vec<Id> = held.traces().filter(|(_, trace)| trace.long).map(|(id, _)| id).collect();
            for id in long {
                let sifted = held.cell(id, folder).and_then(|cell| engine.sifted(&cell));
                if let Some(sifted) = sifted {
                    past.entry(hour).or_default().merge(id, sifted);
                }
            }
        });
        let reached = last.0.saturating_sub(self.engine.hours_back());
        self.past = self.past.split_off(&Hour(reached));
        self.past_bytes = self.past.values().map(|left| left.bytes).sum();
    }

    /// The cells of an entity in the hours before that before `hour`, as far as windows of more than an hour reach.
    pub(super) fn past_of(&self, id: Id, hour: Hour) -> Vec<(Hour, Arc<Cell>)> {
        let reached = Hour(hour.0 - self.engine.hours_back())..hour.before();
        let left = self.past.range(reached.clone()).filter_map(|(hour, left)| Some((*hour, left.cells.get(&id)?)));
        let held = self.hours.range(reached).filter_map(|(hour, held)| Some((hour, held.merged(id)?)));
        let mut all: BTreeMap<Hour, Arc<Cell>> = BTreeMap::new();
        for (hour, cell) in left.chain(held) {
            match all.get_mut(&hour) {
                Some(other) => Arc::make_mut(other).unite(Cell::clone(cell)),
                None => drop(all.insert(hour, Arc::clone(cell))),
            }
        }
        all.into_iter().collect()
    }

    /// What is known of an entity where the hours from one to another are judged.
    pub(super) fn known(&self, id: Id, from: Hour, to: Hour) -> Known {
        let held = self.entities.get(id);
        let reach = held.profile.reach(from, self.engine.lateness.of(held.entity.family.source()));
        let mut judged = self.hours.range(from..to.after()).filter_map(|(_, held)| held.merged(id));
        let long = judged.any(|cell| self.engine.is_long_lived(cell));
        let reach = if long { reach.min(Hour(from.0 - self.engine.hours_back())) } else { reach };
        let known = self
            .entities
            .at_home(held.known(self.hours.copies(id, (reach, from), to), self.levelled.levels()), &self.engine);
        self.with_home(known, (from, to))
    }
}
