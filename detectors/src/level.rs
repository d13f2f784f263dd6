//! Levels: how surprising a finding must be on a day, so that people get as many alerts as their budget says.
//!
//! What is compared with the usual has a probability, and its settings say how small that must be. On some accounts that
//! is too little to ask, on others too much. So each day has a level, by which all of them are asked for more or less. It
//! follows from the peaks of the days before: each series' most surprising minute of a day. It rests on no day after the
//! one before yesterday, all of which is complete when the first minute of the day is judged, and on nothing that came
//! late. So whoever judges a minute, whenever, asks for the same.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};

use crate::day::{Budget, Day};
use crate::detector::{About, Trigger, Verdict};
use crate::entity::Entity;
use crate::hash::hash_of;
use crate::severity::Severity;
use crate::time::Minute;

/// How many days a day comes after the last one that its level rests on.
pub const BEHIND: i32 = 2;
/// A level that stood so many days ago says nothing of today.
pub const FORGOTTEN: i32 = 10;
/// Parts that the peaks of a day are kept in.
pub const PARTS: u64 = 8;
/// Peaks that a part keeps: the highest. A level is set by the few highest ones.
const KEPT: usize = 128;
/// Steps of a histogram, of a tenth of a power of ten each.
const STEPS: usize = 64;
/// What is left of a day's weight on the day after: half of it after three days.
const DECAY: f64 = 0.793_700_525_984_099_8;
/// Days of evidence below which no level falls: two that were quiet may be chance.
const KNOWN_DAYS: f64 = 3.0;

/// What is governed by one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Pool {
    /// Rates and shares, compared with the usual minute by minute.
    Compared,
    /// What is first seen. Its chances are by day, and never as small.
    News,
}

impl Pool {
    /// By how much its level may be below and above the settings, in tenths.
    fn bounds(self) -> (i8, i8) {
        match self {
            Pool::Compared => (-15, 30),
            // What is new of an entity that showed nothing new for weeks is always told.
            Pool::News => (0, 7),
        }
    }

    /// The least that any level asks for, beyond the settings.
    #[must_use]
    pub fn lowest(self) -> f64 {
        f64::from(self.bounds().0) / 10.0
    }
}

impl About {
    /// The level that governs what it finds, as far as that has a chance and is not grave.
    #[must_use]
    pub fn pool(&self) -> Pool {
        match self.trigger {
            Trigger::Facets(_) => Pool::News,
            Trigger::Measures(_) | Trigger::Slots(_) => Pool::Compared,
        }
    }
}

/// How surprising something is, and how surprising its settings ask it to be: each -log10 of a chance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Surprise {
    /// It is this.
    pub t: f64,
    /// Its settings ask for this.
    pub asked: f64,
}

/// Is this for the level to decide? Only what has a chance is, and only if it is not grave.
#[must_use]
pub fn governs(verdict: &Verdict, cap: Severity) -> bool {
    verdict.surprise.is_some() && verdict.severity.min(cap) <= Severity::Medium
}

/// The level of a day: by how much findings must be more surprising than their settings say, in tenths of a power of ten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// For what is compared with the usual: -15 to 30.
    pub compared: i8,
    /// For what is first seen: 0 to 7.
    pub news: i8,
}

impl Level {
    /// The same in powers of ten.
    #[must_use]
    pub fn of(self, pool: Pool) -> f64 {
        let tenths = match pool {
            Pool::Compared => self.compared,
            Pool::News => self.news,
        };
        f64::from(tenths) / 10.0
    }

    /// What it asks for and why; nothing where it asks for what the settings do.
    #[must_use]
    pub(crate) fn said(self, pool: Pool, Surprise { t, asked }: Surprise) -> String {
        let raise = self.of(pool);
        if raise == 0.0 {
            return String::new();
        }
        let (by, asks) = (raise.abs(), asked + raise);
        let (more, came) = if raise > 0.0 { ("more", "more") } else { ("less", "fewer") };
        format!(
            "; surprise {t:.1}, and the level of that day asks for {asks:.1}: {by:.1} {more} than the settings, as {came} \
             came before than the budget has room for"
        )
    }
}

/// The levels of days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Levels(BTreeMap<Day, Level>);

impl Levels {
    /// Notes the level of a day.
    pub fn set(&mut self, day: Day, level: Level) {
        self.0.insert(day, level);
    }

    /// That of the day of a minute: the settings' own before the first that was noted, the last one after it.
    #[must_use]
    pub fn of(&self, minute: Minute) -> Level {
        self.0.range(..=Day::of_minute(minute)).next_back().map(|(_, level)| *level).unwrap_or_default()
    }

    /// Is that of this very day noted?
    #[must_use]
    pub fn has(&self, day: Day) -> bool {
        self.0.contains_key(&day)
    }

    /// Forgets the days before one.
    pub fn forget(&mut self, first: Day) {
        self.0 = self.0.split_off(&first);
    }

    /// The days on which the level became another one, with that.
    pub fn changes(&self) -> impl Iterator<Item = (Day, Level)> + '_ {
        let mut before = Level::default();
        self.0
            .iter()
            .filter(move |(_, level)| std::mem::replace(&mut before, **level) != **level)
            .map(|(d, l)| (*d, *l))
    }
}

/// The most surprising that a series was in some minutes of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peak {
    /// The day.
    pub day: Day,
    pool: Pool,
    /// A hash of detector and entity.
    series: u64,
    /// Its step in the histogram.
    step: u8,
}

impl Peak {
    /// What a minute adds, if the level governs it.
    #[must_use]
    pub fn of(minute: Minute, (detector, entity): (&str, &Entity), (pool, surprise): (Pool, Surprise)) -> Peak {
        let lowest = f64::from(pool.bounds().0);
        // A little more, so that what is exactly on a step stays there.
        let tenths = (10.0 * (surprise.t - surprise.asked) + 1e-6).floor();
        let step = (tenths - lowest).clamp(0.0, (STEPS - 1) as f64) as u8;
        let series = hash_of(&[detector, &entity.to_string()]);
        Peak { day: Day::of_minute(minute), pool, series, step }
    }

    /// The part of its day that keeps it.
    #[must_use]
    pub fn part(&self) -> u64 {
        self.series % PARTS
    }
}

/// The peaks of a day: of each series the highest, whatever the order they come in and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peaks(BTreeMap<(Pool, u64), u8>);

impl Peaks {
    /// Adds one.
    pub fn add(&mut self, peak: Peak) {
        match self.0.entry((peak.pool, peak.series)) {
            Entry::Occupied(mut held) => *held.get_mut() = peak.step.max(*held.get()),
            Entry::Vacant(place) => {
                place.insert(peak.step);
                self.bound(peak.part());
            }
        }
    }

    /// What was pushed out by higher ones comes back once it is among the highest itself: any order keeps the same.
    fn bound(&mut self, part: u64) {
        let of_part = |((_, series), _): &(&(Pool, u64), &u8)| series % PARTS == part;
        if self.0.iter().filter(of_part).count() > KEPT {
            let lowest = self.0.iter().filter(of_part).min_by_key(|(place, step)| (**step, **place));
            if let Some(place) = lowest.map(|(place, _)| *place) {
                self.0.remove(&place);
            }
        }
    }

    /// Adds those of another part.
    pub fn merge(&mut self, other: Peaks) {
        self.0.extend(other.0);
    }

    fn steps_of(&self, pool: Pool) -> impl Iterator<Item = u8> + '_ {
        self.0.iter().filter(move |((of, _), _)| *of == pool).map(|(_, step)| *step)
    }
}

/// Where a day stands: what was seen before it, and the level that follows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    compared: Vec<f64>,
    news: Vec<f64>,
    /// The days of evidence, those longer ago for less.
    days: f64,
    /// The level of the day.
    pub level: Level,
}

impl Standing {
    /// Where the next day stands, given the peaks of the newest day that its level rests on.
    #[must_use]
    pub fn next(&self, peaks: &Peaks, budget: Budget) -> Standing {
        if self.days == 0.0 && peaks.0.is_empty() {
            return Standing::default();
        }
        let add = |seen: &[f64], pool| {
            let mut seen: Vec<f64> = seen.iter().map(|n| n * DECAY).collect();
            seen.resize(STEPS, 0.0);
            peaks.steps_of(pool).for_each(|step| seen[usize::from(step)] += 1.0);
            seen
        };
        let (compared, news) = (add(&self.compared, Pool::Compared), add(&self.news, Pool::News));
        let mut next = Standing { compared, news, days: self.days * DECAY + 1.0, level: Level::default() };
        next.level = next.level_for(f64::from(budget.per_day));
        next
    }

    /// What is new gets half of the budget at most, and what is compared gets the rest.
    fn level_for(&self, budget: f64) -> Level {
        if budget == 0.0 {
            return Level::default();
        }
        let news = self.least(Pool::News, budget / 2.0);
        let compared = self.least(Pool::Compared, budget - self.per_day(Pool::News, news).min(budget / 2.0));
        let known = self.days >= KNOWN_DAYS;
        Level { compared: if known { compared } else { compared.max(0) }, news }
    }

    /// The least level that no more than so many series a day exceed.
    fn least(&self, pool: Pool, budget: f64) -> i8 {
        let (least, most) = pool.bounds();
        (least..most).find(|tenths| self.per_day(pool, *tenths) <= budget).unwrap_or(most)
    }

    /// How many series a day reach a level.
    fn per_day(&self, pool: Pool, tenths: i8) -> f64 {
        let seen = match pool {
            Pool::Compared => &self.compared,
            Pool::News => &self.news,
        };
        seen.iter().skip((tenths - pool.bounds().0) as usize).sum::<f64>() / self.days
    }
}

#[cfg(test)]
mod tests;
