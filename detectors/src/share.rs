//! The judge of shares: do far more calls fail than usual, and are they enough to speak of?
//!
//! Of what fails seldom, the sums of the last active hours are kept, and a model is made of them when somebody asks. What
//! failed often once has a model of its own from then on, which learns minute by minute, and knows the hours of the day:
//! throttling that comes every night is news once.

use serde::{Deserialize, Serialize};

use crate::cell::Cell;
use crate::level::Surprise;
use crate::measure::Measure;
use crate::rate::round;
use crate::settings::{Field, Value, Visit};
use crate::stand::{Model, Stands};
use crate::stats::errors::{ErrorProfile, ErrorScore, ErrorWindows};
use crate::stats::windows::{Sums, WIDTHS};
use crate::time::{HOUR, Hour, Minute};

/// When a share of failures is far over its usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShareSettings {
    /// Fewer failures than this in a window are never a finding.
    pub min_failed: u32,
    /// The smallest share, in per cent.
    pub min_share: f64,
    /// How many times the usual share.
    pub ratio: f64,
    /// How surprising, as -log10 of p.
    pub surprise: f64,
}

/// A share that is far over its usual.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Excess {
    pub(crate) score: ErrorScore,
    pub(crate) surprise: Surprise,
    /// In per cent.
    pub(crate) share: f64,
    pub(crate) usual: f64,
}

impl ShareSettings {
    /// Walks through the fields.
    pub fn visit(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        let doc = "failures in a window (of 5, 15 or 60 minutes) below which it never speaks";
        visit.field(field("min_failed", doc, 2.0, 1e6), Value::Count(&mut self.min_failed));
        let doc = "share of failures below which it never speaks";
        visit.field(field("min_share", doc, 0.0, 100.0), Value::Percent(&mut self.min_share));
        let doc = "how many times the usual share is a finding";
        visit.field(field("ratio", doc, 1.0, 1e4), Value::Ratio(&mut self.ratio));
        let doc = "how surprising a finding must be: 5 is one window in 100,000";
        visit.field(field("surprise", doc, 2.0, 300.0), Value::Ratio(&mut self.surprise));
    }

    /// The most surprising window of those that are surprising and large enough.
    pub(crate) fn judge(&self, model: &ErrorProfile, asked: &ErrorWindows, raise: f64) -> Option<Excess> {
        let alone = |window: usize| {
            let (mut errors, mut calls) = (Sums::default(), Sums::default());
            (errors[window], calls[window]) = (asked.errors[window], asked.calls[window]);
            model.judge(&ErrorWindows { errors, calls, ..*asked })
        };
        let excess = |score: ErrorScore| {
            let share = 100.0 * score.seen.0 / score.seen.1.max(1.0);
            let surprise = Surprise { t: score.t, asked: self.surprise };
            Excess { score, surprise, share, usual: 100.0 * score.share }
        };
        let enough = |excess: &Excess| {
            excess.surprise.t >= self.surprise + raise
                && excess.score.seen.0 >= f64::from(self.min_failed)
                && excess.share >= self.min_share.max(self.ratio * excess.usual)
        };
        let all = (1..WIDTHS.len()).map(alone).map(excess);
        all.filter(enough).max_by(|a, b| a.score.t.total_cmp(&b.score.t))
    }
}

impl Excess {
    /// `usual 0.5 %`
    pub(crate) fn usual(&self) -> String {
        format!("usual {} %", round(self.usual))
    }
}

/// Hours after which a model that learns minute by minute is asked. A younger one knows little: what it learnt last has
/// not left its longest window.
pub(crate) const YOUNG: i32 = 12;

/// How large a share of a whole a part usually is, learnt minute by minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shares {
    pub(crate) part: Measure,
    pub(crate) whole: Measure,
    pub(crate) stands: Stands<ErrorProfile>,
}

impl Shares {
    /// Learns an hour: also one in which nothing failed.
    pub(crate) fn learn(&mut self, hour: Hour, cell: &Cell, open: i32) {
        let rows = cell.shares(self.part, self.whole);
        if !rows.is_empty() {
            self.stands.learn(hour, rows, open);
        }
    }
}

impl Model for ErrorProfile {
    type Row = (u32, u32);

    fn learn_row(&mut self, minute: Minute, (errors, calls): (u32, u32)) {
        self.learn(minute.0, errors, calls);
    }

    fn pass_to(&mut self, minute: Minute) {
        self.advance(minute.0);
    }

    fn bytes(&self) -> Vec<u8> {
        self.encode()
    }

    fn of_bytes(bytes: &[u8]) -> Option<ErrorProfile> {
        ErrorProfile::decode(bytes)
    }
}

/// A model made of the sums of active hours, and how many of the whole it rests on; nothing without any.
pub(crate) fn light(
    part: impl Iterator<Item = (Hour, u32)>,
    whole: impl Iterator<Item = (Hour, u32)>,
) -> Option<(ErrorProfile, u64)> {
    let parts: Vec<(Hour, u32)> = part.collect();
    let of = |hour: Hour| parts.iter().find(|(held, _)| *held == hour).map_or(0, |(_, n)| *n);
    let mut hours = whole.peekable();
    let mut model = ErrorProfile::new(hours.peek()?.0.first().0);
    let mut known = 0;
    for (hour, n) in hours {
        let part = of(hour);
        // An invocation that died may have left no report, so there are at least as many as failures.
        model.learn(hour.first().plus(HOUR / 2).0, part, n.max(part));
        known += u64::from(n);
    }
    Some((model, known))
}
