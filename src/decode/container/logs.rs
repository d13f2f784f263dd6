//! Log events and what holds them: subscription payloads, log queries, Logs Insights results.

use std::io::Read;

use super::{At, Kind, Place, Reader, Trouble};
use crate::decode::field::{List, Text, parse};
use crate::decode::gzip::Inflater;
use crate::decode::lambda::LogEvent;
use crate::decode::log_event::{Cell, FlatRow, LogItem, LogMessage, Packed};
use crate::decode::scan::{self, Members};
use crate::decode::{Format, Origin, checked, embedded};

/// Bytes that a payload packed inside the text may inflate to: Lambda takes 1 MB, and logs pack about 10 to 1.
const PAYLOAD_CAP: usize = 64 << 20;

impl Reader<'_> {
    /// A subscription payload. What it says of all its log events may stand after them, so it is looked for first.
    pub(super) fn envelope(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let [mut owner, mut group, mut stream, mut kind] = [const { None }; 4];
        let mut has_events = false;
        let mut members = Members::new(from.text, from.at);
        while let Some(member) = members.next() {
            has_events |= member.key == "logEvents" && scan::byte(from.text, member.value) == Some(b'[');
            let read = match member.key {
                "owner" => &mut owner,
                "logGroup" => &mut group,
                "logStream" => &mut stream,
                "messageType" => &mut kind,
                _ => {
                    members.skip(&member);
                    continue;
                }
            };
            *read = parse::<Text<'_>>(from.text, member.value).ok().map(|(text, _)| text);
            members.skip(&member);
        }
        if kind.as_deref() == Some("CONTROL_MESSAGE") {
            self.know(Format::LogEvents);
            self.found.control += 1;
            return Ok(members.at);
        }
        if members.closed && !has_events {
            return self.stranger(from, place, None);
        }
        self.know(Format::LogEvents);
        let origin = Origin {
            account: owner.as_deref().unwrap_or(place.origin.account),
            log_group: group.as_deref().unwrap_or(place.origin.log_group),
            log_stream: stream.as_deref().unwrap_or(place.origin.log_stream),
            ..*place.origin
        };
        self.member(from, "logEvents", &Place { kind: Kind::Log, origin: &origin }).map_err(Trouble::Refused)
    }

    /// A payload as the Lambda function receives it: base64 of gzip of an envelope.
    pub(super) fn packed(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let (outer, end) = parse::<Packed<'_>>(from.text, from.at)?;
        if place.kind == Kind::Inner {
            self.out.refuse("`awslogs` stands inside another `awslogs`, where log events are wanted");
            return Ok(end);
        }
        let mut bytes = Vec::new();
        let mut base64 =
            base64::read::DecoderReader::new(outer.payload.data.as_bytes(), &base64::prelude::BASE64_STANDARD);
        if let Err(error) = base64.read_to_end(&mut bytes) {
            self.know(Format::LogEvents);
            self.out.refuse(format!("`awslogs.data` is not base64: {error}"));
            return Ok(end);
        }
        let mut inflated = Vec::new();
        let trouble = Inflater::new().inflate(&bytes, &mut inflated, PAYLOAD_CAP).err();
        if inflated.is_empty() && trouble.is_none() {
            self.know(Format::LogEvents);
            self.out.refuse("`awslogs.data` is absent or empty; base64 of gzip is wanted");
        }
        let inner = Place { kind: Kind::Inner, origin: place.origin };
        self.documents(&checked(&inflated), &inner).map_err(Trouble::Refused)?;
        if let Some(trouble) = trouble {
            self.know(Format::LogEvents);
            self.out.refuse(format!("`awslogs.data` {trouble}"));
        }
        Ok(end)
    }

    pub(super) fn log_item(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let (item, end) = parse::<LogItem<'_>>(from.text, from.at)?;
        self.know(Format::LogEvents);
        self.message(&item.into_message(), place.origin, "`timestamp` is absent or no time in milliseconds since 1970");
        Ok(end)
    }

    pub(super) fn row(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let (cells, end) = parse::<List<Cell<'_>>>(from.text, from.at)?;
        self.read_row(FlatRow::from_cells(cells), place.origin);
        Ok(end)
    }

    pub(super) fn flat_row(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let (row, end) = parse::<FlatRow<'_>>(from.text, from.at)?;
        self.read_row(row, place.origin);
        Ok(end)
    }

    fn read_row(&mut self, row: FlatRow<'_>, origin: &Origin<'_>) {
        self.know(Format::LogsInsights);
        match row.into_message() {
            Some(message) => self.message(&message, origin, "`@timestamp` is absent or no time"),
            None => self
                .out
                .refuse("the row has no `@message`; a query that lists `@message`, `@timestamp` and `@log` is wanted"),
        }
    }

    /// One log event: a CloudTrail record, unless the group is a function's, or a line of a Lambda function's log.
    fn message<'l>(&mut self, log: &'l LogMessage<'_>, origin: &Origin<'l>, no_time: &str) {
        let (account, group) = match log.log.split_once(':') {
            Some((account, group)) => (account, group),
            None if log.log.is_empty() => (origin.account, origin.log_group),
            None => (origin.account, &*log.log),
        };
        let or = |own: &'l str, other: &'l str| if own.is_empty() { other } else { own };
        let (account, region) = (or(&log.account, account), or(&log.region, origin.region));
        let stream = or(&log.stream, origin.log_stream);
        let origin = Origin { account, region, log_group: group, log_stream: stream, ..*origin };
        if embedded::read(&log.message, &origin, &mut self.out) {
            return;
        }
        let Some(time) = log.time else {
            return self.out.refuse(no_time);
        };
        let event = LogEvent { group, stream, account, region, id: &log.id, time, message: &log.message };
        self.invocations.read(&event, &mut self.out);
    }
}
