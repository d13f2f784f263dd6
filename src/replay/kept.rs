//! A replay that goes on where another ended.
//!
//! What is kept is what was known before the end: nothing in it was judged as if no more could come. The next replay
//! judges the hours that are held with all that it adds, and says what differs from what was said.

use chrono::{DateTime, Utc};
use lapwing_detectors::alert::{Alert, Quality};
use lapwing_detectors::group::{Gone, Page};
use lapwing_detectors::time::{Hour, Minute};

use super::met::Book;
use super::run::{Order, Replay};
use super::state::Wrong;
use crate::store::blocks::{Damaged, Reader, Writer};
use crate::store::{MemoryStore, StoreError};

/// Hours with events that are held for what comes late: those of a week.
const HELD_HOURS: usize = 7 * 24;

/// What a replay that is to be gone on with knows besides its state.
#[derive(Default)]
pub(super) struct Kept {
    /// The alerts that were said by those before.
    said: Vec<Page>,
    /// Were the settings the same?
    gone: Option<Gone>,
    /// What is known before the end, and up to when it was judged for good.
    known: Option<(Writer, Minute)>,
}

impl Order {
    /// How it is named.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Order::Event => "event",
            Order::Delivery => "delivery",
        }
    }
}

impl Replay {
    /// Makes it one that another can go on with, and goes on with what was kept of an earlier one. Call it before
    /// [`Replay::run`].
    ///
    /// # Errors
    /// When the bytes are not what [`Replay::keep`] gave, or were kept in another order.
    pub fn resume(&mut self, kept: Option<&[u8]>) -> Result<(), Wrong> {
        self.kept = Some(Kept::default());
        let Some(bytes) = kept else { return Ok(()) };
        let mut from = Reader::new(bytes);
        let (delivered, settings, freed): (bool, u64, Hour) = from.take()?;
        let order = if delivered { Order::Delivery } else { Order::Event };
        if order != self.plan.order {
            return Err(Wrong::Order(order.name()));
        }
        self.freed = freed;
        self.met = Book::restore(&mut from)?;
        self.pipeline.store.restore(&mut from)?;
        let gone = if settings == self.settings { Gone::TakenBack } else { Gone::Stands };
        let said = MemoryStore::kept_alerts(&mut from)?;
        self.pipeline.store.restore_days(&mut from)?;
        self.kept = Some(Kept { said, gone: Some(gone), known: None });
        Ok(())
    }

    /// Notes what is known, before the end is judged as if no more could come.
    pub(super) fn note_known(&mut self) -> Result<(), StoreError> {
        if self.kept.is_none() {
            return Ok(());
        }
        if let Some(last) = self.met.before_newest(HELD_HOURS) {
            match self.plan.order {
                Order::Event => self.free(last.after().first().start())?,
                Order::Delivery => self.met.forget(last),
            }
        }
        let known = self.known().map_err(|Damaged(what)| StoreError { what })?;
        let judged = self.pipeline.store.judged_for_good();
        if let Some(kept) = &mut self.kept {
            kept.known = Some((known, judged));
        }
        Ok(())
    }

    fn known(&mut self) -> Result<Writer, Damaged> {
        let mut out = Writer::default();
        out.put(&(self.plan.order == Order::Delivery, self.settings, self.freed))?;
        self.met.keep(&mut out)?;
        self.pipeline.store.keep(&mut out)?;
        Ok(out)
    }

    /// Gives the alerts what was said of them before, and says how far they can be trusted while more may come.
    pub(super) fn recall(&mut self) {
        let Some(kept) = &mut self.kept else { return };
        let gone = kept.gone.unwrap_or(Gone::TakenBack);
        self.pipeline.store.book_mut().recall(std::mem::take(&mut kept.said), gone, &self.pipeline.engine);
    }

    /// Marks an alert as provisional where another replay may add to its minutes.
    pub(super) fn mark_open(&self, alert: &mut Alert) {
        let (Some(newest), true) = (self.pipeline.store.newest, self.kept.is_some()) else { return };
        if alert.window.end > self.complete_at(newest) {
            alert.quality = Quality::Provisional;
        }
    }

    /// What is complete once this happened, whichever the source.
    fn complete_at(&self, newest: DateTime<Utc>) -> DateTime<Utc> {
        let lateness = self.pipeline.engine.lateness;
        Minute::of(newest).plus(-(lateness.lambda.max(lateness.cloudtrail).0 as i32)).start()
    }

    /// What the next replay needs to go on, after all was said; nothing without [`Replay::resume`], or when this one did
    /// not come to its end.
    ///
    /// # Errors
    /// Never for the types that are kept.
    pub fn keep(&mut self) -> Result<Option<Vec<u8>>, Wrong> {
        let Some((mut known, judged)) = self.kept.as_mut().and_then(|kept| kept.known.take()) else { return Ok(None) };
        match self.plan.order {
            Order::Event => self.pipeline.store.keep_alerts(judged, &mut known)?,
            // There, what was said stands with the alerts that are known.
            Order::Delivery => known.put(&0_u64)?,
        }
        self.pipeline.store.keep_days(&mut known)?;
        Ok(Some(known.finish()?))
    }
}
