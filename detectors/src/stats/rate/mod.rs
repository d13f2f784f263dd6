//! Events per minute of one series: is there far more than usual?
//!
//! The count of a window of 1, 5, 15 or 60 minutes is negative binomial. Its mean is the level, times what is usual at
//! this hour and weekday ([`season`]) and at this minute of the hour ([`phase`]); its variance is learnt for each window
//! ([`level`]). What comes again at the same time of the day is expected ([`recurring`](super::recurring)), and what the series' own tail
//! is really like is learnt last ([`calibration`](super::calibration)).
//!
//! Learning and judging are apart: production learns on-time data of complete minutes, a lateness behind, and judges
//! all data. State changes only at minutes with events and at full hours, wherever the calls are split, so the same
//! input gives the same bits; an hour without events costs as much as one with a single event.

mod age;
mod encoding;
mod level;
mod phase;
pub(super) mod season;
#[cfg(test)]
mod tests;

use libm::log;

pub use self::encoding::RATE_BYTES;
use self::level::Level;
use self::phase::Phase;
use self::season::{Factors, Season};
use super::calibration::{Calibration, U0};
use super::recurring::Recurring;
use super::tails::neg_binomial_ln_sf;
use super::windows::{LastHour, REACH, Sums, WIDTHS, rounded};

const DAY: f64 = 1440.0;
/// A series of which nothing was heard for longer begins anew.
const FORGOTTEN_AFTER: i32 = 366 * 1440;
/// Minutes of a series' life in which nothing is said: what is new is the business of other detectors.
const SILENT: i32 = 60;
/// Fewer events are no burst, however rare they are.
const FEWEST: f64 = 3.0;
/// Effective number of the four nested windows.
const SCALES: f64 = 2.2;
/// T above which a minute is an incident, and the weight with which it is learnt.
const INCIDENT: f64 = 6.0;
const SLOW: f64 = 0.02;
/// Event minutes of an incident may be this far apart.
const INCIDENT_GAP: i32 = 10;
/// Minutes of an incident until its level is tried as the new one, and how long the old one may come back.
const TRIAL_AFTER: i32 = 120;
const TRIAL_FOR: i32 = 1440;
/// The size of bursts that a new series is believed to have, and the events after which half of that is left.
const COLD_BURST: f64 = 40.0;
const COLD_EVENTS: f64 = 30.0;
/// How much larger its bursts may be than the unevenness of its minutes says.
const COLD_FACTOR: f64 = 8.0;
/// T from which an excess is remembered with its time of day.
const REMEMBERED_FROM: f64 = 4.0;
/// Fewer events in an hour are no job that could come again.
const REMEMBERED_EVENTS: f64 = 20.0;
/// Dispersion between the visits of a recurring excess.
const VISITS: f64 = 0.1;

/// What a minute means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateScore {
    /// -log10 of the calibrated p; 0 where nothing is remarkable.
    pub t: f64,
    /// The window that is least likely, in minutes.
    pub window: i32,
    /// Events in it.
    pub seen: f64,
    /// Events that were to be expected in it.
    pub expected: f64,
    /// 1 / size of the negative binomial: the variance is expected + expected² x this.
    pub inverse_size: f64,
    /// -ln p before calibration.
    pub l: f64,
}

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct RateWindows {
    /// The minute that the windows end with (minutes since 1970).
    pub minute: i32,
    /// What they hold.
    pub sums: Sums,
    /// The first minute that the profile must not have learnt: `minute` less the lateness.
    pub known_to: i32,
}

/// What is usual for one series.
#[derive(Clone, Debug, PartialEq)]
pub struct RateProfile {
    /// The first minute of its life, and the first that is not learnt yet.
    since: i32,
    at: i32,
    level: Level,
    /// The level before the trial, and the minute when it is given up.
    trial: Option<(Level, i32)>,
    season: Season,
    phase: Phase,
    recurring: Recurring,
    calibration: Calibration,
    ring: LastHour,
    /// Weighted events of the current hour, and the exposure to them.
    hour_events: f32,
    hour_exposure: f32,
    /// Minutes of the incident, and its last minute.
    above: i32,
    last_above: i32,
    /// Until then the windows hold an incident whose level was given up.
    settled: i32,
    /// Was there an incident in this hour?
    disturbed: bool,
}

impl RateProfile {
    /// A series that is watched from `minute` on.
    #[must_use]
    pub fn new(minute: i32) -> RateProfile {
        RateProfile {
            since: minute,
            at: minute,
            level: Level::default(),
            trial: None,
            season: Season::default(),
            phase: Phase::default(),
            recurring: Recurring::default(),
            calibration: Calibration::default(),
            ring: LastHour::new(minute),
            hour_events: 0.0,
            hour_exposure: 0.0,
            above: 0,
            last_above: i32::MIN,
            settled: i32::MIN,
            disturbed: false,
        }
    }

    /// Learns a minute with events; the minutes since the last one had none. A minute that is already learnt, and one
    /// without events, change nothing.
    pub fn learn(&mut self, minute: i32, count: u32) {
        if count == 0 || minute < self.at {
            return;
        }
        self.advance(minute);
        self.empty(minute);
        self.ring.add(minute, rounded(count));
        let sums = self.ring.sums(minute);
        let score = self.judge(&RateWindows { minute, sums, known_to: minute });
        if minute >= self.settled {
            self.calibration.learn(score.l, minute);
            self.watch(minute, score.t);
        }
        self.note(minute, count, &sums);
        if self.at.rem_euclid(60) == 0 {
            self.finish_hour(self.at);
        }
    }

    /// Goes on to `minute` over hours without events. Only whole hours change the state.
    pub fn advance(&mut self, minute: i32) {
        if minute.saturating_sub(self.at) > FORGOTTEN_AFTER {
            *self = RateProfile::new(minute);
        }
        loop {
            let end = self.at.div_euclid(60) * 60 + 60;
            if end > minute {
                return;
            }
            self.empty(end);
            self.finish_hour(end);
        }
    }

    /// How unusual are these windows? 0 in the first hour.
    #[must_use]
    pub fn judge(&self, asked: &RateWindows) -> RateScore {
        let factors = self.season.around(asked.minute.div_euclid(60));
        let level = self.level_at(asked.known_to);
        let (unknown, burst) = self.cold_burst(asked.minute, &level);
        let uneven = factors.sum(asked.minute, 1).clamp(0.01, 1.0).sqrt().recip();
        let mut best = RateScore { t: 0.0, window: 60, seen: asked.sums[3], expected: 0.0, inverse_size: 0.0, l: 0.0 };
        for (w, width) in WIDTHS.into_iter().enumerate() {
            let mu = level.mean() * self.exposure(&factors, asked.minute, width) + unknown * f64::from(width) / DAY;
            let inverse = 1.0 / f64::from(level.a) + level.dispersion(w) * uneven + burst / mu;
            let l = tail(asked.sums[w], mu, inverse);
            if l > best.l || best.inverse_size == 0.0 {
                best = RateScore { t: 0.0, window: width, seen: asked.sums[w], expected: mu, inverse_size: inverse, l };
            }
        }
        if best.l > U0 {
            best = self.explained(asked, &level, best);
        }
        best.l = if asked.minute - self.since < SILENT { 0.0 } else { (best.l - log(SCALES)).max(0.0) };
        best.t = self.calibration.score(best.l);
        best
    }

    /// Judges again what is remarkable, given what earlier days had at this time.
    fn explained(&self, asked: &RateWindows, level: &Level, plain: RateScore) -> RateScore {
        let Some((peaks, visits)) = self.recurring.at(asked.minute) else { return plain };
        let factors = self.season.around(asked.minute.div_euclid(60));
        let mut best = RateScore { l: 0.0, ..plain };
        for (w, width) in WIDTHS.into_iter().enumerate() {
            let mu = level.mean() * self.exposure(&factors, asked.minute, width);
            let expected = mu.max(peaks[w]);
            let inverse = 1.0 / f64::from(level.a) + level.dispersion(w).min(1.0) + VISITS / f64::from(visits);
            let l = tail(asked.sums[w], expected, inverse).min(plain.l);
            if l > best.l {
                best = RateScore { t: 0.0, window: width, seen: asked.sums[w], expected, inverse_size: inverse, l };
            }
        }
        best
    }

    /// Seasons summed over a window.
    fn exposure(&self, factors: &Factors, last: i32, width: i32) -> f64 {
        factors.sum(last, width) * self.phase.mean(last, width)
    }

    /// The level when the minutes before `known_to` are learnt; those since the last event were empty.
    fn level_at(&self, known_to: i32) -> Level {
        let empty = known_to.saturating_sub(self.at).max(0);
        if empty == 0 {
            return self.level;
        }
        let season = self.season.factor(self.at.div_euclid(60)) * self.phase.mean(self.at + empty - 1, empty.min(60));
        self.level.after_empty(empty, season * f64::from(empty))
    }

    /// The size of the daily burst that a young series may have without having shown it, in events, and that together
    /// with what its unevenness lets expect; 0 after two days.
    fn cold_burst(&self, minute: i32, level: &Level) -> (f64, f64) {
        let cold = (2.0 - f64::from(minute - self.since) / DAY).clamp(0.0, 1.0);
        if cold == 0.0 {
            return (0.0, 0.0);
        }
        let unknown = cold * COLD_BURST * COLD_EVENTS / (COLD_EVENTS + f64::from(level.a));
        (unknown, unknown + cold * COLD_FACTOR * level.mean() * (level.dispersion(0) + self.phase.unevenness()))
    }

    /// Is an incident going on at `minute`?
    fn in_incident(&self, minute: i32) -> bool {
        self.above > 0 && minute.saturating_sub(self.last_above) <= INCIDENT_GAP
    }

    /// Follows incidents; one that lasts is tried as the new level.
    fn watch(&mut self, minute: i32, t: f64) {
        if t <= INCIDENT {
            self.above = 0;
        } else {
            self.above = if self.in_incident(minute) { self.above + minute - self.last_above } else { 1 };
            self.last_above = minute;
            self.disturbed = true;
        }
        if self.above >= TRIAL_AFTER {
            self.try_level(minute);
        }
        self.check_trial(minute);
    }

    /// Takes the last hour's level as the new one.
    fn try_level(&mut self, minute: i32) {
        let n = self.ring.sums(minute)[3];
        let exposure = self.exposure(&self.season.around(minute.div_euclid(60)), minute, REACH as i32);
        if self.trial.is_none() {
            self.trial = Some((self.level.shortened(), minute + TRIAL_FOR));
        }
        let a = (n * 0.5).max(0.5);
        self.level.a = a as f32;
        self.level.b = (a * exposure / n.max(0.5)) as f32;
        self.level.forget_dispersion(0.1);
        self.calibration.withdraw();
        self.above = 0;
    }

    /// Takes the old level back as soon as it fits the last hour clearly better.
    fn check_trial(&mut self, minute: i32) {
        let Some((old, until)) = self.trial else { return };
        let n = self.ring.sums(minute)[3];
        let exposure = self.exposure(&self.season.around(minute.div_euclid(60)), minute, REACH as i32);
        let distance = |level: &Level| log((n + 0.5) / ((level.mean() * exposure).max(1e-6) + 0.5)).abs();
        if distance(&old) < 0.5 * distance(&self.level) {
            (self.level, self.trial) = (old, None);
            self.settled = minute.saturating_add(REACH as i32);
        } else if minute >= until {
            self.trial = None;
        }
    }

    /// Learns a minute with events into level, dispersion and season.
    fn note(&mut self, minute: i32, count: u32, sums: &Sums) {
        let factors = self.season.around(minute.div_euclid(60));
        let exposure = self.exposure(&factors, minute, 1);
        let count = f64::from(count);
        let raw = WIDTHS.into_iter().enumerate().map(|(w, width)| {
            tail(sums[w], self.level.mean() * self.exposure(&factors, minute, width), self.level.inverse_size(w))
        });
        let remarkable = self.calibration.score(raw.fold(0.0, f64::max) - log(SCALES)) > REMEMBERED_FROM
            && sums[3] >= REMEMBERED_EVENTS;
        let recurs = remarkable && self.recurring.is_usual(minute);
        if remarkable && minute >= self.settled {
            self.recurring.note(minute, sums);
        }
        let weight = if self.in_incident(minute) || recurs { SLOW } else { 1.0 };
        if weight == 1.0 {
            self.level.disperse(0, 1.0, (count, self.level.mean() * exposure));
        }
        self.hour_events += (weight * count) as f32;
        self.hour_exposure += (weight * self.level.mean() * self.phase.mean(minute, 1)) as f32;
        self.level.learn(count, exposure, weight);
        self.at = minute + 1;
        self.finish_blocks((minute, self.at), self.level.mean());
    }

    /// Passes over minutes without events, all of one hour: those that still belong to an incident, then the others.
    fn empty(&mut self, end: i32) {
        let after = self.last_above.saturating_add(INCIDENT_GAP + 1);
        if self.above > 0 && (self.at + 1..end).contains(&after) {
            self.pass(after);
        }
        self.pass(end);
    }

    fn pass(&mut self, end: i32) {
        let minutes = end - self.at;
        if minutes <= 0 {
            return;
        }
        let factors = self.season.around(self.at.div_euclid(60));
        let phase = self.phase.mean(end - 1, minutes);
        let season = factors.sum(end - 1, minutes) * phase;
        let weight = if self.in_incident(end - 1) { SLOW } else { 1.0 };
        let later = self.level.after_empty(minutes, weight * season);
        // The level falls on the way; the geometric mean of its ends is near its mean over the way.
        let level = (self.level.mean() * later.mean()).sqrt();
        if weight == 1.0 {
            self.level.disperse(0, f64::from(minutes), (0.0, level * season / f64::from(minutes)));
        }
        self.hour_exposure += (weight * level * phase * f64::from(minutes)) as f32;
        (self.level.a, self.level.b) = (later.a, later.b);
        let begin = self.at;
        self.at = end;
        self.finish_blocks((begin, end), level);
    }

    /// Learns the dispersion of the blocks of 5, 15 and 60 minutes that end after `begin`, and by `end`, at this level.
    fn finish_blocks(&mut self, (begin, end): (i32, i32), level: f64) {
        let mut factors = None;
        for (w, width) in WIDTHS.into_iter().enumerate().skip(1) {
            let first = (begin.div_euclid(width) + 1) * width;
            if first > end {
                continue;
            }
            let factors = *factors.get_or_insert_with(|| self.season.around((end - 1).div_euclid(60)));
            // Only the first of them can hold events: minutes with events are learnt one by one.
            let n = if self.ring.is_empty() { 0.0 } else { self.ring.sums(first - 1)[w] };
            let mu = level * self.exposure(&factors, first - 1, width);
            let far = tail(n, mu, self.level.inverse_size(w)) > U0;
            let known = self.in_incident(first - 1) || far && self.recurring.is_usual(first - 1);
            if !known {
                self.level.disperse(w, 1.0, (n, mu));
            }
            let rest = (end - first) / width;
            if rest > 0 && !self.in_incident(end - 1) {
                let mu = level * self.exposure(&factors, end - 1, width * rest) / f64::from(rest);
                self.level.disperse(w, f64::from(rest), (0.0, mu));
            }
        }
    }

    /// At a full hour: season and schedule learn the hour that is over.
    fn finish_hour(&mut self, end: i32) {
        let begin = end - 60;
        if self.trial.is_none() {
            self.season.learn(begin.div_euclid(60), f64::from(self.hour_events), f64::from(self.hour_exposure));
        }
        (self.hour_events, self.hour_exposure) = (0.0, 0.0);
        self.ring.advance(end);
        if self.ring.is_empty() {
            self.phase.skip();
        } else if !self.disturbed && self.trial.is_none() {
            let level = self.level.mean() * self.season.factor(begin.div_euclid(60));
            self.phase.learn(&self.ring.counts, 0.5 / level.max(1e-6) + self.level.dispersion(0));
        }
        self.disturbed = false;
        self.level.forget_dispersion(level::kept(60.0));
        self.recurring.settle(end);
        self.check_trial(end - 1);
    }
}

/// -ln P(count ≥ n), or 0 where n is nothing to speak of: tails cost time, and only far ones matter.
fn tail(n: f64, mu: f64, inverse: f64) -> f64 {
    if n >= FEWEST && n > mu && (n - mu) * (n - mu) > 2.0 * (mu + mu * mu * inverse) {
        -neg_binomial_ln_sf(n, mu, 1.0 / inverse)
    } else {
        0.0
    }
}
