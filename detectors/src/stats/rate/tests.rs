use proptest::prelude::*;

use super::*;
use crate::stats::dice::Dice;

/// A day that is no beginning of anything: 2026-10-07, a Wednesday, 00:00 UTC.
const START: i32 = 29_855_520;
const DAYS: i32 = 1440;

/// A made-up series: minutes with events.
fn series(kind: u32, days: i32) -> Vec<(i32, u32)> {
    let mut dice = Dice(u64::from(kind) + 40);
    let mut count = |i: i32| match kind {
        0 => dice.next(9),
        1 => u32::from(dice.next(60) == 0),
        2 => (if i % 60 == 7 { 20 } else { u32::from(dice.next(20) == 0) }) + if i % 1440 / 5 == 40 { 60 } else { 0 },
        3 => {
            if dice.next(500) == 0 {
                1 << dice.next(32)
            } else {
                0
            }
        }
        _ => {
            if dice.next(3) == 0 && i % 1440 > 480 {
                dice.next(300)
            } else {
                0
            }
        }
    };
    (0..days * DAYS).map(|i| (START + i, count(i))).collect()
}

/// Judges each minute with events at once, and learns it; `between` may do what must not matter.
fn scores(rows: &[(i32, u32)], mut between: impl FnMut(&mut RateProfile, i32)) -> Vec<RateScore> {
    let (mut profile, mut hour) = (RateProfile::new(rows[0].0), LastHour::new(rows[0].0));
    let mut scores = Vec::new();
    for (minute, count) in rows.iter().copied() {
        between(&mut profile, minute);
        if count > 0 {
            profile.advance(minute);
            hour.add(minute, count);
            scores.push(profile.judge(&RateWindows { minute, sums: hour.sums(minute), known_to: minute }));
            profile.learn(minute, count);
        }
    }
    scores
}

#[test]
fn the_same_bits_in_any_split_of_calls_and_from_the_stored_form() {
    for kind in 0..5 {
        let rows = series(kind, 6);
        let plain = scores(&rows, |_, _| {});
        assert!(plain == scores(&rows, RateProfile::advance), "{kind}: advanced minute by minute");
        assert!(plain == scores(&rows, |profile, minute| profile.learn(minute, 0)), "{kind}: empty minutes told");
        let stored = scores(&rows, |profile, minute| {
            if minute % 17 == 0 {
                let read = RateProfile::decode(&profile.encode()).unwrap();
                assert!(*profile == read, "{kind}: {profile:?}\n{read:?}");
                *profile = read;
            }
        });
        assert!(plain == stored, "{kind}: stored and read");
    }
}

/// Empty stretches in closed form against the same model stepped minute by minute.
#[test]
fn empty_stretches_in_closed_form() {
    let mut compared = 0;
    for kind in 0..5 {
        let rows = series(kind, 16);
        let stepped = scores(&rows, |profile, minute| {
            profile.advance(minute);
            for end in profile.at + 1..=minute {
                profile.pass(end);
            }
        });
        for (lazy, stepped) in scores(&rows, |_, _| {}).iter().zip(&stepped).filter(|(a, b)| a.t.max(b.t) > 2.0) {
            assert!((lazy.t - stepped.t).abs() <= 0.1, "{kind}: {lazy:?} {stepped:?}");
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn a_stored_profile_is_small() {
    let mut profile = RateProfile::new(START);
    for (minute, count) in series(3, 3) {
        profile.learn(minute, count);
    }
    assert_eq!(profile.encode().len(), RATE_BYTES);
    const { assert!(RATE_BYTES <= 512) };
    let bytes = profile.encode();
    assert_eq!(RateProfile::decode(&bytes), Some(profile));
    assert_eq!(RateProfile::decode(&bytes[1..]), None);
    assert_eq!(RateProfile::decode(&[&[9], &bytes[1..]].concat()), None);
    assert_eq!(RateProfile::decode(&[0xff; RATE_BYTES]), None);
}

/// Counts of any size after gaps of any length, from clocks that jump: a score, always.
#[test]
fn extreme_input_gives_scores() {
    for seed in 0..20 {
        let (mut dice, mut minute) = (Dice(seed), [START, 0, -(1 << 29)][seed as usize % 3]);
        let (mut profile, mut hour) = (RateProfile::new(minute), LastHour::new(minute));
        for _ in 0..400 {
            let gap = [0, 1, 1, 1, 59, 61, 1441, 600_000][dice.next(8) as usize];
            minute += gap;
            let count = [1, 1, 2, 50, 70_000, u32::MAX][dice.next(6) as usize];
            profile.learn(minute - dice.next(3) as i32 * 30, count);
            hour.add(minute, count);
            let score = profile.judge(&RateWindows { minute, sums: hour.sums(minute), known_to: minute });
            let numbers = [score.t, score.expected, score.inverse_size, score.l];
            assert!(numbers.iter().all(|n| n.is_finite() && *n >= 0.0), "{score:?}");
        }
    }
}

/// The largest T of some minutes after `days` days of `count`, in which `extra` more are added at the end.
fn burst(days: i32, mut count: impl FnMut(i32) -> u32, extra: &[u32]) -> f64 {
    let end = days * DAYS;
    let added = |i: i32| usize::try_from(i - end).ok().and_then(|at| extra.get(at)).copied().unwrap_or(0);
    let rows: Vec<(i32, u32)> = (0..end + extra.len() as i32).map(|i| (START + i, count(i) + added(i))).collect();
    let judged = rows.iter().filter(|(_, count)| *count > 0).count();
    let last = rows[end as usize..].iter().filter(|(_, count)| *count > 0).count();
    scores(&rows, |_, _| {})[judged - last..].iter().map(|score| score.t).fold(0.0, f64::max)
}

#[test]
fn what_is_found_and_what_is_usual() {
    let mut dice = Dice(7);
    let steady = |dice: &mut Dice| dice.next(9);
    let hourly = |i: i32| if i % 60 == 12 { 20 } else { u32::from(i % 37 == 0) };
    let nightly = |i: i32| if (120..125).contains(&(i % 1440)) { 80 } else { u32::from(i % 9 == 0) };
    // Usual: more of the same; the hourly job in its minute; the nightly one at its time, though 100 times the level.
    assert!(burst(7, |_| steady(&mut dice), &[0; 30]) < 3.0);
    assert!(burst(7, hourly, &[0; 60]) < 3.0);
    assert!(burst(7, nightly, &[0; 180]) < 3.0);
    // Found: four times as many for a quarter of an hour.
    assert!(burst(7, |_| steady(&mut dice), &[12; 15]) > 5.0);
    // The nightly job at noon stands out, but no more than that: its first nights have made the series uneven.
    let noon: Vec<u32> = (0..725).map(|i| if i >= 720 { 80 } else { 0 }).collect();
    let moved = burst(7, nightly, &noon);
    assert!(moved > 2.0, "{moved}");
}

#[test]
fn a_young_series_is_silent() {
    let first = burst(0, |_| 1, &[300; 60]);
    assert_eq!(first, 0.0);
    // A first session after hours of nothing is the business of other detectors.
    let session = burst(0, |i| if i > 600 { 4 } else { 0 }, &[0; 640]);
    assert!(session < 4.0, "{session}");
}

/// A quiet weekend is a quiet weekend: on Monday as many are expected as before.
#[test]
fn weekends_do_not_lower_the_level() {
    let weekday = |day: i32| (day + 1) % 7 < 5;
    let mut profile = RateProfile::new(START);
    for i in 0..13 * DAYS {
        profile.learn(START + i, if weekday(i / DAYS) { 9 } else { 3 });
        if i % DAYS == 600 && i > 6 * DAYS {
            let (expected, wanted) =
                (profile.expected(START + i, START + i)[3], if weekday(i / DAYS) { 540.0 } else { 180.0 });
            assert!((0.65..1.4).contains(&(expected / wanted)), "day {}: {expected}, not {wanted}", i / DAYS);
        }
    }
}

#[test]
fn who_comes_back_is_no_surprise() {
    let mut dice = Dice(11);
    let back = burst(9, |i| if i / DAYS >= 6 { 0 } else { dice.next(13) }, &[6; 60]);
    assert!(back < 3.5, "{back}");
    // More than before is one, though.
    let mut dice = Dice(11);
    let more = burst(9, |i| if i / DAYS >= 6 { 0 } else { dice.next(13) }, &[40; 60]);
    assert!(more > 5.0, "{more}");
}

/// Nightly batches of sizes that differ by much: a larger one is expected, as long as it is not out of all proportion.
#[test]
fn what_recurs_in_any_size() {
    let sizes = [30, 90, 20, 200, 40, 120, 25, 60, 300, 50];
    let batch =
        |i: i32| if (120..125).contains(&(i % DAYS)) { sizes[(i / DAYS) as usize % 10] } else { u32::from(i % 9 == 0) };
    let extra = |count: u32| (0..125).map(|i| if i >= 120 { count } else { 0 }).collect::<Vec<u32>>();
    let (larger, vast) = (burst(10, batch, &extra(900)), burst(10, batch, &extra(90_000)));
    assert!(larger < 4.0 && vast > larger, "{larger} {vast}");
}

/// Six hours at twenty times the level: a day later the series is as even as it was.
#[test]
fn a_long_incident_is_forgiven() {
    let even = |times: u32| {
        let (mut dice, mut profile) = (Dice(13), RateProfile::new(START));
        for i in 0..8 * DAYS {
            let now = if (7 * DAYS..7 * DAYS + 360).contains(&i) { times } else { 1 };
            profile.learn(START + i, dice.next(9) * dice.next(3) * now);
        }
        [0, 1, 2, 3].map(|window| profile.level.dispersion(window))
    };
    for (after, calm) in even(20).into_iter().zip(even(1)) {
        assert!(after < 1.5 * calm, "{after}, without it {calm}");
    }
}

/// A minute that stood out yesterday says nothing about a quarter of an hour today.
#[test]
fn what_was_usual_explains_nothing() {
    let mut dice = Dice(17);
    let single = |i: i32| dice.next(17) + if i == 6 * DAYS + 10 { 36 } else { 0 };
    let quarter: Vec<u32> = (0..25).map(|i| if i >= 10 { 12 } else { 0 }).collect();
    let t = burst(7, single, &quarter);
    assert!(t > 5.0, "{t}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Rows out of order, gaps of any length, counts of any size: each is judged, what is stored is what was there, and
    /// a minute that is already learnt changes nothing.
    #[test]
    fn any_rows(rows in prop::collection::vec((-2000..100_000i32, 0..33u32), 1..60), near in prop::bool::ANY) {
        let mut minute = START;
        let (mut profile, mut hour) = (RateProfile::new(minute), LastHour::new(minute));
        for (step, size) in rows {
            minute += if near { step % 50 } else { step };
            let count = (1u64 << size).min(u64::from(u32::MAX)) as u32;
            let before = profile.clone();
            profile.advance(minute);
            hour.add(minute, count);
            let score = profile.judge(&RateWindows { minute, sums: hour.sums(minute), known_to: minute });
            prop_assert!([score.t, score.l, score.expected].iter().all(|n| n.is_finite() && *n >= 0.0), "{score:?}");
            profile.learn(minute, count);
            prop_assert!(minute >= before.at || profile == before, "{minute} was learnt");
            prop_assert!(RateProfile::decode(&profile.encode()).as_ref() == Some(&profile));
        }
    }
}
