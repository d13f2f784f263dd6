//! Profiles: what is usual for an entity, learnt hour by hour from complete hours.
//!
//! A profile keeps, for each series, the sum and the busiest quarter of an hour of its last active hours. A window is
//! compared with the median and the largest of those peaks: a ratio that cron jobs and bursty people do not upset.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::cell::{Cell, OnTime};
use crate::event::Source;
use crate::familiar::Familiar;
use crate::measure::Measure;
use crate::settings::Minutes;
use crate::time::{HOUR, Hour, Minute};

/// The window that rates are judged in, and whose hourly peaks a profile keeps.
pub const RATE_WINDOW: Minutes = Minutes(15);
/// Hours that a baseline is taken from.
const BASELINE: usize = 24;
/// Hours kept for each series: more than a baseline needs, so that late data is judged against what was usual then.
const KEPT: usize = 36;

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

/// What is usual for an entity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// By measure. Most entities have one.
    series: SmallVec<[Series; 1]>,
    /// What it showed; nothing where nothing of it is told apart.
    familiar: Option<Box<Familiar>>,
}

/// The active hours of one measure, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Series {
    measure: Measure,
    hours: VecDeque<ActiveHour>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ActiveHour {
    hour: Hour,
    sum: u32,
    peak: u32,
}

/// What is usual for a series in a window of [`RATE_WINDOW`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// The median of the peaks of the active hours.
    pub median: f64,
    /// The largest of them.
    pub largest: f64,
    /// How many active hours that rests on.
    pub hours: usize,
}

impl Profile {
    /// Learns a complete hour: what came in time in it, and in the hour before for windows that begin there. An hour that
    /// is learnt again replaces what was learnt of it.
    pub fn learn(&mut self, hour: Hour, cell: &Cell, before: Option<&Cell>) {
        self.meet(hour, cell);
        if let Some(only) = cell.only().filter(|only| before.is_none() || only.minute + 1 >= RATE_WINDOW.0 as u8) {
            return self.push(only.measure, ActiveHour { hour, sum: only.n, peak: only.n });
        }
        for minutes in cell.on_time().chunk_by(|a, b| a.measure == b.measure) {
            let measure = minutes[0].measure;
            let sum = minutes.iter().fold(0_u32, |sum, part| sum.saturating_add(part.n));
            self.push(measure, ActiveHour { hour, sum, peak: peak_of(minutes, before).unwrap_or(sum) });
        }
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

    /// Does learning this cell ask for the hour before? Where nothing is in its first minutes, no window reaches there.
    #[must_use]
    pub fn looks_back(cell: &Cell) -> bool {
        cell.minutes().any(|minute| u32::from(minute) + 1 < RATE_WINDOW.0)
    }

    fn push(&mut self, measure: Measure, learnt: ActiveHour) {
        let place = self.series.partition_point(|series| series.measure < measure);
        if self.series.get(place).is_none_or(|series| series.measure != measure) {
            self.series.insert(place, Series { measure, hours: VecDeque::new() });
        }
        let hours = &mut self.series[place].hours;
        // Hours are mostly learnt in their order: then the new one is the last, and nothing is searched or moved.
        let newest = hours.back().is_none_or(|last| last.hour < learnt.hour);
        let place = if newest { hours.len() } else { hours.partition_point(|held| held.hour < learnt.hour) };
        if let Some(held) = hours.get_mut(place).filter(|held| held.hour == learnt.hour) {
            *held = learnt;
            return;
        }
        let full = hours.len() >= KEPT;
        // Older than all that is kept, it finds no room.
        if full && place == 0 {
            return;
        }
        if full {
            hours.pop_front();
        }
        hours.insert(place - usize::from(full), learnt);
    }

    /// What was usual for a series as of `minute`: from the hours that were complete by then, and no other.
    #[must_use]
    pub fn usual(&self, measure: Measure, minute: Minute, lateness: Minutes) -> Option<Usual> {
        let hours = self.known(measure, minute, lateness);
        let mut peaks: SmallVec<[u32; BASELINE]> = hours.map(|h| h.peak).collect();
        peaks.sort_unstable();
        let largest = f64::from(*peaks.last()?);
        let middle = peaks.len() / 2;
        let median = if peaks.len() % 2 == 1 {
            f64::from(peaks[middle])
        } else {
            f64::midpoint(f64::from(peaks[middle - 1]), f64::from(peaks[middle]))
        };
        Some(Usual { median, largest, hours: peaks.len() })
    }

    /// The sum of a measure over the hours of the baseline as of `minute`.
    #[must_use]
    pub fn total(&self, measure: Measure, minute: Minute, lateness: Minutes) -> u64 {
        self.known(measure, minute, lateness).map(|h| u64::from(h.sum)).sum()
    }

    fn known(&self, measure: Measure, minute: Minute, lateness: Minutes) -> impl Iterator<Item = &ActiveHour> {
        // Law 2: a minute is judged against what was complete before it, so the same on every machine.
        let bound = minute.plus(-(lateness.0 as i32)).hour();
        let series = self.series.iter().find(|series| series.measure == measure);
        series.into_iter().flat_map(move |series| {
            let end = series.hours.partition_point(|h| h.hour < bound);
            series.hours.range(end.saturating_sub(BASELINE)..end)
        })
    }

    /// The newest hour that it learnt.
    #[must_use]
    pub fn newest(&self) -> Option<Hour> {
        let active = self.series.iter().filter_map(|series| series.hours.back()).map(|active| active.hour);
        active.chain(self.familiar().map(Familiar::newest)).max()
    }

    /// How many entries it holds.
    #[must_use]
    pub fn entries(&self) -> usize {
        let familiar = self.familiar().map_or(0, Familiar::entries);
        familiar + self.series.iter().map(|series| series.hours.len()).sum::<usize>()
    }
}

/// The busiest window that ends in the hour, of one measure; nothing when one window holds all there is.
fn peak_of(here: &[OnTime], before: Option<&Cell>) -> Option<u32> {
    let width = RATE_WINDOW.0 as usize;
    let tail = HOUR as usize - width;
    let (first, last) = (here.first()?, here.last()?);
    let reaches_back = usize::from(first.minute) + 1 < width;
    let before = before.filter(|_| reaches_back);
    let mut earlier =
        before.into_iter().flat_map(|cell| cell.on_time_of(first.measure, (tail + 1) as u8, HOUR as u8 - 1)).peekable();
    if earlier.peek().is_none() && usize::from(last.minute - first.minute) < width {
        return None;
    }
    let mut minutes = [0_u32; 2 * HOUR as usize];
    for part in earlier {
        minutes[usize::from(part.minute)] += part.n;
    }
    for part in here {
        minutes[HOUR as usize + usize::from(part.minute)] += part.n;
    }
    let mut sum: u32 = minutes[tail..HOUR as usize].iter().sum();
    let mut peak = 0;
    for end in HOUR as usize..minutes.len() {
        sum = sum + minutes[end] - minutes[end - width];
        peak = peak.max(sum);
    }
    Some(peak)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(counts: &[(u8, u32)]) -> Cell {
        let mut cell = Cell::default();
        for (minute, n) in counts {
            cell.count(Measure::Calls, *minute, *n);
        }
        cell
    }

    #[test]
    fn a_peak_may_begin_in_the_hour_before() {
        let mut profile = Profile::default();
        profile.learn(Hour(10), &cell(&[(1, 5)]), Some(&cell(&[(55, 7), (20, 100)])));
        let usual = profile.usual(Measure::Calls, Hour(11).minute(15), Minutes(15)).unwrap();
        assert_eq!((usual.median, usual.largest, usual.hours), (12.0, 12.0, 1));
    }

    #[test]
    fn an_hour_is_known_only_when_complete() {
        let mut profile = Profile::default();
        profile.learn(Hour(10), &cell(&[(1, 5)]), None);
        assert!(profile.usual(Measure::Calls, Hour(11).minute(14), Minutes(15)).is_none());
        assert!(profile.usual(Measure::Calls, Hour(11).minute(15), Minutes(15)).is_some());
        assert!(profile.usual(Measure::Calls, Hour(11).minute(5), Minutes(5)).is_some());
    }

    #[test]
    fn one_burst_does_not_move_the_median() {
        let mut profile = Profile::default();
        for hour in 0..9 {
            profile.learn(Hour(hour), &cell(&[(30, if hour == 4 { 900 } else { 10 })]), None);
        }
        let usual = profile.usual(Measure::Calls, Hour(10).first(), Minutes(15)).unwrap();
        assert_eq!((usual.median, usual.largest, usual.hours), (10.0, 900.0, 9));
        assert_eq!(profile.total(Measure::Calls, Hour(10).first(), Minutes(15)), 980);
    }

    #[test]
    fn memory_is_bounded_and_the_baseline_is_the_newest_day() {
        let mut profile = Profile::default();
        for hour in 0..1_000 {
            profile.learn(Hour(hour), &cell(&[(0, hour as u32 + 1)]), None);
        }
        assert_eq!(profile.entries(), KEPT);
        let usual = profile.usual(Measure::Calls, Hour(1_001).first(), Minutes(15)).unwrap();
        assert_eq!((usual.largest, usual.hours), (1000.0, BASELINE));
    }
}
