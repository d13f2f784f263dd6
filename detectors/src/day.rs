//! Days of UTC: the budget of alerts that are sent by themselves, and what the digest of a day gathers.
//!
//! What is decided here is how an alert is sent, never whether it is one: findings stay what they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::alert::{Alert, AlertId, Owner, Quality, Span, Status, Subject};
use crate::hash::hash_of;
use crate::severity::Severity;
use crate::stage::Stage;
use crate::time::{HOUR, Minute};

/// Subjects that a line of a digest names; the alerts of others are counted.
const SUBJECTS: usize = 20;
/// Subjects that all lines of a digest name together: with names of 480 bytes it stays below the 400 KB of an item.
const ALL_SUBJECTS: usize = 250;
/// Alerts that a digest knows by their ids. Of what comes beyond, an alert that is entered again after a crash counts
/// again.
const KNOWN: usize = 8_192;
/// Alerts beyond the budget that a digest shows, the gravest first.
const HIGHEST: usize = 10;
/// The longest headline and name kept, in characters.
const TEXT: usize = 120;

/// How detectors of what is first seen are named.
const FIRST_SEEN: &str = "new-";

/// A day of UTC: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Day(pub i32);

impl Day {
    /// The day that holds `time`. Times far beyond what chrono can write stay at the edge.
    #[must_use]
    pub fn of(time: DateTime<Utc>) -> Day {
        Day(time.timestamp().div_euclid(86_400).clamp(-90_000_000, 90_000_000) as i32)
    }

    /// The day that holds a minute.
    #[must_use]
    pub fn of_minute(minute: Minute) -> Day {
        Day(minute.0.div_euclid(24 * HOUR))
    }

    /// Its first instant.
    #[must_use]
    pub fn start(self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(i64::from(self.0))
    }

    /// The day before.
    #[must_use]
    pub fn before(self) -> Day {
        Day(self.0 - 1)
    }

    /// The day after.
    #[must_use]
    pub fn after(self) -> Day {
        Day(self.0 + 1)
    }

    /// The id of its digest: the same whoever sends it.
    #[must_use]
    pub fn digest_id(self) -> AlertId {
        AlertId(hash_of(&["digest", &self.to_string()]))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.start().format("%Y-%m-%d"))
    }
}

/// How many alerts a day are sent by themselves, of those that it governs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Alerts a day.
    pub per_day: u32,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { per_day: 5 }
    }
}

impl Budget {
    /// Does it govern this alert? It does where something was compared with what is usual, or is first seen, and is not
    /// grave.
    #[must_use]
    pub fn governs(alert: &Alert) -> bool {
        let compared = alert.expected.is_some() || alert.surprise.is_some() || alert.detector.starts_with(FIRST_SEEN);
        alert.stage == Stage::Alert && alert.severity <= Severity::Medium && compared
    }

    /// How many of them may be about one subject: a quarter, rounded up.
    #[must_use]
    pub fn share(self) -> u32 {
        self.per_day.div_ceil(4)
    }
}

/// What was spent of the budget of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// The alerts that are sent by themselves, each with a hash of its subject.
    singles: Vec<(AlertId, u64)>,
}

impl Spent {
    /// Is this alert sent by itself? It asks for a part of the budget where it has none.
    pub fn takes(&mut self, alert: &Alert, budget: Budget) -> bool {
        if self.has(alert.id) {
            return true;
        }
        let subject = subject_hash(&alert.subject);
        let of_subject = self.singles.iter().filter(|(_, other)| *other == subject).count();
        let room = self.singles.len() < budget.per_day as usize && of_subject < budget.share() as usize;
        if room {
            self.singles.push((alert.id, subject));
        }
        room
    }

    /// Is all of it spent?
    #[must_use]
    pub fn all(&self, budget: Budget) -> bool {
        self.singles.len() >= budget.per_day as usize
    }

    /// Has this alert a part of it?
    #[must_use]
    pub fn has(&self, id: AlertId) -> bool {
        self.singles.iter().any(|(single, _)| *single == id)
    }
}

fn subject_hash(subject: &Subject) -> u64 {
    let Subject { principal, account, region, source_ip, function, api, error_code } = subject;
    hash_of(&[principal, account, region, source_ip, function, api, error_code])
}

/// Why an alert is in a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its detector or rule has the stage `digest`.
    Stage,
    /// The budget of the day was spent, or its subject's part of it.
    Budget,
    /// It is part of another alert, which was sent.
    Folded,
}

/// What the digest of a day gathers: exact counts, and a bounded number of names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Digest {
    /// By detector and severity.
    pub lines: BTreeMap<(String, Severity), Line>,
    /// The gravest of those beyond the budget.
    pub highest: Vec<Highest>,
    /// Is it over? Then nothing more may be added.
    pub closed: bool,
    entered: BTreeSet<AlertId>,
}

/// The alerts of one detector and severity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The detector's title.
    pub title: String,
    /// How many alerts.
    pub alerts: u64,
    /// How many of them are here because the budget was spent.
    pub over_budget: u64,
    /// How many of them are part of other alerts.
    pub folded: u64,
    /// When the first was raised.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub first: DateTime<Utc>,
    /// When the last was raised.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub last: DateTime<Utc>,
    /// How many alerts each subject has: the first that came.
    pub subjects: BTreeMap<String, u64>,
    /// How many alerts are about subjects that are not named.
    pub others: u64,
}

/// An alert beyond the budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Highest {
    /// How grave.
    pub severity: Severity,
    /// How unusual: -log10 of its p-value, in thousandths; 0 where it has none.
    pub rarity: u64,
    /// Its id.
    pub id: AlertId,
    /// When it was raised.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub time: DateTime<Utc>,
    /// Its subject.
    pub subject: String,
    /// What happened.
    pub headline: String,
}

impl Digest {
    /// Adds an alert that is not in it; says whether it was added.
    pub fn enter(&mut self, alert: &Alert, reason: Reason) -> bool {
        if self.entered.contains(&alert.id) {
            return false;
        }
        if self.entered.len() < KNOWN {
            self.entered.insert(alert.id);
        }
        let named: usize = self.lines.values().map(|line| line.subjects.len()).sum();
        let line = self.lines.entry((alert.detector.to_owned(), alert.severity)).or_insert_with(|| Line::of(alert));
        line.add(alert, reason, named < ALL_SUBJECTS);
        if reason == Reason::Budget {
            self.highest.push(Highest::of(alert));
            self.keep_highest();
        }
        true
    }

    /// Adds what another part of the same digest gathered.
    pub fn merge(&mut self, other: Digest) {
        for (key, line) in other.lines {
            match self.lines.get_mut(&key) {
                Some(held) => held.merge(line),
                None => _ = self.lines.insert(key, line),
            }
        }
        self.highest.extend(other.highest);
        self.keep_highest();
        self.entered.extend(other.entered);
    }

    fn keep_highest(&mut self) {
        self.highest.sort_by(|a, b| (b.severity, b.rarity, a.time, a.id).cmp(&(a.severity, a.rarity, b.time, b.id)));
        self.highest.truncate(HIGHEST);
    }

    /// How many alerts it gathers.
    #[must_use]
    pub fn alerts(&self) -> u64 {
        self.lines.values().map(|line| line.alerts).sum()
    }

    /// The same without what is below a severity.
    #[must_use]
    pub fn at_least(&self, least: Severity) -> Digest {
        let mut digest = self.clone();
        digest.lines.retain(|(_, severity), _| *severity >= least);
        digest.highest.retain(|highest| highest.severity >= least);
        digest
    }
}

impl Line {
    fn of(alert: &Alert) -> Line {
        Line {
            title: alert.title.to_owned(),
            alerts: 0,
            over_budget: 0,
            folded: 0,
            first: alert.raised_at,
            last: alert.raised_at,
            subjects: BTreeMap::new(),
            others: 0,
        }
    }

    fn add(&mut self, alert: &Alert, reason: Reason, room: bool) {
        self.alerts += 1;
        self.over_budget += u64::from(reason == Reason::Budget);
        self.folded += u64::from(reason == Reason::Folded);
        self.first = self.first.min(alert.raised_at);
        self.last = self.last.max(alert.raised_at);
        let room = room && self.subjects.len() < SUBJECTS;
        match (self.subjects.get_mut(&subject(alert)), room) {
            (Some(alerts), _) => *alerts += 1,
            (None, true) => _ = self.subjects.insert(subject(alert), 1),
            (None, false) => self.others += 1,
        }
    }

    fn merge(&mut self, other: Line) {
        self.alerts += other.alerts;
        self.over_budget += other.over_budget;
        self.folded += other.folded;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.others += other.others;
        for (subject, alerts) in other.subjects {
            *self.subjects.entry(subject).or_default() += alerts;
        }
    }
}

impl Highest {
    fn of(alert: &Alert) -> Highest {
        Highest {
            severity: alert.severity,
            rarity: (alert.surprise.unwrap_or_default() * 1_000.0) as u64,
            id: alert.id,
            time: alert.raised_at,
            subject: subject(alert),
            headline: alert.headline.chars().take(TEXT).collect(),
        }
    }
}

/// The name of an alert's subject, with the account that it is in.
fn subject(alert: &Alert) -> String {
    let owner = &alert.owner.account_name;
    let account = if owner.is_empty() { &alert.subject.account } else { owner };
    let name: String = alert.subject.name().chars().take(TEXT).collect();
    if account.is_empty() || *account == name { name } else { format!("{name} ({account})") }
}

/// The alert that says, once a day, that the budget is spent. Its id is the same whoever sends it.
#[must_use]
pub fn spent_alert(day: Day, budget: Budget) -> Alert {
    let span = Span { start: day.start(), end: day.after().start() };
    let n = budget.per_day;
    Alert {
        id: AlertId(hash_of(&["budget-spent", &day.to_string()])),
        detector: "budget-spent",
        title: "The alerts of a day are spent",
        severity: Severity::Low,
        severity_before: None,
        stage: Stage::Alert,
        status: Status::Open,
        raised_at: span.end,
        subject: Subject { principal: "lapwing".to_owned(), ..Subject::default() },
        owner: Owner::default(),
        window: span,
        best: span,
        seen: u64::from(n),
        seen_before: None,
        seen_at_least: false,
        unit: "alerts sent by themselves".to_owned(),
        expected: None,
        threshold: Some(f64::from(n)),
        surprise: None,
        attack: &[],
        examples: Vec::new(),
        top: Vec::new(),
        total: 0,
        denied: 0,
        folded: 1,
        quality: Quality::Complete,
        headline: format!("all {n} alerts of {day} for what is compared with the usual are sent"),
        why: "further ones of low and medium severity are in the digest of the day; graver ones are sent as ever"
            .into(),
        next: &[
            "is something going on that makes many alerts? the digest says which",
            "is `alerts_per_day` too small?",
        ],
        query: String::new(),
        causes: Vec::new(),
        merged_into: None,
        parts: 0,
        told: Vec::new(),
        part_of: None,
    }
}

#[cfg(test)]
mod tests;
