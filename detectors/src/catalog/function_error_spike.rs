//! A function fails far more often than usual.

use std::collections::BTreeMap;

use crate::crash::{Statement, failing, failures, observe, unnamed, verdict};
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{CrashKind, Event, Line, What};
use crate::measure::Measure;
use crate::observe::Observations;
use crate::rate::RateSettings;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::share::ShareSettings;
use crate::stats::errors::ErrorWindows;
use crate::stats::windows::WIDTHS;
use crate::time::Hour;
use crate::window::{REACH, Window};

use super::FAILED;

static ABOUT: About = About {
    id: "function-error-spike",
    title: "Failing Lambda function",
    what: "Invocations of a function fail far more often in 5, 15 or 60 minutes than they usually do: at least 5 failed \
           requests, 5 % of the invocations and 3 times the usual share; or the only two of a day, of a function that runs seldom. What fails \
           as it did when it ran before, with no success in between, is for the digest. Time-outs, memory and failed starts have detectors of their own.",
    why: "A deploy, a permission or something it depends on broke; its callers see errors or lose work.",
    innocent: "One bad request that Lambda retries: its retries share a request id and count once.",
    attack: &[],
    next: &[
        "was the function, its role, a key or a queue changed just before?",
        "which error type leads, and do all requests fail or only some?",
        "roll back, if a deploy came just before",
    ],
    families: &[Family::Function],
    trigger: Trigger::Slots(&[FAILED, unnamed(FAILED)]),
    nature: Nature::Condition,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Count,
};

/// Invocations of history below which nothing is said to be usual.
const KNOWN: u64 = 50;
/// The window that failures are counted in while nothing is usual.
const WINDOW: Minutes = Minutes(15);
/// Failed requests, of a function that has not succeeded for a day, that are a finding.
const SPARSE: u64 = 2;

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct FunctionErrorSpike {
    /// When a share of failed requests is far over its usual.
    pub share: ShareSettings,
    /// The smallest share while the function has no history, in per cent.
    pub new_share: f64,
}

impl Default for FunctionErrorSpike {
    fn default() -> FunctionErrorSpike {
        let share = ShareSettings { min_failed: 5, min_share: 5.0, ratio: 3.0, surprise: 5.0 };
        FunctionErrorSpike { share, new_share: 20.0 }
    }
}

impl Detector for FunctionErrorSpike {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        self.share.visit(visit);
        let doc = "that share for a function with fewer than 50 invocations of history";
        visit.field(field("new_share", doc, 0.0, 100.0), Value::Percent(&mut self.new_share));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        // Time-outs, memory and failed starts have detectors of their own, which would say the same again.
        if let Some((log, CrashKind::Error | CrashKind::Exit)) = failing(event) {
            observe(event, &log, FAILED, seen);
        }
        if let What::Log(log) = event.what
            && matches!(log.line, Line::Report(_))
        {
            seen.count(Family::Function, Measure::Invocations);
        }
    }

    fn old_news(&self, window: &Window<'_>, _verdict: &Verdict) -> Option<&'static str> {
        fails_still(window, self.share.min_failed)
            .then_some("it failed when it ran before, and has not succeeded since")
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let last = Counts::of(window, REACH);
        if last.failed < SPARSE.min(u64::from(self.share.min_failed)) {
            return None;
        }
        let history = window.ask_share(Measure::Failures, |_, history| history).unwrap_or(0);
        let found = match history {
            KNOWN.. => self.judge_share(window),
            _ if is_uncounted(window) => self.judge_number(window),
            _ => self.judge_new(window),
        };
        found.or_else(|| judge_sparse(window, last, history))
    }
}

/// Failed requests and invocations of a window.
#[derive(Clone, Copy, Debug)]
struct Counts {
    failed: u64,
    calls: u64,
}

impl Counts {
    fn of(window: &Window<'_>, span: Minutes) -> Counts {
        let failed = failures(window, FAILED, span);
        // An invocation that died may have left no report, so there are at least as many invocations as failures.
        Counts { failed, calls: window.sum(Measure::Invocations, span).max(failed) }
    }
}

impl FunctionErrorSpike {
    fn judge_share(&self, window: &Window<'_>) -> Option<Verdict> {
        let counts = WIDTHS.map(|width| Counts::of(window, Minutes(width as u32)));
        let asked = ErrorWindows {
            minute: window.minute.0,
            errors: counts.map(|counts| counts.failed as f64),
            calls: counts.map(|counts| counts.calls as f64),
        };
        let judge = |model: &_, _| self.share.judge(model, &asked, window.raise);
        let excess = window.ask_share(Measure::Failures, judge)??;
        let (failed, calls) = excess.score.seen;
        let mut verdict = self.say(window, excess.score.window as u32, (failed, calls), &excess.usual());
        verdict.expected = Some(excess.score.share * calls);
        verdict.surprise = Some(excess.surprise);
        Some(verdict)
    }

    fn judge_new(&self, window: &Window<'_>) -> Option<Verdict> {
        let Counts { failed, calls } = Counts::of(window, WINDOW);
        let share = 100.0 * failed as f64 / calls.max(1) as f64;
        let enough = failed >= u64::from(self.share.min_failed) && share >= self.new_share;
        enough.then(|| self.say(window, WINDOW.0, (failed as f64, calls as f64), "no history yet"))
    }

    fn say(&self, window: &Window<'_>, span: u32, (failed, calls): (f64, f64), usual: &str) -> Verdict {
        let share = 100.0 * failed / calls.max(1.0);
        let grave = failed >= 20.0 || share >= 25.0;
        let said = Statement {
            severity: if grave { Severity::Medium } else { Severity::Low },
            threshold: f64::from(self.share.min_failed),
            window: Minutes(span),
            unit: "failed request{s}",
            headline: format!("{{seen}} of {calls} invocations failed in {span} min, {usual}"),
            why: format!("{share:.0} % of the invocations failed, {usual}; 25 % or 20 failed requests are medium"),
        };
        verdict(window, FAILED, said)
    }

    fn judge_number(&self, window: &Window<'_>) -> Option<Verdict> {
        let ShareSettings { min_failed, ratio, surprise, .. } = self.share;
        let number = RateSettings { min_events: min_failed.max(3), ratio, surprise };
        let verdict = number.judge(window, Measure::Failures, "failed request{s}")?;
        let why = format!("{}; no invocation that succeeds is read, so failures are counted", verdict.why);
        Some(Verdict { why, ..verdict })
    }
}

/// Are reports of what succeeds filtered away, so that only the number of failures can be judged?
fn is_uncounted(window: &Window<'_>) -> bool {
    let hours = |measure| window.baseline(measure).map(|(_, n)| u64::from(n)).sum::<u64>();
    let failed = hours(Measure::Failures);
    failed > 0 && hours(Measure::Invocations) <= failed && window.sum(Measure::Invocations, REACH) == 0
}

/// A function that runs now and then, and has not succeeded for a day.
fn judge_sparse(window: &Window<'_>, last: Counts, history: u64) -> Option<Verdict> {
    let reported = window.sum(Measure::Invocations, REACH);
    let since = window.minute.hour().0 - LONG;
    let succeeded = |measure| {
        let day = window.baseline(measure).filter(|(hour, _)| hour.0 >= since);
        day.map(|(_, n)| u64::from(n)).sum::<u64>()
    };
    let none = reported <= last.failed && succeeded(Measure::Invocations) <= succeeded(Measure::Failures);
    // Where no report is read at all, nobody knows what succeeded.
    if last.failed < SPARSE || !none || reported == 0 || history == 0 {
        return None;
    }
    let said = Statement {
        severity: Severity::Medium,
        threshold: SPARSE as f64,
        window: REACH,
        unit: "failed request{s}",
        headline: "{seen} requests failed, and none succeeded in 24 hours".to_owned(),
        why: "it runs seldom, it succeeded before, and now nothing of it succeeds".to_owned(),
    };
    Some(verdict(window, FAILED, said))
}

/// Hours without invocations after which what fails again is another alert.
const APART: i32 = 3;
/// Hours without a success after which few failures are told.
const LONG: i32 = 24;

/// Does nothing succeed, as when it ran before, which was told? What fails without a break since then is the same alert.
fn fails_still(window: &Window<'_>, told: u32) -> bool {
    let calls: BTreeMap<Hour, u32> = window.baseline(Measure::Invocations).collect();
    let failed: BTreeMap<Hour, u32> = window.baseline(Measure::Failures).collect();
    let failed_in = |hour: &Hour| failed.get(hour).copied().unwrap_or(0);
    let succeeded = calls.iter().rfind(|(hour, calls)| **calls > failed_in(hour)).map(|(hour, _)| *hour);
    let Some(since) = succeeded.or(calls.keys().next().copied()) else { return false };
    let Counts { failed: now, calls: all } = Counts::of(window, REACH);
    let mut edge = window.minute.hour();
    let mut runs = failed.range(since..).rev().skip_while(|(hour, _)| {
        let same = edge.0 - hour.0 < APART;
        edge = if same { **hour } else { edge };
        same
    });
    let was_told = |(hour, n): (&Hour, &u32)| *n >= told || u64::from(*n) >= SPARSE && hour.0 - since.0 >= LONG;
    all <= now && window.sum(Measure::Invocations, REACH) > 0 && runs.any(was_told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn a_third_of_the_requests_fails() {
        check(
            &FunctionErrorSpike::default(),
            "00:00-28:55/5m REPORT       fn=pay x5
             00:07-28:57/50m REPORT error fn=pay
             29:01          REPORT error fn=pay x20
             29:01          REPORT       fn=pay x20",
            "05:01 medium pay: 20 of 40 invocations failed in 5 min, usual 2.0 %",
        );
    }

    #[test]
    fn retries_of_one_bad_request() {
        check(
            &FunctionErrorSpike::default(),
            "00:00-04:55/5m REPORT       fn=pay x20
             05:01-05:09/1m REPORT error fn=pay req=r1 x3
             05:01-05:09/1m error        fn=pay req=r1 x3",
            "",
        );
    }

    #[test]
    fn a_function_that_always_fails_a_little() {
        // It is new once; from then on, that is what it is like.
        let script = "00:00-06:55/5m REPORT       fn=pay x10
                      00:00-06:55/5m REPORT error fn=pay x5";
        check(
            &FunctionErrorSpike::default(),
            script,
            "00:00 medium pay: 15 of 45 invocations failed in 15 min, no history yet\n 02:00 resolved pay",
        );
    }

    #[test]
    fn a_function_that_runs_seldom_fails_for_good() {
        let script = "00:10-96:10/720m  REPORT       fn=bill x2
                      97:10-133:10/720m REPORT error fn=bill x2";
        check(
            &FunctionErrorSpike::default(),
            script,
            "01:10 medium bill: 2 requests failed, and none succeeded in 24 hours
             02:10 resolved bill
             13:10 digest medium bill: 2 requests failed, and none succeeded in 24 hours",
        );
    }

    #[test]
    fn a_nightly_job_that_fails_every_night() {
        let night = |n: u32| format!("{}:10-{}:19/1m REPORT error fn=bill x4\n", n * 24 + 3, n * 24 + 3);
        let nights: String = (0..4).map(night).collect();
        let said = |stage: &str, n: &str| format!("03:10 {stage}medium bill: {n}\n 04:19 {stage}resolved bill\n");
        let first = said("", "40 of 40 invocations failed in 15 min, no history yet");
        let again = said("digest ", "40 of 40 invocations failed in 15 min, no history yet");
        let later = said("digest ", "40 requests failed, and none succeeded in 24 hours").repeat(2);
        let all = (first + &again + &later).replacen("03:10", "03:11", 1);
        check(&FunctionErrorSpike::default(), &nights, all.trim_end_matches("04:19 digest resolved bill\n"));
    }

    #[test]
    fn a_success_between_two_failures() {
        let script = "00:10-72:10/720m  REPORT       fn=bill x2
                      97:10             REPORT error fn=bill x2
                      98:10-170:10/720m REPORT       fn=bill x2
                      195:10            REPORT error fn=bill x2";
        check(
            &FunctionErrorSpike::default(),
            script,
            "01:10 medium bill: 2 requests failed, and none succeeded in 24 hours
             02:10 resolved bill
             03:10 medium bill: 2 requests failed, and none succeeded in 24 hours",
        );
    }

    #[test]
    fn only_failures_are_read() {
        check(
            &FunctionErrorSpike::default(),
            "00:17-75:17/180m error fn=pay
             76:01            error fn=pay x15",
            "04:01 low pay: 15 failed requests in 1 min, usual under 0.1",
        );
    }
}
