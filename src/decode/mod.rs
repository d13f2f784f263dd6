//! Decode: bytes to events. Containers and formats are recognised by looking at the bytes, never by a file's name.
//!
//! ```text
//! bytes ──gzip──▶ text ──container──▶ record (JSON text) ──record, cloudtrail──▶ event
//!                  │         └──────▶ log message ─────────lambda─────────────▶ event
//!                  └──csv, text────────────────────────────────────────────────▶ event
//! ```
//!
//! Every record ends as one event or one reject: nothing is dropped in silence. A record that cannot be read costs
//! its neighbours nothing, whatever is wrong with it.

mod caller;
mod cloudtrail;
pub(crate) mod compact;
mod container;
pub mod csv;
mod embedded;
pub mod error_class;
mod field;
pub mod gzip;
mod head;
pub mod lambda;
mod log_event;
mod principal;
#[cfg(test)]
mod properties;
mod record;
mod recover;
mod refusal;
mod scan;
mod shape;
pub mod text;
pub mod time;

use std::borrow::Cow;

use lapwing_detectors::event::Event;

pub use head::first_time;
pub use refusal::Refusal;

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

/// What is known of the bytes besides themselves. It stands in for what a record omits; empty = unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// The file's path or the object's key, for messages.
    pub name: &'a str,
    /// The account that owns the log, twelve digits.
    pub account: &'a str,
    /// The Region of the log.
    pub region: &'a str,
    /// The log group, such as `/aws/lambda/checkout`.
    pub log_group: &'a str,
    /// The log stream.
    pub log_stream: &'a str,
}

/// What the bytes turned out to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// No bytes, or a container without records.
    #[default]
    Empty,
    /// CloudTrail records, in any container but a log event.
    CloudTrail,
    /// Log events: a subscription payload, `GetLogEvents` or `FilterLogEvents` output.
    LogEvents,
    /// Results of a Logs Insights query.
    LogsInsights,
    /// A CSV export.
    Csv,
    /// Lines of text.
    Text,
    /// A CloudTrail digest: hashes of log files, no records.
    Digest,
}

/// What decoding found. `events` and the rejects together are always `records`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Records read.
    pub records: u64,
    /// Records that became an event.
    pub events: u64,
    /// Records that could not be read.
    pub rejects: u64,
    /// Control messages of a subscription. They are no records.
    pub control: u64,
    /// CloudTrail digests, which are skipped. They are no records.
    pub digests: u64,
    /// What the bytes turned out to be; of several formats, the first.
    pub format: Format,
}

/// Reads a delivery: inflated bytes in any format that is known, into events and rejects.
///
/// # Errors
/// When nothing in the bytes is a log that is read. The sink has been given nothing then.
pub fn decode(bytes: &[u8], origin: &Origin<'_>, sink: &mut dyn Sink) -> Result<Decoded, Refusal> {
    let text = checked(bytes);
    let text = text.trim_start_matches(['\u{feff}', '\0']).trim_start();
    if text.is_empty() {
        return Ok(Decoded::default());
    }
    if scan::begins_json(text) {
        return container::decode(text, origin, sink);
    }
    if csv::looks_like(text) {
        return csv::decode(text, origin, sink);
    }
    if text::looks_like(text) {
        return text::decode(text, origin, sink);
    }
    Err(Refusal::no_log(text))
}

/// The bytes as text, checked once. Bytes that are not UTF-8 become replacement characters, so that only the records
/// that hold them are changed.
fn checked(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let wide = |order: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(move |pair| order([pair[0], pair[1]]));
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, ..] => Cow::Owned(wide(u16::from_le_bytes)),
        [0xfe, 0xff, ..] => Cow::Owned(wide(u16::from_be_bytes)),
        _ => String::from_utf8_lossy(bytes),
    }
}

/// Counts what passes through on its way to the sink, and numbers the rejects.
struct Counter<'s> {
    sink: &'s mut dyn Sink,
    events: u64,
    rejects: u64,
}

impl<'s> Counter<'s> {
    fn new(sink: &'s mut dyn Sink) -> Self {
        Counter { sink, events: 0, rejects: 0 }
    }

    fn records(&self) -> u64 {
        self.events + self.rejects
    }

    /// Rejects the record after the last one.
    fn refuse(&mut self, what: impl Into<String>) {
        self.reject(Reject { record: 0, what: what.into() });
    }
}

impl Sink for Counter<'_> {
    fn event(&mut self, event: &Event<'_>) {
        self.events += 1;
        self.sink.event(event);
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects += 1;
        self.sink.reject(Reject { record: self.records(), ..reject });
    }
}
