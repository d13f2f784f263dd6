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

/// The minutes of the hour of one series.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stats) struct Phase {
    /// Decayed events of each pair of minutes; only their ratios matter, so empty hours leave them alone.
    pub(in crate::stats) events: [Short; PAIRS],
    /// Hours in memory.
    pub(in crate::stats) hours: f32,
    /// 0 to 1.
    pub(in crate::stats) gain: f32,
    /// Factors, from the above; prefix sums make those of windows cheap.
    prefix: [f32; PAIRS + 1],
    /// The variance of the factors.
    unevenness: f64,
}

impl Default for Phase {
    fn default() -> Phase {
        let mut phase =
            Phase { events: [Short(0); PAIRS], hours: 0.0, gain: 0.0, prefix: [0.0; PAIRS + 1], unevenness: 0.0 };
        phase.refresh();
        phase
    }
}

impl Phase {
    /// Computes what is derived.
    pub(in crate::stats) fn refresh(&mut self) {
        let mean = self.events.iter().map(|e| e.get()).sum::<f64>() / PAIRS as f64;
        let gain = if mean > 0.0 { f64::from(self.gain) } else { 0.0 };
        let (mut sum, mut squares) = (0.0, 0.0);
        for (at, events) in self.events.iter().enumerate() {
            let share = if mean > 0.0 { events.get() / mean } else { 1.0 };
            sum += 1.0 + gain * (share - 1.0);
            squares += (share - 1.0) * (share - 1.0);
            self.prefix[at + 1] = sum as f32;
        }
        self.unevenness = gain * squares / PAIRS as f64;
    }

    /// The mean factor of `width` minutes of which `last` is the last; 1 over a whole hour.
    pub(super) fn mean(&self, last: i32, width: i32) -> f64 {
        if self.gain == 0.0 || width >= 60 {
            return 1.0;
        }
        let end = last.rem_euclid(60) + 1;
        let up_to = |minutes: i32| {
            let (pair, odd) = ((minutes / 2) as usize, minutes % 2);
            let half = if odd == 1 { f64::from(self.prefix[pair + 1] - self.prefix[pair]) } else { 0.0 };
            2.0 * f64::from(self.prefix[pair]) + half
        };
        let begin = end - width;
        let sum = if begin >= 0 { up_to(end) - up_to(begin) } else { up_to(end) + up_to(60) - up_to(60 + begin) };
        (sum / f64::from(width)).max(1e-4)
    }

    /// How unevenly the minutes of an hour are used: the variance of their factors.
    pub(super) fn unevenness(&self) -> f64 {
        self.unevenness
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
