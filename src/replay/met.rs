//! Events that were met before in this replay, or in those that it goes on from, in whichever file.

use std::collections::VecDeque;

use hashbrown::{HashMap, HashSet};
use lapwing_detectors::observe::Met;
use lapwing_detectors::time::Hour;
use xxhash_rust::xxh3::Xxh3;

use crate::store::blocks::{Damaged, Reader, Writer};

/// Pieces of files that are known again as a whole, after the hours of their events were forgotten.
const PIECES: usize = 100_000;

/// The identities of the events so far, by the hour that they happened in, so that past hours can be forgotten.
#[derive(Debug, Default)]
pub(super) struct Book {
    hours: HashMap<Hour, HashSet<u64>>,
    /// The hashes of the identities of each piece, oldest first.
    order: VecDeque<u64>,
    pieces: HashSet<u64>,
}

impl Book {
    /// Remembers these events, and returns those that were met before.
    pub(super) fn meet(&mut self, events: &[Met]) -> HashSet<u64> {
        let mut before = HashSet::new();
        for hour in events.chunk_by(|a, b| a.minute.hour() == b.minute.hour()) {
            let Some(first) = hour.first() else { continue };
            let known = self.hours.entry(first.minute.hour()).or_default();
            before.extend(hour.iter().map(|met| met.identity).filter(|identity| !known.insert(*identity)));
        }
        before
    }

    /// Remembers a piece, and says whether all of it was met before as one.
    pub(super) fn meet_piece(&mut self, events: &[Met]) -> bool {
        let mut hash = Xxh3::new();
        events.iter().for_each(|met| hash.update(&met.identity.to_le_bytes()));
        !events.is_empty() && !self.remember(hash.digest())
    }

    fn remember(&mut self, piece: u64) -> bool {
        if !self.pieces.insert(piece) {
            return false;
        }
        self.order.push_back(piece);
        if self.order.len() > PIECES
            && let Some(oldest) = self.order.pop_front()
        {
            self.pieces.remove(&oldest);
        }
        true
    }

    /// Forgets the hours up to and with `last`.
    pub(super) fn forget(&mut self, last: Hour) {
        self.hours.retain(|hour, _| *hour > last);
    }

    /// The newest hour that is older than the newest `n` hours with events. Hours are counted, not the time between
    /// them: one event with a wrong date must not push out all others.
    pub(super) fn before_newest(&self, n: usize) -> Option<Hour> {
        let mut hours: Vec<Hour> = self.hours.keys().copied().collect();
        hours.sort_unstable();
        hours.len().checked_sub(n + 1).map(|place| hours[place])
    }

    /// Writes down all that was met.
    ///
    /// # Errors
    /// As [`Writer::put`].
    pub(super) fn keep(&self, out: &mut Writer) -> Result<(), Damaged> {
        let mut hours: Vec<(&Hour, &HashSet<u64>)> = self.hours.iter().collect();
        hours.sort_unstable_by_key(|(hour, _)| **hour);
        out.put(&(hours.len() as u64))?;
        for (hour, met) in hours {
            let mut met: Vec<u64> = met.iter().copied().collect();
            met.sort_unstable();
            out.put(&(hour, met.len() as u64))?;
            let mut last = 0;
            // The step from one to the next is shorter to write than the number.
            for identity in met {
                out.put(&(identity - std::mem::replace(&mut last, identity)))?;
            }
        }
        out.put(&self.order)
    }

    /// Reads what was met.
    ///
    /// # Errors
    /// When it is not what [`Book::keep`] writes.
    pub(super) fn restore(from: &mut Reader<'_>) -> Result<Book, Damaged> {
        let mut book = Book::default();
        for _ in 0..from.take::<u64>()? {
            let (hour, n): (Hour, u64) = from.take()?;
            let known = book.hours.entry(hour).or_default();
            let mut last = 0_u64;
            for _ in 0..n {
                last = last.wrapping_add(from.take()?);
                known.insert(last);
            }
        }
        book.order = from.take()?;
        book.pieces = book.order.iter().copied().collect();
        Ok(book)
    }
}
