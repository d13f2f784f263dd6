//! State in the instance or in a table, as the deployment has it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lapwing_detectors::alert::{Alert, AlertId};
use lapwing_detectors::day::{Budget, Day, Digest};
use lapwing_detectors::entity::{Entity, Family};
use lapwing_detectors::judge::Judged;
use lapwing_detectors::observe::Learnt;

use super::table::{Table, TableStore};
use super::{Daily, Due, Found, Heard, Judge, MemoryStore, Placed, StateStore, StoreError};

/// State in the instance or in a table.
pub enum EitherStore<T> {
    /// In the memory of this instance: others see nothing of it.
    Instance(Box<MemoryStore>),
    /// In a table that all instances share.
    Table(Box<TableStore<T>>),
}

impl<T: Table> EitherStore<T> {
    /// Events that came after their minute was complete.
    #[must_use]
    pub fn late(&self) -> u64 {
        match self {
            EitherStore::Instance(store) => store.late,
            EitherStore::Table(store) => store.late,
        }
    }

    /// Cells that found no room, by family.
    #[must_use]
    pub fn overflow(&self) -> &BTreeMap<Family, u64> {
        match self {
            EitherStore::Instance(store) => store.overflow(),
            EitherStore::Table(store) => store.overflow(),
        }
    }

    /// Does what is to be said outlive this instance?
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self, EitherStore::Table(_))
    }

    /// Ticks leave what they have not begun by then to the next one, where there is a table to note that in.
    pub fn end_ticks(&mut self, at: SystemTime) {
        if let EitherStore::Table(store) = self {
            store.ends = Some(at);
        }
    }

    /// Since when the oldest change waits to be sent that was met since this was last asked, or a minute to be judged;
    /// nothing without a table.
    pub fn waiting_since(&mut self) -> Option<DateTime<Utc>> {
        match self {
            EitherStore::Instance(_) => None,
            EitherStore::Table(store) => store.waiting_since.take(),
        }
    }
}

// Each call of a table is many futures deep: boxed, they stay small for whoever waits for them.
impl<T: Table> StateStore for EitherStore<T> {
    async fn exchange(&mut self, learnt: Learnt) -> Result<Vec<Due>, StoreError> {
        match self {
            EitherStore::Instance(store) => store.exchange(learnt).await,
            EitherStore::Table(store) => Box::pin(store.exchange(learnt)).await,
        }
    }

    async fn due(&mut self, now: DateTime<Utc>) -> Result<Vec<Due>, StoreError> {
        match self {
            EitherStore::Instance(store) => store.due(now).await,
            EitherStore::Table(store) => Box::pin(store.due(now)).await,
        }
    }

    async fn fold(
        &mut self,
        judged: Vec<Judged>,
        judge: &Judge<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Found>, StoreError> {
        match self {
            EitherStore::Instance(store) => store.fold(judged, judge, now).await,
            EitherStore::Table(store) => Box::pin(store.fold(judged, judge, now)).await,
        }
    }

    async fn heard(&mut self, entity: &Entity, now: DateTime<Utc>) -> Result<Option<Heard>, StoreError> {
        match self {
            EitherStore::Instance(store) => store.heard(entity, now).await,
            EitherStore::Table(store) => Box::pin(store.heard(entity, now)).await,
        }
    }

    fn unsaid(&mut self, now: DateTime<Utc>) -> Vec<Alert> {
        match self {
            EitherStore::Instance(store) => store.unsaid(now),
            EitherStore::Table(store) => store.unsaid(now),
        }
    }

    async fn said(&mut self, alert: &Alert) -> Result<(), StoreError> {
        match self {
            EitherStore::Instance(store) => store.said(alert).await,
            EitherStore::Table(store) => Box::pin(store.said(alert)).await,
        }
    }

    async fn parent(&mut self, alert: &Alert) -> Result<Option<AlertId>, StoreError> {
        match self {
            EitherStore::Instance(store) => store.parent(alert).await,
            EitherStore::Table(store) => Box::pin(store.parent(alert)).await,
        }
    }

    async fn place(&mut self, alert: &Alert, budget: Budget, now: DateTime<Utc>) -> Result<Placed, StoreError> {
        match self {
            EitherStore::Instance(store) => store.place(alert, budget, now).await,
            EitherStore::Table(store) => Box::pin(store.place(alert, budget, now)).await,
        }
    }

    async fn digest(&mut self, now: DateTime<Utc>) -> Result<Option<(Day, Digest)>, StoreError> {
        match self {
            EitherStore::Instance(store) => store.digest(now).await,
            EitherStore::Table(store) => Box::pin(store.digest(now)).await,
        }
    }

    async fn daily_said(&mut self, daily: Daily, now: DateTime<Utc>) -> Result<(), StoreError> {
        match self {
            EitherStore::Instance(store) => store.daily_said(daily, now).await,
            EitherStore::Table(store) => Box::pin(store.daily_said(daily, now)).await,
        }
    }
}
