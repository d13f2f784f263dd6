//! What is noted of habits: each once for an entity and hour of a delivery.

use hashbrown::{HashMap, HashTable};

use super::Notes;
use super::gathered::Gathered;
use super::occur::Earliest;
use super::tally::{CARRIES, LONG};
use crate::apis::Apis;
use crate::cell::Cell;
use crate::detector::Engine;
use crate::entity::Family;
use crate::event::{Event, Line, What};
use crate::habit::{Agents, AllShown, Facet, Habit, Shown, assumes, gather, is_long_term, teaches};
use crate::hash::{chained, seeded};
use crate::line_kind::kind_of_line;
use crate::measure::Slot;
use crate::time::{Hour, Minute};

/// A habit that was noted, with the minutes of its hour in which it was shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotedHabit {
    facet: Facet,
    first: u8,
    last: u8,
    value: u32,
    /// The place of the one before it of the same entity and hour, or [`NONE`].
    before: u32,
    name: (u32, u32),
}

/// No habit's place.
const NONE: u32 = u32::MAX;
/// Habits of an entity and hour among which one is looked for: one that stands twice costs room and changes nothing.
const LOOKED_THROUGH: usize = 32;

impl NotedHabit {
    /// The habit, with the name of its value.
    pub(crate) fn habit(&self, name: Option<std::sync::Arc<str>>) -> Habit {
        Habit { facet: self.facet, value: self.value, first: self.first, last: self.last, on_time: true, name }
    }

    fn show_in(&mut self, minute: u8) {
        (self.first, self.last) = (self.first.min(minute), self.last.max(minute));
    }
}

/// Finds what a delivery touched and showed before.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(super) entities: HashTable<u32>,
    /// Where texts stand, by their hashes, and the places of callers by theirs.
    pub(super) texts: HashMap<u64, (u32, u32)>,
    pub(super) callers: HashMap<u64, u32>,
    /// The events alike that were looked at: another one shows nothing more.
    looked: HashMap<u64, Looked>,
    /// The places of what they showed.
    shown: Vec<u32>,
    /// The place of the last habit of each entity and hour.
    newest: HashMap<(u32, Hour), u32>,
    pub(super) agents: Agents,
    pub(super) occurred: Earliest,
    /// The touches that gather.
    pub(super) gathered: HashMap<Gathered, u32>,
    /// What occurrences in slots add to traces. The same for every delivery.
    weights: HashMap<Slot, Weight>,
    /// The APIs that were called, with those that look at them. The same for every delivery.
    pub(super) apis: Apis,
}

/// What an occurrence in a slot adds to a trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    /// The bit of its lane; 0 where nobody speaks of it.
    pub(super) lane: u32,
    /// [`CARRIES`] and [`LONG`].
    pub(super) bits: u8,
}

/// Events of one entity and hour that show the same.
#[derive(Clone, Copy, Debug)]
struct Looked {
    /// The minutes of the hour in which they were.
    first: u8,
    last: u8,
    /// Where the places of what they show begin and end.
    shown: (u32, u32),
}

impl Index {
    /// Forgets what is of one delivery only.
    pub(crate) fn clear(&mut self) {
        self.entities.clear();
        self.texts.clear();
        self.callers.clear();
        self.looked.clear();
        self.occurred.clear();
        self.shown.clear();
        self.newest.clear();
        self.gathered.clear();
    }

    /// What an occurrence in a slot adds to a trace.
    pub(super) fn weight(&mut self, slot: Slot, engine: &Engine) -> Weight {
        let weigh = || Weight {
            lane: engine.lane(slot).map_or(0, |lane| 1 << lane),
            bits: if engine.carries(slot) { CARRIES } else { 0 } | if engine.is_long(slot) { LONG } else { 0 },
        };
        *self.weights.entry(slot).or_insert_with(weigh)
    }
}

/// A hash of all of an event that its entity of a family shows, within a process.
fn kind_of(family: Family, (event, api): (&Event<'_>, u64)) -> u64 {
    match (family, &event.what) {
        (Family::Principal, What::Call(call)) => {
            let who = &call.principal;
            let key = if is_long_term(who.access_key) { who.access_key } else { "" };
            let request = if assumes(call) { call.request } else { "" };
            let outcome = call.error.map_or("", |error| error.code);
            let always = [event.region, call.address.text(), call.user_agent];
            let kind = always.iter().fold(api, |hash, part| seeded(part, hash));
            // Most calls have none of these.
            let seldom = (1..).zip([key, who.invoked_by, request, outcome]).filter(|(_, part)| !part.is_empty());
            seldom.fold(kind, |hash, (which, part)| seeded(part, hash ^ which))
        }
        (Family::Function, What::Log(log)) => {
            let error = log.failure.map_or("", |failure| failure.error_type);
            match log.line {
                Line::Application { error_type, .. } => {
                    chained(&[error, error_type]) ^ kind_of_line(log).unwrap_or_default()
                }
                Line::Report(_) => chained(&[error, "report"]),
                _ => chained(&[error]),
            }
        }
        _ => chained(&[event.account, event.region]),
    }
}

impl Notes {
    /// The kind of an event, where its entity of a family is to be looked at for what the event shows. An account's is
    /// only where none of that kind was looked at before: nothing else is counted for it.
    pub(super) fn kind_to_look_at(
        &mut self,
        family: Family,
        (event, api): (&Event<'_>, u64),
        index: &mut Index,
    ) -> Option<u64> {
        if !teaches(family, event) {
            return None;
        }
        let kind = kind_of(family, (event, api));
        let minute = Minute::of(event.time);
        let known = family == Family::Account && self.shows_again(of_hour(kind, 0, minute.hour()), minute, index);
        (!known).then_some(kind)
    }

    /// Was an event alike looked at before? Then what that showed is shown in this minute too.
    fn shows_again(&mut self, kind: u64, minute: Minute, index: &mut Index) -> bool {
        let Some(looked) = index.looked.get_mut(&kind) else { return false };
        let minute = minute.of_hour();
        if minute < looked.first || minute > looked.last {
            (looked.first, looked.last) = (looked.first.min(minute), looked.last.max(minute));
            for place in &index.shown[looked.shown.0 as usize..looked.shown.1 as usize] {
                self.habits[*place as usize].show_in(minute);
            }
        }
        true
    }

    /// Notes what an event of that kind shows of an entity and nothing did before, for the touch that comes next.
    pub(super) fn note_habits(
        &mut self,
        (event, api): (&Event<'_>, u64),
        (family, entity, wanted): (Family, u32, u16),
        (kind, index): (u64, &mut Index),
    ) {
        let at = Minute::of(event.time);
        let (hour, minute) = (at.hour(), at.of_hour());
        let kind = of_hour(kind, if family == Family::Account { 0 } else { entity }, hour);
        if self.shows_again(kind, at, index) {
            return;
        }
        let all: AllShown<'_> = gather(family, event, (api, wanted), &mut index.agents);
        let from = index.shown.len() as u32;
        let newest = index.newest.entry((entity, hour)).or_insert(NONE);
        for Shown { facet, value, name } in all {
            let place = self.find_habit(*newest, (facet, value)).unwrap_or_else(|| {
                let (start, place) = (self.base.text.len() as u32, self.habits.len() as u32);
                self.base.text.push_str(name);
                let (name, before) = ((start, self.base.text.len() as u32), std::mem::replace(newest, place));
                self.habits.push(NotedHabit { facet, first: minute, last: minute, value, before, name });
                place
            });
            self.habits[place as usize].show_in(minute);
            index.shown.push(place);
        }
        let shown = (from, index.shown.len() as u32);
        index.looked.insert(kind, Looked { first: minute, last: minute, shown });
    }

    /// The place of a habit among those of an entity and hour, from the newest on.
    fn find_habit(&self, newest: u32, (facet, value): (Facet, u32)) -> Option<u32> {
        let mut place = newest;
        for _ in 0..LOOKED_THROUGH {
            let habit = self.habits.get(place as usize)?;
            if habit.facet == facet && habit.value == value {
                return Some(place);
            }
            place = habit.before;
        }
        None
    }

    /// Something of what the touch at that place shows.
    #[must_use]
    pub fn glimpse(&self, place: usize) -> u32 {
        let first = self.touches.get(place).and_then(|touch| self.habits.get(touch.shows_from as usize));
        first.map_or(0, |habit| habit.value)
    }

    /// Adds what the touch at that place showed to the habits of a cell, without their names.
    pub fn show(&self, place: usize, cell: &mut Cell) {
        self.habits[self.shows(place)].iter().for_each(|shown| cell.habits.show(shown.habit(None)));
    }

    /// What the touch at that place showed, each with the name of its value.
    pub(crate) fn habits(&self, place: usize) -> impl Iterator<Item = (&NotedHabit, &str)> {
        self.habits[self.shows(place)].iter().map(|habit| (habit, self.text_at(habit.name)))
    }
}

/// The same for events of one entity and hour only.
fn of_hour(kind: u64, entity: u32, hour: Hour) -> u64 {
    kind ^ (u64::from(entity) << 32 | u64::from(hour.0 as u32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
