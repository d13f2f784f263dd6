//! The logs of the samples are what their generator writes, and small enough for a repository.

use std::io;
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
    let size = size_of_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")).expect("samples/ can be read");
    assert!(size <= MOST_BYTES, "samples/ has {size} bytes, which is more than {MOST_BYTES}");
}

fn size_of_files(folder: &Path) -> io::Result<u64> {
    let mut size = 0;
    for entry in folder.read_dir()? {
        let path = entry?.path();
        size += if path.is_dir() { size_of_files(&path)? } else { path.metadata()?.len() };
    }
    Ok(size)
}
