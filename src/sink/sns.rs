//! Alerts to SNS topics.

use std::fmt;

use aws_sdk_sns::Client;
use aws_sdk_sns::error::DisplayErrorContext;
use aws_sdk_sns::types::MessageAttributeValue;
use lapwing_detectors::alert::Alert;

use super::{Message, message};
use crate::settings::Topic;

/// The topics of this function, and the client that reaches them.
#[derive(Debug)]
pub struct Sns {
    client: Client,
    topics: Vec<Topic>,
}

/// Messages that did not reach their topic. The invocation must fail, so that AWS delivers its payload again.
#[derive(Debug)]
pub struct SnsError {
    /// How many messages failed.
    pub failed: u64,
    /// The topic of the first of them.
    pub topic: String,
    /// What SNS or the way to it said.
    pub what: String,
}

impl fmt::Display for SnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} messages were not sent, the first because: {}", self.topic, self.failed, self.what)
    }
}

impl std::error::Error for SnsError {}

impl Sns {
    /// Sends to these topics.
    #[must_use]
    pub fn new(client: Client, topics: Vec<Topic>) -> Sns {
        Sns { client, topics }
    }

    /// Sends each alert to each topic that wants it, and says how many messages that were. A repeated call sends the
    /// same messages again, with the same alert ids.
    ///
    /// # Errors
    ///
    /// When any message failed after the client's own retries; the others were sent all the same.
    pub async fn publish(&self, alerts: &[Alert]) -> Result<u64, SnsError> {
        let mut sent = 0;
        let mut error: Option<SnsError> = None;
        for topic in &self.topics {
            for message in alerts.iter().filter_map(|alert| message(topic, alert)) {
                match self.send(topic, message).await {
                    Ok(()) => sent += 1,
                    Err(what) => {
                        error.get_or_insert(SnsError { failed: 0, topic: topic.arn.clone(), what }).failed += 1;
                    }
                }
            }
        }
        error.map_or(Ok(sent), Err)
    }

    async fn send(&self, topic: &Topic, message: Message) -> Result<(), String> {
        let mut request = self.client.publish().topic_arn(&topic.arn).subject(message.subject).message(message.body);
        for (name, value) in message.attributes {
            // The type is the only member that must be set, so this cannot fail.
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            request = request.message_attributes(name, value.map_err(|e| e.to_string())?);
        }
        request.send().await.map(|_| ()).map_err(|e| DisplayErrorContext(&e).to_string())
    }
}
