//! How heavy the real tail of one series is, learnt as one exponential.

use std::f64::consts::LN_10;

use crate::stats::calibration::{CLOSED_AFTER, U0};

/// The weight of the belief that the model is right, in clusters.
const PRIOR: f64 = 20.0;
/// What is kept of the clusters before, for each new one.
const KEPT: f64 = 0.995;
/// A cluster's peak counts up to this, in nats.
const CLIP: f64 = 40.0;

/// Were the model right, `l - U0` given `l > U0` would be Exp(1), for l = -ln p. A cluster is a run of minutes with
/// l > U0, closed by 60 quiet ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail {
    sum: f64,
    number: f64,
    open: bool,
    peak: f64,
    quiet: i32,
}

impl Tail {
    /// -log10 of the calibrated p.
    pub(super) fn score(&self, l: f64) -> f64 {
        let tau = ((PRIOR + self.sum) / (PRIOR + self.number)).max(1.0);
        if l > U0 { (U0 + (l - U0) / tau) / LN_10 } else { l / LN_10 }
    }

    pub(super) fn learn(&mut self, l: f64) {
        if l > U0 {
            let excess = (l - U0).min(CLIP);
            if !self.open {
                (self.open, self.peak) = (true, excess);
                self.sum = self.sum * KEPT + excess;
                self.number = self.number * KEPT + 1.0;
            } else if excess > self.peak {
                self.sum += excess - self.peak;
                self.peak = excess;
            }
            self.quiet = 0;
        } else if self.open {
            self.quiet += 1;
            if self.quiet >= CLOSED_AFTER {
                (self.open, self.peak) = (false, 0.0);
            }
        }
    }

    /// Is there an incident whose peak is beyond `nats`?
    pub(super) fn in_incident(&self, nats: f64) -> bool {
        self.open && self.peak > nats
    }
}
