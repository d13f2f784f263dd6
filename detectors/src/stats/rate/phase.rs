//! What is usual at this minute of the hour: schedules. Minutes are taken in pairs.
//!
//! Most machine activity comes by the clock: at full hours, every five minutes. The share of each minute of the hour is
//! learnt, and used as far as it is more than noise: the factor of a minute is 1 + gain x (share - 1), where gain is
//! the part of the shares' variance that chance does not explain.

use super::season::Short;

/// What is kept of the hours before, for each new one: about two days.
const KEPT: f64 = 0.98;
/// How much more than the expected noise counts as noise: the estimate of 30 shares is itself uncertain.
const DOUBT: f64 = 1.5;
/// Fewer events in memory say nothing about minutes.
const LEAST: f64 = 20.0;
/// Pairs of minutes in an hour.
const PAIRS: usize = 30;
/// No minute is believed to be emptier: what has never come in it may still come.
const LEAST_FACTOR: f64 = 0.01;

/// The minutes of the hour of one series.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stats) struct Phase {
    /// Decayed events of each pair of minutes; only their ratios matter, so empty hours leave them alone.
    pub(in crate::stats) events: [Short; PAIRS],
    /// Hours in memory.
    pub(in crate::stats) hours: f32,
    /// 0 to 1.
    pub(in crate::stats) gain: f32,
    /// The factors, from the above, and what makes sums of factors along a slope cheap: the sums of factor and of
    /// minute x factor over the minutes before each pair.
    factors: [f32; PAIRS],
    sums: [(f32, f32); PAIRS + 1],
    /// The variance of the factors.
    unevenness: f32,
}

impl Default for Phase {
    fn default() -> Phase {
        let mut phase = Phase {
            events: [Short(0); PAIRS],
            hours: 0.0,
            gain: 0.0,
            factors: [1.0; PAIRS],
            sums: [(0.0, 0.0); PAIRS + 1],
            unevenness: 0.0,
        };
        phase.refresh();
        phase
    }
}

impl Phase {
    /// Computes what is derived.
    pub(in crate::stats) fn refresh(&mut self) {
        let mean = self.events.iter().map(|e| e.get()).sum::<f64>() / PAIRS as f64;
        let gain = if mean > 0.0 { f64::from(self.gain) } else { 0.0 };
        let (mut sum, mut sloped, mut squares) = (0.0, 0.0, 0.0);
        for (pair, events) in self.events.iter().enumerate() {
            let share = if mean > 0.0 { events.get() / mean } else { 1.0 };
            let factor = (1.0 + gain * (share - 1.0)).max(LEAST_FACTOR);
            self.factors[pair] = factor as f32;
            sum += 2.0 * factor;
            sloped += (4 * pair + 1) as f64 * factor;
            squares += (share - 1.0) * (share - 1.0);
            self.sums[pair + 1] = (sum as f32, sloped as f32);
        }
        self.unevenness = (gain * squares / PAIRS as f64) as f32;
    }

    /// The factor of each pair of minutes.
    pub(super) fn factors(&self) -> &[f32; PAIRS] {
        &self.factors
    }

    /// The factors, and minute x factor, summed over the first minutes of an hour.
    pub(super) fn up_to(&self, minutes: i32) -> (f64, f64) {
        let pair = (minutes / 2) as usize;
        let (sum, sloped) = self.sums[pair];
        let (sum, sloped) = (f64::from(sum), f64::from(sloped));
        if minutes % 2 == 0 {
            return (sum, sloped);
        }
        let factor = f64::from(self.factors[pair]);
        (sum + factor, sloped + factor * f64::from(minutes - 1))
    }

    /// How unevenly the minutes of an hour are used: the variance of their factors.
    pub(super) fn unevenness(&self) -> f64 {
        f64::from(self.unevenness)
    }

    /// An hour without events.
    pub(super) fn skip(&mut self) {
        self.hours = (f64::from(self.hours) * KEPT + 1.0) as f32;
    }

    /// Learns an hour's minutes; `spread` is the variance of a pair's count in units of its squared mean.
    pub(super) fn learn(&mut self, minutes: &[u32; 60], spread: f64) {
        self.skip();
        let mut total = 0.0;
        for (events, new) in self.events.iter_mut().zip(minutes.as_chunks::<2>().0) {
            let value = events.get() * KEPT + new.iter().map(|n| f64::from(*n)).sum::<f64>();
            *events = Short::new(value);
            total += value;
        }
        let mean = total / PAIRS as f64;
        let seen =
            self.events.iter().map(|e| (e.get() - mean) * (e.get() - mean)).sum::<f64>() / (PAIRS as f64 * mean * mean);
        let noise = DOUBT * spread / f64::from(self.hours);
        self.gain = if total < LEAST || seen <= 0.0 { 0.0 } else { (1.0 - noise / seen).clamp(0.0, 1.0) as f32 };
        self.refresh();
    }
}
