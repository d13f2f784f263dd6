//! Notes: what cells need to know of the events of a delivery, written down as the events go by. Cells are made of them
//! when somebody looks: most cells hold so little that nobody does.

use std::ops::Range;

use hashbrown::HashTable;

use crate::cell::Lanes;
use crate::detector::Engine;
use crate::entity::{Entity, EntityRef, Family, anywhere, key_of};
use crate::event::Event;
use crate::measure::{Keep, Slot};
use crate::observe::Observations;
use crate::time::{Hour, Minute};

mod base;
mod gathered;
mod habits;
mod note;
mod occur;
mod reports;
mod tally;

use base::Base;
pub(crate) use habits::{Index, NotedHabit};
pub(crate) use note::{Note, Shown};
use note::{NotedCaller, Outcome};
use reports::Reported;
use tally::SHOWS;
pub use tally::Tally;

/// What was noted of the events of one delivery: plain data in a few blocks of memory, however many events there are.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    base: Base,
    touches: Vec<Touch>,
    occurred: Vec<Occurred>,
    habits: Vec<NotedHabit>,
    reports: Vec<Reported>,
}

/// An entity that events touched.
#[derive(Clone, Copy, Debug)]
struct Named {
    hash: u64,
    key: (u32, u32),
}

/// What an event adds to one of its entities.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    /// The entity's place among those of the notes.
    pub entity: u32,
    /// The minute that the event happened in.
    pub minute: Minute,
    note: u32,
    weight: u32,
    /// Where its occurrences and its habits begin: they end where those of the next touch begin.
    occurs_from: u32,
    shows_from: u32,
    /// The measures that it counts in, a bit each.
    measures: u16,
    /// [`SHOWS`] where it shows anything that was not noted of its hour before, [`CARRIES`] and [`LONG`].
    bits: u8,
    /// The lanes that its occurrences are in, a bit each.
    lanes: u32,
}

impl Touch {
    /// What it adds to counters and trace.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let Touch { weight, measures, bits, lanes, .. } = *self;
        Tally { weight, measures, minute: self.minute.of_hour(), bits, lanes }
    }
}

/// An occurrence, to be completed by the note of its event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occurred {
    pub(crate) slot: Slot,
    pub(crate) keep: Keep,
    pub(crate) value: u64,
    name: (u32, u32),
}

impl Notes {
    /// The entities that were touched, in the order of their places.
    pub fn entities(&self) -> impl ExactSizeIterator<Item = EntityRef<'_>> {
        (0..self.base.entities.len()).map(|place| self.named(place))
    }

    /// What the events added, in their order.
    #[must_use]
    pub fn touches(&self) -> &[Touch] {
        &self.touches
    }

    /// The part that is about one entity in one hour.
    #[must_use]
    pub fn about(&self, entity: &Entity, hour: Hour) -> Notes {
        let mut about = self.clone();
        about.forget_touches();
        for (place, touch) in self.touches.iter().enumerate() {
            if touch.minute.hour() == hour && Entity::from(self.named(touch.entity as usize)) == *entity {
                let (occurs_from, shows_from) = (about.occurred.len() as u32, about.habits.len() as u32);
                about.occurred.extend_from_slice(&self.occurred[self.occurs(place)]);
                about.habits.extend_from_slice(&self.habits[self.shows(place)]);
                let touch_place = about.touches.len() as u32;
                about.reports.extend(self.reported(place).map(|report| report.of_touch(touch_place)));
                about.touches.push(Touch { occurs_from, shows_from, ..*touch });
            }
        }
        about
    }

    /// The bytes that they take, reckoned from numbers and never measured.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let shown = size_of_val(&*self.occurred) + size_of_val(&*self.habits) + size_of_val(&*self.reports);
        self.base.bytes() + size_of_val(&*self.touches) + shown
    }

    /// Forgets all, and keeps the room for it.
    pub(crate) fn clear(&mut self) {
        self.base.text.clear();
        self.base.keys.clear();
        self.base.entities.clear();
        self.base.families.clear();
        self.base.notes.clear();
        self.base.ids.clear();
        self.base.callers.clear();
        self.forget_touches();
    }

    fn forget_touches(&mut self) {
        self.touches.clear();
        self.occurred.clear();
        self.habits.clear();
        self.reports.clear();
    }

    /// Notes an event. `index` finds the entities that were touched before.
    pub(crate) fn take(&mut self, event: &Event<'_>, engine: &Engine, index: &mut Index) {
        let mut seen = Observations::default();
        let what = engine.observe(event, &mut index.apis, &mut seen);
        let (minute, mut note) = (Minute::of(event.time), None);
        let anywhere = if seen.touches(Family::Function) { anywhere(event) } else { None };
        let again = anywhere.as_ref().map(|event| (Family::Function, event));
        for (family, event) in Family::ALL.into_iter().map(|family| (family, event)).chain(again) {
            let wanted = engine.facets(family);
            let touched = seen.touches(family);
            let kind = if wanted == 0 { None } else { self.kind_to_look_at(family, (event, what), index) };
            if !touched && kind.is_none() {
                continue;
            }
            let Some(entity) = self.entity(family, event, &mut index.entities) else { continue };
            let (occurs_from, shows_from) = (self.occurred.len() as u32, self.habits.len() as u32);
            if let Some(kind) = kind {
                self.note_habits((event, what), (family, entity, wanted), (kind, index));
            }
            let shows = self.habits.len() > shows_from as usize;
            if !touched && !shows {
                continue;
            }
            let gathered = Notes::gathered(family, entity, event, &seen).filter(|_| !shows);
            if gathered.is_some_and(|what| self.gather(what, event.weight, index)) {
                continue;
            }
            let note = *note.get_or_insert_with(|| self.write((event, what), index));
            let (mut lanes, mut bits) = (0, if shows { SHOWS } else { 0 });
            for observed in seen.occurrences.iter().filter(|o| o.family == family) {
                if self.occur((entity, minute), note, observed, &mut index.occurred) {
                    let weight = index.weight(observed.slot, engine);
                    bits |= weight.bits;
                    // A second one in a lane would be one too few: those that need none but itself count for it.
                    lanes |= if lanes & weight.lane == 0 { weight.lane } else { 1 << Lanes::FIRST };
                }
            }
            let steps = seen.steps.as_ref().filter(|_| family == Family::Function);
            if let Some(steps) = steps {
                self.report(event, steps);
            }
            let weight = seen.amount.filter(|(of, _)| *of == family).map_or(event.weight, |(_, n)| n);
            let measures = seen.measures[family as usize];
            if shows || steps.is_some() || measures != 0 || self.occurred.len() > occurs_from as usize {
                self.touches.push(Touch {
                    entity,
                    minute,
                    note,
                    weight,
                    occurs_from,
                    shows_from,
                    measures,
                    bits,
                    lanes,
                });
            }
        }
    }

    /// Where the occurrences of the touch at that place stand.
    fn occurs(&self, place: usize) -> Range<usize> {
        let end = self.touches.get(place + 1).map_or(self.occurred.len(), |next| next.occurs_from as usize);
        self.touches[place].occurs_from as usize..end
    }

    /// Where what it shows stands.
    fn shows(&self, place: usize) -> Range<usize> {
        let end = self.touches.get(place + 1).map_or(self.habits.len(), |next| next.shows_from as usize);
        self.touches[place].shows_from as usize..end
    }

    fn named(&self, place: usize) -> EntityRef<'_> {
        let Named { hash, key: (start, end) } = self.base.entities[place];
        let key = &self.base.keys[start as usize..end as usize];
        EntityRef { family: self.base.families[place], key, hash }
    }

    /// The place of the entity of that family; nothing where the event touches none.
    fn entity(&mut self, family: Family, event: &Event<'_>, index: &mut HashTable<u32>) -> Option<u32> {
        let start = self.base.keys.len();
        if !key_of(family, event, &mut self.base.keys) {
            self.base.keys.truncate(start);
            return None;
        }
        let entity = EntityRef::new(family, &self.base.keys[start..]);
        if let Some(place) = index.find(entity.hash, |place| self.named(*place as usize) == entity) {
            self.base.keys.truncate(start);
            return Some(*place);
        }
        let (place, hash) = (self.base.entities.len() as u32, entity.hash);
        let key = (start as u32, self.base.keys.len() as u32);
        self.base.entities.push(Named { hash, key });
        self.base.families.push(family);
        index.insert_unique(hash, place, |place| self.base.entities[*place as usize].hash);
        Some(place)
    }

    fn text_at(&self, (start, end): (u32, u32)) -> &str {
        &self.base.text[start as usize..end as usize]
    }

    pub(crate) fn family(&self, touch: &Touch) -> Family {
        self.base.families[touch.entity as usize]
    }

    pub(crate) fn note(&self, touch: &Touch) -> &Note {
        &self.base.notes[touch.note as usize]
    }

    /// The occurrences of the touch at that place, each with the name of its value.
    pub(crate) fn occurred(&self, place: usize) -> impl Iterator<Item = (&Occurred, &str)> {
        self.occurred[self.occurs(place)].iter().map(|occurred| (occurred, self.text_at(occurred.name)))
    }
}

/// Longer names are an outsider's choice, not a name.
pub(crate) const NAME: usize = 256;
/// CloudTrail cuts user agents at 1 KB.
const AGENT: usize = 1024;

/// A text, cut to so many bytes.
pub(crate) fn bounded(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
