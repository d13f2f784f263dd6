//! How an instance reads what is in the table of an entity: all of it, what may have changed of it, or one item.

use std::sync::Arc;

use lapwing_detectors::entity::Entity;
use lapwing_detectors::profile::Profile;
use lapwing_detectors::time::{Hour, Minute};

use super::access::{Access, SKEW};
use super::port::{Freshness, Table};
use super::view::View;
use crate::store::StoreError;

impl<T: Table> Access<'_, T> {
    /// Reads a view.
    pub(super) async fn view(&self, entity: &Entity, from: Hour, freshness: Freshness) -> Result<View, StoreError> {
        let mut view = View::read(self.table, (entity, from), freshness, (self.now, None)).await?;
        if freshness == Freshness::Strong {
            view.closed = self.closed(entity);
        }
        Ok(view)
    }

    /// Reads the ledger of an entity alone.
    pub(super) async fn ledger(&self, entity: &Entity, freshness: Freshness) -> Result<View, StoreError> {
        View::ledger(self.table, entity, freshness, self.now).await
    }

    /// Reads a view instead of an older one, but for the cells that are as they were: of hours for which nothing can come
    /// in time. What comes late for them is noted in the ledger by whoever adds it, after it was added: who has seen the
    /// ledger without that note is followed by somebody who judges with both.
    pub(super) async fn again(&self, older: View, from: Hour, freshness: Freshness) -> Result<View, StoreError> {
        let read =
            async |from: Hour| View::read(self.table, (&older.entity, from), freshness, (self.now, Some(&older))).await;
        let unread = older.unread(from);
        let mut view = read(unread).await?;
        let mut known = older.ledger.version;
        if !view.keep(&older, from) {
            known = view.ledger.version;
            view = read(from).await?;
        }
        if freshness == Freshness::Strong {
            view.closed = self.closed(&older.entity);
            view.firm = view.ledger.version == known;
        }
        Ok(view.instead_of(older))
    }

    /// Were all cells of a view from an hour on read, and those of all hours that profiles have learnt by now when nothing
    /// could come in time for them?
    pub(super) fn covers(&self, view: &View, from: Hour) -> bool {
        let lateness = self.lateness(view).0 as i32;
        let complete = |at| Minute::of(at).plus(-lateness).hour();
        view.from <= from && complete(view.read - SKEW) >= complete(self.now)
    }

    /// Reads the cells of a view from an hour on again, for what comes in time: those of the hours before, its ledger and
    /// what is usual are as they were, which decides nothing for good.
    pub(super) async fn renew(&self, mut view: View, hour: Hour) -> Result<View, StoreError> {
        view.renew(self.table, hour, (Freshness::Eventual, self.now)).await?;
        Ok(view)
    }

    /// The first hour of an entity for which something may still come in time, from whoever is slow.
    fn closed(&self, entity: &Entity) -> Hour {
        self.complete(entity).plus(1 - SKEW.num_minutes() as i32).hour()
    }

    /// What is usual as far as it is known, and the hour before which it was learnt.
    pub(super) fn newest(&self, view: &View) -> (Hour, Arc<Profile>) {
        let stored = self.stored(view);
        view.base.clone().filter(|known| known.0 >= stored.0).unwrap_or(stored)
    }

    pub(super) async fn read_usual(&self, view: &mut View) -> Result<(), StoreError> {
        view.read_usual(self.table, (Freshness::Eventual, self.now)).await
    }

    pub(super) async fn reread(&self, view: &mut View, from: Hour) -> Result<(), StoreError> {
        *view = self.again(view.clone(), from, Freshness::Strong).await?;
        Ok(())
    }
}
