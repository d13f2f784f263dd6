//! The logs of the samples are what their generator writes, small enough for a repository, and say what their README
//! says. `LAPWING_BLESS=1` writes down what they say now.

use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::replay::{USUAL, replay};

const MOST_BYTES: u64 = 1_600_000;

#[test]
fn the_generator_writes_the_logs_that_are_there() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/generate.py");
    let out = Command::new("python3").arg(script).arg("--check").output().expect("python3 runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn the_samples_are_small() {
    let size = size_of_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")).expect("samples/ can be read");
    assert!(size <= MOST_BYTES, "samples/ has {size} bytes, which is more than {MOST_BYTES}");
}

const EXPECTED: &str = "alerts.expected";

#[test]
fn the_samples_say_what_they_should() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut compared = 0;
    for entry in samples.read_dir().expect("samples/ can be read") {
        let folder = entry.expect("samples/ can be read").path();
        if !folder.join("README.md").exists() {
            continue;
        }
        let heard = replay(std::slice::from_ref(&folder), USUAL);
        assert_eq!(heard.failures, 0, "{:?}", heard.failed);
        let said: String = heard.lines().iter().map(|line| format!("{}\n", told(line))).collect();
        let path = folder.join(EXPECTED);
        if env::var_os("LAPWING_BLESS").is_some() {
            fs::write(&path, &said).expect("samples/ can be written");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(said, expected, "{}; LAPWING_BLESS=1 writes it down", path.display());
        compared += 1;
    }
    assert!(compared > 5);
}

/// `raised_at status severity detector summary` of an alert as it is printed.
fn told(line: &str) -> String {
    let alert: serde_json::Value = serde_json::from_str(line).expect("an alert is JSON");
    let members = ["raised_at", "status", "severity", "detector", "summary"];
    members.map(|member| alert[member].as_str().expect("an alert has it")).join(" ")
}

fn size_of_files(folder: &Path) -> io::Result<u64> {
    let mut size = 0;
    for entry in folder.read_dir()? {
        let path = entry?.path();
        size += if path.is_dir() { size_of_files(&path)? } else { path.metadata()?.len() };
    }
    Ok(size)
}
