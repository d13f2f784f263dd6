//! A principal that was never seen in an account.

use crate::detector::{About, Detector, Folding, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::Event;
use crate::habit::Facet;
use crate::measure::Measure;
use crate::novelty::{OWN_CALLS, count_calls};
use crate::observe::Observations;
use crate::profile::Profile;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::stage::Stage;
use crate::window::{Around, REACH, Window};

static ABOUT: About = About {
    id: "new-principal",
    title: "Principal never seen before",
    what: "A principal succeeds with a call in an account that is watched for two weeks and never saw it, or not for 90 days. Roles that AWS makes for its services do not count.",
    why: "An identity that somebody adds, or wakes up, is a way to stay.",
    innocent: "A new colleague, a new function: each is told once.",
    attack: &["T1136.003", "T1078.004"],
    next: &[
        "who created it, and who may use it?",
        "is it from another account? Then who trusts that, and why?",
        "what did it do first?",
    ],
    families: &[Family::Principal],
    trigger: Trigger::Facets(&[Facet::Presence, Facet::Sensitive]),
    nature: Nature::Deed,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Count,
};

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct NewPrincipal {
    /// Days that the account must be watched for.
    pub min_age_days: u32,
    /// Days of those on which it must have shown something.
    pub min_days: u32,
}

impl Default for NewPrincipal {
    fn default() -> NewPrincipal {
        NewPrincipal { min_age_days: 14, min_days: 10 }
    }
}

/// What the names of roles hold that AWS makes for its services.
const SERVICE_LINKED: &str = "AWSServiceRoleFor";

impl Detector for NewPrincipal {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let doc = "days that the account must be watched for";
        let field = Field { name: "min_age_days", doc, min: 1.0, max: 365.0 };
        visit.field(field, Value::Count(&mut self.min_age_days));
        let doc = "days of the last 56, the first three aside, on which the account must have shown something";
        let field = Field { name: "min_days", doc, min: 0.0, max: 56.0 };
        visit.field(field, Value::Count(&mut self.min_days));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        count_calls(event, seen);
    }

    fn observes(&self) -> Option<&'static str> {
        Some(OWN_CALLS)
    }

    fn stage(&self) -> Stage {
        Stage::Digest
    }

    fn asks_account(&self) -> bool {
        true
    }

    fn minutes_in(&self, around: Around<'_>, lateness: Minutes) -> u64 {
        let Some(habit) = around.here.habits().get(Facet::Presence, 0) else { return 0 };
        let before = around.hour.minute(habit.first).plus(-(lateness.0 as i32)).hour();
        let known =
            around.profile.and_then(Profile::familiar).is_some_and(|known| known.knows(Facet::Presence, 0, before));
        let again = around.before.is_some_and(|cell| cell.habits().get(Facet::Presence, 0).is_some());
        // What is sensitive may come later in the hour, and makes it graver then.
        let sensitive = around.here.habits().of(Facet::Sensitive).iter().map(|sensitive| sensitive.first);
        let sensitive = sensitive.filter(|minute| *minute > habit.first).min();
        if known || again { 0 } else { 1 << habit.first | sensitive.map_or(0, |minute| 1 << minute) }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let (account, before) = (window.account.and_then(Profile::familiar)?, window.known_before());
        let days = account.rarity(Facet::Presence, before).days;
        let age = account.age(before).filter(|age| *age >= self.min_age_days && days >= self.min_days)?;
        if window.entity.name().contains(SERVICE_LINKED) {
            return None;
        }
        let slept = window.profile.and_then(Profile::familiar);
        let slept = slept.map_or(0, |known| known.slept(Facet::Presence, 0, window.minute.hour()));
        let seen = window.sum(Measure::Calls, REACH);
        let minute = window.minute.of_hour();
        let sensitive = window.here.habits().of(Facet::Sensitive).iter().any(|habit| habit.first <= minute);
        let what = if slept == 0 {
            "first calls in the account".to_owned()
        } else {
            format!("first calls after {slept} days")
        };
        let touches = if sensitive { "it touches secrets or rights; " } else { "" };
        Some(Verdict {
            severity: if sensitive { Severity::Medium } else { Severity::Low },
            seen,
            at_least: false,
            expected: None,
            threshold: None,
            surprise: None,
            window: REACH,
            folding: Folding::Largest,
            unit: "API call{s}".into(),
            headline: format!("{what}: {{seen}}"),
            why: format!(
                "{touches}the account is watched since {} ({} days, {days} active days)",
                account.born().first().start().format("%Y-%m-%d"),
                age
            ),
            examples: window.examples(Measure::Calls, REACH).cloned().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn what_is_sensitive_counts_from_its_minute_on() {
        check(
            &NewPrincipal::default(),
            "00:00-400:00/60m  s3:GetObject           who=role/etl
             401:20            ec2:DescribeInstances  who=user/eve
             401:40            iam:CreateAccessKey    who=user/eve",
            "17:20 medium user/eve: first calls in the account: 2",
        );
    }

    #[test]
    fn one_alert_and_not_one_for_each_api() {
        check(
            &NewPrincipal::default(),
            "00:00-400:00/60m  s3:GetObject           who=role/etl
             401:20            ec2:DescribeInstances  who=user/eve
             401:25            ec2:RunInstances       who=user/eve
             402:20            ec2:RunInstances       who=user/eve",
            "17:20 low user/eve: first calls in the account: 1",
        );
    }

    #[test]
    fn one_that_comes_back_after_a_season() {
        check(
            &NewPrincipal::default(),
            "00:00             s3:GetObject           who=user/bob
             00:00-2500:00/60m s3:GetObject           who=role/etl
             2500:20           s3:GetObject           who=user/bob",
            "04:20 low user/bob: first calls after 104 days: 1",
        );
    }

    #[test]
    fn who_is_refused_and_what_aws_makes_is_nobody_new() {
        let script = "00:00-400:00/60m  s3:GetObject            who=role/etl
                      401:20            s3:GetObject denied     who=user/eve
                      401:30            config:PutEvaluations   who=role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";
        check(&NewPrincipal::default(), script, "");
    }

    #[test]
    fn at_first_everybody_is_new() {
        check(
            &NewPrincipal::default(),
            "00:00-100:00/60m s3:GetObject who=role/etl\n101:00 s3:GetObject who=user/eve",
            "",
        );
    }
}
