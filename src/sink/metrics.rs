//! Counts to CloudWatch metrics.
//!
//! Each distinct pair of name and dimensions is a metric that costs money every month: findings are counted by
//! detector or by severity, never by both, and never by a name that comes from a log.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::error::DisplayErrorContext;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use lapwing_detectors::severity::Severity;

use crate::settings::{self, MetricsBy};

/// What one invocation measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    /// Events read.
    pub events: u64,
    /// Records that could not be read.
    pub rejects: u64,
    /// Events that came after their source's lateness.
    pub late: u64,
    /// Events that were met before.
    pub duplicates: u64,
    /// Cells that were not kept, for want of room.
    pub overflow: u64,
    /// Seconds between the newest event and now; `None` without events.
    pub lag_seconds: Option<f64>,
    /// Seconds since the oldest alert waits to be sent, or the first minute to be judged, as a tick met it; `None` outside
    /// of ticks, and without a table.
    pub waiting_seconds: Option<f64>,
    /// How many findings of each detector and severity.
    pub findings: BTreeMap<(&'static str, Severity), u64>,
    /// How many findings were hidden, by reason: a noise profile, `deployer`, `allow`, `graver`.
    pub hidden: BTreeMap<&'static str, u64>,
}

/// The metrics of this function.
#[derive(Debug)]
pub struct Metrics {
    client: Client,
    settings: settings::Metrics,
}

impl Metrics {
    /// Sends what the settings say.
    #[must_use]
    pub fn new(client: Client, settings: settings::Metrics) -> Metrics {
        Metrics { client, settings }
    }

    /// Sends everything in one call; nothing at all where the settings switch metrics off.
    ///
    /// # Errors
    ///
    /// What CloudWatch or the way to it said. Nothing is lost but the numbers: the invocation goes on.
    pub async fn put(&self, measures: &Measures) -> Result<(), String> {
        if !self.settings.enabled {
            return Ok(());
        }
        let data = data(measures, self.settings.by);
        let request = self.client.put_metric_data().namespace(&self.settings.namespace).set_metric_data(Some(data));
        request.send().await.map(|_| ()).map_err(|e| DisplayErrorContext(&e).to_string())
    }
}

fn data(measures: &Measures, by: MetricsBy) -> Vec<MetricDatum> {
    let mut data = vec![
        datum("Events", measures.events as f64, StandardUnit::Count),
        datum("Rejects", measures.rejects as f64, StandardUnit::Count),
        datum("Late", measures.late as f64, StandardUnit::Count),
        datum("Duplicates", measures.duplicates as f64, StandardUnit::Count),
    ];
    // Most never have any, and each name that is sent is paid for.
    data.extend((measures.overflow > 0).then(|| datum("Overflow", measures.overflow as f64, StandardUnit::Count)));
    data.extend(measures.lag_seconds.map(|lag| datum("Lag", lag, StandardUnit::Seconds)));
    data.extend(measures.waiting_seconds.map(|age| datum("OutboxAge", age, StandardUnit::Seconds)));
    let mut findings: BTreeMap<&str, u64> = BTreeMap::new();
    for ((detector, severity), count) in &measures.findings {
        let value = match by {
            MetricsBy::Detector => detector,
            MetricsBy::Severity => severity.name(),
        };
        *findings.entry(value).or_default() += count;
    }
    let name = match by {
        MetricsBy::Detector => "Detector",
        MetricsBy::Severity => "Severity",
    };
    data.extend(findings.into_iter().map(|(value, count)| counted("Findings", (name, value), count)));
    data.extend(measures.hidden.iter().map(|(reason, count)| counted("Hidden", ("Reason", reason), *count)));
    data
}

fn counted(metric: &str, (name, value): (&str, &str), count: u64) -> MetricDatum {
    let dimension = Dimension::builder().name(name).value(value).build();
    let datum = MetricDatum::builder().metric_name(metric).dimensions(dimension);
    datum.value(count as f64).unit(StandardUnit::Count).build()
}

fn datum(name: &str, value: f64, unit: StandardUnit) -> MetricDatum {
    MetricDatum::builder().metric_name(name).value(value).unit(unit).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(datum: &MetricDatum) -> String {
        let dimensions: Vec<String> = datum
            .dimensions()
            .iter()
            .map(|d| format!(" {}={}", d.name().unwrap_or_default(), d.value().unwrap_or_default()))
            .collect();
        format!(
            "{}{} {} {}",
            datum.metric_name().unwrap_or_default(),
            dimensions.join(""),
            datum.value().unwrap_or_default(),
            datum.unit().map_or("", |u| u.as_str())
        )
    }

    #[track_caller]
    fn check(by: MetricsBy, lag_seconds: Option<f64>, wanted: &[&str]) {
        let findings = BTreeMap::from([
            (("denied-burst", Severity::Medium), 3),
            (("denied-burst", Severity::High), 1),
            (("root-use", Severity::High), 1),
        ]);
        let measures = Measures {
            events: 40,
            rejects: 2,
            late: 3,
            duplicates: 1,
            overflow: u64::from(lag_seconds.is_some()) * 5,
            lag_seconds,
            waiting_seconds: lag_seconds,
            findings,
            hidden: BTreeMap::from([("scanners", 7)]),
        };
        let data: Vec<String> = data(&measures, by).iter().map(shown).collect();
        assert_eq!(data, wanted);
    }

    #[test]
    fn findings_are_counted_by_detector_or_by_severity() {
        check(
            MetricsBy::Detector,
            Some(71.5),
            &[
                "Events 40 Count",
                "Rejects 2 Count",
                "Late 3 Count",
                "Duplicates 1 Count",
                "Overflow 5 Count",
                "Lag 71.5 Seconds",
                "OutboxAge 71.5 Seconds",
                "Findings Detector=denied-burst 4 Count",
                "Findings Detector=root-use 1 Count",
                "Hidden Reason=scanners 7 Count",
            ],
        );
        check(
            MetricsBy::Severity,
            None,
            &[
                "Events 40 Count",
                "Rejects 2 Count",
                "Late 3 Count",
                "Duplicates 1 Count",
                "Findings Severity=high 2 Count",
                "Findings Severity=medium 3 Count",
                "Hidden Reason=scanners 7 Count",
            ],
        );
    }
}
