//! A look at the beginning of a file: the time of its first record.

use chrono::{DateTime, Utc};
use memchr::memmem;

use super::time;

/// Members that hold a record's own time, the surest first. `creationDate` of a session, which often comes earlier in
/// the text, is not one of them.
const MEMBERS: [&str; 5] = ["\"eventTime", "\"windowStart", "\"@timestamp", "\"timestamp", "\"time"];

/// The time of the first record, from the first few KB of inflated bytes in any format; `None` when none is seen.
///
/// It only decides in which order files are opened, so it looks and does not parse.
///
/// ```
/// let head = br#"{"Records":[{"eventVersion":"1.08","eventTime":"2026-01-02T03:04:05Z","#;
/// assert_eq!(lapwing::decode::first_time(head).unwrap().timestamp(), 1_767_323_045);
/// ```
#[must_use]
pub fn first_time(head: &[u8]) -> Option<DateTime<Utc>> {
    let named = MEMBERS.iter().find_map(|name| {
        memmem::find_iter(head, name.as_bytes()).find_map(|found| value_after(&head[found + name.len()..]))
    });
    named.or_else(|| first_written(head))
}

/// The time that follows a member's name, also inside a string, where quotes are escaped, and as a cell of Logs
/// Insights (`"field":"@timestamp","value":"…"`).
fn value_after(rest: &[u8]) -> Option<DateTime<Utc>> {
    let rest = &rest[..rest.len().min(80)];
    let start = rest.iter().position(u8::is_ascii_digit)?;
    let before = &rest[..start];
    let is_value = before.iter().all(|b| b"\\\":, \t\r\nvalue".contains(b));
    is_value.then(|| leading(&rest[start..])).flatten()
}

/// The first thing in the text that reads as a time.
fn first_written(head: &[u8]) -> Option<DateTime<Utc>> {
    let begins = |at: usize| head[at].is_ascii_digit() && (at == 0 || !head[at - 1].is_ascii_alphanumeric());
    (0..head.len()).filter(|&at| begins(at)).find_map(|at| leading(&head[at..]))
}

/// The time at the very beginning: a date with a time of day, or thirteen digits of milliseconds.
fn leading(text: &[u8]) -> Option<DateTime<Utc>> {
    const MILLISECONDS: usize = 13;
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let length = match digits {
        MILLISECONDS => digits,
        4 => text.iter().position(|b| !b"0123456789-T:. Z+".contains(b)).unwrap_or(text.len()),
        _ => return None,
    };
    let text = std::str::from_utf8(&text[..length]).ok()?.trim_end();
    let whole = time::of_log(text);
    // `2026-01-02 03:04:05 1234`: the line goes on with digits.
    whole.or_else(|| time::of_log(text.get(..text.match_indices(' ').nth(1)?.0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_times_of_every_format() {
        let check = |head: &str, expected: Option<i64>| {
            assert_eq!(first_time(head.as_bytes()).map(|time| time.timestamp_millis()), expected, "{head}");
        };
        const SECOND: Option<i64> = Some(1_767_323_045_000);
        const MILLISECOND: Option<i64> = Some(1_767_323_045_678);
        check(r#"[{"creationDate":"2025-01-01T00:00:00Z"}},"eventTime" : "2026-01-02T03:04:05Z""#, SECOND);
        check(r#"{"logEvents":[{"message":"{\"eventTime\":\"2026-01-02T03:04:05Z\"}"}]}"#, SECOND);
        check(r#"{"owner":"111122223333","logEvents":[{"id":"3","timestamp":1767323045678,"#, MILLISECOND);
        check(r#"[[{"field":"@timestamp","value":"2026-01-02 03:04:05.678"}"#, MILLISECOND);
        check(r#"{"timeWindow":{"windowStart":"2026-01-02T03:04:05Z"}}"#, SECOND);
        check("timestamp,message\n1767323045678,\"START\n\"", MILLISECOND);
        check("2026-01-02T03:04:05.678Z START RequestId: 0", MILLISECOND);
        check("2026-01-02 03:04:05 1234 words", SECOND);
        check("[INFO]\t2026-01-02T03:04:05.678Z\t0", MILLISECOND);
        check("no time, 12 digits 111122223333", None);
        check("", None);
        check(r#"{"eventTime":"..."}"#, None);
    }
}
