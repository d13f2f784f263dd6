//! Noise profiles: who makes noise, and which findings are noise where they make it. They are data:
//! `detectors/noise/profiles.toml`.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use lapwing_detectors::alert::Caller;
use lapwing_detectors::judge::Finding;
use lapwing_detectors::severity::Severity;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::Callers;

const TEXT: &str = include_str!("../../detectors/noise/profiles.toml");

/// What a rule or a detector finds, as far as noise goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Changes of the configuration, and drift away from good practice.
    Changes,
    /// What is grave whoever does it. No profile touches it.
    Grave,
    /// Machines and jobs started.
    Launches,
    /// Looking around.
    Reads,
    /// Refused calls.
    Refusals,
    /// Rates of a principal.
    Rates,
    /// Ways into the console and out of it.
    SignIns,
    /// What is grave where somebody does it for the first time.
    Habitual,
}

impl Kind {
    /// Its name in the data and in the documentation.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Changes => "changes",
            Kind::Grave => "grave",
            Kind::Launches => "launches",
            Kind::Reads => "reads",
            Kind::Refusals => "refusals",
            Kind::Rates => "rates",
            Kind::SignIns => "sign-ins",
            Kind::Habitual => "habitual",
        }
    }
}

/// All profiles, and what they speak of.
#[derive(Debug, Default, Deserialize)]
pub struct Profiles {
    /// Raised with every change.
    pub version: u32,
    /// In the order in which they are asked.
    #[serde(rename = "profile")]
    pub all: Vec<Profile>,
    /// What counts as a read.
    pub reading: Reading,
    /// Rules and detectors by kind.
    pub kinds: BTreeMap<Kind, Vec<String>>,
    #[serde(skip)]
    by_id: HashMap<String, Kind>,
}

/// A kind of people or machines that make noise.
#[derive(Debug, Deserialize)]
pub struct Profile {
    name: String,
    /// Who that is, for people.
    pub title: String,
    who: Vec<Who>,
    /// Must the principal only read?
    #[serde(default)]
    pub reads: bool,
    /// Must the principal have done the same on an earlier day, from the same network, with the same tool?
    #[serde(default)]
    pub habits: bool,
    hides: Reach,
    lowers: Reach,
}

/// How the principals and callers of a profile are told. All that is given must hold.
#[derive(Debug, Deserialize)]
pub(super) struct Who {
    names: Vec<String>,
    #[serde(default)]
    agents: Vec<String>,
    /// Of its sessions, the provider of identities that vouches for them.
    #[serde(default)]
    providers: Vec<String>,
    from: Option<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    /// A service, by its name.
    Service,
    /// A service, or `AWS Internal`, from where the console calls as well.
    Aws,
}

impl Place {
    /// No caller from outside can have such an address.
    fn holds(self, address: &str) -> bool {
        let service = address.ends_with(".amazonaws.com") || address.ends_with(".amazonaws.com.cn");
        service || self == Place::Aws && address == "AWS Internal"
    }
}

/// Which findings.
#[derive(Debug, Deserialize)]
pub struct Reach {
    /// Of which kinds.
    pub kinds: Vec<Kind>,
    /// How grave at most.
    #[serde(deserialize_with = "severity")]
    pub up_to: Severity,
}

impl Reach {
    fn holds(&self, kind: Kind, severity: Severity) -> bool {
        severity <= self.up_to && self.kinds.contains(&kind)
    }
}

fn severity<'de, D: Deserializer<'de>>(from: D) -> Result<Severity, D::Error> {
    let name = String::deserialize(from)?;
    Severity::from_name(&name).ok_or_else(|| D::Error::custom(format!("\"{name}\" is not a severity")))
}

/// What counts as a read.
#[derive(Debug, Default, Deserialize)]
pub struct Reading {
    verbs: Vec<String>,
    also: Vec<String>,
    never: Vec<String>,
}

/// The built-in profiles.
#[must_use]
pub fn profiles() -> &'static Profiles {
    // A test reads the same text: it is never wrong.
    static BUILT_IN: LazyLock<Profiles> = LazyLock::new(|| Profiles::read(TEXT).unwrap_or_default());
    &BUILT_IN
}

impl Profiles {
    fn read(text: &str) -> Result<Profiles, toml::de::Error> {
        let mut profiles: Profiles = toml::from_str(text)?;
        let ids = profiles.kinds.iter().flat_map(|(kind, ids)| ids.iter().map(move |id| (id.clone(), *kind)));
        profiles.by_id = ids.collect();
        Ok(profiles)
    }

    /// The kind of what a rule or a detector finds; nothing for what is nobody's noise.
    #[must_use]
    pub fn kind_of(&self, id: &str) -> Option<Kind> {
        self.by_id.get(id).copied()
    }
}

impl Profile {
    /// Its name in settings, summaries and metrics.
    #[must_use]
    pub fn name(&'static self) -> &'static str {
        &self.name
    }

    /// What it hides, and what it lowers.
    #[must_use]
    pub fn reaches(&self) -> (&Reach, &Reach) {
        (&self.hides, &self.lowers)
    }

    /// Those of its signs that the name of a principal fits.
    pub(super) fn fitting(&self, principal: &str) -> impl Iterator<Item = &Who> {
        self.who.iter().filter(move |who| who.names.iter().any(|glob| like(glob, principal)))
    }

    pub(super) fn hides(&self, kind: Kind, severity: Severity) -> bool {
        self.hides.holds(kind, severity)
    }

    pub(super) fn lowers(&self, kind: Kind, severity: Severity) -> bool {
        severity > Severity::Low && self.lowers.holds(kind, severity)
    }
}

impl Who {
    /// Does every event of the finding come from where it says? `whole`: does the finding name all of them?
    pub(super) fn agrees(&self, finding: &Finding, whole: bool) -> bool {
        let any = self.agents.is_empty() && self.providers.is_empty() && self.from.is_none();
        any || whole && Callers(finding).all(|caller| self.fits(caller))
    }

    fn fits(&self, caller: &Caller) -> bool {
        let one_of = |globs: &[String], text: &str| globs.is_empty() || globs.iter().any(|glob| like(glob, text));
        let agrees = one_of(&self.agents, &caller.agent) && one_of(&self.providers, &caller.provider);
        agrees && self.from.is_none_or(|place| place.holds(&caller.address))
    }
}

impl Reading {
    /// Is this API, `ec2:DescribeInstances`, a read that hands out neither secrets nor data?
    pub(super) fn is_read(&self, api: &str) -> bool {
        let name = api.split_once(':').map_or(api, |(_, name)| name);
        let verb = self.verbs.iter().any(|verb| name.starts_with(verb.as_str()));
        (verb || self.also.iter().any(|known| known == api)) && !self.never.iter().any(|known| known == api)
    }
}

/// Does the whole text fit the glob? `*` is any text, and the case of ASCII letters does not matter.
fn like(glob: &str, text: &str) -> bool {
    let first = glob.bytes().position(|byte| byte == b'*').unwrap_or(glob.len());
    let Some(mut rest) = after_start(text, &glob[..first]) else { return false };
    let mut parts = glob.split('*');
    parts.next();
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = (0..rest.len()).find(|at| rest.get(*at..).is_some_and(|rest| after_start(rest, part).is_some()))
        else {
            return part.is_empty();
        };
        rest = &rest[at + part.len()..];
    }
    let end = rest.len().checked_sub(last.len()).and_then(|at| rest.get(at..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(last))
}

fn after_start<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    let head = text.get(..start.len())?;
    head.eq_ignore_ascii_case(start).then(|| &text[start.len()..])
}

#[cfg(test)]
mod tests {
    use lapwing_detectors::catalog;

    use super::*;
    use crate::rules::listed::PACK;

    #[test]
    fn the_built_in_ones_are_right() {
        let profiles = Profiles::read(TEXT).unwrap();
        let names: Vec<&str> = profiles.all.iter().map(|profile| profile.name.as_str()).collect();
        assert_eq!(
            names,
            ["aws_services", "called_by_aws", "scanners", "deploy_robots", "pipelines", "identity_center", "habits"]
        );
        let ids: usize = profiles.kinds.values().map(Vec::len).sum();
        assert_eq!(profiles.by_id.len(), ids, "something has two kinds");
        for id in profiles.by_id.keys() {
            assert!(catalog::about(id).is_some() || PACK.iter().any(|rule| rule.about.id == id), "{id}: nobody has it");
        }
    }

    #[test]
    fn nothing_grave_is_noise_of_a_profile() {
        let profiles = Profiles::read(TEXT).unwrap();
        for profile in &profiles.all {
            for severity in [Severity::High, Severity::Critical] {
                assert!(!profile.hides.holds(Kind::Refusals, severity), "{}", profile.name);
            }
            for reach in [&profile.hides, &profile.lowers] {
                assert!(!reach.kinds.contains(&Kind::Grave), "{}", profile.name);
            }
        }
        for rule in PACK.iter().filter(|rule| rule.severity >= Severity::High) {
            assert!(matches!(profiles.kind_of(rule.about.id), None | Some(Kind::Grave)), "{}", rule.about.id);
        }
    }

    #[test]
    fn globs() {
        for (glob, text, fits) in [
            ("role/*prowler*", "role/Prowler-Scan", true),
            ("role/*prowler*", "role/team/prowler", true),
            ("role/*prowler*", "user/prowler", false),
            ("*.amazonaws.com", "ec2.amazonaws.com", true),
            ("*.amazonaws.com", "amazonaws.com", false),
            ("role/ci-*", "role/ci-", true),
            ("role/*-ci", "role/-ci", true),
            ("a*b*b", "ab", false),
            ("a*b*b", "abb", true),
            ("a*é*c", "aéc", true),
            ("a", "ab", false),
            ("a*", "é", false),
        ] {
            assert_eq!(like(glob, text), fits, "{glob} {text}");
        }
    }

    #[test]
    fn reads() {
        for (api, read) in [
            ("ec2:DescribeInstances", true),
            ("sts:AssumeRole", true),
            ("s3:GetObject", false),
            ("iam:CreateUser", false),
        ] {
            assert_eq!(profiles().reading.is_read(api), read, "{api}");
        }
    }
}
