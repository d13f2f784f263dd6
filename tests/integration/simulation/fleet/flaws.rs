//! The test of the test: what the store rests on is taken away, piece by piece, and the simulation notices.

use super::run::Flaw;
use super::table::Fault;
use super::{Delivery, Workload, differences};

/// Seeds that are tried until one notices.
const SEEDS: u64 = 300;

fn notices(flaw: Flaw) {
    let engine = super::super::engine();
    let notices = |seed: &u64| {
        let workload = Workload::of(*seed, &engine);
        let deliveries: Vec<&Delivery> = workload.deliveries.iter().collect();
        !differences(&workload, &deliveries, flaw).is_empty()
    };
    let noticed = super::seeds(SEEDS, 1).find(notices);
    println!("{flaw:?} is noticed by seed {noticed:?}");
    assert!(noticed.is_some(), "{flaw:?} is not noticed");
}

#[test]
fn without_the_condition_writes_are_lost() {
    notices(Flaw::Table(Fault::IgnoresVersions));
}

#[test]
fn without_the_ids_of_deliveries_events_count_twice() {
    notices(Flaw::ForgetsDeliveries);
}

#[test]
fn without_strong_reads_crossings_are_missed() {
    notices(Flaw::Table(Fault::ReadsStale));
}

#[test]
fn without_lateness_profiles_learn_what_came_late() {
    notices(Flaw::IgnoresLateness);
}

#[test]
fn claims_that_all_may_take_are_said_twice() {
    notices(Flaw::SharesClaims);
}

#[test]
fn claims_that_never_end_lose_what_the_dead_had_claimed() {
    notices(Flaw::KeepsClaims);
}
