//! The Lambda function's entry: everything that lives longer than one invocation is made here, once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use aws_config::SdkConfig;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use lapwing::cli;
use lapwing::lambda::handler::{Handler, Invocation, Summary};
use lapwing::lambda::objects::Objects;
use lapwing::lambda::{aws, log};
use lapwing::pipeline::Pipeline;
use lapwing::settings::catalog::Catalog;
use lapwing::settings::{CONFIG, Settings};
use lapwing::sink::metrics::Metrics;
use lapwing::sink::sns::Sns;
use lapwing::store::table::TableStore;
use lapwing::store::table::dynamo::DynamoTable;
use lapwing::store::{EitherStore, Limits, MemoryStore, Retention};
use lapwing_detectors::alert::Quality;
use lapwing_detectors::detector::Engine;
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
    for (place, allow) in settings.expired(SystemTime::now().into()) {
        let message = "an entry of the allow-list has ended, and hides nothing new";
        log::warn(message, json!({ "allow": place + 1, "reason": allow.reason }));
    }
    let config = aws::config().await;
    let engine = Arc::new(settings.engine());
    let store = store(&settings, &engine, &config);
    let sns = Sns::new(aws_sdk_sns::Client::new(&config), settings.sns.clone());
    let metrics = Metrics::new(aws_sdk_cloudwatch::Client::new(&config), settings.metrics.clone());
    Ok(Handler {
        pipeline: Pipeline::new(Arc::new(settings), engine, store),
        sns,
        metrics,
        objects: Objects::new(aws_sdk_s3::Client::new(&config), megabytes()),
        own_group: std::env::var("AWS_LAMBDA_LOG_GROUP_NAME").unwrap_or_default(),
        failed_metrics: 0,
    })
}

/// The table that the settings name, or else the memory of this instance, whose alerts say so.
fn store(settings: &Settings, engine: &Arc<Engine>, config: &SdkConfig) -> EitherStore<DynamoTable> {
    let entities = settings.limits.entities as usize;
    let limits = Limits { entities, ..Limits::default() };
    let engine = Arc::clone(engine);
    let Some(name) = settings.state.table.clone() else {
        let store = MemoryStore::new(engine, settings.lateness, limits, Retention::Week);
        return EitherStore::Instance(Box::new(store.of_quality(Quality::InstanceOnly)));
    };
    let table = DynamoTable::new(config, name);
    EitherStore::Table(Box::new(TableStore::new(table, engine, limits, instance())))
}

/// The memory of the function, as the platform tells it.
fn megabytes() -> usize {
    std::env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").ok().and_then(|text| text.parse().ok()).unwrap_or(128)
}

/// The name of this instance: its log stream is another one for each, and the time tells a stream's restarts apart.
fn instance() -> u64 {
    let stream = std::env::var("AWS_LAMBDA_LOG_STREAM_NAME").unwrap_or_default();
    let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    xxhash_rust::xxh3::xxh3_64(format!("{stream} {} {}", std::process::id(), started.as_nanos()).as_bytes())
}

/// The file of the package, or the one that the environment names, and over it the environment. Lambda starts the
/// function in the folder of its package.
fn settings() -> Result<Settings, Error> {
    let named = std::env::var_os(CONFIG).filter(|path| !path.is_empty()).map(PathBuf::from);
    let (settings, _) = cli::load(named.as_deref(), &Catalog::built_in())?;
    Ok(settings.with_environment(std::env::vars()).map_err(cli::Error::Settings)?)
}
