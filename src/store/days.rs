//! What everyone must agree on about a day: what was spent of its budget, and who sends what is sent once a day.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use lapwing_detectors::alert::{Alert, Status};
use lapwing_detectors::day::{Budget, Day, Digest, Reason, Spent};
use lapwing_detectors::profile::Lateness;
use lapwing_detectors::stage::Stage;
use serde::{Deserialize, Serialize};

/// How long after the lateness of its last minute a day waits for ticks to judge that.
const SLACK: TimeDelta = TimeDelta::minutes(15);
/// Days whose digests a tick looks for: further back nothing is left to be sent.
pub(super) const BACK: i32 = 3;

/// Who does something, and until when others leave it alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) owner: u64,
    pub(super) now: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
}

/// Something to be sent once: whoever takes it has the time of a lease to do it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Errand {
    #[default]
    Open,
    Taken {
        by: u64,
        #[serde(with = "chrono::serde::ts_milliseconds")]
        until: DateTime<Utc>,
    },
    Done,
}

impl Errand {
    /// Takes it, unless another one has it or it is done; says whether it is taken now.
    pub(super) fn take(&mut self, claim: Claim) -> bool {
        let free = match *self {
            Errand::Open => true,
            Errand::Taken { by, until } => by == claim.owner || until <= claim.now,
            Errand::Done => false,
        };
        if free {
            *self = Errand::Taken { by: claim.owner, until: claim.until };
        }
        free
    }
}

/// Something that is said once a day, beside the alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Daily {
    /// That the budget of the day is spent.
    Spent(Day),
    /// What the day gathered.
    Digest(Day),
}

/// How a change of an alert is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By itself, now.
    Single,
    /// In the digest of its day.
    Digest,
}

/// What was decided about a change of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// How it is sent.
    pub way: Way,
    /// The day whose budget this one found spent, where somebody must say so first.
    pub spent: Option<Day>,
}

impl Placed {
    /// Of what asks nobody.
    pub(super) fn by(way: Way) -> Placed {
        Placed { way, spent: None }
    }
}

/// What was decided on a day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) spent: Spent,
    pub(super) told: Errand,
    pub(super) digest: Errand,
}

impl Note {
    /// Decides about a change that the budget governs: the same as often as it is asked.
    pub(super) fn place(&mut self, alert: &Alert, (day, budget): (Day, Budget), claim: Claim) -> Placed {
        let single = match alert.status {
            Status::Resolved => self.spent.has(alert.id),
            Status::Open | Status::Update => self.spent.takes(alert, budget),
        };
        if single {
            return Placed::by(Way::Single);
        }
        let says = alert.status == Status::Open && self.spent.all(budget) && self.told.take(claim);
        Placed { way: Way::Digest, spent: says.then_some(day) }
    }
}

/// Why a change goes into a digest; nothing where it is said already that there is such an alert.
pub(super) fn reason(alert: &Alert) -> Option<Reason> {
    if alert.status != Status::Open || alert.merged_into.is_some() {
        return None;
    }
    Some(match (alert.part_of, alert.stage) {
        (Some(_), _) => Reason::Folded,
        (None, Stage::Alert) => Reason::Budget,
        (None, Stage::Digest | Stage::Observe) => Reason::Stage,
    })
}

/// The last day of which nothing more is expected at `now`.
pub(super) fn closed(now: DateTime<Utc>, lateness: Lateness) -> Day {
    let longest = TimeDelta::minutes(i64::from(lateness.lambda.max(lateness.cloudtrail).0));
    Day::of(now.checked_sub_signed(longest + SLACK).unwrap_or(now)).before()
}

/// The day that an alert belongs to at `now`: its own, or the first that still gathers where that is over.
pub(super) fn day_of(alert: &Alert, now: DateTime<Utc>, lateness: Lateness) -> Day {
    Day::of(alert.raised_at).min(Day::of(now)).max(closed(now, lateness).after())
}

/// The days in the memory of one instance.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Days(BTreeMap<Day, (Note, Digest)>);

impl Days {
    /// Decides how a change of an alert of this day is sent, and notes it.
    pub(super) fn place(&mut self, alert: &Alert, (day, budget): (Day, Budget)) -> Placed {
        let now = alert.raised_at;
        let claim = Claim { owner: 0, now, until: now };
        let yesterday = self.0.get(&day.before()).is_some_and(|(note, _)| note.spent.has(alert.id));
        let (note, digest) = self.0.entry(day).or_default();
        let placed = match alert.stage {
            _ if alert.part_of.is_some() => Placed::by(Way::Digest),
            Stage::Digest | Stage::Observe => Placed::by(Way::Digest),
            Stage::Alert if !Budget::governs(alert) => Placed::by(Way::Single),
            Stage::Alert if yesterday && alert.status != Status::Open => Placed::by(Way::Single),
            Stage::Alert => note.place(alert, (day, budget), claim),
        };
        if let Some(reason) = reason(alert).filter(|_| placed.way == Way::Digest) {
            digest.enter(alert, reason);
        }
        placed
    }

    /// The oldest digest up to a day that was not sent.
    pub(super) fn unsent(&mut self, last: Day) -> Option<(Day, Digest)> {
        self.forget(Day(last.0 - BACK));
        let unsent = |(note, digest): &(Note, Digest)| note.digest != Errand::Done && digest.alerts() > 0;
        self.0.range(..=last).find(|(_, held)| unsent(held)).map(|(day, (_, digest))| (*day, digest.clone()))
    }

    /// Notes that something was said.
    pub(super) fn said(&mut self, daily: Daily) {
        match daily {
            Daily::Spent(day) => self.0.entry(day).or_default().0.told = Errand::Done,
            Daily::Digest(day) => self.0.entry(day).or_default().0.digest = Errand::Done,
        }
    }

    /// Forgets the days before one.
    pub(super) fn forget(&mut self, first: Day) {
        self.0 = self.0.split_off(&first);
    }

    /// The days that gathered something, with that.
    pub(super) fn digests(&self) -> impl Iterator<Item = (Day, &Digest)> {
        self.0.iter().map(|(day, (_, digest))| (*day, digest)).filter(|(_, digest)| digest.alerts() > 0)
    }
}

#[cfg(test)]
mod tests;
