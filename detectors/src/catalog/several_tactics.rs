//! Several steps of an attack by one principal within a day, however small each is.
//!
//! It looks at no event: it is asked when the alerts about a principal change ([`crate::group`]).

use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::Event;
use crate::group::Incidents;
use crate::observe::Observations;
use crate::rule::Key;
use crate::settings::{Field, Value, Visit};
use crate::window::Window;

static ABOUT: About = About {
    id: "several-tactics",
    title: "Several steps of an attack",
    what: "Alerts about one principal within 24 hours, of whatever detectors and rules of the stages alert and digest, are of several tactics of ATT&CK.",
    why: "An attack is a chain of deeds that are each small and explicable; few innocent days hold many kinds of them.",
    innocent: "Many alerts of one kind, such as those of a deployment that changes a hundred buckets.",
    attack: &[],
    next: &[
        "do the steps make a story: looking around, staying, taking away?",
        "was all of it done in one session, from one address, by one tool?",
        "if it is ordinary work of this principal: allow what it does, not the principal",
    ],
    families: &[Family::Principal],
    trigger: Trigger::Slots(&[]),
    nature: Nature::Deed,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// A call that nobody makes: it looks at no event.
const NONE: &[Key] = &[Key { service: "none", name: "none" }];

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct SeveralTactics {
    /// Distinct tactics within 24 hours.
    pub tactics: u32,
    /// The score that is medium.
    pub score: u32,
    /// The score that is high.
    pub score_high: u32,
}

impl Default for SeveralTactics {
    fn default() -> SeveralTactics {
        SeveralTactics { tactics: 3, score: 6, score_high: 9 }
    }
}

impl Detector for SeveralTactics {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        let doc = "distinct tactics of ATT&CK within 24 hours";
        visit.field(field("tactics", doc, 2.0, 14.0), Value::Count(&mut self.tactics));
        let doc =
            "the score with which it speaks: the gravest alert of each tactic adds 1 if low, 2 if medium, 4 if high";
        visit.field(field("score", doc, 2.0, 1000.0), Value::Count(&mut self.score));
        let doc = "the score that is high";
        visit.field(field("score_high", doc, 2.0, 1000.0), Value::Count(&mut self.score_high));
    }

    fn observe<'e>(&self, _event: &Event<'e>, _seen: &mut Observations<'e>) {}

    fn keys(&self) -> &[Key] {
        NONE
    }

    fn rests_on_trigger(&self) -> bool {
        true
    }

    fn incidents(&self) -> Option<Incidents> {
        Some(Incidents { tactics: self.tactics, score: self.score, score_high: self.score_high })
    }

    fn judge(&self, _window: &Window<'_>) -> Option<Verdict> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::denied_burst::DeniedBurst;
    use crate::catalog::root_use::RootUse;
    use crate::catalog::trail_tampering::TrailTampering;
    use crate::script::check_among;

    fn all() -> Vec<Box<dyn Detector>> {
        let several = SeveralTactics::default();
        vec![Box::new(DeniedBurst::default()), Box::new(RootUse), Box::new(TrailTampering), Box::new(several)]
    }

    /// What is said beside what detectors of discovery, initial access and defense evasion say.
    fn check(script: &str, expected: &str) {
        check_among(&all, ABOUT.id, script, expected);
    }

    #[test]
    fn three_tactics_within_a_day() {
        check(
            "09:00 ec2:DescribeInstances read   who=root
             11:00 s3:GetObject          denied who=root x6
             11:00 s3:ListBuckets          denied who=root x6
             12:30 cloudtrail:UpdateTrail       who=root
             12:31 cloudtrail:UpdateTrail       who=user/eve",
            "12:30 high root: 3 tactics within a day: initial access, discovery, defense evasion",
        );
    }

    #[test]
    fn small_steps_are_medium() {
        let several = || -> Vec<Box<dyn Detector>> {
            vec![
                Box::new(DeniedBurst::default()),
                Box::new(RootUse),
                Box::new(SeveralTactics { tactics: 2, score: 2, score_high: 7 }),
            ]
        };
        let script = "09:00 ec2:DescribeInstances read who=root
                      13:00 s3:GetObject read denied   who=root x6
                      13:00 s3:ListBuckets read denied   who=root x6";
        check_among(&several, ABOUT.id, script, "13:00 medium root: 2 tactics within a day: initial access, discovery");
    }

    #[test]
    fn steps_that_are_all_small() {
        let script = "09:00 ec2:DescribeInstances read who=root
                      13:00 s3:GetObject read denied   who=root x6
                      13:00 s3:ListBuckets read denied   who=root x6";
        let several = || -> Vec<Box<dyn Detector>> {
            let least = SeveralTactics { tactics: 2, score: 4, ..SeveralTactics::default() };
            vec![Box::new(DeniedBurst::default()), Box::new(RootUse), Box::new(least)]
        };
        check_among(&several, ABOUT.id, script, "");
    }

    #[test]
    fn many_deeds_of_two_tactics() {
        let script = "09:00-21:00/30m s3:GetObject denied           who=root x6
                      09:00-21:00/30m s3:ListBuckets denied           who=root x6
                      09:00-21:00/30m ec2:DescribeInstances read    who=root";
        check(script, "");
    }

    #[test]
    fn three_tactics_by_three() {
        let script = "09:00 ec2:DescribeInstances read   who=root
                      11:00 s3:GetObject          denied who=user/ann x6
                      11:00 s3:ListBuckets          denied who=user/ann x6
                      12:30 cloudtrail:UpdateTrail       who=user/eve";
        check(script, "");
    }

    #[test]
    fn three_tactics_of_one_minute_are_one_deed() {
        let script = "09:00 ec2:DescribeInstances read   who=root
                      09:00 s3:GetObject          denied who=root x6
                      09:00 s3:ListBuckets          denied who=root x6
                      09:00 cloudtrail:UpdateTrail       who=root";
        check(script, "");
    }

    #[test]
    fn what_follows_within_a_day_belongs_to_it() {
        check(
            "09:00 ec2:DescribeInstances read      who=root
             11:00 s3:GetObject             denied who=root x6
             11:00 s3:ListBuckets             denied who=root x6
             12:30 cloudtrail:UpdateTrail          who=root
             23:30 cloudtrail:StopLogging          who=root
             35:00 s3:GetObject             denied who=root x6
             35:00 s3:ListBuckets             denied who=root x6
             36:00 cloudtrail:UpdateTrail          who=root
             36:40 ec2:DescribeInstances read      who=root",
            "12:30 high root: 3 tactics within a day: initial access, discovery, defense evasion",
        );
    }
}
