//! Why bytes are not read at all.

use std::fmt;

/// What is read, for the end of every refusal.
const WANTED: &str = "CloudTrail records, CloudWatch Logs events, Logs Insights results, CSV exports and log text whose lines begin with a time are read";

/// The bytes are no log that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Neither JSON, CSV nor log text.
    NoLog {
        /// How it begins, made safe to print.
        begins: String,
    },
    /// JSON, but nothing in it is a record.
    NoRecord {
        /// What the first object is, by its members.
        found: String,
    },
    /// A message that says that something happened elsewhere: a notification or an alarm.
    Notification {
        /// Whose it is, such as "an S3 notification".
        whose: &'static str,
    },
}

impl Refusal {
    /// Bytes per preview: enough to recognise a format by.
    const PREVIEW: usize = 24;

    pub(super) fn no_log(text: &str) -> Self {
        let begins = text.chars().take(Self::PREVIEW).flat_map(char::escape_default).collect();
        Refusal::NoLog { begins }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoLog { begins } => write!(f, "begins with \"{begins}\", which is no log: {WANTED}"),
            Refusal::NoRecord { found } => write!(f, "holds {found}, which is no record: {WANTED}"),
            Refusal::Notification { whose } => write!(f, "is {whose}, which holds no records: {WANTED}"),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_was_found_and_what_is_read() {
        let shown = Refusal::no_log("PK\u{3}\u{4}rest").to_string();
        assert!(shown.starts_with("begins with \"PK\\u{3}\\u{4}rest\", which is no log: "), "{shown}");
        assert!(shown.ends_with(WANTED));
    }
}
