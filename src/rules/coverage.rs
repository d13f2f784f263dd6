//! What of ATT&CK rules and detectors look for, by tactic and technique.

use std::collections::{BTreeMap, BTreeSet};

use super::card::techniques;

/// The tactics of ATT&CK for enterprises, in its order: <https://attack.mitre.org/tactics/enterprise/>.
const TACTICS: [&str; 14] = [
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "defense-evasion",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
];

/// Names of rules and detectors.
pub type Names = BTreeSet<String>;

/// What looks for what.
#[derive(Debug, Default)]
pub struct Coverage {
    /// By tactic, the names of rules.
    tactics: BTreeMap<String, Names>,
    /// By tactic and technique, the names of rules. A rule of two tactics stands in both.
    by_tactic: BTreeMap<(String, String), Names>,
    /// By technique, the names of rules and detectors.
    pub techniques: BTreeMap<String, Names>,
}

impl Coverage {
    /// Adds a rule or a correlation of that name, by its tags.
    pub fn add(&mut self, name: &str, tags: &[String]) {
        let techniques = techniques(tags);
        for tactic in tactics(tags) {
            self.tactics.entry(tactic.clone()).or_default().insert(name.to_owned());
            for technique in &techniques {
                self.by_tactic.entry((tactic.clone(), technique.clone())).or_default().insert(name.to_owned());
            }
        }
        self.detector(name, techniques.iter().map(String::as_str));
    }

    /// Adds a detector, which names techniques and no tactics.
    pub fn detector<'t>(&mut self, name: &str, techniques: impl Iterator<Item = &'t str>) {
        for technique in techniques {
            self.techniques.entry(technique.to_owned()).or_default().insert(name.to_owned());
        }
    }

    /// The tactics in their order, each with its rules and, by technique, the names of those.
    pub fn by_tactic(&self) -> impl Iterator<Item = (&str, usize, Vec<(&str, &Names)>)> {
        let own = self.tactics.keys().map(String::as_str).filter(|tactic| !TACTICS.contains(tactic));
        TACTICS.into_iter().chain(own).map(|tactic| {
            let rules = self.tactics.get(tactic).map_or(0, BTreeSet::len);
            let of_it = self.by_tactic.iter().filter(|((held, _), _)| held == tactic);
            (tactic, rules, of_it.map(|((_, technique), names)| (technique.as_str(), names)).collect())
        })
    }
}

/// The tactics among the tags: `attack.defense-evasion`, also written with `_`.
fn tactics(tags: &[String]) -> impl Iterator<Item = String> {
    let names =
        tags.iter().filter_map(|tag| tag.to_lowercase().strip_prefix("attack.").map(|name| name.replace('_', "-")));
    // The others are techniques (t1098), groups (g0007) and software (s0363).
    names.filter(|name| !name.contains(|c: char| c.is_ascii_digit()))
}
