//! The page of the built-in rules in the documentation, from what they say about themselves.

use std::fmt::Write as _;

use lapwing_detectors::event::Source;

use crate::rules::listed::Listed;

const HEAD: &str = "# Built-in rules

Written from the files in `detectors/rules/`, where they are changed; a test says how to write it anew.
`lapwing detectors NAME` explains one, with its examples. [Rules](rules.md) says how one is written, and what becomes of
what it finds.
";

/// The whole page, in Markdown: `docs/rules-list.md`.
#[must_use]
pub fn page(rules: &[Listed]) -> String {
    let mut page = String::from(HEAD);
    for (source, heading) in [(Source::CloudTrail, "CloudTrail"), (Source::Lambda, "Logs of Lambda functions")] {
        let of_it: Vec<&Listed> = rules.iter().filter(|rule| rule.source == source).collect();
        if of_it.is_empty() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(page, "\n## {heading}\n\n| rule | finds | severity | stage | ATT&CK |\n|---|---|---|---|---|");
        for Listed { about, severity, stage, place, .. } in of_it {
            let (severity, stage, attack) = (severity.name(), stage.name(), about.attack.join(" "));
            let title = about.title.replace('|', "\\|");
            let row = format!("[{}](../detectors/rules/{place}) | {title} | {severity} | {stage} | {attack}", about.id);
            let _ = writeln!(page, "| {} |", row.trim_end());
        }
    }
    page
}
