//! The store over a table: many instances see one state.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hashbrown::{HashMap, HashSet};
use lapwing_detectors::alert::{Alert, AlertId};
use lapwing_detectors::beats::Beats;
use lapwing_detectors::day::{Budget, Day, Digest};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::entity::{Entity, Family};
use lapwing_detectors::group::{Book, parents_of};
use lapwing_detectors::judge::{Judged, Range};
use lapwing_detectors::observe::Learnt;
use lapwing_detectors::time::{Hour, Minute};

use super::access::{Access, Accounts, LIFE, Work};
use super::census::Census;
use super::exchange::{Added, Lesson, lessons};
use super::fold::Past;
use super::held::Held;
use super::keys::{Bucket, short};
use super::ledger::{LEASE, Ledger};
use super::levels::Levelled;
use super::port::{Freshness, Table, TableError};
use super::tick::Pass;
use super::view::View;
use crate::store::{Daily, Due, Found, Heard, Judge, Limits, Placed, StateStore, StoreError};

/// Entities that are written and read at once.
pub(super) const AT_ONCE: usize = 32;
/// Writes that nobody got in the way of, after which an instance trusts what it remembers.
const WINS: u8 = 3;
/// Entities that an instance remembers.
const REMEMBERED: usize = 5_000;
/// Parts of cells that it remembers of them, of a few kilobytes each at most.
const PARTS: usize = 20_000;
/// Things that a tick does, and entities whose minutes it hands out, at once.
const HANDFUL: usize = 50;
/// Silences are judged anew for so many minutes: what comes later than that changes nothing about them.
const LISTENED: i32 = 24 * 60;

/// State in a table that many instances share.
pub struct TableStore<T> {
    table: T,
    engine: Arc<Engine>,
    limits: Limits,
    /// Tells instances apart: whoever claims an alert signs with it.
    owner: u64,
    /// How long it has to send what it claimed, before another instance does.
    pub lease: TimeDelta,
    /// How many things a tick does at once.
    pub handful: usize,
    /// When a tick leaves what is left to the next one; never where that is not set.
    pub ends: Option<SystemTime>,
    pub(super) views: HashMap<Entity, View>,
    asked: Mutex<HashSet<(Bucket, Work)>>,
    accounts: futures_util::lock::Mutex<Accounts>,
    census: Census,
    pass: Option<Pass>,
    /// The first bucket that this instance has left to later ticks.
    ticked: Option<Bucket>,
    /// The time of the last call.
    now: DateTime<Utc>,
    /// Changes to be handed out, and where their letters lie.
    claimed: Vec<(Alert, Letterbox)>,
    handed: HashMap<(Entity, u64), DateTime<Utc>>,
    sending: Vec<(Alert, Letterbox)>,
    pub(super) levelled: Levelled,
    /// The last day up to which all digests were sent.
    digested: Option<Day>,
    /// Events that came after their minute was complete.
    pub late: u64,
    /// Since when the oldest change waits to be sent that this instance has met, or what it left to the next tick.
    pub waiting_since: Option<DateTime<Utc>>,
}

/// The ledger of a letter, and its number.
type Letterbox = (Entity, u64);

impl From<TableError> for StoreError {
    fn from(error: TableError) -> StoreError {
        StoreError { what: error.what }
    }
}

impl<T: Table> TableStore<T> {
    /// The store of one instance. `owner` must be another one for each instance.
    pub fn new(table: T, engine: Arc<Engine>, limits: Limits, owner: u64) -> TableStore<T> {
        TableStore {
            table,
            engine,
            limits,
            owner,
            lease: LEASE,
            handful: HANDFUL,
            ends: None,
            views: HashMap::new(),
            asked: Mutex::default(),
            accounts: futures_util::lock::Mutex::default(),
            census: Census::default(),
            pass: None,
            ticked: None,
            now: DateTime::UNIX_EPOCH,
            claimed: Vec::new(),
            handed: HashMap::new(),
            sending: Vec::new(),
            levelled: Levelled::default(),
            digested: None,
            late: 0,
            waiting_since: None,
        }
    }

    /// Cells that found no room, by family.
    #[must_use]
    pub fn overflow(&self) -> &BTreeMap<Family, u64> {
        &self.census.overflow
    }

    /// The alerts of an entity, as everyone knows them.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn book_of(&self, entity: &Entity) -> Result<Book, StoreError> {
        let access = self.access(DateTime::UNIX_EPOCH);
        Ok(access.ledger(entity, Freshness::Strong).await?.ledger.value.book(&self.engine))
    }

    pub(super) fn access(&self, now: DateTime<Utc>) -> Access<'_, T> {
        Access {
            table: &self.table,
            engine: &self.engine,
            owner: self.owner,
            lease: self.lease,
            now,
            levels: &self.levelled.levels,
            asked: &self.asked,
            accounts: &self.accounts,
        }
    }

    /// Forgets what there would be too much of with so many more. What a call has read it still needs when its findings
    /// are folded, so that nothing is forgotten in between.
    fn make_room(&mut self, coming: usize) {
        let parts: usize = self.views.values().map(View::parts).sum();
        if self.views.len() + coming > REMEMBERED || parts > PARTS {
            self.views.clear();
        }
    }

    pub(super) fn remember(&mut self, view: View) {
        self.views.insert(view.entity.clone(), view);
    }

    /// Takes a ledger that was written from here, and in which this instance itself noted `own` additions to closed hours.
    /// Where others noted some, too, the cells that are remembered as they were are forgotten.
    fn take_ledger(&mut self, entity: &Entity, ledger: Held<Ledger>, own: u32) -> Option<&mut View> {
        let held = self.views.get(entity)?;
        if held.ledger.value.reopened.wrapping_add(own) != ledger.value.reopened {
            self.views.remove(entity);
        }
        let held = self.views.get_mut(entity)?;
        (held.ledger, held.firm) = (ledger, false);
        Some(held)
    }

    /// The views of entities as far as they are known to be fresh, and of the others as they are in the table.
    async fn views(&mut self, lessons: Vec<Lesson>, now: DateTime<Utc>) -> Result<Vec<(Lesson, View)>, StoreError> {
        let mut known = Vec::new();
        let mut unknown = Vec::new();
        for lesson in lessons {
            let from = lesson.from(&self.engine);
            let older = self.views.remove(&lesson.entity);
            let fresh = |view: &View| view.wins >= WINS && from.is_some_and(|from| view.from <= from);
            match older {
                Some(view) if fresh(&view) => known.push((lesson, view)),
                older => unknown.push((lesson, older)),
            }
        }
        let access = self.access(now);
        let read = stream::iter(unknown).map(async |(lesson, older): (Lesson, Option<View>)| {
            let from = lesson.from(access.engine).unwrap_or(Minute::of(now).hour());
            let first = lesson.span().map(|(first, _)| first);
            let on_time = first.filter(|first| *first > access.complete(&lesson.entity)).map(Minute::hour);
            let view = match (older, on_time) {
                (Some(older), Some(hour)) if access.covers(&older, from) => access.renew(older, hour).await?,
                (Some(older), _) => access.again(older, from, Freshness::Eventual).await?,
                (None, _) => access.view(&lesson.entity, from, Freshness::Eventual).await?,
            };
            Ok::<_, StoreError>((lesson, view))
        });
        known.extend(read.buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await?);
        known.sort_by(|a, b| a.0.entity.cmp(&b.0.entity));
        Ok(known)
    }

    /// Without the cells for which there is no room.
    async fn admitted(
        &mut self,
        all: Vec<(Lesson, View)>,
        now: DateTime<Utc>,
    ) -> Result<Vec<(Lesson, View)>, StoreError> {
        let mut admitted = Vec::new();
        for (mut lesson, view) in all {
            let mut cells = Vec::new();
            for (hour, cell) in lesson.cells {
                let of = (lesson.entity.family, self.limits);
                if view.has(hour) || self.census.admit(&self.table, of, now).await? {
                    cells.push((hour, cell));
                }
            }
            lesson.cells = cells;
            if !lesson.cells.is_empty() {
                admitted.push((lesson, view));
            }
        }
        Ok(admitted)
    }

    /// Takes what letters this instance has in a ledger.
    pub(super) fn collect(&mut self, view: &View) {
        let oldest = view.ledger.value.waiting_since();
        self.waiting_since = [self.waiting_since, oldest].into_iter().flatten().min();
        for letter in view.ledger.value.letters_of(self.owner) {
            let place = (view.entity.clone(), letter.number);
            if self.handed.insert(place.clone(), letter.until) != Some(letter.until) {
                self.claimed.push((letter.alert(&self.engine), place));
            }
        }
    }
}

impl<T: Table> StateStore for TableStore<T> {
    async fn exchange(&mut self, learnt: Learnt) -> Result<Vec<Due>, StoreError> {
        let (now, delivery) = (learnt.received, short(learnt.delivery.0));
        let access = self.access(now);
        let late = learnt.events.iter().filter(|met| met.minute <= access.complete_of(met.source)).count() as u64;
        let (lessons, mut due) = lessons(&learnt, now);
        self.meet_levels(lessons.iter().flat_map(|lesson| lesson.cells.iter().map(|(hour, _)| *hour)), now).await?;
        self.make_room(lessons.len());
        let known = self.views(lessons, now).await?;
        let admitted = self.admitted(known, now).await?;
        let access = self.access(now);
        access.foretell(&admitted, delivery).await?;
        let adding = stream::iter(admitted).map(async |(lesson, view)| access.add(view, &lesson, delivery).await);
        let mut added: Vec<Added> = adding.buffer_unordered(AT_ONCE).try_collect().await?;
        added.sort_by(|a, b| a.view.entity.cmp(&b.view.entity));
        let (mut fresh, mut moved) = (false, Vec::new());
        for added in added {
            fresh |= added.fresh;
            due.extend(added.due);
            moved.extend(added.moved.map(|minutes| (added.view.entity.clone(), minutes)));
            self.remember(added.view);
        }
        for (home, minutes) in moved {
            for (view, again) in self.access(now).moved(&home, minutes).await? {
                due.extend(again);
                self.remember(view);
            }
        }
        self.late += if fresh { late } else { 0 };
        Ok(due)
    }

    async fn due(&mut self, now: DateTime<Utc>) -> Result<Vec<Due>, StoreError> {
        let mut pass = match self.pass.take() {
            Some(pass) => pass,
            None => Pass::begin(&self.access(now), self.ticked).await?,
        };
        let mut due = Vec::new();
        self.make_room(self.handful);
        // A bucket is only left once what it handed out was folded: an instance that dies before leaves it to others.
        while due.len() < self.handful && (due.is_empty() || pass.has_work()) {
            if due.is_empty() {
                pass.done(&self.access(now)).await?;
                if self.ends.is_some_and(|ends| SystemTime::now() >= ends) {
                    self.leave(pass, now).await?;
                    return Ok(due);
                }
            }
            let work = pass.next(&self.access(now), self.handful).await?;
            if work.is_empty() {
                self.ticked = Some(pass.bucket());
                return Ok(due);
            }
            due.extend(self.finish(&work, now).await?);
        }
        self.pass = Some(pass);
        Ok(due)
    }

    async fn fold(
        &mut self,
        judged: Vec<Judged>,
        judge: &Judge<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Found>, StoreError> {
        // A tick whose findings were not folded is begun anew, whatever it was that failed.
        let pass = self.pass.take();
        let mut by_entity: BTreeMap<&Entity, Vec<&Judged>> = BTreeMap::new();
        for judged in &judged {
            by_entity.entry(&judged.entity).or_default().push(judged);
        }
        self.note_peaks(&judged, now).await?;
        let mut found = Vec::new();
        for (entity, judged) in by_entity {
            let complete = self.access(now).complete_for_all();
            let silent = judged.iter().all(|judged| judged.findings.is_empty());
            let held = self.views.get(entity);
            let past = if held.is_none_or(|view| view.reopened) { Past::Reopened } else { Past::Closed };
            let known = held.is_some_and(|view| match view.ledger.value.is_quiet() {
                true => silent,
                false => !view.ledger.value.differs(&self.engine, &judged, complete),
            });
            if known && past == Past::Closed {
                continue;
            }
            let ranges: Vec<Range> = judged.iter().map(|judged| judged.range).collect();
            let (view, new) = self.access(now).settle((entity, held), (&ranges, past), judge).await?;
            found.extend(new);
            self.collect(&view);
            if let Some(held) = self.take_ledger(entity, view.ledger, u32::from(past == Past::Reopened)) {
                held.reopened = false;
            }
        }
        self.pass = pass;
        Ok(found)
    }

    async fn heard(&mut self, entity: &Entity, now: DateTime<Utc>) -> Result<Option<Heard>, StoreError> {
        self.make_room(1);
        let access = self.access(now);
        let to = access.complete(entity);
        let view = access.view(entity, Minute::of(now - LIFE).hour().after(), Freshness::Strong).await?;
        let mut beats = Beats::default();
        for hour in view.hours(Hour(i32::MIN)) {
            if let Some(cell) = view.cell(hour) {
                beats.add(hour, &cell);
            }
        }
        self.remember(view);
        Ok(Some((beats, Range { from: to.plus(-LISTENED), to, complete: true })))
    }

    fn unsaid(&mut self, now: DateTime<Utc>) -> Vec<Alert> {
        self.now = now;
        let claimed = std::mem::take(&mut self.claimed);
        let alerts = claimed.iter().map(|(alert, _)| alert.clone()).collect();
        self.sending.extend(claimed);
        alerts
    }

    async fn said(&mut self, alert: &Alert) -> Result<(), StoreError> {
        let same = |(held, _): &(Alert, Letterbox)| {
            (held.id, held.status, held.seen, held.merged_into)
                == (alert.id, alert.status, alert.seen, alert.merged_into)
        };
        let Some(at) = self.sending.iter().position(same) else { return Ok(()) };
        let (_, (entity, number)) = self.sending.swap_remove(at);
        let held = self.views.get(&entity).cloned();
        let ledger = self.access(self.now).sent(&entity, number, held).await?;
        if let Some(ledger) = ledger {
            self.take_ledger(&entity, ledger, 0);
        }
        self.handed.remove(&(entity, number));
        Ok(())
    }

    async fn parent(&mut self, alert: &Alert) -> Result<Option<AlertId>, StoreError> {
        for entity in parents_of(alert) {
            if let Some(parent) = self.book_of(&entity).await?.parent(&entity, alert) {
                return Ok(Some(parent));
            }
        }
        Ok(None)
    }

    async fn place(&mut self, alert: &Alert, budget: Budget, now: DateTime<Utc>) -> Result<Placed, StoreError> {
        self.access(now).place(alert, budget).await
    }

    async fn digest(&mut self, now: DateTime<Utc>) -> Result<Option<(Day, Digest)>, StoreError> {
        let (digested, digest) = self.access(now).digest(self.digested).await?;
        self.digested = digested;
        Ok(digest)
    }

    async fn daily_said(&mut self, daily: Daily, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.access(now).daily_said(daily).await
    }
}
