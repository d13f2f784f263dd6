//! What happens in the generated logs: for each detector, something that makes it speak.

use chrono::{DateTime, TimeDelta, Timelike, Utc};

use super::failing::{broken_policy, errors, refusals, same_error};
use super::functions::{complaints, full, leak, nearly_cut_off, slow};
use super::joins::{changes, climbs, cut_off, download, poison, told_refusals};
use super::{Dice, Record, Who, call, invocation, sign_in};

/// A happening: writes records about somebody of that name.
type Happening = fn(&mut Dice, &str) -> Vec<Record>;

/// Every kind of happening, by what it should wake.
pub(crate) const HAPPENINGS: &[(&str, Happening)] = &[
    ("api-call-rate", calls),
    ("api-error-spike", errors),
    ("error-code-rate", same_error),
    ("denied-burst", refusals),
    ("denied-on-one-api", broken_policy),
    ("console-login-failures", guesses),
    ("console-login-spray", spray),
    ("console-login-without-mfa", no_second_factor),
    ("root-use", root),
    ("trail-tampering", trail),
    ("several-tactics", steps),
    ("invocation-rate", invocations),
    ("function-error-spike", |dice, name| failures(dice, name, ("error", "KeyError"))),
    ("function-slow", slow),
    ("function-near-timeout", nearly_cut_off),
    ("function-memory-high", full),
    ("function-timeout", |dice, name| failures(dice, name, ("timeout", ""))),
    ("function-out-of-memory", |dice, name| failures(dice, name, ("error", "Runtime.OutOfMemory"))),
    ("function-init-failure", |dice, name| failures(dice, name, ("error", "Runtime.ImportModuleError"))),
    ("new-network", stranger),
    ("new-role", stranger),
    ("application-refused", told_refusals),
    ("event-failed-again", poison),
    ("unfinished-invocation", cut_off),
    ("bucket-download", download),
    ("function-error-lines", complaints),
    ("function-memory-grows", leak),
];

/// Happenings that correlations find, by their names.
pub(crate) const CORRELATED: &[(&str, Happening)] = &[
    ("identities-looked-over", looks),
    ("refused-rights-then-taken", climbs),
    ("users-tried-over-hours", tries_slowly),
    ("account-looked-over-slowly", looks_slowly),
];

/// Hours of ordinary work before anything happens.
pub(super) const HISTORY: i64 = 4;

/// The records of a happening, about a name of its own.
pub(crate) fn happening(dice: &mut Dice, which: usize, n: usize) -> Vec<Record> {
    let (_, write) = HAPPENINGS[which];
    write(dice, &format!("name-{which}-{n}"))
}

/// When the generated day begins.
pub(crate) fn noon() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-10-20T12:00:00Z").unwrap().to_utc()
}

/// Some instant within two hours after the history; often near the edge of an hour, where windows reach into another.
pub(super) fn some_time(dice: &mut Dice) -> DateTime<Utc> {
    let hour = dice.between(0, 2);
    let minute = if dice.chance(40) { dice.between(-6, 20) } else { dice.between(0, 60) };
    noon() + TimeDelta::minutes((HISTORY + hour) * 60 + minute)
}

pub(super) fn after(dice: &mut Dice, time: DateTime<Utc>, minutes: i64) -> DateTime<Utc> {
    time + TimeDelta::seconds(dice.between(0, minutes * 60))
}

/// Ordinary work of the nights before: a little every few hours, so that it is known what is usual. What comes by day is
/// at an unusual time.
pub(super) fn days_before(dice: &mut Dice, mut work: impl FnMut(&mut Dice, DateTime<Utc>)) {
    let mut time = noon() - TimeDelta::hours(52);
    while time < noon() - TimeDelta::hours(2) {
        let at_night = !(9..19).contains(&time.hour());
        for _ in 0..if at_night { dice.between(1, 4) } else { 0 } {
            work(dice, time);
        }
        time += TimeDelta::minutes(dice.between(90, 240));
    }
}

/// Ordinary work: a few in each quarter of an hour, of the history and of the hours after it.
pub(super) fn quarters(dice: &mut Dice, mut work: impl FnMut(&mut Dice, DateTime<Utc>)) {
    for quarter in 0..(HISTORY + 3) * 4 {
        let start = noon() + TimeDelta::minutes(quarter * 15);
        for _ in 0..dice.between(2, 6) {
            let time = after(dice, start, 15);
            work(dice, time);
        }
    }
}

fn calls(dice: &mut Dice, name: &str) -> Vec<Record> {
    let mut out = Vec::new();
    let mut work = |dice: &mut Dice, time| out.push(call(dice, time, Who::Role(name), ("s3:GetObject", "")));
    days_before(dice, &mut work);
    quarters(dice, work);
    let (start, span) = (some_time(dice), dice.between(2, 25));
    let sensitive = dice.between(0, 60);
    for _ in 0..dice.between(60, 160) {
        let api = if dice.chance(sensitive) { "secretsmanager:GetSecretValue" } else { "ec2:DescribeInstances" };
        let time = after(dice, start, span);
        out.push(call(dice, time, Who::Role(name), (api, "")));
    }
    out
}

/// Somebody else with the key of a user: at another place, with another tool and another key, in another role and Region.
fn stranger(dice: &mut Dice, name: &str) -> Vec<Record> {
    let mut out = Vec::new();
    quarters(dice, |dice, time| out.push(call(dice, time, Who::User(name), ("s3:GetObject", ""))));
    let start = some_time(dice);
    for _ in 0..dice.between(1, 12) {
        let api = *dice.pick(&["sts:AssumeRole", "ec2:RunInstances", "iam:CreateUser", "s3:GetObject"]);
        let time = after(dice, start, 70);
        let mut record = call(dice, time, Who::User(name), (api, ""));
        let key = format!("AKIAIOSFODNN7EXAMPL{}", dice.between(0, 3));
        for (usual, strange) in [
            (r#""eu-west-1""#, r#""ap-east-1""#),
            ("192.0.2.7", "203.0.113.9"),
            ("Boto3/", "curl/"),
            (r#""userName""#, &format!(r#""accessKeyId":"{key}","userName""#)),
            (
                r#""requestParameters":null"#,
                r#""requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/admin"}"#,
            ),
        ] {
            if dice.chance(50) {
                record.json = record.json.replace(usual, strange);
            }
        }
        out.push(record);
    }
    out
}

/// What somebody tries who looks around.
pub(crate) const APIS: [&str; 12] = [
    "iam:ListUsers",
    "iam:ListRoles",
    "s3:ListBuckets",
    "kms:ListKeys",
    "ec2:DescribeInstances",
    "sns:ListTopics",
    "sqs:ListQueues",
    "rds:DescribeDBInstances",
    "lambda:ListFunctions",
    "ssm:GetParameter",
    "sts:GetFederationToken",
    "logs:DescribeLogGroups",
];

fn guesses(dice: &mut Dice, name: &str) -> Vec<Record> {
    let start = some_time(dice);
    let mut out = Vec::new();
    for _ in 0..dice.between(4, 10) {
        let (time, address) = (after(dice, start, 11), format!("198.51.100.{}", dice.between(1, 200)));
        out.push(sign_in(dice, time, name, (&address, "Failure", "No")));
    }
    if dice.chance(50) {
        let (time, mfa) = (after(dice, start, 60), *dice.pick(&["Yes", "No"]));
        out.push(sign_in(dice, time, name, ("203.0.113.9", "Success", mfa)));
    }
    out
}

fn spray(dice: &mut Dice, name: &str) -> Vec<Record> {
    let (start, address) = (some_time(dice), format!("203.0.113.{}", dice.between(1, 250)));
    let mut out = Vec::new();
    for user in 0..dice.between(3, 9) {
        let time = after(dice, start, 30);
        out.push(sign_in(dice, time, &format!("{name}-{user}"), (&address, "Failure", "No")));
    }
    if dice.chance(50) {
        let time = after(dice, start, 70);
        out.push(sign_in(dice, time, &format!("{name}-0"), (&address, "Success", "Yes")));
    }
    out
}

fn no_second_factor(dice: &mut Dice, name: &str) -> Vec<Record> {
    let start = some_time(dice);
    (0..dice.between(1, 4))
        .map(|_| {
            let time = after(dice, start, 90);
            sign_in(dice, time, name, ("192.0.2.40", "Success", "No"))
        })
        .collect()
}

fn root(dice: &mut Dice, _: &str) -> Vec<Record> {
    let start = some_time(dice);
    let apis = ["ec2:DescribeRegions", "iam:CreateAccessKey", "s3:ListBuckets"];
    (0..dice.between(1, 6))
        .map(|_| {
            let (time, api) = (after(dice, start, 90), *dice.pick(&apis));
            call(dice, time, Who::Root, (api, ""))
        })
        .collect()
}

/// Looking around, being refused, and blinding who watches, over some hours.
fn steps(dice: &mut Dice, name: &str) -> Vec<Record> {
    let mut out = root(dice, name);
    let (refused, blinded) = (some_time(dice), some_time(dice));
    for _ in 0..dice.between(6, 14) {
        let time = after(dice, refused, 9);
        out.push(call(dice, time, Who::Root, ("s3:GetObject", "AccessDenied")));
    }
    for _ in 0..dice.between(1, 3) {
        let time = after(dice, blinded, 30);
        out.push(call(dice, time, Who::Root, ("cloudtrail:UpdateTrail", "")));
    }
    out
}

fn trail(dice: &mut Dice, name: &str) -> Vec<Record> {
    let start = some_time(dice);
    (0..dice.between(1, 4))
        .map(|_| {
            let (time, error) = (after(dice, start, 90), *dice.pick(&["", "AccessDenied"]));
            call(dice, time, Who::User(name), ("cloudtrail:StopLogging", error))
        })
        .collect()
}

fn invocations(dice: &mut Dice, name: &str) -> Vec<Record> {
    let mut out = Vec::new();
    let mut work = |dice: &mut Dice, time| out.extend(invocation(dice, time, name, ("success", "")));
    days_before(dice, &mut work);
    quarters(dice, work);
    let start = some_time(dice);
    for _ in 0..dice.between(60, 160) {
        let time = after(dice, start, 12);
        out.extend(invocation(dice, time, name, ("success", "")));
    }
    out
}

fn failures(dice: &mut Dice, name: &str, how: (&str, &str)) -> Vec<Record> {
    let mut out = Vec::new();
    quarters(dice, |dice, time| {
        let how = if dice.chance(3) { ("error", "ValueError") } else { ("success", "") };
        out.extend(invocation(dice, time, name, how));
    });
    let start = some_time(dice);
    for _ in 0..dice.between(3, 14) {
        let time = after(dice, start, 9);
        out.extend(invocation(dice, time, name, how));
    }
    out.extend(changes(dice, start, name));
    out
}

/// Distinct questions about users, roles and policies: a correlation counts those within two minutes.
fn looks(dice: &mut Dice, name: &str) -> Vec<Record> {
    let apis = [
        "iam:ListUsers",
        "iam:ListRoles",
        "iam:ListGroups",
        "iam:ListPolicies",
        "iam:ListAccessKeys",
        "iam:ListMFADevices",
        "iam:ListAccountAliases",
        "iam:GetAccountSummary",
        "iam:GetCredentialReport",
        "iam:ListUserPolicies",
        "iam:ListInstanceProfiles",
        "iam:ListSAMLProviders",
    ];
    let start = some_time(dice);
    let mut out = Vec::new();
    for n in 0..dice.between(9, 24) as usize {
        let time = after(dice, start, 3);
        out.push(call(dice, time, Who::User(name), (apis[n % apis.len()], "")));
    }
    out
}

/// Failed sign-ins of several users, hours apart: a correlation counts those of a day.
fn tries_slowly(dice: &mut Dice, name: &str) -> Vec<Record> {
    let start = some_time(dice) - TimeDelta::hours(22);
    let mut out = Vec::new();
    for n in 0..dice.between(9, 16) {
        let (time, user) = (after(dice, start, 26 * 60), format!("{name}-{}", n % 12));
        out.push(sign_in(dice, time, &user, ("198.51.100.77", "Failure", "No")));
    }
    out
}

/// Distinct questions with the key of a user, all day.
fn looks_slowly(dice: &mut Dice, name: &str) -> Vec<Record> {
    let names = [
        "GetAccountAuthorizationDetails GetAccountSummary GetAccountPasswordPolicy GetCredentialReport ListUsers",
        "ListRoles ListGroups ListPolicies ListAccessKeys ListMFADevices ListAccountAliases ListUserPolicies",
        "ListAttachedUserPolicies ListGroupsForUser ListInstanceProfiles ListSAMLProviders ListOpenIDConnectProviders",
    ];
    let more = "DescribeInstances DescribeSecurityGroups DescribeVpcs DescribeSubnets DescribeSnapshots DescribeVolumes \
                DescribeImages DescribeKeyPairs DescribeRegions DescribeFlowLogs";
    let of = |service: &'static str, names: &'static str| names.split_whitespace().map(move |name| (service, name));
    let apis: Vec<_> = names.into_iter().flat_map(|names| of("iam", names)).chain(of("ec2", more)).collect();
    let start = some_time(dice) - TimeDelta::hours(22);
    let mut out = Vec::new();
    for n in 0..dice.between(24, 34) as usize {
        let (service, api) = apis[n % apis.len()];
        let time = after(dice, start, 25 * 60);
        let mut record = call(dice, time, Who::User(name), (&format!("{service}:{api}"), ""));
        record.json = record.json.replace(r#""userName""#, r#""accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName""#);
        out.push(record);
    }
    out
}
