//! The engine on one busy file: decode and observe, adding to state, judging an hour. `decode` has decoding alone.

use std::hint::black_box;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lapwing::decode::Origin;
use lapwing::pipeline::{From, delivery_id, teach_with};
use lapwing::store::{Limits, MemoryStore, Retention, StateStore};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::judge::Finding;
use lapwing_detectors::observe::{Learnt, Observer};
use lapwing_detectors::profile::Lateness;
use lapwing_detectors::settings::Minutes;

/// Records in a file.
const RECORDS: u64 = 2_000;
/// A lateness of nothing: all data is on time, as in a replay in event order.
const ON_TIME: Lateness = Lateness { lambda: Minutes(0), cloudtrail: Minutes(0) };

/// Calls of 200 roles within one hour; one in 30 is refused.
fn file() -> String {
    let record = |n: u64| {
        let (role, api, minute, second) = (n * n % 200, n % 13, n * 60 / RECORDS, n % 60);
        let error = if n.is_multiple_of(30) { r#""errorCode":"AccessDenied","# } else { "" };
        format!(
            r#"{{"eventVersion":"1.09","userIdentity":{{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/role-{role}/i-0a1b2c3d4e5f60718","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{{"sessionIssuer":{{"type":"Role","arn":"arn:aws:iam::111122223333:role/role-{role}"}}}}}},"eventTime":"2026-01-02T03:{minute:02}:{second:02}Z","eventSource":"s3.amazonaws.com","eventName":"Call{api}","awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.7","userAgent":"Boto3/1.34.69",{error}"eventID":"00000000-0000-4000-8000-{n:012x}","eventType":"AwsApiCall","recipientAccountId":"111122223333"}}"#
        )
    };
    format!(r#"{{"Records":[{}]}}"#, (0..RECORDS).map(record).collect::<Vec<_>>().join(","))
}

fn learnt(observer: &mut Observer<'_>, text: &str) -> Option<Learnt> {
    let (delivery, received) = (delivery_id(text.as_bytes()), DateTime::<Utc>::MIN_UTC);
    let from = From { origin: Origin::default(), delivery, received, met: None };
    Some(teach_with(observer, text.as_bytes(), &from).ok()?.learnt)
}

fn store(engine: &Arc<Engine>) -> MemoryStore {
    MemoryStore::new(Arc::clone(engine), ON_TIME, Limits::default(), Retention::Reach)
}

fn judge(engine: &Engine, store: &mut MemoryStore, runtime: &tokio::runtime::Runtime) -> Vec<Finding> {
    let mut findings = Vec::new();
    while let Ok(due) = runtime.block_on(store.due(DateTime::<Utc>::MAX_UTC)) {
        if due.is_empty() {
            break;
        }
        for (known, range) in due {
            engine.judge(&known, range, &mut findings);
        }
    }
    findings
}

fn busy_file(c: &mut Criterion) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
    let (engine, text) = (Arc::new(Engine::default()), file());
    let mut observer = Observer::new(&engine);
    let Some(taught) = learnt(&mut observer, &text) else { return };

    let mut group = c.benchmark_group("busy file");
    group.throughput(Throughput::Elements(RECORDS));
    group.bench_function("decode and observe", |b| b.iter(|| learnt(&mut observer, black_box(&text))));
    let fresh = || (store(&engine), taught.clone());
    group.bench_function("add to state", |b| {
        b.iter_batched(
            fresh,
            |(mut store, taught)| {
                store.add(taught);
                store
            },
            BatchSize::SmallInput,
        );
    });
    let filled = || {
        let (mut store, taught) = fresh();
        store.add(taught);
        store
    };
    let judged = |mut store: MemoryStore| judge(&engine, &mut store, &runtime);
    group.bench_function("judge", |b| b.iter_batched(filled, judged, BatchSize::SmallInput));
    group.finish();
}

criterion_group!(benches, busy_file);
criterion_main!(benches);
