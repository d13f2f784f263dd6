//! The functions of an account that fail: enrolled, so that what happens in the account can be told of them.

use std::collections::BTreeSet;

use lapwing_detectors::entity::{Entity, Family};
use lapwing_detectors::time::{Hour, Minute};
use xxhash_rust::xxh3::xxh3_128;

use super::access::{Access, LIFE, Work};
use super::codec::{pack, unpack};
use super::keys::{Bucket, enrolled_in, enrolled_key};
use super::port::{Freshness, Item, Place, Span, Table};
use super::view::View;
use crate::store::{Due, StoreError};

/// Stands for the bucket where who was enrolled is remembered.
const ENROLLED: Bucket = Bucket(i32::MIN);

impl<T: Table> Access<'_, T> {
    /// Enrolls a function with its account for the hours that are judged, before the account's cells are read: of a change
    /// in the account that is written meanwhile, either the reader or the writer knows.
    pub(super) async fn enroll(&self, view: &View, home: &Entity, hours: (Hour, Hour)) -> Result<(), StoreError> {
        for hour in view.hours(hours.0).into_iter().take_while(|hour| *hour <= hours.1) {
            let done = (ENROLLED, Work { entity: view.entity.clone(), hour: Some(hour) });
            if self.asked().contains(&done) {
                continue;
            }
            let name = xxh3_128(view.key.as_bytes());
            let place = Place { key: enrolled_key(home), sort: format!("{}{name:032x}", enrolled_in(hour)).into() };
            let expires = hour.after().first().start() + LIFE;
            let item = Item { place, version: 1, body: pack(&view.entity)?.into(), expires };
            self.table.put(&item).await?;
            self.note_asked(vec![done]);
        }
        Ok(())
    }

    /// What is to be judged anew of an account's functions that fail, after something happened in the account.
    pub(super) async fn moved(
        &self,
        home: &Entity,
        (from, to): (Minute, Minute),
    ) -> Result<Vec<(View, Vec<Due>)>, StoreError> {
        let mut functions = BTreeSet::new();
        let (key, first, last) = (enrolled_key(home), enrolled_in(from.hour()), enrolled_in(to.hour().after()));
        let span = Span { key: &key, from: &first, to: &last, freshness: Freshness::Strong };
        for item in self.table.query(span).await? {
            functions.insert(unpack::<Entity>(&item.body, "a function that fails")?);
        }
        let mut all = Vec::new();
        for entity in functions.into_iter().filter(|entity| entity.family == Family::Function) {
            let mut view = self.view(&entity, from.hour().before(), Freshness::Strong).await?;
            self.learn(&mut view, from.hour()).await?;
            self.meet_account(&mut view, (from.hour(), to.hour())).await?;
            view.reopened = true;
            let due = self.due(&view, from, to);
            all.push((view, due));
        }
        Ok(all)
    }
}
