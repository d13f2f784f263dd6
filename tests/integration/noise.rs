//! A day of an account like those that users complain about: AWS itself, a scanner, a deploy tool and single sign-on make
//! nearly all of its refusals and changes. What is hidden is counted and can be shown; what is grave is said.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const ROLE_NAMED_BY_AWS: &str = "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";

/// How a call was made: by whom, from which address, with which agent, and what went wrong.
#[derive(Clone, Copy)]
struct How<'a> {
    role: &'a str,
    address: &'a str,
    agent: &'a str,
    error: &'a str,
}

impl How<'_> {
    /// A record of the call of an API, so many minutes into the day.
    fn call(&self, minute: usize, api: &str, request: &Value) -> Value {
        let (service, name) = api.split_once(':').unwrap();
        let short = self.role.rsplit('/').next().unwrap();
        let mut record = json!({
            "eventVersion": "1.11",
            "eventID": format!("{api} {} {minute} {request}", self.role),
            "eventTime": format!("2026-10-{}T{:02}:{:02}:00Z", 20 + minute / 1440, minute / 60 % 24, minute % 60),
            "eventSource": format!("{service}.amazonaws.com"),
            "eventName": name,
            "eventType": "AwsApiCall",
            "awsRegion": "eu-west-1",
            "recipientAccountId": ACCOUNT,
            "sourceIPAddress": self.address,
            "userAgent": self.agent,
            "requestParameters": request,
            "userIdentity": {
                "type": "AssumedRole",
                "accountId": ACCOUNT,
                "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{short}/run"),
                "sessionContext": {"sessionIssuer": {"arn": format!("arn:aws:iam::{ACCOUNT}:role/{}", self.role)}},
            },
        });
        if !self.error.is_empty() {
            record["errorCode"] = self.error.into();
        }
        record
    }
}

const SCANNER: How<'static> =
    How { role: "audit/prowler", address: "198.51.100.30", agent: "Boto3/1.34", error: "AccessDenied" };
const TERRAFORM: How<'static> =
    How { role: "terraform-live", address: "192.0.2.10", agent: "APN/1.0 HashiCorp/1.0 Terraform/1.9.2", error: "" };
const READS: [&str; 9] = [
    "iam:ListUsers",
    "kms:ListKeys",
    "sns:ListTopics",
    "sqs:ListQueues",
    "ssm:DescribeParameters",
    "rds:DescribeDBInstances",
    "ecr:DescribeRepositories",
    "lambda:ListFunctions",
    "logs:DescribeLogGroups",
];

fn day() -> Vec<Value> {
    let none = json!(null);
    let mut day = Vec::new();
    let aws =
        How { role: ROLE_NAMED_BY_AWS, address: "config.amazonaws.com", agent: "config.amazonaws.com", ..SCANNER };
    day.extend((0..1205).map(|n| aws.call(n, "s3:GetBucketPolicy", &none)));
    // Every three hours the scanner asks for what it may not see.
    for round in 0..8 {
        day.extend((0..54).map(|n| SCANNER.call(60 + round * 180 + n / 9, READS[n % 9], &json!({"n": n}))));
    }
    // Four deploys change functions and security groups.
    for deploy in 0..4 {
        let minute = 300 + deploy * 240;
        let port = json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 443, "toPort": 443,
            "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}}]}});
        day.push(TERRAFORM.call(minute, "ec2:AuthorizeSecurityGroupIngress", &port));
        day.push(TERRAFORM.call(minute, "lambda:DeleteFunction20150331", &json!({"functionName": "old"})));
        day.push(TERRAFORM.call(minute + 1, "kms:DisableKeyRotation", &json!({"keyId": "k"})));
        day.push(TERRAFORM.call(minute + 2, "logs:DeleteLogGroup", &json!({"logGroupName": "old"})));
    }
    day
}

fn grave() -> Vec<Value> {
    let who = json!({"roleName": "app", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"});
    let stranger = How { address: "203.0.113.66", agent: "curl/8.5", ..TERRAFORM };
    vec![
        TERRAFORM.call(900, "iam:AttachRolePolicy", &who),
        stranger.call(901, "lambda:DeleteFunction20150331", &json!({"functionName": "pay"})),
    ]
}

struct Said {
    alerts: Vec<String>,
    summary: String,
}

fn replayed(records: &[Value], (settings, more): (&str, &[&str])) -> Said {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("day.json"), json!({ "Records": records }).to_string()).unwrap();
    fs::write(folder.path().join("lapwing.toml"), settings).unwrap();
    run(folder.path(), more)
}

fn run(folder: &Path, more: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapwing"));
    command.args(["replay", "day.json", "--format", "jsonl", "--each"]).args(more).current_dir(folder);
    let output = command.output().unwrap();
    let alerts = String::from_utf8(output.stdout).unwrap().lines().map(shown).collect();
    Said { alerts, summary: String::from_utf8(output.stderr).unwrap() }
}

fn shown(line: &str) -> String {
    let alert: Value = serde_json::from_str(line).unwrap();
    let mut text = format!("{} {}", alert["severity"].as_str().unwrap(), alert["detector"].as_str().unwrap());
    let _ = write!(text, " {}", alert["subject"]["principal"].as_str().unwrap_or_default());
    let why = alert["why"].as_str().unwrap_or_default();
    text + why.find("; also: ").map_or("", |at| &why[at..])
}

/// How often each line is there, in order of lines.
fn counted(alerts: &[String]) -> Vec<(usize, &str)> {
    let mut all: Vec<&str> = alerts.iter().map(String::as_str).collect();
    all.sort_unstable();
    all.chunk_by(|a, b| a == b).map(|same| (same.len(), same[0])).collect()
}

const OFF: &str = "[noise]\naws_services = false\nscanners = false\ndeploy_robots = false\n";
const DEPLOYER: &str = "[[deployer]]
role = 'terraform-*'
agent = 'Terraform/*'
addresses = ['192.0.2.0/24']
";

#[test]
fn a_noisy_day_is_quiet_and_says_what_it_hid() {
    let loud = replayed(&day(), (OFF, &[]));
    let all = [
        (1, "low function-deleted role/terraform-live"),
        (1, "low log-group-deleted role/terraform-live"),
        (8, "medium denied-burst role/audit/prowler"),
        (1, "medium key-rotation-off role/terraform-live"),
    ];
    assert_eq!(counted(&loud.alerts), all);
    let quiet = replayed(&day(), ("", &["--hidden"]));
    assert_eq!(counted(&quiet.alerts), [(1, "low key-rotation-off role/terraform-live")]);
    for wanted in [
        "hidden 56 findings (noise profiles of version 6); `--hidden` shows them\n",
        "\n        48  noise.scanners: ",
        "; they had seen 432\n",
        "\n         8  noise.deploy_robots: ",
        "\n  2026-10-20 01:00  medium  denied-burst  role/audit/prowler: denied on 9 APIs in 10 min  (6 findings; noise.scanners)\n",
    ] {
        assert!(quiet.summary.contains(wanted), "{wanted} in\n{}", quiet.summary);
    }
    let shown = quiet.summary.lines().filter(|line| line.starts_with("  2026-10-20 ")).count();
    assert_eq!(shown, 10, "{}", quiet.summary);
    assert_eq!(replayed(&day(), (DEPLOYER, &[])).alerts, [""; 0]);
}

#[test]
fn what_somebody_does_each_day_is_low_from_where_it_is_usual() {
    let render = How { role: "render", address: "198.51.100.30", agent: "Boto3/1.34", error: "" };
    let machines =
        json!({"instanceType": "c6i.large", "instancesSet": {"items": [{"imageId": "ami-1", "maxCount": 40}]}});
    let grades = |days: &[How<'_>]| {
        let day = |(day, how): (usize, &How<'_>)| how.call(600 + day * 1440, "ec2:RunInstances", &machines);
        let records: Vec<Value> = days.iter().enumerate().map(day).collect();
        let said = replayed(&records, ("", &[]));
        let started = said.alerts.iter().filter(|alert| alert.contains("many-instances-started"));
        started.map(|alert| alert.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(grades(&[render, render, render]), ["medium", "low", "low"]);
    assert_eq!(grades(&[render, How { address: "203.0.113.66", ..render }]), ["medium", "medium"]);
    assert_eq!(grades(&[render, How { agent: "curl/8.5", ..render }]), ["medium", "medium"]);
    assert_eq!(grades(&[render, How { role: "other", ..render }]), ["medium", "medium"]);
}

#[test]
fn what_is_grave_is_said_whoever_does_it() {
    let records: Vec<Value> = day().into_iter().chain(grave()).collect();
    let by_profile = replayed(&records, ("", &[]));
    let expected = [
        (1, "low function-deleted role/terraform-live"),
        (1, "low key-rotation-off role/terraform-live"),
        (1, "medium role-or-group-given-admin-policy role/terraform-live"),
    ];
    assert_eq!(counted(&by_profile.alerts), expected);
    let by_deployer = replayed(&records, (DEPLOYER, &[]));
    // The deletion by a stranger is the same deed as the misuse, which names it.
    let expected = [
        (1, "low role-or-group-given-admin-policy role/terraform-live"),
        (1, "medium deployer-misused role/terraform-live; also: function-deleted"),
    ];
    assert_eq!(counted(&by_deployer.alerts), expected);
}
