//! One replay: the pipeline over pieces of files, in event order or as they would be delivered.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use hashbrown::HashSet;
use lapwing_detectors::alert::Alert;
use lapwing_detectors::detector::Engine;
use lapwing_detectors::group::Change;
use lapwing_detectors::level::Levels;
use lapwing_detectors::observe::{DeliveryId, Learnt};
use lapwing_detectors::profile::Lateness;
use lapwing_detectors::settings::Minutes;
use lapwing_detectors::stage::Stage;
use lapwing_detectors::time::{Hour, Minute};
use xxhash_rust::xxh3::xxh3_64;

use super::kept::Kept;
use super::met::Book;
use super::say::Telling;
use super::workers::{Bytes, Piece, Reading, Unsaid, read};
use crate::decode::{Decoded, Reject};
use crate::noise::{Reason, Tally};
use crate::pipeline::{From, Pipeline, Taught, teach};
use crate::settings::Settings;
use crate::source::{Input, Inputs, Unread};
use crate::store::{Limits, MemoryStore, Retention, StoreError};

/// When state passes this part of the memory that it may take, the hours are judged that no later file can reach.
const EARLY: usize = 2;
/// When state passes this many times the memory that it may take, the oldest hours are judged although files that are
/// not yet read might add to them.
const PRESSURE: usize = 4;

/// In which order events are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By event time, all data on time: what would have been found with nothing late.
    #[default]
    Event,
    /// As production would: each file is a delivery, received when the newest event before it happened.
    Delivery,
}

/// What to replay, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In which order.
    pub order: Order,
    /// The bytes that state may take before the oldest hours are judged and freed.
    pub memory: usize,
    /// Threads that read.
    pub threads: usize,
    /// Stop at the first record that cannot be read?
    pub strictness: Strictness,
    /// What log events do not say of where they come from.
    pub unsaid: Unsaid,
    /// The least stage of alerts that are told.
    pub stage: Stage,
    /// Are alerts told with graver ones about the same principal?
    pub telling: Telling,
}

/// What a bad record does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// It is named, counted and skipped.
    #[default]
    Skip,
    /// It ends the replay.
    Stop,
}

/// What was read and found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Stats {
    /// Records read; always `events` and `rejects` together.
    pub records: u64,
    /// Records that became events.
    pub events: u64,
    /// Records that could not be read.
    pub rejects: u64,
    /// Events that came after their minute was complete, or after their hour was freed.
    pub late: u64,
    /// Events whose identity was met before in this replay.
    pub duplicates: u64,
    /// Changes of alerts that were printed.
    pub alerts: u64,
    /// Alerts that are part of others, and told with those.
    pub folded: u64,
}

/// What went wrong with an input, to be told as it happens.
#[derive(Debug)]
pub enum Failed {
    /// A record could not be read.
    Reject(Reject),
    /// More records could not be read than are named.
    MoreRejects(u64),
    /// It is no log.
    Refused(crate::decode::Refusal),
    /// It could not be read to its end.
    Unread(Unread),
    /// It could not be opened.
    Unreadable(PathBuf, std::io::Error),
    /// Digests were passed over.
    Digests(u64),
    /// It holds nothing at all.
    Empty,
}

/// Somebody who is told what happens while it happens.
pub trait Teller {
    /// A change of an alert, to be printed.
    fn alert(&mut self, alert: &Alert);
    /// Something went wrong with an input.
    fn failed(&mut self, input: &str, failed: Failed);
    /// Bytes of input that were read.
    fn progress(&mut self, bytes: u64);
}

/// One replay.
pub struct Replay {
    pub(super) plan: Plan,
    cap: usize,
    pub(super) pipeline: Pipeline<MemoryStore>,
    pub(super) runtime: tokio::runtime::Runtime,
    pub(super) met: Book,
    pub(super) freed: Hour,
    /// A hash of the settings: alerts that others found are not taken back.
    pub(super) settings: u64,
    pub(super) kept: Option<Kept>,
    /// Did the last piece of the input hold nothing at all?
    empty: bool,
    /// What was read and found so far.
    pub stats: Stats,
    /// Inputs that could not be opened, read or recognised.
    pub failures: u64,
    /// Does a bad record stand at the end of a strict replay?
    pub stopped: bool,
}

impl Replay {
    /// A replay with these settings.
    ///
    /// # Errors
    /// When the system cannot start what waits for the store.
    pub fn new(plan: Plan, settings: &Arc<Settings>) -> std::io::Result<Replay> {
        let engine = Arc::new(settings.engine_from(plan.stage));
        let (lateness, retention) = match plan.order {
            Order::Event => (Lateness { lambda: Minutes(0), cloudtrail: Minutes(0) }, Retention::Reach),
            Order::Delivery => (engine.lateness, Retention::Week),
        };
        let entities = settings.limits.entities as usize;
        let limits = Limits { entities, outsiders: entities.div_ceil(5) };
        let store = MemoryStore::new(Arc::clone(&engine), lateness, limits, retention);
        let mut pipeline = Pipeline::new(Arc::clone(settings), engine, store);
        pipeline.least = plan.stage;
        Ok(Replay {
            plan,
            cap: (settings.limits.inflated_mb as usize) << 20,
            pipeline,
            runtime: tokio::runtime::Builder::new_current_thread().build()?,
            met: Book::default(),
            freed: Hour(i32::MIN),
            settings: xxh3_64(format!("{settings:?}").as_bytes()),
            kept: None,
            empty: false,
            stats: Stats::default(),
            failures: 0,
            stopped: false,
        })
    }

    /// Reads the inputs and tells what is found.
    ///
    /// # Errors
    /// When the store fails; the one in memory never does.
    pub fn run(&mut self, inputs: Inputs, teller: &mut dyn Teller) -> Result<(), StoreError> {
        for (path, error) in inputs.unreadable {
            self.failures += 1;
            teller.failed(&path.to_string_lossy(), Failed::Unreadable(path.clone(), error));
        }
        let engine: Arc<Engine> = Arc::clone(&self.pipeline.engine);
        let inputs = inputs.inputs;
        let mut outcome = self.make_room(inputs.first());
        let reading = Reading { threads: self.plan.threads, cap: self.cap, unsaid: &self.plan.unsaid.clone() };
        read(&engine, &inputs, &reading, &mut |place, piece| {
            let bytes = self.take(&inputs[place], piece, teller);
            if matches!(bytes, Ok(None)) {
                teller.progress(inputs[place].size);
                outcome = self.make_room(inputs.get(place + 1));
            }
            match bytes {
                Ok(buffer) if outcome.is_ok() && !self.stopped => Some(buffer.unwrap_or(Bytes::Plain(Vec::new()))),
                Ok(_) => None,
                Err(error) => {
                    outcome = Err(error);
                    None
                }
            }
        });
        outcome?;
        self.end(teller)
    }

    /// Takes a piece; returns its bytes, or nothing at the end of its input.
    fn take(&mut self, input: &Input, piece: Piece, teller: &mut dyn Teller) -> Result<Option<Bytes>, StoreError> {
        let name = input.place.name();
        self.empty &= matches!(piece, Piece::End);
        match piece {
            Piece::End => {
                if std::mem::take(&mut self.empty) {
                    teller.failed(&name, Failed::Empty);
                }
                return Ok(None);
            }
            Piece::Read(taught, bytes) => {
                self.taught(&name, *taught, &bytes, teller)?;
                return Ok(Some(bytes));
            }
            Piece::Refused(refusal) => {
                self.failures += 1;
                teller.failed(&name, Failed::Refused(refusal));
            }
            Piece::Unread(error) => {
                self.failures += 1;
                teller.failed(&name, Failed::Unread(error));
            }
        }
        Ok(Some(Bytes::Plain(Vec::new())))
    }

    fn taught(&mut self, name: &str, taught: Taught, bytes: &Bytes, teller: &mut dyn Teller) -> Result<(), StoreError> {
        let Taught { mut learnt, decoded, rejects } = taught;
        self.stats.records += decoded.records;
        self.stats.events += decoded.events;
        self.stats.rejects += decoded.rejects;
        self.tell(name, rejects, decoded.rejects, teller);
        if decoded.digests > 0 {
            teller.failed(name, Failed::Digests(decoded.digests));
        }
        self.empty = decoded == Decoded { format: decoded.format, ..Decoded::default() };
        if self.kept.is_some() && self.met.meet_piece(&learnt.events) {
            self.stats.duplicates += learnt.repeated + learnt.events.len() as u64;
            return Ok(());
        }
        let met = self.met.meet(&learnt.events);
        self.stats.duplicates += learnt.repeated + met.len() as u64;
        if met.len() == learnt.events.len() {
            return Ok(());
        }
        if !met.is_empty() {
            learnt = self.again((name, learnt.delivery), bytes, met).unwrap_or(learnt);
        }
        self.stats.late += learnt.events.iter().filter(|met| met.minute.hour() <= self.freed).count() as u64;
        match self.plan.order {
            Order::Event => {
                self.pipeline.store.add(learnt);
            }
            Order::Delivery => self.deliver(learnt, teller)?,
        }
        Ok(())
    }

    /// The same piece without the events that were met before. It was read once, so it can be read again.
    fn again(&self, (name, delivery): (&str, DeliveryId), bytes: &Bytes, met: HashSet<u64>) -> Option<Learnt> {
        let bytes = bytes.plain(self.cap);
        let origin = self.plan.unsaid.of(name);
        let from = From { origin, delivery, received: DateTime::<Utc>::MIN_UTC, met: Some(met) };
        teach(&self.pipeline.engine, &bytes, &from).ok().map(|taught| taught.learnt)
    }

    fn deliver(&mut self, mut learnt: Learnt, teller: &mut dyn Teller) -> Result<(), StoreError> {
        let now = self.pipeline.store.newest.unwrap_or(DateTime::<Utc>::MIN_UTC);
        learnt.received = now;
        // First what is complete: profiles then know all that the minutes of this delivery are compared with, so that
        // what crosses now is not taken back once it is judged as complete.
        self.runtime.block_on(self.pipeline.settle(now))?;
        let due = self.runtime.block_on(self.pipeline.take(learnt))?;
        let changes: Vec<Change> = due.into_iter().map(Change::from).collect();
        self.say(&changes, Some(now), teller)
    }

    fn tell(&mut self, name: &str, rejects: Vec<Reject>, all: u64, teller: &mut dyn Teller) {
        let named = rejects.len() as u64;
        self.stopped |= named > 0 && self.plan.strictness == Strictness::Stop;
        for reject in rejects {
            teller.failed(name, Failed::Reject(reject));
            if self.stopped {
                return;
            }
        }
        if all > named {
            teller.failed(name, Failed::MoreRejects(all - named));
        }
    }

    /// Judges and frees the oldest hours when state has grown past its memory. Files are opened in the order of their
    /// first events, so nothing can come any more for what lies an hour before the next one's.
    fn make_room(&mut self, next: Option<&Input>) -> Result<(), StoreError> {
        if self.plan.order == Order::Delivery || self.pipeline.store.held_bytes() <= self.plan.memory / EARLY {
            return Ok(());
        }
        if let Some(first) = next.and_then(|input| input.first) {
            self.free(first - TimeDelta::hours(1))?;
        }
        while self.pipeline.store.held_bytes() > PRESSURE * self.plan.memory {
            let Some(oldest) = self.pipeline.store.oldest() else { break };
            self.free(oldest.after().after().first().start())?;
        }
        Ok(())
    }

    pub(super) fn free(&mut self, until: DateTime<Utc>) -> Result<(), StoreError> {
        self.runtime.block_on(self.pipeline.settle(Minute::of(until).hour().first().start()))?;
        let freed = Minute::of(until).hour().before();
        self.freed = self.freed.max(freed);
        self.met.forget(freed);
        Ok(())
    }

    fn end(&mut self, teller: &mut dyn Teller) -> Result<(), StoreError> {
        self.note_known()?;
        if self.plan.order == Order::Delivery {
            self.stats.late = self.pipeline.store.late;
            if self.kept.is_some() {
                return Ok(());
            }
        }
        self.runtime.block_on(self.pipeline.settle(DateTime::<Utc>::MAX_UTC))?;
        self.recall();
        match self.plan.order {
            Order::Event => self.say(&self.pipeline.store.finish(), None, teller),
            Order::Delivery => {
                let now = self.pipeline.store.end();
                let mut alerts = self.pipeline.unsaid(now);
                alerts.iter_mut().for_each(|alert| self.mark_open(alert));
                let changes: Vec<Change> = alerts.into_iter().map(Change::from).collect();
                self.say(&changes, Some(now), teller)
            }
        }
    }

    /// Alerts that are sent in the digests of their days.
    #[must_use]
    pub fn digested(&self) -> u64 {
        self.pipeline.store.digests().map(|(_, digest)| digest.alerts()).sum::<u64>() - self.stats.folded
    }

    /// How surprising findings had to be, by day.
    #[must_use]
    pub fn levels(&self) -> &Levels {
        self.pipeline.store.levels()
    }

    /// The least stage of alerts that are told.
    #[must_use]
    pub fn least(&self) -> Stage {
        self.plan.stage
    }

    /// What was found and is not said, and why.
    #[must_use]
    pub fn hidden(&self) -> &Tally {
        &self.pipeline.hidden
    }

    /// Keeps what is hidden, for [`Replay::hidden_alerts`].
    pub fn keep_hidden(&mut self) {
        self.pipeline.shown = Some(BTreeMap::new());
    }

    /// What would have been alerts, each with the reason why it is none, by time.
    #[must_use]
    pub fn hidden_alerts(&self) -> Vec<(Reason, Alert)> {
        let books = self.pipeline.shown.iter().flatten();
        let all =
            books.flat_map(|(reason, book)| book.finish(Minute(i32::MIN)).into_iter().map(|alert| (*reason, alert)));
        let mut all: Vec<(Reason, Alert)> = all.collect();
        all.sort_by_key(|(reason, alert)| (alert.raised_at, *reason, alert.id));
        all
    }

    /// Cells that found no room, over all families.
    #[must_use]
    pub fn overflow(&self) -> u64 {
        self.pipeline.store.overflow().values().sum()
    }
}
