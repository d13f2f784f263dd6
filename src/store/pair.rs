//! An hour and the one before it, as they are judged: windows reach from one into the other.

use std::sync::Arc;

use lapwing_detectors::cell::{Cell, ENOUGH, Trace};
use lapwing_detectors::fold::Folder;
use lapwing_detectors::profile::Profile;
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

/// The traces that an entity left in both hours.
#[derive(Clone, Copy, Default)]
pub(super) struct Traces {
    pub(super) here: Trace,
    pub(super) before: Trace,
}

impl Traces {
    pub(super) fn together(self) -> Trace {
        self.here.and(self.before)
    }
}

impl Pair {
    pub(super) fn new(hour: Hour, here: HeldHour, before: HeldHour) -> Pair {
        Pair { hour, here, before, whole: Default::default(), room: Default::default(), empty: Cell::default() }
    }

    /// The entities with something in the hour.
    pub(super) fn traces(&self) -> Vec<(Id, Traces)> {
        let traces = |(id, here)| (id, Traces { here, before: self.before.trace(id).unwrap_or_default() });
        self.here.traces().map(traces).collect()
    }

    /// The cells of an entity: whole where enough occurred, else perhaps no more than what is asked of them, which is
    /// their counters, and of the hour before only where `stirs` or a profile looks back.
    pub(super) fn look(
        &mut self,
        (id, traces): (Id, Traces),
        stirs: bool,
        folder: &mut Folder,
    ) -> (&Cell, Option<&Cell>) {
        let Pair { here, before, whole, room: [room, earlier_room], empty, .. } = self;
        if traces.together().occurred >= ENOUGH {
            *whole = [here.cell(id, folder), before.cell(id, folder)];
            let [cell, earlier] = &*whole;
            return (cell.as_deref().unwrap_or(empty), earlier.as_deref());
        }
        let cell = here.counters(id, room).unwrap_or(empty);
        let asked = traces.before.counted > 0 && (stirs || Profile::looks_back(cell));
        (cell, if asked { before.counters(id, earlier_room) } else { None })
    }

    /// The whole cells of an entity.
    pub(super) fn cells(&mut self, id: Id, folder: &mut Folder) -> Vec<(Hour, Arc<Cell>)> {
        let earlier = self.before.cell(id, folder).map(|cell| (self.hour.before(), cell));
        earlier.into_iter().chain(self.here.cell(id, folder).map(|cell| (self.hour, cell))).collect()
    }
}
