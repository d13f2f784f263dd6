//! The digest of a day that is over is sent by a tick, once.

use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use lapwing::store::table::TableStore;
use lapwing::store::{Limits, StateStore as _};
use lapwing_detectors::alert::{Alert, AlertId, Subject};
use lapwing_detectors::day::{Budget, Day, spent_alert};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;
use serde_json::{Value, json};

use super::cloud::{Cloud, Deployment, deployed};
use super::several::tick;
use super::table::table;

/// Puts alerts of stage `digest` where instances of the day before yesterday would have put them.
async fn gather(port: u16, day: Day) {
    let engine = Arc::new(Engine::default());
    let mut store = TableStore::new(table(port), engine, Limits::default(), 1);
    for number in 0..3 {
        let alert = Alert {
            id: AlertId(number),
            detector: "buckets-listed",
            severity: Severity::Low,
            stage: Stage::Digest,
            raised_at: day.start() + TimeDelta::hours(9),
            subject: Subject { principal: format!("user/{}", number % 2), ..Subject::default() },
            ..spent_alert(day, Budget::default())
        };
        for _ in 0..2 {
            store.place(&alert, Budget::default(), alert.raised_at).await.unwrap();
        }
    }
}

fn heard(cloud: &mut Cloud) -> Vec<(Value, Value)> {
    let read = |envelope: &Value| {
        let digest = serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap();
        (digest, envelope["MessageAttributes"]["status"]["Value"].clone())
    };
    cloud.heard().iter().map(read).collect()
}

#[test]
fn a_tick_sends_the_digest_of_a_day_once() {
    let Some(mut cloud) = deployed(&Deployment { shared: true, ..Deployment::default() }) else { return };
    let day = Day::of(DateTime::<Utc>::from(SystemTime::now())).before().before();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(gather(cloud.port(), day));
    let (answer, failed) = cloud.invoke(&tick());
    assert!(!failed && answer["sent"] == 1, "{answer}");
    let digests = heard(&mut cloud);
    let [(digest, status)] = digests.as_slice() else { panic!("wanted one digest, heard {digests:?}") };
    assert_eq!((status, &digest["digest"]), (&json!("digest"), &json!(day.to_string())));
    assert_eq!(digest["alerts"], 3);
    assert_eq!(
        digest["lines"][0]["subjects"],
        json!([{"name": "user/0", "alerts": 2}, {"name": "user/1", "alerts": 1}])
    );
    for _ in 0..2 {
        cloud.call("harness", "replace", json!({}));
        let (answer, failed) = cloud.invoke(&tick());
        assert!(!failed && answer["sent"] == 0, "{answer}");
    }
    assert_eq!(heard(&mut cloud), []);
}

/// The topic is broken: the digest stays, and the instance that has it sends it with its next tick.
#[test]
fn a_digest_that_could_not_be_sent_is_sent_later() {
    let Some(mut cloud) = deployed(&Deployment { shared: true, ..Deployment::default() }) else { return };
    let day = Day::of(DateTime::<Utc>::from(SystemTime::now())).before().before();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(gather(cloud.port(), day));
    cloud.call("harness", "break_action", json!({"action": "Publish"}));
    let (answer, failed) = cloud.invoke(&tick());
    assert!(!failed && answer["sent"] == 0, "{answer}");
    assert!(cloud.lines().contains("a later tick sends it"), "{}", cloud.lines());
    cloud.call("harness", "mend", json!({}));
    let (answer, _) = cloud.invoke(&tick());
    assert_eq!(answer["sent"], 1, "{answer}");
    assert_eq!(heard(&mut cloud).len(), 1);
}
