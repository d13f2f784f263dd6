//! The settings: one TOML file in which every key is optional, and over it the environment of the Lambda function.
//!
//! Reading either gives a whole [`Settings`] or every mistake at once. Nothing here reads a file or the environment
//! by itself.

pub mod catalog;
mod environment;
mod mistake;
mod sections;
mod toml;
mod tuning;
mod values;
mod who;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use lapwing_detectors::alert::{Owner, Subject};
use lapwing_detectors::event::Source;
use lapwing_detectors::settings::Minutes;
use lapwing_detectors::severity::Severity;

pub use self::environment::{CONFIG, VARIABLES};
pub use self::mistake::{Mistake, Mistakes, nearest};
pub use self::sections::{Account, Format, Lateness, Limits, Metrics, MetricsBy, Topic};
pub use self::tuning::Tuning;
pub use self::values::Pattern;
pub use self::who::{Allow, Case, Override, OwnerRule, Who};

/// Everything that can be set. The default is what an empty file means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// By detector id: those that the file names.
    pub detectors: BTreeMap<&'static str, Tuning>,
    /// How late data may be.
    pub lateness: Lateness,
    /// By account id.
    pub accounts: BTreeMap<String, Account>,
    /// Whose something is; the first that matches counts.
    pub owners: Vec<OwnerRule>,
    /// What is different about some; for each detector the first that matches counts.
    pub overrides: Vec<Override>,
    /// What is not said.
    pub allow: Vec<Allow>,
    /// Where alerts are sent.
    pub sns: Vec<Topic>,
    /// What is counted in CloudWatch.
    pub metrics: Metrics,
    /// Bounds on what is read and kept.
    pub limits: Limits,
}

impl Settings {
    /// Is the detector on, where no override says otherwise?
    #[must_use]
    pub fn enabled(&self, detector: &str) -> bool {
        self.detectors.get(detector).and_then(|tuning| tuning.enabled).unwrap_or(true)
    }

    /// The place in [`Settings::overrides`] of the first that changes what this detector finds about this subject.
    #[must_use]
    pub fn override_of(&self, detector: &str, subject: &Subject) -> Option<usize> {
        self.overrides
            .iter()
            .position(|o| o.detectors.get(detector).is_some_and(Tuning::changes_detection) && o.who.matches(subject))
    }

    /// The severity, or the cap that the settings put on this detector and subject; an override goes before the
    /// detector's own table.
    #[must_use]
    pub fn capped(&self, detector: &str, subject: &Subject, severity: Severity) -> Severity {
        let own = |detectors: &BTreeMap<&'static str, Tuning>| detectors.get(detector)?.max_severity;
        let mut caps = self.overrides.iter().filter_map(|o| own(&o.detectors).filter(|_| o.who.matches(subject)));
        caps.next().or_else(|| own(&self.detectors)).map_or(severity, |cap| cap.min(severity))
    }

    /// Who must know about a subject; what the settings do not say is empty.
    #[must_use]
    pub fn owner_of(&self, subject: &Subject) -> Owner {
        let account = self.accounts.get(&subject.account).cloned().unwrap_or_default();
        let rule = self.owners.iter().find(|rule| rule.who.matches(subject));
        let (team, runbook) = rule.map(|rule| (rule.team.clone(), rule.runbook.clone())).unwrap_or_default();
        Owner { account_name: account.name, env: account.env, team, runbook }
    }

    /// The entry of the allow-list that hides what this detector found, if one does.
    #[must_use]
    pub fn hidden_by(&self, detector: &str, case: &Case<'_>) -> Option<&Allow> {
        self.allow.iter().find(|allow| allow.hides(detector, case))
    }

    /// How late the data of a source may be.
    #[must_use]
    pub fn lateness_of(&self, source: Source) -> Minutes {
        match source {
            Source::CloudTrail => self.lateness.cloudtrail,
            Source::Lambda => self.lateness.lambda,
        }
    }

    /// The entries of the allow-list that hide nothing that happens at `now` or later.
    pub fn expired(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Allow> {
        self.allow.iter().filter(move |allow| allow.until.is_some_and(|until| until <= now))
    }
}

#[cfg(test)]
pub(crate) mod tests;
