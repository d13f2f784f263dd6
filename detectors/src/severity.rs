//! How grave a finding is. Severity is not probability: size and what was touched decide it.

use serde::{Deserialize, Serialize};

/// How grave a finding is, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Severity {
    /// Worth a metric, never a message.
    Info,
    /// Look at it when there is time.
    Low,
    /// Look at it today.
    Medium,
    /// Look at it now.
    High,
    /// Somebody must get up.
    Critical,
}

impl Severity {
    /// All of them, in rising order.
    pub const ALL: [Severity; 5] =
        [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The name in settings, JSON and attributes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// The severity of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|s| s.name() == name)
    }

    /// One level up; `Critical` stays.
    #[must_use]
    pub fn raised(self) -> Severity {
        Severity::ALL.into_iter().find(|s| *s > self).unwrap_or(Severity::Critical)
    }

    /// What a finding of this severity adds to the score of an incident.
    #[must_use]
    pub fn points(self) -> u32 {
        match self {
            Severity::Info => 0,
            Severity::Low => 1,
            Severity::Medium => 2,
            Severity::High => 4,
            Severity::Critical => 8,
        }
    }
}
