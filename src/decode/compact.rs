//! Compact JSON, as services write it, read faster than serde reads it.
//!
//! It accepts less than JSON: no white space but spaces before names and values, no escapes in names, no number where
//! text is wanted. All else it declines, and serde reads that value from its beginning. So serde alone says what is
//! valid and what is wrong: what is read here is exactly what serde would have read, also in the parts that are
//! skipped.

mod ends;

use std::borrow::Cow;

use serde::de::IgnoredAny;

use self::ends::{element, spaces, string_end};
use super::field::{Flag, List, Number, Raw, Text};

/// What can be read of compact JSON.
pub(super) trait Compact<'t> {
    /// Reads the value under the cursor in place of what `self` was; `None` = declined.
    fn read(&mut self, from: &mut Cursor<'t>) -> Option<()>;

    /// The same where `self` is empty: then it need not be emptied first.
    fn fill(&mut self, from: &mut Cursor<'t>) -> Option<()> {
        self.read(from)
    }
}

/// Makes an object readable by the members that are read of it: `field = "name in the JSON"`.
macro_rules! object {
    ($name:ident { $($field:ident = $($key:literal)|+,)* }) => {
        impl<'t> $crate::decode::compact::Compact<'t> for $name<'t> {
            fn read(&mut self, from: &mut $crate::decode::compact::Cursor<'t>) -> Option<()> {
                *self = $name::default();
                self.fill(from)
            }

            fn fill(&mut self, from: &mut $crate::decode::compact::Cursor<'t>) -> Option<()> {
                let mut more = from.open()?;
                while more {
                    let (name, start) = from.name()?;
                    match name {
                        $($($key => {
                            from.value(start, $key)?;
                            self.$field.read(from)?;
                        })+)*
                        _ => {
                            from.value(start, name)?;
                            from.skip()?;
                        }
                    }
                    more = from.goes_on(b'}')?;
                }
                Some(())
            }
        }
    };
}

pub(super) use object;

/// A place in JSON text.
pub(crate) struct Cursor<'t> {
    text: &'t str,
    pub(crate) at: usize,
}

/// A string without its quotes.
struct Quoted<'t> {
    inner: &'t str,
    /// It is its own text: there is no escape in it.
    plain: bool,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str, at: usize) -> Self {
        Cursor { text, at }
    }

    /// All from the cursor on.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes past this byte if it is the next one.
    #[inline]
    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.byte()? == byte).then(|| self.at += 1)
    }

    #[inline]
    pub(crate) fn spaces(&mut self) {
        self.at = spaces(self.text.as_bytes(), self.at);
    }

    /// From the opening brace to the first name; says whether there is one. `null` has none.
    pub(crate) fn open(&mut self) -> Option<bool> {
        if self.eat(b'{').is_none() {
            return self.word("null").map(|()| false);
        }
        Some(self.eat(b'}').is_none())
    }

    /// The name under the cursor, and where it begins. [`Cursor::value`] goes past it.
    #[inline(always)]
    pub(crate) fn name(&self) -> Option<(&'t str, usize)> {
        let bytes = self.text.as_bytes();
        let start = spaces(bytes, self.at);
        if *bytes.get(start)? != b'"' {
            return None;
        }
        let (end, plain) = string_end(bytes, start + 1)?;
        let name = self.text.get(start + 1..end - 1).filter(|_| plain)?;
        Some((name, start))
    }

    /// Goes to the value of the name that begins at `start`. Told the length of the name, the processor need not wait
    /// for the search for its end.
    #[inline]
    pub(crate) fn value(&mut self, start: usize, name: &str) -> Option<()> {
        let (bytes, at) = (self.text.as_bytes(), start + name.len() + 2);
        (*bytes.get(at)? == b':').then(|| self.at = spaces(bytes, at + 1))
    }

    /// Goes past what follows a member; says whether another one does.
    #[inline]
    pub(crate) fn goes_on(&mut self, close: u8) -> Option<bool> {
        match self.byte()? {
            b',' => {
                self.at += 1;
                Some(true)
            }
            byte if byte == close => {
                self.at += 1;
                Some(false)
            }
            _ => None,
        }
    }

    /// Goes past a string.
    #[inline(always)]
    fn quoted(&mut self) -> Option<Quoted<'t>> {
        let (bytes, start) = (self.text.as_bytes(), self.at);
        if *bytes.get(start)? != b'"' {
            return None;
        }
        let (end, plain) = string_end(bytes, start + 1)?;
        self.at = end;
        Some(Quoted { inner: self.text.get(start + 1..end - 1)?, plain })
    }

    /// Goes past a value of any kind.
    pub(crate) fn skip(&mut self) -> Option<()> {
        // The place is kept at hand: to write it down at every step costs more than the steps.
        let (bytes, mut at, mut nest) = (self.text.as_bytes(), self.at, Nest::default());
        loop {
            match *bytes.get(at)? {
                b'"' => at = string_end(bytes, at + 1)?.0,
                open @ (b'{' | b'[') if *bytes.get(at + 1)? != open + 2 => {
                    nest.push(open)?;
                    at = element(bytes, at + 1, open)?;
                    continue;
                }
                b'{' | b'[' => at += 2,
                _ => {
                    self.at = at;
                    self.scalar()?;
                    at = self.at;
                }
            }
            loop {
                let Some(open) = nest.top() else {
                    self.at = at;
                    return Some(());
                };
                match *bytes.get(at)? {
                    b',' => {
                        at = element(bytes, at + 1, open)?;
                        break;
                    }
                    close if close == open + 2 => at += 1,
                    _ => return None,
                }
                nest.pop();
            }
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        rest.starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    /// Goes past a number or a word.
    fn scalar(&mut self) -> Option<()> {
        match self.byte()? {
            b'n' => self.word("null"),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            _ => self.number().map(|_| ()),
        }
    }

    fn digits(&mut self) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(())
    }

    /// Goes past a number, and gives its text.
    fn number(&mut self) -> Option<&'t str> {
        let start = self.at;
        let _ = self.eat(b'-');
        if self.eat(b'0').is_none() {
            self.digits()?;
        }
        if self.eat(b'.').is_some() {
            self.digits()?;
        }
        if self.eat(b'e').or_else(|| self.eat(b'E')).is_some() {
            let _ = self.eat(b'+').or_else(|| self.eat(b'-'));
            self.digits()?;
        }
        self.text.get(start..self.at)
    }
}

/// The brackets that are open, a bit each: 1 = an object.
struct Nest(u64);

impl Default for Nest {
    fn default() -> Self {
        Nest(1)
    }
}

impl Nest {
    /// Deeper than 63 is not read here.
    fn push(&mut self, open: u8) -> Option<()> {
        let room = self.0 >> 63 == 0;
        self.0 = self.0 << 1 | u64::from(open == b'{');
        room.then_some(())
    }

    fn top(&self) -> Option<u8> {
        match self.0 {
            1 => None,
            nest if nest & 1 == 1 => Some(b'{'),
            _ => Some(b'['),
        }
    }

    fn pop(&mut self) {
        self.0 >>= 1;
    }
}

impl<'t> Compact<'t> for Text<'t> {
    fn read(&mut self, from: &mut Cursor<'t>) -> Option<()> {
        let start = from.at;
        if from.byte()? == b'n' {
            *self = Text::default();
            return from.word("null");
        }
        let text = from.quoted()?;
        *self = if text.plain {
            Text::from(Cow::Borrowed(text.inner))
        } else {
            serde_json::from_str(&from.text[start..from.at]).ok()?
        };
        Some(())
    }
}

impl<'t> Compact<'t> for Raw<'t> {
    fn read(&mut self, from: &mut Cursor<'t>) -> Option<()> {
        let start = from.at;
        from.skip()?;
        *self = Raw::of(from.text.get(start..from.at)?);
        Some(())
    }
}

impl<'t> Compact<'t> for Flag {
    fn read(&mut self, from: &mut Cursor<'t>) -> Option<()> {
        self.0 = match from.byte()? {
            b'"' => Flag::said_by(Some(from.quoted()?).filter(|text| text.plain)?.inner).0,
            b't' => Some(from.word("true").map(|()| true)?),
            b'f' => Some(from.word("false").map(|()| false)?),
            _ => from.word("null").map(|()| None)?,
        };
        Some(())
    }
}

impl<'t> Compact<'t> for Number {
    fn read(&mut self, from: &mut Cursor<'t>) -> Option<()> {
        self.0 = Some(from.number()?.parse().ok()?);
        Some(())
    }
}

impl<'t, T: Compact<'t> + Default> Compact<'t> for List<T> {
    fn read(&mut self, from: &mut Cursor<'t>) -> Option<()> {
        self.0.clear();
        from.eat(b'[')?;
        let mut more = from.eat(b']').is_none();
        while more {
            from.spaces();
            let mut element = T::default();
            element.read(from)?;
            self.0.push(element);
            more = from.goes_on(b']')?;
        }
        Some(())
    }
}

impl<'t> Compact<'t> for IgnoredAny {
    fn read(&mut self, from: &mut Cursor<'t>) -> Option<()> {
        from.skip()
    }
}

#[cfg(test)]
mod tests;
