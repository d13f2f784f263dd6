//! The page of the detectors in the documentation, from what they say about themselves.

use std::fmt::Write as _;

use lapwing_detectors::detector::{About, Nature, Timing};
use lapwing_detectors::entity::Family;

use super::wrap::wrap;
use crate::settings::catalog::{Catalog, Entry};

/// The width of the page's lines, in characters; tables are wider where they must.
const WIDTH: usize = 120;

const HEAD: &str = "Written from the catalogue in `detectors/src/catalog/`, where it is changed; a test says how to write \
                    it anew. `lapwing detectors ID` shows the same in a terminal.";

/// The whole page, in Markdown: `docs/detectors.md`.
#[must_use]
pub fn manual(catalog: &Catalog) -> String {
    let mut page = String::from("# Detectors\n\n");
    paragraph(HEAD, &mut page);
    page.push_str("| detector | finds | judged for each |\n|---|---|---|\n");
    for Entry { about, .. } in catalog.detectors() {
        let _ = writeln!(page, "| [{id}](#{id}) | {} | {} |", about.title, families(about), id = about.id);
    }
    for entry in catalog.detectors() {
        page.push('\n');
        detector(entry, &mut page);
    }
    page
}

fn detector(entry: &Entry, page: &mut String) {
    let about = entry.about;
    let _ = writeln!(page, "## {}\n", about.id);
    for (heading, text) in [(about.title, about.what), ("Why it matters", about.why), ("Innocent", about.innocent)] {
        paragraph(&format!("**{heading}.** {text}"), page);
    }
    paragraph(&format!("**Life.** {}", life(about)), page);
    if !about.attack.is_empty() {
        paragraph(&format!("**ATT&CK.** {}", about.attack.join(", ")), page);
    }
    page.push_str("Check first:\n\n");
    for (number, step) in about.next.iter().enumerate() {
        for (at, line) in wrap(step, WIDTH - 3).iter().enumerate() {
            let lead = if at == 0 { format!("{}. ", number + 1) } else { "   ".to_owned() };
            let _ = writeln!(page, "{lead}{line}");
        }
    }
    settings(entry, page);
}

fn settings(entry: &Entry, page: &mut String) {
    if entry.fields.is_empty() {
        page.push_str("\nIt has no thresholds.\n");
        return;
    }
    let _ = writeln!(page, "\n| `[detectors.{}]` | default | range | what it decides |", entry.about.id);
    page.push_str("|---|---|---|---|\n");
    for (field, default) in &entry.fields {
        let _ = writeln!(page, "| `{}` | `{default}` | {} | {} |", field.name, default.range(field), field.doc);
    }
}

/// When it speaks, and whether it ends.
fn life(about: &About) -> String {
    let speaks = match about.timing {
        Timing::Monotone => "It speaks as soon as its threshold is crossed.",
        Timing::Settling => "It speaks when its minute is complete.",
    };
    let ends = match about.nature {
        Nature::Condition => "It resolves after 60 quiet minutes.",
        Nature::Deed => "It never resolves by itself.",
        Nature::Fault => "All of a day of UTC is one alert, which never resolves by itself.",
    };
    let muted = if about.never_muted { " It cannot be switched off, capped or allowed." } else { "" };
    format!("{speaks} {ends}{muted}")
}

fn families(about: &About) -> String {
    let name = |family: &Family| match family {
        Family::Principal => "principal",
        Family::Api => "API in an account and Region",
        Family::Function => "function",
        Family::User => "user at the sign-in page",
        Family::Address => "address",
        Family::Trail => "CloudTrail of an account and Region",
        Family::Log => "log of a function",
        Family::Account => "account",
        Family::Denial => "principal on one API",
        Family::Download => "principal and bucket",
        Family::ErrorCode => "error code in an account",
    };
    about.families.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn paragraph(text: &str, page: &mut String) {
    for line in wrap(text, WIDTH) {
        page.push_str(&line);
        page.push('\n');
    }
    page.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::catalog;

    #[test]
    fn a_detector_is_a_section() {
        let page = manual(&catalog());
        let wanted = "\
## denied-burst

**Many refused calls.** One principal is refused often within minutes.

**Why it matters.** Whoever holds a stolen key tries what it opens.

**Innocent.** A deploy with a missing permission.
";
        assert!(page.contains(wanted), "{page}");
        assert!(page.contains("| `window` | `\"10m\"` | \"1m\" to \"1d\" | the time they fall into |"), "{page}");
        assert_eq!(page.matches("It cannot be switched off").count(), 1, "{page}");
    }

    #[test]
    fn no_table_is_broken_by_what_is_in_it() {
        let page = manual(&Catalog::built_in());
        for table in page.split("\n\n").filter(|part| part.starts_with('|')) {
            let bars = |line: &str| line.matches('|').count();
            let width = table.lines().next().map(bars);
            assert!(table.lines().all(|line| Some(bars(line)) == width), "{table}");
        }
    }
}
