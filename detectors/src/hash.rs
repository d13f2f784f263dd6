//! The one stable hash: identities, ids and ranks must be the same on every machine and in every version.

use xxhash_rust::xxh3::Xxh3;

/// The XXH3 64-bit hash (<https://github.com/Cyan4973/xxHash>) of the parts, each closed by a byte that UTF-8 never has,
/// so that `["ab", "c"]` and `["a", "bc"]` differ.
#[must_use]
pub fn hash_of(parts: &[&str]) -> u64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(hash_of(&["ab", "c"]), hash_of(&["a", "bc"]));
        assert_ne!(hash_of(&["a"]), hash_of(&["a", ""]));
    }

    #[test]
    fn the_hash_never_changes() {
        // From the reference implementation.
        assert_eq!(hash_one("lapwing"), 0xe984_73b9_df24_cf98);
    }
}
