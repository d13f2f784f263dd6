//! How often series without anything unusual are called unusual, and how many bursts are found: the statistics on
//! made-up series that no constant was tuned on. Prints tables; `docs/statistics.md` quotes them.
//!
//! `cargo bench --bench series` (about a minute); a number after `--` is the seed. The right half of the table is what
//! the reference form of the count models says about the same series, and then what somebody finds who knows the mean of
//! each minute: of what is drawn from means no model can find much more.

mod generator;
mod judges;
mod processes;

use generator::{DAY, Dice, ERROR_KINDS};
use judges::{Judge, incidents};

const DAYS: usize = 21;
const COPIES: u64 = 20;
/// Days from which incidents are counted; before, a series is learnt.
const LEARNT: usize = 3;
/// What an alert needs: the threshold for bursts and for a first day.
const ALERT: f64 = 4.5;
/// How many times the usual the bursts are, and how many minutes they last.
const BURSTS: [f64; 3] = [3.0, 5.0, 10.0];
const BURST_MINUTES: usize = 15;
/// Kinds whose minutes are more uneven than their means say.
const UNDRAWN: [&str; 2] = ["clumps", "lumps"];

/// A series of counts, and the means that they were drawn from.
type Made = (Vec<u32>, Vec<f64>);
/// A maker of series of one sort, from kind, days and seed.
type Maker = fn(&str, usize, u64) -> Made;

fn main() {
    let seed = std::env::args().skip(1).filter_map(|word| word.parse().ok()).next().unwrap_or(1);
    println!("incidents a day above T (bounds 1.44, .144, .0144), on a first day above {ALERT}; bursts found");
    let half =
        format!("{:>6} {:>6} {:>6} {:>5} {:>5} {:>4} {:>4}", "T > 3", "T > 4", "T > 5", "day 1", "x3", "x5", "x10");
    println!("{:11} {half}  reference: {half}  known: {:>4} {:>4} {:>4}", "", "x3", "x5", "x10");
    let sorts: [(Maker, &[(&str, &str)]); 2] =
        [(generator::counts, &generator::KINDS), (processes::counts, &processes::KINDS)];
    for (make, kinds) in sorts {
        for (kind, _) in kinds {
            let made: Vec<Made> = (0..COPIES).map(|copy| make(kind, DAYS, seed * 1000 + copy)).collect();
            let (current, reference) = (rates(&made, |_| Judge::current()), rates(&made, |_| Judge::reference()));
            let known = if UNDRAWN.contains(kind) { String::new() } else { rates(&made, Judge::knowing).1 };
            println!(
                "{}",
                format!(
                    "{kind:11} {}  {}             {}  {}         {known}",
                    current.0, current.1, reference.0, reference.1
                )
                .trim_end()
            );
        }
    }
    for (kind, _) in ERROR_KINDS {
        println!("{kind:11} {}", errors(kind, seed));
    }
}

/// A part of a line of the table: what one form says about all copies of one kind of counts, and what it finds.
fn rates(made: &[Made], form: fn(&[f64]) -> Judge) -> (String, String) {
    let (mut peaks, mut first, mut found) = (Vec::new(), 0, [0; 3]);
    for (copy, (counts, means)) in made.iter().enumerate() {
        let burst = (DAYS - 7) * DAY + (copy * 3631 + 31) % (6 * DAY);
        let (mut judge, mut scores) = (form(means), Vec::with_capacity(counts.len()));
        for (i, count) in counts.iter().enumerate() {
            if i == burst {
                for (found, times) in found.iter_mut().zip(BURSTS) {
                    *found += usize::from(burst_score(&judge, (counts, means), (burst, times)) > ALERT);
                }
            }
            scores.push(judge.step(i, *count));
        }
        peaks.extend(incidents(&scores[LEARNT * DAY..]));
        first += incidents(&scores[..DAY]).iter().filter(|t| **t > ALERT).count();
    }
    let found = found.map(|found| format!("{:4.2}", found as f64 / COPIES as f64));
    (how_often(&peaks, first), found.join(" "))
}

/// The highest score of a burst, or of the quarter of an hour after it.
fn burst_score(judge: &Judge, (counts, means): (&[u32], &[f64]), (begin, times): (usize, f64)) -> f64 {
    let (mut judge, mut dice) = (judge.clone(), Dice(begin as u64));
    let score = |i: usize| {
        let added = if i < begin + BURST_MINUTES { dice.poisson((times - 1.0) * means[i]) } else { 0 };
        judge.step(i, counts[i] + added)
    };
    (begin..begin + 2 * BURST_MINUTES).map(score).fold(0.0, f64::max)
}

fn errors(kind: &str, seed: u64) -> String {
    let (mut peaks, mut first) = (Vec::new(), 0);
    for copy in 0..COPIES {
        let scores = judges::errors(&generator::errors(kind, DAYS, seed * 1000 + copy));
        peaks.extend(incidents(&scores[LEARNT * DAY..]));
        first += incidents(&scores[..DAY]).iter().filter(|t| **t > ALERT).count();
    }
    how_often(&peaks, first)
}

fn how_often(peaks: &[f64], first: usize) -> String {
    let days = COPIES as f64 * (DAYS - LEARNT) as f64;
    let above = |t: f64| peaks.iter().filter(|peak| **peak > t).count() as f64 / days;
    format!("{:6.3} {:6.3} {:6.3} {:5.2}", above(3.0), above(4.0), above(5.0), first as f64 / COPIES as f64)
}
