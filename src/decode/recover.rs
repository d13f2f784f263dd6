//! After a record that does not parse: where it ends, and whether it can be mended.

use std::borrow::Cow;

use memchr::memmem;

use super::scan;

/// Where a damaged value ends that begins at `at`: by its own brackets if they close, unless another record plainly
/// begins before that, because a lost quote or bracket makes one record swallow the next ones.
///
/// `lines`: records stand at the beginnings of lines.
pub(super) fn end_of(text: &str, at: usize, layout: Layout) -> usize {
    let own = scan::value_end(text, at);
    let limit = own.unwrap_or(text.len());
    let next = match layout {
        Layout::Lines => next_line(text, at, limit).or_else(|| next_alike(text, at, limit)),
        Layout::Array => next_alike(text, at, limit),
    };
    let any = || own.is_none().then(|| next_object(text, at, limit, "{\"")).flatten();
    next.or_else(any).unwrap_or(limit)
}

/// How records follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One after the other, usually each on a line.
    Lines,
    /// In an array.
    Array,
}

/// Where the next document begins after damage outside of records: on a line of its own, or nowhere.
pub(super) fn next_document(text: &str, at: usize) -> usize {
    next_line(text, at.saturating_sub(1), text.len()).unwrap_or(text.len())
}

/// A line below that begins with a brace: in indented JSON only a new document does.
fn next_line(text: &str, at: usize, limit: usize) -> Option<usize> {
    let below = text.as_bytes().get(at + 1..limit)?;
    memmem::find(below, b"\n{").map(|found| at + 1 + found)
}

/// A place that begins with the same first member: writers keep their order. Without a first member of its own, any
/// object.
fn next_alike(text: &str, at: usize, limit: usize) -> Option<usize> {
    let quote = scan::gap(text, at + 1);
    let own = match scan::byte(text, quote) {
        Some(b'"') => scan::string_end(text, quote).filter(|end| end - at <= LONGEST_OPENING),
        _ => None,
    };
    next_object(text, at, limit, own.map_or("{\"", |end| &text[at..end]))
}

/// An object that begins with these characters and follows another value or a lost brace.
fn next_object(text: &str, at: usize, limit: usize, opening: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let found = memmem::find_iter(&bytes[at + 1..limit], opening.as_bytes()).map(|found| at + 1 + found);
    found.take(CANDIDATES).find(|&start| {
        let before = bytes[..start].iter().rposition(|b| !b.is_ascii_whitespace());
        before.is_some_and(|before| match bytes[before] {
            b',' | b'}' | b']' => true,
            b'{' => before == at,
            _ => false,
        })
    })
}

/// Bytes: an opening is a brace and a member's name.
const LONGEST_OPENING: usize = 256;

/// How many look-alikes inside a damaged record are looked at.
const CANDIDATES: usize = 64;

/// The text with halves of surrogate pairs (`\ud800`) replaced, which JSON allows and UTF-8 cannot hold; `None` when
/// there are none, so that there is nothing to try again. Outsiders could otherwise hide a call by their user agent.
pub(super) fn mend(json: &str) -> Option<Cow<'_, str>> {
    let bytes = json.as_bytes();
    let mut mended = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]).map(|found| at + found) {
        at = match unit(json, found) {
            Some(0xd800..=0xdbff) if matches!(unit(json, found + 6), Some(0xdc00..=0xdfff)) => found + 12,
            Some(0xd800..=0xdfff) => {
                mended.push_str(&json[kept..found]);
                mended.push_str("\\ufffd");
                kept = found + 6;
                kept
            }
            _ => (found + 2).min(bytes.len()),
        };
    }
    (kept > 0).then(|| {
        mended.push_str(&json[kept..]);
        Cow::Owned(mended)
    })
}

/// The code unit of an escape `\u` and four hexadecimal digits.
fn unit(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

/// How many bytes into the text serde found the damage.
pub(super) fn place_of(error: &serde_json::Error, text: &str) -> usize {
    let lines_before = error.line().saturating_sub(1);
    let start = match lines_before {
        0 => 0,
        n => memchr::memchr_iter(b'\n', text.as_bytes()).nth(n - 1).map_or(text.len(), |newline| newline + 1),
    };
    (start + error.column()).min(text.len())
}

/// What is wrong with a record's JSON, in serde's words without the place in its excerpt.
pub(super) fn complaint(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "the text ends inside the record".to_owned();
    }
    let words = error.to_string();
    format!("is not valid JSON: {}", words.split(" at line ").next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_damaged_records() {
        let check = |text: &str, layout: Layout, expected: &str| assert_eq!(&text[..end_of(text, 0, layout)], expected);
        check(r#"{"a":x},{"a":2}"#, Layout::Array, r#"{"a":x}"#);
        // A lost quote, a lost brace.
        check(r#"{"a":"1},{"a":"2"},{"a":"3"}"#, Layout::Array, r#"{"a":"1},"#);
        check(r#"{"a":1,{"a":2}]"#, Layout::Array, r#"{"a":1,"#);
        check("{\"a\":\"1}\n{\"b\":2}", Layout::Lines, "{\"a\":\"1}");
        check(r#"{"a":1"#, Layout::Array, r#"{"a":1"#);
        check("nul,", Layout::Array, "nul");
        check(r#"{"a":[{"a":1}],x}"#, Layout::Array, r#"{"a":[{"a":1}],x}"#);
    }

    #[test]
    fn halves_of_surrogate_pairs_are_mended() {
        let check = |json: &str, expected: Option<&str>| assert_eq!(mend(json).as_deref(), expected, "{json}");
        check(r#""plain \n \\ud800""#, None);
        check(r#""\ud83d\ude00""#, None);
        check(r#""a\ud800b""#, Some(r#""a\ufffdb""#));
        check(r#""\udc00\ud800\ud800\udc00""#, Some(r#""\ufffd\ufffd\ud800\udc00""#));
        check(r#""\ud8"#, None);
        check("\"\\", None);
        check("\\ud800é", Some("\\ufffdé"));
        check("\\ud80é", None);
    }
}
