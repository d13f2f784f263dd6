//! A function runs far longer than usual.

use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::Event;
use crate::gauge::{GaugeSettings, Saying, observe, time};
use crate::measure::Measure;
use crate::meter::Meter;
use crate::observe::Observations;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::window::{Around, Window};

static ABOUT: About = About {
    id: "function-slow",
    title: "Slow Lambda function",
    what: "The time that 95 % of a function's invocations do not exceed, in 15 minutes, is twice what is usual at that time of \
           day and breaks the range that it has kept so far.",
    why: "What the function waits for has become slow; its callers wait too, and time is what is paid for.",
    innocent: "A function that has slow quarters of an hour now and then: they are within its own range.",
    attack: &["T1496"],
    next: &[
        "what does the function wait for: a database, a queue, another service?",
        "was the function, its memory size or its VPC changed just before?",
        "is the input larger than usual?",
    ],
    families: &[Family::Function],
    trigger: Trigger::Measures(&[Measure::Invocations]),
    nature: Nature::Condition,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct FunctionSlow {
    /// When the time is far over its usual.
    pub gauge: GaugeSettings,
    /// The least rise, in milliseconds.
    pub min_ms: u32,
}

impl Default for FunctionSlow {
    fn default() -> FunctionSlow {
        FunctionSlow { gauge: GaugeSettings { min_reports: 20, ratio: 2.0, novelty: 0.6 }, min_ms: 200 }
    }
}

impl Detector for FunctionSlow {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        self.gauge.visit(visit);
        let doc = "milliseconds over the usual below which it never speaks";
        visit.field(Field { name: "min_ms", doc, min: 0.0, max: 1e6 }, Value::Count(&mut self.min_ms));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        observe(event, seen);
    }

    fn floor(&self) -> u64 {
        u64::from(self.gauge.min_reports)
    }

    fn minutes_in(&self, around: Around<'_>, _lateness: Minutes) -> u64 {
        self.gauge.minutes(around, Meter::Duration, f64::from(self.min_ms))
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let broken = self.gauge.judge(window, Meter::Duration, f64::from(self.min_ms))?;
        let headline = "95 % of the invocations took up to about {seen} ms in {window} min, usual {usual} ms";
        Some(broken.verdict(window, Meter::Duration, Saying { unit: "millisecond{s}", headline, show: time }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn what_it_waits_for_has_become_slow() {
        check(
            &FunctionSlow::default(),
            "00:00-29:59/1m REPORT fn=pay ms=110 x2
             30:00-30:14/1m REPORT fn=pay ms=8200 x2",
            "06:04 low pay: 95 % of the invocations took up to about 8555 ms in 15 min, usual 112 ms",
        );
    }

    #[test]
    fn a_slow_run_every_hour_is_within_its_range() {
        check(
            &FunctionSlow::default(),
            "00:00-53:59/1m  REPORT fn=pay ms=110 x2
             00:30-53:30/60m REPORT fn=pay ms=8200 x8",
            "",
        );
    }

    #[test]
    fn one_slow_invocation_of_a_hundred() {
        check(
            &FunctionSlow::default(),
            "00:00-30:59/1m REPORT fn=pay ms=110 x3
             30:20          REPORT fn=pay ms=29000",
            "",
        );
    }
}
