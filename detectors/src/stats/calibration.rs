//! How heavy the real tail of one series is, learnt from the tail itself: the reason why one threshold serves all series.
//!
//! Were a model right, l = -ln p beyond [`U0`] would be exponential with mean 1. It never is. Two tails are fitted to
//! the peaks of clusters of such minutes: an exponential (l - U0 has mean tau) and a power law (ln(1 + l - U0) has mean
//! eta), which series with batches of any size need: their peaks grow without bound, and an exponential would call
//! each larger batch impossible. The calibrated tail is their mixture, weighted by how well each foresaw the peaks.

use std::f64::consts::LN_10;

use libm::{exp, log, log1p};

/// -ln 0.02: what lies below it is usual.
pub const U0: f64 = 3.912_023_005_428_146;
/// Quiet minutes that end a cluster.
pub const CLOSED_AFTER: i32 = 60;

/// The weight of the belief in `ETA`, in clusters.
const PRIOR: f64 = 20.0;
/// Clusters that the mean of the excesses is believed to be known from before any is seen.
const SHAPE: f64 = 30.0;
/// What is kept of the clusters before, for each new one.
const KEPT: f64 = 0.995;
/// A peak counts up to this in the exponential's mean, in nats.
const CLIP: f64 = 15.0;
/// The mean of ln(1 + excess) where the excess is exponential with mean 1.
const ETA: f64 = 0.6;
/// ln of the odds for the exponential at first, and at most; and how much one cluster may change it.
const ODDS: f64 = 7.0;
const MOST_ODDS: f64 = 9.0;
const STEP: f64 = 1.5;
/// Peaks below it, in nats, are about as likely by both: they speak a little for the exponential.
const TELLING: f64 = 2.0;
const USUAL: f64 = 0.1;

/// The tail of one series. All sums decay by cluster, not by time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// The weight of the belief that the model is right, in clusters.
    pub(super) prior: f32,
    /// Sum of the peaks' excesses, of their logarithms, and their number.
    pub(super) sum: f32,
    pub(super) log_sum: f32,
    pub(super) number: f32,
    pub(super) odds: f32,
    /// The peak of the cluster that is open; 0 where none is.
    pub(super) peak: f32,
    /// The minute that continued it last.
    pub(super) last: i32,
}

impl Calibration {
    /// Nothing is learnt yet; the belief that the model is right is worth `prior` clusters.
    #[must_use]
    pub fn new(prior: f32) -> Calibration {
        Calibration { prior, sum: 0.0, log_sum: 0.0, number: 0.0, odds: ODDS as f32, peak: 0.0, last: i32::MIN }
    }

    /// -log10 of the calibrated p.
    #[must_use]
    pub fn score(&self, l: f64) -> f64 {
        if l <= U0 {
            return l.max(0.0) / LN_10;
        }
        let excess = l - U0;
        let heavy = 1.0 / (1.0 + exp(f64::from(self.odds)));
        // The larger of the two tails decides; both are added in log space because either may be below the least f64.
        let (thin, thick) = (log1p(-heavy) - self.foreseen(excess), log(heavy) - log1p(excess) / self.eta());
        let (high, low) = (thin.max(thick), thin.min(thick));
        (U0 - (high + log1p(exp(low - high))).min(0.0)) / LN_10
    }

    /// The factor by which the exponential tail is heavier than that of the model, at least 1.
    #[must_use]
    pub fn tau(&self) -> f64 {
        let prior = f64::from(self.prior);
        ((prior + f64::from(self.sum)) / (prior + f64::from(self.number))).max(1.0)
    }

    /// -ln P(a further excess is as large): the mean is known from so many clusters only, so the tail is Lomax's.
    fn foreseen(&self, excess: f64) -> f64 {
        let shape = SHAPE + f64::from(self.number);
        shape * log1p(excess / (shape * self.tau()))
    }

    fn eta(&self) -> f64 {
        ((PRIOR * ETA + f64::from(self.log_sum)) / (PRIOR + f64::from(self.number))).max(ETA)
    }

    /// Learns l of a minute. Minutes come in their order; those that are left out were usual.
    pub fn learn(&mut self, l: f64, minute: i32) {
        if self.peak > 0.0 && minute.saturating_sub(self.last) > CLOSED_AFTER {
            self.close();
        }
        if l <= U0 {
            return;
        }
        let excess = (l - U0).max(f64::MIN_POSITIVE);
        if self.peak == 0.0 {
            self.sum = (f64::from(self.sum) * KEPT) as f32;
            self.log_sum = (f64::from(self.log_sum) * KEPT) as f32;
            self.number = (f64::from(self.number) * KEPT + 1.0) as f32;
        }
        if excess > f64::from(self.peak) {
            let before = f64::from(self.peak);
            self.sum = (f64::from(self.sum) + excess.min(CLIP) - before.min(CLIP)) as f32;
            self.log_sum = (f64::from(self.log_sum) + log1p(excess) - log1p(before)) as f32;
            self.peak = (excess as f32).max(f32::MIN_POSITIVE);
        }
        self.last = minute;
    }

    /// Takes back what the open cluster has taught: it turned out to be a change of level, which says nothing about the
    /// tail.
    pub fn withdraw(&mut self) {
        if self.peak > 0.0 {
            let peak = f64::from(self.peak);
            self.sum = (f64::from(self.sum) - peak.min(CLIP)).max(0.0) as f32;
            self.log_sum = (f64::from(self.log_sum) - log1p(peak)).max(0.0) as f32;
            self.number = (f64::from(self.number) - 1.0).max(0.0) as f32;
            self.peak = 0.0;
        }
    }

    /// At the end of a cluster: which tail foresaw its peak better?
    fn close(&mut self) {
        let (excess, tau, eta) = (f64::from(self.peak), self.tau(), self.eta());
        let thin = -log(tau) - excess / tau;
        let thick = -log(eta) - (1.0 + 1.0 / eta) * log1p(excess);
        let told = if excess < TELLING { USUAL } else { (thin - thick).clamp(-STEP, STEP) };
        let odds = f64::from(self.odds) + told;
        self.odds = odds.clamp(-MOST_ODDS, MOST_ODDS) as f32;
        self.peak = 0.0;
    }

    /// The peak excess of the cluster that reaches into `minute`, in nats; 0 without one.
    #[must_use]
    pub fn open_peak(&self, minute: i32) -> f64 {
        if minute.saturating_sub(self.last) > CLOSED_AFTER { 0.0 } else { f64::from(self.peak) }
    }
}
