//! The stored form of a gauge: smaller than the state in memory, and a little rounded. Whoever stores a gauge between
//! rows should always do so at the same rows, or scores may differ in their third digit.

use super::record::Record;
use super::seasonal::Seasonal;
use super::shape::{Context, Recent};
use super::{Gauge, GaugeModel, More};
use crate::stats::encoding::{Reader, Writer};
use crate::stats::rate::season::Short;

/// Bytes of a stored gauge of full8; core3 takes fewer.
pub const GAUGE_BYTES: usize = 2048;
const VERSION: u8 = 1;

impl Gauge {
    /// The stored form, at most [`GAUGE_BYTES`] bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(GAUGE_BYTES));
        out.bytes([VERSION, u8::from(self.more.is_some())]);
        out.bytes(self.residuals.rows.to_le_bytes());
        wide(&mut out, &[self.compress.mean, self.compress.deviation]);
        for record in &self.records {
            wide(&mut out, &[record.lo, record.hi, record.mean]);
        }
        out.floats(&[self.memory as f32]);
        season(&mut out, &self.value_season);
        season(&mut out, &self.log_season);
        match &self.more {
            Some(more) => {
                ring(&mut out, &self.residuals);
                more.write(&mut out);
            }
            None => latest(&self.residuals).for_each(|at| out.floats(&[self.residuals.ring[at] as f32])),
        }
        out.0
    }

    /// Reads the stored form. None of another version, or where it is damaged.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Gauge> {
        let mut from = Reader(bytes);
        let [version, full] = from.bytes()?;
        let rows = u32::from_le_bytes(from.bytes()?);
        let mut gauge = Gauge::new(if full == 1 { GaugeModel::Full8 } else { GaugeModel::Core3 });
        gauge.compress.rows = rows;
        [gauge.compress.mean, gauge.compress.deviation] = widths(&mut from)?;
        for record in &mut gauge.records {
            record.rows = rows;
            [record.lo, record.hi, record.mean] = widths(&mut from)?;
        }
        gauge.memory = f64::from(from.float()?);
        read_season(&mut from, &mut gauge.value_season, rows)?;
        read_season(&mut from, &mut gauge.log_season, rows)?;
        gauge.residuals.rows = rows;
        match &gauge.more {
            Some(_) => read_ring(&mut from, &mut gauge.residuals, rows)?,
            None => {
                for at in latest(&gauge.residuals) {
                    gauge.residuals.ring[at] = f64::from(from.float()?);
                }
            }
        }
        gauge.sum48 = sum(&gauge.residuals, 48);
        if let Some(more) = &mut gauge.more {
            more.sum144 = sum(&gauge.residuals, 144);
            more.read(&mut from, rows)?;
        }
        (version == VERSION && full <= 1 && from.0.is_empty()).then_some(gauge)
    }
}

impl More {
    fn write(&self, out: &mut Writer) {
        let record = |record: &Record| [record.lo as f32, record.hi as f32, record.mean as f32];
        self.records.iter().for_each(|of| out.floats(&record(of)));
        season(out, &self.trend_season);
        out.floats(&[self.trend as f32, self.last.unwrap_or(0.0) as f32]);
        let (lo, hi) = self.range.unwrap_or((0.0, 0.0));
        wide(out, &[lo, hi]);
        ring(out, &self.changes);
        ring(out, &self.order_surprises);
        context(out, &self.order);
        context(out, &self.rhythm);
    }

    fn read(&mut self, from: &mut Reader<'_>, rows: u32) -> Option<()> {
        for record in &mut self.records {
            record.rows = rows;
            [record.lo, record.hi, record.mean] = from.floats()?.map(f64::from);
        }
        read_season(from, &mut self.trend_season, rows)?;
        let [trend, last] = from.floats()?.map(f64::from);
        let [lo, hi] = widths(from)?;
        self.trend = trend;
        (self.last, self.range) = if rows > 0 { (Some(last), Some((lo, hi))) } else { (None, None) };
        read_ring(from, &mut self.changes, rows)?;
        read_ring(from, &mut self.order_surprises, rows)?;
        (self.change_sum, self.order_sum) = (sum(&self.changes, 48), sum(&self.order_surprises, 12));
        read_context(from, &mut self.order, rows)?;
        read_context(from, &mut self.rhythm, rows)
    }
}

fn wide(out: &mut Writer, values: &[f64]) {
    values.iter().for_each(|value| out.bytes(value.to_le_bytes()));
}

fn widths<const N: usize>(from: &mut Reader<'_>) -> Option<[f64; N]> {
    let mut values = [0.0; N];
    for value in &mut values {
        *value = f64::from_le_bytes(from.bytes()?);
    }
    values.iter().all(|value| value.is_finite()).then_some(values)
}

/// Visits beyond 255 are as good as 255: the trust in a bucket is visits / (visits + 1).
fn season<const B: usize>(out: &mut Writer, season: &Seasonal<B>) {
    wide(out, &[season.level, season.sum]);
    out.bytes([season.now.unwrap_or(u8::MAX)]);
    out.bytes((season.sum_rows.min(u32::from(u16::MAX)) as u16).to_le_bytes());
    for mean in season.means {
        out.floats(&[mean as f32]);
    }
    out.bytes(season.visits.map(|visits| visits.min(255) as u8));
}

fn read_season<const B: usize>(from: &mut Reader<'_>, season: &mut Seasonal<B>, rows: u32) -> Option<()> {
    season.rows = rows;
    [season.level, season.sum] = widths(from)?;
    season.now = from.byte().map(|now| (usize::from(now) < B).then_some(now))?;
    season.sum_rows = u32::from(u16::from_le_bytes(from.bytes()?));
    season.means = from.floats()?.map(f64::from);
    season.visits = from.bytes()?.map(u16::from);
    Some(())
}

fn ring<const N: usize>(out: &mut Writer, ring: &Recent<N>) {
    ring.ring.iter().for_each(|value| out.floats(&[*value as f32]));
}

fn read_ring<const N: usize>(from: &mut Reader<'_>, ring: &mut Recent<N>, rows: u32) -> Option<()> {
    ring.rows = rows;
    ring.ring = from.floats()?.map(f64::from);
    Some(())
}

/// The places of the last 48 values, all that core3 looks back on; those of fewer rows are 0.
fn latest<const N: usize>(ring: &Recent<N>) -> impl Iterator<Item = usize> + use<N> {
    let rows = ring.rows as usize;
    (0..48).map(move |back| (rows + N - 48 + back) % N)
}

/// The sum of the last `width` values, from the oldest on.
fn sum<const N: usize>(ring: &Recent<N>, width: usize) -> f64 {
    let rows = ring.rows as usize;
    (rows.saturating_sub(width)..rows).map(|row| ring.ring[row % N]).sum()
}

fn context<const B: usize, const LAG: usize>(out: &mut Writer, context: &Context<B, LAG>) {
    context.counts.iter().flatten().for_each(|count| out.short(Short::new(*count)));
    out.bytes(context.past);
}

fn read_context<const B: usize, const LAG: usize>(
    from: &mut Reader<'_>,
    context: &mut Context<B, LAG>,
    rows: u32,
) -> Option<()> {
    context.rows = rows;
    for count in context.counts.iter_mut().flatten() {
        *count = from.short()?.get();
    }
    context.past = from.bytes()?;
    Some(())
}
