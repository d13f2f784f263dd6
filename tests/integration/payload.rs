//! Our reading of a subscription payload against an independent one, the `aws_lambda_events` crate.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Write as _;

use aws_lambda_events::cloudwatch_logs::{LogEntry, LogsEvent};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::DateTime;
use flate2::Compression;
use flate2::write::GzEncoder;
use lapwing::decode::{self, Origin, Reject, Sink};
use lapwing_detectors::event::Event;
use serde_json::{Value, json};

/// Id and time of every event, as text.
#[derive(Default)]
struct Read(Vec<(String, String)>);

impl Sink for Read {
    fn event(&mut self, event: &Event<'_>) {
        self.0.push((event.id.to_owned(), event.time.to_rfc3339()));
    }

    fn reject(&mut self, reject: Reject) {
        panic!("record {}: {}", reject.record, reject.what);
    }
}

/// A CloudTrail record is named and timed by itself, every other log event by its envelope.
fn wanted(entry: &LogEntry) -> (String, String) {
    let record: Value = serde_json::from_str(&entry.message).unwrap_or_default();
    match (record["eventID"].as_str(), record["eventTime"].as_str()) {
        (Some(id), Some(time)) => (id.to_owned(), DateTime::parse_from_rfc3339(time).unwrap().to_rfc3339()),
        _ => (entry.id.clone(), DateTime::from_timestamp_millis(entry.timestamp).unwrap().to_rfc3339()),
    }
}

fn check(group: &str, messages: &[&str]) {
    let entries: Vec<Value> = messages
        .iter()
        .zip(0_u64..)
        .map(|(message, n)| {
            json!({"id": format!("{:056}", n + 7), "timestamp": 1_772_503_800_000 + n * 250, "message": message})
        })
        .collect();
    let inner = json!({
        "messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": group, "logStream": "one",
        "subscriptionFilters": ["lapwing"], "logEvents": entries,
    });
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(inner.to_string().as_bytes()).unwrap();
    let payload = json!({"awslogs": {"data": BASE64_STANDARD.encode(gzip.finish().unwrap())}}).to_string();

    let theirs: LogsEvent = serde_json::from_str(&payload).unwrap();
    let theirs: Vec<_> = theirs.aws_logs.data.log_events.iter().map(wanted).collect();
    let mut ours = Read::default();
    let decoded = decode::decode(payload.as_bytes(), &Origin::default(), &mut ours).unwrap();
    assert_eq!(ours.0, theirs);
    assert_eq!(decoded.records, messages.len() as u64);
}

#[test]
fn the_log_of_a_function() {
    check(
        "/aws/lambda/checkout",
        &[
            "START RequestId: 11111111-2222-4333-8444-555555555555 Version: $LATEST\n",
            "[ERROR] KeyError: 'ä \u{1f426} \"quoted\" \\ back'\nTraceback (most recent call last):\n  File \"/var/task/app.py\"\n",
            "{\"level\":\"INFO\",\"message\":\"paid\"}",
            "",
            "END RequestId: 11111111-2222-4333-8444-555555555555\n",
            "REPORT RequestId: 11111111-2222-4333-8444-555555555555\tDuration: 12.34 ms\tBilled Duration: 13 ms\t\
         Memory Size: 128 MB\tMax Memory Used: 64 MB\t\n",
        ],
    );
}

#[test]
fn the_log_of_a_trail() {
    let record = |id: u32| {
        json!({
            "eventVersion": "1.11", "userIdentity": {"type": "Root", "accountId": "111122223333"},
            "eventTime": format!("2026-03-03T02:1{id}:00Z"), "eventSource": "s3.amazonaws.com",
            "eventName": "ListBuckets", "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.7",
            "eventID": format!("00000000-0000-4000-8000-{id:012}"), "eventType": "AwsApiCall",
            "recipientAccountId": "111122223333",
        })
        .to_string()
    };
    check("aws-cloudtrail-logs", &[&record(1), &record(3), &record(2)]);
}
