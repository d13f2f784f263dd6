//! An API that a principal never used.

use crate::detector::{About, Nature, Ranking, Timing, Trigger};
use crate::entity::Family;
use crate::habit::Facet;
use crate::novelty::{Kind, Novelty};
use crate::severity::Severity;
use crate::stage::Stage;

/// What it looks for.
pub static KIND: Kind = Kind {
    about: About {
        id: "new-api",
        title: "API never used before",
        what: "A principal calls an API that it never called as long as it is known, and it seldom calls a new one. What services do for it (invokedBy) does not count.",
        why: "Whoever took over an identity does not know what it usually does.",
        innocent: "A person who tries things out, or a pipeline that grows: where new APIs are frequent, they are not told.",
        attack: &["T1078.004", "T1580"],
        next: &[
            "was something deployed or changed that needs these APIs?",
            "do address, user agent and session look as they always do?",
            "what else did it do in that hour?",
        ],
        families: &[Family::Principal],
        trigger: Trigger::Facets(&[Facet::Api]),
        nature: Nature::Deed,
        timing: Timing::Settling,
        never_muted: false,
        ranking: Ranking::Unnamed,
    },
    facet: Facet::Api,
    severity: Severity::Low,
    stage: Stage::Digest,
    novelty: Novelty { min_age_days: 14, one_in: 10 },
    unit: "API{s}",
    deed: "never used before",
};

#[cfg(test)]
mod tests {
    use super::KIND;
    use crate::novelty::FirstSeen;
    use crate::script::check;

    #[test]
    fn apis_that_an_old_acquaintance_never_used() {
        check(
            &FirstSeen::from(&KIND),
            "00:00-400:00/60m  s3:GetObject             who=role/etl
             401:20            ec2:DescribeInstances    who=role/etl
             401:25            ec2:DescribeSnapshots    who=role/etl x9
             402:20            ec2:DescribeSnapshots    who=role/etl",
            "17:20 low role/etl: 2 APIs never used before: ec2:DescribeInstances, ec2:DescribeSnapshots",
        );
    }

    #[test]
    fn the_same_api_last_week_is_known() {
        let script = "00:00-400:00/60m  s3:GetObject           who=role/etl
                      230:20            ec2:DescribeInstances  who=role/etl
                      401:20            ec2:DescribeInstances  who=role/etl";
        check(&FirstSeen::from(&KIND), script, "");
    }

    #[test]
    fn who_tries_something_new_every_day_is_not_told_of() {
        let days: String = (0..17).map(|day| format!("{}:30 ec2:Describe{day} who=role/etl\n", day * 24)).collect();
        check(&FirstSeen::from(&KIND), &format!("00:00-400:00/60m s3:GetObject who=role/etl\n{days}"), "");
    }

    #[test]
    fn all_is_new_of_who_came_two_hours_ago() {
        check(
            &FirstSeen::from(&KIND),
            "00:00-01:00/10m s3:GetObject who=role/etl\n02:00 ec2:DescribeInstances who=role/etl",
            "",
        );
    }
}
