//! Eight processes of the function, one queue, and a table between them: what `lapwing replay` finds in the same
//! payloads, whoever dies on the way.
//!
//! The processes are the real binary. Payloads come shuffled, some twice and some together with ticks; about one in five
//! invocations ends with its process killed at a call to AWS, before or after the call is done, and its payload goes
//! back into the queue. All logs are two days old, so each payload is late and is judged as complete at once: nothing
//! waits for minutes to be complete. What is left are alerts whose process died between writing them down and sending
//! them. A ninth instance sends these in two ticks, an hour and two hours from now: the function's own handler, run
//! here, because the processes take their time from the system.
//!
//! Compared are detector, subject, window, severity and how many were seen, of every alert in the table. No detector
//! that needs a profile speaks: what is late teaches profiles nothing, while a replay takes all logs as on time.

mod payloads;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use lapwing::decode::Origin;
use lapwing::lambda::handler::{Handler, Invocation};
use lapwing::lambda::objects::Objects;
use lapwing::lambda::subscription;
use lapwing::pipeline::{From, Pipeline, delivery_id, teach};
use lapwing::report::json;
use lapwing::settings::Settings;
use lapwing::sink::metrics::Metrics;
use lapwing::sink::sns::Sns;
use lapwing::store::table::TableStore;
use lapwing::store::table::dynamo::DynamoTable;
use lapwing::store::{EitherStore, Limits};
use lapwing_detectors::alert::Status;
use lapwing_detectors::entity::Entity;
use lapwing_detectors::time::Minute;
use serde_json::{Value, json};

use super::cloud::{Cloud, Deployment, TABLE, deployed};
use super::several::tick;
use super::table::config;
use payloads::{DETECTORS, IN_DIGEST, Scribe};

const SEED: u64 = 3;

/// What of an alert must be the same however it came about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Essence {
    detector: String,
    subject: String,
    window: String,
    seen: u64,
    severity: String,
}

impl Essence {
    /// Of an alert's line of JSON.
    fn of(line: &Value) -> Essence {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        Essence {
            detector: text("detector"),
            subject: line["subject"].to_string(),
            window: line["window"].to_string(),
            seen: line["seen"].as_u64().unwrap(),
            severity: text("severity"),
        }
    }
}

/// What `lapwing replay` finds in these payloads, each a file; each alert by itself, as the function sends them.
fn replayed(payloads: &[String]) -> Vec<Essence> {
    let folder = tempfile::tempdir().unwrap();
    for (n, payload) in payloads.iter().enumerate() {
        fs::write(folder.path().join(format!("{n}.json")), payload).unwrap();
    }
    let mut replay = Command::new(env!("CARGO_BIN_EXE_lapwing"));
    let out =
        replay.args(["replay", ".", "--format", "jsonl", "--order", "event", "--each"]).current_dir(folder.path());
    let out = out.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let lines = String::from_utf8(out.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut found: Vec<Essence> =
        lines.filter(|line| line["status"] == "open").map(|line| Essence::of(&line)).collect();
    found.sort();
    found
}

/// Everybody whom these payloads are about.
fn entities(handler: &Handler, payloads: &[String]) -> BTreeSet<Entity> {
    let mut all = BTreeSet::new();
    for payload in payloads {
        let bytes = subscription::open(payload.as_bytes()).bytes;
        let delivery = delivery_id(&bytes);
        let from = From { origin: Origin::default(), delivery, received: DateTime::UNIX_EPOCH, met: None };
        let taught = teach(&handler.pipeline.engine, &bytes, &from).unwrap();
        assert!(taught.decoded.events > 0 && taught.rejects.is_empty());
        all.extend(taught.learnt.cells().into_iter().map(|(entity, ..)| entity));
    }
    all
}

/// The alerts in the table: id and essence.
async fn in_table(handler: &Handler, entities: &BTreeSet<Entity>) -> BTreeMap<String, Essence> {
    let EitherStore::Table(store) = &handler.pipeline.store else { panic!("no table") };
    let mut all = BTreeMap::new();
    for entity in entities {
        let book = store.book_of(entity).await.unwrap();
        for alert in book.finish(Minute(i32::MAX)).iter().filter(|alert| alert.status == Status::Open) {
            let line = serde_json::from_str(&json::line(alert)).unwrap();
            assert!(all.insert(alert.id.to_string(), Essence::of(&line)).is_none(), "{} is there twice", alert.id);
        }
    }
    all
}

/// An instance in this process, which can be told what time it is.
fn ninth(cloud: &Cloud) -> Handler {
    let variables = [("LAPWING_TOPIC_ARN", cloud.topic()), ("LAPWING_TOPIC_FORMAT", "json"), ("LAPWING_TABLE", TABLE)];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::default().with_environment(variables).unwrap();
    let (config, engine) = (config(cloud.port()), Arc::new(settings.engine()));
    let store = TableStore::new(DynamoTable::new(&config, TABLE.to_owned()), Arc::clone(&engine), Limits::default(), 9);
    Handler {
        sns: Sns::new(aws_sdk_sns::Client::new(&config), settings.sns.clone()),
        metrics: Metrics::new(aws_sdk_cloudwatch::Client::new(&config), settings.metrics.clone()),
        objects: Objects::new(aws_sdk_s3::Client::new(&config), 256),
        pipeline: Pipeline::new(Arc::new(settings), engine, EitherStore::Table(Box::new(store))),
        own_group: String::new(),
        failed_metrics: 0,
    }
}

fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// Ticks the ninth instance so many hours from now, and returns how many messages it sent.
async fn tick_in(handler: &mut Handler, hours: i64) -> u64 {
    let deadline = SystemTime::now() + Duration::from_secs(60);
    let (payload, now) = (tick(), now() + TimeDelta::hours(hours));
    let invocation = Invocation { request_id: "ninth", payload: payload.as_bytes(), now, deadline };
    handler.handle(invocation).await.unwrap().sent
}

/// Feeds the processes from a queue of these, and some of them once more; returns how many processes were killed so far.
fn work_off(cloud: &mut Cloud, scribe: &mut Scribe, payloads: &[String]) -> u64 {
    let mut queue: Vec<String> = payloads.iter().chain(payloads.iter().step_by(4)).cloned().collect();
    queue.extend((0..queue.len() / 12).map(|_| tick()));
    scribe.dice.shuffle(&mut queue);
    let ran = cloud.call("harness", "work_off", json!({"function": "lapwing", "payloads": queue, "seed": SEED}));
    println!("{} payloads: {ran}", queue.len());
    let count = |name: &str| ran[name].as_u64().unwrap();
    assert!(count("instances") >= 8 && count("instances") >= count("killed"), "{ran}");
    count("killed")
}

/// Every alert that is told at once was told as gravely as it is, and whatever was told is, or became part of, one of them.
#[track_caller]
fn check_heard(heard: &[Value], alerts: &BTreeMap<String, Essence>) {
    let messages: Vec<Value> =
        heard.iter().map(|envelope| serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap()).collect();
    let text = |message: &Value, name: &str| message[name].as_str().map(str::to_owned);
    let into = |message: &Value| Some((text(message, "id")?, text(message, "merged_into")?));
    let merged: BTreeMap<String, String> = messages.iter().filter_map(into).collect();
    assert!(!merged.is_empty(), "no alert became part of another");
    for (id, alert) in alerts.iter().filter(|(_, alert)| alert.detector != IN_DIGEST) {
        let told = |message: &&Value| message["id"] == json!(id) && message["severity"] == json!(alert.severity);
        assert!(messages.iter().any(|message| told(&message)), "{id} was not told: {alert:?}");
    }
    for message in &messages {
        let mut id = text(message, "id").unwrap();
        for _ in 0..merged.len() {
            id = merged.get(&id).cloned().unwrap_or(id);
        }
        assert!(alerts.contains_key(&id), "leads to no alert: {message}");
    }
}

#[tokio::test]
async fn eight_processes_and_a_queue_find_what_a_replay_finds() {
    let Some(mut cloud) = deployed(&Deployment { shared: true, ..Deployment::default() }) else { return };
    let start = (now() - TimeDelta::hours(50)).duration_trunc(TimeDelta::hours(1)).unwrap();
    let mut scribe = Scribe::new(SEED, start);
    let mut payloads = scribe.most();
    work_off(&mut cloud, &mut scribe, &payloads);
    let bridge = scribe.bridge();
    let killed = work_off(&mut cloud, &mut scribe, &bridge);
    assert!(killed >= 5, "{killed}");
    payloads.extend(bridge);

    let mut ninth = ninth(&cloud);
    println!("{} messages that killed processes had left", tick_in(&mut ninth, 1).await);
    assert_eq!(tick_in(&mut ninth, 2).await, 0);
    let alerts = in_table(&ninth, &entities(&ninth, &payloads)).await;
    let mut found: Vec<Essence> = alerts.values().cloned().collect();
    found.sort();
    assert_eq!(found, replayed(&payloads));
    let spoke: BTreeSet<&str> = found.iter().map(|alert| alert.detector.as_str()).collect();
    assert_eq!(spoke, DETECTORS.into());
    check_heard(&cloud.heard(), &alerts);
}
