//! Kinds of log lines: lines that differ in numbers, ids and quoted text alone are of one kind.

use crate::event::{Level, Line, Log};
use crate::request::text_of;

/// How much of a line tells its kind, in bytes: a stack trace goes on for long.
const HEAD: usize = 256;
/// Longer words are ids, keys or paths.
const LONGEST: usize = 40;

/// The kind of a line that is a warning or worse, as a hash that is the same everywhere; nothing for any other line.
#[must_use]
pub(crate) fn kind_of_line(log: &Log<'_>) -> Option<u64> {
    let Line::Application { level: Level::Warn | Level::Error | Level::Fatal, .. } = log.line else { return None };
    let said = said(log.message);
    let end = said.len().min(HEAD);
    Some(masked(said.as_bytes()[..end].split(|byte| *byte == b'\n').next().unwrap_or_default()))
}

/// What a line says: of a JSON line, its message.
fn said(line: &str) -> &str {
    if !line.starts_with('{') {
        return line;
    }
    let named = ["message", "msg", "errorMessage"].into_iter().map(|name| text_of(line, name));
    named.into_iter().find(|said| !said.is_empty()).unwrap_or(line)
}

/// The FNV-1a hash (draft-eastlake-fnv) of the words of a line without digits, each closed: what has a digit in it, is
/// quoted or is long stands for anything.
fn masked(line: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut mix = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let length = match rest[0] {
            quote @ (b'\'' | b'"') => quoted(rest, quote),
            byte if is_of_word(byte) => rest.iter().position(|byte| !is_of_word(*byte)).unwrap_or(rest.len()),
            _ => 1,
        };
        let word = &rest[..length];
        let stands_for_any =
            length > 1 && !is_of_word(word[0]) || length > LONGEST || word.iter().any(u8::is_ascii_digit);
        if stands_for_any {
            mix(b'#');
        } else {
            word.iter().for_each(|byte| mix(*byte));
        }
        mix(0xff);
        at += length;
    }
    hash
}

/// The bytes from one quote to the next; the quote alone where there is no other, as in `can't`.
fn quoted(text: &[u8], quote: u8) -> usize {
    text[1..].iter().position(|byte| *byte == quote).map_or(1, |end| end + 2)
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b':') || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(message: &str) -> Option<u64> {
        let line = Line::Application { level: Level::Warn, error_type: "" };
        kind_of_line(&Log { message, line, ..Log::default() })
    }

    #[test]
    fn one_kind_or_two() {
        for (one, other, same) in [
            ("took 12 ms", "took 1200 ms", true),
            ("order a1-b2 failed", "order c3-d4 failed", true),
            ("no user 'ann'", "no user 'bob the builder'", true),
            ("no user 'ann'", "no group 'ann'", false),
            ("disk full", "disk empty", false),
            ("2026-10-20T09:00:00Z slow", "2026-10-21T10:00:00Z slow", true),
            (r#"{"level":"WARN","message":"disk full"}"#, r#"{"level":"WARN","message":"disk empty"}"#, false),
            (r#"{"message":"took 1 ms","time":"a"}"#, r#"{"message":"took 2 ms","time":"b"}"#, true),
            ("failed\n at one", "failed\n at two", true),
            ("can't", "can't", true),
        ] {
            assert_eq!(kind(one) == kind(other), same, "{one} {other}");
        }
        assert_eq!(kind_of_line(&Log { message: "x", ..Log::default() }), None);
        assert!(kind("").is_some() && kind("'").is_some() && kind("é'\"").is_some());
    }
}
