//! Decode: bytes to events. Containers and formats are recognised by looking at the bytes, never by a file's name.

pub mod error_class;
pub mod lambda;

use lapwing_detectors::event::Event;

/// A record that could not be read: where, what was found, what was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The record's number in its delivery, from 1.
    pub record: u64,
    /// What was found and what was wanted, naming the field: ``"`eventTime` is \"yesterday\", which is not an RFC 3339 time"``.
    pub what: String,
}

/// Who takes what decoding finds, in the order of the bytes.
pub trait Sink {
    /// An event. It borrows from the bytes and lives for this call only.
    fn event(&mut self, event: &Event<'_>);
    /// A record that could not be read. It counts as a record, and costs its neighbours nothing.
    fn reject(&mut self, reject: Reject);
}
