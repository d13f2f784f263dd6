//! Fold: what was found goes into the ledger of its entity.

use std::sync::Arc;

use lapwing_detectors::entity::Entity;
use lapwing_detectors::judge::Range;
use lapwing_detectors::profile::Profile;
use lapwing_detectors::time::Hour;

use super::access::{Access, LEDGER_LIFE, Work};
use super::codec::{pack, plain};
use super::held::Held;
use super::ledger::Ledger;
use super::port::{Freshness, Item, Outlook, Put, Table};
use super::view::{Usual, View};
use crate::store::days::Claim;
use crate::store::{Found, Judge, StoreError};

/// How often a ledger is begun again because somebody was faster.
const TRIES: u32 = 40;
/// Whether minutes were judged as complete before what is judged now came for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    /// Nothing came for them since.
    Closed,
    /// Something did. Somebody who has not seen it may be about to write what it undid: the ledger is replaced even
    /// where nothing in it changes, so that this somebody is overtaken and judges again.
    Reopened,
}

/// What is usual is stored anew when that moves it on by so many hours, where it was learnt anyway.
pub(super) const WORTH_HOURS: i32 = 6;

impl<T: Table> Access<'_, T> {
    /// Judges minutes of an entity on what is now in the table, and writes what follows into its ledger. What is not complete
    /// is judged on what was known already: it is judged once more when it is complete, and until then only adds. The ledger is
    /// read before the cells and replaced only if nobody has changed it since: so of two that judge, the one that has
    /// seen more writes last. The first try begins with the ledger that was read in this call, before the minutes were
    /// judged first: where it has changed since, that try comes to nothing.
    pub(super) async fn settle(
        &self,
        (entity, held): (&Entity, Option<&View>),
        (ranges, past): (&[Range], Past),
        judge: &Judge<'_>,
    ) -> Result<(View, Vec<Found>), StoreError> {
        let early = !ranges.is_empty() && past == Past::Closed && ranges.iter().all(|range| !range.complete);
        for number in 0..TRIES {
            let mut view = match held {
                Some(held) if early => self.beside_ledger(held, number).await?,
                Some(held) if number == 0 && held.read == self.now && !ranges.is_empty() => {
                    self.closely(held.clone(), ranges).await?
                }
                _ => {
                    let ledger = self.ledger(entity, Freshness::Strong).await?;
                    self.closely(ledger, ranges).await?
                }
            };
            let mut book = view.ledger.value.book(self.engine);
            let mut found = Vec::new();
            for range in ranges {
                let known = self.known(&view, (range.from.hour(), range.to.hour()));
                found.extend(book.take(judge(&known, *range), self.engine));
            }
            let before = plain(&view.ledger.value)?;
            let claim = Claim { owner: self.owner, now: self.now, until: self.now + self.lease };
            view.ledger.value.take_over(claim);
            if past == Past::Reopened {
                view.ledger.value.reopened = view.ledger.value.reopened.wrapping_add(1);
            }
            // What is said now waits no more; what is left to wait for must be asked for.
            let waits = view.ledger.value.write(book, claim, self.complete_for_all());
            if past == Past::Closed && plain(&view.ledger.value)? == before {
                return Ok((view, Vec::new()));
            }
            // Asked for before it is written: an instance that dies in between leaves a look for nothing, not a letter
            // that nobody sends.
            let ends = waits.map(|minute| minute.plus(1 + self.longest_lateness()).start());
            for at in [ends, view.ledger.value.lease()].into_iter().flatten() {
                let work = Work { entity: entity.clone(), hour: None };
                self.ask(work, at).await?;
            }
            if self.write_ledger(&view).await? {
                view.ledger.version += 1;
                if !early {
                    self.store_usual(&mut view, WORTH_HOURS).await?;
                }
                return Ok((view, found));
            }
        }
        Err(StoreError { what: format!("{entity}: others were faster {TRIES} times") })
    }

    /// What was known when minutes were judged first, with the ledger as it is by now.
    async fn beside_ledger(&self, held: &View, number: u32) -> Result<View, StoreError> {
        let freshness = if number == 0 { Freshness::Eventual } else { Freshness::Strong };
        let mut view = held.clone();
        view.ledger = self.ledger(&held.entity, freshness).await?.ledger;
        Ok(view)
    }

    /// What minutes are judged on for good: cells that were read after the ledger was.
    async fn closely(&self, mut view: View, ranges: &[Range]) -> Result<View, StoreError> {
        let ledger = view.ledger.clone();
        if let Some(from) = ranges.iter().map(|range| range.from.hour().before()).min() {
            if !view.firm || view.from > from {
                view = self.again(view, from, Freshness::Strong).await?;
            }
            self.learn(&mut view, from.after()).await?;
            let to = ranges.iter().map(|range| range.to.hour()).max().unwrap_or(from);
            self.meet_account(&mut view, (from, to)).await?;
        }
        view.ledger = ledger;
        Ok(view)
    }

    fn longest_lateness(&self) -> i32 {
        self.engine.lateness.lambda.max(self.engine.lateness.cloudtrail).0 as i32
    }

    /// Moves the stored profile of a view's entity on, to an hour that nothing can come in time for any more.
    pub(super) async fn move_on(&self, view: &mut View) -> Result<(), StoreError> {
        let mut whole = view.clone();
        self.read_usual(&mut whole).await?;
        let stands = self.stored(&whole).0;
        if whole.from > stands {
            whole = self.again(whole, stands, Freshness::Strong).await?;
        }
        self.store_usual(&mut whole, 1).await?;
        view.usual = whole.usual;
        Ok(())
    }

    /// Stores what is usual, where the cells of a view, which were read strongly, move it on by so many hours. The first one
    /// to write is as good as any other.
    pub(super) async fn store_usual(&self, view: &mut View, hours: i32) -> Result<(), StoreError> {
        let Some(held) = view.usual.clone() else { return Ok(()) };
        let end = Hour(self.complete(&view.entity).plus(1).hour().0 - Profile::stands_behind(self.lateness(view)));
        let (stands, profile) = self.stored(view);
        if end.0 < stands.0.saturating_add(hours) || view.from > stands {
            return Ok(());
        }
        let mut profile = Arc::unwrap_or_clone(self.taught(view, (stands, end), profile));
        profile.settle(end);
        let usual: Usual = Some((end, Arc::new(profile)));
        let (place, version, expires) = (view.usual_place(), held.version + 1, self.now + LEDGER_LIFE);
        let item = Item { place, version, body: pack(&usual)?.into(), expires };
        match self.table.replace(&item, held.version).await {
            Ok(Put::Done) => view.usual = Some(Held::of(&item, usual)),
            Ok(Put::Overtaken(Some(item))) => view.take(&item, (self.now, None))?,
            Ok(Put::Overtaken(None)) => view.usual = None,
            Err(error) if error.outlook == Outlook::Passing => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Removes a letter that was sent, first from the ledger as it is remembered. Returns the ledger as it is then, where
    /// that is known.
    pub(super) async fn sent(
        &self,
        entity: &Entity,
        number: u64,
        mut held: Option<View>,
    ) -> Result<Option<Held<Ledger>>, StoreError> {
        for _ in 0..TRIES {
            let (mut view, remembered) = match held.take() {
                Some(held) => (held, true),
                None => (self.ledger(entity, Freshness::Strong).await?, false),
            };
            if !view.ledger.value.sent(number) {
                if remembered {
                    continue;
                }
                return Ok(None);
            }
            if self.write_ledger(&view).await? {
                view.ledger.version += 1;
                return Ok(Some(view.ledger));
            }
        }
        Err(StoreError { what: format!("{entity}: others were faster {TRIES} times") })
    }
}
