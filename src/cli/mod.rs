//! The command line: what people type, what they read when it goes wrong, and what a script learns from the exit code.

pub mod check;
pub mod detectors;
mod hidden;
pub mod init;
pub mod replay;
pub mod rules;
pub mod score;
mod unsaid;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::replay::Wrong;
use crate::report::clean::clean;
use crate::rules::load::Loaded;
use crate::settings::catalog::Catalog;
use crate::settings::{Mistake, Mistakes, Settings};

/// The settings file that is read where none is named, from the working folder.
pub const DEFAULT_CONFIG: &str = "lapwing.toml";

/// As much of a path or an argument as a message repeats, in characters.
const QUOTE_LIMIT: usize = 300;

/// How a command ended, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what it was asked.
    Fine = 0,
    /// It found what it was asked to fail on.
    Found = 1,
    /// It could not do all that it was asked.
    Failed = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a command failed, in words for the person who typed it: `lapwing: WHERE: WHAT`, and at most one `hint:` line
/// for each mistake.
#[derive(Debug)]
pub enum Error {
    /// The settings have mistakes.
    Settings(Mistakes),
    /// Rules have mistakes, and perhaps the settings that name them.
    Rules(Vec<Mistakes>),
    /// A file could not be read or written.
    File {
        /// The file, as it was named.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file would be overwritten.
    Exists(PathBuf),
    /// There is no detector of that id.
    UnknownDetector {
        /// The id, as it was typed.
        id: String,
        /// The id that may be meant.
        nearest: Option<&'static str>,
    },
    /// There is nothing to read in these folders.
    NoInput(Vec<PathBuf>),
    /// Standard input is not what a command reads.
    Input {
        /// The row, the first being 1; none of the header.
        row: Option<u64>,
        /// What was found, and what was wanted.
        what: String,
    },
    /// Arguments that do not go together.
    Usage {
        /// The command.
        place: &'static str,
        /// What is wrong.
        what: String,
    },
    /// The state of a replay cannot be used or kept.
    State {
        /// The file, as it was named.
        path: PathBuf,
        /// What is wrong with it.
        wrong: Wrong,
    },
    /// What was found could not be printed.
    Output(io::Error),
}

impl Error {
    /// Says what went wrong to the person who typed the command, and gives the exit code. A reader who has seen enough
    /// (`lapwing detectors | head`) is no failure, and is not told.
    pub fn tell(&self, person: &mut dyn io::Write) -> Exit {
        if matches!(self, Error::Output(error) if error.kind() == io::ErrorKind::BrokenPipe) {
            return Exit::Fine;
        }
        // Where even this cannot be written, the exit code still says it.
        let _ = writeln!(person, "{self}");
        Exit::Failed
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::File { error, path } if error.kind() == io::ErrorKind::NotFound && is_settings(path) => {
                Some("`lapwing init` writes one with every setting explained".to_owned())
            }
            Error::Rules(_) => Some("--keep-going replays with the other rules".to_owned()),
            Error::State { wrong, .. } => wrong.hint(),
            Error::Exists(_) => Some("--force overwrites it".to_owned()),
            Error::NoInput(_) => Some(
                "of a folder .json .jsonl .ndjson .csv .log .txt and .gz are read; a file that is named is always"
                    .to_owned(),
            ),
            Error::UnknownDetector { nearest: Some(id), .. } => Some(format!("did you mean `{id}`?")),
            Error::UnknownDetector { nearest: None, .. } => Some("`lapwing detectors` lists them".to_owned()),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Output(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Every mistake there is a message and a hint of its own.
            Error::Settings(mistakes) => return mistakes.fmt(f),
            Error::Rules(files) => {
                write!(f, "{}", files.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
            }
            Error::File { path, error } => write!(f, "lapwing: {}: {}", shown(path), reason(error))?,
            Error::State { path, wrong: Wrong::Io(error) } => write!(f, "lapwing: {}: {}", shown(path), reason(error))?,
            Error::State { path, wrong } => write!(f, "lapwing: {}: {wrong}", shown(path))?,
            Error::Exists(path) => write!(f, "lapwing: {}: it is already there", shown(path))?,
            Error::UnknownDetector { id, .. } => {
                write!(f, "lapwing: detectors: there is no detector \"{}\"", clean(id, QUOTE_LIMIT))?;
            }
            Error::NoInput(paths) => {
                let paths: Vec<String> = paths.iter().map(|path| shown(path)).collect();
                write!(f, "lapwing: {}: there is no file here that is named like a log", paths.join(", "))?;
            }
            Error::Input { row: None, what } => write!(f, "lapwing: stdin: {what}")?,
            Error::Input { row: Some(row), what } => write!(f, "lapwing: stdin: row {row}: {what}")?,
            Error::Usage { place, what } => write!(f, "lapwing: {place}: {what}")?,
            Error::Output(error) => write!(f, "lapwing: output: {}", reason(error))?,
        }
        self.hint().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl std::error::Error for Error {}

/// What the system said, in our words where it happens often.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "reading or writing it is not permitted".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder, and a file is wanted".to_owned(),
        _ => clean(&error.to_string().to_lowercase(), QUOTE_LIMIT).into_owned(),
    }
}

/// A path, safe on a terminal.
#[must_use]
pub fn shown(path: &Path) -> String {
    clean(&path.to_string_lossy(), QUOTE_LIMIT).into_owned()
}

/// What is done about files of rules that have mistakes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Faulty {
    /// Nothing begins before they are right.
    #[default]
    Refuse,
    /// The others are used, and the mistakes are told.
    PassOver,
}

/// The settings with all that they name.
#[derive(Debug)]
pub struct Config {
    /// What is set.
    pub settings: Settings,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// What there is to find, with the rules of the user's own.
    pub catalog: Catalog,
    /// The mistakes in rules that are passed over.
    pub faulty: Vec<Mistakes>,
}

/// The settings of a file; without one, those of [`DEFAULT_CONFIG`] if that is there, or else the defaults. Also says
/// which file was read.
///
/// # Errors
/// A named file that is not there, or cannot be read; every mistake in a file.
pub fn load(config: Option<&Path>, catalog: &Catalog) -> Result<(Settings, Option<PathBuf>), Error> {
    load_with(config, catalog, Faulty::Refuse).map(|config| (config.settings, config.file))
}

/// The same with the rules in the folders that the file names.
///
/// # Errors
/// A file or folder that cannot be read; every mistake in the settings and, unless they are passed over, in the rules.
pub fn load_with(config: Option<&Path>, catalog: &Catalog, faulty: Faulty) -> Result<Config, Error> {
    let path = config.unwrap_or(Path::new(DEFAULT_CONFIG));
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if config.is_none() && error.kind() == io::ErrorKind::NotFound => {
            let (settings, catalog) = (Settings::default(), catalog.clone());
            return Ok(Config { settings, file: None, catalog, faulty: Vec::new() });
        }
        Err(error) => return Err(Error::File { path: path.to_owned(), error }),
    };
    let place = path.to_string_lossy();
    let text = str::from_utf8(&bytes).map_err(|e| Error::Settings(not_text(&place, &bytes[..e.valid_up_to()])))?;
    let (catalog, mut mistakes) = own_rules(&Settings::rule_folders(path, text), catalog)?;
    let settings = match Settings::read(&place, text, &catalog) {
        Ok(settings) if faulty == Faulty::PassOver || mistakes.is_empty() => settings,
        Ok(_) => return Err(Error::Rules(mistakes)),
        Err(wrong) if mistakes.is_empty() => return Err(Error::Settings(wrong)),
        Err(wrong) => {
            mistakes.insert(0, wrong);
            return Err(Error::Rules(mistakes));
        }
    };
    Ok(Config { settings, file: Some(path.to_owned()), catalog, faulty: mistakes })
}

/// What there is to find with the rules in these folders, and the mistakes in them.
fn own_rules(folders: &[PathBuf], catalog: &Catalog) -> Result<(Catalog, Vec<Mistakes>), Error> {
    if folders.is_empty() {
        return Ok((catalog.clone(), Vec::new()));
    }
    let loaded = Loaded::folders(folders, &catalog.ids()).map_err(|(path, error)| Error::File { path, error })?;
    let (rules, mistakes) = loaded.listed();
    Ok((catalog.with(&rules), mistakes))
}

/// The mistake of a file that is no UTF-8 text after `good`.
fn not_text(place: &str, good: &[u8]) -> Mistakes {
    let line = 1 + good.iter().filter(|b| **b == b'\n').count();
    let what = "this is not UTF-8 text".to_owned();
    let mistake = Mistake { line: Some(line), key: String::new(), what, hint: None };
    Mistakes { place: place.to_owned(), found: vec![mistake] }
}

fn is_settings(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::catalog;

    #[test]
    fn a_message_says_where_and_what() {
        let file = |kind: io::ErrorKind| Error::File { path: "my\n.toml".into(), error: kind.into() };
        for (error, wanted) in [
            (
                file(io::ErrorKind::NotFound),
                "lapwing: my\\n.toml: there is no such file or folder\n\
                 hint: `lapwing init` writes one with every setting explained",
            ),
            (file(io::ErrorKind::IsADirectory), "lapwing: my\\n.toml: it is a folder, and a file is wanted"),
            (Error::Exists("x.toml".into()), "lapwing: x.toml: it is already there\nhint: --force overwrites it"),
            (
                Error::UnknownDetector { id: "rot".to_owned(), nearest: Some("root-use") },
                "lapwing: detectors: there is no detector \"rot\"\nhint: did you mean `root-use`?",
            ),
            (Error::Output(io::Error::other("No space left on device")), "lapwing: output: no space left on device"),
        ] {
            assert_eq!(error.to_string(), wanted);
        }
    }

    #[test]
    fn only_a_closed_pipe_is_no_failure() {
        for (kind, wanted) in [
            (io::ErrorKind::BrokenPipe, (Exit::Fine, "")),
            (
                io::ErrorKind::PermissionDenied,
                (Exit::Failed, "lapwing: output: reading or writing it is not permitted\n"),
            ),
        ] {
            let mut told = Vec::new();
            let exit = Error::from(io::Error::from(kind)).tell(&mut told);
            assert_eq!((exit, String::from_utf8(told).unwrap().as_str()), wanted);
        }
    }

    #[test]
    fn a_file_is_loaded_or_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        for (text, wanted) in [
            (&b"[lateness]\nlambda = '1h'"[..], Ok(60)),
            (b"\xef\xbb\xbf[lateness]\r\nlambda = '1h'\r\n", Ok(60)),
            (b"", Ok(5)),
            (b"# a\n# \xff", Err(":2: this is not UTF-8 text")),
            (b"[lateness]\nlambda = 1", Err(":2: lateness.lambda: 1 is not a text\nhint: put it in quotes")),
        ] {
            fs::write(&path, text).unwrap();
            let found = load(Some(&path), &catalog()).map(|(settings, _)| settings.lateness.lambda.0);
            let wanted = wanted.map_err(|what| format!("lapwing: {}{what}", path.display()));
            assert_eq!(found.map_err(|e| e.to_string()), wanted);
        }
        let missing = load(Some(&folder.path().join("b.toml")), &catalog());
        assert!(matches!(missing, Err(Error::File { .. })), "{missing:?}");
    }
}
