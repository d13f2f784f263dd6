//! Loading rules: the built-in pack, and folders of files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use lapwing_detectors::measure::Slot;

use super::listed::{Listed, PACK};
use super::parse::{Rule, parse};
use crate::settings::{Mistake, Mistakes};

/// What was found in some files.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The rules that can be used, each with the place of its file.
    pub rules: Vec<(String, Rule)>,
    /// Rules about logs that are not read here: place, title and log source.
    pub foreign: Vec<(String, String, String)>,
    /// The mistakes of each file that has some.
    pub mistakes: Vec<Mistakes>,
    /// Files read.
    pub files: usize,
}

impl Loaded {
    /// The built-in pack.
    #[must_use]
    pub fn pack() -> Loaded {
        let mut loaded = Loaded::default();
        for (name, text) in PACK.iter().map(Listed::file) {
            loaded.add(name, text);
        }
        loaded.unique(HashMap::new());
        loaded
    }

    /// The rules in folders, none of which may have a name in `taken`, or the name or id of a built-in one.
    ///
    /// # Errors
    /// A path that cannot be read.
    pub fn folders(paths: &[PathBuf], taken: &[&str]) -> Result<Loaded, (PathBuf, io::Error)> {
        let mut loaded = Loaded::default();
        for path in paths {
            loaded.read(path)?;
        }
        let names = |rule: &Listed| [rule.about.id.to_owned(), rule.id.to_owned(), short(rule.id)];
        let built_in = PACK.iter().flat_map(|rule| names(rule).map(|name| (name, rule.place.to_owned())));
        let taken = taken.iter().map(|name| ((*name).to_owned(), "a detector".to_owned()));
        loaded.unique(taken.chain(built_in).collect());
        Ok(loaded)
    }

    /// The rules for as long as the program runs, and the mistakes.
    #[must_use]
    pub fn listed(self) -> (Vec<&'static Listed>, Vec<Mistakes>) {
        let rules = self.rules.into_iter().filter_map(|(place, rule)| Listed::of(&place, rule)).collect();
        (rules, self.mistakes)
    }

    /// The rules in a folder and all that are in it, or in one file.
    ///
    /// # Errors
    /// A path that cannot be read.
    pub fn folder(path: &Path) -> Result<Loaded, (PathBuf, io::Error)> {
        let mut loaded = Loaded::default();
        loaded.read(path)?;
        loaded.unique(HashMap::new());
        Ok(loaded)
    }

    fn read(&mut self, path: &Path) -> Result<(), (PathBuf, io::Error)> {
        let mut files = Vec::new();
        gather(path, &mut files)?;
        files.sort();
        for file in files {
            let bytes = fs::read(&file).map_err(|error| (file.clone(), error))?;
            self.add(&file.to_string_lossy(), &String::from_utf8_lossy(&bytes));
        }
        Ok(())
    }

    fn add(&mut self, place: &str, text: &str) {
        self.files += 1;
        match parse(place, text) {
            Ok(parsed) => {
                self.rules.extend(parsed.rules.into_iter().map(|rule| (place.to_owned(), rule)));
                let foreign = parsed.foreign.into_iter();
                self.foreign.extend(foreign.map(|(title, source)| (place.to_owned(), title, source)));
            }
            Err(mistakes) => self.mistakes.push(mistakes),
        }
    }

    /// An id or a name may be there once, and so may the short form of an id that findings are kept under. `held` are
    /// those that are taken, with the places that they are taken by.
    fn unique(&mut self, mut held: HashMap<String, String>) {
        let mut mistakes = Vec::new();
        self.rules.retain(|(place, rule)| {
            for (kind, name) in [("id", &rule.id), ("name", &rule.slug), ("id in short", &short(&rule.id))] {
                if let Some(first) = held.insert(name.clone(), place.clone()) {
                    let what = format!("its {kind} `{name}` is also that of {first}");
                    let found = vec![Mistake { line: None, key: String::new(), what, hint: None }];
                    mistakes.push(Mistakes { place: place.clone(), found });
                    return false;
                }
            }
            true
        });
        self.mistakes.extend(mistakes);
    }
}

/// What findings of a rule with that id are kept under.
fn short(id: &str) -> String {
    format!("{:08x}", Slot::named(id).0)
}

fn gather(path: &Path, out: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    if !path.is_dir() {
        out.push(path.to_owned());
        return Ok(());
    }
    let failed = |error| (path.to_owned(), error);
    for entry in fs::read_dir(path).map_err(failed)? {
        let inner = entry.map_err(failed)?.path();
        let named = inner.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
        if inner.is_dir() || named {
            gather(&inner, out)?;
        }
    }
    Ok(())
}
