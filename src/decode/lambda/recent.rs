//! A map that forgets.

use hashbrown::HashMap;

use super::REMEMBERED;

/// A map that keeps at least the newest half of [`REMEMBERED`] entries and never more than all of it. What it forgets
/// depends on the order of the insertions alone.
#[derive(Debug)]
pub(super) struct Recent<V> {
    newer: HashMap<u64, V>,
    older: HashMap<u64, V>,
}

impl<V> Default for Recent<V> {
    fn default() -> Self {
        Self { newer: HashMap::new(), older: HashMap::new() }
    }
}

impl<V> Recent<V> {
    /// What was inserted last under this key, unless it is forgotten.
    pub(super) fn get(&self, key: u64) -> Option<&V> {
        self.newer.get(&key).or_else(|| self.older.get(&key))
    }

    /// Inserts or replaces; may forget the oldest entries.
    pub(super) fn insert(&mut self, key: u64, value: V) {
        if self.newer.len() >= REMEMBERED / 2 && !self.newer.contains_key(&key) {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_and_stays_small() {
        let mut recent = Recent::default();
        let last = 3 * REMEMBERED as u64;
        for key in 0..=last {
            recent.insert(key, key);
            assert!(recent.newer.len() + recent.older.len() <= REMEMBERED);
        }
        assert_eq!(recent.get(last - REMEMBERED as u64 / 2 + 1).copied(), Some(last - REMEMBERED as u64 / 2 + 1));
        assert_eq!(recent.get(0), None);
        recent.insert(last, 7);
        assert_eq!(recent.get(last).copied(), Some(7));
    }
}
