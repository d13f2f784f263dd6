//! Made-up series of a third sort: point processes with memory, regimes and clocks that slip. Where the second sort draws
//! each minute from a mean that is written down, these are what they are because of what came before.

use std::f64::consts::TAU;

use crate::generator::{DAY, Dice};

/// Kinds of counts, with what each is.
pub(crate) const KINDS: [(&str, &str); 16] = [
    ("web", "40 a minute by day and weekday, times a noise that remembers half an hour"),
    ("hawkes", "each event brings 0.8 more within minutes: storms of retries"),
    ("regimes", "quiet and busy hours in turn, 2 or 9 a minute, each lasting 3 hours in the mean"),
    ("heaps", "5 heaps a day at any time, their size Pareto with exponent 1.5 from 20 on"),
    ("shifts", "people in two shifts on weekdays: log-normal spells of work at 2 a minute, breaks between"),
    ("jitter", "an hourly job up to 6 minutes late, its size log-normal; another every quarter of an hour"),
    ("maintenance", "3 a minute; each night a job of 40 minutes at 25, begun some time between 1 and 4"),
    ("summer", "office hours in a local time whose clock goes back by an hour after ten days"),
    ("holiday", "8 a minute in a daily shape; weekends at 0.4, the second Wednesday a holiday"),
    ("gaps", "6 a minute, but away for 1 to 4 days at a time"),
    ("sparse", "2 visits a day of 1 to 6 events"),
    ("levels", "4 a minute; every 4 days in the mean the level moves by up to 1.8 times"),
    ("climb", "1 a minute, each day rising to 8 within 6 hours and falling back"),
    ("deploys", "10 a minute; two or three times a week half an hour at 25, on weekdays"),
    ("lumps", "0.8 a minute, delivered together every 5 minutes or so"),
    ("monthly", "1.5 a minute; a job of 900 events in 30 minutes on two days only, a week and some apart"),
];

/// A number from the bell curve.
fn normal(dice: &mut Dice) -> f64 {
    (0..12).map(|_| dice.unit()).sum::<f64>() - 6.0
}

/// 1 + 0.7 of a sine with its peak at 14:00.
fn daily(minute: usize) -> f64 {
    1.0 - 0.7 * ((minute % DAY) as f64 / DAY as f64 * TAU + 0.5).cos()
}

fn working(i: usize) -> bool {
    i / DAY % 7 < 5
}

/// A series of counts, and what it was drawn from.
pub(crate) fn counts(kind: &str, days: usize, seed: u64) -> (Vec<u32>, Vec<f64>) {
    let mut dice = Dice(seed.wrapping_mul(0x9e6c_63d0_876a_68ee));
    let mut means = smooth(kind, days, &mut dice);
    let scale = (0.8 * normal(&mut dice)).exp().clamp(0.3, 3.0);
    jobs(kind, &mut means, &mut dice);
    means.iter_mut().for_each(|mean| *mean *= scale);
    if kind == "hawkes" {
        return excited(&means, &mut dice);
    }
    let drawn = means.iter().map(|mean| dice.poisson(*mean)).collect();
    if kind == "lumps" { (delivered(drawn, &mut dice), means) } else { (drawn, means) }
}

/// What has a mean for each minute, from noises and regimes.
fn smooth(kind: &str, days: usize, dice: &mut Dice) -> Vec<f64> {
    let (mut noise, mut state, mut until) = (0.0, 1.0, 0.0);
    let mean = |i: usize| {
        let minute = i % DAY;
        match kind {
            "web" => {
                noise = 0.967 * noise + 0.064 * normal(dice);
                40.0 * daily(i) * f64::exp(noise) * [0.6, 1.0][usize::from(working(i))]
            }
            "regimes" | "gaps" | "levels" => {
                if i as f64 >= until {
                    (state, until) = turn(kind, state, i as f64, dice);
                }
                state
            }
            "holiday" if !working(i) || i / DAY == 9 => 3.2 * daily(i),
            "holiday" => 8.0 * daily(i),
            "summer" => {
                let local = (i + 1440 - 60 * usize::from(i >= 10 * DAY)) % DAY;
                [0.3, 12.0][usize::from(working(i) && (510..1050).contains(&local))]
            }
            "climb" => 1.0 + 7.0 * (1.0 - (minute as f64 - 780.0).abs() / 360.0).max(0.0),
            "hawkes" => 0.3 * daily(i),
            "maintenance" => 3.0,
            "deploys" => 10.0,
            "lumps" => 0.8 * daily(i),
            "monthly" => 1.5,
            "jitter" => 0.05,
            _ => 0.003,
        }
    };
    (0..days * DAY).map(mean).collect()
}

/// The next state of what changes by itself, and until when it lasts.
fn turn(kind: &str, state: f64, now: f64, dice: &mut Dice) -> (f64, f64) {
    match kind {
        "regimes" => (if state == 9.0 { 2.0 } else { 9.0 }, now + dice.exponential(180.0)),
        "gaps" if state > 0.0 && now > 0.0 => (0.0, now + (1.0 + 3.0 * dice.unit()) * DAY as f64),
        "gaps" => (6.0, now + dice.exponential(3.0 * DAY as f64)),
        _ => (4.0 * 1.8_f64.powf(2.0 * dice.unit() - 1.0), now + dice.exponential(4.0 * DAY as f64)),
    }
}

/// What is done at some time, in one go.
fn jobs(kind: &str, means: &mut [f64], dice: &mut Dice) {
    let days = means.len() / DAY;
    let mut run = |begin: usize, minutes: usize, events: f64| {
        means.iter_mut().skip(begin).take(minutes).for_each(|mean| *mean += events / minutes as f64);
    };
    match kind {
        "heaps" => (0..5 * days).for_each(|_| {
            let begin = (dice.unit() * (days * DAY) as f64) as usize;
            run(begin, 1 + (dice.unit() * 8.0) as usize, dice.pareto(20.0, 1.5).min(1e5));
        }),
        "shifts" => (0..days).filter(|day| day % 7 < 5).for_each(|day| {
            let mut at = 360.0 + 60.0 * normal(dice).abs();
            while at < 1320.0 {
                let spell = (2.7 + 0.8 * normal(dice)).exp().min(1320.0 - at) as usize + 1;
                run(day * DAY + at as usize, spell, 2.0 * spell as f64 * (0.4 * normal(dice)).exp());
                at += spell as f64 + dice.exponential(50.0);
            }
        }),
        "jitter" => (0..24 * days).for_each(|hour| {
            run(60 * hour + 4 + (6.0 * dice.unit()) as usize, 1, 25.0 * (0.5 * normal(dice)).exp());
            (0..4).for_each(|quarter| run(60 * hour + 15 * quarter + 1, 1, 4.0));
        }),
        "maintenance" => (0..days).for_each(|day| run(day * DAY + 60 + (180.0 * dice.unit()) as usize, 40, 1000.0)),
        "sparse" => (0..2 * days).for_each(|_| {
            run((dice.unit() * (days * DAY) as f64) as usize, 4, 1.0 + 5.0 * dice.unit());
        }),
        "deploys" => (0..days).filter(|day| day % 7 < 5).for_each(|day| {
            if dice.unit() < 0.5 {
                run(day * DAY + 540 + (480.0 * dice.unit()) as usize, 30, 450.0);
            }
        }),
        "monthly" => [5, 15].into_iter().for_each(|day| run(day * DAY + 300, 30, 900.0)),
        _ => {}
    }
}

/// Events that bring others, each within minutes; what is to be expected is what came before.
fn excited(means: &[f64], dice: &mut Dice) -> (Vec<u32>, Vec<f64>) {
    let mut heat = 0.0;
    let step = |mean: &f64| {
        let expected = mean + heat;
        let count = dice.poisson(expected);
        heat = 0.8 * heat + 0.16 * f64::from(count);
        (count, expected)
    };
    means.iter().map(step).unzip()
}

/// What came since the last delivery comes with the next.
fn delivered(drawn: Vec<u32>, dice: &mut Dice) -> Vec<u32> {
    let (mut held, mut due) = (0, 5.0);
    let step = |(i, count): (usize, u32)| {
        held += count;
        if (i as f64) < due {
            return 0;
        }
        due += 4.0 + 2.0 * dice.unit();
        std::mem::take(&mut held)
    };
    drawn.into_iter().enumerate().map(step).collect()
}
