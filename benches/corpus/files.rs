//! The files of a generated corpus.

use std::fs;
use std::path::{Path, PathBuf};

/// Adds the gzipped files in a folder and all that are in it.
pub(crate) fn gzipped(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.extension() {
            _ if path.is_dir() => gzipped(&path, found),
            Some(end) if end == "gz" => found.push(path),
            _ => {}
        }
    }
}
