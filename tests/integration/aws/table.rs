//! The shared table in DynamoDB, against the stand-in: what every table must do, what it says when it cannot, and what
//! is left of an item after many writers and a bad line.

use std::rc::Rc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
};
use aws_smithy_http_client::Builder;
use lapwing::store::table::dynamo::DynamoTable;
use lapwing::store::table::{Freshness, Item, Outlook, Place, Span, Table, TableError};
use serde_json::json;

use super::cloud::{Cloud, TABLE, empty};
use crate::table::{Race, items_are_kept, pages_are_followed, race};

/// A fresh account with a table in it.
fn with_table() -> Option<Cloud> {
    let mut cloud = empty()?;
    cloud.create_table(TABLE);
    Some(cloud)
}

/// How to reach the stand-in at a port of this machine.
pub(super) fn config(port: u16) -> SdkConfig {
    let keys = Credentials::new("AKIATEST000000000000", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .endpoint_url(format!("http://127.0.0.1:{port}"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(Builder::new().build_http())
        .build()
}

pub(super) fn table(port: u16) -> DynamoTable {
    DynamoTable::new(&config(port), TABLE.to_owned())
}

fn item(body: &[u8]) -> Item {
    let expires = chrono::DateTime::from_timestamp(4_102_444_800, 1).unwrap();
    Item { place: Place { key: "user/ann".into(), sort: "c#1".into() }, version: 1, body: body.into(), expires }
}

fn all() -> Span<'static> {
    Span { key: "user/ann", from: "!", to: "~", freshness: Freshness::Strong }
}

#[track_caller]
fn check_error<T: std::fmt::Debug>(answer: Result<T, TableError>, (outlook, wanted): (Outlook, &str)) {
    let error = answer.unwrap_err();
    assert_eq!((error.outlook, error.to_string().as_str()), (outlook, wanted));
}

/// Of the stand-in itself: what it loses, nothing behind it could keep.
#[test]
fn the_stand_in_loses_nothing_under_many_writers() {
    let Some(mut cloud) = with_table() else { return };
    let kept = cloud.call("harness", "race", json!({"table": TABLE, "writers": 50, "rounds": 8}));
    assert_eq!((&kept["wanted"], &kept["added"]), (&json!(400), &json!(400)), "{kept}");
    assert_eq!(kept["compared"], kept["wins"], "{kept}");
}

#[tokio::test]
async fn it_keeps_the_laws_of_tables() {
    let Some(cloud) = with_table() else { return };
    let table = table(cloud.port());
    items_are_kept(&table).await;
    pages_are_followed(&table).await;
}

#[tokio::test]
async fn many_writers_lose_nothing() {
    let Some(cloud) = with_table() else { return };
    let run = race(Rc::new(table(cloud.port())), Race { writers: 50, rounds: 2 }).await;
    run.assert_exact();
    assert!(run.overtaken > 0 && run.failed == 0, "{run:?}");
}

/// Faults of the service, answers that are lost after the work was done, resets, silence. What was done unheard is
/// recognised; nothing is lost, nothing done twice.
#[tokio::test]
async fn a_bad_line_loses_and_doubles_nothing() {
    let Some(mut cloud) = with_table() else { return };
    let port = cloud.call("harness", "bad_line", json!({"share": 0.5, "seed": 7}));
    let run = race(Rc::new(table(port.as_u64().unwrap() as u16)), Race { writers: 10, rounds: 10 }).await;
    run.assert_exact();
    assert!(run.recognised > 0 && run.failed > 0, "{run:?}");
    let fates = cloud.call("harness", "fates", json!({}));
    for fate in ["error", "error-when-done", "reset", "reset-when-done", "silence-when-done"] {
        assert!(fates[fate].as_u64().is_some_and(|n| n > 0), "no request met {fate}: {fates}");
    }
}

#[tokio::test]
async fn a_missing_table_does_not_pass() {
    let Some(cloud) = empty() else { return };
    let table = table(cloud.port());
    let wanted = (Outlook::Lasting, "table lapwing-state in eu-west-1: not found");
    check_error(table.query(all()).await, wanted);
    check_error(table.replace(&item(b""), 0).await, wanted);
    check_error(table.put(&item(b"")).await, wanted);
}

#[tokio::test]
async fn an_item_that_is_too_large_does_not_pass() {
    let Some(cloud) = with_table() else { return };
    let wanted =
        "table lapwing-state in eu-west-1: the item c#1 of user/ann is of 409624 bytes, and 409600 are the most";
    check_error(table(cloud.port()).replace(&item(&vec![0; 409_600]), 0).await, (Outlook::Lasting, wanted));
}

#[tokio::test]
async fn nobody_there_passes() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = table(unused).query(all()).await.unwrap_err();
    assert_eq!(error.outlook, Outlook::Passing);
    let text = error.to_string();
    assert!(
        text.starts_with("table lapwing-state in eu-west-1: dynamodb:Query: ") && text.contains("refused"),
        "{text}"
    );
}

#[tokio::test]
async fn silence_passes() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let table = table(listener.local_addr().unwrap().port());
    let wanted = "table lapwing-state in eu-west-1: dynamodb:PutItem: no answer in time";
    check_error(table.put(&item(b"")).await, (Outlook::Passing, wanted));
}

/// What somebody else has put into the table is named, and not read as ours.
#[tokio::test]
async fn a_strange_item_is_named() {
    let Some(mut cloud) = with_table() else { return };
    let table = table(cloud.port());
    let place = json!({"p": {"S": "user/ann"}, "s": {"S": "c#1"}});
    let body = json!({"base64": "eA=="});
    for (attributes, wanted) in [
        (json!({}), "`v` is not a version"),
        (json!({"v": {"S": "1"}}), "`v` is not a version"),
        (json!({"v": {"N": "-1"}}), "`v` is not a version"),
        (json!({"v": {"N": "1"}, "b": {"S": "x"}}), "`b` is not binary"),
        (json!({"v": {"N": "1"}, "b": {"B": body}}), "`x` is not a time in seconds"),
        (json!({"v": {"N": "1"}, "b": {"B": body}, "x": {"N": "1e30"}}), "`x` is not a time in seconds"),
    ] {
        let mut strange = place.clone();
        strange.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        cloud.call("dynamodb", "put_item", json!({"TableName": TABLE, "Item": strange}));
        let wanted = format!(
            "table lapwing-state in eu-west-1: the item c#1 of user/ann: {wanted}; nobody but Lapwing may write here"
        );
        check_error(table.query(all()).await, (Outlook::Lasting, &wanted));
        check_error(table.replace(&item(b""), 0).await, (Outlook::Lasting, &wanted));
    }
}

/// A second opinion: the same of another server, of which `LAPWING_DYNAMODB_PORT` names the port:
/// `npx dynalite@4.0.0 --port 4567` is one.
#[tokio::test]
async fn another_server_says_the_same() {
    let Some(port) = std::env::var("LAPWING_DYNAMODB_PORT").ok().map(|text| text.parse().unwrap()) else {
        return println!("skipped: LAPWING_DYNAMODB_PORT names no other server");
    };
    let client = aws_sdk_dynamodb::Client::new(&config(port));
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let text = |name: &str| {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        attribute.build().unwrap()
    };
    let made = client.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    let made = made.key_schema(key("p", KeyType::Hash)).key_schema(key("s", KeyType::Range));
    made.attribute_definitions(text("p")).attribute_definitions(text("s")).send().await.unwrap();
    while client.describe_table().table_name(TABLE).send().await.unwrap().table.and_then(|table| table.table_status)
        != Some(TableStatus::Active)
    {
        tokio::task::spawn_blocking(|| std::thread::sleep(std::time::Duration::from_millis(50))).await.unwrap();
    }
    let table = table(port);
    items_are_kept(&table).await;
    pages_are_followed(&table).await;
    let run = race(Rc::new(table), Race { writers: 50, rounds: 8 }).await;
    run.assert_exact();
    assert!(run.overtaken > 0 && run.failed == 0, "{run:?}");
    println!("{run:?}");
}

/// The part of a second is lost to the later side: nothing goes before its time.
#[tokio::test]
async fn times_are_whole_seconds() {
    let Some(cloud) = with_table() else { return };
    let table = table(cloud.port());
    table.put(&item(b"x")).await.unwrap();
    assert_eq!(table.query(all()).await.unwrap()[0].expires.timestamp_millis(), 4_102_444_801_000);
}
