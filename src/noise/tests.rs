//! Each case: who called what and how, what was found, and what becomes of it.

use std::sync::Arc;

use lapwing_detectors::alert::{Caller, EventId, Example};
use lapwing_detectors::detector::{Engine, Verdict};
use lapwing_detectors::entity::{Entity, Family, SEPARATOR};
use lapwing_detectors::event::{Call, Event, Identity, Principal, PrincipalKind, What};
use lapwing_detectors::judge::Range;
use lapwing_detectors::observe::{DeliveryId, Observer};
use lapwing_detectors::settings::Minutes;

use super::*;
use crate::rules::listed::PACK;
use crate::settings::catalog::Catalog;

const ACCOUNT: &str = "111122223333";
const MINUTE: Minute = Minute(29_000_000);

/// A caller as `ADDRESS AGENT PROVIDER`, of which `-` is none; `_` is a space.
fn caller(words: &str) -> Arc<Caller> {
    let mut words = words.split(' ').map(|word| if word == "-" { "" } else { word }.replace('_', " ").into());
    let mut next = || words.next().unwrap_or_default();
    Arc::new(Caller { address: next(), agent: next(), provider: next(), ..Caller::default() })
}

fn entity(family: Family, name: &str) -> Entity {
    Entity { family, key: format!("{ACCOUNT}{SEPARATOR}{SEPARATOR}{name}").into() }
}

/// What a rule or detector found: an event for each caller, named by its number.
fn finding(entity: &Entity, id: &str, severity: Severity, callers: &[&str]) -> Finding {
    let rule = PACK.iter().find(|rule| rule.about.id == id).map(|rule| rule.about);
    let about = rule.or_else(|| lapwing_detectors::catalog::about(id)).unwrap_or_else(|| panic!("{id}"));
    let example = |(n, words): (usize, &&str)| {
        let id = EventId::of(&n.to_string());
        Arc::new(Example { time: MINUTE.start(), id, what: "a:B".into(), caller: caller(words) })
    };
    let verdict = Verdict {
        severity,
        seen: callers.len() as u64,
        at_least: false,
        expected: None,
        threshold: Some(1.0),
        surprise: None,
        window: Minutes(1),
        folding: Folding::Sum,
        unit: "event{s}".into(),
        headline: String::new(),
        why: "why".to_owned(),
        examples: callers.iter().enumerate().map(example).collect(),
    };
    Finding {
        about,
        entity: entity.clone(),
        minute: MINUTE,
        confirmed: true,
        verdict,
        cap: Critical,
        stage: Stage::Alert,
        top: Vec::new(),
        total: 0,
        denied: 0,
        causes: Vec::new(),
    }
}

/// An entity whose principal called these APIs in the hour.
fn known(entity: &Entity, called: &[&str]) -> Known {
    let engine = Engine::default();
    let mut observer = Observer::new(&engine);
    for (n, api) in called.iter().enumerate() {
        let (service, name) = api.split_once(':').unwrap();
        let principal = Principal { name: entity.name(), kind: PrincipalKind::Role, ..Principal::default() };
        let call = Call { service, name, principal, ..Call::default() };
        let (identity, time) = (Identity(n as u64), MINUTE.start());
        let what = What::Call(&call);
        observer.event(&Event { id: "", identity, time, account: ACCOUNT, region: "", weight: 1, what });
    }
    let cells = observer.finish(DeliveryId(0), MINUTE.start()).cells().into_iter();
    let of_it = cells.filter(|(of, ..)| of == entity).map(|(_, hour, cell)| (hour, Arc::new(cell)));
    Known::of(entity.clone(), of_it.collect())
}

/// What is said of findings, as `ID SEVERITY`, and what is not, as `ID REASON`.
fn settled(settings: &str, known: &Known, findings: Vec<Finding>) -> (Vec<String>, Vec<String>) {
    let settings = Settings::read("x", settings, &Catalog::built_in()).unwrap_or_else(|wrong| panic!("{wrong}"));
    let range = Range { from: MINUTE, to: MINUTE, complete: true };
    let mut judged = Judged { findings, ..Judged::empty(known.entity.clone(), range) };
    let hidden = settle(&settings, known, &mut judged);
    let said = judged.findings.iter().map(|f| format!("{} {}", f.about.id, f.verdict.severity.name()));
    (said.collect(), hidden.iter().map(|(reason, f)| format!("{} {reason}", f.about.id)).collect())
}

/// One finding of that severity about a principal; `outcome` is the severity that it is said with, or why it is not.
fn check(settings: &str, principal: &str, (id, severity, callers): (&str, Severity, &[&str]), outcome: &str) {
    let entity = entity(Family::Principal, principal);
    let called =
        if callers.iter().any(|words| words.ends_with(" writes")) { "iam:CreateUser" } else { "ec2:DescribeVpcs" };
    let (said, hidden) = settled(settings, &known(&entity, &[called]), vec![finding(&entity, id, severity, callers)]);
    let all: Vec<String> = said.into_iter().chain(hidden).collect();
    assert_eq!(all, [format!("{id} {outcome}")], "{principal} {callers:?} {settings}");
}

use Severity::{Critical, High, Low, Medium};

#[test]
fn aws_itself() {
    let service = &["autoscaling.amazonaws.com -"][..];
    let role = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
    for (principal, found, outcome) in [
        (role, ("large-instances-started", Low, &["192.0.2.1 -"][..]), "noise.aws_services"),
        (role, ("many-instances-started", Medium, service), "low"),
        (role, ("bucket-policy-made-public", Critical, service), "critical"),
        (role, ("access-key-for-another-user", Medium, service), "medium"),
        ("autoscaling.amazonaws.com", ("function-deleted", Low, service), "noise.aws_services"),
        ("role/AWSServiceRoleForAutoScaling", ("function-deleted", Low, service), "noise.aws_services"),
        ("role/worker", ("call-refused", Low, service), "noise.called_by_aws"),
        ("role/worker", ("buckets-listed", Low, &["AWS_Internal -"]), "noise.called_by_aws"),
        ("role/worker", ("api-call-rate", Medium, service), "low"),
        // A person at the console may stand behind it.
        ("role/worker", ("function-deleted", Low, service), "low"),
        ("role/worker", ("function-deleted", Low, &["AWS_Internal -"]), "low"),
        // A name that an outsider chose, a person, and one stranger among friends.
        ("autoscaling.amazonaws.com", ("function-deleted", Low, &["192.0.2.1 -"]), "low"),
        ("role/AWSServiceRoleForAutoScaling", ("function-deleted", Low, &["192.0.2.1 -"]), "low"),
        ("user/ann", ("function-deleted", Low, service), "low"),
        ("role/worker", ("call-refused", Low, &["autoscaling.amazonaws.com -", "192.0.2.1 -"]), "low"),
        ("role/worker", ("call-refused", Low, &["192.0.2.1 -"]), "low"),
    ] {
        check("", principal, found, outcome);
    }
    check("[noise]\naws_services = false", role, ("large-instances-started", Low, service), "low");
}

#[test]
fn scanners() {
    let scan = &["192.0.2.1 prowler/3"][..];
    for (principal, found, outcome) in [
        ("role/team/Prowler-Scan", ("denied-burst", Medium, scan), "noise.scanners"),
        ("role/team/Prowler-Scan", ("denied-burst", High, scan), "low"),
        ("role/team/Prowler-Scan", ("api-call-rate", Medium, scan), "noise.scanners"),
        ("role/team/Prowler-Scan", ("user-data-read", Low, scan), "noise.scanners"),
        // It writes; it is another's user agent; what it does is no scan.
        ("role/team/Prowler-Scan", ("denied-burst", Medium, &["192.0.2.1 prowler/3 writes"]), "medium"),
        ("role/app", ("denied-burst", Medium, scan), "medium"),
        ("user/prowler", ("denied-burst", Medium, scan), "medium"),
        ("role/prowler", ("user-created", Low, scan), "low"),
        ("role/prowler", ("secrets-read-in-bulk", Low, scan), "low"),
    ] {
        check("", principal, found, outcome);
    }
    check("[noise]\nscanners = false", "role/prowler", ("denied-burst", Medium, scan), "medium");
}

#[test]
fn deploy_robots() {
    let plan = &["192.0.2.1 Terraform/1.9"][..];
    for (principal, found, outcome) in [
        ("role/terraform", ("security-group-changed", Low, plan), "noise.deploy_robots"),
        ("role/terraform", ("key-rotation-off", Medium, plan), "low"),
        ("role/terraform", ("admin-port-opened-to-world", High, plan), "high"),
        ("role/terraform", ("policy-opens-iam", Medium, plan), "medium"),
        (
            "role/cdk-hnb659fds-deploy-role",
            ("function-deleted", Low, &["192.0.2.1 aws-cdk/2.1"]),
            "noise.deploy_robots",
        ),
        // The name or the agent alone is anybody's choice.
        ("role/terraform", ("security-group-changed", Low, &["192.0.2.1 aws-cli/2.1"]), "low"),
        ("role/app", ("security-group-changed", Low, plan), "low"),
        ("role/terraform", ("access-key-for-another-user", Medium, plan), "medium"),
    ] {
        check("", principal, found, outcome);
    }
    check("[noise]\ndeploy_robots = false", "role/terraform", ("key-rotation-off", Medium, plan), "medium");
}

#[test]
fn identity_center() {
    let from = &["192.0.2.1 Chrome/126"][..];
    let ann = "AWSReservedSSO_Admin_0123456789abcdef/ann@example.com";
    for (principal, found, outcome) in [
        (ann, ("console-login-past-identity-provider", Low, from), "noise.identity_center"),
        (ann, ("signin-token-for-console", Medium, from), "low"),
        (ann, ("user-created", Low, from), "low"),
        ("Dev/ann@example.com", ("signin-token-for-console", Medium, from), "medium"),
    ] {
        check("", principal, found, outcome);
    }
    let off = "[noise]\nidentity_center = false";
    check(off, ann, ("signin-token-for-console", Medium, from), "medium");
}

const DEPLOYER: &str = "[noise]
deploy_robots = false
aws_services = false
[[deployer]]
role = 'ci-*'
account = '111122223333'
agent = 'Terraform/*'
addresses = ['192.0.2.0/24', 'cloudformation.amazonaws.com']
[[deployer]]
role = 'role/actions'
provider = 'token.actions.githubusercontent.com'
";

#[test]
fn deployers() {
    let runner = &["192.0.2.7 Terraform/1.9"][..];
    let actions = &["203.0.113.9 aws-cli/2.1 token.actions.githubusercontent.com"][..];
    for (principal, found, outcome) in [
        ("role/build/ci-main", ("function-deleted", Low, runner), "deployer 1"),
        ("role/build/ci-main", ("key-rotation-off", Medium, runner), "deployer 1"),
        ("role/ci-main", ("function-deleted", Low, &["cloudformation.amazonaws.com Terraform/1.9"]), "deployer 1"),
        ("role/ci-main", ("function-taken-out-of-vpc", Low, runner), "deployer 1"),
        ("role/actions", ("function-deleted", Low, actions), "deployer 2"),
        // Grave content stays, at low; what is no change stays as it is.
        ("role/ci-main", ("user-given-admin-policy", High, runner), "low"),
        ("role/ci-main", ("admin-port-opened-to-world", High, runner), "low"),
        ("role/ci-main", ("bucket-policy-made-public", Critical, runner), "low"),
        ("role/ci-main", ("trail-tampering", Critical, runner), "critical"),
        ("role/ci-main", ("denied-burst", Medium, runner), "medium"),
        ("role/ci-main", ("leaked-key-quarantined", Critical, runner), "critical"),
        // Whatever does not agree is nobody's deployer.
        ("role/ci-main", ("function-deleted", Low, &["198.51.100.1 Terraform/1.9"]), "low"),
        ("role/ci-main", ("function-deleted", Low, &["192.0.2.7 aws-cli/2.1"]), "low"),
        ("role/ci-main", ("function-deleted", Low, &["192.0.2.7 Terraform/1.9", "198.51.100.1 Terraform/1.9"]), "low"),
        ("role/ci-main", ("function-deleted", Low, &[]), "low"),
        ("role/actions", ("function-deleted", Low, runner), "low"),
        ("user/ci-main", ("function-deleted", Low, runner), "low"),
    ] {
        check(DEPLOYER, principal, found, outcome);
    }
}

#[test]
fn stacks_and_pipelines() {
    let stack = &["cloudformation.amazonaws.com cloudformation.amazonaws"][..];
    let pipeline = &["203.0.113.9 aws-cli/2.1 token.actions.githubusercontent.com"][..];
    for (principal, found, outcome) in [
        ("role/cdk-exec", ("function-deleted", Low, stack), "noise.deploy_robots"),
        ("role/cdk-exec", ("web-acl-removed", Medium, stack), "low"),
        ("role/cdk-exec", ("user-given-admin-policy", High, stack), "high"),
        ("role/cdk-exec", ("web-acl-removed", Medium, &["203.0.113.9 cloudformation.amazonaws"]), "medium"),
        ("role/ship", ("web-acl-removed", Medium, pipeline), "low"),
        ("role/ship", ("function-deleted", Low, pipeline), "low"),
        ("role/ship", ("web-acl-removed", Medium, &["203.0.113.9 aws-cli/2.1"]), "medium"),
        ("role/ship", ("role-trusts-another-account", Medium, pipeline), "medium"),
    ] {
        check("", principal, found, outcome);
    }
}

#[test]
fn what_is_grave_weighs_by_its_account() {
    let (live, trial) = ("[accounts.111122223333]\nenv = 'prod'", "[accounts.111122223333]\nenv = 'sandbox'");
    let stranger = &["203.0.113.9 aws-cli/2.1"][..];
    for (settings, found, outcome) in [
        (live, ("role-trusts-another-account", Medium, stranger), "high"),
        (trial, ("admin-port-opened-to-world", High, stranger), "medium"),
        (live, ("web-acl-removed", Medium, stranger), "medium"),
        (trial, ("trail-tampering", High, stranger), "high"),
        ("", ("role-trusts-another-account", Medium, stranger), "medium"),
    ] {
        check(settings, "user/eve", found, outcome);
    }
}

#[test]
fn one_deed_is_one_alert() {
    let eve = entity(Family::Principal, "user/eve");
    let (one, two) = (&["192.0.2.1"][..], &["192.0.2.1", "192.0.2.1"][..]);
    let found = |id, severity, callers| finding(&eve, id, severity, callers);
    for (findings, said, hidden) in [
        (
            vec![found("user-created", Low, one), found("identity-work-by-machine", Medium, two)],
            vec!["identity-work-by-machine medium"],
            vec!["user-created a graver finding about the same events"],
        ),
        // The lesser one is about more.
        (
            vec![found("user-created", Low, two), found("identity-work-by-machine", Medium, one)],
            vec!["identity-work-by-machine medium", "user-created low"],
            vec![],
        ),
        (
            vec![found("trail-tampering", Medium, one), found("security-hub-disabled", High, one)],
            vec!["security-hub-disabled high", "trail-tampering medium"],
            vec![],
        ),
        // That it was the root user does not tell what it did.
        (
            vec![found("root-use", High, one), found("security-hub-disabled", Medium, one)],
            vec!["root-use high", "security-hub-disabled medium"],
            vec![],
        ),
    ] {
        let (names, reasons) = settled("", &known(&eve, &[]), findings);
        assert_eq!(
            (names, reasons),
            (said.iter().map(ToString::to_string).collect(), hidden.iter().map(ToString::to_string).collect())
        );
    }
}

#[test]
fn the_graver_names_the_others() {
    let eve = entity(Family::Principal, "user/eve");
    let all = [("user-created", Low), ("identity-work-by-machine", Medium), ("group-changed", Low)];
    let findings = all.map(|(id, severity)| finding(&eve, id, severity, &["192.0.2.1"])).to_vec();
    let range = Range { from: MINUTE, to: MINUTE, complete: true };
    let mut judged = Judged { findings, ..Judged::empty(eve.clone(), range) };
    judged.findings.iter_mut().for_each(|finding| finding.verdict.why = "It is grave.".to_owned());
    let hidden = settle(&Settings::default(), &known(&eve, &[]), &mut judged);
    assert_eq!(judged.findings[0].verdict.why, "It is grave; also: group-changed, user-created");
    let mut tally = Tally::default();
    hidden.iter().for_each(|(reason, finding)| tally.add(*reason, finding));
    assert_eq!(tally.0[&Reason::Graver], Count { findings: 2, seen: 2 });
}

#[test]
fn lowering_leaves_graver_minutes_of_the_same_alert() {
    let ci = entity(Family::Principal, "role/ci-main");
    let expected = finding(&ci, "user-given-admin-policy", High, &["192.0.2.7 Terraform/1.9"; 5]);
    let strange =
        Finding { minute: MINUTE.plus(3), ..finding(&ci, "user-given-admin-policy", High, &["198.51.100.1 curl/8"]) };
    let settings = Settings::read("x", DEPLOYER, &Catalog::built_in()).unwrap();
    let range = Range { from: MINUTE, to: MINUTE.plus(3), complete: true };
    let mut judged = Judged { findings: vec![expected, strange], ..Judged::empty(ci.clone(), range) };
    assert!(settle(&settings, &known(&ci, &[]), &mut judged).is_empty());
    let mut book = lapwing_detectors::group::Book::default();
    judged.findings.into_iter().for_each(|finding| assert!(book.fold(finding)));
    let alerts = book.finish(MINUTE);
    assert_eq!(alerts.iter().map(|alert| (alert.severity, alert.seen)).collect::<Vec<_>>(), [(High, 6)]);
}
