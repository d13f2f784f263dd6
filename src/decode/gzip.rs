//! Inflating, bounded: gzip is recognised by its first bytes, anything else passes through.
//!
//! One member with a believable size in its trailer goes through libdeflate, which is twice as fast as anything that
//! streams but sees the first member only. All else is streamed: several members, sizes of 4 GiB and more, files that
//! are cut off or damaged. The size in the trailer is only ever a first guess.

use std::fmt;
use std::io::{self, Read};

use flate2::bufread::GzDecoder;
use libdeflater::Decompressor;
use memchr::memmem;

/// Bytes that one file may inflate to: CloudTrail packs about 7 to 1 and cuts its files at 50 MB packed.
pub const INFLATE_CAP: usize = 512 << 20;

/// How a member begins: magic and the one method there is.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

/// The most that deflate can pack: 258 bytes in two bits, and a little for headers.
const BEST_RATIO: usize = 1032;

/// What is wrong with a gzip file. What inflated before that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// The file ends inside a member.
    CutOff,
    /// More bytes come out than are allowed.
    TooLarge {
        /// How many are allowed.
        cap: usize,
    },
    /// The packed bytes are wrong.
    Damaged(String),
    /// Bytes that are no gzip follow.
    Trailing {
        /// How many.
        bytes: usize,
    },
}

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InflateError::CutOff => f.write_str("is cut off: the gzip data ends too soon"),
            InflateError::TooLarge { cap } => {
                write!(f, "inflates to more than {cap} bytes, which is the most that is read (limits.inflated_mb)")
            }
            InflateError::Damaged(what) => write!(f, "is damaged gzip data: {what}"),
            InflateError::Trailing { bytes } => write!(f, "has {bytes} bytes after its gzip data that are no gzip"),
        }
    }
}

impl std::error::Error for InflateError {}

/// Are these bytes packed?
#[must_use]
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Inflates one file after the other, and keeps what it needs for that. A thread owns one.
pub struct Inflater {
    decompressor: Decompressor,
}

impl Default for Inflater {
    fn default() -> Self {
        Inflater::new()
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inflater")
    }
}

impl Inflater {
    /// An inflater, of about 12 KB.
    #[must_use]
    pub fn new() -> Self {
        Inflater { decompressor: Decompressor::new() }
    }

    /// Puts the inflated bytes into `out`, instead of what it held; of plain bytes a copy. At most `cap` bytes of
    /// packed data come out. `out` is best used again: it keeps its room.
    ///
    /// # Errors
    /// When the data is cut off, damaged or too large. `out` then holds what came out before.
    pub fn inflate(&mut self, bytes: &[u8], out: &mut Vec<u8>, cap: usize) -> Result<(), InflateError> {
        if !is_gzip(bytes) {
            out.clear();
            out.extend_from_slice(bytes);
            return Ok(());
        }
        if self.inflate_at_once(bytes, out, cap).is_some() {
            return Ok(());
        }
        out.clear();
        stream(bytes, out, cap)
    }

    /// The first bytes of a file, inflated if need be: enough to see what it is. Damage after them does not matter.
    #[must_use]
    pub fn head(bytes: &[u8], up_to: usize) -> Vec<u8> {
        if !is_gzip(bytes) {
            return bytes[..bytes.len().min(up_to)].to_vec();
        }
        let mut out = Vec::new();
        // An error leaves what came before it, and that is all there is to look at.
        let _ = stream(bytes, &mut out, up_to);
        out
    }

    /// One member, into room of exactly the size that its trailer tells; `None` when it is not that simple.
    fn inflate_at_once(&mut self, bytes: &[u8], out: &mut Vec<u8>, cap: usize) -> Option<()> {
        let size = usize::try_from(u32::from_le_bytes(*bytes.last_chunk()?)).ok()?;
        if size == 0 || size > cap || size > bytes.len().saturating_mul(BEST_RATIO) {
            return None;
        }
        // Not twice the room of the largest file.
        out.reserve_exact(size.saturating_sub(out.len()));
        out.resize(size, 0);
        let inflated = self.decompressor.gzip_decompress(bytes, out).ok()?;
        (inflated == size && !may_end_sooner(bytes, out)).then_some(())
    }
}

/// May the first member, which holds just `out`, end before the bytes do? It ends with the check sum and the size of
/// what it holds. Eight bytes that are the same by chance only cost time.
fn may_end_sooner(bytes: &[u8], out: &[u8]) -> bool {
    let Some(size) = bytes.last_chunk::<4>() else {
        return true;
    };
    let sooner = &bytes[..bytes.len() - 1];
    // Without such a size, the check sum need not be known.
    memmem::find(sooner, size).is_some() && {
        let trailer = [libdeflater::crc32(out).to_le_bytes(), *size].concat();
        memmem::find(sooner, &trailer).is_some()
    }
}

/// Every member in turn. Zero bytes may follow, as some writers pad.
fn stream(mut bytes: &[u8], out: &mut Vec<u8>, cap: usize) -> Result<(), InflateError> {
    while is_gzip(bytes) {
        let room = (cap - out.len()) as u64;
        let mut member = GzDecoder::new(bytes);
        let read = member.by_ref().take(room + 1).read_to_end(out);
        if out.len() > cap {
            out.truncate(cap);
            return Err(InflateError::TooLarge { cap });
        }
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => InflateError::CutOff,
            _ => InflateError::Damaged(error.to_string()),
        })?;
        bytes = member.into_inner();
    }
    match bytes.iter().position(|&b| b != 0) {
        Some(_) => Err(InflateError::Trailing { bytes: bytes.len() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn pack(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn check(packed: &[u8], cap: usize, expected: (&[u8], Result<(), InflateError>)) {
        let mut out = b"left over from the file before".to_vec();
        let result = Inflater::new().inflate(packed, &mut out, cap);
        assert_eq!((String::from_utf8_lossy(&out), result), (String::from_utf8_lossy(expected.0), expected.1));
    }

    #[test]
    fn one_member_and_plain_bytes() {
        check(&pack(b"hello"), 100, (b"hello", Ok(())));
        check(&pack(b""), 100, (b"", Ok(())));
        check(b"plain", 2, (b"plain", Ok(())));
        check(b"", 2, (b"", Ok(())));
    }

    #[test]
    fn several_members_also_of_one_size() {
        check(&[pack(b"one"), pack(b"two")].concat(), 100, (b"onetwo", Ok(())));
        check(&[pack(b"one"), pack(b"one")].concat(), 100, (b"oneone", Ok(())));
        check(&[pack(b"longer"), pack(b""), vec![0; 8]].concat(), 100, (b"longer", Ok(())));
    }

    #[test]
    fn a_cut_file_keeps_what_came_out() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let packed = pack(&text);
        let mut out = Vec::new();
        let result = Inflater::new().inflate(&packed[..packed.len() / 2], &mut out, 1 << 20);
        assert_eq!(result, Err(InflateError::CutOff));
        assert!(out.len() > 10_000 && text.starts_with(&out), "{}", out.len());
    }

    #[test]
    fn bombs_stop_at_the_cap() {
        check(&pack(&[b'a'; 1000]), 10, (&[b'a'; 10], Err(InflateError::TooLarge { cap: 10 })));
        check(
            &[pack(b"12345"), pack(b"67890x")].concat(),
            10,
            (b"1234567890", Err(InflateError::TooLarge { cap: 10 })),
        );
        check(&pack(b"1234567890"), 10, (b"1234567890", Ok(())));
    }

    #[test]
    fn lies_in_the_trailer_are_found() {
        let mut packed = pack(b"hello hello hello");
        let end = packed.len();
        packed[end - 4..].copy_from_slice(&9_u32.to_le_bytes());
        let mut out = Vec::new();
        let result = Inflater::new().inflate(&packed, &mut out, 100);
        assert!(matches!(result, Err(InflateError::Damaged(_))), "{result:?}");
        assert_eq!(out, b"hello hello hello");
    }

    #[test]
    fn a_second_member_is_never_lost_and_its_magic_by_chance_costs_nothing() {
        // Stored, not packed: the bytes stand in the file as they are.
        let store = |text: &[u8]| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let at_once = |packed: &[u8]| Inflater::new().inflate_at_once(packed, &mut Vec::new(), 1000).is_some();
        let inner = store(b"one");
        for text in [MAGIC.as_slice(), &[11, 0, 0, 0, 0x1f, 0x8b, 8, 0, 0, 0, 0], &inner] {
            let packed = store(text);
            assert!(at_once(&packed), "{text:?}");
            check(&packed, 1000, (text, Ok(())));
            assert!(!at_once(&[packed.clone(), packed.clone()].concat()));
            check(&[packed.clone(), packed.clone()].concat(), 1000, (&[text, text].concat(), Ok(())));
        }
        let (one, junk) = (pack(b"one"), [b'j', 3, 0, 0, 0]);
        let padded = [one.clone(), vec![0; 8], one.clone()].concat();
        check(&padded, 100, (b"one", Err(InflateError::Trailing { bytes: 8 + one.len() })));
        check(&[&*one, &junk].concat(), 100, (b"one", Err(InflateError::Trailing { bytes: 5 })));
    }

    #[test]
    fn junk_after_the_data_is_named() {
        check(&[pack(b"one"), b"junk".to_vec()].concat(), 100, (b"one", Err(InflateError::Trailing { bytes: 4 })));
    }

    #[test]
    fn heads_are_short_and_forgive() {
        let packed = pack(&[b'a'; 5000]);
        assert_eq!(Inflater::head(&packed[..packed.len() - 1], 100), [b'a'; 100]);
        assert_eq!(Inflater::head(b"plain text", 5), b"plain");
        assert_eq!(Inflater::head(b"", 5), b"");
    }
}
