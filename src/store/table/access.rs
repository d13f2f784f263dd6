//! What one call of the store works with, and the steps that every call is made of.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use hashbrown::{HashMap, HashSet};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::entity::Entity;
use lapwing_detectors::event::Source;
use lapwing_detectors::judge::{Known, Range};
use lapwing_detectors::level::Levels;
use lapwing_detectors::profile::Profile;
use lapwing_detectors::settings::Minutes;
use lapwing_detectors::time::{Hour, Minute};
use lapwing_detectors::window::Around;
use serde::{Deserialize, Serialize};

use super::codec::pack;
use super::fold::WORTH_HOURS;
use super::keys::Bucket;
use super::port::{Freshness, Item, Outlook, Put, Table};
use super::view::{KEPT, View};
use crate::store::{Due, StoreError};

/// How long cells live after their hour.
pub(super) const LIFE: TimeDelta = TimeDelta::days(7);
/// How long a ledger lives after its last change: what was not shown for 90 days is told as shown again.
pub(super) const LEDGER_LIFE: TimeDelta = TimeDelta::days(100);
/// One invocation takes this long at most, the difference of the clocks included.
pub(super) const SKEW: TimeDelta = TimeDelta::minutes(5);
/// Work that is remembered, so that it is asked for once.
const ASKED: usize = 10_000;
/// Accounts that are remembered.
const ACCOUNTS: usize = 1_000;
/// Work in a row: about 20 KB.
const ROW: usize = 500;

/// What is usual for accounts, and up to which hour that was learnt.
pub(super) type Accounts = HashMap<Entity, (Hour, Arc<Profile>)>;

/// What one call of the store works with.
#[derive(Clone, Copy)]
pub(super) struct Access<'a, T> {
    pub(super) table: &'a T,
    pub(super) engine: &'a Engine,
    pub(super) owner: u64,
    pub(super) lease: TimeDelta,
    pub(super) now: DateTime<Utc>,
    /// How surprising findings must be, by day.
    pub(super) levels: &'a Arc<Levels>,
    /// What is usual for accounts that were asked about.
    pub(super) accounts: &'a futures_util::lock::Mutex<Accounts>,
    /// The work that was asked for.
    pub(super) asked: &'a Mutex<HashSet<(Bucket, Work)>>,
}

/// Something that a tick does later.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Work {
    pub(super) entity: Entity,
    /// The hour whose minutes are judged; nothing for a look at the ledger.
    pub(super) hour: Option<Hour>,
}

impl<T: Table> Access<'_, T> {
    /// The last minute of an entity's source that is complete now.
    pub(super) fn complete(&self, entity: &Entity) -> Minute {
        self.complete_of(entity.family.source())
    }

    pub(super) fn complete_of(&self, source: Source) -> Minute {
        Minute::of(self.now).plus(-1 - self.engine.lateness.of(source).0 as i32)
    }

    /// The last minute that is complete for every source.
    pub(super) fn complete_for_all(&self) -> Minute {
        self.complete_of(Source::CloudTrail).min(self.complete_of(Source::Lambda))
    }

    /// When a minute of an entity is complete.
    pub(super) fn completes(&self, entity: &Entity, minute: Minute) -> DateTime<Utc> {
        minute.plus(1 + self.engine.lateness.of(entity.family.source()).0 as i32).start()
    }

    /// Were these hours complete, so that others may remember them as they were?
    pub(super) fn reopens(&self, entity: &Entity, mut hours: impl Iterator<Item = Hour>) -> bool {
        let open = self.complete(entity).plus(1).hour();
        hours.any(|hour| hour < open && hour.0 >= open.0 - KEPT - 1)
    }

    /// The bucket for work at a time, or soon after it where that has passed for somebody whose clock is ahead.
    pub(super) fn bucket(&self, at: DateTime<Utc>) -> Bucket {
        Bucket::from(at.max(self.now + SKEW))
    }

    /// Asks for work at a time.
    pub(super) async fn ask(&self, work: Work, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.ask_all(vec![(self.bucket(at), work)]).await
    }

    /// Asks for work in some buckets, in as few rows as can be. What this instance has asked for already is left out.
    pub(super) async fn ask_all(&self, mut all: Vec<(Bucket, Work)>) -> Result<(), StoreError> {
        all.retain(|wanted| !self.asked().contains(wanted));
        all.sort();
        all.dedup();
        for of_bucket in all.chunk_by(|a, b| a.0 == b.0).flat_map(|of_bucket| of_bucket.chunks(ROW)) {
            let bucket = of_bucket[0].0;
            let row: Vec<&Work> = of_bucket.iter().map(|(_, work)| work).collect();
            let body = pack(&row)?;
            // The same work lies in the same place, and other work never does: what one asks for nobody replaces.
            let place = bucket.place(&body);
            let item = Item { place, version: 1, body: body.into(), expires: bucket.start() + LIFE };
            self.table.put(&item).await?;
        }
        self.note_asked(all);
        Ok(())
    }

    /// Remembers that this was asked for.
    pub(super) fn note_asked(&self, all: Vec<(Bucket, Work)>) {
        let mut asked = self.asked();
        if asked.len() + all.len() > ASKED {
            asked.clear();
        }
        asked.extend(all);
    }

    // A set that a panic left behind is still right.
    pub(super) fn asked(&self) -> MutexGuard<'_, HashSet<(Bucket, Work)>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is usual for an entity, learnt up to the last complete hour. `view` then holds the cells that it rests on
    /// where minutes from the hour `from` on are judged.
    pub(super) async fn learn(&self, view: &mut View, from: Hour) -> Result<(), StoreError> {
        if view.usual.is_none() {
            self.read_usual(view).await?;
        }
        let lateness = self.lateness(view);
        let complete = |at| Minute::of(at).plus(-(lateness.0 as i32));
        let end = complete(self.now).hour();
        let (mut next, mut profile) = self.newest(view);
        if next < end && view.from > next {
            // What others have stored since takes less to read than the cells of many hours.
            if next.0 < end.0 - WORTH_HOURS && view.usual_read < self.now {
                self.read_usual(view).await?;
                (next, profile) = self.newest(view);
            }
            self.reread(view, next).await?;
        }
        // Of hours that were hardly over when their cells were read, or not yet, others may have written more since, in time.
        let sure = complete(view.read - SKEW).hour().min(end).max(next);
        let base = self.taught(view, (next, sure), profile);
        let profile = self.taught(view, (sure, end), Arc::clone(&base));
        view.reach = profile.reach(from, lateness).min(next.max(end)).min(self.reached(view, from));
        view.base = Some((sure, base));
        view.learnt = Some((next.max(end), profile));
        if view.from > view.reach {
            self.reread(view, view.reach).await?;
        }
        Ok(())
    }

    /// The first hour that windows reach which end in the hours from `from` on.
    fn reached(&self, view: &View, from: Hour) -> Hour {
        let long = |hour: &Hour| view.cell(*hour).is_some_and(|cell| self.engine.is_long_lived(&cell));
        match view.hours(from).iter().any(long) {
            true => Hour(from.0 - self.engine.hours_back()),
            false => from.before(),
        }
    }

    pub(super) fn lateness(&self, view: &View) -> Minutes {
        self.engine.lateness.of(view.entity.family.source())
    }

    /// A profile that has learnt the hours of a view from one to another, the last one not included.
    pub(super) fn taught(&self, view: &View, (from, end): (Hour, Hour), mut profile: Arc<Profile>) -> Arc<Profile> {
        for hour in view.hours(from).into_iter().take_while(|hour| *hour < end) {
            if let Some(cell) = view.cell(hour) {
                Arc::make_mut(&mut profile).learn(hour, &cell, self.engine.learning(view.entity.family.source()));
            }
        }
        profile
    }

    /// Reads what is usual for the account of a view's entity, or what happened there in some hours, where some detector
    /// asks for that.
    pub(super) async fn meet_account(&self, view: &mut View, (from, to): (Hour, Hour)) -> Result<(), StoreError> {
        let known = view.known(from, to);
        let Some(home) = known.entity.home() else { return Ok(()) };
        if self.engine.asks_home(&known) {
            self.enroll(view, &home, (from.before(), to)).await?;
            let account = self.view(&home, from.before(), Freshness::Strong).await?;
            view.home = account.known(from, to).cells;
        }
        if !self.engine.asks_account(&known) {
            return Ok(());
        }
        // What was learnt of complete hours stays as it is, once whoever was slow has written what came in time for them.
        let end = self.complete(&home).plus(1).hour();
        // Of many entities that ask at once, one reads what all need.
        let mut accounts = self.accounts.lock().await;
        let met = accounts.get(&home).cloned();
        if let Some((_, profile)) = met.as_ref().filter(|(learnt, _)| *learnt == end) {
            view.account = Some(Arc::clone(profile));
            return Ok(());
        }
        let next = met.as_ref().map_or(Hour(i32::MAX), |(learnt, _)| *learnt);
        let mut account = self.view(&home, next, Freshness::Strong).await?;
        account.base = met;
        self.learn(&mut account, Hour(i32::MAX)).await?;
        let Some((learnt, profile)) = account.learnt else { return Ok(()) };
        view.account = Some(Arc::clone(&profile));
        if self.complete(&home).plus(1 - SKEW.num_minutes() as i32).hour() == learnt {
            if accounts.len() >= ACCOUNTS {
                accounts.clear();
            }
            accounts.insert(home, (learnt, profile));
        }
        Ok(())
    }

    /// The stored profile, and the hour that it stands at: where there is none, before all cells that live.
    pub(super) fn stored(&self, view: &View) -> (Hour, Arc<Profile>) {
        match view.stored() {
            Some((hour, profile)) => (*hour, Arc::clone(profile)),
            None => (Hour(Minute::of(self.now - LIFE).hour().0 - 1), Arc::new(Profile::default())),
        }
    }

    /// The minutes from `from` to `to` in which some detector may speak: the last of each hour.
    pub(super) fn last_awake(&self, view: &View, from: Minute, to: Minute) -> Vec<Minute> {
        let mut last = Vec::new();
        for hour in view.hours(from.hour()).into_iter().take_while(|hour| hour.first() <= to) {
            let Some(cell) = view.cell(hour) else { continue };
            let before = view.cell(hour.before());
            let asked = hour.bits(from, to);
            let around = Around { asked, last: true, ..view.around(hour, (&cell, before.as_deref())) };
            let mut minutes = self.engine.minutes(view.entity.family, around);
            if around.profile.is_none() {
                // What is new is known from an older profile, too: nothing that was known then is new.
                minutes |= self.engine.minutes(view.entity.family, Around { profile: view.lately(), ..around });
            }
            minutes &= asked;
            last.extend((minutes != 0).then(|| hour.minute(63 - minutes.leading_zeros() as u8)));
        }
        last
    }

    /// What is known of a view's entity around these hours.
    pub(super) fn known(&self, view: &View, (from, to): (Hour, Hour)) -> Known {
        Known { levels: Arc::clone(self.levels), ..view.known(from, to) }
    }

    /// What is to be judged of the minutes from `from` to `to`: the complete ones as complete, the others as not.
    pub(super) fn due(&self, view: &View, from: Minute, to: Minute) -> Vec<Due> {
        let complete = self.complete(&view.entity);
        let known = self.known(view, (from.hour(), to.hour()));
        let mut due = Vec::new();
        if from <= complete {
            due.push((known.clone(), Range { from, to: to.min(complete), complete: true }));
        }
        if to > complete {
            due.push((known, Range { from: from.max(complete.plus(1)), to, complete: false }));
        }
        due
    }

    /// Replaces the ledger of a view; says whether nobody was faster.
    pub(super) async fn write_ledger(&self, view: &View) -> Result<bool, StoreError> {
        let item = Item {
            place: view.ledger_place(),
            version: view.ledger.version + 1,
            body: pack(&view.ledger.value)?.into(),
            expires: self.now + LEDGER_LIFE,
        };
        match self.table.replace(&item, view.ledger.version).await {
            Ok(put) => Ok(put == Put::Done),
            // It may have been done: whoever begins again sees.
            Err(error) if error.outlook == Outlook::Passing => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
