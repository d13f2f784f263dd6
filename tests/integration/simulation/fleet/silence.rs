//! Instances over one table that see a part of the events each: what is silent for one of them is not silent.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;
use lapwing::decode::Origin;
use lapwing::pipeline::{From, Pipeline, delivery_id, teach};
use lapwing::settings::Settings;
use lapwing::settings::catalog::Catalog;
use lapwing::store::table::TableStore;
use lapwing::store::{Limits, StateStore};
use lapwing_detectors::alert::{Alert, Status};

use super::races::Shelf;
use crate::logs::{Dice, invocation, noon};

const SETTINGS: &str = "[[silence]]
account = '111122223333'
function = 'nightly'
after = '1h'";

fn at(minute: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(minute)
}

fn deliver<S: StateStore>(pipeline: &mut Pipeline<S>, dice: &mut Dice, (event, received): (i64, i64)) {
    let bytes = crate::logs::delivery(&invocation(dice, at(event), "nightly", ("success", "")));
    let from = From { origin: Origin::default(), delivery: delivery_id(&bytes), received: at(received), met: None };
    let learnt = teach(&pipeline.engine, &bytes, &from).unwrap().learnt;
    let alerts = pipeline.take(learnt).now_or_never().unwrap().unwrap();
    say(&alerts, pipeline);
}

fn say<S: StateStore>(alerts: &[Alert], pipeline: &mut Pipeline<S>) -> Vec<(Status, u64)> {
    for alert in alerts {
        pipeline.said(alert).now_or_never().unwrap().unwrap();
    }
    alerts.iter().map(|alert| (alert.status, alert.seen)).collect()
}

#[test]
fn a_silence_is_what_no_instance_has_heard() {
    let settings = Arc::new(Settings::read("x", SETTINGS, &Catalog::built_in()).unwrap());
    let (shelf, engine) = (Shelf::default(), Arc::new(settings.engine()));
    let pipeline = |owner| {
        let store = TableStore::new(&shelf, Arc::clone(&engine), Limits::default(), owner);
        Pipeline::new(Arc::clone(&settings), Arc::clone(&engine), store)
    };
    let (mut one, mut other, mut dice) = (pipeline(1), pipeline(2), Dice::new(5));
    let tick = |pipeline: &mut Pipeline<TableStore<&Shelf>>, minute| {
        let alerts = pipeline.tick(at(minute)).now_or_never().unwrap().unwrap();
        say(&alerts, pipeline)
    };
    deliver(&mut one, &mut dice, (0, 1));
    deliver(&mut other, &mut dice, (50, 51));
    assert_eq!(tick(&mut one, 90), [], "the other one has heard it");
    assert_eq!(tick(&mut one, 115), []);
    assert_eq!(tick(&mut one, 116), [(Status::Open, 60)], "60 minutes after the last event, once those are complete");
    assert_eq!(tick(&mut other, 116), [], "it is said once");
    // What comes late undoes it.
    deliver(&mut other, &mut dice, (70, 117));
    assert_eq!(tick(&mut one, 118), [(Status::Resolved, 60)]);
    assert_eq!(tick(&mut other, 136), [(Status::Open, 60)]);
    let writes = shelf.written();
    (137..150).for_each(|minute| drop(tick(&mut one, minute)));
    assert_eq!(shelf.written() - writes, 0, "a silence that goes on is not written down every minute");
}
