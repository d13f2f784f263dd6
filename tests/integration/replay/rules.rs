//! What a rule finds is one alert, however its events come, and no detector says it again.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{USUAL, replay};

/// A call of the root user, at a minute past nine.
fn by_root(name: &str, minute: u32) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"},
        "eventTime": format!("2026-10-06T09:{minute:02}:00Z"),
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "aws-cli/2.17.0",
        "requestParameters": null,
        "responseElements": null,
        "eventID": format!("66666666-7777-8888-9999-0000000000{minute:02}"),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333"
    })
}

/// `detector severity seen sent` of each alert about these files of records.
fn said(files: &[Vec<Value>]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (number, records) in files.iter().enumerate() {
        let text = json!({ "Records": records }).to_string();
        fs::write(folder.path().join(format!("{number}.json")), text).unwrap();
    }
    let heard = replay(&[PathBuf::from(folder.path())], USUAL);
    let alerts = heard.lines().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let text = |alert: &Value, member: &str| alert[member].as_str().unwrap_or_default().to_owned();
    let told = |alert: Value| {
        let [detector, severity, sent] = ["detector", "severity", "sent"].map(|member| text(&alert, member));
        format!("{detector} {severity} {} {sent}", alert["seen"])
    };
    alerts.map(told).collect()
}

#[test]
fn a_deed_that_a_rule_tells_is_said_once() {
    let [first, second] = [by_root("CreateAccessKey", 5), by_root("CreateAccessKey", 40)];
    let wanted = ["root-access-key-created critical 2 single"];
    for files in [
        vec![vec![first.clone(), second.clone()]],
        vec![vec![second.clone()], vec![first.clone()]],
        vec![vec![second.clone(), first.clone(), second], vec![first]],
    ] {
        assert_eq!(said(&files), wanted, "{files:?}");
    }
}

#[test]
fn what_no_rule_tells_the_detector_says() {
    assert_eq!(said(&[vec![by_root("TagUser", 5)]]), ["root-use high 1 single"]);
}

/// A read of a secret by a user, so many minutes after half past eight.
fn secret_read(number: u32) -> Value {
    let mut record = by_root("GetSecretValue", 0);
    record["eventSource"] = "secretsmanager.amazonaws.com".into();
    let arn = "arn:aws:iam::111122223333:user/eve";
    record["userIdentity"] = json!({"type": "IAMUser", "arn": arn, "accountId": "111122223333", "userName": "eve"});
    record["requestParameters"] = json!({"secretId": format!("prod/{number}")});
    let minute = 55 + number / 2;
    record["eventTime"] = format!("2026-10-06T{:02}:{:02}:00Z", 8 + minute / 60, minute % 60).into();
    record["eventID"] = format!("66666666-7777-8888-9999-0000000001{number:02}").into();
    record
}

#[test]
fn a_correlation_is_found_however_its_events_come() {
    let all: Vec<Value> = (0..20).map(secret_read).collect();
    let wanted = ["secrets-harvested medium 20 single"];
    let back: Vec<Value> = all.iter().rev().cloned().collect();
    let each: Vec<Vec<Value>> = all.iter().map(|record| vec![record.clone()]).collect();
    let halves = vec![back[..5].to_vec(), back[5..].to_vec(), all.clone()];
    for files in [vec![all.clone()], vec![back], each, halves] {
        assert_eq!(said(&files), wanted, "{files:?}");
    }
    assert!(said(&[all[1..].to_vec()]).is_empty(), "nineteen are not twenty");
}

/// One of thirty reads of secrets, three quarters of an hour after the one before.
fn slow_read(number: u32) -> Value {
    let mut record = secret_read(number);
    let minute = 20 + number * 45;
    record["eventTime"] = format!("2026-10-06T{:02}:{:02}:00Z", minute / 60, minute % 60).into();
    record
}

#[test]
fn a_correlation_of_a_day_is_found_however_its_events_come() {
    let all: Vec<Value> = (0..30).map(slow_read).collect();
    let wanted = ["secrets-read-over-a-day medium 30 digest"];
    let back: Vec<Value> = all.iter().rev().cloned().collect();
    let each: Vec<Vec<Value>> = all.iter().map(|record| vec![record.clone()]).collect();
    let halves = vec![back[..7].to_vec(), back[7..].to_vec(), all.clone()];
    for files in [vec![all.clone()], vec![back], each, halves] {
        assert_eq!(said(&files), wanted, "{files:?}");
    }
    assert!(said(&[all[1..].to_vec()]).is_empty(), "twenty-nine are not thirty");
}
