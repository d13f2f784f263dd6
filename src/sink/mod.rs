//! Sinks: where alerts and counts go.

use lapwing_detectors::alert::Alert;
use lapwing_detectors::day::{Day, Digest};
use lapwing_detectors::stage::Stage;

use crate::report::clean::clean;
use crate::report::{chat, digest, json, text};
use crate::settings::{Format, Topic};

#[cfg(feature = "aws")]
pub mod metrics;
#[cfg(feature = "aws")]
pub mod sns;

/// The longest attribute sent, in characters. AWS names none; account, region and names are far shorter.
const ATTRIBUTE: usize = 256;

/// An alert as a topic takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// One line of ASCII, shorter than 100 characters.
    pub subject: String,
    /// At most 262,144 bytes, because each piece of it is bounded.
    pub body: String,
    /// What subscriptions filter by; at most ten, none empty.
    pub attributes: Vec<(&'static str, String)>,
}

/// The message for a topic, or `None` when the alert is below what the topic wants, or is not sent by itself.
#[must_use]
pub fn message(topic: &Topic, alert: &Alert) -> Option<Message> {
    (alert.stage == Stage::Alert && alert.severity >= topic.min_severity).then(|| Message {
        subject: text::subject(alert),
        body: match topic.format {
            Format::Text => text::render(alert),
            Format::Json => json::line(alert),
            Format::Chat => chat::notification(alert),
        },
        attributes: attributes(alert),
    })
}

/// The digest of a day for a topic, or `None` when there is nothing in it that the topic wants.
#[must_use]
pub fn digest_message(topic: &Topic, day: Day, digest: &Digest) -> Option<Message> {
    let digest = digest.at_least(topic.min_severity);
    (digest.alerts() > 0).then(|| Message {
        subject: digest::subject(day, &digest),
        body: match topic.format {
            Format::Text => digest::text(day, &digest),
            Format::Json => digest::json(day, &digest),
            Format::Chat => digest::notification(day, &digest),
        },
        attributes: vec![("severity", digest::worst(&digest).name().to_owned()), ("status", "digest".to_owned())],
    })
}

fn attributes(alert: &Alert) -> Vec<(&'static str, String)> {
    [
        ("severity", alert.severity.name()),
        ("status", alert.status.name()),
        ("detector", alert.detector),
        ("account", &alert.subject.account),
        ("region", &alert.subject.region),
        ("team", &alert.owner.team),
        ("env", &alert.owner.env),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name, clean(value, ATTRIBUTE).into_owned()))
    .collect()
}

#[cfg(test)]
mod tests {
    use lapwing_detectors::severity::Severity;

    use super::*;
    use crate::report::sample::{etl_nightly, hostile};

    fn topic(format: Format, min_severity: Severity) -> Topic {
        Topic { arn: "arn:aws:sns:eu-west-1:111122223333:alerts".to_owned(), format, min_severity }
    }

    #[test]
    fn a_topic_gets_what_it_wants() {
        for (min_severity, wanted) in
            [(Severity::Info, true), (Severity::Medium, true), (Severity::High, false), (Severity::Critical, false)]
        {
            let message = message(&topic(Format::Text, min_severity), &etl_nightly());
            assert_eq!(message.is_some(), wanted, "{min_severity:?}");
        }
    }

    #[test]
    fn only_what_is_sent_by_itself_is_a_message() {
        for (stage, wanted) in [(Stage::Alert, true), (Stage::Digest, false), (Stage::Observe, false)] {
            let alert = Alert { stage, ..etl_nightly() };
            assert_eq!(message(&topic(Format::Text, Severity::Info), &alert).is_some(), wanted, "{stage:?}");
        }
    }

    #[test]
    fn a_message_has_the_format_of_its_topic() {
        let alert = etl_nightly();
        for (format, wanted) in [
            (Format::Text, text::render(&alert)),
            (Format::Json, json::line(&alert)),
            (Format::Chat, chat::notification(&alert)),
        ] {
            let message = message(&topic(format, Severity::Info), &alert).unwrap();
            assert_eq!(message.body, wanted, "{format:?}");
            assert_eq!(message.subject, text::subject(&alert));
        }
    }

    #[test]
    fn attributes_are_those_that_the_alert_has() {
        let wanted = [
            ("severity", "medium"),
            ("status", "update"),
            ("detector", "call-rate"),
            ("account", "111122223333"),
            ("region", "eu-west-1"),
            ("team", "team-data"),
            ("env", "prod"),
        ];
        let mut alert = etl_nightly();
        assert_eq!(attributes(&alert), wanted.map(|(name, value)| (name, value.to_owned())));
        alert.subject.region.clear();
        alert.owner.team.clear();
        assert_eq!(
            attributes(&alert).iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["severity", "status", "detector", "account", "env"]
        );
    }

    #[test]
    fn a_hostile_alert_is_a_message_that_sns_takes() {
        for format in [Format::Text, Format::Json, Format::Chat] {
            let message = message(&topic(format, Severity::Info), &hostile()).unwrap();
            assert!(message.body.len() <= 262_144, "{format:?}: {}", message.body.len());
            for (name, value) in &message.attributes {
                assert!(!value.is_empty() && !value.chars().any(char::is_control), "{name}: {value:?}");
            }
        }
    }
}
