//! A time of the week at which a principal was never active.

use crate::detector::{About, Nature, Ranking, Timing, Trigger};
use crate::entity::Family;
use crate::habit::Facet;
use crate::novelty::{Kind, Novelty};
use crate::severity::Severity;
use crate::stage::Stage;

/// What it looks for.
pub static KIND: Kind = Kind {
    about: About {
        id: "new-time",
        title: "Active at an unusual time",
        what: "A principal succeeds with a call at a time of the week (two hours of the day in UTC, on weekdays or on weekends) at which it was never active in at least four weeks, nor in the two hours before or after, and it seldom changes its times.",
        why: "Who uses stolen credentials works at hours of their own: at night, on weekends.",
        innocent: "Somebody on call, a traveller, a deploy at night: each is told once, and who often changes their hours is not told.",
        attack: &["T1078.004"],
        next: &[
            "was this person or this job at work then?",
            "do address, user agent and session look as they always do?",
            "which APIs were called?",
        ],
        families: &[Family::Principal],
        trigger: Trigger::Facets(&[Facet::Time]),
        nature: Nature::Deed,
        timing: Timing::Settling,
        never_muted: false,
        ranking: Ranking::Count,
    },
    facet: Facet::Time,
    severity: Severity::Low,
    stage: Stage::Digest,
    novelty: Novelty { min_age_days: 28, one_in: 10 },
    unit: "time{s} of the week",
    deed: "when it was never active",
};

#[cfg(test)]
mod tests {
    use super::KIND;
    use crate::novelty::FirstSeen;
    use crate::script::check;

    /// Five weeks at work on weekdays from 9 to 17; they begin on a Tuesday.
    fn weeks() -> String {
        let weekday = |day: &u32| !matches!(day % 7, 4 | 5);
        let at_work = |day: u32| format!("{}:20-{}:20/60m s3:GetObject who=user/ann\n", day * 24 + 9, day * 24 + 17);
        (0..35).filter(weekday).map(at_work).collect()
    }

    #[test]
    fn somebody_who_works_at_night_for_the_first_time() {
        let script = weeks() + "843:20 iam:ListUsers who=user/ann x3";
        check(
            &FirstSeen::from(&KIND),
            &script,
            "03:20 low user/ann: 1 time of the week when it was never active: 02:00 to 04:00 UTC on weekdays",
        );
    }

    #[test]
    fn somebody_who_works_on_a_weekend_for_the_first_time() {
        let script = weeks() + "948:20 iam:ListUsers who=user/ann";
        check(
            &FirstSeen::from(&KIND),
            &script,
            "12:20 low user/ann: 1 time of the week when it was never active: 12:00 to 14:00 UTC on weekends",
        );
    }

    #[test]
    fn an_hour_longer_and_a_refused_call_at_night_are_nothing() {
        let script = weeks() + "858:40 s3:GetObject who=user/ann\n867:20 s3:GetObject denied who=user/ann";
        check(&FirstSeen::from(&KIND), &script, "");
    }

    #[test]
    fn a_new_one_and_one_without_hours_are_not_told() {
        let young = "09:20-177:20/24m s3:GetObject who=user/ann\n483:20 s3:GetObject who=user/eve\n500:20 s3:GetObject who=user/eve";
        check(&FirstSeen::from(&KIND), young, "");
        let always = "00:20-900:20/60m s3:GetObject who=role/etl";
        check(&FirstSeen::from(&KIND), always, "");
    }
}
