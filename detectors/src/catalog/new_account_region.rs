//! A Region that an account never worked in.

use crate::detector::{About, Nature, Ranking, Timing, Trigger};
use crate::entity::Family;
use crate::habit::Facet;
use crate::novelty::{Kind, Novelty};
use crate::severity::Severity;
use crate::stage::Stage;

/// What it looks for.
pub static KIND: Kind = Kind {
    about: About {
        id: "new-account-region",
        title: "Region new to the account",
        what: "Somebody succeeds with a call in a Region in which nobody of the account did, as long as it is watched.",
        why: "An unused Region is where nobody looks: miners and back doors are put there.",
        innocent: "Global services answer from us-east-1: who uses the account for two weeks has shown that.",
        attack: &["T1535"],
        next: &[
            "do you work in that Region? If not, close it with a service control policy",
            "who was it, and what was created there?",
        ],
        families: &[Family::Account],
        trigger: Trigger::Facets(&[Facet::Region]),
        nature: Nature::Deed,
        timing: Timing::Settling,
        never_muted: false,
        ranking: Ranking::Unnamed,
    },
    facet: Facet::Region,
    severity: Severity::Medium,
    stage: Stage::Digest,
    novelty: Novelty { min_age_days: 14, one_in: 7 },
    unit: "Region{s}",
    deed: "that nobody worked in before",
};

#[cfg(test)]
mod tests {
    use super::KIND;
    use crate::novelty::FirstSeen;
    use crate::script::check;

    #[test]
    fn nobody_was_there_before() {
        check(
            &FirstSeen::from(&KIND),
            "00:00-400:00/60m  ec2:DescribeInstances  who=user/ann
             401:20            ec2:RunInstances       who=user/bob region=ap-east-1",
            "17:20 medium 111122223333: 1 Region that nobody worked in before: ap-east-1",
        );
    }

    #[test]
    fn who_is_refused_was_not_there() {
        let script = "00:00-400:00/60m  ec2:DescribeInstances         who=user/ann
                      401:20            ec2:DescribeInstances denied  who=user/bob region=ap-east-1";
        check(&FirstSeen::from(&KIND), script, "");
    }
}
