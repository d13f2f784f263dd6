//! Times as logs write them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// An RFC 3339 time. The form that CloudTrail writes (`2026-01-02T03:04:05Z`) is read without the general parser.
#[must_use]
pub fn rfc3339(text: &str) -> Option<DateTime<Utc>> {
    fixed(text.as_bytes()).or_else(|| DateTime::parse_from_rfc3339(text.trim()).ok().map(|time| time.to_utc()))
}

/// The time of a log event as exports write it: RFC 3339, `2026-01-02 03:04:05.678` (UTC), or milliseconds since 1970.
#[must_use]
pub fn of_log(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(milliseconds) = text.parse() {
        return from_milliseconds(milliseconds);
    }
    rfc3339(text).or_else(|| without_zone(text))
}

/// A date and a time of day of which the source says that it is UTC: `2026-01-02 03:04:05.678`.
#[must_use]
pub fn without_zone(text: &str) -> Option<DateTime<Utc>> {
    let spaced = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f");
    spaced.or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")).ok().map(|time| time.and_utc())
}

/// Milliseconds since 1970, not negative: a log has no older events.
#[must_use]
pub fn from_milliseconds(milliseconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(milliseconds).filter(|_| milliseconds >= 0)
}

/// `YYYY-MM-DDThh:mm:ssZ` and nothing else.
fn fixed(bytes: &[u8]) -> Option<DateTime<Utc>> {
    let text: &[u8; 20] = bytes.try_into().ok()?;
    if [text[4], text[7], text[10], text[13], text[16], text[19]] != *b"--T::Z" {
        return None;
    }
    let two = |at: usize| -> Option<u32> {
        let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
        (tens <= 9 && ones <= 9).then(|| u32::from(tens) * 10 + u32::from(ones))
    };
    let year = i32::try_from(two(0)? * 100 + two(2)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, two(5)?, two(8)?)?;
    Some(day.and_hms_opt(two(11)?, two(14)?, two(17)?)?.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_times() {
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(rfc3339(text).map(|time| time.timestamp_millis()), expected, "{text}");
        };
        check("2026-01-02T03:04:05Z", Some(1_767_323_045_000));
        check("2026-01-02T03:04:05.678Z", Some(1_767_323_045_678));
        check("2026-01-02T05:04:05+02:00", Some(1_767_323_045_000));
        check("2024-02-29T00:00:00Z", Some(1_709_164_800_000));
        check("1969-12-31T23:59:59Z", Some(-1_000));
        check("2026-02-30T00:00:00Z", None);
        check("2026-01-02T03:04:05", None);
        check("2026-01-02T0a:04:05Z", None);
        check("yesterday", None);
        check("", None);
    }

    #[test]
    fn the_fixed_form_agrees_with_the_general_parser() {
        for day in 0..4_000 {
            let time = DateTime::from_timestamp(day * 86_400 * 9 + day * 61, 0).unwrap();
            let text = time.format("%Y-%m-%dT%H:%M:%SZ").to_string();
            assert_eq!(fixed(text.as_bytes()), Some(time), "{text}");
        }
    }

    #[test]
    fn times_of_log_events() {
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(of_log(text).map(|time| time.timestamp_millis()), expected, "{text}");
        };
        check("1767323045678", Some(1_767_323_045_678));
        check("2026-01-02 03:04:05.678", Some(1_767_323_045_678));
        check("2026-01-02T03:04:05Z", Some(1_767_323_045_000));
        check("-5", None);
        check("99999999999999999", None);
        check("soon", None);
    }
}
