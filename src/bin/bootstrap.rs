//! The Lambda function's entry: everything that lives longer than one invocation is made here, once.

use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use lapwing::lambda::environment::Environment;
use lapwing::lambda::handler::{Engine, Handler, Outcome, Summary};
use lapwing::lambda::{aws, log};
use lapwing::sink::metrics::{FindingsBy, Metrics};
use lapwing::sink::sns::Sns;
use serde_json::json;
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::panics_by_place();
    let handler = start().await.inspect_err(|e| log::error("failed to start", json!({ "error": e.to_string() })))?;
    let handler = &handler;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| -> Result<Summary, Error> {
        let payload = event.payload.get().as_bytes();
        Ok(handler.handle(&event.context.request_id, payload, SystemTime::now().into()).await?)
    }))
    .await
}

async fn start() -> Result<Handler<Dev>, Error> {
    let environment = Environment::read(|name| std::env::var(name).ok())?;
    let config = aws::config().await;
    let topics = environment.topic.into_iter().collect();
    Ok(Handler {
        engine: Dev,
        sns: Sns::new(aws_sdk_sns::Client::new(&config), topics),
        metrics: Metrics::new(aws_sdk_cloudwatch::Client::new(&config), FindingsBy::default()),
        own_group: environment.own_group,
        failed_metrics: AtomicU64::new(0),
    })
}

struct Dev;

impl Engine for Dev {
    async fn take(&self, payload: &[u8], _now: DateTime<Utc>) -> Outcome {
        use lapwing_detectors::alert::*;
        let text = String::from_utf8_lossy(payload);
        let mut outcome =
            Outcome { records: 1, events: 1, newest: Some(SystemTime::now().into()), ..Outcome::default() };
        if text.contains("StopLogging") {
            let span = Span { start: DateTime::UNIX_EPOCH, end: DateTime::UNIX_EPOCH };
            outcome.findings.push(("trail-tampering", lapwing_detectors::severity::Severity::Critical));
            outcome.alerts.push(Alert {
                id: AlertId(7),
                detector: "trail-tampering",
                title: "Trail tampering",
                severity: lapwing_detectors::severity::Severity::Critical,
                severity_before: None,
                status: Status::Open,
                raised_at: span.end,
                subject: Subject {
                    principal: "user/mallory".into(),
                    account: "111122223333".into(),
                    ..Subject::default()
                },
                owner: Owner::default(),
                window: span,
                best: span,
                seen: 1,
                seen_at_least: false,
                unit: "calls",
                expected: None,
                threshold: None,
                p_value: None,
                attack: &[],
                examples: vec![],
                top: vec![],
                folded: 1,
                quality: Quality::Complete,
                headline: "stopped a trail".into(),
                why: String::new(),
                next: &[],
                query: String::new(),
            });
        }
        outcome
    }
}
