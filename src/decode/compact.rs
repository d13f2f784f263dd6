//! Compact JSON, as services write it, read faster than serde reads it.
//!
//! It accepts less than JSON: no white space but spaces before names and values, no escapes in names, no number where
//! text is wanted. All else it declines, and serde reads that value from its beginning. So serde alone says what is
//! valid and what is wrong: what is read here is exactly what serde would have read, also in the parts that are
//! skipped.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use wide::u8x16;

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
        while self.byte() == Some(b' ') {
            self.at += 1;
        }
    }

    /// From the opening brace to the first name; says whether there is one. `null` has none.
    pub(crate) fn open(&mut self) -> Option<bool> {
        if self.eat(b'{').is_none() {
            return self.word("null").map(|()| false);
        }
        Some(self.eat(b'}').is_none())
    }

    /// The name under the cursor, and where it begins.
    #[inline(always)]
    pub(crate) fn name(&mut self) -> Option<(&'t str, usize)> {
        self.spaces();
        let start = self.at;
        let name = self.quoted()?;
        name.plain.then_some((name.inner, start))
    }

    /// Goes to the value of the name that begins at `start`. Told the length of the name, the processor need not wait
    /// for the search for its end.
    #[inline]
    pub(crate) fn value(&mut self, start: usize, name: &str) -> Option<()> {
        self.at = start + name.len() + 2;
        self.eat(b':')?;
        self.spaces();
        Some(())
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

    #[inline(always)]
    fn quoted(&mut self) -> Option<Quoted<'t>> {
        self.eat(b'"')?;
        let start = self.at;
        let plain = self.string()?;
        Some(Quoted { inner: self.text.get(start..self.at - 1)?, plain })
    }

    /// Goes past the rest of a string and its closing quote; says whether it is without escapes.
    #[inline(always)]
    fn string(&mut self) -> Option<bool> {
        let bytes = self.text.as_bytes();
        let found = special(bytes, self.at)?;
        if *bytes.get(found)? == b'"' {
            self.at = found + 1;
            return Some(true);
        }
        self.at = escaped(bytes, found)?;
        Some(false)
    }

    /// Goes past a value of any kind.
    pub(crate) fn skip(&mut self) -> Option<()> {
        let mut nest = Nest::default();
        loop {
            match self.byte()? {
                b'"' => {
                    self.at += 1;
                    self.string()?;
                }
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    if self.byte()? != open + 2 {
                        nest.push(open)?;
                        self.element(open)?;
                        continue;
                    }
                    self.at += 1;
                }
                _ => self.scalar()?,
            }
            loop {
                let Some(open) = nest.top() else { return Some(()) };
                if self.goes_on(open + 2)? {
                    self.element(open)?;
                    break;
                }
                nest.pop();
            }
        }
    }

    /// Goes to the next value of an object or array.
    #[inline(always)]
    fn element(&mut self, open: u8) -> Option<()> {
        self.spaces();
        if open == b'{' {
            self.eat(b'"')?;
            self.string()?;
            self.eat(b':')?;
            self.spaces();
        }
        Some(())
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

/// A bit for each of the bytes that is a quote, a backslash or a control character, the first one lowest.
#[inline(always)]
fn marks(bytes: [u8; 16]) -> u32 {
    let block = u8x16::new(bytes);
    let control = block.min(u8x16::splat(b' ' - 1)).simd_eq(block);
    (control | block.simd_eq(u8x16::splat(b'"')) | block.simd_eq(u8x16::splat(b'\\'))).to_bitmask()
}

/// Where the next quote, backslash or control character is.
#[inline(always)]
fn special(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(&block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
        let marks = marks(block);
        if marks != 0 {
            return Some(at + marks.trailing_zeros() as usize);
        }
        at += block.len();
    }
    let is_special = |b: &u8| matches!(b, b'"' | b'\\' | 0..b' ');
    bytes.get(at..)?.iter().position(is_special).map(|found| at + found)
}

/// Where the string ends that goes on with an escape at `at`.
#[cold]
fn escaped(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at = special(bytes, at + escape(&bytes[at..])?)?,
            _ => return None,
        }
    }
}

/// The length of the escape that begins here.
fn escape(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => bytes.get(2..6)?.iter().all(u8::is_ascii_hexdigit).then_some(6),
        _ => None,
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
