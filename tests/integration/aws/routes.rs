//! The routes beside subscriptions: queues, streams, objects and topics, through the real function.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::cloud::{Cloud, Deployment, deployed};
use super::{check_alert, delivery, stop_logging};

const BUCKET: &str = "trail-bucket";
const KEY: &str = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/03/a=b.json.gz";

fn packed(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

fn bucket(cloud: &mut Cloud) {
    let place = json!({"LocationConstraint": "eu-west-1"});
    cloud.call("s3", "create_bucket", json!({"Bucket": BUCKET, "CreateBucketConfiguration": place}));
}

/// A log file of CloudTrail in the bucket.
fn put(cloud: &mut Cloud, key: &str, bytes: &[u8]) {
    let body = json!({"base64": BASE64_STANDARD.encode(bytes)});
    cloud.call("s3", "put_object", json!({"Bucket": BUCKET, "Key": key, "Body": body}));
}

fn log_file() -> Vec<u8> {
    packed(&format!(r#"{{"Records":[{}]}}"#, stop_logging(1)))
}

/// What S3 says of an object; `=` is escaped in it.
fn notification(bucket: &str, key: &str) -> Value {
    let s3 = json!({"bucket": {"name": bucket}, "object": {"key": key.replace('=', "%3D"), "size": 1}});
    json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}]})
}

fn bridge_event(id: u32) -> String {
    let detail: Value = serde_json::from_str(&stop_logging(id)).unwrap();
    json!({
        "version": "0", "id": "1", "detail-type": "AWS API Call via CloudTrail", "source": "aws.cloudtrail",
        "account": "111122223333", "time": "2026-03-03T02:10:00Z", "region": "eu-west-1", "resources": [], "detail": detail,
    })
    .to_string()
}

fn queued(bodies: &[String]) -> String {
    let message =
        |(n, body): (usize, &String)| json!({"messageId": format!("m{n}"), "body": body, "eventSource": "aws:sqs"});
    json!({"Records": bodies.iter().enumerate().map(message).collect::<Vec<_>>()}).to_string()
}

fn streamed(records: &[Vec<u8>]) -> String {
    let record = |(n, data): (usize, &Vec<u8>)| {
        let kinesis =
            json!({"sequenceNumber": format!("s{n}"), "data": BASE64_STANDARD.encode(data), "partitionKey": "1"});
        json!({"eventSource": "aws:kinesis", "kinesis": kinesis})
    };
    json!({"Records": records.iter().enumerate().map(record).collect::<Vec<_>>()}).to_string()
}

#[test]
fn an_object_is_fetched_and_becomes_an_alert() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    bucket(&mut cloud);
    let function = cloud.call("lambda", "get_function", json!({"FunctionName": "lapwing"}));
    let to = json!({"LambdaFunctionArn": function["Configuration"]["FunctionArn"], "Events": ["s3:ObjectCreated:*"]});
    let configuration = json!({"LambdaFunctionConfigurations": [to]});
    let args = json!({"Bucket": BUCKET, "NotificationConfiguration": configuration});
    cloud.call("s3", "put_bucket_notification_configuration", args);
    put(&mut cloud, KEY, &log_file());
    check_alert(&cloud.heard());
    assert_eq!(cloud.metric("Events", json!([])), Some(1.0));
    // Its version is the same delivery, however it is told of.
    let (answer, failed) = cloud.invoke(&notification(BUCKET, KEY).to_string());
    assert!(!failed, "{answer}");
    assert_eq!((&answer["objects"], &answer["events"], &answer["alerts"]), (&json!(1), &json!(1), &json!(0)));
}

#[test]
fn a_queue_feeds_the_function() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    bucket(&mut cloud);
    put(&mut cloud, KEY, &log_file());
    let queue = cloud.call("sqs", "create_queue", json!({"QueueName": "objects"}))["QueueUrl"].clone();
    let args = json!({"QueueUrl": queue, "AttributeNames": ["QueueArn"]});
    let arn = cloud.call("sqs", "get_queue_attributes", args)["Attributes"]["QueueArn"].clone();
    let mapping = json!({
        "EventSourceArn": arn, "FunctionName": "lapwing", "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    });
    cloud.call("lambda", "create_event_source_mapping", mapping);
    let body = notification(BUCKET, KEY).to_string();
    cloud.call("sqs", "send_message", json!({"QueueUrl": queue, "MessageBody": body}));
    check_alert(&cloud.heard());
    assert_eq!(cloud.endings(), ["response"]);
}

#[test]
fn of_a_queue_only_what_failed_comes_again() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    let missing = notification("no-such-bucket", KEY).to_string();
    let bodies = [bridge_event(1), missing, "no log".to_owned(), bridge_event(2)];
    let (answer, failed) = cloud.invoke(&queued(&bodies));
    assert!(!failed, "{answer}");
    assert_eq!(answer["batchItemFailures"], json!([{"itemIdentifier": "m1"}]));
    assert_eq!((&answer["events"], &answer["rejects"]), (&json!(2), &json!(1)), "{answer}");
    check_alert(&cloud.heard());
    let (answer, _) = cloud.invoke(&queued(&bodies[..1]));
    assert_eq!((answer.get("batchItemFailures"), &answer["alerts"]), (None, &json!(0)), "{answer}");
}

#[test]
fn a_stream_comes_again_from_what_failed() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).timestamp_millis();
    let event = json!([{"id": "0".repeat(56), "timestamp": now, "message": stop_logging(1)}]);
    let subscription = packed(&delivery(&event).to_string());
    let missing = notification("no-such-bucket", KEY).to_string().into_bytes();
    let own = packed(
        &json!({
            "messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "/aws/lambda/lapwing", "logStream": "1",
            "subscriptionFilters": ["all"], "logEvents": event,
        })
        .to_string(),
    );
    let (answer, failed) = cloud.invoke(&streamed(&[own, subscription, missing, bridge_event(2).into_bytes()]));
    assert!(!failed, "{answer}");
    assert_eq!(answer["batchItemFailures"], json!([{"itemIdentifier": "s2"}]));
    assert_eq!(answer["events"], json!(1), "{answer}");
    check_alert(&cloud.heard());
}

#[test]
fn what_is_named_and_cannot_be_read_is_told() {
    let Some(mut cloud) = deployed(&Deployment::default()) else { return };
    bucket(&mut cloud);
    // Nobody can read what is gone: that is a reject, and no reason to be asked again and again.
    let (answer, failed) = cloud.invoke(&notification(BUCKET, "gone.json.gz").to_string());
    assert!(!failed, "{answer}");
    assert_eq!((&answer["records"], &answer["rejects"]), (&json!(1), &json!(1)), "{answer}");
    // 64 MB are a quarter of the function's memory.
    put(&mut cloud, "large.json.gz", &packed(&" ".repeat((64 << 20) + 1)));
    let (answer, failed) = cloud.invoke(&notification(BUCKET, "large.json.gz").to_string());
    assert!(!failed && answer["rejects"].as_u64() >= Some(1), "{answer}");
    assert!(cloud.lines().contains("the most that is read"), "{}", cloud.lines());
    // What S3 does not give fails as a whole where there is nothing smaller to deliver again.
    let (_, failed) = cloud.invoke(&notification("no-such-bucket", KEY).to_string());
    assert!(failed);
}
