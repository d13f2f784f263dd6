//! What the shared table costs: write and read units for each event, and money for a million, of a generated day.
//!
//! ```text
//! cargo bench --bench corpus -- --events 1500000 --days 1 --accounts 6 --principals 3000 --functions 300 --invocations 100000 --out target/day
//! cargo bench --bench corpus -- --events 50000 --days 1 --accounts 1 --principals 20 --out target/small-day
//! cargo bench --bench cost -- target/day target/small-day
//! ```
//!
//! Records of one account and Region between 09:00 and 10:00 of the last day are cut into deliveries of at most so many
//! events and five minutes, each received some minutes after its last event by one of four instances, or of as many as
//! `--instances` says; a tick runs once a minute. `--before 33` plays the 33 hours before first, so that what is measured
//! is no first hour; `--batch 200` is for one size of deliveries alone. Every detector is on, with its default settings.
//! `mean` is how many events a delivery really has. `(adding)` is what the cells alone would take in the form of
//! [`added`], where `--adding` asks for it. At the end, how many writers of the same cells get into each other's way.

#![allow(clippy::expect_used, reason = "a bench that cannot go on ends")]

mod added;
#[path = "../../tests/integration/table/plain.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod plain;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use added::Adding;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use futures_util::future::join_all;
use lapwing::decode::Origin;
use lapwing::decode::gzip::{INFLATE_CAP, Inflater};
use lapwing::pipeline::{From, Pipeline, delivery_id, teach};
use lapwing::settings::Settings;
use lapwing::store::table::units::{Metered, Spent};
use lapwing::store::table::{Item, Put, Span, Table, TableError, TableStore};
use lapwing::store::{Limits, StoreError};
use plain::Plain;
use serde::Deserialize;
use serde_json::value::RawValue;

#[path = "../corpus/files.rs"]
mod files;

/// Measures without the built-in rules.
const NO_RULES: &str = "--no-rules";
/// Also plays the other form, which takes most of the time then.
const ADDING: &str = "--adding";
/// Also says what of it each kind of entity costs.
const BY_FAMILY: &str = "--by-family";
/// Only deliveries of at most so many events.
const BATCH: &str = "--batch";
/// Plays so many hours before the one that is measured.
const BEFORE: &str = "--before";
/// Deals deliveries among so many instances.
const INSTANCES: &str = "--instances";
/// As many as are asked for by nothing else.
const FOUR: usize = 4;
/// What is waiting for more events is delivered after this time.
const LONGEST: TimeDelta = TimeDelta::minutes(5);
/// The hour of the last day that is measured.
const HOUR: i64 = 9;
/// Dollars for a million units on demand: https://aws.amazon.com/dynamodb/pricing/on-demand/, Ireland and Virginia alike.
const WRITE_PRICE: f64 = 0.625;
const READ_PRICE: f64 = 0.125;

/// An event's text, its time and the stream that it is delivered in.
struct Line {
    time: DateTime<Utc>,
    text: String,
}

/// Lines by account and Region, or by log group.
type Streams = BTreeMap<String, Vec<Line>>;

fn main() {
    let folders: Vec<String> =
        std::env::args().skip(1).filter(|a| !a.starts_with("--") && a.parse::<usize>().is_err()).collect();
    if folders.is_empty() {
        println!(
            "usage: cargo bench --bench cost -- [--no-rules] [--by-family] [--adding] [--batch N] [--before HOURS] \
             [--instances N] FOLDER...    (made by the corpus bench)"
        );
        return;
    }
    println!(
        "{:<30}{:>6}{:>7}{:>8}{:>7}{:>7}{:>7}{:>7}{:>9}{:>7}{:>7}",
        "", "batch", "mean", "events", "cells", "work", "ledger", "writes", "(adding)", "reads", "$/M"
    );
    let only: Option<usize> = number(BATCH);
    for folder in &folders {
        let (trail, logs) = read(Path::new(folder));
        for batch in [1, 10, 50, 200].into_iter().filter(|batch| only.is_none_or(|only| only == *batch)) {
            measure(&format!("{folder} CloudTrail"), &trail, (batch, wrap_records), TimeDelta::minutes(4));
        }
        for batch in [1, 3, 10].into_iter().filter(|batch| only.is_none_or(|only| only == *batch)) {
            measure(&format!("{folder} Lambda"), &logs, (batch, wrap_log_events), TimeDelta::seconds(10));
        }
        contend(&trail);
    }
}

/// The number that was given after this.
fn number(option: &str) -> Option<usize> {
    std::env::args().skip_while(|argument| argument != option).nth(1)?.parse().ok()
}

/// Was this given?
fn asked(flag: &str) -> bool {
    std::env::args().any(|argument| argument == flag)
}

type Wrap = fn(&str, &[Line]) -> Vec<u8>;

fn wrap_records(_: &str, lines: &[Line]) -> Vec<u8> {
    let all: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    format!("{{\"Records\":[{}]}}", all.join(",")).into_bytes()
}

fn wrap_log_events(group: &str, lines: &[Line]) -> Vec<u8> {
    let all: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    format!(
        "{{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"111122223333\",\"logGroup\":\"{group}\",\"logStream\":\"s\",\
         \"subscriptionFilters\":[\"lapwing\"],\"logEvents\":[{}]}}",
        all.join(",")
    )
    .into_bytes()
}

#[derive(Deserialize)]
struct Records<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_time: DateTime<Utc>,
    aws_region: String,
    recipient_account_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    log_group: String,
    #[serde(borrow)]
    log_events: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct LogEvent {
    timestamp: i64,
}

/// The streams of a folder, each in the order of its events.
fn read(folder: &Path) -> (Streams, Streams) {
    let (mut trail, mut logs) = (Streams::new(), Streams::new());
    let mut paths = Vec::new();
    files::gzipped(folder, &mut paths);
    for path in paths {
        let mut text = Vec::new();
        let packed = fs::read(&path).expect("a file of the corpus can be read");
        Inflater::new().inflate(&packed, &mut text, INFLATE_CAP).expect("it inflates");
        if let Ok(records) = serde_json::from_slice::<Records<'_>>(&text) {
            for raw in records.records {
                let record: Record = serde_json::from_str(raw.get()).expect("a record of the corpus");
                let stream = trail.entry(format!("{} {}", record.recipient_account_id, record.aws_region)).or_default();
                stream.push(Line { time: record.event_time, text: raw.get().to_owned() });
            }
            continue;
        }
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let payload: Payload<'_> = serde_json::from_slice(line).expect("a payload of the corpus");
            let stream = logs.entry(payload.log_group).or_default();
            for raw in payload.log_events {
                let event: LogEvent = serde_json::from_str(raw.get()).expect("a log event of the corpus");
                let time = DateTime::from_timestamp_millis(event.timestamp).expect("a time of the corpus");
                stream.push(Line { time, text: raw.get().to_owned() });
            }
        }
    }
    let begin = begin(&trail);
    let (first, end) = (begin - TimeDelta::hours(number(BEFORE).unwrap_or(0) as i64), begin + TimeDelta::hours(1));
    for stream in trail.values_mut().chain(logs.values_mut()) {
        stream.retain(|line| (first..end).contains(&line.time));
        stream.sort_by_key(|line| line.time);
    }
    (trail, logs)
}

/// When the hour begins that is measured.
fn begin(streams: &Streams) -> DateTime<Utc> {
    let newest = streams.values().flatten().map(|line| line.time).max().unwrap_or_default();
    newest.duration_trunc(TimeDelta::days(1)).expect("a day of the corpus") + TimeDelta::hours(HOUR)
}

/// Names the kind of an item by its keys.
type Kind = fn(&str, &str) -> &'static str;

/// One table for all instances.
#[derive(Clone)]
struct Shared(Rc<Metered<Plain, Kind>>);

impl Table for Shared {
    async fn query(&self, span: Span<'_>) -> Result<Vec<Item>, TableError> {
        self.0.query(span).await
    }

    async fn replace(&self, item: &Item, before: u64) -> Result<Put, TableError> {
        self.0.replace(item, before).await
    }

    async fn put(&self, item: &Item) -> Result<(), TableError> {
        self.0.put(item).await
    }
}

impl Shared {
    fn new() -> Shared {
        Shared(Rc::new(Metered::new(Plain::default(), kind)))
    }
}

fn kind(key: &str, sort: &str) -> &'static str {
    let of_entity = |cells, ledger| if sort.starts_with('c') { cells } else { ledger };
    match key.as_bytes().first() {
        Some(b'p') => of_entity("cells of principals", "ledger of principals"),
        Some(b'i') => of_entity("cells of APIs", "ledger of APIs"),
        Some(b'f') => of_entity("cells of functions", "ledger of functions"),
        Some(b'o') => of_entity("cells of accounts", "ledger of accounts"),
        Some(b'r') => of_entity("cells of denials", "ledger of denials"),
        Some(b'u' | b'd') => of_entity("cells of users and addresses", "ledger of users and addresses"),
        _ => "work",
    }
}

/// Deliveries in the order in which they are received.
fn deliveries(streams: &Streams, (batch, wrap): (usize, Wrap), delay: TimeDelta) -> Vec<(DateTime<Utc>, Vec<u8>)> {
    let cut = |(name, lines): (&String, &Vec<Line>)| -> Vec<(DateTime<Utc>, Vec<u8>)> {
        let mut out = Vec::new();
        let mut rest = lines.as_slice();
        while let Some(first) = rest.first() {
            let fits = rest.iter().take(batch).take_while(|line| line.time - first.time <= LONGEST).count();
            let (now, later) = rest.split_at(fits);
            out.push((now[fits - 1].time + delay, wrap(name, now)));
            rest = later;
        }
        out
    };
    let mut all: Vec<_> = streams.iter().flat_map(cut).collect();
    all.sort();
    all
}

fn measure(name: &str, streams: &Streams, cut: (usize, Wrap), delay: TimeDelta) {
    let begin = begin(streams);
    let events = streams.values().flatten().filter(|line| line.time >= begin).count();
    if events == 0 {
        return;
    }
    let (table, mut adding) = (Shared::new(), Adding::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let deliveries = deliveries(streams, cut, delay);
    let (before, deliveries) =
        deliveries.split_at(deliveries.partition_point(|(received, _)| *received < begin + delay));
    let mut instances = instances(&table, number(INSTANCES).unwrap_or(FOUR));
    runtime.block_on(run(&mut instances, before, &mut adding)).expect("a table in memory never fails");
    drop(table.0.take());
    adding = Adding::default();
    runtime.block_on(run(&mut instances, deliveries, &mut adding)).expect("a table in memory never fails");
    let spent = table.0.take();
    let per = |units: u64| units as f64 / events as f64;
    let of = |kind: &str| {
        let all = spent.iter().filter(|(name, _)| name.starts_with(kind));
        per(all.map(|(_, spent)| spent.write_units).sum())
    };
    let writes: u64 = spent.values().map(|spent: &Spent| spent.write_units).sum();
    let reads = spent.values().map(|spent| spent.half_read_units).sum::<u64>() as f64 / 2.0 / events as f64;
    println!(
        "{name:<30}{:>6}{:>7.1}{events:>8}{:>7.2}{:>7.2}{:>7.2}{:>7.2}{:>9.2}{reads:>7.2}{:>7.2}",
        cut.0,
        events as f64 / deliveries.len() as f64,
        of("cells"),
        of("work"),
        of("ledger"),
        per(writes),
        per(adding.units),
        per(writes) * WRITE_PRICE + reads * READ_PRICE,
    );
    if asked(BY_FAMILY) {
        for (name, Spent { queries, writes, write_units, half_read_units, .. }) in &spent {
            let reads = *half_read_units as f64 / 2.0 / events as f64;
            let [queries, writes] = [queries, writes].map(|n| per(*n));
            let units = per(*write_units);
            println!(
                "    {name:<32}{writes:>7.3} writes of {units:>6.3} units, {queries:>6.3} queries of {reads:>6.3}"
            );
        }
        for (kind, bytes) in &adding.kinds {
            println!("    {kind:<32}{:>7.1} bytes", per(*bytes));
        }
    }
}

/// Instances over one table.
fn instances(table: &Shared, count: usize) -> Vec<Pipeline<TableStore<Shared>>> {
    let mut settings = Settings::default();
    settings.rules.built_in = !asked(NO_RULES);
    let settings = Arc::new(settings);
    let engine = Arc::new(settings.engine());
    let instance = |n| {
        let store = TableStore::new(table.clone(), Arc::clone(&engine), Limits::default(), n as u64);
        Pipeline::new(Arc::clone(&settings), Arc::clone(&engine), store)
    };
    (0..count).map(instance).collect()
}

/// What writers cost who add to the same cells at the same time, each with a delivery of its own.
fn contend(streams: &Streams) {
    let busiest = streams.iter().max_by_key(|(_, lines)| lines.len());
    let Some((name, lines)) = busiest else { return };
    println!(
        "\n{:>8}{:>12}{:>12}{:>12}    each with ten events of one stream",
        "writers", "writes", "overtaken", "units"
    );
    for writers in [1, 4, 16, 50] {
        let table = Shared::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut instances = instances(&table, writers);
        let taking = instances.iter_mut().zip(lines.chunks(10)).map(|(instance, lines)| {
            let (bytes, received) = (wrap_records(name, lines), lines[lines.len() - 1].time + TimeDelta::minutes(1));
            let from = From { origin: Origin::default(), delivery: delivery_id(&bytes), received, met: None };
            let learnt = teach(&instance.engine, &bytes, &from).expect("the corpus can be read").learnt;
            instance.take(learnt)
        });
        let taken = runtime.block_on(join_all(taking));
        taken.into_iter().for_each(|taken| drop(taken.expect("a table in memory never fails")));
        let spent = table.0.take();
        let of = |what: fn(&Spent) -> u64| {
            let cells = spent.iter().filter(|(name, _)| name.starts_with("cells"));
            cells.map(|(_, spent)| what(spent)).sum::<u64>() as f64 / writers as f64
        };
        let (writes, overtaken, units) = (of(|s| s.writes), of(|s| s.overtaken), of(|s| s.write_units));
        println!("{writers:>8}{writes:>12.1}{overtaken:>12.1}{units:>12.1}");
    }
}

async fn run(
    instances: &mut [Pipeline<TableStore<Shared>>],
    deliveries: &[(DateTime<Utc>, Vec<u8>)],
    adding: &mut Adding,
) -> Result<(), StoreError> {
    let Some(first) = deliveries.first() else { return Ok(()) };
    let mut ticked = first.0;
    for (received, bytes) in deliveries {
        while ticked + TimeDelta::minutes(1) <= *received {
            ticked += TimeDelta::minutes(1);
            for alert in instances[0].tick(ticked).await? {
                instances[0].said(&alert).await?;
            }
        }
        let delivery = delivery_id(bytes);
        let from = From { origin: Origin::default(), delivery, received: *received, met: None };
        let dealt = delivery.0 as usize % instances.len();
        let taker = &mut instances[dealt];
        let taught = teach(&taker.engine, bytes, &from).expect("the corpus can be read");
        if asked(ADDING) {
            adding.add(&taught.learnt);
        }
        for alert in taker.take(taught.learnt).await? {
            taker.said(&alert).await?;
        }
    }
    Ok(())
}
