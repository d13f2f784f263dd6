//! A function writes far more error lines than usual.

use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{Event, Level, Line, What};
use crate::measure::Measure;
use crate::observe::Observations;
use crate::rate::RateSettings;
use crate::settings::{Minutes, Visit};
use crate::window::{Around, Window};

static ABOUT: About = About {
    id: "function-error-lines",
    title: "Unusually many error lines",
    what: "A function writes far more lines of the level ERROR or above than usual for it at this time of the day and week, in \
           1, 5, 15 or 60 minutes. Lines about an invocation that failed are left to the detectors of failures.",
    why: "What a handler catches and logs fails no invocation, and nobody sees it.",
    innocent: "A function that always logs what it is refused: that is its usual.",
    attack: &[],
    next: &[
        "which message repeats, and since when?",
        "was the function, or what it calls, changed just before?",
        "do its callers get wrong answers?",
    ],
    families: &[Family::Function],
    trigger: Trigger::Measures(&[Measure::ErrorLines]),
    nature: Nature::Condition,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Count,
};

/// The settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct FunctionErrorLines {
    /// When their number is far over its usual.
    pub rate: RateSettings,
}

impl Detector for FunctionErrorLines {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        self.rate.visit(visit);
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        if let What::Log(log) = event.what
            && log.failure.is_none()
            && matches!(log.line, Line::Application { level: Level::Error | Level::Fatal, .. })
        {
            seen.count(Family::Function, Measure::ErrorLines);
        }
    }

    fn floor(&self) -> u64 {
        u64::from(self.rate.min_events)
    }

    fn minutes_in(&self, around: Around<'_>, lateness: Minutes) -> u64 {
        self.rate.minutes(Measure::ErrorLines, around, lateness)
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        self.rate.judge(window, Measure::ErrorLines, "error line{s}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn what_it_calls_is_gone() {
        check(
            &FunctionErrorLines::default(),
            "00:17-75:17/180m LINE ERROR fn=pay
             76:01            LINE ERROR fn=pay x60",
            "04:01 low pay: 60 error lines in 1 min, usual under 0.1",
        );
    }

    #[test]
    fn it_always_logs_what_it_is_refused() {
        check(&FunctionErrorLines::default(), "00:00-76:55/5m LINE ERROR fn=pay x30", "");
    }

    #[test]
    fn warnings() {
        check(&FunctionErrorLines::default(), "00:17-75:17/180m LINE ERROR fn=pay\n 76:01 LINE WARN fn=pay x60", "");
    }
}
