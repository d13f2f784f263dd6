//! The calls of a principal, or of an API, fail far more often than usual, by class of error.

use crate::catalog::denied_on_one_api::DeniedOnOneApi;
use crate::cell::Cell;
use crate::detector::{About, Detector, Folding, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{CallKind, ErrorClass, Event, PrincipalKind, What};
use crate::measure::Measure;
use crate::observe::Observations;
use crate::rate::RateSettings;
use crate::settings::{Minutes, Visit};
use crate::severity::Severity;
use crate::share::{Excess, ShareSettings};
use crate::stats::errors::ErrorWindows;
use crate::window::{REACH, Window};

static ABOUT: About = About {
    id: "api-error-spike",
    title: "API errors",
    what: "The calls of a principal, or of an API in one account and Region, fail with one class of error (denied, authentication, throttled, not found \
           or invalid, server fault) far more often in 5, 15 or 60 minutes than they usually do: in share, or in number.",
    why: "A broken deploy, an expired credential or somebody feeling their way round an account fails before it succeeds.",
    innocent: "A tool that always asks for things that are not there: its usual share of errors is high, and compared with.",
    attack: &["T1580"],
    next: &[
        "which error code leads, and since when?",
        "was code, a policy, a key or a quota of this principal changed just before?",
        "do the failing calls come from the usual address and user agent?",
    ],
    families: &[Family::Principal, Family::Api],
    trigger: Trigger::Measures(&CLASSES),
    nature: Nature::Condition,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Count,
};

const UNIT: &str = "failed API call{s}";

const CLASSES: [Measure; 5] =
    [Measure::Denied, Measure::AuthFailed, Measure::Throttled, Measure::Invalid, Measure::ServerFaults];

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct ApiErrorSpike {
    /// When a share of failed calls is far over its usual.
    pub share: ShareSettings,
}

impl Default for ApiErrorSpike {
    fn default() -> ApiErrorSpike {
        ApiErrorSpike { share: ShareSettings { min_failed: 20, min_share: 5.0, ratio: 3.0, surprise: 5.0 } }
    }
}

impl Detector for ApiErrorSpike {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        self.share.visit(visit);
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let What::Call(call) = event.what else { return };
        let counted = matches!(call.kind, CallKind::Api | CallKind::SignIn | CallKind::Network);
        if !counted || call.principal.kind == PrincipalKind::Service {
            return;
        }
        let families: &[Family] =
            if call.principal.name.is_empty() { &[Family::Api] } else { &[Family::Api, Family::Principal] };
        let failed = call.error.and_then(|error| Measure::of_class(error.class));
        for family in families {
            seen.count(*family, Measure::Calls);
            failed.iter().for_each(|measure| seen.count(*family, *measure));
        }
    }

    fn floor(&self) -> u64 {
        u64::from(self.share.min_failed)
    }

    fn minutes(&self, here: &Cell, before: Option<&Cell>) -> u64 {
        let sum = |cell: &Cell, class| cell.sum(class, 0, 59);
        let enough = |class: &&Measure| {
            sum(here, **class) + before.map_or(0, |cell| sum(cell, **class)) >= u64::from(self.share.min_failed)
        };
        let bits = |class: &Measure| here.active(*class).fold(0, |bits, minute| bits | 1 << minute);
        CLASSES.iter().filter(enough).map(bits).fold(0, |all, bits| all | bits)
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let quiet = |class: &ErrorClass| *class == ErrorClass::Denied && told_by_others(window);
        // Of a class that another one's error has us look at, that look is chance: it may come before or after the minute
        // had enough of the other.
        let fails_now = |measure| window.sum(measure, Minutes(1)) > 0;
        let classes = ErrorClass::FAILURES.iter().zip(CLASSES);
        let classes = classes.filter(|(class, measure)| fails_now(*measure) && !quiet(class));
        classes.filter_map(|(class, measure)| self.judge_class(window, *class, measure)).max_by_key(|v| v.seen)
    }
}

/// Were there, somewhere in the last hour, so many refusals within minutes that `denied-burst` or `denied-on-one-api`
/// speaks of them? Both know better who was refused what.
fn told_by_others(window: &Window<'_>) -> bool {
    let DeniedOnOneApi { count, window: Minutes(length) } = DeniedOnOneApi::default();
    let sum = |span| window.sum(Measure::Denied, Minutes(span));
    (0..=REACH.0 - length).any(|back| sum(back + length) - sum(back) >= u64::from(count))
}

impl ApiErrorSpike {
    fn judge_class(&self, window: &Window<'_>, class: ErrorClass, measure: Measure) -> Option<Verdict> {
        let (errors, calls) = (window.windows(measure), window.windows(Measure::Calls));
        if errors.sums.iter().all(|sum| *sum < f64::from(self.share.min_failed)) {
            return None;
        }
        let asked = ErrorWindows { minute: errors.minute, errors: errors.sums, calls: calls.sums };
        let excess = window.ask_share(measure, |model, _| self.share.judge(model, &asked, window.raise))?;
        // Of a series that has failed from its first hour on, a model believes for a day that it is an incident.
        let lately = self.share.ratio * window.share_lately(measure);
        match excess.filter(|excess| excess.share >= lately) {
            Some(excess) => Some(said(window, (class, measure), &excess)),
            None => self.judge_number(window, class, measure),
        }
    }

    /// Among very many calls, many errors are a small share.
    fn judge_number(&self, window: &Window<'_>, class: ErrorClass, measure: Measure) -> Option<Verdict> {
        let ShareSettings { min_failed, ratio, .. } = self.share;
        let number = RateSettings { ratio, ..RateSettings::default() };
        let number = RateSettings { min_events: number.min_events.max(min_failed), ..number };
        let verdict = number.judge(window, measure, UNIT)?;
        Some(Verdict { headline: format!("{} ({})", verdict.headline, class.name()), ..verdict })
    }
}

fn said(window: &Window<'_>, (class, measure): (ErrorClass, Measure), excess: &Excess) -> Verdict {
    let (score, usual, name) = (excess.score, excess.usual(), class.name());
    let (seen, calls) = score.seen;
    let span = Minutes(score.window as u32);
    Verdict {
        severity: Severity::Low,
        seen: seen as u64,
        at_least: false,
        expected: Some(score.share * calls),
        threshold: None,
        surprise: Some(excess.surprise),
        window: span,
        folding: Folding::Largest,
        unit: UNIT.into(),
        headline: format!("{{seen}} of {calls} API calls failed ({name}) in {{window}} min, {usual}"),
        why: format!("{:.0} % of the calls failed, {usual}; an error share alone is low", excess.share),
        examples: window.examples(measure, span).cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn calls_that_used_to_work_fail() {
        check(
            &ApiErrorSpike::default(),
            "00:00-28:45/15m sqs:SendMessage           who=role/app x10
             29:02           sqs:SendMessage throttled who=role/app x30
             29:02           sqs:SendMessage           who=role/app x10",
            "05:02 low role/app: 30 of 40 API calls failed (throttled) in 15 min, usual under 0.1 %
             05:02 low sqs:SendMessage: 30 of 40 API calls failed (throttled) in 15 min, usual under 0.1 %",
        );
    }

    #[test]
    fn many_among_very_many() {
        check(
            &ApiErrorSpike::default(),
            "00:00-59:45/15m s3:GetObject        who=role/app x60
             00:00-59:45/60m s3:GetObject throttled who=role/app
             60:02           s3:GetObject        who=role/app x900
             60:03           s3:GetObject throttled who=role/app x30",
            "12:03 low s3:GetObject: 30 failed API calls in 1 min, usual under 0.1 (throttled)
             12:03 low role/app: 30 failed API calls in 1 min, usual under 0.1 (throttled)",
        );
    }

    #[test]
    fn what_is_throttled_every_night_is_news_once() {
        check(
            &ApiErrorSpike::default(),
            "00:00-191:45/15m     sqs:SendMessage           who=role/app x10
             26:02-194:02/1440m   sqs:SendMessage throttled who=role/app x60",
            "02:02 low sqs:SendMessage: 60 of 70 API calls failed (throttled) in 15 min, usual under 0.1 %
             02:02 low role/app: 60 of 70 API calls failed (throttled) in 15 min, usual under 0.1 %
             03:02 resolved sqs:SendMessage
             03:02 resolved role/app",
        );
    }

    #[test]
    fn refusals_within_minutes_are_told_by_others() {
        let script = "00:00-59:45/15m sqs:SendMessage        who=role/app x40
                      60:02           sqs:SendMessage denied who=role/app x30";
        check(&ApiErrorSpike::default(), script, "");
    }

    #[test]
    fn a_tool_that_always_asks_for_what_is_not_there() {
        let script = "00:00-29:45/15m s3:HeadObject invalid who=role/app x10
                      00:00-29:45/15m s3:GetObject          who=role/app x10";
        check(&ApiErrorSpike::default(), script, "");
    }
}
