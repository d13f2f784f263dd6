//! Levels: how surprising a finding must be, from day to day. Whoever has a budget of alerts sets them.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use crate::time::Minute;

/// Minutes in a day.
const DAY: i32 = 1440;
/// Days that are remembered: late data is judged at the level of its own day.
const REMEMBERED: usize = 40;

/// By how much a day's findings must be more surprising than the settings of their detectors say, in powers of ten.
#[derive(Debug, Default)]
pub struct Levels(RwLock<BTreeMap<i32, f64>>);

impl Levels {
    /// Sets it for the UTC day of `minute`. A day that some of was judged already should keep its level.
    pub fn set(&self, minute: Minute, raise: f64) {
        // A map that a panic left behind is still right.
        let mut days = self.0.write().unwrap_or_else(PoisonError::into_inner);
        days.insert(minute.0.div_euclid(DAY), raise);
        while days.len() > REMEMBERED {
            days.pop_first();
        }
    }

    /// That of the UTC day of `minute`: 0 unless it was set.
    #[must_use]
    pub fn of(&self, minute: Minute) -> f64 {
        let days = self.0.read().unwrap_or_else(PoisonError::into_inner);
        days.get(&minute.0.div_euclid(DAY)).copied().unwrap_or(0.0)
    }
}
