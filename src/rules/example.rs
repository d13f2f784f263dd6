//! Examples: from the few members that a rule writes down to an event, through the decoder that reads real logs.

use chrono::DateTime;
use lapwing_detectors::event::{Event, Source};
use serde_json::{Map, Value, json};

use super::section::{Section, Twin};
use crate::decode::lambda::{Invocations, LogEvent};
use crate::decode::{Origin, Reject, Sink, decode};

/// The members that an example need not write: an ordinary call by a role.
fn ordinary() -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLEEXAMPLE:ann",
            "arn": "arn:aws:sts::111122223333:assumed-role/deployer/ann",
            "accountId": "111122223333",
            "accessKeyId": "ASIAEXAMPLEEXAMPLE00",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "AROAEXAMPLEEXAMPLE",
                    "arn": "arn:aws:iam::111122223333:role/deployer",
                    "accountId": "111122223333",
                    "userName": "deployer"
                },
                "attributes": {"creationDate": "2026-10-06T09:00:00Z", "mfaAuthenticated": "false"}
            }
        },
        "eventTime": "2026-10-06T09:30:00Z",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "aws-cli/2.17.0",
        "requestParameters": null,
        "responseElements": null,
        "requestID": "11111111-2222-3333-4444-555555555555",
        "eventID": "66666666-7777-8888-9999-000000000000",
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management"
    })
}

/// A loud example of a rule, or why there is none.
pub(super) fn loud(section: &Section, number: usize) -> Result<&Value, String> {
    let example = number.checked_sub(1).and_then(|at| section.loud.get(at));
    example.ok_or_else(|| format!("there is no loud example {number}"))
}

/// The quiet example: its loud one with the one change.
pub(super) fn quiet(section: &Section, twin: &Twin) -> Result<Value, String> {
    let mut example = loud(section, twin.of)?.clone();
    let old = example.clone();
    match (twin.change.iter().next(), &twin.remove, twin.change.len()) {
        (Some((path, value)), None, 1) => put(&mut example, path, Some(value.clone()))?,
        (None, Some(path), 0) => put(&mut example, path, None)?,
        _ => return Err("it needs exactly one path, under `change` or `remove`".to_owned()),
    }
    if example == old { Err("the change changes nothing".to_owned()) } else { Ok(example) }
}

/// The member that a quiet example changes.
pub(super) fn changed(twin: &Twin) -> Option<&str> {
    twin.change.keys().next().or(twin.remove.as_ref()).map(String::as_str)
}

/// Sets or removes what stands at a path such as `requestParameters.items[0].name`, making objects on the way.
pub(super) fn put(value: &mut Value, path: &str, new: Option<Value>) -> Result<(), String> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let mut parts = first.split('[');
    let name = parts.next().unwrap_or_default();
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    let members = value.as_object_mut().ok_or_else(|| format!("`{name}` is inside something that is no object"))?;
    let indexes: Vec<usize> = parts
        .map(|part| part.strip_suffix(']').and_then(|n| n.parse().ok()))
        .collect::<Option<_>>()
        .ok_or_else(|| format!("`{first}` is no member and no place in a list"))?;
    if rest.is_none() && indexes.is_empty() {
        match new {
            Some(new) => members.insert(name.to_owned(), new),
            None => Some(members.remove(name).ok_or_else(|| format!("there is no `{name}` to remove"))?),
        };
        return Ok(());
    }
    let mut inner = members.entry(name).or_insert(Value::Null);
    for index in indexes {
        inner = inner.get_mut(index).ok_or_else(|| format!("`{first}` is no place in a list"))?;
    }
    match (rest, new) {
        (Some(rest), new) => put(inner, rest, new),
        (None, Some(new)) => {
            *inner = new;
            Ok(())
        }
        (None, None) => Err(format!("`{first}` is in a list: change it instead")),
    }
}

/// Reads an example as a log would be read, and shows its event.
pub(super) fn read(source: Source, example: &Value, see: &mut dyn FnMut(&Event<'_>)) -> Result<(), String> {
    let mut reader = Reader { see, wrong: None };
    match source {
        Source::CloudTrail => call(example, &mut reader)?,
        Source::Lambda => line(example, &mut reader)?,
    }
    reader.wrong.map_or(Ok(()), Err)
}

fn call(example: &Value, reader: &mut Reader<'_>) -> Result<(), String> {
    let mut record = ordinary();
    match (record.as_object_mut(), example.as_object()) {
        (Some(record), Some(members)) => record.extend(members.clone()),
        _ => return Err("an example is a map of the members of a record".to_owned()),
    }
    let text = record.to_string();
    let decoded = decode(text.as_bytes(), &Origin::default(), reader).map_err(|refusal| refusal.to_string())?;
    if decoded.records == 1 { Ok(()) } else { Err("it is no CloudTrail record".to_owned()) }
}

fn line(example: &Value, reader: &mut Reader<'_>) -> Result<(), String> {
    let text = |name: &str| example.get(name).and_then(Value::as_str);
    let message = match example.get("message") {
        Some(Value::String(message)) => message.clone(),
        Some(message @ Value::Object(_)) => message.to_string(),
        _ => return Err("an example of a log line has a `message`, a text or a map".to_owned()),
    };
    let group = format!("/aws/lambda/{}", text("function").unwrap_or("checkout"));
    let ordinary = DateTime::from_timestamp(1_791_279_000, 0);
    let event = LogEvent {
        group: &group,
        stream: text("logStream").unwrap_or("2026/10/06/[$LATEST]0123456789abcdef"),
        account: "111122223333",
        region: "eu-west-1",
        id: "",
        // Those of correlations have times, as records have.
        time: text("eventTime").and_then(|time| time.parse().ok()).or(ordinary).unwrap_or_default(),
        message: &message,
    };
    Invocations::default().read(&event, reader);
    Ok(())
}

struct Reader<'s> {
    see: &'s mut dyn FnMut(&Event<'_>),
    wrong: Option<String>,
}

impl Sink for Reader<'_> {
    fn event(&mut self, event: &Event<'_>) {
        (self.see)(event);
    }

    fn reject(&mut self, reject: Reject) {
        self.wrong = Some(reject.what);
    }
}
