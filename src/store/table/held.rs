//! A value of the table as an instance holds it.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

use super::codec::unpack;
use super::port::{Item, Place};
use crate::store::StoreError;

/// A value of the table, and the version of the item that holds it; 0 where there is none.
#[derive(Clone, Debug, Default)]
pub(super) struct Held<V> {
    pub(super) version: u64,
    pub(super) value: V,
    /// Bytes of the item's body, and their hash.
    pub(super) bytes: usize,
    pub(super) hash: u64,
}

impl<V> Held<V> {
    pub(super) fn of(item: &Item, value: V) -> Held<V> {
        Held { version: item.version, value, bytes: item.body.len(), hash: xxh3_64(&item.body) }
    }
}

/// The value of an item as it is now: the one that was held where that is the same; nothing where the item has expired.
pub(super) fn held<V: DeserializeOwned + Default + Clone>(
    item: &Item,
    now: DateTime<Utc>,
    older: Option<&Held<V>>,
) -> Result<Held<V>, StoreError> {
    if item.expires <= now {
        return Ok(Held { version: item.version, ..Held::default() });
    }
    // An item that expired and was made again has old versions once more, so that they alone do not tell.
    let same = |older: &&Held<V>| older.version == item.version && older.hash == xxh3_64(&item.body);
    match older.filter(same) {
        Some(older) => Ok(older.clone()),
        None => Ok(Held::of(item, unpack(&item.body, Shown(&item.place))?)),
    }
}

/// A place for people: which item of what. Names from logs are made safe where errors are printed.
struct Shown<'a>(&'a Place);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {} of {}", self.0.sort, self.0.key.replace('\u{1f}', " "))
    }
}
