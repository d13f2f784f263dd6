//! JSON lines of the platform and of loggers.

use super::{check, read};

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
fn json_lines_of_python_and_node() {
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
    ] {
        check(message, expected);
    }
}

#[test]
fn json_lines_of_other_loggers() {
    for (message, expected) in [
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
