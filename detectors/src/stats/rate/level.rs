//! Level and dispersion of a series: how many events a minute, and how unevenly.

use super::season::Short;
use crate::stats::windows::{REACH, WIDTHS};

/// What is kept of all that is known, each hour: a half-life of 1.5 days.
const KEPT: f64 = 0.980_928_848_432_137_7;
/// The belief about the level before anything is known: half an event in an hour, weakly.
const PRIOR: (f32, f32) = (0.1, 12.0);
/// Prior dispersion and its weight, in squared expected counts.
const DISPERSION: f64 = 0.3;
const DISPERSION_WEIGHT: f64 = 2.0;
/// A squared deviation upwards counts up to this many variances, so that one outlier does not excuse all later ones.
const CLIP: f64 = 100.0;
/// The least that is believed of the level, in events and in events a minute.
const LEAST: f64 = 0.05;
const LEAST_LEVEL: f64 = 1e-6;
/// The least of the exposure that is left when some is taken back.
const LEAST_LEFT: f64 = 0.2;
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

    /// With the events and the exposure of an hour that is going on.
    pub(super) fn with(&self, (events, exposure): (f64, f64)) -> Level {
        let (a, b) = ((f64::from(self.a) + events).max(LEAST), f64::from(self.b) + exposure);
        Level { a: a.max(LEAST_LEVEL * b) as f32, b: b as f32, ..*self }
    }

    /// Takes back exposure that was reckoned by a wrong season, or adds what was too little.
    pub(super) fn expose(&mut self, more: f64) {
        let b = f64::from(self.b);
        self.b = (b + more).max(b * LEAST_LEFT) as f32;
    }

    /// What is left of it after an hour.
    pub(super) fn forget(&mut self) {
        let b = f64::from(self.b) * KEPT;
        let a = (f64::from(self.a) * KEPT).max(LEAST).max(LEAST_LEVEL * b);
        (self.a, self.b) = (a as f32, b as f32);
        // In the precision that it is stored in.
        let kept = |value: f32| Short::new(f64::from(value) * KEPT).get() as f32;
        (self.num, self.den) = (self.num.map(kept), self.den.map(kept));
    }

    /// Learns the dispersion of an hour that this level has learnt: the counts of its minutes, what was expected in
    /// them, and which are left out (a bit for each). Its blocks of 1, 5, 15 and 60 minutes weigh as much as their
    /// minutes.
    pub(super) fn disperse(&mut self, counts: &[u32; REACH], means: &[f64; REACH], out: u64) {
        for (w, width) in WIDTHS.into_iter().enumerate() {
            let (inverse, known) = (self.inverse_size(w), 1.0 / f64::from(self.a));
            let (mut extra, mut squares) = (0.0, 0.0);
            let mut block = |at: usize, n: f64, mu: f64| {
                if out >> at & (u64::MAX >> (64 - width)) == 0 {
                    let most = if n > mu { CLIP * (mu + mu * mu * inverse).max(1.0) } else { f64::MAX };
                    extra += ((n - mu) * (n - mu)).min(most) - mu + mu * mu * known;
                    squares += mu * mu;
                }
            };
            let width = width as usize;
            for at in (0..REACH).step_by(width) {
                let n: u64 = counts[at..at + width].iter().map(|n| u64::from(*n)).sum();
                block(at, n as f64, means[at..at + width].iter().sum());
            }
            self.disperse_window(w, extra, squares);
        }
    }

    /// The same where nothing came and nothing is left out: most hours of most series.
    pub(super) fn disperse_empty(&mut self, means: &[f64; REACH]) {
        let mut fives = [0.0; 12];
        for (sum, means) in fives.iter_mut().zip(means.as_chunks::<5>().0) {
            *sum = means.iter().sum();
        }
        let quarters: [f64; 4] = [0, 3, 6, 9].map(|at| fives[at] + fives[at + 1] + fives[at + 2]);
        let all: f64 = quarters.iter().sum();
        let squares = |means: &[f64]| means.iter().map(|mu| mu * mu).sum::<f64>();
        let known = 1.0 / f64::from(self.a);
        for (w, squares) in [squares(means), squares(&fives), squares(&quarters), all * all].into_iter().enumerate() {
            self.disperse_window(w, squares * (1.0 + known) - all, squares);
        }
    }

    fn disperse_window(&mut self, w: usize, extra: f64, squares: f64) {
        let weight = f64::from(WIDTHS[w]) / 60.0;
        self.num[w] = (f64::from(self.num[w]) + weight * extra).clamp(-LARGEST, LARGEST) as f32;
        self.den[w] = (f64::from(self.den[w]) + weight * squares).min(LARGEST) as f32;
    }
}
