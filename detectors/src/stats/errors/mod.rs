//! Failed calls per minute of one series: is the share far larger than usual?
//!
//! The errors among the calls of a window of 5, 15 or 60 minutes are beta-binomial: the share itself differs from
//! window to window, by a correlation that is learnt. What is usual depends on the hour of the day, and a share that
//! comes at the same time of the day again is expected ([`recurring`](super::recurring)): throttling of a nightly job
//! is news once.
//!
//! The share is learnt from minutes that have left the longest window, so that a spike does not hide itself. State
//! changes only at minutes with calls and at full hours, wherever the calls of these functions are split.

mod encoding;
#[cfg(test)]
mod tests;

use libm::exp2;

pub use self::encoding::ERROR_BYTES;
use super::calibration::{Calibration, U0};
use super::rate::season::Part;
use super::recurring::{Recurring, Usual};
use super::tails::beta_binomial_ln_sf;
use super::windows::{LastHour, REACH, Sums, WIDTHS, rounded};

/// The belief about the share before anything is known: half an error of 20 calls.
const PRIOR: (f64, f64) = (0.5, 20.0);
/// Half-life of the share, in calls.
const HALF_CALLS: f64 = 20_000.0;
/// Prior correlation of the calls in a window, its weight, and what is kept after each window: half in two days.
const RHO: f64 = 0.002;
const RHO_WEIGHT: f64 = 20.0;
const RHO_KEPT: [f64; 3] = [0.998_797_343_250_181_2, 0.996_396_367_160_814_6, 0.985_663_198_640_187_6];
/// Expected errors that pull an hour's factor to 1, and what is kept at each visit of the hour.
const PULL_HOUR: f64 = 15.0;
const KEPT_HOUR: f64 = 0.8;
/// Effective number of the three nested windows, as a logarithm.
const LN_SCALES: f64 = 0.69;
/// Peak excess, in nats, above which learning has the weight `SLOW`.
const INCIDENT: f64 = 12.0;
const SLOW: f64 = 0.05;
/// Clusters that the belief in the tail of the model is worth.
const TAIL_PRIOR: f32 = 20.0;
/// T from which a share is remembered with its time of day, and the units in which it is: parts of a million.
const REMEMBERED_FROM: f64 = 4.0;
const UNITS: f64 = 1e6;
/// A larger share is not believed: something must be left to be unusual.
const LARGEST: f64 = 0.95;
/// A series of which nothing was heard for longer begins anew.
const FORGOTTEN_AFTER: i32 = 366 * DAY;
const DAY: i32 = 1440;

/// What a minute means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorScore {
    /// -log10 of the calibrated p; 0 where nothing is remarkable.
    pub t: f64,
    /// The window that is least likely, in minutes.
    pub window: i32,
    /// Errors and calls in it.
    pub seen: (f64, f64),
    /// The share of errors that was to be expected.
    pub share: f64,
    /// The concentration of the beta-binomial: the share varies as if it had been seen in so many calls.
    pub concentration: f64,
    /// -ln p before calibration.
    pub l: f64,
}

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct ErrorWindows {
    /// The minute that the windows end with (minutes since 1970).
    pub minute: i32,
    /// Errors and calls in them; that of 1 minute is not used.
    pub errors: Sums,
    /// Calls in them.
    pub calls: Sums,
}

/// What is usual for one series.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorProfile {
    /// The first minute that is not learnt yet.
    pub(super) at: i32,
    pub(super) a: f32,
    pub(super) b: f32,
    pub(super) num: [f32; 3],
    pub(super) den: [f32; 3],
    pub(super) hours: [Part; 24],
    /// Errors and expected errors of the hour that leaves the longest window.
    pub(super) leaving: (f32, f32),
    pub(super) errors: LastHour,
    pub(super) calls: LastHour,
    pub(super) calibration: Calibration,
    pub(super) recurring: Recurring,
    /// Were there calls in this day?
    pub(super) busy: bool,
}

impl ErrorProfile {
    /// A series that is watched from `minute` on.
    #[must_use]
    pub fn new(minute: i32) -> ErrorProfile {
        ErrorProfile {
            at: minute,
            a: PRIOR.0 as f32,
            b: PRIOR.1 as f32,
            num: [0.0; 3],
            den: [0.0; 3],
            hours: [Part::default(); 24],
            leaving: (0.0, 0.0),
            errors: LastHour::new(minute),
            calls: LastHour::new(minute),
            calibration: Calibration::new(TAIL_PRIOR),
            recurring: Recurring::default(),
            busy: false,
        }
    }

    /// Learns a minute with calls; the minutes since the last one had none. A minute that is already learnt, and one
    /// without calls, change nothing. Errors beyond the calls are not counted.
    pub fn learn(&mut self, minute: i32, errors: u32, calls: u32) {
        if calls == 0 || minute < self.at {
            return;
        }
        self.advance(minute);
        self.finish_blocks(self.at, minute);
        self.pass(minute + 1);
        self.calls.add(minute, rounded(calls));
        self.errors.add(minute, rounded(errors.min(calls)));
        if errors > 0 {
            let asked = ErrorWindows { minute, errors: self.errors.sums(minute), calls: self.calls.sums(minute) };
            let (plain, score) = self.assess(&asked);
            self.calibration.learn(score.l, minute);
            self.remember(&asked, plain);
        }
        self.finish_blocks(minute, minute + 1);
        (self.at, self.busy) = (minute + 1, true);
        if self.at.rem_euclid(60) == 0 {
            self.finish_hour();
        }
    }

    /// Goes on to `minute` over hours without calls. Only whole hours change the state.
    pub fn advance(&mut self, minute: i32) {
        if minute.saturating_sub(self.at) > FORGOTTEN_AFTER {
            *self = ErrorProfile::new(minute);
        }
        loop {
            let end = self.at.div_euclid(60) * 60 + 60;
            if end > minute {
                return;
            }
            self.finish_blocks(self.at, end);
            self.pass(end);
            self.at = end;
            self.finish_hour();
        }
    }

    /// How unusual are these windows?
    #[must_use]
    pub fn judge(&self, asked: &ErrorWindows) -> ErrorScore {
        self.assess(asked).1
    }

    /// Also -ln p before what earlier days had at this time was taken into account.
    fn assess(&self, asked: &ErrorWindows) -> (f64, ErrorScore) {
        let plain = self.likelihood(asked, &[0.0; 3]);
        let known = if plain.l > U0 { self.recurring.at(asked.minute) } else { None };
        let mut best = match known {
            Some(Usual { peaks: [_, five, quarter, hour], .. }) => {
                self.likelihood(asked, &[five, quarter, hour].map(|peak| peak / UNITS))
            }
            None => plain,
        };
        best.l = (best.l.min(plain.l) - LN_SCALES).max(0.0);
        best.t = self.calibration.score(best.l);
        ((plain.l - LN_SCALES).max(0.0), best)
    }

    /// The least likely window, where at least these shares are to be expected.
    fn likelihood(&self, asked: &ErrorWindows, least: &[f64; 3]) -> ErrorScore {
        let mut best = ErrorScore { t: 0.0, window: 60, seen: (0.0, 0.0), share: 0.0, concentration: 0.0, l: -1.0 };
        for w in 0..3 {
            let (e, n) = (asked.errors[w + 1], asked.calls[w + 1]);
            let p = self.share(asked.minute, WIDTHS[w + 1]).max(least[w]).min(LARGEST);
            let m = f64::from(self.a + self.b).min(1.0 / self.rho(w).max(1e-6) - 1.0).max(1.0);
            // Tails cost time, and only far ones matter.
            let variance = n * p * (1.0 - p) * (1.0 + (n - 1.0) / (m + 1.0));
            let l = if e > n * p && (e - n * p).powi(2) > 2.0 * variance {
                -beta_binomial_ln_sf(e, n, p * m, (1.0 - p) * m)
            } else {
                0.0
            };
            if l > best.l {
                best = ErrorScore { t: 0.0, window: WIDTHS[w + 1], seen: (e, n), share: p, concentration: m, l };
            }
        }
        best
    }

    /// The learnt correlation of the calls of a window.
    fn rho(&self, w: usize) -> f64 {
        (f64::from(self.num[w]).max(0.0) + RHO * RHO_WEIGHT) / (f64::from(self.den[w]) + RHO_WEIGHT)
    }

    /// The usual share in the middle of a window that ends with `last`; linear between the centres of hours.
    fn share(&self, last: i32, width: i32) -> f64 {
        let middle = last - width / 2 - 30;
        let (before, along) = (middle.div_euclid(60), f64::from(middle.rem_euclid(60)) / 60.0);
        let p = f64::from(self.a) / f64::from(self.a + self.b);
        // The calls of an hour are worth fewer, because they are correlated: Kish's design effect.
        let calls = self.rho(2) / p;
        let factor = |hour: i32| {
            let part = self.hours[hour.rem_euclid(24) as usize];
            let (events, expected) = (part.events.get(), part.expected.get());
            let pull = PULL_HOUR * (1.0 + expected * calls);
            (events + pull) / (expected + pull)
        };
        (p * (factor(before) * (1.0 - along) + factor(before + 1) * along)).min(LARGEST)
    }

    fn in_incident(&self, minute: i32) -> bool {
        self.calibration.open_peak(minute) > INCIDENT
    }

    /// Remembers the share with its time of day if it is far from what is usual, recurring or not.
    fn remember(&mut self, asked: &ErrorWindows, plain: f64) {
        if plain > U0 && self.calibration.score(plain) > REMEMBERED_FROM {
            let mut shares = [0.0; 4];
            for (share, (e, n)) in shares.iter_mut().zip(asked.errors.iter().zip(asked.calls)) {
                *share = if n > 0.0 { e / n * UNITS } else { 0.0 };
            }
            self.recurring.note(asked.minute, &shares);
        }
    }

    /// Learns the correlation of the blocks of 5, 15 and 60 minutes that end after `begin`, and by `end`. Only the
    /// first of each can hold calls.
    fn finish_blocks(&mut self, begin: i32, end: i32) {
        if self.calls.is_empty() {
            return;
        }
        for w in 0..3 {
            let width = WIDTHS[w + 1];
            let close = (begin.div_euclid(width) + 1) * width;
            if close > end || self.in_incident(close - 1) {
                continue;
            }
            let n = self.calls.sums(close - 1)[w + 1];
            if n <= 1.0 {
                continue;
            }
            let e = self.errors.sums(close - 1)[w + 1];
            let p = self.share(close - 1, width);
            let q = (p * (1.0 - p)).max(1e-9);
            let weight = 1.0 / (1.0 + n * 0.05) / (n * q).max(1e-3);
            let kept = RHO_KEPT[w];
            self.num[w] = (f64::from(self.num[w]) * kept + ((e - n * p).powi(2) - n * q) * weight) as f32;
            self.den[w] = (f64::from(self.den[w]) * kept + n * (n - 1.0) * q * weight) as f32;
        }
    }

    /// Empties the last hour up to `end`; the minutes that leave it teach the share.
    fn pass(&mut self, end: i32) {
        let from = self.calls.end;
        for leaving in from - REACH as i32..(end - REACH as i32).min(from) {
            let (e, n) = (f64::from(self.errors.at(leaving)), f64::from(self.calls.at(leaving)));
            if n > 0.0 {
                self.learn_share(leaving, e, n);
            }
        }
        self.calls.advance(end);
        self.errors.advance(end);
    }

    fn learn_share(&mut self, minute: i32, e: f64, n: f64) {
        let weight = if self.in_incident(minute + REACH as i32) { SLOW } else { 1.0 };
        let p = f64::from(self.a) / f64::from(self.a + self.b);
        self.leaving.0 += (weight * e) as f32;
        self.leaving.1 += (weight * n * p) as f32;
        let kept = exp2(-weight * n / HALF_CALLS);
        self.a = (f64::from(self.a) * kept + weight * e + PRIOR.0 * (1.0 - kept)) as f32;
        self.b = (f64::from(self.b) * kept + weight * (n - e) + PRIOR.1 * (1.0 - kept)) as f32;
    }

    /// At a full hour, all minutes of the hour before the last have left the longest window: its factor learns them.
    fn finish_hour(&mut self) {
        let hour = (self.at.div_euclid(60) - 2).rem_euclid(24) as usize;
        if self.leaving.1 > 0.0 {
            let (e, expected) = (f64::from(self.leaving.0), f64::from(self.leaving.1));
            self.hours[hour].add(KEPT_HOUR, e, expected);
            self.leaving = (0.0, 0.0);
        }
        self.recurring.settle(self.at);
        if self.at.rem_euclid(DAY) == 0 && std::mem::take(&mut self.busy) {
            self.calibration.pass_day();
        }
    }
}
