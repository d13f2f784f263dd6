//! Events per minute of one series: is there far more than usual?
//!
//! The count of a window of 1, 5, 15 or 60 minutes is negative binomial. Its mean is the level, times what is usual at
//! this hour and weekday ([`season`]) and at this minute of the hour ([`phase`]); its variance is learnt for each window
//! ([`level`]). What comes again at the same time of the day is expected ([`recurring`](super::recurring)), and what the series' own tail
//! is really like is learnt last ([`calibration`](super::calibration)).
//!
//! Learning and judging are apart: production learns on-time data of complete minutes, a lateness behind, and judges
//! all data. State changes only at minutes with events and at full hours, wherever the calls are split, so the same
//! input gives the same bits; an hour without events costs as much as one with a single event.

mod absence;
mod age;
mod encoding;
mod incident;
mod level;
mod phase;
pub(super) mod season;
#[cfg(test)]
mod tests;

use libm::log;

use self::absence::LONGEST_NIGHT;
pub use self::encoding::RATE_BYTES;
use self::level::Level;
use self::phase::Phase;
use self::season::{Factors, Season};
use super::calibration::{Calibration, U0};
use super::recurring::Recurring;
use super::tails::neg_binomial_ln_sf;
use super::windows::{LastHour, REACH, Sums, WIDTHS, rounded};

const DAY: f64 = 1440.0;
const HOURS_OF_DAY: u8 = 24;
/// A series of which nothing was heard for longer begins anew.
const FORGOTTEN_AFTER: i32 = 366 * 1440;
/// Minutes of a series' life in which nothing is said: what is new is the business of other detectors.
const SILENT: i32 = 60;
/// Fewer events are no burst, however rare they are.
const FEWEST: f64 = 3.0;
/// ln of the effective number of the four nested windows, 2.2.
const LN_SCALES: f64 = 0.788_457_360_364_270_2;
/// T above which a minute is an incident, and the weight with which it is learnt.
const INCIDENT: f64 = 6.0;
const SLOW: f64 = 0.02;
/// Clusters that the belief in the tail of the model is worth.
const TAIL_PRIOR: f32 = 5.0;
/// T from which an excess is remembered with its time of day.
const REMEMBERED_FROM: f64 = 4.0;
/// What is so many times what was expected is remembered too.
const REMEMBERED_TIMES: f64 = 4.0;
/// Fewer events in an hour are no job that could come again.
const REMEMBERED_EVENTS: f64 = 20.0;
/// Dispersion between the visits of a recurring excess; the visits from which its sizes are known, and how far over the
/// mean it must have been for them to matter.
const VISITS: f64 = 0.1;
const SIZED: u8 = 2;
const FAR_OVER: f64 = 3.0;

/// What a minute means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateScore {
    /// -log10 of the calibrated p; 0 where nothing is remarkable.
    pub t: f64,
    /// The window that is least likely, in minutes.
    pub window: i32,
    /// Events in it.
    pub seen: f64,
    /// Events that were to be expected in it.
    pub expected: f64,
    /// 1 / size of the negative binomial: the variance is expected + expected² x this.
    pub inverse_size: f64,
    /// -ln p before calibration.
    pub l: f64,
}

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct RateWindows {
    /// The minute that the windows end with (minutes since 1970).
    pub minute: i32,
    /// What they hold.
    pub sums: Sums,
    /// The first minute that the profile must not have learnt: `minute` less the lateness.
    pub known_to: i32,
}

/// What is usual for one series.
#[derive(Clone, Debug, PartialEq)]
pub struct RateProfile {
    /// The first minute of its life, and the first that is not learnt yet.
    since: i32,
    at: i32,
    /// The level at the beginning of the current hour.
    level: Level,
    /// What the current hour has added to it: weighted events, and the exposure to them.
    hour: (f32, f32),
    /// The minutes of the current hour that are hardly learnt from, a bit for each.
    slow: u64,
    /// The level before the trial (its `a` and `b`), and the minute when it is given up.
    trial: Option<((f32, f32), i32)>,
    season: Season,
    /// The season around the current hour: derived.
    factors: Factors,
    phase: Phase,
    recurring: Recurring,
    calibration: Calibration,
    ring: LastHour,
    /// Minutes of the incident, and its last minute.
    above: i32,
    last_above: i32,
    /// Until then the windows hold an incident whose level was given up.
    settled: i32,
    /// Was there an incident in this hour?
    disturbed: bool,
    /// Hours in a row without events, up to 255.
    quiet: u8,
}

impl RateProfile {
    /// A series that is watched from `minute` on.
    #[must_use]
    pub fn new(minute: i32) -> RateProfile {
        let season = Season::default();
        RateProfile {
            since: minute,
            at: minute,
            level: Level::default(),
            hour: (0.0, 0.0),
            slow: bits(0, minute.rem_euclid(60)),
            trial: None,
            factors: season.around(minute.div_euclid(60)),
            season,
            phase: Phase::default(),
            recurring: Recurring::default(),
            calibration: Calibration::new(TAIL_PRIOR),
            ring: LastHour::new(minute),
            above: 0,
            last_above: i32::MIN,
            settled: i32::MIN,
            disturbed: false,
            quiet: 0,
        }
    }

    /// Learns a minute with events; the minutes since the last one had none. A minute that is already learnt, and one
    /// without events, change nothing.
    pub fn learn(&mut self, minute: i32, count: u32) {
        if count == 0 || minute < self.at {
            return;
        }
        self.advance(minute);
        self.pass(minute);
        self.ring.add(minute, rounded(count));
        let asked = RateWindows { minute, sums: self.ring.sums(minute), known_to: minute };
        let (plain, score) = self.assess(&asked);
        let large = score.seen > REMEMBERED_EVENTS.max(REMEMBERED_TIMES * score.expected);
        if minute >= self.settled {
            self.calibration.learn(score.l, minute);
            self.watch(minute, score.t);
        }
        self.note(&asked, count, (plain, large));
        if self.at.rem_euclid(60) == 0 {
            self.finish_hour();
        }
    }

    /// Goes on to `minute` over hours without events. Only whole hours change the state.
    pub fn advance(&mut self, minute: i32) {
        if minute.saturating_sub(self.at) > FORGOTTEN_AFTER {
            *self = RateProfile::new(minute);
        }
        loop {
            let end = self.at.div_euclid(60) * 60 + 60;
            if end > minute {
                return;
            }
            self.pass(end);
            self.finish_hour();
        }
    }

    /// How unusual are these windows? 0 in the first hour. The profile has been advanced to the first minute that it
    /// must not have learnt.
    #[must_use]
    pub fn judge(&self, asked: &RateWindows) -> RateScore {
        self.assess(asked).1
    }

    /// What is to be expected in each window that ends with `minute`, whatever came, of who has learnt what was before
    /// `known_to`.
    #[must_use]
    pub fn expected(&self, minute: i32, known_to: i32) -> Sums {
        let hour = minute.div_euclid(60);
        let factors = if self.factors.reach(hour) { self.factors } else { self.season.around(hour) };
        let mean = self.level_at(known_to).mean();
        let peaks = self.recurring.at(minute).map_or(Sums::default(), |usual| usual.peaks);
        let usual = WIDTHS.map(|width| mean * factors.exposure(&self.phase, minute, width));
        std::array::from_fn(|w| usual[w].max(peaks[w]))
    }

    /// Also -ln p before what earlier days had at this time was taken into account.
    fn assess(&self, asked: &RateWindows) -> (f64, RateScore) {
        let hour = asked.minute.div_euclid(60);
        let factors = if self.factors.reach(hour) { self.factors } else { self.season.around(hour) };
        let level = self.level_at(asked.known_to);
        let mean = |w: usize| level.mean() * factors.exposure(&self.phase, asked.minute, WIDTHS[w]);
        let mut best = self.likelihood(asked, &level, (&mean, &factors));
        let young = asked.minute.saturating_sub(self.since) < SILENT;
        let reduced = |l: f64| if young { 0.0 } else { (l - LN_SCALES).max(0.0) };
        let plain = reduced(best.l);
        if best.l > U0 {
            best = self.explained(asked, &level, (&mean, best));
        }
        let flat = best.expected.max(level.mean() * f64::from(best.window));
        best.l = reduced(best.l).min(self.growth_limit(asked.minute, &level, (best.seen, flat)));
        best.t = self.calibration.score_with(best.l, self.novelty(asked.minute));
        (plain, best)
    }

    /// The least likely window.
    fn likelihood(
        &self,
        asked: &RateWindows,
        level: &Level,
        (mean, factors): (&dyn Fn(usize) -> f64, &Factors),
    ) -> RateScore {
        let (unknown, burst) = self.cold_burst(asked.minute, level);
        let known = 1.0 / f64::from(level.a) + self.season.doubt(asked.minute.div_euclid(60), factors);
        let uneven = factors.at(asked.minute).clamp(0.01, 1.0).sqrt().recip();
        let mut best = RateScore { t: 0.0, window: 60, seen: asked.sums[3], expected: 0.0, inverse_size: 0.0, l: 0.0 };
        for (w, width) in WIDTHS.into_iter().enumerate() {
            // What is nothing to speak of is never the least likely, unless all are.
            if w > 0 && asked.sums[w] < FEWEST {
                continue;
            }
            let mu = mean(w) + unknown * f64::from(width) / DAY;
            let inverse = known + level.dispersion(w) * uneven + burst / mu;
            let l = tail(asked.sums[w], mu, inverse);
            if l > best.l || best.inverse_size == 0.0 {
                best = RateScore { t: 0.0, window: width, seen: asked.sums[w], expected: mu, inverse_size: inverse, l };
            }
        }
        best
    }

    /// Judges again what is remarkable, given what earlier days had at this time.
    fn explained(
        &self,
        asked: &RateWindows,
        level: &Level,
        (mean, plain): (&dyn Fn(usize) -> f64, RateScore),
    ) -> RateScore {
        let Some(usual) = self.recurring.at(asked.minute) else { return plain };
        let mut best = RateScore { l: 0.0, ..plain };
        for (w, width) in WIDTHS.into_iter().enumerate() {
            let (mean, own) = (mean(w), level.inverse_size(w));
            // A count that was usual itself explains nothing.
            let recurs = tail(usual.peaks[w], mean, own) > U0;
            let (expected, inverse) = if recurs {
                let visits = VISITS / f64::from(usual.visits);
                (usual.peaks[w], 1.0 / f64::from(level.a) + level.dispersion(w).min(1.0) + visits)
            } else {
                (mean, own)
            };
            let mut l = tail(asked.sums[w], expected, inverse).min(plain.l);
            // What has come with sizes that differ by much may come larger still.
            if recurs && l > 0.0 && usual.visits >= SIZED && expected > FAR_OVER * mean {
                l = l.min(log(asked.sums[w] / expected) / usual.spread);
            }
            if l > best.l {
                best = RateScore { t: 0.0, window: width, seen: asked.sums[w], expected, inverse_size: inverse, l };
            }
        }
        best
    }

    /// The level when the minutes before `known_to` are learnt; those since the last event were empty.
    fn level_at(&self, known_to: i32) -> Level {
        let known_to = known_to.min(self.at.div_euclid(60) * 60 + 60);
        let empty = if known_to > self.at { self.empty_exposure(known_to) } else { 0.0 };
        self.level.with((f64::from(self.hour.0), f64::from(self.hour.1) + empty))
    }

    /// The weighted exposure of the minutes from the first that is not learnt to `end`, of the same hour, if empty.
    fn empty_exposure(&self, end: i32) -> f64 {
        let exposure =
            |end: i32, width: i32| if width > 0 { self.factors.exposure(&self.phase, end - 1, width) } else { 0.0 };
        let slow = self.incident_end().clamp(self.at, end);
        SLOW * exposure(slow, slow - self.at) + exposure(end, end - slow)
    }

    /// Learns a minute with events into the level; `plain` is -ln p of its windows.
    fn note(&mut self, asked: &RateWindows, count: u32, (plain, large): (f64, bool)) {
        let minute = asked.minute;
        let remarkable = plain > U0
            && asked.sums[3] >= REMEMBERED_EVENTS
            && (large || self.calibration.score_with(plain, self.novelty(minute)) > REMEMBERED_FROM);
        let recurs = remarkable && self.recurring.is_usual(minute);
        if remarkable && minute >= self.settled {
            self.recurring.note(minute, &asked.sums);
        }
        let weight = if minute < self.incident_end() || recurs { SLOW } else { 1.0 };
        if weight != 1.0 {
            self.slow |= bits(minute.rem_euclid(60), minute.rem_euclid(60) + 1);
        }
        self.hour.0 += (weight * f64::from(count)) as f32;
        self.hour.1 += (weight * self.factors.exposure(&self.phase, minute, 1)) as f32;
        self.at = minute + 1;
    }

    /// Passes over minutes without events, all of one hour.
    fn pass(&mut self, end: i32) {
        if end <= self.at {
            return;
        }
        self.hour.1 += self.empty_exposure(end) as f32;
        let (begin, slow) = (self.at, self.incident_end().clamp(self.at, end));
        let hour = begin.div_euclid(60) * 60;
        self.slow |= bits(begin - hour, slow - hour);
        self.at = end;
    }

    /// At a full hour: level, dispersion, season and schedule learn the hour that is over.
    fn finish_hour(&mut self) {
        let hour = self.at.div_euclid(60) - 1;
        let (events, exposure) = (f64::from(self.hour.0), f64::from(self.hour.1));
        self.ring.advance(self.at);
        let empty = self.ring.is_empty();
        self.quiet = if empty { self.quiet.saturating_add(1) } else { 0 };
        let away = self.is_away(exposure);
        let mut level = self.level.with((events, if away { SLOW * exposure } else { exposure }));
        let mut means = [0.0; REACH];
        self.factors.fill(&self.phase, (hour, level.mean()), &mut means);
        let tried = self.trial.is_some();
        if away || tried {
            // A level that is not its own says nothing about the dispersion.
        } else if empty && self.slow == 0 {
            level.disperse_empty(&means);
        } else {
            level.disperse(&self.ring.counts, &means, self.slow);
        }
        let gone = away && self.quiet > LONGEST_NIGHT;
        if !tried && !gone {
            let retold = self.season.learn(hour, events, self.scheduled(), level.mean());
            level.expose(retold);
        }
        if empty {
            self.phase.skip();
        } else if !self.disturbed && !tried {
            let mean = level.mean() * self.season.factor(hour);
            self.phase.learn(&self.ring.counts, self.slow, 1.0 / mean.max(1e-6) + level.dispersion(0));
        }
        level.forget();
        (self.level, self.hour, self.slow, self.disturbed) = (level, (0.0, 0.0), 0, false);
        self.season.believe(level.mean() * 60.0 * level.dispersion(3));
        self.factors = self.season.around(hour + 1);
        self.recurring.settle(self.at);
        if hour.rem_euclid(24) == 23 && self.quiet < HOURS_OF_DAY {
            self.calibration.pass_day();
        }
        self.check_trial(self.at - 1);
    }

    /// The minutes of the current hour, weighted by the schedule and by what was learnt from them.
    fn scheduled(&self) -> f64 {
        let (all, _) = self.phase.up_to(60);
        let slow = (0..60).filter(|at| self.slow >> at & 1 == 1).map(|at: usize| f64::from(self.phase.factors()[at]));
        if self.slow == 0 { all } else { all - (1.0 - SLOW) * slow.sum::<f64>() }
    }
}

/// The bits of the minutes of an hour from `begin` to before `end`.
fn bits(begin: i32, end: i32) -> u64 {
    ((1u64 << end) - 1) & !((1u64 << begin) - 1)
}

/// -ln P(count ≥ n), or 0 where n is nothing to speak of: tails cost time, and only far ones matter.
fn tail(n: f64, mu: f64, inverse: f64) -> f64 {
    if n >= FEWEST && n > mu && (n - mu) * (n - mu) > 2.0 * (mu + mu * mu * inverse) {
        -neg_binomial_ln_sf(n, mu, 1.0 / inverse)
    } else {
        0.0
    }
}
