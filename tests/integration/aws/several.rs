//! The function with a table: many instances, one after the other and at once, know what all of them know.

use serde_json::{Value, json};

use super::cloud::{Cloud, Deployment, GROUP, deployed};
use super::{check_alert, delivery, payload, stop_logging};

/// Refusals that make an alert in these tests.
const ENOUGH: u32 = 40;
const SETTINGS: &str = "[detectors.denied-burst]\ncount = 40\n";

fn sharing(settings: &'static str) -> Option<Cloud> {
    deployed(&Deployment { settings, shared: true, ..Deployment::default() })
}

/// What the schedule sends.
pub(super) fn tick() -> String {
    json!({
        "version": "0", "id": "00000000-0000-4000-8000-000000000000", "detail-type": "Scheduled Event",
        "source": "aws.events", "account": "111122223333", "time": "2026-03-03T02:10:00Z", "region": "eu-west-1",
        "resources": ["arn:aws:events:eu-west-1:111122223333:rule/lapwing-Tick"], "detail": {},
    })
    .to_string()
}

/// A CloudTrail record of a refused call, the `number`th of this user: one of four APIs.
fn refused(user: &str, number: u32) -> String {
    let mut record: Value = serde_json::from_str(&stop_logging(number)).unwrap();
    record["eventID"] = json!(format!("{user}-{number}"));
    record["eventSource"] = json!("s3.amazonaws.com");
    record["eventName"] = json!(["ListBuckets", "GetBucketAcl", "GetBucketPolicy", "ListObjects"][number as usize % 4]);
    record["errorCode"] = json!("AccessDenied");
    record["userIdentity"]["userName"] = json!(user);
    record["userIdentity"]["principalId"] = json!(format!("AIDAEXAMPLE{user}"));
    record["userIdentity"]["arn"] = json!(format!("arn:aws:iam::111122223333:user/{user}"));
    record["requestParameters"] = json!(null);
    record.to_string()
}

/// Deliveries of ten records each: as many refusals as make an alert by ann, and one fewer by bob.
fn deliveries() -> Vec<String> {
    let records: Vec<String> =
        (0..ENOUGH).map(|n| refused("ann", n)).chain((1..ENOUGH).map(|n| refused("bob", n))).collect();
    let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).timestamp_millis();
    let of = |(part, records): (usize, &[String])| {
        let event = |(n, text): (usize, &String)| json!({"id": format!("{:056}", part * 100 + n), "timestamp": now, "message": text});
        payload(&delivery(&records.iter().enumerate().map(event).collect()).to_string())
    };
    records.chunks(10).enumerate().map(of).collect()
}

#[test]
fn a_new_instance_does_not_repeat_what_the_last_one_said() {
    let Some(mut cloud) = sharing("") else { return };
    cloud.put_logs(GROUP, &[stop_logging(1)]);
    let heard = cloud.heard();
    check_alert(&heard);
    let alert: Value = serde_json::from_str(heard[0]["Message"].as_str().unwrap()).unwrap();
    assert_ne!(alert["quality"], "instance-only");
    cloud.call("harness", "replace", json!({}));
    cloud.put_logs(GROUP, &[stop_logging(1)]);
    assert_eq!(cloud.endings(), ["response"; 2]);
    assert_eq!(cloud.heard(), [] as [Value; 0]);
}

/// A tick sends it when the time of the instance that has it is over, which is longer than a test should take: see the
/// simulation.
#[test]
fn an_alert_that_could_not_be_sent_needs_no_second_delivery() {
    let Some(mut cloud) = sharing("") else { return };
    cloud.call("harness", "break_action", json!({"action": "Publish"}));
    cloud.put_logs(GROUP, &[stop_logging(1)]);
    assert_eq!(cloud.endings(), ["response"]);
    assert_eq!(cloud.heard(), [] as [Value; 0]);
    assert!(cloud.lines().contains("it stays in the outbox"), "{}", cloud.lines());
    cloud.call("harness", "mend", json!({}));
    let (answer, failed) = cloud.invoke(&tick());
    assert!(!failed && answer["tick"] == true, "{answer}");
}

#[test]
fn a_broken_table_fails_the_invocation_and_its_retry_counts_once() {
    let Some(mut cloud) = sharing("") else { return };
    cloud.call("harness", "break_action", json!({"action": "PutItem"}));
    cloud.put_logs(GROUP, &[stop_logging(1)]);
    assert_eq!(cloud.endings(), ["error"]);
    assert!(cloud.lines().contains("state failed"), "{}", cloud.lines());
    cloud.call("harness", "mend", json!({}));
    cloud.call("harness", "retry", json!({}));
    assert_eq!(cloud.endings(), ["error", "response"]);
    check_alert(&cloud.heard());
}

/// Brings every delivery twice, at the same time, to whichever instance is free, and returns how many invocations failed.
fn deliver_twice(cloud: &mut Cloud) -> u64 {
    let twice: Vec<String> = deliveries().into_iter().flat_map(|payload| [payload.clone(), payload]).collect();
    let ran = cloud.call("harness", "at_once", json!({"function": "lapwing", "payloads": twice}));
    for answer in ran["answers"].as_array().unwrap() {
        assert!(answer["records"].as_u64().is_some_and(|n| n >= 9), "{answer}");
    }
    assert!(ran["instances"].as_u64().is_some_and(|n| n > 1), "{}", ran["instances"]);
    ran["failed"].as_u64().unwrap()
}

/// No refusal was lost, or ann would not have enough; none counts twice, or bob would, and ann's APIs would have more
/// calls.
#[track_caller]
fn check_counts(envelope: &Value) {
    let alert: Value = serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap();
    assert_eq!((&alert["detector"], &alert["subject"]["principal"]), (&json!("denied-burst"), &json!("user/ann")));
    assert_eq!(alert["seen"], ENOUGH);
    let counts: u64 = alert["top"].as_array().unwrap().iter().map(|top| top["count"].as_u64().unwrap()).sum();
    assert_eq!(counts, u64::from(ENOUGH), "{}", alert["top"]);
}

#[test]
fn instances_at_once_count_together_and_each_call_once() {
    let Some(mut cloud) = sharing(SETTINGS) else { return };
    assert_eq!(deliver_twice(&mut cloud), 0);
    let heard = cloud.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    check_counts(&heard[0]);
}

/// A table that is reached badly delays and repeats, but changes no count. An alert that was sent may be sent again
/// where that it was sent could not be noted.
#[test]
fn a_bad_line_to_the_table_changes_no_count() {
    let Some(mut cloud) = sharing(SETTINGS) else { return };
    cloud.call("harness", "bad_line", json!({"share": 0.08, "seed": 7}));
    deliver_twice(&mut cloud);
    let heard = cloud.heard();
    assert!(!heard.is_empty());
    heard.iter().for_each(check_counts);
    let fates = cloud.call("harness", "fates", json!({}));
    for fate in ["error-when-done", "reset-when-done"] {
        assert!(fates[fate].as_u64().is_some_and(|n| n > 0), "no request met {fate}: {fates}");
    }
}
