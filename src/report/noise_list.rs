//! The page of the noise profiles in the documentation, from their data.

use std::fmt::Write as _;

use crate::noise::{Kind, Profiles, Reach};

const HEAD: &str = "# What noise profiles are about

Written from `detectors/noise/profiles.toml`, where it is changed; a test says how to write it anew. [Noise](noise.md)
says what it means.
";

/// The whole page, in Markdown: `docs/noise-list.md`.
#[must_use]
pub fn page(profiles: &'static Profiles) -> String {
    let mut page = format!("{HEAD}\nVersion {}.\n\n## Profiles\n\n", profiles.version);
    // Writing to a string cannot fail.
    let _ = writeln!(page, "| switch | whose | hides | lowers to `low` |\n|---|---|---|---|");
    for profile in &profiles.all {
        let (hides, lowers) = profile.reaches();
        let only = match (profile.reads, profile.habits) {
            (true, _) => ", while they only read",
            (false, true) => ", where they did so on an earlier day from the same network with the same tool",
            (false, false) => "",
        };
        let name = profile.name();
        let _ = writeln!(page, "| `{name}` | {}{only} | {} | {} |", profile.title, shown(hides), shown(lowers));
    }
    for (kind, ids) in &profiles.kinds {
        let _ = writeln!(
            page,
            "\n## {}\n\n{}\n",
            kind.name(),
            ids.iter().map(|id| format!("- {id}\n")).collect::<String>().trim_end()
        );
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn shown(reach: &Reach) -> String {
    if reach.kinds.is_empty() {
        return "nothing".to_owned();
    }
    let kinds: Vec<&str> = reach.kinds.iter().map(|kind: &Kind| kind.name()).collect();
    format!("{} up to {}", kinds.join(", "), reach.up_to.name())
}
