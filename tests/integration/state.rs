//! `lapwing replay --state` as its user meets it: one file between one day's replay and the next one's.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use lapwing::store::FORMAT;

use crate::logs::{Dice, Who, call, delivery, noon};

/// A folder with a log of each of two days.
fn days() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice::new(1);
    for (day, minutes) in [(1, [0, 5]), (2, [20, 24 * 60])] {
        let record = |minute| {
            call(&mut dice, noon() + chrono::TimeDelta::minutes(minute), Who::Root, ("iam:CreateAccessKey", ""))
        };
        let records: Vec<_> = minutes.map(record).into();
        fs::write(folder.path().join(format!("{day}.json")), delivery(&records)).unwrap();
    }
    folder
}

fn replay(place: &Path, day: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapwing"));
    command.args(["replay", day, "--format", "jsonl", "--state", "lapwing.state"]).current_dir(place);
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn tomorrow_goes_on_where_today_ended() {
    let folder = days();
    let (exit, today, told) = replay(folder.path(), "1.json");
    assert_eq!(exit, Some(0), "{told}");
    assert!(told.starts_with("lapwing: lapwing.state: it is not there yet: "), "{told}");
    let (exit, tomorrow, told) = replay(folder.path(), "2.json");
    assert_eq!(exit, Some(0), "{told}");
    assert!(!told.contains("lapwing.state"), "{told}");
    let id = |line: &str| {
        let alert: serde_json::Value = serde_json::from_str(line).unwrap();
        (alert["id"].to_string(), alert["status"].as_str().unwrap().to_owned())
    };
    let (today, tomorrow): (Vec<_>, Vec<_>) = (today.lines().map(id).collect(), tomorrow.lines().map(id).collect());
    assert!(tomorrow.contains(&(today[0].0.clone(), "update".to_owned())), "it grew: {today:?} {tomorrow:?}");
    assert!(tomorrow.iter().any(|(_, status)| status == "open"), "{tomorrow:?}");
    for day in ["1.json", "2.json"] {
        assert_eq!(replay(folder.path(), day).1, "", "nothing is said twice");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named_and_left() {
    let folder = days();
    let path = folder.path().join("lapwing.state");
    replay(folder.path(), "1.json");
    let good = fs::read(&path).unwrap();
    let mut newer = good.clone();
    newer[good.iter().position(|byte| *byte == b'\n').unwrap() + 1] = FORMAT + 1;
    let of_newer = format!(
        "it has format {}, and this version of lapwing reads up to {FORMAT}\nhint: run the newer version, or name another file to begin anew\n",
        FORMAT + 1
    );
    for (bytes, wanted) in [
        (
            &b"{}"[..],
            "it is no state of a replay\nhint: name a file that --state wrote, or one that is not there yet\n",
        ),
        (
            &good[..good.len() / 2],
            "it is damaged: what it holds is not what was written\nhint: put a copy of it back, or name another file to begin anew\n",
        ),
        (&newer, &of_newer),
    ] {
        fs::write(&path, bytes).unwrap();
        let (exit, said, told) = replay(folder.path(), "2.json");
        assert_eq!((exit, said.as_str()), (Some(2), ""));
        assert_eq!(told, format!("lapwing: lapwing.state: {wanted}"));
        assert!(fs::read(&path).unwrap() == bytes, "it is left as it is");
    }
}

#[test]
fn a_state_that_cannot_be_kept_is_a_failure_after_all_was_printed() {
    let folder = days();
    replay(folder.path(), "1.json");
    let path = folder.path().join("lapwing.state");
    let before = fs::read(&path).unwrap();
    fs::create_dir(folder.path().join("lapwing.state.tmp")).unwrap();
    let (exit, said, told) = replay(folder.path(), "2.json");
    assert_eq!(exit, Some(2));
    assert!(said.contains("\"update\""), "{said}");
    assert!(told.lines().last().unwrap().starts_with("lapwing: lapwing.state: "), "{told}");
    assert!(fs::read(&path).unwrap() == before, "yesterday's is still there");
    fs::remove_dir(folder.path().join("lapwing.state.tmp")).unwrap();
    assert_eq!(replay(folder.path(), "2.json").1, said, "it is said again, as nothing of it was kept");
}

#[test]
fn a_stopped_replay_keeps_nothing() {
    let folder = days();
    fs::write(folder.path().join("bad.json"), "{\"Records\":[{\"eventTime\":\"yesterday\"}]}").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapwing"));
    command.args(["replay", "bad.json", "--strict", "--state", "lapwing.state"]).current_dir(folder.path());
    let told = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert!(told.contains("lapwing: lapwing.state: left as it was, because the replay was stopped"), "{told}");
    assert!(!folder.path().join("lapwing.state").exists());
}
