//! Absence: who is silent where many events were to be expected is away, and not slower.
//!
//! An hour away teaches neither level nor dispersion, so that who comes back after days is no surprise. The season does
//! learn it, for a day: offices are away every night.

use libm::log1p;

use super::RateProfile;

/// -ln P(no event in an hour) from which a silent one is an absence.
const SURE: f64 = 9.0;
/// Hours of silence after which the time of day does not explain it.
pub(super) const LONGEST_NIGHT: u8 = 24;

impl RateProfile {
    /// Is the silence of the hour that is over, with this exposure, an absence?
    pub(super) fn is_away(&self, exposure: f64) -> bool {
        let (mean, inverse) = (self.level.mean() * exposure, self.level.inverse_size(3));
        self.quiet > 0 && log1p(mean * inverse) / inverse > SURE
    }
}
