//! The first judge of rates: a robust ratio to the series' own recent hours.

use crate::cell::Cell;
use crate::detector::{Folding, Verdict};
use crate::measure::Measure;
use crate::profile::RATE_WINDOW;
use crate::settings::{Field, Value, Visit};
use crate::severity::Severity;
use crate::time::HOUR;
use crate::window::Window;

/// The minutes that a window of rates reaches back from its last one.
const REACH_BACK: usize = RATE_WINDOW.0 as usize - 1;

/// When a rate is far over its usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateSettings {
    /// Fewer events than this in a quarter of an hour are never a finding.
    pub min_events: u32,
    /// How many times the usual.
    pub ratio: f64,
    /// How many times the largest quarter of an hour of the last day.
    pub peak_ratio: f64,
    /// Active hours of history before it speaks.
    pub min_hours: u32,
}

impl Default for RateSettings {
    fn default() -> RateSettings {
        RateSettings { min_events: 20, ratio: 3.0, peak_ratio: 1.5, min_hours: 3 }
    }
}

impl RateSettings {
    /// Walks through the fields.
    pub fn visit(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        let doc = "events in 15 minutes below which it never speaks";
        visit.field(field("min_events", doc, 1.0, 1e6), Value::Count(&mut self.min_events));
        let doc =
            "how many times the usual (the median of the busiest quarters of the last 24 active hours) is a finding";
        visit.field(field("ratio", doc, 1.0, 1e4), Value::Ratio(&mut self.ratio));
        let doc = "how many times the busiest quarter of those hours is a finding";
        visit.field(field("peak_ratio", doc, 1.0, 1e4), Value::Ratio(&mut self.peak_ratio));
        let doc = "active hours of history before it speaks";
        visit.field(field("min_hours", doc, 1.0, 24.0), Value::Count(&mut self.min_hours));
    }

    /// The minutes of the hour in which a measure may be far over its usual, a bit for each: those that end a quarter of
    /// an hour with enough events for the smallest finding.
    #[must_use]
    pub fn minutes(&self, measure: Measure, here: &Cell, before: Option<&Cell>) -> u64 {
        let floor = u64::from(self.min_events);
        let bound = here.sum(measure, 0, 59) + before.map_or(0, |cell| cell.sum(measure, 0, 59));
        if bound < floor {
            return 0;
        }
        let mut counts = [0_u64; REACH_BACK + HOUR as usize];
        for (minute, n) in before.into_iter().flat_map(|cell| cell.counts(measure)) {
            if let Some(place) = usize::from(minute).checked_sub(HOUR as usize - REACH_BACK) {
                counts[place] += n;
            }
        }
        for (minute, n) in here.counts(measure) {
            counts[REACH_BACK + usize::from(minute)] += n;
        }
        let enough =
            |minute: &u8| counts[usize::from(*minute)..=REACH_BACK + usize::from(*minute)].iter().sum::<u64>() >= floor;
        here.active(measure).filter(enough).fold(0, |bits, m| bits | 1 << m)
    }

    /// The verdict on a measure in the quarter of an hour that ends with the window's minute.
    #[must_use]
    pub fn judge(&self, window: &Window<'_>, measure: Measure, unit: &'static str) -> Option<Verdict> {
        let floor = u64::from(self.min_events);
        let seen = window.sum(measure, RATE_WINDOW);
        if seen < floor {
            return None;
        }
        let usual = window.usual(measure).filter(|u| u.hours >= self.min_hours as usize)?;
        let needed = (usual.median * self.ratio).max(usual.largest * self.peak_ratio);
        if (seen as f64) < needed {
            return None;
        }
        let times = seen as f64 / usual.median.max(1.0);
        Some(Verdict {
            severity: Severity::Low,
            seen,
            at_least: false,
            expected: Some(usual.median),
            threshold: None,
            surprise: None,
            window: RATE_WINDOW,
            folding: Folding::Largest,
            unit: unit.into(),
            headline: format!("{{seen}} {unit} in {} min, usual {}", RATE_WINDOW.0, round(usual.median)),
            why: format!(
                "{} times the usual and {} times the busiest quarter of an hour of the last {} active hours; a rate alone is low",
                round(times),
                round(seen as f64 / usual.largest.max(1.0)),
                usual.hours
            ),
            examples: window.examples(measure, RATE_WINDOW).cloned().collect(),
        })
    }
}

/// A number as people say it: whole from 10 up, one decimal below.
#[must_use]
pub fn round(value: f64) -> String {
    if value >= 10.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}
