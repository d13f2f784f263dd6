//! What was found, read from what a store says is to be judged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use lapwing::store::Due;
use lapwing_detectors::detector::{Engine, Timing};
use lapwing_detectors::entity::Entity;
use lapwing_detectors::judge::Finding;
use lapwing_detectors::profile::Profile;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::time::Minute;

/// Entity, minute and detector.
type Key = (Entity, Minute, &'static str);

/// A detector that speaks of what profiles have learnt from counters.
const COUNTING: &str = "api-call-rate";

/// What a finding says that must be the same however deliveries come.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Said {
    severity: Severity,
    seen: u64,
    expected: Option<f64>,
    /// How many changes it names as made before.
    causes: usize,
}

/// The confirmed findings, as they stand after the last time that each minute was judged.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Ledger {
    confirmed: BTreeMap<Key, Said>,
    crossed: BTreeSet<Key>,
    /// What is usual for each entity at the end.
    pub(super) learnt: BTreeMap<Entity, Option<Arc<Profile>>>,
    /// Laws that were broken on the way.
    pub(super) broken: Vec<String>,
}

impl Ledger {
    pub(super) fn judge(&mut self, engine: &Engine, due: &[Due]) {
        for (known, range) in due {
            let mut found = Vec::new();
            engine.judge(known, *range, &mut found);
            if range.complete {
                self.confirm(&known.entity, (range.from, range.to), found);
            } else {
                let crossed = found.iter().filter(|finding| finding.about.timing == Timing::Monotone);
                self.crossed.extend(crossed.map(key_of));
            }
        }
    }

    fn confirm(&mut self, entity: &Entity, (from, to): (Minute, Minute), found: Vec<Finding>) {
        let span = (entity.clone(), from, "")..=(entity.clone(), to, "\u{7f}");
        let stale: Vec<Key> = self.confirmed.range(span).map(|(key, _)| key.clone()).collect();
        for key in stale {
            self.confirmed.remove(&key);
        }
        for finding in found {
            if finding.about.timing == Timing::Monotone {
                self.crossed.insert(key_of(&finding));
            }
            let verdict = &finding.verdict;
            let causes = finding.causes.len();
            let said = Said { severity: verdict.severity, seen: verdict.seen, expected: verdict.expected, causes };
            self.confirmed.insert(key_of(&finding), said);
        }
    }

    /// Checks, at the end, that no crossing was taken back (law 4).
    pub(super) fn close(&mut self) {
        for key in &self.crossed {
            if !self.confirmed.contains_key(key) {
                self.broken.push(format!("a crossing was withdrawn: {}", shown(key)));
            }
        }
    }

    /// The detectors that spoke.
    pub(super) fn detectors(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.confirmed.keys().map(|(_, _, detector)| *detector)
    }

    /// What these detectors said otherwise than in the orderly run; empty when it is the same.
    pub(super) fn differences(&self, orderly: &Ledger, counts: impl Fn(&str) -> bool) -> String {
        let mut out = String::new();
        let keys: BTreeSet<&Key> = self.confirmed.keys().chain(orderly.confirmed.keys()).collect();
        for key in keys.into_iter().filter(|key| counts(key.2)) {
            let (here, there) = (self.confirmed.get(key), orderly.confirmed.get(key));
            if here != there {
                let _ = writeln!(out, "{}: {here:?}, in the orderly run {there:?}", shown(key));
            }
        }
        // An event that comes again in another delivery may count twice.
        if counts(COUNTING) && self.learnt != orderly.learnt {
            let differs = self.learnt.iter().filter(|(entity, profile)| orderly.learnt.get(*entity) != Some(*profile));
            for (entity, profile) in differs {
                let _ = writeln!(
                    out,
                    "{entity} has learnt {profile:?}, in the orderly run {:?}",
                    orderly.learnt.get(entity)
                );
            }
        }
        for law in self.broken.iter().chain(&orderly.broken) {
            let _ = writeln!(out, "{law}");
        }
        out
    }
}

fn key_of(finding: &Finding) -> Key {
    (finding.entity.clone(), finding.minute, finding.about.id)
}

fn shown((entity, minute, detector): &Key) -> String {
    format!("{detector} {entity} {}", minute.start().format("%H:%M"))
}
