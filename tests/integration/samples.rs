//! The logs of the samples are what their generator writes, and small enough for a repository.

use std::path::Path;
use std::process::Command;

const MOST_BYTES: u64 = 1_500_000;

#[test]
fn the_generator_writes_the_logs_that_are_there() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/generate.py");
    let out = Command::new("python3").arg(script).arg("--check").output().expect("python3 runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn the_samples_are_small() {
    let size = size_of_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"));
    assert!(size <= MOST_BYTES, "samples/ has {size} bytes, which is more than {MOST_BYTES}");
}

fn size_of_files(folder: &Path) -> u64 {
    let entries = folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| if path.is_dir() { size_of_files(&path) } else { path.metadata().expect("a file").len() }).sum()
}
