//! A series: one measure of an entity, and what is usual for it, as far as its hours were learnt.
//!
//! Most series are *light*: of their last active hours the sums are kept, and a model is made of them when somebody
//! asks. One that was busy once has a model of its own from then on, which learns minute by minute. A model cannot look
//! back, so it stands some hours behind, and what came since waits; an older one stands a day or two behind, for what
//! comes late. Whoever asks gets a model as of some hour and teaches it what is left.

use std::collections::VecDeque;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::cell::Cell;
use crate::measure::Measure;
use crate::settings::Minutes;
use crate::stats::rate::{RateProfile, RateWindows};
use crate::time::{HOUR, Hour, Minute};

/// Active hours that a light series is judged on.
const BASELINE: usize = 24;
/// Active hours kept: more, so that late data is judged on what was usual then.
const KEPT: usize = 36;
/// Events in two hours that make a series a busy one. Fewer are never a finding.
const BUSY: u64 = 20;
/// Hours that wait beyond a lateness: until then an hour is judged when it is complete, and when the next one is.
const WAITING: i32 = 3;
/// Hours between the models, at least; and hours after which the older one is given up, however near the next one is.
const APART: i32 = 24;
const TOO_OLD: i32 = 72;

/// One measure of an entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) measure: Measure,
    /// The first hour that it was active in.
    since: Hour,
    hours: VecDeque<ActiveHour>,
    busy: Option<Box<Busy>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ActiveHour {
    hour: Hour,
    sum: u32,
}

/// What a series has that was busy once. Two are equal that know the same, wherever their models stand.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Busy {
    /// The first hour that was learnt minute by minute.
    from: Hour,
    older: Resting,
    /// What becomes the older one next.
    between: Option<Resting>,
    newer: Stand,
    /// The hours that the newer model has not learnt yet, in their order.
    waiting: VecDeque<Waiting>,
}

/// A model that has learnt the hours before `at`, and no other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stand {
    pub(crate) at: Hour,
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub(crate) model: RateProfile,
}

/// A [`Stand`] that is seldom asked, in its stored form: that takes a third of the room.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Resting {
    at: Hour,
    #[serde(serialize_with = "write_resting", deserialize_with = "read_resting")]
    model: Box<[u8]>,
}

impl Resting {
    fn of(stand: &Stand) -> Resting {
        Resting { at: stand.at, model: stand.model.encode().into() }
    }

    fn stand(&self) -> Option<Stand> {
        Some(Stand { at: self.at, model: RateProfile::decode(&self.model)? })
    }
}

/// What came in time in an hour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    hour: Hour,
    minutes: Vec<(u8, u32)>,
}

/// Hours that wait until the newer model learns them.
pub(crate) fn waiting(lateness: Minutes) -> i32 {
    WAITING + (lateness.0 as i32 + HOUR - 1) / HOUR
}

impl Series {
    pub(crate) fn new(measure: Measure, hour: Hour) -> Series {
        Series { measure, since: hour, hours: VecDeque::new(), busy: None }
    }

    /// Learns what came in time in the minutes of an hour, instead of what it learnt of that hour before. The hours
    /// that are `open` hours older than the newest go into the model.
    pub(crate) fn learn(&mut self, hour: Hour, minutes: &[(u8, u32)], open: i32) {
        let sum = minutes.iter().fold(0_u32, |sum, (_, n)| sum.saturating_add(*n));
        self.since = self.since.min(hour);
        if !self.push(ActiveHour { hour, sum }) {
            return;
        }
        if self.busy.is_none() && u64::from(sum) + u64::from(self.sum_of(hour.before())) >= BUSY {
            let model = self.light(hour).unwrap_or_else(|| RateProfile::new(hour.first().0));
            let stand = Stand { at: hour, model };
            let (older, waiting) = (Resting::of(&stand), VecDeque::new());
            self.busy = Some(Box::new(Busy { from: hour, older, between: None, newer: stand, waiting }));
        }
        if let Some(busy) = &mut self.busy {
            busy.learn(Waiting { hour, minutes: minutes.to_vec() });
            let newest = busy.waiting.back().map_or(hour, |waiting| waiting.hour);
            busy.settle(Hour(newest.0.saturating_sub(open - 1)));
        }
    }

    /// Notes an active hour; says whether there is room for it.
    fn push(&mut self, learnt: ActiveHour) -> bool {
        // Hours are mostly learnt in their order: then the new one is the last, and nothing is searched or moved.
        let newest = self.hours.back().is_none_or(|last| last.hour < learnt.hour);
        let place = if newest { self.hours.len() } else { self.hours.partition_point(|held| held.hour < learnt.hour) };
        if let Some(held) = self.hours.get_mut(place).filter(|held| held.hour == learnt.hour) {
            *held = learnt;
            return true;
        }
        let full = self.hours.len() >= KEPT;
        // Older than all that is kept, it finds no room.
        if full && place == 0 {
            return false;
        }
        if full {
            self.hours.pop_front();
        } else if self.hours.len() == self.hours.capacity() {
            // Doubled, it would take room for more than are ever kept.
            self.hours.reserve_exact((self.hours.len() / 2 + 2).min(KEPT - self.hours.len()));
        }
        self.hours.insert(place - usize::from(full), learnt);
        true
    }

    fn sum_of(&self, hour: Hour) -> u32 {
        self.hours
            .iter()
            .rev()
            .find(|held| held.hour <= hour)
            .filter(|held| held.hour == hour)
            .map_or(0, |held| held.sum)
    }

    /// Teaches the model all hours before `end`; those from then on are forgotten, to be learnt again from their cells.
    pub(crate) fn settle(&mut self, end: Hour) {
        if let Some(busy) = &mut self.busy {
            busy.settle(end);
            busy.waiting.clear();
            busy.between = None;
        }
    }

    /// The newest hour that was learnt.
    pub(crate) fn newest(&self) -> Option<Hour> {
        self.hours.back().map(|active| active.hour)
    }

    pub(crate) fn since(&self) -> Hour {
        self.since
    }

    pub(crate) fn entries(&self) -> usize {
        self.hours.len()
    }

    /// The active hours of the baseline as of `bound`, with their sums.
    pub(crate) fn baseline(&self, bound: Hour) -> impl Iterator<Item = (Hour, u32)> + '_ {
        let end = self.hours.partition_point(|held| held.hour < bound);
        self.hours.range(end.saturating_sub(BASELINE)..end).map(|held| (held.hour, held.sum))
    }

    /// A model of the active hours before `bound`, each learnt at one minute; nothing where there was none, or where
    /// those are not kept any more.
    fn light(&self, bound: Hour) -> Option<RateProfile> {
        let end = self.hours.partition_point(|held| held.hour < bound);
        if self.hours.len() >= KEPT && end < BASELINE {
            return None;
        }
        let hours = self.hours.range(end.saturating_sub(BASELINE)..end);
        let mut model = RateProfile::new(self.hours.get(end.saturating_sub(BASELINE))?.hour.first().0);
        for held in hours {
            // A different minute each time, so that none of them looks like a schedule.
            let minute = held.hour.0.wrapping_mul(37).rem_euclid(HOUR);
            model.learn(held.hour.first().plus(minute).0, held.sum);
        }
        Some(model.alive_since(self.since.first().0)).filter(|_| end > 0)
    }

    /// A model that has learnt the hours before some hour that is not after `bound`.
    fn stand(&self, bound: Hour) -> Option<Stand> {
        match &self.busy {
            Some(busy) if bound >= busy.from => busy.stand(bound),
            _ => self.light(bound).map(|model| Stand { at: bound, model }),
        }
    }

    /// The first hour whose cell must be known to judge on what was usual as of `bound`.
    pub(crate) fn reach(&self, bound: Hour) -> Hour {
        match &self.busy {
            Some(busy) if busy.newer.at > bound && bound >= busy.from => busy.older.at.min(bound),
            _ => bound,
        }
    }

    /// About how unusual windows are, without what was not learnt yet: enough to see that they are not.
    pub(crate) fn glance(&self, asked: &RateWindows, bound: Hour) -> f64 {
        match &self.busy {
            Some(busy) if busy.newer.at <= bound => busy.newer.model.judge(asked).t,
            Some(_) => f64::INFINITY,
            // What an hour had that is known, in whichever minutes, is no surprise in another one.
            None if self.baseline(bound).any(|(_, n)| f64::from(n) >= asked.sums[3]) => 0.0,
            None => f64::INFINITY,
        }
    }

    /// A model as of `bound`, with what came in time since then, by minute, up to the end of the last of the cells: of
    /// hours without a cell what waits.
    pub(crate) fn teach<'c>(&self, bound: Hour, cells: impl Iterator<Item = (Hour, &'c Cell)>) -> Option<Lessons> {
        let stand = self.stand(bound)?;
        let mut hours: Vec<(Hour, Vec<(i32, u32)>)> = Vec::new();
        for (hour, cell) in cells.filter(|(hour, _)| *hour >= stand.at) {
            let minutes = cell.on_time_of(self.measure, 0, HOUR as u8 - 1);
            hours.push((hour, minutes.map(|part| (hour.minute(part.minute).0, part.n)).collect()));
        }
        let waiting = self.busy.iter().flat_map(|busy| &busy.waiting).filter(|waiting| waiting.hour >= stand.at);
        for waiting in waiting {
            if hours.iter().all(|(hour, _)| *hour != waiting.hour) {
                let minutes = waiting.minutes.iter().map(|(minute, n)| (waiting.hour.minute(*minute).0, *n));
                hours.push((waiting.hour, minutes.collect()));
            }
        }
        hours.sort_by_key(|(hour, _)| *hour);
        let mut minutes: Vec<(i32, u32)> = hours.into_iter().flat_map(|(_, minutes)| minutes).collect();
        // Occurrences are one by one.
        minutes.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 = kept.1.saturating_add(if same { next.1 } else { 0 });
            same
        });
        Some(Lessons { model: stand.model, minutes: minutes.into() })
    }
}

impl PartialEq for Busy {
    fn eq(&self, other: &Busy) -> bool {
        let all = |busy: &Busy| {
            let mut busy = busy.clone();
            busy.settle(Hour(i32::MAX));
            busy.newer
        };
        self.from == other.from && all(self) == all(other)
    }
}

impl Busy {
    fn learn(&mut self, learnt: Waiting) {
        // What is in the model already cannot be learnt anew.
        if learnt.hour < self.newer.at {
            return;
        }
        let place = self.waiting.partition_point(|held| held.hour < learnt.hour);
        match self.waiting.get_mut(place).filter(|held| held.hour == learnt.hour) {
            Some(held) => *held = learnt,
            None => self.waiting.insert(place, learnt),
        }
    }

    /// Teaches the model the hours before `end`.
    fn settle(&mut self, end: Hour) {
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.hour < end) {
            let behind = |resting: &Resting| waiting.hour.0.saturating_sub(resting.at.0);
            let between = self.between.get_or_insert_with(|| Resting::of(&self.newer));
            if behind(between) >= APART || behind(&self.older) >= TOO_OLD {
                self.older = std::mem::replace(between, Resting::of(&self.newer));
            }
            for (minute, n) in waiting.minutes {
                self.newer.model.learn(waiting.hour.minute(minute).0, n);
            }
            self.newer.at = waiting.hour.after();
        }
    }

    fn stand(&self, bound: Hour) -> Option<Stand> {
        if self.newer.at <= bound {
            Some(self.newer.clone())
        } else {
            self.older.stand().filter(|stand| stand.at <= bound)
        }
    }
}

/// A model that is taught minute by minute while minutes are judged in their order.
#[derive(Debug)]
pub(crate) struct Lessons {
    model: RateProfile,
    minutes: VecDeque<(i32, u32)>,
}

impl Lessons {
    /// The model when all minutes before `known_to` are learnt.
    pub(crate) fn model(&mut self, known_to: Minute) -> &RateProfile {
        while let Some((minute, n)) = self.minutes.pop_front_if(|(minute, _)| *minute < known_to.0) {
            self.model.learn(minute, n);
        }
        self.model.advance(known_to.0);
        &self.model
    }
}

fn write<S: Serializer>(model: &RateProfile, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bytes(&model.encode())
}

fn read<'de, D: Deserializer<'de>>(from: D) -> Result<RateProfile, D::Error> {
    let bytes = Vec::<u8>::deserialize(from)?;
    RateProfile::decode(&bytes).ok_or_else(|| de::Error::custom("a model of a rate is damaged"))
}

fn write_resting<S: Serializer>(model: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bytes(model)
}

fn read_resting<'de, D: Deserializer<'de>>(from: D) -> Result<Box<[u8]>, D::Error> {
    Ok(read(from)?.encode().into())
}
