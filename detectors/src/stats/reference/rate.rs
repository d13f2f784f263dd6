//! Events per minute of one series, minute by minute.

use libm::{exp2, log};

use super::tail::Tail;
use super::{MINUTES_OF_DAY, REACH};
use crate::stats::tails::neg_binomial_ln_sf;

const WINDOWS: [usize; 4] = [1, 5, 15, 60];
/// Half-life of level and dispersion, in minutes.
const HALF_LIFE: f64 = 1.5 * 1440.0;
/// The belief about the level before anything is known: half an event in an hour.
const PRIOR: (f64, f64) = (0.5, 60.0);
/// Expected events that pull an hour's and a day's factor to 1.
const PULL_HOUR: f64 = 60.0;
const PULL_DAY: f64 = 240.0;
/// Prior dispersion, its weight, and how much larger it is at first.
const DISPERSION: f64 = 0.3;
const DISPERSION_WEIGHT: f64 = 2.0;
const COLD: f64 = 4.0;
/// Effective number of the four nested windows.
const SCALES: f64 = 2.2;
/// Above it, learning has the weight `SLOW`; minutes in a row until the new level is tried; how long it is on trial.
const INCIDENT: f64 = 6.0;
const SLOW: f64 = 0.02;
const TRIAL_AFTER: u32 = 120;
const TRIAL_FOR: u32 = 1440;

/// What a trial of a new level may have to bring back.
#[derive(Clone, Debug)]
struct Level {
    a: f64,
    b: f64,
    num: [f64; 4],
    den: [f64; 4],
}

/// Counts of a window W are negative binomial with mean = level × season and 1/size = 1/a + d, where Gamma(a, b) is the
/// belief about the level and d the learnt over-dispersion of that window.
#[derive(Clone, Debug)]
pub struct ReferenceRate {
    age: usize,
    now: Level,
    old: Level,
    hours: [(f64, f64); 24],
    days: [(f64, f64); 7],
    hour_factor: [f64; 24],
    day_factor: f64,
    ring: [(f64, f64); REACH],
    tail: Tail,
    above: u32,
    trial: u32,
}

impl Default for ReferenceRate {
    fn default() -> ReferenceRate {
        let level = Level { a: PRIOR.0, b: PRIOR.1, num: [0.0; 4], den: [0.0; 4] };
        ReferenceRate {
            age: 0,
            now: level.clone(),
            old: level,
            hours: [(0.0, 0.0); 24],
            days: [(0.0, 0.0); 7],
            hour_factor: [1.0; 24],
            day_factor: 1.0,
            ring: [(0.0, 0.0); REACH],
            tail: Tail::default(),
            above: 0,
            trial: 0,
        }
    }
}

impl ReferenceRate {
    /// Judges the next minute and learns it: -log10 p. Minutes are since 1970, and follow each other.
    pub fn step(&mut self, minute: i32, count: f64) -> f64 {
        let season = self.season(minute);
        let level = self.now.a / self.now.b;
        self.ring[self.age % REACH] = (count, season);
        let mut l = (self.test(level) - log(SCALES)).max(0.0);
        if self.age < REACH {
            l = 0.0;
        }
        let score = self.tail.score(l);
        self.tail.learn(l);
        self.incident(score);
        self.learn(minute, (count, season), level);
        self.age += 1;
        score
    }

    /// Factors are refreshed at each full hour for the two hours around it, and at midnight for the day.
    fn season(&mut self, minute: i32) -> f64 {
        let m = minute.rem_euclid(MINUTES_OF_DAY);
        let before = (m - 30).div_euclid(60).rem_euclid(24) as usize;
        let after = (before + 1) % 24;
        let along = f64::from((m - 30).rem_euclid(60)) / 60.0;
        if m % 60 == 0 {
            for h in [before, after] {
                self.hour_factor[h] = (self.hours[h].0 + PULL_HOUR) / (self.hours[h].1 + PULL_HOUR);
            }
        }
        if m == 0 {
            let day = &mut self.days[weekday(minute)];
            self.day_factor = (day.0 + PULL_DAY) / (day.1 + PULL_DAY);
            *day = (day.0 * 0.7, day.1 * 0.7);
        }
        (self.hour_factor[before] * (1.0 - along) + self.hour_factor[after] * along) * self.day_factor
    }

    /// Count and season summed over the last `width` minutes; fewer while the series is younger.
    fn sums(&self, width: usize) -> (f64, f64) {
        let minutes = (0..width.min(self.age + 1)).map(|back| self.ring[(self.age - back) % REACH]);
        minutes.fold((0.0, 0.0), |sum, minute| (sum.0 + minute.0, sum.1 + minute.1))
    }

    /// The largest -ln p of the windows; learns the dispersion on the way.
    fn test(&mut self, level: f64) -> f64 {
        let young = (1.0 - self.age as f64 / f64::from(MINUTES_OF_DAY)).max(0.0);
        let prior = DISPERSION_WEIGHT * DISPERSION * (1.0 + COLD * young);
        let mut best: f64 = 0.0;
        for (w, width) in WINDOWS.into_iter().enumerate() {
            let (n, season) = self.sums(width);
            let mu = level * season;
            let now = &mut self.now;
            let inverse = 1.0 / now.a + (now.num[w].max(0.0) + prior) / (now.den[w] + DISPERSION_WEIGHT);
            if n > mu && (n - mu).powi(2) > 2.0 * (mu + mu * mu * inverse) {
                best = best.max(-neg_binomial_ln_sf(n, mu, 1.0 / inverse));
            }
            if self.above == 0 {
                now.num[w] = now.num[w] * keep() + ((n - mu).powi(2) - mu - mu * mu / now.a) / 60.0;
                now.den[w] = now.den[w] * keep() + mu * mu / 60.0;
            }
        }
        best
    }

    /// Learning slows in an incident; one that lasts is tried as the new level, and taken back if the old one fits
    /// clearly better within a day.
    fn incident(&mut self, score: f64) {
        self.above = if score > INCIDENT { self.above + 1 } else { 0 };
        if self.above == TRIAL_AFTER {
            let (n, season) = self.sums(REACH);
            if self.trial == 0 {
                self.old = self.now.clone();
                self.trial = TRIAL_FOR;
            }
            self.now.a = (n * 0.5).max(0.5);
            self.now.b = self.now.a * season / n.max(0.5);
            self.now.num = self.now.num.map(|v| v * 0.1);
            self.now.den = self.now.den.map(|v| v * 0.1);
            self.above = 0;
        }
        if self.trial > 0 {
            self.trial -= 1;
            let (n, season) = self.sums(REACH);
            let distance = |of: &Level| log((n + 0.5) / ((of.a / of.b * season).max(1e-6) + 0.5)).abs();
            if distance(&self.old) < 0.5 * distance(&self.now) {
                (self.now, self.trial) = (self.old.clone(), 0);
            }
        }
    }

    fn learn(&mut self, minute: i32, (count, season): (f64, f64), level: f64) {
        let weight = if self.above > 0 { SLOW } else { 1.0 };
        let now = &mut self.now;
        now.a = (now.a * keep()).max(0.05) + weight * count;
        now.b = now.b * keep() + weight * season;
        now.a = if now.a / now.b < 1e-6 { 1e-6 * now.b } else { now.a };
        if self.trial > 0 {
            return;
        }
        let hour = &mut self.hours[(minute.rem_euclid(MINUTES_OF_DAY) / 60) as usize];
        if minute.rem_euclid(60) == 0 {
            *hour = (hour.0 * 0.8, hour.1 * 0.8);
        }
        *hour = (hour.0 + weight * count, hour.1 + weight * level * self.day_factor);
        let day = &mut self.days[weekday(minute)];
        *day = (day.0 + weight * count, day.1 + weight * level * season / self.day_factor);
    }
}

fn keep() -> f64 {
    exp2(-1.0 / HALF_LIFE)
}

/// 0 is Monday; 1970-01-01 was a Thursday.
fn weekday(minute: i32) -> usize {
    (minute.div_euclid(MINUTES_OF_DAY) + 3).rem_euclid(7) as usize
}
