//! Containers: what holds the records, read as a stream.
//!
//! The way through a container is found by brackets and quotes ([`scan`]); every record is parsed by serde from where
//! it begins. So no list of records is held, members come in any order, and a record that does not parse is found the
//! end of ([`recover`]), rejected alone, and left behind.

use std::io::Read;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::field::{List, Text};
use super::gzip::Inflater;
use super::lambda::{Invocations, LogEvent};
use super::log_event::{Cell, FlatRow, LogItem, LogMessage, Packed};
use super::record::{BridgeEvent, LookupEvent, Record};
use super::recover::{self, Layout};
use super::scan::{self, Members};
use super::shape::{self, Shape};
use super::{Counter, Decoded, Format, Origin, Refusal, cloudtrail};

/// Objects that we do not know are held back until one that we know shows that the bytes are a log after all; after
/// this many they are rejects at once.
const HELD: usize = 100;

/// How many times the text's length may be spent on finding the ends of damaged records. Real damage needs about two;
/// text that is made to need more is given up, and the rest of it is one reject.
const PATIENCE: usize = 16;

/// Bytes that a payload packed inside the text may inflate to: Lambda takes 1 MB, and logs pack about 10 to 1.
const PAYLOAD_CAP: usize = 64 << 20;

/// Reads JSON text: one container, or records and containers one after the other.
pub(super) fn decode(text: &str, origin: &Origin<'_>, sink: &mut dyn super::Sink) -> Result<Decoded, Refusal> {
    let mut reader = Reader {
        out: Counter::new(sink),
        found: Decoded::default(),
        strangers: Vec::new(),
        patience: text.len().saturating_mul(PATIENCE).saturating_add(4096),
        cut: false,
        invocations: Invocations::default(),
    };
    reader.documents(text, &Place { kind: Kind::Top, origin })?;
    reader.finish()
}

struct Reader<'s> {
    out: Counter<'s>,
    /// Counts and format, but for records, events and rejects, which `out` counts.
    found: Decoded,
    strangers: Vec<String>,
    /// Bytes that may still be spent on damage.
    patience: usize,
    /// The text ended inside a record, which was rejected for it.
    cut: bool,
    invocations: Invocations,
}

/// Where in the text.
#[derive(Clone, Copy)]
struct At<'t> {
    text: &'t str,
    at: usize,
}

/// What stands where, and what is known of it.
#[derive(Clone, Copy)]
struct Place<'o> {
    kind: Kind,
    origin: &'o Origin<'o>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Documents one after the other.
    Top,
    /// Documents that were packed in another: nothing more is unpacked there.
    Inner,
    /// Elements of a bare array.
    Element,
    /// Elements of `Records`.
    Record,
    /// Elements of `Events`.
    Lookup,
    /// Elements of `logEvents` and `events`.
    Log,
    /// Elements of `results`.
    Row,
}

/// Why an object was not read.
enum Trouble {
    Damaged(serde_json::Error),
    Refused(Refusal),
}

impl From<serde_json::Error> for Trouble {
    fn from(error: serde_json::Error) -> Self {
        Trouble::Damaged(error)
    }
}

/// Parses the value that begins here, and says where it ends.
fn parse<'t, T: Deserialize<'t>>(from: At<'t>) -> Result<(T, usize), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(&from.text[from.at..]);
    let value = T::deserialize(&mut json)?;
    Ok((value, from.at + json.into_iter::<IgnoredAny>().byte_offset()))
}

impl Reader<'_> {
    fn finish(mut self) -> Result<Decoded, Refusal> {
        if self.out.records() == 0 && self.found.format == Format::Empty && !self.strangers.is_empty() {
            return Err(Refusal::NoRecord { found: self.strangers.swap_remove(0) });
        }
        self.release();
        let (events, rejects) = (self.out.events, self.out.rejects);
        Ok(Decoded { records: events + rejects, events, rejects, ..self.found })
    }

    /// Something that we know was found: the strangers before it are bad records of a log.
    fn know(&mut self, format: Format) {
        if self.found.format == Format::Empty {
            self.found.format = format;
        }
        self.release();
    }

    fn release(&mut self) {
        for what in std::mem::take(&mut self.strangers) {
            self.out.refuse(format!("is {what}, which is no record"));
        }
    }

    fn documents(&mut self, text: &str, place: &Place<'_>) -> Result<(), Refusal> {
        let mut at = scan::gap(text, 0);
        while at < text.len() {
            at = scan::gap(text, self.value(At { text, at }, place)?);
        }
        Ok(())
    }

    /// The elements of the array that begins here.
    fn array(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Refusal> {
        let text = from.text;
        let mut at = scan::gap(text, from.at + 1);
        loop {
            match scan::byte(text, at) {
                Some(b']') => return Ok(at + 1),
                Some(_) => at = scan::gap(text, self.value(At { text, at }, place)?),
                None => break,
            }
        }
        if !self.cut {
            self.out.refuse("the text ends inside the array");
        }
        Ok(at)
    }

    /// The elements of an object's member of this name.
    fn member(&mut self, from: At<'_>, name: &str, place: &Place<'_>) -> Result<usize, Refusal> {
        let mut members = Members::new(from.text, from.at);
        let mut read_to = from.at;
        while let Some(member) = members.next() {
            if member.key == name && scan::byte(from.text, member.value) == Some(b'[') {
                members.at = self.array(At { at: member.value, ..from }, place)?;
                read_to = members.at;
            } else {
                members.skip(&member);
            }
        }
        // Nothing is lost with a last brace.
        let whole = members.closed || read_to == from.text.len();
        Ok(if whole { members.at } else { self.unclosed(At { at: read_to, ..from }) })
    }

    /// A container that is damaged or cut here, outside of its records: rejects what may be lost with it, and finds
    /// the next document.
    fn unclosed(&mut self, from: At<'_>) -> usize {
        if let Some(end) = self.give_up(from, from.text.len()) {
            return end;
        }
        let next = recover::next_document(from.text, from.at);
        if !self.cut {
            self.out.refuse("is damaged: the object around the records does not go on or end here");
        }
        self.cut |= next == from.text.len();
        next
    }

    /// One value: an object that is a record or holds some, or a reject. Says where to read on.
    fn value(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Refusal> {
        let read = match scan::byte(from.text, from.at) {
            Some(b'{') => self.object(from, place),
            Some(b'[') => match place.kind {
                Kind::Top | Kind::Inner => self.array(from, &Place { kind: Kind::Element, ..*place }).map_err(Trouble::Refused),
                Kind::Element | Kind::Row => self.row(from, place),
                _ => return Ok(self.junk(from, place)),
            },
            _ => return Ok(self.junk(from, place)),
        };
        match read {
            Ok(end) => Ok(end),
            Err(Trouble::Refused(refusal)) => Err(refusal),
            Err(Trouble::Damaged(error)) => self.damaged(from, place, &error),
        }
    }

    fn object(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        match place.kind {
            Kind::Record => self.record(from, place),
            Kind::Log => self.log_item(from, place),
            Kind::Row => self.flat_row(from, place),
            Kind::Lookup => self.lookup_event(from, place),
            Kind::Top | Kind::Inner | Kind::Element => self.document(from, place),
        }
    }

    fn document(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let within = |kind| Place { kind, ..*place };
        let end = match shape::of(from.text, from.at) {
            Shape::Record => return self.record(from, place),
            Shape::LogFile => self.member(from, "Records", &within(Kind::Record)),
            Shape::Bridge => return self.bridge_event(from, place),
            Shape::Lookup => self.member(from, "Events", &within(Kind::Lookup)),
            Shape::LookupEvent => return self.lookup_event(from, place),
            Shape::Envelope => self.envelope(from, place),
            Shape::Packed => return self.packed(from, place),
            Shape::LogEvents => self.member(from, "events", &within(Kind::Log)),
            Shape::LogEvent => return self.log_item(from, place),
            Shape::Results => self.member(from, "results", &within(Kind::Row)),
            Shape::Row => return self.flat_row(from, place),
            Shape::Digest => return self.digest(from),
            Shape::Notification(whose) => return self.stranger(from, place, Some(Refusal::Notification { whose })),
            Shape::Stranger => return self.stranger(from, place, None),
        };
        end.map_err(Trouble::Refused)
    }

    fn record(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let (record, end) = parse::<Record<'_>>(from)?;
        if cloudtrail::is_foreign(&record) {
            return self.stranger(from, place, shape::notification(&record.source));
        }
        self.call(&record, &from.text[from.at..end], place.origin);
        Ok(end)
    }

    fn call(&mut self, record: &Record<'_>, json: &str, origin: &Origin<'_>) {
        self.know(Format::CloudTrail);
        if let Err(what) = cloudtrail::emit(record, (json, origin), &mut self.out) {
            self.out.refuse(what);
        }
    }

    /// A record inside another value's text.
    fn inner_record(&mut self, json: &str, origin: &Origin<'_>) -> Result<(), Option<serde_json::Error>> {
        let (record, end) = parse::<Record<'_>>(At { text: json, at: 0 })?;
        if cloudtrail::is_foreign(&record) {
            return Err(None);
        }
        self.call(&record, &json[..end], origin);
        Ok(())
    }

    fn bridge_event(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let (outer, end) = parse::<BridgeEvent<'_>>(from)?;
        let origin = Origin {
            account: if outer.account.is_empty() { place.origin.account } else { &outer.account },
            region: if outer.region.is_empty() { place.origin.region } else { &outer.region },
            ..*place.origin
        };
        if !outer.detail.0.starts_with('{') {
            return self.stranger(from, place, None);
        }
        match self.inner_record(outer.detail.0, &origin) {
            Ok(()) => Ok(end),
            Err(Some(error)) => Err(error.into()),
            Err(None) => self.stranger(from, place, None),
        }
    }

    fn lookup_event(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let (outer, end) = parse::<LookupEvent<'_>>(from)?;
        let json = outer.record.text();
        self.know(Format::CloudTrail);
        match self.inner_record(&json, place.origin) {
            Ok(()) => {}
            Err(None) => self.out.refuse("`CloudTrailEvent` holds no CloudTrail record"),
            Err(Some(error)) => self.mended(&json, place.origin, &error),
        }
        Ok(end)
    }

    /// A record in text of its own that did not parse: tries it without broken characters, else rejects it.
    fn mended(&mut self, json: &str, origin: &Origin<'_>, error: &serde_json::Error) {
        let read = recover::mend(json).is_some_and(|mended| self.inner_record(&mended, origin).is_ok());
        if !read {
            self.out.refuse(recover::complaint(error));
        }
    }

    /// A subscription payload. What it says of all its log events may stand after them, so it is looked for first.
    fn envelope(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Refusal> {
        let [mut owner, mut group, mut stream, mut kind] = [const { None }; 4];
        let mut members = Members::new(from.text, from.at);
        while let Some(member) = members.next() {
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
            *read = parse::<Text<'_>>(At { at: member.value, ..from }).ok().map(|(text, _)| text);
            members.skip(&member);
        }
        self.know(Format::LogEvents);
        if kind.as_deref() == Some("CONTROL_MESSAGE") {
            self.found.control += 1;
            return Ok(members.at);
        }
        let origin = Origin {
            account: owner.as_deref().unwrap_or(place.origin.account),
            log_group: group.as_deref().unwrap_or(place.origin.log_group),
            log_stream: stream.as_deref().unwrap_or(place.origin.log_stream),
            ..*place.origin
        };
        self.member(from, "logEvents", &Place { kind: Kind::Log, origin: &origin })
    }

    /// A payload as the Lambda function receives it: base64 of gzip of an envelope.
    fn packed(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let (outer, end) = parse::<Packed<'_>>(from)?;
        if place.kind == Kind::Inner {
            self.out.refuse("`awslogs` stands inside another `awslogs`, where log events are wanted");
            return Ok(end);
        }
        let mut bytes = Vec::new();
        let mut base64 = base64::read::DecoderReader::new(outer.payload.data.as_bytes(), &base64::prelude::BASE64_STANDARD);
        if let Err(error) = base64.read_to_end(&mut bytes) {
            self.know(Format::LogEvents);
            self.out.refuse(format!("`awslogs.data` is not base64: {error}"));
            return Ok(end);
        }
        let mut inflated = Vec::new();
        let trouble = Inflater::new().inflate(&bytes, &mut inflated, PAYLOAD_CAP).err();
        let inner = Place { kind: Kind::Inner, origin: place.origin };
        self.documents(&super::checked(&inflated), &inner).map_err(Trouble::Refused)?;
        if let Some(trouble) = trouble {
            self.know(Format::LogEvents);
            self.out.refuse(format!("`awslogs.data` {trouble}"));
        }
        Ok(end)
    }

    fn log_item(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let (item, end) = parse::<LogItem<'_>>(from)?;
        self.know(Format::LogEvents);
        self.message(&item.into_message(), place.origin, "`timestamp` is absent or no time in milliseconds since 1970");
        Ok(end)
    }

    fn row(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let (cells, end) = parse::<List<Cell<'_>>>(from)?;
        self.read_row(FlatRow::from_cells(cells), place.origin);
        Ok(end)
    }

    fn flat_row(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let (row, end) = parse::<FlatRow<'_>>(from)?;
        self.read_row(row, place.origin);
        Ok(end)
    }

    fn read_row(&mut self, row: FlatRow<'_>, origin: &Origin<'_>) {
        self.know(Format::LogsInsights);
        match row.into_message() {
            Some(message) => self.message(&message, origin, "`@timestamp` is absent or no time"),
            None => self.out.refuse("the row has no `@message`; a query that lists `@message`, `@timestamp` and `@log` is wanted"),
        }
    }

    /// One log event: a CloudTrail record, unless the group is a function's, or a line of a Lambda function's log.
    fn message(&mut self, log: &LogMessage<'_>, origin: &Origin<'_>, no_time: &str) {
        let (account, group) = match log.log.split_once(':') {
            Some((account, group)) => (account, group),
            None if log.log.is_empty() => (origin.account, origin.log_group),
            None => (origin.account, &*log.log),
        };
        let stream = if log.stream.is_empty() { origin.log_stream } else { &log.stream };
        let origin = Origin { account, log_group: group, log_stream: stream, ..*origin };
        let text = log.message.trim_start();
        if text.starts_with('{') && !group.starts_with("/aws/lambda/") && self.trail_message(text, &origin) {
            return;
        }
        let Some(time) = log.time else {
            return self.out.refuse(no_time);
        };
        let Origin { account, region, .. } = origin;
        let event = LogEvent { group, stream, account, region, id: &log.id, time, message: &log.message };
        self.invocations.read(&event, &mut self.out);
    }

    /// Reads a log message that is a CloudTrail record, or an EventBridge event around one; says whether it is.
    fn trail_message(&mut self, text: &str, origin: &Origin<'_>) -> bool {
        let bridge;
        let json = match shape::of(text, 0) {
            Shape::Record => text,
            Shape::Bridge => match parse::<BridgeEvent<'_>>(At { text, at: 0 }) {
                Ok((event, _)) => {
                    bridge = event;
                    bridge.detail.0
                }
                Err(_) => return false,
            },
            _ => return false,
        };
        match parse::<Record<'_>>(At { text: json, at: 0 }) {
            Ok((record, end)) if cloudtrail::is_complete(&record) => self.call(&record, &json[..end], origin),
            Ok(_) => return false,
            // An application's own text may begin with a brace too.
            Err(error) if json.contains("\"eventVersion\"") => self.mended(json, origin, &error),
            Err(_) => return false,
        }
        true
    }

    fn digest(&mut self, from: At<'_>) -> Result<usize, Trouble> {
        let (_, end) = parse::<IgnoredAny>(from)?;
        self.know(Format::Digest);
        self.found.digests += 1;
        Ok(end)
    }

    /// An object that is no record: refuses the bytes, holds it back or rejects it, by where it stands.
    fn stranger(&mut self, from: At<'_>, place: &Place<'_>, refusal: Option<Refusal>) -> Result<usize, Trouble> {
        if let Some(refusal) = refusal.or_else(|| self.notification_at(from, place)) {
            if self.out.records() == 0 && self.found.format == Format::Empty {
                return Err(Trouble::Refused(refusal));
            }
            self.release();
            self.out.refuse(format!("{refusal}").split(':').next().unwrap_or_default());
        } else {
            self.strangers.push(shape::describe(from.text, from.at));
            let promised = place.kind == Kind::Record || self.found.format != Format::Empty || self.out.records() > 0;
            if promised || self.strangers.len() > HELD {
                self.release();
            }
        }
        match scan::value_end(from.text, from.at) {
            Some(end) => Ok(end),
            None => Ok(self.give_up(from, from.text.len()).unwrap_or_else(|| recover::end_of(from.text, from.at, layout(place.kind)))),
        }
    }

    /// Spends bytes of patience; when none is left, rejects the rest of the text, and says where that ends.
    fn give_up(&mut self, from: At<'_>, seen: usize) -> Option<usize> {
        if let Some(left) = self.patience.checked_sub(seen) {
            self.patience = left;
            return None;
        }
        self.cut = true;
        let rest = from.text.len() - from.at;
        self.out.refuse(format!("the text is too damaged to read on: its last {rest} bytes are skipped"));
        Some(from.text.len())
    }

    fn notification_at(&self, from: At<'_>, place: &Place<'_>) -> Option<Refusal> {
        match shape::of(from.text, from.at) {
            Shape::Notification(whose) if place.kind == Kind::Record => Some(Refusal::Notification { whose }),
            _ => None,
        }
    }

    /// Something that is no object, where a record is wanted.
    fn junk(&mut self, from: At<'_>, place: &Place<'_>) -> usize {
        let text = from.text;
        let end = match (place.kind, scan::byte(text, from.at)) {
            (Kind::Top | Kind::Inner, _) => scan::line_end(text, from.at),
            (_, Some(b'[' | b'"')) => scan::value_end(text, from.at).unwrap_or(text.len()),
            _ => scan::scalar_end(text, from.at),
        };
        let shown = cloudtrail::start_of(text[from.at..end].trim_end());
        self.release();
        self.out.refuse(format!("a record is wanted, not {}", shown.escape_debug()));
        end
    }

    /// A record that does not parse: finds its end, tries it again without broken characters, else rejects it.
    fn damaged(&mut self, from: At<'_>, place: &Place<'_>, error: &serde_json::Error) -> Result<usize, Refusal> {
        let text = from.text;
        self.release();
        let end = recover::end_of(text, from.at, layout(place.kind));
        let seen = recover::place_of(error, &text[from.at..]) + (end - from.at);
        if let Some(end) = self.give_up(from, seen) {
            return Ok(end);
        }
        if let Some(mended) = recover::mend(&text[from.at..end])
            && let Ok(_) = self.object(At { text: &mended, at: 0 }, place)
        {
            return Ok(end);
        }
        self.cut |= end == text.len();
        self.out.refuse(recover::complaint(error));
        Ok(end)
    }
}

fn layout(kind: Kind) -> Layout {
    match kind {
        Kind::Top | Kind::Inner => Layout::Lines,
        _ => Layout::Array,
    }
}

#[cfg(test)]
mod tests;
