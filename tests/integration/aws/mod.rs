//! The function end to end: log events into a subscribed group, the real binary, alerts and metrics read back.

mod cloud;

use serde_json::{Value, json};

use cloud::{Cloud, GROUP, deployed};

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
    let Some(mut cloud) = deployed() else { return };
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
fn a_broken_topic_fails_the_invocation_and_its_retry_brings_the_alert() {
    let Some(mut cloud) = deployed() else { return };
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
fn broken_metrics_cost_no_alert() {
    let Some(mut cloud) = deployed() else { return };
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
    let Some(mut cloud) = deployed() else { return };
    cloud.put_logs("/aws/lambda/lapwing", &[stop_logging(1)]);
    assert_eq!(cloud.endings(), ["response"]);
    assert_eq!(cloud.heard(), [] as [Value; 0]);
    assert_eq!(cloud.metric("Events", json!([])), None);
    assert!(cloud.lines().contains("own log group"), "{}", cloud.lines());
}
