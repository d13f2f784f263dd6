//! What must come together.

use crate::settings::Minutes;

/// The largest threshold that is judged on what is kept: so many occurrences of a minute are.
pub const LIMIT: u32 = 100;
/// The largest threshold that events are counted up to.
pub const MOST: u32 = 1_000_000;
/// The most steps of a sequence: a set of them is a bit of a number.
pub const STEPS: usize = 6;
/// The seconds of an hour.
const HOUR: u32 = 3_600;
/// Kept beyond a threshold, so that an alert can say 14 rather than "at least 10".
const SHOWN: u32 = 32;

/// What must come together, and within which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What must come together.
    pub pattern: Pattern,
    /// How many steps it has: rules that it names.
    pub steps: usize,
    /// Within how many seconds of event time, at most 86,400.
    pub span: u32,
}

/// What must come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// So many events of any step.
    Events(Count),
    /// So many distinct values, in events of any step.
    Values(Count),
    /// Steps in any order: a bit for each set of steps that is enough. Of the set {0, 2} it is bit 0b101.
    Together(u64),
    /// All steps, in their order; those of one second in any.
    Ordered,
}

/// Which numbers are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The smallest, at least 1.
    pub least: u32,
    /// The largest; the largest number there is where there is no end to it.
    pub most: u32,
    /// A number between them that is not meant.
    pub not: Option<u32>,
}

impl Count {
    /// That many or more.
    #[must_use]
    pub const fn at_least(least: u32) -> Count {
        Count { least, most: u32::MAX, not: None }
    }

    /// Is this number meant?
    #[must_use]
    pub fn holds(self, n: usize) -> bool {
        u32::try_from(n).is_ok_and(|n| self.least <= n && n <= self.most && self.not != Some(n))
    }

    /// The largest number that it compares with.
    #[must_use]
    pub fn limit(self) -> u32 {
        let most = if self.most == u32::MAX { 0 } else { self.most };
        self.least.max(most).max(self.not.unwrap_or(0))
    }

    /// How many of a minute are kept: enough to see that there are more than it compares with.
    #[must_use]
    pub fn kept(self) -> u16 {
        (self.limit() + 1).clamp(SHOWN, u32::from(u16::MAX)) as u16
    }
}

impl Plan {
    /// Is it judged on counters? They are exact per delivery, and count by minutes.
    #[must_use]
    pub fn is_summed(&self) -> bool {
        matches!(self.pattern, Pattern::Events(count) if count.limit() > LIMIT)
    }

    /// Do its windows reach over more than the hour before?
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.span > HOUR
    }

    /// The minutes that a window touches: one more than it is long, as it seldom begins with a minute.
    pub(super) fn reach(&self) -> Minutes {
        Minutes(self.span.div_ceil(60) + 1)
    }

    /// Which numbers are meant, where something is counted.
    #[must_use]
    pub fn count(&self) -> Option<Count> {
        match self.pattern {
            Pattern::Events(count) | Pattern::Values(count) => Some(count),
            Pattern::Together(_) | Pattern::Ordered => None,
        }
    }

    /// Can more events only strengthen it?
    #[must_use]
    pub fn is_monotone(&self) -> bool {
        match self.pattern {
            Pattern::Events(count) | Pattern::Values(count) => count.most == u32::MAX && count.not.is_none(),
            Pattern::Together(enough) => {
                let sets = 1_u64 << self.steps.min(STEPS);
                let holds = |set: u64| enough >> set & 1 == 1;
                (0..sets).filter(|set| holds(*set)).all(|set| (0..self.steps).all(|step| holds(set | 1 << step)))
            }
            Pattern::Ordered => true,
        }
    }

    /// The fewest occurrences with which it may hold.
    #[must_use]
    pub fn fewest(&self) -> u32 {
        let fewest = match self.pattern {
            Pattern::Events(count) | Pattern::Values(count) => count.least,
            Pattern::Together(enough) => {
                (1..64_u64).filter(|set| enough >> set & 1 == 1).map(u64::count_ones).min().unwrap_or(1)
            }
            Pattern::Ordered => self.steps as u32,
        };
        fewest.max(1)
    }
}
