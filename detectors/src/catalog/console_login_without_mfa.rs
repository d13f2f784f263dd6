//! A sign-in with a password alone.

use crate::deed::{Grade, KEPT, verdict};
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{Event, What};
use crate::habit::Facet;
use crate::measure::{Keep, Slot};
use crate::observe::{Observations, Value};
use crate::profile::Profile;
use crate::settings::Visit;
use crate::severity::Severity;
use crate::sign_in::is_password_alone;
use crate::stage::Stage;
use crate::window::Window;

const WITHOUT_MFA: Slot = Slot::named("login-without-mfa");

static ABOUT: About = About {
    id: "console-login-without-mfa",
    title: "Console sign-in without a second factor",
    what: "An IAM user signs in to the console with a password alone: medium, and low in the digest where it did so before, from the same network with the same browser, within 90 days.",
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
        if is_password_alone(call) {
            seen.occur(Family::Principal, WITHOUT_MFA, Keep::Count(KEPT), Value::Text(login.user));
        }
    }

    fn yields(&self) -> bool {
        true
    }

    fn remembers(&self) -> &'static [Facet] {
        &[Facet::Password]
    }

    fn at_most(&self, severity: Severity) -> Stage {
        if severity > Severity::Low { Stage::Alert } else { Stage::Digest }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let grade = if is_habit(window) {
            Grade { severity: Severity::Low, why: "a password and no second factor, from where it was so before" }
        } else {
            Grade { severity: Severity::Medium, why: "an IAM user with a password and no second factor" }
        };
        verdict(window, WITHOUT_MFA, grade, "signed in {seen} time{s} without a second factor".to_owned())
    }
}

/// Was it told before that the user signs in so, from wherever it did in this hour?
fn is_habit(window: &Window<'_>) -> bool {
    let Some(known) = window.profile.and_then(Profile::familiar) else { return false };
    let (habits, minute) = (window.here.habits().of(Facet::Password), window.minute.of_hour());
    let mut shown = habits.iter().filter(|habit| habit.first <= minute).peekable();
    shown.peek().is_some() && shown.all(|habit| known.knows(Facet::Password, habit.value, window.known_before()))
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
    fn a_habit_is_low_until_the_place_or_the_browser_is_another() {
        check(
            &ConsoleLoginWithoutMfa,
            "09:00 ConsoleLogin no-mfa user=user/ann
             33:00 ConsoleLogin no-mfa user=user/ann
             57:00 ConsoleLogin no-mfa user=user/ann
             81:00 ConsoleLogin no-mfa user=user/ann ip=198.51.100.7
             105:00 ConsoleLogin no-mfa user=user/ann agent=curl/8.1",
            "09:00 medium user/ann: signed in 1 time without a second factor
             09:00 digest low user/ann: signed in 1 time without a second factor
             09:00 digest low user/ann: signed in 1 time without a second factor
             09:00 medium user/ann: signed in 1 time without a second factor
             09:00 medium user/ann: signed in 1 time without a second factor",
        );
    }

    #[test]
    fn what_was_long_ago_is_no_habit() {
        check(
            &ConsoleLoginWithoutMfa,
            "09:00   ConsoleLogin no-mfa user=user/ann
             2193:00 ConsoleLogin no-mfa user=user/ann",
            "09:00 medium user/ann: signed in 1 time without a second factor
             09:00 medium user/ann: signed in 1 time without a second factor",
        );
    }

    #[test]
    fn with_a_second_factor_or_through_identity_center() {
        let script = "09:00 ConsoleLogin mfa    user=user/ann
                      09:00 ConsoleLogin no-mfa user=ann who=AWSReservedSSO_Admin/ann@example.com sso
                      09:00 ConsoleLogin no-mfa failed user=user/ann";
        check(&ConsoleLoginWithoutMfa, script, "");
    }
}
