//! Any numeric series, judged by how far it breaks the ranges that its features have kept: a score from 0 to 1 without
//! a probability. For durations, latencies, sizes, CPU; counts of events are better judged by the rate model.
//!
//! A few features of the value are computed; each is asked how far it breaks the range it has kept so far; the
//! excesses are added with weights, squashed to v = S / (S + saturation), and v is passed on only when it is larger
//! than a decaying memory of earlier ones, so that one incident does not speak twice. No look-ahead, one configuration
//! for all series, state of fixed size.

mod encoding;
mod record;
mod seasonal;
mod shape;
#[cfg(test)]
mod tests;

use libm::exp2;

pub use self::encoding::GAUGE_BYTES;
use self::record::Record;
use self::seasonal::Seasonal;
use self::shape::{Compress, Context, Recent};

/// Which features judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GaugeModel {
    /// Value, value less its season, and the hours-long drift of its season: cheap.
    #[default]
    Core3,
    /// These and drift over half a day, restlessness, and two kinds of unusual order.
    Full8,
}

/// A feature of a row, in the order of the scores' sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// The value itself.
    Value,
    /// The value less what is usual at that time of day.
    Seasonal,
    /// Mean over 48 rows of the seasonal residual on a log scale.
    Drift,
    /// Mean over 12 rows of the surprise about the distance from the centre, given the row before.
    Order,
    /// Surprise about the place in the range, given the row 12 before.
    Rhythm,
    /// Mean over 48 rows of the change from row to row, on a log scale.
    Restless,
    /// As `Drift`, over 144 rows.
    LongDrift,
    /// Moving mean (1/36) of another seasonal residual on a log scale.
    Trend,
}

/// Weight and memory of its range, in rows, of each feature of full8.
const FULL8: [(f64, f64); 8] = [
    (1.0, 20_000.0),
    (0.5, 20_000.0),
    (0.75, 20_000.0),
    (0.75, 20_000.0),
    (1.0, 20_000.0),
    (1.0, 20_000.0),
    (1.5, 5_000.0),
    (2.0, 20_000.0),
];
/// The same of core3.
const CORE3: [(f64, f64); 3] = [(1.0, 20_000.0), (0.5, 20_000.0), (1.0, 20_000.0)];
const FEATURES: [Feature; 8] = [
    Feature::Value,
    Feature::Seasonal,
    Feature::Drift,
    Feature::Order,
    Feature::Rhythm,
    Feature::Restless,
    Feature::LongDrift,
    Feature::Trend,
];

/// What a row means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaugeScore {
    /// 0 to 1; 0 where nothing new is said.
    pub score: f64,
    /// The feature that broke its range most, and by how many ranges, if any did.
    pub worst: Option<(Feature, f64)>,
}

/// The state of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    records: [Record; 3],
    compress: Compress,
    value_season: Seasonal<24>,
    log_season: Seasonal<48>,
    residuals: Recent<144>,
    sum48: f64,
    memory: f64,
    more: Option<Box<More>>,
}

/// What full8 has besides.
#[derive(Clone, Debug, PartialEq)]
struct More {
    records: [Record; 5],
    trend_season: Seasonal<24>,
    trend: f64,
    sum144: f64,
    last: Option<f64>,
    changes: Recent<48>,
    change_sum: f64,
    order: Context<12, 1>,
    order_surprises: Recent<12>,
    order_sum: f64,
    rhythm: Context<6, 12>,
    range: Option<(f64, f64)>,
}

impl Gauge {
    /// A series of which nothing is known.
    #[must_use]
    pub fn new(model: GaugeModel) -> Gauge {
        let (three, more) = match model {
            GaugeModel::Core3 => (CORE3, None),
            GaugeModel::Full8 => ([FULL8[0], FULL8[1], FULL8[2]], Some(Box::default())),
        };
        Gauge {
            records: three.map(|(_, memory)| Record::new(memory)),
            compress: Compress::default(),
            value_season: Seasonal::default(),
            log_season: Seasonal::default(),
            residuals: Recent::default(),
            sum48: 0.0,
            memory: 0.0,
            more,
        }
    }

    /// Which features judge.
    #[must_use]
    pub fn model(&self) -> GaugeModel {
        if self.more.is_some() { GaugeModel::Full8 } else { GaugeModel::Core3 }
    }

    /// Judges a row without learning it, and whatever was said of those before it. A series of fewer than 20 rows says
    /// nothing.
    #[must_use]
    pub fn judge(&self, x: f64, day: f64) -> GaugeScore {
        Gauge { memory: 0.0, ..self.clone() }.step(x, day)
    }

    /// Has it had one value only, for as long as it takes to know a range?
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.records[0].is_flat()
    }

    /// What is usual at a time of day: the mean of what came then, as far as that is known.
    #[must_use]
    pub fn usual(&self, day: f64) -> f64 {
        self.value_season.usual(day)
    }

    /// Judges a row and learns it. `x` is finite and at most 1e150 away from 0 ([`GAUGE_LIMIT`]); `day` is the time of
    /// day, 0 to 1.
    pub fn step(&mut self, x: f64, day: f64) -> GaugeScore {
        let seasonal = self.value_season.step(x, day);
        let l = self.compress.step(x);
        let residual = self.log_season.step(l, day);
        let leaving = (self.residuals.leaving(48), self.residuals.leaving(144));
        self.residuals.push(residual);
        self.sum48 += residual - leaving.0;
        let three = [x, seasonal, self.residuals.mean(self.sum48, 48)];
        let mut excess = [0.0; 8];
        for (at, (record, y)) in self.records.iter_mut().zip(three).enumerate() {
            excess[at] = record.step(y);
        }
        let (weights, saturation, half_life) = match &mut self.more {
            None => (&CORE3[..], 0.2, 60.0),
            Some(more) => {
                more.sum144 += residual - leaving.1;
                let long = self.residuals.mean(more.sum144, 144);
                excess[3..].copy_from_slice(&more.step(x, (l, day), long));
                (&FULL8[..], 0.5, 80.0)
            }
        };
        let sum: f64 = weights.iter().zip(excess).map(|((weight, _), e)| weight * e).sum();
        self.speak(sum / (sum + saturation), half_life, &excess)
    }

    /// Passes on what is louder than the memory of what was said before.
    fn speak(&mut self, v: f64, half_life: f64, excess: &[f64; 8]) -> GaugeScore {
        self.memory *= exp2(-1.0 / half_life);
        let worst = FEATURES.into_iter().zip(*excess).max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, e)| *e > 0.0);
        if v <= self.memory {
            return GaugeScore { score: 0.0, worst };
        }
        self.memory = v;
        GaugeScore { score: v, worst }
    }
}

/// Values further from 0 are refused: their differences would leave the range of numbers.
pub const GAUGE_LIMIT: f64 = 1e150;

impl Default for More {
    fn default() -> More {
        More {
            records: [FULL8[3], FULL8[4], FULL8[5], FULL8[6], FULL8[7]].map(|(_, memory)| Record::new(memory)),
            trend_season: Seasonal::default(),
            trend: 0.0,
            sum144: 0.0,
            last: None,
            changes: Recent::default(),
            change_sum: 0.0,
            order: Context::default(),
            order_surprises: Recent::default(),
            order_sum: 0.0,
            rhythm: Context::default(),
            range: None,
        }
    }
}

impl More {
    /// The excess of each further feature.
    fn step(&mut self, x: f64, (l, day): (f64, f64), long_drift: f64) -> [f64; 5] {
        let residual = self.trend_season.step(l, day);
        self.trend += (1.0f64 / 36.0).max(1.0 / f64::from(self.trend_season.rows)) * (residual - self.trend);
        let change = self.last.map_or(0.0, |last| (l - last).abs());
        self.last = Some(l);
        self.change_sum += change - self.changes.leaving(48);
        self.changes.push(change);
        let surprise = self.order.step((((l + 3.0) * 2.0) as i64).clamp(0, 11) as usize);
        self.order_sum += surprise - self.order_surprises.leaving(12);
        self.order_surprises.push(surprise);
        let (lo, hi) = self.range.map_or((x, x), |(lo, hi)| (lo.min(x), hi.max(x)));
        self.range = Some((lo, hi));
        let rhythm = self.rhythm.step((((x - lo) / (hi - lo + 1e-12) * 6.0) as usize).min(5));
        let order = self.order_surprises.mean(self.order_sum, 12);
        let restless = self.changes.mean(self.change_sum, 48);
        let mut excess = [order, rhythm, restless, long_drift, self.trend];
        for (record, y) in self.records.iter_mut().zip(&mut excess) {
            *y = record.step(*y);
        }
        excess
    }
}
