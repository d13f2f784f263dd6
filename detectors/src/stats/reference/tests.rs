//! The reference form against vectors from the published implementation: three series of 3,000 rows each.

use crate::stats::dice::Dice;
use crate::stats::gauge::{Gauge, GaugeModel};

use super::*;

const ROWS: i32 = 3_000;

/// Scores by (series, row) against the lines of a file; what has no line scores at most `unlisted`.
fn check(vectors: &str, unlisted: f64, found: &[Vec<f64>; 3]) {
    let mut listed = 0;
    let mut next = vectors.lines().skip(1).peekable();
    for (series, scores) in found.iter().enumerate() {
        for (row, score) in scores.iter().enumerate() {
            match next.next_if(|line| line.starts_with(&format!("{series} {row} "))) {
                Some(line) => {
                    let wanted: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
                    assert!((score - wanted).abs() <= 1e-6 * wanted.max(1.0), "{line}: {score}");
                    listed += 1;
                }
                None => assert!(*score <= unlisted + 1e-6, "series {series}, row {row}: {score}"),
            }
        }
    }
    assert_eq!(next.next(), None);
    assert!(listed > 300, "{listed}");
}

#[test]
fn rates() {
    let scores = [0, 1, 2].map(|series| {
        let (mut dice, mut model) = (Dice(series + 1), ReferenceRate::default());
        let mut count = |i: i32| match series {
            0 => dice.next(9) + if (2200..2215).contains(&i) { dice.next(40) } else { 0 },
            1 => u32::from(dice.next(50) == 0) + if (2500..2504).contains(&i) { 4 } else { 0 },
            _ => {
                let base = if i % 60 == 7 { 25 } else { dice.next(3) };
                base + if (1300..1600).contains(&i) { dice.next(400) } else { 0 }
            }
        };
        let first = 29_000_000 + 777 * series as i32;
        (0..ROWS).map(|i| model.step(first + i, f64::from(count(i)))).collect()
    });
    check(include_str!("vectors/rate.txt"), 1.0, &scores);
}

#[test]
fn errors() {
    let scores = [0, 1, 2].map(|series: usize| {
        let (mut dice, mut model) = (Dice(series as u64 + 11), ReferenceErrors::default());
        let step = |i: i32| {
            let calls = dice.next([40, 5, 3000][series]);
            let odds = if (1800..1815).contains(&i) { [400, 500, 30] } else { [20, 50, 1000] }[series];
            let errors = match series {
                2 => calls * dice.next(odds) / 100_000,
                _ => (0..calls).filter(|_| dice.next(1000) < odds).count() as u32,
            };
            model.step(f64::from(errors), f64::from(calls))
        };
        (0..ROWS).map(step).collect()
    });
    check(include_str!("vectors/errors.txt"), 1.0, &scores);
}

fn gauge(model: GaugeModel) -> [Vec<f64>; 3] {
    [0, 1, 2].map(|series| {
        let (mut dice, mut gauge, mut level) = (Dice(series + 21), Gauge::new(model), 0);
        let step = |i: i32| {
            let noise = f64::from(dice.next(1000)) / 100.0;
            level += dice.next(3) as i32 - 1;
            let triangle = f64::from((i % 288 - 144).abs()) / 144.0;
            let x = match series {
                0 => 50.0 + 20.0 * triangle + noise + if (2200..2230).contains(&i) { 60.0 } else { 0.0 },
                1 => f64::from(level + if [1000, 2001].contains(&i) { 40 } else { 0 }),
                _ if i < 1500 => 7.0,
                _ => 7.5 + if (2400..2420).contains(&i) { noise } else { 0.0 },
            };
            gauge.step(x, f64::from(i * 300 % 86_400) / 86_400.0).score
        };
        (0..ROWS).map(step).collect()
    })
}

#[test]
fn gauges() {
    let columns = |at: usize| -> String {
        let line = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            format!("{} {} {}\n", words[0], words[1], words[at])
        };
        include_str!("vectors/gauge.txt").lines().map(line).collect()
    };
    check(&columns(2), 0.0, &gauge(GaugeModel::Full8));
    check(&columns(3), 0.0, &gauge(GaugeModel::Core3));
}
