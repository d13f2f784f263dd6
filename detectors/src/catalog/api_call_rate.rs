//! Far more API calls than usual, of a principal, of an API or of a whole account.

use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{CallKind, Event, PrincipalKind, What};
use crate::measure::Measure;
use crate::observe::Observations;
use crate::rate::RateSettings;
use crate::settings::{Minutes, Visit};
use crate::severity::Severity;
use crate::window::{Around, Window};

static ABOUT: About = About {
    id: "api-call-rate",
    title: "Unusual API call rate",
    what: "A principal, an API in one account and Region, or a whole account, sees far more calls in 1, 5, 15 or 60 minutes than is usual for it at this time \
           of the day and week.",
    why: "Enumeration, mass reading of secrets or data, runaway automation and resource abuse show as calls first.",
    innocent: "A job that bursts every hour or every night: what comes again at the same time is its usual.",
    attack: &["T1580", "T1078.004", "T1496"],
    next: &[
        "was a job, a migration or a scan started on purpose?",
        "which APIs make up the calls, and does this principal use them on other days?",
        "do address, user agent and session look as they always do?",
    ],
    families: &[Family::Principal, Family::Api, Family::Account],
    trigger: Trigger::Measures(&[Measure::Calls]),
    nature: Nature::Condition,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Count,
};

/// APIs that hand out secrets, credentials or rights: a rate made of them is worth more than a look.
fn is_sensitive(service: &str, name: &str) -> bool {
    match service {
        "secretsmanager" => matches!(name, "GetSecretValue" | "BatchGetSecretValue"),
        "ssm" => matches!(name, "GetParameter" | "GetParameters" | "GetParametersByPath"),
        "iam" => matches!(
            name,
            "CreateAccessKey"
                | "CreateLoginProfile"
                | "UpdateLoginProfile"
                | "AttachUserPolicy"
                | "AttachRolePolicy"
                | "PutUserPolicy"
                | "PutRolePolicy"
        ),
        "ec2" => name == "GetPasswordData",
        "sts" => name == "GetFederationToken",
        "lambda" => name == "GetFunction",
        "rds" => name == "DownloadDBLogFilePortion",
        _ => false,
    }
}

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
        let families: &[Family] = match call.kind {
            CallKind::Api | CallKind::SignIn | CallKind::Network if call.principal.name.is_empty() => {
                &[Family::Api, Family::Account]
            }
            CallKind::Api | CallKind::SignIn | CallKind::Network => &[Family::Api, Family::Principal, Family::Account],
            CallKind::Aggregated => &[Family::Api],
            CallKind::Service | CallKind::Insight | CallKind::Update => &[],
        };
        let sensitive = is_sensitive(call.service, call.name);
        for family in families {
            seen.count(*family, Measure::Calls);
            if sensitive && *family != Family::Account {
                seen.count(*family, Measure::Sensitive);
            }
        }
    }

    fn floor(&self) -> u64 {
        u64::from(self.rate.min_events)
    }

    fn minutes_in(&self, around: Around<'_>, lateness: Minutes) -> u64 {
        self.rate.minutes(Measure::Calls, around, lateness)
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let mut verdict = self.rate.judge(window, Measure::Calls, "API call{s}")?;
        // Not from the contributors: they are of whole hours, so that calls after the minute would change what it means.
        // Nor a share of the calls: others that come late would lower what was said.
        if let Some((sensitive, span)) = self.rate.of_which(window, Measure::Calls, Measure::Sensitive) {
            verdict.severity = Severity::Medium;
            let Minutes(minutes) = span;
            verdict.why = format!(
                "{sensitive} calls in {minutes} min are of APIs that hand out secrets or rights; {}",
                verdict.why
            );
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
            "00:00-76:54/6m  s3:GetObject                  who=role/etl x3
             77:02           secretsmanager:GetSecretValue who=role/etl x40
             77:05           ec2:DescribeInstances         who=role/etl x30",
            "05:02 low 111122223333: 70 API calls in 5 min, usual under 0.1
             05:02 medium role/etl: 70 API calls in 5 min, usual under 0.1",
        );
    }

    #[test]
    fn other_calls_hide_no_sensitive_ones() {
        check(
            &ApiCallRate::default(),
            "00:00-76:54/6m  s3:GetObject                  who=role/etl x3
             77:02           secretsmanager:GetSecretValue who=role/etl x12
             77:03           s3:GetObject                  who=role/etl x400",
            "05:03 medium role/etl: 400 API calls in 1 min, usual under 0.1
             05:03 low s3:GetObject: 400 API calls in 1 min, usual under 0.1
             05:03 low 111122223333: 400 API calls in 1 min, usual under 0.1",
        );
    }

    #[test]
    fn a_few_sensitive_ones_are_not_the_rate() {
        check(
            &ApiCallRate::default(),
            "00:00-76:54/6m  s3:GetObject                  who=role/etl x3
             77:02           secretsmanager:GetSecretValue who=role/etl x9
             77:03           s3:GetObject                  who=role/etl x400",
            "05:03 low role/etl: 400 API calls in 1 min, usual under 0.1
             05:03 low s3:GetObject: 400 API calls in 1 min, usual under 0.1
             05:03 low 111122223333: 400 API calls in 1 min, usual under 0.1",
        );
    }

    #[test]
    fn it_resolves_after_an_hour_of_quiet() {
        check(
            &ApiCallRate::default(),
            "00:00-76:54/6m  s3:GetObject     who=role/etl x3
             77:02           s3:GetObject     who=role/etl x60
             78:30           s3:GetObject     who=role/etl",
            "05:02 low s3:GetObject: 60 API calls in 1 min, usual under 0.1
             05:02 low 111122223333: 60 API calls in 1 min, usual under 0.1
             05:02 low role/etl: 60 API calls in 1 min, usual under 0.1
             06:02 resolved s3:GetObject
             06:02 resolved 111122223333
             06:02 resolved role/etl",
        );
    }

    #[test]
    fn somebody_who_does_little_does_much() {
        check(
            &ApiCallRate::default(),
            "09:02-81:02/360m  s3:ListBuckets    who=user/ann x2
             84:10-84:14/1m    iam:ListUsers     who=user/ann x40",
            "12:10 low 111122223333: 200 API calls in 5 min, usual under 0.1
             12:10 low user/ann: 200 API calls in 5 min, usual under 0.1",
        );
    }

    #[test]
    fn the_same_burst_every_hour_is_its_usual() {
        check(&ApiCallRate::default(), "00:02-80:02/60m  s3:GetObject who=role/etl x90", "");
    }

    #[test]
    fn what_comes_every_night_is_news_once_at_most() {
        let script = "00:00-167:50/10m s3:GetObject who=role/etl x2
                      02:00-170:00/1440m s3:PutObject who=role/etl x150";
        check(&ApiCallRate::default(), script, "");
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
