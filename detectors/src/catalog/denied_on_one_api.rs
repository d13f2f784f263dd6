//! One principal is refused on one API again and again: a policy that lacks something.

use crate::catalog::denied_burst::is_refusal;
use crate::detector::{About, Detector, Folding, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{Event, What};
use crate::measure::Measure;
use crate::observe::Observations;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::stage::Stage;
use crate::window::Window;

static ABOUT: About = About {
    id: "denied-on-one-api",
    title: "Refused on one API again and again",
    what: "One principal is refused on the same API 10 times within 10 minutes. All of a day is one message of the digest, \
           with how often it was in all.",
    why: "A job does not do what it is there for, or a permission was taken from it on purpose and nobody told it.",
    innocent: "A principal that tries an API a few times; refusals on many APIs, which `denied-burst` is about.",
    attack: &["T1580"],
    next: &[
        "whose principal is it, and since when is it refused?",
        "does it need that API? Then its policy lacks it; else remove the call",
        "was the permission taken away on purpose, or by a deploy?",
    ],
    families: &[Family::Denial],
    trigger: Trigger::Measures(&[Measure::Denied]),
    nature: Nature::Fault,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct DeniedOnOneApi {
    /// Refusals in the window.
    pub count: u32,
    /// The window.
    pub window: Minutes,
}

impl Default for DeniedOnOneApi {
    fn default() -> DeniedOnOneApi {
        DeniedOnOneApi { count: 10, window: Minutes(10) }
    }
}

impl Detector for DeniedOnOneApi {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        visit.field(field("count", "refusals in the window", 2.0, 100_000.0), Value::Count(&mut self.count));
        visit.field(field("window", "the window of event time", 1.0, 30.0), Value::Minutes(&mut self.window));
    }

    fn stage(&self) -> Stage {
        Stage::Digest
    }

    fn floor(&self) -> u64 {
        u64::from(self.count)
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let What::Call(call) = event.what else { return };
        if is_refusal(call) {
            seen.count(Family::Denial, Measure::Denied);
        }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let counts = Counts::of(window, self);
        if !counts.reach(0) {
            return None;
        }
        let api = window.entity.subject().api;
        Some(Verdict {
            severity: Severity::Low,
            seen: counts.untold(),
            at_least: false,
            expected: None,
            threshold: Some(f64::from(self.count)),
            surprise: None,
            window: counts.span(),
            folding: Folding::Sum,
            unit: "refused call{s}".into(),
            headline: format!("denied {{seen}} time{{s}} on {api}"),
            why: "one API refused again and again is most often a broken policy".to_owned(),
            examples: window.examples(Measure::Denied, self.window).cloned().collect(),
        })
    }
}

/// How many refusals there were in each minute, the judged one first.
struct Counts {
    minutes: Vec<u64>,
    wanted: u64,
    window: usize,
}

impl Counts {
    fn of(window: &Window<'_>, settings: &DeniedOnOneApi) -> Counts {
        let length = settings.window.0;
        let sums = (0..2 * length).map(|span| window.sum(Measure::Denied, Minutes(span)));
        let sums: Vec<u64> = sums.collect();
        let minutes = sums.windows(2).map(|pair| pair[1] - pair[0]).collect();
        Counts { minutes, wanted: u64::from(settings.count), window: length as usize }
    }

    /// Is the window that ended so many minutes ago full?
    fn reach(&self, back: usize) -> bool {
        self.minutes.iter().skip(back).take(self.window).sum::<u64>() >= self.wanted
    }

    /// The refusals of the window that no full window before it had, so that those of a day add up to what there was.
    fn untold(&self) -> u64 {
        let full: Vec<bool> = (0..self.window).map(|back| back > 0 && self.reach(back)).collect();
        let told = |back: usize| full[..=back].iter().any(|full| *full);
        (0..self.window).filter(|back| !told(*back)).map(|back| self.minutes[back]).sum()
    }

    /// From the first refusal of the window on.
    fn span(&self) -> Minutes {
        let first = self.minutes.iter().take(self.window).rposition(|n| *n > 0);
        Minutes(first.unwrap_or(0) as u32 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn a_broken_policy_is_said_once_a_day_with_all_of_it() {
        check(
            &DeniedOnOneApi::default(),
            "09:00 s3:GetObject denied who=role/app x6
             09:05 s3:GetObject denied who=role/app x6
             09:07 s3:GetObject denied who=role/app
             18:00 s3:GetObject denied who=role/app x40
             20:00 s3:GetObject denied who=role/app x9
             26:00 s3:GetObject denied who=role/app x10",
            "09:05 low role/app: denied 53 times on s3:GetObject
             02:00 low role/app: denied 10 times on s3:GetObject",
        );
    }

    #[test]
    fn each_api_is_a_fault_of_its_own() {
        check(
            &DeniedOnOneApi::default(),
            "09:00 s3:GetObject  denied who=role/app x10
             09:01 s3:PutObject  denied who=role/app x12
             09:02 s3:ListBucket denied who=role/app x9",
            "09:00 low role/app: denied 10 times on s3:GetObject
             09:01 low role/app: denied 12 times on s3:PutObject",
        );
    }

    #[test]
    fn a_few_tries_and_what_aws_runs_into() {
        let script = "09:00 s3:GetObject    denied who=role/app x9
                      09:20 s3:GetObject    denied who=role/app x9
                      09:00 s3:GetBucketAcl denied who=config.amazonaws.com x50
                      09:00 s3:GetBucketAcl denied who=role/scan ip=config.amazonaws.com x50";
        check(&DeniedOnOneApi::default(), script, "");
    }
}
