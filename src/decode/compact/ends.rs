//! Where strings end, and what stands between values.

use wide::u8x16;

/// A bit for each of the bytes that is a quote, a backslash or a control character, the first one lowest.
#[inline(always)]
fn marks(bytes: [u8; 16]) -> u32 {
    let block = u8x16::new(bytes);
    let control = block.min(u8x16::splat(b' ' - 1)).simd_eq(block);
    (control | block.simd_eq(u8x16::splat(b'"')) | block.simd_eq(u8x16::splat(b'\\'))).to_bitmask()
}

/// Where the next quote, backslash or control character is.
#[inline(always)]
pub(super) fn special(bytes: &[u8], mut at: usize) -> Option<usize> {
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

/// Where the rest of a string and its closing quote end, and whether it is without escapes.
#[inline(always)]
pub(super) fn string_end(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    let found = special(bytes, at)?;
    if bytes[found] == b'"' { Some((found + 1, true)) } else { Some((escaped(bytes, found)?, false)) }
}

/// Where the next value of an object or array begins.
#[inline(always)]
pub(super) fn element(bytes: &[u8], at: usize, open: u8) -> Option<usize> {
    let at = spaces(bytes, at);
    if open == b'[' {
        return Some(at);
    }
    let named = |at| (*bytes.get(at)? == b'"').then(|| string_end(bytes, at + 1)).flatten();
    let (at, _) = named(at)?;
    (*bytes.get(at)? == b':').then(|| spaces(bytes, at + 1))
}

#[inline(always)]
pub(super) fn spaces(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at) == Some(&b' ') {
        at += 1;
    }
    at
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
