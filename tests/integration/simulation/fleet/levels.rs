//! Levels of many instances: all judge a day at the same one, whatever dies, whatever comes twice or days late.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use lapwing::decode::Origin;
use lapwing::pipeline::{From, Pipeline, delivery_id, teach};
use lapwing::settings::Settings;
use lapwing::store::table::TableStore;
use lapwing::store::{Limits, MemoryStore, Retention, StateStore};
use lapwing_detectors::day::{Budget, Day};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::entity::{Entity, Family};
use lapwing_detectors::judge::{Judged, Range};
use lapwing_detectors::level::{Level, Levels, Peak, Peaks, Pool, Standing, Surprise};
use lapwing_detectors::observe::Learnt;
use lapwing_detectors::time::Minute;

use super::oracle::ready;
use super::races::Shelf;
use super::run::store_of;
use super::table::{Fault, SimTable, Stored};
use super::table_laws::{Work, run};
use super::world::{Weather, World};
use crate::logs::{Dice, Record, Who, call, delivery, noon};

/// Of an account that is louder than its budget.
const SMALL: Budget = Budget { per_day: 2 };
/// One that makes each peak count.
const HALF: Budget = Budget { per_day: 20 };
/// One that asks for what settings ask for.
const NONE: Budget = Budget { per_day: 0 };
const DAYS: i64 = 6;
const ROLES: usize = 40;

fn engine(budget: Budget) -> Arc<Engine> {
    let mut engine = Engine::default();
    engine.budget = budget;
    Arc::new(engine)
}

/// What comes, and when.
struct Coming {
    at: DateTime<Utc>,
    learnt: Learnt,
}

fn midnight() -> DateTime<Utc> {
    Day::of(noon()).start()
}

/// Days of roles that call once an hour, and once in all, each on its day, far more: some so much that every level tells
/// it, others so that only a low one does.
fn records(dice: &mut Dice) -> Vec<Record> {
    let mut records = Vec::new();
    for role in 0..ROLES {
        let (name, who) = (format!("job{role}"), &mut Vec::new());
        for minute in (0..DAYS * 1_440).step_by(60) {
            let at = midnight() + TimeDelta::minutes(minute + dice.between(0, 59));
            who.push(at);
        }
        let day = 1 + role as i64 % (DAYS - 1);
        let at = midnight() + TimeDelta::minutes(day * 1_440 + dice.between(200, 1_300));
        let size = dice.between(20, 40) << dice.between(0, 5);
        (0..size).for_each(|n| who.push(at + TimeDelta::seconds(n % 50)));
        for at in who {
            records.push(call(dice, *at, Who::Role(&name), ("s3:GetObject", "")));
        }
    }
    records.sort_by_key(|record| record.time);
    records
}

/// Deliveries of 15 minutes each, in the order of their coming: some come days late, some again.
fn comings(engine: &Engine, dice: &mut Dice, records: &[Record], late: i64) -> Vec<Coming> {
    let mut all = Vec::new();
    for batch in records.chunk_by(|a, b| a.time.timestamp() / 900 == b.time.timestamp() / 900) {
        let bytes = delivery(batch);
        let origin = Origin::default();
        let from = From { origin, delivery: delivery_id(&bytes), received: DateTime::UNIX_EPOCH, met: None };
        let learnt = teach(engine, &bytes, &from).unwrap().learnt;
        let soon = batch[batch.len() - 1].time + TimeDelta::seconds(20);
        let at = if dice.chance(late) { soon + TimeDelta::hours(dice.between(1, 60)) } else { soon };
        all.push(Coming { at, learnt: learnt.clone() });
        if dice.chance(late) {
            all.push(Coming { at: at + TimeDelta::minutes(dice.between(1, 3_000)), learnt });
        }
    }
    all.sort_by_key(|coming| coming.at);
    all
}

/// What instances say that take turns; ticks come every five minutes.
fn said<S: StateStore>(instances: &mut [Pipeline<S>], comings: &[Coming], dice: &mut Dice) -> BTreeSet<String> {
    let end = midnight() + TimeDelta::days(DAYS + 3);
    let (mut tick, mut comings, mut said) = (comings[0].at, comings.iter().peekable(), BTreeSet::new());
    while tick < end {
        let instance = &mut instances[dice.between(0, instances.len() as i64) as usize];
        let alerts = match comings.next_if(|coming| coming.at <= tick) {
            Some(Coming { at, learnt }) => ready(instance.take(Learnt { received: *at, ..learnt.clone() })),
            None => {
                tick += TimeDelta::minutes(5);
                ready(instance.tick(tick))
            }
        };
        for alert in alerts.unwrap() {
            ready(instance.said(&alert)).unwrap();
            said.insert(format!("{} {} {}", alert.detector, alert.subject.name(), alert.id));
        }
    }
    said
}

fn pipelines<S: StateStore>(engine: &Arc<Engine>, stores: Vec<S>) -> Vec<Pipeline<S>> {
    let settings = Arc::new(Settings::default());
    stores.into_iter().map(|store| Pipeline::new(Arc::clone(&settings), Arc::clone(engine), store)).collect()
}

fn memory(engine: &Arc<Engine>) -> Vec<MemoryStore> {
    vec![MemoryStore::new(Arc::clone(engine), engine.lateness, Limits::default(), Retention::Week)]
}

/// The level of each day with events.
fn all(levels: &Levels) -> Vec<Level> {
    (0..DAYS).map(|day| levels.of(Minute::of(midnight() + TimeDelta::days(day)))).collect()
}

#[test]
fn instances_judge_every_day_at_the_same_level() {
    let (engine, free) = (engine(SMALL), engine(NONE));
    for (seed, late) in [(1, 0), (2, 10)] {
        let mut dice = Dice::new(seed);
        let records = records(&mut dice);
        let comings = comings(&engine, &mut dice, &records, late);
        let mut one = pipelines(&engine, memory(&engine));
        let wanted = said(&mut one, &comings, &mut dice);
        let levels = all(one[0].store.levels());
        assert!(levels.iter().any(|level| level.compared > 0), "seed {seed}: it is loud: {levels:?}");
        let shelf = Shelf::default();
        let store = |owner| TableStore::new(&shelf, Arc::clone(&engine), Limits::default(), owner);
        let mut many = pipelines(&engine, (1..=3).map(store).collect());
        assert_eq!(said(&mut many, &comings, &mut dice), wanted, "seed {seed}");
        for instance in &many {
            assert_eq!(all(instance.store.levels()), levels, "seed {seed}");
        }
        // What no budget governs says more.
        let louder = said(&mut pipelines(&free, memory(&free)), &comings, &mut dice);
        assert!(louder.len() > wanted.len(), "{} and {} at {levels:?}", louder.len(), wanted.len());
    }
}

/// Instances note what they found on a day, over and over, and others ask two days later; what they learn.
fn play(seed: u64, fault: Fault) -> (BTreeSet<(i8, i8)>, Level) {
    let mut dice = Dice::new(seed);
    let weather = Weather::of(&mut dice);
    let peaks: Vec<Peak> = (0..40).map(|series| peak(series, dice.between(0, 4_000) as f64 / 1_000.0)).collect();
    let (world, engine) = (World::new(dice, weather), engine(HALF));
    let stored = Stored::new(&world, fault);
    let (mut works, levels): (Vec<Option<Work>>, Rc<RefCell<BTreeSet<_>>>) = (Vec::new(), Rc::default());
    // Who adds what is lost again makes up for it.
    let attempts = if fault == Fault::None { 6 } else { 1 };
    let mut owners = 0;
    let mut instance = || {
        owners += 1;
        store_of(SimTable::new(&stored), &engine, owners)
    };
    for of in peaks.chunks(4) {
        for attempt in 1..=attempts {
            let (mut store, world, judged) = (instance(), Rc::clone(&world), judged(of));
            works.push(Some(Box::pin(async move {
                world.wait(midnight() + TimeDelta::minutes(200 * attempt)).await;
                if attempt == attempts {
                    world.weather.set(Weather::calm());
                }
                let never = |_: &_, range| Judged { range, ..judged.clone() };
                let _ = store.fold(vec![judged.clone()], &never, world.now()).await;
                world.weather.set(weather);
            })));
        }
    }
    for asking in 0..12 {
        let (mut store, world, levels) = (instance(), Rc::clone(&world), Rc::clone(&levels));
        works.push(Some(Box::pin(async move {
            let at = midnight() + TimeDelta::days(2) + TimeDelta::seconds(asking / 4);
            world.wait(at).await;
            if store.exchange(Learnt { received: at, ..nothing() }).await.is_ok() {
                let level = store.levels().of(Minute::of(at));
                levels.borrow_mut().insert((level.compared, level.news));
            }
        })));
    }
    run(&world, &stored, works);
    let mut day = Peaks::default();
    peaks.iter().for_each(|peak| day.add(*peak));
    let learnt = levels.borrow().clone();
    (learnt, Standing::default().next(&day, HALF).level)
}

fn peak(series: i64, over: f64) -> Peak {
    let entity = Entity { family: Family::Principal, key: series.to_string().into() };
    let surprise = Surprise { t: 6.0 + over, asked: 6.0 };
    Peak::of(Minute::of(midnight()), ("api-call-rate", &entity), (Pool::Compared, surprise))
}

fn judged(peaks: &[Peak]) -> Judged {
    let minute = Minute::of(midnight());
    let entity = Entity { family: Family::Principal, key: "nobody".into() };
    let range = Range { from: minute, to: minute, complete: true };
    Judged { entity, range, findings: Vec::new(), peaks: peaks.to_vec() }
}

fn nothing() -> Learnt {
    let bytes = delivery(&[]);
    let from =
        From { origin: Origin::default(), delivery: delivery_id(&bytes), received: DateTime::UNIX_EPOCH, met: None };
    teach(&Engine::default(), &bytes, &from).unwrap().learnt
}

#[test]
fn a_level_is_the_same_for_all_whatever_dies() {
    for seed in super::seeds(super::SEEDS, 1) {
        let (levels, wanted) = play(seed, Fault::None);
        let wanted = BTreeSet::from([(wanted.compared, wanted.news)]);
        assert!(wanted.is_superset(&levels), "seed {seed}: {levels:?}, and all that was found says {wanted:?}");
    }
}

#[test]
fn a_table_that_compares_nothing_has_several_levels() {
    let wrong = |seed: &u64| {
        let (levels, wanted) = play(*seed, Fault::IgnoresVersions);
        levels.iter().any(|level| *level != (wanted.compared, wanted.news))
    };
    assert!((0..30).filter(wrong).count() > 0);
}
