//! The same records, in other files.

use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use crate::logs::{CORRELATED, Dice, HAPPENINGS, Record, delivery, happening};

/// The records of everything that can happen, by log and time.
pub(super) fn records(seed: u64) -> Vec<Record> {
    let mut dice = Dice::new(seed);
    let mut records: Vec<Record> = (0..HAPPENINGS.len()).flat_map(|which| happening(&mut dice, which, 0)).collect();
    for (name, write) in CORRELATED {
        records.extend(write(&mut dice, name));
    }
    records.sort_by(|a, b| (&a.log, a.time).cmp(&(&b.log, b.time)));
    records
}

/// The records in files of at most so many, as AWS would deliver them.
pub(super) fn batches(records: &[Record], most: usize) -> Vec<Vec<Record>> {
    records.chunk_by(|a, b| a.log == b.log).flat_map(|log| log.chunks(most)).map(<[Record]>::to_vec).collect()
}

/// Writes each batch to a file of its own, every third one plain, the others packed. `name` makes names of numbers.
pub(super) fn written(batches: &[Vec<Record>], name: impl Fn(usize) -> String) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (n, batch) in batches.iter().enumerate() {
        let (path, bytes) = (folder.path().join(name(n)), delivery(batch));
        if n % 3 == 0 {
            fs::write(path.with_extension("json"), bytes).unwrap();
        } else {
            let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(&bytes).unwrap();
            fs::write(path.with_extension("json.gz"), packed.finish().unwrap()).unwrap();
        }
    }
    folder
}

pub(super) fn numbered(n: usize) -> String {
    format!("{n:05}")
}
