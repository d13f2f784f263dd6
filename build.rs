//! Puts the built-in rules into the program: each file in `detectors/rules` with what is said of it, so that a start
//! reads none of them.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use lapwing_detectors::correlation::slots;
use rsigma_parser::{CorrelationRule, SigmaRule, parse_sigma_yaml};

use crate::rules::card::{Card, source_of};
use crate::rules::plan::plan;
use crate::rules::section::Section;

#[allow(dead_code, unreachable_pub, reason = "what the program reads these with as well is more than a card needs")]
#[path = "src/rules"]
mod rules {
    pub(crate) mod card;
    pub(crate) mod keys;
    pub(crate) mod needs;
    pub(crate) mod plan;
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
    let (name, stem) = (path.file_name().unwrap_or_default(), path.file_stem().unwrap_or_default());
    let stem = stem.to_string_lossy();
    let card = match (collection.rules.as_slice(), collection.correlations.as_slice()) {
        ([rule], []) => Card::of(&stem, rule, Some(&section(&rule.custom_attributes)?)),
        (rules, [written]) => correlation(&stem, written, rules)?,
        _ => return Err(format!("one rule or correlation is wanted; {}", collection.errors.join(", "))),
    };
    let card = card.ok_or("it is about a log that is not read")?;
    Ok(row(&name.to_string_lossy(), &path.to_string_lossy(), &card))
}

fn section(attributes: &HashMap<String, yaml_serde::Value>) -> Result<Section, String> {
    let section = attributes.get("lapwing").ok_or("it has no section `lapwing`")?;
    yaml_serde::from_value(section.clone()).map_err(|error| error.to_string())
}

/// The card of a correlation of rules of its own file.
fn correlation(slug: &str, written: &CorrelationRule, rules: &[SigmaRule]) -> Result<Option<Card>, String> {
    let named = |name: &String| {
        let rule = rules.iter().find(|rule| [&rule.id, &rule.name].into_iter().flatten().any(|own| own == name));
        rule.cloned().ok_or(format!("it names `{name}`, which is not in its file"))
    };
    let rules: Vec<SigmaRule> = written.rules.iter().map(named).collect::<Result<_, _>>()?;
    let Some(source) = rules.first().and_then(|rule| source_of(&rule.logsource)) else { return Ok(None) };
    let planned =
        plan(written, source).map_err(|faults| faults.iter().map(|fault| &*fault.what).collect::<String>())?;
    Ok(Card::of_correlation(slug, written, (&rules, &planned), Some(&section(&written.custom_attributes)?)))
}

/// What of a card a correlation has and a rule does not: the description of its windows, and what it is judged for.
fn correlating(card: &Card) -> (String, String, &'static str) {
    let Some(plan) = &card.plan else {
        return (format!("Slot::named({:?})", card.id), String::new(), "Timing::Monotone");
    };
    let slots: String = slots(&card.id, plan).iter().map(|slot| format!("{slot:?}, ")).collect();
    let plan_text = format!("{plan:?}").replace("pattern: ", "pattern: Pattern::");
    let timing = if plan.is_monotone() { "Timing::Monotone" } else { "Timing::Settling" };
    (slots, format!(".correlating({plan_text})"), timing)
}

fn row(name: &str, path: &str, card: &Card) -> String {
    let Card { slug, id, title, what, why, innocent, attack, next, source, severity, stage, family, .. } = card;
    let (slots, plan, timing) = correlating(card);
    let nature = card.nature();
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
         families: &[Family::{family:?}],\n        trigger: Trigger::Slots(&[{slots}]),\n        timing: {timing},\n        nature: Nature::{nature:?},\n        ..About::EMPTY\n    }})){plan},\n"
    )
}
