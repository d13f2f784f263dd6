//! Puts the built-in rules into the program: each file in `detectors/rules` with what is said of it, so that a start
//! reads none of them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use rsigma_parser::parse_sigma_yaml;

use crate::rules::card::Card;
use crate::rules::section::Section;

#[allow(dead_code, unreachable_pub, reason = "what the program reads these with as well is more than a card needs")]
#[path = "src/rules"]
mod rules {
    pub(crate) mod card;
    pub(crate) mod keys;
    pub(crate) mod needs;
    pub(crate) mod section;
}

fn main() -> io::Result<()> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("detectors/rules");
    println!("cargo::rerun-if-changed=detectors/rules");
    println!("cargo::rerun-if-changed=src/rules");
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yml") {
            files.push(path);
        }
    }
    files.sort();
    let mut table = format!("static BUILT_IN: [Listed; {}] = [\n", files.len());
    for path in &files {
        table.push_str(&listed(path).map_err(|what| io::Error::other(format!("{}: {what}", path.display())))?);
    }
    table.push_str("];\n");
    fs::write(PathBuf::from(env::var("OUT_DIR").unwrap_or_default()).join("pack.rs"), table)
}

/// A row of the table, in Rust. `lapwing rules check` says more about what is wrong with a file.
fn listed(path: &Path) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let collection = parse_sigma_yaml(&text).map_err(|error| error.to_string())?;
    let [rule] = collection.rules.as_slice() else {
        return Err(format!("one rule is wanted; {}", collection.errors.join(", ")));
    };
    let section = rule.custom_attributes.get("lapwing").ok_or("it has no section `lapwing`")?;
    let section: Section = yaml_serde::from_value(section.clone()).map_err(|error| error.to_string())?;
    let (name, stem) = (path.file_name().unwrap_or_default(), path.file_stem().unwrap_or_default());
    let card = Card::of(&stem.to_string_lossy(), rule, Some(&section)).ok_or("it is about a log that is not read")?;
    Ok(row(&name.to_string_lossy(), &path.to_string_lossy(), &card))
}

fn row(name: &str, path: &str, card: &Card) -> String {
    let Card { slug, id, title, what, why, innocent, attack, next, source, severity, stage, .. } = card;
    let mut keys = String::new();
    for (service, name) in &card.keys {
        // Writing to a string cannot fail.
        let _ = write!(keys, "Key {{ service: {service:?}, name: {name:?} }}, ");
    }
    let needs: String = card.needs.iter().map(|need| format!("Need::{need:?}, ")).collect();
    format!(
        "    Listed::new(({name:?}, include_str!({path:?}), {id:?}), Source::{source:?}, (Severity::{severity:?}, Stage::{stage:?}), (&[{keys}], &[{needs}], &About {{\n        \
         id: {slug:?},\n        title: {title:?},\n        what: {what:?},\n        why: {why:?},\n        \
         innocent: {innocent:?},\n        attack: &{attack:?},\n        next: &{next:?},\n        \
         families: families(Source::{source:?}),\n        trigger: Trigger::Slots(&[Slot::named({id:?})]),\n        ..About::EMPTY\n    }})),\n"
    )
}
