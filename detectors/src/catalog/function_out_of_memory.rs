//! A function runs out of memory.

use crate::crash::{Statement, failing, failures, observe, unnamed, verdict};
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{CrashKind, Event};
use crate::habit::Facet;
use crate::hash::hash_one;
use crate::measure::Slot;
use crate::observe::Observations;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::window::Window;

pub(super) const OUT_OF_MEMORY: Slot = Slot::named("out-of-memory");

static ABOUT: About = About {
    id: "function-out-of-memory",
    title: "Lambda function runs out of memory",
    what: "A request is killed because the function used all of its memory. One is low, 3 within 15 minutes are medium. What \
           is low is for the digest where it happened on an earlier day of the last ninety as well.",
    why: "The sandbox dies with the request: no error handler runs, and the next request pays for a cold start.",
    innocent: "A function that uses 95 % of its memory and ends well.",
    attack: &[],
    next: &[
        "how large was the input of the killed requests?",
        "does memory rise from request to request within one log stream (a leak)?",
        "raise the memory size for now",
    ],
    families: &[Family::Function],
    trigger: Trigger::Slots(&[OUT_OF_MEMORY, unnamed(OUT_OF_MEMORY)]),
    nature: Nature::Condition,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Count,
};

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct FunctionOutOfMemory {
    /// Killed requests in the window that are a finding.
    pub count: u32,
    /// Killed requests in the window that are medium.
    pub medium: u32,
    /// The window.
    pub window: Minutes,
}

impl Default for FunctionOutOfMemory {
    fn default() -> FunctionOutOfMemory {
        FunctionOutOfMemory { count: 1, medium: 3, window: Minutes(15) }
    }
}

impl Detector for FunctionOutOfMemory {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        visit.field(
            field("count", "killed requests in the window that are low", 1.0, 1e4),
            Value::Count(&mut self.count),
        );
        visit.field(
            field("medium", "killed requests in the window that are medium", 1.0, 1e4),
            Value::Count(&mut self.medium),
        );
        visit.field(field("window", "the window of event time", 1.0, 60.0), Value::Minutes(&mut self.window));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        if let Some((log, CrashKind::OutOfMemory)) = failing(event) {
            observe(event, &log, OUT_OF_MEMORY, seen);
        }
    }

    fn remembers(&self) -> &'static [Facet] {
        &[Facet::Failure]
    }

    fn old_news(&self, window: &Window<'_>, verdict: &Verdict) -> Option<&'static str> {
        let slots = [OUT_OF_MEMORY, unnamed(OUT_OF_MEMORY)];
        let mut killed = slots.into_iter().flat_map(|slot| window.occurrences(slot, self.window));
        let known = killed.any(|o| window.showed_before_today(Facet::Failure, hash_one(&o.example.what) as u32));
        (verdict.severity <= Severity::Low && known).then_some("it happened on an earlier day as well")
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let killed = failures(window, OUT_OF_MEMORY, self.window);
        if killed < u64::from(self.count) {
            return None;
        }
        let grave = killed >= u64::from(self.medium);
        let said = Statement {
            severity: if grave { Severity::Medium } else { Severity::Low },
            threshold: f64::from(if grave { self.medium } else { self.count }),
            window: self.window,
            unit: "killed request{s}",
            headline: format!("{{seen}} request{{s}} ran out of memory in {} min", self.window.0),
            why: format!("{} within {} minutes are medium", self.medium, self.window.0),
        };
        Some(verdict(window, OUT_OF_MEMORY, said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn one_is_low_and_three_are_medium() {
        check(
            &FunctionOutOfMemory::default(),
            "09:00 REPORT oom fn=pay",
            "09:00 low pay: 1 request ran out of memory in 15 min",
        );
        check(
            &FunctionOutOfMemory::default(),
            "09:00 REPORT oom fn=pay x3",
            "09:00 medium pay: 3 requests ran out of memory in 15 min",
        );
    }

    #[test]
    fn once_a_day() {
        let type_of = "type=Runtime.OutOfMemory";
        let said = "low pay: 1 request ran out of memory in 15 min";
        check(
            &FunctionOutOfMemory::default(),
            &format!(
                "09:00 REPORT oom fn=pay {type_of}\n 12:00 REPORT oom fn=pay {type_of}\n 33:00 REPORT oom fn=pay {type_of}
                 40:00 REPORT oom fn=mail {type_of}\n 57:00 REPORT oom fn=pay {type_of} x3"
            ),
            &format!(
                "09:00 {said}\n 10:00 resolved pay\n 12:00 {said}\n 13:00 resolved pay
                 09:00 digest {said}\n 10:00 digest resolved pay
                 16:00 low mail: 1 request ran out of memory in 15 min\n 17:00 resolved mail
                 09:00 medium pay: 3 requests ran out of memory in 15 min"
            ),
        );
    }

    #[test]
    fn other_failures() {
        check(&FunctionOutOfMemory::default(), "09:00 REPORT timeout fn=pay x3\n 09:00 REPORT fn=pay x3", "");
    }
}
