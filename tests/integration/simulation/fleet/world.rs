//! The simulated world: one clock, what happens when, and what goes wrong. A seed decides all of it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

use chrono::{DateTime, TimeDelta, Utc};

use crate::logs::Dice;

/// The number of an invocation.
pub(super) type Task = u64;

/// Something that happens at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// An invocation has waited long enough, or part of it.
    Wakes(Task, u64),
    /// A request, by its number, has its effect on the table: whether or not whoever sent it still lives.
    Lands(u64),
    /// A delivery, by its number, comes.
    Comes(usize),
    /// An invocation has taken as long as it may.
    Ends(Task),
    /// The schedule says that a minute has passed.
    Ticks,
}

/// How much goes wrong: chances in a thousand, for each call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weather {
    /// The longest that a call takes one way.
    pub(super) latency: TimeDelta,
    /// The table refuses for now.
    pub(super) throttled: i64,
    /// The call has its effect, and its answer is lost.
    pub(super) lost: i64,
    /// The client asks twice by itself, and tells the second answer.
    pub(super) twice: i64,
    /// The instance dies before the call, or while it is under way.
    pub(super) crash: i64,
    /// The instance stands still after the call.
    pub(super) stall: i64,
    /// An eventual read is stale.
    pub(super) stale: i64,
}

impl Weather {
    /// Nothing goes wrong, and reads are fresh.
    pub(super) fn calm() -> Weather {
        Weather { latency: TimeDelta::milliseconds(20), ..Weather::default() }
    }

    /// A mixture of troubles: often one alone, so that what it breaks is not hidden by the others.
    pub(super) fn of(dice: &mut Dice) -> Weather {
        let latency = TimeDelta::milliseconds(*dice.pick(&[1, 20, 300, 1_500]));
        let mut rate = |most: i64| if dice.chance(40) { dice.between(1, most) } else { 0 };
        let (throttled, lost, twice) = (rate(60), rate(40), rate(40));
        let (crash, stall, stale) = (rate(25), rate(8), rate(600));
        Weather { latency, throttled, lost, twice, crash, stall, stale }
    }
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    None,
    Throttled,
    Lost,
    DiesBefore,
    DiesAfter,
    Stalls,
}

/// How stale an eventual read may be.
pub(super) const STALE: TimeDelta = TimeDelta::seconds(30);
/// How long an instance may stand still: some of it is longer than a lease.
const STALL: TimeDelta = TimeDelta::minutes(20);

/// When something happens; what has the same time, in an order that is left to chance.
type Turn = (DateTime<Utc>, i64, u64);

/// The clock, what is to happen, and chance.
pub(super) struct World {
    pub(super) weather: Cell<Weather>,
    /// How often each trouble came.
    pub(super) troubles: RefCell<BTreeMap<&'static str, u64>>,
    /// What happened, where somebody asks for it by `LAPWING_SIM_JOURNAL`.
    pub(super) journal: Option<RefCell<String>>,
    now: Cell<DateTime<Utc>>,
    queue: RefCell<BTreeMap<Turn, Event>>,
    number: Cell<u64>,
    dice: RefCell<Dice>,
    wakers: RefCell<HashMap<u64, Waker>>,
    current: Cell<Task>,
    doomed: Cell<bool>,
}

impl World {
    pub(super) fn new(dice: Dice, weather: Weather) -> Rc<World> {
        Rc::new(World {
            weather: Cell::new(weather),
            troubles: RefCell::default(),
            journal: std::env::var_os("LAPWING_SIM_JOURNAL").map(|_| RefCell::default()),
            now: Cell::new(DateTime::UNIX_EPOCH),
            queue: RefCell::default(),
            number: Cell::new(0),
            dice: RefCell::new(dice),
            wakers: RefCell::default(),
            current: Cell::new(0),
            doomed: Cell::new(false),
        })
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.now.get()
    }

    /// Notes what happens.
    pub(super) fn note(&self, what: impl FnOnce() -> String) {
        if let Some(journal) = &self.journal {
            let task = self.current.get();
            let _ = writeln!(journal.borrow_mut(), "{} [{task}] {}", self.now().format("%d %H:%M:%S%.3f"), what());
        }
    }

    /// A number that was never given before.
    pub(super) fn number(&self) -> u64 {
        self.number.set(self.number.get() + 1);
        self.number.get()
    }

    pub(super) fn between(&self, from: i64, to: i64) -> i64 {
        self.dice.borrow_mut().between(from, to)
    }

    /// True so many times in a thousand.
    pub(super) fn happens(&self, per_mille: i64) -> bool {
        per_mille > 0 && self.between(0, 1_000) < per_mille
    }

    /// Some time up to `most`.
    pub(super) fn within(&self, most: TimeDelta) -> TimeDelta {
        TimeDelta::microseconds(self.between(0, most.num_microseconds().unwrap_or(i64::MAX).max(0) + 1))
    }

    /// Lets something happen at a time. What has the same time happens in an order that is left to chance.
    pub(super) fn plan(&self, time: DateTime<Utc>, event: Event) {
        let place = (time.max(self.now()), self.between(0, i64::MAX), self.number());
        self.queue.borrow_mut().insert(place, event);
    }

    /// Goes on to what happens next.
    pub(super) fn next(&self) -> Option<Event> {
        let ((time, ..), event) = self.queue.borrow_mut().pop_first()?;
        self.now.set(time);
        if let Event::Wakes(_, waiter) = event
            && let Some(waker) = self.wakers.borrow_mut().remove(&waiter)
        {
            waker.wake();
        }
        Some(event)
    }

    /// Lets an invocation go on as far as it can, and says whether its instance died of it.
    pub(super) fn run<T>(&self, task: Task, go_on: impl FnOnce() -> T) -> (T, bool) {
        self.current.set(task);
        let out = go_on();
        (out, self.doomed.replace(false))
    }

    /// Begins an invocation, or lets one that waits for nothing go on.
    pub(super) fn begin(&self, task: Task) {
        self.plan(self.now(), Event::Wakes(task, 0));
    }

    /// Waits, of the invocation that is going on.
    pub(super) async fn wait(&self, until: DateTime<Utc>) {
        let (waiter, mut planned) = (self.number(), false);
        poll_fn(|context| {
            if planned && self.now() >= until {
                return Poll::Ready(());
            }
            if !std::mem::replace(&mut planned, true) {
                self.plan(until, Event::Wakes(self.current.get(), waiter));
            }
            self.wakers.borrow_mut().insert(waiter, context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// The instance dies here: what it had sent still has its effect, and nothing else.
    pub(super) async fn die<T>(&self) -> T {
        self.doomed.set(true);
        pending().await
    }

    /// What becomes of the next call.
    pub(super) fn trouble(&self) -> Trouble {
        let weather = self.weather.get();
        let chances = [
            (weather.throttled, Trouble::Throttled, "throttled"),
            (weather.lost, Trouble::Lost, "answer lost"),
            (weather.crash, Trouble::DiesBefore, "died before a call"),
            (weather.crash, Trouble::DiesAfter, "died during a call"),
            (weather.stall, Trouble::Stalls, "stood still"),
        ];
        for (chance, trouble, name) in chances {
            if self.happens(chance) {
                *self.troubles.borrow_mut().entry(name).or_default() += 1;
                self.note(|| name.to_owned());
                return trouble;
            }
        }
        Trouble::None
    }

    /// How long an instance stands still.
    pub(super) fn stall(&self) -> TimeDelta {
        let most = if self.happens(500) { TimeDelta::seconds(20) } else { STALL };
        self.within(most)
    }
}
