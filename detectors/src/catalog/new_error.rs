//! A type of error that a function never had.

use crate::detector::{About, Nature, Ranking, Timing, Trigger};
use crate::entity::Family;
use crate::habit::Facet;
use crate::novelty::{Kind, Novelty};
use crate::severity::Severity;
use crate::stage::Stage;

/// What it looks for.
pub static KIND: Kind = Kind {
    about: About {
        id: "new-error",
        title: "Error never seen before",
        what: "Invocations of a function fail with a type of error that it never had as long as it is known, and new ones are rare.",
        why: "A new kind of failure after a deploy, or in a dependency, is easily lost among the usual ones.",
        innocent: "A function whose errors are new every week: they are not told.",
        attack: &[],
        next: &[
            "was the function, its configuration or a dependency changed?",
            "how many invocations failed with it, and do they still?",
        ],
        families: &[Family::Function],
        trigger: Trigger::Facets(&[Facet::Failure]),
        nature: Nature::Deed,
        timing: Timing::Settling,
        never_muted: false,
        ranking: Ranking::Unnamed,
    },
    facet: Facet::Failure,
    severity: Severity::Low,
    stage: Stage::Digest,
    novelty: Novelty { min_age_days: 14, one_in: 7 },
    unit: "error{s}",
    deed: "never seen before",
};

#[cfg(test)]
mod tests {
    use super::KIND;
    use crate::novelty::FirstSeen;
    use crate::script::check;

    #[test]
    fn an_error_of_another_type() {
        check(
            &FirstSeen::from(&KIND),
            "00:00-400:00/60m  REPORT fn=pay
             05:10-395:10/600m error  fn=pay type=KeyError
             401:20            error  fn=pay type=PermissionError",
            "17:20 low pay: 1 error never seen before: PermissionError",
        );
    }

    #[test]
    fn the_usual_error_and_the_first_day_are_quiet() {
        let script = "00:00-400:00/60m  REPORT fn=pay
                      05:10             error  fn=pay type=KeyError
                      401:20            error  fn=pay type=KeyError
                      401:00            REPORT fn=mail
                      401:20            error  fn=mail type=KeyError";
        check(&FirstSeen::from(&KIND), script, "");
    }
}
