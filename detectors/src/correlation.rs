//! Correlations: rules about several events of one entity that mean something together. Their conditions are data.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::cell::Cell;
use crate::detector::{About, Detector, Folding, Trigger, Verdict};
use crate::event::Event;
use crate::hash::{chained, hash_one};
use crate::measure::{Keep, Slot};
use crate::observe::{Observations, Value};
use crate::rule::{Key, Need};
use crate::settings::{Minutes, Visit};
use crate::severity::Severity;
use crate::time::Minute;
use crate::window::Window;

mod plan;
mod search;
#[cfg(test)]
mod tests;

pub use plan::{Count, LIMIT, Pattern, Plan, STEPS};

use search::{Held, Met, search};

/// Values that a headline names.
const NAMED: usize = 3;
/// The seconds of a minute: of a step, one event of each is kept.
const SECONDS: u16 = 60;

/// What an event is to a step of a correlation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// What keeps groups of one entity apart: the same for events of one group.
    pub group: u64,
    /// The values that are counted, where values are; an event without any does not count.
    pub values: Vec<String>,
}

/// Says which events belong to which step. Whoever reads correlations brings one.
pub trait Members: Send + Sync {
    /// What the event is to that step, counted from 0; nothing where it is not one.
    fn member(&self, event: &Event<'_>, step: usize) -> Option<Member>;
}

/// A rule about several events.
#[derive(Clone)]
pub struct Correlation<M> {
    /// What it is. Its trigger is its slots: one where events or values are counted, else one for each step. It has one
    /// family, whose entities are the groups.
    pub about: &'static About,
    /// How grave it is.
    pub severity: Severity,
    /// The calls that can be members; none: whatever its source brings.
    pub keys: &'static [Key],
    /// All that an event must be to be a member.
    pub needs: &'static [Need],
    /// What must come together.
    pub plan: Plan,
    /// Which events are members.
    pub members: M,
}

impl<M> fmt::Debug for Correlation<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Correlation({}, {:?})", self.about.id, self.plan)
    }
}

/// The slots of a correlation with that id.
#[must_use]
pub fn slots(id: &str, plan: &Plan) -> Vec<Slot> {
    match plan.pattern {
        Pattern::Events(_) | Pattern::Values(_) => vec![Slot::named(id)],
        Pattern::Together(_) | Pattern::Ordered => {
            (0..plan.steps).map(|step| Slot::named(&format!("{id}/{step}"))).collect()
        }
    }
}

impl<M: Members> Correlation<M> {
    fn slots(&self) -> &'static [Slot] {
        match self.about.trigger {
            Trigger::Slots(slots) => slots,
            Trigger::Measures(_) => &[],
        }
    }

    /// The minutes that a window touches: one more than it is long, as it seldom begins with a minute.
    fn reach(&self) -> Minutes {
        Minutes(self.plan.span.div_ceil(60) + 1)
    }

    fn note<'e>(&self, (event, step): (&Event<'e>, usize), member: Member, seen: &mut Observations<'e>) {
        let Some((family, slot)) = self.about.families.first().zip(self.slots().get(step).or(self.slots().first()))
        else {
            return;
        };
        // The group is in the upper half, so that groups of one cell are told apart.
        let group = chained(&[self.about.id, &member.group.to_string()]) << 32;
        let marked = |low: u64, text: String| Value::Marked(group | (low & 0xffff_ffff), Cow::Owned(text));
        match self.plan.pattern {
            Pattern::Events(count) => {
                seen.occur(*family, *slot, Keep::Count(count.kept()), marked(0, String::new()));
            }
            Pattern::Values(count) => {
                for value in member.values {
                    seen.occur(*family, *slot, Keep::Distinct(count.kept()), marked(hash_one(&value), value));
                }
            }
            Pattern::Together(_) | Pattern::Ordered => {
                let second = event.time.timestamp().rem_euclid(60) as u64;
                seen.occur(*family, *slot, Keep::Distinct(SECONDS), marked(second, String::new()));
            }
        }
    }

    fn verdict(&self, window: &Window<'_>, met: &Met<'_>) -> Verdict {
        let examples: Vec<_> = met.held.iter().map(|held| Arc::clone(&held.occurrence.example)).collect();
        let first = examples.iter().map(|example| Minute::of(example.time)).min().unwrap_or(window.minute);
        let counted = self.plan.count();
        let unit = match self.plan.pattern {
            Pattern::Events(_) => "event{s}",
            Pattern::Values(_) => "value{s}",
            Pattern::Together(_) | Pattern::Ordered => "step{s}",
        };
        let reached = |slot: &Slot| window.saturated(*slot, self.reach());
        Verdict {
            severity: self.severity,
            seen: met.seen,
            at_least: counted.is_some() && self.slots().iter().any(reached),
            surprise: None,
            expected: None,
            threshold: counted.map(|count| f64::from(count.least)),
            window: Minutes((window.minute.0 - first.0 + 1).max(1) as u32),
            folding: Folding::Largest,
            unit: unit.into(),
            headline: self.headline(met),
            why: self.about.why.to_owned(),
            examples,
        }
    }

    fn headline(&self, met: &Met<'_>) -> String {
        let (title, within) = (self.about.title, within(self.plan.span));
        let apis = || met.held.iter().map(|held| held.occurrence.example.what.as_ref());
        match self.plan.pattern {
            Pattern::Events(_) => format!("{title} ({{seen}} event{{s}} in {within}{})", listed(apis())),
            Pattern::Values(_) => {
                let values = met.held.iter().map(|held| held.occurrence.name.as_ref());
                format!("{title} ({{seen}} value{{s}} in {within}{})", listed(values))
            }
            Pattern::Together(_) => format!("{title} (within {within}{})", listed(apis())),
            Pattern::Ordered => format!("{title} ({} within {within})", apis().collect::<Vec<_>>().join(", then ")),
        }
    }
}

impl<M: Members> Detector for Correlation<M> {
    fn about(&self) -> &'static About {
        self.about
    }

    fn settings(&mut self, _visit: &mut dyn Visit) {}

    fn keys(&self) -> &[Key] {
        self.keys
    }

    fn rests_on_trigger(&self) -> bool {
        true
    }

    fn fewest(&self, slot: Slot) -> Option<u32> {
        self.slots().contains(&slot).then(|| self.plan.fewest())
    }

    fn minutes(&self, here: &Cell, before: Option<&Cell>) -> u64 {
        let ends = if self.plan.pattern == Pattern::Ordered { self.slots().last() } else { None };
        let slots = ends.map_or(self.slots(), std::slice::from_ref);
        let minutes = Trigger::minutes_of(slots, here);
        let held = |slot: &Slot| -> usize {
            before.into_iter().chain([here]).map(|cell| cell.minutes_of(*slot, 0, 59).len()).sum()
        };
        let all: usize = self.slots().iter().map(held).sum();
        if all < self.plan.fewest() as usize { 0 } else { minutes }
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let concerns = self.about.families.iter().any(|family| family.source() == event.source());
        if !concerns || !self.needs.iter().all(|need| need.is_met(event)) {
            return;
        }
        for step in 0..self.plan.steps {
            let Some(member) = self.members.member(event, step) else { continue };
            self.note((event, step), member, seen);
            if self.plan.count().is_some() {
                // One event is one, whatever rules it fits.
                return;
            }
        }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let reach = self.reach();
        let slots = self.slots().iter().enumerate();
        let held = slots.flat_map(|(step, slot)| window.occurrences(*slot, reach).map(move |o| Held::of(step, o)));
        let met = search(&self.plan, window.minute, held.collect())?;
        Some(self.verdict(window, &met))
    }
}

/// Each once, in order: at most three, and how many more.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    match (names.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(": {}", names.join(", ")),
        (false, more) => format!(": {} and {more} more", names.join(", ")),
    }
}

fn within(seconds: u32) -> String {
    if seconds.is_multiple_of(60) { format!("{} min", seconds / 60) } else { format!("{seconds} s") }
}
