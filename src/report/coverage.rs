//! What of ATT&CK is looked for: as text, and as a layer of the ATT&CK Navigator.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::wrap::wrap;
use crate::rules::coverage::{Coverage, Names};

/// The width of a terminal that everybody has, in characters.
const WIDTH: usize = 80;

/// By tactic and technique, with the names of the rules.
#[must_use]
pub fn text(coverage: &Coverage) -> String {
    let mut text = String::new();
    let mut without = Vec::new();
    for (tactic, rules, techniques) in coverage.by_tactic() {
        if rules == 0 {
            without.push(tactic);
            continue;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{tactic}: {rules} rules, {} techniques", techniques.len());
        for (technique, names) in techniques {
            names_of(technique, names, &mut text);
        }
    }
    if !without.is_empty() {
        let _ = writeln!(text, "no rule: {}", without.join(", "));
    }
    let _ = writeln!(text, "{} techniques, with those of the detectors", coverage.techniques.len());
    text
}

fn names_of(technique: &str, names: &Names, text: &mut String) {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (at, line) in wrap(&names.join(", "), WIDTH - 13).iter().enumerate() {
        let _ = writeln!(text, "  {:<10} {line}", if at == 0 { technique } else { "" });
    }
}

/// A layer that the ATT&CK Navigator opens; the score of a technique is how many look for it. The form is version 4.5:
/// <https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md>.
#[must_use]
pub fn navigator(coverage: &Coverage) -> Value {
    let technique = |(id, names): (&String, &Names)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        json!({ "techniqueID": id, "score": names.len(), "comment": names.join(", "), "enabled": true })
    };
    let most = coverage.techniques.values().map(Names::len).max().unwrap_or(1);
    json!({
        "name": "Lapwing",
        "versions": { "attack": "18", "navigator": "5.1.0", "layer": "4.5" },
        "domain": "enterprise-attack",
        "description": "Rules and detectors of Lapwing; the score is how many look for a technique",
        "techniques": coverage.techniques.iter().map(technique).collect::<Vec<_>>(),
        "gradient": { "colors": ["#e0f0e0", "#207020"], "minValue": 1, "maxValue": most },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage() -> Coverage {
        let mut coverage = Coverage::default();
        coverage.add("one", &["attack.impact", "attack.defense_evasion", "attack.t1485"].map(str::to_owned));
        let tags = ["attack.impact", "attack.t1485", "attack.T1490", "attack.g0007"].map(str::to_owned);
        coverage.add("two", &tags);
        coverage.detector("burst", ["T1490"].into_iter());
        coverage
    }

    #[test]
    fn as_text_it_is_by_tactic() {
        let wanted = "\
defense-evasion: 1 rules, 1 techniques
  T1485      one
impact: 2 rules, 2 techniques
  T1485      one, two
  T1490      two
no rule: reconnaissance, resource-development, initial-access, execution, persistence, privilege-escalation, credential-access, discovery, lateral-movement, collection, command-and-control, exfiltration
2 techniques, with those of the detectors
";
        assert_eq!(text(&coverage()), wanted);
    }

    #[test]
    fn as_a_layer_it_counts_who_looks_for_a_technique() {
        let layer = navigator(&coverage());
        let wanted = json!([
            { "techniqueID": "T1485", "score": 2, "comment": "one, two", "enabled": true },
            { "techniqueID": "T1490", "score": 2, "comment": "burst, two", "enabled": true },
        ]);
        assert_eq!(layer["techniques"], wanted);
    }
}
