//! What a table must do for one caller at a time.

use std::slice;

use lapwing::store::table::{Freshness, Item, Put, Span, Table};

use super::{item, strong};

/// Items are kept as they were written, found by key and span in the order of their bytes, and replaced only while
/// nobody else has replaced them. The table must be empty under the keys that begin with `laws`.
pub(crate) async fn items_are_kept(table: &impl Table) {
    replacing(table).await;
    putting(table).await;
    spans(table).await;
    freshness(table).await;
}

async fn replacing(table: &impl Table) {
    let all = ("!", "~");
    assert_eq!(strong(table, "laws#1", all).await, []);
    let missing = item("laws#1", "c#1", 4, b"nothing before it");
    assert_eq!(table.replace(&missing, 3).await.unwrap(), Put::Overtaken(None), "there is nothing of version 3");
    let every_byte: Vec<u8> = (0..=255).collect();
    let first = item("laws#1", "c#1", 1, &every_byte);
    assert_eq!(table.replace(&first, 0).await.unwrap(), Put::Done);
    assert_eq!(strong(table, "laws#1", all).await, slice::from_ref(&first));
    let other = item("laws#1", "c#1", 1, b"somebody else's first");
    let overtaken = Put::Overtaken(Some(first));
    assert_eq!(table.replace(&other, 0).await.unwrap(), overtaken, "a replaced version must not match again");
    let second = item("laws#1", "c#1", 2, b"");
    assert_eq!(table.replace(&second, 1).await.unwrap(), Put::Done);
    let overtaken = Put::Overtaken(Some(second.clone()));
    assert_eq!(table.replace(&second, 1).await.unwrap(), overtaken, "one's own item is told like another's");
    assert_eq!(
        table.replace(&item("laws#1", "c#1", 10, b"x"), 9).await.unwrap(),
        overtaken,
        "versions are not skipped"
    );
    assert_eq!(strong(table, "laws#1", all).await, [second]);
}

async fn putting(table: &impl Table) {
    let row = item("laws#2", "w#1", 1, b"always the same");
    for _ in 0..2 {
        table.put(&row).await.unwrap();
        assert_eq!(strong(table, "laws#2", ("w", "x")).await, slice::from_ref(&row));
    }
    let other = item("laws#2", "w#1", 1, b"another");
    table.put(&other).await.unwrap();
    assert_eq!(strong(table, "laws#2", ("w", "x")).await, slice::from_ref(&other));
    let next = item("laws#2", "w#1", 2, b"what was put can be replaced");
    assert_eq!(table.replace(&next, 1).await.unwrap(), Put::Done);
    assert_eq!(strong(table, "laws#2", ("w", "x")).await, [next]);
}

async fn spans(table: &impl Table) {
    let sorts = ["B", "a", "a#", "a#01", "a#02", "a#1", "b", "é", "\u{FFFD}", "\u{1F426}"];
    for sort in sorts.iter().rev() {
        table.put(&item("laws#3", sort, 1, sort.as_bytes())).await.unwrap();
        table.put(&item("laws#33", sort, 1, b"of another key")).await.unwrap();
    }
    for (from, to, wanted) in [
        ("B", "\u{1F426}", &sorts[..]),
        ("a#", "a#02", &["a#", "a#01", "a#02"]),
        ("a#0", "a#~", &["a#01", "a#02", "a#1"]),
        ("a#01", "a#01", &["a#01"]),
        ("c", "z", &[]),
        ("é", "\u{FFFF}", &["é", "\u{FFFD}"]),
    ] {
        let found = strong(table, "laws#3", (from, to)).await;
        let wanted: Vec<Item> = wanted.iter().map(|sort| item("laws#3", sort, 1, sort.as_bytes())).collect();
        assert_eq!(found, wanted, "from {from} to {to}");
    }
}

/// An eventual read may miss what is new, but shows nothing that was never written.
async fn freshness(table: &impl Table) {
    let versions: Vec<Item> = (1..=3).map(|version| item("laws#4", "c#1", version, &[version as u8])).collect();
    for (before, next) in (0..).zip(&versions) {
        assert_eq!(table.replace(next, before).await.unwrap(), Put::Done);
        let span = Span { key: "laws#4", from: "c", to: "d", freshness: Freshness::Eventual };
        for seen in table.query(span).await.unwrap() {
            assert!(versions[..=before as usize].contains(&seen), "{seen:?} was not written");
        }
        assert_eq!(strong(table, "laws#4", ("c", "d")).await, slice::from_ref(next));
    }
}

/// Queries answer with everything, however much it is: here 2.5 MB, where DynamoDB gives 1 MB at a time.
pub(crate) async fn pages_are_followed(table: &impl Table) {
    let items: Vec<Item> = (0..25_u8).map(|n| item("laws#5", &format!("c#{n:02}"), 1, &vec![n; 100 * 1024])).collect();
    for item in &items {
        table.put(item).await.unwrap();
    }
    assert_eq!(strong(table, "laws#5", ("c#00", "c#24")).await, items);
    assert_eq!(strong(table, "laws#5", ("c#03", "c#21")).await, items[3..=21]);
}
