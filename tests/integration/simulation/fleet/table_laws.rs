//! What the table of the simulation keeps: without it, a run over it would prove nothing.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use chrono::{DateTime, TimeDelta, Utc};
use lapwing::store::table::{Freshness, Item, Place, Put, Span, Table};

use super::table::{Fault, SimTable, Stored};
use super::world::{Event, Weather, World};
use crate::logs::Dice;

pub(super) type Work = Pin<Box<dyn Future<Output = ()>>>;

/// Runs works at once until all have ended or died.
pub(super) fn run(world: &Rc<World>, stored: &Stored, mut works: Vec<Option<Work>>) {
    for task in 0..works.len() {
        world.begin(task as u64);
    }
    while let Some(event) = world.next() {
        match event {
            Event::Lands(number) => stored.land(number),
            Event::Wakes(task, _) => {
                let place = &mut works[task as usize];
                let Some(work) = place else { continue };
                let go_on = || work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                let (polled, died) = world.run(task, go_on);
                if polled == Poll::Ready(()) || died {
                    *place = None;
                }
            }
            Event::Comes(_) | Event::Ends(_) | Event::Ticks => panic!("only calls are made here"),
        }
    }
}

fn item(version: u64, body: u64) -> Item {
    let place = Place { key: "key".into(), sort: "sort".into() };
    Item { place, version, body: body.to_be_bytes().into(), expires: DateTime::<Utc>::MAX_UTC }
}

async fn read(table: &SimTable, freshness: Freshness) -> Option<Item> {
    let span = Span { key: "key", from: "a", to: "z", freshness };
    loop {
        if let Ok(mut items) = table.query(span.clone()).await {
            return items.pop();
        }
    }
}

fn number(item: &Item) -> u64 {
    u64::from_be_bytes(item.body.as_ref().try_into().unwrap())
}

/// Adds one to the number of the item, once; says what it had become.
async fn add_one(table: &SimTable) -> u64 {
    let mut held = read(table, Freshness::Eventual).await;
    loop {
        let (version, sum) = held.as_ref().map_or((0, 0), |item| (item.version, number(item)));
        match table.replace(&item(version + 1, sum + 1), version).await {
            Ok(Put::Done) => return sum + 1,
            Ok(Put::Overtaken(now)) => held = now,
            Err(_) => held = read(table, Freshness::Strong).await,
        }
    }
}

/// Eight instances add fifty each; the sum in the end.
fn added(weather: Weather, fault: Fault) -> u64 {
    let world = World::new(Dice::new(1), weather);
    let stored = Stored::new(&world, fault);
    let works = (0..8).map(|_| {
        let table = SimTable::new(&stored);
        let work: Work = Box::pin(async move {
            for _ in 0..50 {
                add_one(&table).await;
            }
        });
        Some(work)
    });
    run(&world, &stored, works.collect());
    let last = Rc::new(RefCell::new(None));
    let (table, out) = (SimTable::new(&stored), Rc::clone(&last));
    world.weather.set(Weather::calm());
    let work: Work = Box::pin(async move { *out.borrow_mut() = read(&table, Freshness::Strong).await });
    run(&world, &stored, vec![Some(work)]);
    last.take().as_ref().map_or(0, number)
}

#[test]
fn whoever_is_slower_is_told() {
    let stale = Weather { stale: 500, throttled: 50, stall: 5, ..Weather::calm() };
    for (weather, fault, exact) in [
        (Weather::calm(), Fault::None, true),
        (stale, Fault::None, true),
        (stale, Fault::ReadsStale, true),
        (Weather::calm(), Fault::IgnoresVersions, false),
    ] {
        assert_eq!(added(weather, fault) == 400, exact, "{weather:?} {fault:?}");
    }
}

#[test]
fn a_lost_answer_says_nothing_about_the_effect() {
    let sum = added(Weather { lost: 100, ..Weather::calm() }, Fault::None);
    assert!(sum > 400, "what was done and is not known to be is done again: {sum}");
    let sum = added(Weather { crash: 5, ..Weather::calm() }, Fault::None);
    assert!(0 < sum && sum < 400, "the dead add no more: {sum}");
}

/// Writes ten versions a minute apart, and reads in between; how many strong and eventual reads were stale.
fn stale_reads(fault: Fault) -> (u32, u32) {
    let world = World::new(Dice::new(2), Weather { stale: 300, ..Weather::calm() });
    let stored = Stored::new(&world, fault);
    let stale = Rc::new(RefCell::new((0, 0)));
    let (table, clock, out) = (SimTable::new(&stored), Rc::clone(&world), Rc::clone(&stale));
    let work: Work = Box::pin(async move {
        for written in 1..=10 {
            assert_eq!(table.replace(&item(written, written), written - 1).await, Ok(Put::Done));
            for _ in 0..10 {
                let strong = read(&table, Freshness::Strong).await.map_or(0, |item| item.version);
                let eventual = read(&table, Freshness::Eventual).await.map_or(0, |item| item.version);
                assert!(strong <= written && eventual <= written, "nothing is read before it was written");
                out.borrow_mut().0 += u32::from(strong < written);
                out.borrow_mut().1 += u32::from(eventual < written);
                clock.wait(clock.now() + TimeDelta::seconds(6)).await;
            }
        }
    });
    run(&world, &stored, vec![Some(work)]);
    stale.take()
}

#[test]
fn strong_reads_see_what_was_written_and_eventual_ones_may_not() {
    let (strong, eventual) = stale_reads(Fault::None);
    assert_eq!(strong, 0);
    assert!((5..60).contains(&eventual), "{eventual}");
    let (strong, _) = stale_reads(Fault::ReadsStale);
    assert!(strong > 0);
}
