//! Loading rules: the built-in pack, and folders of files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use lapwing_detectors::measure::Slot;

use super::correlation::{Correlation, Draft, Known, is_named};
use super::listed::{Listed, PACK};
use super::parse::{Rule, parse_all};
use crate::settings::{Mistake, Mistakes};

/// What was found in some files.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The rules that can be used, each with the place of its file.
    pub rules: Vec<(String, Rule)>,
    /// The correlations that can be used, each with the place of its file.
    pub correlations: Vec<(String, Correlation)>,
    /// Those that are not looked up yet.
    drafts: Vec<(String, Draft)>,
    /// The names of rules about logs that are not read here.
    foreign_names: Vec<String>,
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
        loaded.complete();
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
        loaded.complete();
        let names = |rule: &Listed| [rule.about.id.to_owned(), rule.id.to_owned(), short(rule.id)];
        let built_in = PACK.iter().flat_map(|rule| names(rule).map(|name| (name, rule.place.to_owned())));
        let taken = taken.iter().map(|name| ((*name).to_owned(), "a detector".to_owned()));
        loaded.unique(taken.chain(built_in).collect());
        Ok(loaded)
    }

    /// The rules for as long as the program runs, and the mistakes.
    #[must_use]
    pub fn listed(self) -> (Vec<&'static Listed>, Vec<Mistakes>) {
        let rules = self.rules.into_iter().filter_map(|(place, rule)| Listed::of(&place, rule));
        let correlations = self.correlations.into_iter();
        let correlations = correlations.filter_map(|(place, correlation)| Listed::of_correlation(&place, correlation));
        (rules.chain(correlations).collect(), self.mistakes)
    }

    /// The rules in a folder and all that are in it, or in one file.
    ///
    /// # Errors
    /// A path that cannot be read.
    pub fn folder(path: &Path) -> Result<Loaded, (PathBuf, io::Error)> {
        let mut loaded = Loaded::default();
        loaded.read(path)?;
        loaded.complete();
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
        let (parsed, found) = parse_all(place, text);
        if !found.is_empty() {
            self.mistakes.push(Mistakes { place: place.to_owned(), found });
        }
        self.rules.extend(parsed.rules.into_iter().map(|rule| (place.to_owned(), rule)));
        let foreign = parsed.foreign.into_iter();
        self.foreign.extend(foreign.map(|(title, source)| (place.to_owned(), title, source)));
        self.foreign_names.extend(parsed.foreign_names);
        self.drafts.extend(parsed.drafts.into_iter().map(|draft| (place.to_owned(), draft)));
    }

    /// Looks up the rules that correlations name, once all files are read. A rule that a correlation of its own file
    /// names speaks for itself only where that correlation says `generate: true`.
    fn complete(&mut self) {
        let drafts = std::mem::take(&mut self.drafts);
        let correlations: Vec<String> = drafts.iter().flat_map(|(_, draft)| draft.names()).cloned().collect();
        let own =
            self.rules.iter().flat_map(|(_, rule)| [Some(&rule.id), rule.written.name.as_ref(), Some(&rule.slug)]);
        let names: Vec<String> = own.flatten().cloned().collect();
        let mut silent = Vec::new();
        for (place, draft) in drafts {
            if !draft.written.generate {
                silent.extend(draft.written.rules.iter().map(|name| (place.clone(), name.clone())));
            }
            let find = |name: &str| self.rule_named(&place, name);
            let (foreign, title) = (&self.foreign_names, draft.written.title.clone());
            let known = Known { find: &find, names: &names, foreign, correlations: &correlations };
            match draft.complete(&place, &known) {
                Ok(Some(correlation)) => self.correlations.push((place, correlation)),
                Ok(None) => self.foreign.push((place, title, "a correlation".to_owned())),
                Err(mistakes) => self.wrong(mistakes),
            }
        }
        // Nothing of a file with mistakes is used; a correlation of another one that names its rules is none the worse.
        let right = |place: &String| self.mistakes.iter().all(|mistakes| mistakes.place != *place);
        self.correlations.retain(|(place, _)| right(place));
        self.foreign.retain(|(place, ..)| right(place));
        self.rules.retain(|(place, _)| right(place));
        self.rules
            .retain(|(place, rule)| !silent.iter().any(|(of, name)| of == place && is_named(&rule.written, name)));
    }

    /// Notes mistakes, behind those of the same file.
    fn wrong(&mut self, mut mistakes: Mistakes) {
        match self.mistakes.iter_mut().find(|held| held.place == mistakes.place) {
            Some(held) => held.found.append(&mut mistakes.found),
            None => self.mistakes.push(mistakes),
        }
    }

    /// The rule that a correlation of that file means by that name: one of its file, of another one, or a built-in one.
    fn rule_named(&self, place: &str, name: &str) -> Option<Rule> {
        let meant = |rule: &Rule| is_named(&rule.written, name) || rule.slug == name;
        let all = || self.rules.iter().filter(|(_, rule)| meant(rule));
        let held = all().find(|(of, _)| of == place).or_else(|| all().next());
        let built_in = || PACK.iter().find(|listed| listed.id == name || listed.about.id == name)?.read();
        held.map(|(_, rule)| rule.clone()).or_else(built_in)
    }

    /// An id or a name may be there once, and so may the short form of an id that findings are kept under. `held` are
    /// those that are taken, with the places that they are taken by.
    fn unique(&mut self, mut held: HashMap<String, String>) {
        let mut mistakes = Vec::new();
        let mut is_new = |place: &str, id: &String, slug: &String| {
            for (kind, name) in [("id", id), ("name", slug), ("id in short", &short(id))] {
                if let Some(first) = held.insert(name.clone(), place.to_owned()) {
                    let what = format!("its {kind} `{name}` is also that of {first}");
                    let found = vec![Mistake { line: None, key: String::new(), what, hint: None }];
                    mistakes.push(Mistakes { place: place.to_owned(), found });
                    return false;
                }
            }
            true
        };
        self.rules.retain(|(place, rule)| is_new(place, &rule.id, &rule.slug));
        self.correlations.retain(|(place, correlation)| is_new(place, &correlation.id, &correlation.slug));
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
