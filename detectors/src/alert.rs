//! Alerts: what is said to people, in data. Rendering is the shell's work.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::detector::About;
use crate::query::about_caller;
use crate::severity::Severity;
use crate::stage::Stage;

/// An alert's name, from its content: the hash of detector, subject and the minute that opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AlertId(pub u64);

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LW-{:016x}", self.0)
    }
}

/// Where an alert is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Status {
    /// Said for the first time.
    Open,
    /// Its severity rose, or what it counts grew fourfold.
    Update,
    /// A condition (a rate, an error share) has been quiet for 60 minutes. Security alerts never resolve.
    Resolved,
}

impl Status {
    /// The name in JSON and attributes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Update => "update",
            Status::Resolved => "resolved",
        }
    }
}

/// How far the numbers of an alert can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quality {
    /// All data of its minutes was there.
    Complete,
    /// Judged before its last minute was complete: a later message may raise what was seen.
    Provisional,
    /// Judged from what one instance saw: there is no shared table.
    InstanceOnly,
}

impl Quality {
    /// The name in JSON and text.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Quality::Complete => "complete",
            Quality::Provisional => "provisional",
            Quality::InstanceOnly => "instance-only",
        }
    }
}

/// What an alert is about. A member that does not apply is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// Who: `role/etl-nightly`, `user/ann`, `root`.
    pub principal: String,
    /// Twelve digits.
    pub account: String,
    /// Such as `eu-west-1`; empty for what has no region.
    pub region: String,
    /// An IP address.
    pub source_ip: String,
    /// A Lambda function's name.
    pub function: String,
    /// An API: `s3:GetObject`.
    pub api: String,
    /// A code that calls fail with: `AccessDenied`.
    pub error_code: String,
}

impl Subject {
    /// The most telling member, for titles: function, principal, API, error code, address or account.
    #[must_use]
    pub fn name(&self) -> &str {
        [&self.function, &self.principal, &self.api, &self.error_code, &self.source_ip, &self.account]
            .into_iter()
            .find(|s| !s.is_empty())
            .map_or("unknown", |s| s)
    }
}

/// A span of event time: the start is in it, the end is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first instant in it.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub start: DateTime<Utc>,
    /// The first instant after it.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub end: DateTime<Utc>,
}

/// One of the largest contributors to what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Top {
    /// An API for a principal, a principal for an API, an error type for a function.
    pub name: Arc<str>,
    /// How many events in the hours of the alert.
    pub count: u64,
    /// How many of them were refused.
    pub denied: u64,
}

/// An event's id, as AWS gave it. Most are UUIDs, which take no room of their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EventId {
    /// A UUID in its usual form: 32 hexadecimal digits in lower case, in five groups.
    Uuid(Uuid),
    /// Any other.
    Text(Box<str>),
}

/// A UUID in halves, which leave no gaps where many lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "u128", into = "u128")]
pub struct Uuid(u64, u64);

impl From<u128> for Uuid {
    fn from(n: u128) -> Uuid {
        Uuid((n >> 64) as u64, n as u64)
    }
}

impl From<Uuid> for u128 {
    fn from(Uuid(high, low): Uuid) -> u128 {
        u128::from(high) << 64 | u128::from(low)
    }
}

impl EventId {
    /// The id of that text.
    #[must_use]
    pub fn of(text: &str) -> EventId {
        uuid(text.as_bytes()).map_or_else(|| EventId::Text(text.into()), |n| EventId::Uuid(n.into()))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventId::Uuid(uuid) => write!(
                f,
                "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                uuid.0 >> 32,
                (uuid.0 >> 16) & 0xffff,
                uuid.0 & 0xffff,
                uuid.1 >> 48,
                uuid.1 & 0xffff_ffff_ffff
            ),
            EventId::Text(text) => f.write_str(text),
        }
    }
}

/// The value of each lower-case hexadecimal digit; [`NO_DIGIT`] for every other byte.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut n = 0;
    while n < 16 {
        digits[b"0123456789abcdef"[n] as usize] = n as u8;
        n += 1;
    }
    digits
};
const NO_DIGIT: u8 = 0xff;

fn uuid(text: &[u8]) -> Option<u128> {
    let text: &[u8; 36] = text.try_into().ok()?;
    if [text[8], text[13], text[18], text[23]] != *b"----" {
        return None;
    }
    let mut bad = 0;
    let mut group = |from: usize, to: usize| {
        text[from..to].iter().fold(0_u64, |n, byte| {
            let digit = DIGITS[usize::from(*byte)];
            bad |= digit;
            n << 4 | u64::from(digit & 0xf)
        })
    };
    let high = group(0, 8) << 32 | group(9, 13) << 16 | group(14, 18);
    let low = group(19, 23) << 48 | group(24, 36);
    (bad <= 0xf).then_some(u128::from(high) << 64 | u128::from(low))
}

/// Where an example came from: shared by the events of one caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Caller {
    /// The session name, or the log stream.
    pub session: Box<str>,
    /// The address it came from.
    pub address: Box<str>,
    /// The family of its user agent: `boto3/1.34`.
    pub agent: Box<str>,
    /// The access key id. It names a credential and is none.
    pub access_key: Box<str>,
    /// The service that called for the principal.
    pub invoked_by: Box<str>,
    /// The OIDC provider that vouched for the session, by its host.
    pub provider: Box<str>,
}

/// An event kept as an example: enough to find it again, nothing that a parameter or a message could leak through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Example {
    /// When it happened.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub time: DateTime<Utc>,
    /// Its event id, as AWS gave it; or its identity in hexadecimal.
    pub id: EventId,
    /// `s3:GetObject`, or the error type of a log line.
    pub what: Arc<str>,
    /// Where it came from.
    pub caller: Arc<Caller>,
}

/// Who must know, as the settings name them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The account's name; empty when the settings give none.
    pub account_name: String,
    /// `prod`, `staging`, …; empty when the settings give none.
    pub env: String,
    /// The team; empty when the settings give none.
    pub team: String,
    /// A link or a path to the runbook; empty when the settings give none.
    pub runbook: String,
}

/// One detector's alert about one subject, as of one change of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// The same for every change of this alert, and for every repetition of a change.
    pub id: AlertId,
    /// The detector's id: `denied-burst`.
    #[serde(skip)]
    pub detector: &'static str,
    /// The detector's title.
    #[serde(skip)]
    pub title: &'static str,
    /// The highest of its minutes.
    pub severity: Severity,
    /// The severity that was last said, where it is another one since.
    pub severity_before: Option<Severity>,
    /// What becomes of it.
    pub stage: Stage,
    /// Where it is in its life.
    pub status: Status,
    /// Event time of the end of the minute that this change rests on.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub raised_at: DateTime<Utc>,
    /// What it is about.
    pub subject: Subject,
    /// Who must know.
    pub owner: Owner,
    /// From the first window to the last minute of its findings.
    pub window: Span,
    /// The window that `seen` was counted in.
    pub best: Span,
    /// How many were seen in `best`; for single events, how many in `window`.
    pub seen: u64,
    /// How many had been said of the same minutes, where late events have changed that.
    pub seen_before: Option<u64>,
    /// True where a cell's limit was reached: `seen` is then a lower bound.
    pub seen_at_least: bool,
    /// What `seen` counts: `API calls`, `user who failed to sign in`.
    pub unit: String,
    /// What is usual for the series in a window of that length.
    pub expected: Option<f64>,
    /// The fixed threshold that was crossed.
    pub threshold: Option<f64>,
    /// How unlikely its most surprising finding is, as -log10 of the calibrated p; nothing where no model judged.
    pub surprise: Option<f64>,
    /// ATT&CK technique ids.
    #[serde(skip)]
    pub attack: &'static [&'static str],
    /// The 50 smallest by time and id of the examples kept.
    pub examples: Vec<Arc<Example>>,
    /// The largest contributors, largest first, at most ten.
    pub top: Vec<Top>,
    /// What all contributors together added in the hours of the alert, of what they are ranked by.
    pub total: u64,
    /// How many refusals all contributors together had in the hours of the alert.
    pub denied: u64,
    /// How many findings it folds.
    pub folded: u32,
    /// How far the numbers can be trusted.
    pub quality: Quality,
    /// What happened, after severity, account name and subject: `640 API calls in 15 min, usual 38`.
    pub headline: String,
    /// Why this severity.
    pub why: String,
    /// What to check first, in order, as the detector says it; see [`Alert::steps`].
    #[serde(skip)]
    pub next: &'static [&'static str],
    /// A CloudWatch Logs Insights query that finds the events.
    pub query: String,
    /// What was changed before, of failures of a function, in the order of time.
    pub causes: Vec<Cause>,
    /// The older alert that this one turned out to be part of, once late events have shown it: it ends with that.
    pub merged_into: Option<AlertId>,
    /// How many alerts are part of this one, and not sent.
    pub parts: u32,
    /// Lesser alerts about the same principal, soon before or after, that it tells of: they are not sent by themselves.
    #[serde(skip)]
    pub told: Vec<Alert>,
    /// The alert about its cause that tells of this one as well: it is not sent.
    pub part_of: Option<AlertId>,
}

impl Alert {
    /// How unlikely its most surprising finding is, as a probability above 0, to two digits: no model knows more.
    #[must_use]
    pub fn p_value(&self) -> Option<f64> {
        let p = libm::exp10(-self.surprise?.clamp(0.0, LEAST_LIKELY));
        format!("{p:.1e}").parse().ok()
    }

    /// What to check first, in order, with the principal's name in the queries that ask for the caller's events.
    pub fn steps(&self) -> impl Iterator<Item = Cow<'static, str>> + '_ {
        self.next.iter().map(|step| about_caller(step, &self.subject.principal))
    }

    /// Fills in what the detector says of itself, which is not stored with an alert.
    #[must_use]
    pub fn by(self, about: &'static About) -> Alert {
        Alert { detector: about.id, title: about.title, attack: about.attack, next: about.next, ..self }
    }
}

/// -log10 of the least p that is told: far from the least number above 0.
const LEAST_LIKELY: f64 = 300.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_is_shown_as_it_was_given() {
        for (text, packed) in [
            ("0123abcd-0000-4fff-8aaa-0123456789ab", true),
            ("00000000-0000-0000-0000-000000000000", true),
            ("0123ABCD-0000-4FFF-8AAA-0123456789AB", false),
            ("0123abcd_0000-4fff-8aaa-0123456789ab", false),
            ("0123abcd-0000-4fff-8aaa-0123456789a", false),
            ("35311576111948622874033876462979853992919938886093242368", false),
            ("", false),
        ] {
            let id = EventId::of(text);
            assert_eq!(id.to_string(), text);
            assert_eq!(matches!(id, EventId::Uuid(_)), packed, "{text}");
        }
    }
}
