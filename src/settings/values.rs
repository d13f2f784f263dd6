//! The values of settings, as people write them: one function from text to type for each kind. The config file and
//! the environment share them.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use globset::{Glob, GlobMatcher};
use ipnet::IpNet;
use lapwing_detectors::settings::Minutes;
use lapwing_detectors::severity::Severity;
use regex::{Regex, RegexBuilder};
use std::fmt;
use std::net::IpAddr;

use super::mistake::{Wrong, did_you_mean};

/// The longest text that a setting may hold, in characters: names end up in subjects and metric names.
const TEXT_LIMIT: usize = 500;

/// A pattern over a whole name: a glob, or between slashes a regular expression. `*` matches `/` as well, since names of
/// principals contain it.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    matcher: Matcher,
}

#[derive(Clone, Debug)]
enum Matcher {
    Glob(GlobMatcher),
    Regex(Regex),
}

impl Pattern {
    /// Does it match the whole of `name`?
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match &self.matcher {
            Matcher::Glob(glob) => glob.is_match(name),
            Matcher::Regex(regex) => regex.is_match(name),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A setting that is one of a few names.
pub(super) trait Named: Copy + 'static {
    /// Each value with its name.
    const NAMES: &'static [(&'static str, Self)];
    /// What they are, after "is not ": `a severity`.
    const WHAT: &'static str;
}

impl Named for Severity {
    const NAMES: &'static [(&'static str, Severity)] = &[
        ("info", Severity::Info),
        ("low", Severity::Low),
        ("medium", Severity::Medium),
        ("high", Severity::High),
        ("critical", Severity::Critical),
    ];
    const WHAT: &'static str = "a severity";
}

pub(super) fn named<T: Named>(text: &str) -> Result<T, Wrong> {
    let value = T::NAMES.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    value.ok_or_else(|| {
        let names: Vec<&str> = T::NAMES.iter().map(|(name, _)| *name).collect();
        Wrong { wanted: format!("{} ({})", T::WHAT, names.join(", ")), hint: did_you_mean(text, &names) }
            .without_repetition()
    })
}

impl Wrong {
    /// The names already stand in what was wanted.
    fn without_repetition(mut self) -> Wrong {
        self.hint = self.hint.filter(|hint| !hint.starts_with("known here"));
        self
    }
}

/// `"10m"`, `"1h"`, `"2d"`: whole minutes.
pub(super) fn minutes(text: &str) -> Result<Minutes, Wrong> {
    let wrong = || Wrong::new("a duration in whole minutes").hint("write it like \"10m\", \"1h\" or \"2d\"");
    let unit = match text.chars().last() {
        Some('m') => 1,
        Some('h') => 60,
        Some('d') => 24 * 60,
        _ => return Err(wrong()),
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    digits.parse::<u32>().ok().and_then(|n| n.checked_mul(unit)).map(Minutes).ok_or_else(wrong)
}

/// A duration as the settings write it, for the command line.
#[must_use]
pub fn minutes_of(text: &str) -> Option<Minutes> {
    minutes(text).ok()
}

/// As [`minutes`] reads it, in the largest unit that is whole.
pub(super) fn written(Minutes(minutes): Minutes) -> String {
    match minutes {
        0 => "0m".to_owned(),
        m if m % (24 * 60) == 0 => format!("{}d", m / (24 * 60)),
        m if m % 60 == 0 => format!("{}h", m / 60),
        m => format!("{m}m"),
    }
}

pub(super) fn account(text: &str) -> Result<String, Wrong> {
    match text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err(Wrong::new("an account id of 12 digits")),
    }
}

/// A name of a Region: `eu-west-1`, `us-gov-east-1`.
pub(super) fn region(text: &str) -> Result<String, Wrong> {
    let shape = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && text.split('-').count() >= 3
        && text.split('-').all(|part| !part.is_empty())
        && text.bytes().last().is_some_and(|b| b.is_ascii_digit());
    match shape {
        true => Ok(text.to_owned()),
        false => Err(Wrong::new("the name of a Region").hint("write it like \"eu-west-1\"")),
    }
}

pub(super) fn pattern(text: &str) -> Result<Pattern, Wrong> {
    if text.is_empty() {
        return Err(Wrong::new("a glob").hint("`*` stands for any text; leave the key out to match everything"));
    }
    let of = |matcher| Pattern { text: text.to_owned(), matcher };
    if let Some(regex) = text.strip_prefix('/').and_then(|text| text.strip_suffix('/')) {
        return regular(regex).map(|regex| of(Matcher::Regex(regex)));
    }
    match Glob::new(text) {
        Ok(glob) => Ok(of(Matcher::Glob(glob.compile_matcher()))),
        Err(e) => Err(Wrong::new(format!("a glob: {}", e.kind()))),
    }
}

/// The most bytes that a compiled regular expression may take.
const REGEX_LIMIT: usize = 1 << 20;

/// A regular expression over a whole name, matched in time that is linear in its length.
fn regular(text: &str) -> Result<Regex, Wrong> {
    let whole = RegexBuilder::new(&format!("^(?:{text})$")).size_limit(REGEX_LIMIT).build();
    whole.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => Wrong::new("a regular expression of a size that can be matched fast"),
        _ => Wrong::new("a regular expression")
            .hint("write it between slashes: \"/role\\/scan-[0-9]+/\"; in TOML in single quotes"),
    })
}

/// An address or a network, `192.0.2.7` or `192.0.2.0/24`.
pub(super) fn network(text: &str) -> Result<IpNet, Wrong> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address));
    }
    let wrong = || Wrong::new("an IP address or a network in CIDR form");
    let net: IpNet = text.parse().map_err(|_| wrong().hint("write it like \"192.0.2.7\" or \"192.0.2.0/24\""))?;
    // A slip in such a network would hide other addresses than its author thinks of.
    match net.trunc() == net {
        true => Ok(net),
        false => Err(wrong().hint(format!("its first address is {}: write \"{}\"", net.network(), net.trunc()))),
    }
}

/// The first instant that an entry "until" a date (that day included, in UTC) or a time no longer covers.
pub(super) fn end(text: &str) -> Result<DateTime<Utc>, Wrong> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.checked_add_days(Days::new(1)));
    day.map(|day| day.and_time(NaiveTime::MIN).and_utc()).ok_or_else(|| {
        Wrong::new("a date or an RFC 3339 time")
            .hint("write it like \"2026-12-31\" (that day included) or \"2026-12-31T18:00:00Z\"")
    })
}

/// A short text on one line.
pub(super) fn text(text: &str) -> Result<String, Wrong> {
    match text.trim() {
        "" => Err(Wrong::new("a text").hint("it is empty: leave the key out instead")),
        _ if text.chars().any(char::is_control) => Err(Wrong::new("a text on one line")),
        _ if text.chars().count() > TEXT_LIMIT => Err(Wrong::new(format!("a text of at most {TEXT_LIMIT} characters"))),
        text => Ok(text.to_owned()),
    }
}

/// The ARN of a standard SNS topic. A FIFO topic delivers neither to mail nor to chat, and wants a group id.
pub(super) fn topic(text: &str) -> Result<String, Wrong> {
    let wrong = || Wrong::new("the ARN of an SNS topic");
    let example = "write it like \"arn:aws:sns:eu-west-1:111122223333:lapwing\"";
    let parts: Vec<&str> = text.split(':').collect();
    let ["arn", partition, "sns", place, owner, name] = parts[..] else {
        return Err(wrong().hint(example));
    };
    if name.ends_with(".fifo") {
        return Err(wrong().hint("a FIFO topic reaches neither mail nor chat: use a standard topic"));
    }
    let named =
        (1..=256).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    match partition.starts_with("aws") && region(place).is_ok() && account(owner).is_ok() && named {
        true => Ok(text.to_owned()),
        false => Err(wrong().hint(example)),
    }
}

/// The name of a DynamoDB table: 3 to 255 characters of those that the service takes.
pub(super) fn table(text: &str) -> Result<String, Wrong> {
    let shape =
        (3..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    match shape {
        true => Ok(text.to_owned()),
        false => Err(Wrong::new("the name of a DynamoDB table")
            .hint("its name, no ARN: letters, digits and `_ . -`, 3 to 255 of them")),
    }
}

/// A namespace of CloudWatch metrics: 1 to 255 characters of those that the service takes, outside its own `AWS/`.
pub(super) fn namespace(text: &str) -> Result<String, Wrong> {
    let wrong = || Wrong::new("a CloudWatch namespace");
    if text.starts_with("AWS/") {
        return Err(wrong().hint("names that begin with `AWS/` are reserved for AWS services"));
    }
    let shape = (1..=255).contains(&text.len())
        && !text.starts_with(':')
        && !text.trim().is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/#: ".contains(&b));
    match shape {
        true => Ok(text.to_owned()),
        false => Err(wrong().hint("letters, digits and `. - _ / # :` and spaces, at most 255 of them")),
    }
}

/// A switch in the environment.
pub(super) fn switch(text: &str) -> Result<bool, Wrong> {
    match text {
        "true" | "on" | "1" => Ok(true),
        "false" | "off" | "0" => Ok(false),
        _ => Err(Wrong::new("true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts<T: fmt::Debug>(read: fn(&str) -> Result<T, Wrong>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(read(text).is_ok(), "{text:?}: {:?}", read(text));
        }
        for text in bad {
            assert!(read(text).is_err(), "{text:?}: {:?}", read(text));
        }
    }

    #[test]
    fn each_kind_of_value_takes_its_own() {
        accepts(
            account,
            &["111122223333"],
            &["11112222333", "1111-2222-3333", "11112222333x", "", "１１１１２２２２３３３３"],
        );
        accepts(
            region,
            &["eu-west-1", "us-gov-east-1"],
            &["", "eu", "eu-west", "EU-West-1", "eu--west-1", "eu west 1"],
        );
        accepts(pattern, &["role/*", "{a,b}-?", "[ab]*"], &["", "[", "{a"]);
        accepts(network, &["192.0.2.7", "192.0.2.0/24", "2001:db8::/32"], &["", "192.0.2", "192.0.2.7/24", "x/8"]);
        accepts(text, &["team-data"], &["", "  ", "a\nb", &"x".repeat(501)]);
        let arn = "arn:aws:sns:eu-west-1:111122223333:";
        accepts(
            topic,
            &[&format!("{arn}lapwing"), "arn:aws-cn:sns:cn-north-1:111122223333:a_b-c"],
            &[arn, &format!("{arn}a.fifo"), &format!("{arn}a:b"), "lapwing", "arn:aws:sqs:eu-west-1:111122223333:q"],
        );
        accepts(namespace, &["Lapwing", "Team A/Lapwing"], &["", " ", ":x", "AWS/Lambda", "é", &"x".repeat(256)]);
        accepts(switch, &["true", "off", "1"], &["", "yes", "TRUE"]);
        accepts(named::<Severity>, &["info", "critical"], &["", "High", "urgent"]);
    }

    #[test]
    fn durations_are_whole_minutes() {
        for (text, wanted) in [
            ("10m", Some(10)),
            ("1h", Some(60)),
            ("90m", Some(90)),
            ("2d", Some(2880)),
            ("0m", Some(0)),
            ("", None),
            ("m", None),
            ("10", None),
            ("10s", None),
            ("1.5h", None),
            ("-5m", None),
            ("+5m", None),
            ("10 m", None),
            ("9999999999m", None),
            ("4294967295d", None),
            ("10é", None),
        ] {
            assert_eq!(minutes(text).ok(), wanted.map(Minutes), "{text:?}");
        }
        for (minutes_of, wanted) in [(0, "0m"), (10, "10m"), (90, "90m"), (60, "1h"), (2880, "2d")] {
            assert_eq!(written(Minutes(minutes_of)), wanted);
            assert_eq!(minutes(wanted), Ok(Minutes(minutes_of)));
        }
    }

    #[test]
    fn a_date_includes_its_day() {
        for (text, wanted) in [
            ("2026-12-31", Some("2027-01-01T00:00:00+00:00")),
            ("2026-12-31T18:00:00Z", Some("2026-12-31T18:00:00+00:00")),
            ("2026-12-31T18:00:00+02:00", Some("2026-12-31T16:00:00+00:00")),
            ("2026-02-30", None),
            ("2026-12-31T18:00:00", None),
            ("tomorrow", None),
        ] {
            assert_eq!(end(text).ok().map(|t| t.to_rfc3339()), wanted.map(str::to_owned), "{text:?}");
        }
    }
}
