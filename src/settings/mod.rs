//! The settings: one TOML file in which every key is optional, and over it the environment of the Lambda function.
//!
//! Reading either gives a whole [`Settings`] or every mistake at once. Nothing here reads a file or the environment
//! by itself.

pub mod catalog;
mod deployers;
mod engine;
mod environment;
mod mistake;
mod noise;
mod rules;
mod sections;
mod silence;
mod toml;
mod tuning;
mod values;
mod who;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use lapwing_detectors::alert::{Owner, Subject};
use lapwing_detectors::catalog::silence::Watched;
use lapwing_detectors::day::Budget;
use lapwing_detectors::profile::Lateness;
use lapwing_detectors::stats::gauge::GaugeModel;

pub use self::deployers::{Deployer, From, Origin};
pub use self::environment::{CONFIG, VARIABLES};
pub use self::mistake::{Mistake, Mistakes, nearest};
pub use self::noise::Noise;
pub use self::rules::Rules;
pub use self::sections::{Account, Format, Limits, Metrics, MetricsBy, State, Topic};
pub use self::tuning::Tuning;
pub use self::values::{Pattern, minutes_of};
pub use self::who::{Allow, Case, Override, OwnerRule, Who};

/// Everything that can be set. The default is what an empty file means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The ids of the detectors that are switched off.
    pub off: BTreeSet<&'static str>,
    /// Which rules there are, and what becomes of what they find.
    pub rules: Rules,
    /// By detector id: those that the file names.
    pub detectors: BTreeMap<&'static str, Tuning>,
    /// How late data may be.
    pub lateness: Lateness,
    /// The model of what the reports of functions measure.
    pub gauges: GaugeModel,
    /// By account id.
    pub accounts: BTreeMap<String, Account>,
    /// Whose something is; the first that matches counts.
    pub owners: Vec<OwnerRule>,
    /// What is different about some; for each detector the first that matches and speaks of it counts.
    pub overrides: Vec<Override>,
    /// What is not said.
    pub allow: Vec<Allow>,
    /// What must not be silent.
    pub silences: Vec<Watched>,
    /// Which noise profiles are on.
    pub noise: Noise,
    /// Who changes things on purpose.
    pub deployers: Vec<Deployer>,
    /// Where alerts are sent.
    pub sns: Vec<Topic>,
    /// What is counted in CloudWatch.
    pub metrics: Metrics,
    /// How many alerts a day are sent by themselves, of those that rest on statistics and are not grave.
    pub budget: Budget,
    /// Where state is kept.
    pub state: State,
    /// Bounds on what is read and kept.
    pub limits: Limits,
}

impl Settings {
    /// Who must know about a subject; what the settings do not say is empty.
    #[must_use]
    pub fn owner_of(&self, subject: &Subject) -> Owner {
        let account = self.accounts.get(&subject.account).cloned().unwrap_or_default();
        let rule = self.owners.iter().find(|rule| rule.who.matches(subject));
        let (team, runbook) = rule.map(|rule| (rule.team.clone(), rule.runbook.clone())).unwrap_or_default();
        Owner { account_name: account.name, env: account.env, team, runbook }
    }

    /// The place of the first entry of the allow-list that hides what this detector found, if one does.
    #[must_use]
    pub fn hidden_by(&self, detector: &str, case: &Case<'_>) -> Option<usize> {
        self.allow.iter().position(|allow| allow.hides(detector, case))
    }

    /// The entries of the allow-list that hide nothing that happens at `now` or later, with their places.
    pub fn expired(&self, now: DateTime<Utc>) -> impl Iterator<Item = (usize, &Allow)> {
        self.allow.iter().enumerate().filter(move |(_, allow)| allow.until.is_some_and(|until| until <= now))
    }
}

#[cfg(test)]
pub(crate) mod tests;
