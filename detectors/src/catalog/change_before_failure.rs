//! What was changed before a function failed: named in the alerts about its failures, which it makes graver.
//!
//! It raises no alert of its own: other detectors find the failures ([`crate::cause`]).

use crate::cause::{CHANGED, Cause, causes, done, function_of};
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::Event;
use crate::measure::{Keep, Slot};
use crate::observe::{Observations, Value};
use crate::rule::Key;
use crate::settings::{Field, Minutes, Value as Setting, Visit};
use crate::severity::Severity;
use crate::window::Window;

static ABOUT: About = About {
    id: "change-before-failure",
    title: "Function changed before it failed",
    what: "An alert about failures, time-outs, memory or failed starts of a function names what was done to the function in \
           the hour before they began: who, from where, and the event id. Where they began within 30 minutes of it, the alert is \
           one step graver, up to high. It raises no alert of its own.",
    why: "Most failures begin with a change, and whoever knows which one can undo it.",
    innocent: "A change in the middle of failures that had begun before, and a deployment after which nothing fails more.",
    attack: &[],
    next: &["was the change meant, and does undoing it end the failures?"],
    families: &[Family::Function],
    trigger: Trigger::Slots(&[]),
    nature: Nature::Condition,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// Changes kept for each minute: a deployment makes a handful.
const KEPT: u16 = 16;
/// No change makes a failure graver than this: nobody must get up for what the change's author is about to see.
const GRAVEST: Severity = Severity::High;

const fn of_lambda(name: &'static str) -> Key {
    Key { service: "lambda", name }
}

/// Calls after which a function runs other code, in other surroundings, or at other times.
const KEYS: &[Key] = &[
    of_lambda("CreateAlias"),
    of_lambda("CreateEventSourceMapping"),
    of_lambda("CreateFunction"),
    of_lambda("DeleteAlias"),
    of_lambda("DeleteFunctionConcurrency"),
    of_lambda("DeleteProvisionedConcurrencyConfig"),
    of_lambda("PublishVersion"),
    of_lambda("PutFunctionConcurrency"),
    of_lambda("PutFunctionEventInvokeConfig"),
    of_lambda("PutFunctionRecursionConfig"),
    of_lambda("PutProvisionedConcurrencyConfig"),
    of_lambda("PutRuntimeManagementConfig"),
    of_lambda("UpdateAlias"),
    of_lambda("UpdateEventSourceMapping"),
    of_lambda("UpdateFunctionCode"),
    of_lambda("UpdateFunctionConfiguration"),
    of_lambda("UpdateFunctionEventInvokeConfig"),
];

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct ChangeBeforeFailure {
    /// How soon after a change failures must begin to be graver for it.
    pub near: Minutes,
}

impl Default for ChangeBeforeFailure {
    fn default() -> ChangeBeforeFailure {
        ChangeBeforeFailure { near: Minutes(30) }
    }
}

impl Detector for ChangeBeforeFailure {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let doc = "failures that begin so soon after a change are one step graver";
        visit.field(Field { name: "near", doc, min: 1.0, max: 60.0 }, Setting::Minutes(&mut self.near));
    }

    fn keys(&self) -> &[Key] {
        KEYS
    }

    fn rests_on_trigger(&self) -> bool {
        true
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let Some(call) = done(event).filter(|call| !function_of(call).is_empty()) else { return };
        let who = if call.principal.name.is_empty() { "somebody" } else { call.principal.name };
        seen.occur(Family::Function, CHANGED, Keep::Count(KEPT), Value::Text(who));
    }

    fn explains(&self) -> bool {
        true
    }

    fn explain(&self, window: &Window<'_>, slots: &[Slot], verdict: &mut Verdict) -> Vec<Cause> {
        let causes = causes(window, slots);
        let nearest = causes.iter().map(|cause| cause.lead).min_by_key(|lead| lead.0);
        let raised = verdict.severity.raised().min(GRAVEST);
        if let Some(lead) = nearest.filter(|lead| lead.0 <= self.near.0 && raised > verdict.severity) {
            let was = verdict.severity.name();
            verdict.why.push_str(&format!("; {was}, were it not for a change {} min before", lead.0));
            verdict.severity = raised;
        }
        causes
    }

    fn judge(&self, _window: &Window<'_>) -> Option<Verdict> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::function_timeout::FunctionTimeout;
    use crate::script::check_among;

    /// What is said about time-outs.
    fn check(script: &str, expected: &str) {
        let all = || -> Vec<Box<dyn Detector>> {
            vec![Box::new(FunctionTimeout::default()), Box::new(ChangeBeforeFailure::default())]
        };
        check_among(&all, FunctionTimeout::default().about().id, script, expected);
    }

    #[test]
    fn a_deployment_and_then_timeouts() {
        check(
            r#"09:00 lambda:UpdateFunctionCode who=role/ci request={"functionName":"arn:aws:lambda:eu-west-1:111122223333:function:pay:live"}
               09:04 REPORT timeout fn=pay x4"#,
            "09:04 high pay: 4 of 4 invocations timed out in 5 min; 4 min after lambda:UpdateFunctionCode by role/ci",
        );
    }

    #[test]
    fn a_change_long_before_is_named_and_no_reason_to_hurry() {
        check(
            r#"09:00 lambda:UpdateFunctionCode who=role/ci request={"functionName":"pay"}
               09:40 REPORT timeout fn=pay x4"#,
            "09:40 medium pay: 4 of 4 invocations timed out in 5 min; 40 min after lambda:UpdateFunctionCode by role/ci",
        );
    }

    #[test]
    fn what_changes_nothing_of_it() {
        for change in [
            r#"lambda:UpdateFunctionCode who=role/ci request={"functionName":"mail"}"#,
            r#"lambda:UpdateFunctionCode denied who=role/ci request={"functionName":"pay"}"#,
            r#"lambda:GetFunction who=role/ci request={"functionName":"pay"}"#,
        ] {
            let script = format!("09:00 {change}\n 09:04 REPORT timeout fn=pay x4");
            check(&script, "09:04 medium pay: 4 of 4 invocations timed out in 5 min");
        }
    }

    #[test]
    fn a_change_in_the_middle_of_it() {
        check(
            r#"09:00 REPORT timeout fn=pay x4
               09:02 lambda:UpdateFunctionCode who=role/ci request={"functionName":"pay"}
               09:03 REPORT timeout fn=pay x4"#,
            "09:00 medium pay: 8 of 8 invocations timed out in 5 min",
        );
    }
}
