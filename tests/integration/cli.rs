//! The program as its user meets it: what it prints where, and with which exit code it ends.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The width of a terminal that everybody has, in characters.
const COLUMNS: usize = 80;

/// A record that fires `trail-tampering`, on a line.
pub(crate) const STOP_LOGGING: &str = concat!(
    r#"{"eventVersion":"1.08","eventTime":"2026-10-20T08:11:00Z","eventSource":"cloudtrail.amazonaws.com","#,
    r#""eventName":"StopLogging","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.150","#,
    r#""eventID":"5f0e6f9c-0000-4000-8000-000000000001","recipientAccountId":"111122223333","#,
    r#""userIdentity":{"type":"IAMUser","userName":"ann","accountId":"111122223333"}}"#,
    "\n"
);

/// The same call without a time: a record that cannot be read.
fn without_time() -> String {
    STOP_LOGGING.replace("eventTime", "eventThyme")
}

pub(crate) struct Ran {
    exit: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program prints UTF-8");
        Ran { exit: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ran {
    /// The number beside a name in the summary.
    fn count(&self, name: &str) -> u64 {
        let line = self.err.lines().find(|line| line.trim_start().starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in: {}", self.err));
        let numbers = line.trim_start()[name.len()..].split_whitespace();
        numbers.take(1).find_map(|word| word.parse().ok()).unwrap_or_else(|| panic!("no number in: {line}"))
    }
}

fn command(place: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapwing"));
    command.args(args).current_dir(place).env("COLUMNS", COLUMNS.to_string()).stdin(Stdio::null());
    command
}

pub(crate) fn lapwing(place: &Path, args: &[&str]) -> Ran {
    command(place, args).output().expect("lapwing runs").into()
}

fn lapwing_reading(place: &Path, args: &[&str], input: &str) -> Ran {
    let mut child = command(place, args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("lapwing starts");
    child.stdin.take().expect("its input is a pipe").write_all(input.as_bytes()).expect("it reads");
    child.wait_with_output().expect("lapwing ends").into()
}

/// A folder with files of these contents.
pub(crate) fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder of our own");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::write(path, bytes).expect("a file can be written");
    }
    folder
}

#[test]
fn without_arguments_it_says_what_there_is() {
    let place = folder(&[]);
    let ran = lapwing(place.path(), &[]);
    assert_eq!((ran.exit, ran.out.as_str()), (Some(2), ""));
    for wanted in ["Usage: lapwing <COMMAND>", "replay", "detectors", "check", "init"] {
        assert!(ran.err.contains(wanted), "{wanted}: {}", ran.err);
    }
}

#[test]
fn what_is_mistyped_is_named() {
    let place = folder(&[("a.jsonl", STOP_LOGGING.as_bytes())]);
    for (args, wanted) in [
        (&["replya", "a.jsonl"][..], "replay"),
        (&["replay", "--strct", "a.jsonl"], "--strict"),
        (&["replay"], "<PATHS>..."),
        (&["replay", "--fail-on", "severe", "a.jsonl"], "info, low, medium, high, critical"),
        (&["replay", "--order", "random", "a.jsonl"], "event, delivery"),
        (&["replay", "--threads", "0", "a.jsonl"], "1..=256"),
        (&["replay", "--memory", "lots", "a.jsonl"], "--memory"),
        (&["detectors", "denied"], "did you mean `denied-burst`?"),
    ] {
        let ran = lapwing(place.path(), args);
        assert_eq!((ran.exit, ran.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(ran.err.contains(wanted), "{args:?}: {}", ran.err);
    }
}

#[test]
fn a_wrong_path_is_named_and_the_rest_is_read() {
    let place = folder(&[("a.jsonl", STOP_LOGGING.as_bytes())]);
    let ran = lapwing(place.path(), &["replay", "nowhere", "a.jsonl"]);
    assert_eq!(ran.exit, Some(2));
    assert!(ran.err.contains("lapwing: nowhere: there is no such file or folder\n"), "{}", ran.err);
    assert_eq!((ran.count("events"), ran.count("alerts"), ran.count("unread")), (1, 1, 1));
    assert!(ran.out.starts_with("CRITICAL · 111122223333 · user/ann: "), "{}", ran.out);
}

#[test]
fn nothing_to_read_is_said() {
    let place = folder(&[("empty.json", b""), ("empty/kept", b"")]);
    for path in ["empty.json", "empty", "-"] {
        let ran = lapwing(place.path(), &["replay", path]);
        assert_eq!(ran.out, "", "{path}");
        assert_eq!((ran.count("records"), ran.count("alerts")), (0, 0), "{path}");
        assert!(ran.err.ends_with("next: `lapwing replay --help` says what is read\n"), "{path}: {}", ran.err);
    }
}

#[test]
fn of_a_folder_of_junk_the_logs_are_read() {
    let place = folder(&[
        ("junk/trail.jsonl", STOP_LOGGING.as_bytes()),
        ("junk/deep/picture.log", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("junk/shopping.txt", b"milk\neggs\n"),
        ("junk/archive.json", b"PK\x03\x04\x14\0\0\0\x08\0"),
        ("junk/broken.json.gz", b"\x1f\x8b\x08\0\0\0\0\0"),
        ("junk/other.json", br#"{"hello":"world"}"#),
        ("junk/program.exe", b"MZ"),
        ("junk/.hidden.json", b"{"),
    ]);
    let ran = lapwing(place.path(), &["replay", "junk"]);
    assert_eq!(ran.exit, Some(2));
    for name in ["deep/picture.log", "shopping.txt", "archive.json", "broken.json.gz", "other.json"] {
        let named = ran.err.lines().filter(|line| line.starts_with(&format!("lapwing: junk/{name}: "))).count();
        assert_eq!(named, 1, "{name}: {}", ran.err);
    }
    assert!(ran.err.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", ran.err);
    assert_eq!((ran.count("unread"), ran.count("left out"), ran.count("alerts")), (5, 2, 1));
}

#[test]
fn a_bad_record_costs_its_neighbours_nothing_unless_strict() {
    let text = format!("{}{STOP_LOGGING}", without_time());
    let place = folder(&[("a.jsonl", text.as_bytes())]);
    let ran = lapwing(place.path(), &["replay", "a.jsonl"]);
    assert_eq!(ran.exit, Some(0));
    assert!(ran.err.contains("lapwing: a.jsonl: record 1: `eventTime` is absent"), "{}", ran.err);
    assert_eq!((ran.count("records"), ran.count("events"), ran.count("rejects"), ran.count("alerts")), (2, 1, 1, 1));
    let strict = lapwing(place.path(), &["replay", "--strict", "a.jsonl"]);
    assert_eq!(strict.exit, Some(2));
    assert!(strict.err.contains("record 1: "), "{}", strict.err);
}

#[test]
fn every_mistake_of_a_config_is_told_with_its_line() {
    let config = "[detectors.root-us]\n[limits]\nentities = \"many\"\n\n[[sns]]\narn = \"alerts\"\n";
    let place = folder(&[("lapwing.toml", config.as_bytes()), ("a.jsonl", STOP_LOGGING.as_bytes())]);
    for args in [&["check"][..], &["check", "--config", "lapwing.toml"], &["replay", "a.jsonl"]] {
        let ran = lapwing(place.path(), args);
        assert_eq!((ran.exit, ran.out.as_str()), (Some(2), ""), "{args:?}");
        let told: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("lapwing: ")).collect();
        assert_eq!(told.len(), 3, "{args:?}: {}", ran.err);
        for (line, start) in told.iter().zip(["1: detectors.root-us:", "3: limits.entities:", "6: sns.arn:"]) {
            assert!(line.starts_with(&format!("lapwing: lapwing.toml:{start}")), "{args:?}: {line}");
        }
        assert!(ran.err.contains("hint: did you mean `root-use`?"), "{args:?}: {}", ran.err);
    }
}

#[test]
fn the_exit_code_says_how_grave_it_was() {
    let place = folder(&[("a.jsonl", STOP_LOGGING.as_bytes())]);
    let capped = "[[allow]]\naccount = \"444455556666\"\nreason = \"another account\"\n";
    fs::write(place.path().join("other.toml"), capped).expect("a file can be written");
    for (args, wanted) in [
        (&["replay", "a.jsonl"][..], 0),
        (&["replay", "a.jsonl", "--fail-on", "info"], 1),
        (&["replay", "a.jsonl", "--fail-on", "critical"], 1),
        (&["replay", "a.jsonl", "--fail-on", "critical", "--config", "other.toml"], 1),
        (&["replay", "a.jsonl", "nowhere", "--fail-on", "critical"], 2),
    ] {
        assert_eq!(lapwing(place.path(), args).exit, Some(wanted), "{args:?}");
    }
    let quiet = STOP_LOGGING.replace("StopLogging", "DescribeTrails");
    let place = folder(&[("a.jsonl", quiet.as_bytes())]);
    assert_eq!(lapwing(place.path(), &["replay", "a.jsonl", "--fail-on", "info"]).exit, Some(0));
}

#[test]
fn stats_are_what_was_read_and_found() {
    let text = format!("{STOP_LOGGING}{STOP_LOGGING}{}", without_time());
    let place = folder(&[("a.jsonl", text.as_bytes()), ("b.jsonl", STOP_LOGGING.as_bytes())]);
    let ran = lapwing(place.path(), &["replay", "a.jsonl", "b.jsonl", "--stats", "stats.json", "--format", "jsonl"]);
    assert_eq!(ran.exit, Some(0), "{}", ran.err);
    let stats = fs::read_to_string(place.path().join("stats.json")).expect("the stats are there");
    let stats: serde_json::Value = serde_json::from_str(&stats).expect("the stats are JSON");
    let wanted = r#"{"records":4,"events":3,"rejects":1,"late":0,"duplicates":2,"alerts":1,"folded":0}"#;
    assert_eq!(stats, serde_json::from_str::<serde_json::Value>(wanted).expect("it is JSON"));
    let alert: serde_json::Value = serde_json::from_str(ran.out.trim_end()).expect("one alert, one line");
    assert_eq!((&alert["detector"], &alert["status"]), (&"trail-tampering".into(), &"open".into()));
    assert_eq!((&alert["seen"], &alert["subject"]["account"]), (&1.into(), &"111122223333".into()));
}

#[test]
fn standard_input_is_read_as_a_file_is() {
    let place = folder(&[("a.jsonl", STOP_LOGGING.as_bytes())]);
    let piped = lapwing_reading(place.path(), &["replay", "-"], STOP_LOGGING);
    let named = lapwing(place.path(), &["replay", "a.jsonl"]);
    assert_eq!((piped.exit, &piped.out, &piped.err), (Some(0), &named.out, &named.err));
    assert!(piped.out.starts_with("CRITICAL"), "{}", piped.out);
}

#[test]
fn on_a_terminal_the_summary_comes_last() {
    let place = folder(&[("a.jsonl", STOP_LOGGING.as_bytes())]);
    let both = fs::File::create(place.path().join("both")).expect("a file can be made");
    let same = both.try_clone().expect("a second handle");
    let ended = command(place.path(), &["replay", "a.jsonl"]).stdout(both).stderr(same).status().expect("lapwing runs");
    let text = fs::read_to_string(place.path().join("both")).expect("the output can be read");
    assert_eq!(ended.code(), Some(0), "{text}");
    assert!(
        text.starts_with("CRITICAL") && text.trim_end().lines().last().is_some_and(|l| l.starts_with("next: ")),
        "{text}"
    );
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let place = folder(&[]);
    let mut child = command(place.path(), &["init", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("lapwing starts");
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().expect("its errors are a pipe").read_to_string(&mut err).expect("they can be read");
    assert_eq!((child.wait().expect("lapwing ends").code(), err.as_str()), (Some(0), ""));
}

#[test]
fn init_check_and_replay_follow_each_other() {
    let place = folder(&[("a.jsonl", STOP_LOGGING.as_bytes())]);
    let wrote = lapwing(place.path(), &["init"]);
    assert_eq!(wrote.exit, Some(0), "{}", wrote.err);
    assert!(wrote.out.ends_with("next: edit it, then run lapwing check\n"), "{}", wrote.out);
    assert!(lapwing(place.path(), &["init"]).err.contains("hint: --force overwrites it"));
    let checked = lapwing(place.path(), &["check"]);
    assert!(checked.out.starts_with("lapwing.toml: no mistakes\n"), "{}{}", checked.out, checked.err);
    assert_eq!(lapwing(place.path(), &["replay", "a.jsonl"]).exit, Some(0));
}

#[test]
fn what_is_printed_fits_a_terminal() {
    let place = folder(&[]);
    for args in [
        &["--help"][..],
        &["replay", "--help"],
        &["replay", "-h"],
        &["detectors"],
        &["detectors", "denied-burst"],
        &["detectors", "trail-tampering"],
        &["check"],
        &["check", "--help"],
        &["init", "-"],
        &["init", "--help"],
    ] {
        let ran = lapwing(place.path(), args);
        assert_eq!((ran.exit, ran.err.as_str()), (Some(0), ""), "{args:?}");
        for line in ran.out.lines() {
            assert!(line.chars().count() <= COLUMNS, "{args:?}: {line}");
        }
    }
}

#[test]
fn a_cap_changes_the_severity_and_nothing_else_that_is_said() {
    let refused = |n: u32, api: &str, error: &str| {
        STOP_LOGGING
            .replace("000000000001", &format!("{n:012}"))
            .replace("08:11:00", &format!("08:{n:02}:00"))
            .replace("\"eventName\":\"StopLogging\"", &format!("{error}\"eventName\":\"{api}\""))
    };
    let mut lines: String =
        (1..=5).map(|n| refused(n, &format!("Api{n}"), "\"errorCode\":\"AccessDenied\",")).collect();
    lines += &refused(9, "Api3", "");
    let capped = b"[detectors.denied-burst]\nmax_severity = \"low\"\n";
    let place = folder(&[("a.jsonl", lines.as_bytes()), ("capped.toml", capped)]);
    let said = "user/ann: denied on 5 APIs in 10 min, 1 then allowed";
    for (args, severity) in
        [(vec!["replay", "a.jsonl"], "HIGH"), (vec!["replay", "a.jsonl", "--config", "capped.toml"], "LOW")]
    {
        let ran = lapwing(place.path(), &args);
        assert!(ran.out.starts_with(&format!("{severity} · 111122223333 · {said}")), "{}{}", ran.out, ran.err);
    }
}

#[test]
#[cfg(unix)]
fn a_pipe_is_read_once_and_whole() {
    let place = folder(&[]);
    let ran = lapwing_reading(place.path(), &["replay", "/dev/stdin"], STOP_LOGGING);
    assert_eq!((ran.exit, ran.count("events")), (Some(0), 1), "{}", ran.err);
}

#[test]
fn a_verdict_does_not_depend_on_who_listens() {
    let place = folder(&[("a.jsonl", STOP_LOGGING.as_bytes())]);
    let mut child = command(place.path(), &["replay", "a.jsonl", "--fail-on", "low", "--stats", "stats.json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("lapwing starts");
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().expect("lapwing ends").code(), Some(1));
    assert!(place.path().join("stats.json").metadata().expect("stats are written").len() > 0);
}
