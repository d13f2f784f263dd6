//! Lines that the function itself and its runtime write in plain text.
//!
//! What a logger writes about an error that the function handled is an error line and no failure; what a runtime
//! writes about one that nobody caught is the failure of an invocation. Each runtime has its own form for the second.

use lapwing_detectors::event::{Crash, CrashKind, Level, Line};

use super::failure::{self, Phase};
use super::text::{self, contains};
use super::{Reading, Request, json};

/// What stands above a Python stack trace.
const TRACEBACK: &str = "Traceback (most recent call last)";
/// In how many of the first words of a line without a known form a level or a request id is looked for.
const LEADING_WORDS: usize = 6;

/// Reads any line: without a known form it is a line of level INFO.
pub(super) fn read(message: &str) -> Reading<'_> {
    let head = text::head(message);
    python(message)
        .or_else(|| timed(message))
        .or_else(|| ruby(head))
        .or_else(|| java(head))
        .or_else(|| crashed(message))
        .unwrap_or_else(|| plain(message))
}

/// A level's name, in any case: those of all runtimes and of syslog.
pub(super) fn level_of(word: &str) -> Option<Level> {
    const NAMES: [(&str, Level); 21] = [
        ("INFO", Level::Info),
        ("ERROR", Level::Error),
        ("WARN", Level::Warn),
        ("WARNING", Level::Warn),
        ("DEBUG", Level::Debug),
        ("TRACE", Level::Trace),
        ("FATAL", Level::Fatal),
        ("CRITICAL", Level::Fatal),
        ("INFORMATION", Level::Info),
        ("NOTICE", Level::Info),
        ("ERR", Level::Error),
        ("FAIL", Level::Error),
        ("SEVERE", Level::Error),
        ("CRIT", Level::Fatal),
        ("ALERT", Level::Fatal),
        ("EMERGENCY", Level::Fatal),
        ("PANIC", Level::Fatal),
        ("DBUG", Level::Debug),
        ("VERBOSE", Level::Debug),
        ("TRCE", Level::Trace),
        ("UNKNOWN", Level::Info),
    ];
    NAMES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, level)| level)
}

/// A line that reports an error.
fn line(level: Level, error_type: &str) -> Line<'_> {
    Line::Application { level, error_type }
}

/// A line of a runtime about an error that nobody caught.
fn unhandled<'a>(error_type: &'a str, phase: Phase) -> Reading<'a> {
    let failure = Some(failure::of_type(error_type, phase));
    let request = if phase == Phase::Init { Request::Outside } else { Request::Unnamed };
    Reading { line: line(Level::Error, error_type), request, failure, ..Reading::default() }
}

/// Python: `[LEVEL]\tTIME\tUUID\tmessage` from the logger, `[ERROR] Type: message\nTraceback…` from the runtime.
fn python(message: &str) -> Option<Reading<'_>> {
    let head = text::head(message);
    if head.starts_with("LAMBDA_WARNING: ") {
        let at = memchr::memmem::find(head.as_bytes(), b"[ERROR] ");
        let warning = Reading { line: line(Level::Warn, ""), ..Reading::default() };
        return Some(at.and_then(|at| python(&message[at..])).unwrap_or(warning));
    }
    let (word, rest) = head.strip_prefix('[')?.split_once(']')?;
    let level = level_of(word)?;
    let raised = rest.strip_prefix(' ').and_then(text::error_type);
    if let Some(error_type) = raised.filter(|name| level == Level::Error && is_python_unhandled(message, name)) {
        return Some(unhandled(error_type, Phase::Invoke));
    }
    let (first, after) = text::token(rest);
    let id = if text::is_time(first) { text::token(after).0 } else { first };
    let error_type = if level >= Level::Error { traceback_type(message) } else { "" };
    Some(Reading { line: line(level, error_type), request: current(id), ..Reading::default() })
}

/// A long message may push the stack trace out of both windows; then the name has to do.
fn is_python_unhandled(message: &str, error_type: &str) -> bool {
    let (head, tail) = (text::head(message), text::tail(message));
    failure::is_platform_type(error_type)
        || contains(head, TRACEBACK)
        || contains(tail, TRACEBACK)
        || (message.len() > head.len() && text::is_exception_name(error_type))
}

/// The error type in the last line of a Python stack trace, or empty.
fn traceback_type(message: &str) -> &str {
    if !contains(text::head(message), TRACEBACK) {
        return "";
    }
    text::error_type(text::last_line(text::tail(message))).unwrap_or_default()
}

/// Node.js and .NET: `TIME\tUUID\tLEVEL\tmessage`; before the first request Node.js writes `undefined` for the UUID.
fn timed(message: &str) -> Option<Reading<'_>> {
    let head = text::head(message);
    if !text::is_time(head) {
        return go_error(message);
    }
    let (id, rest) = text::token(text::token(head).1);
    if !text::is_uuid(id) && id != "undefined" {
        return None;
    }
    let (word, body) = text::token(rest);
    let level = level_of(word)?;
    if level < Level::Error {
        return Some(Reading { line: line(level, ""), request: current(id), ..Reading::default() });
    }
    let named = json_error_type(body).or_else(|| text::error_type(body).filter(|name| text::is_exception_name(name)));
    let error_type = named.unwrap_or_default();
    let failure = uncaught(id, word, body).map(|phase| failure::of_type(error_type, phase));
    let is_init = id == "undefined" && failure.is_some_and(|crash| crash.kind == CrashKind::Init);
    let request = if is_init { Request::Outside } else { current(id) };
    Some(Reading { line: line(level, error_type), request, failure, ..Reading::default() })
}

/// In which phase the error of a line was caught by nobody; `None` when the function logged it.
fn uncaught(id: &str, level: &str, body: &str) -> Option<Phase> {
    if body.starts_with("Invoke Error") || body.starts_with("Unhandled Promise Rejection") {
        return Some(Phase::Invoke);
    }
    if body.starts_with("Uncaught Exception") {
        return Some(if id == "undefined" { Phase::Init } else { Phase::Invoke });
    }
    // .NET writes the exception and its stack trace; a logger's line has a message first.
    let is_exception = text::error_type(body).is_some_and(text::is_exception_name) && contains(body, "   at ");
    (matches!(level, "fail" | "crit") && is_exception).then_some(Phase::Invoke)
}

fn current(id: &str) -> Request<'_> {
    if text::is_uuid(id) { Request::Current(id) } else { Request::Unnamed }
}

/// Go's runtime library writes the error that a handler panicked with as JSON, after the time of Go's own logger.
fn go_error(message: &str) -> Option<Reading<'_>> {
    let at = "2024/05/01 00:00:00 ".len();
    let is_dated = message.as_bytes().get(4) == Some(&b'/') && message.as_bytes().get(at) == Some(&b'{');
    if is_dated { json::read(&message[at..]) } else { None }
}

/// Ruby: `E, [TIME #PID] ERROR UUID -- : message`, and what the runtime writes before the error as JSON.
fn ruby(head: &str) -> Option<Reading<'_>> {
    let error_type = || json_error_type(head).unwrap_or_default();
    if head.starts_with("Error raised from handler method") || head.starts_with("Critical exception from handler") {
        return Some(unhandled(error_type(), Phase::Invoke));
    }
    if head.starts_with("Init error when loading handler") {
        return Some(unhandled(error_type(), Phase::Init));
    }
    let is_logger = head.as_bytes().first().is_some_and(u8::is_ascii_uppercase) && head[1..].starts_with(", [");
    let (_, rest) = head.split_once("] ").filter(|_| is_logger)?;
    let (word, rest) = text::token(rest);
    Some(Reading { line: line(level_of(word)?, ""), request: current(text::token(rest).0), ..Reading::default() })
}

/// Java: the runtime writes `message: Class`, and below it the stack trace, which begins with `Class`. A stack trace
/// that the function printed has no such first line.
fn java(head: &str) -> Option<Reading<'_>> {
    let (first, rest) = text::line(head);
    let class = first.rsplit_once(": ").map_or(first, |(_, class)| class);
    let is_class = class.contains('.') && text::error_type(class) == Some(class);
    if is_class && text::error_type(rest) == Some(class) {
        let phase = if first.starts_with("Class not found: ") { Phase::Init } else { Phase::Invoke };
        return Some(unhandled(class, phase));
    }
    let thrown = match head.strip_prefix("Exception in thread ") {
        Some(rest) => text::token(rest).1,
        None => head,
    };
    let class = text::error_type(thrown).filter(|class| text::is_exception_name(class))?;
    let has_trace = contains(head, "\tat ") || contains(head, "    at ") || contains(head, "\\tat ");
    has_trace.then(|| Reading { line: line(Level::Error, class), ..Reading::default() })
}

/// What is left when the process itself goes down: Go, Rust, and an exhausted heap of Node.js.
fn crashed(message: &str) -> Option<Reading<'_>> {
    let head = text::head(message);
    let (kind, error_type) = if head.starts_with("panic: ") && contains(head, "goroutine ") {
        (CrashKind::Exit, "panic")
    } else if head.starts_with("thread '") && contains(head, "panicked at") {
        // The Rust runtime library catches it, and answers the request with an error.
        (CrashKind::Error, "panic")
    } else if head.starts_with("fatal error: ") && contains(head, "out of memory") {
        (CrashKind::OutOfMemory, "")
    } else if head.starts_with("fatal error: ") && contains(head, "goroutine ") {
        (CrashKind::Exit, "")
    } else if head.starts_with("FATAL ERROR: ") && contains(head, "heap out of memory") {
        (CrashKind::OutOfMemory, "")
    } else {
        return None;
    };
    let failure = Some(Crash { kind, error_type });
    Some(Reading { line: line(Level::Fatal, error_type), failure, ..Reading::default() })
}

/// A line without a known form: the level and the request id are looked for among its first words.
fn plain(message: &str) -> Reading<'_> {
    let mut rest = text::head(message);
    let (mut level, mut id) = (None, "");
    for _ in 0..LEADING_WORDS {
        let (word, after) = text::token(rest);
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if level.is_none() && bare.len() > 2 && !bare.bytes().any(|b| b.is_ascii_lowercase()) {
            level = level_of(bare);
        }
        if id.is_empty() && text::is_uuid(bare) {
            id = bare;
        }
        rest = after;
    }
    let error_type = traceback_type(message);
    let level = level.unwrap_or(if error_type.is_empty() { Level::Info } else { Level::Error });
    let error_type = if level >= Level::Error { error_type } else { "" };
    // A UUID in a free text may be any id, so it does not become the stream's current request.
    let request = if id.is_empty() { Request::Unnamed } else { Request::Own(id) };
    Reading { line: line(level, error_type), request, ..Reading::default() }
}

/// The value of `errorType` in JSON that stands somewhere in a text, with or without a space after the colon.
fn json_error_type(text: &str) -> Option<&str> {
    let key = "\"errorType\":";
    let at = memchr::memmem::find(text.as_bytes(), key.as_bytes())? + key.len();
    let (value, _) = text[at..].trim_start().strip_prefix('"')?.split_once('"')?;
    (value.len() <= 256).then_some(value)
}
