//! The notes about one hour. Cells are made of them only where somebody looks closer.

use std::sync::Arc;

use hashbrown::HashMap;
use lapwing_detectors::cell::{Cell, Trace};
use lapwing_detectors::fold::Folder;
use lapwing_detectors::notes::{Notes, Tally, Touch};

use super::hours::Id;

/// Touches of an entity that are glimpsed at: most have no more.
const GLIMPSED: usize = 4;

/// The notes about one hour.
#[derive(Default)]
pub(super) struct NotedHour {
    /// The deliveries that they came in.
    deliveries: Vec<Arc<Notes>>,
    touches: Vec<Noted>,
    /// How many of them are sorted.
    sorted: usize,
    /// The entities that were touched, in the order of their numbers, once the notes are sorted.
    entities: Vec<Touched>,
    /// The cells that somebody asked for.
    made: HashMap<Id, Arc<Cell>>,
    /// The bytes of the deliveries that are held for this hour and no later one.
    pub(super) bytes: usize,
}

/// A touch of an entity.
#[derive(Clone, Copy)]
struct Noted {
    id: Id,
    delivery: u32,
    /// Its place among those of the delivery.
    place: u32,
    /// Kept here, because the delivery lies far away.
    tally: Tally,
}

/// An entity, with the first of its touches and the trace that they leave together.
struct Touched {
    id: Id,
    first: usize,
    trace: Trace,
}

impl NotedHour {
    pub(super) fn is_empty(&self) -> bool {
        self.touches.is_empty()
    }

    /// Adds a touch of the delivery that was begun last.
    pub(super) fn push(&mut self, id: Id, (place, touch): (usize, &Touch)) {
        let delivery = self.deliveries.len() as u32 - 1;
        self.touches.push(Noted { id, delivery, place: place as u32, tally: touch.tally() });
    }

    /// Begins a delivery, unless it was begun already.
    pub(super) fn begin(&mut self, notes: &Arc<Notes>) {
        if !self.deliveries.last().is_some_and(|last| Arc::ptr_eq(last, notes)) {
            self.deliveries.push(Arc::clone(notes));
        }
    }

    /// Brings the touches of each entity together.
    pub(super) fn sort(&mut self) {
        if std::mem::replace(&mut self.sorted, self.touches.len()) == self.touches.len() {
            return;
        }
        self.touches = in_order(&self.touches);
        self.entities.clear();
        self.made.clear();
        let mut first = 0;
        for touches in self.touches.chunk_by(|a, b| a.id == b.id) {
            let mut trace = Trace::default();
            touches.iter().for_each(|noted| noted.tally.trace(&mut trace));
            self.entities.push(Touched { id: touches[0].id, first, trace });
            first += touches.len();
        }
    }

    /// The entities that were touched, with the traces that they leave, by their numbers.
    pub(super) fn traces(&self) -> impl Iterator<Item = (Id, Trace)> {
        self.entities.iter().map(|touched| (touched.id, touched.trace))
    }

    pub(super) fn trace(&self, place: usize) -> Trace {
        self.entities[place].trace
    }

    /// The place of an entity among those that were touched.
    pub(super) fn place(&self, id: Id) -> Option<usize> {
        self.entities.binary_search_by_key(&id, |touched| touched.id).ok()
    }

    /// Something of what its first touches show.
    pub(super) fn glimpse(&self, place: usize) -> u32 {
        let shows = self.touches_of(place).iter().take(GLIMPSED).filter(|noted| noted.tally.shows());
        shows.fold(0, |all, noted| all ^ self.deliveries[noted.delivery as usize].glimpse(noted.place as usize))
    }

    fn touches_of(&self, place: usize) -> &[Noted] {
        let end = self.entities.get(place + 1).map_or(self.touches.len(), |next| next.first);
        &self.touches[self.entities[place].first..end]
    }

    /// The cell of an entity. It is made once: the hour after asks for it again.
    pub(super) fn cell(&mut self, id: Id, folder: &mut Folder) -> Option<Arc<Cell>> {
        if let Some(cell) = self.made.get(&id) {
            return Some(Arc::clone(cell));
        }
        let place = self.place(id)?;
        let mut cell = Cell::default();
        for noted in self.touches_of(place) {
            folder.fold(&self.deliveries[noted.delivery as usize], noted.place as usize, &mut cell);
        }
        let cell = Arc::new(cell);
        self.made.insert(id, Arc::clone(&cell));
        Some(cell)
    }

    /// Puts the counters, readings and habits of the cell of the entity at that place into `cell`, instead of what it held.
    pub(super) fn counters(&self, place: usize, cell: &mut Cell) {
        cell.clear();
        for noted in self.touches_of(place) {
            noted.tally.count(cell);
            if noted.tally.shows() {
                self.deliveries[noted.delivery as usize].show(noted.place as usize, cell);
            }
            if noted.tally.reads() {
                self.deliveries[noted.delivery as usize].read(noted.place as usize, cell);
            }
        }
    }
}

/// By entity, and those of one in the order in which they came, which is most often that of time. Numbers are sorted
/// faster than what they stand for.
fn in_order(touches: &[Noted]) -> Vec<Noted> {
    let mut order: Vec<u64> = (0..).zip(touches).map(|(place, noted)| u64::from(noted.id) << 32 | place).collect();
    order.sort_unstable();
    order.into_iter().map(|key| touches[key as u32 as usize]).collect()
}
