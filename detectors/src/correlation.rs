//! Correlations: rules about several events of one entity that mean something together. Their conditions are data.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::apis::Narrowed;
use crate::cell::{Cell, Occurrence};
use crate::detector::{About, Detector, Folding, Trigger, Verdict};
use crate::event::Event;
use crate::hash::seeded;
use crate::long::SHORT;
use crate::measure::{Keep, Slot};
use crate::observe::{Observations, Value};
use crate::rule::{Key, Need};
use crate::settings::{Minutes, Visit};
use crate::severity::Severity;
use crate::time::{Hour, Minute};
use crate::window::{Around, Window};
use smallvec::SmallVec;

mod plan;
mod search;
mod sums;
#[cfg(test)]
mod tests;

pub use plan::{Count, LIMIT, MOST, Pattern, Plan, STEPS};

use search::{Held, Met, search, sift};

/// Values that a headline names.
const NAMED: usize = 3;
/// The seconds of a minute: of a step, one event of each is kept.
const SECONDS: u16 = 60;

/// What an event is to a step of a correlation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member<'e> {
    /// What keeps groups of one entity apart: the same for events of one group.
    pub group: u64,
    /// The values that are counted, where values are; an event without any does not count.
    pub values: SmallVec<[Counted<'e>; 1]>,
}

/// A value that is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted<'e> {
    /// Its hash.
    pub hash: u64,
    /// The value to keep and show; empty where only its hash is kept.
    pub shown: Cow<'e, str>,
}

/// Says which events belong to which step. Whoever reads correlations brings one.
pub trait Members: Send + Sync {
    /// What the event is to that step, counted from 0; nothing where it is not one.
    fn member<'e>(&self, event: &Event<'e>, step: usize) -> Option<Member<'e>>;

    /// What says the same of calls to the same API as this one: of those with the same `source`, `recorded`, `service` and
    /// `name`.
    fn narrowed(&self, _like: &Event<'_>) -> Narrowed<dyn Members> {
        Narrowed::Whole
    }
}

impl Members for Box<dyn Members> {
    fn member<'e>(&self, event: &Event<'e>, step: usize) -> Option<Member<'e>> {
        (**self).member(event, step)
    }
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
            Trigger::Measures(_) | Trigger::Facets(_) => &[],
        }
    }

    /// Which step a slot is of.
    fn step(&self, slot: Slot) -> Option<usize> {
        self.slots().iter().position(|own| *own == slot)
    }

    /// What windows that end in later hours need of a cell.
    fn sifted<'a>(&self, cell: &'a Cell) -> Vec<Held<'a>> {
        let slots = self.slots().iter().enumerate();
        let held = slots.flat_map(|(step, slot)| cell.minutes_of(*slot, 0, 59).iter().map(move |o| Held::of(step, o)));
        sift(&self.plan, held.collect())
    }

    /// What windows that end in an hour need of those before.
    fn past(&self, hour: Hour, cells: &[(Hour, Arc<Cell>)]) -> Vec<Occurrence> {
        let first = hour.0 - self.plan.span.div_ceil(60 * 60) as i32;
        let reached = cells.iter().filter(|(held, _)| first <= held.0 && *held < hour);
        reached.flat_map(|(_, cell)| self.sifted(cell)).map(|held| held.occurrence.clone()).collect()
    }

    /// All that the windows which end in a minute can hold.
    fn held<'a>(&self, window: &Window<'a>) -> Vec<Held<'a>> {
        let slots = self.slots().iter().enumerate();
        if !self.plan.is_long() {
            let reach = self.plan.reach();
            return slots
                .flat_map(|(step, slot)| window.occurrences(*slot, reach).map(move |o| Held::of(step, o)))
                .collect();
        }
        let past = window.past(|cells| self.past(window.minute.hour(), cells));
        let earlier = past.iter().filter_map(|o| Some(Held::of(self.step(o.slot)?, o)));
        let (here, last) = (window.here, window.minute.of_hour());
        let here =
            slots.flat_map(|(step, slot)| here.minutes_of(*slot, 0, last).iter().map(move |o| Held::of(step, o)));
        earlier.chain(here).collect()
    }

    /// The minutes of an hour that windows may end in, a bit for each.
    fn ends(&self, here: &Cell) -> u64 {
        let last = if self.plan.pattern == Pattern::Ordered { self.slots().last() } else { None };
        Trigger::minutes_of(last.map_or(self.slots(), std::slice::from_ref), here)
    }

    /// How many events, values or steps there are in cells, of which all may be in one window.
    fn amount<'a>(&self, cells: impl Iterator<Item = &'a Cell>) -> usize {
        let cells: SmallVec<[&Cell; 4]> = cells.collect();
        let each = cells.iter().flat_map(|cell| self.slots().iter().map(move |slot| (*cell, *slot)));
        let held = |(cell, slot): (&'a Cell, Slot)| cell.minutes_of(slot, 0, 59);
        match self.plan.pattern {
            Pattern::Events(_) if self.plan.is_summed() => each.map(|(cell, slot)| cell.summed(slot) as usize).sum(),
            Pattern::Events(_) => each.map(|pair| held(pair).len()).sum(),
            Pattern::Values(_) => {
                let mut values: SmallVec<[u64; 16]> = each.flat_map(held).map(|o| o.value).collect();
                values.sort_unstable();
                values.dedup();
                values.len()
            }
            Pattern::Together(_) | Pattern::Ordered => {
                let there = |slot: &&Slot| cells.iter().any(|cell| !held((*cell, **slot)).is_empty());
                self.slots().iter().filter(there).count()
            }
        }
    }

    /// Was so much kept of some minute or hour that there may have been more?
    fn at_least(&self, window: &Window<'_>, met: &Met<'_>) -> bool {
        let Some(count) = self.plan.count().filter(|_| !self.plan.is_summed()) else { return false };
        let reached = |slot: &Slot| window.saturated(*slot, self.plan.reach());
        if self.plan.is_long() { met.seen >= u64::from(count.kept()) } else { self.slots().iter().any(reached) }
    }

    fn note<'e>(&self, (event, step): (&Event<'e>, usize), member: Member<'e>, seen: &mut Observations<'e>) {
        let Some((family, slot)) = self.about.families.first().zip(self.slots().get(step).or(self.slots().first()))
        else {
            return;
        };
        // The group is in the upper half, so that groups of one cell are told apart.
        let group = seeded(self.about.id, member.group) << 32;
        let marked = |low: u64, text: Cow<'e, str>| Value::Marked(group | (low & 0xffff_ffff), text);
        match self.plan.pattern {
            Pattern::Events(_) if self.plan.is_summed() => {
                seen.occur(*family, *slot, Keep::Sum(sums::SHOWN), marked(0, Cow::Borrowed("")));
            }
            Pattern::Events(count) => {
                seen.occur(*family, *slot, Keep::Count(count.kept()), marked(0, Cow::Borrowed("")));
            }
            Pattern::Values(count) => {
                for Counted { hash, shown } in member.values {
                    seen.occur(*family, *slot, Keep::Distinct(count.kept()), marked(hash, shown));
                }
            }
            Pattern::Together(_) | Pattern::Ordered => {
                let second = event.time.timestamp().rem_euclid(60) as u64;
                seen.occur(*family, *slot, Keep::Distinct(SECONDS), marked(second, Cow::Borrowed("")));
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
        Verdict {
            severity: self.severity,
            seen: met.seen,
            at_least: self.at_least(window, met),
            expected: None,
            surprise: None,
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

    fn needs(&self) -> &[Need] {
        self.needs
    }

    fn rests_on_trigger(&self) -> bool {
        true
    }

    fn narrowed(&self, like: &Event<'_>) -> Narrowed<dyn Detector> {
        let Correlation { about, severity, keys, needs, plan, .. } = *self;
        match self.members.narrowed(like) {
            Narrowed::Whole => Narrowed::Whole,
            Narrowed::Never => Narrowed::Never,
            Narrowed::To(members) => {
                Narrowed::To(Box::new(Correlation { about, severity, keys, needs, plan, members }))
            }
        }
    }

    fn fewest(&self, slot: Slot) -> Option<u32> {
        self.slots().contains(&slot).then(|| self.plan.fewest())
    }

    fn reach(&self) -> Minutes {
        self.plan.reach().max(SHORT)
    }

    fn sift(&self, earlier: &Cell, sifted: &mut Cell) {
        if !self.plan.is_long() {
            return;
        }
        self.sifted(earlier).into_iter().for_each(|held| sifted.occur(held.occurrence.clone()));
        if self.plan.is_summed() {
            let sums = self.slots().iter().flat_map(|slot| earlier.sums.of(*slot, 0, 59));
            sums.for_each(|sum| sifted.sums.add(*sum));
        }
    }

    fn minutes_in(&self, around: Around<'_>, _lateness: Minutes) -> u64 {
        let Around { here, before, past, .. } = around;
        let minutes = self.ends(here);
        let earlier = if self.plan.is_long() { past } else { Some(&[][..]) };
        let enough = earlier.is_none_or(|earlier| {
            let all = earlier.iter().map(|(_, cell)| cell.as_ref()).chain(before).chain([here]);
            self.amount(all) >= self.plan.fewest() as usize
        });
        if enough { minutes } else { 0 }
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
        let met = match (self.plan.pattern, self.slots()) {
            (Pattern::Events(count), [slot]) if self.plan.is_summed() => {
                sums::search(&self.plan, count, (*slot, window))?
            }
            _ => search(&self.plan, window.minute, self.held(window))?,
        };
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
    match seconds {
        hours if seconds > 3_600 && seconds.is_multiple_of(3_600) => format!("{} h", hours / 3_600),
        minutes if seconds.is_multiple_of(60) => format!("{} min", minutes / 60),
        _ => format!("{seconds} s"),
    }
}
