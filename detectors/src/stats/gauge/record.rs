//! How far a value breaks the range that was kept so far: novelty without a distribution.

/// Rows before anything is called a break.
const WARM: u32 = 20;
/// An excess counts up to this many ranges.
const MOST: f64 = 2.0;

/// The range of one feature, which shrinks slowly towards its mean and grows to hold what comes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// The share of the way to the mean that the range shrinks in a row; 1 / its memory in rows.
    rate: f64,
    pub(super) rows: u32,
    pub(super) lo: f64,
    pub(super) hi: f64,
    pub(super) mean: f64,
}

impl Record {
    pub(super) fn new(memory: f64) -> Record {
        Record { rate: 1.0 / memory, rows: 0, lo: 0.0, hi: 0.0, mean: 0.0 }
    }

    /// Has it kept one value, for as long as it takes to call anything a break? Then nothing is one: there is no range to
    /// measure it by.
    pub(super) fn is_flat(&self) -> bool {
        self.rows >= WARM && self.hi <= self.lo
    }

    /// How far `y` lies outside, in units of the range, 0 to 2. The mean follows `y` clipped to one range beyond; the
    /// range grows by at most itself in a row, so that one spike does not hide all later ones.
    pub(super) fn step(&mut self, y: f64) -> f64 {
        if self.rows == 0 {
            (self.lo, self.hi, self.mean) = (y, y, y);
        }
        let range = self.hi - self.lo;
        let known = self.rows >= WARM && range > 0.0;
        let pace = self.rate.max(1.0 / f64::from(self.rows + 1));
        self.mean += pace * (y.max(self.lo - range).min(self.hi + range) - self.mean);
        let outside = ((y - self.hi) / range).max((self.lo - y) / range);
        let excess = if known { outside.clamp(0.0, MOST) } else { 0.0 };
        self.hi -= self.rate * (self.hi - self.mean);
        self.lo += self.rate * (self.mean - self.lo);
        let growth = if known { range } else { f64::INFINITY };
        if y > self.hi {
            self.hi = y.min(self.hi + growth);
        }
        if y < self.lo {
            self.lo = y.max(self.lo - growth);
        }
        self.rows = self.rows.saturating_add(1).min(u32::MAX - 1);
        excess
    }
}
