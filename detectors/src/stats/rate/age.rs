//! The age of a series: what a young one may do that it has not done yet.
//!
//! Who is watched since this morning has not shown its afternoon: offices open, nightly jobs come for the first time. So
//! in its first two days a series may have bursts, and one that works in jobs may rise to many times what it was. Until
//! it has shown all of a week, a burst that has begun is itself a reason to believe that the series is like that.

use libm::log;

use super::level::Level;
use super::{DAY, RateProfile};

/// The size of bursts that a new series is believed to have, and the events after which half of that is left.
const BURST: f64 = 40.0;
const BURST_EVENTS: f64 = 30.0;
/// How much larger its bursts may be than the unevenness of its minutes says.
const BURST_FACTOR: f64 = 8.0;
/// On its first day P(an uneven series rises to r times its level) is at least r^(-1 / this): 100 times is hardly news.
const GROWTH: f64 = 0.8;
/// The unevenness from which that is so: who has worked in jobs has others, who has worked evenly goes on so.
const UNEVEN: f64 = 30.0;
/// Days after which each time of the week has come.
const KNOWN: f64 = 8.0;

impl RateProfile {
    /// With a life that began at `minute`, if that is earlier than what it has learnt.
    #[must_use]
    pub fn alive_since(self, minute: i32) -> RateProfile {
        RateProfile { since: self.since.min(minute), ..self }
    }

    /// 1 on the first day, falling to 0 at the end of the second.
    fn youth(&self, minute: i32) -> f64 {
        (2.0 - f64::from(minute.saturating_sub(self.since)) / DAY).clamp(0.0, 1.0)
    }

    /// 1 in the first two days, falling to 0 when a whole week is known.
    pub(super) fn novelty(&self, minute: i32) -> f64 {
        ((KNOWN - f64::from(minute.saturating_sub(self.since)) / DAY) / (KNOWN - 2.0)).clamp(0.0, 1.0)
    }

    /// The size of the daily burst that a young series may have without having shown it, in events, and that together
    /// with what its unevenness lets expect; 0 after two days.
    pub(super) fn cold_burst(&self, minute: i32, level: &Level) -> (f64, f64) {
        let youth = self.youth(minute);
        if youth == 0.0 {
            return (0.0, 0.0);
        }
        let unknown = youth * BURST * BURST_EVENTS / (BURST_EVENTS + f64::from(level.a));
        (unknown, unknown + youth * BURST_FACTOR * level.mean() * (level.dispersion(0) + self.phase.unevenness()))
    }

    /// The most that -ln p of so many events can be at this age; `usual` is what the level alone would have led to.
    pub(super) fn growth_limit(&self, minute: i32, level: &Level, (seen, usual): (f64, f64)) -> f64 {
        // The second day's times of day have been seen once.
        let first = (5.0 - 4.0 * f64::from(minute.saturating_sub(self.since)) / DAY).clamp(0.0, 1.0);
        let uneven = ((level.dispersion(0) + self.phase.unevenness()) / UNEVEN).min(1.0);
        let weight = GROWTH * first * uneven;
        if weight > 0.0 { log((seen / usual).max(1.0)) / weight } else { f64::INFINITY }
    }
}
