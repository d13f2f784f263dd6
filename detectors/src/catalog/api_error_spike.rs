//! A principal's calls fail far more often than usual, by class of error.

use crate::cell::Cell;
use crate::detector::{About, Detector, Folding, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{CallKind, ErrorClass, Event, PrincipalKind, What};
use crate::measure::Measure;
use crate::observe::Observations;
use crate::profile::RATE_WINDOW;
use crate::rate::round;
use crate::settings::{Field, Value, Visit};
use crate::severity::Severity;
use crate::window::Window;

static ABOUT: About = About {
    id: "api-error-spike",
    title: "API errors of a principal",
    what: "The calls of a principal fail with one class of error (authentication, throttled, not found or invalid, \
           server fault) far more often in 15 minutes than they usually do.",
    why: "A broken deploy, an expired credential or somebody feeling their way round an account fails before it succeeds.",
    innocent: "A tool that always asks for things that are not there: its usual share of errors is high, and compared with.",
    attack: &["T1580"],
    next: &[
        "which error code leads, and since when?",
        "was code, a policy, a key or a quota of this principal changed just before?",
        "do the failing calls come from the usual address and user agent?",
    ],
    families: &[Family::Principal],
    trigger: Trigger::Measures(&CLASSES),
    nature: Nature::Condition,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Count,
};

const CLASSES: [Measure; 5] =
    [Measure::Denied, Measure::AuthFailed, Measure::Throttled, Measure::Invalid, Measure::ServerFaults];

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct ApiErrorSpike {
    /// Fewer errors than this in a quarter of an hour are never a finding.
    pub min_errors: u32,
    /// The smallest share of the calls, in per cent.
    pub min_share: f64,
    /// How many times the usual share.
    pub ratio: f64,
    /// Active hours of history before it speaks.
    pub min_hours: u32,
}

impl Default for ApiErrorSpike {
    fn default() -> ApiErrorSpike {
        ApiErrorSpike { min_errors: 20, min_share: 20.0, ratio: 3.0, min_hours: 3 }
    }
}

impl Detector for ApiErrorSpike {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        let doc = "errors of one class in 15 minutes below which it never speaks";
        visit.field(field("min_errors", doc, 1.0, 1e6), Value::Count(&mut self.min_errors));
        let doc = "share of the calls below which it never speaks";
        visit.field(field("min_share", doc, 0.0, 100.0), Value::Percent(&mut self.min_share));
        visit.field(
            field("ratio", "how many times the usual share is a finding", 1.0, 1e4),
            Value::Ratio(&mut self.ratio),
        );
        let doc = "active hours of history before it speaks";
        visit.field(field("min_hours", doc, 1.0, 24.0), Value::Count(&mut self.min_hours));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let What::Call(call) = event.what else { return };
        let counted = matches!(call.kind, CallKind::Api | CallKind::SignIn | CallKind::Network);
        if !counted || call.principal.kind == PrincipalKind::Service || call.principal.name.is_empty() {
            return;
        }
        seen.count(Family::Principal, Measure::Calls);
        if let Some(measure) = call.error.and_then(|error| Measure::of_class(error.class)) {
            seen.count(Family::Principal, measure);
        }
    }

    fn floor(&self) -> u64 {
        u64::from(self.min_errors)
    }

    fn minutes(&self, here: &Cell, before: Option<&Cell>) -> u64 {
        let sum = |cell: &Cell, class| cell.sum(class, 0, 59);
        let enough = |class: &Measure| {
            sum(here, *class) + before.map_or(0, |cell| sum(cell, *class)) >= u64::from(self.min_errors)
        };
        if CLASSES.iter().any(enough) { ABOUT.trigger.minutes(here) } else { 0 }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        // Refusals are told by `denied-burst` and `denied-on-one-api`, which know who was refused what.
        let classes = ErrorClass::FAILURES.iter().zip(CLASSES).filter(|(class, _)| **class != ErrorClass::Denied);
        classes.filter_map(|(class, measure)| self.judge_class(window, *class, measure)).max_by_key(|v| v.seen)
    }
}

impl ApiErrorSpike {
    fn judge_class(&self, window: &Window<'_>, class: ErrorClass, measure: Measure) -> Option<Verdict> {
        let (errors, calls) = (window.sum(measure, RATE_WINDOW), window.sum(Measure::Calls, RATE_WINDOW));
        let share = 100.0 * errors as f64 / calls.max(1) as f64;
        if errors < u64::from(self.min_errors) || share < self.min_share {
            return None;
        }
        window.usual(Measure::Calls).filter(|u| u.hours >= self.min_hours as usize)?;
        let (past, total) = (window.history(measure), window.history(Measure::Calls));
        let usual_share = 100.0 * past as f64 / total.max(1) as f64;
        let peak = window.usual(measure).map_or(0.0, |u| u.largest);
        if share < self.ratio * usual_share || (errors as f64) < 1.5 * peak {
            return None;
        }
        let name = class.name();
        Some(Verdict {
            severity: Severity::Low,
            seen: errors,
            at_least: false,
            expected: Some(usual_share / 100.0 * calls as f64),
            threshold: None,
            surprise: None,
            window: RATE_WINDOW,
            folding: Folding::Largest,
            unit: "failed API call{s}".into(),
            headline: format!(
                "{{seen}} of {calls} API calls failed ({name}) in {} min, usual {} %",
                RATE_WINDOW.0,
                round(usual_share)
            ),
            why: format!(
                "{share:.0} % of the calls failed, usual {} %; an error share alone is low",
                round(usual_share)
            ),
            examples: window.examples(measure, RATE_WINDOW).cloned().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn calls_that_used_to_work_fail() {
        check(
            &ApiErrorSpike::default(),
            "00:00-04:45/15m sqs:SendMessage           who=role/app x40
             05:02           sqs:SendMessage throttled who=role/app x30
             05:02           sqs:SendMessage           who=role/app x10",
            "05:02 low role/app: 30 of 40 API calls failed (throttled) in 15 min, usual 0 %",
        );
    }

    #[test]
    fn refusals_are_told_by_others() {
        let script = "00:00-04:45/15m sqs:SendMessage        who=role/app x40
                      05:02           sqs:SendMessage denied who=role/app x30";
        check(&ApiErrorSpike::default(), script, "");
    }

    #[test]
    fn a_tool_that_always_asks_for_what_is_not_there() {
        let script = "00:00-05:45/15m s3:HeadObject invalid who=role/app x30
                      00:00-05:45/15m s3:GetObject          who=role/app x30";
        check(&ApiErrorSpike::default(), script, "");
    }
}
