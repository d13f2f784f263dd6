//! An alert as a custom notification of Amazon Q Developer in chat applications (Slack, Microsoft Teams).
//!
//! Anything that is not exactly this schema is dropped there without a word, so chat needs a topic of its own.

use lapwing_detectors::alert::{Alert, Status};
use serde_json::{Map, Value, json};

use super::clean::{chat_text, clean};
use super::text;

/// AWS does not state its limits; these are well below what is known to pass.
const TITLE: usize = 200;
const PIECE: usize = 800;

/// The notification, as the body of an SNS message.
#[must_use]
pub fn notification(alert: &Alert) -> String {
    json!({
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": title(alert),
            "description": description(alert),
            "nextSteps": text::next_steps(alert).iter().map(|step| chat_text(step, PIECE)).collect::<Vec<_>>(),
            "keywords": [alert.severity.name(), alert.detector],
        },
        "metadata": {
            // The chat folds the changes of one alert into one thread.
            "threadId": alert.id.to_string(),
            "summary": chat_text(&text::summary(alert), TITLE),
            "eventType": alert.detector,
            "additionalContext": context(alert),
        },
    })
    .to_string()
}

/// Severity, account name, title: our own words and the settings', nothing that a log contains.
fn title(alert: &Alert) -> String {
    let severity = match alert.status {
        Status::Resolved => "RESOLVED".to_owned(),
        Status::Open | Status::Update => alert.severity.name().to_uppercase(),
    };
    let parts = [&alert.owner.account_name, alert.title];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    clean(&format!("[{severity}] {}", parts.join(" · ")), TITLE).into_owned()
}

fn description(alert: &Alert) -> String {
    let mut lines = vec![chat_text(&text::summary(alert), PIECE)];
    lines.extend(text::facts(alert).into_iter().map(|(label, value)| format!("{label}: {}", chat_text(&value, PIECE))));
    lines.push(format!("Id: {}", chat_text(&text::id_line(alert), PIECE)));
    lines.join("\n")
}

fn context(alert: &Alert) -> Map<String, Value> {
    [
        ("account", &alert.subject.account),
        ("region", &alert.subject.region),
        ("team", &alert.owner.team),
        ("env", &alert.owner.env),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), Value::from(chat_text(value, PIECE))))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{etl_nightly, hostile};

    #[test]
    fn an_alert_is_this_notification() {
        let wanted = json!({
            "version": "1.0",
            "source": "custom",
            "content": {
                "textType": "client-markdown",
                "title": "[MEDIUM] prod-data · Unusual rate of API calls",
                "description": "\
`prod-data · role/etl-nightly: 640 API calls in 15 min, usual 38`
Who: `role/etl-nightly (session run-118) from 198.51.100.20 · boto3/1.34`
Where: `prod-data 111122223333 · eu-west-1 · env prod · owner team-data`
Seen: `640 API calls 2026-03-03 02:10–02:25 UTC; expected 38; p = 2e-11`
Top: `secretsmanager:GetSecretValue 410 · ec2:DescribeInstances 180 · sts:GetCallerIdentity 30 · other 20; 3 denied`
Why: `medium  new address and a sensitive API; rate alone is low`
Id: `LW-7f3a91c200000000 · update · 2 findings folded · complete`",
                "nextSteps": [
                    "`was the session started by the scheduler?`",
                    "`query: fields @timestamp, eventName | filter userIdentity.arn like 'etl-nightly'`",
                    "`runbook: https://runbooks.example.com/etl`",
                ],
                "keywords": ["medium", "call-rate"],
            },
            "metadata": {
                "threadId": "LW-7f3a91c200000000",
                "summary": "`prod-data · role/etl-nightly: 640 API calls in 15 min, usual 38`",
                "eventType": "call-rate",
                "additionalContext": {
                    "account": "`111122223333`", "region": "`eu-west-1`", "team": "`team-data`", "env": "`prod`",
                },
            },
        });
        assert_eq!(serde_json::from_str::<Value>(&notification(&etl_nightly())).unwrap(), wanted);
    }

    #[test]
    fn no_name_from_a_log_calls_people_or_becomes_a_link() {
        let sent = notification(&hostile());
        assert!(sent.len() < 262_144);
        let sent: Value = serde_json::from_str(&sent).unwrap();
        let description = sent["content"]["description"].as_str().unwrap();
        assert!(!description.contains("<!here>"), "{description}");
        for line in description.lines() {
            assert_eq!(line.matches('`').count(), 2, "{line}");
        }
    }
}
