//! The judge of shares: do far more calls fail than usual, and are they enough to speak of?
//!
//! What is usual is taken from the sums of the last active hours: a model is made of them when somebody asks. So an error
//! costs nothing to learn, and *expected* is the same whenever one asks.

use crate::level::Surprise;
use crate::measure::Measure;
use crate::rate::round;
use crate::settings::{Field, Value, Visit};
use crate::stats::errors::{ErrorProfile, ErrorScore, ErrorWindows};
use crate::stats::windows::{Sums, WIDTHS};
use crate::time::{HOUR, Hour};
use crate::window::Window;

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

/// What is usual of the failures among some calls, and how many calls that rests on; nothing where nothing is known.
pub(crate) fn model(window: &Window<'_>, failed: Measure, calls: Measure) -> Option<(ErrorProfile, u64)> {
    let failures: Vec<(Hour, u32)> = window.baseline(failed).collect();
    let of = |hour: Hour| failures.iter().find(|(held, _)| *held == hour).map_or(0, |(_, n)| *n);
    let mut hours = window.baseline(calls).peekable();
    let mut model = ErrorProfile::new(hours.peek()?.0.first().0);
    let mut known = 0;
    for (hour, n) in hours {
        let failed = of(hour);
        // An invocation that died may have left no report, so there are at least as many as failures.
        model.learn(hour.first().plus(HOUR / 2).0, failed, n.max(failed));
        known += u64::from(n);
    }
    // The model learns what has left its longest window: by now all of it has.
    model.advance(window.minute.hour().after().first().0);
    Some((model, known))
}
