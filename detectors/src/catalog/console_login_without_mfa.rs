//! A sign-in with a password alone.

use crate::deed::{Grade, KEPT, verdict};
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{Event, PrincipalKind, What};
use crate::measure::{Keep, Slot};
use crate::observe::{Observations, Value};
use crate::settings::Visit;
use crate::severity::Severity;
use crate::window::Window;

const WITHOUT_MFA: Slot = Slot::named("login-without-mfa");

static ABOUT: About = About {
    id: "console-login-without-mfa",
    title: "Console sign-in without a second factor",
    what: "An IAM user signs in to the console with a password alone.",
    why: "A password that leaks is then all that it takes.",
    innocent: "A sign-in through Identity Center or SAML: the second factor was asked for elsewhere, and the record says No all the same.",
    attack: &["T1078.004", "T1556.006"],
    next: &[
        "is this user meant to have a password?",
        "is the address one that the user signs in from?",
        "give the user a second factor",
    ],
    families: &[Family::Principal],
    trigger: Trigger::Slots(&[WITHOUT_MFA]),
    nature: Nature::Deed,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// It has no settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConsoleLoginWithoutMfa;

impl Detector for ConsoleLoginWithoutMfa {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, _visit: &mut dyn Visit) {}

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let What::Call(call) = event.what else { return };
        let Some(login) = call.login else { return };
        let password_alone = login.success && login.mfa_used == Some(false) && !login.federated;
        if password_alone && call.principal.kind == PrincipalKind::User {
            seen.occur(Family::Principal, WITHOUT_MFA, Keep::Count(KEPT), Value::Text(login.user));
        }
    }

    fn yields(&self) -> bool {
        true
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let grade = Grade { severity: Severity::Medium, why: "an IAM user with a password and no second factor" };
        verdict(window, WITHOUT_MFA, grade, "signed in {seen} time{s} without a second factor".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn a_password_alone() {
        let said = "09:00 medium user/ann: signed in 1 time without a second factor";
        check(&ConsoleLoginWithoutMfa, "09:00 ConsoleLogin no-mfa user=user/ann", said);
    }

    #[test]
    fn with_a_second_factor_or_through_identity_center() {
        let script = "09:00 ConsoleLogin mfa    user=user/ann
                      09:00 ConsoleLogin no-mfa user=ann who=AWSReservedSSO_Admin/ann@example.com sso
                      09:00 ConsoleLogin no-mfa failed user=user/ann";
        check(&ConsoleLoginWithoutMfa, script, "");
    }
}
