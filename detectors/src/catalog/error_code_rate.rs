//! Far more calls of an account fail with one error code than usual, whoever makes them.

use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{CallKind, ErrorClass, Event, PrincipalKind, What};
use crate::measure::Measure;
use crate::observe::Observations;
use crate::rate::RateSettings;
use crate::settings::{Minutes, Visit};
use crate::stage::Stage;
use crate::window::{Around, Window};

static ABOUT: About = About {
    id: "error-code-rate",
    title: "Unusual rate of an error code",
    what: "Far more calls of an account fail with one error code in 1, 5, 15 or 60 minutes than usual at this time of the day and week, \
           whoever makes them. What mostly one principal did is part of that one's alert. It is a message of the digest.",
    why: "What many principals meet at once, each a little, shows in none of them: a quota that is used up, a key or an object that is gone, \
          a service that fails, one intruder behind many sessions.",
    innocent: "A code that comes as often at other times, or every night; a code that the account never got is told by `new-error-code`.",
    attack: &["T1580"],
    next: &[
        "which principals and APIs got the code, and what do they have in common?",
        "was a policy, a key, a quota or a resource that all of them use changed just before?",
        "does AWS report trouble with the service?",
    ],
    families: &[Family::ErrorCode],
    trigger: Trigger::Measures(&[Measure::Calls]),
    nature: Nature::Condition,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Count,
};

/// The settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorCodeRate {
    /// When a rate is far over its usual.
    pub rate: RateSettings,
}

impl Detector for ErrorCodeRate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        self.rate.visit(visit);
    }

    fn stage(&self) -> Stage {
        Stage::Digest
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let What::Call(call) = event.what else { return };
        // What AWS does by itself is its own rhythm; failed sign-ins are told by others, who know the user.
        let made = matches!(call.kind, CallKind::Api | CallKind::Network);
        if !made || call.principal.kind == PrincipalKind::Service {
            return;
        }
        if call.error.is_some_and(|error| error.class != ErrorClass::NotAnError) {
            seen.count(Family::ErrorCode, Measure::Calls);
        }
    }

    fn floor(&self) -> u64 {
        u64::from(self.rate.min_events)
    }

    fn minutes_in(&self, around: Around<'_>, lateness: Minutes) -> u64 {
        self.rate.minutes(Measure::Calls, around, lateness)
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        self.rate.judge(window, Measure::Calls, "failed API call{s}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn what_each_meets_a_little() {
        check(
            &ErrorCodeRate::default(),
            "00:00-76:30/30m kms:Decrypt throttled who=role/etl
             77:02           kms:Decrypt throttled who=role/etl x15
             77:03           kms:Decrypt throttled who=role/app x15
             77:04           s3:GetObject throttled who=role/web x15",
            "05:03 low throttled: 45 failed API calls in 5 min, usual 0.2",
        );
    }

    #[test]
    fn what_is_missing_every_night() {
        let script = "00:00-191:45/15m     sqs:SendMessage throttled who=role/app
                      26:02-194:02/1440m   s3:GetObject invalid      who=role/app x60";
        check(&ErrorCodeRate::default(), script, "");
    }

    #[test]
    fn codes_apart_are_few() {
        let script = "00:00-76:30/30m kms:Decrypt throttled who=role/etl
                      00:00-76:30/30m kms:Decrypt invalid   who=role/etl
                      00:00-76:30/30m kms:Decrypt fault     who=role/etl
                      77:02           kms:Decrypt throttled who=role/etl x12
                      77:02           kms:Decrypt invalid   who=role/etl x12
                      77:02           kms:Decrypt fault     who=role/etl x12";
        check(&ErrorCodeRate::default(), script, "");
    }

    #[test]
    fn what_services_and_successes_do() {
        let script = "00:00-76:30/30m kms:Decrypt throttled who=role/etl
                      77:02           kms:Decrypt throttled who=ec2.amazonaws.com x60
                      77:02           kms:Decrypt           who=role/etl x60";
        check(&ErrorCodeRate::default(), script, "");
    }
}
