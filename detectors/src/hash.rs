//! The one stable hash: identities, ids and ranks must be the same on every machine and in every version.

use xxhash_rust::xxh3::Xxh3;

/// Bytes that are hashed in one go, from a buffer in place.
const SHORT: usize = 256;

/// The XXH3 64-bit hash (<https://github.com/Cyan4973/xxHash>) of the parts, each closed by a byte that UTF-8 never has,
/// so that `["ab", "c"]` and `["a", "bc"]` differ.
#[must_use]
pub fn hash_of(parts: &[&str]) -> u64 {
    let length: usize = parts.iter().map(|part| part.len() + 1).sum();
    if length > SHORT {
        return hash_long(parts);
    }
    let mut buffer = [0_u8; SHORT];
    let mut at = 0;
    for part in parts {
        buffer[at..at + part.len()].copy_from_slice(part.as_bytes());
        at += part.len();
        buffer[at] = 0xff;
        at += 1;
    }
    xxhash_rust::xxh3::xxh3_64(&buffer[..at])
}

fn hash_long(parts: &[&str]) -> u64 {
    let mut hasher = Xxh3::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update(&[0xff]);
    }
    hasher.digest()
}

/// The same for one text, without the closing byte: faster, for values that stand alone.
#[must_use]
pub fn hash_one(text: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(text.as_bytes())
}

/// A hash of one text and a number.
#[must_use]
pub(crate) fn seeded(text: &str, seed: u64) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(text.as_bytes(), seed)
}

/// A hash of the parts one after the other, each seeded with the hash of those before it. For parts too long to be
/// gathered first; it stays within a process.
#[must_use]
pub(crate) fn chained(parts: &[&str]) -> u64 {
    parts.iter().fold(0, |hash, part| seeded(part, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(hash_of(&["ab", "c"]), hash_of(&["a", "bc"]));
        assert_ne!(hash_of(&["a"]), hash_of(&["a", ""]));
    }

    #[test]
    fn long_and_short_are_one_hash() {
        for length in [0, 1, 16, 17, 128, 129, 240, 241, 253, 254, 255, 256, 257, 1000] {
            let text = "x".repeat(length);
            assert_eq!(hash_of(&[&text, "y"]), hash_long(&[&text, "y"]), "{length}");
        }
    }

    #[test]
    fn the_hash_never_changes() {
        // From the reference implementation.
        assert_eq!(hash_one("lapwing"), 0xe984_73b9_df24_cf98);
    }
}
