//! The stored form of a rate profile: exact, so that one who stores and reads it between two events gets the same bits
//! as one who keeps it.

use super::level::Level;
use super::phase::{Phase, Share};
use super::season::{Season, Short};
use super::{RateProfile, TAIL_PRIOR};
use crate::stats::encoding::{Reader, Writer};

/// Bytes of a stored rate profile.
pub const RATE_BYTES: usize = 506;
const VERSION: u8 = 4;

impl RateProfile {
    /// The stored form: [`RATE_BYTES`] bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(RATE_BYTES));
        out.bytes([VERSION, u8::from(self.disturbed), self.above.clamp(0, 255) as u8, self.quiet]);
        [self.since, self.at, self.last_above, self.settled].into_iter().for_each(|minute| out.minute(minute));
        out.bytes(self.slow.to_le_bytes());
        let ((a, b), until) = self.trial.unwrap_or(((1.0, 1.0), i32::MIN));
        out.floats(&[self.level.a, self.level.b, a, b]);
        self.level.num.iter().chain(&self.level.den).for_each(|value| out.short(Short::new(f64::from(*value))));
        out.minute(until);
        out.parts(&self.season.hours);
        out.parts(&self.season.weekend);
        out.parts(&self.season.days);
        out.floats(&[self.season.today.0, self.season.today.1, self.hour.0, self.hour.1]);
        out.short(self.season.morning);
        out.short(self.season.clusters);
        out.twelves(&self.phase.events.map(|events| events.0));
        out.floats(&[self.phase.hours, self.phase.gain]);
        out.recurring(&self.recurring);
        out.calibration(&self.calibration);
        out.hour(&self.ring);
        out.0
    }

    /// Reads the stored form. None of another version, or where it is damaged.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<RateProfile> {
        if bytes.len() != RATE_BYTES {
            return None;
        }
        let mut from = Reader(bytes);
        let [version, disturbed, above, quiet] = from.bytes()?;
        let [since, at, last_above, settled] = [from.minute()?, from.minute()?, from.minute()?, from.minute()?];
        let slow = u64::from_le_bytes(from.bytes()?);
        let [a, b, old_a, old_b] = from.floats()?;
        let level = Level { a, b, num: from.dispersion()?, den: from.dispersion()? };
        let trial = Some(((old_a, old_b), from.minute()?)).filter(|(_, until)| *until != i32::MIN);
        let (hours, weekend, days) = (from.parts()?, from.parts()?, from.parts()?);
        let [events, expected, in_hour, exposure] = from.floats()?;
        let (morning, clusters) = (from.short()?, from.short()?);
        let mut phase = Phase::default();
        phase.events = from.twelves()?.map(Share);
        [phase.hours, phase.gain] = from.floats()?;
        phase.refresh();
        let season = Season { hours, weekend, days, today: (events, expected), morning, clusters };
        let profile = RateProfile {
            since,
            at,
            level,
            hour: (in_hour, exposure),
            slow,
            trial,
            factors: season.around(at.div_euclid(60)),
            season,
            phase,
            recurring: from.recurring()?,
            calibration: from.calibration(TAIL_PRIOR)?,
            ring: from.hour(at)?,
            above: i32::from(above),
            last_above,
            settled,
            disturbed: disturbed == 1,
            quiet,
        };
        let positive = [a, b, old_a, old_b].iter().all(|value| *value > 0.0) && level.den.iter().all(|d| *d >= 0.0);
        (version == VERSION && positive && since != i32::MIN && at != i32::MIN).then_some(profile)
    }
}

impl Reader<'_> {
    /// A negative sum of squares may be stored: the sign is part of a `Short`.
    fn dispersion(&mut self) -> Option<[f32; 4]> {
        let mut values = [0.0; 4];
        for value in &mut values {
            *value = Some(Short(u16::from_le_bytes(self.bytes()?)).get() as f32).filter(|value| value.is_finite())?;
        }
        Some(values)
    }
}
