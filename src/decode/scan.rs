//! Finding the way through JSON text by brackets and quotes alone.
//!
//! This never judges whether the text is valid: a record is parsed by serde, from where this says that it begins.
//! Every function is a loop, so that nesting costs no stack, and every one ends at the end of the text.

use memchr::{memchr2, memchr3};

/// Where the next thing begins: after spaces, commas and the marks that some writers put between documents.
pub(super) fn gap(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at + rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b',' | 0 | 0x1e)).count()
}

/// The byte at a place, if the text goes that far.
pub(super) fn byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

/// Does the text begin as JSON does? `[ERROR] …` and `[2026-01-02 …` are log lines.
pub(super) fn begins_json(text: &str) -> bool {
    match byte(text, 0) {
        Some(b'{') => true,
        Some(b'[') => {
            let next = gap(text, 1);
            matches!(byte(text, next), None | Some(b'{' | b'[' | b']' | b'"')) || text[next..].starts_with("null")
        }
        _ => false,
    }
}

/// Where the string that begins at `at` ends (after its closing quote), or `None` if the text ends first.
pub(super) fn string_end(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = at + 1;
    loop {
        let found = from + memchr2(b'"', b'\\', bytes.get(from..)?)?;
        if bytes[found] == b'"' {
            return Some(found + 1);
        }
        from = found + 2;
    }
}

/// Where the value that begins at `at` ends, or `None` if the text ends first.
pub(super) fn value_end(text: &str, at: usize) -> Option<usize> {
    match byte(text, at)? {
        b'"' => string_end(text, at),
        b'{' => nest_end(text, at, [b'{', b'}']),
        b'[' => nest_end(text, at, [b'[', b']']),
        _ => Some(scalar_end(text, at)),
    }
}

fn nest_end(text: &str, at: usize, [open, close]: [u8; 2]) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut from, mut depth) = (at + 1, 1_usize);
    loop {
        let found = from + memchr3(b'"', open, close, bytes.get(from..)?)?;
        from = match bytes[found] {
            b'"' => string_end(text, found)?,
            b if b == open => {
                depth += 1;
                found + 1
            }
            _ => {
                depth -= 1;
                found + 1
            }
        };
        if depth == 0 {
            return Some(from);
        }
    }
}

/// Where a number, a word or junk ends: always after `at`, and at a character's border.
pub(super) fn scalar_end(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at + 1..).unwrap_or_default();
    let length = rest.iter().position(|b| matches!(b, b',' | b'}' | b']' | b'{' | b'[' | b'\n' | b'"'));
    at + 1 + length.unwrap_or(rest.len())
}

/// Where junk between documents ends: at the end of its line, or where an object begins.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at + 1..).unwrap_or_default();
    at + 1 + memchr2(b'\n', b'{', rest).unwrap_or(rest.len())
}

/// A member of an object.
pub(super) struct Member<'t> {
    /// Its name as written: one with an escape in it is no name that we look for.
    pub(super) key: &'t str,
    /// Where its value begins.
    pub(super) value: usize,
}

/// Walks over the members of an object. The caller moves on with [`Members::skip`] or by setting `at`.
pub(super) struct Members<'t> {
    text: &'t str,
    /// Where to read on; after the last member, the end of the object or the place of the damage.
    pub(super) at: usize,
    /// The end of the object was found.
    pub(super) closed: bool,
}

impl<'t> Members<'t> {
    /// From the opening brace.
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        Members { text, at: at + 1, closed: false }
    }

    /// The next member; `None` at the end, and at damage.
    pub(super) fn next(&mut self) -> Option<Member<'t>> {
        let start = gap(self.text, self.at);
        self.at = start;
        match byte(self.text, start)? {
            b'}' => {
                self.at = start + 1;
                self.closed = true;
                None
            }
            b'"' => {
                let end = string_end(self.text, start)?;
                let colon = gap(self.text, end);
                if byte(self.text, colon)? != b':' {
                    return None;
                }
                Some(Member { key: &self.text[start + 1..end - 1], value: gap(self.text, colon + 1) })
            }
            _ => None,
        }
    }

    /// Goes past a value. One without an end is where the damage is: nothing comes after it.
    pub(super) fn skip(&mut self, member: &Member<'_>) {
        self.at = value_end(self.text, member.value).unwrap_or(member.value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_values() {
        let check = |text: &str, expected: Option<usize>| assert_eq!(value_end(text, 0), expected, "{text}");
        check(r#""a\"b" rest"#, Some(6));
        check(r#""a\\" rest"#, Some(5));
        check(r#""open"#, None);
        check(r#""open\"#, None);
        check(r#"{"a":{"b":"}"}} rest"#, Some(15));
        check(r#"[[1],"]"] rest"#, Some(9));
        check("{", None);
        check("12,", Some(2));
        check("null}", Some(4));
        check("é,", Some(2));
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let deep = "[".repeat(100_000);
        assert_eq!(value_end(&deep, 0), None);
        assert_eq!(value_end(&format!("{deep}{}", "]".repeat(100_000)), 0), Some(200_000));
    }

    #[test]
    fn members_in_order_until_damage() {
        let check = |text: &str, expected: &str| {
            let mut members = Members::new(text, 0);
            let mut keys = Vec::new();
            while let Some(member) = members.next() {
                keys.push(member.key);
                members.skip(&member);
            }
            assert_eq!(format!("{} {} {}", keys.join(","), members.at, members.closed), expected, "{text}");
        };
        check(r#"{"a":1, "b" : {"c":2}} rest"#, "a,b 22 true");
        check("{}", " 2 true");
        check(r#"{"a":1,x}"#, "a 7 false");
        check(r#"{"a":[1"#, "a 5 false");
        check(r#"{"a":"1"#, "a 5 false");
        check(r#"{"a":"#, "a 5 false");
    }

    #[test]
    fn log_lines_in_brackets_are_no_json() {
        for text in ["{", "[", "[{", "[ \n{", "[[", "[]", "[null,", "[\"a\""] {
            assert!(begins_json(text), "{text}");
        }
        for text in ["[ERROR] x", "[2026-01-02 x", "START", "", "[notice] x"] {
            assert!(!begins_json(text), "{text}");
        }
    }
}
