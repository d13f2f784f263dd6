//! The file that keeps the state of one replay for the next: whole or not there at all, and used by one at a time.
//!
//! It is a line that says what it is, the number of its format, a hash of the rest, and the rest.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_128;

use crate::store::{self, blocks::Damaged};

/// What the file begins with.
const MAGIC: &[u8] = b"state of lapwing replay\n";
/// The format that is written: that of all state.
const FORMAT: u32 = store::FORMAT as u32;

/// Why a state file cannot be used.
#[derive(Debug)]
pub enum Wrong {
    /// Another replay uses it.
    InUse,
    /// It is something else.
    Foreign,
    /// It is not what was written.
    Damaged(String),
    /// It was written in this format, by a newer version.
    Newer(u32),
    /// It was written in this format, by an older version.
    Older(u32),
    /// It was kept in another order.
    Order(&'static str),
    /// The system refused.
    Io(io::Error),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::InUse => write!(f, "another replay uses it now"),
            Wrong::Foreign => write!(f, "it is no state of a replay"),
            Wrong::Damaged(what) => write!(f, "it is damaged: {what}"),
            Wrong::Newer(format) => {
                write!(f, "it has format {format}, and this version of lapwing reads up to {FORMAT}")
            }
            Wrong::Older(format) => {
                write!(f, "it has format {format}, and this version of lapwing reads {FORMAT} alone")
            }
            Wrong::Order(order) => write!(f, "it was kept with --order {order}"),
            Wrong::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Wrong {}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Wrong {
        Wrong::Io(error)
    }
}

impl From<Damaged> for Wrong {
    fn from(Damaged(what): Damaged) -> Wrong {
        Wrong::Damaged(what)
    }
}

impl Wrong {
    /// What a person may do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Wrong::InUse => "wait for it to end, or name another file".to_owned(),
            Wrong::Foreign => "name a file that --state wrote, or one that is not there yet".to_owned(),
            Wrong::Damaged(_) => "put a copy of it back, or name another file to begin anew".to_owned(),
            Wrong::Newer(_) => "run the newer version, or name another file to begin anew".to_owned(),
            Wrong::Older(_) => "name another file to begin anew".to_owned(),
            Wrong::Order(order) => format!("replay with --order {order}, or name another file"),
            Wrong::Io(_) => return None,
        })
    }
}

/// A state file, held by one replay until it is dropped.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    /// The system lets go of it whatever becomes of this process. It is a file of its own, because the state's own is
    /// replaced, and it is never removed: whoever waits for it holds the same one.
    _lock: File,
}

impl StateFile {
    /// Holds the file, and reads what it keeps; nothing where it is not there yet.
    ///
    /// # Errors
    /// When another replay holds it, when it is not what this version reads, or when the system refuses. The file is
    /// then left as it is.
    pub fn open(path: &Path) -> Result<(StateFile, Option<Vec<u8>>), Wrong> {
        let kept = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(io::Error::from(io::ErrorKind::IsADirectory).into()),
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error.into()),
        };
        if kept {
            // What is foreign gets no lock beside it.
            payload(fs::read(path)?)?;
        }
        let lock = File::create(beside(path, ".lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Wrong::InUse,
            TryLockError::Error(error) => Wrong::Io(error),
        })?;
        let file = StateFile { path: path.to_owned(), _lock: lock };
        // Another replay may have written it between the two looks.
        match fs::read(path) {
            Ok(bytes) => Ok((file, Some(payload(bytes)?))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((file, None)),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts this in place of what was kept. A crash at any point leaves the one or the other.
    ///
    /// # Errors
    /// When the system refuses. What was kept is then still there.
    pub fn save(&self, payload: &[u8]) -> io::Result<()> {
        let new = beside(&self.path, ".tmp");
        let saved = write(&new, payload).and_then(|()| fs::rename(&new, &self.path));
        if saved.is_err() {
            // Half a file is of use to nobody; where even removing fails, the next save writes over it.
            let _ = fs::remove_file(&new);
        }
        saved.and_then(|()| sync_folder(&self.path))
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn write(path: &Path, payload: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(MAGIC)?;
    file.write_all(&FORMAT.to_le_bytes())?;
    file.write_all(&xxh3_128(payload).to_le_bytes())?;
    file.write_all(payload)?;
    file.sync_all()
}

/// Makes a rename outlive a loss of power.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// What a file keeps.
fn payload(mut bytes: Vec<u8>) -> Result<Vec<u8>, Wrong> {
    let short = || Wrong::Damaged("it ends too early".to_owned());
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        return Err(if !bytes.is_empty() && MAGIC.starts_with(&bytes) { short() } else { Wrong::Foreign });
    };
    let (format, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    match u32::from_le_bytes(*format) {
        FORMAT => {}
        newer if newer > FORMAT => return Err(Wrong::Newer(newer)),
        older => return Err(Wrong::Older(older)),
    }
    let (hash, rest) = rest.split_first_chunk::<16>().ok_or_else(short)?;
    if xxh3_128(rest) != u128::from_le_bytes(*hash) {
        return Err(Wrong::Damaged("what it holds is not what was written".to_owned()));
    }
    let begin = bytes.len() - rest.len();
    bytes.drain(..begin);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(folder: &Path) -> PathBuf {
        let path = folder.join("state");
        let (file, before) = StateFile::open(&path).unwrap();
        assert_eq!(before, None, "it is not there yet");
        file.save(b"what was known").unwrap();
        path
    }

    #[test]
    fn what_was_saved_comes_back_and_is_one_replays_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = kept(folder.path());
        let (file, payload) = StateFile::open(&path).unwrap();
        assert_eq!(payload.as_deref(), Some(&b"what was known"[..]));
        assert!(matches!(StateFile::open(&path), Err(Wrong::InUse)));
        file.save(b"and more").unwrap();
        drop(file);
        assert_eq!(StateFile::open(&path).unwrap().1.as_deref(), Some(&b"and more"[..]));
        assert!(!beside(&path, ".tmp").exists());
    }

    #[test]
    fn what_is_wrong_is_named_and_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = kept(folder.path());
        let good = fs::read(&path).unwrap();
        let check = |bytes: &[u8], wanted: &str| {
            fs::write(&path, bytes).unwrap();
            let wrong = StateFile::open(&path).unwrap_err();
            assert_eq!(wrong.to_string(), wanted);
            assert!(wrong.hint().is_some());
            assert_eq!(fs::read(&path).unwrap(), bytes, "it is left as it is");
        };
        check(b"", "it is no state of a replay");
        check(b"{\"Records\":[]}", "it is no state of a replay");
        for end in 1..MAGIC.len() + 20 {
            check(&good[..end], "it is damaged: it ends too early");
        }
        for end in MAGIC.len() + 20..good.len() {
            check(&good[..end], "it is damaged: what it holds is not what was written");
        }
        for place in MAGIC.len() + 4..good.len() {
            let mut bytes = good.clone();
            bytes[place] ^= 1;
            check(&bytes, "it is damaged: what it holds is not what was written");
        }
        let mut bytes = good;
        let (older, newer) = (FORMAT - 1, FORMAT + 1);
        bytes[MAGIC.len()] = newer as u8;
        check(&bytes, &format!("it has format {newer}, and this version of lapwing reads up to {FORMAT}"));
        bytes[MAGIC.len()] = older as u8;
        check(&bytes, &format!("it has format {older}, and this version of lapwing reads {FORMAT} alone"));
    }

    #[test]
    fn a_save_that_fails_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = kept(folder.path());
        let (file, _) = StateFile::open(&path).unwrap();
        // What stands where the new file is to be written: it cannot be made, or cannot be put in place.
        fs::create_dir(beside(&path, ".tmp")).unwrap();
        file.save(b"more").unwrap_err();
        fs::remove_dir(beside(&path, ".tmp")).unwrap();
        drop(file);
        // A replay that was killed while it saved leaves half a file beside it.
        fs::write(beside(&path, ".tmp"), &MAGIC[..7]).unwrap();
        let (file, payload) = StateFile::open(&path).unwrap();
        assert_eq!(payload.as_deref(), Some(&b"what was known"[..]));
        file.save(b"more").unwrap();
        fs::remove_file(&path).unwrap();
        fs::create_dir_all(path.join("in the way")).unwrap();
        file.save(b"more").unwrap_err();
        assert!(!beside(&path, ".tmp").exists(), "a rename that fails leaves no half file");
    }
}
