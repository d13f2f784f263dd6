//! A function fails far more often than usual.

use crate::crash::{Statement, failing, failures, observe, unnamed, verdict};
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{CrashKind, Event, Line, What};
use crate::measure::Measure;
use crate::observe::Observations;
use crate::rate::round;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::window::Window;

use super::FAILED;

static ABOUT: About = About {
    id: "function-error-spike",
    title: "Failing Lambda function",
    what: "Invocations of a function fail far more often in 15 minutes than they usually do: at least 5 failed requests, \
           5 % of the invocations and 3 times the usual share. Time-outs, memory and failed starts have detectors of their own.",
    why: "A deploy, a permission or something it depends on broke; its callers see errors or lose work.",
    innocent: "One bad request that Lambda retries: its retries share a request id and count once.",
    attack: &[],
    next: &[
        "was the function, its role, a key or a queue changed just before?",
        "which error type leads, and do all requests fail or only some?",
        "roll back, if a deploy came just before",
    ],
    families: &[Family::Function],
    trigger: Trigger::Slots(&[FAILED, unnamed(FAILED)]),
    nature: Nature::Condition,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Count,
};

/// The window that failures are counted in.
const WINDOW: Minutes = Minutes(15);

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct FunctionErrorSpike {
    /// Fewer failed requests than this in a quarter of an hour are never a finding.
    pub min_failed: u32,
    /// The smallest share of the invocations, in per cent.
    pub min_share: f64,
    /// The smallest share while the function has no history, in per cent.
    pub new_share: f64,
    /// How many times the usual share.
    pub ratio: f64,
}

impl Default for FunctionErrorSpike {
    fn default() -> FunctionErrorSpike {
        FunctionErrorSpike { min_failed: 5, min_share: 5.0, new_share: 20.0, ratio: 3.0 }
    }
}

impl Detector for FunctionErrorSpike {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        let doc = "failed requests in 15 minutes below which it never speaks";
        visit.field(field("min_failed", doc, 1.0, 1e6), Value::Count(&mut self.min_failed));
        let doc = "share of the invocations below which it never speaks";
        visit.field(field("min_share", doc, 0.0, 100.0), Value::Percent(&mut self.min_share));
        let doc = "that share for a function with fewer than 50 invocations of history";
        visit.field(field("new_share", doc, 0.0, 100.0), Value::Percent(&mut self.new_share));
        visit.field(
            field("ratio", "how many times the usual share is a finding", 1.0, 1e4),
            Value::Ratio(&mut self.ratio),
        );
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        // Time-outs, memory and failed starts have detectors of their own, which would say the same again.
        if let Some((log, CrashKind::Error | CrashKind::Exit)) = failing(event) {
            observe(event, &log, FAILED, seen);
        }
        if let What::Log(log) = event.what
            && matches!(log.line, Line::Report(_))
        {
            seen.count(Family::Function, Measure::Invocations);
        }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let failed = failures(window, FAILED, WINDOW);
        if failed < u64::from(self.min_failed) {
            return None;
        }
        // An invocation that died may have left no report, so there are at least as many invocations as failures.
        let calls = window.sum(Measure::Invocations, WINDOW).max(failed);
        let share = 100.0 * failed as f64 / calls as f64;
        let past = window.history(Measure::Invocations);
        let known = past >= 50;
        let usual = 100.0 * window.history(Measure::Failures) as f64 / past.max(1) as f64;
        let needed = if known { self.min_share.max(self.ratio * usual) } else { self.new_share };
        if share < needed {
            return None;
        }
        let grave = failed >= 20 || share >= 25.0;
        let usual_text = if known { format!("usual {} %", round(usual)) } else { "no history yet".to_owned() };
        let said = Statement {
            severity: if grave { Severity::Medium } else { Severity::Low },
            threshold: f64::from(self.min_failed),
            window: WINDOW,
            unit: "failed request{s}",
            headline: format!("{{seen}} of {calls} invocations failed in {} min, {usual_text}", WINDOW.0),
            why: format!("{share:.0} % of the invocations failed, {usual_text}; 25 % or 20 failed requests are medium"),
        };
        let mut verdict = verdict(window, FAILED, said);
        verdict.expected = known.then_some(usual / 100.0 * calls as f64);
        Some(verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn a_third_of_the_requests_fails() {
        check(
            &FunctionErrorSpike::default(),
            "00:00-04:55/5m REPORT       fn=pay x20
             00:07-04:57/50m REPORT error fn=pay
             05:01          REPORT error fn=pay x20
             05:01          REPORT       fn=pay x20",
            "05:01 medium pay: 20 of 80 invocations failed in 15 min, usual 0.5 %",
        );
    }

    #[test]
    fn retries_of_one_bad_request() {
        check(
            &FunctionErrorSpike::default(),
            "00:00-04:55/5m REPORT       fn=pay x20
             05:01-05:09/1m REPORT error fn=pay req=r1 x3
             05:01-05:09/1m error        fn=pay req=r1 x3",
            "",
        );
    }

    #[test]
    fn a_function_that_always_fails_a_little() {
        // It is new once; from then on, that is what it is like.
        let script = "00:00-06:55/5m REPORT       fn=pay x10
                      00:00-06:55/5m REPORT error fn=pay x5";
        check(
            &FunctionErrorSpike::default(),
            script,
            "00:00 medium pay: 15 of 45 invocations failed in 15 min, no history yet\n 02:00 resolved pay",
        );
    }
}
