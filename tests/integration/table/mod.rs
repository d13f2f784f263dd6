//! What every table must do, whatever it is made of: the checks that the one in DynamoDB and those in memory pass.

mod laws;
mod plain;
mod race;

pub(crate) use laws::{items_are_kept, pages_are_followed};
pub(crate) use race::{Race, race};

use lapwing::store::table::units::{Metered, Spent};
use lapwing::store::table::{Freshness, Item, Place, Span, Table};
use plain::{Careless, Plain};

/// An item of the table of the tests, on a whole second, because DynamoDB keeps no more of a time.
fn item(key: &str, sort: &str, version: u64, body: &[u8]) -> Item {
    let expires = chrono::DateTime::from_timestamp(4_102_444_801, 0).unwrap();
    Item { place: Place { key: key.into(), sort: sort.into() }, version, body: body.into(), expires }
}

/// Everything under a key from one sort key to another.
async fn strong(table: &impl Table, key: &str, (from, to): (&str, &str)) -> Vec<Item> {
    table.query(Span { key, from, to, freshness: Freshness::Strong }).await.unwrap()
}

#[tokio::test]
async fn a_plain_table_keeps_the_laws() {
    items_are_kept(&Plain::default()).await;
    pages_are_followed(&Plain::default()).await;
    race(Plain::default().into(), Race { writers: 50, rounds: 4 }).await.assert_exact();
}

/// The checks notice what they are for.
#[tokio::test]
#[should_panic(expected = "there is nothing of version 3")]
async fn a_table_that_compares_nothing_breaks_a_law() {
    items_are_kept(&Careless::default()).await;
}

#[tokio::test]
async fn a_table_that_compares_nothing_loses_in_a_race() {
    let run = race(Careless::default().into(), Race { writers: 50, rounds: 4 }).await;
    assert!(run.kept() < 200, "{run:?}");
}

#[tokio::test]
async fn a_metered_table_counts_what_calls_cost() {
    let kind = |key: &str, sort: &str| if (key, sort) == ("due", "w#1") { "work" } else { "cells" };
    let table = Metered::new(Plain::default(), kind);
    let small = item("user/ann", "c#1", 1, &[0; 100]);
    let large = item("user/ann", "c#1", 2, &[0; 5000]);
    table.replace(&small, 0).await.unwrap();
    table.replace(&large, 1).await.unwrap();
    table.replace(&small, 0).await.unwrap();
    strong(&table, "user/ann", ("c", "d")).await;
    let eventual = Span { key: "user/ann", from: "c", to: "d", freshness: Freshness::Eventual };
    table.query(eventual).await.unwrap();
    table.put(&item("due", "w#1", 1, b"")).await.unwrap();
    let spent = table.take();
    // One for the small item, five for the large one, five for the attempt against the large one.
    let cells = Spent { queries: 2, writes: 3, overtaken: 1, half_read_units: 2 * 2 + 2, write_units: 1 + 5 + 5 };
    assert_eq!(spent["cells"], cells);
    assert_eq!(spent["work"], Spent { writes: 1, write_units: 1, ..Spent::default() });
    assert!(table.take().is_empty());
}
