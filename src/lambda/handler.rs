//! One invocation: a payload in, alerts and metrics out.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use lapwing_detectors::alert::Alert;
use serde::Serialize;
use serde_json::json;

use super::aws::CALL;
use super::log;
use super::objects::Objects;
use super::payload;
use super::schedule;
use crate::pipeline::Pipeline;
use crate::sink::metrics::{Measures, Metrics};
use crate::sink::sns::{Sns, Unsent};
use crate::sink::{digest_message, message};
use crate::store::table::dynamo::DynamoTable;
use crate::store::{Daily, EitherStore, StoreError};

/// The time that must be left when an alert is sent: for that call, for the metrics and for the answer.
const RESERVE: Duration = CALL.saturating_mul(2).saturating_add(Duration::from_secs(2));

/// Everything that lives as long as the sandbox.
pub struct Handler {
    /// Reads payloads and keeps what they taught.
    pub pipeline: Pipeline<EitherStore<DynamoTable>>,
    /// Takes alerts.
    pub sns: Sns,
    /// Takes counts.
    pub metrics: Metrics,
    /// Fetches what payloads only name.
    pub objects: Objects,
    /// The function's own log group, or empty.
    pub own_group: String,
    /// How many calls for metrics have failed.
    pub failed_metrics: u64,
}

/// One invocation, as the platform names it.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// The same for every retry of a payload.
    pub request_id: &'a str,
    /// What to read.
    pub payload: &'a [u8],
    /// When it was received.
    pub now: DateTime<Utc>,
    /// When the platform ends the sandbox, and all state with it, if there is no answer yet.
    pub deadline: SystemTime,
}

impl Invocation<'_> {
    /// When the last message may begin to be sent.
    pub(super) fn last_start(&self) -> SystemTime {
        self.deadline.checked_sub(RESERVE).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// When half of the time that is left is over: a tick judges until then, and sends after that.
    fn middle(&self) -> SystemTime {
        let now = SystemTime::now();
        now + self.deadline.duration_since(now).unwrap_or_default() / 2
    }
}

/// What the invocation answers, and logs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Records read: events and rejects.
    pub records: u64,
    /// Records that were events.
    pub events: u64,
    /// Records that could not be read.
    pub rejects: u64,
    /// Events that came after their source's lateness.
    pub late: u64,
    /// Events that came again within the payload.
    pub duplicates: u64,
    /// Alerts opened, updated or resolved.
    pub alerts: u64,
    /// Messages sent to topics.
    pub sent: u64,
    /// Cells that were not kept, because others had taken all room: the bound on names that anybody can invent.
    pub overflow: u64,
    /// Objects of S3 that were read.
    pub objects: u64,
    /// True for a payload of the function's own log group, which is never read.
    pub own_log_group: bool,
    /// True for the call of a schedule, which brings no logs.
    pub tick: bool,
    /// The messages of a queue or a stream that AWS must deliver again:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.
    #[serde(rename = "batchItemFailures", skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Failed>,
}

/// A message that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The id of an SQS message, or the sequence number of a Kinesis record.
    #[serde(rename = "itemIdentifier")]
    pub id: String,
}

/// Why an invocation must fail, so that AWS delivers its payload again.
#[derive(Debug)]
pub enum Failure {
    /// State could not be read or written.
    Store(StoreError),
    /// This many alerts did not reach every topic that wants them.
    Unsent(usize),
    /// An object could not be fetched.
    Unfetched,
    /// There was no time left for all of it.
    NoTime,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Store(e) => e.fmt(f),
            Failure::Unsent(alerts) => write!(f, "{alerts} alerts were not sent"),
            Failure::Unfetched => f.write_str("an object of S3 was not fetched"),
            Failure::NoTime => f.write_str("no time was left to read all of it"),
        }
    }
}

impl std::error::Error for Failure {}

impl Handler {
    /// Reads a payload, sends its alerts, then its metrics.
    ///
    /// # Errors
    ///
    /// When state or an alert was not written. Nothing else fails an invocation: a retry could not help it.
    pub async fn handle(&mut self, invocation: Invocation<'_>) -> Result<Summary, Failure> {
        if schedule::is_tick(invocation.payload) {
            return self.tick(invocation).await;
        }
        let payload = payload::open(invocation.payload);
        let (read, failed) = self.read(invocation, payload).await?;
        let mut sent = read.sent;
        if !self.pipeline.store.is_shared() {
            sent += Box::pin(self.send_digests(invocation)).await?;
        }
        let own_log_group = read.own_log_group && read.decoded.records == 0;
        if !own_log_group {
            self.measure(invocation, read.measures(invocation.now)).await;
        }
        let summary = Summary { own_log_group, failed, ..read.summary(sent) };
        log::info("read a delivery", read.fields(invocation.request_id, &summary));
        Ok(summary)
    }

    /// Judges what has become complete, and sends what has ended or was left behind.
    async fn tick(&mut self, invocation: Invocation<'_>) -> Result<Summary, Failure> {
        self.pipeline.store.end_ticks(invocation.middle());
        let alerts = self.pipeline.tick(invocation.now).await.map_err(|e| state_failed(invocation, e))?;
        let sent = self.send(invocation, &alerts).await? + Box::pin(self.send_digests(invocation)).await?;
        // Without anything that waits its age is nothing: an alarm on it must see that.
        let since = self.pipeline.store.waiting_since();
        let waiting = since.map_or(0.0, |since| (invocation.now - since).as_seconds_f64().max(0.0));
        let waiting_seconds = self.pipeline.store.is_shared().then_some(waiting);
        self.measure(invocation, Measures { waiting_seconds, ..Measures::default() }).await;
        let summary = Summary { alerts: alerts.len() as u64, sent, tick: true, ..Summary::default() };
        log::info("ticked", json!({ "request_id": invocation.request_id, "alerts": summary.alerts, "sent": sent }));
        Ok(summary)
    }

    /// Sends each alert to each topic that wants it. One that reached all of them is told to the pipeline, so that a
    /// retry sends only the others.
    pub(super) async fn send(&mut self, invocation: Invocation<'_>, alerts: &[Alert]) -> Result<u64, Failure> {
        let request_id = invocation.request_id;
        let (mut sent, mut unsent) = (0, 0);
        for alert in alerts {
            match Box::pin(self.send_one(invocation, alert)).await {
                Ok(messages) => {
                    sent += messages;
                    self.settle(invocation, alert).await;
                }
                Err(e) => {
                    unsent += 1;
                    let fields = json!({
                        "request_id": request_id, "alert": alert.id.to_string(), "topic": e.topic, "error": e.what,
                    });
                    log::error(self.after_failure(), fields);
                }
            }
        }
        // What is in a shared outbox needs no second delivery: a tick sends it.
        if unsent == 0 || self.pipeline.store.is_shared() { Ok(sent) } else { Err(Failure::Unsent(unsent)) }
    }

    /// Sends a change of an alert by itself where it is not for the digest of its day, which has it then.
    async fn send_one(&mut self, invocation: Invocation<'_>, alert: &Alert) -> Result<u64, Unsent> {
        let mut alert = alert.clone();
        let spent = self.pipeline.place(&mut alert, invocation.now).await.map_err(|e| Unsent::undecided(&e))?;
        let mut sent = 0;
        if let Some((daily, notice)) = spent {
            sent += self.sns.publish(|topic| message(topic, &notice), invocation.last_start()).await?;
            self.settle_daily(invocation, daily).await;
        }
        Ok(sent + self.sns.publish(|topic| message(topic, &alert), invocation.last_start()).await?)
    }

    /// Sends the digests of days that are over.
    async fn send_digests(&mut self, invocation: Invocation<'_>) -> Result<u64, Failure> {
        let mut sent = 0;
        while let Some((day, digest)) =
            self.pipeline.digest(invocation.now).await.map_err(|e| state_failed(invocation, e))?
        {
            match self.sns.publish(|topic| digest_message(topic, day, &digest), invocation.last_start()).await {
                Ok(messages) => sent += messages,
                Err(e) => {
                    let fields = json!({
                        "request_id": invocation.request_id, "digest": day.to_string(), "topic": e.topic, "error": e.what,
                    });
                    log::error("a digest was not sent; a later tick sends it", fields);
                    return Ok(sent);
                }
            }
            let fields = json!({
                "request_id": invocation.request_id, "digest": day.to_string(), "alerts": digest.alerts(),
            });
            log::info("sent a digest", fields);
            if !self.settle_daily(invocation, Daily::Digest(day)).await {
                return Ok(sent);
            }
        }
        Ok(sent)
    }

    /// Notes that something was said that is said once a day; says whether that could be noted.
    async fn settle_daily(&mut self, invocation: Invocation<'_>, daily: Daily) -> bool {
        let noted = self.pipeline.daily_said(daily, invocation.now).await;
        if let Err(e) = &noted {
            let fields = json!({ "request_id": invocation.request_id, "error": e.to_string() });
            log::warn(
                "what is said once a day was sent, and may be sent again: that it was could not be noted",
                fields,
            );
        }
        noted.is_ok()
    }

    fn after_failure(&self) -> &'static str {
        if self.pipeline.store.is_shared() {
            "an alert was not sent; it stays in the outbox, and a tick sends it"
        } else {
            "an alert was not sent; the invocation fails, so that AWS delivers it again"
        }
    }

    /// Notes that an alert was sent. Where that fails it is sent once more, under the same id.
    async fn settle(&mut self, invocation: Invocation<'_>, alert: &Alert) {
        if let Err(e) = self.pipeline.said(alert).await {
            let fields = json!({
                "request_id": invocation.request_id, "alert": alert.id.to_string(), "error": e.to_string(),
            });
            log::warn("an alert was sent, and may be sent again: that it was could not be noted", fields);
        }
    }

    async fn measure(&mut self, invocation: Invocation<'_>, measures: Measures) {
        let findings = std::mem::take(&mut self.pipeline.found);
        let hidden = std::mem::take(&mut self.pipeline.hidden).by_name();
        if let Err(e) = self.metrics.put(&Measures { findings, hidden, ..measures }).await {
            self.failed_metrics += 1;
            let failed = self.failed_metrics;
            let fields = json!({ "request_id": invocation.request_id, "failed_since_start": failed, "error": e });
            log::warn("metrics were not sent", fields);
        }
    }
}

pub(super) fn state_failed(invocation: Invocation<'_>, error: StoreError) -> Failure {
    let fields = json!({ "request_id": invocation.request_id, "error": error.to_string() });
    log::error("state failed; what it belongs to fails, so that AWS delivers it again", fields);
    Failure::Store(error)
}
