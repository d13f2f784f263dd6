//! The function end to end: log events into a subscribed group, the real binary, alerts and metrics read back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "JSON is written where it is passed")]

mod cloud;
mod daily;
mod queue;
mod routes;
mod several;
mod table;

use std::collections::BTreeSet;
use std::io::Write as _;

use serde_json::{Value, json};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cloud::{Cloud, Deployment, FUNCTION_GROUP, GROUP, TABLE, deployed};
use flate2::Compression;
use flate2::write::GzEncoder;
use several::tick;

/// A CloudTrail record of somebody stopping a trail.
fn stop_logging(id: u32) -> String {
    let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now());
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE000000001",
            "arn": "arn:aws:iam::111122223333:user/mallory",
            "accountId": "111122223333",
            "accessKeyId": "AKIAEXAMPLE000000001",
            "userName": "mallory",
        },
        "eventTime": now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.17.0",
        "requestParameters": {"name": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"},
        "responseElements": null,
        "readOnly": false,
        "eventID": format!("00000000-0000-4000-8000-{id:012}"),
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    })
    .to_string()
}

#[track_caller]
fn check_alert(heard: &[Value]) {
    let [envelope] = heard else { panic!("wanted one alert, heard {heard:?}") };
    let alert: Value = serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap();
    assert_eq!(alert["detector"], "trail-tampering");
    assert_eq!(alert["severity"], "critical");
    assert_eq!(alert["subject"]["principal"], "user/mallory");
    assert_eq!(alert["subject"]["account"], "111122223333");
    let attributes = &envelope["MessageAttributes"];
    assert_eq!(attributes["severity"]["Value"], "critical");
    assert_eq!(attributes["detector"]["Value"], "trail-tampering");
    let subject = envelope["Subject"].as_str().unwrap();
    assert!(subject.starts_with("[CRITICAL] 111122223333: user/mallory "), "{subject}");
}

fn findings(cloud: &mut Cloud) -> Option<f64> {
    cloud.metric("Findings", json!([{"Name": "Detector", "Value": "trail-tampering"}]))
}

#[test]
fn a_log_event_becomes_an_alert_and_a_metric() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    cloud.put_logs(GROUP, &[stop_logging(1)]);
    assert_eq!(cloud.endings(), ["response"]);
    check_alert(&cloud.heard());
    assert_eq!(cloud.metric("Events", json!([])), Some(1.0));
    assert_eq!(cloud.metric("Rejects", json!([])), Some(0.0));
    assert!(cloud.metric("Lag", json!([])).is_some_and(|lag| lag < 60.0));
    assert_eq!(findings(&mut cloud), Some(1.0));
    let lines = cloud.lines();
    assert!(lines.contains("read a delivery"), "{lines}");
    for secret in ["mallory", "198.51.100.7", "StopLogging"] {
        assert!(!lines.contains(secret), "{secret} is in the function's own log: {lines}");
    }
}

#[test]
fn the_log_of_a_function_becomes_an_alert() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    let id = "11111111-2222-4333-8444-555555555555";
    cloud.put_logs(
        FUNCTION_GROUP,
        &[
            format!("START RequestId: {id} Version: $LATEST\n"),
            format!("END RequestId: {id}\n"),
            format!(
                "REPORT RequestId: {id}\tDuration: 812.40 ms\tBilled Duration: 813 ms\tMemory Size: 128 MB\t\
             Max Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory\t\n"
            ),
        ],
    );
    let heard = cloud.heard();
    let [envelope] = heard.as_slice() else { panic!("wanted one alert, heard {heard:?}") };
    let alert: Value = serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap();
    assert_eq!(alert["detector"], "function-out-of-memory");
    assert_eq!(alert["subject"]["function"], "checkout");
    assert_eq!(alert["quality"], "instance-only");
    assert_eq!(cloud.metric("Events", json!([])), Some(3.0));
}

#[test]
fn what_was_said_is_not_said_again() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    let record = stop_logging(1);
    for _ in 0..3 {
        cloud.put_logs(GROUP, std::slice::from_ref(&record));
    }
    assert_eq!(cloud.endings(), ["response"; 3]);
    check_alert(&cloud.heard());
    assert_eq!(findings(&mut cloud), Some(1.0));
}

#[test]
fn a_broken_topic_fails_the_invocation_and_its_retry_brings_the_alert() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    cloud.call("harness", "break_action", json!({"action": "Publish"}));
    cloud.put_logs(GROUP, &[stop_logging(1)]);
    assert_eq!(cloud.endings(), ["error"]);
    assert_eq!(cloud.heard(), [] as [Value; 0]);
    assert_eq!(cloud.metric("Events", json!([])), None);
    cloud.call("harness", "mend", json!({}));
    cloud.call("harness", "retry", json!({}));
    assert_eq!(cloud.endings(), ["error", "response"]);
    check_alert(&cloud.heard());
    assert_eq!(findings(&mut cloud), Some(1.0));
}

#[test]
fn without_time_to_send_the_invocation_fails_before_the_platform_ends_it() {
    let Some(mut cloud) = deployed(&Deployment { timeout: 15, ..Deployment::default() }) else { return };
    cloud.put_logs(GROUP, &[stop_logging(1)]);
    assert_eq!(cloud.endings(), ["error"]);
    assert!(cloud.lines().contains("no time was left"), "{}", cloud.lines());
}

#[test]
fn settings_come_with_the_package() {
    let settings = "
        [accounts.111122223333]
        name = 'prod-data'
        env = 'prod'
        [[owner]]
        account = '111122223333'
        team = 'team-data'
        [metrics]
        by = 'severity'
    ";
    let Some(mut cloud) = deployed(&Deployment { settings, ..Deployment::default() }) else { return };
    cloud.put_logs(GROUP, &[stop_logging(1)]);
    let heard = cloud.heard();
    let subject = heard[0]["Subject"].as_str().unwrap();
    assert!(subject.starts_with("[CRITICAL] prod-data: user/mallory "), "{subject}");
    assert_eq!(heard[0]["MessageAttributes"]["env"]["Value"], "prod");
    assert_eq!(heard[0]["MessageAttributes"]["team"]["Value"], "team-data");
    assert_eq!(cloud.metric("Findings", json!([{"Name": "Severity", "Value": "critical"}])), Some(1.0));
}

#[test]
fn a_mistake_in_the_settings_stops_the_function_aloud() {
    let settings = "[metrics]\nbuy = 'severity'\n";
    let Some(mut cloud) = deployed(&Deployment { settings, ..Deployment::default() }) else { return };
    cloud.put_logs(GROUP, &[stop_logging(1)]);
    assert_eq!(cloud.endings(), ["exit"]);
    let lines = cloud.lines();
    assert!(lines.contains("failed to start") && lines.contains("lapwing.toml") && lines.contains("buy"), "{lines}");
}

#[test]
fn broken_metrics_cost_no_alert() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    cloud.call("harness", "break_action", json!({"action": "PutMetricData"}));
    cloud.put_logs(GROUP, &[stop_logging(1)]);
    assert_eq!(cloud.endings(), ["response"]);
    check_alert(&cloud.heard());
    assert_eq!(findings(&mut cloud), None);
    let lines = cloud.lines();
    assert!(lines.contains("metrics were not sent") && lines.contains("failed_since_start"), "{lines}");
}

#[test]
fn the_own_log_group_is_dropped_aloud() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    cloud.put_logs("/aws/lambda/lapwing", &[stop_logging(1)]);
    assert_eq!(cloud.endings(), ["response"]);
    assert_eq!(cloud.heard(), [] as [Value; 0]);
    assert_eq!(cloud.metric("Events", json!([])), None);
    assert!(cloud.lines().contains("own log group"), "{}", cloud.lines());
}

/// The payload that CloudWatch Logs would send for this inner text.
fn payload(inner: &str) -> String {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(inner.as_bytes()).unwrap();
    payload_of(&gzip.finish().unwrap())
}

fn payload_of(gzip: &[u8]) -> String {
    json!({"awslogs": {"data": BASE64_STANDARD.encode(gzip)}}).to_string()
}

/// A delivery with these log events.
fn delivery(events: &Value) -> Value {
    json!({
        "messageType": "DATA_MESSAGE",
        "owner": "111122223333",
        "logGroup": GROUP,
        "logStream": "111122223333_CloudTrail_eu-west-1",
        "subscriptionFilters": ["lapwing"],
        "logEvents": events,
    })
}

#[test]
fn no_payload_fails_the_invocation() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    let id = "0".repeat(56);
    let whole = delivery(&json!([{"id": id, "timestamp": 1_772_503_800_000_u64, "message": stop_logging(1)}]));
    let mut cut_gzip = GzEncoder::new(Vec::new(), Compression::default());
    cut_gzip.write_all(whole.to_string().as_bytes()).unwrap();
    let cut_gzip = cut_gzip.finish().unwrap();
    let strange: Vec<String> = vec![
        "{}".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "\"text\"".to_owned(),
        "1e999".to_owned(),
        json!({"awslogs": {}}).to_string(),
        json!({"awslogs": {"data": 7}}).to_string(),
        json!({"awslogs": {"data": "%%%"}}).to_string(),
        payload_of(b"not gzip"),
        payload_of(&cut_gzip[..cut_gzip.len() / 2]),
        payload(""),
        payload("not JSON"),
        payload(&whole.to_string()[..200]),
        payload(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
        payload(&delivery(&json!("none")).to_string()),
        payload(&delivery(&json!([7, null, {}, {"id": 7, "timestamp": "now", "message": {"a": 1}}])).to_string()),
    ];
    for payload in &strange {
        let (answer, failed) = cloud.invoke(payload);
        let shown: String = payload.chars().take(80).collect();
        assert!(!failed, "{shown}: {answer}");
        let count = |name: &str| answer[name].as_u64().unwrap_or_else(|| panic!("{shown}: no {name} in {answer}"));
        assert_eq!(count("events") + count("rejects"), count("records"), "{shown}: {answer}");
        assert_eq!(count("alerts"), 0, "{shown}: {answer}");
    }
    let (answer, _) = cloud.invoke(&payload(&whole.to_string()));
    assert_eq!((&answer["records"], &answer["alerts"]), (&json!(1), &json!(1)), "the function still works");
}

#[test]
fn a_bad_record_costs_its_neighbours_nothing() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    let mut bad: Value = serde_json::from_str(&stop_logging(2)).unwrap();
    bad["eventTime"] = json!("yesterday");
    cloud.put_logs(GROUP, &[bad.to_string(), stop_logging(1)]);
    assert_eq!(cloud.endings(), ["response"]);
    check_alert(&cloud.heard());
    assert_eq!(cloud.metric("Rejects", json!([])), Some(1.0));
    assert_eq!(cloud.metric("Events", json!([])), Some(1.0));
    assert!(!cloud.lines().contains("yesterday"), "{}", cloud.lines());
}

#[test]
fn a_control_message_is_no_record() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    let control = json!({
        "messageType": "CONTROL_MESSAGE",
        "owner": "CloudwatchLogs",
        "logGroup": "",
        "logStream": "",
        "subscriptionFilters": [],
        "logEvents": [{
            "id": "",
            "timestamp": 1_772_503_800_000_u64,
            "message": "CWL CONTROL MESSAGE: Checking health of destination Kinesis stream.",
        }],
    });
    let (answer, failed) = cloud.invoke(&payload(&control.to_string()));
    assert!(!failed, "{answer}");
    assert_eq!((&answer["records"], &answer["rejects"]), (&json!(0), &json!(0)), "{answer}");
}

#[test]
fn the_role_allows_what_the_function_does_and_no_more() {
    let Some(mut cloud) = deployed(&Deployment { shared: true, ..Deployment::default() }) else { return };
    cloud.put_logs(GROUP, &[stop_logging(1)]);
    cloud.invoke(&tick());
    let calls = cloud.call("harness", "calls", json!({}));
    let calls = calls.as_array().unwrap();
    let called: BTreeSet<&str> = calls.iter().map(|c| c["action"].as_str().unwrap()).collect();
    assert_eq!(called, BTreeSet::from(["Publish", "PutItem", "PutMetricData", "Query"]), "{calls:?}");
    let is_state = |call: &&Value| ["PutItem", "Query"].contains(&call["action"].as_str().unwrap());
    assert!(calls.iter().filter(is_state).all(|call| call["resource"] == TABLE), "{calls:?}");
    let role = cloud.call("harness", "role", json!({}));
    let allowed: Vec<String> =
        role.as_array().unwrap().iter().map(|s| format!("{} on {}", s["actions"], s["resource"])).collect();
    assert_eq!(
        allowed,
        [
            r#"["sns:Publish"] on {"Ref":"Alerts"}"#,
            // Only where the settings name further topics.
            r#"["sns:Publish"] on {"Ref":"ExtraTopicArns"}"#,
            r#"["cloudwatch:PutMetricData"] on "*""#,
            r#"["dynamodb:Query","dynamodb:PutItem"] on {"Fn::GetAtt":["State","Arn"]}"#,
            // What the platform does in the function's name: its log, and payloads that failed for good.
            r#"["logs:CreateLogStream","logs:PutLogEvents"] on {"Fn::GetAtt":["OwnLogGroup","Arn"]}"#,
            r#"["sqs:SendMessage"] on {"Fn::GetAtt":["Failures","Arn"]}"#,
            // Only where a bucket, a queue or a stream is read.
            r#"["s3:GetObject","s3:GetObjectVersion"] on {"Fn::Sub":"arn:${AWS::Partition}:s3:::${LogBucket}/*"}"#,
            r#"["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"] on {"Fn::GetAtt":["Objects","Arn"]}"#,
            r#"["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"] on {"Ref":"QueueArn"}"#,
            r#"["kinesis:DescribeStream","kinesis:DescribeStreamSummary","kinesis:GetRecords","kinesis:GetShardIterator","kinesis:ListShards"] on {"Ref":"StreamArn"}"#,
            r#"["kms:Decrypt"] on {"Ref":"SourceKmsKeyArn"}"#,
            // Only with a key of one's own.
            r#"["kms:Decrypt","kms:GenerateDataKey"] on {"Ref":"KmsKeyArn"}"#,
        ]
    );
}

#[test]
fn the_template_sets_only_what_is_known() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    let known: BTreeSet<&str> = lapwing::settings::VARIABLES.iter().map(|(name, _)| *name).collect();
    let set = cloud.call("harness", "variables", json!({}));
    for name in set.as_array().unwrap() {
        assert!(known.contains(name.as_str().unwrap()), "{name} is none of {known:?}");
    }
    assert!(!set.as_array().unwrap().is_empty());
}
