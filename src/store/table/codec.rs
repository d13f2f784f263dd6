//! How state is written: a format number, then the value in postcard's form, deflated where that is shorter.

use libdeflater::{CompressionLvl, Compressor, Decompressor};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::StoreError;

/// The format that is written, and the only one that is read. A change of any stored type makes a new one.
pub const FORMAT: u8 = 3;
/// What inflates to more than this is damage: no item holds as much.
const INFLATED: usize = 16 << 20;
/// Shorter values are not worth deflating.
const SHORT: usize = 128;

const PLAIN: u8 = 0;
const DEFLATED: u8 = 1;

/// The bytes of a value.
///
/// # Errors
/// Never for the types that are stored: postcard fails for those without a known length alone.
pub fn pack<V: Serialize>(value: &V) -> Result<Vec<u8>, StoreError> {
    let plain =
        postcard::to_stdvec(value).map_err(|error| StoreError { what: format!("cannot be written: {error}") })?;
    let mut out = vec![FORMAT, PLAIN];
    if plain.len() >= SHORT {
        let mut compressor = Compressor::new(CompressionLvl::default());
        let mut deflated = vec![0; compressor.deflate_compress_bound(plain.len())];
        if let Ok(length) = compressor.deflate_compress(&plain, &mut deflated)
            && length + 4 < plain.len()
        {
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
pub fn unpack<V: DeserializeOwned>(bytes: &[u8], place: &str) -> Result<V, StoreError> {
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
    let made = Decompressor::new().deflate_decompress(rest, &mut out).ok()?;
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
        check(
            &[FORMAT + 1, 0, 0],
            "item c1: has format 4, and this version of Lapwing reads up to 3: run the newer one",
        );
        let older = "item c1: has format 2, and this version of Lapwing reads 3 alone: give it a new table";
        check(&[FORMAT - 1, 0, 0], older);
        check(&[FORMAT, 7, 0], "item c1: is damaged: no such form");
        check(&[FORMAT, DEFLATED, 255, 255, 255, 255, 1], "item c1: is damaged: it does not inflate");
        check(&[FORMAT, DEFLATED, 9, 0, 0, 0, 1], "item c1: is damaged: it does not inflate");
        assert!(unpack::<Vec<String>>(&[FORMAT, PLAIN, 200], "item c1").is_err());
    }
}
