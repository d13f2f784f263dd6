//! What is no record, and what is damaged: refused, held back or rejected, and left behind.

use super::{At, Kind, Place, Reader, Trouble};
use crate::decode::recover::{self, Layout};
use crate::decode::scan::Members;
use crate::decode::shape::{self, Shape};
use crate::decode::{Format, Refusal, cloudtrail, scan};

/// Objects that we do not know are held back until one that we know shows that the bytes are a log after all; after
/// this many they are rejects at once.
const HELD: usize = 100;

impl Reader<'_> {
    /// A container that is damaged or cut here, outside of its records: rejects what may be lost with it, and finds
    /// the next document.
    pub(super) fn unclosed(&mut self, from: At<'_>) -> usize {
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

    /// An object that is no record: refuses the bytes, holds it back or rejects it, by where it stands.
    pub(super) fn stranger(
        &mut self,
        from: At<'_>,
        place: &Place<'_>,
        refusal: Option<Refusal>,
    ) -> Result<usize, Trouble> {
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
            None => Ok(self
                .give_up(from, from.text.len())
                .unwrap_or_else(|| recover::end_of(from.text, from.at, layout(place.kind)))),
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
    pub(super) fn junk(&mut self, from: At<'_>, place: &Place<'_>) -> usize {
        let text = from.text;
        let end = match (place.kind, scan::byte(text, from.at)) {
            (Kind::Top | Kind::Inner, _) => scan::line_end(text, from.at),
            (_, Some(b'[' | b'"')) => {
                let end = scan::value_end(text, from.at).unwrap_or(text.len());
                swallowed(At { at: from.at + 1, ..from }, end, place.kind).unwrap_or(end)
            }
            _ => scan::scalar_end(text, from.at),
        };
        let shown = cloudtrail::start_of(text[from.at..end].trim_end());
        self.release();
        self.out.refuse(format!("a record is wanted, not {shown}"));
        end
    }

    /// A record that does not parse: finds its end, tries it again without broken characters, else rejects it.
    pub(super) fn damaged(
        &mut self,
        from: At<'_>,
        place: &Place<'_>,
        error: &serde_json::Error,
    ) -> Result<usize, Refusal> {
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

/// Where a record begins that a stray quote or bracket would make part of a text or list.
fn swallowed(from: At<'_>, end: usize, kind: Kind) -> Option<usize> {
    const CANDIDATES: usize = 64;
    let is_record = |brace: usize| match (kind, Members::new(from.text, brace).next()) {
        (_, None) => false,
        (Kind::Log, Some(first)) => ["id", "timestamp", "message", "logStreamName", "eventId"].contains(&first.key),
        _ => shape::of(from.text, brace) != Shape::Stranger,
    };
    let braces = memchr::memchr_iter(b'{', &from.text.as_bytes()[from.at..end]);
    braces.take(CANDIDATES).map(|found| from.at + found).find(|&brace| is_record(brace))
}

fn layout(kind: Kind) -> Layout {
    match kind {
        Kind::Top | Kind::Inner => Layout::Lines,
        _ => Layout::Array,
    }
}
