//! An hour and the one before it, as they are judged: windows reach from one into the other.

use std::sync::Arc;

use lapwing_detectors::cell::{Cell, Trace};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::fold::Folder;
use lapwing_detectors::time::Hour;

use super::hours::{HeldHour, Id};

/// An hour and the one before it.
pub(super) struct Pair {
    pub(super) hour: Hour,
    pub(super) here: HeldHour,
    pub(super) before: HeldHour,
    /// The cells that are looked at now.
    whole: [Option<Arc<Cell>>; 2],
    /// Room for counters that are gathered.
    room: [Cell; 2],
    /// What stands for a cell that is not there.
    empty: Cell,
}

/// An entity with something in the hour.
#[derive(Clone, Copy)]
pub(super) struct Present {
    pub(super) id: Id,
    /// What it left in the hour, and in the one before.
    pub(super) traces: [Trace; 2],
    place: usize,
    earlier: Option<usize>,
}

impl Pair {
    pub(super) fn new(hour: Hour, here: HeldHour, before: HeldHour) -> Pair {
        Pair { hour, here, before, whole: Default::default(), room: Default::default(), empty: Cell::default() }
    }

    /// Something of what is soon asked of an entity in the hour.
    pub(super) fn glimpse(&self, of: Present) -> u32 {
        self.here.glimpse(of.place)
    }

    /// The entities with something in the hour.
    pub(super) fn present(&self) -> Vec<Present> {
        let present = |(place, (id, trace)): (usize, (Id, Trace))| {
            let earlier = self.before.place(id);
            let left = earlier.map_or(Trace::default(), |place| self.before.trace(place));
            Present { id, traces: [trace, left], place, earlier }
        };
        self.here.traces().enumerate().map(present).collect()
    }

    /// The cells of an entity: whole where enough occurred, else perhaps no more than what is asked of them, which is
    /// their counters, and of the hour before only where the entity `stirs`.
    pub(super) fn look(
        &mut self,
        of: Present,
        (engine, stirs): (&Engine, bool),
        folder: &mut Folder,
    ) -> (&Cell, Option<&Cell>) {
        let Pair { here, before, whole, room: [room, earlier_room], empty, .. } = self;
        let [trace, left] = of.traces;
        if (stirs || !trace.lanes.is_empty()) && engine.is_enough(trace.and(left).lanes) {
            *whole = [here.cell(of.id, folder), before.cell(of.id, folder)];
            let [cell, earlier] = &*whole;
            return (cell.as_deref().unwrap_or(empty), earlier.as_deref());
        }
        let cell = here.counters(of.place, room);
        let asked = of.earlier.filter(|_| stirs);
        (cell, asked.map(|place| before.counters(place, earlier_room)))
    }

    /// The whole cells of an entity.
    pub(super) fn cells(&mut self, id: Id, folder: &mut Folder) -> Vec<(Hour, Arc<Cell>)> {
        let earlier = self.before.cell(id, folder).map(|cell| (self.hour.before(), cell));
        earlier.into_iter().chain(self.here.cell(id, folder).map(|cell| (self.hour, cell))).collect()
    }
}
