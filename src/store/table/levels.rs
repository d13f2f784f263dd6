//! The levels of days in the table: the evidence of each day in parts, and where each day stands, noted by the first who
//! needs to know. Whoever comes later reads what was noted, so that all ask for the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use hashbrown::HashSet;
use lapwing_detectors::day::Day;
use lapwing_detectors::judge::Judged;
use lapwing_detectors::level::{BEHIND, FORGOTTEN, Level, Levels, PARTS, Peak, Peaks, Standing};
use lapwing_detectors::settings::Minutes;
use lapwing_detectors::time::{Hour, Minute};

use super::access::{Access, SKEW};
use super::codec::unpack;
use super::keys::{BUCKET, Bucket, TICK};
use super::port::{Freshness, Place, Span, Table};
use super::store::TableStore;
use crate::store::StoreError;

/// Days whose levels an instance remembers.
const REMEMBERED: i32 = 40;
/// Peaks that an instance remembers to have noted.
const NOTED: usize = 10_000;

/// What an instance knows of levels.
#[derive(Debug, Default)]
pub(super) struct Levelled {
    pub(super) levels: Arc<Levels>,
    noted: HashSet<Peak>,
}

fn standing_of(day: Day) -> Place {
    Place { key: format!("day{day}").into(), sort: "level".into() }
}

fn part_of(day: Day, part: u64) -> Place {
    Place { key: format!("day{day}.{part}").into(), sort: "peaks".into() }
}

impl Levelled {
    /// Learns the levels of all days from one to another, and settles those that nobody has settled. Windows of a day may
    /// end on any day after the first.
    pub(super) async fn meet<T: Table>(
        &mut self,
        access: &Access<'_, T>,
        (first, last): (Day, Day),
    ) -> Result<(), StoreError> {
        let today = Day::of(access.now);
        let last = last.clamp(today, today.after());
        if !self.levels.has(last) {
            let levels = Arc::make_mut(&mut self.levels);
            access.levels_to(last).await?.into_iter().for_each(|(day, level)| levels.set(day, level));
            levels.forget(Day(today.0 - REMEMBERED));
        }
        for day in (first.0.max(today.0 - FORGOTTEN + 1)..last.0).map(Day) {
            if !self.levels.has(day) {
                // Nobody settles the level of a day that was over before anybody asked.
                let noted: Option<Standing> = access.item(&standing_of(day)).await?.1;
                let level = noted.map_or_else(Level::default, |standing| standing.level);
                Arc::make_mut(&mut self.levels).set(day, level);
            }
        }
        Ok(())
    }

    /// Notes the evidence of minutes that were judged as complete, before they count as done.
    pub(super) async fn note<T: Table>(&mut self, access: &Access<'_, T>, judged: &[Judged]) -> Result<(), StoreError> {
        let today = Day::of(access.now);
        let new = judged.iter().flat_map(|judged| &judged.peaks).filter(|peak| {
            let settled = peak.day.0 + BEHIND <= today.0 && self.levels.has(Day(peak.day.0 + BEHIND));
            !settled && !self.noted.contains(*peak)
        });
        let mut parts: BTreeMap<(Day, u64), Vec<Peak>> = BTreeMap::new();
        new.for_each(|peak| parts.entry((peak.day, peak.part())).or_default().push(*peak));
        for ((day, part), peaks) in parts {
            let add = |held: &mut Peaks| peaks.iter().for_each(|peak| held.add(*peak));
            access.change(&part_of(day, part), add).await?;
            if self.noted.len() >= NOTED {
                self.noted.clear();
            }
            self.noted.extend(peaks);
        }
        Ok(())
    }
}

impl<T: Table> TableStore<T> {
    /// How surprising findings must be, by day, as far as this instance has asked.
    #[must_use]
    pub fn levels(&self) -> &Levels {
        &self.levelled.levels
    }

    /// Learns the levels of the days of these hours, and of all days since, which windows reach.
    pub(super) async fn meet_levels(
        &mut self,
        hours: impl Iterator<Item = Hour>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let this = Minute::of(now).hour();
        let (first, last) = hours.fold((this, this), |(first, last), hour| (first.min(hour), last.max(hour)));
        let days = [first, last.after().after()].map(|hour| Day::of_minute(hour.first()));
        let mut levelled = std::mem::take(&mut self.levelled);
        let met = levelled.meet(&self.access(now), (days[0], days[1])).await;
        self.levelled = levelled;
        met
    }

    /// Notes what later levels rest on.
    pub(super) async fn note_peaks(&mut self, judged: &[Judged], now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut levelled = std::mem::take(&mut self.levelled);
        let noted = levelled.note(&self.access(now), judged).await;
        self.levelled = levelled;
        noted
    }
}

impl<T: Table> Access<'_, T> {
    /// The levels up to that of a day, as far as the minutes that it rests on were judged: the last one that was noted,
    /// and those since, which are noted now.
    async fn levels_to(&self, newest: Day) -> Result<Vec<(Day, Level)>, StoreError> {
        let (mut at, mut standing) = (newest, None);
        while standing.is_none() && at.0 > newest.0 - FORGOTTEN {
            standing = self.item::<Option<Standing>>(&standing_of(at)).await?.1;
            at = if standing.is_none() { at.before() } else { at };
        }
        let mut levels: Vec<(Day, Level)> = standing.iter().map(|standing| (at, standing.level)).collect();
        // Where none is noted, the first day begins with what its settings ask for.
        at = if standing.is_none() { newest.before() } else { at };
        let mut standing = standing.unwrap_or_default();
        while at < newest && self.is_judged(Day(at.after().0 - BEHIND)).await? {
            at = at.after();
            let next = standing.next(&self.peaks(Day(at.0 - BEHIND)).await?, self.engine.budget);
            let settle = |noted: &mut Option<Standing>| noted.get_or_insert_with(|| next.clone()).clone();
            standing = self.change(&standing_of(at), settle).await?;
            levels.push((at, standing.level));
        }
        Ok(levels)
    }

    /// Were all complete minutes of a day judged by ticks?
    async fn is_judged(&self, day: Day) -> Result<bool, StoreError> {
        let span = Span { key: TICK, from: TICK, to: TICK, freshness: Freshness::Strong };
        let Some(item) = self.table.query(span).await?.pop() else { return Ok(true) };
        let bucket: Bucket = unpack(&item.body, "the note of ticks")?;
        let Minutes(lateness) = self.engine.lateness.lambda.max(self.engine.lateness.cloudtrail);
        let waits = SKEW + TimeDelta::minutes(i64::from(lateness) + 2 * i64::from(BUCKET));
        Ok(bucket.start() >= day.after().start() + waits)
    }

    async fn peaks(&self, day: Day) -> Result<Peaks, StoreError> {
        let mut all = Peaks::default();
        for part in 0..PARTS {
            all.merge(self.item(&part_of(day, part)).await?.1);
        }
        Ok(all)
    }
}
