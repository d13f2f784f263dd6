//! Members of compact JSON, found without serde: the same as [`super::json`] finds. What is declined is read there.

use lapwing_detectors::event::Members;
use rsigma_eval::EventValue;
use serde::de::DeserializeSeed;

use super::json::{Found, Whole};
use super::path::Step;
use crate::decode::compact::Cursor;

/// Most objects have no more members than this.
const MEMBERS: usize = 8;
/// Deeper than this is not read here.
const DEPTH: u8 = 32;

/// The text of a member of an object; empty where there is none; `None` = declined.
pub(super) fn member<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut cursor = Cursor::new(text, 0);
    let mut more = cursor.open()?;
    while more {
        let (found, start) = cursor.name()?;
        cursor.value(start, found)?;
        let begin = cursor.at;
        cursor.skip()?;
        if found == name {
            return text.get(begin..cursor.at);
        }
        more = cursor.goes_on(b'}')?;
    }
    Some("")
}

/// Where the members of an object stand; `None` = declined.
pub(super) fn outline(text: &str) -> Option<Members> {
    let mut members = Members::with_capacity(MEMBERS);
    let mut cursor = Cursor::new(text, 0);
    let mut more = cursor.open()?;
    while more {
        let (name, start) = cursor.name()?;
        cursor.value(start, name)?;
        let begin = cursor.at as u32;
        cursor.skip()?;
        let name = start as u32 + 1..(start + 1 + name.len()) as u32;
        members.push([name, begin..cursor.at as u32]);
        more = cursor.goes_on(b'}')?;
    }
    Some(members)
}

/// Finds the values at a path; `None` = declined, whatever was found.
pub(super) fn values<'t>(text: &'t str, steps: &[Step], found: &mut Found<'t>) -> Option<()> {
    Walk { text, cursor: Cursor::new(text, 0), found }.go(steps, DEPTH)
}

struct Walk<'w, 't> {
    text: &'t str,
    cursor: Cursor<'t>,
    found: &'w mut Found<'t>,
}

impl Walk<'_, '_> {
    fn go(&mut self, steps: &[Step], depth: u8) -> Option<()> {
        let Some((step, rest)) = steps.split_first() else { return self.whole() };
        let depth = depth.checked_sub(1)?;
        match (self.cursor.byte()?, step) {
            (b'{', Step::Key(wanted)) => self.object(wanted, rest, depth),
            (b'[', Step::Key(_)) => self.list(steps, depth),
            (b'{' | b'[', Step::Index(_)) => None,
            (b'"', _) => self.text(),
            _ => self.cursor.skip(),
        }
    }

    fn object(&mut self, wanted: &str, rest: &[Step], depth: u8) -> Option<()> {
        let mut more = self.cursor.open()?;
        while more {
            let (name, start) = self.cursor.name()?;
            self.cursor.value(start, name)?;
            if name == wanted {
                self.go(rest, depth)?;
            } else {
                self.cursor.skip()?;
            }
            more = self.cursor.goes_on(b'}')?;
        }
        Some(())
    }

    fn list(&mut self, steps: &[Step], depth: u8) -> Option<()> {
        self.cursor.at += 1;
        let mut more = self.cursor.byte()? != b']';
        if !more {
            self.cursor.at += 1;
        }
        while more {
            self.cursor.spaces();
            self.go(steps, depth)?;
            more = self.cursor.goes_on(b']')?;
        }
        Some(())
    }

    /// Goes past a text, unless it may hold JSON.
    fn text(&mut self) -> Option<()> {
        let start = self.cursor.at + 1;
        self.cursor.skip()?;
        let inner = self.text.get(start..self.cursor.at)?.trim_start();
        (!inner.starts_with(['{', '[', '%', '\\'])).then_some(())
    }

    fn whole(&mut self) -> Option<()> {
        let start = self.cursor.at;
        self.cursor.skip()?;
        let json = self.text.get(start..self.cursor.at)?;
        let plain = json.strip_prefix('"').and_then(|text| text.strip_suffix('"')).filter(|text| !text.contains('\\'));
        self.found.push(match plain {
            Some(text) => EventValue::Str(text.into()),
            None => Whole.deserialize(&mut serde_json::Deserializer::from_str(json)).ok()?,
        });
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(path: &str) -> Vec<Step> {
        path.split('.').map(|key| Step::Key(key.to_owned())).collect()
    }

    /// `None` = declined.
    fn check(text: &str, path: &str, wanted: Option<&[&str]>) {
        let mut found = Found::new();
        let read = values(text, &steps(path), &mut found);
        let shown: Vec<String> = found.iter().map(|value| value.to_json().to_string()).collect();
        assert_eq!(read.map(|()| shown), wanted.map(|all| all.iter().map(ToString::to_string).collect()), "{text}");
    }

    #[test]
    fn values_of_compact_json() {
        check(r#"{"a":{"b":1,"c":[]},"a":{"b":"x\ny"}}"#, "a.b", Some(&["1", r#""x\ny""#]));
        check(r#"{"l":[{"n":"p"},[{"n":"q"}],{"m":2},7,null]}"#, "l.n", Some(&[r#""p""#, r#""q""#]));
        check(r#"{"a":[{"b":true}]}"#, "a", Some(&[r#"[{"b":true}]"#]));
        check(r#"{"a":"text","b":2}"#, "a.b", Some(&[]));
        check(r#"{"a":[]}"#, "a.b", Some(&[]));
    }

    #[test]
    fn what_needs_serde_is_declined() {
        for text in [r#"{"a":"{\"b\":1}"}"#, r#"{"a":"%7B%7D"}"#, r#"{"a":" [1]"}"#, r#"{"\u0061":1}"#, r#"{"a" :1}"#] {
            check(text, "a.b", None);
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(60), "]".repeat(60));
        check(&deep, "a.b", None);
        assert!(values(r#"{"a":[1]}"#, &[Step::Key("a".to_owned()), Step::Index(0)], &mut Found::new()).is_none());
    }

    #[test]
    fn members_of_compact_json() {
        let check = |text: &str, wanted: Option<&str>| assert_eq!(member(text, "a"), wanted, "{text}");
        check(r#"{"b":[1,{}],"a":{"c":"}"},"a":2}"#, Some(r#"{"c":"}"}"#));
        check(r#"{"a":"x","b"#, Some(r#""x""#));
        check(r#"{"b":1}"#, Some(""));
        check(r#"{"b":1"#, None);
        check(r#"{ "a": 1}"#, Some("1"));
        check(" {}", None);
    }
}
