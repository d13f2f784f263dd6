use std::io::Write as _;

use aws_lambda_events::kinesis::KinesisEvent;
use aws_lambda_events::s3::S3Event;
use aws_lambda_events::sns::SnsEvent;
use aws_lambda_events::sqs::SqsEvent;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::*;

/// The parts of all messages in short: text, with the log group if it says one, or where the object is.
fn shown(payload: &Value) -> (Repeats, Vec<(String, Vec<String>)>) {
    let text = payload.to_string();
    let Payload { repeats, messages } = open(text.as_bytes());
    let part = |part: &Part<'_>| match part {
        Part::Logs { bytes, group } if group.is_empty() => String::from_utf8_lossy(bytes).into_owned(),
        Part::Logs { group, .. } => format!("of {group}"),
        Part::Object(Object { bucket, key, version }) => {
            format!("{bucket} / {key}{}", version.as_ref().map(|version| format!(" at {version}")).unwrap_or_default())
        }
    };
    let all = messages.iter().map(|m| (m.id.to_string(), m.parts.iter().map(part).collect()));
    (repeats, all.collect())
}

#[track_caller]
fn check(payload: &Value, repeats: Repeats, wanted: &[(&str, &[&str])]) {
    let wanted: Vec<(String, Vec<String>)> =
        wanted.iter().map(|(id, parts)| ((*id).to_owned(), parts.iter().map(|p| (*p).to_owned()).collect())).collect();
    assert_eq!(shown(payload), (repeats, wanted));
}

fn packed(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

const FROM_A_SUBSCRIPTION: &str = r#"{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"/aws/lambda/pay","logStream":"1","subscriptionFilters":["lapwing"],"logEvents":[]}"#;
const CALL: &str =
    r#"{"detail":{"eventID":"1"},"detail-type":"AWS API Call via CloudTrail","source":"aws.iam","version":"0"}"#;

fn queued(bodies: &[&str]) -> Value {
    let record = |(n, body): (usize, &&str)| {
        json!({
            "messageId": format!("m{n}"), "receiptHandle": "r", "body": body, "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {}, "md5OfBody": "0", "eventSource": "aws:sqs", "awsRegion": "eu-west-1",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:objects",
        })
    };
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

fn stored(objects: &[(&str, &str, Option<&str>)]) -> Value {
    let record = |(name, key, version): &(&str, &str, Option<&str>)| {
        let mut object = json!({"key": key, "size": 1024, "eTag": "0", "sequencer": "0"});
        if let Some(version) = version {
            object["versionId"] = json!(version);
        }
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-west-1", "eventName": name,
            "eventTime": "2026-07-14T02:00:00.000Z", "userIdentity": {"principalId": "AWS:AROAEXAMPLE"},
            "requestParameters": {"sourceIPAddress": "192.0.2.1"}, "responseElements": {},
            "s3": {"s3SchemaVersion": "1.0", "configurationId": "lapwing", "object": object,
                   "bucket": {"name": "trail", "ownerIdentity": {"principalId": "A"}, "arn": "arn:aws:s3:::trail"}},
        })
    };
    json!({"Records": objects.iter().map(record).collect::<Vec<_>>()})
}

fn told(message: &str) -> Value {
    json!({"Records": [{
        "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn:aws:sns:eu-west-1:111122223333:trail:1",
        "Sns": {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:trail",
                "Subject": "s", "Message": message, "Timestamp": "2026-07-14T02:00:00.000Z", "SignatureVersion": "1",
                "Signature": "s", "SigningCertUrl": "https://example.com", "UnsubscribeUrl": "https://example.com",
                "MessageAttributes": {}},
    }]})
}

fn streamed(all: &[&[u8]]) -> Value {
    let record = |(n, data): (usize, &&[u8])| {
        json!({
            "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "1", "sequenceNumber": format!("s{n}"),
                        "data": BASE64_STANDARD.encode(data), "approximateArrivalTimestamp": 1_784_000_000.5},
            "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": format!("shardId-0:s{n}"),
            "eventName": "aws:kinesis:record", "invokeIdentityArn": "arn:aws:iam::111122223333:role/lapwing",
            "awsRegion": "eu-west-1", "eventSourceARN": "arn:aws:kinesis:eu-west-1:111122223333:stream/logs",
        })
    };
    json!({"Records": all.iter().enumerate().map(record).collect::<Vec<_>>()})
}

#[test]
fn what_is_no_batch_is_one_message() {
    let subscription = json!({"awslogs": {"data": BASE64_STANDARD.encode(packed(FROM_A_SUBSCRIPTION))}});
    check(&subscription, Repeats::All, &[("", &["of /aws/lambda/pay"])]);
    check(&serde_json::from_str(CALL).unwrap(), Repeats::All, &[("", &[CALL])]);
    for other in ["{}", "null", "[]", "7", r#"{"Records":[]}"#, r#"{"Records":[{"eventSource":"s3.amazonaws.com"}]}"#] {
        check(&serde_json::from_str(other).unwrap(), Repeats::All, &[("", &[other])]);
    }
}

#[test]
fn a_queue_brings_messages_one_by_one() {
    let notified = stored(&[("ObjectCreated:Put", "a/b.json.gz", None)]).to_string();
    let enveloped = json!({"Type": "Notification", "TopicArn": "t", "Message": notified}).to_string();
    let greeting = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"trail"}"#;
    let subscription = json!({"awslogs": {"data": BASE64_STANDARD.encode(packed(FROM_A_SUBSCRIPTION))}}).to_string();
    let payload = queued(&[CALL, &notified, &enveloped, greeting, &subscription, "no JSON", ""]);
    let object = &["trail / a/b.json.gz"][..];
    let wanted: [(&str, &[&str]); 7] = [
        ("m0", &[CALL]),
        ("m1", object),
        ("m2", object),
        ("m3", &[]),
        ("m4", &["of /aws/lambda/pay"]),
        ("m5", &["no JSON"]),
        ("m6", &[""]),
    ];
    check(&payload, Repeats::Each, &wanted);
    let theirs: SqsEvent = serde_json::from_value(payload).unwrap();
    let ids: Vec<_> = theirs.records.iter().filter_map(|record| record.message_id.as_deref()).collect();
    assert_eq!(ids, wanted.map(|(id, _)| id));
}

#[test]
fn a_stream_brings_records_in_order() {
    let payload = streamed(&[&packed(FROM_A_SUBSCRIPTION), CALL.as_bytes(), &packed(CALL)[..20]]);
    let (repeats, messages) = shown(&payload);
    assert_eq!(repeats, Repeats::From);
    assert_eq!(messages[0], ("s0".to_owned(), vec!["of /aws/lambda/pay".to_owned()]));
    assert_eq!(messages[1], ("s1".to_owned(), vec![CALL.to_owned()]));
    assert_eq!((messages[2].0.as_str(), messages[2].1.len()), ("s2", 1), "what is cut off is left to decoding");
    let theirs: KinesisEvent = serde_json::from_value(payload).unwrap();
    assert_eq!(theirs.records[1].kinesis.data.0, CALL.as_bytes());
}

#[test]
fn notifications_name_objects() {
    let key = "AWSLogs/111122223333/CloudTrail/a+b%3D%C3%A4%2Bc%zz.json.gz";
    let payload = stored(&[
        ("ObjectCreated:Put", key, Some("v7")),
        ("ObjectCreated:CompleteMultipartUpload", "x.json", None),
        ("ObjectRemoved:Delete", "y.json", None),
        ("ObjectCreated:Put", "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/z.json.gz", None),
    ]);
    let named = ["trail / AWSLogs/111122223333/CloudTrail/a b=ä+c%zz.json.gz at v7", "trail / x.json"];
    check(&payload, Repeats::All, &[("", &named)]);
    let theirs: S3Event = serde_json::from_value(payload.clone()).unwrap();
    assert_eq!(theirs.records[0].s3.object.key.as_deref(), Some(key));
    check(&told(&payload.to_string()), Repeats::All, &[("", &named)]);
    let theirs: SnsEvent = serde_json::from_value(told("m")).unwrap();
    assert_eq!(theirs.records[0].sns.message, "m");
    let of_a_trail = r#"{"s3Bucket":"trail","s3ObjectKey":["a+b.json.gz","c.json.gz"]}"#;
    check(&told(of_a_trail), Repeats::All, &[("", &["trail / a+b.json.gz", "trail / c.json.gz"])]);
    let created = |kind: &str| {
        json!({
            "version": "0", "id": "1", "detail-type": kind, "source": "aws.s3", "account": "111122223333",
            "time": "2026-07-14T02:00:00Z", "region": "eu-west-1", "resources": ["arn:aws:s3:::trail"],
            "detail": {"version": "0", "bucket": {"name": "trail"}, "reason": "PutObject",
                       "object": {"key": "a+b.json.gz", "size": 1, "version-id": "v1"}},
        })
    };
    check(&created("Object Created"), Repeats::All, &[("", &["trail / a+b.json.gz at v1"])]);
    check(&created("Object Deleted"), Repeats::All, &[("", &[])]);
}

#[test]
fn nothing_that_is_strange_breaks_a_batch() {
    let mut payload = queued(&[CALL, CALL]);
    payload["Records"][0] = json!({"eventSource": "aws:sqs", "messageId": "m0", "body": {"no": "text"}});
    let (repeats, messages) = shown(&payload);
    assert_eq!((repeats, messages.len()), (Repeats::Each, 2));
    assert_eq!(messages[1], ("m1".to_owned(), vec![CALL.to_owned()]));
    // An envelope round an envelope, and so on: only so many are opened.
    let mut text = "x".to_owned();
    for _ in 0..10 {
        text = json!({"Message": text}).to_string();
    }
    let (_, messages) = shown(&queued(&[&text]));
    assert!(messages[0].1[0].starts_with(r#"{"Message":"#), "{messages:?}");
    let records = json!({"Records": [{"eventSource": "aws:s3", "s3": 7}, {"eventSource": "aws:sqs"}, 7]});
    assert_eq!(shown(&records).1[0].1.len(), 3, "each is left to decoding");
}
