//! Log events and rows of Logs Insights results, as the JSON that carries them writes them.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::field::{List, Number, Raw, Text, object};
use super::time;

object! {
    /// A log event of a subscription payload, `GetLogEvents` or `FilterLogEvents`.
    LogItem<'a> {
        // Text in every payload of AWS; a number after a round through some other tool.
        id: Raw<'a> = "id" | "eventId",
        time: Number = "timestamp",
        message: Raw<'a> = "message",
        stream: Text<'a> = "logStreamName",
        extracted: SystemFields<'a> = "extractedFields",
        account: Text<'a> = "@aws.account",
        region: Text<'a> = "@aws.region",
    }
}

object! {
    /// What a subscription filter with `emitSystemFields` adds to each log event.
    SystemFields<'a> {
        account: Text<'a> = "@aws.account",
        region: Text<'a> = "@aws.region",
    }
}

object! {
    /// A cell of a row of Logs Insights results.
    Cell<'a> {
        field: Text<'a> = "field",
        value: Raw<'a> = "value",
    }
}

object! {
    /// A row as the console exports it.
    FlatRow<'a> {
        time: Raw<'a> = "@timestamp",
        message: Raw<'a> = "@message",
        pointer: Raw<'a> = "@ptr",
        stream: Raw<'a> = "@logStream",
        log: Raw<'a> = "@log",
        account: Raw<'a> = "@aws.account",
        region: Raw<'a> = "@aws.region",
    }
}

object! {
    /// What a subscription payload says of all its log events.
    Packed<'a> {
        payload: Payload<'a> = "awslogs",
    }
}

object! {
    /// Base64 of gzip of the envelope.
    Payload<'a> {
        data: Text<'a> = "data",
    }
}

/// A log event, whatever carried it.
pub(super) struct LogMessage<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) time: Option<DateTime<Utc>>,
    pub(super) message: Cow<'a, str>,
    pub(super) stream: Cow<'a, str>,
    /// `@log` of Logs Insights: account and log group.
    pub(super) log: Cow<'a, str>,
    /// Where the log event comes from, of logs that were brought together as well; empty where it does not say.
    pub(super) account: Cow<'a, str>,
    pub(super) region: Cow<'a, str>,
}

impl<'a> LogItem<'a> {
    pub(super) fn into_message(self) -> LogMessage<'a> {
        let either = |one: Text<'a>, other: Text<'a>| if one.is_empty() { other.into_cow() } else { one.into_cow() };
        LogMessage {
            id: self.id.text(),
            time: self.time.0.and_then(time::from_milliseconds),
            message: self.message.text(),
            stream: self.stream.into_cow(),
            log: Cow::Borrowed(""),
            account: either(self.extracted.account, self.account),
            region: either(self.extracted.region, self.region),
        }
    }
}

impl<'a> FlatRow<'a> {
    /// From a row of cells, of which only the named ones are looked at.
    pub(super) fn from_cells(cells: List<Cell<'a>>) -> Self {
        let mut row = FlatRow::default();
        for cell in cells.0 {
            let place = match &*cell.field {
                "@timestamp" => &mut row.time,
                "@message" => &mut row.message,
                "@ptr" => &mut row.pointer,
                "@logStream" => &mut row.stream,
                "@log" => &mut row.log,
                "@aws.account" => &mut row.account,
                "@aws.region" => &mut row.region,
                _ => continue,
            };
            *place = cell.value;
        }
        row
    }

    /// The log event, if the query asked for messages.
    pub(super) fn into_message(self) -> Option<LogMessage<'a>> {
        (!self.message.0.is_empty()).then(|| LogMessage {
            id: self.pointer.text(),
            time: time::of_log(&self.time.text()),
            message: self.message.text(),
            stream: self.stream.text(),
            log: self.log.text(),
            account: self.account.text(),
            region: self.region.text(),
        })
    }
}
