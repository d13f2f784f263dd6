//! CloudTrail records in the messages of log events: a trail, or an EventBridge rule, may deliver to a log group.

use super::field::parse;
use super::lambda::LogEvent;
use super::record::{BridgeEvent, Record};
use super::shape::{self, Shape};
use super::{Counter, Origin, cloudtrail, recover};

impl<'a> From<&LogEvent<'a>> for Origin<'a> {
    fn from(event: &LogEvent<'a>) -> Self {
        let LogEvent { account, region, group, stream, .. } = *event;
        Origin { name: "", account, region, log_group: group, log_stream: stream }
    }
}

/// Reads a log message that is a CloudTrail record, or an EventBridge event around one; says whether it is. In a
/// function's own group it is not: there it is a record that the function was given, and logged.
pub(super) fn read(message: &str, origin: &Origin<'_>, out: &mut Counter<'_>) -> bool {
    let text = message.trim_start();
    if !text.starts_with('{') || origin.log_group.starts_with("/aws/lambda/") {
        return false;
    }
    match shape::of(text, 0) {
        Shape::Record => record(text, origin, out),
        Shape::Bridge => parse::<BridgeEvent<'_>>(text, 0).is_ok_and(|(event, _)| record(event.detail.0, origin, out)),
        _ => false,
    }
}

fn record(json: &str, origin: &Origin<'_>, out: &mut Counter<'_>) -> bool {
    let error = match emit(json, origin, out) {
        Ok(is_record) => return is_record,
        Err(error) => error,
    };
    // An application's own text may begin with a brace too.
    if !json.contains("\"eventVersion\"") {
        return false;
    }
    let mended = recover::mend(json).is_some_and(|mended| emit(&mended, origin, out).unwrap_or(false));
    if !mended {
        out.refuse(recover::complaint(&error));
    }
    true
}

fn emit(json: &str, origin: &Origin<'_>, out: &mut Counter<'_>) -> Result<bool, serde_json::Error> {
    let (record, end) = parse::<Record<'_>>(json, 0)?;
    let is_record = cloudtrail::is_complete(&record);
    if is_record && let Err(what) = cloudtrail::emit(&record, (&json[..end], origin), out) {
        out.refuse(what);
    }
    Ok(is_record)
}
