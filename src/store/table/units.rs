//! What a table on demand costs: the units that DynamoDB bills for reads and writes, computed from the sizes of items
//! by its published rules ("DynamoDB item sizes and formats", "DynamoDB read and write operations" in its developer
//! guide). A KB is 1,024 bytes there.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::port::{Freshness, Item, Place, Put, Span, Table, TableError};

/// The names of the attributes, of one letter each, because they count as part of each item: the partition key,
pub(super) const KEY: &str = "p";
/// the sort key,
pub(super) const SORT: &str = "s";
/// the version,
pub(super) const VERSION: &str = "v";
/// the body,
pub(super) const BODY: &str = "b";
/// and the second after which DynamoDB may delete the item.
pub(super) const EXPIRES: &str = "x";

/// The most bytes of an item.
pub const LARGEST: u64 = 400 * 1024;

const WRITE_BLOCK: u64 = 1024;
const READ_BLOCK: u64 = 4096;
/// A query reads so many bytes before it answers with a page; each page is rounded up by itself.
const PAGE: u64 = 1024 * 1024;

/// The bytes of an item, as both limit and price count them.
#[must_use]
pub fn size(item: &Item) -> u64 {
    let names = [KEY, SORT, VERSION, BODY, EXPIRES].iter().map(|name| name.len()).sum::<usize>();
    let Place { key, sort } = &item.place;
    let numbers = number(item.version) + number(seconds(item.expires).unsigned_abs());
    (names + key.len() + sort.len() + item.body.len()) as u64 + numbers
}

/// The bytes of an item of this partition key with nothing in it but its version and the second of its end.
#[must_use]
pub fn named_size(key: &str) -> u64 {
    let place = Place { key: key.into(), sort: "c0000000000.00".into() };
    size(&Item { place, version: 1, body: [].into(), expires: DateTime::UNIX_EPOCH })
}

/// The second at which an item may be deleted: later rather than earlier by the part that DynamoDB cannot keep.
pub(super) fn seconds(expires: DateTime<Utc>) -> i64 {
    expires.timestamp() + i64::from(expires.timestamp_subsec_nanos() > 0)
}

/// A byte for every two significant digits, and one more. AWS calls it approximate.
fn number(mut n: u64) -> u64 {
    while n != 0 && n.is_multiple_of(10) {
        n /= 10;
    }
    1 + n.checked_ilog10().map_or(0, |most| (u64::from(most) + 2) / 2)
}

/// Write units of an item that was `before` bytes, if it was there, and is or should have become `after`. A condition
/// that does not hold costs the same as one that holds.
#[must_use]
pub fn write_units(before: Option<u64>, after: u64) -> u64 {
    after.max(before.unwrap_or(0)).div_ceil(WRITE_BLOCK).max(1)
}

/// Halves of read units of a query that found items of these sizes. A query that finds nothing costs one block.
#[must_use]
pub fn half_read_units(sizes: impl IntoIterator<Item = u64>, freshness: Freshness) -> u64 {
    let (mut blocks, mut page) = (0, 0);
    for size in sizes {
        page += size;
        if page >= PAGE {
            blocks += page.div_ceil(READ_BLOCK);
            page = 0;
        }
    }
    if page > 0 || blocks == 0 {
        blocks += page.div_ceil(READ_BLOCK).max(1);
    }
    match freshness {
        Freshness::Strong => 2 * blocks,
        Freshness::Eventual => blocks,
    }
}

/// What calls of one kind cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Queries.
    pub queries: u64,
    /// Writes, with those that were overtaken.
    pub writes: u64,
    /// Writes that came to nothing because somebody else was faster. They cost the same.
    pub overtaken: u64,
    /// Halves of read units.
    pub half_read_units: u64,
    /// Write units.
    pub write_units: u64,
}

/// A table that counts what its calls cost, apart by what they are about. It must be the only way to the table, because
/// it remembers the size of every item: for measurements, not for a function that lives long. Calls that fail count
/// nothing.
#[derive(Debug)]
pub struct Metered<T, K> {
    table: T,
    kind: K,
    spent: RefCell<BTreeMap<&'static str, Spent>>,
    sizes: RefCell<HashMap<Place, u64>>,
}

impl<T: Table, K: Fn(&str, &str) -> &'static str> Metered<T, K> {
    /// Counts by the name that `kind` gives to a partition key and a sort key; of a query, its first one.
    #[must_use]
    pub fn new(table: T, kind: K) -> Metered<T, K> {
        Metered { table, kind, spent: RefCell::default(), sizes: RefCell::default() }
    }

    /// What was spent since the last time, by kind.
    pub fn take(&self) -> BTreeMap<&'static str, Spent> {
        self.spent.take()
    }

    /// The table itself.
    pub fn table(&self) -> &T {
        &self.table
    }

    fn count(&self, (key, sort): (&str, &str), add: impl FnOnce(&mut Spent)) {
        add(self.spent.borrow_mut().entry((self.kind)(key, sort)).or_default());
    }

    /// A write of `item`, after which `now` lies there.
    fn written(&self, item: &Item, now: Option<&Item>) {
        let tried = size(item);
        let before = match now {
            Some(now) => self.sizes.borrow_mut().insert(now.place.clone(), size(now)),
            None => self.sizes.borrow_mut().remove(&item.place),
        };
        self.count((&item.place.key, &item.place.sort), |spent| {
            spent.writes += 1;
            spent.overtaken += u64::from(now != Some(item));
            spent.write_units += write_units(before, tried);
        });
    }
}

impl<T: Table, K: Fn(&str, &str) -> &'static str> Table for Metered<T, K> {
    async fn query(&self, span: Span<'_>) -> Result<Vec<Item>, TableError> {
        let (at, freshness) = ((span.key, span.from), span.freshness);
        let items = self.table.query(span).await?;
        self.count(at, |spent| {
            spent.queries += 1;
            spent.half_read_units += half_read_units(items.iter().map(size), freshness);
        });
        Ok(items)
    }

    async fn replace(&self, item: &Item, before: u64) -> Result<Put, TableError> {
        let put = self.table.replace(item, before).await?;
        match &put {
            Put::Done => self.written(item, Some(item)),
            Put::Overtaken(now) => self.written(item, now.as_ref()),
        }
        Ok(put)
    }

    async fn put(&self, item: &Item) -> Result<(), TableError> {
        self.table.put(item).await?;
        self.written(item, Some(item));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(key: &str, sort: &str, body: usize) -> Item {
        let place = Place { key: key.into(), sort: sort.into() };
        let expires = DateTime::from_timestamp(1_772_503_801, 0).unwrap();
        Item { place, version: 1, body: vec![7; body].into(), expires }
    }

    /// "approximately (number of UTF-8-encoded bytes of attribute name) + (1 byte per two significant digits) + (1
    /// byte)", "leading and trailing zeroes are trimmed".
    #[test]
    fn sizes_of_numbers() {
        for (n, wanted) in
            [(0, 1), (1, 2), (10, 2), (99, 2), (100, 2), (101, 3), (1_772_503_801, 6), (1_772_503_800, 5)]
        {
            assert_eq!(number(n), wanted, "{n}");
        }
        assert_eq!(number(u64::MAX), 11);
    }

    #[test]
    fn sizes_of_items() {
        // Five names of a letter, version 1 in 2 bytes, ten digits of time in 6.
        assert_eq!(size(&item("key", "sort", 0)), 5 + 3 + 4 + 2 + 6);
        assert_eq!(size(&item("kéy", "sort", 1000)), 5 + 4 + 4 + 2 + 6 + 1000);
    }

    #[test]
    fn units_of_the_documented_writes() {
        for (before, after, wanted) in [
            (None, 512, 1),
            (None, 1024, 1),
            (None, 1025, 2),
            // "if you put or delete an item of 1.6 KB, DynamoDB rounds the item size up to 2 KB"
            (None, 1638, 2),
            (None, 3584, 4),
            // "the item size that matters is the larger of the two"
            (Some(3000), 512, 3),
            (Some(512), 3000, 3),
            // A condition that fails: "existing item 300 KB, new item 310 KB: 310 units"
            (Some(300 * 1024), 310 * 1024, 310),
        ] {
            assert_eq!(write_units(before, after), wanted, "{before:?} {after}");
        }
    }

    #[test]
    fn units_of_the_documented_reads() {
        const KB: u64 = 1024;
        for (sizes, strong) in [
            // "reading a 3,500-byte item consumes the same throughput as reading a 4 KB item"
            (vec![3500], 1),
            (vec![8 * KB], 2),
            // "if you read an item of 10 KB, DynamoDB rounds the item size to 12 KB"
            (vec![10 * KB], 3),
            // "your query returns 10 items whose combined size is 40.8 KB. DynamoDB rounds … to 44 KB"
            (vec![4178; 10], 11),
            // "If a query returns 1500 items of 64 bytes each, the cumulative size is 96 KB"
            (vec![64; 1500], 24),
            // "for an eventually consistent read, if the total item size is 80 KB, … only 10 capacity units"
            (vec![20 * KB; 4], 20),
            (vec![], 1),
            // Two pages, each rounded up.
            (vec![KB * KB, 1], 257),
        ] {
            assert_eq!(half_read_units(sizes.iter().copied(), Freshness::Strong), 2 * strong, "{}", sizes.len());
            assert_eq!(half_read_units(sizes.iter().copied(), Freshness::Eventual), strong, "{}", sizes.len());
        }
    }
}
