//! Members of a JSON object, read with patience: one of the wrong type is empty, of one that comes twice the last counts.
//!
//! Wrong types are skipped without recursion, however deep they are nested. Text borrows wherever it holds no escape.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::compact::{Compact, Cursor};

/// The visitor methods of types that a member is not: they make the empty value.
macro_rules! empty {
    (null) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
    };
    (bool) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
    };
    (number) => {
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
    };
    (string) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
    };
    (array) => {
        fn visit_seq<A: ::serde::de::SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
            while array.next_element::<::serde::de::IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
    (object) => {
        fn visit_map<A: ::serde::de::MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
            while object.next_entry::<::serde::de::IgnoredAny, ::serde::de::IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
}

/// Declares an object by the members that are read of it: `field: Type = "name in the JSON"`.
macro_rules! object {
    ($(#[$meta:meta])* $name:ident<$lt:lifetime> { $($field:ident: $type:ty = $($key:literal)|+,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        #[cfg_attr(test, derive(PartialEq))]
        pub(super) struct $name<$lt> {
            $(pub(super) $field: $type,)*
        }

        impl<'de> ::serde::Deserialize<'de> for $name<'de> {
            fn deserialize<D: ::serde::de::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Members;
                impl<'de> ::serde::de::Visitor<'de> for Members {
                    type Value = $name<'de>;
                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("an object")
                    }
                    $crate::decode::field::empty!(null);
                    $crate::decode::field::empty!(bool);
                    $crate::decode::field::empty!(number);
                    $crate::decode::field::empty!(string);
                    $crate::decode::field::empty!(array);
                    fn visit_map<A: ::serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        while let Some(key) = map.next_key::<$crate::decode::field::Text<'de>>()? {
                            match &*key {
                                $($($key)|+ => object.$field = map.next_value()?,)*
                                _ => {
                                    map.next_value::<::serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(object)
                    }
                }
                from.deserialize_any(Members)
            }
        }

        $crate::decode::compact::object! { $name { $($field = $($key)|+,)* } }
    };
}

pub(super) use {empty, object};

/// Parses the value that begins at `at`, and says where it ends.
pub(super) fn parse<'t, T>(text: &'t str, at: usize) -> Result<(T, usize), serde_json::Error>
where
    T: Default + Compact<'t> + Deserialize<'t>,
{
    let mut value = T::default();
    let end = parse_into(&mut value, text, at)?;
    Ok((value, end))
}

/// The same in place of `value`, which is empty: large ones are then not moved.
pub(super) fn parse_into<'t, T>(value: &mut T, text: &'t str, at: usize) -> Result<usize, serde_json::Error>
where
    T: Compact<'t> + Deserialize<'t>,
{
    let mut cursor = Cursor::new(text, at);
    if value.fill(&mut cursor).is_some() {
        return Ok(cursor.at);
    }
    let (read, end) = parse_any(text, at)?;
    *value = read;
    Ok(end)
}

/// The same by serde alone, which reads all of JSON and says what is wrong with it.
pub(super) fn parse_any<'t, T: Deserialize<'t>>(text: &'t str, at: usize) -> Result<(T, usize), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(&text[at..]);
    let value = T::deserialize(&mut json)?;
    Ok((value, at + json.into_iter::<IgnoredAny>().byte_offset()))
}

/// Text; empty when it is absent or something else.
#[derive(Clone, Debug, Default)]
#[cfg_attr(test, derive(PartialEq))]
pub(super) struct Text<'a>(Cow<'a, str>);

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Text(text)
    }
}

impl<'a> Text<'a> {
    pub(super) fn into_cow(self) -> Cow<'a, str> {
        self.0
    }
}

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Chars;
        impl<'de> Visitor<'de> for Chars {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            empty!(null);
            empty!(bool);
            empty!(number);
            empty!(array);
            empty!(object);
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_any(Chars)
    }
}

/// A value as its JSON text; empty when it is absent or `null`.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(test, derive(PartialEq))]
pub(super) struct Raw<'a>(pub(super) &'a str);

impl<'de> Deserialize<'de> for Raw<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(from).map(|value| Raw::of(value.get()))
    }
}

impl<'a> Raw<'a> {
    /// The value that is written so.
    pub(super) fn of(json: &'a str) -> Self {
        Raw(if json == "null" { "" } else { json })
    }

    /// A string's text without its escapes; of another value, its JSON text.
    pub(super) fn text(self) -> Cow<'a, str> {
        if !self.0.starts_with('"') {
            return Cow::Borrowed(self.0);
        }
        if let Ok(text) = serde_json::from_str::<Text<'a>>(self.0) {
            return text.0;
        }
        let mended = super::recover::mend(self.0).unwrap_or_default();
        Cow::Owned(serde_json::from_str(&mended).unwrap_or_default())
    }
}

/// `true` or `false`, also as the text that many services write; `None` otherwise.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(test, derive(PartialEq))]
pub(super) struct Flag(pub(super) Option<bool>);

impl Flag {
    /// What a text says.
    pub(super) fn said_by(text: &str) -> Self {
        let says = |words: [&str; 2]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        Flag(if says(["true", "yes"]) {
            Some(true)
        } else if says(["false", "no"]) {
            Some(false)
        } else {
            None
        })
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Flag;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }
            empty!(null);
            empty!(number);
            empty!(array);
            empty!(object);
            fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
                Ok(Flag(Some(flag)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Flag::said_by(text))
            }
        }
        from.deserialize_any(Either)
    }
}

/// A whole number, also as text; `None` otherwise.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(test, derive(PartialEq))]
pub(super) struct Number(pub(super) Option<i64>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Digits;
        impl<'de> Visitor<'de> for Digits {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            empty!(null);
            empty!(bool);
            empty!(array);
            empty!(object);
            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Number(Some(number)))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Number(i64::try_from(number).ok()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                // Some writers turn whole numbers into `1.7e12`; a cast keeps those and saturates the absurd.
                Ok(Number(number.is_finite().then_some(number as i64)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Number(text.trim().parse().ok()))
            }
        }
        from.deserialize_any(Digits)
    }
}

/// The elements of an array; none when it is absent or something else.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq))]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Elements<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Elements<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            empty!(null);
            empty!(bool);
            empty!(number);
            empty!(string);
            empty!(object);
            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = array.next_element()? {
                    list.push(element);
                }
                Ok(List(list))
            }
        }
        from.deserialize_any(Elements(PhantomData))
    }
}

#[cfg(test)]
mod tests;
