//! Invocations that only just end before their time limit.

use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::Event;
use crate::gauge::{minutes, observe, time, verdict};
use crate::gauged::{span_of, time_of_day};
use crate::measure::Measure;
use crate::meter::Meter;
use crate::observe::Observations;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::time::HOUR;
use crate::window::{Around, REACH, Window};

static ABOUT: About = About {
    id: "function-near-timeout",
    title: "Lambda function close to its time limit",
    what: "At least 3 invocations and 5 % of them in 15 minutes run for 90 % of the time limit or longer, and still end. The \
           limit is the one that a time-out told, today or before; no report names it otherwise, so set `limit` for functions \
           that have never timed out. What always runs so long is for the digest, as is what too little is known of to tell.",
    why: "A little more load or a slower database, and work is cut off in the middle.",
    innocent: "A single slow invocation, or a limit that was raised since.",
    attack: &[],
    next: &[
        "what does the function wait for?",
        "is the time limit right, and longer than what its caller waits?",
        "can the work be cut into smaller pieces?",
    ],
    families: &[Family::Function],
    trigger: Trigger::Measures(&[Measure::Invocations]),
    nature: Nature::Fault,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// How much longer than the limit an invocation may seem to run, because readings are rounded.
const ROUNDED: f64 = 1.1;

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct FunctionNearTimeout {
    /// Invocations that run so long.
    pub count: u32,
    /// Their smallest share of all, in per cent.
    pub min_share: f64,
    /// The part of the limit that is close to it, in per cent.
    pub close: f64,
    /// The time limit in seconds; 0 for what time-outs tell.
    pub limit: u32,
}

impl Default for FunctionNearTimeout {
    fn default() -> FunctionNearTimeout {
        FunctionNearTimeout { count: 3, min_share: 5.0, close: 90.0, limit: 0 }
    }
}

impl Detector for FunctionNearTimeout {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        let doc = "invocations in 15 minutes that run so long";
        visit.field(field("count", doc, 1.0, 1e4), Value::Count(&mut self.count));
        let doc = "their share of the invocations below which it never speaks";
        visit.field(field("min_share", doc, 0.0, 100.0), Value::Percent(&mut self.min_share));
        let doc = "the part of the time limit that is close to it";
        visit.field(field("close", doc, 50.0, 99.0), Value::Percent(&mut self.close));
        let doc = "the time limit in seconds, for an override of some functions; 0 for the one that time-outs tell";
        visit.field(field("limit", doc, 0.0, 5_400.0), Value::Count(&mut self.limit));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        observe(event, seen);
    }

    fn floor(&self) -> u64 {
        u64::from(self.count)
    }

    fn minutes_in(&self, around: Around<'_>, _lateness: Minutes) -> u64 {
        let of = |cell: &crate::cell::Cell| cell.blocks(Meter::Limit) != 0;
        let known = around.profile.and_then(|profile| profile.gauged()?.limit(around.hour));
        let told = self.limit > 0 || known.is_some() || of(around.here) || around.before.is_some_and(of);
        if !told && around.profile.is_some() {
            return 0;
        }
        minutes(around, (Meter::Duration, 0.0), |sketch| sketch.count() >= u64::from(self.count))
    }

    /// Whoever gave the limit wants to be told.
    fn old_news(&self, window: &Window<'_>, _verdict: &Verdict) -> Option<&'static str> {
        let bound = self.bound(self.limit_in(window)?);
        match self.usual(window) {
            Some(usual) => (usual >= bound).then_some("it always runs so long"),
            None => (self.limit == 0).then_some("how long it usually runs is not known"),
        }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let span = span_of(Meter::Duration);
        let sketch = window.sketch(Meter::Duration, span);
        let limit = self.limit_in(window)?;
        let longest = Meter::Duration.value(sketch.most()?);
        // What ran longer shows that the limit is another one by now.
        if longest > limit * ROUNDED {
            return None;
        }
        let close = sketch.from(Meter::Duration.step(self.bound(limit)) + 1);
        let share = 100.0 * close as f64 / sketch.count().max(1) as f64;
        let (limit, longest) = (time(limit), time(longest.min(limit)));
        let headline =
            format!("{{seen}} invocation{{s}} ran for {} % of the limit of {limit} in {{window}} min", self.close);
        (close >= u64::from(self.count) && share >= self.min_share).then(|| Verdict {
            threshold: Some(f64::from(self.count)),
            why: format!(
                "{share:.0} % of {} ended that late, the last after {longest}; a gauge alone is low",
                sketch.count()
            ),
            ..verdict(window, (close as f64, span), "slow invocation{s}", headline)
        })
    }
}

impl FunctionNearTimeout {
    /// What is close to the limit.
    fn bound(&self, limit: f64) -> f64 {
        limit * self.close / 100.0
    }

    /// What 95 % of its invocations usually do not exceed at that time of the day, in milliseconds.
    fn usual(&self, window: &Window<'_>) -> Option<f64> {
        window.ask_gauge(Meter::Duration, |gauge| gauge.usual(time_of_day(window.minute)))
    }

    /// The time limit in milliseconds: that of the settings, of a time-out within the hour, or of the last one before.
    fn limit_in(&self, window: &Window<'_>) -> Option<f64> {
        if self.limit > 0 {
            return Some(f64::from(self.limit) * 1_000.0);
        }
        let lately = window.sketch(Meter::Limit, Minutes(REACH.0.min(HOUR as u32))).most();
        lately.or_else(|| window.gauged()?.limit(window.known_before())).map(|limit| f64::from(limit) * 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn they_only_just_end() {
        check(
            &FunctionNearTimeout::default(),
            "09:02 REPORT timeout fn=pay ms=30000
             12:00-12:04/1m REPORT fn=pay ms=29500
             12:00-12:04/1m REPORT fn=pay ms=900 x2",
            "12:04 digest low pay: 5 invocations ran for 90 % of the limit of 30.0 s in 15 min",
        );
    }

    #[test]
    fn the_limit_that_somebody_set() {
        let set = FunctionNearTimeout { limit: 30, ..FunctionNearTimeout::default() };
        let said = "12:04 low pay: 5 invocations ran for 90 % of the limit of 30.0 s in 15 min";
        check(&set, "12:00-12:04/1m REPORT fn=pay ms=29500", said);
    }

    #[test]
    fn a_limit_that_was_raised_since() {
        let script = "09:02 REPORT timeout fn=pay ms=30000\n 12:00-12:04/1m REPORT fn=pay ms=29500 x2
                      12:03 REPORT fn=pay ms=58000";
        check(&FunctionNearTimeout::default(), script, "");
    }

    #[test]
    fn nobody_knows_the_limit() {
        check(&FunctionNearTimeout::default(), "12:00-12:04/1m REPORT fn=pay ms=29500", "");
    }

    /// Its usual is known where it ran ten times in a quarter of an hour.
    #[test]
    fn it_always_runs_so_long() {
        let timed_out = "00:02 REPORT timeout fn=pay ms=30000\n";
        let day = |ms: u32| {
            format!("{timed_out} 00:10-47:59/1m REPORT fn=pay ms={ms}\n 48:00-48:14/1m REPORT fn=pay ms=29600")
        };
        let each = "digest low pay: 15 invocations ran for 90 % of the limit of 30.0 s in 15 min";
        let days = format!("00:14 {each}\n 00:04 {each}\n 00:04 {each}");
        check(&FunctionNearTimeout::default(), &day(29_500), &days);
        check(
            &FunctionNearTimeout::default(),
            &day(900),
            "00:04 low pay: 15 invocations ran for 90 % of the limit of 30.0 s in 15 min",
        );
    }

    #[test]
    fn a_single_slow_one() {
        let script =
            "09:02 REPORT timeout fn=pay ms=30000\n 12:02 REPORT fn=pay ms=29500\n 12:03 REPORT fn=pay ms=90 x9";
        check(&FunctionNearTimeout::default(), script, "");
    }
}
