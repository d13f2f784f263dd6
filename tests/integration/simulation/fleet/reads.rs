//! What an instance reads again of an entity that it knows.

use std::cell::RefCell;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use lapwing::store::table::{Freshness, Item, Put, Span, Table, TableError, TableStore};
use lapwing::store::{Limits, StateStore as _};
use lapwing_detectors::detector::Engine;

use super::races::{Shelf, refusals_at};

/// A table that notes which spans of principals are asked for.
#[derive(Default)]
struct Noting {
    shelf: Shelf,
    asked: RefCell<Vec<String>>,
}

impl Table for &Noting {
    async fn query(&self, span: Span<'_>) -> Result<Vec<Item>, TableError> {
        if span.key.starts_with('p') {
            let strong = if span.freshness == Freshness::Strong { " strongly" } else { "" };
            self.asked.borrow_mut().push(format!("{:.1} to {:.1}{strong}", span.from, span.to));
        }
        (&self.shelf).query(span).await
    }

    async fn replace(&self, item: &Item, before: u64) -> Result<Put, TableError> {
        (&self.shelf).replace(item, before).await
    }

    async fn put(&self, item: &Item) -> Result<(), TableError> {
        (&self.shelf).put(item).await
    }
}

/// What the last delivery makes an instance ask for, where others take those that it does not: each with the minute of
/// its events and when it was received.
fn asks(all: &[(&str, &str, bool)], wanted: &[&str]) {
    let (table, engine) = (Noting::default(), Arc::new(Engine::default()));
    let store = |owner| TableStore::new(&table, Arc::clone(&engine), Limits::default(), owner);
    let (mut own, mut other) = (store(1), store(2));
    for (number, (at, received, mine)) in all.iter().enumerate() {
        table.asked.borrow_mut().clear();
        let received: DateTime<Utc> = format!("2026-10-20T{received}:00Z").parse().unwrap();
        let learnt = refusals_at(at, &engine, number..number + 1, received);
        let store = if *mine { &mut own } else { &mut other };
        store.exchange(learnt).now_or_never().unwrap().unwrap();
    }
    assert_eq!(*table.asked.borrow(), wanted, "{all:?}");
}

#[test]
fn what_comes_in_time_asks_for_cells_alone() {
    let (first, others) = (("12:00", "12:01", true), ("12:02", "12:03", false));
    asks(&[first], &["A to c"]);
    asks(&[first, others, ("12:04", "12:05", true)], &["c to c"]);
    // The hour is complete meanwhile, so that profiles have learnt it: its cell is read once more.
    asks(&[first, others, ("13:22", "13:25", true)], &["A to c"]);
    // Late: what is final rests on strong reads, of the ledger as well.
    asks(&[first, others, ("12:04", "12:40", true)], &["A to c", "A to c strongly"]);
}
