//! Many instances over one shared table: the same findings and alerts as one instance that takes everything in order.
//!
//! Two to sixteen instances, whose clocks differ, take the deliveries of a seed. Each call to the table takes its time,
//! may be refused, lose its answer, be asked twice or read what is old; an instance may die before, during or after any
//! call, or stand still for longer than a lease; deliveries come again as AWS would bring them. In the end the ledgers
//! must hold what one instance finds over a store in memory, and every alert must have been said. A seed that fails tells
//! all that happened in it where `LAPWING_SIM_JOURNAL` is set.

mod daily;
mod flaws;
mod hostile;
mod levels;
mod oracle;
mod parts;
mod races;
mod reads;
mod run;
mod silence;
mod sink;
mod table;
mod table_laws;
mod ticks;
mod world;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::workload::{Delivery, Workload};
use super::{each, is_exact, seeds, told};
use oracle::{INCIDENT, Outcome, mistakes, orderly, repeats};
use run::{Flaw, Run};

/// Seeds that an ordinary test runs.
const SEEDS: u64 = 100;
/// Seeds that differed once, and what for is mended.
const DIFFERED: [u64; 7] = [1335, 3416, 4190, 11366, 11621, 51515, 63920];

/// What comes out otherwise than it must; empty when nothing does. Also what was found.
fn outcome(workload: &Workload, deliveries: &[&Delivery], flaw: Flaw) -> (String, Outcome) {
    let mut run = Run::new(workload, deliveries, flaw);
    run.go();
    let mut found = run.outcome();
    let (parts, missing) = parts::parts(&run);
    let mut expected = orderly(workload, parts, run.world.now());
    for outcome in [&mut found, &mut expected] {
        outcome.forget(run.world.now());
    }
    let counts = |detector: &str| detector != INCIDENT && (!workload.batched_again || is_exact(detector));
    let mut out = missing.concat() + &found.differences(&expected, counts);
    if !workload.batched_again {
        out += &found.unlike(&expected);
        out += &found.lacks(&expected, &workload.engine);
    }
    let (handed, sent) = (run.sink.handed.borrow(), run.sink.sent.borrow());
    out += &mistakes(&found.alerts, &handed, &sent, run.world.now());
    let (troubles, repeated) = (run.world.troubles.borrow(), repeats(&sent));
    if repeated > 0 && troubles.is_empty() {
        let _ = writeln!(out, "{repeated} messages were sent twice, and nothing had gone wrong");
    }
    if !out.is_empty() {
        let _ = writeln!(out, "{} instances, {:?}, {troubles:?}", run.instances(), run.weather);
        if let Some(journal) = &run.world.journal {
            out += &journal.borrow();
        }
    }
    (out, found)
}

fn differences(workload: &Workload, deliveries: &[&Delivery], flaw: Flaw) -> String {
    outcome(workload, deliveries, flaw).0
}

#[test]
fn many_instances_find_what_one_finds() {
    let engine = super::engine();
    let seeds = seeds(SEEDS, 1);
    let differ = |workload: &Workload, deliveries: &[&Delivery]| differences(workload, deliveries, Flaw::None);
    let try_one = |seed| {
        let workload = Workload::of(seed, &engine);
        let deliveries: Vec<&Delivery> = workload.deliveries.iter().collect();
        let (wrong, found) = outcome(&workload, &deliveries, Flaw::None);
        if wrong.is_empty() { Ok(found.detectors().collect()) } else { Err(wrong) }
    };
    let told = |seed| told(seed, &Workload::of(seed, &engine), &differ);
    let spoke = each(seeds.clone(), try_one, told);
    if seeds == (0..SEEDS) {
        DIFFERED.iter().for_each(|seed| drop(each(*seed..seed + 1, try_one, told)));
    }
    let all: BTreeSet<&str> = super::speaking(&engine);
    assert!(seeds.start > 0 || seeds.end < SEEDS || spoke == all, "these never spoke: {:?}", &all - &spoke);
}
