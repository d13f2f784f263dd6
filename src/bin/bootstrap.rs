//! The Lambda function's entry: everything that lives longer than one invocation is made here, once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use lapwing::cli;
use lapwing::lambda::handler::{Handler, Invocation, Summary};
use lapwing::lambda::{aws, log};
use lapwing::pipeline::Pipeline;
use lapwing::settings::catalog::Catalog;
use lapwing::settings::{CONFIG, Settings};
use lapwing::sink::metrics::Metrics;
use lapwing::sink::sns::Sns;
use lapwing::store::{Limits, MemoryStore, Retention};
use lapwing_detectors::alert::Quality;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::Mutex;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::panics_by_place();
    let handler = start().await.inspect_err(|e| log::error("failed to start", json!({ "error": e.to_string() })))?;
    // Lambda hands over one event at a time; nobody ever waits here.
    let handler = &Mutex::new(handler);
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| -> Result<Summary, Error> {
        let invocation = Invocation {
            request_id: &event.context.request_id,
            payload: event.payload.get().as_bytes(),
            now: SystemTime::now().into(),
            deadline: event.context.deadline(),
        };
        Ok(handler.lock().await.handle(invocation).await?)
    }))
    .await
}

async fn start() -> Result<Handler, Error> {
    let settings = settings()?;
    let config = aws::config().await;
    let limits = Limits { entities: settings.limits.entities as usize, ..Limits::default() };
    let engine = Arc::new(settings.engine());
    let store = MemoryStore::new(Arc::clone(&engine), settings.lateness, limits, Retention::Week);
    let sns = Sns::new(aws_sdk_sns::Client::new(&config), settings.sns.clone());
    let metrics = Metrics::new(aws_sdk_cloudwatch::Client::new(&config), settings.metrics.clone());
    Ok(Handler {
        pipeline: Pipeline::new(Arc::new(settings), engine, store).of_quality(Quality::InstanceOnly),
        sns,
        metrics,
        own_group: std::env::var("AWS_LAMBDA_LOG_GROUP_NAME").unwrap_or_default(),
        failed_metrics: 0,
    })
}

/// The file of the package, or the one that the environment names, and over it the environment. Lambda starts the
/// function in the folder of its package.
fn settings() -> Result<Settings, Error> {
    let named = std::env::var_os(CONFIG).filter(|path| !path.is_empty()).map(PathBuf::from);
    let (settings, _) = cli::load(named.as_deref(), &Catalog::built_in())?;
    Ok(settings.with_environment(std::env::vars()).map_err(cli::Error::Settings)?)
}
