//! Many values one after the other, deflated block by block: neither side holds all of them twice.

use libdeflater::{CompressionLvl, Compressor, Decompressor};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A block is deflated once it holds this many bytes. A value never lies in two.
const BLOCK: usize = 1 << 20;
/// No deflated byte stands for more than this: <https://zlib.net/zlib_tech.html>.
const RATIO: usize = 1_032;

/// What is wrong with the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged(pub String);

/// Writes values.
pub struct Writer {
    plain: Vec<u8>,
    out: Vec<u8>,
    compressor: Compressor,
}

impl Default for Writer {
    fn default() -> Writer {
        Writer { plain: Vec::new(), out: Vec::new(), compressor: Compressor::new(CompressionLvl::default()) }
    }
}

impl Writer {
    /// Adds a value.
    ///
    /// # Errors
    /// Never for the types that are kept: postcard fails for those without a known length alone.
    pub fn put<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), Damaged> {
        let plain = std::mem::take(&mut self.plain);
        self.plain = postcard::to_extend(value, plain).map_err(|error| Damaged(error.to_string()))?;
        if self.plain.len() >= BLOCK {
            self.close()?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Damaged> {
        let mut deflated = vec![0; self.compressor.deflate_compress_bound(self.plain.len())];
        let made = self.compressor.deflate_compress(&self.plain, &mut deflated);
        let length = made.map_err(|error| Damaged(error.to_string()))?;
        for n in [self.plain.len(), length] {
            self.out.extend((n as u64).to_le_bytes());
        }
        self.out.extend(&deflated[..length]);
        self.plain.clear();
        Ok(())
    }

    /// The bytes of all values.
    ///
    /// # Errors
    /// As [`Writer::put`].
    pub fn finish(mut self) -> Result<Vec<u8>, Damaged> {
        if !self.plain.is_empty() {
            self.close()?;
        }
        Ok(self.out)
    }
}

/// Reads values in the order in which they were written.
pub struct Reader<'a> {
    rest: &'a [u8],
    plain: Vec<u8>,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads what a [`Writer`] wrote.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes, plain: Vec::new(), at: 0 }
    }

    /// The next value.
    ///
    /// # Errors
    /// When there is none, or it is none of this type.
    pub fn take<V: DeserializeOwned>(&mut self) -> Result<V, Damaged> {
        if self.at == self.plain.len() {
            self.open().ok_or_else(|| Damaged("a block does not inflate".to_owned()))?;
        }
        let plain = &self.plain[self.at..];
        let (value, rest) =
            postcard::take_from_bytes(plain).map_err(|error| Damaged(error.to_string().to_lowercase()))?;
        self.at = self.plain.len() - rest.len();
        Ok(value)
    }

    fn open(&mut self) -> Option<()> {
        let (length, rest) = self.rest.split_first_chunk::<8>()?;
        let (packed, rest) = rest.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (packed, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*packed)).ok()?)?;
        if length > packed.len().saturating_mul(RATIO) {
            return None;
        }
        self.plain = vec![0; length];
        let made = Decompressor::new().deflate_decompress(packed, &mut self.plain).ok()?;
        (self.at, self.rest) = (0, rest);
        (made == length).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_in_their_order() {
        let values: Vec<(u64, String)> = (0..5_000).map(|n| (n, format!("{n:0500}"))).collect();
        let mut writer = Writer::default();
        values.iter().for_each(|value| writer.put(value).unwrap());
        let bytes = writer.finish().unwrap();
        let mut reader = Reader::new(&bytes);
        let back: Vec<(u64, String)> = values.iter().map(|_| reader.take().unwrap()).collect();
        assert_eq!(back, values, "they fill more than one block");
        assert_eq!(reader.take::<u64>(), Err(Damaged("a block does not inflate".to_owned())));
    }

    #[test]
    fn no_damage_is_believed() {
        let mut writer = Writer::default();
        writer.put("a text that is deflated").unwrap();
        let bytes = writer.finish().unwrap();
        for end in 0..bytes.len() {
            assert!(Reader::new(&bytes[..end]).take::<String>().is_err(), "the first {end} bytes");
        }
        let mut huge = bytes;
        huge[..8].copy_from_slice(&(1_u64 << 40).to_le_bytes());
        assert!(Reader::new(&huge).take::<String>().is_err(), "a length that no such block inflates to");
    }
}
