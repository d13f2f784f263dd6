//! Exports of a function's log, which say more or less of where it comes from.

use crate::cli::{STOP_LOGGING, folder, lapwing};

/// Three time-outs of a function, as `aws logs filter-log-events` prints them: without their log group.
fn three_time_outs() -> String {
    let line = |n: u32| {
        format!(
            r#"{{"logStreamName":"2026/10/20/[$LATEST]0a1b","timestamp":17924832{n}0000,"message":"2026-10-20T08:00:0{n}.000Z 0000000{n}-0000-4000-8000-000000000000 Task timed out after 3.00 seconds\n","eventId":"3{n}"}}"#
        )
    };
    format!(r#"{{"events":[{}]}}"#, (1..=3).map(line).collect::<Vec<_>>().join(","))
}

#[test]
fn log_events_without_a_group_are_judged() {
    let place = folder(&[("events.json", three_time_outs().as_bytes())]);
    for (args, function) in [
        (vec!["replay", "events.json"], "function not named"),
        (vec!["replay", "events.json", "--log-group", "/aws/lambda/pay"], "pay"),
    ] {
        let ran = lapwing(place.path(), &args);
        assert!(ran.out.contains(&format!("{function}: 3 of 3 invocations timed out")), "{}{}", ran.out, ran.err);
    }
}

/// What an export does not say of where it comes from ties it to CloudTrail once one says it.
#[test]
fn a_function_is_joined_with_its_changes_across_formats() {
    let change = STOP_LOGGING
        .replace("08:11:00", "07:56:00")
        .replace("cloudtrail.amazonaws.com", "lambda.amazonaws.com")
        .replace(
            "\"eventName\":\"StopLogging\"",
            "\"eventName\":\"UpdateFunctionCode20150331v2\",\"requestParameters\":{\"functionName\":\"pay\"}",
        );
    let rows = |region: &str| {
        let row = |n: u32| {
            format!(
                "2026-10-20 08:00:0{n}.000,2026-10-20T08:00:0{n}.000Z 0000000{n}-0000-4000-8000-000000000000 Task timed out after 3.00 seconds,\
                 111122223333:/aws/lambda/pay,s,{region},111122223333\n"
            )
        };
        let rows: String = (1..=3).map(row).collect();
        format!("@timestamp,@message,@log,@logStream,@aws.region,@aws.account\n{rows}")
    };
    let place = folder(&[
        ("trail.jsonl", change.as_bytes()),
        ("events.json", three_time_outs().as_bytes()),
        ("same.csv", rows("eu-west-1").as_bytes()),
        ("other.csv", rows("eu-north-1").as_bytes()),
    ]);
    let named = ["--log-group", "/aws/lambda/pay", "--account", "111122223333"];
    let with = |more: &[&'static str]| [&named[..], more].concat();
    for (file, args, joined) in [
        ("same.csv", vec![], true),
        ("other.csv", vec![], false),
        ("events.json", vec!["--log-group", "/aws/lambda/pay"], false),
        ("events.json", with(&[]), true),
        ("events.json", with(&["--region", "eu-west-1"]), true),
        ("events.json", with(&["--region", "eu-north-1"]), false),
    ] {
        let ran = lapwing(place.path(), &[&["replay", "trail.jsonl", file][..], &args].concat());
        let said = ran.out.contains("4 min after lambda:UpdateFunctionCode by");
        assert!(
            said == joined && ran.out.contains("3 of 3 invocations timed out"),
            "{file} {args:?}: {}{}",
            ran.out,
            ran.err
        );
    }
}
