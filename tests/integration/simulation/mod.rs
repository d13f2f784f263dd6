//! Law 1 of the design: the same confirmed findings for any order, batching, concurrency and repetition of deliveries.
//!
//! Each seed makes a few hours of logs in which detectors speak, cuts them into deliveries, and lets one to four
//! instances take them from one store: out of order, several times, some late, with instances that die at any point.
//! What is found must be what one instance finds that takes each delivery once, in order. The same for instances over a
//! table: [`fleet`].
//!
//! `LAPWING_SIM_SEEDS=N` runs N seeds of the fleet and a tenth of that of the others, on all processors;
//! `LAPWING_SIM_FROM=N` begins with another one than 0. 100,000 seeds take some hours of one processor:
//!
//! ```text
//! LAPWING_SIM_SEEDS=100000 cargo test --release simulation
//! ```

mod fleet;
mod ledger;
mod run;
mod workload;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::{env, thread};

use chrono::TimeDelta;
use lapwing::settings::Settings;
use lapwing::store::{Limits, MemoryStore, Retention};
use lapwing_detectors::catalog::{self, CATALOG, Make, silence};
use lapwing_detectors::detector::{Engine, Watch};
use lapwing_detectors::observe::Learnt;
use lapwing_detectors::profile::Lateness;
use lapwing_detectors::settings::{Field, Minutes, Value, Visit};
use lapwing_detectors::severity::Severity;

use crate::logs::CORRELATED;
use run::{Flaw, disorderly, orderly};
use workload::{Delivery, Workload, on_the_edge};

/// Detectors that count occurrences alone, so that an event that comes again in another delivery changes nothing.
const EXACT: [&str; 8] = [
    "denied-burst",
    "console-login-failures",
    "console-login-spray",
    "root-use",
    "trail-tampering",
    "several-tactics",
    "function-out-of-memory",
    "function-init-failure",
];

/// Does a detector count occurrences alone? Rules and correlations do. What knows habits rests on what deliveries taught.
fn is_exact(detector: &str) -> bool {
    EXACT.contains(&detector) || catalog::about(detector).is_none()
}

/// Runs of smaller and smaller schedules that a failing seed is given.
const SHRINKING: usize = 2_000;

/// The seeds to run: `usual` many when nobody asks for another number, else one in so many of those.
fn seeds(usual: u64, one_in: u64) -> Range<u64> {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let from = number("LAPWING_SIM_FROM").unwrap_or(0);
    from..from + number("LAPWING_SIM_SEEDS").map_or(usual, |asked| asked.div_ceil(one_in))
}

/// Seeds that one thread runs; more of them are shared among all processors.
const FEW: u64 = 1_000;

/// Seeds that may fail until nobody looks for more.
const ENOUGH: usize = 20;

/// The detectors that spoke in a seed, or what was found otherwise than in order.
type Tried = Result<BTreeSet<&'static str>, String>;

/// What spoke in any of the seeds. When all have run, it fails with those that did, of which the first one is `told`.
fn each(
    seeds: Range<u64>,
    try_one: impl Fn(u64) -> Tried + Sync,
    told: impl Fn(u64) -> String,
) -> BTreeSet<&'static str> {
    let threads =
        if seeds.end - seeds.start > FEW { thread::available_parallelism().map_or(1, usize::from) } else { 1 };
    let (next, spoke, failed) = (AtomicU64::new(seeds.start), Mutex::new(BTreeSet::new()), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || failed.lock().unwrap().len() >= ENOUGH {
                return;
            }
            let tried = catch_unwind(AssertUnwindSafe(|| try_one(seed)));
            match tried.unwrap_or_else(|_| Err("it panicked".to_owned())) {
                Ok(found) => spoke.lock().unwrap().extend(found),
                Err(difference) => drop(failed.lock().unwrap().insert(seed, difference)),
            }
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().unwrap();
    if let Some((first, _)) = failed.first_key_value() {
        let line =
            |(seed, difference): (&u64, &String)| format!("{seed}: {}\n", difference.lines().next().unwrap_or(""));
        let all: String = failed.iter().map(line).collect();
        panic!("{} of {seeds:?} fail:\n{all}{}", failed.len(), told(*first));
    }
    spoke.into_inner().unwrap()
}

/// What is found otherwise than in order; empty when nothing is.
fn differences(workload: &Workload, deliveries: &[&Delivery], flaw: Flaw) -> String {
    let expected = orderly(workload, deliveries);
    let found = disorderly(workload, deliveries, flaw);
    found.differences(&expected, |detector| !workload.batched_again || is_exact(detector))
}

/// Says what comes out otherwise than in order, of some deliveries of a workload; empty when nothing does.
type Differ<'d> = &'d dyn Fn(&Workload, &[&Delivery]) -> String;

/// The fewest deliveries that still make a difference, and the difference.
fn shrunk<'w>(workload: &'w Workload, differ: Differ<'_>) -> (Vec<&'w Delivery>, String) {
    let mut kept: Vec<&Delivery> = workload.deliveries.iter().collect();
    let mut difference = differ(workload, &kept);
    let (mut part, mut runs) = (kept.len().div_ceil(2), 0);
    while part > 0 && runs < SHRINKING {
        let mut start = 0;
        while start < kept.len() && runs < SHRINKING {
            let mut fewer = kept.clone();
            fewer.drain(start..(start + part).min(kept.len()));
            runs += 1;
            let still = differ(workload, &fewer);
            if still.is_empty() {
                start += part;
            } else {
                (kept, difference) = (fewer, still);
            }
        }
        part /= 2;
    }
    (kept, difference)
}

/// A seed that fails, for people.
fn told(seed: u64, workload: &Workload, differ: Differ<'_>) -> String {
    let (deliveries, difference) = shrunk(workload, differ);
    let mut out = format!("seed {seed} (LAPWING_SIM_FROM={seed} LAPWING_SIM_SEEDS=1) fails with these deliveries:\n");
    let time = |time: chrono::DateTime<chrono::Utc>| time.format("%H:%M:%S").to_string();
    for delivery in deliveries {
        let events = &delivery.learnt.events;
        let minutes: BTreeSet<String> =
            events.iter().map(|met| met.minute.start().format("%H:%M").to_string()).collect();
        let cells: Vec<String> = delivery.learnt.cells().iter().map(|(entity, ..)| entity.to_string()).collect();
        let attempts: Vec<String> =
            delivery.attempts.iter().map(|(at, fate)| format!("{} {fate:?}", time(*at))).collect();
        let _ = writeln!(
            out,
            "  {} events of {minutes:?}{} in order at {}, otherwise {attempts:?}: {cells:?}",
            events.len(),
            if delivery.late { ", late," } else { "" },
            delivery.orderly.map_or("never".to_owned(), time),
        );
    }
    out + &difference
}

/// The engine, with detectors of new behaviour that speak from the second hour on.
fn engine() -> Arc<Engine> {
    struct Impatient;
    impl Visit for Impatient {
        fn field(&mut self, field: Field, value: Value<'_>) {
            match (field.name, value) {
                ("min_age_days" | "min_days", Value::Count(least)) => *least = 0,
                ("one_in", Value::Count(hours)) => *hours = 1,
                ("gigabytes", Value::Count(gigabytes)) => *gigabytes = 1,
                ("after", Value::Minutes(after)) => *after = Minutes(10),
                _ => {}
            }
        }
    }
    let watch = |make: &Make| {
        let mut detector = make();
        detector.settings(&mut Impatient);
        let stage = detector.stage();
        Watch { detector, cap: Severity::Critical, stage, variants: Vec::new() }
    };
    Arc::new(Engine::new(CATALOG.iter().map(watch).collect(), Lateness::default()))
}

/// What the generated days have nothing of: what must be told of what, or speaks in the alerts of others, or needs a week and
/// a Monday.
const UNHEARD: [&str; 4] = [silence::ID, "deployer-misused", "change-before-failure", "function-memory-unused"];

/// The detectors that speak of the generated days.
fn speaking(engine: &Engine) -> BTreeSet<&'static str> {
    engine.detectors().map(|about| about.id).filter(|id| !UNHEARD.contains(id)).collect()
}

/// Runs the seeds with an engine; fails where anything else is found than in order. Which detectors spoke.
fn find_the_same(seeds: Range<u64>, engine: &Arc<Engine>) -> BTreeSet<&'static str> {
    let differ = |workload: &Workload, deliveries: &[&Delivery]| differences(workload, deliveries, Flaw::None);
    let try_one = |seed| {
        let workload = Workload::of(seed, engine);
        let deliveries: Vec<&Delivery> = workload.deliveries.iter().collect();
        let wrong = differ(&workload, &deliveries);
        if wrong.is_empty() { Ok(orderly(&workload, &deliveries).detectors().collect()) } else { Err(wrong) }
    };
    each(seeds, try_one, |seed| told(seed, &Workload::of(seed, engine), &differ))
}

#[test]
fn any_order_repetition_and_crash_finds_the_same() {
    let engine = engine();
    let seeds = seeds(200, 10);
    let spoke = find_the_same(seeds.clone(), &engine);
    // What is made of alerts is no finding of a minute; the fleet has it.
    let all: BTreeSet<&str> = speaking(&engine).into_iter().filter(|detector| !engine.relates(detector)).collect();
    assert!(seeds.start > 0 || seeds.end < 200 || spoke == all, "these never spoke: {:?}", &all - &spoke);
}

#[test]
fn rules_and_correlations_find_the_same_too() {
    let spoke = find_the_same(seeds(25, 10), &Arc::new(Settings::default().engine()));
    for (correlation, _) in CORRELATED {
        assert!(spoke.contains(correlation), "{correlation} never spoke");
    }
}

/// How many of the first seeds notice the flaw.
fn noticed(flaw: Flaw) -> usize {
    let engine = engine();
    let notices = |seed: &u64| {
        let workload = Workload::of(*seed, &engine);
        let deliveries: Vec<&Delivery> = workload.deliveries.iter().collect();
        !differences(&workload, &deliveries, flaw).is_empty()
    };
    (0..30).filter(notices).count()
}

#[test]
fn a_store_that_forgets_deliveries_is_noticed() {
    assert!(noticed(Flaw::ForgetsDeliveries) > 0);
}

#[test]
fn a_store_that_ignores_lateness_is_noticed() {
    assert!(noticed(Flaw::IgnoresLateness) > 0);
}

#[test]
fn what_comes_as_its_minute_is_complete_is_late() {
    let engine = engine();
    let (oldest, edge) = on_the_edge(&engine);
    for (received, late) in [(edge - TimeDelta::seconds(1), 0), (edge, 1)] {
        let mut store = MemoryStore::new(Arc::clone(&engine), engine.lateness, Limits::default(), Retention::Week);
        store.add(Learnt { received, ..oldest.clone() });
        assert_eq!(store.late, late, "{received}");
    }
}
