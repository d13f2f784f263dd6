//! Exchange: adds what a delivery taught about one entity, and finds what must be judged for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use lapwing_detectors::cell::{Arrival, Cell};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::entity::Entity;
use lapwing_detectors::judge::{Known, Range};
use lapwing_detectors::observe::Learnt;
use lapwing_detectors::time::{Hour, Minute};
use lapwing_detectors::window::Around;

use super::access::{Access, LIFE, Work};
use super::cell_item::CellItem;
use super::codec::pack;
use super::keys::Bucket;
use super::port::{Freshness, Item, Outlook, Put, Table};
use super::view::{Held, View};
use crate::store::{Due, StoreError, reached};

/// How often a writer that is overtaken, or gets no answer, tries again before its delivery must.
const TRIES: u32 = 40;

/// What a delivery taught about one entity.
#[derive(Clone, Debug)]
pub(super) struct Lesson {
    pub(super) entity: Entity,
    /// By hour; each hour once.
    pub(super) cells: Vec<(Hour, Cell)>,
}

/// A part of a cell, as it is to be written.
struct Draft {
    part: u8,
    /// The version that is replaced.
    version: u64,
    value: CellItem,
}

/// What came of a lesson.
#[derive(Debug)]
pub(super) struct Added {
    pub(super) view: View,
    /// Was any of it new?
    pub(super) fresh: bool,
    /// What must be judged.
    pub(super) due: Vec<Due>,
    /// The minutes of what is told of the functions of this account.
    pub(super) moved: Option<(Minute, Minute)>,
}

impl Lesson {
    /// The minutes from the first to the last that it is about, and those that windows reach from there.
    fn span(&self) -> Option<(Minute, Minute)> {
        let minutes = self.cells.iter().flat_map(|(hour, cell)| cell.minutes().map(|m| hour.minute(m)));
        let (first, last) = minutes.fold((None::<Minute>, None::<Minute>), |(first, last), minute| {
            (Some(first.map_or(minute, |f| f.min(minute))), last.max(Some(minute)))
        });
        Some((first?, last?))
    }

    /// The first hour that a view for it must reach back to.
    pub(super) fn from(&self, engine: &Engine) -> Option<Hour> {
        self.cells.iter().map(|(hour, cell)| Hour(hour.0 - engine.hours_around(cell))).min()
    }
}

/// What lies beyond the life of a cell: it is judged by itself, and not kept.
fn alone(entity: &Entity, cells: Vec<(Hour, Cell)>) -> Vec<Due> {
    let mut due = Vec::new();
    for (hour, mut cell) in cells {
        cell.mark(|_| Arrival::Late);
        let cells = vec![(hour, Arc::new(cell))];
        let known = Known::of(entity.clone(), cells);
        due.push((known, Range { from: hour.first(), to: reached(hour.last(), 1), complete: false }));
    }
    due
}

/// What a delivery taught, by entity; and what is too old to be kept.
pub(super) fn lessons(learnt: &Learnt, now: DateTime<Utc>) -> (Vec<Lesson>, Vec<Due>) {
    let mut by_entity: BTreeMap<Entity, BTreeMap<Hour, Cell>> = BTreeMap::new();
    for (entity, hour, cell) in learnt.cells() {
        by_entity.entry(entity).or_default().entry(hour).or_default().unite(cell);
    }
    let oldest = Minute::of(now - LIFE).hour();
    let mut kept = Vec::new();
    let mut due = Vec::new();
    for (entity, cells) in by_entity {
        let (cells, old): (Vec<_>, Vec<_>) = cells.into_iter().partition(|(hour, _)| *hour > oldest);
        due.extend(alone(&entity, old));
        if !cells.is_empty() {
            kept.push(Lesson { entity, cells });
        }
    }
    (kept, due)
}

impl<T: Table> Access<'_, T> {
    /// Adds a lesson to what everyone knows, once for each delivery, and says what must be judged.
    pub(super) async fn add(&self, mut view: View, lesson: &Lesson, delivery: u64) -> Result<Added, StoreError> {
        let Some((first, last)) = lesson.span() else {
            return Ok(Added { view, fresh: false, due: Vec::new(), moved: None });
        };
        let hours = lesson.cells.iter().map(|(_, cell)| self.engine.hours_around(cell)).max().unwrap_or(1);
        let (to, late) = (reached(last, hours), first <= self.complete(&view.entity));
        let moves = lesson.cells.iter().any(|(_, cell)| self.engine.moves_functions(view.entity.family, cell));
        let moved = moves.then_some((first, to));
        // What comes late may leave nothing to say of minutes of which something was said. Silences are judged by ticks.
        let awoke = late && !self.last_awake(&view, first, to).is_empty();
        let heartbeat = view.entity.family.is_heartbeat();
        let mut fresh = false;
        for (hour, cell) in &lesson.cells {
            let new = !view.has(*hour);
            fresh |= self.add_cell(&mut view, (*hour, cell), delivery).await?;
            if new && self.wants_learning(&view, *hour) {
                self.ask_all(vec![self.look_when_over(&view, *hour)]).await?;
            }
        }
        if late {
            // Written first, then read: of two that write at once, at least one sees both. What comes in time is read
            // like that when its minutes are complete.
            let from = view.from;
            view = self.again(view, from, Freshness::Strong).await?;
        }
        let awake = self.last_awake(&view, first, to);
        let reopens = self.reopens(&view.entity, lesson.cells.iter().map(|(hour, _)| *hour));
        if awake.is_empty() && !awoke && (!late || heartbeat || !reopens && view.ledger.value.is_quiet()) {
            return Ok(Added { view, fresh, due: Vec::new(), moved });
        }
        // Of the minutes that it is about, a look was asked for with the cell that holds them.
        for last in awake.into_iter().filter(|awake| late || *awake > last) {
            let work = Work { entity: view.entity.clone(), hour: Some(last.hour()) };
            let at = self.completes(&view.entity, last);
            self.ask(work, at).await?;
        }
        self.learn(&mut view, first.hour()).await?;
        self.meet_account(&mut view, (first.hour(), to.hour())).await?;
        view.reopened |= late;
        let due = self.due(&view, first, to);
        Ok(Added { view, fresh, due, moved })
    }

    /// Asks for all looks that adding these lessons will ask for if nobody else adds to their cells meanwhile.
    pub(super) async fn foretell(&self, all: &[(Lesson, View)], delivery: u64) -> Result<(), StoreError> {
        let mut looks = Vec::new();
        for (lesson, view) in all {
            let mut view = view.clone();
            for (hour, cell) in &lesson.cells {
                if !view.has(*hour) && self.wants_learning(&view, *hour) {
                    looks.push(self.look_when_over(&view, *hour));
                }
                if !self.may_ask(&view, (*hour, cell)) {
                    continue;
                }
                let Some(mut draft) = self.draft(&view, (*hour, cell), delivery, 0) else { continue };
                let place = (*hour, draft.part);
                looks.extend(self.looks(&view, place, &mut draft.value));
                view.sketch(place, draft.value);
            }
        }
        self.ask_all(looks).await
    }

    /// A look at an hour when everything that it can be part of is over.
    fn look_when_over(&self, view: &View, hour: Hour) -> (Bucket, Work) {
        let bucket = self.bucket(self.completes(&view.entity, hour.after().last()));
        (bucket, Work { entity: view.entity.clone(), hour: Some(hour) })
    }

    /// Can a cell ask for a look that was not asked for?
    fn may_ask(&self, view: &View, (hour, cell): (Hour, &Cell)) -> bool {
        let Some(last) = cell.minutes().max().filter(|_| !view.knows(hour, cell)) else { return false };
        let last = self.bucket(self.completes(&view.entity, hour.minute(last)));
        view.looks(hour).is_none_or(|(closing, asked)| !closing || asked.is_none_or(|asked| asked < last))
    }

    /// A cell's part with what a delivery taught, after so many conflicts; nothing where it has that already.
    fn draft(&self, view: &View, (hour, cell): (Hour, &Cell), delivery: u64, conflicts: u32) -> Option<Draft> {
        let closed = self.complete(&view.entity);
        let arrival = |minute: u8| if hour.minute(minute) <= closed { Arrival::Late } else { Arrival::OnTime };
        let root = view.part(hour, 0);
        let part = root.value.part_of(delivery);
        let held = if part == 0 { root.clone() } else { view.part(hour, part) };
        if root.value.has(delivery) || held.value.has(delivery) {
            return None;
        }
        let Held { version, bytes, value, .. } = held;
        let value = value.with(delivery, cell, arrival);
        let value = if part == 0 { value.cut(conflicts, bytes) } else { value };
        Some(Draft { part, version, value })
    }

    /// The looks that must be asked for before a cell is written, when what it now may say is complete: an instance that
    /// dies in between leaves a look for nothing. What was asked for stands in the cell, so that others need not.
    ///
    /// A cell that is too small for any finding may be part of one with what others add to the hour before or after at
    /// the same time. Where two hours hold less than half of what the smallest finding takes, they cannot; else one more
    /// look is asked for when all that is over. So it is for a cell that was cut, of which two may write different parts at
    /// once, so that neither knows all of it.
    fn looks(&self, view: &View, (hour, part): (Hour, u8), item: &mut CellItem) -> Vec<(Bucket, Work)> {
        let (here, before) = (view.cell_with((hour, part), &item.cell), view.cell(hour.before()));
        let (traces, left) = (here.trace(), before.as_deref().map(Cell::trace).unwrap_or_default());
        let (closing, asked) = view.looks(hour).unwrap_or_default();
        let mut looks = Vec::new();
        // Whom outsiders name is judged by what occurs alone, each minute of which is looked at anyway.
        let may_grow = !view.entity.family.outsiders_choose()
            && (!traces.lanes.is_empty()
                || !left.lanes.is_empty()
                || 2 * (traces.counted + left.counted) >= self.engine.floor(view.entity.family));
        if !(closing || item.closing) && (item.is_cut() || may_grow) {
            looks.push(self.look_when_over(view, hour));
            item.closing = true;
        }
        let around = Around { profile: view.lately(), last: true, ..view.around(hour, (&here, before.as_deref())) };
        let minutes = self.engine.minutes(view.entity.family, around);
        if minutes != 0 {
            let last = hour.minute(63 - minutes.leading_zeros() as u8);
            let bucket = self.bucket(self.completes(&view.entity, last));
            if asked.max(item.asked).is_none_or(|asked| asked < bucket) {
                looks.push((bucket, Work { entity: view.entity.clone(), hour: Some(hour) }));
                item.asked = Some(bucket);
            }
        }
        looks
    }

    /// Is this the first hour of a day that the entity is seen in, with a stored profile that ends before that day? It is
    /// then moved on when the hour is over.
    fn wants_learning(&self, view: &View, hour: Hour) -> bool {
        let day = Hour(hour.0.div_euclid(24) * 24);
        !view.entity.family.outsiders_choose()
            && self.stands_before(view, day)
            && view.hours(day).into_iter().all(|held| held >= hour)
    }

    /// Adds one cell; says whether the delivery was new to it.
    async fn add_cell(&self, view: &mut View, (hour, cell): (Hour, &Cell), delivery: u64) -> Result<bool, StoreError> {
        let closed = self.complete(&view.entity);
        let arrival = |minute: u8| if hour.minute(minute) <= closed { Arrival::Late } else { Arrival::OnTime };
        let mut marked = cell.clone();
        marked.mark(arrival);
        if view.knows(hour, &marked) {
            return Ok(false);
        }
        let mut conflicts = 0;
        let mut last = None;
        for _ in 0..TRIES {
            let draft = self.draft(view, (hour, cell), delivery, conflicts);
            let Some(Draft { part, version: before, mut value }) = draft else { return Ok(false) };
            self.ask_all(self.looks(view, (hour, part), &mut value)).await?;
            let place = view.place(hour, part);
            let expires = hour.after().first().start() + LIFE;
            let item = Item { place, version: before + 1, body: pack(&value)?.into(), expires };
            match self.table.replace(&item, before).await {
                Ok(Put::Done) => {
                    view.wins = if conflicts == 0 { view.wins.saturating_add(1) } else { 0 };
                    view.wrote((hour, part), &item, value);
                    return Ok(true);
                }
                Ok(Put::Overtaken(current)) => {
                    conflicts += 1;
                    match current {
                        Some(item) => view.take(&item, (self.now, None))?,
                        None => view.forget(hour, part),
                    }
                }
                // It may have been done: the next try shows.
                Err(error) if error.outlook == Outlook::Passing => last = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        let what = last.map_or_else(|| "others were always faster".to_owned(), |error| error.what);
        Err(StoreError { what: format!("gave up after {TRIES} tries: {what}") })
    }
}
