//! What is usual of what the reports of a function measure: a model for each meter, the time limit as far as it was seen,
//! and how much of its memory it used in the last days.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::cell::Cell;
use crate::meter::{BLOCKS, Meter, last_of};
use crate::settings::Minutes;
use crate::stand::{Model, Rows, Stands};
use crate::stats::gauge::{Gauge, GaugeModel};
use crate::time::{HOUR, Hour, Minute};

/// The meters that have a model.
pub(crate) const JUDGED: [Meter; 3] = [Meter::Duration, Meter::Memory, Meter::Init];
/// Time limits that are remembered, each with its hour.
const LIMITS: usize = 8;
/// Days whose use of memory is remembered.
const DAYS: usize = 9;
const HOURS_OF_DAY: i32 = 24;
const DAY: i32 = HOURS_OF_DAY * HOUR;

/// What is usual of what a function's reports measure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gauged {
    models: Vec<(Meter, Stands<Gauge>)>,
    limits: VecDeque<(Hour, u16)>,
    days: VecDeque<DayOfUse>,
}

/// How much memory was used on a day of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DayOfUse {
    /// Days since 1970.
    pub(crate) day: i32,
    /// The hours of the day with reports, a bit for each.
    pub(crate) hours: u32,
    /// The highest step of [`Meter::Memory`].
    pub(crate) most: u16,
    /// The largest size in megabytes.
    pub(crate) size: u16,
}

impl Model for Gauge {
    type Row = f32;

    fn learn_row(&mut self, minute: Minute, row: f32) {
        self.step(f64::from(row), time_of_day(minute));
        // Its stored form is a little rounded: rounded after each row, it is the same whether it was stored or not.
        if let Some(stored) = Gauge::decode(&self.encode()) {
            *self = stored;
        }
    }

    fn pass_to(&mut self, _minute: Minute) {}

    fn bytes(&self) -> Vec<u8> {
        self.encode()
    }

    fn of_bytes(bytes: &[u8]) -> Option<Gauge> {
        Gauge::decode(bytes)
    }
}

/// The time of day, 0 to 1.
pub(crate) fn time_of_day(minute: Minute) -> f64 {
    f64::from(minute.0.rem_euclid(DAY)) / f64::from(DAY)
}

/// The minutes that a meter's readings are judged in together. Cold starts are few.
#[must_use]
pub(crate) fn span_of(meter: Meter) -> Minutes {
    if meter == Meter::Init { Minutes(60) } else { Minutes(15) }
}

/// Fewer readings than this in a span are nothing to learn from or to judge.
pub(crate) fn fewest(meter: Meter) -> u64 {
    if meter == Meter::Init { 3 } else { 10 }
}

/// What there is to learn of a meter in an hour: what 95 % do not exceed in each span with enough readings.
pub(crate) fn rows_of(cell: &Cell, meter: Meter) -> Rows<f32> {
    let blocks = span_of(meter).0 as u8 / (HOUR as u8 / BLOCKS);
    let row = |from: u8| {
        let last = from + blocks - 1;
        let sketch = cell.sketch_in_time(meter, from, last);
        let p95 = sketch.p95().filter(|_| sketch.count() >= fewest(meter))?;
        Some((last_of(last), meter.value(p95) as f32))
    };
    (0..BLOCKS).step_by(usize::from(blocks)).filter_map(row).collect()
}

impl Gauged {
    pub(crate) fn learn(&mut self, hour: Hour, cell: &Cell, (open, model): (i32, GaugeModel)) {
        for meter in JUDGED {
            let rows = rows_of(cell, meter);
            let held = self.models.iter_mut().find(|(held, _)| *held == meter);
            match held {
                Some((_, stands)) if stands.newest().model.model() == model => stands.learn(hour, rows, open),
                _ if rows.is_empty() => {}
                held => {
                    let mut stands = Stands::new(hour, Gauge::new(model));
                    stands.learn(hour, rows, open);
                    match held {
                        Some((_, held)) => *held = stands,
                        None => self.models.push((meter, stands)),
                    }
                }
            }
        }
        self.learn_limit(hour, cell);
        self.learn_use(hour, cell);
    }

    fn learn_limit(&mut self, hour: Hour, cell: &Cell) {
        let Some(limit) = cell.sketch_in_time(Meter::Limit, 0, BLOCKS - 1).most() else { return };
        let place = self.limits.partition_point(|(held, _)| *held < hour);
        match self.limits.get_mut(place).filter(|(held, _)| *held == hour) {
            Some(held) => held.1 = limit,
            None => self.limits.insert(place, (hour, limit)),
        }
        if self.limits.len() > LIMITS {
            self.limits.pop_front();
        }
    }

    fn learn_use(&mut self, hour: Hour, cell: &Cell) {
        let most = |meter| cell.sketch_in_time(meter, 0, BLOCKS - 1).most();
        let Some((most, size)) = most(Meter::Memory).zip(most(Meter::Size)) else { return };
        let day = hour.0.div_euclid(HOURS_OF_DAY);
        let new = DayOfUse { day, hours: 1 << hour.0.rem_euclid(HOURS_OF_DAY), most, size };
        let place = self.days.partition_point(|held| held.day < day);
        match self.days.get_mut(place).filter(|held| held.day == day) {
            Some(held) => {
                held.hours |= new.hours;
                (held.most, held.size) = (held.most.max(most), held.size.max(size));
            }
            None => self.days.insert(place, new),
        }
        if self.days.len() > DAYS {
            self.days.pop_front();
        }
    }

    /// The model of a meter.
    pub(crate) fn stands(&self, meter: Meter) -> Option<&Stands<Gauge>> {
        self.models.iter().find(|(held, _)| *held == meter).map(|(_, stands)| stands)
    }

    /// The time limit in seconds that the newest time-out before an hour told.
    pub(crate) fn limit(&self, bound: Hour) -> Option<u16> {
        self.limits.iter().rev().find(|(hour, _)| *hour < bound).map(|(_, limit)| *limit)
    }

    /// How much memory was used on each of the days that were over before an hour, the newest last.
    pub(crate) fn days(&self, bound: Hour) -> impl Iterator<Item = &DayOfUse> {
        self.days.iter().filter(move |held| (held.day + 1) * HOURS_OF_DAY <= bound.0)
    }

    pub(crate) fn settle(&mut self, end: Hour) {
        self.models.iter_mut().for_each(|(_, stands)| stands.put_away(end));
    }

    pub(crate) fn reach(&self, bound: Hour) -> Option<Hour> {
        self.models.iter().map(|(_, stands)| stands.reach(bound)).min()
    }
}
