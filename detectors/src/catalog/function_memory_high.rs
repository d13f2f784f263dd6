//! A function uses nearly all of its memory, and did not use as much before.

use super::function_out_of_memory::OUT_OF_MEMORY;
use crate::crash::failures;
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::Event;
use crate::gauge::{GaugeSettings, Saying, minutes, observe, percent, verdict};
use crate::gauged::span_of;
use crate::measure::Measure;
use crate::meter::{Meter, Sketch};
use crate::observe::Observations;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::window::{Around, Window};

static ABOUT: About = About {
    id: "function-memory-high",
    title: "Lambda function short of memory",
    what: "At least 3 invocations of a function, and more than 5 % of them, in 15 minutes use 95 % of its memory or more, and that \
           is not usual for it.",
    why: "The next larger input kills a request, and the sandbox with it.",
    innocent: "A function that has always used nearly all of its memory and ends well.",
    attack: &[],
    next: &[
        "was the function or its input changed just before?",
        "does memory rise from invocation to invocation within one log stream (a leak)?",
        "raise the memory size for now",
    ],
    families: &[Family::Function],
    trigger: Trigger::Measures(&[Measure::Invocations]),
    nature: Nature::Fault,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct FunctionMemoryHigh {
    /// The share of its memory that is too much, in per cent.
    pub share: f64,
    /// Fewer invocations than this in 15 minutes are never a finding.
    pub min_reports: u32,
    /// How far it must break its own range, 0 to 1.
    pub novelty: f64,
}

impl Default for FunctionMemoryHigh {
    fn default() -> FunctionMemoryHigh {
        FunctionMemoryHigh { share: 95.0, min_reports: 10, novelty: 0.5 }
    }
}

impl Detector for FunctionMemoryHigh {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        let doc = "share of its memory that is too much";
        visit.field(field("share", doc, 1.0, 100.0), Value::Percent(&mut self.share));
        let doc = "invocations that were measured in 15 minutes below which it never speaks";
        visit.field(field("min_reports", doc, 3.0, 1e6), Value::Count(&mut self.min_reports));
        let doc = "how far it must break its own range: 0.5 is a fifth of that range, 0.9 nearly twice";
        visit.field(field("novelty", doc, 0.0, 0.99), Value::Ratio(&mut self.novelty));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        observe(event, seen);
    }

    fn floor(&self) -> u64 {
        u64::from(self.min_reports)
    }

    fn minutes_in(&self, around: Around<'_>, _lateness: Minutes) -> u64 {
        minutes(around, (Meter::Memory, self.share), |sketch| self.is_high(sketch))
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let span = span_of(Meter::Memory);
        let sketch = window.sketch(Meter::Memory, span);
        // Requests that were killed for it are told by `function-out-of-memory`.
        if !self.is_high(&sketch) || failures(window, OUT_OF_MEMORY, span) > 0 {
            return None;
        }
        let headline = "more than 5 % of the invocations used {seen} % of the memory or more in {window} min";
        if window.ask_gauge(Meter::Memory, |_| ()).is_some() {
            let gauge = GaugeSettings { min_reports: self.min_reports, ratio: 1.0, novelty: self.novelty };
            let broken = gauge.judge(window, Meter::Memory, 0.0).filter(|broken| broken.usual < self.share)?;
            let said = Saying { unit: UNIT, headline, show: percent };
            return Some(Verdict { threshold: Some(self.share), ..broken.verdict(window, Meter::Memory, said) });
        }
        let (p95, reports) = (Meter::Memory.value(sketch.p95()?), sketch.count());
        Some(Verdict {
            threshold: Some(self.share),
            why: format!("95 % of {reports} used up to {}, no history yet; a gauge alone is low", percent(p95)),
            ..verdict(window, (p95, span), UNIT, headline)
        })
    }
}

const UNIT: &str = "per cent of its memory";
/// Invocations that use so much, at least.
const FEWEST: u64 = 3;

impl FunctionMemoryHigh {
    fn is_high(&self, sketch: &Sketch) -> bool {
        let enough = |step: u16| Meter::Memory.value(step) >= self.share;
        sketch.count() >= u64::from(self.min_reports)
            && sketch.p95().is_some_and(enough)
            && sketch.from(Meter::Memory.step(self.share)) >= FEWEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::function_out_of_memory::FunctionOutOfMemory;
    use crate::script::{check, check_among};

    #[test]
    fn a_larger_input_fills_the_memory() {
        check(
            &FunctionMemoryHigh::default(),
            "00:00-29:59/1m REPORT fn=pay mb=200/512
             30:00-30:14/1m REPORT fn=pay mb=500/512",
            "06:04 low pay: more than 5 % of the invocations used 97 % of the memory or more in 15 min",
        );
    }

    #[test]
    fn a_new_function_that_fills_its_memory() {
        check(
            &FunctionMemoryHigh::default(),
            "09:00-09:09/1m REPORT fn=pay mb=128/128 x2",
            "09:04 low pay: more than 5 % of the invocations used 100 % of the memory or more in 15 min",
        );
    }

    #[test]
    fn it_has_always_been_full() {
        let script = "00:00-29:59/1m REPORT fn=pay mb=127/128\n 30:00-30:59/1m REPORT fn=pay mb=128/128";
        let known = "00:09 low pay: more than 5 % of the invocations used 99 % of the memory or more in 15 min";
        check(&FunctionMemoryHigh::default(), script, known);
    }

    #[test]
    fn requests_that_are_killed_are_told_by_others() {
        let detectors: &dyn Fn() -> Vec<Box<dyn Detector>> =
            &|| vec![Box::new(FunctionMemoryHigh::default()), Box::new(FunctionOutOfMemory::default())];
        let script = "09:00-09:09/1m REPORT fn=pay mb=128/128 x2\n 09:00-09:09/1m oom fn=pay";
        check_among(detectors, "function-memory-high", script, "");
    }

    #[test]
    fn a_single_large_one() {
        let script = "00:00-29:59/1m REPORT fn=pay mb=200/512 x2\n 30:07 REPORT fn=pay mb=511/512";
        check(&FunctionMemoryHigh::default(), script, "");
    }
}
