//! The statistics by themselves, for one series on one core: what a minute with events costs, and what an empty hour.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lapwing_detectors::stats::errors::{ErrorProfile, ErrorWindows};
use lapwing_detectors::stats::gauge::{Gauge, GaugeModel};
use lapwing_detectors::stats::rate::{RateProfile, RateWindows};
use lapwing_detectors::stats::windows::LastHour;

/// 2026-10-06, 00:00 UTC, in minutes since 1970.
const START: i32 = 29_855_520;
/// Minutes that are measured together.
const MINUTES: i32 = 10_080;
const HOURS: i32 = 100;

/// A number that looks drawn.
fn drawn(i: i32, sides: u32) -> u32 {
    ((i as u32).wrapping_mul(2_654_435_761) >> 16) % sides
}

fn rates(c: &mut Criterion) {
    let mut group = c.benchmark_group("rate");
    group.throughput(Throughput::Elements(MINUTES as u64));
    group.bench_function("a minute with events: judge and learn", |b| {
        b.iter(|| {
            let (mut profile, mut hour, mut sum) = (RateProfile::new(START), LastHour::new(START), 0.0);
            for minute in START..START + MINUTES {
                let count = 1 + drawn(minute, 20);
                hour.add(minute, count);
                sum += profile.judge(&RateWindows { minute, sums: hour.sums(minute), known_to: minute }).t;
                profile.learn(minute, count);
            }
            black_box(sum)
        });
    });
    group.throughput(Throughput::Elements(HOURS as u64));
    let mut profile = RateProfile::new(START);
    (0..MINUTES).for_each(|i| profile.learn(START + i, drawn(i, 20)));
    group.bench_function("a skipped hour", |b| {
        b.iter(|| {
            let mut profile = profile.clone();
            profile.advance(START + MINUTES + HOURS * 60);
            black_box(profile)
        });
    });
}

fn errors(c: &mut Criterion) {
    let mut group = c.benchmark_group("errors");
    group.throughput(Throughput::Elements(MINUTES as u64));
    group.bench_function("a minute with errors: judge and learn", |b| {
        b.iter(|| {
            let mut profile = ErrorProfile::new(START);
            let (mut errors, mut calls, mut sum) = (LastHour::new(START), LastHour::new(START), 0.0);
            for minute in START..START + MINUTES {
                let (e, n) = (1 + drawn(minute, 3), 20 + drawn(minute, 20));
                errors.add(minute, e);
                calls.add(minute, n);
                let asked = ErrorWindows { minute, errors: errors.sums(minute), calls: calls.sums(minute) };
                sum += profile.judge(&asked).t;
                profile.learn(minute, e, n);
            }
            black_box(sum)
        });
    });
    group.throughput(Throughput::Elements(HOURS as u64));
    let mut profile = ErrorProfile::new(START);
    (0..MINUTES).for_each(|i| profile.learn(START + i, drawn(i, 3), 20 + drawn(i, 20)));
    group.bench_function("a skipped hour", |b| {
        b.iter(|| {
            let mut profile = profile.clone();
            profile.advance(START + MINUTES + HOURS * 60);
            black_box(profile)
        });
    });
}

fn gauges(c: &mut Criterion) {
    let mut group = c.benchmark_group("gauge");
    group.throughput(Throughput::Elements(MINUTES as u64));
    for (name, model) in [("a row of full8", GaugeModel::Full8), ("a row of core3", GaugeModel::Core3)] {
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut gauge = Gauge::new(model);
                let row = |i: i32| gauge.step(f64::from(drawn(i, 1000)), f64::from(i % 288) / 288.0).score;
                black_box((0..MINUTES).map(row).sum::<f64>())
            });
        });
    }
}

criterion_group!(benches, rates, errors, gauges);
criterion_main!(benches);
