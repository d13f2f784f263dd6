//! placeholder
use super::Sink;
use chrono::{DateTime, Utc};
use lapwing_detectors::event::{Event, Identity, Log, What};
/// One log event, as CloudWatch Logs keeps it.
#[derive(Clone, Copy, Debug)]
pub struct LogEvent<'a> {
    /// The log group's name, without account.
    pub group: &'a str,
    /// The log stream, or empty.
    pub stream: &'a str,
    /// Twelve digits, or empty.
    pub account: &'a str,
    /// Such as `eu-west-1`, or empty.
    pub region: &'a str,
    /// The id that CloudWatch Logs gave it, or empty.
    pub id: &'a str,
    /// The log event's timestamp.
    pub time: DateTime<Utc>,
    /// The text as logged.
    pub message: &'a str,
}
/// p
#[derive(Debug, Default)]
pub struct Invocations {}
impl Invocations {
    /// p
    pub fn read(&mut self, r: &LogEvent<'_>, sink: &mut dyn Sink) {
        let log = Log {
            function: r.group.strip_prefix("/aws/lambda/").unwrap_or_default(),
            stream: r.stream,
            ..Log::default()
        };
        sink.event(&Event {
            id: r.id,
            identity: Identity(1),
            time: r.time,
            account: r.account,
            region: r.region,
            weight: 1,
            what: What::Log(log),
        });
    }
}
