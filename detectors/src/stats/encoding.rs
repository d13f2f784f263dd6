//! Bytes of a stored state: fixed places, little-endian, no names. The first byte is the version; a state of another
//! version is not read, and its series begins anew or is learnt again from history.

use super::calibration::{Calibration, PEAKS, Peak};
use super::rate::season::{Part, Short};
use super::recurring::{Excess, Log, Open, Recurring};
use super::windows::{LastHour, REACH};

/// Minutes further from 1970 are no minutes of a log, and sums of them could overflow.
const FURTHEST: i32 = 1 << 30;

/// Writes a state.
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        self.0.extend_from_slice(&bytes);
    }

    pub(super) fn floats(&mut self, values: &[f32]) {
        values.iter().for_each(|value| self.bytes(value.to_le_bytes()));
    }

    pub(super) fn short(&mut self, value: Short) {
        self.bytes(value.0.to_le_bytes());
    }

    pub(super) fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            self.short(part.events);
            self.short(part.expected);
        }
    }

    pub(super) fn minute(&mut self, minute: i32) {
        self.bytes(minute.to_le_bytes());
    }

    /// Counts of seven binary digits: those digits below, and places to shift above.
    pub(super) fn hour(&mut self, hour: &LastHour) {
        self.twelves(&hour.counts.map(|count| {
            let shift = 25u32.saturating_sub(count.leading_zeros());
            (shift << 7 | count >> shift) as u16
        }));
    }

    /// Numbers of twelve bits, two in three bytes.
    pub(super) fn twelves(&mut self, numbers: &[u16; REACH]) {
        for [a, b] in numbers.as_chunks::<2>().0 {
            self.bytes([*a as u8, (a >> 8) as u8 | (b << 4) as u8, (b >> 4) as u8]);
        }
    }

    pub(super) fn calibration(&mut self, of: &Calibration) {
        [of.sum, of.number, of.peak, of.odds].into_iter().for_each(|value| self.short(value));
        self.minute(of.last);
        of.largest.iter().for_each(|peak| self.bytes([peak.size, peak.days]));
    }

    pub(super) fn recurring(&mut self, of: &Recurring) {
        for excess in &of.known {
            self.bytes(excess.from.to_le_bytes());
            self.bytes([excess.span, excess.visits | excess.spread << 4, excess.day]);
            self.bytes(excess.peaks.map(|peak| peak.0));
        }
        let open = of.open.unwrap_or(Open { from: i32::MIN, last: i32::MIN, peaks: [Log(0); 4] });
        self.minute(open.from);
        self.bytes([(open.last.saturating_sub(open.from)).min(255) as u8]);
        self.bytes(open.peaks.map(|peak| peak.0));
    }
}

/// Reads a state; none where a value cannot have been written.
pub(super) struct Reader<'b>(pub(super) &'b [u8]);

impl Reader<'_> {
    pub(super) fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.bytes().map(|[byte]| byte)
    }

    pub(super) fn float(&mut self) -> Option<f32> {
        self.bytes().map(f32::from_le_bytes).filter(|value| value.is_finite())
    }

    pub(super) fn floats<const N: usize>(&mut self) -> Option<[f32; N]> {
        let mut values = [0.0; N];
        for value in &mut values {
            *value = self.float()?;
        }
        Some(values)
    }

    pub(super) fn short(&mut self) -> Option<Short> {
        let short = Short(u16::from_le_bytes(self.bytes()?));
        (short.get().is_finite() && short.get() >= 0.0).then_some(short)
    }

    pub(super) fn parts<const N: usize>(&mut self) -> Option<[Part; N]> {
        let mut parts = [Part::default(); N];
        for part in &mut parts {
            *part = Part { events: self.short()?, expected: self.short()? };
        }
        Some(parts)
    }

    /// A minute, or `i32::MIN` for none.
    pub(super) fn minute(&mut self) -> Option<i32> {
        let minute = i32::from_le_bytes(self.bytes()?);
        (minute == i32::MIN || (-FURTHEST..=FURTHEST).contains(&minute)).then_some(minute)
    }

    pub(super) fn hour(&mut self, end: i32) -> Option<LastHour> {
        let count = |code: u16| u32::from(code & 0x7f).checked_shl(u32::from(code >> 7)).unwrap_or(0);
        Some(LastHour { counts: self.twelves()?.map(count), end })
    }

    pub(super) fn twelves(&mut self) -> Option<[u16; REACH]> {
        let mut numbers = [0; REACH];
        for pair in numbers.as_chunks_mut::<2>().0 {
            let [x, y, z] = self.bytes()?.map(u16::from);
            *pair = [x | (y & 0xf) << 8, y >> 4 | z << 4];
        }
        Some(numbers)
    }

    pub(super) fn calibration(&mut self, prior: f32) -> Option<Calibration> {
        let [sum, number, peak] = [self.short()?, self.short()?, self.short()?];
        let odds = Some(Short(u16::from_le_bytes(self.bytes()?))).filter(|odds| odds.get().is_finite())?;
        let last = self.minute()?;
        let mut largest = [Peak::default(); PEAKS];
        for peak in &mut largest {
            let [size, days] = self.bytes()?;
            *peak = Peak { size, days };
        }
        Some(Calibration { prior, sum, number, odds, peak, last, largest })
    }

    pub(super) fn recurring(&mut self) -> Option<Recurring> {
        let mut known = Recurring::default();
        for excess in &mut known.known {
            let from = u16::from_le_bytes(self.bytes()?);
            let [span, visits, day] = self.bytes()?;
            let (visits, spread) = (visits & 0xf, visits >> 4);
            *excess = Excess { from, span, visits, spread, day, peaks: self.bytes()?.map(Log) };
        }
        let (from, lasts) = (self.minute()?, i32::from(self.byte()?));
        let open = Open { from, last: from.saturating_add(lasts), peaks: self.bytes()?.map(Log) };
        known.open = (from != i32::MIN).then_some(open);
        Some(known)
    }
}
