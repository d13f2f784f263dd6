//! Laws that hold for any input, tried on generated ones.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use crate::alert::{Caller, EventId, Example, Span};
use crate::catalog::CATALOG;
use crate::cell::{Arrival, Cell, Contributor, Occurrence};
use crate::detector::{Folding, Verdict};
use crate::entity::{Entity, Family, SEPARATOR};
use crate::fold::agent_family;
use crate::group::Book;
use crate::judge::Finding;
use crate::measure::{Keep, Measure, Slot};
use crate::profile::Profile;
use crate::query::query_for;
use crate::settings::Minutes;
use crate::severity::Severity;
use crate::stage::Stage;
use crate::time::{Hour, Minute};

/// Something that is put into a cell.
#[derive(Clone, Debug)]
enum Touch {
    Counted(Measure, u8, u32),
    Occurred { slot: u8, minute: u8, value: u64, event: u64 },
    Contributed(u64, u8),
    Exemplified(Measure, u64),
}

fn touch() -> impl Strategy<Value = Touch> {
    let measure = || prop::sample::select(&Measure::ALL[..3]);
    prop_oneof![
        (measure(), 0..60_u8, 0..9_u32).prop_map(|(measure, minute, n)| Touch::Counted(measure, minute, n)),
        occurred(),
        (0..600_u64, 0..60_u8).prop_map(|(hash, minute)| Touch::Contributed(hash, minute)),
        exemplified(),
    ]
}

fn occurred() -> impl Strategy<Value = Touch> {
    (0..4_u8, 0..2_u8, 0..12_u64, 0..40_u64).prop_map(|(slot, minute, value, event)| Touch::Occurred {
        slot,
        minute,
        value,
        event,
    })
}

fn exemplified() -> impl Strategy<Value = Touch> {
    (prop::sample::select(&Measure::ALL[..3]), 0..40_u64)
        .prop_map(|(measure, event)| Touch::Exemplified(measure, event))
}

fn example(event: u64) -> Arc<Example> {
    Arc::new(Example {
        time: DateTime::UNIX_EPOCH + TimeDelta::seconds(event as i64 % 7),
        id: EventId::of(&event.to_string()),
        what: Arc::from("s3:GetObject"),
        caller: Arc::new(Caller::default()),
    })
}

/// Even slots count events, odd ones distinct values; the first two keep few.
fn keep(slot: u8) -> Keep {
    let most = if slot < 2 { 5 } else { 64 };
    if slot.is_multiple_of(2) { Keep::Count(most) } else { Keep::Distinct(most) }
}

fn cell(touches: &[Touch]) -> Cell {
    let mut cell = Cell::default();
    for touch in touches {
        match touch {
            Touch::Counted(measure, minute, n) => cell.count(*measure, *minute, *n),
            Touch::Exemplified(measure, event) => cell.exemplify(*measure, example(*event)),
            Touch::Contributed(hash, minute) => cell.contribute(Contributor {
                hash: *hash,
                name: Arc::from(hash.to_string()),
                count: 1,
                denied: hash % 2,
                successes: 1 << minute,
            }),
            Touch::Occurred { slot, minute, value, event } => {
                // An event has one value in a slot that counts events.
                let value = if slot.is_multiple_of(2) { *event } else { *value };
                cell.occur(Occurrence {
                    slot: Slot(u32::from(*slot)),
                    minute: *minute,
                    keep: keep(*slot),
                    value,
                    event: *event,
                    name: Arc::from(value.to_string()),
                    example: example(*event),
                    arrival: Arrival::OnTime,
                });
            }
        }
    }
    cell
}

fn touches() -> impl Strategy<Value = Vec<Touch>> {
    prop::collection::vec(touch(), 0..60)
}

fn merged<'p>(parts: impl IntoIterator<Item = &'p (Vec<Touch>, bool)>) -> Cell {
    let mut all = Cell::default();
    for (touches, late) in parts {
        all.merge(cell(touches), |_| if *late { Arrival::Late } else { Arrival::OnTime });
    }
    all
}

fn on_time(mut one: Cell, other: &Cell) -> Cell {
    one.merge(other.clone(), |_| Arrival::OnTime);
    one
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn cells_merge_in_any_order(
        (parts, order) in prop::collection::vec((touches(), any::<bool>()), 1..6)
            .prop_flat_map(|parts| (Just(parts.clone()), Just(parts).prop_shuffle()))
    ) {
        prop_assert_eq!(merged(&parts), merged(&order));
    }

    #[test]
    fn cells_that_are_merged_are_as_one_by_one((a, b) in (touches(), touches())) {
        prop_assert_eq!(on_time(cell(&a), &cell(&b)), cell(&[a, b].concat()));
    }

    #[test]
    fn cells_merge_in_any_grouping((a, b, c) in (touches(), touches(), touches())) {
        let (a, b, c) = (cell(&a), cell(&b), cell(&c));
        let left = on_time(on_time(a.clone(), &b), &c);
        let right = on_time(a, &on_time(b, &c));
        prop_assert_eq!(left, right);
    }

    #[test]
    fn an_event_that_comes_again_changes_no_occurrence_and_no_example(
        touches in prop::collection::vec(prop_oneof![occurred(), exemplified()], 0..60)
    ) {
        let once = cell(&touches);
        prop_assert_eq!(on_time(once.clone(), &once), once);
    }

    #[test]
    fn cells_are_bounded(touches in prop::collection::vec(touch(), 0..2_000)) {
        let cell = cell(&touches);
        prop_assert!(cell.contributors().len() <= 256);
        for measure in Measure::ALL {
            prop_assert!(cell.examples(measure).count() <= 3);
        }
        for slot in 0..4 {
            for minute in 0..2 {
                let held = cell.minutes_of(Slot(u32::from(slot)), minute, minute);
                prop_assert!(held.len() <= keep(slot).limit());
            }
        }
    }

    #[test]
    fn a_minute_is_compared_with_hours_that_were_complete_and_no_others(
        hours in prop::collection::vec((0..20_i32, 1..900_u32, 0..60_u8), 0..20),
        minute in 0..1300_i32,
        lateness in 0..60_u32,
    ) {
        let minute = Minute(minute);
        let mut hours = hours;
        hours.sort();
        hours.dedup_by_key(|(hour, ..)| *hour);
        let learnt = |hours: &mut dyn Iterator<Item = &(i32, u32, u8)>| {
            let mut profile = Profile::default();
            for (hour, n, at) in hours {
                profile.learn(Hour(*hour), &cell(&[Touch::Counted(Measure::Calls, *at, *n)]), Minutes(lateness));
            }
            profile.baseline(Measure::Calls, minute, Minutes(lateness)).collect::<Vec<_>>()
        };
        let complete = |hour: i32| Hour(hour).last().plus(1 + lateness as i32) <= minute;
        let expected = learnt(&mut hours.iter().filter(|(hour, ..)| complete(*hour)));
        prop_assert_eq!(&learnt(&mut hours.iter()), &expected);
        prop_assert_eq!(expected.len(), hours.iter().filter(|h| complete(h.0)).count());
    }

    #[test]
    fn findings_fold_in_any_order(
        (found, order) in prop::collection::vec(found(), 1..40).prop_flat_map(|mut found| {
            found.sort_by_key(Found::place);
            found.dedup_by_key(|f| f.place());
            let turns = prop::collection::vec(any::<u32>(), found.len() * 2);
            (Just(found), turns)
        })
    ) {
        let mut straight = Book::default();
        for one in &found {
            straight.fold(one.finding(true));
        }
        // Each may be said before its minute is complete, with less to see.
        let mut turns: Vec<(u32, &Found, bool)> = Vec::new();
        for (one, turn) in found.iter().zip(order.chunks(2)) {
            turns.push((turn[0], one, true));
            if turn[1] < turn[0] {
                turns.push((turn[1], one, false));
            }
        }
        turns.sort_by_key(|(turn, one, confirmed)| (*turn, one.place(), *confirmed));
        let mut book = Book::default();
        for (_, one, confirmed) in turns {
            book.fold(one.finding(confirmed));
        }
        let end = Minute(700);
        prop_assert_eq!(format!("{:#?}", book.finish(end)), format!("{:#?}", straight.finish(end)));
    }

    #[test]
    fn an_agent_is_told_by_a_short_part_of_it(agent in any::<String>(), times in 1..80_usize) {
        for agent in [agent.repeat(times), format!("Mozilla/5.0 Chrome/{agent}"), format!("[{agent}")] {
            let family = agent_family(&agent);
            prop_assert!(family.len() <= 256 && agent.contains(family));
        }
    }

    #[test]
    fn no_name_breaks_out_of_a_query(name in hostile(), family in 0..Family::ALL.len()) {
        let family = Family::ALL[family];
        let query = |name: &str| {
            let key = format!("111122223333{SEPARATOR}eu-west-1{SEPARATOR}{name}");
            let span = Span { start: DateTime::UNIX_EPOCH, end: DateTime::UNIX_EPOCH + TimeDelta::minutes(9) };
            outside_strings(&query_for(&Entity { family, key: Arc::from(key) }, span))
        };
        for name in [name.clone(), format!("role/{name}"), format!("{name}:{name}")] {
            let (plain, closed) = query(&name);
            prop_assert!(closed, "{plain}");
            prop_assert!(!plain.contains(char::is_control), "{plain}");
            let (pipes, expected) = (plain.matches('|').count(), query("x").0.matches('|').count());
            prop_assert_eq!(pipes, expected, "{}", plain);
        }
    }
}

fn hostile() -> impl Strategy<Value = String> {
    let piece =
        prop::sample::select(vec!["\"", "\\", "|", "#", "\n", "/", "'", "a", " or ", "`", "\u{1f}", "é", "\u{202e}"]);
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// What of a query stands outside its strings, and whether its last string ends.
fn outside_strings(query: &str) -> (String, bool) {
    let (mut plain, mut inside, mut escaped) = (String::new(), false, false);
    for c in query.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ if inside => {}
            c => plain.push(c),
        }
    }
    (plain, !inside)
}

/// A finding of some detector about some entity.
#[derive(Clone, Debug)]
struct Found {
    detector: usize,
    entity: usize,
    minute: i32,
    severity: Severity,
    seen: u64,
}

fn found() -> impl Strategy<Value = Found> {
    (0..3_usize, 0..2_usize, 0..600_i32, prop::sample::select(&Severity::ALL[..]), 2..9_u64)
        .prop_map(|(detector, entity, minute, severity, seen)| Found { detector, entity, minute, severity, seen })
}

impl Found {
    fn place(&self) -> (usize, usize, i32) {
        (self.detector, self.entity, self.minute)
    }

    fn finding(&self, confirmed: bool) -> Finding {
        let about = CATALOG[self.detector * 6]().about();
        let seen = if confirmed { self.seen } else { self.seen / 2 };
        Finding {
            about,
            entity: Entity {
                family: about.families[0],
                key: Arc::from(format!("1{SEPARATOR}{SEPARATOR}{}", self.entity)),
            },
            minute: Minute(self.minute),
            confirmed,
            verdict: Verdict {
                severity: self.severity,
                seen,
                at_least: false,
                expected: None,
                threshold: None,
                surprise: None,
                window: Minutes(15),
                folding: if self.detector == 0 { Folding::Largest } else { Folding::Sum },
                unit: "calls".into(),
                headline: format!("{{seen}} at {}", self.minute),
                why: String::new(),
                examples: (0..seen).map(|n| example(self.minute as u64 * 10 + n)).collect(),
            },
            top: Vec::new(),
            cap: Severity::Critical,
            stage: Stage::Alert,
            total: 0,
            denied: 0,
            causes: Vec::new(),
        }
    }
}
