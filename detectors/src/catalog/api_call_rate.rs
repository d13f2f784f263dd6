//! Far more API calls than usual, of a principal or of an API.

use crate::cell::Cell;
use crate::detector::{About, Detector, Nature, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{CallKind, Event, PrincipalKind, What};
use crate::measure::Measure;
use crate::observe::Observations;
use crate::profile::RATE_WINDOW;
use crate::rate::RateSettings;
use crate::settings::Visit;
use crate::severity::Severity;
use crate::window::Window;

static ABOUT: About = About {
    id: "api-call-rate",
    title: "Unusual API call rate",
    what: "A principal, or an API in one account and Region, sees far more calls in 15 minutes than its own last active hours had.",
    why: "Enumeration, mass reading of secrets or data, runaway automation and resource abuse show as calls first.",
    innocent: "A job that bursts every hour: its bursts are its usual, because the busiest quarter of each hour is what is compared.",
    attack: &["T1580", "T1078.004", "T1496"],
    next: &[
        "was a job, a migration or a scan started on purpose?",
        "which APIs make up the calls, and does this principal use them on other days?",
        "do address, user agent and session look as they always do?",
    ],
    families: &[Family::Principal, Family::Api],
    trigger: Trigger::Measures(&[Measure::Calls]),
    nature: Nature::Condition,
    timing: Timing::Monotone,
    never_muted: false,
};

/// APIs that hand out secrets, credentials or rights: a rate made of them is worth more than a look.
const SENSITIVE: &[&str] = &[
    "secretsmanager:GetSecretValue",
    "secretsmanager:BatchGetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "ec2:GetPasswordData",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile",
    "iam:AttachUserPolicy",
    "iam:AttachRolePolicy",
    "iam:PutUserPolicy",
    "iam:PutRolePolicy",
    "sts:GetFederationToken",
    "lambda:GetFunction",
    "rds:DownloadDBLogFilePortion",
];

/// The settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApiCallRate {
    /// When a rate is far over its usual.
    pub rate: RateSettings,
}

impl Detector for ApiCallRate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        self.rate.visit(visit);
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let What::Call(call) = event.what else { return };
        // What AWS does by itself is its own rhythm, not ours to judge.
        if call.principal.kind == PrincipalKind::Service {
            return;
        }
        match call.kind {
            CallKind::Api | CallKind::SignIn | CallKind::Network => {
                seen.count(Family::Api, Measure::Calls);
                if !call.principal.name.is_empty() {
                    seen.count(Family::Principal, Measure::Calls);
                }
            }
            CallKind::Aggregated => seen.count(Family::Api, Measure::Calls),
            CallKind::Service | CallKind::Insight | CallKind::Update => {}
        }
    }

    fn floor(&self) -> u64 {
        u64::from(self.rate.min_events)
    }

    fn minutes(&self, here: &Cell, before: Option<&Cell>) -> u64 {
        self.rate.minutes(Measure::Calls, here, before)
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let mut verdict = self.rate.judge(window, Measure::Calls, "API calls")?;
        let sensitive = window
            .contributors(RATE_WINDOW)
            .filter(|(_, part)| SENSITIVE.contains(&part.name.as_ref()))
            .max_by_key(|(_, part)| (part.count, std::cmp::Reverse(&part.name)));
        let (name, count) = match window.entity.family {
            Family::Api => (window.entity.name(), u64::from(SENSITIVE.contains(&window.entity.name())) * verdict.seen),
            _ => sensitive.map_or(("", 0), |(_, part)| (part.name.as_ref(), part.count)),
        };
        if count * 5 >= verdict.seen {
            verdict.severity = Severity::Medium;
            verdict.why = format!("{name} is a sensitive API ({count} calls in the hour); {}", verdict.why);
        }
        Some(verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn a_burst_far_over_the_usual() {
        check(
            &ApiCallRate::default(),
            "00:00-04:45/15m  s3:GetObject                  who=role/etl x38
             05:02            secretsmanager:GetSecretValue who=role/etl x200
             05:05            ec2:DescribeInstances         who=role/etl x100",
            "05:02 medium role/etl: 300 API calls in 15 min, usual 38",
        );
    }

    #[test]
    fn it_resolves_after_an_hour_of_quiet() {
        check(
            &ApiCallRate::default(),
            "00:00-04:45/15m  s3:GetObject     who=role/etl x38
             05:02            s3:GetObject     who=role/etl x200
             06:30            s3:GetObject     who=role/etl",
            "05:02 low role/etl: 200 API calls in 15 min, usual 38
             05:02 low s3:GetObject: 200 API calls in 15 min, usual 38
             06:02 resolved role/etl
             06:02 resolved s3:GetObject",
        );
    }

    #[test]
    fn the_same_burst_every_hour_is_its_usual() {
        check(&ApiCallRate::default(), "00:02-23:02/60m  s3:GetObject who=role/etl x300", "");
    }

    #[test]
    fn no_history_no_verdict() {
        check(&ApiCallRate::default(), "05:02  s3:GetObject who=role/etl x900", "");
    }

    #[test]
    fn services_keep_their_own_rhythm() {
        let script = "00:00-04:45/15m kms:Decrypt who=ec2.amazonaws.com x5
                      05:02 kms:Decrypt who=ec2.amazonaws.com x900";
        check(&ApiCallRate::default(), script, "");
    }
}
