//! A function cannot start.

use crate::crash::{Statement, failing, failures, observe, unnamed, verdict};
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{CrashKind, Event};
use crate::measure::Slot;
use crate::observe::Observations;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::window::Window;

const INIT_FAILED: Slot = Slot::named("init-failed");

static ABOUT: About = About {
    id: "function-init-failure",
    title: "Lambda function cannot start",
    what: "A function fails before its handler runs: an import error, a missing handler or bootstrap, a failed or too long init. \
           One is medium, 5 requests within 15 minutes are high.",
    why: "Most often every request fails until somebody mends it, and the function itself can tell nobody.",
    innocent: "A slow cold start that succeeds.",
    attack: &[],
    next: &[
        "was code, a layer, the runtime or the handler's name changed just before? Roll it back",
        "does the package hold what the error says is missing?",
        "is the init phase longer than its limit of 10 seconds?",
    ],
    families: &[Family::Function],
    trigger: Trigger::Slots(&[INIT_FAILED, unnamed(INIT_FAILED)]),
    nature: Nature::Condition,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Count,
};

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct FunctionInitFailure {
    /// Failed starts in the window that are a finding.
    pub count: u32,
    /// Failed starts in the window that are high.
    pub high: u32,
    /// The window.
    pub window: Minutes,
}

impl Default for FunctionInitFailure {
    fn default() -> FunctionInitFailure {
        FunctionInitFailure { count: 1, high: 5, window: Minutes(15) }
    }
}

impl Detector for FunctionInitFailure {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        visit.field(
            field("count", "failed starts in the window that are medium", 1.0, 1e4),
            Value::Count(&mut self.count),
        );
        visit.field(field("high", "failed starts in the window that are high", 1.0, 1e4), Value::Count(&mut self.high));
        visit.field(field("window", "the window of event time", 1.0, 60.0), Value::Minutes(&mut self.window));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        if let Some((log, CrashKind::Init)) = failing(event) {
            observe(event, &log, INIT_FAILED, seen);
        }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let failed = failures(window, INIT_FAILED, self.window);
        if failed < u64::from(self.count) {
            return None;
        }
        let grave = failed >= u64::from(self.high);
        let said = Statement {
            severity: if grave { Severity::High } else { Severity::Medium },
            threshold: f64::from(if grave { self.high } else { self.count }),
            window: self.window,
            unit: "failed start{s}",
            headline: format!("{{seen}} failed start{{s}} in {} min", self.window.0),
            why: "a function that cannot start serves nobody".to_owned(),
        };
        Some(verdict(window, INIT_FAILED, said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn an_import_error() {
        check(&FunctionInitFailure::default(), "09:00 init fn=pay", "09:00 medium pay: 1 failed start in 15 min");
        check(&FunctionInitFailure::default(), "09:00 init fn=pay x5", "09:00 high pay: 5 failed starts in 15 min");
    }

    #[test]
    fn a_handler_that_fails_has_started() {
        check(&FunctionInitFailure::default(), "09:00 REPORT error fn=pay x9", "");
    }
}
