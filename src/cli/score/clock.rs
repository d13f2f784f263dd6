//! Times of rows, of which most are of the same day as the one before.

use crate::decode::time;

/// Reads times; remembers the last date.
#[derive(Debug, Default)]
pub(super) struct Clock {
    date: [u8; 10],
    /// Seconds from 1970 to its midnight.
    midnight: i64,
}

impl Clock {
    /// Seconds since 1970 of an RFC 3339 time, or of `2026-10-06 14:00:00` (UTC).
    pub(super) fn seconds(&mut self, text: &[u8]) -> Option<i64> {
        let text = text.trim_ascii();
        if let Some((date, of_day)) = split(text) {
            if date != self.date {
                let midnight = format!("{}T00:00:00Z", str::from_utf8(&date).ok()?);
                self.midnight = time::rfc3339(&midnight)?.timestamp();
                self.date = date;
            }
            return Some(self.midnight + of_day);
        }
        let text = str::from_utf8(text).ok()?;
        time::rfc3339(text).or_else(|| time::without_zone(text)).map(|time| time.timestamp())
    }
}

/// Date and seconds of the day of `2026-10-06T14:00:00Z` and `2026-10-06 14:00:00`; the general parser knows the others.
fn split(text: &[u8]) -> Option<([u8; 10], i64)> {
    let (time, zone) = text.split_at_checked(19)?;
    let plain = zone == b"Z" && time[10] == b'T' || zone.is_empty() && time[10] == b' ';
    if !plain || time[13] != b':' || time[16] != b':' {
        return None;
    }
    let two = |at: usize, most: u8| {
        let (tens, ones) = (time[at].wrapping_sub(b'0'), time[at + 1].wrapping_sub(b'0'));
        (tens <= 9 && ones <= 9 && tens * 10 + ones <= most).then_some(i64::from(tens * 10 + ones))
    };
    let date = time[..10].try_into().ok()?;
    Some((date, (two(11, 23)? * 60 + two(14, 59)?) * 60 + two(17, 59)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_time() {
        let mut clock = Clock::default();
        for (text, wanted) in [
            ("2026-01-02T03:04:05Z", Some(1_767_323_045)),
            ("2026-01-02 03:04:05", Some(1_767_323_045)),
            (" 2026-01-02 03:04:05 ", Some(1_767_323_045)),
            ("2026-01-02T05:04:05+02:00", Some(1_767_323_045)),
            ("2026-01-02 03:04:05.9", Some(1_767_323_045)),
            ("2026-01-03T00:00:00Z", Some(1_767_398_400)),
            ("1969-12-31T23:59:59Z", Some(-1)),
            ("2026-02-30T00:00:00Z", None),
            ("2026-01-02T24:00:00Z", None),
            ("2026-01-0xT00:00:00Z", None),
            ("1767323045", None),
            ("", None),
            ("nan", None),
        ] {
            assert_eq!(clock.seconds(text.as_bytes()), wanted, "{text}");
        }
    }
}
