//! What an instance has read of one entity.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use lapwing_detectors::cell::Cell;
use lapwing_detectors::entity::Entity;
use lapwing_detectors::judge::Known;
use lapwing_detectors::profile::Profile;
use lapwing_detectors::time::{Hour, Minute};
use lapwing_detectors::window::Around;

use super::cell_item::CellItem;
use super::held::{Held, held};
use super::keys::{Bucket, CELLS, END, LEDGER, USUAL, back_to, cell_sort, hour_of, key_of};
use super::ledger::Ledger;
use super::port::{Freshness, Item, Place, Span, Table};
use super::whole::Whole;
use crate::store::StoreError;

/// Hours that what is usual may be behind and still tell which minutes need not be judged.
const NEAR: i32 = 6;
/// Hours whose cells are kept from one look to the next: those that windows of a day reach, and some more.
pub(super) const KEPT: i32 = 30;
/// So many of them are worth reading another one for.
const MANY: i32 = 2;
/// Hours after which what is usual is read anew, where nothing newer was learnt here: it is stored once a day.
const DAY: i32 = 26;

/// What was usual for an entity in the hours before one, all of which were complete then; nothing before the first were.
pub(super) type Usual = Option<(Hour, Arc<Profile>)>;

/// What an instance has read of one entity: its ledger, and its cells from some hour on.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) entity: Entity,
    pub(super) key: Arc<str>,
    /// All cells from this hour on were read.
    pub(super) from: Hour,
    pub(super) ledger: Held<Ledger>,
    /// What was usual, as it was stored once; nothing where that was not read. Any later look may rest on it: what was
    /// stored since says no more than the cells of the hours since do.
    pub(super) usual: Option<Held<Usual>>,
    /// The time of the call that read that.
    pub(super) usual_read: DateTime<Utc>,
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
    /// Reads the ledger of an entity, its cells from an hour on, and what is usual for it unless an older look has that.
    /// What an older look has as it is now is not unpacked again.
    pub(super) async fn read(
        table: &impl Table,
        (entity, from): (&Entity, Hour),
        freshness: Freshness,
        (now, older): (DateTime<Utc>, Option<&View>),
    ) -> Result<View, StoreError> {
        let key = key_of(entity);
        let to = if from.0 <= i32::MIN / 2 { Arc::from(END) } else { back_to(from) };
        let known =
            older.filter(|older| older.learnt_to() >= Minute::of(now).hour().0 - DAY).and_then(|o| o.usual.clone());
        let first = if known.is_some() { LEDGER } else { USUAL };
        let items = table.query(Span { key: &key, from: first, to: &to, freshness }).await?;
        let usual_read = older.filter(|_| known.is_some()).map_or(now, |older| older.usual_read);
        let mut view = View { key, from, read: now, usual_read, ..View::unread_of(entity) };
        view.usual = Some(known.unwrap_or_default());
        for item in items {
            view.take(&item, (now, older))?;
        }
        if let Some(older) = older {
            view.put_together_as(older, view.hours(from));
        }
        Ok(view)
    }

    /// Reads the ledger of an entity alone.
    pub(super) async fn ledger(
        table: &impl Table,
        entity: &Entity,
        freshness: Freshness,
        now: DateTime<Utc>,
    ) -> Result<View, StoreError> {
        let mut view = View { read: now, ..View::unread_of(entity) };
        let span = Span { key: &view.key.clone(), from: LEDGER, to: LEDGER, freshness };
        for item in table.query(span).await? {
            view.take(&item, (now, None))?;
        }
        Ok(view)
    }

    /// Reads what is usual as it is stored now.
    pub(super) async fn read_usual(
        &mut self,
        table: &impl Table,
        (freshness, now): (Freshness, DateTime<Utc>),
    ) -> Result<(), StoreError> {
        (self.usual, self.usual_read) = (Some(Held::default()), now);
        let span = Span { key: &self.key.clone(), from: USUAL, to: USUAL, freshness };
        for item in table.query(span).await? {
            self.take(&item, (now, None))?;
        }
        Ok(())
    }

    /// Takes what cells from an hour on have become.
    pub(super) async fn renew(
        &mut self,
        table: &impl Table,
        hour: Hour,
        (freshness, now): (Freshness, DateTime<Utc>),
    ) -> Result<(), StoreError> {
        let span = Span { key: &self.key.clone(), from: CELLS, to: &back_to(hour), freshness };
        for item in table.query(span).await? {
            let known = hour_of(&item.place.sort).and_then(|place| self.parts.get(&place));
            // An eventual read may not know yet what was written from here.
            if known.is_none_or(|known| known.version < item.version) {
                self.take(&item, (now, None))?;
                self.wins = 0;
            }
        }
        (self.firm, self.account, self.home) = (false, None, Vec::new());
        Ok(())
    }

    /// A look at nothing.
    fn unread_of(entity: &Entity) -> View {
        View {
            entity: entity.clone(),
            key: key_of(entity),
            from: Hour(i32::MAX),
            ledger: Held::default(),
            usual: None,
            usual_read: DateTime::UNIX_EPOCH,
            firm: false,
            closed: Hour(i32::MIN),
            read: DateTime::UNIX_EPOCH,
            parts: BTreeMap::new(),
            whole: Whole::default(),
            learnt: None,
            base: None,
            account: None,
            home: Vec::new(),
            reach: Hour(i32::MAX),
            wins: 0,
            reopened: false,
        }
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
        } else if *item.place.sort == *USUAL {
            self.usual = Some(held(item, now, older.and_then(|older| older.usual.as_ref()))?);
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
        let mut held = self.part(hour, part);
        held.value = value;
        self.put((hour, part), held);
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

    /// Where what is usual lies.
    pub(super) fn usual_place(&self) -> Place {
        Place { key: Arc::clone(&self.key), sort: USUAL.into() }
    }

    /// The hour up to which it is known what was usual.
    fn learnt_to(&self) -> i32 {
        self.base.as_ref().into_iter().chain(self.stored()).map(|(hour, _)| hour.0).max().unwrap_or(i32::MIN)
    }

    /// What was usual, and the hour before which it was, as it was stored once.
    pub(super) fn stored(&self) -> Option<&(Hour, Arc<Profile>)> {
        self.usual.as_ref().and_then(|usual| usual.value.as_ref())
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
        self.learnt.as_ref().or(self.stored()).map(|(_, profile)| profile.as_ref())
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
