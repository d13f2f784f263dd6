//! Reading a payload: each message is read, judged and its alerts sent before the next, and fails alone where AWS can
//! deliver it again alone.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lapwing_detectors::alert::Alert;
use serde_json::{Value, json};

use super::handler::{Failed, Failure, Handler, Invocation, Summary, state_failed};
use super::log;
use super::objects::Unfetched;
use super::payload::{Message, Object, Part, Payload, Repeats};
use crate::decode::{Decoded, Origin};
use crate::pipeline::{From, Taught, delivery_id, teach};
use crate::sink::metrics::Measures;

/// How many rejected records a log line names.
const NAMED_REJECTS: usize = 20;

/// What was read, and what it meant.
#[derive(Default)]
pub(super) struct Read {
    pub(super) decoded: Decoded,
    /// The numbers of the first rejected records.
    rejected: Vec<u64>,
    late: u64,
    duplicates: u64,
    objects: u64,
    overflow: u64,
    newest: Option<DateTime<Utc>>,
    /// The alerts, by id and detector.
    alerts: Vec<Value>,
    pub(super) sent: u64,
    /// Was something of the function's own log group left out?
    pub(super) own_log_group: bool,
}

impl Handler {
    /// Reads all messages of a payload; says which of them must come again.
    ///
    /// # Errors
    /// When something fails that AWS can deliver again only as a whole.
    pub(super) async fn read(
        &mut self,
        invocation: Invocation<'_>,
        payload: Payload<'_>,
    ) -> Result<(Read, Vec<Failed>), Failure> {
        let (mut read, mut failed) = (Read::default(), Vec::new());
        let mut hopeless = false;
        for (number, Message { id, parts }) in payload.messages.into_iter().enumerate() {
            let late = number > 0 && SystemTime::now() > invocation.last_start();
            let outcome = match hopeless || late {
                true => Err(Failure::NoTime),
                false => self.read_message(invocation, parts, &mut read).await,
            };
            let Err(failure) = outcome else { continue };
            if payload.repeats == Repeats::All || id.is_empty() {
                return Err(failure);
            }
            failed.push(Failed { id: id.into_owned() });
            // What comes after it in a stream comes again with it; and a table that does not answer does not answer twice.
            hopeless = matches!(failure, Failure::Store(_) | Failure::NoTime);
            if payload.repeats == Repeats::From {
                break;
            }
        }
        if !failed.is_empty() {
            let fields = json!({ "request_id": invocation.request_id, "messages": failed.len() });
            log::error("messages failed, and AWS delivers them again", fields);
        }
        Ok((read, failed))
    }

    /// Cells for which there was no room so far.
    fn overflow(&self) -> u64 {
        self.pipeline.store.overflow().values().sum()
    }

    async fn read_message(
        &mut self,
        invocation: Invocation<'_>,
        parts: Vec<Part<'_>>,
        read: &mut Read,
    ) -> Result<(), Failure> {
        for part in parts {
            match part {
                Part::Object(object) => {
                    if let Some(bytes) = self.fetch(invocation, &object, read).await? {
                        self.read_logs(invocation, &bytes, read).await?;
                    }
                }
                Part::Logs { group, .. } if !group.is_empty() && group == self.own_group => {
                    let message = "dropped a delivery of the function's own log group: remove its subscription filter";
                    log::warn(message, json!({ "request_id": invocation.request_id, "log_group": group }));
                    read.own_log_group = true;
                }
                Part::Logs { bytes, .. } => self.read_logs(invocation, &bytes, read).await?,
            }
        }
        Ok(())
    }

    /// The bytes of an object. One that cannot be read to its end, however often it is asked for, is read as far as it
    /// goes, and counts as a record that was rejected.
    async fn fetch(
        &self,
        invocation: Invocation<'_>,
        object: &Object,
        read: &mut Read,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let unfetched = match self.objects.fetch(object).await {
            Ok(bytes) => {
                read.objects += 1;
                return Ok(Some(bytes));
            }
            Err(unfetched) => unfetched,
        };
        let fields = json!({
            "request_id": invocation.request_id, "bucket": object.bucket, "key": object.key, "error": unfetched.to_string(),
        });
        let bytes = match unfetched {
            Unfetched::Failed(_) => {
                log::error("an object was not fetched; what named it fails, so that AWS delivers it again", fields);
                return Err(Failure::Unfetched);
            }
            Unfetched::Gone => None,
            Unfetched::Unread(bytes, _) => Some(bytes).filter(|bytes| !bytes.is_empty()),
        };
        log::error("an object was not read to its end", fields);
        read.decoded.records += 1;
        read.decoded.rejects += 1;
        Ok(bytes)
    }

    /// Reads logs, judges what they say, and sends the alerts.
    async fn read_logs(&mut self, invocation: Invocation<'_>, bytes: &[u8], read: &mut Read) -> Result<(), Failure> {
        let now = invocation.now;
        let from = From { origin: Origin::default(), delivery: delivery_id(bytes), received: now, met: None };
        // What is no log at all is one record that could not be read.
        let Ok(Taught { learnt, decoded, rejects }) = teach(&self.pipeline.engine, bytes, &from) else {
            read.count(Decoded { records: 1, rejects: 1, ..Decoded::default() }, [1]);
            return Ok(());
        };
        read.count(decoded, rejects.iter().map(|reject| reject.record));
        let failed = |error| state_failed(invocation, error);
        if !self.pipeline.store.is_shared() {
            // There may be no schedule, and another instance's would not reach this one.
            self.pipeline.settle(now).await.map_err(failed)?;
        }
        read.newest = read.newest.max(learnt.newest);
        read.duplicates += learnt.repeated;
        let (late, overflow) = (self.pipeline.store.late(), self.overflow());
        let alerts = self.pipeline.take(learnt).await.map_err(failed)?;
        read.late += self.pipeline.store.late() - late;
        read.overflow += self.overflow() - overflow;
        read.sent += self.send(invocation, &alerts).await?;
        read.alerts.extend(alerts.iter().map(named));
        Ok(())
    }
}

fn named(alert: &Alert) -> Value {
    json!({ "id": alert.id.to_string(), "detector": alert.detector })
}

impl Read {
    fn count(&mut self, decoded: Decoded, rejected: impl IntoIterator<Item = u64>) {
        self.decoded.records += decoded.records;
        self.decoded.events += decoded.events;
        self.decoded.rejects += decoded.rejects;
        let room = NAMED_REJECTS.saturating_sub(self.rejected.len());
        self.rejected.extend(rejected.into_iter().take(room));
    }

    pub(super) fn summary(&self, sent: u64) -> Summary {
        Summary {
            records: self.decoded.records,
            events: self.decoded.events,
            rejects: self.decoded.rejects,
            late: self.late,
            duplicates: self.duplicates,
            alerts: self.alerts.len() as u64,
            sent,
            objects: self.objects,
            overflow: self.overflow,
            ..Summary::default()
        }
    }

    pub(super) fn measures(&self, now: DateTime<Utc>) -> Measures {
        Measures {
            events: self.decoded.events,
            rejects: self.decoded.rejects,
            late: self.late,
            duplicates: self.duplicates,
            overflow: self.overflow,
            // A clock ahead of ours is no negative lag.
            lag_seconds: self.newest.map(|newest| (now - newest).as_seconds_f64().max(0.0)),
            ..Measures::default()
        }
    }

    pub(super) fn fields(&self, request_id: &str, summary: &Summary) -> Value {
        json!({
            "request_id": request_id,
            "records": summary.records,
            "events": summary.events,
            "rejects": summary.rejects,
            "rejected_records": self.rejected,
            "late": summary.late,
            "duplicates": summary.duplicates,
            "objects": summary.objects,
            "overflow": summary.overflow,
            "failed_messages": summary.failed.len(),
            "alerts": self.alerts,
            "sent": summary.sent,
        })
    }
}
