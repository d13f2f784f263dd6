//! A deployer that the settings name is used otherwise than they say.

use crate::deed::{Grade, KEPT, names, verdict};
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{CallKind, Event, What};
use crate::measure::{Keep, Slot};
use crate::observe::{Observations, Value};
use crate::rule::Condition;
use crate::settings::Visit;
use crate::severity::Severity;
use crate::window::Window;

const MISUSED: Slot = Slot::named("deployer-misused");

static ABOUT: About = About {
    id: "deployer-misused",
    title: "Deployer used by somebody else",
    what: "The role of a `[[deployer]]` of the settings calls with another user agent, from another address or vouched for by \
           another identity provider than they say. Without such a section it finds nothing.",
    why: "Whoever has the credentials of a deployer can change whatever it may, and its changes are not looked at.",
    innocent: "A deploy from where it always comes; a call that AWS makes in its name.",
    attack: &["T1078.004", "T1195.002"],
    next: &[
        "whose are the address and the user agent: a new runner, a person who took the role, or nobody you know?",
        "what did it change since? Compare with what the pipeline says that it deployed",
        "if it is a new runner, add it to the deployer in the settings",
    ],
    families: &[Family::Principal],
    trigger: Trigger::Slots(&[MISUSED]),
    nature: Nature::Deed,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Count,
};

/// It has no settings of its own: the condition is about those of deployers.
#[derive(Clone, Copy, Default)]
pub struct DeployerMisused {
    /// Says which calls are misuse; nothing where no deployer is named.
    pub condition: Option<&'static dyn Condition>,
}

impl Detector for DeployerMisused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, _visit: &mut dyn Visit) {}

    fn rests_on_trigger(&self) -> bool {
        true
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let What::Call(call) = event.what else { return };
        let by_hand = matches!(call.kind, CallKind::Api | CallKind::SignIn | CallKind::Network);
        if by_hand && self.condition.is_some_and(|misused| misused.holds(event)) {
            seen.occur(Family::Principal, MISUSED, Keep::Count(KEPT), Value::Api);
        }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let why = "a deployer of the settings called from elsewhere, or with another agent, than they say";
        let said =
            format!("{{seen}} call{{s}} otherwise than the deployer makes them, such as {}", names(window, MISUSED));
        verdict(window, MISUSED, Grade { severity: Severity::Medium, why }, said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Address;
    use crate::script::check;

    /// The role `deploy`, from one address.
    struct Elsewhere;

    impl Condition for Elsewhere {
        fn holds(&self, event: &Event<'_>) -> bool {
            let What::Call(call) = event.what else { return false };
            call.principal.name == "role/deploy" && call.address != Address::Ip("192.0.2.1")
        }
    }

    const NAMED: DeployerMisused = DeployerMisused { condition: Some(&Elsewhere) };

    #[test]
    fn a_deployer_from_elsewhere() {
        check(
            &NAMED,
            "09:00 iam:CreateUser   who=role/deploy ip=198.51.100.7
             09:00 iam:DeleteUser   who=role/deploy",
            "09:00 medium role/deploy: 1 call otherwise than the deployer makes them, such as iam:CreateUser",
        );
    }

    #[test]
    fn a_deployer_where_it_always_is_and_others() {
        let script = "09:00 iam:CreateUser who=role/deploy
                      09:00 iam:CreateUser who=role/other ip=198.51.100.7
                      09:00 iam:CreateUser service-event who=role/deploy ip=198.51.100.7";
        check(&NAMED, script, "");
        check(&DeployerMisused::default(), "09:00 iam:CreateUser who=role/deploy ip=198.51.100.7", "");
    }
}
