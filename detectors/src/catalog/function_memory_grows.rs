//! The memory of a function's sandboxes grows from invocation to invocation.

use std::collections::BTreeMap;

use crate::cell::Cell;
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::Event;
use crate::gauge::{observe, verdict};
use crate::measure::Measure;
use crate::meter::{BLOCKS, Meter, QUARTER};
use crate::observe::Observations;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::time::HOUR;
use crate::window::{Around, REACH, Window};

static ABOUT: About = About {
    id: "function-memory-grows",
    title: "Memory of a Lambda function grows",
    what: "In at least half of the log streams that are followed, each of which is one sandbox, memory rises in each quarter of \
           an hour, by 5 % of what there is or more, and does not level off. Up to 8 streams of a function are followed.",
    why: "What is never given back ends with a killed request: a leak, or a cache without a bound.",
    innocent: "A sandbox that fills its caches at first and then stays as it is.",
    attack: &[],
    next: &[
        "was the function or a library changed before it began?",
        "what outlives an invocation: globals, connections, files in /tmp?",
        "how long until the memory is full? the alert says it",
    ],
    families: &[Family::Function],
    trigger: Trigger::Measures(&[Measure::Invocations]),
    nature: Nature::Fault,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// Quarters of an hour that are compared.
const QUARTERS: usize = 4;
/// Reports of a stream in each quarter, at least.
const REPORTS: u16 = 3;
/// The last rise must be this part of the mean rise, or it levels off.
const STEADY: f64 = 0.5;

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct FunctionMemoryGrows {
    /// The least rise within the hour, in per cent of the memory size.
    pub rise: f64,
}

impl Default for FunctionMemoryGrows {
    fn default() -> FunctionMemoryGrows {
        FunctionMemoryGrows { rise: 5.0 }
    }
}

impl Detector for FunctionMemoryGrows {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let doc = "rise within an hour, in per cent of the memory size, below which it never speaks";
        visit.field(Field { name: "rise", doc, min: 1.0, max: 100.0 }, Value::Percent(&mut self.rise));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        observe(event, seen);
    }

    fn floor(&self) -> u64 {
        QUARTERS as u64 * u64::from(REPORTS)
    }

    fn minutes_in(&self, around: Around<'_>, _lateness: Minutes) -> u64 {
        let Some(size) = size_of(around.here) else { return 0 };
        let ends = (0..QUARTERS).filter(|quarter| {
            let all = courses((around.here, around.before), *quarter);
            all.iter().any(|course| self.grows(course, size))
        });
        ends.fold(0, |bits, quarter| bits | 1 << (quarter as u8 * QUARTER + QUARTER - 1))
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let quarter = usize::from(window.minute.of_hour() / QUARTER);
        let size = Meter::Size.value(window.sketch(Meter::Size, REACH).most()?);
        let all = courses((window.here, window.before), quarter);
        let growing: Vec<&Course> = all.iter().filter(|course| self.grows(course, size)).collect();
        if growing.len() * 2 < all.len() {
            return None;
        }
        let [from, .., to] = *growing.iter().max_by_key(|course| (course[QUARTERS - 1], course[0]))?;
        let rise = f64::from(to.saturating_sub(*from)) / (QUARTERS - 1) as f64;
        let left = ((size - f64::from(*to)).max(0.0) / rise.max(1.0) * f64::from(QUARTER)).ceil();
        let headline = format!("memory rose to {{seen}} of {size} MB within {{window}} min");
        Some(Verdict {
            why: format!(
                "it rose in {} of {} log streams, in one from {from} to {to} MB: full in about {}; a gauge alone is low",
                growing.len(),
                all.len(),
                duration(left),
            ),
            ..verdict(window, (f64::from(*to), Minutes(HOUR as u32)), "MB of memory", headline)
        })
    }
}

/// The most memory that a log stream used in each quarter of an hour, oldest first.
type Course = [u16; QUARTERS];

impl FunctionMemoryGrows {
    fn grows(&self, course: &Course, size: f64) -> bool {
        let [first, .., before, last] = course.map(f64::from);
        let rise = last - first;
        course.is_sorted_by(|a, b| a < b)
            && rise >= self.rise / 100.0 * size
            && last - before >= STEADY * rise / (QUARTERS - 1) as f64
    }
}

/// The courses of the log streams with enough reports in each of the quarters that end with one of the hour.
fn courses((here, before): (&Cell, Option<&Cell>), last: usize) -> Vec<Course> {
    let mut all: BTreeMap<u32, [(u16, u16); 2 * QUARTERS]> = BTreeMap::new();
    for (cell, from) in [(before, 0), (Some(here), QUARTERS)] {
        for track in cell.into_iter().flat_map(Cell::tracks) {
            all.entry(track.stream).or_default()[from..from + QUARTERS].copy_from_slice(&track.quarters);
        }
    }
    let of = |quarters: [(u16, u16); 2 * QUARTERS]| {
        let span = &quarters[last + 1..=last + QUARTERS];
        let enough = span.iter().all(|(_, reports)| *reports >= REPORTS);
        let course: Course = std::array::from_fn(|at| span[at].0);
        enough.then_some(course)
    };
    all.into_values().filter_map(of).collect()
}

fn size_of(cell: &Cell) -> Option<f64> {
    cell.readings(Meter::Size, 0, BLOCKS - 1).map(|reading| reading.step).max().map(|step| Meter::Size.value(step))
}

/// `45 min`, `3 h`.
fn duration(minutes: f64) -> String {
    if minutes < 120.0 { format!("{minutes} min") } else { format!("{:.0} h", minutes / 60.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    const RISES: &str = "09:00-09:14/1m REPORT fn=pay mb=200/512 stream=a
                         09:15-09:29/1m REPORT fn=pay mb=230/512 stream=a
                         09:30-09:44/1m REPORT fn=pay mb=260/512 stream=a";

    #[test]
    fn it_never_gives_back() {
        let said = "09:59 low pay: memory rose to 290 of 512 MB within 60 min";
        check(
            &FunctionMemoryGrows::default(),
            &format!("{RISES}\n 09:45-09:59/1m REPORT fn=pay mb=290/512 stream=a"),
            said,
        );
    }

    #[test]
    fn caches_that_are_full_by_now() {
        let script = format!("{RISES}\n 09:45-09:59/1m REPORT fn=pay mb=262/512 stream=a");
        check(&FunctionMemoryGrows::default(), &script, "");
    }

    #[test]
    fn one_sandbox_of_three() {
        let script = format!(
            "{RISES}\n 09:45-09:59/1m REPORT fn=pay mb=290/512 stream=a
             09:00-09:59/1m REPORT fn=pay mb=210/512 stream=b\n 09:00-09:59/1m REPORT fn=pay mb=220/512 stream=c"
        );
        check(&FunctionMemoryGrows::default(), &script, "");
    }
}
