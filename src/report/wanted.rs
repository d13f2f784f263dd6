//! The page of what is meant to be found, with what finds it, in the documentation.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use lapwing_detectors::stage::Stage;
use serde::Deserialize;

use crate::settings::catalog::{Catalog, Entry};

/// What is meant to be found: `detectors/coverage.toml`.
pub const WANTED: &str = include_str!("../../detectors/coverage.toml");

/// Entries that these logs cannot tell; with more of them the list would promise too little.
const MOST_IMPOSSIBLE: usize = 12;

const HEAD: &str = "# Coverage

What Lapwing is meant to find, and what finds it. Written from `detectors/coverage.toml` and the rules; a test says how
to write it anew. [Detectors](detectors.md) and [rules](rules-list.md) are explained on pages of their own;
`lapwing rules coverage` shows the same by tactic and technique of ATT&CK.

*Loud* and *quiet* count the examples of the rules: events that they must find, and the same events with one difference
that makes them innocent. Detectors have tests of their own instead (`–`). What has stage `observe` only is counted and
never said by itself.
";

/// What is meant to be found, in areas.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    area: Vec<Area>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Area {
    name: String,
    find: Vec<Deed>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deed {
    what: String,
    /// Names of rules and detectors.
    #[serde(default)]
    by: Vec<String>,
    /// Why these logs cannot tell it.
    #[serde(default)]
    never: Option<String>,
    #[serde(default)]
    planned: bool,
}

/// How many entries stand how.
#[derive(Debug, Default)]
struct Sums {
    found: usize,
    counted: usize,
    planned: usize,
    impossible: usize,
}

/// The whole page, in Markdown: `docs/coverage.md`.
///
/// # Errors
/// What is wrong with the list: a name that no rule or detector has, an entry that says nothing or two things.
pub fn page(wanted: &str, catalog: &Catalog) -> Result<String, String> {
    let wanted: Wanted = toml::from_str(wanted).map_err(|e| e.to_string())?;
    let (mut rows, mut sums, mut number) = (String::new(), Sums::default(), 0);
    for area in &wanted.area {
        // Writing to a string cannot fail.
        let _ = writeln!(
            rows,
            "\n## {}\n\n| | what | found by | stage | loud | quiet |\n|---|---|---|---|---|---|",
            area.name
        );
        for deed in &area.find {
            number += 1;
            let cells = cells(deed, catalog, &mut sums).map_err(|wrong| format!("{}: {wrong}", deed.what))?;
            let _ = writeln!(rows, "| {number} | {} | {cells} |", deed.what);
        }
    }
    if sums.impossible > MOST_IMPOSSIBLE {
        return Err(format!("{} entries have `never`; {MOST_IMPOSSIBLE} are the most", sums.impossible));
    }
    let Sums { found, counted, planned, impossible } = sums;
    let sums = format!(
        "\n{number} entries: {found} found, {counted} only counted, {planned} planned, {impossible} impossible from these logs.\n"
    );
    Ok([HEAD, &sums, &rows].concat())
}

/// The cells after the name of an entry.
fn cells(deed: &Deed, catalog: &Catalog, sums: &mut Sums) -> Result<String, String> {
    match (deed.by.is_empty(), &deed.never, deed.planned) {
        (true, Some(why), false) => {
            sums.impossible += 1;
            Ok(format!("impossible: {why} | | |"))
        }
        (true, None, true) => {
            sums.planned += 1;
            Ok("planned | | |".to_owned())
        }
        (false, None, false) => found(deed, catalog, sums),
        _ => Err("wanted is one of `by`, `never` and `planned`".to_owned()),
    }
}

fn found(deed: &Deed, catalog: &Catalog, sums: &mut Sums) -> Result<String, String> {
    let (mut names, mut stages, mut loud, mut quiet) = (Vec::new(), BTreeSet::new(), 0, 0);
    for name in &deed.by {
        let entry = catalog.get(name).ok_or_else(|| format!("there is no rule or detector `{name}`"))?;
        names.push(link(entry));
        stages.insert(entry.rule.map_or(Stage::Alert, |rule| rule.stage));
        if let Some(section) = entry.rule.and_then(|rule| rule.section()) {
            loud += section.loud.len();
            quiet += section.quiet.len();
        }
    }
    if stages.iter().all(|stage| *stage == Stage::Observe) {
        sums.counted += 1;
    } else {
        sums.found += 1;
    }
    let stages: Vec<&str> = stages.iter().rev().map(|stage| stage.name()).collect();
    let count = |n: usize| if n == 0 { "–".to_owned() } else { n.to_string() };
    Ok(format!("{} | {} | {} | {}", names.join(", "), stages.join(", "), count(loud), count(quiet)))
}

fn link(entry: &Entry) -> String {
    let id = entry.about.id;
    match entry.rule {
        Some(rule) => format!("[{id}](../detectors/rules/{})", rule.place),
        None => format!("[{id}](detectors.md#{id})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(find: &str, wanted: Result<&str, &str>) {
        let list = format!("[[area]]\nname = \"A\"\nfind = [ {{ what = \"W\", {find} }} ]");
        let found = page(&list, &Catalog::built_in());
        match wanted {
            Ok(row) => assert!(found.as_ref().is_ok_and(|page| page.contains(row)), "{found:?}"),
            Err(wrong) => assert_eq!(found, Err(wrong.to_owned())),
        }
    }

    #[test]
    fn an_entry_says_what_finds_it_or_why_nothing_does() {
        check("by = [\"root-use\"]", Ok("| 1 | W | [root-use](detectors.md#root-use) | alert | – | – |"));
        check("planned = true", Ok("1 entries: 0 found, 0 only counted, 1 planned, 0 impossible"));
        check("never = \"no log has it\"", Ok("| 1 | W | impossible: no log has it | | | |"));
        check("by = [\"call-refused\"]", Ok("1 entries: 0 found, 1 only counted"));
        check("by = [\"rot-use\"]", Err("W: there is no rule or detector `rot-use`"));
        check("by = [\"root-use\"], planned = true", Err("W: wanted is one of `by`, `never` and `planned`"));
        check("by = []", Err("W: wanted is one of `by`, `never` and `planned`"));
    }
}
