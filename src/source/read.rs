//! Reading one input into pieces of plain bytes: whole, or line by line where it is large and made of lines.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::{Input, Place};
use crate::decode::gzip::{InflateError, Inflater, is_gzip};

/// Inputs larger than this, packed or plain, are read in pieces if their lines are records of their own.
const LARGE: u64 = 24 << 20;
/// Bytes of a piece.
const PIECE: usize = 8 << 20;
/// A packed file that says that it inflates to more than this is read like a large one.
const MUCH: u32 = 64 << 20;
/// A first line longer than this is no line of records.
const LONGEST_LINE: usize = 4 << 20;

/// Why an input was not read to its end. What was read before counts.
#[derive(Debug)]
pub enum Unread {
    /// The system failed.
    Io(io::Error),
    /// Its packed bytes are damaged or too many.
    Inflate(InflateError),
    /// It is plain, of one piece, and larger than what is read.
    TooLarge {
        /// The most bytes that are read.
        cap: usize,
    },
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unread::Io(error) => f.write_str(&crate::cli::reason(error)),
            Unread::Inflate(error) => error.fmt(f),
            Unread::TooLarge { cap } => {
                write!(
                    f,
                    "holds more than {} MB in one piece, which is the most that is read (limits.inflated_mb)",
                    cap >> 20
                )
            }
        }
    }
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Unread {
        Unread::Io(error)
    }
}

/// A piece of an input.
#[derive(Debug)]
pub struct Plain<'r> {
    /// Its plain bytes.
    pub bytes: Vec<u8>,
    /// What they were inflated from, and the reader's no more once somebody takes it; nothing where they are a part of an
    /// input, or were not packed.
    pub packed: Option<&'r mut Vec<u8>>,
}

impl From<Vec<u8>> for Plain<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Plain { bytes, packed: None }
    }
}

/// Reads inputs, one after the other. A thread owns one, with the room that it needs.
#[derive(Debug)]
pub struct Reader {
    inflater: Inflater,
    packed: Vec<u8>,
    cap: usize,
}

impl Reader {
    /// A reader that inflates an input to at most `cap` bytes.
    #[must_use]
    pub fn new(cap: usize) -> Reader {
        Reader { inflater: Inflater::new(), packed: Vec::new(), cap }
    }

    /// Reads an input. Each piece is put into a buffer that `buffer` gives, and handed to `take`, which says whether to
    /// go on. Pieces end between records.
    ///
    /// # Errors
    /// When the input cannot be read to its end; the pieces before that were handed over.
    pub fn read(
        &mut self,
        input: &Input,
        buffer: &mut dyn FnMut() -> Vec<u8>,
        take: &mut dyn FnMut(Plain<'_>) -> bool,
    ) -> Result<(), Unread> {
        match &input.place {
            Place::Stdin => self.pieces(&mut BufReader::new(io::stdin().lock()), buffer, take),
            Place::Stream(path) => self.pieces(&mut BufReader::new(File::open(path)?), buffer, take),
            Place::File(path) => {
                let mut file = File::open(path)?;
                if input.size <= LARGE {
                    self.packed.clear();
                    self.packed.reserve_exact(input.size as usize);
                    return self.whole(&mut file, buffer, take);
                }
                self.pieces(&mut BufReader::with_capacity(1 << 20, file), buffer, take)
            }
        }
    }

    fn whole(
        &mut self,
        file: &mut dyn Read,
        buffer: &mut dyn FnMut() -> Vec<u8>,
        take: &mut dyn FnMut(Plain<'_>) -> bool,
    ) -> Result<(), Unread> {
        self.packed.clear();
        file.read_to_end(&mut self.packed)?;
        if !is_gzip(&self.packed) {
            let mut out = buffer();
            out.clear();
            out.extend_from_slice(&self.packed);
            take(out.into());
            return Ok(());
        }
        if last_size(&self.packed) > MUCH {
            // In pieces, if its lines are records: they need no cap.
            let packed = std::mem::take(&mut self.packed);
            let read = self.pieces(&mut packed.as_slice(), buffer, take);
            self.packed = packed;
            return read;
        }
        let mut out = buffer();
        let inflated = self.inflater.inflate(&self.packed, &mut out, self.cap);
        take(Plain { bytes: out, packed: Some(&mut self.packed) });
        inflated.map_err(Unread::Inflate)
    }

    fn pieces(
        &mut self,
        source: &mut dyn BufRead,
        buffer: &mut dyn FnMut() -> Vec<u8>,
        take: &mut dyn FnMut(Plain<'_>) -> bool,
    ) -> Result<(), Unread> {
        if is_gzip(source.fill_buf()?) {
            let mut plain = BufReader::with_capacity(1 << 20, MultiGzDecoder::new(source));
            return self.plain_pieces(&mut plain, buffer, take);
        }
        self.plain_pieces(source, buffer, take)
    }

    fn plain_pieces(
        &mut self,
        source: &mut dyn BufRead,
        buffer: &mut dyn FnMut() -> Vec<u8>,
        take: &mut dyn FnMut(Plain<'_>) -> bool,
    ) -> Result<(), Unread> {
        let mut first = buffer();
        first.clear();
        let line = source.take(LONGEST_LINE as u64).read_until(b'\n', &mut first);
        if line.is_err() || !is_record_line(&first) {
            return self.one_piece(source, first, take);
        }
        let mut piece = first;
        loop {
            let wanted = PIECE.saturating_sub(piece.len()) as u64;
            let filled = source.take(wanted).read_to_end(&mut piece);
            // A record may end anywhere after the piece is full: the rest of its line belongs to it.
            let ended =
                filled.and_then(|n| if (n as u64) < wanted { Ok(0) } else { read_line(source, &mut piece, self.cap) });
            let more = *ended.as_ref().unwrap_or(&0) > 0;
            let go_on = take(piece.into());
            ended?;
            if !more || !go_on {
                return Ok(());
            }
            piece = buffer();
            piece.clear();
        }
    }

    fn one_piece(
        &self,
        source: &mut dyn BufRead,
        mut out: Vec<u8>,
        take: &mut dyn FnMut(Plain<'_>) -> bool,
    ) -> Result<(), Unread> {
        let room = self.cap.saturating_sub(out.len()) as u64;
        let read = source.take(room + 1).read_to_end(&mut out);
        let fits = out.len() <= self.cap;
        out.truncate(self.cap);
        take(out.into());
        read?;
        if fits { Ok(()) } else { Err(Unread::TooLarge { cap: self.cap }) }
    }
}

/// What the trailer of a gzip file says that its last member inflates to, modulo 4 GiB (RFC 1952).
fn last_size(packed: &[u8]) -> u32 {
    packed.last_chunk().map_or(0, |size| u32::from_le_bytes(*size))
}

fn read_line(source: &mut dyn BufRead, piece: &mut Vec<u8>, cap: usize) -> io::Result<usize> {
    let read = source.take(cap as u64).read_until(b'\n', piece)?;
    // Even at a line's very end there may be more: an empty rest is no end.
    if read == 0 && !source.fill_buf()?.is_empty() { Ok(1) } else { Ok(read) }
}

/// Is this a whole JSON object on a line of its own, and no container of many records?
fn is_record_line(line: &[u8]) -> bool {
    line.ends_with(b"\n")
        && line.first() == Some(&b'{')
        && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
}
