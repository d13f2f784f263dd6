//! Generated logs, as AWS writes and packs them: what the simulation and the tests of replays are fed with.

mod dice;
mod failing;
mod functions;
mod happenings;
mod joins;

use chrono::{DateTime, SecondsFormat, Utc};

pub(crate) use dice::Dice;
#[cfg(feature = "aws")]
pub(crate) use happenings::APIS;
pub(crate) use happenings::{CORRELATED, HAPPENINGS, happening, noon};

pub(crate) const ACCOUNT: &str = "111122223333";

/// Which log a record is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Log {
    /// CloudTrail.
    Trail,
    /// The log group of a function.
    Function(String),
}

/// A CloudTrail record, or a log event of a function.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) time: DateTime<Utc>,
    pub(crate) log: Log,
    /// Its JSON.
    pub(crate) json: String,
}

/// Somebody who calls APIs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who<'a> {
    Root,
    User(&'a str),
    Role(&'a str),
}

/// Records of one log as AWS delivers them: a log file of CloudTrail, or a subscription payload.
pub(crate) fn delivery(records: &[Record]) -> Vec<u8> {
    let all: Vec<&str> = records.iter().map(|record| record.json.as_str()).collect();
    let all = all.join(",");
    let whole = match records.first().map(|record| &record.log) {
        Some(Log::Function(name)) => format!(
            r#"{{"messageType":"DATA_MESSAGE","owner":"{ACCOUNT}","logGroup":"/aws/lambda/{name}","logStream":"2026/10/20/[$LATEST]0123456789abcdef0123456789abcdef","subscriptionFilters":["lapwing"],"logEvents":[{all}]}}"#
        ),
        _ => format!(r#"{{"Records":[{all}]}}"#),
    };
    whole.into_bytes()
}

fn identity(who: Who<'_>) -> String {
    let arn = |tail: &str| format!("arn:aws:iam::{ACCOUNT}:{tail}");
    match who {
        Who::Root => {
            format!(r#"{{"type":"Root","principalId":"{ACCOUNT}","arn":"{}","accountId":"{ACCOUNT}"}}"#, arn("root"))
        }
        Who::User(name) => format!(
            r#"{{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"{}","accountId":"{ACCOUNT}","userName":"{name}"}}"#,
            arn(&format!("user/{name}"))
        ),
        Who::Role(name) => format!(
            r#"{{"type":"AssumedRole","principalId":"AROAEXAMPLE:job","arn":"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/job","accountId":"{ACCOUNT}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE","arn":"{}","accountId":"{ACCOUNT}","userName":"{name}"}}}}}}"#,
            arn(&format!("role/{name}"))
        ),
    }
}

/// A call of `service:Name`; `error` is a code, or empty.
pub(crate) fn call(dice: &mut Dice, time: DateTime<Utc>, who: Who<'_>, (api, error): (&str, &str)) -> Record {
    let (service, name) = api.split_once(':').unwrap();
    let error = if error.is_empty() { String::new() } else { format!(r#""errorCode":"{error}","#) };
    let read_only = ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb));
    let json = format!(
        r#"{{"eventVersion":"1.10","userIdentity":{},"eventTime":"{}","eventSource":"{service}.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.7","userAgent":"Boto3/1.40.49",{error}"requestParameters":null,"responseElements":null,"eventID":"{}","readOnly":{read_only},"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{ACCOUNT}","eventCategory":"Management"}}"#,
        identity(who),
        seconds(time),
        dice.uuid(),
    );
    Record { time, log: Log::Trail, json }
}

/// A sign-in at the console, with a second factor when `mfa` says `Yes`.
pub(crate) fn sign_in(dice: &mut Dice, time: DateTime<Utc>, user: &str, how: (&str, &str, &str)) -> Record {
    let (address, outcome, mfa) = how;
    let who = if user == "root" { Who::Root } else { Who::User(user) };
    let json = format!(
        r#"{{"eventVersion":"1.10","userIdentity":{},"eventTime":"{}","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"us-east-1","sourceIPAddress":"{address}","userAgent":"Mozilla/5.0","requestParameters":null,"responseElements":{{"ConsoleLogin":"{outcome}"}},"additionalEventData":{{"MFAUsed":"{mfa}"}},"eventID":"{}","readOnly":false,"eventType":"AwsConsoleSignIn","managementEvent":true,"recipientAccountId":"{ACCOUNT}","eventCategory":"Management"}}"#,
        identity(who),
        seconds(time),
        dice.uuid(),
    );
    Record { time, log: Log::Trail, json }
}

/// The log events of an invocation that ends so: `success`, or a status and an error type.
pub(crate) fn invocation(dice: &mut Dice, time: DateTime<Utc>, function: &str, how: (&str, &str)) -> Vec<Record> {
    measured(dice, (time, function), how, (12.5, 60))
}

/// The same, with the milliseconds that it ran and the megabytes that it used, of 128.
pub(crate) fn measured(
    dice: &mut Dice,
    (time, function): (DateTime<Utc>, &str),
    how: (&str, &str),
    (ms, mb): (f64, u32),
) -> Vec<Record> {
    let (status, error_type) = how;
    let request = dice.uuid();
    let failed = if error_type.is_empty() { String::new() } else { format!(r#","errorType":"{error_type}""#) };
    let done = format!(r#"{{"requestId":"{request}","status":"{status}"{failed}}}"#);
    let report = format!(
        r#"{{"requestId":"{request}","metrics":{{"durationMs":{ms},"billedDurationMs":{ms},"memorySizeMB":128,"maxMemoryUsedMB":{mb}}},"status":"{status}"{failed}}}"#
    );
    let lines = [("platform.runtimeDone", done), ("platform.report", report)];
    let said = lines.into_iter().filter(|(kind, _)| *kind == "platform.report" || status != "success");
    let said = said.map(|(kind, record)| {
        let at = time.to_rfc3339_opts(SecondsFormat::Millis, true);
        let message = format!(r#"{{"time":"{at}","type":"{kind}","record":{record}}}"#);
        let json = format!(
            r#"{{"id":"{}","timestamp":{},"message":{}}}"#,
            dice.digits(56),
            time.timestamp_millis(),
            serde_json::to_string(&message).unwrap()
        );
        Record { time, log: Log::Function(function.to_owned()), json }
    });
    said.collect()
}

fn seconds(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
