//! Rules: detectors of single events whose condition is data. Each event that it holds for is a finding of its minute.

use std::fmt;
use std::sync::Arc;

use crate::apis::Narrowed;
use crate::deed::{self, KEPT, names};
use crate::detector::{About, Detector, Trigger, Verdict};
use crate::event::{CallKind, Event, PrincipalKind, What};
use crate::measure::{Keep, Slot};
use crate::observe::{Observations, Value};
use crate::settings::Visit;
use crate::severity::Severity;
use crate::window::Window;

/// When a rule holds. Whoever reads rules brings one.
pub trait Condition: Send + Sync {
    /// Does it hold for this event?
    fn holds(&self, event: &Event<'_>) -> bool;

    /// What is left to ask of calls to the same API as this one: of those with the same `source`, `recorded`, `service` and
    /// `name`.
    fn narrowed(&self, _like: &Event<'_>) -> Narrowed<dyn Condition> {
        Narrowed::Whole
    }
}

/// Calls that a detector can find something in; letter case does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The service, as in [`Call::service`](crate::event::Call::service); empty for any.
    pub service: &'static str,
    /// The API without its version; empty for any.
    pub name: &'static str,
}

/// What an event must be for a rule to hold, where that is known without reading more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A call that has an error.
    Failure,
    /// A call by the root user.
    Root,
    /// An Insight.
    Insight,
}

impl Need {
    /// All of them.
    pub(crate) const ALL: [Need; 3] = [Need::Failure, Need::Root, Need::Insight];

    pub(crate) fn is_met(self, event: &Event<'_>) -> bool {
        let What::Call(call) = event.what else { return false };
        match self {
            Need::Failure => call.error.is_some(),
            Need::Root => call.principal.kind == PrincipalKind::Root,
            // A later record about one is no Insight of its own here, but may be one to a rule.
            Need::Insight => matches!(call.kind, CallKind::Insight | CallKind::Update),
        }
    }
}

/// A rule about single events.
#[derive(Clone)]
pub struct Rule {
    /// What it is. Its trigger is one slot, named by the rule, and it has one family.
    pub about: &'static About,
    /// How grave each event is.
    pub severity: Severity,
    /// The calls that it can hold for; none: whatever its source brings.
    pub keys: &'static [Key],
    /// All that an event must be for it to hold.
    pub needs: &'static [Need],
    /// When it holds.
    pub condition: Arc<dyn Condition>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({})", self.about.id)
    }
}

impl Rule {
    fn slot(&self) -> Slot {
        match self.about.trigger {
            Trigger::Slots([slot, ..]) => *slot,
            _ => Slot::named(self.about.id),
        }
    }
}

impl Detector for Rule {
    fn about(&self) -> &'static About {
        self.about
    }

    fn settings(&mut self, _visit: &mut dyn Visit) {}

    fn keys(&self) -> &[Key] {
        self.keys
    }

    fn needs(&self) -> &[Need] {
        self.needs
    }

    fn rests_on_trigger(&self) -> bool {
        true
    }

    fn narrowed(&self, like: &Event<'_>) -> Narrowed<dyn Detector> {
        match self.condition.narrowed(like) {
            Narrowed::Whole => Narrowed::Whole,
            Narrowed::Never => Narrowed::Never,
            Narrowed::To(condition) => Narrowed::To(Box::new(Rule { condition: condition.into(), ..self.clone() })),
        }
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let Some(family) = self.about.families.first().filter(|family| family.source() == event.source()) else {
            return;
        };
        if self.needs.iter().all(|need| need.is_met(event)) && self.condition.holds(event) {
            seen.occur(*family, self.slot(), Keep::Count(KEPT), Value::Api);
            seen.tell(self.severity);
        }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let slot = self.slot();
        let names = names(window, slot);
        let such_as = if names.is_empty() { names } else { format!(": {names}") };
        let headline = format!("{} ({{seen}} event{{s}}{such_as})", self.about.title);
        deed::verdict(window, slot, deed::Grade { severity: self.severity, why: self.about.why }, headline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::{Nature, Ranking, Timing};
    use crate::entity::Family;
    use crate::event::Line;
    use crate::script::check;

    static KEY_MADE: About = About {
        id: "key-made",
        title: "Access key made",
        what: "",
        why: "a key opens doors",
        innocent: "",
        attack: &[],
        next: &[],
        families: &[Family::Principal],
        trigger: Trigger::Slots(&[Slot::named("0b6a1f0e-5f0a-4ab7-9a0d-6f0c6a5a1f11")]),
        nature: Nature::Deed,
        timing: Timing::Monotone,
        never_muted: false,
        ranking: Ranking::Unnamed,
    };

    static LOGS_LOST: About = About { id: "logs-lost", title: "Logs lost", families: &[Family::Function], ..KEY_MADE };

    /// Calls that succeeded, and lines about lost logs.
    struct Succeeded;

    impl Condition for Succeeded {
        fn holds(&self, event: &Event<'_>) -> bool {
            match event.what {
                What::Call(call) => call.error.is_none(),
                What::Log(log) => !matches!(log.line, Line::Report(_)),
            }
        }
    }

    const KEYS: &[Key] = &[
        Key { service: "IAM", name: "createaccesskey" },
        Key { service: "kms", name: "" },
        Key { service: "", name: "LeaveOrganization" },
    ];

    fn rule(about: &'static About, keys: &'static [Key]) -> Rule {
        Rule { about, severity: Severity::High, keys, needs: &[], condition: Arc::new(Succeeded) }
    }

    #[test]
    fn deeds_of_one_principal_are_one_alert() {
        check(
            &rule(&KEY_MADE, KEYS),
            "09:00 iam:CreateAccessKey who=user/eve x2
             09:40 iam:CreateAccessKey who=user/eve
             09:41 iam:CreateAccessKey who=user/ann
             10:45 iam:CreateAccessKey who=user/eve",
            "09:00 high user/eve: Access key made (3 events: iam:CreateAccessKey)
             09:41 high user/ann: Access key made (1 event: iam:CreateAccessKey)
             10:45 high user/eve: Access key made (1 event: iam:CreateAccessKey)",
        );
    }

    #[test]
    fn a_key_may_leave_out_the_service_or_the_name() {
        check(
            &rule(&KEY_MADE, KEYS),
            "09:00 kms:DisableKey                  who=user/eve
             09:01 organizations:LeaveOrganization who=user/ann",
            "09:00 high user/eve: Access key made (1 event: kms:DisableKey)
             09:01 high user/ann: Access key made (1 event: organizations:LeaveOrganization)",
        );
    }

    #[test]
    fn what_fails_or_has_no_key_is_quiet() {
        let script = "09:00 iam:CreateAccessKey denied who=user/eve
                      09:01 iam:DeleteAccessKey        who=user/eve
                      09:02 sso:CreateAccessKey        who=user/eve";
        check(&rule(&KEY_MADE, KEYS), script, "");
    }

    #[test]
    fn without_keys_every_event_of_the_source_is_looked_at() {
        let script = "09:00 s3:GetObject who=user/eve
                      09:01 timeout fn=pay req=r1
                      09:02 REPORT fn=pay";
        check(&rule(&KEY_MADE, &[]), script, "09:00 high user/eve: Access key made (1 event: s3:GetObject)");
        check(&rule(&LOGS_LOST, &[]), script, "09:01 high pay: Logs lost (1 event)");
    }
}
