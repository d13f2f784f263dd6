//! Ticks: find the work whose time has come, bucket by bucket, and note how far they are.

use std::collections::{BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use lapwing_detectors::judge::{Judged, Known, Range};
use lapwing_detectors::profile::Profile;
use lapwing_detectors::time::{Hour, Minute};
use serde::{Deserialize, Serialize};

use super::access::{Access, LIFE, Work};
use super::codec::{pack, unpack};
use super::fold::Past;
use super::keys::{Bucket, TICK, WORK_PARTS};
use super::port::{Freshness, Item, Outlook, Place, Put, Span, Table};
use super::store::{AT_ONCE, TableStore};
use super::view::{KEPT, View};
use crate::store::{Due, StoreError, reached};

/// Buckets that one tick does at most: after a long pause, the next ones do the rest.
const BUCKETS: i32 = 24;
/// It notes how far it is in a bucket each time that so many handfuls are done.
const NOTED: u32 = 4;
/// How often a note is written again because an older one stood there.
const TRIES: u32 = 3;
/// How far back the very first tick looks.
const FIRST: TimeDelta = TimeDelta::hours(1);

/// How far ticks have come: all work of earlier buckets is done, and of this one what is not after `done`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Reached {
    bucket: Bucket,
    done: Option<Work>,
}

/// A tick that is under way.
#[derive(Debug)]
pub(super) struct Pass {
    at: Reached,
    /// The first bucket that is left to the next tick.
    end: Bucket,
    /// What is left of the bucket that it is at, in order.
    work: VecDeque<Work>,
    /// The last thing that was taken of it.
    taken: Option<Work>,
    /// How often something was taken since that was noted.
    unnoted: u32,
    /// The version of the note of how far ticks are.
    version: u64,
}

impl Pass {
    /// Takes up where the last tick ended.
    pub(super) async fn begin<T: Table>(access: &Access<'_, T>, ticked: Option<Bucket>) -> Result<Pass, StoreError> {
        let over = Bucket::at(access.now).next();
        let nothing = |bucket| Reached { bucket, done: None };
        let pass = |at, end, version| Pass { at, end, work: VecDeque::new(), taken: None, unnoted: 0, version };
        if let Some(bucket) = ticked.filter(|ticked| *ticked >= over) {
            return Ok(pass(nothing(bucket), over, 0));
        }
        let span = Span { key: TICK, from: TICK, to: TICK, freshness: Freshness::Strong };
        let held = access.table.query(span).await?.pop();
        let version = held.as_ref().map_or(0, |item| item.version);
        let first = nothing(Bucket::at(access.now - FIRST));
        let reached = held.map_or(Ok(first), |item| read(&item))?;
        // What is older than cells live has nothing left to be judged on.
        let at = reached.max(nothing(Bucket::at(access.now - LIFE)));
        let end = over.min(Bucket(at.bucket.0 + BUCKETS));
        let mut pass = pass(at, end, version);
        pass.enter(access).await?;
        Ok(pass)
    }

    /// The bucket that it is at.
    pub(super) fn bucket(&self) -> Bucket {
        self.at.bucket
    }

    /// Is there more to do in the bucket that it is at?
    pub(super) fn has_work(&self) -> bool {
        !self.work.is_empty()
    }

    /// Notes from time to time how far it is: all that was taken is done, and what was found is in the ledgers.
    pub(super) async fn done<T: Table>(&mut self, access: &Access<'_, T>) -> Result<(), StoreError> {
        if self.unnoted < NOTED {
            return Ok(());
        }
        self.note(access, self.taken.clone()).await
    }

    /// What is to be done next, of one bucket; nothing when it is over. Before it leaves a bucket, what was taken is done.
    pub(super) async fn next<T: Table>(
        &mut self,
        access: &Access<'_, T>,
        most: usize,
    ) -> Result<Vec<Work>, StoreError> {
        while self.work.is_empty() && self.at.bucket < self.end {
            self.at = Reached { bucket: self.at.bucket.next(), done: None };
            self.note(access, None).await?;
            self.enter(access).await?;
        }
        let handful: Vec<Work> = self.work.drain(..most.min(self.work.len())).collect();
        self.taken = handful.last().cloned();
        self.unnoted += 1;
        Ok(handful)
    }

    /// Notes that all that was taken is done, and leaves the rest to the next tick.
    pub(super) async fn leave<T: Table>(mut self, access: &Access<'_, T>) -> Result<(), StoreError> {
        self.note(access, self.taken.clone()).await
    }

    /// Reads what is left of the bucket that it is at.
    async fn enter<T: Table>(&mut self, access: &Access<'_, T>) -> Result<(), StoreError> {
        if self.at.bucket < self.end {
            self.work = access.work_of(self.at.bucket).await?;
            self.work.retain(|work| self.at.done.as_ref().is_none_or(|done| work > done));
        }
        Ok(())
    }

    /// Notes how far this tick is. Where another one is ahead, the rest is left to that one: both began with the same.
    async fn note<T: Table>(&mut self, access: &Access<'_, T>, done: Option<Work>) -> Result<(), StoreError> {
        (self.at.done, self.unnoted) = (done.or(self.at.done.take()), 0);
        for _ in 0..TRIES {
            let place = Place { key: TICK.into(), sort: TICK.into() };
            let (version, body) = (self.version + 1, pack(&self.at)?.into());
            let item = Item { place, version, body, expires: access.now + TimeDelta::days(365) };
            match access.table.replace(&item, self.version).await {
                Ok(Put::Done) => {
                    self.version = version;
                    return Ok(());
                }
                Ok(Put::Overtaken(held)) => {
                    self.version = held.as_ref().map_or(0, |item| item.version);
                    let Some(ahead) = held.map(|item| read(&item)).transpose()?.filter(|there| *there > self.at) else {
                        continue;
                    };
                    // What was taken here says nothing about the bucket that the other one is at.
                    (self.end, self.at, self.taken) = (ahead.bucket, ahead, None);
                    self.work.clear();
                    return Ok(());
                }
                // It may have been done: the next note shows.
                Err(error) if error.outlook == Outlook::Passing => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn read(item: &Item) -> Result<Reached, StoreError> {
    unpack(&item.body, "the note of ticks")
}

/// What came of the work of one entity.
#[derive(Default)]
struct Finished {
    /// What is to be judged.
    due: Vec<Due>,
    /// What was read for that.
    view: Option<View>,
    /// Its ledger, where that was looked at: there may be letters for this instance in it.
    ledger: Option<View>,
}

impl<T: Table> TableStore<T> {
    /// Leaves what a tick has not begun to the next one.
    pub(super) async fn leave(&mut self, pass: Pass, now: DateTime<Utc>) -> Result<(), StoreError> {
        let waits = Some(pass.bucket().start()).filter(|since| *since <= now);
        self.waiting_since = self.waiting_since.into_iter().chain(waits).min();
        pass.leave(&self.access(now)).await
    }

    /// Does work of one bucket, many entities at once.
    pub(super) async fn finish(&mut self, work: &[Work], now: DateTime<Utc>) -> Result<Vec<Due>, StoreError> {
        self.meet_levels(work.iter().filter_map(|work| work.hour), now).await?;
        let of_one = |a: &Work, b: &Work| a.entity == b.entity;
        let all: Vec<_> = work.chunk_by(of_one).map(|all| (all, self.views.remove(&all[0].entity))).collect();
        let access = self.access(now);
        let finishing = stream::iter(all).map(async |(all, older): (&[Work], _)| access.finish_one(all, older).await);
        let finished: Vec<Finished> = finishing.buffered(AT_ONCE).try_collect().await?;
        let mut due = Vec::new();
        for Finished { due: more, view, ledger } in finished {
            ledger.iter().for_each(|ledger| self.collect(ledger));
            view.into_iter().for_each(|view| self.remember(view));
            due.extend(more);
        }
        Ok(due)
    }
}

impl<T: Table> Access<'_, T> {
    async fn work_of(&self, bucket: Bucket) -> Result<VecDeque<Work>, StoreError> {
        let mut work = BTreeSet::new();
        for part in 0..WORK_PARTS {
            let key = bucket.key(part);
            let span = Span { key: &key, from: "0", to: "~", freshness: Freshness::Strong };
            for item in self.table.query(span).await? {
                let row: Vec<Work> = unpack(&item.body, "work that waits")?;
                work.extend(row);
            }
        }
        Ok(work.into_iter().collect())
    }

    /// Does the stored profile of an entity end before the day of this work?
    fn falls_behind(&self, view: &View, work: &Work) -> bool {
        if work.entity.family.outsiders_choose() {
            return false;
        }
        let day = work.hour.map(|hour| Hour(hour.0.div_euclid(24) * 24));
        day.is_some_and(|day| self.stands_before(view, day))
    }

    /// Has the stored profile not learnt the day before this one, as far as it can have?
    pub(super) fn stands_before(&self, view: &View, day: Hour) -> bool {
        let behind = Profile::stands_behind(self.lateness(view));
        view.stored().is_none_or(|(next, _)| next.0 < day.0 - behind)
    }

    /// Does what one entity has to do in a bucket, one thing after the other.
    async fn finish_one(&self, all: &[Work], mut older: Option<View>) -> Result<Finished, StoreError> {
        let mut finished = Finished::default();
        for work in all {
            if work.hour.is_none() {
                let never = |known: &Known, range: Range| Judged::empty(known.entity.clone(), range);
                let (view, _) = self.settle((&work.entity, None), (&[], Past::Closed), &never).await?;
                finished.ledger = Some(view);
                continue;
            }
            let (mut view, due) = self.complete_minutes(work, older).await?;
            if self.falls_behind(&view, work) {
                self.move_on(&mut view).await?;
            }
            finished.due.extend(due);
            older = Some(view);
        }
        finished.view = older;
        Ok(finished)
    }

    /// The minutes of an hour, and those that windows reach from there, as far as they are complete. What an older look has
    /// unpacked and learnt is not unpacked and learnt again.
    async fn complete_minutes(&self, work: &Work, older: Option<View>) -> Result<(View, Vec<Due>), StoreError> {
        let hour = work.hour.unwrap_or_else(|| Minute::of(self.now).hour());
        let mut view = match older {
            Some(older) => {
                // As far as it was needed last time: else it would be read twice.
                let near = |from: &Hour| from.0 >= hour.0 - KEPT;
                let from = older
                    .base
                    .as_ref()
                    .map(|base| base.0)
                    .into_iter()
                    .chain([older.reach])
                    .filter(near)
                    .fold(hour.before(), Hour::min);
                self.again(older, from, Freshness::Strong).await?
            }
            None => self.view(&work.entity, hour.before(), Freshness::Strong).await?,
        };
        let to = reached(hour.last(), 1).min(self.complete(&work.entity));
        if to < hour.first() || view.ledger.value.is_quiet() && self.last_awake(&view, hour.first(), to).is_empty() {
            return Ok((view, Vec::new()));
        }
        self.learn(&mut view, hour).await?;
        self.meet_account(&mut view, (hour, to.hour())).await?;
        let due = self.due(&view, hour.first(), to);
        Ok((view, due))
    }
}
