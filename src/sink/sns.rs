//! Alerts to SNS topics.

use std::time::SystemTime;

use aws_sdk_sns::Client;
use aws_sdk_sns::error::DisplayErrorContext;
use aws_sdk_sns::types::MessageAttributeValue;

use super::Message;
use crate::settings::Topic;
use crate::store::StoreError;

/// The topics of this function, and the client that reaches them.
#[derive(Debug)]
pub struct Sns {
    client: Client,
    topics: Vec<Topic>,
}

/// An alert did not reach a topic.
#[derive(Debug, PartialEq, Eq)]
pub struct Unsent {
    /// The first topic that it did not reach.
    pub topic: String,
    /// What SNS or the way to it said.
    pub what: String,
}

impl Unsent {
    /// It could not be decided how to send it.
    #[must_use]
    pub fn undecided(error: &StoreError) -> Unsent {
        Unsent { topic: String::new(), what: error.to_string() }
    }
}

impl Sns {
    /// Sends to these topics.
    #[must_use]
    pub fn new(client: Client, topics: Vec<Topic>) -> Sns {
        Sns { client, topics }
    }

    /// Sends to each topic what is written for it, if anything, and says how many those were. A repeated call sends the
    /// same messages again. Nothing is begun after `last_start`.
    ///
    /// # Errors
    ///
    /// When a topic was not reached after the client's own retries, or no time was left; the others were all the same.
    pub async fn publish(
        &self,
        write: impl Fn(&Topic) -> Option<Message>,
        last_start: SystemTime,
    ) -> Result<u64, Unsent> {
        let mut sent = 0;
        let mut unsent = None;
        for topic in &self.topics {
            let Some(message) = write(topic) else { continue };
            let result = match SystemTime::now() <= last_start {
                true => self.send(topic, message).await,
                false => Err("no time was left to send it".to_owned()),
            };
            match result {
                Ok(()) => sent += 1,
                Err(what) => unsent = unsent.or(Some(Unsent { topic: topic.arn.clone(), what })),
            }
        }
        unsent.map_or(Ok(sent), Err)
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
