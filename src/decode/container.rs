//! Containers: what holds the records, read as a stream.
//!
//! The way through a container is found by brackets and quotes ([`scan`]); every record is parsed by serde from where
//! it begins. So no list of records is held, members come in any order, and a record that does not parse is found the
//! end of ([`recover`]), rejected alone, and left behind.

mod damage;
mod logs;

use serde::de::IgnoredAny;

use super::field::{parse, parse_into};
use super::lambda::Invocations;
use super::record::{BridgeEvent, LookupEvent, Record};
use super::recover;
use super::scan::{self, Members};
use super::shape::{self, Shape};
use super::{Counter, Decoded, Format, Origin, Refusal, cloudtrail};

/// How many times the text's length may be spent on finding the ends of damaged records. Real damage needs about two;
/// text that is made to need more is given up, and the rest of it is one reject.
const PATIENCE: usize = 16;

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
                Some(b']') => {
                    // A bracket by mistake: no object follows an array, and no member without a comma.
                    let next = scan::gap(text, at + 1);
                    let goes_on = scan::byte(text, next) == Some(b'{') || text[at + 1..].trim_start().starts_with('"');
                    if place.kind == Kind::Element || !goes_on {
                        return Ok(at + 1);
                    }
                    self.out.refuse("a record is wanted, not ]");
                    at = next;
                }
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
        let whole = members.closed || scan::gap(from.text, read_to) == from.text.len();
        Ok(if whole { members.at } else { self.unclosed(At { at: read_to, ..from }) })
    }

    /// One value: an object that is a record or holds some, or a reject. Says where to read on.
    fn value(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Refusal> {
        let read = match scan::byte(from.text, from.at) {
            Some(b'{') => self.object(from, place),
            Some(b'[') => match place.kind {
                Kind::Top | Kind::Inner => {
                    self.array(from, &Place { kind: Kind::Element, ..*place }).map_err(Trouble::Refused)
                }
                Kind::Row => self.row(from, place),
                Kind::Element if shape::is_row(from.text, from.at) => self.row(from, place),
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
            Shape::Envelope => return self.envelope(from, place),
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
        let mut record = Record::default();
        let end = parse_into(&mut record, from.text, from.at)?;
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
        let (record, end) = parse::<Record<'_>>(json, 0)?;
        if cloudtrail::is_foreign(&record) {
            return Err(None);
        }
        self.call(&record, &json[..end], origin);
        Ok(())
    }

    fn bridge_event(&mut self, from: At<'_>, place: &Place<'_>) -> Result<usize, Trouble> {
        let (outer, end) = parse::<BridgeEvent<'_>>(from.text, from.at)?;
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
        let (outer, end) = parse::<LookupEvent<'_>>(from.text, from.at)?;
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

    fn digest(&mut self, from: At<'_>) -> Result<usize, Trouble> {
        let (_, end) = parse::<IgnoredAny>(from.text, from.at)?;
        self.know(Format::Digest);
        self.found.digests += 1;
        Ok(end)
    }
}

#[cfg(test)]
mod tests;
