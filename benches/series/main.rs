//! How often series without anything unusual are called unusual, and how many bursts are found: the statistics on
//! made-up series that no constant was tuned on. Prints tables; `docs/statistics.md` quotes them.
//!
//! `cargo bench --bench series` (about a minute); a number after `--` is the seed.

mod generator;

use lapwing_detectors::stats::errors::{ErrorProfile, ErrorWindows};
use lapwing_detectors::stats::rate::{RateProfile, RateWindows};
use lapwing_detectors::stats::windows::LastHour;

use generator::{DAY, Dice, ERROR_KINDS, KINDS};

/// Monday 2026-10-05, 00:00 UTC, in minutes since 1970.
const START: i32 = 29_854_080;
const DAYS: usize = 21;
const COPIES: u64 = 20;
/// Days from which incidents are counted; before, a series is learnt.
const LEARNT: usize = 3;
/// What an alert needs: the threshold for bursts and for a first day.
const ALERT: f64 = 4.5;

fn main() {
    let seed = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(1);
    println!("incidents a day above T (bounds 1.44, .144, .0144), on a first day above {ALERT}; x5 in 15 minutes found");
    println!("{:9} {:>7} {:>7} {:>7} {:>9} {:>6}", "", "T > 3", "T > 4", "T > 5", "first day", "found");
    for (kind, _) in KINDS {
        let (mut peaks, mut first, mut found) = (Vec::new(), 0, 0);
        for copy in 0..COPIES {
            let (counts, means) = generator::counts(kind, DAYS, seed * 1000 + copy);
            let burst = (DAYS - 2) * DAY + (copy as usize * 67 + 31) % DAY;
            let (scores, hit) = rate(&counts, &means, burst);
            peaks.extend(incidents(&scores[LEARNT * DAY..]));
            first += incidents(&scores[..DAY]).iter().filter(|t| **t > ALERT).count();
            found += usize::from(hit > ALERT);
        }
        print(kind, &peaks, (first, Some(found)));
    }
    for (kind, _) in ERROR_KINDS {
        let (mut peaks, mut first) = (Vec::new(), 0);
        for copy in 0..COPIES {
            let scores = errors(&generator::errors(kind, DAYS, seed * 1000 + copy));
            peaks.extend(incidents(&scores[LEARNT * DAY..]));
            first += incidents(&scores[..DAY]).iter().filter(|t| **t > ALERT).count();
        }
        print(kind, &peaks, (first, None));
    }
}

fn print(kind: &str, peaks: &[f64], (first, found): (usize, Option<usize>)) {
    let days = COPIES as f64 * (DAYS - LEARNT) as f64;
    let above = |t: f64| peaks.iter().filter(|peak| **peak > t).count() as f64 / days;
    let found = found.map_or(String::new(), |found| format!("{:.2}", found as f64 / COPIES as f64));
    let first = first as f64 / COPIES as f64;
    println!("{kind:9} {:7.4} {:7.4} {:7.4} {first:9.2} {found:>6}", above(3.0), above(4.0), above(5.0));
}

/// The score of each minute, each learnt at once; and the highest of a burst of five times what was to be expected.
fn rate(counts: &[u32], means: &[f64], burst: usize) -> (Vec<f64>, f64) {
    let (mut profile, mut hour, mut hit) = (RateProfile::new(START), LastHour::new(START), 0.0f64);
    let step = |profile: &mut RateProfile, hour: &mut LastHour, minute: i32, count: u32| {
        if count == 0 {
            return 0.0;
        }
        profile.advance(minute);
        hour.add(minute, count);
        let score = profile.judge(&RateWindows { minute, sums: hour.sums(minute), known_to: minute }).t;
        profile.learn(minute, count);
        score
    };
    let mut scores = Vec::with_capacity(counts.len());
    for (i, count) in counts.iter().enumerate() {
        if i == burst {
            let (mut profile, mut hour, mut dice) = (profile.clone(), hour.clone(), Dice(burst as u64));
            for at in i..i + 30 {
                let added = if at < i + 15 { dice.poisson(4.0 * means[at]) } else { 0 };
                hit = hit.max(step(&mut profile, &mut hour, START + at as i32, counts[at] + added));
            }
        }
        scores.push(step(&mut profile, &mut hour, START + i as i32, *count));
    }
    (scores, hit)
}

fn errors(rows: &[(u32, u32)]) -> Vec<f64> {
    let (mut profile, mut errors, mut calls) =
        (ErrorProfile::new(START), LastHour::new(START), LastHour::new(START));
    let mut step = |(i, (e, n)): (usize, &(u32, u32))| {
        let minute = START + i as i32;
        if *n == 0 {
            return 0.0;
        }
        profile.advance(minute);
        errors.add(minute, *e);
        calls.add(minute, *n);
        let asked = ErrorWindows { minute, errors: errors.sums(minute), calls: calls.sums(minute) };
        let score = if *e == 0 { 0.0 } else { profile.judge(&asked).t };
        profile.learn(minute, *e, *n);
        score
    };
    rows.iter().enumerate().map(&mut step).collect()
}

/// The highest score of each incident: a run above 1.5 that 60 quiet minutes close.
fn incidents(scores: &[f64]) -> Vec<f64> {
    let (mut peaks, mut last): (Vec<f64>, Option<usize>) = (Vec::new(), None);
    for (i, t) in scores.iter().enumerate().filter(|(_, t)| **t > 1.5) {
        match (peaks.last_mut(), last) {
            (Some(peak), Some(last)) if i - last <= 60 => *peak = peak.max(*t),
            _ => peaks.push(*t),
        }
        last = Some(i);
    }
    peaks
}
