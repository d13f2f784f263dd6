//! An invocation that began and never ended.

use std::sync::Arc;

use crate::cell::Occurrence;
use crate::detector::{About, Detector, Folding, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{Event, Line, What};
use crate::measure::{Keep, Slot};
use crate::observe::{Observations, Value};
use crate::settings::{Field, Minutes, Value as Setting, Visit};
use crate::severity::Severity;
use crate::stage::Stage;
use crate::time::Minute;
use crate::window::{REACH, Window};

const BEGUN: Slot = Slot::named("begun");
const ENDED: Slot = Slot::named("ended");

static ABOUT: About = About {
    id: "unfinished-invocation",
    title: "Invocation that never ended",
    what: "An invocation begins, and neither a report nor a failure of it is read within the time that `after` gives. It is off \
           unless that is set, to the function's time limit or longer. It is told with the next line about an invocation of the function, within \
           an hour: of a function that goes silent, `silence` tells.",
    why: "Where a sandbox dies or its log lines are lost, nothing else tells of the work that was not done.",
    innocent: "An invocation whose report comes in another delivery, late or before its first line.",
    attack: &[],
    next: &[
        "were lines lost: is there a gap in the log stream, or a line about dropped logs?",
        "does the work that this request was to do exist?",
    ],
    families: &[Family::Function],
    trigger: Trigger::Slots(&[BEGUN, ENDED]),
    nature: Nature::Deed,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// Requests kept for each minute, of each kind: those with the smallest hashes, the same ones of both.
const KEPT: u16 = 128;

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct UnfinishedInvocation {
    /// How long an invocation may take; nothing is looked at where it is 0.
    pub after: Minutes,
}

impl Default for UnfinishedInvocation {
    fn default() -> UnfinishedInvocation {
        UnfinishedInvocation { after: Minutes(0) }
    }
}

impl Detector for UnfinishedInvocation {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let doc = "how long after its first line an invocation must have ended; `0m` switches it off";
        visit.field(Field { name: "after", doc, min: 0.0, max: 45.0 }, Setting::Minutes(&mut self.after));
    }

    fn rests_on_trigger(&self) -> bool {
        true
    }

    fn fewest(&self, slot: Slot) -> Option<u32> {
        (self.after.0 > 0 && [BEGUN, ENDED].contains(&slot)).then_some(1)
    }

    fn stage(&self) -> Stage {
        Stage::Digest
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let What::Log(log) = event.what else { return };
        if self.after.0 == 0 || log.request.is_empty() {
            return;
        }
        let slot = match log.line {
            Line::Start => BEGUN,
            Line::Report(_) => ENDED,
            _ if log.failure.is_some() => ENDED,
            _ => return,
        };
        seen.occur(Family::Function, slot, Keep::Distinct(KEPT), Value::Text(log.request));
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        if self.after.0 == 0 {
            return None;
        }
        let (first, last) = (window.minute.plus(1 - REACH.0 as i32), window.minute.plus(-1));
        // What is due in a minute without lines is told in the next one with some.
        let latest = |slot| window.between(slot, (first, last)).next_back();
        let active = [BEGUN, ENDED].into_iter().filter_map(latest).map(|line| Minute::of(line.example.time)).max();
        let after = self.after.0 as i32;
        let from = active.map_or(first, |active| active.plus(1 - after).max(first));
        let mut open: Vec<&Occurrence> = window.between(BEGUN, (from, window.minute.plus(-after))).collect();
        if !open.is_empty() {
            let ended: Vec<&Occurrence> = window.occurrences(ENDED, REACH).collect();
            open.retain(|begun| !may_have_ended(begun, &ended));
        }
        let one = open.iter().min_by_key(|begun| begun.name.as_ref())?;
        let more = if open.len() > 1 { format!(" and {} more", open.len() - 1) } else { String::new() };
        Some(Verdict {
            severity: Severity::Low,
            seen: open.len() as u64,
            at_least: window.saturated(BEGUN, REACH),
            expected: None,
            threshold: Some(1.0),
            surprise: None,
            window: REACH,
            folding: Folding::Sum,
            unit: "invocation{s} that did not end".into(),
            headline: format!(
                "{{seen}} invocation{{s}} did not end within {} min: request {}{more}",
                self.after.0, one.name
            ),
            why: "neither a report nor a failure of it was read".to_owned(),
            examples: open.iter().map(|begun| Arc::clone(&begun.example)).collect(),
        })
    }
}

/// Is its end known, or may it be one of those that were not kept?
fn may_have_ended(begun: &Occurrence, ended: &[&Occurrence]) -> bool {
    ended.chunk_by(|a, b| a.minute == b.minute).any(|minute| {
        let last = minute.last().filter(|_| minute.len() >= usize::from(KEPT));
        last.is_some_and(|last| last.value < begun.value) || minute.iter().any(|end| end.value == begun.value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    const AFTER: UnfinishedInvocation = UnfinishedInvocation { after: Minutes(15) };

    #[test]
    fn one_of_three_never_ends() {
        check(
            &AFTER,
            "09:50 START  fn=pay req=r1
             09:50 START  fn=pay req=r2
             09:51 REPORT fn=pay req=r1
             10:20 START  fn=pay req=r3
             10:21 REPORT fn=pay req=r3",
            "10:20 low pay: 1 invocation did not end within 15 min: request r2",
        );
    }

    #[test]
    fn long_ones_failed_ones_and_those_that_are_not_asked_for() {
        let script = "09:50 START fn=pay req=r1
                      10:04 REPORT fn=pay req=r1
                      09:51 START fn=pay req=r2
                      09:52 timeout fn=pay req=r2
                      10:30 REPORT fn=pay req=r3";
        check(&AFTER, script, "");
        check(&UnfinishedInvocation::default(), "09:50 START fn=pay req=r1\n 10:30 REPORT fn=pay req=r3", "");
    }
}
