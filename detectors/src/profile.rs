//! Profiles: what is usual for an entity, learnt hour by hour from complete hours.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::cell::{Cell, OnTime};
use crate::event::Source;
use crate::familiar::Familiar;
use crate::gauged::{Gauged, rows_of};
use crate::measure::Measure;
use crate::meter::Meter;
use crate::series::Series;
use crate::settings::Minutes;
use crate::share::{self, Shares, YOUNG};
use crate::stand::{Lessons, Stands, waiting};
use crate::stats::errors::ErrorProfile;
use crate::stats::gauge::{Gauge, GaugeModel};
use crate::stats::rate::{RateProfile, RateWindows};
use crate::time::{Hour, Minute};

/// How long after its end a minute may still grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lateness {
    /// Of Lambda logs; 5 minutes unless set.
    pub lambda: Minutes,
    /// Of CloudTrail; 15 minutes unless set.
    pub cloudtrail: Minutes,
}

impl Default for Lateness {
    fn default() -> Lateness {
        Lateness { lambda: Minutes(5), cloudtrail: Minutes(15) }
    }
}

impl Lateness {
    /// That of a source.
    #[must_use]
    pub fn of(&self, source: Source) -> Minutes {
        match source {
            Source::Lambda => self.lambda,
            Source::CloudTrail => self.cloudtrail,
        }
    }
}

/// How a profile learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learning {
    /// How late the entity's data may come and still be learnt.
    pub lateness: Minutes,
    /// The model of what reports measure.
    pub gauge: GaugeModel,
}

impl From<Minutes> for Learning {
    fn from(lateness: Minutes) -> Learning {
        Learning { lateness, gauge: GaugeModel::Core3 }
    }
}

/// What is usual for an entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// By measure. Most entities have one.
    series: SmallVec<[Series; 1]>,
    /// Of what fails often enough, which share of the whole that is.
    shares: Vec<Shares>,
    /// What its reports measure; of functions alone.
    gauged: Option<Box<Gauged>>,
    /// What it showed; nothing where nothing of it is told apart.
    familiar: Option<Box<Familiar>>,
}

impl Profile {
    /// Learns what came in time in a complete hour. An hour that is learnt again replaces what was learnt of it, unless
    /// it is so old that a model has taken it in.
    pub fn learn(&mut self, hour: Hour, cell: &Cell, how: impl Into<Learning>) {
        let Learning { lateness, gauge } = how.into();
        self.meet(hour, cell);
        let open = waiting(lateness);
        if cell.has_readings() {
            self.gauged.get_or_insert_default().learn(hour, cell, (open, gauge));
        }
        if let Some(only) = cell.only() {
            self.series_of(only.measure, hour).learn(hour, &[(only.minute, only.n)], open);
            self.share_in(only.measure, hour);
        } else {
            // Sensitive calls are calls: as such they are usual or not.
            let mut parts = cell.on_time();
            parts.retain(|part| part.measure != Measure::Sensitive);
            for parts in parts.chunk_by(|a, b| a.measure == b.measure) {
                self.series_of(parts[0].measure, hour).learn(hour, &by_minute(parts), open);
                self.share_in(parts[0].measure, hour);
            }
        }
        self.shares.iter_mut().for_each(|shares| shares.learn(hour, cell, open));
    }

    /// Begins to learn a share minute by minute, once it is of many.
    fn share_in(&mut self, part: Measure, hour: Hour) {
        let Some((whole, many)) = part.part_of() else { return };
        let known = self.shares.iter().any(|shares| shares.part == part);
        if known || self.series(part).is_none_or(|series| series.two_hours(hour) < many) {
            return;
        }
        let light = self.light_share((part, whole), hour).map(|(model, _)| model);
        let mut model = light.unwrap_or_else(|| ErrorProfile::new(hour.first().0));
        model.advance(hour.first().0);
        self.shares.push(Shares { part, whole, stands: Stands::new(hour, model) });
    }

    /// A model of the share of a part in a whole, made of the sums of the active hours before `bound`, and how many of the
    /// whole that rests on; nothing where nothing is known.
    pub(crate) fn light_share(&self, (part, whole): (Measure, Measure), bound: Hour) -> Option<(ErrorProfile, u64)> {
        let sums = |measure| self.series(measure).into_iter().flat_map(move |series| series.baseline(bound));
        share::light(sums(part), sums(whole))
    }

    /// A model of the share of a part as of the beginning of an hour, where one learns it minute by minute.
    pub(crate) fn share_lessons<'c>(
        &self,
        (part, hour): (Measure, Hour),
        cells: impl Iterator<Item = (Hour, &'c Cell)>,
        lateness: Minutes,
    ) -> Option<Lessons<ErrorProfile>> {
        let bound = bound_of(hour.first(), lateness);
        let shares = self.shares.iter().find(|shares| shares.part == part)?;
        if !shares.stands.covers(Hour(bound.0.saturating_sub(YOUNG))) {
            return None;
        }
        let stand = shares.stands.stand(bound)?;
        Some(Lessons::new(stand, shares.stands.waiting(), cells, |cell| cell.shares(part, shares.whole)))
    }

    /// A model of what a meter reads as of the beginning of an hour.
    pub(crate) fn gauge_lessons<'c>(
        &self,
        (meter, hour): (Meter, Hour),
        cells: impl Iterator<Item = (Hour, &'c Cell)>,
        lateness: Minutes,
    ) -> Option<Lessons<Gauge>> {
        let bound = bound_of(hour.first(), lateness);
        let stands = self.gauged.as_ref()?.stands(meter)?;
        let stand = stands.stand(bound)?;
        Some(Lessons::new(stand, stands.waiting(), cells, |cell| rows_of(cell, meter)))
    }

    /// What else is known of what reports measure.
    pub(crate) fn gauged(&self) -> Option<&Gauged> {
        self.gauged.as_deref()
    }

    /// Something of what is asked of it wherever anything is.
    #[must_use]
    pub fn glimpse(&self) -> u32 {
        let newest = self.series.first().and_then(Series::newest).map_or(0, |hour| hour.0 as u32);
        newest ^ self.familiar().map_or(0, Familiar::glimpse)
    }

    fn meet(&mut self, hour: Hour, cell: &Cell) {
        if cell.habits().all().iter().any(|habit| habit.on_time) {
            self.familiar.get_or_insert_with(|| Box::new(Familiar::since(hour))).learn(hour, cell.habits());
        }
    }

    /// What it showed in the hours that it learnt; nothing before the first.
    #[must_use]
    pub fn familiar(&self) -> Option<&Familiar> {
        self.familiar.as_deref()
    }

    fn series_of(&mut self, measure: Measure, hour: Hour) -> &mut Series {
        let place = self.series.partition_point(|series| series.measure < measure);
        if self.series.get(place).is_none_or(|series| series.measure != measure) {
            self.series.insert(place, Series::new(measure, hour));
        }
        &mut self.series[place]
    }

    fn series(&self, measure: Measure) -> Option<&Series> {
        self.series.iter().find(|series| series.measure == measure)
    }

    /// Takes in all hours before `end`, which nothing can come in time for any more; those from then on are to be learnt
    /// again from their cells.
    pub fn settle(&mut self, end: Hour) {
        self.series.iter_mut().for_each(|series| series.settle(end));
        self.shares.iter_mut().for_each(|shares| shares.stands.put_away(end));
        self.gauged.iter_mut().for_each(|gauged| gauged.settle(end));
    }

    /// Hours that a profile that was settled stands behind the last complete one.
    #[must_use]
    pub fn stands_behind(lateness: Minutes) -> i32 {
        waiting(lateness)
    }

    /// The first hour whose cell must be known to judge an hour.
    #[must_use]
    pub fn reach(&self, hour: Hour, lateness: Minutes) -> Hour {
        let bound = bound_of(hour.first(), lateness);
        let shares = self.shares.iter().map(|shares| shares.stands.reach(bound));
        let gauged = self.gauged.iter().filter_map(|gauged| gauged.reach(bound));
        let reach = self.series.iter().map(|series| series.reach(bound)).chain(shares).chain(gauged).min();
        reach.map_or(hour.before(), |reach| reach.min(hour.before()))
    }

    /// A model of a series as of the beginning of an hour, to be taught while its minutes are judged. The cells are
    /// those of the hour and of hours before.
    pub(crate) fn lessons<'c>(
        &self,
        (measure, hour): (Measure, Hour),
        cells: impl Iterator<Item = (Hour, &'c Cell)>,
        lateness: Minutes,
    ) -> Option<Lessons<RateProfile>> {
        self.series(measure)?.teach(bound_of(hour.first(), lateness), cells)
    }

    /// About how unusual windows of a series are: enough to see that they are not.
    pub(crate) fn glance(&self, measure: Measure, asked: &RateWindows) -> f64 {
        let bound = Minute(asked.known_to).hour();
        self.series(measure).map_or(f64::INFINITY, |series| series.glance(asked, bound))
    }

    /// The first hour that a series was active in.
    #[must_use]
    pub fn since(&self, measure: Measure) -> Option<Hour> {
        self.series(measure).map(Series::since)
    }

    /// The sums of the last active hours of a series as of `minute`: from the hours that were complete by then.
    pub fn baseline(
        &self,
        measure: Measure,
        minute: Minute,
        lateness: Minutes,
    ) -> impl Iterator<Item = (Hour, u32)> + '_ {
        let bound = bound_of(minute, lateness);
        self.series(measure).into_iter().flat_map(move |series| series.baseline(bound))
    }

    /// The newest hour that it learnt.
    #[must_use]
    pub fn newest(&self) -> Option<Hour> {
        self.series.iter().filter_map(Series::newest).chain(self.familiar().map(Familiar::newest)).max()
    }

    /// How many entries it holds.
    #[must_use]
    pub fn entries(&self) -> usize {
        let familiar = self.familiar().map_or(0, Familiar::entries);
        familiar + self.series.iter().map(Series::entries).sum::<usize>()
    }
}

/// Law 2: a minute is judged on what was complete before it, so the same on every machine.
fn bound_of(minute: Minute, lateness: Minutes) -> Hour {
    minute.plus(-(lateness.0 as i32)).hour()
}

/// What came in each minute.
fn by_minute(parts: &[OnTime]) -> SmallVec<[(u8, u32); 8]> {
    let mut minutes: SmallVec<[(u8, u32); 8]> = SmallVec::new();
    for part in parts {
        match minutes.last_mut().filter(|(minute, _)| *minute == part.minute) {
            Some((_, n)) => *n = n.saturating_add(part.n),
            None => minutes.push((part.minute, part.n)),
        }
    }
    minutes
}

#[cfg(test)]
mod tests;
