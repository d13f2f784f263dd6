//! An address that a principal never came from.

use crate::detector::{About, Nature, Ranking, Timing, Trigger};
use crate::entity::Family;
use crate::habit::Facet;
use crate::novelty::{Kind, Novelty};
use crate::severity::Severity;
use crate::stage::Stage;

/// What it looks for.
pub static KIND: Kind = Kind {
    about: About {
        id: "new-network",
        title: "Network never used before",
        what: "A principal calls from an address outside the networks (/24 of IPv4, /48 of IPv6) that it came from as long as it is known, and it seldom changes them.",
        why: "Stolen credentials are used from somewhere else: those of a function or an instance outside AWS, those of a person from another country.",
        innocent: "A person who travels, or a service behind changing addresses: where new networks are frequent, they are not told.",
        attack: &["T1078.004", "T1552.005"],
        next: &[
            "whose network is it, and may this principal be there?",
            "is it a role of a function or an instance? Its credentials should not leave AWS",
            "which APIs were called from there?",
        ],
        families: &[Family::Principal],
        trigger: Trigger::Facets(&[Facet::Network]),
        nature: Nature::Deed,
        timing: Timing::Settling,
        never_muted: false,
        ranking: Ranking::Unnamed,
    },
    facet: Facet::Network,
    severity: Severity::Low,
    stage: Stage::Digest,
    novelty: Novelty { min_age_days: 14, one_in: 10 },
    unit: "network{s}",
    deed: "never seen before",
};

#[cfg(test)]
mod tests {
    use super::KIND;
    use crate::novelty::FirstSeen;
    use crate::script::check;

    #[test]
    fn a_role_in_another_place() {
        check(
            &FirstSeen::from(&KIND),
            "00:00-400:00/60m  s3:GetObject  who=role/etl ip=192.0.2.7
             401:20            s3:GetObject  who=role/etl ip=203.0.113.9",
            "17:20 low role/etl: 1 network never seen before: 203.0.113.0/24",
        );
    }

    #[test]
    fn a_neighbour_and_a_service_are_no_other_place() {
        let script = "00:00-400:00/60m  s3:GetObject  who=role/etl ip=192.0.2.7
                      401:20            s3:GetObject  who=role/etl ip=192.0.2.200
                      402:20            s3:GetObject  who=role/etl ip=athena.amazonaws.com";
        check(&FirstSeen::from(&KIND), script, "");
    }

    #[test]
    fn where_a_key_does_not_hold_nothing_is_learnt() {
        let script = "00:00-400:00/60m  s3:GetObject         who=role/etl ip=192.0.2.7
                      401:20            s3:GetObject failed  who=role/etl ip=203.0.113.9";
        check(&FirstSeen::from(&KIND), script, "");
    }
}
