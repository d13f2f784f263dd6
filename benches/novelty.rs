//! How often something new is told of principals that only do what they do, and how often it is told of somebody else
//! with their credentials. Generated principals, hour by hour for 120 days; each formula judges from day 14 on.
//!
//! ```text
//! cargo bench --bench novelty
//! ```

use std::collections::{HashMap, HashSet};

use lapwing_detectors::familiar::Familiar;
use lapwing_detectors::habit::{Facet, Habit, Habits};
use lapwing_detectors::time::Hour;

#[path = "corpus/random.rs"]
#[allow(dead_code, reason = "the corpus uses the rest")]
mod random;

use random::Random;

const DAYS: i32 = 120;
const PRINCIPALS: u64 = 200;
/// Judged from this day on.
const JUDGED: i32 = 14;
/// Times of the week are judged from this day on, where they come on one of so many active days at most.
const TIMES_JUDGED: i32 = 28;
const TIMES_ONE_IN: f64 = 10.0;
/// Generated weeks begin on a Monday; hours since 1970 do not.
const THURSDAY: i32 = 3;
/// APIs of an account; those from here on nobody of the generated principals uses.
const APIS: u32 = 2_000;

/// What a principal did in an hour: how many calls of which APIs.
type Deeds = HashMap<u32, u32>;

/// A way of working.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A function or an instance: six APIs all day, and a rare path about once in 3,000 hours.
    Service,
    /// A person at work on weekdays: a long tail of APIs in sessions, and a new project about every 30 days.
    Person,
    /// A pipeline: up to five runs a day on weekdays with 25 APIs, sometimes one of a long tail; each month three more.
    Pipeline,
    /// A job at night with ten APIs, and four others at the end of a month.
    Nightly,
    /// An administrator or a scanner: wide and ever new.
    Wide,
}

const KINDS: [Kind; 5] = [Kind::Service, Kind::Person, Kind::Pipeline, Kind::Nightly, Kind::Wide];

/// A rank of a Zipf law with exponent 1 over `n` ranks.
fn zipf(random: &mut Random, n: u32) -> u32 {
    let harmonic = f64::from(n).ln() + 0.577;
    ((random.unit() * harmonic).exp() as u32).min(n).saturating_sub(1)
}

/// The API that a principal has at that rank of its own.
fn api(principal: u64, rank: u32) -> u32 {
    Random::new(principal, u64::from(rank)).below(APIS as usize) as u32
}

impl Kind {
    fn deeds(self, random: &mut Random, principal: u64, hour: i32) -> Deeds {
        let (day, of_day) = (hour / 24, hour % 24);
        let weekday = day % 7 < 5;
        let mut deeds = Deeds::new();
        let mut call = |rank: u32, times: u32| *deeds.entry(api(principal, rank)).or_default() += times;
        match self {
            Kind::Service => {
                (0..6).for_each(|rank| call(rank, 5 + 100 / (rank + 1)));
                if random.chance(1.0 / 3_000.0) {
                    call(6 + random.below(20) as u32, 1);
                }
            }
            Kind::Person if weekday && (8..17).contains(&of_day) && random.chance(0.6) => {
                let project = day as u32 / 30;
                for _ in 0..3 + random.below(25) {
                    let own = random.chance(0.3);
                    let rank = if own { 1_000 + project * 20 + zipf(random, 15) } else { zipf(random, 200) };
                    call(rank, 1);
                }
            }
            Kind::Pipeline if weekday && (8..18).contains(&of_day) && random.chance(0.25) => {
                (0..25 + 3 * day as u32 / 30).for_each(|rank| call(rank, 4));
                if random.chance(0.05) {
                    call(100 + zipf(random, 300), 2);
                }
            }
            Kind::Nightly if of_day == 2 => {
                (0..10).for_each(|rank| call(rank, 400));
                if day % 30 == 29 {
                    (10..14).for_each(|rank| call(rank, 50));
                }
            }
            Kind::Wide if weekday && (8..20).contains(&of_day) => {
                (0..20).for_each(|_| call(zipf(random, 1_500), 1 + random.below(9) as u32));
            }
            _ => {}
        }
        deeds
    }
}

/// What formulas rest on.
struct Memory {
    familiar: Familiar,
    known: HashSet<u32>,
    /// Calls in all, and by hour.
    calls: f64,
    by_hour: Vec<(i32, u32)>,
    /// The hours in which an API was new, once for each.
    firsts: Vec<i32>,
}

impl Memory {
    fn new() -> Memory {
        let (known, by_hour, firsts) = (HashSet::new(), Vec::new(), Vec::new());
        Memory { familiar: Familiar::since(Hour(0)), known, calls: 0.0, by_hour, firsts }
    }

    fn learn(&mut self, hour: i32, deeds: &Deeds) {
        let mut habits = Habits::default();
        deeds.keys().for_each(|api| habits.show(Habit::of(Facet::Api, scattered(*api), 0)));
        self.familiar.learn(Hour(hour), &habits);
        let new = deeds.keys().filter(|api| self.known.insert(**api)).count();
        self.firsts.extend(std::iter::repeat_n(hour, new));
        self.by_hour.push((hour, deeds.values().sum()));
        self.calls += f64::from(deeds.values().sum::<u32>());
    }
}

fn scattered(api: u32) -> u32 {
    api.wrapping_mul(0x9e37_79b1)
}

/// A formula: how unlikely something new is in that hour.
type Formula = (&'static str, [f64; LEVELS], fn(&Memory, i32) -> f64);

const FORMULAS: [Formula; 3] = [
    ("calls: max(Pitman-Yor, Good-Turing of 7 days)", OF_CALLS, |memory, hour| {
        let since = hour - 7 * 24;
        let recent = memory.by_hour.iter().rev().take_while(|(of, _)| *of >= since);
        let calls: u32 = recent.map(|(_, calls)| *calls).sum();
        let new = memory.firsts.iter().rev().take_while(|of| **of >= since).count();
        let pitman_yor = (1.0 + 0.5 * memory.known.len() as f64) / (1.0 + memory.calls);
        pitman_yor.max(new as f64 / f64::from(calls.max(1)))
    }),
    ("calls: Pitman-Yor alone", OF_CALLS, |memory, _| (1.0 + 0.5 * memory.known.len() as f64) / (1.0 + memory.calls)),
    ("active days: Good-Turing of 56 days (in use)", OF_DAYS, |memory, hour| {
        memory.familiar.rarity(Facet::Api, Hour(hour)).p()
    }),
];

/// Does a formula hold what is known of a value? Those of calls remember everything, the one in use what has room.
fn is_new(memory: &Memory, formula: usize, api: u32, hour: i32) -> bool {
    match formula {
        2 => !memory.familiar.knows(Facet::Api, scattered(api), Hour(hour)),
        _ => !memory.known.contains(&api),
    }
}

/// What was told of a kind by one formula at each level.
#[derive(Clone, Copy, Default)]
struct Told {
    alone: [u32; LEVELS],
    intruder: [u32; LEVELS],
    intrusions: u32,
}

/// Levels that are tried of each formula: something new is told where its chance is one in so many.
const LEVELS: usize = 5;
const OF_CALLS: [f64; LEVELS] = [20.0, 50.0, 200.0, 1_000.0, 5_000.0];
const OF_DAYS: [f64; LEVELS] = [3.0, 5.0, 7.0, 10.0, 20.0];

fn watch(kind: Kind, principal: u64, told: &mut [Told; FORMULAS.len()]) {
    let mut random = Random::new(principal, 77);
    let mut memory = Memory::new();
    for hour in 0..DAYS * 24 {
        let deeds = kind.deeds(&mut random, principal, hour);
        if deeds.is_empty() {
            continue;
        }
        if hour >= JUDGED * 24 {
            for (place, (_, levels, formula)) in FORMULAS.iter().enumerate() {
                let p = formula(&memory, hour);
                let speaks = |level: f64| p * level <= 1.0;
                let new = deeds.keys().any(|api| is_new(&memory, place, *api, hour));
                for (at, level) in levels.iter().copied().enumerate() {
                    told[place].alone[at] += u32::from(new && speaks(level));
                    told[place].intruder[at] += u32::from(speaks(level));
                }
                // Somebody else comes in any active hour, and calls an API that this principal never calls.
                told[place].intrusions += 1;
            }
        }
        memory.learn(hour, &deeds);
    }
}

/// The hours in which a principal is active: people also stay late now and then, and come in on some weekends.
fn is_active(kind: Kind, random: &mut Random, (principal, hour): (u64, i32)) -> bool {
    let (weekday, of_day) = (hour / 24 % 7 < 5, hour % 24);
    let late = weekday && (17..23).contains(&of_day) && random.chance(0.03);
    let extra = !weekday && (9..18).contains(&of_day) && random.chance(0.01);
    matches!(kind, Kind::Person) && (late || extra) || !kind.deeds(random, principal, hour).is_empty()
}

/// How often a new time of the week is told of a principal, and of how many intrusions at any hour of a week.
fn watch_times(kind: Kind, principal: u64, (alone, found): (&mut u32, &mut [u32; 2])) {
    let (mut random, mut familiar) = (Random::new(principal, 78), Familiar::since(Hour(0)));
    for hour in 0..DAYS * 24 {
        let (now, rare) = (Hour(hour), familiar.rarity(Facet::Time, Hour(hour)).p() * TIMES_ONE_IN <= 1.0);
        let new = rare && !familiar.knows(Facet::Time, Habit::time(now), now);
        let judged = hour >= TIMES_JUDGED * 24;
        if judged && random.chance(0.1) {
            found[0] += u32::from(new);
            found[1] += 1;
        }
        if is_active(kind, &mut random, (principal, hour + THURSDAY * 24)) {
            *alone += u32::from(judged && new);
            let mut habits = Habits::default();
            habits.show(Habit::of(Facet::Presence, 0, 0));
            habits.show(Habit::of(Facet::Time, Habit::time(now), 0));
            familiar.learn(now, &habits);
        }
    }
}

/// How often a new Region is told of a principal that goes to one of its account's now and then, and of how many
/// intrusions in a Region that nobody uses, after so many of its own active days: without its peers and with them.
fn watch_regions(principal: u64, every: i32, (alone, found): (&mut [u32; 2], &mut [u32; 3])) {
    let mut random = Random::new(principal, 79);
    let (mut own, mut peers) = (Familiar::since(Hour(0)), Familiar::since(Hour(0)));
    let shown = |regions: &[u32]| {
        let mut habits = Habits::default();
        regions.iter().for_each(|region| habits.show(Habit::of(Facet::Region, *region, 0)));
        habits
    };
    for day in 0..DAYS {
        let now = Hour(day * 24 + 9);
        if day % every == principal as i32 % every {
            let region = if random.chance(0.03) { 1 + random.below(4) as u32 } else { 0 };
            let rarity = own.rarity(Facet::Region, now);
            let told = |region: u32| {
                let p = [rarity.p(), rarity.among(&peers, (Facet::Region, region), now)];
                p.map(|p| u32::from(p * 10.0 <= 1.0 && !own.knows(Facet::Region, region, now)))
            };
            if day >= JUDGED {
                (alone[0], alone[1]) = (alone[0] + told(region)[0], alone[1] + told(region)[1]);
                (found[0], found[1]) = (found[0] + told(99)[0], found[1] + told(99)[1]);
                found[2] += 1;
            }
            own.learn(now, &shown(&[region]));
        }
        // The account works in five Regions, and opens another one about every 100 days.
        let opened = if random.chance(0.01) { 5 + day as u32 } else { 0 };
        peers.learn(now, &shown(&[0, 1, 2, 3, 4, opened]));
    }
}

fn main() {
    print_apis();
    println!("a new time of the week, told of a principal in 30 days, and of how many intrusions in 100 at any hour");
    for kind in KINDS {
        let (mut alone, mut found) = (0, [0; 2]);
        (0..PRINCIPALS).for_each(|principal| watch_times(kind, principal, (&mut alone, &mut found)));
        let months = PRINCIPALS as f64 * f64::from(DAYS - TIMES_JUDGED) / 30.0;
        println!(
            "  {:<10} {:.2} {:3.0} %",
            format!("{kind:?}"),
            f64::from(alone) / months,
            percent(found[0], found[1])
        );
    }
    println!("a new Region, told in 30 days and of intrusions in 100, without and with what others of the account do");
    for every in [1, 4, 12] {
        let (mut alone, mut found) = ([0; 2], [0; 3]);
        (0..PRINCIPALS).for_each(|principal| watch_regions(principal, every, (&mut alone, &mut found)));
        let months = PRINCIPALS as f64 * f64::from(DAYS - JUDGED) / 30.0;
        let cell = |at: usize| format!("{:.2} {:3.0} %", f64::from(alone[at]) / months, percent(found[at], found[2]));
        println!("  active each {every:2} days: {}  {}", cell(0), cell(1));
    }
}

fn percent(part: u32, whole: u32) -> f64 {
    100.0 * f64::from(part) / f64::from(whole.max(1))
}

fn print_apis() {
    println!("told of a principal in 30 days, and of how many intrusions in 100, by the level at which it is told");
    for kind in KINDS {
        let mut told = [Told::default(); FORMULAS.len()];
        (0..PRINCIPALS).for_each(|principal| watch(kind, principal, &mut told));
        println!("{kind:?}");
        for ((name, levels, _), told) in FORMULAS.iter().zip(told) {
            let months = PRINCIPALS as f64 * f64::from(DAYS - JUDGED) / 30.0;
            let cell = |(at, level): (usize, &f64)| {
                let share = 100.0 * f64::from(told.intruder[at]) / f64::from(told.intrusions.max(1));
                format!("  1 in {level}: {:.2} {share:.0} %", f64::from(told.alone[at]) / months)
            };
            println!("  {name:<47}{}", levels.iter().enumerate().map(cell).collect::<String>());
        }
    }
}
