//! The levels of days in the memory of one instance, with the evidence that they rest on.

use std::collections::BTreeMap;
use std::sync::Arc;

use lapwing_detectors::day::{Budget, Day};
use lapwing_detectors::event::Source;
use lapwing_detectors::judge::Judged;
use lapwing_detectors::level::{BEHIND, FORGOTTEN, Levels, Peaks, Standing};
use serde::{Deserialize, Serialize};

use super::{MemoryStore, NEVER};

/// Days whose levels are remembered: late data is judged at the level of its own day.
const REMEMBERED: i32 = 40;

/// The levels of days, and what those that follow rest on.
#[derive(Debug, Default)]
pub(super) struct Levelled {
    peaks: BTreeMap<Day, Peaks>,
    standing: Option<(Day, Standing)>,
    levels: Arc<Levels>,
}

/// The same, written down.
#[derive(Serialize, Deserialize)]
pub(super) struct Written {
    peaks: BTreeMap<Day, Peaks>,
    standing: Option<(Day, Standing)>,
    levels: Levels,
}

impl Levelled {
    /// The levels that stand.
    pub(super) fn levels(&self) -> &Arc<Levels> {
        &self.levels
    }

    /// Adds the evidence of minutes that were judged as complete.
    pub(super) fn take(&mut self, judged: &[Judged]) {
        let last = self.standing.as_ref().map(|(day, _)| Day(day.0 - BEHIND));
        for peak in judged.iter().flat_map(|judged| &judged.peaks).filter(|peak| Some(peak.day) > last) {
            self.peaks.entry(peak.day).or_default().add(*peak);
        }
    }

    /// Settles the levels up to that of a day. All that it rests on must have been judged.
    pub(super) fn reach(&mut self, day: Day, budget: Budget) {
        let (mut at, mut standing) = match self.standing.take() {
            Some((at, standing)) if day.0 <= at.0.saturating_add(FORGOTTEN) => (at, standing),
            _ => (day.before(), Standing::default()),
        };
        while at < day {
            at = at.after();
            let peaks = self.peaks.remove(&Day(at.0 - BEHIND)).unwrap_or_default();
            standing = standing.next(&peaks, budget);
            let levels = Arc::make_mut(&mut self.levels);
            levels.set(at, standing.level);
            levels.forget(Day(at.0 - REMEMBERED));
            self.peaks = self.peaks.split_off(&Day(at.0 - BEHIND));
        }
        self.standing = Some((at, standing));
    }

    pub(super) fn written(&self) -> Written {
        let Levelled { peaks, standing, levels } = self;
        Written { peaks: peaks.clone(), standing: standing.clone(), levels: Levels::clone(levels) }
    }
}

impl From<Written> for Levelled {
    fn from(Written { peaks, standing, levels }: Written) -> Levelled {
        Levelled { peaks, standing, levels: Arc::new(levels) }
    }
}

impl MemoryStore {
    /// Settles the levels of the days that rest on what was judged, as far as events have come.
    pub(super) fn level_today(&mut self) {
        let sources = [Source::CloudTrail, Source::Lambda];
        let judged = sources.into_iter().map(|source| self.judged(source)).min().unwrap_or(NEVER);
        let Some(newest) = self.newest.filter(|_| judged > NEVER) else { return };
        let day = Day::of_minute(judged.plus(1)).after().min(Day::of(newest));
        self.levelled.reach(day, self.engine.budget);
    }
}
