//! The stored form of an error profile: exact.

use super::{ErrorProfile, TAIL_PRIOR};
use crate::stats::encoding::{Reader, Writer};

/// Bytes of a stored error profile.
pub const ERROR_BYTES: usize = 400;
const VERSION: u8 = 3;

impl ErrorProfile {
    /// The stored form: [`ERROR_BYTES`] bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(ERROR_BYTES));
        out.bytes([VERSION, u8::from(self.busy)]);
        out.minute(self.at);
        out.floats(&[self.a, self.b, self.leaving.0, self.leaving.1]);
        out.floats(&self.num);
        out.floats(&self.den);
        out.parts(&self.hours);
        out.recurring(&self.recurring);
        out.calibration(&self.calibration);
        out.hour(&self.errors);
        out.hour(&self.calls);
        out.0
    }

    /// Reads the stored form. None of another version, or where it is damaged.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<ErrorProfile> {
        if bytes.len() != ERROR_BYTES {
            return None;
        }
        let mut from = Reader(bytes);
        let ([version, busy], at) = (from.bytes()?, from.minute()?);
        let [a, b, leaving, expected] = from.floats()?;
        let profile = ErrorProfile {
            at,
            a,
            b,
            leaving: (leaving, expected),
            num: from.floats()?,
            den: from.floats()?,
            hours: from.parts()?,
            recurring: from.recurring()?,
            calibration: from.calibration(TAIL_PRIOR)?,
            errors: from.hour(at)?,
            calls: from.hour(at)?,
            busy: busy == 1,
        };
        let sound = a > 0.0 && b > 0.0 && profile.den.iter().all(|d| *d >= 0.0);
        (version == VERSION && sound && at != i32::MIN).then_some(profile)
    }
}
