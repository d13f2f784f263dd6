//! A tool that a principal never used.

use crate::detector::{About, Nature, Ranking, Timing, Trigger};
use crate::entity::Family;
use crate::habit::Facet;
use crate::novelty::{Kind, Novelty};
use crate::severity::Severity;
use crate::stage::Stage;

/// What it looks for.
pub static KIND: Kind = Kind {
    about: About {
        id: "new-agent",
        title: "Tool never used before",
        what: "The user agent of a principal names a product (boto3, aws-cli, Terraform, a browser) that it never named as long as it is known. Versions do not count.",
        why: "An attack brings its own tools: a key of a pipeline in a command line, a function in a script.",
        innocent: "An update that changes the SDK of a service: told once.",
        attack: &["T1078.004"],
        next: &[
            "does somebody use this identity by hand, and may they?",
            "did a deploy change the SDK or the tool?",
            "does the address fit?",
        ],
        families: &[Family::Principal],
        trigger: Trigger::Facets(&[Facet::Agent]),
        nature: Nature::Deed,
        timing: Timing::Settling,
        never_muted: false,
        ranking: Ranking::Unnamed,
    },
    facet: Facet::Agent,
    severity: Severity::Low,
    stage: Stage::Digest,
    novelty: Novelty { min_age_days: 14, one_in: 10 },
    unit: "tool{s}",
    deed: "never seen before",
};

#[cfg(test)]
mod tests {
    use super::KIND;
    use crate::novelty::FirstSeen;
    use crate::script::check;

    #[test]
    fn a_pipeline_in_a_command_line() {
        check(
            &FirstSeen::from(&KIND),
            "00:00-400:00/60m  s3:PutObject  who=role/deploy agent=Terraform/1.9.2
             401:20            s3:GetObject  who=role/deploy agent=aws-cli/2.15.30",
            "17:20 low role/deploy: 1 tool never seen before: aws-cli",
        );
    }

    #[test]
    fn a_new_version_is_the_same_tool() {
        let script = "00:00-400:00/60m  s3:PutObject  who=role/deploy agent=Boto3/1.34.69
                      401:20            s3:GetObject  who=role/deploy agent=Boto3/1.35.1";
        check(&FirstSeen::from(&KIND), script, "");
    }
}
