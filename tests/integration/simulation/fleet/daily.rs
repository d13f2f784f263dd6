//! Days of many instances: the budget and the digest are exact, whatever dies or gets lost.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use lapwing::store::table::TableStore;
use lapwing::store::{Daily, StateStore as _, Way};
use lapwing_detectors::alert::{Alert, AlertId, Subject};
use lapwing_detectors::day::{Budget, Day, Digest, spent_alert};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;

use super::run::store_of;
use super::table::{Fault, SimTable, Stored};
use super::table_laws::{Work, run};
use super::world::{Weather, World};
use crate::logs::Dice;

const DAY: Day = Day(20_000);
const BUDGET: Budget = Budget { per_day: 4 };
/// Alerts of the day, and those that come when its digest is being sent.
const ALERTS: u64 = 40;
const LATE: u64 = 6;
/// Instances that take up an alert, one after the other, until one has settled it.
const ATTEMPTS: u64 = 5;

/// What was sent.
#[derive(Default)]
struct Sent {
    settled: BTreeSet<AlertId>,
    singles: BTreeMap<AlertId, u64>,
    spent: BTreeMap<Day, u64>,
    digests: Vec<(Day, Digest)>,
}

/// Half are for the digest anyway; the others are of what the budget governs.
fn alert(number: u64) -> Alert {
    Alert {
        id: AlertId(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        detector: "api-call-rate",
        severity: Severity::Low,
        stage: if number.is_multiple_of(2) { Stage::Digest } else { Stage::Alert },
        expected: Some(3.0),
        raised_at: DAY.start() + TimeDelta::hours(3),
        subject: Subject { principal: format!("role/{number}"), ..Subject::default() },
        ..spent_alert(DAY, BUDGET)
    }
}

struct Play {
    world: Rc<World>,
    stored: Rc<Stored>,
    engine: Arc<Engine>,
    sent: Rc<RefCell<Sent>>,
    works: Vec<Option<Work>>,
}

impl Play {
    fn instance(&self) -> TableStore<SimTable> {
        store_of(SimTable::new(&self.stored), &self.engine, self.works.len() as u64 + 1)
    }

    /// An instance that has an alert to send at a time.
    fn places(&mut self, number: u64, at: DateTime<Utc>) {
        let (mut store, world, sent) = (self.instance(), Rc::clone(&self.world), Rc::clone(&self.sent));
        self.works.push(Some(Box::pin(async move {
            world.wait(at).await;
            let alert = alert(number);
            if sent.borrow().settled.contains(&alert.id) {
                return;
            }
            let Ok(placed) = store.place(&alert, BUDGET, world.now()).await else { return };
            if let Some(day) = placed.spent {
                *sent.borrow_mut().spent.entry(day).or_default() += 1;
                if store.daily_said(Daily::Spent(day), world.now()).await.is_err() {
                    return;
                }
            }
            if placed.way == Way::Single {
                *sent.borrow_mut().singles.entry(alert.id).or_default() += 1;
            }
            sent.borrow_mut().settled.insert(alert.id);
        })));
    }

    /// An instance that ticks at a time; in calm weather where nothing must be left undone.
    fn ticks(&mut self, at: DateTime<Utc>, weather: Weather) {
        let (mut store, world, sent) = (self.instance(), Rc::clone(&self.world), Rc::clone(&self.sent));
        self.works.push(Some(Box::pin(async move {
            world.wait(at).await;
            world.weather.set(weather);
            while let Ok(Some((day, digest))) = store.digest(world.now()).await {
                sent.borrow_mut().digests.push((day, digest));
                if store.daily_said(Daily::Digest(day), world.now()).await.is_err() {
                    return;
                }
            }
        })));
    }
}

/// Lets a day and the next one pass; what was sent, and whether anything had gone wrong.
fn play(seed: u64, fault: Fault) -> (Sent, bool) {
    let mut dice = Dice::new(seed);
    let weather = Weather::of(&mut dice);
    let world = World::new(dice, weather);
    let stored = Stored::new(&world, fault);
    let engine = Arc::new(Engine::default());
    let mut play = Play { world, stored, engine, sent: Rc::default(), works: Vec::new() };
    let midnight = DAY.after().start();
    for number in 0..ALERTS + LATE {
        // Some at once, so that they meet; some as the day closes.
        let start = if number < ALERTS { DAY.start() + TimeDelta::hours(4 + number as i64 / 8) } else { midnight };
        let start = if number < ALERTS { start } else { start + TimeDelta::seconds(30 * 60 + number as i64 - 42) };
        for attempt in 0..ATTEMPTS {
            play.places(number, start + TimeDelta::minutes(4 * attempt as i64));
        }
    }
    for day in [midnight, midnight + TimeDelta::days(1)] {
        for minute in 0..12 {
            play.ticks(day + TimeDelta::minutes(30 + minute), weather);
        }
        play.ticks(day + TimeDelta::hours(2), Weather::calm());
        play.ticks(day + TimeDelta::hours(3), weather);
    }
    for number in 0..ALERTS + LATE {
        play.ticks(midnight + TimeDelta::hours(4), Weather::calm());
        play.places(number, midnight + TimeDelta::hours(5));
    }
    play.ticks(midnight + TimeDelta::days(1) + TimeDelta::hours(5), Weather::calm());
    run(&play.world, &play.stored, play.works);
    let troubled = !play.world.troubles.borrow().is_empty();
    (play.sent.take(), troubled)
}

/// What is wrong with what was sent; empty when nothing is.
fn wrong((sent, troubled): &(Sent, bool)) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut digests: BTreeMap<Day, &Digest> = BTreeMap::new();
    for (day, digest) in &sent.digests {
        if digests.insert(*day, digest).is_some_and(|before| before != digest) {
            wrong.push(format!("the digest of {day} was sent with other contents"));
        }
    }
    let digested: u64 = digests.values().map(|digest| digest.alerts()).sum();
    let all = ALERTS + LATE;
    if sent.singles.len() as u64 + digested != all || sent.settled.len() as u64 != all {
        wrong.push(format!("{} by themselves and {digested} in digests of {all}", sent.singles.len()));
    }
    let days = digests.len() as u64;
    if sent.singles.len() as u64 > u64::from(BUDGET.per_day) * days {
        wrong.push(format!("{} were sent by themselves in {days} days", sent.singles.len()));
    }
    if !sent.spent.contains_key(&DAY) {
        wrong.push("nobody said that the budget was spent".to_owned());
    }
    let twice = sent.singles.values().chain(sent.spent.values()).any(|times| *times > 1);
    if !troubled && (twice || sent.digests.len() as u64 != days) {
        wrong.push("something was sent twice, and nothing had gone wrong".to_owned());
    }
    wrong
}

#[test]
fn budget_and_digest_are_exact_whatever_dies() {
    let differ = |seed| wrong(&play(seed, Fault::None)).join("\n");
    let try_one = |seed| Some(differ(seed)).filter(|wrong| !wrong.is_empty()).map_or_else(|| Ok(BTreeSet::new()), Err);
    super::each(super::seeds(super::SEEDS, 1), try_one, differ);
}

#[test]
fn a_table_that_compares_nothing_loses_alerts_of_a_day() {
    assert!((0..30).any(|seed| !wrong(&play(seed, Fault::IgnoresVersions)).is_empty()));
}
