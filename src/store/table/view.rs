//! What an instance has read of one entity.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use lapwing_detectors::cell::Cell;
use lapwing_detectors::entity::Entity;
use lapwing_detectors::judge::Known;
use lapwing_detectors::profile::Profile;
use lapwing_detectors::time::Hour;
use lapwing_detectors::window::Around;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

use super::cell_item::CellItem;
use super::codec::unpack;
use super::keys::{Bucket, END, LEDGER, back_to, cell_sort, hour_of, key_of};
use super::ledger::Ledger;
use super::port::{Freshness, Item, Place, Span, Table};
use crate::store::StoreError;

/// Hours that what is usual may be behind and still tell which minutes need not be judged.
const NEAR: i32 = 6;
/// Hours whose cells are kept from one look to the next: those that windows of a day reach, and some more.
pub(super) const KEPT: i32 = 30;
/// So many of them are worth reading another one for.
const MANY: i32 = 2;

/// A value of the table, and the version of the item that holds it; 0 where there is none.
#[derive(Clone, Debug, Default)]
pub(super) struct Held<V> {
    pub(super) version: u64,
    pub(super) value: V,
    /// Bytes of the item's body, and their hash.
    pub(super) bytes: usize,
    hash: u64,
}

/// What an instance has read of one entity: its ledger, and its cells from some hour on.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) entity: Entity,
    pub(super) key: Arc<str>,
    /// All cells from this hour on were read.
    pub(super) from: Hour,
    pub(super) ledger: Held<Ledger>,
    /// Was the ledger known, as it is here, before the cells were read? Then who replaces it has seen all that whoever
    /// replaced it before had seen.
    pub(super) firm: bool,
    /// The cells of hours before this one were read when nothing could come in time for them any more.
    pub(super) closed: Hour,
    /// The time of the call that read it.
    pub(super) read: DateTime<Utc>,
    parts: BTreeMap<(Hour, u8), Held<CellItem>>,
    /// Cells of several parts, put together since one of those changed.
    whole: Whole,
    /// What was learnt of the hours before this one.
    pub(super) learnt: Option<(Hour, Arc<Profile>)>,
    /// The same of those hours of which nothing more can come in time, kept from one look to the next.
    pub(super) base: Option<(Hour, Arc<Profile>)>,
    /// What is usual for its account, where that was asked for.
    pub(super) account: Option<Arc<Profile>>,
    /// The cells of its account, where those were asked for.
    pub(super) home: Vec<(Hour, Arc<Cell>)>,
    /// The first hour whose cell must be known to judge on that.
    pub(super) reach: Hour,
    /// How many times in a row what was written from here replaced what had been read. Where nobody else writes,
    /// reading anew is wasted.
    pub(super) wins: u8,
    /// Something came for minutes that were complete: whoever is judging them must begin again.
    pub(super) reopened: bool,
}

impl View {
    /// Reads the ledger of an entity, and its cells from an hour on. What an older look has as it is now is not unpacked
    /// again.
    pub(super) async fn read(
        table: &impl Table,
        (entity, from): (&Entity, Hour),
        freshness: Freshness,
        (now, older): (DateTime<Utc>, Option<&View>),
    ) -> Result<View, StoreError> {
        let key = key_of(entity);
        let to = if from.0 <= i32::MIN / 2 { Arc::from(END) } else { back_to(from) };
        let items = table.query(Span { key: &key, from: LEDGER, to: &to, freshness }).await?;
        let mut view = View {
            entity: entity.clone(),
            key,
            from,
            ledger: Held::default(),
            firm: false,
            closed: Hour(i32::MIN),
            read: now,
            parts: BTreeMap::new(),
            whole: Whole::default(),
            learnt: None,
            base: None,
            account: None,
            home: Vec::new(),
            reach: Hour(i32::MAX),
            wins: 0,
            reopened: false,
        };
        for item in items {
            view.take(&item, (now, older))?;
        }
        if let Some(older) = older {
            view.put_together_as(older, view.hours(from));
        }
        Ok(view)
    }

    /// What was read anew in place of an older look, which had learnt something already.
    pub(super) fn instead_of(self, older: View) -> View {
        let others =
            self.parts.iter().any(|(place, part)| older.parts.get(place).map_or(0, |p| p.version) < part.version);
        let View { learnt, base, reach, wins, reopened, .. } = older;
        View { learnt, base, reach, wins: if others { 0 } else { wins }, reopened, ..self }
    }

    /// The first hour that must be read to know all from one on. What was in the cells of hours before that is there still,
    /// if nobody has reopened them.
    pub(super) fn unread(&self, from: Hour) -> Hour {
        let kept = self.from <= from && from.0 >= self.closed.0.saturating_sub(KEPT);
        // An hour that is not asked for is read if it keeps many.
        let near = from.0.saturating_sub(self.closed.0) <= MANY;
        if kept && (self.closed > from || near && self.is_deep()) { self.closed } else { from }
    }

    /// Does judging it need the cells of many hours?
    fn is_deep(&self) -> bool {
        self.from <= self.closed && self.reach.0 < self.closed.0.saturating_sub(MANY)
    }

    /// Keeps cells of these hours that an older look has put together, of the same parts.
    fn put_together_as(&mut self, older: &View, hours: Vec<Hour>) {
        let parts = |view: &View, hour: Hour| {
            let parts = view.parts.range((hour, 0)..=(hour, u8::MAX));
            parts.map(|(place, held)| (*place, held.version, held.hash)).collect::<Vec<_>>()
        };
        for hour in hours {
            if let Some(cell) = older.whole.get(hour).filter(|_| parts(self, hour) == parts(older, hour)) {
                self.whole.put(hour, cell);
            }
        }
    }

    /// Keeps the cells of earlier hours that an older look has, unless somebody has reopened them; says whether all from
    /// an hour on are known then.
    pub(super) fn keep(&mut self, older: &View, from: Hour) -> bool {
        let reopened = self.ledger.value.reopened != older.ledger.value.reopened;
        if self.from != older.closed || older.from > older.closed || reopened {
            return self.from <= from;
        }
        let first = Hour(older.closed.0.saturating_sub(KEPT)).max(older.from);
        let first = if older.is_deep() { first } else { first.max(from).min(self.from) };
        let kept = older.parts.range((first, 0)..(self.from, 0));
        self.parts.extend(kept.map(|(place, part)| (*place, part.clone())));
        self.put_together_as(older, self.hours(first));
        (self.from, self.closed) = (first, older.closed);
        true
    }

    /// Takes an item as it is now. What has expired holds nothing any more, and is replaced.
    pub(super) fn take(&mut self, item: &Item, (now, older): (DateTime<Utc>, Option<&View>)) -> Result<(), StoreError> {
        if *item.place.sort == *LEDGER {
            self.ledger = held(item, now, older.map(|older| &older.ledger))?;
        } else if let Some(place) = hour_of(&item.place.sort) {
            self.put(place, held(item, now, older.and_then(|older| older.parts.get(&place)))?);
        }
        Ok(())
    }

    /// Takes what this instance has written.
    pub(super) fn wrote(&mut self, place: (Hour, u8), item: &Item, value: CellItem) {
        self.put(place, Held::of(item, value));
    }

    /// Takes what this instance is about to write as a part of a cell.
    pub(super) fn sketch(&mut self, (hour, part): (Hour, u8), value: CellItem) {
        self.put((hour, part), Held { value, ..self.part(hour, part) });
    }

    /// What looks at the cell of an hour were asked for: one when all is over, and the last one besides. Nothing where
    /// there is no cell.
    pub(super) fn looks(&self, hour: Hour) -> Option<(bool, Option<Bucket>)> {
        let all = self.parts.range((hour, 0)..=(hour, u8::MAX)).map(|(_, part)| (part.value.closing, part.value.asked));
        all.reduce(|a, b| (a.0 || b.0, a.1.max(b.1)))
    }

    /// A part of a cell; an empty one where there is none.
    pub(super) fn part(&self, hour: Hour, part: u8) -> Held<CellItem> {
        self.parts.get(&(hour, part)).cloned().unwrap_or_default()
    }

    /// Forgets a part that somebody has deleted.
    pub(super) fn forget(&mut self, hour: Hour, part: u8) {
        self.parts.remove(&(hour, part));
        self.whole.forget(hour);
    }

    fn put(&mut self, place: (Hour, u8), part: Held<CellItem>) {
        self.parts.insert(place, part);
        self.whole.forget(place.0);
    }

    /// Is there anything of that hour?
    pub(super) fn has(&self, hour: Hour) -> bool {
        self.parts.contains_key(&(hour, 0))
    }

    /// Where a part of a cell lies.
    pub(super) fn place(&self, hour: Hour, part: u8) -> Place {
        Place { key: Arc::clone(&self.key), sort: cell_sort(hour, part) }
    }

    /// Where the ledger lies.
    pub(super) fn ledger_place(&self) -> Place {
        Place { key: Arc::clone(&self.key), sort: LEDGER.into() }
    }

    /// The cell of an hour, of all its parts.
    pub(super) fn cell(&self, hour: Hour) -> Option<Arc<Cell>> {
        let mut parts = self.parts.range((hour, 0)..=(hour, u8::MAX)).map(|(_, part)| &part.value.cell).peekable();
        let first = parts.next()?;
        if parts.peek().is_none() {
            return Some(Arc::clone(first));
        }
        Some(self.whole.of(hour, || {
            let mut whole = Arc::clone(first);
            parts.for_each(|part| Arc::make_mut(&mut whole).unite(Cell::clone(part)));
            whole
        }))
    }

    /// The cell of an hour, with something else in place of one of its parts.
    pub(super) fn cell_with(&self, (hour, part): (Hour, u8), own: &Arc<Cell>) -> Arc<Cell> {
        let mut whole = Arc::clone(own);
        let others = self.parts.range((hour, 0)..=(hour, u8::MAX)).filter(|((_, other), _)| *other != part);
        for (_, other) in others {
            Arc::make_mut(&mut whole).unite(Cell::clone(&other.value.cell));
        }
        whole
    }

    /// How many parts of cells are held; those that were put together are held twice.
    pub(super) fn parts(&self) -> usize {
        let twice = |hour: &Hour| self.parts.range((*hour, 0)..=(*hour, u8::MAX)).count();
        self.parts.len() + self.whole.lock().keys().map(twice).sum::<usize>()
    }

    /// The hours that have cells, from one on.
    pub(super) fn hours(&self, from: Hour) -> Vec<Hour> {
        let mut hours: Vec<Hour> = self.parts.range((from, 0)..).map(|((hour, _), _)| *hour).collect();
        hours.dedup();
        hours
    }

    /// Do cells of an hour hold nothing but habits that are known to be there? Adding them would change nothing.
    pub(super) fn knows(&self, hour: Hour, cell: &Cell) -> bool {
        cell.shows_only() && self.cell(hour).is_some_and(|held| held.habits().hold(cell.habits()))
    }

    /// A cell with what is around it, and what is usual, where that was learnt of the hours right before.
    pub(super) fn around<'a>(&'a self, hour: Hour, (here, before): (&'a Cell, Option<&'a Cell>)) -> Around<'a> {
        let near = |(next, _): &&(Hour, Arc<Profile>)| next.0 >= hour.0.saturating_sub(NEAR);
        // Which hours a window of more than one needs is looked up only where something is judged.
        let past = None;
        Around {
            hour,
            asked: u64::MAX,
            last: false,
            here,
            before,
            past,
            profile: self.learnt.as_ref().filter(near).map(|(_, profile)| profile.as_ref()),
        }
    }

    /// What was usual when somebody learnt it last: today, or on the day before.
    pub(super) fn lately(&self) -> Option<&Profile> {
        let stored = self.ledger.value.learnt.as_ref().map(|(_, profile)| profile);
        self.learnt.as_ref().map(|(_, profile)| profile.as_ref()).or(stored)
    }

    /// What is known of the entity around these hours, with what is usual for it.
    pub(super) fn known(&self, from: Hour, to: Hour) -> Known {
        let hours = self.hours(from.before().min(self.reach)).into_iter().take_while(|hour| *hour <= to);
        let cells = hours.filter_map(|hour| Some((hour, self.cell(hour)?))).collect();
        Known {
            profile: self.learnt.as_ref().map(|(_, profile)| Arc::clone(profile)),
            account: self.account.clone(),
            home: self.home.clone(),
            ..Known::of(self.entity.clone(), cells)
        }
    }
}

/// Cells that were put together of their parts, which takes longer than anything else that is asked of a view.
#[derive(Debug, Default)]
struct Whole(Mutex<BTreeMap<Hour, Arc<Cell>>>);

impl Whole {
    fn of(&self, hour: Hour, unite: impl FnOnce() -> Arc<Cell>) -> Arc<Cell> {
        Arc::clone(self.lock().entry(hour).or_insert_with(unite))
    }

    fn get(&self, hour: Hour) -> Option<Arc<Cell>> {
        self.lock().get(&hour).map(Arc::clone)
    }

    fn put(&self, hour: Hour, cell: Arc<Cell>) {
        self.lock().insert(hour, cell);
    }

    fn forget(&mut self, hour: Hour) {
        self.lock().remove(&hour);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Hour, Arc<Cell>>> {
        // What a panic left is whole: cells are put in when they are done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Whole {
    fn clone(&self) -> Whole {
        Whole(Mutex::new(self.lock().clone()))
    }
}

impl<V> Held<V> {
    fn of(item: &Item, value: V) -> Held<V> {
        Held { version: item.version, value, bytes: item.body.len(), hash: xxh3_64(&item.body) }
    }
}

fn held<V: DeserializeOwned + Default + Clone>(
    item: &Item,
    now: DateTime<Utc>,
    older: Option<&Held<V>>,
) -> Result<Held<V>, StoreError> {
    if item.expires <= now {
        return Ok(Held { version: item.version, ..Held::default() });
    }
    // An item that expired and was made again has old versions once more, so that they alone do not tell.
    let same = |older: &&Held<V>| older.version == item.version && older.hash == xxh3_64(&item.body);
    match older.filter(same) {
        Some(older) => Ok(older.clone()),
        None => Ok(Held::of(item, unpack(&item.body, Shown(&item.place))?)),
    }
}

/// A place for people: which item of what. Names from logs are made safe where errors are printed.
struct Shown<'a>(&'a Place);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {} of {}", self.0.sort, self.0.key.replace('\u{1f}', " "))
    }
}
