//! A long-term access key that a user never used, or not for 90 days.

use crate::detector::{About, Nature, Ranking, Timing, Trigger};
use crate::entity::Family;
use crate::habit::Facet;
use crate::novelty::{Kind, Novelty};
use crate::severity::Severity;
use crate::stage::Stage;

/// What it looks for.
pub static KIND: Kind = Kind {
    about: About {
        id: "new-key",
        title: "Access key never used before, or not for long",
        what: "A long-term access key (AKIA) is used that this principal never used as long as it is known, or used last 90 days ago or more.",
        why: "A key that somebody added is a back door; one that lay forgotten was found by somebody.",
        innocent: "A rotation of keys: the new one is told once.",
        attack: &["T1078.004", "T1098.001"],
        next: &[
            "who created the key, and when?",
            "was the old key deactivated after the new one came?",
            "do address and user agent look as they always do?",
        ],
        families: &[Family::Principal],
        trigger: Trigger::Facets(&[Facet::Key]),
        nature: Nature::Deed,
        timing: Timing::Settling,
        never_muted: false,
        ranking: Ranking::Unnamed,
    },
    facet: Facet::Key,
    severity: Severity::Low,
    stage: Stage::Digest,
    novelty: Novelty { min_age_days: 14, one_in: 7 },
    unit: "access key{s}",
    deed: "not known of it",
};

#[cfg(test)]
mod tests {
    use super::KIND;
    use crate::novelty::FirstSeen;
    use crate::script::check;

    #[test]
    fn another_key_and_one_that_lay_forgotten() {
        check(
            &FirstSeen::from(&KIND),
            "00:10             s3:GetObject  who=user/ci key=AKIAIOSFODNN7EXAMPLE
             00:00-400:00/60m  s3:GetObject  who=user/ci key=AKIAI44QH8DHBEXAMPLE
             2160:00-2560:00/60m  s3:GetObject  who=user/ci key=AKIAI44QH8DHBEXAMPLE
             2561:20           s3:GetObject  who=user/ci key=AKIAIOSFODNN7EXAMPLE",
            "17:20 low user/ci: 1 access key not known of it: AKIAIOSFODNN7EXAMPLE (not for 106 days)",
        );
    }

    #[test]
    fn keys_of_sessions_come_and_go() {
        let script = "00:00-400:00/60m  s3:GetObject  who=user/ci key=AKIAI44QH8DHBEXAMPLE
                      401:20            s3:GetObject  who=user/ci key=ASIAIOSFODNN7EXAMPLE";
        check(&FirstSeen::from(&KIND), script, "");
    }
}
