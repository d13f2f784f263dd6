//! Cells of several parts, put together once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lapwing_detectors::cell::Cell;
use lapwing_detectors::time::Hour;

/// Cells that were put together of their parts, which takes longer than anything else that is asked of a view.
#[derive(Debug, Default)]
pub(super) struct Whole(Mutex<BTreeMap<Hour, Arc<Cell>>>);

impl Whole {
    /// The cell of an hour; put together where it was not yet.
    pub(super) fn of(&self, hour: Hour, unite: impl FnOnce() -> Arc<Cell>) -> Arc<Cell> {
        Arc::clone(self.lock().entry(hour).or_insert_with(unite))
    }

    /// The cell of an hour, where it was put together.
    pub(super) fn get(&self, hour: Hour) -> Option<Arc<Cell>> {
        self.lock().get(&hour).map(Arc::clone)
    }

    /// Takes a cell that was put together elsewhere.
    pub(super) fn put(&self, hour: Hour, cell: Arc<Cell>) {
        self.lock().insert(hour, cell);
    }

    /// Forgets the cell of an hour, a part of which changed.
    pub(super) fn forget(&mut self, hour: Hour) {
        self.lock().remove(&hour);
    }

    /// All of them.
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<Hour, Arc<Cell>>> {
        // What a panic left is whole: cells are put in when they are done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Whole {
    fn clone(&self) -> Whole {
        Whole(Mutex::new(self.lock().clone()))
    }
}
