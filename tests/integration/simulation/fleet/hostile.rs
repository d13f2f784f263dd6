//! Names that outsiders choose cost neither memory nor writes without end. `LAPWING_SIM_NAMES` says how many are tried;
//! ten million take three minutes in a release build.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::{env, fs};

use chrono::TimeDelta;
use lapwing::decode::Origin;
use lapwing::pipeline::{From, Pipeline, delivery_id, teach};
use lapwing::settings::Settings;
use lapwing::store::Limits;
use lapwing_detectors::detector::Engine;
use lapwing_detectors::observe::Learnt;

use super::run::store_of;
use super::table::{Fault, SimTable, Stored};
use super::table_laws::{Work, run};
use super::world::{Weather, World};
use crate::logs::{Dice, Record, delivery, noon, sign_in};

/// Names that are tried unless more are asked for: three times as many as there is room for.
const NAMES: u64 = 60_000;
/// Names in a delivery.
const BATCH: u64 = 1_000;

/// Failed sign-ins of users that do not exist, whose names AWS hides, each from an address of its own.
fn guesses(engine: &Engine, dice: &mut Dice, batch: u64) -> Learnt {
    let time = noon() + TimeDelta::seconds(batch as i64);
    let guess = |n: u64| {
        let address = format!("2001:db8::{:x}:{:x}", n >> 16, n & 0xffff);
        sign_in(dice, time, "HIDDEN_DUE_TO_SECURITY_REASONS", (&address, "Failure", "No"))
    };
    let records: Vec<Record> = (batch * BATCH..(batch + 1) * BATCH).map(guess).collect();
    let bytes = delivery(&records);
    let received = time + TimeDelta::seconds(60);
    let from = From { origin: Origin::default(), delivery: delivery_id(&bytes), received, met: None };
    teach(engine, &bytes, &from).unwrap().learnt
}

/// Bytes of memory that this process holds, where the system says so.
fn resident() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    Some(text.split(' ').nth(1)?.parse::<u64>().ok()? * 4_096)
}

/// What a number of names costs: items, and bytes of memory after a tenth of them and after all.
struct Cost {
    items: BTreeMap<String, usize>,
    overflow: u64,
    memory: Vec<u64>,
}

fn cost(names: u64) -> Cost {
    let engine = Arc::new(Engine::default());
    let world = World::new(Dice::new(1), Weather::calm());
    let stored = Stored::new(&world, Fault::None);
    let (memory, overflow) = (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(0)));
    let (table, out) = (SimTable::new(&stored), (Rc::clone(&memory), Rc::clone(&overflow)));
    let work: Work = Box::pin(async move {
        let mut dice = Dice::new(2);
        let store = store_of(table, &engine, 1);
        let mut pipeline = Pipeline::new(Arc::new(Settings::default()), Arc::clone(&engine), store);
        for batch in 0..names / BATCH {
            let learnt = guesses(&engine, &mut dice, batch);
            let now = learnt.received;
            pipeline.take(learnt).await.unwrap();
            if batch % 60 == 0 {
                pipeline.tick(now).await.unwrap();
            }
            if batch + 1 == names / BATCH / 10 || batch + 1 == names / BATCH {
                out.0.borrow_mut().extend(resident());
            }
        }
        *out.1.borrow_mut() = pipeline.store.overflow().values().sum();
    });
    run(&world, &stored, vec![Some(work)]);
    let (items, memory, overflow) = (stored.items(), memory.take(), overflow.take());
    Cost { items, overflow, memory }
}

#[test]
fn names_of_outsiders_are_bounded() {
    let asked: Option<u64> = env::var("LAPWING_SIM_NAMES").ok().map(|text| text.parse().unwrap());
    let names = asked.unwrap_or(NAMES);
    let Cost { items, overflow, memory } = cost(names);
    println!("{items:?} items, {overflow} cells without room, memory {memory:?}");
    // Each name is that of a user and of an address.
    let cells = 2 * Limits::default().outsiders;
    assert_eq!(overflow + cells as u64, 2 * names);
    // Looks are asked for together, and nothing stands in the ledger of one who failed once.
    let items: usize = items.values().sum();
    assert!(items <= cells + cells / 8, "{items} items");
    // Memory is that of the process, which other tests share unless this one is asked for.
    if let ([early, late], Some(_)) = (&memory[..], asked) {
        assert!(*late < early + (64 << 20), "memory grew from {early} to {late} bytes");
    }
}
