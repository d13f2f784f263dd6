//! Profiles: what they know, and when.

use super::*;
use crate::cell::Arrival;
use crate::event::Report;
use crate::meter::steps;

fn cell(counts: &[(u8, u32)]) -> Cell {
    let mut cell = Cell::default();
    for (minute, n) in counts {
        cell.count(Measure::Calls, *minute, *n);
    }
    cell
}

fn learnt(hours: std::ops::Range<i32>, n: impl Fn(i32) -> u32) -> Profile {
    let mut profile = Profile::default();
    for hour in hours {
        profile.learn(Hour(hour), &cell(&[(30, n(hour)), (31, 1)]), Minutes(15));
    }
    profile
}

#[test]
fn an_hour_is_known_only_when_complete() {
    let profile = learnt(10..11, |_| 5);
    let sum = |minute, lateness| {
        profile.baseline(Measure::Calls, Hour(11).minute(minute), Minutes(lateness)).map(|(_, n)| n).sum::<u32>()
    };
    assert_eq!((sum(14, 15), sum(15, 15), sum(5, 5)), (0, 6, 6));
}

#[test]
fn memory_is_bounded_and_the_baseline_is_the_newest_day() {
    let profile = learnt(0..1_000, |hour| hour as u32);
    assert_eq!(profile.entries(), 36);
    let baseline: Vec<_> = profile.baseline(Measure::Calls, Hour(1_001).first(), Minutes(15)).collect();
    assert_eq!((baseline.len(), baseline[23]), (24, (Hour(999), 1_000)));
}

/// The model of a minute, of a profile that has learnt so many hours, with the cells of the hours since `from`.
fn model(profile: &Profile, minute: Minute, from: Hour, n: impl Fn(i32) -> u32) -> Option<Vec<u8>> {
    let cells: Vec<(Hour, Cell)> =
        (from.0..=minute.hour().0).map(|hour| (Hour(hour), cell(&[(30, n(hour)), (31, 1)]))).collect();
    let all = cells.iter().map(|(hour, cell)| (*hour, cell));
    let mut lessons = profile.lessons((Measure::Calls, minute.hour()), all, Minutes(15))?;
    Some(lessons.model(minute.plus(-15)).encode())
}

#[test]
fn what_was_usual_is_the_same_whenever_one_asks() {
    for n in [|hour: i32| (hour % 7) as u32, |hour: i32| 15 + (hour % 7) as u32, |hour: i32| (hour as u32 % 50) / 2] {
        let minute = Hour(100).minute(40);
        let wanted = model(&learnt(0..99, n), minute, Hour(99), n).unwrap();
        for end in 99..140 {
            let profile = learnt(0..end, n);
            let from = profile.reach(Hour(100), Minutes(15));
            let found = model(&profile, minute, from, n);
            assert!(found.is_none_or(|found| found == wanted), "{end}");
            assert!(end > 110 || model(&profile, minute, from, n).is_some(), "{end}");
        }
    }
}

#[test]
fn a_profile_that_was_put_away_goes_on_from_there() {
    let n = |hour: i32| 15 + (hour % 7) as u32;
    let (mut profile, minute) = (learnt(0..99, n), Hour(100).minute(40));
    let wanted = model(&profile, minute, Hour(99), n);
    profile.settle(Hour(95));
    for hour in 95..100 {
        profile.learn(Hour(hour), &cell(&[(30, n(hour)), (31, 1)]), Minutes(15));
    }
    assert!(wanted.is_some());
    assert_eq!(model(&profile, minute, Hour(99), n), wanted);
}

/// A function: calls that fail at night, and run longer by day.
fn busy(hour: i32) -> Cell {
    let mut cell = Cell::default();
    for minute in (0..60_u8).step_by(4) {
        cell.count(Measure::Calls, minute, 9);
        cell.count(Measure::Throttled, minute, if hour % 24 == 3 { 5 } else { u32::from(minute % 8 == 0) });
        for n in 0..4 {
            let report = Report { duration_ms: Some(f64::from(100 + hour % 24 * 10 + n)), ..Report::default() };
            cell.read(minute, &steps(&report, None).unwrap());
        }
    }
    cell
}

fn taught(end: i32, how: impl Into<Learning>) -> Profile {
    let (mut profile, how) = (Profile::default(), how.into());
    (0..end).for_each(|hour| profile.learn(Hour(hour), &busy(hour), how));
    profile
}

/// The models of a share and of a meter as of a minute, with the cells of the hours since `from`.
fn models(profile: &Profile, minute: Minute, from: Hour) -> Option<(Vec<u8>, Vec<u8>)> {
    let cells: Vec<(Hour, Cell)> = (from.0..=minute.hour().0).map(|hour| (Hour(hour), busy(hour))).collect();
    let all = || cells.iter().map(|(hour, cell)| (*hour, cell));
    let mut share = profile.share_lessons((Measure::Throttled, minute.hour()), all(), Minutes(15))?;
    let mut gauge = profile.gauge_lessons((Meter::Duration, minute.hour()), all(), Minutes(15))?;
    let known_to = minute.plus(-15);
    Some((share.model(known_to).encode(), gauge.model(known_to).encode()))
}

#[test]
fn shares_and_gauges_are_the_same_whenever_one_asks() {
    let minute = Hour(100).minute(40);
    let wanted = models(&taught(99, Minutes(15)), minute, Hour(99)).unwrap();
    for end in 99..124 {
        let mut profile = taught(end, Minutes(15));
        let from = profile.reach(Hour(100), Minutes(15));
        assert_eq!(models(&profile, minute, from).as_ref(), Some(&wanted), "{end}");
        if end <= 100 {
            profile.settle(Hour(end - 4));
            (end - 4..end).for_each(|hour| profile.learn(Hour(hour), &busy(hour), Minutes(15)));
            assert_eq!(models(&profile, minute, from).as_ref(), Some(&wanted), "{end} put away");
        }
    }
}

#[test]
fn what_came_late_teaches_nothing() {
    for measure in [Measure::Calls, Measure::Denied, Measure::Failures] {
        let mut in_time = Cell::default();
        in_time.count(measure, 3, 40);
        let (mut late, mut both) = (Cell::default(), in_time.clone());
        late.count(measure, 50, 4);
        both.merge(late, |_| Arrival::Late);
        let taught = |cells: [&Cell; 2]| {
            let mut profile = Profile::default();
            (10..).zip(cells).for_each(|(hour, cell)| profile.learn(Hour(hour), cell, Minutes(15)));
            profile
        };
        assert_eq!(taught([&in_time, &both]), taught([&in_time, &in_time]), "{measure:?}");
    }
}

/// What a busy entity takes in a ledger, which deflates it further.
#[test]
fn a_busy_profile_is_small() {
    let stored = |gauge| {
        let mut profile = taught(400, Learning { lateness: Minutes(15), gauge });
        profile.settle(Hour(397));
        postcard::to_stdvec(&profile).unwrap().len()
    };
    let light = |profile: &Profile| postcard::to_stdvec(profile).unwrap().len();
    let (core, full) = (stored(GaugeModel::Core3), stored(GaugeModel::Full8));
    assert!(core <= 5_000 && full <= 8_000 && light(&learnt(0..400, |_| 1)) <= 250, "{core} {full}");
}
