//! Threads that read, decode and observe files, and hand over what each taught in the order of the files. How many
//! there are changes nothing but the time it takes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use chrono::{DateTime, Utc};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::observe::{DeliveryId, Observer};

use crate::decode::gzip::Inflater;
use crate::decode::{Origin, Refusal};
use crate::pipeline::{From, Taught, teach_with};
use crate::source::{Input, Plain, Reader, Unread};

/// Files that may lie read and wait for their turn, besides one for each thread that is being read.
const WAITING: usize = 1;

/// What came of a piece of an input.
pub(super) enum Piece {
    /// What it taught, and what it was read from.
    Read(Box<Taught>, Bytes),
    /// It is no log.
    Refused(Refusal),
    /// The input could not be read to its end.
    Unread(Unread),
    /// The input is at its end.
    End,
}

/// The bytes of a piece, to read it again.
#[derive(Debug)]
pub(super) enum Bytes {
    Plain(Vec<u8>),
    /// Of a file in one piece: an eighth of the room while it waits for its turn.
    Packed(Vec<u8>),
}

impl Bytes {
    /// The plain ones, of which at most `cap` are inflated.
    pub(super) fn plain(&self, cap: usize) -> Cow<'_, [u8]> {
        match self {
            Bytes::Plain(bytes) => bytes.into(),
            Bytes::Packed(packed) => {
                let mut inflated = Vec::new();
                // What is damaged was told, and is cut off at the same place.
                let _ = Inflater::new().inflate(packed, &mut inflated, cap);
                inflated.into()
            }
        }
    }
}

/// Where log events come from that do not say it, such as exports of one log group; each may be empty.
#[derive(Clone, Debug, Default)]
pub struct Unsaid {
    /// Twelve digits.
    pub account: String,
    /// Such as `eu-west-1`.
    pub region: String,
    /// Such as `/aws/lambda/pay`.
    pub log_group: String,
}

impl Unsaid {
    /// The same of an input of that name.
    pub(super) fn of<'a>(&'a self, name: &'a str) -> Origin<'a> {
        let Unsaid { account, region, log_group } = self;
        Origin { name, account, region, log_group, log_stream: "" }
    }
}

/// How inputs are read.
pub(super) struct Reading<'a> {
    /// Threads that read.
    pub(super) threads: usize,
    /// The most bytes that one input in one piece may inflate to.
    pub(super) cap: usize,
    /// What log events do not say of where they come from.
    pub(super) unsaid: &'a Unsaid,
}

/// What the threads share.
struct Shared<'a> {
    engine: &'a Engine,
    inputs: &'a [Input],
    reading: &'a Reading<'a>,
    turn: Mutex<Turn>,
    moved: Condvar,
    /// Buffers to be used again: for plain bytes, and for packed ones.
    plain: Mutex<Vec<Vec<u8>>>,
    packed: Mutex<Vec<Vec<u8>>>,
}

#[derive(Default)]
struct Turn {
    /// The next input that nobody reads yet.
    next: usize,
    /// The input whose pieces are taken now.
    taken: usize,
    /// Nobody takes any more.
    over: bool,
}

/// Reads the inputs with some threads, and calls `take` with their pieces, in the order of the inputs and of their
/// bytes. `take` returns the bytes that it was given, to be used again, or nothing to end it all.
pub(super) fn read(
    engine: &Engine,
    inputs: &[Input],
    reading: &Reading<'_>,
    take: &mut dyn FnMut(usize, Piece) -> Option<Bytes>,
) {
    let threads = reading.threads;
    let (turn, plain, packed) = Default::default();
    let shared = Shared { engine, inputs, reading, turn, moved: Condvar::new(), plain, packed };
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(threads + WAITING);
        for _ in 0..threads {
            let (shared, sender) = (&shared, sender.clone());
            let work = move || shared.work(threads, &sender);
            // A system that gives no further thread still has those that it gave.
            if thread::Builder::new().name("reader".to_owned()).spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        drop(sender);
        shared.collect(&receiver, take);
        shared.lock().over = true;
        shared.moved.notify_all();
        // A thread may wait for room to hand over what nobody wants any more.
        while receiver.recv().is_ok() {}
    });
}

impl Shared<'_> {
    // A thread that panicked leaves numbers behind that are still right.
    fn lock(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn collect(&self, receiver: &Receiver<(usize, Piece)>, take: &mut dyn FnMut(usize, Piece) -> Option<Bytes>) {
        let mut early: BTreeMap<usize, Vec<Piece>> = BTreeMap::new();
        let mut turn = 0;
        while turn < self.inputs.len() {
            let ready = early.remove(&turn).unwrap_or_default();
            let mut ended = false;
            for piece in ready {
                ended |= matches!(piece, Piece::End);
                match take(turn, piece) {
                    Some(Bytes::Plain(buffer)) => give_back(&self.plain, buffer),
                    Some(Bytes::Packed(buffer)) => give_back(&self.packed, buffer),
                    None => return,
                }
            }
            if ended {
                turn += 1;
                self.lock().taken = turn;
                self.moved.notify_all();
                continue;
            }
            let Ok((input, piece)) = receiver.recv() else { return };
            early.entry(input).or_default().push(piece);
        }
    }

    fn work(&self, threads: usize, sender: &SyncSender<(usize, Piece)>) {
        let mut reader = Reader::new(self.reading.cap);
        let mut observer = Observer::new(self.engine);
        while let Some(place) = self.claim(threads + WAITING) {
            let input = &self.inputs[place];
            let name = input.place.name();
            let mut pieces = 0;
            let mut send = |plain: Plain<'_>| {
                // Only the first piece is read ahead: a large input must not pile up while others have their turn.
                let go_on = pieces == 0 || self.wait_for(place);
                // Events that come again are known by themselves in a replay, so a number is name enough.
                let delivery = DeliveryId((place as u128) << 64 | pieces);
                pieces += 1;
                go_on && sender.send((place, self.piece(&mut observer, (&name, delivery), plain))).is_ok()
            };
            if let Err(error) = reader.read(input, &mut || buffer(&self.plain), &mut send)
                && sender.send((place, Piece::Unread(error))).is_err()
            {
                return;
            }
            if sender.send((place, Piece::End)).is_err() {
                return;
            }
        }
    }

    fn piece(&self, observer: &mut Observer<'_>, (name, delivery): (&str, DeliveryId), plain: Plain<'_>) -> Piece {
        let Plain { bytes, packed } = plain;
        let origin = self.reading.unsaid.of(name);
        let from = From { origin, delivery, received: DateTime::<Utc>::MIN_UTC, met: None };
        let taught = teach_with(observer, &bytes, &from);
        let bytes = match packed {
            Some(packed) => {
                give_back(&self.plain, bytes);
                Bytes::Packed(std::mem::replace(packed, buffer(&self.packed)))
            }
            None => Bytes::Plain(bytes),
        };
        match taught {
            Ok(taught) => Piece::Read(Box::new(taught), bytes),
            Err(refusal) => Piece::Refused(refusal),
        }
    }

    fn claim(&self, ahead: usize) -> Option<usize> {
        let mut turn = self.lock();
        while !turn.over && turn.next >= turn.taken + ahead && turn.next < self.inputs.len() {
            turn = self.moved.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
        let place = turn.next;
        turn.next += 1;
        (!turn.over && place < self.inputs.len()).then_some(place)
    }

    fn wait_for(&self, place: usize) -> bool {
        let mut turn = self.lock();
        while !turn.over && turn.taken < place {
            turn = self.moved.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
        !turn.over
    }
}

fn give_back(pile: &Mutex<Vec<Vec<u8>>>, buffer: Vec<u8>) {
    // An empty one on top of the pile would hide those that have room.
    if buffer.capacity() > 0 {
        pile.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

fn buffer(pile: &Mutex<Vec<Vec<u8>>>) -> Vec<u8> {
    pile.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
}
