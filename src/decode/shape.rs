//! What an object is, told by its members' names, before it is parsed.

use super::refusal::Refusal;
use super::scan::{Members, byte, gap};

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A CloudTrail record.
    Record,
    /// A CloudTrail log file: an object with `Records`.
    LogFile,
    /// An EventBridge event with a `detail`.
    Bridge,
    /// `LookupEvents` output: an object with `Events`.
    Lookup,
    /// One of the `Events` of `LookupEvents`.
    LookupEvent,
    /// A subscription payload: an object with `logEvents`.
    Envelope,
    /// A subscription payload as the Lambda function receives it: packed in `awslogs`.
    Packed,
    /// `GetLogEvents` or `FilterLogEvents` output: an object with `events`.
    LogEvents,
    /// One of those `events`.
    LogEvent,
    /// Logs Insights results: an object with `results`.
    Results,
    /// A row of those results, as the console exports it.
    Row,
    /// A CloudTrail digest.
    Digest,
    /// A message that something happened elsewhere.
    Notification(&'static str),
    /// Something else.
    Stranger,
}

/// What the object that begins at `at` is. Reads only as far as the first name that tells.
pub(super) fn of(text: &str, at: usize) -> Shape {
    let mut members = Members::new(text, at);
    while let Some(member) = members.next() {
        if let Some(shape) = told_by(member.key, byte(text, member.value)) {
            return shape;
        }
        members.skip(&member);
    }
    Shape::Stranger
}

fn told_by(key: &str, value: Option<u8>) -> Option<Shape> {
    let array = value == Some(b'[');
    Some(match key {
        "eventVersion"
        | "eventTime"
        | "eventID"
        | "eventSource"
        | "eventName"
        | "eventType"
        | "eventCategory"
        | "userIdentity"
        | "sourceIPAddress"
        | "userAgent"
        | "recipientAccountId"
        | "requestParameters"
        | "responseElements"
        | "additionalEventData"
        | "sharedEventID"
        | "managementEvent"
        | "insightDetails"
        | "timeWindow" => Shape::Record,
        "Records" if array => Shape::LogFile,
        "detail-type" | "detail" => Shape::Bridge,
        "Events" if array => Shape::Lookup,
        "CloudTrailEvent" => Shape::LookupEvent,
        "logEvents" | "messageType" | "logGroup" | "subscriptionFilters" => Shape::Envelope,
        "awslogs" => Shape::Packed,
        "events" if array => Shape::LogEvents,
        "ingestionTime" | "logStreamName" => Shape::LogEvent,
        "results" if array => Shape::Results,
        "@timestamp" | "@message" | "@ptr" => Shape::Row,
        "digestS3Object" | "digestStartTime" | "digestEndTime" | "digestS3Bucket" => Shape::Digest,
        "Sns" | "EventSubscriptionArn" => Shape::Notification("an SNS message"),
        "receiptHandle" => Shape::Notification("an SQS message"),
        "kinesis" => Shape::Notification("a Kinesis message"),
        "alarmData" | "alarmArn" | "AlarmName" => Shape::Notification("a CloudWatch alarm"),
        _ => return None,
    })
}

/// Is the array that begins at `at` a row of Logs Insights results: cells with a field and a value?
pub(super) fn is_row(text: &str, at: usize) -> bool {
    let cell = gap(text, at + 1);
    let first = (byte(text, cell) == Some(b'{')).then(|| Members::new(text, cell).next()).flatten();
    first.is_some_and(|member| matches!(member.key, "field" | "value"))
}

/// The notification that a record with a source such as `aws:s3` is part of.
pub(super) fn notification(source: &str) -> Option<Refusal> {
    let whose = match source.strip_prefix("aws:")? {
        "s3" => "an S3 notification",
        "sqs" => "an SQS message",
        "sns" => "an SNS message",
        "kinesis" => "a Kinesis message",
        _ => "a notification",
    };
    Some(Refusal::Notification { whose })
}

/// An object that we do not know, in words: its first members.
pub(super) fn describe(text: &str, at: usize) -> String {
    const NAMED: usize = 5;
    let mut members = Members::new(text, at);
    let mut names = Vec::new();
    while let Some(member) = members.next() {
        if names.len() == NAMED {
            names.push("…".to_owned());
            break;
        }
        names.push(format!("`{}`", super::cloudtrail::start_of(member.key).escape_debug()));
        members.skip(&member);
    }
    match names.len() {
        0 => "a JSON object without members".to_owned(),
        _ => format!("a JSON object with {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_that_tells() {
        let check = |json: &str, expected: Shape| assert_eq!(of(json, 0), expected, "{json}");
        check(r#"{"eventVersion":"1.08""#, Shape::Record);
        check(r#"{"awsRegion":"eu-west-1","apiVersion":null,"eventID":1}"#, Shape::Record);
        check(r#"{"Records":[]}"#, Shape::LogFile);
        check(r#"{"Records":null}"#, Shape::Stranger);
        check(
            r#"{"version":"0","id":"x","resources":[{"eventID":1}],"detail":{"eventVersion":"1.08"}}"#,
            Shape::Bridge,
        );
        check(r#"{"EventId":"x","Resources":[],"CloudTrailEvent":"{}"}"#, Shape::LookupEvent);
        check(r#"{"nextToken":"x","Events":[]}"#, Shape::Lookup);
        check(r#"{"owner":"111122223333","logEvents":[]}"#, Shape::Envelope);
        check(r#"{"awslogs":{"data":""}}"#, Shape::Packed);
        check(r#"{"events":[],"searchedLogStreams":[]}"#, Shape::LogEvents);
        check(r#"{"timestamp":1,"message":"m","ingestionTime":2}"#, Shape::LogEvent);
        check(r#"{"status":"Complete","results":[]}"#, Shape::Results);
        check(r#"{"@timestamp":"2026-01-02 03:04:05.678"}"#, Shape::Row);
        check(r#"{"awsAccountId":"111122223333","digestStartTime":"x"}"#, Shape::Digest);
        check(r#"{"EventVersion":"1.0","Sns":{}}"#, Shape::Notification("an SNS message"));
        check(r#"{"hello":{"eventID":1}}"#, Shape::Stranger);
        check("{", Shape::Stranger);
    }

    #[test]
    fn strangers_are_described() {
        let check = |json: &str, expected: &str| assert_eq!(describe(json, 0), expected);
        check("{}", "a JSON object without members");
        check(r#"{"a":1,"b\u001b":{"c":2}}"#, r"a JSON object with `a`, `b\\u001b`");
        check(r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}"#, "a JSON object with `a`, `b`, `c`, `d`, `e`, …");
    }
}
