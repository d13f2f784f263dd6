//! A seed's deliveries, and when and how often each comes.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use lapwing::decode::Origin;
use lapwing::pipeline::{From, delivery_id, teach};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::observe::Learnt;
use lapwing_detectors::time::Minute;

use crate::logs::{CORRELATED, Dice, HAPPENINGS, Log, Record, delivery, happening};

/// How an attempt to take a delivery ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Well.
    Taken,
    /// The instance dies before the store has added it.
    DiesBefore,
    /// The instance dies even before that, while it judges what has become complete.
    DiesSettling,
    /// The instance dies after the store has added it, before what it touched was judged.
    DiesAfter,
}

/// One delivery.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) learnt: Learnt,
    /// When the orderly run receives it; never, if it only repeats events of other deliveries.
    pub(super) orderly: Option<DateTime<Utc>>,
    /// When it comes, and how that ends.
    pub(super) attempts: Vec<(DateTime<Utc>, Fate)>,
    pub(super) late: bool,
}

/// One invocation takes this long at most, the clocks of the instances included: less than any lateness.
pub(super) const SKEW: TimeDelta = TimeDelta::minutes(4);

/// What a seed makes.
pub(super) struct Workload {
    pub(super) engine: Arc<Engine>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) instances: usize,
    /// Events come again in other deliveries: only what is judged on occurrences alone must then stay the same.
    pub(super) batched_again: bool,
    pub(super) dice: Dice,
}

impl Workload {
    pub(super) fn of(seed: u64, engine: &Arc<Engine>) -> Workload {
        let mut dice = Dice::new(seed);
        let mut records = Vec::new();
        for n in 0..dice.between(2, 5) as usize {
            let which = dice.between(0, HAPPENINGS.len() as i64) as usize;
            records.extend(happening(&mut dice, which, n));
        }
        for (name, write) in CORRELATED.iter().filter(|(name, _)| engine.about(name).is_some()) {
            records.extend(write(&mut dice, name));
        }
        records.sort_by(|a, b| (&a.log, a.time).cmp(&(&b.log, b.time)));
        let late = *dice.pick(&[0, 0, 10, 30]);
        let mut deliveries = Vec::new();
        for batch in batches(&mut dice, &records) {
            deliveries.push(planned(&mut dice, engine, batch, late));
        }
        let batched_again = dice.chance(25);
        if batched_again {
            for batch in batches(&mut dice, &records) {
                if dice.chance(50) {
                    deliveries.push(again(&mut dice, engine, batch));
                }
            }
        }
        let instances = *dice.pick(&[1, 2, 3, 4, 4]);
        Workload { engine: Arc::clone(engine), deliveries, instances, batched_again, dice }
    }
}

/// Records of one log each, in batches of which none lasts longer than its lateness allows.
fn batches<'r>(dice: &mut Dice, records: &'r [Record]) -> Vec<&'r [Record]> {
    let mut out = Vec::new();
    for log in records.chunk_by(|a, b| a.log == b.log) {
        let longest = if log[0].log == Log::Trail { 10 } else { 2 };
        let mut rest = log;
        while let Some(first) = rest.first() {
            let (span, most) = (TimeDelta::minutes(dice.between(0, longest + 1)), dice.between(1, 40) as usize);
            let fits = rest.iter().take(most).take_while(|record| record.time <= first.time + span).count();
            let (batch, others) = rest.split_at(fits);
            out.push(batch);
            rest = others;
        }
    }
    out
}

fn lateness(engine: &Engine, log: &Log) -> i32 {
    let lateness = if *log == Log::Trail { engine.lateness.cloudtrail } else { engine.lateness.lambda };
    lateness.0 as i32
}

fn taught(engine: &Engine, batch: &[Record]) -> Learnt {
    let bytes = delivery(batch);
    let from =
        From { origin: Origin::default(), delivery: delivery_id(&bytes), received: DateTime::UNIX_EPOCH, met: None };
    let taught = teach(engine, &bytes, &from).unwrap();
    assert_eq!((taught.decoded.events, taught.decoded.rejects), (batch.len() as u64, 0));
    taught.learnt
}

/// What a single event teaches, and the instant from which it is late.
pub(super) fn on_the_edge(engine: &Engine) -> (Learnt, DateTime<Utc>) {
    let record = happening(&mut Dice::new(0), 0, 0).swap_remove(0);
    let due = Minute::of(record.time).plus(1 + lateness(engine, &record.log)).start();
    (taught(engine, &[record]), due)
}

/// The first whole second in which something of that time can be received.
fn second_after(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(time.timestamp() + 1, 0).unwrap()
}

fn within(dice: &mut Dice, from: DateTime<Utc>, to: DateTime<Utc>) -> DateTime<Utc> {
    from + TimeDelta::seconds(dice.between(0, (to - from).num_seconds()))
}

/// A delivery that comes in time, or late: then at one and the same instant in the orderly run and in the other, since
/// that instant decides which of its minutes are late.
fn planned(dice: &mut Dice, engine: &Engine, batch: &[Record], late: i64) -> Delivery {
    let (oldest, newest) = (batch[0].time, batch[batch.len() - 1].time);
    let soonest = second_after(newest);
    let due = Minute::of(oldest).plus(1 + lateness(engine, &batch[0].log)).start();
    let on_the_edge = dice.chance(5);
    let late = on_the_edge || dice.chance(late);
    let (orderly, first) = match (on_the_edge, late) {
        (true, _) => (due, due),
        (_, true) => {
            let time = within(dice, due, newest + TimeDelta::minutes(150));
            (time, time)
        }
        // Often so close to being late that others are ahead before it is added.
        _ if dice.chance(30) => (soonest, within(dice, soonest.max(due - TimeDelta::minutes(1)), due)),
        _ => (soonest, within(dice, soonest, due)),
    };
    let mut attempts = Vec::new();
    if dice.chance(15) {
        let fate = *dice.pick(&[Fate::DiesBefore, Fate::DiesSettling]);
        attempts.push((within(dice, soonest, first), fate));
    }
    attempts.push((first, Fate::Taken));
    // It comes again as long as nobody has taken it to the end, and sometimes even then.
    while dice.chance(if late && attempts.len() < 3 { 40 } else { 20 }) {
        let fate = *dice.pick(&[Fate::DiesAfter, Fate::Taken]);
        let last = attempts.len() - 1;
        let before = attempts[last].0;
        let time = before + TimeDelta::seconds(dice.between(0, 7000));
        // Two attempts at once, of which one is late, would leave it to chance how the delivery is marked.
        let time = if time < due { time } else { time.max(before + SKEW + TimeDelta::seconds(1)) };
        attempts[last].1 = fate;
        attempts.push((time, Fate::Taken));
    }
    Delivery { learnt: taught(engine, batch), orderly: Some(orderly), attempts, late }
}

/// Events that come again in another batch.
fn again(dice: &mut Dice, engine: &Engine, batch: &[Record]) -> Delivery {
    let soonest = second_after(batch[batch.len() - 1].time);
    let time = within(dice, soonest, soonest + TimeDelta::minutes(90));
    Delivery { learnt: taught(engine, batch), orderly: None, attempts: vec![(time, Fate::Taken)], late: false }
}
