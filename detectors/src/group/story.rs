//! Stories: of alerts about one principal, one soon after the other, the gravest tells of the others.
//!
//! They follow from the alerts alone, so everybody who has these has the same stories, in whatever order they came.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::course::{Course, day};
use super::{Book, QUIET_MINUTES};
use crate::alert::AlertId;
use crate::detector::{About, Engine, Nature};
use crate::entity::{Entity, Family};
use crate::severity::Severity;
use crate::stage::Stage;
use crate::tactic::Tactic;
use crate::time::Minute;

use super::news::Change;

/// Which alerts that are told together are part of which other ones.
#[derive(Debug, Default)]
pub struct Stories {
    leaders: HashMap<AlertId, AlertId>,
    parts: HashMap<AlertId, Vec<usize>>,
}

impl Stories {
    /// The alert that tells of this one.
    #[must_use]
    pub fn leader(&self, part: AlertId) -> Option<AlertId> {
        self.leaders.get(&part).copied()
    }

    /// The places, among the changes that were asked about, of those that an alert tells of.
    #[must_use]
    pub fn parts(&self, leader: AlertId) -> &[usize] {
        self.parts.get(&leader).map_or(&[], Vec::as_slice)
    }

    /// Gathers the alerts of one principal and day around the gravest, the rest around the gravest of these, and so on.
    fn gather(&mut self, mut left: Vec<Piece>) {
        left.sort_by_key(|piece| Reverse(piece.rank()));
        while !left.is_empty() {
            let leader = left.remove(0);
            if leader.about.nature == Nature::Condition {
                continue;
            }
            let (mut from, mut to) = (leader.first, leader.last);
            while let Some(place) = left.iter().position(|piece| piece.is_part_of(&leader, from, to)) {
                let part = left.remove(place);
                (from, to) = (from.min(part.first), to.max(part.last));
                self.leaders.insert(part.id, leader.id);
                self.parts.entry(leader.id).or_default().push(part.at);
            }
        }
    }
}

/// An alert that opens.
struct Piece {
    /// Its place among the changes.
    at: usize,
    id: AlertId,
    about: &'static About,
    severity: Severity,
    stage: Stage,
    first: Minute,
    last: Minute,
}

impl Piece {
    fn of(at: usize, course: &Course) -> Piece {
        let (id, first, last) = (course.id(), course.first(), course.last());
        let (about, stage) = (course.best.about, course.best.stage);
        Piece { at, id, about, severity: course.severity().min(course.best.cap), stage, first, last }
    }

    /// The graver, then the one that is sent sooner, then the earlier.
    fn rank(&self) -> impl Ord + use<> {
        (self.severity, self.stage, Reverse((self.first, self.id)))
    }

    /// Is it told with a graver alert, the story of which reaches from one minute to another?
    fn is_part_of(&self, leader: &Piece, from: Minute, to: Minute) -> bool {
        let near = from.plus(-QUIET_MINUTES) < self.first && self.last < to.plus(QUIET_MINUTES);
        near && !self.about.never_muted
            && self.stage <= leader.stage
            && (self.stage < Stage::Alert || self.follows(leader))
    }

    /// Of what is sent by itself: was enough said of it before?
    fn follows(&self, leader: &Piece) -> bool {
        let same = || Tactic::of(self.about.attack) == Tactic::of(leader.about.attack);
        leader.first <= self.first
            && match self.severity {
                Severity::Critical => false,
                Severity::High => same(),
                Severity::Medium | Severity::Low | Severity::Info => true,
            }
    }
}

impl Book {
    /// The stories among alerts that open together at the end of all data. An incident is made of others: it is neither
    /// part nor whole.
    #[must_use]
    pub fn stories(&self, changes: &[Change], engine: &Engine) -> Stories {
        let mut days: BTreeMap<(&Entity, i32), Vec<Piece>> = BTreeMap::new();
        for (at, change) in changes.iter().enumerate() {
            let Some((entity, course)) = self.opened(change) else { continue };
            let told = course.best.stage >= Stage::Digest && !engine.relates(course.best.about.id);
            if told && entity.family == Family::Principal {
                days.entry((entity, day(course.first()))).or_default().push(Piece::of(at, course));
            }
        }
        let mut stories = Stories::default();
        days.into_values().for_each(|pieces| stories.gather(pieces));
        stories
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::about;

    /// Alerts as `name detector severity stage first-last`, and the stories among them as `leader: parts`.
    fn check(alerts: &[&str], expected: &[&str]) {
        let mut names: BTreeMap<AlertId, &str> = BTreeMap::new();
        let mut pieces = Vec::new();
        for (at, alert) in alerts.iter().enumerate() {
            let [name, detector, severity, stage, minutes] = *alert.split(' ').collect::<Vec<_>>() else {
                panic!("{alert}: five words")
            };
            let (first, last) = minutes.split_once('-').unwrap();
            let [first, last] = [first, last].map(|minute| Minute(minute.parse().unwrap()));
            let stage = if stage == "single" { Stage::Alert } else { Stage::Digest };
            let severity = Severity::from_name(severity).unwrap();
            let (id, about) = (AlertId(at as u64), about(detector).unwrap());
            names.insert(id, name);
            pieces.push(Piece { at, id, about, severity, stage, first, last });
        }
        let told = |pieces: Vec<Piece>| {
            let mut stories = Stories::default();
            stories.gather(pieces);
            let of = |leader: &AlertId| {
                let mut parts: Vec<&str> =
                    stories.parts(*leader).iter().map(|at| names[&AlertId(*at as u64)]).collect();
                parts.sort_unstable();
                format!("{}: {}", names[leader], parts.join(" "))
            };
            let mut told: Vec<String> = stories.parts.keys().map(of).collect();
            told.sort_unstable();
            told
        };
        let copy = |piece: &Piece| Piece { ..*piece };
        assert_eq!(told(pieces.iter().rev().map(copy).collect()), expected, "backwards");
        assert_eq!(told(pieces), expected);
    }

    #[test]
    fn the_gravest_tells_of_what_goes_into_the_digest() {
        check(
            &[
                "a denied-burst low digest 0-5",
                "b root-use high single 40-50",
                "c denied-on-one-api low digest 55-58",
                "d new-api medium digest 100-100",
                "e new-key low digest 170-170",
            ],
            &["b: a c d"],
        );
    }

    #[test]
    fn what_is_sent_by_itself_is_part_of_what_was_sent_before() {
        check(&["a root-use high single 0-5", "b denied-burst medium single 10-12"], &["a: b"]);
        check(&["a root-use high single 20-25", "b denied-burst medium single 10-12"], &[]);
        check(&["a root-use medium digest 0-5", "b denied-burst medium single 10-12"], &["b: a"]);
    }

    #[test]
    fn what_is_grave_is_part_of_the_same_tactic_alone() {
        check(&["a root-use high single 0-5", "b denied-burst high single 10-12"], &[]);
        check(&["a root-use high single 0-5", "b console-login-without-mfa high single 10-12"], &["a: b"]);
        check(&["a root-use critical single 0-5", "b console-login-without-mfa critical single 10-12"], &[]);
        check(&["a root-use critical single 0-5", "b trail-tampering high digest 10-12"], &[]);
    }

    #[test]
    fn rates_are_parts_and_tell_of_nothing() {
        check(&["a api-call-rate high single 0-5", "b denied-burst low digest 3-4"], &[]);
        check(&["a root-use high single 0-5", "b api-call-rate medium single 10-12"], &["a: b"]);
    }

    #[test]
    fn a_story_reaches_as_far_as_its_parts() {
        check(
            &["a root-use high single 0-0", "b new-api low digest 50-50", "c new-key low digest 100-100"],
            &["a: b c"],
        );
        check(&["a root-use high single 0-0", "b new-api low digest 0-90"], &[]);
    }
}
