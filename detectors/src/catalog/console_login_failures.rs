//! Many failed sign-ins of one user.

use crate::detector::{About, Detector, Folding, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::Event;
use crate::measure::Keep;
use crate::observe::Observations;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::sign_in::{Rule, login_of, observe, run};
use crate::window::{REACH, Window};

use super::{LOGIN_FAILED, LOGIN_SUCCEEDED};

static ABOUT: About = About {
    id: "console-login-failures",
    title: "Failed console sign-ins of a user",
    what: "One user fails to sign in to the console 5 times within 10 minutes. A success within the hour after that is critical.",
    why: "Somebody guesses a password; when a sign-in succeeds after the guesses, they may have found it.",
    innocent: "A person who mistypes twice and then gets in.",
    attack: &["T1110.001"],
    next: &[
        "ask the user, by another way than mail, whether it was them",
        "is the address one that the user signs in from?",
        "after a success: what did the user's session do next?",
    ],
    families: &[Family::User],
    trigger: Trigger::Slots(&[LOGIN_FAILED, LOGIN_SUCCEEDED]),
    nature: Nature::Deed,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Count,
};

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct ConsoleLoginFailures {
    /// Failures in the window.
    pub count: u32,
    /// The window.
    pub window: Minutes,
}

impl Default for ConsoleLoginFailures {
    fn default() -> ConsoleLoginFailures {
        ConsoleLoginFailures { count: 5, window: Minutes(10) }
    }
}

impl Detector for ConsoleLoginFailures {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        visit.field(
            field("count", "failed sign-ins of one user in the window", 2.0, 1000.0),
            Value::Count(&mut self.count),
        );
        visit.field(field("window", "the window of event time", 1.0, 60.0), Value::Minutes(&mut self.window));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        if let Some(login) = login_of(event) {
            observe(event, (Family::User, Keep::Count(self.count as u16)), login.user, seen);
        }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let rule = Rule { window: self.window, threshold: self.count, count: |failures| failures.len() as u64 };
        let run = run(window, rule)?;
        let root = window.entity.name() == "root";
        let (severity, then) = match (&run.success, root) {
            (Some(_), _) => (Severity::Critical, ", then signed in"),
            (None, true) => (Severity::High, ""),
            (None, false) => (Severity::Medium, ""),
        };
        let why = match (&run.success, root) {
            (Some(_), _) => "a sign-in succeeded after the failures",
            (None, true) => "the root user can do everything",
            (None, false) => "failures alone are medium",
        };
        Some(Verdict {
            severity,
            seen: run.seen,
            at_least: window.saturated(LOGIN_FAILED, REACH),
            expected: None,
            threshold: Some(f64::from(self.count)),
            surprise: None,
            window: run.span(window),
            folding: Folding::Largest,
            unit: "failed sign-in{s}".into(),
            headline: format!("{{seen}} failed sign-ins in {} min{then}", self.window.0),
            why: why.to_owned(),
            examples: run.examples(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn guesses_that_find_the_password() {
        check(
            &ConsoleLoginFailures::default(),
            "09:00-09:04/1m ConsoleLogin failed user=ann ip=192.0.2.7
             09:30          ConsoleLogin        user=ann ip=192.0.2.7",
            "09:04 critical user/ann: 5 failed sign-ins in 10 min, then signed in",
        );
    }

    #[test]
    fn guesses_at_root() {
        let said = "09:04 high user/root: 5 failed sign-ins in 10 min";
        check(&ConsoleLoginFailures::default(), "09:00-09:04/1m ConsoleLogin failed user=root", said);
    }

    #[test]
    fn a_person_who_mistypes() {
        check(
            &ConsoleLoginFailures::default(),
            "09:00-09:03/1m ConsoleLogin failed user=ann
             09:04          ConsoleLogin        user=ann",
            "",
        );
    }

    #[test]
    fn a_success_before_the_guesses_is_nobody_getting_in() {
        check(
            &ConsoleLoginFailures::default(),
            "08:59          ConsoleLogin        user=ann
             09:00-09:04/1m ConsoleLogin failed user=ann",
            "09:04 medium user/ann: 5 failed sign-ins in 10 min",
        );
    }
}
