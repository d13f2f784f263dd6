use proptest::prelude::*;

use super::*;
use crate::stats::dice::Dice;

const START: i32 = 29_855_520;

/// Each minute with calls is judged at once, and learnt.
fn scores(rows: &[(i32, u32, u32)], mut between: impl FnMut(&mut ErrorProfile, i32)) -> Vec<ErrorScore> {
    let first = rows[0].0;
    let (mut profile, mut errors, mut calls) = (ErrorProfile::new(first), LastHour::new(first), LastHour::new(first));
    let mut scores = Vec::new();
    for (minute, e, n) in rows.iter().copied() {
        between(&mut profile, minute);
        profile.advance(minute);
        errors.add(minute, e);
        calls.add(minute, n);
        let asked = ErrorWindows { minute, errors: errors.sums(minute), calls: calls.sums(minute) };
        scores.push(profile.judge(&asked));
        profile.learn(minute, e, n);
    }
    scores
}

fn rows(days: i32, mut odds: impl FnMut(i32) -> u32) -> Vec<(i32, u32, u32)> {
    let mut dice = Dice(77);
    let mut row = |i: i32| {
        let (calls, odds) = (if i % 1440 < 100 { 0 } else { dice.next(40) }, odds(i));
        (START + i, (0..calls).filter(|_| dice.next(1000) < odds).count() as u32, calls)
    };
    (0..days * 1440).map(&mut row).collect()
}

#[test]
fn the_same_bits_in_any_split_of_calls_and_from_the_stored_form() {
    let rows = rows(4, |i| if i % 900 < 20 { 300 } else { 20 });
    let plain = scores(&rows, |_, _| {});
    assert_eq!(plain, scores(&rows, |profile, minute| profile.learn(minute, 0, 0)));
    let without_empty: Vec<_> = rows.iter().copied().filter(|(_, _, calls)| *calls > 0).collect();
    let busy: Vec<_> = plain.iter().zip(&rows).filter(|(_, (_, _, calls))| *calls > 0).map(|(s, _)| *s).collect();
    assert_eq!(busy, scores(&without_empty, |_, _| {}));
    let stored = scores(&rows, |profile, _| *profile = ErrorProfile::decode(&profile.encode()).unwrap());
    assert_eq!(plain, stored);
}

#[test]
fn a_stored_profile_is_small() {
    let bytes = ErrorProfile::new(START).encode();
    assert_eq!(bytes.len(), ERROR_BYTES);
    const { assert!(ERROR_BYTES <= 400) };
    assert_eq!(ErrorProfile::decode(&bytes), Some(ErrorProfile::new(START)));
    assert_eq!(ErrorProfile::decode(&bytes[1..]), None);
    assert_eq!(ErrorProfile::decode(&[0xff; ERROR_BYTES]), None);
}

#[test]
fn a_spike_is_found_and_what_comes_every_night_is_news_once() {
    let most = |scores: &[ErrorScore]| scores.iter().map(|score| score.t).fold(0.0, f64::max);
    let spike = scores(&rows(6, |i| if (7300..7315).contains(&i) { 300 } else { 20 }), |_, _| {});
    let (before, during) = (most(&spike[1440..7200]), most(&spike[7300..7330]));
    assert!(before < 4.0 && during > 6.0, "{before} {during}");
    let nightly = scores(&rows(6, |i| if (180..200).contains(&(i % 1440)) { 300 } else { 20 }), |_, _| {});
    let by_day: Vec<f64> = nightly.chunks(1440).map(most).collect();
    assert!(by_day[0] > 4.5 && by_day[2..].iter().all(|t| *t < 4.0), "{by_day:?}");
}

#[test]
fn extreme_input_gives_scores() {
    for seed in 0..20 {
        let (mut dice, mut minute) = (Dice(seed), START);
        let mut rows = Vec::new();
        for _ in 0..300 {
            minute += [0, 1, 1, 1, 59, 61, 1441, 600_000][dice.next(8) as usize];
            let calls = [0, 1, 2, 50, 70_000, 1_000_000_000][dice.next(6) as usize];
            rows.push((minute, [0, 1.min(calls), calls / 2, calls][dice.next(4) as usize], calls));
        }
        for score in scores(&rows, |_, _| {}) {
            let numbers = [score.t, score.share, score.concentration];
            assert!(numbers.iter().all(|n| n.is_finite() && *n >= 0.0), "{score:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Rows out of order, gaps of any length, more errors than calls: a score, and a state that can be stored.
    #[test]
    fn any_rows(rows in prop::collection::vec((-2000..100_000i32, 0..30u32, 0..30u32), 1..60)) {
        let (mut minute, mut profile) = (START, ErrorProfile::new(START));
        let (mut errors, mut calls) = (LastHour::new(START), LastHour::new(START));
        for (step, e, n) in rows {
            minute += if e % 2 == 0 { step % 50 } else { step };
            profile.advance(minute);
            errors.add(minute, (1 << e).min(1 << n));
            calls.add(minute, 1 << n);
            let asked = ErrorWindows { minute, errors: errors.sums(minute), calls: calls.sums(minute) };
            let score = profile.judge(&asked);
            prop_assert!([score.t, score.l, score.share].iter().all(|n| n.is_finite() && *n >= 0.0), "{score:?}");
            profile.learn(minute, 1 << e, 1 << n);
            prop_assert!(ErrorProfile::decode(&profile.encode()).as_ref() == Some(&profile));
        }
    }
}
