//! What is usual at this hour of the day and day of the week.
//!
//! Factors of the level: one an hour of the day, one a weekday, and one for each three hours of Saturday and Sunday, by
//! which a weekend differs in shape and not only in height. Each is (events + pull x belief) / (expected + pull). What is
//! believed is 1; of an hour the middle one of what the hours before it, itself and the hours after it say, so that
//! slopes are smooth and a nightly job stays alone. The pull is in events that come by themselves: where they come in
//! clusters it grows by Kish's design effect, 1 + expected x dispersion, and such a series is nearly flat. Factors change
//! at full hours only, so a burst does not raise what is expected while it lasts.

use super::phase::Phase;

/// Expected events, if they come by themselves, that pull a factor to what is believed.
const PULL_HOUR: f64 = 8.0;
const PULL_DAY: f64 = 30.0;
const PULL_WEEKEND: f64 = 8.0;
/// What is kept at each visit of an hour, of a day, of three hours of the weekend.
const KEPT_HOUR: f64 = 0.8;
const KEPT_DAY: f64 = 0.7;
const KEPT_WEEKEND: f64 = 0.8;
const HOURS_OF_WEEK: i32 = 168;
const MINUTES_OF_DAY: f64 = 1440.0;
/// How unlike its weekdays the weekend of a series may be before one was seen: the variance of its factor, in units of
/// that of the hours of the day; what is believed of the latter at most; and how much of it is known after one day, in
/// parts that square with the days.
const UNSEEN: f64 = 2.0;
const MOST_CONTRAST: f64 = 1.0;
const SEEN: f64 = 20.0;
/// What the level keeps of the exposure of a day at its end, in the mean of its hours.
const STILL_KEPT: f64 = 0.79;
/// A level of events a minute below which nothing is reckoned back.
const LEAST_MORNING: f64 = 1e-9;

/// Events and expected events of one part of the week, both decayed, in the precision that they are stored in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::stats) struct Part {
    pub(in crate::stats) events: Short,
    pub(in crate::stats) expected: Short,
}

impl Part {
    /// The factor, where `believed` is worth `pull` expected events.
    fn factor(self, believed: f64, pull: f64) -> f64 {
        (self.events.get() + pull * believed) / (self.expected.get() + pull)
    }

    fn numbers(self) -> (f64, f64) {
        (self.events.get(), self.expected.get())
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
    /// The level when it began.
    pub(in crate::stats) morning: Short,
    /// By how much events come in clusters: the expected events of an hour x their dispersion.
    pub(in crate::stats) clusters: Short,
}

/// The factors of hours in a row: enough for the windows that end in the third or fourth of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factors {
    /// The first hour.
    first: i32,
    hours: [f64; 5],
    /// How far that of a weekend may be wrong because hardly any was seen: a variance in units of its square.
    unseen: f64,
}

/// An hour of the week, from Monday 00:00 UTC on; 1970-01-01 was a Thursday.
fn of_week(hour: i32) -> (usize, usize) {
    let at = (hour + 72).rem_euclid(HOURS_OF_WEEK);
    ((at / 24) as usize, (at % 24) as usize)
}

impl Season {
    fn design(&self) -> f64 {
        1.0 + self.clusters.get()
    }

    /// Of hour, weekday and weekend.
    fn parts(&self, hour: i32) -> (f64, f64, f64) {
        let (day, h) = of_week(hour);
        let near = [22, 23, 0, 1, 2].map(|step| self.hours[(h + step) % 24]).map(|part| part.numbers());
        let weekend = if day >= 5 { self.weekend[h / 3].factor(1.0, PULL_WEEKEND * self.design()) } else { 1.0 };
        (self.of_hour(&near), self.of_day(day), weekend)
    }

    /// The factor of the middle one of five hours of the day, given their events and expected events.
    fn of_hour(&self, near: &[(f64, f64)]) -> f64 {
        let pull = PULL_HOUR * self.design();
        let of = |(events, expected): (f64, f64), believed: f64| (events + pull * believed) / (expected + pull);
        let both = |a: usize, b: usize| of((near[a].0 + near[b].0, near[a].1 + near[b].1), 1.0);
        let (before, own, after) = (both(0, 1), of(near[2], 1.0), both(3, 4));
        of(near[2], before.min(after).max(before.max(after).min(own)))
    }

    /// The factor of a weekday. Of a Saturday or Sunday that is not known it is that of the other.
    fn of_day(&self, day: usize) -> f64 {
        let pull = PULL_DAY * self.design();
        let believed = if day >= 5 { self.days[11 - day].factor(1.0, pull) } else { 1.0 };
        self.days[day].factor(believed, pull)
    }

    /// The factor of an hour (hours since 1970).
    pub(super) fn factor(&self, hour: i32) -> f64 {
        let (of_day, day, weekend) = self.parts(hour);
        of_day * day * weekend
    }

    /// How far the factor of an hour may be wrong: its variance in units of its square, as after so many events that come
    /// by themselves.
    pub(super) fn doubt(&self, hour: i32, factors: &Factors) -> f64 {
        let (day, h) = of_week(hour);
        let of = |expected: f64, pull: f64| 1.0 / (expected + pull);
        let hours = of(self.hours[h].expected.get(), PULL_HOUR);
        if day < 5 {
            return hours;
        }
        // One day of the weekend stands for the other.
        let days = self.days[day].expected.get().max(self.days[11 - day].expected.get());
        hours + of(days, PULL_DAY) + of(self.weekend[h / 3].expected.get(), PULL_WEEKEND) + factors.unseen
    }

    /// How far the factor of a weekend may be wrong because hardly any was seen. Who is the same by day and night is so
    /// all the week; of who is not, a Saturday may be as unlike a Friday as noon is unlike midnight.
    fn unseen(&self) -> f64 {
        let of = |part: &Part| part.factor(1.0, PULL_HOUR * self.design());
        let mean = self.hours.iter().map(of).sum::<f64>() / 24.0;
        let squares = self.hours.iter().map(|part| (of(part) / mean - 1.0).powi(2)).sum::<f64>() / 24.0;
        let expected = self.days[5].expected.get() + self.days[6].expected.get();
        let days = expected / (MINUTES_OF_DAY * self.morning.get().max(LEAST_MORNING));
        UNSEEN * squares.min(MOST_CONTRAST) / (1.0 + SEEN * days * days)
    }

    /// For the windows that end in a minute of `hour` or the hour after it.
    pub(super) fn around(&self, hour: i32) -> Factors {
        let first = hour.saturating_sub(4);
        let near: [(f64, f64); 9] = std::array::from_fn(|at| self.hours[of_week(first + at as i32).1].numbers());
        let factor = |at: usize| {
            let (day, h) = of_week(first + 2 + at as i32);
            let weekend = if day >= 5 { self.weekend[h / 3].factor(1.0, PULL_WEEKEND * self.design()) } else { 1.0 };
            self.of_hour(&near[at..at + 5]) * self.of_day(day) * weekend
        };
        let weekend = [hour, hour.saturating_add(1)].into_iter().any(|hour| of_week(hour).0 >= 5);
        let unseen = if weekend { self.unseen() } else { 0.0 };
        Factors { first: first + 2, hours: std::array::from_fn(factor), unseen }
    }

    /// Takes up how much events come in clusters.
    pub(super) fn believe(&mut self, clusters: f64) {
        self.clusters = Short::new(clusters);
    }

    /// Learns an hour that is over: its events, its minutes as the schedule weighs them, and the level. Says by how much
    /// the exposure of this level was too little, when a day ends of which this is known now: a weekend that was quieter
    /// than thought is a quiet weekend, and no lower level on Monday.
    pub(super) fn learn(&mut self, hour: i32, events: f64, minutes: f64, level: f64) -> f64 {
        let (of_day, by_day, by_weekend) = self.parts(hour);
        let (day, h) = of_week(hour);
        if h == 0 || self.morning == Short::default() {
            self.morning = Short::new(level);
        }
        let (exposure, weekend) = (minutes * level, day >= 5);
        if weekend {
            self.weekend[h / 3].add(if h % 3 == 0 { KEPT_WEEKEND } else { 1.0 }, events, exposure * of_day * by_day);
        } else {
            self.hours[h].add(KEPT_HOUR, events, exposure * by_day);
        }
        let reckoned = if weekend { minutes * self.morning.get() } else { exposure };
        self.today.0 += events as f32;
        self.today.1 += (reckoned * of_day * by_weekend) as f32;
        if h < 23 {
            return 0.0;
        }
        let (events, expected) = (f64::from(self.today.0), f64::from(self.today.1));
        self.days[day].add(KEPT_DAY, events, expected);
        self.today = (0.0, 0.0);
        let minutes = expected / self.morning.get().max(LEAST_MORNING);
        if weekend { STILL_KEPT * minutes * (self.of_day(day) - by_day) } else { 0.0 }
    }

    /// Begins the day anew at a level that was not that of its morning.
    pub(super) fn restart(&mut self, level: f64) {
        self.today = (0.0, 0.0);
        self.morning = Short::new(level);
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
