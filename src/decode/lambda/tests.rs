//! Every variant of a line, as a table: what is logged, and what is read. `R1` and `R2` stand for request ids.

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
fn python() {
    const TRACE: &str = "Traceback (most recent call last):\n  File \"/var/task/app.py\", line 3, in handler\n    x()";
    check("[INFO]\t2024-05-01T00:00:00.000Z\tR1\tresized 3 images", "Info R1");
    check("[WARNING]\t2024-05-01T00:00:00.000Z\tR1\tslow", "Warn R1");
    check("[WARNING]\t2024-05-01T00:00:00.000Z\t\tLAMBDA_WARNING: Unhandled exception. The most likely", "Warn");
    check("[CRITICAL]\t2024-05-01T00:00:00.000Z\tR1\tgone", "Fatal R1");
    check("[ERROR]\t2024-05-01T00:00:00.000Z\tR1\tno such image", "Error R1");
    check(&format!("[ERROR]\t2024-05-01T00:00:00.000Z\tR1\tfailed\n{TRACE}\nKeyError: 'id'"), "Error KeyError R1");
    check(&format!("[ERROR] KeyError: 'id'\n{TRACE}"), "Error KeyError !Error KeyError");
    check(&format!("[ERROR] KeyError: 'id'\n{TRACE}").replace('\n', "\r"), "Error KeyError !Error KeyError");
    check(&format!("[ERROR] app.errors.NoImage\n{TRACE}"), "Error app.errors.NoImage !Error app.errors.NoImage");
    let long = format!("[ERROR] KeyError: {}\n{TRACE}", "x".repeat(10_000));
    check(&long, "Error KeyError !Error KeyError");
    check(
        &format!("[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'x'\n{TRACE}"),
        "Error Runtime.ImportModuleError !Init Runtime.ImportModuleError",
    );
    check(
        "[ERROR] Runtime.HandlerNotFound: Handler 'go' missing on module 'app'",
        "Error Runtime.HandlerNotFound !Init Runtime.HandlerNotFound",
    );
    check("[ERROR] Failed: could not reach the table", "Error");
    check(
        &format!("LAMBDA_WARNING: Unhandled exception. \n[ERROR] KeyError: 1\n{TRACE}"),
        "Error KeyError !Error KeyError",
    );
    check("LAMBDA_WARNING: Unhandled exception. The most likely", "Warn");
    check(&format!("{TRACE}\nValueError: bad"), "Error ValueError");
}

#[test]
fn node() {
    const TIME: &str = "2024-05-01T00:00:00.000Z";
    check(&format!("{TIME}\tR1\tINFO\tresized"), "Info R1");
    check(&format!("{TIME}\tundefined\tINFO\tloading"), "Info");
    check(&format!("{TIME}\tR1\tWARN\tslow"), "Warn R1");
    check(&format!("{TIME}\tR1\tERROR\tcould not resize"), "Error R1");
    check(
        &format!("{TIME}\tR1\tERROR\tTypeError: x is not a function\r    at handler (/var/task/a.js:1:1)"),
        "Error TypeError R1",
    );
    check(
        &format!(
            "{TIME}\tR1\tERROR\tInvoke Error \t{{\"errorType\":\"TypeError\",\"errorMessage\":\"x\",\"stack\":[]}}"
        ),
        "Error TypeError R1 !Error TypeError",
    );
    check(
        &format!(
            "{TIME}\tR1\tERROR\tUnhandled Promise Rejection \t{{\"errorType\":\"Runtime.UnhandledPromiseRejection\"}}"
        ),
        "Error Runtime.UnhandledPromiseRejection R1 !Error Runtime.UnhandledPromiseRejection",
    );
    check(
        &format!("{TIME}\tundefined\tERROR\tUncaught Exception \t{{\"errorType\":\"Runtime.ImportModuleError\"}}"),
        "Error Runtime.ImportModuleError !Init Runtime.ImportModuleError",
    );
    check(
        &format!("{TIME}\tundefined\tERROR\tUncaught Exception \t{{\"errorType\":\"Error\"}}"),
        "Error Error !Init Error",
    );
    check(
        &format!("{TIME}\tR1\tERROR\tUncaught Exception \t{{\"errorType\":\"Error\"}}"),
        "Error Error R1 !Error Error",
    );
    check("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "Fatal !OutOfMemory");
}

#[test]
fn java_dotnet_ruby_go_rust() {
    const AT: &str = "\tat com.example.Resize.handle(Resize.java:7)";
    check(
        &format!("woops: java.lang.RuntimeException\njava.lang.RuntimeException: woops\n{AT}"),
        "Error java.lang.RuntimeException !Error java.lang.RuntimeException",
    );
    check(
        &format!("Java heap space: java.lang.OutOfMemoryError\njava.lang.OutOfMemoryError: Java heap space\n{AT}"),
        "Error java.lang.OutOfMemoryError !OutOfMemory java.lang.OutOfMemoryError",
    );
    check(
        "Class not found: com.example.Resize: java.lang.ClassNotFoundException\njava.lang.ClassNotFoundException: com.example.Resize",
        "Error java.lang.ClassNotFoundException !Init java.lang.ClassNotFoundException",
    );
    check(&format!("java.io.IOException: handled\n{AT}"), "Error java.io.IOException");
    check(
        &format!("Exception in thread \"w-1\" java.io.IOException: gone\n{AT}").replace("\"w-1\"", "w-1"),
        "Error java.io.IOException",
    );
    check("2024-05-01 00:00:00 R1 ERROR Resize:12 - no such image", "Error R1");

    check("2024-05-01T00:00:00.000Z\tR1\tinfo\tresized", "Info R1");
    check("2024-05-01T00:00:00.000Z\tR1\tfail\tcould not resize", "Error R1");
    check(
        "2024-05-01T00:00:00.000Z\tR1\tfail\tSystem.IO.IOException: gone\n   at Resize.Function.Handle()",
        "Error System.IO.IOException R1 !Error System.IO.IOException",
    );

    check("E, [2024-05-01T00:00:00.000000 #8] ERROR R1 -- : no such image", "Error R1");
    check("I, [2024-05-01T00:00:00.000000 #8]  INFO R1 -- : resized", "Info R1");
    check(
        "Error raised from handler method\n{\n  \"errorMessage\": \"x\",\n  \"errorType\": \"Function<TypeError>\"\n}",
        "Error Function<TypeError> !Error Function<TypeError>",
    );
    check(
        "Init error when loading handler app.go\n{\n  \"errorType\": \"Init<LoadError>\"\n}",
        "Error Init<LoadError> !Init Init<LoadError>",
    );

    check("panic: runtime error: index out of range [5]\n\ngoroutine 1 [running]:", "Fatal panic !Exit panic");
    check("fatal error: runtime: out of memory", "Fatal !OutOfMemory");
    check(
        "2024/05/01 00:00:00 {\"errorMessage\":\"boom\",\"errorType\":\"errorString\",\"stackTrace\":[]}",
        "Error errorString !Error errorString",
    );
    check("thread 'main' panicked at src/main.rs:4:5:\nboom", "Fatal panic !Error panic");
}

#[test]
fn plain_lines() {
    for message in ["", " ", "resized 3 images", "no error here", "the Error: word", "3 of 4", "[x", "\\n", "é"] {
        check(message, "Info");
    }
    check("ERROR could not resize", "Error");
    check("2024-05-01 00:00:00,000 - WARNING - slow", "Warn");
    check("[error] R1 could not resize", "Error R1");
    check("job R2 done", "Info R2");
}

#[test]
fn json_events_of_the_platform() {
    let event = |kind: &str, record: &str| {
        format!(r#"{{"time":"2024-05-01T00:00:00.000Z","type":"platform.{kind}","record":{{{record}}}}}"#)
    };
    for (kind, record, expected) in [
        ("initStart", r#""initializationType":"on-demand","phase":"init","functionName":"resize""#, "platform"),
        ("initRuntimeDone", r#""phase":"init","status":"success""#, "platform"),
        (
            "initRuntimeDone",
            r#""phase":"init","status":"error","errorType":"Runtime.ExitError""#,
            "platform !Init Runtime.ExitError",
        ),
        ("initReport", r#""phase":"init","metrics":{"durationMs":9.5}"#, "init"),
        ("initReport", r#""phase":"init","status":"timeout","metrics":{"durationMs":9.5}"#, "init !Init"),
        ("start", r#""requestId":"R1","version":"$LATEST","tenantId":"blue""#, "start R1"),
        ("runtimeDone", r#""requestId":"R1","status":"success""#, "platform R1"),
        ("runtimeDone", r#""requestId":"R1","status":"failure""#, "platform R1 !Exit"),
        ("runtimeDone", r#""requestId":"R1","status":"timeout""#, "platform R1 !Timeout"),
        (
            "report",
            r#""requestId":"R1","status":"success","metrics":{"durationMs":4.5,"billedDurationMs":5,"memorySizeMB":128,"maxMemoryUsedMB":64,"initDurationMs":7,"restoreDurationMs":8}"#,
            "report ran=4.5 billed=5 init=7 restore=8 size=128 used=64 R1",
        ),
        (
            "report",
            r#""requestId":"R1","status":"error","errorType":"Function.Unknown""#,
            "report R1 !Error Function.Unknown",
        ),
        (
            "report",
            r#""requestId":"R1","status":"failure","errorType":"Runtime.ExitError","metrics":{"memorySizeMB":128,"maxMemoryUsedMB":128}"#,
            "report size=128 used=128 R1 !OutOfMemory Runtime.ExitError",
        ),
        ("report", r#""requestId":7,"status":[],"metrics":{"durationMs":"x","memorySizeMB":1e99}"#, "report"),
        ("report", "", "report"),
        ("restoreStart", r#""functionName":"resize""#, "platform"),
        ("restoreRuntimeDone", r#""status":"error""#, "platform !Init"),
        (
            "restoreReport",
            r#""status":"error","errorType":"Runtime.AfterRestoreError""#,
            "init !Init Runtime.AfterRestoreError",
        ),
        ("extension", r#""name":"tracer","state":"Ready","events":["INVOKE"]"#, "platform"),
        ("telemetrySubscription", r#""name":"tracer","state":"Subscribed""#, "platform"),
        ("logsDropped", r#""reason":"slow","droppedRecords":12,"droppedBytes":900"#, "dropped 12"),
        ("brandNew", r#""requestId":"R1""#, "platform R1"),
    ] {
        check(&event(kind, record), expected);
    }
    check(
        r#"{"type":"platform.fault","record":"RequestId: R1 Process exited before completing request"}"#,
        "platform R1 !Exit",
    );
    check(r#"{"type":"function","record":"[ERROR]\t2024-05-01T00:00:00.000Z\tR1\tx"}"#, "Error R1");
    check(r#"{"type":"function","record":{"level":"WARN","requestId":"R1","message":"x"}}"#, "Warn R1");
}

#[test]
fn events_of_web_functions() {
    let event = |kind: &str, record: &str| {
        format!(
            r#"{{"timestamp":"2026-10-01T00:00:00.000Z","level":"INFO","type":"platform.{kind}","region":"eu-west-1","record":{{{record}}}}}"#
        )
    };
    check(
        &event("initReport", r#""status":"failure","errorType":"Runtime.InitError""#),
        "init !Init Runtime.InitError",
    );
    check(&event("invokeStart", ""), "platform");
    check(
        &event("requestComplete", r#""requestId":"AB5U6CMIUAWPER24GXDNDEZSVU","status":"error""#),
        "platform AB5U6CMIUAWPER24GXDNDEZSVU !Error",
    );
    check(&event("invokeReport", r#""metrics":{"requestCount":80}"#), "platform");
    check(&event("spinDownReport", r#""status":"success""#), "platform");
    check(&event("invokeSummary", r#""metrics":{"somethingNew":4}"#), "platform");
    let summary = read(&[&event("invokeSummary", r#""metrics":{"requestCount":80}"#)]);
    assert_eq!((summary.lines, summary.weights), (vec!["report".to_owned()], vec![80]));
}

#[test]
fn json_lines_of_applications() {
    for (message, expected) in [
        (
            r#"{"timestamp":"2024-05-01T00:00:00Z","level":"WARNING","message":"slow","logger":"root","requestId":"R1"}"#,
            "Warn R1",
        ),
        (r#"{"level":"CRITICAL","message":"x","requestId":"R1"}"#, "Fatal R1"),
        (
            r#"{"level":"ERROR","message":"no image","logger":"root","requestId":"R1","errorType":"KeyError","errorMessage":"'id'","stackTrace":["x"]}"#,
            "Error KeyError R1",
        ),
        (
            r#"{"timestamp":"2024-05-01T00:00:00Z","level":"ERROR","errorMessage":"'id'","errorType":"KeyError","requestId":"R1","stackTrace":["x"]}"#,
            "Error KeyError R1 !Error KeyError",
        ),
        (
            r#"{"level":"ERROR","errorMessage":"no module","errorType":"Runtime.ImportModuleError","requestId":"","stackTrace":[]}"#,
            "Error Runtime.ImportModuleError !Init Runtime.ImportModuleError",
        ),
        (
            r#"{"level":"ERROR","errorMessage":"at load","errorType":"ValueError","requestId":""}"#,
            "Error ValueError !Init ValueError",
        ),
        (
            r#"{"timestamp":"2024-05-01T00:00:00.000Z","level":"INFO","requestId":"R1","message":{"a":[1,{"b":null}]}}"#,
            "Info R1",
        ),
        (
            r#"{"level":"ERROR","requestId":"R1","message":{"errorType":"TypeError","errorMessage":"x","stackTrace":[]}}"#,
            "Error TypeError R1",
        ),
        (
            r#"{"level":"ERROR","requestId":"R1","message":{"errorType":"Runtime.UnhandledPromiseRejection","errorMessage":"x"}}"#,
            "Error Runtime.UnhandledPromiseRejection R1 !Error Runtime.UnhandledPromiseRejection",
        ),
        (r#"{"timestamp":"2024-05-01T00:00:00Z","message":"resized","level":"TRACE","AWSRequestId":"R1"}"#, "Trace R1"),
        (
            r#"{"message":"woops: java.lang.RuntimeException\njava.lang.RuntimeException: woops\n\tat a.B.c(B.java:1)\n","level":"ERROR","AWSRequestId":"R1"}"#,
            "Error java.lang.RuntimeException R1 !Error java.lang.RuntimeException",
        ),
        (r#"{"level":"Information","requestId":"R1","message":"resized"}"#, "Info R1"),
        (
            r#"{"level":"Error","requestId":"R1","message":"x","errorType":"System.Exception","errorMessage":"x"}"#,
            "Error System.Exception R1",
        ),
        (r#"{"level":30,"msg":"pino"}"#, "Info"),
        (r#"{"level":50,"msg":"pino"}"#, "Error"),
        (
            r#"{"errorMessage":"boom","errorType":"errorString","stackTrace":[]}"#,
            "Error errorString !Error errorString",
        ),
        (r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"images":3}"#, "Info"),
        (r#"{"level":{},"requestId":[],"errorType":3,"message":null}"#, "Info"),
        (r#"{"level":"ERROR","requestId":"R1","message":"cut of"#, "Error R1"),
        (r#"{"level":"ERROR","level":"WARN"}"#, "Warn"),
        (r"{ level: 'ERROR' }", "Error"),
        ("{}", "Info"),
        ("{", "Info"),
    ] {
        check(message, expected);
    }
    check(&format!(r#"{{"a":{}1{},"level":"WARN"}}"#, "[".repeat(50_000), "]".repeat(50_000)), "Warn");
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
    let equal = read(&["x", "x", "y", "x\n"]);
    let again = read(&["x", "x", "y", "x\n"]);
    assert_eq!(equal.identities, again.identities);
    let mut distinct = equal.identities.clone();
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
