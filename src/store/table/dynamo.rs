//! The shared table in DynamoDB.
//!
//! The client tries again by itself, so a write may have been done by a try whose answer was lost: [`Table::replace`]
//! then answers [`Put::Overtaken`] with the caller's own item in it, or with what somebody else made of it since. This
//! is not resolved here, where an equal item of somebody else looks the same: whoever writes an item puts into it what
//! it recognises its own part by.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, Utc};

use super::port::{Freshness, Item, Outlook, Place, Put, Span, Table, TableError};
use super::units::{BODY, EXPIRES, KEY, LARGEST, SORT, VERSION, seconds, size};
use crate::report::clean::clean;

/// The longest that one call may take with its retries. A query of many pages makes a call for each.
pub const CALL: Duration = Duration::from_secs(4);
/// The longest that one try may take; DynamoDB answers in some hundredths of a second, also with a page of 1 MB.
const TRY: Duration = Duration::from_secs(1);
const TRIES: u32 = 3;
/// The pause before the second try; the third waits up to twice as long.
const PAUSE: Duration = Duration::from_millis(50);
/// As much of the service's words, or of a key, as an error repeats, in characters.
const QUOTE_LIMIT: usize = 300;

/// A table in DynamoDB with a partition key `p` and a sort key `s`, both texts.
#[derive(Clone, Debug)]
pub struct DynamoTable {
    client: Client,
    name: String,
    region: String,
}

type Attributes = HashMap<String, AttributeValue>;

impl DynamoTable {
    /// The table of this name, in the account and Region of `config`. Nothing is asked of it yet.
    #[must_use]
    pub fn new(config: &SdkConfig, name: String) -> DynamoTable {
        let timeouts = TimeoutConfig::builder().operation_timeout(CALL).operation_attempt_timeout(TRY).build();
        let retries = RetryConfig::standard().with_max_attempts(TRIES).with_initial_backoff(PAUSE);
        let client = Client::from_conf(Builder::from(config).timeout_config(timeouts).retry_config(retries).build());
        let region = config.region().map_or("no Region", |region| region.as_ref()).to_owned();
        DynamoTable { client, name, region }
    }

    fn put_item(&self, item: &Item) -> PutItemFluentBuilder {
        self.client.put_item().table_name(&self.name).set_item(Some(attributes(item)))
    }

    /// An error of an `operation`, in words that say what to do about it.
    fn failed<E, R>(&self, operation: &str, error: &SdkError<E, R>) -> TableError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: fmt::Debug,
    {
        let said = |e: &E| clean(e.message().unwrap_or("no reason given"), QUOTE_LIMIT).into_owned();
        let (what, outlook) = match error {
            SdkError::ServiceError(refusal) => {
                let e = refusal.err();
                match (e.code().unwrap_or("an error without a code"), outlook_of(e.code())) {
                    ("ResourceNotFoundException", outlook) => ("not found".to_owned(), outlook),
                    ("AccessDeniedException", outlook) => (format!("{operation} is not allowed: {}", said(e)), outlook),
                    (code, outlook) => (format!("{operation}: {code}: {}", said(e)), outlook),
                }
            }
            SdkError::TimeoutError(_) => (format!("{operation}: no answer in time"), Outlook::Passing),
            SdkError::ConstructionFailure(_) => (format!("{operation}: {}", chain(error)), Outlook::Lasting),
            _ => (format!("{operation}: {}", chain(error)), Outlook::Passing),
        };
        self.error(&what, outlook)
    }

    fn error(&self, what: &str, outlook: Outlook) -> TableError {
        TableError { what: format!("table {} in {}: {what}", self.name, self.region), outlook }
    }

    fn refused<R: fmt::Debug>(&self, item: &Item, error: &SdkError<PutItemError, R>) -> TableError {
        let size = size(item);
        if size > LARGEST && error.code() == Some("ValidationException") {
            let what = format!("{} is of {size} bytes, and {LARGEST} are the most", shown(&item.place));
            return self.error(&what, Outlook::Lasting);
        }
        self.failed("dynamodb:PutItem", error)
    }

    fn item(&self, attributes: &Attributes) -> Result<Item, TableError> {
        item(attributes).map_err(|what| self.error(&what, Outlook::Lasting))
    }
}

impl Table for DynamoTable {
    async fn query(&self, span: Span<'_>) -> Result<Vec<Item>, TableError> {
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression(format!("{KEY} = :key AND {SORT} BETWEEN :from AND :to"))
            .expression_attribute_values(":key", AttributeValue::S(span.key.to_owned()))
            .expression_attribute_values(":from", AttributeValue::S(span.from.to_owned()))
            .expression_attribute_values(":to", AttributeValue::S(span.to.to_owned()))
            .consistent_read(span.freshness == Freshness::Strong);
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let page = request.clone().set_exclusive_start_key(after).send().await;
            let page = page.map_err(|e| self.failed("dynamodb:Query", &e))?;
            for attributes in page.items() {
                items.push(self.item(attributes)?);
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(items);
            }
        }
    }

    async fn replace(&self, item: &Item, before: u64) -> Result<Put, TableError> {
        let put =
            self.put_item(item).return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match before {
            0 => put.condition_expression(format!("attribute_not_exists({KEY})")),
            before => put
                .condition_expression(format!("{VERSION} = :before"))
                .expression_attribute_values(":before", AttributeValue::N(before.to_string())),
        };
        let error = match put.send().await {
            Ok(_) => return Ok(Put::Done),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refusal)) => match refusal.item() {
                Some(attributes) => Ok(Put::Overtaken(Some(self.item(attributes)?))),
                // It was deleted meanwhile, or is not told: not every server that speaks the protocol does.
                None => {
                    let Place { key, sort } = &item.place;
                    let span = Span { key, from: sort, to: sort, freshness: Freshness::Strong };
                    Ok(Put::Overtaken(self.query(span).await?.pop()))
                }
            },
            _ => Err(self.refused(item, &error)),
        }
    }

    async fn put(&self, item: &Item) -> Result<(), TableError> {
        self.put_item(item).send().await.map(|_| ()).map_err(|e| self.refused(item, &e))
    }
}

/// Whether what a code of the service's says may pass. Throttling and faults of the service do; what it finds wrong
/// with the request, or with who asks, stays.
fn outlook_of(code: Option<&str>) -> Outlook {
    const LASTING: [&str; 9] = [
        "ResourceNotFoundException",
        "AccessDeniedException",
        "ValidationException",
        "SerializationException",
        "ItemCollectionSizeLimitExceededException",
        "UnrecognizedClientException",
        "MissingAuthenticationTokenException",
        "InvalidSignatureException",
        "IncompleteSignatureException",
    ];
    match code.is_some_and(|code| LASTING.contains(&code)) {
        true => Outlook::Lasting,
        false => Outlook::Passing,
    }
}

fn chain<E: std::error::Error>(error: E) -> String {
    clean(&DisplayErrorContext(error).to_string(), QUOTE_LIMIT).into_owned()
}

fn shown(Place { key, sort }: &Place) -> String {
    format!("the item {} of {}", clean(sort, QUOTE_LIMIT), clean(key, QUOTE_LIMIT))
}

fn attributes(item: &Item) -> Attributes {
    HashMap::from([
        (KEY.to_owned(), AttributeValue::S(item.place.key.to_string())),
        (SORT.to_owned(), AttributeValue::S(item.place.sort.to_string())),
        (VERSION.to_owned(), AttributeValue::N(item.version.to_string())),
        (BODY.to_owned(), AttributeValue::B(Blob::new(&*item.body))),
        (EXPIRES.to_owned(), AttributeValue::N(seconds(item.expires).to_string())),
    ])
}

/// The item, or what is wrong with it: only somebody else can have written it so.
fn item(attributes: &Attributes) -> Result<Item, String> {
    let text = |name| attributes.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str);
    let place = Place { key: text(KEY).into(), sort: text(SORT).into() };
    let wrong =
        |name, wanted| format!("{}: `{name}` is not {wanted}; nobody but Lapwing may write here", shown(&place));
    let number = |name| attributes.get(name).and_then(|value| value.as_n().ok());
    let version = number(VERSION).and_then(|n| n.parse().ok()).filter(|version| *version > 0);
    let version = version.ok_or_else(|| wrong(VERSION, "a version"))?;
    let body = attributes.get(BODY).and_then(|value| value.as_b().ok()).ok_or_else(|| wrong(BODY, "binary"))?;
    let expires = number(EXPIRES).and_then(|n| n.parse().ok()).and_then(|n| DateTime::from_timestamp(n, 0));
    let expires: DateTime<Utc> = expires.ok_or_else(|| wrong(EXPIRES, "a time in seconds"))?;
    Ok(Item { version, body: body.as_ref().into(), expires, place })
}
