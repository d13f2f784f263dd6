//! The last hour, minute by minute, and what its windows hold.

/// Minutes that the widest window reaches.
pub const REACH: usize = 60;

/// Sums of one measure in each of the windows that end with a minute.
pub type Sums = [f64; 4];

/// Widths of the windows, in minutes.
pub const WIDTHS: [i32; 4] = [1, 5, 15, 60];

/// Counts of the minutes up to the last one that was pushed, at most [`REACH`] back.
#[derive(Clone, Debug, PartialEq)]
pub struct LastHour {
    pub(super) counts: [u32; REACH],
    /// The minute after the last one that is known.
    pub(super) end: i32,
}

impl LastHour {
    /// Nothing before `minute`.
    #[must_use]
    pub fn new(minute: i32) -> LastHour {
        LastHour { counts: [0; REACH], end: minute }
    }

    /// Adds to a minute; the minutes left out were empty. What is older than the hour is left alone.
    pub fn add(&mut self, minute: i32, count: u32) {
        self.advance(minute.saturating_add(1));
        if minute >= self.end - REACH as i32 {
            let at = slot(minute);
            self.counts[at] = self.counts[at].saturating_add(count);
        }
    }

    /// Empties the slots of the minutes up to `end`, which nothing has come in yet.
    pub fn advance(&mut self, end: i32) {
        if end.saturating_sub(self.end) >= REACH as i32 {
            self.counts = [0; REACH];
        } else {
            for minute in self.end..end {
                self.counts[slot(minute)] = 0;
            }
        }
        self.end = self.end.max(end);
    }

    /// Did nothing happen?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts == [0; REACH]
    }

    /// The count of a minute of the hour.
    #[must_use]
    pub fn at(&self, minute: i32) -> u32 {
        self.counts[slot(minute)]
    }

    /// The sums of the windows that end with `minute`, the last one that is known or one after it.
    #[must_use]
    pub fn sums(&self, minute: i32) -> Sums {
        if minute == self.end - 1 {
            return self.latest();
        }
        let mut sums = Sums::default();
        let (mut sum, mut back) = (0u64, 0);
        for (width, out) in WIDTHS.into_iter().zip(&mut sums) {
            while back < width {
                let at = minute.saturating_sub(back);
                if at < self.end && at >= self.end - REACH as i32 {
                    sum += u64::from(self.counts[slot(at)]);
                }
                back += 1;
            }
            *out = sum as f64;
        }
        sums
    }

    /// The sums of the windows that end with the last minute that is known: nearly every question.
    fn latest(&self) -> Sums {
        let at = slot(self.end - 1);
        let of = |width: usize| -> u64 {
            let total = |counts: &[u32]| counts.iter().map(|count| u64::from(*count)).sum::<u64>();
            match (at + 1).checked_sub(width) {
                Some(begin) => total(&self.counts[begin..=at]),
                None => total(&self.counts[..=at]) + total(&self.counts[REACH + at + 1 - width..]),
            }
        };
        [u64::from(self.counts[at]), of(5), of(15), of(REACH)].map(|sum| sum as f64)
    }
}

fn slot(minute: i32) -> usize {
    minute.rem_euclid(REACH as i32) as usize
}

/// A count as a profile keeps it: seven binary digits, so that an hour fits into 90 bytes.
#[must_use]
pub fn rounded(count: u32) -> u32 {
    let shift = 25u32.saturating_sub(count.leading_zeros());
    let half = if shift == 0 { 0 } else { 1 << (shift - 1) };
    count.saturating_add(half) >> shift << shift
}
