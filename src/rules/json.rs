//! The values at one path of JSON text, read without building the rest of it.

use std::borrow::Cow;
use std::fmt;

use rsigma_eval::EventValue;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::path::{Path, Step};
use super::quick;

/// How deep text that holds JSON may hold text that holds JSON.
const DEPTH: u8 = 3;

/// Values that were found: most often one.
pub(super) type Found<'t> = SmallVec<[EventValue<'t>; 1]>;

/// The values at the path: none, one, or one for each member of the lists that it crosses. Of text that is no JSON,
/// or too deep, those that were found before that was seen. The cost is that of reading the text once.
pub(super) fn values<'t>(text: &'t str, path: &Path) -> Found<'t> {
    let mut found = Found::new();
    if !text.is_empty() {
        gather(text, path.steps(), &mut found);
    }
    found
}

/// The same of an object whose members are known. Those of another name are not read again.
pub(super) fn values_of<'t>(members: impl Iterator<Item = (&'t str, &'t str)>, path: &Path) -> Found<'t> {
    let mut found = Found::new();
    if let Some((Step::Key(wanted), rest)) = path.steps().split_first() {
        members.filter(|(name, _)| name == wanted).for_each(|(_, value)| gather(value, rest, &mut found));
    }
    found
}

/// Adds the values at the end of some steps.
fn gather<'t>(text: &'t str, steps: &[Step], found: &mut Found<'t>) {
    let before = found.len();
    if quick::values(text, steps, found).is_none() {
        found.truncate(before);
        let seed = Find { steps, depth: DEPTH, found };
        // Where the text breaks off, what stands before it was still said.
        let _ = seed.deserialize(&mut serde_json::Deserializer::from_str(text));
    }
}

/// The text of a member of an object; empty where there is none. What stands behind it is not read, and may be broken.
pub(super) fn member<'t>(text: &'t str, name: &str) -> &'t str {
    if let Some(found) = quick::member(text, name) {
        return found;
    }
    let mut found = "";
    let _ = serde_json::Deserializer::from_str(text).deserialize_map(Member { name, found: &mut found });
    found
}

struct Member<'m, 't> {
    name: &'m str,
    found: &'m mut &'t str,
}

impl<'t> Visitor<'t> for Member<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Name)? {
            if name == self.name {
                *self.found = map.next_value::<&RawValue>()?.get();
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Shows every string value in JSON text, member names aside.
pub(super) fn every_text(text: &str, visit: &mut dyn FnMut(&str)) {
    fn walk(value: &Value, visit: &mut dyn FnMut(&str)) {
        match value {
            Value::String(text) => visit(text),
            Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
            Value::Object(members) => members.values().for_each(|member| walk(member, visit)),
            _ => {}
        }
    }
    match serde_json::from_str(text) {
        Ok(value) => walk(&value, visit),
        Err(_) => visit(text),
    }
}

struct Find<'s, 't> {
    steps: &'s [Step],
    depth: u8,
    found: &'s mut Found<'t>,
}

impl<'t> DeserializeSeed<'t> for Find<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, from: D) -> Result<(), D::Error> {
        if self.steps.is_empty() {
            self.found.push(Whole.deserialize(from)?);
            return Ok(());
        }
        from.deserialize_any(self)
    }
}

impl Find<'_, '_> {
    /// Goes on in text that holds JSON, written plainly or for an address.
    fn enter(self, text: &str) {
        if self.depth == 0 {
            return;
        }
        let plain = if text.starts_with("%7B") || text.starts_with("%7b") { decoded(text) } else { text.into() };
        if !plain.trim_start().starts_with(['{', '[']) {
            return;
        }
        let mut inner = Found::new();
        let seed = Find { steps: self.steps, depth: self.depth - 1, found: &mut inner };
        let _ = seed.deserialize(&mut serde_json::Deserializer::from_str(&plain));
        self.found.extend(inner.into_iter().map(owned));
    }
}

impl<'t> Visitor<'t> for Find<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((Step::Key(wanted), rest)) = self.steps.split_first() else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        while let Some(name) = map.next_key_seed(Name)? {
            if name == *wanted {
                map.next_value_seed(Find { steps: rest, depth: self.depth, found: self.found })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut list: A) -> Result<(), A::Error> {
        let Some((Step::Index(index), rest)) = self.steps.split_first() else {
            while list.next_element_seed(Find { steps: self.steps, depth: self.depth, found: self.found })?.is_some() {}
            return Ok(());
        };
        let mut each = Vec::new();
        let mut inner = Found::new();
        while list.next_element_seed(Find { steps: rest, depth: self.depth, found: &mut inner })?.is_some() {
            each.push(std::mem::take(&mut inner));
        }
        let from_end = |n: u64| each.len().checked_sub(n as usize);
        let at = if *index < 0 { from_end(index.unsigned_abs()) } else { Some(*index as usize) };
        if let Some(at) = at.filter(|at| *at < each.len()) {
            self.found.append(&mut each[at]);
        }
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.enter(text);
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name;

impl<'t> DeserializeSeed<'t> for Name {
    type Value = Cow<'t, str>;

    fn deserialize<D: Deserializer<'t>>(self, from: D) -> Result<Cow<'t, str>, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Name {
    type Value = Cow<'t, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, text: &'t str) -> Result<Cow<'t, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'t, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A value with all that is in it.
pub(super) struct Whole;

impl<'t> DeserializeSeed<'t> for Whole {
    type Value = EventValue<'t>;

    fn deserialize<D: Deserializer<'t>>(self, from: D) -> Result<EventValue<'t>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Whole {
    type Value = EventValue<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<EventValue<'t>, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key_seed(Name)? {
            members.push((name, map.next_value_seed(Whole)?));
        }
        Ok(EventValue::Map(members))
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut list: A) -> Result<EventValue<'t>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Whole)? {
            items.push(item);
        }
        Ok(EventValue::Array(items))
    }

    fn visit_borrowed_str<E>(self, text: &'t str) -> Result<EventValue<'t>, E> {
        Ok(EventValue::Str(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<EventValue<'t>, E> {
        Ok(EventValue::Str(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<EventValue<'t>, E> {
        Ok(EventValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<EventValue<'t>, E> {
        Ok(EventValue::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<EventValue<'t>, E> {
        Ok(i64::try_from(value).map_or(EventValue::Float(value as f64), EventValue::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<EventValue<'t>, E> {
        Ok(EventValue::Float(value))
    }

    fn visit_unit<E>(self) -> Result<EventValue<'t>, E> {
        Ok(EventValue::Null)
    }
}

/// The same value, borrowing nothing.
fn owned<'t>(value: EventValue<'_>) -> EventValue<'t> {
    match value {
        EventValue::Str(text) => EventValue::Str(Cow::Owned(text.into_owned())),
        EventValue::Int(n) => EventValue::Int(n),
        EventValue::Float(n) => EventValue::Float(n),
        EventValue::Bool(flag) => EventValue::Bool(flag),
        EventValue::Null => EventValue::Null,
        EventValue::Array(items) => EventValue::Array(items.into_iter().map(owned).collect()),
        EventValue::Map(members) => {
            let each = members.into_iter().map(|(name, value)| (Cow::Owned(name.into_owned()), owned(value)));
            EventValue::Map(each.collect())
        }
    }
}

/// Text without its percent escapes, as IAM writes policy documents.
fn decoded(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = || u8::from_str_radix(text.get(at + 1..at + 3)?, 16).ok();
        match (*byte, (*byte == b'%').then(escaped).flatten()) {
            (_, Some(byte)) => {
                plain.push(byte);
                at += 3;
            }
            (byte, None) => {
                plain.push(if byte == b'+' { b' ' } else { byte });
                at += 1;
            }
        }
    }
    String::from_utf8(plain).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, path: &str, wanted: &[&str]) {
        let found = values(text, &Path::of(path));
        let shown: Vec<String> = found.iter().map(|value| value.to_json().to_string()).collect();
        assert_eq!(shown, wanted, "{path} of {text}");
    }

    #[test]
    fn a_path_finds_what_is_there() {
        let text = r#"{"a":{"b":1,"c":"x\ny","d":null},"l":[{"n":"p"},{"n":"q"},{"m":2}],"b":[true,2.5,"z"]}"#;
        for (path, wanted) in [
            ("a.b", vec!["1"]),
            ("a.c", vec![r#""x\ny""#]),
            ("a.d", vec!["null"]),
            ("a.e", vec![]),
            ("a.b.c", vec![]),
            ("l.n", vec![r#""p""#, r#""q""#]),
            ("l[1].n", vec![r#""q""#]),
            ("l[-1].m", vec!["2"]),
            ("l[3].n", vec![]),
            ("b", vec![r#"[true,2.5,"z"]"#]),
            ("b[2]", vec![r#""z""#]),
        ] {
            check(text, path, &wanted);
        }
    }

    #[test]
    fn text_that_holds_json_is_entered() {
        let plain = r#"{"p":"{\"Statement\":[{\"Action\":\"*\"}]}"}"#;
        check(plain, "p.Statement.Action", &[r#""*""#]);
        let escaped = r#"{"p":"%7B%22Statement%22%3A%7B%22Action%22%3A%22iam%3A%2A%22%7D%7D"}"#;
        check(escaped, "p.Statement.Action", &[r#""iam:*""#]);
        check(r#"{"p":"{not json"}"#, "p.a", &[]);
    }

    #[test]
    fn broken_and_deep_text_ends() {
        check(r#"{"a":1,"b""#, "a", &["1"]);
        check(&format!("{{\"a\":{}1", "[".repeat(100_000)), "a", &[]);
        check(&format!("{{\"b\":{}1,\"a\":2}}", "[".repeat(100_000)), "a", &[]);
        check("", "a", &[]);
    }
}
