//! How well the level of a day holds the budget: alerts a day of many made-up series without anything unusual, at what
//! settings ask for and at the level of each day. Prints a table; `docs/statistics.md` quotes it.
//!
//! `cargo bench --bench budget` (two minutes at most); a number after `--` is the seed.

use std::collections::HashMap;
use std::sync::Arc;

use lapwing_detectors::catalog::api_call_rate::ApiCallRate;
use lapwing_detectors::cell::Cell;
use lapwing_detectors::day::{Budget, Day};
use lapwing_detectors::detector::{Engine, Watch};
use lapwing_detectors::entity::{Entity, Family};
use lapwing_detectors::event::Source;
use lapwing_detectors::judge::{Known, Range};
use lapwing_detectors::level::{BEHIND, Peak, Peaks, Pool, Standing, Surprise};
use lapwing_detectors::measure::Measure;
use lapwing_detectors::profile::{Lateness, Profile};
use lapwing_detectors::rate::RateSettings;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;
use lapwing_detectors::time::{Hour, Minute};

#[path = "series/generator.rs"]
#[allow(dead_code, reason = "the bench of series uses the rest")]
mod generator;

use generator::{DAY, KINDS};

/// Monday 2026-10-05, in days since 1970.
const START: i32 = 20_731;
const DAYS: i32 = 35;
/// Days from which alerts are counted: a level is known then.
const SETTLED: i32 = 7;
/// Series that are generated; accounts have the first so many of them.
const SERIES: u64 = 800;
/// What settings ask for: what they do unless set, and less, of which far more comes than a budget has room for.
const ASKED: [f64; 2] = [6.0, 4.0];

/// A minute that is surprising enough for the lowest level.
struct Nearly {
    minute: Minute,
    series: u64,
    surprise: Surprise,
}

/// What says how surprising an alert must be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Settings,
    Level,
}

/// What came of an account.
#[derive(Default)]
struct Outcome {
    alerts: u32,
    /// Days with more alerts than the budget.
    over: u32,
    levels: Vec<i8>,
}

fn main() {
    let seed = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(1);
    println!("alerts a day, and days over the budget in 100, at the settings' own level and at the budget's");
    println!("{:>8} {:>7} {:>7} {:>15} {:>15}  levels", "surprise", "series", "budget", "settings", "level");
    for asked in ASKED {
        let engine = engine(asked);
        let mut nearly: Vec<Nearly> = (0..SERIES).flat_map(|series| watch(&engine, series, seed)).collect();
        nearly.sort_by_key(|nearly| (nearly.minute, nearly.series));
        print_accounts(asked, &nearly);
    }
}

fn print_accounts(asked: f64, nearly: &[Nearly]) {
    for series in [200, SERIES] {
        let of_account: Vec<&Nearly> = nearly.iter().filter(|nearly| nearly.series < series).collect();
        for per_day in [1, 5, 20] {
            let (fixed, moving) = (run(&of_account, per_day, Asks::Settings), run(&of_account, per_day, Asks::Level));
            let (least, most) = (moving.levels.iter().min(), moving.levels.iter().max());
            let shown = |level: Option<&i8>| f64::from(*level.unwrap_or(&0)) / 10.0;
            let cell = |outcome: &Outcome| {
                let days = f64::from(DAYS - SETTLED);
                format!("{:7.2} {:5.0} %", f64::from(outcome.alerts) / days, 100.0 * f64::from(outcome.over) / days)
            };
            let range = format!("{:+.1} to {:+.1}", shown(least), shown(most));
            println!("{asked:8.1} {series:7} {per_day:7} {:>15} {:>15}  {range}", cell(&fixed), cell(&moving));
        }
    }
}

fn engine(asked: f64) -> Engine {
    let rate = RateSettings { surprise: asked, ..RateSettings::default() };
    let detector = Box::new(ApiCallRate { rate });
    let watch = Watch { detector, cap: Severity::Critical, stage: Stage::Alert, variants: Vec::new() };
    Engine::new(vec![watch], Lateness::default())
}

fn entity(series: u64) -> Entity {
    Entity { family: Family::Principal, key: format!("111122223333\u{1f}\u{1f}role/r{series}").into() }
}

/// The minutes of a series that may be told: judged hour by hour as production does it, each hour learnt afterwards.
fn watch(engine: &Engine, series: u64, seed: u64) -> Vec<Nearly> {
    let (kind, _) = KINDS[series as usize % KINDS.len()];
    // Weekly jobs of an account do not all run on a Monday.
    let ahead = if kind == "weekly" { series as usize / KINDS.len() % 7 } else { 0 };
    let (counts, _) = generator::counts(kind, DAYS as usize + ahead, seed * 100_000 + series);
    let counts = &counts[ahead * DAY..];
    let (mut profile, mut nearly) = (Arc::new(Profile::default()), Vec::new());
    let mut before: Option<(Hour, Arc<Cell>)> = None;
    for (number, of_hour) in counts.chunks(60).enumerate() {
        let hour = Hour(START * 24 + number as i32);
        let mut cell = Cell::default();
        for (minute, n) in of_hour.iter().enumerate().filter(|(_, n)| **n > 0) {
            cell.count(Measure::Calls, minute as u8, *n);
        }
        let here = (hour, Arc::new(cell));
        let cells = before.iter().chain([&here]).cloned().collect();
        let known = Known { profile: Some(Arc::clone(&profile)), ..Known::of(entity(series), cells) };
        let range = Range { from: hour.first(), to: hour.last(), complete: true };
        let found = engine.found(&known, range).evidence.into_iter();
        nearly.extend(found.filter_map(|f| Some(Nearly { minute: f.minute, series, surprise: f.verdict.surprise? })));
        drop(known);
        Arc::make_mut(&mut profile).learn(hour, &here.1, engine.learning(Source::CloudTrail));
        before = Some(here);
    }
    nearly
}

/// The alerts of an account, day by day: minutes of a series that lie less than an hour apart are one.
fn run(nearly: &[&Nearly], per_day: u32, asks: Asks) -> Outcome {
    let (mut outcome, mut standing) = (Outcome::default(), Standing::default());
    let mut last: HashMap<u64, Minute> = HashMap::new();
    let mut peaks: HashMap<i32, Peaks> = HashMap::new();
    for day in START..START + DAYS {
        if asks == Asks::Level {
            standing = standing.next(&peaks.remove(&(day - BEHIND)).unwrap_or_default(), Budget { per_day });
        }
        let mut alerts = 0;
        for Nearly { minute, series, surprise } in nearly.iter().filter(|n| Day::of_minute(n.minute).0 == day) {
            let peak = Peak::of(*minute, ("api-call-rate", &entity(*series)), (Pool::Compared, *surprise));
            peaks.entry(day).or_default().add(peak);
            if surprise.t >= surprise.asked + standing.level.of(Pool::Compared) {
                let goes_on = last.insert(*series, *minute).is_some_and(|last| minute.0 - last.0 <= 60);
                alerts += u32::from(!goes_on);
            }
        }
        if day >= START + SETTLED {
            outcome.alerts += alerts;
            outcome.over += u32::from(alerts > per_day);
            outcome.levels.push(standing.level.compared);
        }
    }
    outcome
}
