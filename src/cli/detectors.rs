//! `lapwing detectors`: what there is to find, and all about one of it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Config, Error, Exit, Faulty, QUOTE_LIMIT, load_with, shown};
use crate::report::clean::clean;
use crate::report::wrap::wrap;
use crate::rules::listed::Listed;
use crate::settings::Settings;
use crate::settings::catalog::{Catalog, Entry};

/// The width of a terminal that everybody has, in characters.
const WIDTH: usize = 80;
/// The width of the headings of a page.
const HEADING: usize = 10;

/// List the detectors and rules, or explain one
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The detector or rule to explain
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// The settings file, for the rules in its folders [default: lapwing.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Lists the detectors, or prints the page of one.
///
/// # Errors
/// An id that no detector has.
pub fn run(args: &Args, catalog: &Catalog, out: &mut dyn Write) -> Result<Exit, Error> {
    let Config { catalog, settings, .. } = &load_with(args.config.as_deref(), catalog, Faulty::PassOver)?;
    match &args.id {
        None => {
            list(catalog, out)?;
            rules(catalog, settings, out)?;
            writeln!(out, "\nnext: lapwing detectors ID explains one, with its settings")?;
        }
        Some(id) => match catalog.get(id) {
            Some(entry) => {
                page(entry, out)?;
                entry.rule.map_or(Ok(()), |rule| of_rule(rule, settings, out))?;
            }
            None => return Err(Error::UnknownDetector { id: id.clone(), nearest: catalog.nearest(id) }),
        },
    }
    Ok(Exit::Fine)
}

fn list(catalog: &Catalog, out: &mut dyn Write) -> io::Result<()> {
    let width = catalog.detectors().map(|entry| entry.about.id.len()).max().unwrap_or_default();
    writeln!(out, "{:<width$}  FINDS", "ID")?;
    for Entry { about, .. } in catalog.detectors() {
        for (i, line) in wrap(about.title, WIDTH.saturating_sub(width + 2)).iter().enumerate() {
            writeln!(out, "{:<width$}  {line}", if i == 0 { about.id } else { "" })?;
        }
    }
    Ok(())
}

/// The rules, a line each: their names say what they find.
fn rules(catalog: &Catalog, settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    let width = catalog.rules().map(|entry| entry.about.id.len()).max().unwrap_or_default();
    if width > 0 {
        writeln!(out, "\n{:<width$}  SEVERITY  STAGE", "RULE")?;
    }
    for rule in catalog.rules().filter_map(|entry| entry.rule) {
        let stage = settings.rules.stage(rule).name();
        writeln!(out, "{:<width$}  {:<8}  {stage}", rule.about.id, rule.severity.name())?;
    }
    Ok(())
}

/// What a rule has besides: where it is, what becomes of what it finds, and the examples that prove it.
fn of_rule(rule: &Listed, settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    let stage = settings.rules.stage(rule).name();
    writeln!(out, "It is a rule of severity {} and stage {stage}, from", rule.severity.name())?;
    writeln!(out, "  | {}", shown(Path::new(rule.place)))?;
    let Some(section) = rule.section() else { return Ok(()) };
    for (number, loud) in (1..).zip(&section.loud) {
        writeln!(out, "\nLoud {number}")?;
        example(loud, out)?;
    }
    for twin in &section.quiet {
        writeln!(out, "\nQuiet, like loud {}: {}", twin.of, clean(&twin.why, QUOTE_LIMIT))?;
        for (path, value) in &twin.change {
            example(&json!({ path: value }), out)?;
        }
        if twin.change.is_empty() && twin.remove.is_none() {
            writeln!(out, "  | {}", clean(&twin.difference(), QUOTE_LIMIT))?;
        }
        if let Some(path) = &twin.remove {
            writeln!(out, "  | without {}", clean(path, QUOTE_LIMIT))?;
        }
    }
    Ok(())
}

/// The members of an example, as the file of a rule writes them.
fn example(value: &serde_json::Value, out: &mut dyn Write) -> io::Result<()> {
    let text = yaml_serde::to_string(value).map_err(io::Error::other)?;
    text.lines().try_for_each(|line| writeln!(out, "  | {}", clean(line, QUOTE_LIMIT)))
}

fn page(entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
    let about = entry.about;
    for line in wrap(&format!("{}: {}", about.id, about.title), WIDTH) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)?;
    let attack = about.attack.join(", ");
    for (heading, text) in [("What", about.what), ("Why", about.why), ("Innocent", about.innocent), ("ATT&CK", &attack)]
    {
        paragraph(heading, text, out)?;
    }
    for (i, step) in about.next.iter().enumerate() {
        paragraph(if i == 0 { "Check" } else { "" }, &format!("{} {step}", i + 1), out)?;
    }
    settings(entry, out)
}

fn settings(entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n[detectors.{}]", entry.about.id)?;
    if entry.about.never_muted {
        writeln!(out, "It is never muted: it cannot be switched off, capped or allowed.")?;
    }
    for (field, default) in &entry.fields {
        writeln!(out, "{} = {default}", field.name)?;
        for line in wrap(&format!("{} ({})", field.doc, default.range(field)), WIDTH - 4) {
            writeln!(out, "    {line}")?;
        }
    }
    Ok(())
}

/// A heading in its column, and text beside it.
fn paragraph(heading: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    for (i, line) in wrap(text, WIDTH - HEADING).iter().enumerate() {
        writeln!(out, "{:<HEADING$}{line}", if i == 0 { heading } else { "" })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::catalog;

    fn check(id: Option<&str>, wanted: &str) {
        let mut out = Vec::new();
        let result = run(&Args { id: id.map(str::to_owned), config: None }, &catalog(), &mut out);
        let text = result.map_or_else(|error| error.to_string(), |_| String::from_utf8(out).unwrap());
        assert_eq!(text, wanted);
    }

    #[test]
    fn all_are_listed() {
        check(
            None,
            "ID               FINDS
denied-burst     Many refused calls
root-use         The root user acts
trail-tampering  The trail is stopped

next: lapwing detectors ID explains one, with its settings
",
        );
    }

    #[test]
    fn one_is_explained() {
        check(
            Some("denied-burst"),
            "denied-burst: Many refused calls

What      One principal is refused often within minutes.
Why       Whoever holds a stolen key tries what it opens.
Innocent  A deploy with a missing permission.
ATT&CK    T1580
Check     1 look at the session

[detectors.denied-burst]
count = 10
    refused calls that make a burst (1 to 1000)
window = \"10m\"
    the time they fall into (\"1m\" to \"1d\")
share = 5
    the least share of all calls (0 to 100 per cent)
ratio = 3
    how many times the usual (1 to 100)
severity = \"low\"
    how grave a burst is (info, low, medium, high, critical)
",
        );
    }

    #[test]
    fn an_unknown_one_is_an_error() {
        check(
            Some("denied"),
            "lapwing: detectors: there is no detector \"denied\"\nhint: did you mean `denied-burst`?",
        );
        check(
            Some("\u{1b}[2J"),
            "lapwing: detectors: there is no detector \"\\u{1b}[2J\"\nhint: `lapwing detectors` lists them",
        );
    }

    #[test]
    fn every_page_and_the_list_fit_a_terminal() {
        let catalog = Catalog::built_in();
        for id in catalog.ids().into_iter().map(Some).chain([None]) {
            let mut out = Vec::new();
            run(&Args { id: id.map(str::to_owned), config: None }, &catalog, &mut out).unwrap();
            // Examples are shown as they are written, and a word is not broken.
            for line in String::from_utf8(out)
                .unwrap()
                .lines()
                .filter(|line| !line.starts_with("  |") && line.trim().contains(' '))
            {
                assert!(line.chars().count() <= WIDTH, "{id:?}: {line}");
            }
        }
    }
}
