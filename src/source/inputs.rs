//! Which files a replay reads, and in which order: that of their first events, so that time runs on.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::decode::first_time;
use crate::decode::gzip::Inflater;

/// Packed bytes that are looked at to find a file's first event, and the most when that is not enough.
const HEAD: [usize; 4] = [1 << 10, 3 << 10, 16 << 10, 512 << 10];
/// Plain bytes to look at for each packed one.
const HEAD_RATIO: usize = 8;
/// How names of logs end, as AWS and people write them. Only files found in a folder are chosen by name: the folder may
/// hold anything, while a file that is named is meant.
const ENDINGS: [&str; 7] = ["json", "jsonl", "ndjson", "csv", "log", "txt", "gz"];

/// Something to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// A named pipe or a device: it can be read once, and not looked at before.
    Stream(PathBuf),
    /// Standard input.
    Stdin,
}

impl Place {
    /// Its name, for messages.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Place::File(path) | Place::Stream(path) => path.to_string_lossy().into_owned(),
            Place::Stdin => "standard input".to_owned(),
        }
    }
}

/// Something to read, and what a first look at it showed.
#[derive(Clone, Debug)]
pub struct Input {
    /// What to read.
    pub place: Place,
    /// Its size in bytes, as it lies there; 0 for standard input.
    pub size: u64,
    /// The time of its first event; unknown when it begins with something odd.
    pub first: Option<DateTime<Utc>>,
}

/// What was found to read.
#[derive(Debug, Default)]
pub struct Inputs {
    /// What to read, in the order of first events; those without a known one come first, since they may hold anything.
    pub inputs: Vec<Input>,
    /// Paths that cannot be opened, with what the system said.
    pub unreadable: Vec<(PathBuf, io::Error)>,
    /// Files in folders that were left out, because their names are not those of logs.
    pub left_out: usize,
}

/// Finds what the paths name: files, all that lies in folders, and `-` for standard input.
#[must_use]
pub fn find(paths: &[PathBuf]) -> Inputs {
    let mut found = Inputs::default();
    for path in paths {
        if path.as_os_str() == "-" {
            found.inputs.push(Input { place: Place::Stdin, size: 0, first: None });
        } else {
            found.add(path);
        }
    }
    found.inputs.sort_by_cached_key(|input| (input.first, input.place.name()));
    found
}

impl Inputs {
    fn add(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(data) if data.is_dir() => self.add_folder(path),
            Ok(data) if data.is_file() => self.add_file(path, data.len()),
            Ok(_) => self.inputs.push(Input { place: Place::Stream(path.to_owned()), size: 0, first: None }),
            Err(error) => self.unreadable.push((path.to_owned(), error)),
        }
    }

    fn add_folder(&mut self, path: &Path) {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable.push((path.to_owned(), error)),
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry.path()))) {
                // A link could lead back to a folder above, and round in circles.
                Ok((kind, path)) if kind.is_symlink() && path.is_dir() => self.left_out += 1,
                Ok((kind, path)) if kind.is_dir() => self.add_folder(&path),
                // A pipe in a folder would wait for somebody who may never write.
                Ok((_, path)) if is_log_name(&path) && path.is_file() => self.add(&path),
                Ok(_) => self.left_out += 1,
                Err(error) => self.unreadable.push((path.to_owned(), error)),
            }
        }
    }

    fn add_file(&mut self, path: &Path, size: u64) {
        match look(path) {
            Ok(first) => self.inputs.push(Input { place: Place::File(path.to_owned()), size, first }),
            Err(error) => self.unreadable.push((path.to_owned(), error)),
        }
    }
}

fn is_log_name(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_none_or(|end| ENDINGS.iter().any(|known| end.eq_ignore_ascii_case(known)))
}

/// The time of a file's first event, from as few of its bytes as it takes.
fn look(path: &Path) -> io::Result<Option<DateTime<Utc>>> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    for size in HEAD {
        let wanted = size.saturating_sub(bytes.len()) as u64;
        let read = file.by_ref().take(wanted).read_to_end(&mut bytes)?;
        let first = first_time(&Inflater::head(&bytes, size * HEAD_RATIO));
        if first.is_some() || (read as u64) < wanted {
            return Ok(first);
        }
    }
    Ok(None)
}
