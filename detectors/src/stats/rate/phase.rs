//! What is usual at this minute of the hour: schedules.
//!
//! Most machine activity comes by the clock: at full hours, every five minutes. The share of each minute of the hour is
//! learnt, and used as far as it is more than noise: the factor of a minute is 1 + gain x (share - 1), where gain is
//! the part of the shares' variance that chance does not explain.

/// What is kept of the hours before, for each new one: about two days.
const KEPT: f64 = 0.98;
/// How much more than the expected noise counts as noise: the estimate of 60 shares is itself uncertain.
const DOUBT: f64 = 1.5;
/// Fewer events in memory say nothing about minutes.
const LEAST: f64 = 20.0;
const MINUTES: usize = 60;
/// No minute is believed to be emptier: what has never come in it may still come.
const LEAST_FACTOR: f64 = 0.01;

/// A number of twelve bits in the precision that it is stored in: seven binary digits and where they begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::stats) struct Share(pub(in crate::stats) u16);

impl Share {
    /// The least number above 0 is 1 / 64.
    const UNIT: f64 = 64.0;

    fn new(value: f64) -> Share {
        let value = (value * Share::UNIT + 0.5) as u64;
        let shift = 57u32.saturating_sub(value.leading_zeros());
        let half = if shift == 0 { 0 } else { 1 << (shift - 1) };
        let (digits, shift) = match (value + half) >> shift {
            0x80 => (0x40, shift + 1),
            digits => (digits, shift),
        };
        if shift > 31 { Share(0xfff) } else { Share((shift << 7) as u16 | digits as u16) }
    }

    fn get(self) -> f64 {
        (u64::from(self.0 & 0x7f) << (self.0 >> 7)) as f64 / Share::UNIT
    }
}

/// The minutes of the hour of one series.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stats) struct Phase {
    /// Decayed events of each minute; only their ratios matter, so empty hours leave them alone.
    pub(in crate::stats) events: [Share; MINUTES],
    /// Hours in memory.
    pub(in crate::stats) hours: f32,
    /// 0 to 1.
    pub(in crate::stats) gain: f32,
    /// The factors, from the above, and what makes sums of factors along a slope cheap: the sums of factor and of
    /// minute x factor over the minutes before each.
    factors: [f32; MINUTES],
    sums: [(f32, f32); MINUTES + 1],
    /// The variance of the factors.
    unevenness: f32,
}

impl Default for Phase {
    fn default() -> Phase {
        let mut phase = Phase {
            events: [Share(0); MINUTES],
            hours: 0.0,
            gain: 0.0,
            factors: [1.0; MINUTES],
            sums: [(0.0, 0.0); MINUTES + 1],
            unevenness: 0.0,
        };
        phase.refresh();
        phase
    }
}

impl Phase {
    /// Computes what is derived.
    pub(in crate::stats) fn refresh(&mut self) {
        let mean = self.events.iter().map(|e| e.get()).sum::<f64>() / MINUTES as f64;
        let gain = if mean > 0.0 { f64::from(self.gain) } else { 0.0 };
        let (mut sum, mut sloped, mut squares) = (0.0, 0.0, 0.0);
        for (at, events) in self.events.iter().enumerate() {
            let share = if mean > 0.0 { events.get() / mean } else { 1.0 };
            let factor = (1.0 + gain * (share - 1.0)).max(LEAST_FACTOR);
            self.factors[at] = factor as f32;
            sum += factor;
            sloped += at as f64 * factor;
            squares += (share - 1.0) * (share - 1.0);
            self.sums[at + 1] = (sum as f32, sloped as f32);
        }
        self.unevenness = (gain * squares / MINUTES as f64) as f32;
    }

    /// The factor of each minute.
    pub(super) fn factors(&self) -> &[f32; MINUTES] {
        &self.factors
    }

    /// The factors, and minute x factor, summed over the first minutes of an hour.
    pub(super) fn up_to(&self, minutes: i32) -> (f64, f64) {
        let (sum, sloped) = self.sums[minutes as usize];
        (f64::from(sum), f64::from(sloped))
    }

    /// How unevenly the minutes of an hour are used: the variance of their factors.
    pub(super) fn unevenness(&self) -> f64 {
        f64::from(self.unevenness)
    }

    /// An hour without events.
    pub(super) fn skip(&mut self) {
        self.hours = (f64::from(self.hours) * KEPT + 1.0) as f32;
    }

    /// Learns an hour's minutes, but for those left `out` (a bit for each); `spread` is the variance of a minute's count in units of its squared mean.
    pub(super) fn learn(&mut self, minutes: &[u32; 60], out: u64, spread: f64) {
        self.skip();
        let mut total = 0.0;
        for (at, (events, new)) in self.events.iter_mut().zip(minutes).enumerate() {
            if out >> at & 1 == 0 {
                *events = Share::new(events.get() * KEPT + f64::from(*new));
            }
            let value = events.get();
            total += value;
        }
        let mean = total / MINUTES as f64;
        let seen = self.events.iter().map(|e| (e.get() - mean) * (e.get() - mean)).sum::<f64>()
            / (MINUTES as f64 * mean * mean);
        let noise = DOUBT * spread / f64::from(self.hours);
        self.gain = if total < LEAST || seen <= 0.0 { 0.0 } else { (1.0 - noise / seen).clamp(0.0, 1.0) as f32 };
        self.refresh();
    }
}
