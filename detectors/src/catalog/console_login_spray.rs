//! One address fails to sign in as many users.

use std::collections::BTreeSet;

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
    id: "console-login-spray",
    title: "Failed console sign-ins of many users from one address",
    what: "From one address, sign-ins of 4 distinct users fail within 30 minutes. A success from there within the hour after that is critical.",
    why: "One password is tried on many users, slowly enough that no user is locked out or noticed.",
    innocent: "An office behind one address, where one or two people mistype.",
    attack: &["T1110.003"],
    next: &[
        "is the address an office, a VPN or a stranger's?",
        "which of the users exist, and do they have a second factor?",
        "after a success: what did that user's session do next?",
    ],
    families: &[Family::Address],
    trigger: Trigger::Slots(&[LOGIN_FAILED, LOGIN_SUCCEEDED]),
    nature: Nature::Deed,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Count,
};

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct ConsoleLoginSpray {
    /// Distinct users in the window.
    pub users: u32,
    /// The window.
    pub window: Minutes,
}

impl Default for ConsoleLoginSpray {
    fn default() -> ConsoleLoginSpray {
        ConsoleLoginSpray { users: 4, window: Minutes(30) }
    }
}

impl Detector for ConsoleLoginSpray {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        let doc = "distinct users whose sign-in fails from one address in the window";
        visit.field(field("users", doc, 2.0, 1000.0), Value::Count(&mut self.users));
        visit.field(field("window", "the window of event time", 1.0, 60.0), Value::Minutes(&mut self.window));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        if let Some(login) = login_of(event) {
            observe(event, (Family::Address, Keep::Distinct(self.users as u16)), login.user, seen);
        }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let rule = Rule {
            window: self.window,
            threshold: self.users,
            count: |failures| failures.iter().map(|o| o.value).collect::<BTreeSet<_>>().len() as u64,
        };
        let run = run(window, rule)?;
        let then = run.success.map_or_else(String::new, |o| format!(", then signed in as {}", o.name));
        let (severity, why) = match run.success {
            Some(_) => (Severity::Critical, "a sign-in from there succeeded after the failures"),
            None => (Severity::High, "many users tried from one address"),
        };
        Some(Verdict {
            severity,
            seen: run.seen,
            at_least: window.saturated(LOGIN_FAILED, REACH),
            expected: None,
            threshold: Some(f64::from(self.users)),
            surprise: None,
            window: run.span(window),
            folding: Folding::Largest,
            unit: "user{s} who failed to sign in".into(),
            headline: format!("{{seen}} users failed to sign in within {} min{then}", self.window.0),
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
    fn four_users_from_one_address() {
        check(
            &ConsoleLoginSpray::default(),
            "09:00  ConsoleLogin failed user=ann ip=192.0.2.7
             09:10  ConsoleLogin failed user=bob ip=192.0.2.7
             09:20  ConsoleLogin failed user=cat ip=192.0.2.7
             09:29  ConsoleLogin failed user=dan ip=192.0.2.7",
            "09:29 high 192.0.2.7: 4 users failed to sign in within 30 min",
        );
    }

    #[test]
    fn one_of_them_lets_it_in() {
        check(
            &ConsoleLoginSpray::default(),
            "09:00-09:03/1m ConsoleLogin failed user=ann ip=192.0.2.7
             09:01  ConsoleLogin failed user=bob ip=192.0.2.7
             09:02  ConsoleLogin failed user=cat ip=192.0.2.7
             09:03  ConsoleLogin failed user=dan ip=192.0.2.7
             09:08  ConsoleLogin        user=eve ip=192.0.2.7",
            "09:03 critical 192.0.2.7: 4 users failed to sign in within 30 min, then signed in as eve",
        );
    }

    #[test]
    fn an_office_where_three_mistype() {
        check(
            &ConsoleLoginSpray::default(),
            "09:00-09:09/1m ConsoleLogin failed user=ann ip=192.0.2.7
             09:01  ConsoleLogin failed user=bob ip=192.0.2.7
             09:02  ConsoleLogin failed user=cat ip=192.0.2.7
             09:03  ConsoleLogin failed user=dan ip=192.0.2.8",
            "",
        );
    }
}
