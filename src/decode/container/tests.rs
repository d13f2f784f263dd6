//! Containers, whole and damaged: each case says what every record became.

use std::io::Write;

use base64::prelude::*;
use flate2::{Compression, write::GzEncoder};
use lapwing_detectors::event::{Event, What};

use crate::decode::{Decoded, Origin, Refusal, Reject, Sink, decode};

/// Calls as id, time, account and API; log lines as id, time, account, function and stream; rejects as they read.
#[derive(Default)]
struct Seen(Vec<String>);

impl Sink for Seen {
    fn event(&mut self, event: &Event<'_>) {
        let time = event.time.format("%H:%M:%S");
        self.0.push(match event.what {
            What::Call(call) => format!("{} {time} {} {}", event.id, event.account, call.name),
            What::Log(log) => {
                let region = if event.region.is_empty() { String::new() } else { format!("/{}", event.region) };
                format!("{} {time} {}{region} {} {}", event.id, event.account, log.function, log.stream)
            }
        });
    }

    fn reject(&mut self, reject: Reject) {
        self.0.push(format!("reject {}: {}", reject.record, reject.what));
    }
}

fn read(text: impl AsRef<[u8]>) -> (Vec<String>, Result<Decoded, Refusal>) {
    let mut seen = Seen::default();
    let origin = Origin { account: "999900001111", ..Origin::default() };
    let decoded = decode(text.as_ref(), &origin, &mut seen);
    let counted = decoded.as_ref().map_or(0, |found| found.records);
    assert_eq!(counted, seen.0.len() as u64, "every record is seen once");
    (seen.0, decoded)
}

fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
    let (seen, decoded) = read(&text);
    assert_eq!(seen, expected, "{} {decoded:?}", String::from_utf8_lossy(text.as_ref()));
}

fn record(id: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventTime":"2026-01-02T03:04:05Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","eventID":"{id}","recipientAccountId":"111122223333"}}"#
    )
}

fn seen(id: &str) -> String {
    format!("{id} 03:04:05 111122223333 GetObject")
}

/// A string in JSON.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn packed(text: &str) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, BASE64_STANDARD.encode(encoder.finish().unwrap()))
}

fn envelope(group: &str, messages: &[&str]) -> String {
    let events: Vec<_> = messages
        .iter()
        .enumerate()
        .map(|(n, message)| {
            format!(r#"{{"id":"{n}","timestamp":1767323045678,"message":{},"extractedFields":{{}}}}"#, quoted(message))
        })
        .collect();
    format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"444455556666","logGroup":"{group}","logStream":"s","logEvents":[{}],"policyLevel":"x"}}"#,
        events.join(",")
    )
}

#[test]
fn every_container_of_records() {
    let (a, b) = (record("a"), record("b"));
    let both = [&*seen("a"), &*seen("b")];
    check(format!(r#"{{"Records":[{a},{b}]}}"#), &both);
    check(format!(r#"{{"x":{{"Records":[1]}},"Records":[{a},{b}],"y":[{{}}]}}"#), &both);
    check(format!("[{a},\n {b}]"), &both);
    check(format!("{a}\n{b}\n"), &both);
    check(format!("{a}{b}"), &both);
    check(format!("\u{feff}{{\"Records\":[{a}]}}{{\"Records\":[{b}]}}"), &both);
    let detail =
        |record: &str| format!(r#"{{"version":"0","account":"777788889999","region":"eu-west-1","detail":{record}}}"#);
    check(detail(&a), &both[..1]);
    check(format!("[{},{}]", detail(&a), detail(&b)), &both);
    check(format!("{}\n{}", detail(&a), detail(&b)), &both);
    let looked_up = |record: &str| format!(r#"{{"EventId":"x","Resources":[],"CloudTrailEvent":{}}}"#, quoted(record));
    check(format!(r#"{{"Events":[{},{}],"NextToken":"t"}}"#, looked_up(&a), looked_up(&b)), &both);
    check(format!("{}\n{}", looked_up(&a), looked_up(&b)), &both);
}

#[test]
fn utf_16_and_broken_utf_8() {
    let wide = |order: fn(u16) -> [u8; 2]| {
        "\u{feff}".encode_utf16().chain(record("a").encode_utf16()).flat_map(order).collect::<Vec<u8>>()
    };
    check(wide(u16::to_le_bytes), &[&seen("a")]);
    check(wide(u16::to_be_bytes), &[&seen("a")]);
    let mut bytes = format!("[{},{}]", record("a~"), record("b")).into_bytes();
    let tilde = bytes.iter().position(|&b| b == b'~').unwrap();
    bytes[tilde] = 0xff;
    check(bytes, &[&seen("a\u{fffd}"), &seen("b")]);
}

#[test]
fn nothing_is_no_record() {
    for text in ["", " \n", "[]", r#"{"Records":[]}"#, "\u{feff}", r#"{"results":[],"status":"Complete"}"#] {
        check(text, &[]);
    }
    let (_, decoded) = read(
        r#"{"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE"}]}"#,
    );
    assert_eq!(decoded.unwrap().control, 1);
    let (_, decoded) =
        read(r#"{"awsAccountId":"111122223333","digestStartTime":"2026-01-02T03:04:05Z","logFiles":[]}"#);
    assert_eq!(decoded.unwrap().digests, 1);
}

#[test]
fn subscription_payloads() {
    let log = |n: u32| format!("{n} 03:04:05 444455556666 checkout s");
    let lambda = envelope("/aws/lambda/checkout", &["START RequestId: 1", "END RequestId: 1"]);
    check(&lambda, &[&log(0), &log(1)]);
    check(packed(&lambda), &[&log(0), &log(1)]);
    check(format!("[{},{}]", packed(&lambda), lambda), &[&log(0), &log(1), &log(0), &log(1)]);
    check(format!("{lambda}{lambda}"), &[&log(0), &log(1), &log(0), &log(1)]);
    // What holds for all may stand after the log events.
    let late = r#"{"logEvents":[{"id":7,"timestamp":"1767323045678","message":"x"}],"owner":"444455556666","logGroup":"/aws/lambda/checkout","logStream":"s"}"#;
    check(late, &[&log(7)]);
}

#[test]
fn records_in_log_events() {
    let bridge = format!(r#"{{"detail-type":"AWS API Call via CloudTrail","detail":{}}}"#, record("b"));
    let trail = envelope("trail", &[&record("a"), &bridge, r#"{"level":"INFO","eventName":"not a call"}"#]);
    check(packed(&trail), &[&seen("a"), &seen("b"), "2 03:04:05 444455556666 trail s"]);
    // A function may log the records that it works on.
    check(envelope("/aws/lambda/audit", &[&record("a")]), &["0 03:04:05 444455556666 audit s"]);
    let cut = &record("a")[..90];
    check(envelope("trail", &[cut, &record("b")]), &["reject 1: the text ends inside the record", &seen("b")]);
}

#[test]
fn payloads_that_do_not_unpack() {
    check(
        r#"{"awslogs":{"data":"no base64!"}}"#,
        &["reject 1: `awslogs.data` is not base64: Invalid symbol 32, offset 2."],
    );
    for nothing in [r#"{"awslogs":{}}"#, r#"{"awslogs":7}"#, &packed("")] {
        check(nothing, &["reject 1: `awslogs.data` is absent or empty; base64 of gzip is wanted"]);
    }
    let nested = packed(&packed("{}"));
    check(nested, &["reject 1: `awslogs` stands inside another `awslogs`, where log events are wanted"]);
    let whole = envelope("/aws/lambda/checkout", &["START", "END"]);
    let mut bytes = BASE64_STANDARD.decode(packed(&whole).split('"').nth(5).unwrap()).unwrap();
    bytes.truncate(bytes.len() - 4);
    check(
        format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, BASE64_STANDARD.encode(bytes)),
        &[
            "0 03:04:05 444455556666 checkout s",
            "1 03:04:05 444455556666 checkout s",
            "reject 3: `awslogs.data` is cut off: the gzip data ends too soon",
        ],
    );
}

#[test]
fn output_of_log_queries() {
    let events = r#"{"events":[{"timestamp":1767323045678,"message":"x","ingestionTime":1},
        {"logStreamName":"t","timestamp":1767323045678,"message":"x","eventId":"e"}],"searchedLogStreams":[]}"#;
    check(events, &[" 03:04:05 999900001111  ", "e 03:04:05 999900001111  t"]);
    let row = r#"[{"field":"@timestamp","value":"2026-01-02 03:04:05.678"},{"field":"@message","value":"END\n"},
        {"field":"@ptr","value":"p"},{"field":"@log","value":"444455556666:/aws/lambda/checkout"},{"field":"@logStream","value":"s"}]"#;
    let line = "p 03:04:05 444455556666 checkout s";
    check(format!(r#"{{"status":"Complete","results":[{row},{row}]}}"#), &[line, line]);
    check(format!("[{row}]"), &[line]);
    let flat = r#"{"@timestamp":"2026-01-02 03:04:05.678","@message":{"level":"INFO"},"@ptr":"p","@logStream":"s"}"#;
    check(format!("[{flat}]"), &["p 03:04:05 999900001111  s"]);
    check(
        r#"{"results":[[{"field":"count()","value":"3"}],[{"field":"@message","value":"x"}]]}"#,
        &[
            "reject 1: the row has no `@message`; a query that lists `@message`, `@timestamp` and `@log` is wanted",
            "reject 2: `@timestamp` is absent or no time",
        ],
    );
}

/// Where a log event comes from, it says itself: what its envelope says is where it was brought to.
#[test]
fn log_events_that_say_where_they_come_from() {
    let of = |members: &str| {
        format!(
            r#"{{"messageType":"DATA_MESSAGE","owner":"444455556666","logGroup":"/aws/lambda/pay","logStream":"s",
                "logEvents":[{{"id":"e","timestamp":1767323045678,"message":"x"{members}}}]}}"#
        )
    };
    let full = "e 03:04:05 111122223333/eu-west-1 pay s";
    for (members, expected) in [
        (r#","extractedFields":{"@aws.account":"111122223333","@aws.region":"eu-west-1"}"#, full),
        (r#","@aws.account":"111122223333","@aws.region":"eu-west-1""#, full),
        (r#","extractedFields":{"@aws.region":"eu-west-1","level":"x"}"#, "e 03:04:05 444455556666/eu-west-1 pay s"),
        (r#","extractedFields":{"@aws.region":7}"#, "e 03:04:05 444455556666 pay s"),
        (r#","extractedFields":["@aws.region"]"#, "e 03:04:05 444455556666 pay s"),
        (r#","extractedFields":null"#, "e 03:04:05 444455556666 pay s"),
    ] {
        check(of(members), &[expected]);
    }
    let flat = r#"{"@timestamp":"2026-01-02 03:04:05.678","@message":"x","@ptr":"e","@logStream":"s",
        "@log":"444455556666:/aws/lambda/pay","@aws.account":"111122223333","@aws.region":"eu-west-1"}"#;
    check(format!("[{flat}]"), &[full]);
    let cells = r#"[{"field":"@timestamp","value":"2026-01-02 03:04:05.678"},{"field":"@message","value":"x"},
        {"field":"@ptr","value":"e"},{"field":"@aws.region","value":"eu-west-1"},{"field":"@aws.account","value":"111122223333"},
        {"field":"@log","value":"444455556666:/aws/lambda/pay"},{"field":"@logStream","value":"s"}]"#;
    check(format!(r#"{{"results":[{cells}]}}"#), &[full]);
}

#[test]
fn log_events_without_a_time() {
    check(
        r#"{"logEvents":[{"id":"1","message":"x"},{"id":"2","timestamp":"soon","message":"x"},{"id":"3","timestamp":5,"message":null}]}"#,
        &[
            "reject 1: `timestamp` is absent or no time in milliseconds since 1970",
            "reject 2: `timestamp` is absent or no time in milliseconds since 1970",
            "3 00:00:00 999900001111  ",
        ],
    );
}

#[test]
fn an_odd_record_costs_its_neighbours_nothing() {
    let (a, b) = (record("a"), record("b"));
    let between = |odd: &str, what: &str| {
        let reject = format!("reject 2: {what}");
        check(format!(r#"{{"Records":[{a},{odd},{b}]}}"#), &[&seen("a"), &reject, &seen("b")]);
    };
    between("null", "a record is wanted, not null");
    between("-1.5e3", "a record is wanted, not -1.5e3");
    between(r#""text, {""#, r#"a record is wanted, not "text, {""#);
    between("[[1],[2]]", "a record is wanted, not [[1],[2]]");
    between("{}", "is a JSON object without members, which is no record");
    between(
        r#"{"eventVersion":"1.08","eventName":"X"}"#,
        "`eventTime` is absent or no text; an RFC 3339 time is wanted",
    );
    between(
        r#"{"eventTime":"yesterday","eventID":"x"}"#,
        "`eventTime` is \"yesterday\", which is not an RFC 3339 time",
    );
    between(r#"{"eventVersion":"1.08","x":nul}"#, "is not valid JSON: expected ident");
    between(r#"{"eventVersion":"1.08","x":"\q"}"#, "is not valid JSON: invalid escape");
    between(r#"{"eventVersion":"1.08,"eventTime":"2026-01-02T03:04:05Z"}"#, "is not valid JSON: expected `,` or `}`");
    between(r#"{"eventVersion":"1.08","x":{"y":1}"#, "is not valid JSON: key must be a string");
}

#[test]
fn damage_between_lines() {
    let (a, b) = (record("a"), record("b"));
    check(format!("{a}\nnot json\n{b}"), &[&seen("a"), "reject 2: a record is wanted, not not json", &seen("b")]);
    check(
        format!("{a}\n{}\n{b}", &a[..80]),
        &[
            &seen("a"),
            "reject 2: is not valid JSON: control character (\\u0000-\\u001F) found while parsing a string",
            &seen("b"),
        ],
    );
    check(format!("{a}]}}"), &[&seen("a"), "reject 2: a record is wanted, not ]}"]);
}

#[test]
fn a_file_cut_in_the_middle() {
    let whole = format!(r#"{{"Records":[{},{}]}}"#, record("a"), record("b"));
    let cut = |left: usize| whole[..whole.len() - left].to_owned();
    check(cut(30), &[&seen("a"), "reject 2: the text ends inside the record"]);
    check(cut(2), &[&seen("a"), &seen("b"), "reject 3: the text ends inside the array"]);
    check(cut(1), &[&seen("a"), &seen("b")]);
    let cut_logs = envelope("/aws/lambda/checkout", &["START", "END"]);
    let seen_log = "0 03:04:05 444455556666 checkout s";
    check(&cut_logs[..cut_logs.len() - 70], &[seen_log, "reject 2: the text ends inside the record"]);
}

#[test]
fn damage_around_the_records() {
    let what = "is damaged: the object around the records does not go on or end here";
    let logs = envelope("/aws/lambda/checkout", &["START"]);
    let log = "0 03:04:05 444455556666 checkout s";
    let cut = |end: usize| logs[..end].to_owned();
    check(format!("{}\n{logs}", cut(40)), &[&format!("reject 1: {what}"), log]);
    check(format!("{logs}\n{}", cut(40)), &[log, &format!("reject 2: {what}")]);
    check(format!("{}\n{logs}", cut(logs.len() - 5)), &[log, &format!("reject 2: {what}"), log]);
    check(format!(r#"{{"Records":[{}],x}}"#, record("a")), &[&seen("a"), &format!("reject 2: {what}")]);
    check(r#"{"awsAccountId":"1","digestStartTime":"2026"#, &["reject 1: the text ends inside the record"]);
}

#[test]
fn half_characters_hide_no_call() {
    let odd = record("a").replace("GetObject", "Get\\ud800Object");
    check(format!("[{odd}]"), &["a 03:04:05 111122223333 Get\u{fffd}Object"]);
    check(envelope("trail", &[&odd]), &["a 03:04:05 111122223333 Get\u{fffd}Object"]);
}

#[test]
fn refusals() {
    let check = |text: &str, expected: &str| {
        let (_, decoded) = read(text);
        let shown = decoded.unwrap_err().to_string();
        assert!(shown.starts_with(expected), "{text}\n{shown}");
    };
    check("PK\u{3}\u{4}", "begins with \"PK\\u{3}\\u{4}\", which is no log: ");
    check(r#"{"hello":1,"world":2}"#, "holds a JSON object with `hello`, `world`, which is no record: ");
    check("{}", "holds a JSON object without members, which is no record: ");
    check(r#"[{"hello":1},{"hello":2}]"#, "holds a JSON object with `hello`, which is no record: ");
    check(
        r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventTime":"2026-01-02T03:04:05Z","s3":{}}]}"#,
        "is an S3 notification, which holds no records: ",
    );
    check(r#"{"Records":[{"EventSource":"aws:sns","Sns":{}}]}"#, "is an SNS message, which holds no records: ");
    check(r#"{"logGroup":"x","message":"y"}"#, "holds a JSON object with `logGroup`, `message`, which is no record: ");
    check(
        r#"{"logGroup":"x","logEvents":null}"#,
        "holds a JSON object with `logGroup`, `logEvents`, which is no record: ",
    );
    check(r#"{"alarmArn":"x","alarmData":{}}"#, "is a CloudWatch alarm, which holds no records: ");
    check(
        r#"{"detail-type":"EC2 state","detail":{"state":"running"}}"#,
        "holds a JSON object with `detail-type`, `detail`",
    );
}

#[test]
fn strangers_among_records_are_rejects() {
    let stranger = r#"{"hello":1}"#;
    check(
        format!("{stranger}\n{}\n{stranger}\n{{\"alarmData\":1}}", record("a")),
        &[
            "reject 1: is a JSON object with `hello`, which is no record",
            &seen("a"),
            "reject 3: is a JSON object with `hello`, which is no record",
            "reject 4: is a CloudWatch alarm, which holds no records",
        ],
    );
    let (seen, _) = read(format!("{stranger}\n").repeat(200));
    assert_eq!(seen.len(), 200, "so many are a damaged log");
}

#[test]
fn nesting_costs_no_stack() {
    let deep = "[".repeat(100_000);
    let read = |text: String| drop(read(text));
    read(deep.clone());
    read(format!("[{deep}"));
    read("{\"Records\":".repeat(100_000));
    read(format!(r#"[{{"eventID":{deep}"#));
    read(format!(r#"{{"detail":{deep}"#));
    read(format!(r#"{{"x":{deep}{}}}"#, "]".repeat(100_000)));
    check(
        format!(r#"[{{"x":{deep}{},"eventID":"a","eventTime":"2026-01-02T03:04:05Z"}}]"#, "]".repeat(100_000)),
        &["a 03:04:05 999900001111 "],
    );
}

#[test]
fn text_made_to_be_slow_is_given_up() {
    // Every object begins like a record, and the search for its end would run over all the rest.
    let (seen, _) = read(r#"{"a":[1,"#.repeat(50_000));
    assert!(seen.len() < 100_000);
    let (seen, _) = read(format!("[{}", r#"{"eventID":[1,"#.repeat(50_000)));
    assert!(seen.last().unwrap().contains("too damaged to read on"), "{:?}", seen.last());
}
