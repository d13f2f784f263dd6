//! How much was not said, and why.

use std::collections::BTreeMap;
use std::fmt;

use lapwing_detectors::judge::Finding;

/// Why a finding is not said, or with less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A noise profile, by its name.
    Profile(&'static str),
    /// A deployer of the settings, by its place among them.
    Deployer(usize),
    /// An entry of the allow-list, by its place in it.
    Allow(usize),
    /// A graver finding is about the same events.
    Graver,
}

impl Reason {
    /// What it is counted under in metrics: one of a few names, whatever the settings are.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::Profile(name) => name,
            Reason::Deployer(_) => "deployer",
            Reason::Allow(_) => "allow",
            Reason::Graver => "graver",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Profile(name) => write!(f, "noise.{name}"),
            Reason::Deployer(place) => write!(f, "deployer {}", place + 1),
            Reason::Allow(place) => write!(f, "allow {}", place + 1),
            Reason::Graver => f.write_str("a graver finding about the same events"),
        }
    }
}

/// How much was hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Findings.
    pub findings: u64,
    /// What they had seen: of single events, how many.
    pub seen: u64,
}

/// How much was hidden for each reason. A finding counts when its minute is complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(pub BTreeMap<Reason, Count>);

impl Tally {
    /// Counts a finding, if its minute is complete: before that it is judged again.
    pub fn add(&mut self, reason: Reason, finding: &Finding) {
        if finding.confirmed {
            let count = self.0.entry(reason).or_default();
            count.findings += 1;
            count.seen += finding.verdict.seen;
        }
    }

    /// How many findings were hidden for each kind of reason: few names, whatever the settings are.
    #[must_use]
    pub fn by_name(&self) -> BTreeMap<&'static str, u64> {
        let mut all = BTreeMap::new();
        for (reason, count) in &self.0 {
            *all.entry(reason.name()).or_default() += count.findings;
        }
        all
    }

    /// How many findings were hidden in all.
    #[must_use]
    pub fn findings(&self) -> u64 {
        self.0.values().map(|count| count.findings).sum()
    }
}
