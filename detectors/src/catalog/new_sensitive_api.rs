//! A sensitive API that a principal never used.

use crate::detector::{About, Nature, Ranking, Timing, Trigger};
use crate::entity::Family;
use crate::habit::Facet;
use crate::novelty::{Kind, Novelty};
use crate::severity::Severity;
use crate::stage::Stage;

/// What it looks for.
pub static KIND: Kind = Kind {
    about: About {
        id: "new-sensitive-api",
        title: "Secrets or rights touched for the first time",
        what: "A principal calls an API that hands out secrets, credentials, rights or data, such as GetSecretValue, CreateAccessKey or ModifySnapshotAttribute, and never called it as long as it is known.",
        why: "The first use of such an API by an identity that never needed it is how a stolen one shows.",
        innocent: "A deploy that adds a secret to a function: its role reads it for the first time.",
        attack: &["T1555.006", "T1098", "T1552.005"],
        next: &[
            "was a secret or a right added to what it does, and by whom?",
            "do address, user agent and session look as they always do?",
            "which secret, user, role or snapshot was it? See the event",
        ],
        families: &[Family::Principal],
        trigger: Trigger::Facets(&[Facet::Sensitive]),
        nature: Nature::Deed,
        timing: Timing::Settling,
        never_muted: false,
        ranking: Ranking::Unnamed,
    },
    facet: Facet::Sensitive,
    severity: Severity::Medium,
    stage: Stage::Alert,
    novelty: Novelty { min_age_days: 14, one_in: 7 },
    unit: "sensitive API{s}",
    deed: "never used before",
};

#[cfg(test)]
mod tests {
    use super::KIND;
    use crate::novelty::FirstSeen;
    use crate::script::check;

    #[test]
    fn a_function_that_never_read_a_secret() {
        check(
            &FirstSeen::from(&KIND),
            "00:00-400:00/60m  dynamodb:GetItem              who=role/pay-fn
             401:20            secretsmanager:GetSecretValue who=role/pay-fn x3",
            "17:20 medium role/pay-fn: 1 sensitive API never used before: secretsmanager:GetSecretValue",
        );
    }

    #[test]
    fn one_that_reads_it_at_every_start_is_quiet() {
        let script = "00:00-400:00/60m   dynamodb:GetItem              who=role/pay-fn
                      05:10-405:10/100m  secretsmanager:GetSecretValue who=role/pay-fn";
        check(&FirstSeen::from(&KIND), script, "");
    }

    #[test]
    fn what_a_service_does_for_it_is_not_its_own_deed() {
        let script = "00:00-400:00/60m cloudformation:UpdateStack who=role/deploy
                      401:20           iam:PutRolePolicy          who=role/deploy by=cloudformation.amazonaws.com";
        check(&FirstSeen::from(&KIND), script, "");
    }
}
