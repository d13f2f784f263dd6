//! The six verbs in their order: decode, observe, exchange, judge, group, deliver. The Lambda function and the replay
//! both call what is here; that is what makes one equal the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use lapwing_detectors::alert::{Alert, Example};
use lapwing_detectors::day::{Day, Digest, spent_alert};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::event::Event;
use lapwing_detectors::group::Book;
use lapwing_detectors::judge::{Finding, Judged, Known, Range};
use lapwing_detectors::level::Peak;
use lapwing_detectors::observe::{DeliveryId, Learnt, Observer};
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;

use crate::decode::{Decoded, Origin, Refusal, Reject, Sink, decode};
use crate::noise::{Reason, Tally, settle};
use crate::settings::{Case, Settings};
use crate::store::{Daily, Due, Placed, StateStore, StoreError, Way};

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

/// What is judged with, over the state that everyone knows.
pub struct Pipeline<S> {
    /// The detectors.
    pub engine: Arc<Engine>,
    /// Where state lives.
    pub store: S,
    /// What was found and is not said, and why.
    pub hidden: Tally,
    /// The same in full, where somebody wants to see it.
    pub shown: Option<BTreeMap<Reason, Book>>,
    /// How many findings of each detector and severity since somebody last took them from here; one that is judged
    /// again counts once.
    pub found: BTreeMap<(&'static str, Severity), u64>,
    /// What is below this stage is counted, and becomes no alert.
    pub least: Stage,
    settings: Arc<Settings>,
}

impl<S: StateStore> Pipeline<S> {
    /// A pipeline that has found nothing yet.
    pub fn new(settings: Arc<Settings>, engine: Arc<Engine>, store: S) -> Pipeline<S> {
        Pipeline {
            engine,
            store,
            hidden: Tally::default(),
            shown: None,
            found: BTreeMap::new(),
            least: Stage::Digest,
            settings,
        }
    }

    /// Exchange, judge and group: takes what a delivery taught and returns what must be said. What was delivered must
    /// be told by [`Pipeline::said`]; until then it is handed out again.
    ///
    /// # Errors
    /// When the store fails. The delivery must then come again.
    pub async fn take(&mut self, learnt: Learnt) -> Result<Vec<Alert>, StoreError> {
        let now = learnt.received;
        let touched = self.store.exchange(learnt).await?;
        self.judge(touched, now).await?;
        Ok(self.unsaid(now))
    }

    /// Judges what has become complete at `now` and was not judged as such before, and returns what must be said: also
    /// conditions that ended, and what an instance that died has left.
    ///
    /// # Errors
    /// When the store fails. The next tick then does what this one did not.
    pub async fn tick(&mut self, now: DateTime<Utc>) -> Result<Vec<Alert>, StoreError> {
        self.settle(now).await?;
        Ok(self.unsaid(now))
    }

    /// The same without handing anything out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn settle(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        loop {
            let due = self.store.due(now).await?;
            if due.is_empty() {
                return self.listen(now).await;
            }
            self.judge(due, now).await?;
        }
    }

    /// Judges the silences of what must not be silent.
    async fn listen(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        for entity in self.engine.watched() {
            let Some((beats, range)) = self.store.heard(&entity, now).await? else { continue };
            let Pipeline { engine, settings, store, hidden, shown, least, .. } = self;
            let judge = |known: &Known, range: Range| {
                let findings = engine.silent(&entity, &beats, range);
                let mut judged = Judged { findings, ..Judged::empty(entity.clone(), range) };
                let unsaid = settle(settings, known, &mut judged);
                judged.findings.retain(|finding| finding.stage >= *least);
                (judged, unsaid)
            };
            let known = Known::of(entity.clone(), Vec::new());
            let (judged, unsaid) = judge(&known, range);
            note(unsaid, hidden, shown);
            let judge = |known: &Known, range: Range| judge(known, range).0;
            for new in store.fold(vec![judged], &judge, now).await? {
                *self.found.entry(new).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Marks a change as delivered.
    ///
    /// # Errors
    /// When the store fails. The change may then be said again, under the same id.
    pub async fn said(&mut self, alert: &Alert) -> Result<(), StoreError> {
        self.store.said(alert).await
    }

    /// Decides how a change is sent, and writes that on it. Where this one finds the budget of a day spent, that must be
    /// said first: the alert that says so, and what to tell [`Pipeline::daily_said`] after it was sent.
    ///
    /// # Errors
    /// When the store fails. The change is then handed out again.
    pub async fn place(&mut self, alert: &mut Alert, now: DateTime<Utc>) -> Result<Option<(Daily, Alert)>, StoreError> {
        if self.hides_incident(alert) {
            alert.stage = Stage::Observe;
            return Ok(None);
        }
        if alert.part_of.is_none() {
            alert.part_of = self.store.parent(alert).await?;
        }
        let budget = self.settings.budget;
        let Placed { way, spent } = self.store.place(alert, budget, now).await?;
        if way == Way::Digest && alert.stage == Stage::Alert {
            alert.stage = Stage::Digest;
        }
        Ok(spent.map(|day| (Daily::Spent(day), spent_alert(day, budget))))
    }

    /// A digest that is over and was not sent. What was sent must be told by [`Pipeline::daily_said`]; until then it is
    /// handed out again, here or elsewhere.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn digest(&mut self, now: DateTime<Utc>) -> Result<Option<(Day, Digest)>, StoreError> {
        self.store.digest(now).await
    }

    /// Marks what is said once a day as said.
    ///
    /// # Errors
    /// When the store fails. It may then be said again, under the same id.
    pub async fn daily_said(&mut self, daily: Daily, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.store.daily_said(daily, now).await
    }

    /// What must be said at `now`, with its owners.
    pub fn unsaid(&mut self, now: DateTime<Utc>) -> Vec<Alert> {
        let alerts = self.store.unsaid(now);
        self.owned(alerts)
    }

    /// With the owners that the settings name.
    fn owned(&self, mut alerts: Vec<Alert>) -> Vec<Alert> {
        alerts.iter_mut().for_each(|alert| self.own(alert));
        alerts
    }

    /// Writes the owner that the settings name on an alert.
    pub fn own(&self, alert: &mut Alert) {
        alert.owner = self.settings.owner_of(&alert.subject);
    }

    /// Does the allow-list hide this incident? It is made of alerts, so the list cannot meet it as a finding.
    fn hides_incident(&self, alert: &Alert) -> bool {
        if self.settings.allow.is_empty() || !self.engine.relates(alert.detector) {
            return false;
        }
        let case = Case { subject: &alert.subject, addresses: &addresses(&alert.examples), at: alert.window.start };
        self.settings.hidden_by(alert.detector, &case).is_some()
    }

    async fn judge(&mut self, due: Vec<Due>, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Pipeline { engine, settings, store, hidden, shown, found, least, .. } = self;
        let judge = |known: &Known, range: Range| {
            let found = engine.found(known, range);
            let judged = Judged { findings: found.findings, ..Judged::empty(known.entity.clone(), range) };
            (judged, found.evidence)
        };
        let (mut all, mut first) = (Vec::new(), Vec::new());
        for (known, range) in due {
            let (mut judged, evidence) = judge(&known, range);
            note(settle(settings, &known, &mut judged), hidden, shown);
            for observed in judged.findings.extract_if(.., |finding| finding.stage < *least) {
                // What is only counted is nowhere else known again: it counts when its minute is complete.
                let of = (observed.about.id, observed.verdict.severity);
                *found.entry(of).or_default() += u64::from(observed.confirmed);
            }
            if !judged.findings.is_empty() {
                first.push((known.clone(), judged.clone()));
            }
            judged.peaks = peaks(settings, &known, (range, evidence));
            all.push(judged);
        }
        let allowed = |known: &Known, range: Range| {
            // Mostly nothing has changed since it was judged first.
            if let Some((_, judged)) = first.iter().find(|(before, of)| of.range == range && before == known) {
                return judged.clone();
            }
            let (mut judged, _) = judge(known, range);
            // What is hidden was counted where it was judged first.
            drop(settle(settings, known, &mut judged));
            judged.findings.retain(|finding| finding.stage >= *least);
            judged
        };
        for new in store.fold(all, &allowed, now).await? {
            *found.entry(new).or_default() += 1;
        }
        Ok(())
    }
}

/// What later levels rest on: what is hidden from everybody is none of it.
fn peaks(settings: &Settings, known: &Known, (range, evidence): (Range, Vec<Finding>)) -> Vec<Peak> {
    let mut judged = Judged { entity: known.entity.clone(), range, findings: evidence, peaks: Vec::new() };
    drop(settle(settings, known, &mut judged));
    let said = judged.findings.iter().filter(|finding| finding.stage == Stage::Alert);
    said.filter_map(|finding| {
        let of = (finding.about.pool(), finding.verdict.surprise?);
        Some(Peak::of(finding.minute, (finding.about.id, &finding.entity), of))
    })
    .collect()
}

/// Counts what is hidden, and keeps it where somebody wants to see it.
fn note(unsaid: Vec<(Reason, Finding)>, hidden: &mut Tally, shown: &mut Option<BTreeMap<Reason, Book>>) {
    for (reason, finding) in unsaid {
        hidden.add(reason, &finding);
        if let Some(shown) = shown {
            shown.entry(reason).or_default().fold(finding);
        }
    }
}

/// The addresses that examples came from.
fn addresses(examples: &[Arc<Example>]) -> Vec<&str> {
    let addresses: BTreeSet<&str> = examples.iter().map(|example| example.caller.address.as_ref()).collect();
    addresses.into_iter().filter(|address| !address.is_empty()).collect()
}
