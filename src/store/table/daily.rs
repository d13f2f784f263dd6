//! Days in the table: the note of a day, which all instances decide by, and its digest in parts.
//!
//! An alert is entered before its letter is taken out of the outbox, and known by its id: whoever enters it again after
//! a crash changes nothing. A digest is closed before it is read, so that what is sent is all of it, and what comes
//! later goes into the next one.

use chrono::TimeDelta;
use lapwing_detectors::alert::{Alert, Status};
use lapwing_detectors::day::{Budget, Day, Digest};
use lapwing_detectors::stage::Stage;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::access::Access;
use super::codec::{pack, unpack};
use super::port::{Freshness, Item, Outlook, Place, Put, Span, Table};
use crate::store::StoreError;
use crate::store::days::{BACK, Claim, Daily, Errand, Note, Placed, Way, closed, day_of, reason};

/// Parts of a digest, so that many instances can add to it at once.
const PARTS: u64 = 8;
/// How often an item is begun again because somebody was faster.
const TRIES: u32 = 40;
/// How long a day is remembered.
const LIFE: TimeDelta = TimeDelta::days(10);

fn note_of(day: Day) -> Place {
    Place { key: format!("day{day}").into(), sort: "note".into() }
}

fn part_of(day: Day, part: u64) -> Place {
    Place { key: format!("day{day}.{part}").into(), sort: "digest".into() }
}

impl<T: Table> Access<'_, T> {
    fn claim(&self) -> Claim {
        Claim { owner: self.owner, now: self.now, until: self.now + self.lease }
    }

    /// Decides how a change of an alert is sent, and notes it: the same for whoever asks again.
    pub(super) async fn place(&self, alert: &Alert, budget: Budget) -> Result<Placed, StoreError> {
        let day = day_of(alert, self.now, self.engine.lateness);
        let placed = match alert.stage {
            _ if alert.part_of.is_some() => Placed::by(Way::Digest),
            Stage::Digest | Stage::Observe => Placed::by(Way::Digest),
            Stage::Alert if !Budget::governs(alert) => Placed::by(Way::Single),
            Stage::Alert if self.continues(alert, day).await? => Placed::by(Way::Single),
            Stage::Alert => {
                self.change(&note_of(day), |note: &mut Note| note.place(alert, (day, budget), self.claim())).await?
            }
        };
        if let Some(reason) = reason(alert).filter(|_| placed.way == Way::Digest) {
            let (mut day, part) = (day, alert.id.0 % PARTS);
            // A clock that is behind meets a digest that is over.
            while !self
                .change(&part_of(day, part), |digest: &mut Digest| {
                    let open = !digest.closed;
                    if open {
                        digest.enter(alert, reason);
                    }
                    open
                })
                .await?
            {
                day = day.after();
            }
        }
        Ok(placed)
    }

    /// Is this a later change of what was sent by itself the day before?
    async fn continues(&self, alert: &Alert, day: Day) -> Result<bool, StoreError> {
        if alert.status == Status::Open {
            return Ok(false);
        }
        let (_, note): (_, Note) = self.item(&note_of(day.before())).await?;
        Ok(note.spent.has(alert.id))
    }

    /// The oldest digest that is over and was not sent, for this instance to send; and the days up to which all is sent.
    pub(super) async fn digest(&self, sent: Option<Day>) -> Result<(Option<Day>, Option<(Day, Digest)>), StoreError> {
        let last = closed(self.now, self.engine.lateness);
        let mut sent = sent.unwrap_or(Day(i32::MIN)).max(Day(last.0 - BACK));
        while sent < last {
            let day = sent.after();
            let claim = self.claim();
            let (mine, note) = self
                .change(&note_of(day), |note: &mut Note| {
                    let mine = note.digest.take(claim);
                    (mine, note.digest)
                })
                .await?;
            if mine {
                let digest = self.close(day).await?;
                if digest.alerts() > 0 {
                    return Ok((Some(sent), Some((day, digest))));
                }
                self.daily_said(Daily::Digest(day)).await?;
            } else if note != Errand::Done {
                // Another instance is sending it.
                return Ok((Some(sent), None));
            }
            sent = day;
        }
        Ok((Some(sent), None))
    }

    /// Closes the parts of a digest, and reads them.
    async fn close(&self, day: Day) -> Result<Digest, StoreError> {
        let mut all = Digest::default();
        for part in 0..PARTS {
            let close = |digest: &mut Digest| {
                digest.closed = true;
                digest.clone()
            };
            all.merge(self.change(&part_of(day, part), close).await?);
        }
        Ok(all)
    }

    /// Notes that something was said.
    pub(super) async fn daily_said(&self, daily: Daily) -> Result<(), StoreError> {
        match daily {
            Daily::Spent(day) => self.change(&note_of(day), |note: &mut Note| note.told = Errand::Done).await,
            Daily::Digest(day) => self.change(&note_of(day), |note: &mut Note| note.digest = Errand::Done).await,
        }
    }

    pub(super) async fn item<V: Default + DeserializeOwned>(&self, place: &Place) -> Result<(u64, V), StoreError> {
        let span = Span { key: &place.key, from: &place.sort, to: &place.sort, freshness: Freshness::Strong };
        match self.table.query(span).await?.pop() {
            Some(item) => Ok((item.version, unpack(&item.body, &place.key)?)),
            None => Ok((0, V::default())),
        }
    }

    /// Changes an item, or makes it; begins anew where somebody else was faster. What is done twice must be as if done
    /// once: an answer may get lost.
    pub(super) async fn change<V, R>(&self, place: &Place, mut change: impl FnMut(&mut V) -> R) -> Result<R, StoreError>
    where
        V: Default + Serialize + DeserializeOwned + Clone + PartialEq,
    {
        for _ in 0..TRIES {
            let (version, before) = self.item::<V>(place).await?;
            let mut value = before.clone();
            let result = change(&mut value);
            if value == before {
                return Ok(result);
            }
            let body = pack(&value)?.into();
            let item = Item { place: place.clone(), version: version + 1, body, expires: self.now + LIFE };
            match self.table.replace(&item, version).await {
                Ok(Put::Done) => return Ok(result),
                Ok(Put::Overtaken(_)) => {}
                Err(error) if error.outlook == Outlook::Passing => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError { what: format!("{}: others were faster {TRIES} times", place.key) })
    }
}
