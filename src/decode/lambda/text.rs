//! Looking at text at bounded cost: windows, tokens, and the escapes that some exports leave in it.

use chrono::{DateTime, Utc};
use memchr::memmem;

/// How much of the beginning of a message is looked at: enough for every platform line and for the first lines of a
/// stack trace.
const HEAD: usize = 4096;
/// How much of its end is looked at, for the line that names the error.
const TAIL: usize = 2048;
/// The longest request id that is believed: a UUID has 36 characters, those of Web Functions 26.
const LONGEST_REQUEST: usize = 64;
/// The longest error type that is believed.
const LONGEST_TYPE: usize = 256;

/// The beginning of a message.
pub(super) fn head(message: &str) -> &str {
    if message.len() <= HEAD { message } else { &message[..message.floor_char_boundary(HEAD)] }
}

/// The end of a message.
pub(super) fn tail(message: &str) -> &str {
    match message.len().checked_sub(TAIL) {
        Some(start) => &message[message.ceil_char_boundary(start)..],
        None => message,
    }
}

/// Without the white space around it, and without the line ends that an export wrote as two characters.
pub(super) fn trim(message: &str) -> &str {
    let mut text = message.trim();
    loop {
        let shorter = ["\\n", "\\t", "\\r"].into_iter().find_map(|escape| text.strip_suffix(escape));
        match shorter {
            Some(shorter) => text = shorter.trim_end(),
            None => return text,
        }
    }
}

/// Does this text occur in that window?
pub(super) fn contains(window: &str, what: &str) -> bool {
    memmem::find(window.as_bytes(), what.as_bytes()).is_some()
}

/// The first token and the rest after its separator. White space separates, and so does the two-character escape of
/// a tab or a line end.
pub(super) fn token(text: &str) -> (&str, &str) {
    let text = skip_separators(text);
    let bytes = text.as_bytes();
    let end = (0..bytes.len()).find(|&at| separator(&bytes[at..]) > 0).unwrap_or(bytes.len());
    (&text[..end], skip_separators(&text[end..]))
}

/// What stands after `key:`, up to the next separator; empty when a tab or a line end follows at once.
pub(super) fn value(text: &str) -> &str {
    let text = text.trim_start_matches(' ');
    if separator(text.as_bytes()) > 0 { "" } else { token(text).0 }
}

/// The first line and the rest. A carriage return ends a line too: Node.js writes stack traces so.
pub(super) fn line(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() {
        let width = line_end(&bytes[end..]);
        if width > 0 {
            return (&text[..end], &text[end + width..]);
        }
        end += 1;
    }
    (text, "")
}

/// The last line that is not blank.
pub(super) fn last_line(text: &str) -> &str {
    let text = trim(text);
    let bytes = text.as_bytes();
    let start = (0..bytes.len()).rev().find(|&at| line_end(&bytes[at..]) > 0);
    start.map_or(text, |at| text[at + line_end(&bytes[at..])..].trim())
}

fn skip_separators(text: &str) -> &str {
    let mut rest = text;
    loop {
        match separator(rest.as_bytes()) {
            0 => return rest,
            width => rest = &rest[width..],
        }
    }
}

fn separator(bytes: &[u8]) -> usize {
    match bytes {
        [b' ' | b'\t', ..] => 1,
        [b'\\', b't', ..] => 2,
        _ => line_end(bytes),
    }
}

fn line_end(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\n' | b'\r', ..] => 1,
        [b'\\', b'n' | b'r', ..] => 2,
        _ => 0,
    }
}

/// A request id of an invocation: a UUID.
pub(super) fn is_uuid(token: &str) -> bool {
    token.len() == 36
        && token.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A request id as a field of its own names it, in whatever form; `None` for what stands for its absence.
pub(super) fn request_id(field: &str) -> Option<&str> {
    let is_id = !field.is_empty()
        && field.len() <= LONGEST_REQUEST
        && field.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !matches!(field, "undefined" | "null" | "None");
    is_id.then_some(field)
}

/// The name of an error type at the beginning of a text, such as `KeyError`, `java.io.IOException`, `Function<X>`:
/// it ends at a colon, or at the end of its line.
pub(super) fn error_type(text: &str) -> Option<&str> {
    let name_end = text
        .bytes()
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$' | b'<' | b'>' | b'`' | b'+')))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(name_end);
    let is_name = name.len() <= LONGEST_TYPE
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !name.ends_with('.')
        && (rest.is_empty() || rest.starts_with(':') || line_end(rest.as_bytes()) > 0);
    is_name.then_some(name)
}

/// Does it look like the name of an exception and not like any word before a colon?
pub(super) fn is_exception_name(name: &str) -> bool {
    let last = name.rsplit(['.', '$', '+']).next().unwrap_or(name);
    ["Error", "Exception", "Fault", "Failure", "Interrupt", "Exit", "Warning", "Iteration", "Timeout"]
        .into_iter()
        .any(|ending| last.ends_with(ending))
}

/// The RFC 3339 time at the beginning of a text.
pub(in crate::decode) fn leading_time(text: &str) -> Option<DateTime<Utc>> {
    is_time(text).then(|| DateTime::parse_from_rfc3339(token(head(text)).0).ok()).flatten().map(|time| time.to_utc())
}

/// Does a text begin like an RFC 3339 time?
pub(super) fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 20
        && bytes[..19].iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            10 => matches!(byte, b'T' | b't' | b' '),
            13 | 16 => *byte == b':',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_end_between_characters() {
        let long = "é".repeat(3_000);
        assert!(head(&long).len() <= HEAD && tail(&long).len() <= TAIL);
        assert_eq!((head("é"), tail("é"), head(""), tail("")), ("é", "é", "", ""));
    }

    #[test]
    fn tokens_and_lines_know_escapes() {
        assert_eq!(token(" a\\tb c"), ("a", "b c"));
        assert_eq!(token("a\tb"), ("a", "b"));
        assert_eq!(token(""), ("", ""));
        assert_eq!(line("a\r\nb\nc"), ("a", "b\nc"));
        assert_eq!(line("a\\nb"), ("a", "b"));
        assert_eq!(last_line("a\nb\n\n"), "b");
        assert_eq!(last_line("a\\nRuntime.ExitError\\n"), "Runtime.ExitError");
        assert_eq!(trim(" x \\n\\n\n"), "x");
    }

    #[test]
    fn names_of_errors() {
        for (text, expected) in [
            ("KeyError: 'id'", Some("KeyError")),
            ("KeyError", Some("KeyError")),
            ("java.io.IOException\n\tat a.b", Some("java.io.IOException")),
            ("Function<TypeError>", Some("Function<TypeError>")),
            ("two words: x", None),
            ("", None),
            (": x", None),
            ("7: x", None),
        ] {
            assert_eq!(error_type(text), expected, "{text:?}");
        }
    }

    #[test]
    fn request_ids() {
        assert!(is_uuid("01234567-89ab-cdef-0123-456789ABCDEF"));
        assert!(!is_uuid("01234567-89ab-cdef-0123-456789ABCDEG"));
        assert_eq!(request_id("AB5U6CMIUAWPER24GXDNDEZSVU"), Some("AB5U6CMIUAWPER24GXDNDEZSVU"));
        for absent in ["", "undefined", "null", "None", "a b", "\u{1b}[31m"] {
            assert_eq!(request_id(absent), None, "{absent:?}");
        }
        assert_eq!(request_id(&"a".repeat(65)), None);
    }
}
