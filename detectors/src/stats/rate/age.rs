//! The age of a series.

use super::RateProfile;

impl RateProfile {
    /// With a life that began at `minute`, if that is earlier than what it has learnt.
    #[must_use]
    pub fn alive_since(self, minute: i32) -> RateProfile {
        RateProfile { since: self.since.min(minute), ..self }
    }
}
