//! Ticks: find the work whose time has come, bucket by bucket, and note how far they are.

use std::collections::{BTreeSet, VecDeque};

use chrono::TimeDelta;
use lapwing_detectors::profile::Profile;
use lapwing_detectors::time::{Hour, Minute};

use super::access::{Access, LIFE, Work};
use super::codec::{pack, unpack};
use super::keys::{Bucket, TICK, WORK_PARTS};
use super::port::{Freshness, Item, Outlook, Place, Put, Span, Table};
use super::view::{KEPT, View};
use crate::store::{Due, StoreError, reached};

/// Buckets that one tick does at most: after a long pause, the next ones do the rest.
const BUCKETS: i32 = 24;
/// How far back the very first tick looks.
const FIRST: TimeDelta = TimeDelta::hours(1);

/// A tick that is under way.
#[derive(Debug)]
pub(super) struct Pass {
    bucket: Bucket,
    /// The first bucket that is left to the next tick.
    end: Bucket,
    work: VecDeque<Work>,
    /// The version of the note of how far ticks are.
    version: u64,
}

/// What there is to do next.
pub(super) enum Step {
    /// Work of this pass.
    Work(Work),
    /// Nothing more in this tick.
    Over,
}

impl Pass {
    /// Takes up where the last tick ended.
    pub(super) async fn begin<T: Table>(access: &Access<'_, T>, ticked: Option<Bucket>) -> Result<Pass, StoreError> {
        let over = Bucket::at(access.now).next();
        if let Some(bucket) = ticked.filter(|ticked| *ticked >= over) {
            return Ok(Pass { bucket, end: over, work: VecDeque::new(), version: 0 });
        }
        let span = Span { key: TICK, from: TICK, to: TICK, freshness: Freshness::Strong };
        let held = access.table.query(span).await?.pop();
        let version = held.as_ref().map_or(0, |item| item.version);
        let first = Bucket::at(access.now - FIRST);
        let bucket: Bucket = held.map_or(Ok(first), |item| unpack(&item.body, "the note of ticks"))?;
        // What is older than cells live has nothing left to be judged on.
        let bucket = bucket.max(Bucket::at(access.now - LIFE));
        let end = over.min(Bucket(bucket.0 + BUCKETS));
        let mut pass = Pass { bucket, end, work: VecDeque::new(), version };
        if bucket < end {
            pass.work = access.work_of(bucket).await?;
        }
        Ok(pass)
    }

    /// The bucket that it is at.
    pub(super) fn bucket(&self) -> Bucket {
        self.bucket
    }

    /// Is there more to do in the bucket that it is at?
    pub(super) fn has_work(&self) -> bool {
        !self.work.is_empty()
    }

    /// The next thing to do. What was handed out before is done.
    pub(super) async fn next<T: Table>(&mut self, access: &Access<'_, T>) -> Result<Step, StoreError> {
        loop {
            if let Some(work) = self.work.pop_front() {
                return Ok(Step::Work(work));
            }
            if self.bucket >= self.end {
                return Ok(Step::Over);
            }
            self.bucket = self.bucket.next();
            self.note(access).await?;
            if self.bucket < self.end {
                self.work = access.work_of(self.bucket).await?;
            }
        }
    }

    /// Notes how far this tick is. Where another one is ahead, its note stands: both did the work.
    async fn note<T: Table>(&mut self, access: &Access<'_, T>) -> Result<(), StoreError> {
        let place = Place { key: TICK.into(), sort: TICK.into() };
        let (version, body) = (self.version + 1, pack(&self.bucket)?.into());
        let item = Item { place, version, body, expires: access.now + TimeDelta::days(365) };
        match access.table.replace(&item, self.version).await {
            Ok(Put::Done) => self.version = version,
            Ok(Put::Overtaken(_)) => {}
            Err(error) if error.outlook == Outlook::Passing => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
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
    pub(super) fn falls_behind(&self, view: &View, work: &Work) -> bool {
        if work.entity.family.outsiders_choose() {
            return false;
        }
        let day = work.hour.map(|hour| Hour(hour.0.div_euclid(24) * 24));
        day.is_some_and(|day| self.stands_before(view, day))
    }

    /// Has the stored profile not learnt the day before this one, as far as it can have?
    pub(super) fn stands_before(&self, view: &View, day: Hour) -> bool {
        let behind = Profile::stands_behind(self.lateness(view));
        view.ledger.value.learnt.as_ref().is_none_or(|(next, _)| next.0 < day.0 - behind)
    }

    /// The minutes of an hour, and those that windows reach from there, as far as they are complete. What an older look has
    /// unpacked and learnt is not unpacked and learnt again.
    pub(super) async fn complete_minutes(
        &self,
        work: &Work,
        older: Option<View>,
    ) -> Result<(View, Vec<Due>), StoreError> {
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
