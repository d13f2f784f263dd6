//! Level and dispersion of a series: how many events a minute, and how unevenly.

use libm::exp2;

use crate::stats::windows::WIDTHS;

/// Half-life of what is known, in minutes.
const HALF_LIFE: f64 = 1.5 * 1440.0;
/// The belief about the level before anything is known: half an event in an hour, weakly.
const PRIOR: (f32, f32) = (0.1, 12.0);
/// Prior dispersion and its weight, in squared expected counts.
const DISPERSION: f64 = 0.3;
const DISPERSION_WEIGHT: f64 = 2.0;
/// A squared deviation counts up to this many variances, so that one outlier does not excuse all later ones.
const CLIP: f64 = 100.0;
/// The least that is believed of the level, in events and in events a minute.
const LEAST: f64 = 0.05;
const LEAST_LEVEL: f64 = 1e-6;
/// Sums of squares stop here, far from the limit of what is stored.
const LARGEST: f64 = 1e30;

/// Gamma(a, b) is the belief about events a minute; num / den is the over-dispersion of each window, by which the
/// variance of a count with mean mu is mu + mu² (1/a + num/den).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::stats) struct Level {
    pub(in crate::stats) a: f32,
    pub(in crate::stats) b: f32,
    pub(in crate::stats) num: [f32; 4],
    pub(in crate::stats) den: [f32; 4],
}

impl Default for Level {
    fn default() -> Level {
        Level { a: PRIOR.0, b: PRIOR.1, num: [0.0; 4], den: [0.0; 4] }
    }
}

/// What is kept after some minutes.
pub(super) fn kept(minutes: f64) -> f64 {
    exp2(-minutes / HALF_LIFE)
}

impl Level {
    /// Events a minute.
    pub(super) fn mean(&self) -> f64 {
        f64::from(self.a) / f64::from(self.b)
    }

    /// Learnt over-dispersion of a window.
    pub(super) fn dispersion(&self, window: usize) -> f64 {
        let (num, den) = (f64::from(self.num[window]), f64::from(self.den[window]));
        (num.max(0.0) + DISPERSION_WEIGHT * DISPERSION) / (den + DISPERSION_WEIGHT)
    }

    /// 1 / size of the negative binomial of a window, without what a young series adds.
    pub(super) fn inverse_size(&self, window: usize) -> f64 {
        1.0 / f64::from(self.a) + self.dispersion(window)
    }

    /// As it will be after empty minutes with this sum of seasons.
    pub(super) fn after_empty(&self, minutes: i32, season: f64) -> Level {
        let kept = kept(f64::from(minutes));
        let half = kept.sqrt();
        let b = f64::from(self.b) * kept + season * half;
        let a = (f64::from(self.a) * kept).max(LEAST).max(LEAST_LEVEL * b);
        Level { a: a as f32, b: b as f32, ..*self }
    }

    /// Learns a minute with events.
    pub(super) fn learn(&mut self, count: f64, season: f64, weight: f64) {
        let kept = kept(1.0);
        let b = f64::from(self.b) * kept + weight * season;
        let a = (f64::from(self.a) * kept).max(LEAST) + weight * count;
        (self.a, self.b) = (a.max(LEAST_LEVEL * b) as f32, b as f32);
    }

    /// Learns `number` disjoint windows that each held `n` where `mu` was expected. A window weighs as much as its
    /// minutes.
    pub(super) fn disperse(&mut self, window: usize, number: f64, (n, mu): (f64, f64)) {
        let weight = number * f64::from(WIDTHS[window]) / 60.0;
        let known = mu * mu / f64::from(self.a);
        let most = CLIP * (mu + mu * mu * self.inverse_size(window)).max(1.0);
        let extra = ((n - mu) * (n - mu)).min(most) - mu - known;
        self.num[window] = (f64::from(self.num[window]) + weight * extra).clamp(-LARGEST, LARGEST) as f32;
        self.den[window] = (f64::from(self.den[window]) + weight * mu * mu).min(LARGEST) as f32;
    }

    /// Forgets as much dispersion as in `minutes`.
    pub(super) fn forget_dispersion(&mut self, kept: f64) {
        self.num = self.num.map(|v| (f64::from(v) * kept) as f32);
        self.den = self.den.map(|v| (f64::from(v) * kept) as f32);
    }
}
