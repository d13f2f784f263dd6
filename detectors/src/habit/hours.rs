//! Times of the week: spans of two hours of the day (UTC), on weekdays and on weekends.

use chrono::{DateTime, Datelike, Timelike, Utc, Weekday};

use super::Habit;
use crate::time::Hour;

/// Hours of a span.
const SPAN: u32 = 2;
/// Spans of a day.
const OF_DAY: u32 = 24 / SPAN;

impl Habit {
    /// The value of the time of the week that an hour lies in.
    #[must_use]
    pub fn time(hour: Hour) -> u32 {
        value_of(hour.first().start())
    }
}

/// The time of the week that holds an instant: 0 to 11 on weekdays, 12 to 23 on weekends.
pub(crate) fn value_of(time: DateTime<Utc>) -> u32 {
    let weekend = matches!(time.weekday(), Weekday::Sat | Weekday::Sun);
    u32::from(weekend) * OF_DAY + time.hour() / SPAN
}

/// It, the one before and the one after on such a day: who is active in any of them may well be in all.
pub(crate) fn near(value: u32) -> [u32; 3] {
    let (kind, at) = (value / OF_DAY * OF_DAY, value % OF_DAY);
    [at + OF_DAY - 1, at, at + 1].map(|at| kind + at % OF_DAY)
}

/// `02:00 to 04:00 UTC on weekends`.
pub(crate) fn name_of(value: u32) -> String {
    let (kind, from) = (["weekdays", "weekends"][usize::from(value >= OF_DAY)], value % OF_DAY * SPAN);
    format!("{from:02}:00 to {:02}:00 UTC on {kind}", from + SPAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_week_are_of_weekdays_or_weekends() {
        for (time, name, neighbours) in [
            ("2026-10-20T03:59:59Z", "02:00 to 04:00 UTC on weekdays", [0, 1, 2]),
            ("2026-10-23T23:00:00Z", "22:00 to 24:00 UTC on weekdays", [10, 11, 0]),
            ("2026-10-24T00:00:00Z", "00:00 to 02:00 UTC on weekends", [23, 12, 13]),
            ("2026-10-25T22:10:00Z", "22:00 to 24:00 UTC on weekends", [22, 23, 12]),
        ] {
            let value = value_of(time.parse().unwrap());
            assert_eq!((name_of(value).as_str(), near(value)), (name, neighbours), "{time}");
        }
    }
}
