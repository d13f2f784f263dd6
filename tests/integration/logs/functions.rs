//! What functions do: how long they run, what memory they need, how they begin, and what they complain of.

use chrono::TimeDelta;

use super::happenings::{HISTORY, after, days_before, noon, quarters, some_time};
use super::joins::line;
use super::{Dice, Record, measured};

/// Invocations of some hours, and then some that take long.
pub(super) fn slow(dice: &mut Dice, name: &str) -> Vec<Record> {
    let mut out = Vec::new();
    let mut time = noon() - TimeDelta::hours(4);
    while time < noon() + TimeDelta::hours(HISTORY + 2) {
        let ms = dice.between(80, 120) as f64;
        out.extend(measured(dice, (time, name), ("success", ""), (ms, 60)));
        time += TimeDelta::seconds(dice.between(30, 80));
    }
    let start = some_time(dice);
    for _ in 0..dice.between(20, 60) {
        let (time, ms) = (after(dice, start, 14), dice.between(900, 9_000) as f64);
        out.extend(measured(dice, (time, name), ("success", ""), (ms, 60)));
    }
    out
}

/// A time-out, and invocations that only just end.
pub(super) fn nearly_cut_off(dice: &mut Dice, name: &str) -> Vec<Record> {
    let time = after(dice, noon(), 60);
    let mut out = measured(dice, (time, name), ("timeout", ""), (3_000.0, 60));
    let start = some_time(dice);
    for _ in 0..dice.between(4, 14) {
        let (time, ms) = (after(dice, start, 14), dice.between(2_600, 2_990) as f64);
        out.extend(measured(dice, (time, name), ("success", ""), (ms, 60)));
    }
    out
}

/// Invocations that need nearly all of the memory.
pub(super) fn full(dice: &mut Dice, name: &str) -> Vec<Record> {
    let start = some_time(dice);
    let mut out = Vec::new();
    for _ in 0..dice.between(12, 40) {
        let (time, mb) = (after(dice, start, 14), dice.between(124, 129) as u32);
        out.extend(measured(dice, (time, name), ("success", ""), (100.0, mb)));
    }
    out
}

/// Lines of an application that says now and then that something is wrong, and then says it all the time, and something
/// else besides.
pub(super) fn complaints(dice: &mut Dice, name: &str) -> Vec<Record> {
    let mut out = Vec::new();
    let mut complain = |dice: &mut Dice, time, what: &str| {
        let message = format!(r#"{{"level":"ERROR","message":"{what}"}}"#);
        out.push(line(dice, time, name, &message));
    };
    let usual = "no answer from the warehouse";
    days_before(dice, |dice, time| complain(dice, time, usual));
    quarters(dice, |dice, time| complain(dice, time, usual));
    let start = some_time(dice);
    for _ in 0..dice.between(60, 160) {
        let time = after(dice, start, 12);
        complain(dice, time, usual);
    }
    for _ in 0..dice.between(0, 4) {
        let time = after(dice, start, 60);
        complain(dice, time, "the certificate has expired");
    }
    out
}

/// Invocations of one sandbox, the memory of which rises from one quarter of an hour to the next.
pub(super) fn leak(dice: &mut Dice, name: &str) -> Vec<Record> {
    let (start, base, rise) = (some_time(dice), dice.between(30, 70), dice.between(1, 9));
    let start = start - TimeDelta::seconds(start.timestamp().rem_euclid(900));
    let mut out = Vec::new();
    for quarter in 0..dice.between(4, 8) {
        for _ in 0..dice.between(3, 7) {
            let time = after(dice, start + TimeDelta::minutes(15 * quarter), 15);
            out.extend(measured(dice, (time, name), ("success", ""), (100.0, (base + rise * quarter) as u32)));
        }
    }
    out
}
