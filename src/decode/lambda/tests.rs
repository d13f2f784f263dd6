//! Every variant of a line, as a table: what is logged, and what is read. `R1` and `R2` stand for request ids.

mod application;
mod json;

use std::fmt::Write as _;

use lapwing_detectors::event::Report;
use proptest::prelude::*;

use super::super::Reject;
use super::*;

const R1: &str = "0a1b2c3d-1111-4222-8333-0123456789ab";
const R2: &str = "0a1b2c3d-1111-4222-8333-0123456789cd";

/// One line of text for each event.
#[derive(Default)]
struct Script {
    lines: Vec<String>,
    identities: Vec<u64>,
    weights: Vec<u32>,
    functions: Vec<String>,
    rejects: usize,
}

impl Sink for Script {
    fn event(&mut self, event: &Event<'_>) {
        let What::Log(log) = event.what else { panic!("a log event") };
        let mut text = match log.line {
            Line::Start => "start".to_owned(),
            Line::Report(report) => describe(&report),
            Line::Application { level, error_type: "" } => format!("{level:?}"),
            Line::Application { level, error_type } => format!("{level:?} {error_type}"),
            Line::Init => "init".to_owned(),
            Line::LogsDropped { records } => format!("dropped {records}"),
            Line::Platform => "platform".to_owned(),
        };
        if !log.request.is_empty() {
            write!(text, " {}", log.request.replace(R1, "R1").replace(R2, "R2")).unwrap();
        }
        if let Some(crash) = log.failure {
            write!(text, " !{:?} {}", crash.kind, crash.error_type).unwrap();
        }
        self.lines.push(text.trim_end().to_owned());
        self.identities.push(event.identity.0);
        self.weights.push(event.weight);
        self.functions.push(log.function.to_owned());
    }

    fn reject(&mut self, _: Reject) {
        self.rejects += 1;
    }
}

fn describe(report: &Report) -> String {
    let mut text = "report".to_owned();
    let measures = [
        ("ran", report.duration_ms),
        ("billed", report.billed_ms),
        ("init", report.init_ms),
        ("restore", report.restore_ms),
        ("size", report.memory_mb.map(f64::from)),
        ("used", report.memory_used_mb.map(f64::from)),
    ];
    for (name, value) in measures {
        if let Some(value) = value {
            write!(text, " {name}={value}").unwrap();
        }
    }
    text
}

fn log_event<'a>(group: &'a str, stream: &'a str, message: &'a str) -> LogEvent<'a> {
    let time = DateTime::from_timestamp_millis(1_714_521_600_000).unwrap();
    LogEvent { group, stream, account: "111122223333", region: "eu-west-1", id: "", time, message }
}

/// Reads the messages as one stream of one delivery.
fn read(messages: &[&str]) -> Script {
    let mut script = Script::default();
    let mut invocations = Invocations::default();
    for message in messages {
        let message = message.replace("R1", R1).replace("R2", R2);
        invocations.read(&log_event("/aws/lambda/resize", "2024/05/01/[$LATEST]0a1b", &message), &mut script);
    }
    script
}

/// Each line alone, as it is, with a line end, and with the escapes of an export instead of tabs and line ends.
fn check(message: &str, expected: &str) {
    assert_eq!(read(&[message]).lines, [expected], "{message:?}");
    assert_eq!(read(&[&format!("{message}\n")]).lines, [expected], "with a line end: {message:?}");
    if !message.starts_with('{') {
        let escaped = message.replace('\t', "\\t").replace('\n', "\\n") + "\\n";
        assert_eq!(read(&[&escaped]).lines, [expected], "with escapes: {message:?}");
    }
}

#[test]
fn lines_of_the_platform() {
    let arn = "arn:aws:lambda:eu-west-1::runtime:0a1b";
    check(&format!("INIT_START Runtime Version: provided:al2023.v97\tRuntime Version ARN: {arn}"), "platform");
    check("START RequestId: R1 Version: $LATEST", "start R1");
    check("START RequestId: R1 Version: 7", "start R1");
    check("END RequestId: R1", "platform R1");
    check("EXTENSION\tName: tracer\tState: Ready\tEvents: [INVOKE, SHUTDOWN]", "platform");
    check(
        "EXTENSION\tName: tracer\tState: Registered\tEvents: [INVOKE]\tError Type: Extension.Crash",
        "platform !Exit Extension.Crash",
    );
    check("TELEMETRY\tName: tracer\tState: Subscribed\tTypes: [platform, function]", "platform");
    check("LOGS\tName: tracer\tState: Subscribed\tTypes: [platform]", "platform");
    check("RESTORE_START Runtime Version: java:21.v20\tRuntime Version ARN: arn", "platform");
    check("XRAY TraceId: 1-66320000-0a1b\tSegmentId: 0a1b\tSampled: true", "platform");
}

#[test]
fn reports() {
    const BARE: &str = "REPORT RequestId: R1\tDuration: 46.84 ms\tBilled Duration: 47 ms\tMemory Size: 192 MB\tMax Memory Used: 72 MB\t";
    const READ: &str = "report ran=46.84 billed=47";
    check(BARE, &format!("{READ} size=192 used=72 R1"));
    check(&BARE.replace('\t', "  "), &format!("{READ} size=192 used=72 R1"));
    check(&BARE.replace("47 ms\t", "47 ms \t"), &format!("{READ} size=192 used=72 R1"));
    check(&format!("{BARE}Init Duration: 166.62 ms\t"), &format!("{READ} init=166.62 size=192 used=72 R1"));
    check(
        &format!("{BARE}Restore Duration: 474.16 ms\tBilled Restore Duration: 75 ms\t"),
        &format!("{READ} restore=474.16 size=192 used=72 R1"),
    );
    check(
        &format!("{BARE}\nXRAY TraceId: 1-66320000-0a1b\tSegmentId: 0a1b\tSampled: true\t"),
        &format!("{READ} size=192 used=72 R1"),
    );
    check(&format!("{BARE}Status: timeout"), &format!("{READ} size=192 used=72 R1 !Timeout"));
    check(
        &format!("{BARE}Status: timeout\tInit Duration: 9 ms\t"),
        &format!("{READ} init=9 size=192 used=72 R1 !Timeout"),
    );
    check(
        &format!("{BARE}Status: error\tError Type: Runtime.ExitError\t"),
        &format!("{READ} size=192 used=72 R1 !Exit Runtime.ExitError"),
    );
    check(&format!("{BARE}Status: \tError Type: \t"), &format!("{READ} size=192 used=72 R1"));
    let full = BARE.replace("72 MB", "192 MB");
    check(&full, &format!("{READ} size=192 used=192 R1"));
    for error_type in ["Runtime.OutOfMemory", "Runtime.ExitError"] {
        check(
            &format!("{full}Status: error\tError Type: {error_type}\t"),
            &format!("{READ} size=192 used=192 R1 !OutOfMemory {error_type}"),
        );
    }
    check(&format!("{full}Status: timeout\t"), &format!("{READ} size=192 used=192 R1 !Timeout"));
    check(
        "REPORT RequestId: R1\tDuration: 11.48 ms\tStatus: error\tError Type: Runtime.InvalidEntrypoint",
        "report ran=11.48 R1 !Init Runtime.InvalidEntrypoint",
    );
}

#[test]
fn odd_numbers_are_no_numbers() {
    check("REPORT RequestId: R1\tDuration: 1e999 ms\tMemory Size: 99999999999 MB\tMax Memory Used: -3 MB", "report R1");
    check("REPORT RequestId: R1\tDuration: NaN ms\tBilled Duration: -4 ms\tMemory Size: many MB", "report R1");
    check("REPORT RequestId: R1\tDuration: 5400000 ms\tMemory Size: 32768 MB", "report ran=5400000 size=32768 R1");
}

#[test]
fn init_and_restore_reports() {
    check("INIT_REPORT Init Duration: 0.27 ms\tPhase: init\tStatus: success", "init");
    check(
        "INIT_REPORT Init Duration: 0.27 ms\tPhase: init\tStatus: error\tError Type: Runtime.InvalidEntrypoint",
        "init !Init Runtime.InvalidEntrypoint",
    );
    check("INIT_REPORT Init Duration: 10003.27 ms\tPhase: init\tStatus: timeout", "init !Init");
    check("RESTORE_REPORT Restore Duration: 474.16 ms", "init");
    check("RESTORE_REPORT Restore Duration: 10000 ms\tStatus: timeout", "init !Init");
}

#[test]
fn failures_of_the_platform() {
    check("2024-05-01T00:00:00.000Z R1 Task timed out after 3.00 seconds", "platform R1 !Timeout");
    check("R1 Task timed out after 3.00 seconds", "platform R1 !Timeout");
    check("RequestId: R1 Error: Task timed out after 3.00 seconds", "platform R1 !Timeout");
    check("RequestId: R1 Process exited before completing request", "platform R1 !Exit");
    for (what, expected) in [
        ("Runtime exited with error: signal: killed\nRuntime.ExitError", "!OutOfMemory Runtime.ExitError"),
        ("Runtime exited with error: exit status 1\nRuntime.ExitError", "!Exit Runtime.ExitError"),
        ("Runtime exited with error: exit status 1", "!Exit"),
        ("Runtime exited without providing a reason\nRuntime.ExitError", "!Exit Runtime.ExitError"),
        (
            "Couldn't find valid bootstrap(s): [/var/task/bootstrap]\nRuntime.InvalidEntrypoint",
            "!Init Runtime.InvalidEntrypoint",
        ),
        ("Unknown application error occurred\nRuntime.Unknown", "!Error Runtime.Unknown"),
        ("exit code 0\nExtension.Crash", "!Exit Extension.Crash"),
        ("Response payload size exceeded\nFunction.ResponseSizeTooLarge", "!Error Function.ResponseSizeTooLarge"),
    ] {
        check(&format!("RequestId: R1 Error: {what}"), &format!("platform R1 {expected}"));
    }
    check("Unknown application error occurred\nRuntime.Unknown", "platform !Error Runtime.Unknown");
    check(
        "[ERROR] [1714521600.000] LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.",
        "platform !Error",
    );
}

#[test]
fn a_line_without_a_request_belongs_to_the_current_one() {
    let script = [
        "INIT_START Runtime Version: python:3.13.v9",
        "[ERROR] Runtime.ImportModuleError: no module",
        "START RequestId: R1 Version: $LATEST",
        "[ERROR] KeyError: 'id'\nTraceback (most recent call last):",
        "END RequestId: R1",
        "START RequestId: R2 Version: $LATEST",
        "loading",
        "{\"level\":\"INFO\",\"message\":\"x\"}",
    ];
    let expected = [
        "platform",
        "Error Runtime.ImportModuleError !Init Runtime.ImportModuleError",
        "start R1",
        "Error KeyError R1 !Error KeyError",
        "platform R1",
        "start R2",
        "Info R2",
        "Info R2",
    ];
    assert_eq!(read(&script).lines, expected);
}

#[test]
fn streams_do_not_mix_and_json_starts_are_not_current() {
    let mut script = Script::default();
    let mut invocations = Invocations::default();
    let start = format!("START RequestId: {R1} Version: $LATEST");
    let json = format!(r#"{{"type":"platform.start","record":{{"requestId":"{R2}"}}}}"#);
    for (stream, message) in [("a", start.as_str()), ("b", "x"), ("b", &json), ("b", "x"), ("a", "x")] {
        invocations.read(&log_event("/aws/lambda/resize", stream, message), &mut script);
    }
    assert_eq!(script.lines, ["start R1", "Info", "start R2", "Info", "Info R1"]);
}

#[test]
fn names_of_functions() {
    let named = r#"{"type":"platform.initStart","record":{"functionName":"crop"}}"#;
    for (group, stream, message, expected) in [
        ("/aws/lambda/resize", "2024/05/01/[$LATEST]0a", "x", "resize"),
        ("/aws/lambda/resize", "2024/05/01/crop[$LATEST]0a", "x", "resize"),
        ("images", "2024/05/01/crop[$LATEST]0a", "x", "crop"),
        ("images", "2024/05/01/crop[7]0a", named, "crop"),
        ("images", "2024/05/01/[$LATEST]0a", named, "crop"),
        ("images", "2024/05/01/[$LATEST]0a", "x", "images"),
        ("images", "some/other/thing/crop[1]", "x", "images"),
        ("/aws/lambda/", "", "x", "/aws/lambda/"),
        ("", "", "x", ""),
    ] {
        let mut script = Script::default();
        Invocations::default().read(&log_event(group, stream, message), &mut script);
        assert_eq!(script.functions, [expected], "{group} {stream}");
    }
}

#[test]
fn identities() {
    let mut distinct = read(&["x", "x", "y", "x\n"]).identities;
    assert_eq!(distinct, read(&["x", "x", "y", "x\n"]).identities);
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 4);

    let mut script = Script::default();
    let mut invocations = Invocations::default();
    let with_id = LogEvent { id: "3700000001", ..log_event("/aws/lambda/resize", "a", "x") };
    invocations.read(&with_id, &mut script);
    invocations.read(&LogEvent { stream: "b", message: "other", ..with_id }, &mut script);
    assert_eq!(script.identities[0], script.identities[1]);
}

#[test]
fn times_that_messages_tell() {
    for (message, expected) in [
        ("2024-05-01T00:00:00.500Z\tR1\tINFO\tx", Some(1_714_521_600_500)),
        (r#"{"time":"2024-05-01T00:00:00Z","type":"platform.start"}"#, Some(1_714_521_600_000)),
        (r#"{"timestamp":1714521600000}"#, Some(1_714_521_600_000)),
        (r#"{"timestamp":"soon"}"#, None),
        ("START RequestId: R1", None),
        ("", None),
    ] {
        assert_eq!(time_of(message).map(|time| time.timestamp_millis()), expected, "{message}");
    }
}

/// Pieces of real lines, so that random texts reach deep into the rules.
const PIECES: [&str; 28] = [
    "REPORT ",
    "START ",
    "END ",
    "RequestId: ",
    R1,
    "\t",
    "\n",
    "\\t",
    "\\n",
    "Duration: ",
    "Status: ",
    "error",
    "timeout",
    "Error Type: ",
    "Runtime.ExitError",
    "[ERROR]",
    " ",
    "2024-05-01T00:00:00.000Z",
    "{\"type\":\"platform.report\",\"record\":{",
    "\"requestId\":\"",
    "\"",
    "}",
    "Traceback (most recent call last)",
    "INIT_REPORT ",
    "Invoke Error",
    "2024/05/01 00:00:00 {",
    "E, [",
    "é",
];

proptest! {
    #[test]
    fn any_text_is_one_event(messages in prop::collection::vec(any::<String>(), 1..20)) {
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        let script = read(&messages);
        prop_assert_eq!((script.lines.len(), script.rejects), (messages.len(), 0));
    }

    #[test]
    fn any_mixture_is_one_event(picks in prop::collection::vec(0..PIECES.len(), 0..40)) {
        let message: String = picks.iter().map(|pick| PIECES[*pick]).collect();
        prop_assert_eq!(read(&[&message]).lines.len(), 1);
        prop_assert_eq!(read(&[&message.repeat(200)]).lines.len(), 1);
    }
}
