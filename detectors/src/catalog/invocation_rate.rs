//! Far more invocations of a function than usual.

use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{Event, Line, What};
use crate::measure::Measure;
use crate::observe::Observations;
use crate::rate::RateSettings;
use crate::settings::{Minutes, Visit};
use crate::window::{Around, Window};

static ABOUT: About = About {
    id: "invocation-rate",
    title: "Unusual invocation rate",
    what: "A Lambda function ends far more invocations in 1, 5, 15 or 60 minutes than is usual for it at this time of the day \
           and week.",
    why: "A retry storm, a loop between services, a flood from outside, or somebody else's use of the function: all of them cost money.",
    innocent: "A function on a schedule: what comes again at the same minute of the hour, or time of the day, is its usual.",
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

    fn minutes_in(&self, around: Around<'_>, lateness: Minutes) -> u64 {
        self.rate.minutes(Measure::Invocations, around, lateness)
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
            "00:00-76:55/5m REPORT fn=pay x5
             77:07          REPORT fn=pay x80",
            "05:07 low pay: 80 invocations in 1 min, usual under 0.1",
        );
    }

    #[test]
    fn a_busier_hour() {
        check(
            &InvocationRate::default(),
            "00:00-76:55/5m       REPORT fn=pay x5
             77:01-77:59/1m REPORT fn=pay x2",
            "",
        );
    }
}
