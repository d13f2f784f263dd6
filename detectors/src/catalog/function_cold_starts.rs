//! Cold starts of a function are far slower or far more frequent than usual.

use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::Event;
use crate::gauge::{GaugeSettings, Saying, observe, time, verdict};
use crate::measure::Measure;
use crate::meter::{Meter, block_of, last_of};
use crate::observe::Observations;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::share::ShareSettings;
use crate::stats::errors::ErrorWindows;
use crate::window::{Around, Window};

static ABOUT: About = About {
    id: "function-cold-starts",
    title: "Cold starts of a Lambda function",
    what: "The time that 95 % of a function's inits do not exceed, in an hour, is twice what is usual and breaks its own range; \
           or far more of its invocations begin with an init than usual, in 5, 15 or 60 minutes.",
    why: "Callers wait for cold starts, and they are paid for. Sandboxes that die make more of them.",
    innocent: "A function that is called once an hour, and starts cold each time: that is its usual.",
    attack: &[],
    next: &[
        "was the function deployed just before, with more or larger dependencies?",
        "do sandboxes die: is there an error, or memory that runs out, before each cold start?",
        "did more callers come at once? provisioned concurrency helps then",
    ],
    families: &[Family::Function],
    trigger: Trigger::Measures(&[Measure::Invocations]),
    nature: Nature::Condition,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// Invocations of history below which no share of cold starts is usual.
const KNOWN: u64 = 200;

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct FunctionColdStarts {
    /// When inits are far slower than usual.
    pub init: GaugeSettings,
    /// The least rise of an init, in milliseconds.
    pub min_ms: u32,
    /// When cold starts are far more frequent than usual.
    pub share: ShareSettings,
}

impl Default for FunctionColdStarts {
    fn default() -> FunctionColdStarts {
        FunctionColdStarts {
            init: GaugeSettings { min_reports: 5, ratio: 2.0, novelty: 0.6 },
            min_ms: 500,
            share: ShareSettings { min_failed: 20, min_share: 20.0, ratio: 3.0, surprise: 6.0 },
        }
    }
}

impl Detector for FunctionColdStarts {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        self.init.visit(visit);
        let doc = "milliseconds of init over the usual below which it never speaks";
        visit.field(field("min_ms", doc, 0.0, 1e6), Value::Count(&mut self.min_ms));
        let doc = "cold starts in a window (of 5, 15 or 60 minutes) below which it never says that they are frequent";
        visit.field(field("min_cold", doc, 2.0, 1e6), Value::Count(&mut self.share.min_failed));
        let doc = "share of cold starts below which they are never called frequent";
        visit.field(field("min_share", doc, 0.0, 100.0), Value::Percent(&mut self.share.min_share));
        let doc = "how many times the usual share is frequent";
        visit.field(field("share_ratio", doc, 1.0, 1e4), Value::Ratio(&mut self.share.ratio));
        let doc = "how surprising that must be: 6 is one window in a million";
        visit.field(field("surprise", doc, 2.0, 300.0), Value::Ratio(&mut self.share.surprise));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        observe(event, seen);
    }

    fn floor(&self) -> u64 {
        u64::from(self.init.min_reports.min(self.share.min_failed))
    }

    fn minutes_in(&self, around: Around<'_>, _lateness: Minutes) -> u64 {
        let slow = self.init.minutes(around, Meter::Init, f64::from(self.min_ms));
        let all = |cell: &crate::cell::Cell| cell.sum(Measure::ColdStarts, 0, 59);
        if all(around.here) + around.before.map_or(0, all) < u64::from(self.share.min_failed) {
            return slow;
        }
        around.here.active(Measure::ColdStarts).fold(slow, |bits, minute| bits | 1 << minute)
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let minute = window.minute.of_hour();
        // Each is asked of its own minutes alone: which ones the other looks at may depend on what is known by then.
        let slow = if last_of(block_of(minute)) == minute { self.judge_slow(window) } else { None };
        let started = || window.sum(Measure::ColdStarts, Minutes(1)) > 0;
        slow.or_else(|| if started() { self.judge_frequent(window) } else { None })
    }
}

impl FunctionColdStarts {
    fn judge_slow(&self, window: &Window<'_>) -> Option<Verdict> {
        let broken = self.init.judge(window, Meter::Init, f64::from(self.min_ms))?;
        let headline = "95 % of the inits took up to about {seen} ms in {window} min, usual {usual} ms";
        Some(broken.verdict(window, Meter::Init, Saying { unit: "millisecond{s}", headline, show: time }))
    }

    fn judge_frequent(&self, window: &Window<'_>) -> Option<Verdict> {
        let (cold, calls) = (window.windows(Measure::ColdStarts), window.windows(Measure::Invocations));
        if cold.sums.iter().all(|sum| *sum < f64::from(self.share.min_failed)) {
            return None;
        }
        let asked = ErrorWindows { minute: cold.minute, errors: cold.sums, calls: calls.sums };
        let judge = |model: &_, known| (known >= KNOWN).then(|| self.share.judge(model, &asked, window.raise));
        let excess = window.ask_share(Measure::ColdStarts, judge)???;
        let (seen, calls) = excess.score.seen;
        let usual = excess.usual();
        let headline = format!("{{seen}} of {calls} invocations started cold in {{window}} min, {usual}");
        Some(Verdict {
            expected: Some(excess.score.share * calls),
            surprise: Some(excess.surprise),
            why: format!(
                "{:.0} % of the invocations started cold, {usual}; a share of cold starts alone is low",
                excess.share
            ),
            ..verdict(window, (seen, Minutes(excess.score.window as u32)), "cold start{s}", headline)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn a_deploy_made_them_slow() {
        check(
            &FunctionColdStarts::default(),
            "00:00-47:50/10m REPORT fn=pay init=300
             00:05-47:55/10m REPORT fn=pay x20
             48:00-48:50/10m REPORT fn=pay init=4000",
            "00:04 low pay: 95 % of the inits took up to about 3922 ms in 60 min, usual 292 ms",
        );
    }

    #[test]
    fn sandboxes_die() {
        check(
            &FunctionColdStarts::default(),
            "00:00-47:55/5m REPORT fn=pay x10
             00:00-47:00/60m REPORT fn=pay init=300
             48:00-48:04/1m REPORT fn=pay init=300 x8",
            "00:02 low pay: 40 of 40 invocations started cold in 5 min, usual 0.8 %",
        );
    }

    #[test]
    fn it_starts_cold_each_time() {
        check(&FunctionColdStarts::default(), "00:00-47:50/10m REPORT fn=pay init=300 x5", "");
    }
}
