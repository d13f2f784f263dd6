//! Whom a rule of the settings is about: owners, overrides and the allow-list match on the same few things.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use lapwing_detectors::alert::Subject;
use lapwing_detectors::severity::Severity;

use super::catalog::Catalog;
use super::mistake::{did_you_mean, quote};
use super::toml::Section;
use super::tuning::{NEVER_MUTED, Tuning, detector_table};
use super::values::{Pattern, account, end, named, network, pattern, region, text};

/// Whom a rule is about: all that is given must match, and something is given.
#[derive(Clone, Debug, PartialEq)]
pub struct Who {
    /// Twelve digits.
    pub account: Option<String>,
    /// A glob over the function's name.
    pub function: Option<Pattern>,
    /// A glob over the principal: `role/etl-*`.
    pub principal: Option<Pattern>,
}

impl Who {
    /// Is the rule about this subject?
    #[must_use]
    pub fn matches(&self, subject: &Subject) -> bool {
        self.account.as_ref().is_none_or(|account| *account == subject.account)
            && self.function.as_ref().is_none_or(|glob| glob.matches(&subject.function))
            && self.principal.as_ref().is_none_or(|glob| glob.matches(&subject.principal))
    }

    fn read(section: &Section<'_>) -> Option<Who> {
        let who = Who {
            account: section.read("account", account),
            function: section.read("function", pattern),
            principal: section.read("principal", pattern),
        };
        if section.has_any(&["account", "function", "principal"]) {
            return Some(who);
        }
        section.refuse("it matches nobody: `account`, `function` or `principal` is wanted".to_owned(), None);
        None
    }
}

/// Whose something is.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnerRule {
    /// Whom the rule is about.
    pub who: Who,
    /// The team; may be empty.
    pub team: String,
    /// A link or a path to the runbook; may be empty.
    pub runbook: String,
}

impl OwnerRule {
    pub(super) fn read(section: &Section<'_>, earlier: &[OwnerRule]) -> Option<OwnerRule> {
        let who = Who::read(section);
        let team = section.read("team", text).unwrap_or_default();
        let runbook = section.read("runbook", text).unwrap_or_default();
        if !section.has_any(&["team", "runbook"]) {
            section.refuse("it says nothing: `team` or `runbook` is wanted".to_owned(), None);
        }
        section.finish();
        let rule = OwnerRule { who: who?, team, runbook };
        refuse_if(section, earlier.iter().any(|other| other.who == rule.who));
        Some(rule)
    }
}

/// What is different about some principals, functions or accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Whom the rule is about.
    pub who: Who,
    /// By detector id. A cap for all detectors stands in each of them, save those that are never muted.
    pub detectors: BTreeMap<&'static str, Tuning>,
}

impl Override {
    pub(super) fn read(section: &Section<'_>, catalog: &Catalog, earlier: &[Override]) -> Option<Override> {
        let who = Who::read(section);
        let cap: Option<Severity> = section.read("max_severity", named);
        let mut known = vec!["account", "function", "principal", "max_severity"];
        known.extend(catalog.ids());
        let mut detectors = BTreeMap::new();
        for found in section.others() {
            if let Some((entry, table)) = detector_table(&found, catalog, &known) {
                detectors.insert(entry.about.id, Tuning::read(&table, entry));
            }
        }
        if !section.has_any(&known[3..]) {
            section.refuse("it changes nothing: `max_severity` or the table of a detector is wanted".to_owned(), None);
        }
        if let Some(cap) = cap {
            for entry in catalog.0.iter().filter(|entry| !entry.about.never_muted) {
                detectors.entry(entry.about.id).or_insert_with(Tuning::default).max_severity.get_or_insert(cap);
            }
        }
        let rule = Override { who: who?, detectors };
        refuse_if(section, earlier.iter().any(|other| other.who == rule.who));
        Some(rule)
    }
}

/// Notes that an earlier rule is about the very same, where nothing else is wrong with this one.
fn refuse_if(section: &Section<'_>, same: bool) {
    if same && section.is_sound() {
        section.refuse("an earlier one matches the very same".to_owned(), Some("make one of the two"));
    }
}

/// What is not said: findings that somebody looked at and found innocent.
#[derive(Clone, Debug, PartialEq)]
pub struct Allow {
    /// A glob over the principal: `role/scanner-*`.
    pub principal: Option<Pattern>,
    /// A glob over the function's name.
    pub function: Option<Pattern>,
    /// A network that every address must lie in.
    pub address: Option<IpNet>,
    /// Twelve digits.
    pub account: Option<String>,
    /// Such as `eu-west-1`.
    pub region: Option<String>,
    /// Detector ids, never one that is never muted. Where the file names none, all the others.
    pub detectors: Vec<&'static str>,
    /// The first instant of event time that it no longer covers.
    pub until: Option<DateTime<Utc>>,
    /// Why it is innocent, for whoever reads the list next year.
    pub reason: String,
}

/// What an entry of the allow-list is held against.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What the finding is about.
    pub subject: &'a Subject,
    /// Every address that took part. Where there is none, the subject's own counts.
    pub addresses: &'a [&'a str],
    /// Event time of the finding.
    pub at: DateTime<Utc>,
}

impl Allow {
    const MATCHERS: [&'static str; 6] = ["principal", "function", "address", "account", "region", "detectors"];

    /// Does this entry hide what the detector found?
    #[must_use]
    pub fn hides(&self, detector: &str, case: &Case<'_>) -> bool {
        self.detectors.contains(&detector)
            && self.until.is_none_or(|until| case.at < until)
            && self.principal.as_ref().is_none_or(|glob| glob.matches(&case.subject.principal))
            && self.function.as_ref().is_none_or(|glob| glob.matches(&case.subject.function))
            && self.account.as_ref().is_none_or(|account| *account == case.subject.account)
            && self.region.as_ref().is_none_or(|region| *region == case.subject.region)
            && self.address.is_none_or(|net| holds_all(net, case))
    }

    pub(super) fn read(section: &Section<'_>, catalog: &Catalog, earlier: &[Allow]) -> Option<Allow> {
        let allow = Allow {
            principal: section.read("principal", pattern),
            function: section.read("function", pattern),
            address: section.read("address", network),
            account: section.read("account", account),
            region: section.read("region", region),
            detectors: read_detectors(section, catalog),
            until: section.read("until", end),
            reason: section.demand("reason", text).unwrap_or_default(),
        };
        let narrow = section.has_any(&Allow::MATCHERS);
        if !narrow {
            let what = "it would hide everything: one of `principal`, `function`, `address`, `account`, `region`, `detectors` is wanted";
            section.refuse(what.to_owned(), None);
        }
        section.finish();
        let same = |other: &Allow| Allow { reason: allow.reason.clone(), ..other.clone() } == allow;
        refuse_if(section, earlier.iter().any(same));
        narrow.then_some(allow)
    }
}

/// Does the network hold every address? One stranger among friends is what an alert is for.
fn holds_all(net: IpNet, case: &Case<'_>) -> bool {
    let own = [case.subject.source_ip.as_str()];
    let addresses = if case.addresses.is_empty() { &own } else { case.addresses };
    addresses
        .iter()
        .all(|address| address.parse::<std::net::IpAddr>().is_ok_and(|address| net.contains(&address.to_canonical())))
}

fn read_detectors(section: &Section<'_>, catalog: &Catalog) -> Vec<&'static str> {
    let mutable: Vec<&str> = catalog.0.iter().filter(|e| !e.about.never_muted).map(|e| e.about.id).collect();
    let Some(list) = section.find("detectors") else { return mutable };
    let mut ids = Vec::new();
    for item in list.items() {
        let Some(id) = item.read(|id| Ok(id.to_owned())) else { continue };
        match catalog.get(&id) {
            None => item.refuse(format!("there is no detector \"{}\"", quote(&id)), did_you_mean(&id, &mutable)),
            Some(entry) if entry.about.never_muted => {
                item.refuse(format!("`{id}` is never muted"), Some(NEVER_MUTED.to_owned()));
            }
            Some(entry) if ids.contains(&entry.about.id) => item.refuse(format!("`{id}` is named twice"), None),
            Some(entry) => ids.push(entry.about.id),
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::{read, subject};

    const RULES: &str = r#"
[accounts.111122223333]
name = "prod-data"
env = "prod"

[[owner]]
account = "111122223333"
principal = "role/etl-*"
team = "team-data"
runbook = "https://example.com/etl"

[[owner]]
function = "pay-*"
team = "team-pay"

"#;

    #[test]
    fn the_first_matching_owner_counts() {
        let settings = read(RULES);
        for (who, wanted) in [
            (
                subject("111122223333", "role/etl-nightly", ""),
                ["prod-data", "prod", "team-data", "https://example.com/etl"],
            ),
            (
                subject("111122223333", "role/etl-nightly", "pay-in"),
                ["prod-data", "prod", "team-data", "https://example.com/etl"],
            ),
            (subject("444455556666", "role/etl-nightly", ""), ["", "", "", ""]),
            (subject("444455556666", "", "pay-in"), ["", "", "team-pay", ""]),
            (subject("111122223333", "user/ann", ""), ["prod-data", "prod", "", ""]),
        ] {
            let owner = settings.owner_of(&who);
            assert_eq!(
                [&owner.account_name, &owner.env, &owner.team, &owner.runbook].map(String::as_str),
                wanted,
                "{who:?}"
            );
        }
    }

    #[test]
    fn the_allow_list_hides_only_what_it_names() {
        let settings = read(
            "[[allow]]
             principal = 'role/scanner'
             address = '192.0.2.0/24'
             detectors = ['denied-burst']
             until = 2026-03-01
             reason = 'our scanner'
             [[allow]]
             account = '444455556666'
             region = 'eu-west-1'
             reason = 'sandbox'",
        );
        let scanner = Subject { source_ip: "192.0.2.9".to_owned(), ..subject("111122223333", "role/scanner", "") };
        let sandbox = Subject { region: "eu-west-1".to_owned(), ..subject("444455556666", "user/ann", "") };
        let elsewhere = Subject { region: "eu-west-2".to_owned(), ..sandbox.clone() };
        let within = "2026-03-01T23:59:59Z";
        for (detector, subject, addresses, at, hidden) in [
            ("denied-burst", &scanner, &["192.0.2.7", "192.0.2.8"][..], within, true),
            ("denied-burst", &scanner, &["::ffff:192.0.2.7"], within, true),
            ("denied-burst", &scanner, &[], within, true),
            ("denied-burst", &scanner, &["192.0.2.7", "198.51.100.1"], within, false),
            ("denied-burst", &scanner, &["cloudformation.amazonaws.com"], within, false),
            ("denied-burst", &scanner, &["192.0.2.7"], "2026-03-02T00:00:00Z", false),
            ("root-use", &scanner, &["192.0.2.7"], within, false),
            ("root-use", &sandbox, &[], within, true),
            ("trail-tampering", &sandbox, &[], within, false),
            ("root-use", &elsewhere, &[], within, false),
        ] {
            let at: DateTime<Utc> = at.parse().unwrap();
            let found = settings.hidden_by(detector, &Case { subject, addresses, at });
            assert_eq!(found.is_some(), hidden, "{detector} {subject:?} {addresses:?} {at}");
        }
    }
}
