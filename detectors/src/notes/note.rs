//! What is noted of an event: what happened, who did it, and how. Texts that many events share stand once.

use chrono::{DateTime, Utc};

use super::{AGENT, Index, NAME, Notes, bounded};
use crate::alert::EventId;
use crate::event::{Call, ErrorClass, Event, Log, What};
use crate::hash::{chained, hash_one};

/// An event, with what its cells may show of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    pub(crate) time: DateTime<Utc>,
    pub(crate) identity: u64,
    /// The hash of the API, or of the error type of a log line.
    pub(crate) what: u64,
    /// The hash of the principal.
    pub(super) who: u64,
    pub(super) outcome: Outcome,
    /// The place of its caller.
    caller: u32,
    /// Where its own texts begin, and how long they are.
    texts: [u32; OWN],
    lengths: [u16; OWN],
}

/// Who made calls, and how: the same for many of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotedCaller {
    /// The hash of all of it, within a process.
    hash: u64,
    /// Where its texts begin, one after the other.
    text: u32,
    lengths: [u16; TEXTS - OWN],
}

/// A text of a note: first its own, then those of its caller in the order in which they stand.
#[derive(Clone, Copy)]
#[repr(usize)]
pub(crate) enum Shown {
    /// `s3:GetObject`, or the error type of a log line.
    What,
    /// The principal.
    Who,
    /// The event id, as AWS gave it.
    Id,
    /// The session name, or the log stream.
    Session,
    Address,
    /// The family of the user agent.
    Agent,
    AccessKey,
    InvokedBy,
    Provider,
}

/// What came of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A call that succeeded.
    Success,
    /// A call that was refused.
    Refusal,
    /// A call that failed otherwise.
    Failure,
    /// No call, but a line of a log.
    Line,
}

/// How many texts a note has.
const TEXTS: usize = Shown::Provider as usize + 1;
/// In place of the length of an event id that is a UUID, of which no text has as many bytes.
const UUID: u16 = u16::MAX;
/// How many of them are its own.
const OWN: usize = Shown::Id as usize + 1;

impl Notes {
    /// Writes an event down, given the hash of its API; says at which place.
    pub(super) fn write(&mut self, (event, api): (&Event<'_>, u64), index: &mut Index) -> u32 {
        let (outcome, what, whose) = match &event.what {
            What::Call(call) => (Outcome::of(call), api, call.principal.name),
            What::Log(log) => (Outcome::Line, hash_one(error_of(log)), ""),
        };
        let who = hash_one(whose);
        let shown = [
            match &event.what {
                What::Call(call) => self.once(what, &[call.service, ":", call.name], index),
                What::Log(log) => self.once(what, &[error_of(log)], index),
            },
            self.once(who, &[whose], index),
            self.id(event.id),
        ];
        let (texts, lengths) =
            (shown.map(|(start, _)| start), shown.map(|(start, end)| end.wrapping_sub(start) as u16));
        let (caller, place) = (self.caller(event, index), self.base.notes.len() as u32);
        let (time, identity) = (event.time, event.identity.0);
        self.base.notes.push(Note { time, identity, what, who, outcome, caller, texts, lengths });
        place
    }

    /// A text by its hash, which stands once however many events have it: its parts together, cut to [`NAME`].
    fn once(&mut self, hash: u64, parts: &[&str], index: &mut Index) -> (u32, u32) {
        *index.texts.entry(hash).or_insert_with(|| {
            let start = self.base.text.len();
            parts.iter().for_each(|part| self.base.text.push_str(part));
            let end = start + bounded(&self.base.text[start..], NAME).len();
            self.base.text.truncate(end);
            (start as u32, end as u32)
        })
    }

    /// Where an event id stands: among the texts, or, at that place and without a length, among the UUIDs.
    fn id(&mut self, id: &str) -> (u32, u32) {
        match EventId::of(bounded(id, NAME)) {
            EventId::Uuid(uuid) => {
                let place = self.base.ids.len() as u32;
                self.base.ids.push(uuid);
                (place, place.wrapping_add(UUID.into()))
            }
            EventId::Text(_) => self.named_value(id),
        }
    }

    /// The event id of a note, as AWS gave it; or its identity in hexadecimal.
    pub(crate) fn event_id(&self, note: &Note) -> EventId {
        if note.lengths[Shown::Id as usize] == UUID {
            return EventId::Uuid(self.base.ids[note.texts[Shown::Id as usize] as usize]);
        }
        match self.shown(note, Shown::Id) {
            "" => EventId::Text(format!("{:016x}", note.identity).into()),
            id => EventId::of(id),
        }
    }

    /// The place of an event's caller.
    fn caller(&mut self, event: &Event<'_>, index: &mut Index) -> u32 {
        let texts = match &event.what {
            What::Call(call) => {
                let who = &call.principal;
                [who.session, call.address.text(), call.user_agent, who.access_key, who.invoked_by, who.provider]
            }
            What::Log(log) => [log.stream, "", "", "", "", ""],
        };
        let hash = chained(&texts);
        *index.callers.entry(hash).or_insert_with(|| {
            let (text, place) = (self.base.text.len() as u32, self.base.callers.len() as u32);
            let [session, address, agent, access_key, invoked_by, provider] = texts;
            let agent = index.agents.family_of(bounded(agent, AGENT));
            let mut lengths = [0; TEXTS - OWN];
            let shown = [session, address, agent, access_key, invoked_by, provider];
            for (length, part) in lengths.iter_mut().zip(shown) {
                let part = bounded(part, NAME);
                self.base.text.push_str(part);
                *length = part.len() as u16;
            }
            self.base.callers.push(NotedCaller { hash, text, lengths });
            place
        })
    }

    fn put(&mut self, text: &str, most: usize) -> u16 {
        let text = bounded(text, most);
        self.base.text.push_str(text);
        text.len() as u16
    }

    /// Where a text stands that was written down, cut to [`NAME`].
    pub(super) fn named_value(&mut self, text: &str) -> (u32, u32) {
        let start = self.base.text.len() as u32;
        (start, start + u32::from(self.put(text, NAME)))
    }

    /// The hash of a note's caller, within a process.
    pub(crate) fn caller_hash(&self, note: &Note) -> u64 {
        self.base.callers[note.caller as usize].hash
    }

    /// A text of a note.
    pub(crate) fn shown(&self, note: &Note, shown: Shown) -> &str {
        let Some(place) = (shown as usize).checked_sub(OWN) else { return self.text_at(note.own(shown)) };
        let caller = &self.base.callers[note.caller as usize];
        let before: u32 = caller.lengths[..place].iter().map(|length| u32::from(*length)).sum();
        let start = caller.text + before;
        self.text_at((start, start + u32::from(caller.lengths[place])))
    }
}

impl Note {
    /// Where one of its own texts stands.
    pub(super) fn own(&self, shown: Shown) -> (u32, u32) {
        let start = self.texts[shown as usize];
        (start, start + u32::from(self.lengths[shown as usize]))
    }
}

fn error_of<'e>(log: &Log<'e>) -> &'e str {
    log.failure.map_or("", |failure| failure.error_type)
}

impl Outcome {
    fn of(call: &Call<'_>) -> Outcome {
        match call.error {
            None => Outcome::Success,
            Some(error) if error.class == ErrorClass::Denied => Outcome::Refusal,
            Some(_) => Outcome::Failure,
        }
    }
}
