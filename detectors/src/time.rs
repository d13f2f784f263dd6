//! Event time in whole minutes and hours: what cells and windows are cut by.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::settings::Minutes;

/// Minutes in an hour.
pub const HOUR: i32 = 60;

/// A minute of event time: minutes since 1970-01-01T00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Minute(pub i32);

/// An hour of event time: hours since 1970-01-01T00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hour(pub i32);

impl Minute {
    /// The minute that holds `time`. Times beyond the year 6053 or before -2114 stay at the edge.
    #[must_use]
    pub fn of(time: DateTime<Utc>) -> Minute {
        let minutes = time.timestamp().div_euclid(60);
        Minute(minutes.clamp(i64::from(i32::MIN / 2), i64::from(i32::MAX / 2)) as i32)
    }

    /// Its first instant.
    #[must_use]
    pub fn start(self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(i64::from(self.0))
    }

    /// The first instant after it.
    #[must_use]
    pub fn end(self) -> DateTime<Utc> {
        self.plus(1).start()
    }

    /// The hour that it is in.
    #[must_use]
    pub fn hour(self) -> Hour {
        Hour(self.0.div_euclid(HOUR))
    }

    /// Its place in its hour, 0 to 59.
    #[must_use]
    pub fn of_hour(self) -> u8 {
        self.0.rem_euclid(HOUR) as u8
    }

    /// The minute `n` minutes later, or earlier for a negative `n`.
    #[must_use]
    pub fn plus(self, n: i32) -> Minute {
        Minute(self.0.saturating_add(n))
    }

    /// Is it complete at `now`: have lateness and the minute itself passed?
    #[must_use]
    pub fn complete_at(self, now: DateTime<Utc>, lateness: Minutes) -> bool {
        self.plus(1 + lateness.0 as i32).start() <= now
    }
}

impl Hour {
    /// Its first minute.
    #[must_use]
    pub fn first(self) -> Minute {
        Minute(self.0.saturating_mul(HOUR))
    }

    /// Its minute number `n`, 0 to 59.
    #[must_use]
    pub fn minute(self, n: u8) -> Minute {
        self.first().plus(i32::from(n))
    }

    /// Its last minute.
    #[must_use]
    pub fn last(self) -> Minute {
        self.first().plus(HOUR - 1)
    }

    /// Those of its minutes that lie between two, a bit for each; both included.
    #[must_use]
    pub fn bits(self, from: Minute, to: Minute) -> u64 {
        let (first, last) = (from.max(self.first()), to.min(self.last()));
        let width = (i64::from(last.0) - i64::from(first.0) + 1).clamp(0, i64::from(HOUR));
        if width == 0 { 0 } else { ((1 << width) - 1) << (first.0 - self.first().0) }
    }

    /// The hour before.
    #[must_use]
    pub fn before(self) -> Hour {
        Hour(self.0.saturating_sub(1))
    }

    /// The hour after.
    #[must_use]
    pub fn after(self) -> Hour {
        Hour(self.0.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_complete_once_lateness_has_passed() {
        let minute = Minute(100);
        assert!(!minute.complete_at(Minute(115).end() - TimeDelta::seconds(1), Minutes(15)));
        assert!(minute.complete_at(Minute(115).end(), Minutes(15)));
    }

    #[test]
    fn minutes_of_an_hour_between_two() {
        let hour = Hour(10);
        let all = (1 << 60) - 1;
        for (from, to, wanted) in [
            (600, 659, all),
            (i32::MIN, i32::MAX, all),
            (603, 604, 0b11000),
            (659, 700, 1 << 59),
            (500, 600, 1),
            (660, 700, 0),
            (500, 599, 0),
            (604, 603, 0),
        ] {
            assert_eq!(hour.bits(Minute(from), Minute(to)), wanted, "{from} to {to}");
        }
    }

    #[test]
    fn hours_before_1970_hold_their_minutes() {
        assert_eq!(Minute(-1).hour(), Hour(-1));
        assert_eq!(Minute(-1).of_hour(), 59);
        assert_eq!(Hour(-1).minute(59), Minute(-1));
    }
}
