//! Ticks that do not come to the end of a bucket: the next one goes on where they were.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use lapwing::store::table::TableStore;
use lapwing::store::{Limits, StateStore as _};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::entity::Entity;
use lapwing_detectors::judge::{Judged, Known, Range};

use super::races::{Shelf, judged, refusals_at};

/// Instances of one table, in which a burst of refusals waits to be judged: of a user and of each of the APIs.
struct Stage {
    shelf: Shelf,
    engine: Arc<Engine>,
}

fn at(time: &str) -> DateTime<Utc> {
    format!("2026-10-20T{time}:00Z").parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("12:30")
}

impl Stage {
    fn new() -> Stage {
        let stage = Stage { shelf: Shelf::default(), engine: Arc::new(Engine::default()) };
        let taught = refusals_at("12:00", &stage.engine, 0..30, "2026-10-20T12:01:00Z".parse().unwrap());
        stage.instance(1).exchange(taught).now_or_never().unwrap().unwrap();
        stage
    }

    fn instance(&self, owner: u64) -> TableStore<&Shelf> {
        let mut store = TableStore::new(&self.shelf, Arc::clone(&self.engine), Limits::default(), owner);
        store.handful = 1;
        store
    }

    /// Takes up to so many handfuls, and folds what is found in each; says of whom they were.
    fn tick(&self, store: &mut TableStore<&Shelf>, most: usize) -> Vec<Entity> {
        self.tick_at(now(), store, most)
    }

    fn tick_at(&self, now: DateTime<Utc>, store: &mut TableStore<&Shelf>, most: usize) -> Vec<Entity> {
        let judge = |known: &Known, range: Range| judged(&self.engine, known, range);
        let mut all = Vec::new();
        for _ in 0..most {
            let due = store.due(now).now_or_never().unwrap().unwrap();
            if due.is_empty() {
                break;
            }
            all.extend(due.iter().map(|(known, _)| known.entity.clone()));
            let judged: Vec<Judged> = due.iter().map(|(known, range)| judge(known, *range)).collect();
            store.fold(judged, &judge, now).now_or_never().unwrap().unwrap();
        }
        all
    }
}

#[test]
fn the_next_tick_goes_on_in_the_middle_of_a_bucket() {
    let stage = Stage::new();
    let whole = stage.tick(&mut Stage::new().instance(2), usize::MAX).len();
    // The first one dies after nine handfuls, of which it noted eight.
    let first = stage.tick(&mut stage.instance(2), 9);
    let rest = stage.tick(&mut stage.instance(3), usize::MAX);
    assert!(whole > 20 && rest.len() == whole - 8, "{} of {whole}", rest.len());
    let all: BTreeSet<&Entity> = first.iter().chain(&rest).collect();
    assert_eq!(all.len(), whole);
}

#[test]
fn a_tick_without_time_leaves_all_to_the_next_and_says_since_when_it_waits() {
    let stage = Stage::new();
    let mut store = stage.instance(2);
    store.ends = Some(SystemTime::UNIX_EPOCH);
    assert!(stage.tick(&mut store, usize::MAX).is_empty());
    assert!(store.waiting_since.is_some_and(|since| since <= now()));
    store.ends = None;
    assert!(stage.tick(&mut store, usize::MAX).len() > 20);
}

#[test]
fn of_two_ticks_at_once_the_one_behind_leaves_the_rest() {
    let stage = Stage::new();
    let (mut ahead, mut behind) = (stage.instance(2), stage.instance(3));
    assert_eq!(stage.tick(&mut behind, 1).len(), 1);
    assert_eq!(stage.tick(&mut ahead, 13).len(), 13);
    assert_eq!(stage.tick(&mut behind, usize::MAX).len(), 3);
    assert!(stage.tick(&mut ahead, usize::MAX).len() > 8);
}

#[test]
fn who_is_overtaken_and_has_no_time_notes_nothing_of_the_next_bucket() {
    let next = |overtaken: bool| {
        let stage = Stage::new();
        let later = refusals_at("12:19", &stage.engine, 30..60, at("12:20"));
        stage.instance(1).exchange(later).now_or_never().unwrap().unwrap();
        let (mut ahead, mut behind) = (stage.instance(2), stage.instance(3));
        assert_eq!(stage.tick(&mut behind, 20).len(), 20);
        assert!(stage.tick(&mut ahead, usize::MAX).len() > 8);
        if overtaken {
            behind.ends = Some(SystemTime::UNIX_EPOCH);
            assert!(stage.tick(&mut behind, usize::MAX).is_empty());
        }
        stage.tick_at(at("12:40"), &mut stage.instance(4), usize::MAX).len()
    };
    assert_eq!(next(true), next(false));
}
