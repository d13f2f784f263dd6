//! The table that instances share: items under an entity's key, each replaced as a whole and only while nobody else has
//! replaced it. All that a table must be able to do is here; what the items mean is not its business.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Where an item lies: under the key of what it is about, sorted within that key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The partition key. At most 2,048 bytes, as DynamoDB allows.
    pub key: Arc<str>,
    /// The sort key. At most 1,024 bytes.
    pub sort: Arc<str>,
}

/// An item of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it lies.
    pub place: Place,
    /// One more with each replacement, from 1.
    pub version: u64,
    /// What it holds: opaque to the table. At most 400 KB with everything else.
    pub body: Arc<[u8]>,
    /// When it may be deleted. A table may delete it much later, or be asked for it before: readers look.
    pub expires: DateTime<Utc>,
}

/// How fresh a read must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// All that was written before the read began.
    Strong,
    /// What was written some time before: half the price.
    Eventual,
}

/// Items of one key, from one sort key to another, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span<'a> {
    /// The key.
    pub key: &'a str,
    /// The first sort key.
    pub from: &'a str,
    /// The last sort key.
    pub to: &'a str,
    /// How fresh the answer must be.
    pub freshness: Freshness,
}

/// What came of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is done.
    Done,
    /// Somebody else was faster; the item as it is now, or nothing where there is none.
    Overtaken(Option<Item>),
}

/// Why a table did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    /// What failed, for people.
    pub what: String,
    /// Whether trying again soon may help.
    pub outlook: Outlook,
}

/// Whether trying again soon may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It may: throttling, a fault of the service, no answer in time. What was asked for may have been done.
    Passing,
    /// It will not: no such table, no permission, an item that is too large.
    Lasting,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for TableError {}

/// A table that many instances share.
pub trait Table {
    /// The items of a span, by sort key. An item that has expired may be among them.
    ///
    /// # Errors
    /// When the table does not answer.
    fn query(&self, span: Span<'_>) -> impl Future<Output = Result<Vec<Item>, TableError>>;

    /// Writes an item where the one of version `before` still lies: 0 where there must be none.
    ///
    /// # Errors
    /// When the table does not answer. The item may have been written all the same.
    fn replace(&self, item: &Item, before: u64) -> impl Future<Output = Result<Put, TableError>>;

    /// Writes an item whatever lies there. For items that always hold the same.
    ///
    /// # Errors
    /// When the table does not answer. The item may have been written all the same.
    fn put(&self, item: &Item) -> impl Future<Output = Result<(), TableError>>;
}
