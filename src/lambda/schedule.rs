//! The ticks of a schedule: how the function knows them.

use std::borrow::Cow;

use serde::Deserialize;

/// What a rule of EventBridge with a schedule sends:
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Cow<'a, str>,
}

/// Is this the call of a schedule, and no log?
#[must_use]
pub fn is_tick(payload: &[u8]) -> bool {
    let event = serde_json::from_slice::<Event<'_>>(payload);
    event.is_ok_and(|event| event.source == "aws.events" && event.detail_type == "Scheduled Event")
}

#[cfg(test)]
mod tests {
    use super::is_tick;

    #[test]
    fn only_a_schedule_is_a_tick() {
        let tick = br#"{"version":"0","id":"1","detail-type":"Scheduled Event","source":"aws.events","account":
            "111122223333","time":"2026-07-14T02:00:00Z","region":"eu-west-1","resources":[],"detail":{}}"#;
        assert!(is_tick(tick));
        for other in [
            &br#"{"awslogs":{"data":"H4sIAAAAAAAA"}}"#[..],
            br#"{"detail-type":"AWS API Call via CloudTrail","source":"aws.events","detail":{}}"#,
            br#"{"detail-type":"Scheduled Event","source":"com.example","detail":{}}"#,
            b"null",
            b"",
        ] {
            assert!(!is_tick(other), "{}", String::from_utf8_lossy(other));
        }
    }
}
