//! The root user did something.

use crate::deed::{Grade, KEPT, names, verdict};
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{Call, CallKind, Event, PrincipalKind, What};
use crate::measure::{Keep, Slot};
use crate::observe::{Observations, Value};
use crate::settings::Visit;
use crate::severity::Severity;
use crate::window::Window;

const ROOT_WRITE: Slot = Slot::named("root-write");
const ROOT_READ: Slot = Slot::named("root-read");

static ABOUT: About = About {
    id: "root-use",
    title: "Root user at work",
    what: "The root user signs in, or calls an API. What AWS does in its name (invokedBy, service events) and failed sign-ins do not count.",
    why: "Nothing limits the root user, and nobody should need it on an ordinary day.",
    innocent: "A service event that names the root identity because nobody else is there to name.",
    attack: &["T1078.004"],
    next: &[
        "who holds the root credentials, and was it one of them?",
        "was the sign-in made with a second factor, from a known address?",
        "are there access keys of the root user? Remove them",
    ],
    families: &[Family::Principal],
    trigger: Trigger::Slots(&[ROOT_WRITE, ROOT_READ]),
    nature: Nature::Deed,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Count,
};

/// It has no settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct RootUse;

impl Detector for RootUse {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, _visit: &mut dyn Visit) {}

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        if let What::Call(call) = event.what
            && by_root(call)
        {
            let slot = if only_reads(call) { ROOT_READ } else { ROOT_WRITE };
            seen.occur(Family::Principal, slot, Keep::Count(KEPT), Value::Api);
        }
    }

    /// What a rule finds grave by itself, such as a key made for root, it says better.
    fn yields(&self) -> bool {
        true
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let write =
            Grade { severity: Severity::High, why: "the root user signed in, changed something or asked for data" };
        let read = Grade { severity: Severity::Low, why: "the root user only looked at settings" };
        let said = |slot| format!("the root user made {{seen}} call{{s}}, such as {}", names(window, slot));
        verdict(window, ROOT_WRITE, write, said(ROOT_WRITE))
            .or_else(|| verdict(window, ROOT_READ, read, said(ROOT_READ)))
    }
}

/// Does the call only look at settings? Some services leave the record's mark out, or set it wrongly.
fn only_reads(call: &Call<'_>) -> bool {
    let looks = ["Describe", "List", "Head", "Lookup"].iter().any(|verb| call.name.starts_with(verb));
    call.kind == CallKind::Api && (call.read_only == Some(true) || looks)
}

fn by_root(call: &Call<'_>) -> bool {
    let failed_sign_in = call.login.is_some_and(|login| !login.success);
    call.principal.kind == PrincipalKind::Root
        && matches!(call.kind, CallKind::Api | CallKind::SignIn | CallKind::Network)
        && call.principal.invoked_by.is_empty()
        && !failed_sign_in
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn root_signs_in_and_makes_a_key() {
        check(
            &RootUse,
            "09:00 ConsoleLogin        user=root who=root
             09:01 iam:CreateAccessKey who=root",
            "09:00 high root: the root user made 2 calls, such as signin:ConsoleLogin",
        );
    }

    #[test]
    fn root_only_reads() {
        check(
            &RootUse,
            "09:00 ec2:DescribeRegions read who=root",
            "09:00 low root: the root user made 1 call, such as ec2:DescribeRegions",
        );
    }

    #[test]
    fn a_look_that_its_record_does_not_call_one() {
        let said = "09:00 low root: the root user made 1 call, such as health:DescribeEventAggregates";
        check(&RootUse, "09:00 health:DescribeEventAggregates who=root", said);
    }

    #[test]
    fn aws_in_the_name_of_root() {
        let script = "09:00 kms:CreateKey service-event who=root
                      09:00 kms:Decrypt by=s3.amazonaws.com who=root
                      09:00 ConsoleLogin failed user=root who=root";
        check(&RootUse, script, "");
    }
}
