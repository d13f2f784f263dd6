//! Two alerts for the tests of everything that shows alerts: an ordinary one, and one whose every name is hostile.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use lapwing_detectors::alert::{Alert, AlertId, Caller, EventId, Example, Owner, Quality, Span, Status, Subject, Top};
use lapwing_detectors::cause::Cause;
use lapwing_detectors::settings::Minutes;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn top(name: &str, count: u64, denied: u64) -> Top {
    Top { name: name.into(), count, denied }
}

fn owner() -> Owner {
    let own = str::to_owned;
    Owner {
        account_name: own("prod-data"),
        env: own("prod"),
        team: own("team-data"),
        runbook: own("https://runbooks.example.com/etl"),
    }
}

/// A role that calls more than it used to.
pub(crate) fn etl_nightly() -> Alert {
    let span = Span { start: at("2026-03-03T02:10:00Z"), end: at("2026-03-03T02:25:00Z") };
    let subject = Subject {
        principal: "role/etl-nightly".to_owned(),
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        ..Subject::default()
    };
    let example = Example {
        time: at("2026-03-03T02:10:04Z"),
        id: EventId::of("0f4b1d5e-0000-4000-8000-000000000001"),
        what: "secretsmanager:GetSecretValue".into(),
        caller: Arc::new(Caller {
            session: "run-118".into(),
            address: "198.51.100.20".into(),
            agent: "boto3/1.34".into(),
            ..Caller::default()
        }),
    };
    Alert {
        id: AlertId(0x7f3a_91c2_0000_0000),
        detector: "call-rate",
        title: "Unusual rate of API calls",
        severity: Severity::Medium,
        severity_before: Some(Severity::Low),
        stage: Stage::Alert,
        status: Status::Update,
        raised_at: span.end,
        subject,
        owner: owner(),
        window: span,
        best: span,
        seen: 640,
        seen_before: None,
        seen_at_least: false,
        unit: "API calls".to_owned(),
        expected: Some(38.0),
        threshold: None,
        surprise: Some(10.7),
        attack: &["T1078.004"],
        examples: vec![Arc::new(example)],
        top: vec![
            top("secretsmanager:GetSecretValue", 410, 3),
            top("ec2:DescribeInstances", 180, 0),
            top("sts:GetCallerIdentity", 30, 0),
            top("s3:ListBuckets", 20, 0),
        ],
        total: 640,
        denied: 3,
        folded: 2,
        quality: Quality::Complete,
        headline: "640 API calls in 15 min, usual 38".to_owned(),
        why: "new address and a sensitive API; rate alone is low".to_owned(),
        next: &["was the session started by the scheduler?"],
        query: "fields @timestamp, eventName | filter userIdentity.arn like 'etl-nightly'".to_owned(),
        causes: Vec::new(),
        merged_into: None,
        parts: 0,
        told: Vec::new(),
        part_of: None,
    }
}

/// The same alert with names that try to break out of every place, each as long as a log event may be.
pub(crate) fn hostile() -> Alert {
    let attack = "\r\nBcc: all@example.com\u{1b}[2J\u{9b}31m `<!here>` [pay](https://example.com) =cmd|'x' \u{202e}";
    let nasty = attack.to_owned() + &"\u{1}\u{e0041}\"".repeat(300_000);
    let mut alert = etl_nightly();
    alert.subject = Subject {
        principal: format!("role/{nasty}"),
        account: nasty.clone(),
        region: nasty.clone(),
        source_ip: attack.to_owned(),
        function: String::new(),
        api: nasty.clone(),
        error_code: nasty.clone(),
    };
    let example = Example {
        id: EventId::of(&nasty),
        what: nasty.as_str().into(),
        caller: Arc::new(Caller {
            session: nasty.as_str().into(),
            address: nasty.as_str().into(),
            agent: nasty.as_str().into(),
            access_key: nasty.as_str().into(),
            invoked_by: nasty.as_str().into(),
            provider: nasty.as_str().into(),
        }),
        ..(*alert.examples[0]).clone()
    };
    let cause = |n| Cause {
        example: Arc::new(example.clone()),
        who: nasty.as_str().into(),
        object: nasty.as_str().into(),
        lead: Minutes(n),
    };
    alert.causes = (0..16).map(cause).collect();
    alert.examples = std::iter::repeat_with(|| Arc::new(example.clone())).take(60).collect();
    alert.top = (0..10).map(|n| top(&nasty, 10 - n, 0)).collect();
    alert.owner = Owner::default();
    alert.headline = nasty.clone();
    alert.why = nasty.clone();
    alert.query = nasty;
    alert
}
