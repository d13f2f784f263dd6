//! What a line in a Lambda function's log says: the platform's lines, plain or JSON, and those of every runtime.
//!
//! One log event is one event, always: a line that no rule knows is an application line without a level. A failed
//! invocation leaves two to four lines; each of them carries the failure and the request id, so that whoever counts
//! distinct request ids counts it once.

mod application;
mod failure;
mod json;
mod platform;
mod recent;
mod text;

use chrono::{DateTime, Utc};
use lapwing_detectors::event::{Crash, Event, Identity, Line, Log, What};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

pub(super) use self::text::leading_time;

use self::recent::Recent;
use super::Sink;

/// How many streams, and how many lines without an id, one delivery remembers at most. Beyond it the oldest are
/// forgotten: a later line of a forgotten stream then has no request, and a line that is repeated after so many
/// others counts as a copy of the first.
const REMEMBERED: usize = 100_000;

/// One log event, as CloudWatch Logs keeps it.
#[derive(Clone, Copy, Debug)]
pub struct LogEvent<'a> {
    /// The log group's name, without account.
    pub group: &'a str,
    /// The log stream, or empty.
    pub stream: &'a str,
    /// Twelve digits, or empty.
    pub account: &'a str,
    /// Such as `eu-west-1`, or empty.
    pub region: &'a str,
    /// The id that CloudWatch Logs gave it, or empty.
    pub id: &'a str,
    /// The log event's timestamp.
    pub time: DateTime<Utc>,
    /// The text as logged.
    pub message: &'a str,
}

/// What a line says, before it is placed in its function and stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Reading<'a> {
    line: Line<'a>,
    request: Request<'a>,
    failure: Option<Crash<'a>>,
    /// The function that the line itself names, or empty.
    function: &'a str,
    /// How many invocations the line stands for, when that is not one.
    invocations: Option<u32>,
}

/// How a line relates to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Request<'a> {
    /// The line names its request, and those that follow in its stream belong to it until another is named.
    Current(&'a str),
    /// The line names its request; its neighbours may belong to others (JSON lines of concurrent requests).
    Own(&'a str),
    /// The line names none: it belongs to the request that is current in its stream.
    #[default]
    Unnamed,
    /// The line belongs to no request: the environment is starting or stopping.
    Outside,
}

/// What one delivery has shown so far: the current request of each stream, and how often each line without an id came.
#[derive(Debug, Default)]
pub struct Invocations {
    /// By hash of group and stream.
    requests: Recent<Box<str>>,
    /// By hash of group, stream, time and message.
    ordinals: Recent<u64>,
}

impl Invocations {
    /// Reads one log event: always exactly one event. Its cost is bounded by the message's length; of plain text only
    /// the beginning and the end are looked at.
    pub fn read(&mut self, record: &LogEvent<'_>, sink: &mut dyn Sink) {
        let message = text::trim(record.message);
        let identity = self.identity(record, message);
        let reading = read_line(message);
        let stream = hash_of(record.group, record.stream);
        let request = match reading.request {
            Request::Current(id) => {
                if self.requests.get(stream).is_none_or(|current| **current != *id) {
                    self.requests.insert(stream, id.into());
                }
                id
            }
            Request::Own(id) => id,
            Request::Unnamed => self.requests.get(stream).map_or("", |id| &**id),
            Request::Outside => "",
        };
        let log = Log {
            function: function_name(record, reading.function),
            request,
            stream: record.stream,
            message,
            line: reading.line,
            failure: reading.failure,
        };
        sink.event(&Event {
            id: record.id,
            identity,
            time: record.time,
            account: record.account,
            region: record.region,
            weight: reading.invocations.unwrap_or(1),
            what: What::Log(log),
        });
    }

    fn identity(&mut self, record: &LogEvent<'_>, message: &str) -> Identity {
        if !record.id.is_empty() {
            return Identity(xxh3_64(record.id.as_bytes()));
        }
        let place = hash_of(record.group, record.stream);
        let at = xxh3_64_with_seed(&record.time.timestamp_micros().to_le_bytes(), place);
        let line = xxh3_64_with_seed(message.as_bytes(), at);
        let ordinal = self.ordinals.get(line).map_or(0, |seen| *seen);
        self.ordinals.insert(line, ordinal + 1);
        match ordinal {
            0 => Identity(line),
            _ => Identity(xxh3_64_with_seed(&ordinal.to_le_bytes(), line)),
        }
    }
}

/// The time that a message itself tells, for log events that come without a timestamp: the `time` or `timestamp` of a
/// JSON line, or the RFC 3339 time that a text line begins with.
#[must_use]
pub fn time_of(message: &str) -> Option<DateTime<Utc>> {
    let message = text::trim(message);
    if message.starts_with('{') { json::time_of(message) } else { leading_time(message) }
}

fn read_line(message: &str) -> Reading<'_> {
    let in_json = if message.starts_with('{') { json::read(message) } else { None };
    in_json.unwrap_or_else(|| read_text(message))
}

fn read_text(message: &str) -> Reading<'_> {
    platform::read(message).unwrap_or_else(|| application::read(message))
}

fn hash_of(group: &str, stream: &str) -> u64 {
    xxh3_64_with_seed(stream.as_bytes(), xxh3_64(group.as_bytes()))
}

/// Of a function's own group the group tells its name. In a group that several functions share, the stream does
/// (`2024/05/01/resize[$LATEST]0a1b…`), or the line; failing both, the group stands for all of them.
fn function_name<'a>(record: &LogEvent<'a>, named: &'a str) -> &'a str {
    if let Some(name) = record.group.strip_prefix("/aws/lambda/").filter(|name| !name.is_empty()) {
        return name;
    }
    match function_in_stream(record.stream) {
        Some(name) => name,
        None if !named.is_empty() => named,
        None => record.group,
    }
}

/// Does a word look like the name of a Lambda function's log stream, `2024/05/01/[$LATEST]0a1b…`?
pub(super) fn is_stream(word: &str) -> bool {
    stream_owner(word).is_some()
}

fn function_in_stream(stream: &str) -> Option<&str> {
    stream_owner(stream).filter(|name| !name.is_empty())
}

/// What stands between the date and the version in the name of a stream: nothing, in a function's own group.
fn stream_owner(stream: &str) -> Option<&str> {
    let mut parts = stream.splitn(4, '/');
    let is_date = [4, 2, 2].into_iter().all(|digits| {
        parts.next().is_some_and(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
    });
    let (name, _) = parts.next()?.split_once('[')?;
    is_date.then_some(name)
}

#[cfg(test)]
mod tests;
