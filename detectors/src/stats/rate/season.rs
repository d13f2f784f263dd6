//! What is usual at this hour of the day and day of the week.
//!
//! Factors of the level: one an hour of the day, one a weekday, and one for each three hours of Saturday and Sunday, by
//! which a weekend differs in shape and not only in height. Each is (events + pull) / (expected + pull): a sparse series keeps
//! 1. Factors change at full hours only, so a burst does not raise what is expected while it lasts.

use super::phase::Phase;

/// Expected events that pull a factor to 1.
const PULL_HOUR: f64 = 60.0;
const PULL_DAY: f64 = 240.0;
const PULL_WEEKEND: f64 = 60.0;
/// What is kept at each visit of an hour, of a day, of three hours of the weekend.
const KEPT_HOUR: f64 = 0.8;
const KEPT_DAY: f64 = 0.7;
const KEPT_WEEKEND: f64 = 0.8;
const HOURS_OF_WEEK: i32 = 168;

/// Events and expected events of one part of the week, both decayed, in the precision that they are stored in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::stats) struct Part {
    pub(in crate::stats) events: Short,
    pub(in crate::stats) expected: Short,
}

impl Part {
    fn factor(self, pull: f64) -> f64 {
        (self.events.get() + pull) / (self.expected.get() + pull)
    }

    pub(in crate::stats) fn add(&mut self, kept: f64, events: f64, expected: f64) {
        self.events = Short::new(self.events.get() * kept + events);
        self.expected = Short::new(self.expected.get() * kept + expected);
    }
}

/// A number of two bytes: the upper half of an `f32`, rounded. A profile keeps 1 in 256, and its stored form is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::stats) struct Short(pub(in crate::stats) u16);

impl Short {
    pub(in crate::stats) fn new(value: f64) -> Short {
        let bits = (value as f32).to_bits();
        Short(((bits + 0x7fff + ((bits >> 16) & 1)) >> 16) as u16)
    }

    pub(in crate::stats) fn get(self) -> f64 {
        f64::from(f32::from_bits(u32::from(self.0) << 16))
    }
}

/// The week of one series.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::stats) struct Season {
    pub(in crate::stats) hours: [Part; 24],
    pub(in crate::stats) weekend: [Part; 8],
    pub(in crate::stats) days: [Part; 7],
    /// The day that is going on; its factor stands until midnight.
    pub(in crate::stats) today: (f32, f32),
}

/// The factors of hours in a row: enough for the windows that end in the third or fourth of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factors {
    /// The first hour.
    first: i32,
    hours: [f64; 5],
}

/// An hour of the week, from Monday 00:00 UTC on; 1970-01-01 was a Thursday.
fn of_week(hour: i32) -> (usize, usize) {
    let at = (hour + 72).rem_euclid(HOURS_OF_WEEK);
    ((at / 24) as usize, (at % 24) as usize)
}

impl Season {
    fn parts(&self, hour: i32) -> (f64, f64, f64) {
        let (day, h) = of_week(hour);
        let weekend = if day >= 5 { self.weekend[h / 3].factor(PULL_WEEKEND) } else { 1.0 };
        (self.hours[h].factor(PULL_HOUR), self.days[day].factor(PULL_DAY), weekend)
    }

    /// The factor of an hour (hours since 1970).
    pub(super) fn factor(&self, hour: i32) -> f64 {
        let (of_day, day, weekend) = self.parts(hour);
        of_day * day * weekend
    }

    /// For the windows that end in a minute of `hour` or the hour after it.
    pub(super) fn around(&self, hour: i32) -> Factors {
        Factors { first: hour - 2, hours: [-2, -1, 0, 1, 2].map(|step| self.factor(hour.saturating_add(step))) }
    }

    /// The factors around the hour after `hour`, which has been learnt, from those around `hour`.
    pub(super) fn next(&self, hour: i32, factors: &Factors) -> Factors {
        let (day, of_day) = of_week(hour);
        if day >= 5 || of_day == 23 || factors.first != hour - 2 {
            return self.around(hour + 1);
        }
        let [_, before, _, after, last] = factors.hours;
        Factors { first: hour - 1, hours: [before, self.factor(hour), after, last, self.factor(hour + 3)] }
    }

    /// Learns an hour that is over: its events, and what the level alone would have led to.
    pub(super) fn learn(&mut self, hour: i32, events: f64, exposure: f64) {
        let (of_day, by_day, by_weekend) = self.parts(hour);
        let (day, h) = of_week(hour);
        if day >= 5 {
            self.weekend[h / 3].add(if h % 3 == 0 { KEPT_WEEKEND } else { 1.0 }, events, exposure * of_day * by_day);
        } else {
            self.hours[h].add(KEPT_HOUR, events, exposure * by_day);
        }
        self.today.0 += events as f32;
        self.today.1 += (exposure * of_day * by_weekend) as f32;
        if h == 23 {
            self.days[day].add(KEPT_DAY, f64::from(self.today.0), f64::from(self.today.1));
            self.today = (0.0, 0.0);
        }
    }
}

impl Factors {
    /// Are those of the windows that end in a minute of `hour` among them?
    pub(super) fn reach(&self, hour: i32) -> bool {
        (self.first + 2..self.first + 4).contains(&hour)
    }

    /// Intercept and slope of the factor along the minutes of each half of an hour: it is linear between the centres
    /// of hours.
    pub(super) fn lines(&self, hour: i32) -> [(f64, f64); 2] {
        let at = (hour - self.first) as usize;
        let (before, this, after) = (self.hours[at - 1], self.hours[at], self.hours[at + 1]);
        let (rise, fall) = ((this - before) / 60.0, (after - this) / 60.0);
        [((before + this) / 2.0, rise), (this - 30.0 * fall, fall)]
    }

    /// The factor of a minute.
    pub(super) fn at(&self, minute: i32) -> f64 {
        let at = minute.rem_euclid(60);
        let (intercept, slope) = self.lines(minute.div_euclid(60))[usize::from(at >= 30)];
        intercept + slope * f64::from(at)
    }

    /// What is expected in each minute of an hour, at a level.
    pub(super) fn fill(&self, phase: &Phase, (hour, level): (i32, f64), means: &mut [f64; 60]) {
        let lines = self.lines(hour);
        let (means, _) = means.as_chunks_mut::<30>();
        let (factors, _) = phase.factors().as_chunks::<30>();
        for (half, (intercept, slope)) in lines.into_iter().enumerate() {
            let (intercept, slope) = (level * (intercept + slope * (30 * half) as f64), level * slope);
            for (at, (mean, factor)) in means[half].iter_mut().zip(&factors[half]).enumerate() {
                *mean = f64::from(*factor) * (intercept + slope * at as f64);
            }
        }
    }

    /// Season x schedule, summed over the first `minutes` minutes of an hour.
    pub(super) fn up_to(&self, phase: &Phase, hour: i32, minutes: i32) -> f64 {
        let [first, second] = self.lines(hour);
        let half = phase.up_to(minutes.min(30));
        let mut sum = first.0 * half.0 + first.1 * half.1;
        if minutes > 30 {
            let all = phase.up_to(minutes);
            sum += second.0 * (all.0 - half.0) + second.1 * (all.1 - half.1);
        }
        sum
    }

    /// Season x schedule, summed over `width` minutes, at most an hour, of which `last` is the last.
    pub(super) fn exposure(&self, phase: &Phase, last: i32, width: i32) -> f64 {
        let (hour, end) = (last.div_euclid(60), last.rem_euclid(60) + 1);
        let sum = self.up_to(phase, hour, end);
        if end >= width {
            sum - self.up_to(phase, hour, end - width)
        } else {
            sum + self.up_to(phase, hour - 1, 60) - self.up_to(phase, hour - 1, 60 + end - width)
        }
    }
}
