//! How busy the accounts are in the course of days, and instants as text.

/// Seconds since 1970 of the first day: Tuesday 2026-09-01, 00:00 UTC.
pub(crate) const FIRST_DAY: i64 = 1_788_220_800;

const STEP: i64 = 600;
const STEPS_A_DAY: usize = 144;

/// The share of all load that lies before an instant, and its inverse: busy by day, quiet by night and at weekends.
pub(crate) struct Rhythm {
    cumulated: Vec<f64>,
}

impl Rhythm {
    /// The rhythm of so many days, at least one.
    pub(crate) fn new(days: usize) -> Rhythm {
        let mut cumulated = vec![0.0];
        let mut sum = 0.0;
        for step in 0..days.max(1) * STEPS_A_DAY {
            let hour = (step % STEPS_A_DAY) as f64 / 6.0;
            let noon = (hour - 13.0) / 4.5;
            let weekend = matches!(step / STEPS_A_DAY % 7, 4 | 5);
            sum += (0.3 + 0.7 * (-noon * noon).exp()) * if weekend { 0.45 } else { 1.0 };
            cumulated.push(sum);
        }
        cumulated.iter_mut().for_each(|c| *c /= sum);
        Rhythm { cumulated }
    }

    /// The instant before which this share (0 to 1) of the load lies.
    pub(crate) fn instant(&self, share: f64) -> i64 {
        let step = self.cumulated.partition_point(|c| *c <= share).clamp(1, self.cumulated.len() - 1) - 1;
        let (low, high) = (self.cumulated[step], self.cumulated[step + 1]);
        let within = ((share - low) / (high - low)).clamp(0.0, 0.999_999);
        FIRST_DAY + ((step as f64 + within) * STEP as f64) as i64
    }
}

/// Year, month and day of an instant.
pub(crate) fn date(seconds: i64) -> (i64, i64, i64) {
    // Days to civil date, after Howard Hinnant's public-domain algorithm, for years from 1970.
    let z = seconds.div_euclid(86_400) + 719_468;
    let era = z / 146_097;
    let doe = z % 146_097;
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

/// The instant as `2026-09-01T08:30:00` with this end, such as `Z`.
pub(crate) fn iso(seconds: i64, end: &str) -> String {
    let (year, month, day) = date(seconds);
    let s = seconds.rem_euclid(86_400);
    format!("{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}{end}", s / 3_600, s / 60 % 60, s % 60)
}
