//! How state is written: a format number, then the value in postcard's form, deflated where that is shorter.

use std::cell::RefCell;
use std::fmt::Display;

use libdeflater::{CompressionLvl, Compressor, Decompressor};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::{FORMAT, StoreError};

/// What inflates to more than this is damage: no item holds as much.
const INFLATED: usize = 16 << 20;
/// Shorter values are not worth deflating.
const SHORT: usize = 128;

const PLAIN: u8 = 0;
const DEFLATED: u8 = 1;

thread_local! {
    static COMPRESSOR: RefCell<Compressor> = RefCell::new(Compressor::new(CompressionLvl::default()));
    static DECOMPRESSOR: RefCell<Decompressor> = RefCell::new(Decompressor::new());
}

/// A value in postcard's form.
///
/// # Errors
/// Never for the types that are stored: postcard fails for those without a known length alone.
pub fn plain<V: Serialize>(value: &V) -> Result<Vec<u8>, StoreError> {
    postcard::to_stdvec(value).map_err(|error| StoreError { what: format!("cannot be written: {error}") })
}

/// The bytes of a value.
///
/// # Errors
/// As of [`plain`].
pub fn pack<V: Serialize>(value: &V) -> Result<Vec<u8>, StoreError> {
    let plain = plain(value)?;
    let mut out = vec![FORMAT, PLAIN];
    if plain.len() >= SHORT {
        let (deflated, length) = COMPRESSOR.with_borrow_mut(|compressor| {
            let mut deflated = vec![0; compressor.deflate_compress_bound(plain.len())];
            let length = compressor.deflate_compress(&plain, &mut deflated);
            (deflated, length.unwrap_or(usize::MAX))
        });
        if length < plain.len() - 4 {
            out[1] = DEFLATED;
            out.extend((plain.len() as u32).to_le_bytes());
            out.extend(&deflated[..length]);
            return Ok(out);
        }
    }
    out.extend(plain);
    Ok(out)
}

/// The value of these bytes, which lie at `place`.
///
/// # Errors
/// When they were written in another format, or are damaged.
pub fn unpack<V: DeserializeOwned>(bytes: &[u8], place: impl Display) -> Result<V, StoreError> {
    let damaged = |what: &str| StoreError { what: format!("{place}: {what}") };
    let [format, form, rest @ ..] = bytes else { return Err(damaged("is damaged: it is too short")) };
    if *format > FORMAT {
        let what = format!("has format {format}, and this version of Lapwing reads up to {FORMAT}: run the newer one");
        return Err(damaged(&what));
    }
    if *format < FORMAT {
        let what =
            format!("has format {format}, and this version of Lapwing reads {FORMAT} alone: give it a new table");
        return Err(damaged(&what));
    }
    let plain = match *form {
        PLAIN => rest.to_vec(),
        DEFLATED => inflated(rest).ok_or_else(|| damaged("is damaged: it does not inflate"))?,
        _ => return Err(damaged("is damaged: no such form")),
    };
    postcard::from_bytes(&plain).map_err(|error| damaged(&format!("is damaged: {error}")))
}

fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > INFLATED {
        return None;
    }
    let mut out = vec![0; length];
    let made = DECOMPRESSOR.with_borrow_mut(|inflater| inflater.deflate_decompress(rest, &mut out)).ok()?;
    (made == length).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        for value in [Vec::new(), vec!["a".to_owned()], vec!["the same text".to_owned(); 1000]] {
            let bytes = pack(&value).unwrap();
            assert_eq!(unpack::<Vec<String>>(&bytes, "here").unwrap(), value);
        }
        assert!(pack(&vec!["the same text"; 1000]).unwrap().len() < 200, "repetition costs next to nothing");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let check = |bytes: &[u8], what: &str| {
            assert_eq!(unpack::<Vec<String>>(bytes, "item c1").unwrap_err().what, what);
        };
        check(&[], "item c1: is damaged: it is too short");
        let (older, newer) = (FORMAT - 1, FORMAT + 1);
        let reads = |reads: &str| format!("item c1: has format {reads}");
        let up_to = format!("{newer}, and this version of Lapwing reads up to {FORMAT}: run the newer one");
        check(&[newer, 0, 0], &reads(&up_to));
        let alone = format!("{older}, and this version of Lapwing reads {FORMAT} alone: give it a new table");
        check(&[older, 0, 0], &reads(&alone));
        check(&[FORMAT, 7, 0], "item c1: is damaged: no such form");
        check(&[FORMAT, DEFLATED, 255, 255, 255, 255, 1], "item c1: is damaged: it does not inflate");
        check(&[FORMAT, DEFLATED, 9, 0, 0, 0, 1], "item c1: is damaged: it does not inflate");
        assert!(unpack::<Vec<String>>(&[FORMAT, PLAIN, 200], "item c1").is_err());
    }
}
