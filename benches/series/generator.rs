//! Made-up series that are harder than steady traffic: what a day of machines and people looks like. All numbers come
//! from a seed.

/// Minutes of a day.
pub(crate) const DAY: usize = 1440;

/// Numbers from a seed (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Pareto: at least `least`, with this exponent; below 2 its variance is infinite.
    pub(crate) fn pareto(&mut self, least: f64, exponent: f64) -> f64 {
        least * (1.0 - self.unit()).powf(-1.0 / exponent)
    }

    /// Poisson; of a large mean by the normal distribution.
    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        if mean > 200.0 {
            let normal = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
            return (mean + normal * mean.sqrt() + 0.5).max(0.0) as u32;
        }
        let (mut left, mut count) = (mean, 0);
        loop {
            left -= self.exponential(1.0);
            if left < 0.0 {
                return count;
            }
            count += 1;
        }
    }

    /// Errors of so many calls.
    pub(crate) fn binomial(&mut self, calls: u32, share: f64) -> u32 {
        (0..calls).filter(|_| self.unit() < share).count() as u32
    }
}

/// Kinds of counts, with what each is.
pub(crate) const KINDS: [(&str, &str); 8] = [
    ("office", "20 a minute from 8 to 18 on weekdays, 0.2 else: steep edges"),
    ("batch", "0.3 a minute; each night at 02:15 a batch, its size Pareto with exponent 1.3 from 100 events on"),
    ("weekly", "1 a minute; on Mondays at 06:00 600 events in 20 minutes"),
    ("people", "two or three people, in turn at work for Pareto minutes and away, 7 to 23"),
    ("ramp", "5 a minute in a daily shape, doubling every ten days"),
    ("weekend", "10 a minute on weekdays; 3 on weekends, but 30 on Saturdays from 10 to 14"),
    ("clumps", "0.5 a minute, of which each brings a geometric number of retries, 6 in the mean"),
    ("poller", "every 5 minutes 8 events, every 3 hours 150 more within 4 minutes"),
];

/// Expected events of each minute of a series of this kind; the series begins on a Monday.
fn expected(kind: &str, days: usize, dice: &mut Dice) -> Vec<f64> {
    let mut means = vec![0.0; days * DAY];
    let scale = (dice.unit() - 0.5).exp();
    for (i, mean) in means.iter_mut().enumerate() {
        let (day, minute) = (i / DAY % 7, i % DAY);
        let shape = 1.0 - 0.7 * (minute as f64 / DAY as f64 * std::f64::consts::TAU).cos();
        *mean = scale
            * match kind {
                "office" => [0.2, 20.0][usize::from(day < 5 && (480..1080).contains(&minute))],
                "batch" => 0.3,
                "weekly" => 1.0 + 30.0 * f64::from(u8::from(day == 0 && (360..380).contains(&minute))),
                "ramp" => 5.0 * shape * (i as f64 / (10.0 * DAY as f64)).exp2(),
                "weekend" if day == 5 && (600..840).contains(&minute) => 30.0,
                "weekend" => [10.0 * shape, 3.0][usize::from(day >= 5)],
                "clumps" => 0.5 * shape,
                "poller" => 8.0 * f64::from(u8::from(minute % 5 == 0)) + 37.0 * f64::from(u8::from(minute % 180 < 4)),
                _ => 0.01,
            };
    }
    match kind {
        "batch" => (0..days).for_each(|day| {
            let (size, begin) = (dice.pareto(100.0, 1.3).min(1e6), day * DAY + 135 + (dice.unit() * 4.0) as usize);
            means[begin..begin + 10].iter_mut().for_each(|mean| *mean += size / 10.0);
        }),
        "people" => (0..2 + usize::from(scale > 1.0)).for_each(|_| person(&mut means, dice)),
        _ => {}
    }
    means
}

/// At work for a while, away for a while.
fn person(means: &mut [f64], dice: &mut Dice) {
    let (mut at, pace) = (420.0, 2.0 * (dice.unit() - 0.5).exp());
    while (at as usize) < means.len() {
        let end = at + dice.pareto(3.0, 1.5).min(300.0);
        (at as usize..(end as usize).min(means.len())).filter(|i| i % DAY >= 420).for_each(|i| means[i] += pace);
        at = end + dice.exponential(70.0);
    }
}

/// A series of counts, and the means that it was drawn from.
pub(crate) fn counts(kind: &str, days: usize, seed: u64) -> (Vec<u32>, Vec<f64>) {
    let mut dice = Dice(seed.wrapping_mul(0x5851_f42d_4c95_7f2d));
    let means = expected(kind, days, &mut dice);
    let drawn = means.iter().map(|mean| {
        let count = dice.poisson(*mean);
        let retries = if kind == "clumps" { (0..count).map(|_| dice.exponential(6.0) as u32).sum() } else { 0 };
        count + retries
    });
    (drawn.collect(), means)
}

/// Kinds of errors, with what each is.
pub(crate) const ERROR_KINDS: [(&str, &str); 4] = [
    ("steady", "1 % of 10 calls a minute"),
    ("nightly", "1 % of 10 calls a minute, 30 % of them throttled from 02:00 to 02:30"),
    ("daytime", "0.5 % of 20 calls a minute at night, 4 % from 9 to 17"),
    ("moods", "a share that is drawn anew each half hour, 2 % in the mean"),
];

/// A series of errors and calls.
pub(crate) fn errors(kind: &str, days: usize, seed: u64) -> Vec<(u32, u32)> {
    let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let mut mood = 0.0;
    let row = |i: usize| {
        let minute = i % DAY;
        if i.is_multiple_of(30) {
            mood = dice.exponential(0.01) + dice.exponential(0.01);
        }
        let (calls, share) = match kind {
            "nightly" if (120..150).contains(&minute) => (10.0, 0.3),
            "daytime" => (20.0, [0.005, 0.04][usize::from((540..1020).contains(&minute))]),
            "moods" => (20.0, mood),
            _ => (10.0, 0.01),
        };
        let calls = dice.poisson(calls);
        (dice.binomial(calls, share), calls)
    };
    (0..days * DAY).map(row).collect()
}
