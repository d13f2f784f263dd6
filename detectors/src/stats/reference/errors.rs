//! Errors of calls per minute of one series, minute by minute.

use libm::exp2;

use super::REACH;
use super::tail::Tail;
use crate::stats::tails::beta_binomial_ln_sf;

const WINDOWS: [usize; 3] = [5, 15, 60];
/// The belief about the share before anything is known: half an error of 20 calls.
const PRIOR: (f64, f64) = (0.5, 20.0);
/// Half-life of the share, in calls.
const HALF_CALLS: f64 = 20_000.0;
/// Prior correlation of calls in a window, its weight, and its half-life in minutes.
const RHO: f64 = 0.002;
const RHO_WEIGHT: f64 = 20.0;
const RHO_HALF_LIFE: f64 = 2_880.0;
/// Effective number of the three nested windows, as a logarithm.
const LN_SCALES: f64 = 0.69;
/// Peak excess, in nats, above which learning has the weight `SLOW`.
const INCIDENT: f64 = 12.0;
const SLOW: f64 = 0.05;

/// Errors among the calls of a window are beta-binomial with mean a / (a + b) and a concentration from the learnt
/// correlation of calls within a window.
#[derive(Clone, Debug)]
pub struct ReferenceErrors {
    age: usize,
    a: f64,
    b: f64,
    num: [f64; 3],
    den: [f64; 3],
    ring: [(f64, f64); REACH],
    tail: Tail,
}

impl Default for ReferenceErrors {
    fn default() -> ReferenceErrors {
        let (a, b) = PRIOR;
        ReferenceErrors { age: 0, a, b, num: [0.0; 3], den: [0.0; 3], ring: [(0.0, 0.0); REACH], tail: Tail::default() }
    }
}

impl ReferenceErrors {
    /// Judges the next minute and learns the one that leaves the longest window: -log10 p.
    pub fn step(&mut self, errors: f64, calls: f64) -> f64 {
        let leaving = self.ring[self.age % REACH];
        self.ring[self.age % REACH] = (errors, calls);
        let l = (self.test() - LN_SCALES).max(0.0);
        let score = self.tail.score(l);
        self.tail.learn(l);
        self.learn(leaving);
        self.age += 1;
        score
    }

    fn sums(&self, width: usize) -> (f64, f64) {
        let minutes = (0..width.min(self.age + 1)).map(|back| self.ring[(self.age - back) % REACH]);
        minutes.fold((0.0, 0.0), |sum, minute| (sum.0 + minute.0, sum.1 + minute.1))
    }

    /// The largest -ln p of the windows; learns the correlation from disjoint windows on the way.
    fn test(&mut self) -> f64 {
        let p = self.a / (self.a + self.b);
        let mut best: f64 = 0.0;
        for (w, width) in WINDOWS.into_iter().enumerate() {
            let (e, n) = self.sums(width);
            if n > 1.0 && self.age % width == width - 1 && !self.tail.in_incident(INCIDENT) {
                let q = (p * (1.0 - p)).max(1e-9);
                let weight = 1.0 / (1.0 + n * 0.05) / (n * q).max(1e-3);
                let keep = exp2(-(width as f64) / RHO_HALF_LIFE);
                self.num[w] = self.num[w] * keep + ((e - n * p).powi(2) - n * q) * weight;
                self.den[w] = self.den[w] * keep + n * (n - 1.0) * q * weight;
            }
            let rho = (self.num[w].max(0.0) + RHO * RHO_WEIGHT) / (self.den[w] + RHO_WEIGHT);
            if e > n * p && e > 0.0 {
                let m = (self.a + self.b).min(1.0 / rho.max(1e-6) - 1.0).max(1.0);
                best = best.max(-beta_binomial_ln_sf(e, n, p * m, (1.0 - p) * m));
            }
        }
        best
    }

    fn learn(&mut self, (errors, calls): (f64, f64)) {
        if calls <= 0.0 {
            return;
        }
        let weight = if self.tail.in_incident(INCIDENT) { SLOW } else { 1.0 };
        let keep = exp2(-weight * calls / HALF_CALLS);
        self.a = self.a * keep + weight * errors + PRIOR.0 * (1.0 - keep);
        self.b = self.b * keep + weight * (calls - errors) + PRIOR.1 * (1.0 - keep);
    }
}
