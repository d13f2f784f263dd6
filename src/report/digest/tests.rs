use lapwing_detectors::alert::{Alert, AlertId};
use lapwing_detectors::day::Reason;

use super::*;
use crate::report::sample::{etl_nightly, hostile};

fn day() -> Day {
    Day::of("2026-03-03T00:00:00Z".parse().unwrap())
}

fn digest() -> Digest {
    let mut digest = Digest::default();
    for (id, reason) in [(1, Reason::Stage), (2, Reason::Budget), (3, Reason::Folded)] {
        digest.enter(&Alert { id: AlertId(id), ..etl_nightly() }, reason);
    }
    for id in 10..15 {
        let mut alert = Alert { id: AlertId(id), detector: "buckets-listed", severity: Severity::Low, ..etl_nightly() };
        alert.subject.principal = format!("user/{id}");
        digest.enter(&alert, Reason::Stage);
    }
    digest
}

#[test]
fn people_read_the_gravest_first() {
    let wanted = "\
DIGEST · 2026-03-03: 8 alerts, 1 of them beyond the budget
medium       3  call-rate  02:25–02:25  role/etl-nightly (prod-data) 3; 1 beyond the budget; 1 part of other alerts
low          5  buckets-listed  02:25–02:25  user/10 (prod-data) 1, user/11 (prod-data) 1, user/12 (prod-data) 1, others 2
Beyond the budget, the gravest first:
  02:25 medium · role/etl-nightly (prod-data): 640 API calls in 15 min, usual 38 (LW-0000000000000002)
";
    let text = text(day(), &digest());
    assert_eq!(text.rsplit_once("Id LW-").unwrap().0, wanted);
    assert_eq!(subject(day(), &digest()), "[DIGEST] 2026-03-03: 8 alerts, 1 of them beyond the budget");
}

#[test]
fn what_is_not_shown_is_counted() {
    let mut digest = Digest::default();
    for id in 0..300 {
        let detector = Box::leak(format!("rule-{id}").into_boxed_str());
        digest.enter(&Alert { id: AlertId(id), detector, ..etl_nightly() }, Reason::Stage);
    }
    let text = text(day(), &digest);
    assert!(text.contains("not shown: 260 alerts in 260 lines"), "{text}");
    let object: Value = serde_json::from_str(&json(day(), &digest)).unwrap();
    assert_eq!(object["left_out"], json!({ "lines": 220, "alerts": 220 }));
    assert_eq!(object["alerts"], 300);
}

#[test]
fn programs_read_one_object() {
    let object: Value = serde_json::from_str(&json(day(), &digest())).unwrap();
    assert_eq!(object["digest"], "2026-03-03");
    assert_eq!(object["severity"], "medium");
    assert_eq!(object["lines"][1]["alerts"], 5);
    assert_eq!(object["over_budget"][0]["id"], "LW-0000000000000002");
}

#[test]
fn a_hostile_name_does_no_harm() {
    let mut digest = Digest::default();
    for id in 0..600 {
        let mut alert = Alert { id: AlertId(id), ..hostile() };
        alert.detector = Box::leak(format!("rule-{}", id % 100).into_boxed_str());
        alert.subject.principal.insert_str(0, &id.to_string());
        digest.enter(&alert, Reason::Budget);
    }
    let (text, json, chat) = (text(day(), &digest), json(day(), &digest), notification(day(), &digest));
    for sent in [&text, &json, &chat] {
        assert!(sent.len() < 262_144, "{}", sent.len());
        assert!(!sent.chars().any(|c| c.is_control() && c != '\n'), "{sent}");
    }
    let chat: Value = serde_json::from_str(&chat).unwrap();
    assert!(!chat["content"]["description"].as_str().unwrap().contains("<!here>"));
    assert!(subject(day(), &digest).len() < 100);
}
