//! What happens in the logs of functions and in CloudTrail together.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::happenings::{after, quarters, some_time};
use super::{ACCOUNT, Dice, Log, Record, Who, call, invocation};

/// A line of a function's log.
pub(super) fn line(dice: &mut Dice, time: DateTime<Utc>, function: &str, message: &str) -> Record {
    let (id, millis) = (dice.digits(56), time.timestamp_millis());
    let json = format!(r#"{{"id":"{id}","timestamp":{millis},"message":{}}}"#, serde_json::to_string(message).unwrap());
    Record { time, log: Log::Function(function.to_owned()), json }
}

/// A line of the platform, in JSON.
fn platform(dice: &mut Dice, time: DateTime<Utc>, function: &str, (kind, record): (&str, &str)) -> Record {
    let at = time.to_rfc3339_opts(SecondsFormat::Millis, true);
    line(dice, time, function, &format!(r#"{{"time":"{at}","type":"{kind}","record":{record}}}"#))
}

/// What was done to a function before it failed, if anything.
pub(super) fn changes(dice: &mut Dice, start: DateTime<Utc>, name: &str) -> Vec<Record> {
    let mut out = Vec::new();
    for _ in 0..dice.between(0, 4) {
        let time = start - TimeDelta::seconds(dice.between(-600, 70 * 60));
        let (api, member) = *dice.pick(&[
            ("lambda:UpdateFunctionCode20150331v2", "functionName"),
            ("lambda:UpdateAlias20150331", "functionName"),
            ("iam:DeleteRolePolicy", "roleName"),
            ("kms:DisableKey", "keyId"),
            ("ec2:RevokeSecurityGroupEgress", "groupId"),
        ]);
        let mut change = call(dice, time, Who::Role("deployer"), (api, ""));
        let named = format!(r#""requestParameters":{{"{member}":"{name}"}}"#);
        change.json = change.json.replace(r#""requestParameters":null"#, &named);
        out.push(change);
    }
    out
}

/// Lines about refusals, of which CloudTrail tells as well, or not.
pub(super) fn told_refusals(dice: &mut Dice, name: &str) -> Vec<Record> {
    let mut out = Vec::new();
    let start = some_time(dice);
    for _ in 0..dice.between(1, 8) {
        let (time, api) = (after(dice, start, 20), *dice.pick(&["s3:GetObject", "kms:Decrypt"]));
        let mut refused = call(dice, time, Who::Role(name), (api, "AccessDenied"));
        refused.json =
            refused.json.replace(&format!("assumed-role/{name}/job"), &format!("assumed-role/{name}/{name}"));
        refused.json = refused.json.replace(":job", &format!(":{name}"));
        if dice.chance(60) {
            out.push(refused);
        }
        let message = format!(
            "[ERROR] ClientError: User: arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{name} is not authorized to perform: {api} on resource: x\nTraceback (most recent call last):\nClientError: no"
        );
        let time = time + TimeDelta::seconds(dice.between(0, 90));
        out.push(line(dice, time, name, &message));
    }
    out.extend(changes(dice, start, name));
    out
}

/// Events that fail, some of them again and again.
pub(super) fn poison(dice: &mut Dice, name: &str) -> Vec<Record> {
    let mut out = Vec::new();
    for _ in 0..dice.between(1, 4) {
        let (start, request) = (some_time(dice), dice.uuid());
        for minutes in [0, 1, 3].into_iter().take(dice.between(2, 5) as usize) {
            let time = start + TimeDelta::minutes(minutes) + TimeDelta::seconds(dice.between(0, 20));
            let failed = format!(r#"{{"requestId":"{request}","status":"error","errorType":"KeyError"}}"#);
            out.push(platform(dice, time, name, ("platform.report", &failed)));
        }
    }
    out
}

/// Invocations that begin, most of which end.
pub(super) fn cut_off(dice: &mut Dice, name: &str) -> Vec<Record> {
    let mut out = Vec::new();
    quarters(dice, |dice, time| {
        let request = dice.uuid();
        let begun = format!(r#"{{"requestId":"{request}","version":"$LATEST"}}"#);
        out.push(platform(dice, time, name, ("platform.start", &begun)));
        if dice.chance(90) {
            let time = after(dice, time, 14);
            let ended = format!(r#"{{"requestId":"{request}","status":"success"}}"#);
            out.push(platform(dice, time, name, ("platform.report", &ended)));
        }
    });
    out
}

/// Downloads, of which some are large.
pub(super) fn download(dice: &mut Dice, name: &str) -> Vec<Record> {
    let mut out = Vec::new();
    let start = some_time(dice);
    for _ in 0..dice.between(2, 20) {
        let (time, bytes) = (after(dice, start, 70), dice.between(50_000, 900_000_000));
        let mut read = call(dice, time, Who::Role(name), ("s3:GetObject", ""));
        let named = format!(
            r#""requestParameters":{{"bucketName":"{name}"}},"additionalEventData":{{"bytesTransferredOut":{bytes}.0}}"#
        );
        read.json = read.json.replace(r#""requestParameters":null"#, &named);
        out.push(read);
    }
    out.extend(invocation(dice, start, name, ("success", "")));
    out
}

/// A change of rights that is refused and one that succeeds, in either order: a correlation wants the refusal first.
pub(super) fn climbs(dice: &mut Dice, name: &str) -> Vec<Record> {
    let (start, role) = (some_time(dice), Who::Role(name));
    let mut out = Vec::new();
    for _ in 0..dice.between(1, 4) {
        let (refused, made) = (after(dice, start, 70), after(dice, start, 70));
        out.push(call(dice, refused, role, ("iam:AttachRolePolicy", "AccessDenied")));
        out.push(call(dice, made, role, ("iam:CreatePolicyVersion", "")));
    }
    out
}
