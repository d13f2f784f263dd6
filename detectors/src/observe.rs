//! Observe: what a delivery teaches. A delivery of a thousand events touches each cell once.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use hashbrown::{HashMap, HashSet};
use smallvec::SmallVec;

use crate::cell::Cell;
use crate::detector::Engine;
use crate::entity::{Entity, Family};
use crate::event::{CrashKind, Event, Report, Source};
use crate::fold::Folder;
use crate::measure::{Keep, Measure, Slot};
use crate::meter::{self, Steps};
use crate::notes::{Index, Notes};
use crate::severity::Severity;
use crate::time::{Hour, Minute};

/// The stable name of what AWS redelivers whole: the hash of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub u128);

/// What a delivery taught: cells to be added to those that everyone knows.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// The delivery; the store adds it once however often it comes.
    pub delivery: DeliveryId,
    /// When it was received; decides which of its data is late.
    pub received: DateTime<Utc>,
    /// What was noted of its events: [`Learnt::cells`] makes cells of it.
    pub notes: Notes,
    /// The events in it, each once.
    pub events: Vec<Met>,
    /// The newest event in it.
    pub newest: Option<DateTime<Utc>>,
    /// Events that came again within the delivery, or that its observer was told of before.
    pub repeated: u64,
}

impl Learnt {
    /// The cells that it touched, in the order of the first events of each.
    #[must_use]
    pub fn cells(&self) -> Vec<(Entity, Hour, Cell)> {
        let entities: Vec<Entity> = self.notes.entities().map(Entity::from).collect();
        let (mut cells, mut places, mut folder) = (Vec::new(), HashMap::new(), Folder::default());
        for (at, touch) in self.notes.touches().iter().enumerate() {
            let hour = touch.minute.hour();
            let place = *places.entry((touch.entity, hour)).or_insert_with(|| {
                cells.push((entities[touch.entity as usize].clone(), hour, Cell::default()));
                cells.len() - 1
            });
            folder.fold(&self.notes, at, &mut cells[place].2);
        }
        cells
    }
}

/// An event that was met: enough to know it again, and whether it came late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    /// The minute that it happened in.
    pub minute: Minute,
    /// The log that it came from.
    pub source: Source,
    /// Its identity.
    pub identity: u64,
}

/// What one event touches: which measures and slots of which of its entities. A measure named twice counts once, so
/// detectors that share one need not know of each other.
#[derive(Debug, Default)]
pub struct Observations<'e> {
    pub(crate) measures: [u16; Family::ALL.len()],
    pub(crate) occurrences: SmallVec<[Observed<'e>; 2]>,
    /// Where what is counted is not the number of events: of which family, and how much.
    pub(crate) amount: Option<(Family, u32)>,
    /// What a report of a function measured.
    pub(crate) steps: Option<Steps>,
    told: Option<Severity>,
}

#[derive(Clone, Debug)]
pub(crate) struct Observed<'e> {
    pub(crate) family: Family,
    pub(crate) slot: Slot,
    pub(crate) keep: Keep,
    pub(crate) value: Value<'e>,
}

/// What tells the occurrences of a slot apart, and is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'e> {
    /// The API that was called, hashed like the contributor of that name.
    Api,
    /// Some text of the event: a user, a request id.
    Text(&'e str),
    /// A hash of the detector's own, and a text to show for it.
    Marked(u64, Cow<'e, str>),
}

impl<'e> Observations<'e> {
    /// Counts the event in a measure of its entity of that family.
    pub fn count(&mut self, family: Family, measure: Measure) {
        self.measures[family as usize] |= measure.bit();
    }

    /// Counts an amount, and not the event, in a measure of its entity of that family, in which nothing else is counted.
    pub(crate) fn amount(&mut self, family: Family, measure: Measure, n: u64) {
        self.count(family, measure);
        self.amount = Some((family, u32::try_from(n).unwrap_or(u32::MAX)));
    }

    /// Keeps what the report of an invocation measured, for its function.
    pub fn read(&mut self, report: &Report, failure: Option<CrashKind>) {
        self.count(Family::Function, Measure::Invocations);
        if self.steps.is_none() {
            self.steps = meter::steps(report, failure);
        }
    }

    /// Keeps the event by itself in a slot of its entity of that family, with a value to tell apart and to show.
    pub fn occur(&mut self, family: Family, slot: Slot, keep: Keep, value: Value<'e>) {
        let same = |o: &&mut Observed<'e>| o.family == family && o.slot == slot && o.value == value;
        match self.occurrences.iter_mut().find(same) {
            Some(held) => held.keep = held.keep.widest(keep),
            None => self.occurrences.push(Observed { family, slot, keep, value }),
        }
    }

    /// Says that a rule of this severity found the event.
    pub(crate) fn tell(&mut self, severity: Severity) {
        self.told = self.told.max(Some(severity));
    }

    /// The severity of the gravest rule that found the event since this was last asked.
    pub(crate) fn take_told(&mut self) -> Option<Severity> {
        self.told.take()
    }

    pub(crate) fn touches(&self, family: Family) -> bool {
        self.measures[family as usize] != 0 || self.occurs(family)
    }

    pub(crate) fn occurs(&self, family: Family) -> bool {
        self.occurrences.iter().any(|o| o.family == family)
    }
}

/// Watches the events of one delivery after the other go by, and notes what they teach.
pub struct Observer<'c> {
    engine: &'c Engine,
    notes: Notes,
    /// Finds what the delivery touched and showed before.
    index: Index,
    seen: HashSet<u64>,
    events: Vec<Met>,
    newest: Option<DateTime<Utc>>,
    repeated: u64,
}

impl<'c> Observer<'c> {
    /// Starts a delivery.
    #[must_use]
    pub fn new(engine: &'c Engine) -> Observer<'c> {
        Observer::without(engine, HashSet::new())
    }

    /// Starts a delivery of which some events were met before: they teach nothing.
    #[must_use]
    pub fn without(engine: &'c Engine, met: HashSet<u64>) -> Observer<'c> {
        Observer {
            engine,
            notes: Notes::default(),
            index: Index::default(),
            seen: met,
            events: Vec::new(),
            newest: None,
            repeated: 0,
        }
    }

    /// Takes the next event. An event that came before in the delivery teaches nothing more.
    pub fn event(&mut self, event: &Event<'_>) {
        self.newest = self.newest.max(Some(event.time));
        if !self.seen.insert(event.identity.0) {
            self.repeated += 1;
            return;
        }
        let minute = Minute::of(event.time);
        self.events.push(Met { minute, source: event.source(), identity: event.identity.0 });
        self.notes.take(event, self.engine, &mut self.index);
    }

    /// Ends the delivery and is ready for the next one.
    #[must_use]
    pub fn finish(&mut self, delivery: DeliveryId, received: DateTime<Utc>) -> Learnt {
        // A copy takes no more room than it needs, and the room that the next delivery needs is there already.
        let (notes, events) = (self.notes.clone(), self.events.clone());
        self.notes.clear();
        self.events.clear();
        self.seen.clear();
        self.index.clear();
        Learnt {
            delivery,
            received,
            notes,
            events,
            newest: self.newest.take(),
            repeated: std::mem::take(&mut self.repeated),
        }
    }
}
