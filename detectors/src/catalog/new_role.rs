//! A role that a principal never assumed.

use crate::detector::{About, Nature, Ranking, Timing, Trigger};
use crate::entity::Family;
use crate::habit::Facet;
use crate::novelty::{Kind, Novelty};
use crate::severity::Severity;
use crate::stage::Stage;

/// What it looks for.
pub static KIND: Kind = Kind {
    about: About {
        id: "new-role",
        title: "Role never assumed before",
        what: "A principal assumes a role that it never assumed as long as it is known, and it seldom assumes a new one.",
        why: "Moving from role to role is how an intruder gets from a small right to a large one.",
        innocent: "An administrator, or a tool that visits every account: where new roles are frequent, they are not told.",
        attack: &["T1078.004", "T1550.001"],
        next: &["who may assume the role, and is that meant so?", "what was done with it afterwards?"],
        families: &[Family::Principal],
        trigger: Trigger::Facets(&[Facet::Role]),
        nature: Nature::Deed,
        timing: Timing::Settling,
        never_muted: false,
        ranking: Ranking::Unnamed,
    },
    facet: Facet::Role,
    severity: Severity::Low,
    stage: Stage::Digest,
    novelty: Novelty { min_age_days: 14, one_in: 10 },
    unit: "role{s}",
    deed: "never assumed before",
};

#[cfg(test)]
mod tests {
    use super::KIND;
    use crate::novelty::FirstSeen;
    use crate::script::check;

    #[test]
    fn a_pipeline_becomes_an_administrator() {
        check(
            &FirstSeen::from(&KIND),
            r#"00:00-400:00/60m  sts:AssumeRole  who=role/ci request={"roleArn":"arn:aws:iam::111122223333:role/deploy"}
               401:20            sts:AssumeRole  who=role/ci request={"roleArn":"arn:aws:iam::111122223333:role/admin"}"#,
            "17:20 low role/ci: 1 role never assumed before: arn:aws:iam::111122223333:role/admin",
        );
    }

    #[test]
    fn an_attempt_in_vain_is_no_role_assumed() {
        let script = r#"
            00:00-400:00/60m  sts:AssumeRole         who=role/ci request={"roleArn":"arn:aws:iam::111122223333:role/deploy"}
            401:20            sts:AssumeRole denied  who=role/ci request={"roleArn":"arn:aws:iam::111122223333:role/admin"}"#;
        check(&FirstSeen::from(&KIND), script, "");
    }
}
