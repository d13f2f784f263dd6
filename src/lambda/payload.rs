//! What an invocation brings: messages that AWS repeats one by one or all together, and in them logs, or the names of
//! objects that hold some. Containers are recognised by looking, whatever the function is said to be called by:
//!
//! | from | a message is |
//! |---|---|
//! | a subscription of CloudWatch Logs, a rule of EventBridge | the payload |
//! | S3, SNS | the payload, which may name several objects |
//! | SQS | an SQS message: an event, a subscription payload, or the notification of an object |
//! | Kinesis | a record: what a subscription wrote to the stream, or an event |
//!
//! Notifications are those of S3, of a trail's topic, and S3's events of EventBridge, each also within SNS.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::subscription::{self, INFLATED};
use crate::decode::gzip::{Inflater, is_gzip};

/// What is in what is in …: an S3 notification in an SNS message in an SQS message is three deep.
const DEPTH: u8 = 4;

/// What an invocation brings.
#[derive(Debug, PartialEq, Eq)]
pub struct Payload<'a> {
    /// What may come again.
    pub repeats: Repeats,
    /// In the order in which they came.
    pub messages: Vec<Message<'a>>,
}

/// What AWS delivers again when something fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// The payload as a whole.
    All,
    /// Those messages that are named as failed (SQS).
    Each,
    /// The message that is named as failed, and all after it (Kinesis).
    From,
}

/// Something that AWS delivers, and delivers again.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Message<'a> {
    /// Its name, where it can fail by itself: the id of an SQS message, the sequence number of a Kinesis record.
    pub id: Cow<'a, str>,
    /// What is in it; nothing in one that only says that somebody is there.
    pub parts: Vec<Part<'a>>,
}

/// What is in a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Logs, or what decoding will refuse.
    Logs {
        /// The bytes, inflated.
        bytes: Cow<'a, [u8]>,
        /// The log group that they come from; empty when they do not say.
        group: String,
    },
    /// The name of an object with logs in it.
    Object(Object),
}

/// An object of S3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its version, in buckets that have versions.
    pub version: Option<String>,
}

impl Object {
    /// Digests are made of the log files that the function gets anyway.
    fn is_digest(&self) -> bool {
        self.key.contains("/CloudTrail-Digest/")
    }
}

/// Opens a payload. What is not recognised stays as it is: decoding says what is wrong with it.
#[must_use]
pub fn open(payload: &[u8]) -> Payload<'_> {
    if let Some(records) = records(payload) {
        let source = records.first().map(|record| record.source.as_ref()).unwrap_or_default();
        let repeats = match source {
            "aws:sqs" => Some(Repeats::Each),
            "aws:kinesis" => Some(Repeats::From),
            _ => None,
        };
        if let Some(repeats) = repeats {
            return Payload { repeats, messages: records.into_iter().map(message).collect() };
        }
    }
    let message = Message { id: Cow::default(), parts: parts(Cow::Borrowed(payload), 0) };
    Payload { repeats: Repeats::All, messages: vec![message] }
}

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<&'a RawValue>,
}

/// One of the records that a service of AWS hands over. Of an unreadable one nothing but its text is known.
#[derive(Default, Deserialize)]
struct Record<'a> {
    #[serde(borrow, default, rename = "eventSource", alias = "EventSource")]
    source: Cow<'a, str>,
    #[serde(borrow, default, rename = "eventName")]
    name: Cow<'a, str>,
    #[serde(borrow, default, rename = "messageId")]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    body: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    kinesis: Option<Streamed<'a>>,
    #[serde(borrow, default, rename = "Sns")]
    sns: Option<Enveloped<'a>>,
    #[serde(default)]
    s3: Option<Stored>,
    #[serde(skip)]
    text: &'a str,
}

#[derive(Deserialize)]
struct Streamed<'a> {
    #[serde(borrow, rename = "sequenceNumber")]
    number: Cow<'a, str>,
    #[serde(borrow)]
    data: Cow<'a, str>,
}

/// What SNS puts round a message.
#[derive(Deserialize)]
struct Enveloped<'a> {
    #[serde(borrow, rename = "Message")]
    message: Cow<'a, str>,
}

/// What S3 says of an object; its events of EventBridge say the same, but leave keys as they are.
#[derive(Deserialize)]
struct Stored {
    bucket: Bucket,
    object: Key,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Key {
    key: String,
    #[serde(default, rename = "versionId", alias = "version-id")]
    version: Option<String>,
}

impl Stored {
    fn object(self) -> Object {
        Object { bucket: self.bucket.name, key: self.object.key, version: self.object.version }
    }
}

/// What a trail tells its topic: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html>.
#[derive(Deserialize)]
struct Delivered {
    #[serde(rename = "s3Bucket")]
    bucket: String,
    #[serde(rename = "s3ObjectKey")]
    keys: Vec<String>,
}

/// S3's event of EventBridge.
#[derive(Deserialize)]
struct Created<'a> {
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Cow<'a, str>,
    detail: Stored,
}

/// What S3 sends once when notifications are set up.
#[derive(Deserialize)]
struct Greeting<'a> {
    #[serde(borrow, rename = "Event")]
    event: Cow<'a, str>,
}

/// The records of a service of AWS; nothing where it is anything else, such as a log file of CloudTrail.
fn records(text: &[u8]) -> Option<Vec<Record<'_>>> {
    let batch: Batch<'_> = serde_json::from_slice(text).ok()?;
    let records: Vec<Record<'_>> = batch.records.iter().map(|record| read(record.get())).collect();
    records.first().filter(|record| record.source.starts_with("aws:"))?;
    Some(records)
}

/// A record; of an unreadable one, where it comes from and what it is called.
fn read(text: &str) -> Record<'_> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, rename = "eventSource", alias = "EventSource")]
        source: Cow<'a, str>,
        #[serde(borrow, default, rename = "messageId")]
        id: Cow<'a, str>,
    }
    let read: Result<Record<'_>, _> = serde_json::from_str(text);
    let record = read.or_else(|_| {
        let named: Named<'_> = serde_json::from_str(text)?;
        Ok::<_, serde_json::Error>(Record { source: named.source, id: named.id, ..Record::default() })
    });
    Record { text, ..record.unwrap_or_default() }
}

/// A message of a queue or a stream.
fn message(record: Record<'_>) -> Message<'_> {
    if let Some(Streamed { number, data }) = record.kinesis {
        let packed = BASE64_STANDARD.decode(data.as_bytes()).unwrap_or_else(|_| data.into_owned().into_bytes());
        return Message { id: number, parts: parts(Cow::Owned(packed), 1) };
    }
    let body = record.body.unwrap_or(Cow::Borrowed(record.text));
    Message { id: record.id, parts: parts(bytes_of(body), 1) }
}

fn bytes_of(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// What is in a text, which may be packed.
fn parts(text: Cow<'_, [u8]>, depth: u8) -> Vec<Part<'_>> {
    let mut inflated = Vec::new();
    let text = match is_gzip(&text) && Inflater::new().inflate(&text, &mut inflated, INFLATED).is_ok() {
        true => Cow::Owned(inflated),
        false => text,
    };
    if depth < DEPTH
        && let Some(named) = named(&text, depth)
    {
        return named;
    }
    let opened = match &text {
        Cow::Borrowed(text) => subscription::open(text),
        Cow::Owned(text) => subscription::open(text).into_owned(),
    };
    vec![Part::Logs { bytes: opened.bytes, group: opened.group }]
}

/// What a notification names; nothing where it is none.
fn named(text: &[u8], depth: u8) -> Option<Vec<Part<'static>>> {
    if let Some(records) = records(text) {
        return Some(records.into_iter().flat_map(|record| told(record, depth)).collect());
    }
    if let Ok(Delivered { bucket, keys }) = serde_json::from_slice(text) {
        return Some(objects(keys.into_iter().map(|key| Object { bucket: bucket.clone(), key, version: None })));
    }
    if let Ok(Enveloped { message }) = serde_json::from_slice(text) {
        return Some(parts(Cow::Owned(message.into_owned().into_bytes()), depth + 1));
    }
    if let Ok(Created { source, detail_type, detail }) = serde_json::from_slice(text)
        && source == "aws.s3"
    {
        return Some(objects((detail_type == "Object Created").then(|| detail.object())));
    }
    let greeting: Option<Greeting<'_>> = serde_json::from_slice(text).ok();
    greeting.filter(|greeting| greeting.event == "s3:TestEvent").map(|_| Vec::new())
}

/// What one record of a notification names; of what no notification can be, its text is refused later.
fn told(record: Record<'_>, depth: u8) -> Vec<Part<'static>> {
    if let Some(Enveloped { message }) = record.sns {
        return parts(Cow::Owned(message.into_owned().into_bytes()), depth + 1);
    }
    match record.s3 {
        Some(stored) if record.name.starts_with("ObjectCreated:") => {
            let object = stored.object();
            objects([Object { key: unescaped(&object.key), ..object }])
        }
        Some(_) => Vec::new(),
        None => vec![Part::Logs { bytes: Cow::Owned(record.text.as_bytes().to_vec()), group: String::new() }],
    }
}

fn objects(all: impl IntoIterator<Item = Object>) -> Vec<Part<'static>> {
    all.into_iter().filter(|object| !object.is_digest()).map(Part::Object).collect()
}

/// A key as S3 writes it in notifications: a form's way, where a plus is a space.
fn unescaped(key: &str) -> String {
    let (mut out, mut rest) = (Vec::with_capacity(key.len()), key.as_bytes());
    while let [byte, after @ ..] = rest {
        let escaped = after.get(..2).filter(|_| *byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(escaped.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests;
