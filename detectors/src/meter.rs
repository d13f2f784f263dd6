//! Meters: what the report of an invocation measures. A reading is rounded to a step of its meter's scale, so that a
//! cell can count how many there were of each: counts add up in any order.

use libm::{exp2, log2};
use serde::{Deserialize, Serialize};

use crate::event::{CrashKind, Report};
use crate::time::HOUR;

/// Minutes of a block: readings are kept by blocks of an hour, because a cell with those of each minute would cost
/// several times as much to write.
pub const BLOCK: i32 = 5;
/// Blocks of an hour.
pub const BLOCKS: u8 = (HOUR / BLOCK) as u8;
/// Steps of a scale of milliseconds for each doubling: a step is 9 % wide.
const STEPS: f64 = 8.0;
/// The longest time that is told apart: a function may run for 5,400 seconds.
const LONGEST: f64 = 8_388_608.0;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Meter {
    /// How long an invocation ran that was not cut off, in milliseconds.
    Duration,
    /// Memory used, in per cent of what there is, of an invocation that did not run out of it.
    Memory,
    /// The memory there is, in megabytes.
    Size,
    /// How long an init took, in milliseconds.
    Init,
    /// The time limit, in seconds, as an invocation that was cut off at it tells.
    Limit,
}

/// The readings of a report: a step for each meter, 0 where there is none.
pub type Steps = [u16; Meter::ALL.len()];

impl Meter {
    /// All of them.
    pub const ALL: [Meter; 5] = [Meter::Duration, Meter::Memory, Meter::Size, Meter::Init, Meter::Limit];

    /// The step of a value; never 0.
    #[must_use]
    pub fn step(self, value: f64) -> u16 {
        match self {
            Meter::Duration | Meter::Init => 1 + (STEPS * log2(value.clamp(1.0, LONGEST))) as u16,
            Meter::Memory => 1 + value.clamp(0.0, 100.0) as u16,
            Meter::Size | Meter::Limit => value.round().clamp(1.0, f64::from(u16::MAX)) as u16,
        }
    }

    /// The value in the middle of a step.
    #[must_use]
    pub fn value(self, step: u16) -> f64 {
        match self {
            Meter::Duration | Meter::Init => exp2((f64::from(step) - 0.5) / STEPS),
            Meter::Memory => f64::from(step.saturating_sub(1)),
            Meter::Size | Meter::Limit => f64::from(step),
        }
    }
}

/// The steps of a report, of an invocation that may have failed. Nothing where it measures nothing.
#[must_use]
pub fn steps(report: &Report, failure: Option<CrashKind>) -> Option<Steps> {
    let mut steps = Steps::default();
    let mut read = |meter: Meter, value: Option<f64>| {
        if let Some(value) = value {
            steps[meter as usize] = meter.step(value);
        }
    };
    let cut_off = failure == Some(CrashKind::Timeout);
    read(Meter::Duration, report.duration_ms.filter(|_| !cut_off));
    read(Meter::Limit, report.duration_ms.filter(|_| cut_off).map(|ms| ms / 1000.0));
    read(Meter::Init, report.init_ms.filter(|_| failure != Some(CrashKind::Init)));
    let size = report.memory_mb.filter(|mb| *mb > 0).map(f64::from);
    let used = report.memory_used_mb.map(f64::from).filter(|_| failure != Some(CrashKind::OutOfMemory));
    read(Meter::Size, size);
    read(Meter::Memory, size.zip(used).map(|(size, used)| 100.0 * used / size));
    (steps != Steps::default()).then_some(steps)
}

/// How many readings of a meter were of one step, in a block of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The meter.
    pub meter: Meter,
    /// The block of the hour, 0 to 11.
    pub block: u8,
    /// The step of its scale.
    pub step: u16,
    /// How many came before the lateness of the whole block had passed.
    pub on_time: u32,
    /// How many came later.
    pub late: u32,
}

impl Reading {
    pub(crate) fn place(&self) -> (Meter, u8, u16) {
        (self.meter, self.block, self.step)
    }

    pub(crate) fn all(&self) -> u64 {
        u64::from(self.on_time) + u64::from(self.late)
    }
}

/// The block of a minute of an hour.
#[must_use]
pub fn block_of(minute: u8) -> u8 {
    minute / BLOCK as u8
}

/// The last minute of a block.
#[must_use]
pub fn last_of(block: u8) -> u8 {
    block * BLOCK as u8 + BLOCK as u8 - 1
}

/// How many readings there were of each step, by step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch(Vec<(u16, u64)>);

impl Sketch {
    /// Adds so many of a step.
    pub fn add(&mut self, step: u16, n: u64) {
        if n == 0 {
            return;
        }
        match self.0.binary_search_by_key(&step, |(held, _)| *held) {
            Ok(at) => self.0[at].1 += n,
            Err(at) => self.0.insert(at, (step, n)),
        }
    }

    /// How many readings there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, n)| n).sum()
    }

    /// How many readings are of this step or a higher one.
    #[must_use]
    pub fn from(&self, step: u16) -> u64 {
        self.0.iter().filter(|(held, _)| *held >= step).map(|(_, n)| n).sum()
    }

    /// The highest step.
    #[must_use]
    pub fn most(&self) -> Option<u16> {
        self.0.last().map(|(step, _)| *step)
    }

    /// The step that 95 % of the readings do not exceed.
    #[must_use]
    pub fn p95(&self) -> Option<u16> {
        let mut above = self.count() / 20;
        for (step, n) in self.0.iter().rev() {
            if *n > above {
                return Some(*step);
            }
            above -= n;
        }
        None
    }
}

impl FromIterator<(u16, u64)> for Sketch {
    fn from_iter<I: IntoIterator<Item = (u16, u64)>>(all: I) -> Sketch {
        let mut sketch = Sketch::default();
        all.into_iter().for_each(|(step, n)| sketch.add(step, n));
        sketch
    }
}

/// Log streams whose memory a cell follows: those with the smallest hashes, so that any order follows the same ones.
pub(crate) const TRACKS: usize = 8;
/// Minutes of a part of a track.
pub const QUARTER: u8 = 15;

/// The memory that a log stream, which is one sandbox, used in the quarters of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    pub(crate) stream: u32,
    /// The most megabytes used in each quarter, and how many reports said so.
    pub quarters: [(u16, u16); 4],
}

impl Track {
    pub(crate) fn add(&mut self, other: &Track) {
        for (held, new) in self.quarters.iter_mut().zip(other.quarters) {
            *held = (held.0.max(new.0), held.1.saturating_add(new.1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_back_within_five_per_cent() {
        for ms in [1.0, 3.7, 46.84, 1_000.0, 899_999.0, 5_400_000.0] {
            let value = Meter::Duration.value(Meter::Duration.step(ms));
            assert!((value / ms - 1.0).abs() < 0.05, "{ms}: {value}");
        }
        assert_eq!([0.0, f64::MAX].map(|ms| Meter::Init.step(ms)), [1, 185]);
        assert_eq!(
            [0.0, 37.5, 100.0, 1e9].map(|share| Meter::Memory.value(Meter::Memory.step(share))),
            [0.0, 37.0, 100.0, 100.0]
        );
    }

    #[test]
    fn what_a_report_measures() {
        let report = Report {
            duration_ms: Some(3_000.4),
            init_ms: Some(200.0),
            memory_mb: Some(512),
            memory_used_mb: Some(256),
            ..Report::default()
        };
        let ends_well = steps(&report, None).unwrap();
        assert_eq!((ends_well[1], ends_well[2], ends_well[4]), (51, 512, 0));
        let cut_off = steps(&report, Some(CrashKind::Timeout)).unwrap();
        assert_eq!((cut_off[0], cut_off[4]), (0, 3));
        assert_eq!(steps(&report, Some(CrashKind::OutOfMemory)).unwrap()[1], 0);
        assert_eq!(steps(&Report::default(), None), None);
    }

    #[test]
    fn what_most_do_not_exceed() {
        let all = |n: u16| (1..=n).map(|step| (step, 1)).collect::<Sketch>();
        assert_eq!([1, 19, 20, 100].map(|n| all(n).p95()), [Some(1), Some(19), Some(19), Some(95)]);
        assert_eq!((Sketch::default().p95(), all(9).from(8)), (None, 2));
    }
}
