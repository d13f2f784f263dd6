//! What was changed before a function failed: named in the alerts about its failures, which it makes graver.
//!
//! It raises no alert of its own: other detectors find the failures ([`crate::cause`]).

use crate::cause::{CHANGED, Cause, SURROUNDINGS, causes, changed, changes_before};
use crate::change::{KEYS, Touches};
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::Event;
use crate::measure::{Keep, Slot};
use crate::observe::Observations;
use crate::rule::Key;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::window::Window;

static ABOUT: About = About {
    id: "change-before-failure",
    title: "Function changed before it failed",
    what: "An alert about a function names what was changed in the hour before that began: its code, version, settings or \
           concurrency; where it is refused something, the rights of its role or of \
           a key, bucket, secret or table; where it waits in vain, security groups, routes and endpoints. It says who did it, from where, \
           and the event id. Failures, time-outs, memory that runs out and failed starts that began within 30 minutes are one step \
           graver, up to high; what is slower, larger, more or new is not. It raises no alert of its own.",
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
        visit.field(Field { name: "near", doc, min: 1.0, max: 60.0 }, Value::Minutes(&mut self.near));
    }

    fn keys(&self) -> &[Key] {
        &KEYS
    }

    fn rests_on_trigger(&self) -> bool {
        true
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let Some((touches, value)) = changed(event) else { return };
        match touches {
            Touches::Function => seen.occur(Family::Function, CHANGED, Keep::Count(KEPT), value),
            Touches::Rights | Touches::Network => seen.occur(Family::Account, SURROUNDINGS, Keep::Count(KEPT), value),
        }
    }

    fn explains(&self) -> bool {
        true
    }

    fn explain(&self, window: &Window<'_>, slots: &[Slot], verdict: &mut Verdict) -> Vec<Cause> {
        if slots.is_empty() {
            return changes_before(window);
        }
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
    use crate::catalog::application_refused::ApplicationRefused;
    use crate::catalog::function_error_spike::FunctionErrorSpike;
    use crate::catalog::function_slow::FunctionSlow;
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

    /// A function whose log says its Region was changed where the call was made; one whose log says none, in any Region.
    #[test]
    fn functions_of_one_name_in_two_regions() {
        const TIMED_OUT: &str = "4 of 4 invocations timed out in 5 min";
        for (change, region, ends) in [
            (r#"lambda:UpdateFunctionCode request={"functionName":"pay"}"#, "eu-west-1", "lambda:UpdateFunctionCode"),
            (r#"lambda:UpdateFunctionCode request={"functionName":"pay"}"#, "eu-north-1", ""),
            (r#"lambda:UpdateFunctionCode request={"functionName":"pay"}"#, "", "lambda:UpdateFunctionCode"),
            (r#"ec2:DeleteRoute request={"routeTableId":"rtb-1"}"#, "eu-west-1", "ec2:DeleteRoute of rtb-1"),
            (r#"ec2:DeleteRoute request={"routeTableId":"rtb-1"}"#, "eu-north-1", ""),
            (r#"ec2:DeleteRoute request={"routeTableId":"rtb-1"}"#, "", "ec2:DeleteRoute of rtb-1"),
        ] {
            let script =
                format!("09:00 {change} who=role/ci region=eu-west-1\n 09:04 REPORT timeout fn=pay region={region} x4");
            let expected = match ends {
                "" => format!("09:04 medium pay: {TIMED_OUT}"),
                ends => format!("09:04 high pay: {TIMED_OUT}; 4 min after {ends} by role/ci"),
            };
            check(&script, &expected);
        }
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

    #[test]
    fn the_network_and_then_timeouts() {
        check(
            r#"09:00 ec2:RevokeSecurityGroupEgress who=user/ann request={"groupId":"sg-0123456789abcdef0"}
               09:04 REPORT timeout fn=pay x4"#,
            "09:04 high pay: 4 of 4 invocations timed out in 5 min; 4 min after ec2:RevokeSecurityGroupEgress of sg-0123456789abcdef0 by user/ann",
        );
    }

    #[test]
    fn a_change_of_rights_does_not_explain_timeouts() {
        check(
            r#"09:00 iam:DeleteRolePolicy who=user/ann request={"roleName":"pay-role","policyName":"orders"}
               09:04 REPORT timeout fn=pay x4"#,
            "09:04 medium pay: 4 of 4 invocations timed out in 5 min",
        );
    }

    /// What is said about errors.
    fn check_errors(script: &str, expected: &str) {
        let all = || -> Vec<Box<dyn Detector>> {
            let errors = FunctionErrorSpike::default();
            let refused = ApplicationRefused::default();
            vec![Box::new(errors), Box::new(refused), Box::new(ChangeBeforeFailure::default())]
        };
        check_among(&all, FunctionErrorSpike::default().about().id, script, expected);
    }

    const HISTORY: &str = "00:00-08:50/10m REPORT fn=pay x4\n";

    #[test]
    fn rights_of_its_role_and_then_refusals() {
        for (change, of) in [
            (
                r#"iam:DeleteRolePolicy who=user/ann request={"roleName":"pay-role","policyName":"orders"}"#,
                "iam:DeleteRolePolicy of role/pay-role",
            ),
            (
                r#"kms:DisableKey who=user/ann request={"keyId":"arn:aws:kms:eu-west-1:111122223333:key/k-1"}"#,
                "kms:DisableKey of key/k-1",
            ),
        ] {
            let script = format!(
                "{HISTORY} 09:00 {change}
                 09:02 s3:GetObject denied who=role/pay-role session=pay x6
                 09:02 REPORT error fn=pay x6"
            );
            let wanted = format!(
                "09:02 high pay: 6 of 6 invocations failed in 5 min, usual 0.2 %; 2 min after {of} by user/ann"
            );
            check_errors(&script, &wanted);
        }
    }

    #[test]
    fn rights_of_another_role_or_errors_of_another_kind() {
        let change = |role: &str| format!(r#"09:00 iam:DeleteRolePolicy who=user/ann request={{"roleName":"{role}"}}"#);
        for (role, refused) in
            [("mail-role", "09:02 s3:GetObject denied who=role/pay-role session=pay x6"), ("pay-role", "")]
        {
            let script = format!("{HISTORY} {}\n {refused}\n 09:02 REPORT error fn=pay x6", change(role));
            check_errors(&script, "09:02 medium pay: 6 of 6 invocations failed in 5 min, usual 0.2 %");
        }
    }

    /// What is said about slow invocations.
    fn check_slow(script: &str, expected: &str) {
        let all = || -> Vec<Box<dyn Detector>> {
            vec![Box::new(FunctionSlow::default()), Box::new(ChangeBeforeFailure::default())]
        };
        check_among(&all, FunctionSlow::default().about().id, script, expected);
    }

    const QUICK: &str = "00:00-29:59/1m REPORT fn=pay ms=110 x2\n";
    const SLOW: &str = "30:00-30:14/1m REPORT fn=pay ms=8200 x2\n";

    #[test]
    fn a_deployment_and_then_slow_invocations() {
        check_slow(
            &format!(
                r#"{QUICK} 29:54 lambda:UpdateFunctionCode who=role/ci request={{"functionName":"pay"}}
                        {SLOW}"#
            ),
            "06:04 low pay: 95 % of the invocations took up to about 8555 ms in 15 min, usual 112 ms; \
             10 min after lambda:UpdateFunctionCode by role/ci",
        );
    }

    #[test]
    fn what_was_changed_once_they_were_slow() {
        check_slow(
            &format!(r#"{QUICK} {SLOW} 30:12 lambda:UpdateFunctionCode who=role/ci request={{"functionName":"pay"}}"#),
            "06:04 low pay: 95 % of the invocations took up to about 8555 ms in 15 min, usual 112 ms",
        );
    }

    #[test]
    fn a_deployment_that_breaks_nothing() {
        check(r#"09:00 lambda:UpdateFunctionCode who=role/ci request={"functionName":"pay"}"#, "");
        check("09:00 REPORT fn=pay x4", "");
    }
}
