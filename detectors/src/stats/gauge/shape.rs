//! Features of the shape of a series: distance on a log scale, means over rows, and what follows what.

use libm::{copysign, log1p, log2};

/// Memory of centre and scale, in rows.
const SCALE_ROWS: f64 = 2000.0;
/// Rows after which outliers are clipped to `CLIP` scales before they move centre and scale.
const SCALE_WARM: u32 = 20;
const CLIP: f64 = 5.0;
/// Keeps the scale of a series that hardly moves from being a divisor of 0.
const SMALLEST: f64 = 1e-12;
/// What a row of counts keeps at each of its visits, and what an unseen pair counts.
const KEPT: f64 = 0.9995;
const UNSEEN: f64 = 0.1;

/// Distance from a robust centre, on a log scale.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Compress {
    pub(super) rows: u32,
    pub(super) mean: f64,
    pub(super) deviation: f64,
}

impl Compress {
    pub(super) fn step(&mut self, x: f64) -> f64 {
        if self.rows == 0 {
            self.mean = x;
        }
        let d = x - self.mean;
        let pace = (1.0 / SCALE_ROWS).max(1.0 / f64::from(self.rows + 1));
        let cap = if self.rows > SCALE_WARM { CLIP * self.deviation } else { f64::INFINITY };
        let clipped = d.max(-cap).min(cap);
        self.mean += pace * clipped;
        self.deviation += pace * (clipped.abs() - self.deviation);
        self.rows = self.rows.saturating_add(1).min(u32::MAX - 1);
        match self.deviation > 0.0 {
            true => copysign(log1p((d / (self.deviation + SMALLEST)).abs()), d),
            false => 0.0,
        }
    }
}

/// The last values, for sums over up to `ROWS` of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recent<const ROWS: usize> {
    pub(super) rows: u32,
    pub(super) ring: [f64; ROWS],
}

impl<const ROWS: usize> Default for Recent<ROWS> {
    fn default() -> Recent<ROWS> {
        Recent { rows: 0, ring: [0.0; ROWS] }
    }
}

impl<const ROWS: usize> Recent<ROWS> {
    /// The value that leaves the last `width` when the next one comes.
    pub(super) fn leaving(&self, width: usize) -> f64 {
        let rows = self.rows as usize;
        if rows >= width { self.ring[(rows - width) % ROWS] } else { 0.0 }
    }

    pub(super) fn push(&mut self, x: f64) {
        self.ring[self.rows as usize % ROWS] = x;
        // Keeps the place in the ring where the counter would overflow.
        self.rows =
            if self.rows == u32::MAX { self.rows - (u32::MAX / ROWS as u32 / 2) * ROWS as u32 } else { self.rows + 1 };
    }

    /// The mean over the last `width` rows, or over all while they are fewer, given their sum.
    pub(super) fn mean(&self, sum: f64, width: usize) -> f64 {
        sum / (self.rows as usize).min(width) as f64
    }
}

/// Surprise about a bin, given the bin `LAG` rows ago.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Context<const BINS: usize, const LAG: usize> {
    pub(super) rows: u32,
    pub(super) counts: [[f64; BINS]; BINS],
    pub(super) past: [u8; LAG],
}

impl<const BINS: usize, const LAG: usize> Default for Context<BINS, LAG> {
    fn default() -> Context<BINS, LAG> {
        Context { rows: 0, counts: [[0.0; BINS]; BINS], past: [0; LAG] }
    }
}

impl<const BINS: usize, const LAG: usize> Context<BINS, LAG> {
    /// -log2 P(bin | bin `LAG` rows ago) from the decayed counts before this row; 0 for the first rows.
    pub(super) fn step(&mut self, bin: usize) -> f64 {
        let place = self.rows as usize % LAG;
        let mut surprise = 0.0;
        if self.rows as usize >= LAG {
            let row = &mut self.counts[usize::from(self.past[place]).min(BINS - 1)];
            surprise = -log2((row[bin] + UNSEEN) / (row.iter().sum::<f64>() + UNSEEN * BINS as f64));
            for count in row.iter_mut() {
                *count *= KEPT;
            }
            row[bin] += 1.0;
        }
        self.past[place] = bin as u8;
        self.rows =
            if self.rows == u32::MAX { self.rows - (u32::MAX / LAG as u32 / 2) * LAG as u32 } else { self.rows + 1 };
        surprise
    }
}
