//! Runs of a workload: the orderly one, and the one with everything that can go wrong.

use std::cell::{Cell, RefCell};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use chrono::{DateTime, Utc};
use lapwing::pipeline::Pipeline;
use lapwing::settings::Settings;
use lapwing::store::{Due, Found, Heard, Judge, Limits, MemoryStore, Retention, StateStore, StoreError};
use lapwing_detectors::alert::Alert;
use lapwing_detectors::detector::Engine;
use lapwing_detectors::entity::Entity;
use lapwing_detectors::judge::Judged;
use lapwing_detectors::observe::{DeliveryId, Learnt};

use super::ledger::Ledger;
use super::workload::{Delivery, Fate, SKEW, Workload};

/// What is wrong with a store, to see whether the simulation notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    /// A delivery that comes again is added again.
    ForgetsDeliveries,
    /// Late data is taken for on time.
    IgnoresLateness,
}

struct World {
    engine: Arc<Engine>,
    store: RefCell<MemoryStore>,
    ledger: RefCell<Ledger>,
    flaw: Flaw,
    additions: Cell<u128>,
}

/// The one store, as an instance sees it; each call waits until it is the instance's turn.
#[derive(Clone)]
struct Shared {
    world: Rc<World>,
    fate: Fate,
    settled: bool,
}

impl StateStore for Shared {
    async fn exchange(&mut self, mut learnt: Learnt) -> Result<Vec<Due>, StoreError> {
        turn().await;
        if matches!(self.fate, Fate::DiesBefore | Fate::DiesSettling) {
            return Err(died());
        }
        match self.world.flaw {
            Flaw::None => {}
            Flaw::ForgetsDeliveries => {
                self.world.additions.set(self.world.additions.get() + 1);
                learnt.delivery = DeliveryId(self.world.additions.get());
            }
            Flaw::IgnoresLateness => learnt.received = DateTime::<Utc>::MIN_UTC,
        }
        let due = ready(self.world.store.borrow_mut().exchange(learnt))?;
        if self.fate == Fate::DiesAfter {
            return Err(died());
        }
        self.world.ledger.borrow_mut().judge(&self.world.engine, &due);
        Ok(due)
    }

    async fn due(&mut self, now: DateTime<Utc>) -> Result<Vec<Due>, StoreError> {
        turn().await;
        if self.fate == Fate::DiesSettling && std::mem::replace(&mut self.settled, true) {
            return Err(died());
        }
        let due = ready(self.world.store.borrow_mut().due(now))?;
        self.world.ledger.borrow_mut().judge(&self.world.engine, &due);
        Ok(due)
    }

    async fn fold(
        &mut self,
        judged: Vec<Judged>,
        judge: &Judge<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Found>, StoreError> {
        ready(self.world.store.borrow_mut().fold(judged, judge, now))
    }

    async fn heard(&mut self, entity: &Entity, now: DateTime<Utc>) -> Result<Option<Heard>, StoreError> {
        ready(self.world.store.borrow_mut().heard(entity, now))
    }

    fn unsaid(&mut self, now: DateTime<Utc>) -> Vec<Alert> {
        self.world.store.borrow_mut().unsaid(now)
    }

    async fn said(&mut self, alert: &Alert) -> Result<(), StoreError> {
        ready(self.world.store.borrow_mut().said(alert))
    }
}

/// What an invocation does: what is complete first, then what it brings.
async fn invoke(pipeline: &mut Pipeline<Shared>, learnt: Learnt) -> Result<(), StoreError> {
    pipeline.settle(learnt.received).await?;
    for alert in pipeline.take(learnt).await? {
        pipeline.said(&alert).await?;
    }
    Ok(())
}

fn died() -> StoreError {
    StoreError { what: "the instance died".to_owned() }
}

/// Lets the others go first, once.
async fn turn() {
    let mut waited = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// The value of a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the store in memory never waits"),
    }
}

type Outcome = (Pipeline<Shared>, Result<(), StoreError>);

enum Instance {
    Idle(Box<Pipeline<Shared>>),
    Busy(DateTime<Utc>, Pin<Box<dyn Future<Output = Outcome>>>),
}

impl World {
    fn new(engine: &Arc<Engine>, flaw: Flaw) -> Rc<World> {
        Rc::new(World {
            engine: Arc::clone(engine),
            store: RefCell::new(MemoryStore::new(
                Arc::clone(engine),
                engine.lateness,
                Limits::default(),
                Retention::Week,
            )),
            ledger: RefCell::default(),
            flaw,
            additions: Cell::new(0),
        })
    }

    fn instance(self: &Rc<World>) -> Pipeline<Shared> {
        let store = Shared { world: Rc::clone(self), fate: Fate::Taken, settled: false };
        Pipeline::new(Arc::new(Settings::default()), Arc::clone(&self.engine), store)
    }

    /// Judges what is left, and gives what was found and learnt.
    fn end(self: &Rc<World>, deliveries: &[&Delivery]) -> Ledger {
        let mut last = Shared { world: Rc::clone(self), fate: Fate::Taken, settled: false };
        while !finish(last.due(DateTime::<Utc>::MAX_UTC)).unwrap().is_empty() {}
        let mut ledger = self.ledger.take();
        ledger.close();
        for delivery in deliveries {
            // It adds nothing, and shows what is known of all that it touches.
            let touched = ready(self.store.borrow_mut().exchange(delivery.learnt.clone())).unwrap();
            ledger.learnt.extend(touched.into_iter().map(|(known, _)| (known.entity, known.profile)));
        }
        ledger
    }
}

/// Runs a future alone to its end.
fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

/// One instance that takes each delivery once, in the order of their times.
pub(super) fn orderly(workload: &Workload, deliveries: &[&Delivery]) -> Ledger {
    let world = World::new(&workload.engine, Flaw::None);
    let mut instance = world.instance();
    let mut planned: Vec<(DateTime<Utc>, &Delivery)> =
        deliveries.iter().filter_map(|delivery| Some((delivery.orderly?, *delivery))).collect();
    planned.sort_by_key(|(time, delivery)| (*time, delivery.learnt.delivery));
    for (time, delivery) in planned {
        finish(invoke(&mut instance, Learnt { received: time, ..delivery.learnt.clone() })).unwrap();
    }
    let taken: Vec<&Delivery> = deliveries.iter().filter(|delivery| delivery.orderly.is_some()).copied().collect();
    world.end(&taken)
}

/// Several instances over one store, with all attempts of the deliveries; who goes first is left to chance.
pub(super) fn disorderly(workload: &Workload, deliveries: &[&Delivery], flaw: Flaw) -> Ledger {
    let world = World::new(&workload.engine, flaw);
    let mut dice = workload.dice.clone();
    let mut attempts: Vec<(DateTime<Utc>, Fate, &Learnt)> = Vec::new();
    for delivery in deliveries {
        attempts.extend(delivery.attempts.iter().map(|(time, fate)| (*time, *fate, &delivery.learnt)));
    }
    attempts.sort_by_key(|(time, _, learnt)| (std::cmp::Reverse(*time), learnt.delivery));
    let mut instances: Vec<Instance> =
        (0..workload.instances).map(|_| Instance::Idle(Box::new(world.instance()))).collect();
    loop {
        // The first is the slowest.
        let chosen = dice.between(0, instances.len() as i64).max(dice.between(0, instances.len() as i64)) as usize;
        let oldest = instances.iter().filter_map(Instance::since).min();
        let instance = &mut instances[chosen];
        match instance {
            Instance::Busy(..) => instance.go_on(&world),
            Instance::Idle(_) => match attempts.last() {
                Some((time, ..)) if oldest.is_none_or(|since| *time <= since + SKEW) => {
                    let (time, fate, learnt) = attempts.pop().unwrap();
                    instance.begin(&world, fate, Learnt { received: time, ..learnt.clone() });
                }
                None if oldest.is_none() => return world.end(deliveries),
                _ => {}
            },
        }
    }
}

impl Instance {
    fn since(&self) -> Option<DateTime<Utc>> {
        match self {
            Instance::Busy(since, _) => Some(*since),
            Instance::Idle(_) => None,
        }
    }

    fn begin(&mut self, world: &Rc<World>, fate: Fate, learnt: Learnt) {
        let now = learnt.received;
        let mut pipeline = match std::mem::replace(self, Instance::Idle(Box::new(world.instance()))) {
            Instance::Idle(pipeline) => *pipeline,
            Instance::Busy(..) => panic!("an instance takes one delivery at a time"),
        };
        pipeline.store.fate = fate;
        *self = Instance::Busy(
            now,
            Box::pin(async move {
                let outcome = invoke(&mut pipeline, learnt).await;
                (pipeline, outcome)
            }),
        );
    }

    fn go_on(&mut self, world: &Rc<World>) {
        let Instance::Busy(_, future) = self else { return };
        let Poll::Ready((pipeline, outcome)) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            return;
        };
        // One that failed is dead: another one starts from nothing.
        let pipeline = outcome.map_or_else(|_| world.instance(), |()| pipeline);
        *self = Instance::Idle(Box::new(pipeline));
    }
}
