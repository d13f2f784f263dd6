//! What can concern the calls to an API, found out once for each: which detectors and rules, and what of their conditions
//! the name alone does not answer. Most conditions begin with that, and an account calls few hundred APIs.

use std::fmt;

use hashbrown::HashTable;

use crate::detector::{Detector, Engine};
use crate::event::{Call, Event, Source, What};
use crate::hash::{chained, hash_of};
use crate::observe::Observations;
use crate::rule::Need;
use crate::severity::Severity;
use crate::stage::Stage;
use crate::watch::Watch;

/// A rule of this severity or a graver one says enough of a deed: a detector that yields does not repeat it.
const TELLS: Severity = Severity::High;
/// APIs that are remembered. There are more names than AWS has only where somebody makes them up.
const KEPT: usize = 1_024;

/// What is left of a condition for the calls to one API.
pub enum Narrowed<T: ?Sized> {
    /// All of it.
    Whole,
    /// It holds for none of them.
    Never,
    /// This says the same of them.
    To(Box<T>),
}

/// The APIs that were called.
#[derive(Debug, Default)]
pub(crate) struct Apis {
    index: HashTable<u32>,
    all: Vec<Api>,
}

/// An API, and who looks at the calls to it.
struct Api {
    hash: u64,
    /// Service, name, and source and name as they are recorded: all that conditions are narrowed by.
    named: [Box<str>; 4],
    /// The hash of service and name.
    what: u64,
    /// Those that look at this API, in their order.
    by_call: Vec<Ask>,
    /// Those that look at every call that is so, once there was one, and those that look at every call.
    by_need: [Option<Vec<Ask>>; Need::ALL.len()],
    by_source: Vec<Ask>,
}

/// One that looks at the calls.
struct Ask {
    place: usize,
    left: Asking,
}

/// What it asks of them.
enum Asking {
    /// Nobody found out yet.
    Unknown,
    Whole,
    Nothing,
    This(Box<dyn Detector>),
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Api{:?}", self.named)
    }
}

impl Apis {
    /// The API of a call.
    fn of(&mut self, engine: &Engine, call: &Call<'_>) -> &mut Api {
        let named = [call.service, call.name, call.source, call.recorded];
        let hash = chained(&[call.service, call.name]);
        let same = |place: &u32| self.all[*place as usize].named.iter().zip(named).all(|(held, name)| **held == *name);
        if let Some(place) = self.index.find(hash, same).copied() {
            return &mut self.all[place as usize];
        }
        if self.all.len() >= KEPT {
            self.index.clear();
            self.all.clear();
        }
        let place = self.all.len() as u32;
        self.index.insert_unique(hash, place, |place| self.all[*place as usize].hash);
        self.all.push(Api {
            hash,
            named: named.map(Box::from),
            what: hash_of(&[call.service, call.name]),
            by_call: asks(&engine.index.of_call(call)),
            by_need: Default::default(),
            by_source: asks(engine.index.of_source(Source::CloudTrail)),
        });
        &mut self.all[place as usize]
    }
}

fn asks(places: &[usize]) -> Vec<Ask> {
    places.iter().map(|place| Ask { place: *place, left: Asking::Unknown }).collect()
}

impl Ask {
    /// Asks of a call what is left to ask. What it is narrowed to is found out where a call is as it must be.
    fn ask<'e>(&mut self, watch: &Watch, event: &Event<'e>, seen: &mut Observations<'e>) {
        if !watch.detector.needs().iter().all(|need| need.is_met(event)) {
            return;
        }
        if let Asking::Unknown = self.left {
            let alone = watch.variants.iter().all(|variant| variant.detector.is_none());
            let left = if alone { watch.detector.narrowed(event) } else { Narrowed::Whole };
            self.left = match left {
                Narrowed::Whole => Asking::Whole,
                Narrowed::Never => Asking::Nothing,
                Narrowed::To(detector) => Asking::This(detector),
            };
        }
        match &self.left {
            Asking::Nothing => {}
            Asking::This(detector) => detector.observe(event, seen),
            Asking::Unknown | Asking::Whole => observe(watch, event, seen),
        }
    }
}

fn observe<'e>(watch: &Watch, event: &Event<'e>, seen: &mut Observations<'e>) {
    watch.detector.observe(event, seen);
    for detector in watch.variants.iter().filter_map(|variant| variant.detector.as_ref()) {
        detector.observe(event, seen);
    }
}

impl Engine {
    /// Asks all that an event can concern, and returns the hash of its API, where it is a call.
    pub(crate) fn observe<'e>(&self, event: &Event<'e>, apis: &mut Apis, seen: &mut Observations<'e>) -> u64 {
        let What::Call(call) = event.what else {
            self.index.of_source(Source::Lambda).iter().for_each(|place| observe(&self.watches[*place], event, seen));
            return 0;
        };
        let Api { what, by_call, by_need, by_source, .. } = apis.of(self, call);
        let met = by_need.iter_mut().zip(Need::ALL).filter(|(_, need)| need.is_met(event));
        let needed = met.flat_map(|(held, need)| held.get_or_insert_with(|| asks(self.index.of_need(need))));
        let mut told = false;
        for ask in by_call.iter_mut().chain(needed).chain(by_source) {
            let watch = &self.watches[ask.place];
            if told && watch.detector.yields() {
                continue;
            }
            ask.ask(watch, event, seen);
            let found = seen.take_told().map(|severity| severity.min(watch.cap));
            told |= found >= Some(TELLS) && watch.stage == Stage::Alert;
        }
        *what
    }
}
