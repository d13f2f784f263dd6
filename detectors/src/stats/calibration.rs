//! How heavy the real tail of one series is, learnt from the tail itself: the reason why one threshold serves all series.
//!
//! Were a model right, l = -ln p beyond [`U0`] would be exponential with mean 1. It never is. Two answers are given to
//! what the peak of the next cluster of such minutes may be. The *thin* tail is an exponential whose mean is learnt from
//! all peaks. The *thick* one expects that the largest peaks of the last weeks come again, some larger and some smaller:
//! what series with batches, storms and deployments need, of which no single curve fits the usual minutes and the
//! batches. The calibrated tail is their mixture, weighted by which foresaw the peaks.

use std::f64::consts::LN_10;

use libm::{exp, exp2, log, log1p};

use super::rate::season::Short;

/// -ln 0.02: what lies below it is usual.
pub const U0: f64 = 3.912_023_005_428_146;
/// Quiet minutes that end a cluster.
pub const CLOSED_AFTER: i32 = 60;

/// Clusters that the mean of the excesses is believed to be known from before any is seen.
const SHAPE: f64 = 20.0;
/// What is kept of the clusters before, for each new one.
const KEPT: f64 = 0.995;
/// A peak counts up to this in the exponential's mean, in nats.
const CLIP: f64 = 15.0;
/// ln of the odds for the thin tail at first, and at most; and how much one cluster may take from it or add to it. The
/// thick tail holds the thin one, so usual peaks tell little: a surprise outweighs ten of them.
const ODDS: f64 = 3.0;
const MOST_ODDS: f64 = 6.0;
const LOSS: f64 = 1.0;
const GAIN: f64 = 0.1;
/// The largest peaks are remembered for so many days with events, and so many of them.
const DAYS: u8 = 60;
pub(in crate::stats) const PEAKS: usize = 6;
/// A peak that has not come again within so many days with events counts half for each [`HALF_DAYS`] more: most that is
/// new after a quiet week was a matter of once. One that has come again, [`ALIKE`] apart in ln(1 + excess), stays.
const QUIET_DAYS: u8 = 7;
const HALF_DAYS: f64 = 4.0;
const ALIKE: f64 = 1.0;
/// What a day with events gives back of the odds that a surprise has taken.
const CALM: f64 = 0.05;
/// How far the next peak like one of them may lie from it: the scale of ln(1 + excess).
const SCATTER: f64 = 0.25;
/// The weight of peaks as usual, and of peaks of any size, in clusters; the mean of ln(1 + excess) of the latter.
const USUAL_PEAKS: f64 = 1.0;
const ANY_PEAKS: f64 = 0.5;
const ANY_MEAN: f64 = 0.6;

/// A large peak: its size, and the days with events since it was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::stats) struct Peak {
    /// ln(1 + excess) in steps of 1 / 25; 0 of an empty place.
    pub(in crate::stats) size: u8,
    pub(in crate::stats) days: u8,
}

impl Peak {
    /// ln(1 + excess).
    fn get(self) -> f64 {
        f64::from(self.size) / 25.0
    }
}

/// The tail of one series. All sums decay by cluster, not by time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// The weight of the belief that the model is right, in clusters.
    pub(super) prior: f32,
    /// Sum of the peaks' excesses, and their number.
    pub(super) sum: Short,
    pub(super) number: Short,
    pub(super) odds: Short,
    /// The peak of the cluster that is open; 0 where none is.
    pub(super) peak: Short,
    /// The minute that continued it last.
    pub(super) last: i32,
    /// The largest peaks of the last weeks.
    pub(super) largest: [Peak; PEAKS],
}

impl Calibration {
    /// Nothing is learnt yet; the belief that the model is right is worth `prior` clusters.
    #[must_use]
    pub fn new(prior: f32) -> Calibration {
        let none = Short::default();
        let largest = [Peak::default(); PEAKS];
        Calibration { prior, sum: none, number: none, odds: Short::new(ODDS), peak: none, last: i32::MIN, largest }
    }

    /// -log10 of the calibrated p.
    #[must_use]
    pub fn score(&self, l: f64) -> f64 {
        self.score_with(l, 1.0)
    }

    /// The same where the cluster that is going on has this weight, 0 to 1, in what is believed of the tail.
    #[must_use]
    pub fn score_with(&self, l: f64, open: f64) -> f64 {
        if l <= U0 {
            return l.max(0.0) / LN_10;
        }
        let excess = l - U0;
        let heavy = 1.0 / (1.0 + exp(self.odds.get()));
        // The larger of the two tails decides; both are added in log space because either may be below the least f64.
        let (thin, thick) = (log1p(-heavy) - self.foreseen(excess, open), log(heavy) + log(self.thick(excess, open)));
        let (high, low) = (thin.max(thick), thin.min(thick));
        (U0 - (high + log1p(exp(low - high))).min(0.0)) / LN_10
    }

    /// The factor by which the exponential tail is heavier than that of the model, at least 1; the open cluster counts
    /// with this weight.
    #[must_use]
    pub fn tau(&self, open: f64) -> f64 {
        let (prior, peak) = (f64::from(self.prior), self.peak.get());
        let one = if peak > 0.0 { open } else { 0.0 };
        ((prior + self.sum.get() + one * peak.min(CLIP)) / (prior + self.number.get() + one)).max(1.0)
    }

    /// -ln P(a further excess is as large) by the thin tail: its mean is known from so many clusters only, so it is
    /// Lomax's.
    fn foreseen(&self, excess: f64, open: f64) -> f64 {
        let shape = SHAPE + self.number.get();
        shape * log1p(excess / (shape * self.tau(open)))
    }

    /// P(a further excess is as large) by the thick tail.
    fn thick(&self, excess: f64, open: f64) -> f64 {
        let (usual, all) = self.weights();
        let size = log1p(excess);
        let like =
            |(peak, weight): (f64, f64)| weight * (1.0 + exp(-peak / SCATTER)) / (1.0 + exp((size - peak) / SCATTER));
        let like: f64 = self.seen().map(like).sum();
        (usual * exp(-self.foreseen(excess, open)) + like + ANY_PEAKS * exp(-size / ANY_MEAN)) / all
    }

    /// The densities of an excess by both tails.
    fn densities(&self, excess: f64) -> (f64, f64) {
        let (usual, all) = self.weights();
        let (size, shape) = (log1p(excess), SHAPE + self.number.get());
        let tau = self.tau(1.0);
        let thin = exp(-(shape + 1.0) * log1p(excess / (shape * tau))) / tau;
        let like = |(peak, weight): (f64, f64)| {
            let beyond = 1.0 / (1.0 + exp((size - peak) / SCATTER));
            weight * (1.0 + exp(-peak / SCATTER)) * beyond * (1.0 - beyond) / SCATTER
        };
        let like: f64 = self.seen().map(like).sum();
        let any = ANY_PEAKS / ANY_MEAN * exp(-size / ANY_MEAN);
        (thin, (usual * thin + (like + any) / (1.0 + excess)) / all)
    }

    /// The largest peaks, as ln(1 + excess), and how much each counts.
    fn seen(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let places = || self.largest.iter().filter(|peak| peak.size > 0);
        places().map(move |peak| {
            let late = peak.days.saturating_sub(QUIET_DAYS);
            let again = late > 0 && places().filter(|other| (other.get() - peak.get()).abs() <= ALIKE).count() > 1;
            let weight = if late == 0 || again { 1.0 } else { exp2(-f64::from(late) / HALF_DAYS) };
            (peak.get(), weight)
        })
    }

    /// A day with events is over. Days without are no sign that what was large comes no more.
    pub(super) fn pass_day(&mut self) {
        for peak in self.largest.iter_mut().filter(|peak| peak.size > 0) {
            peak.days = peak.days.saturating_add(1);
            if peak.days > DAYS {
                *peak = Peak::default();
            }
        }
        let odds = self.odds.get();
        self.odds = Short::new((odds + CALM).min(ODDS).max(odds));
    }

    /// Of the thick tail, the weight of peaks as usual, and of all.
    fn weights(&self) -> (f64, f64) {
        let large: f64 = self.seen().map(|(_, weight)| weight).sum();
        let usual = (self.number.get() - large).max(0.0) + USUAL_PEAKS;
        (usual, usual + large + ANY_PEAKS)
    }

    /// Learns l of a minute. Minutes come in their order; those that are left out were usual. A peak is known when its
    /// cluster is over.
    pub fn learn(&mut self, l: f64, minute: i32) {
        if self.peak.get() > 0.0 && minute.saturating_sub(self.last) > CLOSED_AFTER {
            self.close();
        }
        if l > U0 {
            let excess = (l - U0).max(f64::from(f32::MIN_POSITIVE));
            self.peak = Short::new(excess.max(self.peak.get()));
            self.last = minute;
        }
    }

    /// Forgets the open cluster: it turned out to be a change of level, which says nothing about the tail.
    pub fn withdraw(&mut self) {
        self.peak = Short::default();
    }

    /// At the end of a cluster: which tail foresaw its peak better? Then both learn it.
    fn close(&mut self) {
        let excess = self.peak.get();
        let (thin, thick) = self.densities(excess);
        let least = f64::MIN_POSITIVE;
        let told = (log(thin.max(least)) - log(thick.max(least))).clamp(-LOSS, GAIN);
        self.odds = Short::new((self.odds.get() + told).clamp(-MOST_ODDS, MOST_ODDS));
        self.sum = Short::new(self.sum.get() * KEPT + excess.min(CLIP));
        self.number = Short::new(self.number.get() * KEPT + 1.0);
        let new = Peak { size: (log1p(excess) * 25.0 + 0.5).clamp(1.0, 255.0) as u8, days: 0 };
        if let Some(least) = self.largest.iter_mut().min_by_key(|peak| peak.size).filter(|least| least.size < new.size)
        {
            *least = new;
        }
        self.peak = Short::default();
    }

    /// The peak excess of the cluster that reaches into `minute`, in nats; 0 without one.
    #[must_use]
    pub fn open_peak(&self, minute: i32) -> f64 {
        if minute.saturating_sub(self.last) > CLOSED_AFTER { 0.0 } else { self.peak.get() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::dice::Dice;

    /// A tail that has met clusters with such peaks, one every five hours.
    fn learnt(peaks: &[f64]) -> Calibration {
        let mut tail = Calibration::new(5.0);
        for (at, peak) in (0..).zip(peaks) {
            tail.learn(U0 + peak, at * 300);
        }
        tail.learn(0.0, 300 * peaks.len() as i32);
        tail
    }

    /// Excesses as they are where the model is right.
    fn usual(n: usize) -> Vec<f64> {
        let mut dice = Dice(3);
        (0..n).map(|_| -(f64::from(dice.next(10_000) + 1) / 10_001.0).ln()).collect()
    }

    #[test]
    fn what_came_before_is_expected() {
        let mixed = |often: usize| usual(40).chunks(40 / often).flat_map(|some| [some, &[60.0]].concat()).collect();
        // Peaks that were seen, an excess, and what T may be.
        let cases: [(Vec<f64>, f64, std::ops::Range<f64>); 7] = [
            (vec![], 5.0, 3.0..4.0),
            (vec![], 60.0, 6.0..8.0),
            (usual(40), 8.0, 4.3..5.3),
            (usual(40), 60.0, 7.0..11.0),
            (mixed(1), 60.0, 3.5..6.5),
            (mixed(8), 60.0, 2.0..3.0),
            (mixed(8), 600.0, 5.0..8.0),
        ];
        for (peaks, excess, wanted) in cases {
            let t = learnt(&peaks).score(U0 + excess);
            assert!(wanted.contains(&t), "{excess} after {} peaks: {t}, not {wanted:?}", peaks.len());
        }
    }

    #[test]
    fn what_came_once_is_forgotten_and_what_came_again_is_not() {
        // Peaks of 60 that were seen, days with events since, and what T of one more may be.
        for (often, days, wanted) in [
            (1, 0, 3.0..4.5),
            (1, 7, 3.0..4.7),
            (1, 28, 5.5..7.5),
            (1, 61, 6.0..9.0),
            (2, 7, 2.5..4.0),
            (2, 28, 2.5..4.2),
            (2, 61, 6.0..9.0),
        ] {
            let mut tail = learnt(&[usual(40), vec![60.0; often]].concat());
            (0..days).for_each(|_| tail.pass_day());
            let t = tail.score(U0 + 60.0);
            assert!(wanted.contains(&t), "{often} peaks, {days} days later: {t}, not {wanted:?}");
        }
    }

    #[test]
    fn sizes_without_bound_hold_the_bound() {
        let (mut dice, mut tail, mut above) = (Dice(5), Calibration::new(5.0), 0);
        for at in 0..2000 {
            let l = U0 + 4.0 * (f64::from(dice.next(10_000) + 1) / 10_001.0).powf(-0.8);
            above += i32::from(at >= 100 && tail.score(l) > 4.0);
            tail.learn(l, at * 300);
        }
        // 1900 clusters are 396 days, and at T = 4 the bound is 0.144 a day.
        assert!(above <= 57, "{above}");
    }

    #[test]
    fn scores_rise_with_what_is_scored() {
        for peaks in [usual(0), usual(100), vec![60.0; 20]] {
            let tail = learnt(&peaks);
            let scores: Vec<f64> = (0..4000).map(|at| tail.score(f64::from(at) / 4.0)).collect();
            assert!(scores.is_sorted() && scores[3999].is_finite());
        }
    }
}
