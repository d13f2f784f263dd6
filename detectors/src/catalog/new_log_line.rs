//! A warning or an error of a kind that a function never logged.

use crate::detector::{About, Nature, Ranking, Timing, Trigger};
use crate::entity::Family;
use crate::habit::Facet;
use crate::novelty::{Kind, Novelty};
use crate::severity::Severity;
use crate::stage::Stage;

/// What it looks for.
pub static KIND: Kind = Kind {
    about: About {
        id: "new-log-line",
        title: "Log line of a new kind",
        what: "A function writes a warning or an error of a kind that it never wrote as long as it is known, and new ones are rare. Lines \
               are of one kind where they differ in numbers, ids and quoted text alone.",
        why: "What goes wrong for the first time is often a line before it is a failure.",
        innocent: "A line that differs in ids or numbers, a line below the level of a warning, and a function that writes new ones every week.",
        attack: &[],
        next: &[
            "which line is it? No text of a line is kept: look for it at that time in the log stream",
            "was the function or something that it depends on changed?",
        ],
        families: &[Family::Function],
        trigger: Trigger::Facets(&[Facet::LineKind]),
        nature: Nature::Deed,
        timing: Timing::Settling,
        never_muted: false,
        ranking: Ranking::Unnamed,
    },
    facet: Facet::LineKind,
    severity: Severity::Low,
    stage: Stage::Digest,
    novelty: Novelty { min_age_days: 14, one_in: 7 },
    unit: "kind{s} of line",
    deed: "never seen before",
};

#[cfg(test)]
mod tests {
    use super::KIND;
    use crate::novelty::FirstSeen;
    use crate::script::check;

    #[test]
    fn a_warning_of_another_kind() {
        check(
            &FirstSeen::from(&KIND),
            "00:00-400:00/60m  REPORT fn=pay
             05:10-395:10/600m LINE fn=pay says=slow_answer_after_1200_ms
             401:20            LINE fn=pay says=certificate_expires_in_3_days",
            "17:20 low pay: 1 kind of line never seen before: at 17:20",
        );
    }

    #[test]
    fn numbers_ids_and_quoted_text_are_no_new_kind() {
        let script = "00:00-400:00/60m REPORT fn=pay
                      05:10            LINE fn=pay says=order_a1b2c3_of_'ann'_took_1200_ms
                      401:20           LINE fn=pay says=order_d4e5f6_of_'bob'_took_7_ms";
        check(&FirstSeen::from(&KIND), script, "");
    }
}
