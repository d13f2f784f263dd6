//! A function runs into its time limit again and again.

use crate::cause::TIMED_OUT;
use crate::crash::{Statement, failing, failures, observe, unnamed, verdict};
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{CrashKind, Event, Line, What};
use crate::measure::Measure;
use crate::observe::Observations;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::window::Window;

static ABOUT: About = About {
    id: "function-timeout",
    title: "Lambda function times out",
    what: "At least 3 requests and 10 % of a function's invocations run into the time limit within 5 minutes.",
    why: "Work is cut off in the middle and paid for to the last second; retries make it worse.",
    innocent: "A single time-out: it is counted in the metrics, and nobody is told.",
    attack: &["T1499"],
    next: &[
        "what does the function wait for: a database, a queue, another service, a name that does not resolve?",
        "was its time limit, its VPC or a security group changed just before?",
        "is the time limit longer than what its caller waits?",
    ],
    families: &[Family::Function],
    trigger: Trigger::Slots(&[TIMED_OUT, unnamed(TIMED_OUT)]),
    nature: Nature::Condition,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Count,
};

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct FunctionTimeout {
    /// Timed-out requests in the window.
    pub count: u32,
    /// Their smallest share of the invocations, in per cent.
    pub min_share: f64,
    /// The window.
    pub window: Minutes,
}

impl Default for FunctionTimeout {
    fn default() -> FunctionTimeout {
        FunctionTimeout { count: 3, min_share: 10.0, window: Minutes(5) }
    }
}

impl Detector for FunctionTimeout {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        visit.field(field("count", "timed-out requests in the window", 1.0, 1e4), Value::Count(&mut self.count));
        let doc = "share of the invocations below which it never speaks";
        visit.field(field("min_share", doc, 0.0, 100.0), Value::Percent(&mut self.min_share));
        visit.field(field("window", "the window of event time", 1.0, 60.0), Value::Minutes(&mut self.window));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        if let Some((log, CrashKind::Timeout)) = failing(event) {
            observe(event, &log, TIMED_OUT, seen);
        }
        if let What::Log(log) = event.what
            && matches!(log.line, Line::Report(_))
        {
            seen.count(Family::Function, Measure::Invocations);
        }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let timed_out = failures(window, TIMED_OUT, self.window);
        let calls = window.sum(Measure::Invocations, self.window).max(timed_out);
        let share = 100.0 * timed_out as f64 / calls.max(1) as f64;
        if timed_out < u64::from(self.count) || share < self.min_share {
            return None;
        }
        let said = Statement {
            severity: Severity::Medium,
            threshold: f64::from(self.count),
            window: self.window,
            unit: "timed-out request{s}",
            headline: format!("{{seen}} of {calls} invocations timed out in {} min", self.window.0),
            why: format!("{share:.0} % of the invocations were cut off at the time limit"),
        };
        Some(verdict(window, TIMED_OUT, said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn three_of_ten_in_five_minutes() {
        check(
            &FunctionTimeout::default(),
            "09:00-09:02/1m REPORT timeout fn=pay
             09:00-09:02/1m timeout        fn=pay req=extra
             09:00          REPORT         fn=pay x7",
            "09:01 medium pay: 4 of 10 invocations timed out in 5 min",
        );
    }

    #[test]
    fn a_single_one_is_a_metric() {
        check(&FunctionTimeout::default(), "09:00 REPORT timeout fn=pay", "");
    }

    #[test]
    fn three_of_many() {
        check(&FunctionTimeout::default(), "09:00 REPORT timeout fn=pay x3\n 09:00 REPORT fn=pay x40", "");
    }
}
