//! `lapwing detectors`: what there is to find, and all about one of it.

use std::io::{self, Write};

use super::{Error, Exit};
use crate::report::wrap::wrap;
use crate::settings::catalog::{Catalog, Entry};

/// The width of a terminal that everybody has, in characters.
const WIDTH: usize = 80;
/// The width of the headings of a page.
const HEADING: usize = 10;

/// List the detectors, or explain one
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The detector to explain
    #[arg(value_name = "ID")]
    pub id: Option<String>,
}

/// Lists the detectors, or prints the page of one.
///
/// # Errors
/// An id that no detector has.
pub fn run(args: &Args, catalog: &Catalog, out: &mut dyn Write) -> Result<Exit, Error> {
    match &args.id {
        None => list(catalog, out)?,
        Some(id) => match catalog.get(id) {
            Some(entry) => page(entry, out)?,
            None => return Err(Error::UnknownDetector { id: id.clone(), nearest: catalog.nearest(id) }),
        },
    }
    Ok(Exit::Fine)
}

fn list(catalog: &Catalog, out: &mut dyn Write) -> io::Result<()> {
    let width = catalog.ids().iter().map(|id| id.len()).max().unwrap_or_default();
    writeln!(out, "{:<width$}  FINDS", "ID")?;
    for Entry { about, .. } in catalog.detectors() {
        for (i, line) in wrap(about.title, WIDTH.saturating_sub(width + 2)).iter().enumerate() {
            writeln!(out, "{:<width$}  {line}", if i == 0 { about.id } else { "" })?;
        }
    }
    writeln!(out, "\nnext: lapwing detectors ID explains one, with its settings")
}

fn page(entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
    let about = entry.about;
    writeln!(out, "{}: {}\n", about.id, about.title)?;
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
        let result = run(&Args { id: id.map(str::to_owned) }, &catalog(), &mut out);
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
            run(&Args { id: id.map(str::to_owned) }, &catalog, &mut out).unwrap();
            for line in String::from_utf8(out).unwrap().lines() {
                assert!(line.chars().count() <= WIDTH, "{id:?}: {line}");
            }
        }
    }
}
