//! Incidents: while one lasts, hardly anything is learnt; one that lasts long is tried as the new level.
//!
//! A trial learns the level and nothing else: the dispersion of hours at many times the level would outweigh all others
//! for weeks, and that of the hour in which it falls back would be that of the fall.

use libm::log;

use super::level::Level;
use super::{INCIDENT, REACH, RateProfile};

/// Event minutes of an incident may be this far apart.
const INCIDENT_GAP: i32 = 10;
/// Minutes of an incident until its level is tried as the new one, and how long the old one may come back.
const TRIAL_AFTER: i32 = 120;
const TRIAL_FOR: i32 = 1440;

impl RateProfile {
    /// The first minute that no longer belongs to the incident that was seen last.
    pub(super) fn incident_end(&self) -> i32 {
        if self.above > 0 { self.last_above.saturating_add(INCIDENT_GAP + 1) } else { i32::MIN }
    }

    /// Follows incidents; one that lasts is tried as the new level.
    pub(super) fn watch(&mut self, minute: i32, t: f64) {
        if t <= INCIDENT {
            self.above = 0;
        } else {
            self.above = if minute < self.incident_end() { self.above + minute - self.last_above } else { 1 };
            self.last_above = minute;
            self.disturbed = true;
        }
        if self.above >= TRIAL_AFTER {
            self.try_level(minute);
        }
        self.check_trial(minute);
    }

    /// Events of the last hour, and the exposure to them.
    fn last_hour(&self, minute: i32) -> (f64, f64) {
        (self.ring.sums(minute)[3], self.factors.exposure(&self.phase, minute, REACH as i32))
    }

    /// Takes the last hour's level as the new one.
    fn try_level(&mut self, minute: i32) {
        let (n, exposure) = self.last_hour(minute);
        self.trial.get_or_insert(((self.level.a, self.level.b), minute + TRIAL_FOR));
        let a = (n * 0.5).max(0.5);
        self.level.a = a as f32;
        self.level.b = (a * exposure / n.max(0.5)) as f32;
        self.hour = (0.0, 0.0);
        self.season.restart(self.level.mean());
        self.calibration.withdraw();
        self.above = 0;
    }

    /// Takes the old level back as soon as it fits the last hour clearly better.
    pub(super) fn check_trial(&mut self, minute: i32) {
        let Some(((a, b), until)) = self.trial else { return };
        let old = Level { a, b, ..self.level };
        let (n, exposure) = self.last_hour(minute);
        let distance = |level: &Level| log((n + 0.5) / ((level.mean() * exposure).max(1e-6) + 0.5)).abs();
        if distance(&old) < 0.5 * distance(&self.level) {
            (self.level, self.trial) = (old, None);
            self.season.restart(self.level.mean());
            self.hour = (0.0, 0.0);
            self.settled = minute.saturating_add(REACH as i32);
        } else if minute >= until {
            self.trial = None;
        }
    }
}
