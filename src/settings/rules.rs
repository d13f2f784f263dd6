//! Which rules are on, and what becomes of what they find.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lapwing_detectors::stage::Stage;

use super::Settings;
use super::catalog::{Catalog, Entry};
use super::mistake::nearest;
use super::toml::{Document, Found, Section};
use super::values::{Named, named, text};
use crate::rules::listed::{Listed, PACK};

/// Which rules there are besides their files.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Are the built-in rules there? They are unless set.
    pub built_in: bool,
    /// The rules of the folders that the file names.
    pub own: Vec<&'static Listed>,
    /// By name, where it is not what the rule says: what becomes of what it finds.
    pub stages: BTreeMap<&'static str, Stage>,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { built_in: true, own: Vec::new(), stages: BTreeMap::new() }
    }
}

impl Named for Stage {
    const NAMES: &'static [(&'static str, Stage)] =
        &[("observe", Stage::Observe), ("digest", Stage::Digest), ("alert", Stage::Alert)];
    const WHAT: &'static str = "a stage";
}

impl Rules {
    /// All of them, those that are switched off too.
    pub fn all(&self) -> impl Iterator<Item = &'static Listed> + '_ {
        let built_in: &'static [Listed] = if self.built_in { PACK } else { &[] };
        built_in.iter().chain(self.own.iter().copied())
    }

    /// What becomes of what a rule finds.
    #[must_use]
    pub fn stage(&self, rule: &Listed) -> Stage {
        self.stages.get(rule.about.id).copied().unwrap_or(rule.stage)
    }

    /// Reads the section; what is switched off goes to the detectors that are.
    pub(super) fn read(&mut self, section: &Section<'_>, catalog: &Catalog, off: &mut BTreeSet<&'static str>) {
        self.built_in = section.flag("built_in").unwrap_or(self.built_in);
        folders(section);
        if let Some(list) = section.find("off") {
            for item in list.items() {
                let name = item.read(|name| Ok(name.to_owned())).unwrap_or_default();
                off.extend(rule_of(&name, &item, catalog));
            }
        }
        if let Some(stages) = section.section("stage") {
            for found in stages.others() {
                let name = rule_of(&found.key, &found, catalog);
                self.stages.extend(name.zip(found.read(named)));
            }
        }
        section.finish();
    }
}

impl Settings {
    /// The folders of rules that a settings file names, as seen from its own folder. What is wrong with the file, or
    /// with them, is said by those who read it.
    #[must_use]
    pub fn rule_folders(file: &Path, text: &str) -> Vec<PathBuf> {
        let document = Document::new(text);
        let table = document.parse();
        let named = Section::root(&document, &table).section("rules").map(|section| folders(&section));
        let own = file.parent().unwrap_or(Path::new(""));
        named.unwrap_or_default().into_iter().map(|folder| own.join(folder)).collect()
    }
}

fn folders(section: &Section<'_>) -> Vec<String> {
    let items = section.find("folders").map(|list| list.items()).unwrap_or_default();
    items.iter().filter_map(|item| item.read(text)).collect()
}

/// The rule of that name; a name that no rule has is a mistake.
fn rule_of(name: &str, found: &Found<'_>, catalog: &Catalog) -> Option<&'static str> {
    let entry = catalog.rules().find(|entry| entry.about.id == name);
    if entry.is_none() && !name.is_empty() {
        let known: Vec<&str> = catalog.rules().map(|entry| entry.about.id).collect();
        let hint = nearest(name, &known).map(|name| format!("did you mean `{name}`?"));
        let hint = hint.unwrap_or_else(|| "`lapwing detectors` lists them".to_owned());
        found.refuse("there is no such rule".to_owned(), Some(hint));
    }
    entry.map(|Entry { about, .. }| about.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::lines;

    fn read(toml: &str) -> Result<Settings, super::super::Mistakes> {
        Settings::read("x", toml, &Catalog::built_in())
    }

    #[test]
    fn rules_are_switched_off_and_change_their_stage() {
        let settings = read(
            "[rules]
             off = ['organization-left']
             stage = { root-access-key-created = 'digest' }
             [detectors.password-policy-deleted]
             max_severity = 'low'
             [[allow]]
             detectors = ['bucket-policy-made-public']
             account = '111122223333'
             reason = 'a public site'",
        )
        .unwrap();
        let rule = |name| PACK.iter().find(|listed| listed.about.id == name).unwrap();
        assert!(settings.off.contains("organization-left"));
        assert_eq!(settings.rules.stage(rule("root-access-key-created")), Stage::Digest);
        assert_eq!(settings.rules.stage(rule("organization-left")), rule("organization-left").stage);
        let on: Vec<&str> = settings.engine().detectors().map(|about| about.id).collect();
        assert!(on.contains(&"root-access-key-created") && !on.contains(&"organization-left"));
        let without = read("[rules]\nbuilt_in = false").unwrap();
        assert_eq!(without.rules.all().count(), 0);
        assert!(!without.engine().detectors().any(|about| about.id == "root-access-key-created"));
    }

    #[test]
    fn mistakes_are_named() {
        let found = lines(read(
            "[rules]
folders = 'mine'
off = ['organisation-left', 1]
stage = { organization-left = 'loud', nobody = 'alert' }
on = true",
        ));
        assert_eq!(
            found,
            [
                "2 rules.folders: \"mine\" is not a list | write it like [\"…\", \"…\"]",
                "3 rules.off: there is no such rule | did you mean `organization-left`?",
                "3 rules.off: 1 is not a text | put it in quotes",
                "4 rules.stage.nobody: there is no such rule | `lapwing detectors` lists them",
                "4 rules.stage.organization-left: \"loud\" is not a stage (observe, digest, alert)",
                "5 rules.on: there is no such key | known here: built_in, folders, off, stage",
            ]
        );
    }

    #[test]
    fn folders_are_seen_from_the_file() {
        let folders = Settings::rule_folders(Path::new("conf/lapwing.toml"), "[rules]\nfolders = ['a', '/b', 3]\n[x");
        assert_eq!(folders, [PathBuf::from("conf/a"), PathBuf::from("/b")]);
    }
}
