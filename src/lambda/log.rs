//! The function's own log: one JSON object a line on standard output. It names counts, ids and detectors; nothing that
//! a log contained is written to another log.

use std::io::Write as _;
use std::panic;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

/// Something worth knowing.
pub fn info(message: &str, fields: Value) {
    write("INFO", message, fields);
}

/// Something that somebody should look at, though the invocation goes on.
pub fn warn(message: &str, fields: Value) {
    write("WARN", message, fields);
}

/// The invocation failed.
pub fn error(message: &str, fields: Value) {
    write("ERROR", message, fields);
}

/// From now on a panic is logged by its place alone: its message may quote what was being read.
pub fn panics_by_place() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        error("panicked", serde_json::json!({ "at": place }));
    }));
}

fn write(level: &str, message: &str, fields: Value) {
    let line = line(
        level,
        message,
        fields,
        &DateTime::<Utc>::from(SystemTime::now()).to_rfc3339_opts(SecondsFormat::Millis, true),
    );
    // A log that cannot be written is no reason to lose an alert.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

fn line(level: &str, message: &str, fields: Value, now: &str) -> String {
    let mut object = Map::new();
    for (name, value) in [("timestamp", now), ("level", level), ("message", message)] {
        object.insert(name.to_owned(), Value::from(value));
    }
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    format!("{}\n", Value::Object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_json_object() {
        let fields = serde_json::json!({"events": 3, "text": "a\nb"});
        let line = line("INFO", "delivery read", fields, "2026-03-03T02:25:00.000Z");
        assert_eq!(line.matches('\n').count(), 1);
        let back: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["level"], "INFO");
        assert_eq!(back["message"], "delivery read");
        assert_eq!(back["timestamp"], "2026-03-03T02:25:00.000Z");
        assert_eq!(back["text"], "a\nb");
    }
}
