//! The census: how many cells may be made, over all instances, so that names which anybody can invent fill no table.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use lapwing_detectors::entity::Family;

use super::codec::{pack, unpack};
use super::port::{Freshness, Item, Outlook, Place, Put, Span, Table};
use crate::store::{Limits, StoreError};

/// Cells that an instance may make before it asks again.
const BLOCK: usize = 250;
/// How often a count is begun again because somebody was faster.
const TRIES: u32 = 200;

/// How many cells this instance may make, by family.
#[derive(Debug, Default)]
pub(super) struct Census {
    left: BTreeMap<Family, (i64, usize)>,
    /// Cells that found no room, by family.
    pub(super) overflow: BTreeMap<Family, u64>,
}

impl Census {
    /// May another cell of this family be made? One that may not is counted.
    pub(super) async fn admit(
        &mut self,
        table: &impl Table,
        (family, limits): (Family, Limits),
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let (day, limit) = (now.timestamp().div_euclid(86_400), limits.of(family));
        let (of, left) = self.left.entry(family).or_insert((day, 0));
        if *of != day {
            (*of, *left) = (day, 0);
        }
        if *left == 0 {
            *left = reserve(table, (family, day), limit, now).await?;
        }
        if *left == 0 {
            *self.overflow.entry(family).or_default() += 1;
            return Ok(false);
        }
        *left -= 1;
        Ok(true)
    }
}

/// Reserves a block of cells of a family for this day; 0 when there is no room.
async fn reserve(
    table: &impl Table,
    (family, day): (Family, i64),
    limit: usize,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let place = Place { key: format!("n{family:?}").into(), sort: format!("{day}").into() };
    let span = Span { key: &place.key, from: &place.sort, to: &place.sort, freshness: Freshness::Strong };
    let mut held = table.query(span.clone()).await?.pop();
    for _ in 0..TRIES {
        let version = held.as_ref().map_or(0, |item| item.version);
        let used: usize = held.map_or(Ok(0), |item| unpack(&item.body, "the census"))?;
        let block = BLOCK.min(limit.saturating_sub(used));
        if block == 0 {
            return Ok(0);
        }
        let body = pack(&(used + block))?.into();
        let item = Item { place: place.clone(), version: version + 1, body, expires: now + TimeDelta::days(2) };
        match table.replace(&item, version).await {
            Ok(Put::Done) => return Ok(block),
            Ok(Put::Overtaken(current)) => held = current,
            // Where it was done after all, a block is lost: the bound holds.
            Err(error) if error.outlook == Outlook::Passing => held = table.query(span.clone()).await?.pop(),
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError { what: format!("the census of {family:?}: others were faster {TRIES} times") })
}
