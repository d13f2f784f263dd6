//! The state of each series, by name.

use std::collections::VecDeque;

use hashbrown::HashMap;
use lapwing_detectors::settings::Minutes;
use lapwing_detectors::stats::errors::{ErrorProfile, ErrorWindows};
use lapwing_detectors::stats::gauge::{Gauge, GaugeModel};
use lapwing_detectors::stats::rate::{RateProfile, RateWindows};
use lapwing_detectors::stats::reference::{ReferenceErrors, ReferenceRate};
use lapwing_detectors::stats::windows::LastHour;

use super::rows::Row;
use super::step::Step;

const DAY: i64 = 86_400;
/// The reference form knows no empty stretches but minutes without events; it is not asked to step more of them.
const LONGEST_GAP: i64 = 366 * 1440;

/// Which model judges.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Rate(Minutes),
    Errors(Minutes),
    ReferenceRate,
    ReferenceErrors,
    Full8,
    Core3,
}

enum Judge {
    Rate(Box<RateSeries>),
    Errors(Box<ErrorSeries>),
    ReferenceRate(Box<ReferenceRate>),
    ReferenceErrors(Box<ReferenceErrors>),
    Gauge(Box<Gauge>),
}

struct Series {
    judge: Judge,
    /// The last row, in seconds since 1970.
    last: Option<i64>,
}

/// All series of the input.
pub(super) struct Table {
    kind: Kind,
    most: usize,
    names: HashMap<Box<[u8]>, usize>,
    series: Vec<Series>,
    /// Name and place of the series of the row before: rows often come series by series.
    before: (Vec<u8>, usize),
}

impl Table {
    pub(super) fn new(kind: Kind, most: usize) -> Table {
        Table { kind, most, names: HashMap::new(), series: Vec::new(), before: (Vec::new(), usize::MAX) }
    }

    /// The score of a row, which its series learns.
    ///
    /// # Errors
    /// What is wrong with the row's place in its series; one series too many.
    pub(super) fn score(&mut self, row: &Row<'_>) -> Result<f64, String> {
        let at = self.find(row.series)?;
        let series = &mut self.series[at];
        if !matches!(self.kind, Kind::Full8 | Kind::Core3) && series.last.is_some_and(|last| row.seconds < last) {
            return Err("it is earlier than the row before of its series; rows must be in the order of time".to_owned());
        }
        series.score(row)
    }

    fn find(&mut self, name: &[u8]) -> Result<usize, String> {
        if self.before.1 < self.series.len() && self.before.0 == name {
            return Ok(self.before.1);
        }
        let at = match self.names.get(name) {
            Some(at) => *at,
            None if self.series.len() >= self.most => {
                return Err(format!("it is of one series more than the {} of --max-series", self.most));
            }
            None => {
                self.names.insert(name.into(), self.series.len());
                self.series.push(Series { judge: Judge::new(self.kind), last: None });
                self.series.len() - 1
            }
        };
        self.before.0.clear();
        self.before.0.extend_from_slice(name);
        self.before.1 = at;
        Ok(at)
    }
}

impl Judge {
    fn new(kind: Kind) -> Judge {
        match kind {
            Kind::Rate(lateness) => Judge::Rate(Box::new(RateSeries::new(lateness))),
            Kind::ReferenceRate => Judge::ReferenceRate(Box::default()),
            Kind::Errors(lateness) => Judge::Errors(Box::new(ErrorSeries::new(lateness))),
            Kind::ReferenceErrors => Judge::ReferenceErrors(Box::default()),
            Kind::Full8 => Judge::Gauge(Box::new(Gauge::new(GaugeModel::Full8))),
            Kind::Core3 => Judge::Gauge(Box::new(Gauge::new(GaugeModel::Core3))),
        }
    }
}

impl Series {
    fn score(&mut self, row: &Row<'_>) -> Result<f64, String> {
        let minute = row.seconds.div_euclid(60);
        let gap = self.last.map_or(0, |last| minute - last.div_euclid(60) - 1);
        let [first, second] = row.numbers;
        let score = match &mut self.judge {
            Judge::Rate(rate) => rate.score(minute as i32, first as u32),
            Judge::Errors(errors) => errors.score(minute as i32, (first as u32, second as u32)),
            Judge::Gauge(gauge) => gauge.step(first, row.seconds.rem_euclid(DAY) as f64 / DAY as f64).score,
            Judge::ReferenceRate(_) | Judge::ReferenceErrors(_) if gap < 0 => {
                return Err(
                    "it is of the same minute as the row before, and the reference form wants one row a minute"
                        .to_owned(),
                );
            }
            Judge::ReferenceRate(_) | Judge::ReferenceErrors(_) if gap > LONGEST_GAP => {
                return Err(format!(
                    "it comes {gap} minutes after the row before, and the reference form steps at most {LONGEST_GAP}"
                ));
            }
            Judge::ReferenceRate(rate) => {
                for empty in minute - gap..minute {
                    rate.step(empty as i32, 0.0);
                }
                rate.step(minute as i32, first)
            }
            Judge::ReferenceErrors(errors) => {
                for _ in 0..gap {
                    errors.step(0.0, 0.0);
                }
                errors.step(first, second)
            }
        };
        self.last = Some(row.seconds);
        Ok(score)
    }
}

/// A series of counts, its latest minutes, and what is usual for it, learnt a lateness behind.
struct RateSeries {
    lateness: i32,
    step: Step,
    known: Option<(RateProfile, LastHour)>,
    /// Minutes with events that are not learnt yet.
    waiting: VecDeque<(i32, u32)>,
}

impl RateSeries {
    fn new(lateness: Minutes) -> RateSeries {
        RateSeries { lateness: lateness.0 as i32, step: Step::default(), known: None, waiting: VecDeque::new() }
    }

    fn score(&mut self, minute: i32, count: u32) -> f64 {
        let minute = self.step.place(minute);
        let (profile, hour) = self.known.get_or_insert_with(|| (RateProfile::new(minute), LastHour::new(minute)));
        let known_to = minute.saturating_sub(self.lateness);
        while let Some((waiting, count)) = self.waiting.pop_front_if(|(waiting, _)| *waiting < known_to) {
            profile.learn(waiting, count);
        }
        if count == 0 {
            return 0.0;
        }
        profile.advance(known_to);
        hour.add(minute, count);
        match self.waiting.back_mut().filter(|(last, _)| *last == minute) {
            Some((_, so_far)) => *so_far = so_far.saturating_add(count),
            None => self.waiting.push_back((minute, count)),
        }
        profile.judge(&RateWindows { minute, sums: hour.sums(minute), known_to }).t
    }
}

/// A series of errors and calls, likewise.
struct ErrorSeries {
    lateness: i32,
    step: Step,
    known: Option<(ErrorProfile, LastHour, LastHour)>,
    waiting: VecDeque<(i32, u32, u32)>,
}

impl ErrorSeries {
    fn new(lateness: Minutes) -> ErrorSeries {
        ErrorSeries { lateness: lateness.0 as i32, step: Step::default(), known: None, waiting: VecDeque::new() }
    }

    fn score(&mut self, minute: i32, (errors, calls): (u32, u32)) -> f64 {
        let minute = self.step.place(minute);
        let new = || (ErrorProfile::new(minute), LastHour::new(minute), LastHour::new(minute));
        let (profile, hour_errors, hour_calls) = self.known.get_or_insert_with(new);
        let known_to = minute.saturating_sub(self.lateness);
        while let Some((waiting, errors, calls)) = self.waiting.pop_front_if(|(waiting, ..)| *waiting < known_to) {
            profile.learn(waiting, errors, calls);
        }
        if calls == 0 {
            return 0.0;
        }
        profile.advance(known_to);
        hour_errors.add(minute, errors);
        hour_calls.add(minute, calls);
        match self.waiting.back_mut().filter(|(last, ..)| *last == minute) {
            Some((_, e, n)) => (*e, *n) = (e.saturating_add(errors), n.saturating_add(calls)),
            None => self.waiting.push_back((minute, errors, calls)),
        }
        if errors == 0 {
            return 0.0;
        }
        let (errors, calls) = (hour_errors.sums(minute), hour_calls.sums(minute));
        profile.judge(&ErrorWindows { minute, errors, calls }).t
    }
}
