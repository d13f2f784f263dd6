//! `lapwing score` as its user meets it: what it prints for which rows, and what it says of rows that it cannot read.

use std::io::Write;
use std::process::{Command, Stdio};

/// Exit code, output, messages.
fn score(args: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lapwing"))
        .arg("score")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has stopped at a bad row no longer reads.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let out = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code(), text(out.stdout), text(out.stderr))
}

/// `minutes` rows of 4 to 6 events, with `burst` more at the end.
fn steady(minutes: i32, burst: i32) -> Vec<String> {
    let time = |i: i32| format!("2026-10-{:02}T{:02}:{:02}:00Z", 5 + i / 1440, i / 60 % 24, i % 60);
    (0..minutes).map(|i| format!("{},{}", time(i), 4 + i % 3 + if i == minutes - 1 { burst } else { 0 })).collect()
}

fn rate(rows: &[String]) -> String {
    format!("timestamp,count\n{}\n", rows.join("\n"))
}

#[test]
fn each_row_has_its_score() {
    for form in ["current", "reference"] {
        let (exit, out, err) = score(&["--model", "rate", "--form", form], &rate(&steady(4_000, 60)));
        assert_eq!((exit, err.as_str()), (Some(0), ""));
        let scores: Vec<f64> = out.lines().map(|line| line.parse().unwrap()).collect();
        let (last, before) = scores.split_last().unwrap();
        assert_eq!(before.len(), 3_999);
        assert!(*last > 4.0 && before.iter().all(|score| *score < 2.0), "{form}: {last}");
    }
}

#[test]
fn series_are_judged_by_themselves_however_they_are_mixed() {
    let rows = steady(2_000, 60);
    let alone = score(&["--model", "rate"], &rate(&rows)).1;
    let mut mixed = "series,timestamp,count\n".to_owned();
    for row in &rows {
        mixed += &format!("\"a, b\",{row}\nc,{row}\n");
    }
    let both = score(&["--model", "rate", "--series"], &mixed).1;
    let every_second = |skip| both.lines().skip(skip).step_by(2).map(|line| format!("{line}\n")).collect::<String>();
    assert_eq!((every_second(0), every_second(1)), (alone.clone(), alone));
}

/// A minute is judged by what was learnt from minutes more than the lateness ago: until then, what happened in between
/// changes its windows only. Here that is an hour without events, which is in no window of the last row but the widest.
#[test]
fn lateness_hides_the_latest_minutes_from_what_is_usual() {
    let (rows, mut other) = (steady(4_000, 60), steady(4_000, 60));
    // The same events within the windows' minutes, in another order: only learning could see it.
    other.swap(3_990, 3_991);
    let (times, counts): (Vec<_>, Vec<_>) = other.iter().map(|row| row.split_once(',').unwrap()).unzip();
    let (mut times, counts) = (times, counts);
    times.sort_unstable();
    let other: Vec<String> = times.iter().zip(counts).map(|(time, count)| format!("{time},{count}")).collect();
    let last = |args: &[&str], rows: &[String]| score(args, &rate(rows)).1.lines().last().unwrap().to_owned();
    let late = ["--model", "rate", "--lateness", "15m"];
    assert_eq!(last(&late, &rows), last(&late, &other));
    assert_ne!(last(&late, &rows), last(&["--model", "rate"], &rows));
}

#[test]
fn rows_that_cannot_be_read_are_named() {
    let good = "2026-10-06T14:00:00Z";
    for (args, input, wanted) in [
        ("rate", String::new(), "lapwing: stdin: it is empty, and the header timestamp,count is wanted"),
        ("rate", "a,b\n1,2\n".into(), "lapwing: stdin: the header is \"a,b\", and timestamp,count is wanted"),
        ("rate", format!("timestamp,count\n{good},1\n{good}\n"), "row 2: it has 1 field, and 2 are wanted"),
        ("rate", "timestamp,count\nsoon,1\n".into(), "row 1: `timestamp` is \"soon\", which is no time such as"),
        ("rate", format!("timestamp,count\n{good},-1\n"), "row 1: `count` is \"-1\", which is not a whole number"),
        ("rate", format!("timestamp,count\n{good},1.5\n"), "`count` is \"1.5\""),
        ("rate", format!("timestamp,count\n{good},NaN\n"), "`count` is \"NaN\""),
        ("rate", format!("timestamp,count\n{good},1e99\n"), "`count` is \"1e99\""),
        ("rate", format!("timestamp,count\n{good},1\n2026-10-06T13:00:00Z,1\n"), "row 2: it is earlier than the row"),
        ("errors", format!("timestamp,errors,calls\n{good},3,2\n"), "row 1: `errors` is 3, and `calls` only 2"),
        ("gauge", format!("timestamp,value\n{good},inf\n"), "row 1: `value` is \"inf\", which is not a number"),
        ("gauge", format!("timestamp,value\n{good},\n"), "row 1: `value` is \"\""),
        ("rate", format!("timestamp,count\n\"{}", "x\n".repeat(1 << 20)), "it is longer than 1 mb; is a quote open?"),
    ] {
        let (exit, _, err) = score(&["--model", args], &input);
        assert!(exit == Some(2) && err.contains(wanted), "{wanted}: {err}");
    }
    let many = "series,timestamp,value\na,2026-10-06 14:00:00,1\nb,2026-10-06 14:00:00,1\n";
    let (exit, out, err) = score(&["--model", "gauge", "--series", "--max-series", "1"], many);
    assert_eq!((exit, out.as_str()), (Some(2), "0\n"));
    assert_eq!(err, "lapwing: stdin: row 2: it is of one series more than the 1 of --max-series\n");
    let (exit, _, err) = score(&["--model", "rate", "--form", "reference", "--lateness", "5m"], "timestamp,count\n");
    assert!(exit == Some(2) && err.contains("--lateness is for the current form"), "{err}");
}

/// Gaps of months, a minute twice, the largest counts: numbers, always.
#[test]
fn odd_rows_have_scores() {
    let times = ["2026-01-01T00:00:00Z", "2026-01-01 00:00:30", "2026-01-01T00:00:59Z", "2026-04-01T12:00:00+02:00"];
    for (model, header, fields) in [
        ("rate", "timestamp,count", "1000000000"),
        ("errors", "timestamp,errors,calls", "1000000000,1000000000"),
        ("gauge", "timestamp,value", "-1e150"),
        ("gauge-core", "timestamp,value", "5e-324"),
    ] {
        let rows: String = times.iter().map(|time| format!("{time},{fields}\n")).collect();
        let (exit, out, err) = score(&["--model", model], &format!("{header}\n{rows}"));
        assert_eq!((exit, err.as_str(), out.lines().count()), (Some(0), "", 4), "{model}");
        assert!(out.lines().all(|line| line.parse::<f64>().is_ok_and(|t| t.is_finite() && t >= 0.0)), "{model}: {out}");
    }
}
