//! A run of a workload by many instances over one table, with all that can go wrong.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use chrono::{DateTime, TimeDelta, Utc};
use lapwing::pipeline::Pipeline;
use lapwing::settings::Settings;
use lapwing::store::table::TableStore;
use lapwing::store::{Limits, StateStore, StoreError};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::entity::Entity;
use lapwing_detectors::observe::{DeliveryId, Learnt};

use super::super::workload::{Delivery, Workload};
use super::oracle::Outcome;
use super::sink::Sink;
use super::table::{Fault, SimTable, Stored};
use super::world::{Event, Task, Weather, World};

/// The longest that an invocation may take until it begins to send, and the furthest that a clock is off: together
/// less than any lateness, as law 2 asks.
const TIMEOUT: TimeDelta = TimeDelta::minutes(3);
const CLOCK: i64 = 30;
/// How long after a delivery there are ticks every minute: by then its minutes are complete, and what rests on them, and
/// leases have ended. In the hours without any, most ticks find nothing.
const BEFORE: TimeDelta = TimeDelta::hours(2);
/// How long the end of a run goes on in calm weather: all conditions have ended then, and all leases.
const AFTER: TimeDelta = TimeDelta::hours(4);

/// What is wrong, to see whether the simulation notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    /// The table has this fault.
    Table(Fault),
    /// A delivery that comes again is added again.
    ForgetsDeliveries,
    /// Late data is taken for on time.
    IgnoresLateness,
    /// What one instance claims, another may claim too.
    SharesClaims,
    /// What an instance that died had claimed is never claimed by another.
    KeepsClaims,
}

type Instance = Pipeline<TableStore<SimTable>>;

/// What an instance is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Take(usize),
    Tick,
}

/// When an invocation took a delivery, by the clock of its instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invocation {
    pub(super) delivery: usize,
    pub(super) received: DateTime<Utc>,
}

/// The instance as it is afterwards, and whether all went well.
type Ended = (Instance, Result<(), StoreError>);

struct Busy {
    task: Task,
    work: Work,
    sending: Rc<Cell<bool>>,
    future: Pin<Box<dyn Future<Output = Ended>>>,
}

struct Place {
    skew: TimeDelta,
    table: SimTable,
    idle: Option<Box<Instance>>,
    busy: Option<Busy>,
}

pub(super) struct Run<'w> {
    workload: &'w Workload,
    pub(super) deliveries: &'w [&'w Delivery],
    /// What goes wrong in it, until the storm ends.
    pub(super) weather: Weather,
    flaw: Flaw,
    pub(super) world: Rc<World>,
    pub(super) stored: Rc<Stored>,
    pub(super) sink: Rc<Sink>,
    pub(super) invocations: BTreeMap<Task, Invocation>,
    places: Vec<Place>,
    waiting: Vec<Work>,
    /// Attempts of each delivery that failed; nothing once it was taken.
    failed: Vec<Option<u32>>,
    queued: bool,
    owners: u64,
}

impl<'w> Run<'w> {
    pub(super) fn new(workload: &'w Workload, deliveries: &'w [&'w Delivery], flaw: Flaw) -> Run<'w> {
        let mut dice = workload.dice.clone();
        let (weather, instances) = (Weather::of(&mut dice), dice.between(2, 17));
        let (queued, bursts) = (dice.chance(50), dice.chance(30));
        let fault = if let Flaw::Table(fault) = flaw { fault } else { Fault::None };
        // Where every read may be stale, many are: few of them matter.
        let weather = if fault == Fault::ReadsStale { Weather { stale: 600, ..weather } } else { weather };
        let world = World::new(dice, weather);
        let stored = Stored::new(&world, fault);
        for (number, delivery) in deliveries.iter().enumerate() {
            for (time, _) in &delivery.attempts {
                world.plan(if bursts { burst(*time) } else { *time }, Event::Comes(number));
            }
        }
        let mut run = Run {
            workload,
            deliveries,
            weather,
            flaw,
            sink: Sink::new(&world),
            world,
            stored,
            invocations: BTreeMap::new(),
            places: Vec::new(),
            waiting: Vec::new(),
            failed: vec![Some(0); deliveries.len()],
            queued,
            owners: 0,
        };
        for _ in 0..instances {
            let place = run.place();
            run.places.push(place);
        }
        run
    }

    fn place(&mut self) -> Place {
        let skew = TimeDelta::seconds(self.world.between(-CLOCK, CLOCK + 1));
        let table = SimTable::new(&self.stored);
        let idle = Some(Box::new(self.instance(&table)));
        Place { skew, table, idle, busy: None }
    }

    /// A new instance: it knows nothing.
    fn instance(&mut self, table: &SimTable) -> Instance {
        self.owners += 1;
        let owner = if self.flaw == Flaw::SharesClaims { 0 } else { self.owners };
        let mut store = store_of(table.clone(), &self.workload.engine, owner);
        store.lease = match self.flaw {
            Flaw::SharesClaims => TimeDelta::zero(),
            Flaw::KeepsClaims => TimeDelta::weeks(1_000),
            _ => store.lease,
        };
        // Few enough that ticks end, die and go on within a bucket.
        store.handful = 1 + self.owners as usize % 20;
        Pipeline::new(Arc::new(Settings::default()), Arc::clone(&self.workload.engine), store)
    }

    /// Lets everything happen, until all has been taken, judged and said.
    pub(super) fn go(&mut self) {
        let attempts = self.deliveries.iter().flat_map(|delivery| delivery.attempts.iter().map(|(time, _)| *time));
        let attempts: BTreeSet<DateTime<Utc>> = attempts.collect();
        let Some((&first, &last)) = attempts.first().zip(attempts.last()) else { return };
        let storm_ends = last + TimeDelta::hours(1);
        self.world.plan(first, Event::Ticks);
        let mut settled = storm_ends;
        while let Some(event) = self.world.next() {
            let now = self.world.now();
            if now >= storm_ends {
                self.world.weather.set(Weather::calm());
            }
            match event {
                Event::Lands(number) => self.stored.land(number),
                Event::Wakes(task, _) => self.go_on(task),
                Event::Comes(delivery) => self.waiting.push(Work::Take(delivery)),
                Event::Ends(task) => self.time_out(task),
                Event::Ticks => {
                    let near = attempts.range(now - BEFORE..now + TimeDelta::minutes(10)).next().is_some();
                    let pause = if near { 1 } else { 5 };
                    if now < settled + AFTER {
                        self.world.plan(now + TimeDelta::minutes(pause), Event::Ticks);
                    }
                    for _ in 0..self.world.between(0, 3).max(self.world.between(0, 2)) {
                        self.waiting.push(Work::Tick);
                    }
                }
            }
            if self.failed.iter().any(Option::is_some) {
                settled = settled.max(now);
            }
            self.assign();
        }
    }

    /// Gives what waits to instances that are idle, in an order that is left to chance.
    fn assign(&mut self) {
        while !self.waiting.is_empty() {
            let idle: Vec<usize> = (0..self.places.len()).filter(|at| self.places[*at].busy.is_none()).collect();
            if idle.is_empty() {
                return;
            }
            let at = idle[self.world.between(0, idle.len() as i64) as usize];
            let next = self.world.between(0, self.waiting.len() as i64) as usize;
            let work = self.waiting.swap_remove(next);
            self.begin(at, work);
        }
    }

    fn begin(&mut self, at: usize, work: Work) {
        let task = self.world.number();
        let now = self.world.now() + self.places[at].skew;
        if let Work::Take(delivery) = work {
            self.invocations.insert(task, Invocation { delivery, received: now });
        }
        let learnt = if let Work::Take(delivery) = work { Some(self.learnt(delivery, now)) } else { None };
        let place = &mut self.places[at];
        place.table.asking.set(task);
        let pipeline = *place.idle.take().expect("an instance does one thing at a time");
        let sending = Rc::new(Cell::new(false));
        let future = Box::pin(invocation(pipeline, (learnt, now), Rc::clone(&self.sink), Rc::clone(&sending)));
        place.busy = Some(Busy { task, work, sending, future });
        self.world.note(|| format!("{task} begins on instance {at}: {work:?}"));
        self.world.begin(task);
        self.world.plan(self.world.now() + TIMEOUT, Event::Ends(task));
    }

    fn learnt(&self, delivery: usize, now: DateTime<Utc>) -> Learnt {
        let learnt = self.deliveries[delivery].learnt.clone();
        let id = if self.flaw == Flaw::ForgetsDeliveries {
            DeliveryId(u128::from(self.world.number()))
        } else {
            learnt.delivery
        };
        let on_time = learnt.newest.map_or(now, |newest| newest + TimeDelta::seconds(1));
        let received = if self.flaw == Flaw::IgnoresLateness { now.min(on_time) } else { now };
        Learnt { delivery: id, received, ..learnt }
    }

    fn go_on(&mut self, task: Task) {
        let doing = |place: &Place| place.busy.as_ref().is_some_and(|busy| busy.task == task);
        let Some(at) = self.places.iter().position(doing) else { return };
        let Some(busy) = &mut self.places[at].busy else { return };
        let go_on = || busy.future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        match self.world.run(task, go_on) {
            (_, true) => self.dies(at),
            (Poll::Ready((pipeline, outcome)), false) => {
                self.world.note(|| format!("ends: {outcome:?}"));
                self.places[at].idle = Some(Box::new(pipeline));
                self.ends(at, outcome.is_ok());
            }
            (Poll::Pending, false) => {}
        }
    }

    fn time_out(&mut self, task: Task) {
        let late = |place: &Place| place.busy.as_ref().is_some_and(|b| b.task == task && !b.sending.get());
        if let Some(at) = self.places.iter().position(late) {
            self.world.note(|| format!("{task} has taken too long"));
            self.dies(at);
        }
    }

    /// Another instance takes over, which knows nothing.
    fn dies(&mut self, at: usize) {
        self.ends(at, false);
        self.places[at] = self.place();
    }

    fn ends(&mut self, at: usize, well: bool) {
        let Some(Busy { work: Work::Take(delivery), .. }) = self.places[at].busy.take() else { return };
        let Some(attempts) = &mut self.failed[delivery] else { return };
        if well {
            self.failed[delivery] = None;
            return;
        }
        *attempts += 1;
        // A queue shows it again soon; an asynchronous invocation is tried twice more, and then it lies in the queue
        // of failures until somebody redrives that.
        let wait = match (self.queued, *attempts) {
            (true, _) => self.world.within(TimeDelta::seconds(90)),
            (false, 1) => TimeDelta::seconds(60),
            (false, 2) => TimeDelta::seconds(120),
            (false, _) => TimeDelta::minutes(self.world.between(20, 90)),
        };
        self.world.plan(self.world.now() + wait, Event::Comes(delivery));
    }
}

/// Takes a delivery, or does what is due, and says what must be said.
async fn invocation(
    mut pipeline: Instance,
    (learnt, now): (Option<Learnt>, DateTime<Utc>),
    sink: Rc<Sink>,
    sending: Rc<Cell<bool>>,
) -> Ended {
    let handed = match learnt {
        Some(learnt) => pipeline.take(learnt).await,
        None => pipeline.tick(now).await,
    };
    let alerts = match handed {
        Ok(alerts) => alerts,
        Err(e) => return (pipeline, Err(e)),
    };
    sending.set(true);
    sink.handed.borrow_mut().extend(alerts.iter().cloned());
    let mut outcome = Ok(());
    for alert in &alerts {
        if sink.send(alert).await {
            if let Err(e) = pipeline.said(alert).await {
                outcome = Err(e);
            }
        } else {
            outcome = Err(StoreError { what: "an alert was not sent".to_owned() });
        }
    }
    (pipeline, outcome)
}

/// The store of an instance.
pub(super) fn store_of(table: SimTable, engine: &Arc<Engine>, owner: u64) -> TableStore<SimTable> {
    TableStore::new(table, Arc::clone(engine), Limits::default(), owner)
}

/// Many at once.
fn burst(time: DateTime<Utc>) -> DateTime<Utc> {
    time - TimeDelta::seconds(time.timestamp().rem_euclid(40)) + TimeDelta::seconds(40)
}

impl Run<'_> {
    /// What stands in the ledgers now.
    pub(super) fn outcome(&mut self) -> Outcome {
        let mut entities: BTreeSet<Entity> = BTreeSet::new();
        for delivery in self.deliveries {
            entities.extend(delivery.learnt.cells().iter().map(|(entity, ..)| entity.clone()));
        }
        let table = SimTable::new(&self.stored);
        let mut instance = self.instance(&table);
        let mut outcome = Outcome::default();
        for entity in entities {
            let book = self.finish(instance.store.book_of(&entity)).unwrap();
            outcome.add(&book);
        }
        for delivery in self.deliveries.iter().rev() {
            let learnt = Learnt { received: self.world.now(), ..delivery.learnt.clone() };
            for asked in outcome.unknown(&learnt) {
                outcome.know(self.finish(instance.store.exchange(asked)).unwrap());
            }
        }
        outcome
    }

    /// Runs a future alone to its end.
    fn finish<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        self.world.begin(0);
        loop {
            match self.world.next() {
                Some(Event::Lands(number)) => self.stored.land(number),
                Some(Event::Wakes(..)) => {
                    let go_on = || future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                    if let (Poll::Ready(value), _) = self.world.run(0, go_on) {
                        return value;
                    }
                }
                other => panic!("nothing more happens, but {other:?} does"),
            }
        }
    }

    pub(super) fn instances(&self) -> usize {
        self.places.len()
    }
}
