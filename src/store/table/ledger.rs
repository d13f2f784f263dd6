//! An entity's ledger: its alerts, and what of them is still to be sent.

use chrono::{DateTime, TimeDelta, Utc};
use lapwing_detectors::alert::Alert;
use lapwing_detectors::detector::Engine;
use lapwing_detectors::group::{Book, Page};
use lapwing_detectors::judge::Judged;
use lapwing_detectors::time::Minute;
use serde::{Deserialize, Serialize};

use crate::store::days::Claim;

/// How long an instance has to send what it claimed, before another one does.
pub(super) const LEASE: TimeDelta = TimeDelta::minutes(3);

/// An entity's ledger.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    pages: Vec<Page>,
    outbox: Vec<Letter>,
    /// The number of the next letter.
    next: u64,
    /// How often something came for hours that were complete.
    pub(super) reopened: u32,
}

/// A change of an alert that waits to be sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Letter {
    /// Its number in the ledger.
    pub(super) number: u64,
    detector: String,
    alert: Alert,
    /// The instance that sends it.
    pub(super) owner: u64,
    /// Until when that instance has it.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub(super) until: DateTime<Utc>,
    /// Since when it waits.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub(super) since: DateTime<Utc>,
}

impl Letter {
    /// The alert, in the words of its detector.
    pub(super) fn alert(&self, engine: &Engine) -> Alert {
        match engine.about(&self.detector) {
            Some(about) => self.alert.clone().by(about),
            // Its detector is gone with an update: what is left of it is still said.
            None => self.alert.clone(),
        }
    }
}

impl Ledger {
    /// The alerts.
    pub(super) fn book(&self, engine: &Engine) -> Book {
        let mut book = Book::default();
        book.restore(self.pages.clone(), engine);
        book
    }

    /// Are there neither alerts nor letters?
    pub(super) fn is_quiet(&self) -> bool {
        self.pages.is_empty() && self.outbox.is_empty()
    }

    /// Puts the alerts back, with a letter for each change that must be said; the instance has the time of a lease to
    /// send it. Returns the first minute that must be complete for more to be said without any further event.
    pub(super) fn write(&mut self, mut book: Book, claim: Claim, complete: Minute) -> Option<Minute> {
        book.forget(complete);
        // What opens may have ended already: then both are said.
        for _ in 0..3 {
            for alert in book.due(complete) {
                book.said(&alert, complete);
                let detector = alert.detector.to_owned();
                let number = self.next;
                self.outbox.push(Letter {
                    number,
                    detector,
                    alert,
                    owner: claim.owner,
                    until: claim.until,
                    since: claim.now,
                });
                self.next += 1;
            }
        }
        book.thin(complete);
        self.pages = book.pages();
        book.waits()
    }

    /// Takes over letters that others had and did not send in time.
    pub(super) fn take_over(&mut self, claim: Claim) {
        for letter in self.outbox.iter_mut().filter(|letter| letter.until <= claim.now) {
            (letter.owner, letter.until) = (claim.owner, claim.until);
        }
    }

    /// The letters that an instance has.
    pub(super) fn letters_of(&self, owner: u64) -> impl Iterator<Item = &Letter> {
        self.outbox.iter().filter(move |letter| letter.owner == owner)
    }

    /// When the lease of the first letter ends.
    pub(super) fn lease(&self) -> Option<DateTime<Utc>> {
        self.outbox.iter().map(|letter| letter.until).min()
    }

    /// Since when the oldest letter waits.
    pub(super) fn waiting_since(&self) -> Option<DateTime<Utc>> {
        self.outbox.iter().map(|letter| letter.since).min()
    }

    /// Removes a letter that was sent; says whether it was there.
    pub(super) fn sent(&mut self, number: u64) -> bool {
        let before = self.outbox.len();
        self.outbox.retain(|letter| letter.number != number);
        self.outbox.len() < before
    }
}

impl Ledger {
    /// Would it say anything else after this was found?
    pub(super) fn differs(&self, engine: &Engine, judged: &[&Judged], complete: Minute) -> bool {
        let mut book = self.book(engine);
        for judged in judged {
            book.take((*judged).clone(), engine);
        }
        let bytes = |pages: &Vec<Page>| postcard::to_stdvec(pages).unwrap_or_default();
        !book.due(complete).is_empty() || bytes(&book.pages()) != bytes(&self.pages)
    }
}
