//! One invocation: a payload in, alerts and metrics out.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use lapwing_detectors::alert::Alert;
use lapwing_detectors::severity::Severity;
use serde::Serialize;
use serde_json::json;

use super::log;
use super::subscription::{self, Opened};
use crate::sink::metrics::{Measures, Metrics};
use crate::sink::sns::{Sns, SnsError};

/// What reads a payload and says what it means.
pub trait Engine {
    /// Reads the payload, received at `now`. Whatever the bytes are, it does not fail: what cannot be read is a reject.
    fn take(&self, payload: &[u8], now: DateTime<Utc>) -> impl Future<Output = Outcome>;
}

/// What came of one payload.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Records read: events and rejects.
    pub records: u64,
    /// Records that were events.
    pub events: u64,
    /// Of the rejects, the number of each record in its payload.
    pub rejects: Vec<u64>,
    /// Events that came after their source's lateness.
    pub late: u64,
    /// Events that were met before.
    pub duplicates: u64,
    /// The time of the newest event.
    pub newest: Option<DateTime<Utc>>,
    /// Detector and severity of each finding.
    pub findings: Vec<(&'static str, Severity)>,
    /// What people must know.
    pub alerts: Vec<Alert>,
}

/// What the invocation answers, and logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Records read: events and rejects.
    pub records: u64,
    /// Records that were events.
    pub events: u64,
    /// Records that could not be read.
    pub rejects: u64,
    /// Alerts opened, updated or resolved.
    pub alerts: u64,
    /// Messages sent to topics.
    pub sent: u64,
    /// True for a payload of the function's own log group, which is never read.
    pub own_log_group: bool,
}

/// How many rejected records a log line names.
const NAMED_REJECTS: usize = 20;

/// Everything that lives as long as the sandbox.
#[derive(Debug)]
pub struct Handler<E> {
    /// Reads payloads.
    pub engine: E,
    /// Takes alerts.
    pub sns: Sns,
    /// Takes counts.
    pub metrics: Metrics,
    /// The function's own log group, or empty.
    pub own_group: String,
    /// How many calls for metrics have failed.
    pub failed_metrics: AtomicU64,
}

impl<E: Engine> Handler<E> {
    /// Reads a payload, sends its alerts, then its metrics.
    ///
    /// # Errors
    ///
    /// When an alert did not reach a topic. Nothing else fails an invocation: a retry could not help it.
    pub async fn handle(&self, request_id: &str, payload: &[u8], now: DateTime<Utc>) -> Result<Summary, SnsError> {
        let Opened { bytes, group } = subscription::open(payload);
        if !group.is_empty() && group == self.own_group {
            let message = "dropped a delivery of the function's own log group: remove its subscription filter";
            log::warn(message, json!({ "request_id": request_id, "log_group": group }));
            return Ok(Summary { own_log_group: true, ..Summary::default() });
        }
        let outcome = self.engine.take(&bytes, now).await;
        let sent = self.send(request_id, &outcome.alerts).await?;
        self.measure(request_id, &outcome, now).await;
        let summary = outcome.summary(sent);
        log::info("read a delivery", fields(request_id, &outcome, summary));
        Ok(summary)
    }

    async fn send(&self, request_id: &str, alerts: &[Alert]) -> Result<u64, SnsError> {
        let sent = self.sns.publish(alerts).await;
        if let Err(e) = &sent {
            let ids: Vec<String> = alerts.iter().map(|alert| alert.id.to_string()).collect();
            log::error(
                "alerts were not sent; the invocation fails so that AWS delivers its payload again",
                json!({
                    "request_id": request_id, "alerts": ids, "failed": e.failed, "topic": e.topic, "error": e.what,
                }),
            );
        }
        sent
    }

    async fn measure(&self, request_id: &str, outcome: &Outcome, now: DateTime<Utc>) {
        if let Err(e) = self.metrics.put(&outcome.measures(now)).await {
            let failed = self.failed_metrics.fetch_add(1, Ordering::Relaxed) + 1;
            let message = "metrics were not sent";
            log::warn(message, json!({ "request_id": request_id, "failed_since_start": failed, "error": e }));
        }
    }
}

impl Outcome {
    fn summary(&self, sent: u64) -> Summary {
        Summary {
            records: self.records,
            events: self.events,
            rejects: self.rejects.len() as u64,
            alerts: self.alerts.len() as u64,
            sent,
            own_log_group: false,
        }
    }

    fn measures(&self, now: DateTime<Utc>) -> Measures {
        Measures {
            events: self.events,
            rejects: self.rejects.len() as u64,
            late: self.late,
            duplicates: self.duplicates,
            // A clock ahead of ours is no negative lag.
            lag_seconds: self.newest.map(|newest| (now - newest).as_seconds_f64().max(0.0)),
            findings: self.findings.clone(),
        }
    }
}

fn fields(request_id: &str, outcome: &Outcome, summary: Summary) -> serde_json::Value {
    let alerts: Vec<_> =
        outcome.alerts.iter().map(|alert| json!({ "id": alert.id.to_string(), "detector": alert.detector })).collect();
    let rejected: Vec<_> = outcome.rejects.iter().take(NAMED_REJECTS).collect();
    json!({
        "request_id": request_id,
        "records": summary.records,
        "events": summary.events,
        "rejects": summary.rejects,
        "rejected_records": rejected,
        "late": outcome.late,
        "duplicates": outcome.duplicates,
        "alerts": alerts,
        "sent": summary.sent,
    })
}
