//! What is usual at this time of day, of a value that comes in rows of any spacing.

/// Weight of the newest visit to a bucket, at least.
const FRESH: f64 = 0.3;
/// The level's memory, in rows.
const LEVEL_ROWS: f64 = 200.0;

/// The day in buckets, each with the mean of its visits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seasonal<const BUCKETS: usize> {
    pub(super) rows: u32,
    pub(super) level: f64,
    pub(super) means: [f64; BUCKETS],
    pub(super) visits: [u16; BUCKETS],
    /// The bucket that is being visited; none before the first row.
    pub(super) now: Option<u8>,
    pub(super) sum: f64,
    pub(super) sum_rows: u32,
}

impl<const BUCKETS: usize> Default for Seasonal<BUCKETS> {
    fn default() -> Seasonal<BUCKETS> {
        let (means, visits) = ([0.0; BUCKETS], [0; BUCKETS]);
        Seasonal { rows: 0, level: 0.0, means, visits, now: None, sum: 0.0, sum_rows: 0 }
    }
}

impl<const BUCKETS: usize> Seasonal<BUCKETS> {
    /// `x` minus what is usual at `day` (the time of day, 0 to 1). A bucket's mean is updated when it is left.
    pub(super) fn step(&mut self, x: f64, day: f64) -> f64 {
        if self.rows == 0 {
            self.level = x;
        }
        let bucket = bucket_of::<BUCKETS>(day);
        let residual = x - self.usual(day);
        if self.now != Some(bucket as u8) {
            self.leave();
            self.now = Some(bucket as u8);
        }
        self.sum += x;
        self.sum_rows = self.sum_rows.saturating_add(1);
        self.rows = self.rows.saturating_add(1);
        self.level += (1.0 / LEVEL_ROWS).max(1.0 / f64::from(self.rows)) * (x - self.level);
        residual
    }

    /// What is usual at `day`: the mean of the bucket as far as it was visited, else the level.
    pub(super) fn usual(&self, day: f64) -> f64 {
        let bucket = bucket_of::<BUCKETS>(day);
        let trust = f64::from(self.visits[bucket]) / (f64::from(self.visits[bucket]) + 1.0);
        trust * self.means[bucket] + (1.0 - trust) * self.level
    }

    fn leave(&mut self) {
        if let Some(left) = self.now.map(usize::from).filter(|_| self.sum_rows > 0) {
            let pace = FRESH.max(1.0 / (f64::from(self.visits[left]) + 1.0));
            self.means[left] += pace * (self.sum / f64::from(self.sum_rows) - self.means[left]);
            self.visits[left] = self.visits[left].saturating_add(1);
        }
        (self.sum, self.sum_rows) = (0.0, 0);
    }
}

fn bucket_of<const BUCKETS: usize>(day: f64) -> usize {
    (day * BUCKETS as f64) as usize % BUCKETS
}
