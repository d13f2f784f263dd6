//! Far more invocations of a function than usual.

use crate::cell::Cell;
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{Event, Line, What};
use crate::measure::Measure;
use crate::observe::Observations;
use crate::rate::RateSettings;
use crate::settings::Visit;
use crate::window::Window;

static ABOUT: About = About {
    id: "invocation-rate",
    title: "Unusual invocation rate",
    what: "A Lambda function ends far more invocations in 15 minutes than its own last active hours had.",
    why: "A retry storm, a loop between services, a flood from outside, or somebody else's use of the function: all of them cost money.",
    innocent: "A function on a schedule: the busiest quarter of each hour is what is compared, so its runs are its usual.",
    attack: &["T1496", "T1499"],
    next: &[
        "what invokes it: a queue that was redriven, a new subscription, a public URL?",
        "does the function write to what triggers it?",
        "is a reserved concurrency set that bounds the cost?",
    ],
    families: &[Family::Function],
    trigger: Trigger::Measures(&[Measure::Invocations]),
    nature: Nature::Condition,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Count,
};

/// The settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct InvocationRate {
    /// When a rate is far over its usual.
    pub rate: RateSettings,
}

impl Detector for InvocationRate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        self.rate.visit(visit);
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        if let What::Log(log) = event.what
            && matches!(log.line, Line::Report(_))
        {
            seen.count(Family::Function, Measure::Invocations);
        }
    }

    fn floor(&self) -> u64 {
        u64::from(self.rate.min_events)
    }

    fn minutes(&self, here: &Cell, before: Option<&Cell>) -> u64 {
        self.rate.minutes(Measure::Invocations, here, before)
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        self.rate.judge(window, Measure::Invocations, "invocation{s}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn a_flood() {
        check(
            &InvocationRate::default(),
            "00:00-04:50/10m REPORT fn=pay x10
             05:05           REPORT fn=pay x400",
            "05:05 low pay: 400 invocations in 15 min, usual 20",
        );
    }

    #[test]
    fn a_busier_hour() {
        check(
            &InvocationRate::default(),
            "00:00-04:50/10m REPORT fn=pay x10
             05:05           REPORT fn=pay x30",
            "",
        );
    }
}
