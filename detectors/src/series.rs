//! A series: one measure of an entity, and what is usual for it, as far as its hours were learnt.
//!
//! Most series are *light*: of their last active hours the sums are kept, and a model is made of them when somebody
//! asks. One that was busy once has a model of its own from then on, which learns minute by minute.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::cell::Cell;
use crate::measure::Measure;
use crate::stand::{Lessons, Model, Rows, Stand, Stands};
use crate::stats::rate::{RateProfile, RateWindows};
use crate::time::{HOUR, Hour, Minute};

/// Active hours that a light series is judged on.
const BASELINE: usize = 24;
/// Active hours kept: more, so that late data is judged on what was usual then.
const KEPT: usize = 36;
/// Events in two hours that make a series a busy one. Fewer are never a finding.
const BUSY: u64 = 20;

/// One measure of an entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) measure: Measure,
    /// The first hour that it was active in.
    since: Hour,
    hours: VecDeque<ActiveHour>,
    busy: Option<Box<Stands<RateProfile>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ActiveHour {
    hour: Hour,
    sum: u32,
}

impl Model for RateProfile {
    type Row = u32;

    fn learn_row(&mut self, minute: Minute, row: u32) {
        self.learn(minute.0, row);
    }

    fn pass_to(&mut self, minute: Minute) {
        self.advance(minute.0);
    }

    fn bytes(&self) -> Vec<u8> {
        self.encode()
    }

    fn of_bytes(bytes: &[u8]) -> Option<RateProfile> {
        RateProfile::decode(bytes)
    }
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
        if self.busy.is_none() && self.two_hours(hour) >= BUSY {
            let model = self.light(hour).unwrap_or_else(|| RateProfile::new(hour.first().0));
            self.busy = Some(Box::new(Stands::new(hour, model)));
        }
        if let Some(busy) = &mut self.busy {
            busy.learn(hour, minutes.to_vec(), open);
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

    /// What an hour and the one before it had together.
    pub(crate) fn two_hours(&self, hour: Hour) -> u64 {
        u64::from(self.sum_of(hour)) + u64::from(self.sum_of(hour.before()))
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
            busy.put_away(end);
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
    fn stand(&self, bound: Hour) -> Option<Stand<RateProfile>> {
        match &self.busy {
            Some(busy) if busy.covers(bound) => busy.stand(bound),
            _ => self.light(bound).map(|model| Stand { at: bound, model }),
        }
    }

    /// The first hour whose cell must be known to judge on what was usual as of `bound`.
    pub(crate) fn reach(&self, bound: Hour) -> Hour {
        self.busy.as_ref().map_or(bound, |busy| busy.reach(bound))
    }

    /// About how unusual windows are, without what was not learnt yet: enough to see that they are not.
    pub(crate) fn glance(&self, asked: &RateWindows, bound: Hour) -> f64 {
        // Not whether it is busy by now: the same minute would be looked at otherwise when somebody asks later.
        match &self.busy {
            Some(busy) if busy.covers(bound.before()) && busy.newest().at <= bound => {
                busy.newest().model.judge(asked).t
            }
            Some(busy) if busy.covers(bound.before()) => f64::INFINITY,
            // What an hour had that is known, in whichever minutes, is no surprise in another one.
            _ if self.baseline(bound).any(|(_, n)| f64::from(n) >= asked.sums[3]) => 0.0,
            _ => f64::INFINITY,
        }
    }

    /// A model as of `bound`, with what came in time since then, by minute.
    pub(crate) fn teach<'c>(
        &self,
        bound: Hour,
        cells: impl Iterator<Item = (Hour, &'c Cell)>,
    ) -> Option<Lessons<RateProfile>> {
        let waiting = self.busy.iter().flat_map(|busy| busy.waiting());
        Some(Lessons::new(self.stand(bound)?, waiting, cells, |cell| self.rows_of(cell)))
    }

    fn rows_of(&self, cell: &Cell) -> Rows<u32> {
        let all = cell.on_time_of(self.measure, 0, HOUR as u8 - 1);
        let mut rows: Rows<u32> = all.map(|part| (part.minute, part.n)).collect();
        // Occurrences are one by one.
        rows.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 = kept.1.saturating_add(if same { next.1 } else { 0 });
            same
        });
        rows
    }
}
