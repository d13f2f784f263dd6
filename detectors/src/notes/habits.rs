//! What is noted of habits: each once for an entity and hour of a delivery.

use hashbrown::{HashMap, HashTable};

use super::{Notes, Touch};
use crate::cell::Cell;
use crate::entity::Family;
use crate::event::{Event, Line, What};
use crate::habit::{AllShown, Facet, Habit, Shown, assumes, gather, is_long_term, teaches};
use crate::hash::{chained, hash_of};
use crate::line_kind::kind_of_line;
use crate::time::{Hour, Minute};

/// A habit that was noted, with the minutes of its hour in which it was shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotedHabit {
    /// The place of the touch that showed it first.
    pub(super) touch: u32,
    facet: Facet,
    value: u32,
    first: Minute,
    last: Minute,
    name: (u32, u32),
}

impl NotedHabit {
    pub(super) fn of_touch(&self, touch: u32) -> NotedHabit {
        NotedHabit { touch, ..*self }
    }

    /// The habit, with the name of its value.
    pub(crate) fn habit(&self, name: Option<std::sync::Arc<str>>) -> Habit {
        let (first, last) = (self.first.of_hour(), self.last.of_hour());
        Habit { facet: self.facet, value: self.value, first, last, on_time: true, name }
    }
}

/// Finds what a delivery touched and showed before.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(super) entities: HashTable<u32>,
    /// The minutes in which events alike were looked at: between them, another one shows nothing more.
    looked: HashMap<u64, (Minute, Minute)>,
    places: HashMap<(u32, Hour, Facet, u32), u32>,
}

impl Index {
    /// Forgets all of it.
    pub(crate) fn clear(&mut self) {
        self.entities.clear();
        self.looked.clear();
        self.places.clear();
    }

    /// Is this the first event of its kind in the delivery, or one from before or after the minutes of the others?
    fn is_news(&mut self, kind: u64, minute: Minute) -> bool {
        let span = self.looked.entry(kind).or_insert((minute.plus(1), minute));
        let news = minute < span.0 || minute > span.1;
        *span = (span.0.min(minute), span.1.max(minute));
        news
    }
}

/// A hash of all of an event that its entity of a family shows, within a process.
fn kind_of(family: Family, event: &Event<'_>) -> u64 {
    match (family, &event.what) {
        (Family::Principal, What::Call(call)) => {
            let who = &call.principal;
            let key = if is_long_term(who.access_key) { who.access_key } else { "" };
            let request = if assumes(call) { call.request } else { "" };
            let outcome = call.error.map_or("", |error| error.code);
            let (service, name, address) = (call.service, call.name, call.address.text());
            chained(&[service, name, event.region, address, call.user_agent, key, who.invoked_by, request, outcome])
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
    /// Does an event show anything of its entity of a family, so that it is to be looked at? An account's is looked for
    /// only then: nothing else is counted for it.
    pub(super) fn may_show(family: Family, event: &Event<'_>, index: &mut Index) -> bool {
        if !teaches(family, event) {
            return false;
        }
        let minute = Minute::of(event.time);
        family != Family::Account || index.is_news(of_hour(kind_of(family, event), 0, minute.hour()), minute)
    }

    /// Notes what an event shows of an entity, for the touch that comes next. Says whether any of it is new.
    pub(super) fn note_habits(
        &mut self,
        event: &Event<'_>,
        (family, entity, wanted): (Family, u32, u16),
        index: &mut Index,
    ) -> bool {
        let minute = Minute::of(event.time);
        let hour = minute.hour();
        if family != Family::Account && !index.is_news(of_hour(kind_of(family, event), entity, hour), minute) {
            return false;
        }
        let what = if let What::Call(call) = event.what { hash_of(&[call.service, call.name]) } else { 0 };
        let all: AllShown<'_> = gather(family, event, (what, wanted));
        let mut new = false;
        for Shown { facet, value, name } in all {
            let next = self.habits.len() as u32;
            let place = *index.places.entry((entity, hour, facet, value)).or_insert(next);
            if place == next {
                let start = self.text.len() as u32;
                self.text.push_str(name);
                let (touch, name) = (self.touches.len() as u32, (start, self.text.len() as u32));
                self.habits.push(NotedHabit { touch, facet, value, first: minute, last: minute, name });
                new = true;
            } else {
                let held = &mut self.habits[place as usize];
                (held.first, held.last) = (held.first.min(minute), held.last.max(minute));
            }
        }
        new
    }

    /// Adds what the touch at that place showed to the habits of a cell, without their names.
    pub fn show(&self, place: usize, cell: &mut Cell) {
        self.habits(&self.touches[place], place).for_each(|(shown, _)| cell.habits.show(shown.habit(None)));
    }

    /// What a touch showed, each with the name of its value.
    pub(crate) fn habits(&self, touch: &Touch, place: usize) -> impl Iterator<Item = (&NotedHabit, &str)> {
        let after = |place: usize| self.habits.partition_point(|habit| (habit.touch as usize) < place);
        let all = if touch.shows { &self.habits[after(place)..after(place + 1)] } else { &[] };
        all.iter().map(|habit| (habit, self.text_at(habit.name)))
    }
}

/// The same for events of one entity and hour only.
fn of_hour(kind: u64, entity: u32, hour: Hour) -> u64 {
    kind ^ (u64::from(entity) << 32 | u64::from(hour.0 as u32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
