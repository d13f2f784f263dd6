//! JSON lines: the platform's events of functions and of Web Functions, and what the runtimes' loggers write.
//!
//! Only the members that matter are looked at, each as raw text, so an unknown or mistyped one costs nothing. Strings
//! are taken as they stand between their quotes: ids, types and levels have no escapes. A line that breaks off is read
//! as far as it goes.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use lapwing_detectors::event::{Crash, Level, Line, Report};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::failure::{self, Phase};
use super::{Reading, Request, application, platform, read_text, text};

/// Reads a JSON line; `None` when not one member of it can be read.
pub(super) fn read(message: &str) -> Option<Reading<'_>> {
    let members = Members::of(message)?;
    if let Some(event) = members.kind.strip_prefix("platform.") {
        return Some(platform_event(event, members.record));
    }
    if !matches!(members.kind, "function" | "extension") || members.record.is_empty() {
        return Some(members.application());
    }
    // The telemetry API wraps lines of the function and of its extensions.
    Some(match string(members.record) {
        Some(inner) => read_text(inner),
        None => Members::of(members.record).map_or_else(Reading::default, |inner| inner.application()),
    })
}

/// The `time` or `timestamp` of a JSON line: RFC 3339, or milliseconds since 1970.
pub(super) fn time_of(message: &str) -> Option<DateTime<Utc>> {
    let time = Members::of(message)?.time;
    match string(time) {
        Some(time) => DateTime::parse_from_rfc3339(time).ok().map(|time| time.to_utc()),
        None => DateTime::from_timestamp_millis(time.parse().ok()?),
    }
}

/// The members of a line that matter, as raw JSON or as the text of a string; an absent one is empty.
#[derive(Default)]
struct Members<'a> {
    kind: &'a str,
    record: &'a str,
    time: &'a str,
    level: &'a str,
    /// `None` when there is no such member, `Some("")` when it is there and empty.
    request: Option<&'a str>,
    message: &'a str,
    error_type: &'a str,
    error_message: &'a str,
}

impl<'a> Members<'a> {
    fn of(json: &'a str) -> Option<Self> {
        let mut members = Self::default();
        let read = each_member(json, &mut |key, value| members.take(key, value));
        (read > 0).then_some(members)
    }

    fn take(&mut self, key: &str, value: &'a str) {
        match key {
            "type" => self.kind = string(value).unwrap_or_default(),
            "record" => self.record = value,
            "time" | "timestamp" if self.time.is_empty() => self.time = value,
            "level" | "log_level" | "logLevel" | "levelname" | "severity" => {
                self.level = string(value).unwrap_or(value);
            }
            // Java, and what loggers of other makers call it.
            "requestId" | "AWSRequestId" | "awsRequestId" | "aws_request_id" | "function_request_id" => {
                self.request = Some(string(value).unwrap_or_default());
            }
            "message" | "msg" => self.message = value,
            "errorType" | "exception_name" => self.error_type = string(value).unwrap_or_default(),
            "errorMessage" => self.error_message = value,
            _ => {}
        }
    }

    fn application(&self) -> Reading<'a> {
        let level = if self.level.is_empty() { self.default_level() } else { level_of(self.level) };
        let failure = self.failure(level);
        let error_type = match failure {
            Some(crash) => crash.error_type,
            None if self.error_type.is_empty() => self.error_in_message(),
            None => self.error_type,
        };
        let request = match self.request.and_then(text::request_id) {
            Some(id) => Request::Own(id),
            None if failure.is_some() && self.phase() == Phase::Init => Request::Outside,
            None => Request::Unnamed,
        };
        Reading { line: Line::Application { level, error_type }, request, failure, ..Reading::default() }
    }

    fn default_level(&self) -> Level {
        if self.is_unhandled() { Level::Error } else { Level::Info }
    }

    /// What the runtimes themselves write about an exception that nobody caught has no message of a logger.
    fn is_unhandled(&self) -> bool {
        !self.error_type.is_empty() && !self.error_message.is_empty() && self.message.is_empty()
    }

    /// A runtime that fails before the first request names an empty one; Ruby's tells it in the error type.
    fn phase(&self) -> Phase {
        let is_init = (self.is_unhandled() && self.request == Some("")) || self.error_type.starts_with("Init<");
        if is_init { Phase::Init } else { Phase::Invoke }
    }

    fn failure(&self, level: Level) -> Option<Crash<'a>> {
        if self.is_unhandled() || failure::is_platform_type(self.error_type) {
            return Some(failure::of_type(self.error_type, self.phase()));
        }
        let in_message = self.error_in_message();
        if failure::is_platform_type(in_message) {
            return Some(failure::of_type(in_message, Phase::Invoke));
        }
        let message = string(self.message).filter(|_| level >= Level::Error)?;
        read_text(message).failure
    }

    /// Node.js writes an `Error` that is logged alone as an object in `message`.
    fn error_in_message(&self) -> &'a str {
        let mut error_type = "";
        if self.message.starts_with('{') {
            each_member(self.message, &mut |key, value| {
                if key == "errorType" {
                    error_type = string(value).unwrap_or_default();
                }
            });
        }
        error_type
    }
}

/// A level as a logger's field tells it: a name, or the number of bunyan and pino.
fn level_of(level: &str) -> Level {
    match level.parse::<u32>() {
        Ok(number) => match number {
            0..20 => Level::Trace,
            20..30 => Level::Debug,
            30..40 => Level::Info,
            40..50 => Level::Warn,
            50..60 => Level::Error,
            _ => Level::Fatal,
        },
        Err(_) => application::level_of(level).unwrap_or_default(),
    }
}

/// The members of a platform event's record that matter.
#[derive(Default)]
struct Record<'a> {
    request: &'a str,
    status: &'a str,
    error_type: &'a str,
    phase: &'a str,
    function: &'a str,
    dropped: u64,
    report: Report,
    invocations: u32,
}

impl<'a> Record<'a> {
    fn of(json: &'a str) -> Self {
        let mut record = Self::default();
        each_member(json, &mut |key, value| record.take(key, value));
        record
    }

    fn take(&mut self, key: &str, value: &'a str) {
        match key {
            "requestId" => self.request = string(value).and_then(text::request_id).unwrap_or_default(),
            "status" => self.status = string(value).unwrap_or_default(),
            "errorType" => self.error_type = string(value).unwrap_or_default(),
            "phase" => self.phase = string(value).unwrap_or_default(),
            "functionName" => self.function = string(value).unwrap_or_default(),
            "droppedRecords" => self.dropped = value.parse().unwrap_or_default(),
            "metrics" => {
                each_member(value, &mut |key, value| self.measure(key, value));
            }
            _ => self.measure(key, value),
        }
    }

    fn measure(&mut self, key: &str, value: &str) {
        let megabytes = || platform::milliseconds(value).filter(|mb| *mb <= f64::from(u32::MAX)).map(|mb| mb as u32);
        match key {
            "durationMs" => self.report.duration_ms = platform::milliseconds(value),
            "billedDurationMs" => self.report.billed_ms = platform::milliseconds(value),
            "initDurationMs" => self.report.init_ms = platform::milliseconds(value),
            "restoreDurationMs" => self.report.restore_ms = platform::milliseconds(value),
            "memorySizeMB" => self.report.memory_mb = megabytes(),
            "maxMemoryUsedMB" => self.report.memory_used_mb = megabytes(),
            // The names of a Web Function's measures have changed between versions of the runtime.
            "requestCount" | "requests" | "requestsCompleted" | "completedRequests" | "totalRequests"
            | "invocations" | "invocationCount" => self.invocations = value.parse().unwrap_or_default(),
            _ => {}
        }
    }
}

/// Reads a platform event by its type without `platform.`; an unknown one is a platform line.
fn platform_event<'a>(event: &str, json: &'a str) -> Reading<'a> {
    if let Some(text) = string(json) {
        // The old logs API tells a fault as the text of its line.
        return platform::read(text).unwrap_or_default();
    }
    let record = Record::of(json);
    let is_start = event.starts_with("init") || event.starts_with("restore");
    let phase = if is_start { Phase::Init } else { Phase::Invoke };
    let failure = failure::of_status(record.status, record.error_type, phase);
    let failure = failure.map(|crash| platform::with_memory(crash, &record.report));
    let invocations = (event == "invokeSummary" && record.invocations > 0).then_some(record.invocations);
    let line = match event {
        "start" => Line::Start,
        "report" => Line::Report(record.report),
        "invokeSummary" if invocations.is_some() => Line::Report(record.report),
        "initReport" | "restoreReport" => Line::Init,
        "logsDropped" => Line::LogsDropped { records: record.dropped },
        _ => Line::Platform,
    };
    let request = match record.request {
        "" if is_start && record.phase == "invoke" => Request::Unnamed,
        "" => Request::Outside,
        id => Request::Own(id),
    };
    Reading { line, request, failure, function: record.function, invocations }
}

/// What stands between the quotes of a raw JSON string; `None` when it is not a string.
fn string(raw: &str) -> Option<&str> {
    raw.strip_prefix('"')?.strip_suffix('"')
}

/// Calls `take` with each member of an object and its raw value, as far as the object can be read, and returns how
/// many there were.
fn each_member<'a>(json: &'a str, take: &mut dyn FnMut(&str, &'a str)) -> usize {
    let mut visitor = Each { take, seen: 0 };
    // An object that breaks off has told what it could.
    let _ = serde_json::Deserializer::from_str(json).deserialize_map(&mut visitor);
    visitor.seen
}

struct Each<'f, 'a> {
    take: &'f mut dyn FnMut(&str, &'a str),
    seen: usize,
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Visitor<'a> for &mut Each<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key::<Key<'a>>()? {
            let value: &'a RawValue = map.next_value()?;
            self.seen += 1;
            (self.take)(&key, value.get());
        }
        Ok(())
    }
}
