//! A table in memory, as plain as can be, and one that is wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;

use lapwing::store::table::{Item, Place, Put, Span, Table, TableError};

/// Items in their order. Every call lets others go first, as a network does.
#[derive(Default)]
pub(super) struct Plain {
    items: RefCell<BTreeMap<Place, Item>>,
}

impl Table for Plain {
    async fn query(&self, span: Span<'_>) -> Result<Vec<Item>, TableError> {
        tokio::task::yield_now().await;
        let items = self.items.borrow();
        let within = |place: &Place| *place.key == *span.key && *place.sort >= *span.from && *place.sort <= *span.to;
        Ok(items.values().filter(|item| within(&item.place)).cloned().collect())
    }

    async fn replace(&self, item: &Item, before: u64) -> Result<Put, TableError> {
        tokio::task::yield_now().await;
        let now = self.items.borrow().get(&item.place).cloned();
        if now.as_ref().map_or(0, |now| now.version) != before {
            return Ok(Put::Overtaken(now));
        }
        self.put(item).await.map(|()| Put::Done)
    }

    async fn put(&self, item: &Item) -> Result<(), TableError> {
        self.items.borrow_mut().insert(item.place.clone(), item.clone());
        Ok(())
    }
}

/// One that replaces without looking.
#[derive(Default)]
pub(super) struct Careless(Plain);

impl Table for Careless {
    async fn query(&self, span: Span<'_>) -> Result<Vec<Item>, TableError> {
        self.0.query(span).await
    }

    async fn replace(&self, item: &Item, _before: u64) -> Result<Put, TableError> {
        tokio::task::yield_now().await;
        self.0.put(item).await.map(|()| Put::Done)
    }

    async fn put(&self, item: &Item) -> Result<(), TableError> {
        self.0.put(item).await
    }
}
