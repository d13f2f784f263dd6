//! The six verbs in their order: decode, observe, exchange, judge, group, deliver. The Lambda function and the replay
//! both call what is here; that is what makes one equal the other.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use lapwing_detectors::alert::{Alert, Quality};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::event::Event;
use lapwing_detectors::group::Book;
use lapwing_detectors::judge::Finding;
use lapwing_detectors::observe::{DeliveryId, Learnt, Observer};
use lapwing_detectors::profile::Lateness;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::time::Minute;

use crate::decode::{Decoded, Origin, Refusal, Reject, Sink, decode};
use crate::settings::{Case, Settings};
use crate::store::{Due, StateStore, StoreError};

/// Rejects that are kept to be named; the rest is only counted.
const NAMED_REJECTS: usize = 100;

/// What a delivery was read as and taught.
#[derive(Debug)]
pub struct Taught {
    /// What it taught.
    pub learnt: Learnt,
    /// What was read.
    pub decoded: Decoded,
    /// The first hundred rejects.
    pub rejects: Vec<Reject>,
}

/// Decode and observe: what a delivery of plain bytes teaches. `met` holds the identities of events that were met
/// before: they are read, but teach nothing.
///
/// # Errors
/// When the bytes are no log that can be read.
pub fn teach(engine: &Engine, bytes: &[u8], from: &From<'_>) -> Result<Taught, Refusal> {
    let mut observer = match &from.met {
        Some(met) => Observer::without(engine, met.clone()),
        None => Observer::new(engine),
    };
    teach_with(&mut observer, bytes, from)
}

/// The same with an observer that is used again, for many deliveries; `met` is not looked at.
///
/// # Errors
/// When the bytes are no log that can be read.
pub fn teach_with(observer: &mut Observer<'_>, bytes: &[u8], from: &From<'_>) -> Result<Taught, Refusal> {
    let mut gathering = Gathering { observer, rejects: Vec::new() };
    let decoded = decode(bytes, &from.origin, &mut gathering);
    let rejects = gathering.rejects;
    let learnt = observer.finish(from.delivery, from.received);
    Ok(Taught { learnt, decoded: decoded?, rejects })
}

/// Where a delivery comes from.
#[derive(Clone, Debug)]
pub struct From<'a> {
    /// What is known of the bytes besides themselves.
    pub origin: Origin<'a>,
    /// Its stable id.
    pub delivery: DeliveryId,
    /// When it was received.
    pub received: DateTime<Utc>,
    /// The identities of its events that were met before.
    pub met: Option<hashbrown::HashSet<u64>>,
}

/// The stable id of a delivery: the hash of its bytes, never its path.
#[must_use]
pub fn delivery_id(bytes: &[u8]) -> DeliveryId {
    DeliveryId(xxhash_rust::xxh3::xxh3_128(bytes))
}

struct Gathering<'o, 'c> {
    observer: &'o mut Observer<'c>,
    rejects: Vec<Reject>,
}

impl Sink for Gathering<'_, '_> {
    fn event(&mut self, event: &Event<'_>) {
        self.observer.event(event);
    }

    fn reject(&mut self, reject: Reject) {
        if self.rejects.len() < NAMED_REJECTS {
            self.rejects.push(reject);
        }
    }
}

/// What is judged with, and the alerts so far.
pub struct Pipeline<S> {
    /// The detectors.
    pub engine: Arc<Engine>,
    /// Where state lives.
    pub store: S,
    /// Findings that an allow-list hid.
    pub hidden: u64,
    /// How many findings of each detector and severity since somebody last took them from here; one that is judged
    /// again counts once.
    pub found: BTreeMap<(&'static str, Severity), u64>,
    /// The newest event of all deliveries.
    pub newest: Option<DateTime<Utc>>,
    settings: Arc<Settings>,
    book: Book,
}

impl<S: StateStore> Pipeline<S> {
    /// A pipeline with no alerts yet.
    pub fn new(settings: Arc<Settings>, engine: Arc<Engine>, store: S) -> Pipeline<S> {
        Pipeline { engine, store, hidden: 0, found: BTreeMap::new(), newest: None, settings, book: Book::default() }
    }

    /// A pipeline whose alerts say how far their numbers can be trusted.
    pub fn of_quality(self, quality: Quality) -> Pipeline<S> {
        Pipeline { book: Book::of_quality(quality), ..self }
    }

    /// Exchange, judge and group: takes what a delivery taught and returns what must be said as of `now`. What was
    /// delivered must be told by [`Pipeline::said`]; until then it is returned again.
    ///
    /// # Errors
    /// When the store fails. The delivery must then come again.
    pub async fn take(&mut self, learnt: Learnt, now: DateTime<Utc>) -> Result<Vec<Alert>, StoreError> {
        self.newest = self.newest.max(learnt.newest);
        // First what is complete: profiles then know all that the minutes of this delivery are compared with, so that
        // what crosses now is not taken back once it is judged as complete.
        self.settle(now).await?;
        let touched = self.store.exchange(learnt).await?;
        self.judge(touched);
        let complete = complete_at(now, self.engine.lateness);
        self.book.forget(complete);
        Ok(self.owned(self.book.due(complete)))
    }

    /// Judges the minutes that are complete at `now` and were not judged as such before.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn settle(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        loop {
            let due = self.store.due(now).await?;
            if due.is_empty() {
                return Ok(());
            }
            self.judge(due);
        }
    }

    /// Every alert as it stands at the end of all data.
    #[must_use]
    pub fn finish(&self) -> Vec<Alert> {
        self.owned(self.book.finish(self.newest.map_or(Minute(i32::MIN / 2), Minute::of)))
    }

    /// What is still to be said after the last delivery.
    #[must_use]
    pub fn due(&self) -> Vec<Alert> {
        self.owned(self.book.due(self.newest.map_or(Minute(i32::MIN / 2), Minute::of)))
    }

    /// Marks a change as delivered.
    pub fn said(&mut self, alert: &Alert) {
        self.book.said(alert);
    }

    fn judge(&mut self, due: Vec<Due>) {
        let mut findings = Vec::new();
        for (known, range) in due {
            self.engine.judge(&known, range, &mut findings);
        }
        for finding in findings {
            if self.hides(&finding) {
                self.hidden += 1;
                continue;
            }
            let found = (finding.about.id, finding.verdict.severity);
            if self.book.fold(finding) {
                *self.found.entry(found).or_default() += 1;
            }
        }
    }

    fn hides(&self, finding: &Finding) -> bool {
        if finding.about.never_muted || self.settings.allow.is_empty() {
            return false;
        }
        let addresses: BTreeSet<&str> = finding.verdict.examples.iter().map(|e| e.caller.address.as_ref()).collect();
        let addresses: Vec<&str> = addresses.into_iter().filter(|address| !address.is_empty()).collect();
        let subject = finding.entity.subject();
        let case = Case { subject: &subject, addresses: &addresses, at: finding.minute.start() };
        self.settings.hidden_by(finding.about.id, &case).is_some()
    }

    fn owned(&self, mut alerts: Vec<Alert>) -> Vec<Alert> {
        for alert in &mut alerts {
            alert.owner = self.settings.owner_of(&alert.subject);
        }
        alerts
    }
}

/// The last minute that is complete for every source: conditions that have been quiet until then have ended.
fn complete_at(now: DateTime<Utc>, lateness: Lateness) -> Minute {
    let longest = lateness.lambda.max(lateness.cloudtrail);
    Minute::of(now).plus(-1 - longest.0 as i32)
}
