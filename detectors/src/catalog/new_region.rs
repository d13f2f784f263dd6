//! A Region that a principal never worked in.

use crate::detector::{About, Nature, Ranking, Timing, Trigger};
use crate::entity::Family;
use crate::habit::Facet;
use crate::novelty::{Kind, Novelty};
use crate::severity::Severity;
use crate::stage::Stage;

/// What it looks for.
pub static KIND: Kind = Kind {
    about: About {
        id: "new-region",
        title: "Region never used before",
        what: "A principal calls an API in a Region that it never worked in as long as it is known. What others of its account do counts: a Region that is their habit is no news, and who is known for a few days only is judged by how seldom the account goes anywhere new.",
        why: "What should not be found is built where nobody looks.",
        innocent: "A roll-out to another Region.",
        attack: &["T1535"],
        next: &[
            "do you work in that Region?",
            "what was created there?",
            "did others of the account begin to work there too?",
        ],
        families: &[Family::Principal],
        trigger: Trigger::Facets(&[Facet::Region]),
        nature: Nature::Deed,
        timing: Timing::Settling,
        never_muted: false,
        ranking: Ranking::Unnamed,
    },
    facet: Facet::Region,
    severity: Severity::Low,
    stage: Stage::Digest,
    novelty: Novelty { min_age_days: 14, one_in: 10 },
    unit: "Region{s}",
    deed: "never used before",
};

#[cfg(test)]
mod tests {
    use super::KIND;
    use crate::novelty::FirstSeen;
    use crate::script::check;

    #[test]
    fn somebody_elsewhere() {
        check(
            &FirstSeen::from(&KIND),
            "00:00-400:00/60m  ec2:DescribeInstances  who=user/ann
             401:20            ec2:RunInstances       who=user/ann region=ap-east-1",
            "17:20 low user/ann: 1 Region never used before: ap-east-1",
        );
    }

    #[test]
    fn somebody_who_seldom_comes_is_judged_by_the_account() {
        check(
            &FirstSeen::from(&KIND),
            "00:00-800:00/60m   ec2:DescribeInstances  who=role/etl
             00:30-720:30/8640m  ec2:DescribeInstances  who=user/ann
             801:20             ec2:RunInstances       who=user/ann region=ap-east-1",
            "09:20 low user/ann: 1 Region never used before: ap-east-1",
        );
    }

    #[test]
    fn where_others_of_the_account_work_is_nothing_new() {
        let script = "00:00-400:00/60m  ec2:DescribeInstances  who=user/ann
                      00:30-400:30/60m  ec2:DescribeInstances  who=role/etl region=ap-east-1
                      401:20            ec2:RunInstances       who=user/ann region=ap-east-1";
        check(&FirstSeen::from(&KIND), script, "");
    }

    #[test]
    fn both_regions_are_home() {
        let script = "00:00-400:00/60m   ec2:DescribeInstances  who=user/ann
                      00:30-405:30/135m  ec2:DescribeInstances  who=user/ann region=us-east-1";
        check(&FirstSeen::from(&KIND), script, "");
    }
}
