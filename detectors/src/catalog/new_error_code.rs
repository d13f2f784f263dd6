//! An error code that a principal never got.

use crate::detector::{About, Nature, Ranking, Timing, Trigger};
use crate::entity::Family;
use crate::habit::Facet;
use crate::novelty::{Kind, Novelty};
use crate::severity::Severity;
use crate::stage::Stage;

/// What it looks for.
pub static KIND: Kind = Kind {
    about: About {
        id: "new-error-code",
        title: "Error code never seen before",
        what: "Calls of a principal fail with an error code that it never got as long as it is known, and new ones are rare.",
        why: "Whoever uses a credential that is not theirs asks for what is not there, in ways that its owner does not.",
        innocent: "A principal that gets new errors every week: they are not told.",
        attack: &["T1526"],
        next: &[
            "which API gave it, and does this principal have a reason to call that?",
            "was something that it uses renamed, deleted or locked?",
        ],
        families: &[Family::Principal],
        trigger: Trigger::Facets(&[Facet::ErrorCode]),
        nature: Nature::Deed,
        timing: Timing::Settling,
        never_muted: false,
        ranking: Ranking::Unnamed,
    },
    facet: Facet::ErrorCode,
    severity: Severity::Low,
    stage: Stage::Digest,
    novelty: Novelty { min_age_days: 14, one_in: 7 },
    unit: "error code{s}",
    deed: "never seen before",
};

#[cfg(test)]
mod tests {
    use super::KIND;
    use crate::novelty::FirstSeen;
    use crate::script::check;

    #[test]
    fn an_error_of_another_code() {
        check(
            &FirstSeen::from(&KIND),
            "00:00-400:00/60m  s3:GetObject         who=role/etl
             05:10-395:10/600m s3:GetObject invalid who=role/etl
             401:20            s3:GetObject denied  who=role/etl",
            "17:20 low role/etl: 1 error code never seen before: denied",
        );
    }

    #[test]
    fn the_usual_error_and_the_first_day_are_quiet() {
        let script = "00:00-400:00/60m s3:GetObject         who=role/etl
                      05:10            s3:GetObject invalid who=role/etl
                      401:20           s3:GetObject invalid who=role/etl
                      401:00           s3:GetObject         who=role/new
                      401:20           s3:GetObject denied  who=role/new";
        check(&FirstSeen::from(&KIND), script, "");
    }
}
