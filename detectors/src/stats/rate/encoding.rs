//! The stored form of a rate profile: exact, so that one who stores and reads it between two events gets the same bits
//! as one who keeps it.

use super::RateProfile;
use super::level::Level;
use super::phase::Phase;
use super::season::{Season, Short};
use crate::stats::encoding::{Reader, Writer};

/// Bytes of a stored rate profile.
pub const RATE_BYTES: usize = 499;
const VERSION: u8 = 2;

impl Level {
    /// In the precision in which the level before a trial is stored.
    pub(super) fn shortened(&self) -> Level {
        let short = |value: f32| Short::new(f64::from(value)).get() as f32;
        Level { a: short(self.a), b: short(self.b), num: self.num.map(short), den: self.den.map(short) }
    }
}

impl RateProfile {
    /// The stored form: [`RATE_BYTES`] bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(RATE_BYTES));
        out.bytes([VERSION, u8::from(self.disturbed), self.above.clamp(0, 255) as u8]);
        [self.since, self.at, self.last_above, self.settled].into_iter().for_each(|minute| out.minute(minute));
        out.bytes(self.slow.to_le_bytes());
        out.floats(&[self.level.a, self.level.b]);
        out.floats(&self.level.num);
        out.floats(&self.level.den);
        let (old, until) = self.trial.unwrap_or((Level::default(), i32::MIN));
        out.minute(until);
        for value in [old.a, old.b].iter().chain(&old.num).chain(&old.den) {
            // A negative sum of squares may be stored: the sign is part of a `Short`.
            out.short(Short::new(f64::from(*value)));
        }
        out.parts(&self.season.hours);
        out.parts(&self.season.weekend);
        out.parts(&self.season.days);
        out.floats(&[self.season.today.0, self.season.today.1, self.hour.0, self.hour.1]);
        self.phase.events.into_iter().for_each(|events| out.short(events));
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
        let [version, disturbed, above] = from.bytes()?;
        let [since, at, last_above, settled] = [from.minute()?, from.minute()?, from.minute()?, from.minute()?];
        let slow = u64::from_le_bytes(from.bytes()?);
        let level = level(&from.floats()?)?;
        let until = from.minute()?;
        let mut old = [0.0; 10];
        for value in &mut old {
            *value = Short(u16::from_le_bytes(from.bytes()?)).get() as f32;
        }
        let trial = if until == i32::MIN { None } else { Some((self::level(&old)?, until)) };
        let (hours, weekend, days) = (from.parts()?, from.parts()?, from.parts()?);
        let [events, expected, in_hour, exposure] = from.floats()?;
        let mut phase = Phase::default();
        for events in &mut phase.events {
            *events = from.short()?;
        }
        [phase.hours, phase.gain] = from.floats()?;
        phase.refresh();
        let season = Season { hours, weekend, days, today: (events, expected) };
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
            calibration: from.calibration()?,
            ring: from.hour(at)?,
            above: i32::from(above),
            last_above,
            settled,
            disturbed: disturbed == 1,
        };
        (version == VERSION && since != i32::MIN && at != i32::MIN).then_some(profile)
    }
}

/// Level from its ten numbers; those that are divided by are above 0.
fn level(numbers: &[f32; 10]) -> Option<Level> {
    let [a, b, num @ .., d1, d2, d3, d4] = *numbers;
    let den = [d1, d2, d3, d4];
    let sound = a > 0.0 && b > 0.0 && den.iter().all(|d| *d >= 0.0) && numbers.iter().all(|v| v.is_finite());
    sound.then_some(Level { a, b, num, den })
}
