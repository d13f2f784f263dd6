use chrono::TimeDelta;

use super::*;

fn alert(id: u64, principal: &str, severity: Severity) -> Alert {
    let day = Day(20_000);
    Alert {
        id: AlertId(id),
        detector: "api-call-rate",
        title: "Unusual API call rate",
        severity,
        expected: Some(3.0),
        raised_at: day.start() + TimeDelta::minutes(id as i64),
        subject: Subject { principal: principal.to_owned(), account: "111122223333".to_owned(), ..Subject::default() },
        headline: format!("headline {id}"),
        ..spent_alert(day, Budget::default())
    }
}

#[test]
fn days_are_those_of_utc() {
    let day = |text: &str| Day::of(text.parse().unwrap()).to_string();
    assert_eq!(day("2026-07-14T00:00:00Z"), "2026-07-14");
    assert_eq!(day("2026-07-14T23:59:59.999Z"), "2026-07-14");
    assert_eq!(day("1969-12-31T23:00:00Z"), "1969-12-31");
    assert_eq!(Day::of(DateTime::<Utc>::MAX_UTC).after().before(), Day::of(DateTime::<Utc>::MAX_UTC));
}

#[test]
fn only_what_is_compared_and_not_grave_is_governed() {
    let compared = alert(1, "role/a", Severity::Medium);
    let check = |alert: Alert, governed: bool| assert_eq!(Budget::governs(&alert), governed, "{alert:?}");
    check(compared.clone(), true);
    check(Alert { expected: None, surprise: Some(9.0), ..compared.clone() }, true);
    check(Alert { expected: None, ..compared.clone() }, false);
    check(Alert { expected: None, detector: "new-region", ..compared.clone() }, true);
    check(Alert { stage: Stage::Digest, ..compared.clone() }, false);
    check(Alert { severity: Severity::High, ..compared.clone() }, false);
    check(Alert { severity: Severity::Critical, ..compared }, false);
}

#[test]
fn a_day_has_so_many_and_a_subject_a_quarter_of_them() {
    let check = |per_day: u32, subjects: &[&str], wanted: &[bool]| {
        let (mut spent, budget) = (Spent::default(), Budget { per_day });
        for _ in 0..2 {
            // Whoever asks again gets the same answer.
            let alerts = subjects.iter().zip(0..).map(|(name, id)| alert(id, name, Severity::Low));
            let taken: Vec<bool> = alerts.map(|alert| spent.takes(&alert, budget)).collect();
            assert_eq!(taken, wanted, "{per_day} {subjects:?}");
        }
    };
    check(2, &["a", "b", "c"], &[true, true, false]);
    check(5, &["a", "a", "a", "b", "b", "c", "d"], &[true, true, false, true, true, true, false]);
    check(8, &["a", "a", "a"], &[true, true, false]);
    check(0, &["a"], &[false]);
}

#[test]
fn a_digest_counts_each_alert_once() {
    let mut digest = Digest::default();
    assert!(digest.enter(&alert(1, "a", Severity::Low), Reason::Stage));
    assert!(!digest.enter(&alert(1, "a", Severity::Low), Reason::Stage));
    assert!(digest.enter(&alert(2, "a", Severity::Low), Reason::Budget));
    assert!(digest.enter(&alert(3, "b", Severity::Medium), Reason::Folded));
    let line = &digest.lines[&("api-call-rate".to_owned(), Severity::Low)];
    assert_eq!((line.alerts, line.over_budget, line.folded, line.others), (2, 1, 0, 0));
    assert_eq!(line.subjects, BTreeMap::from([("a (111122223333)".to_owned(), 2)]));
    assert_eq!(line.last - line.first, TimeDelta::minutes(1));
    assert_eq!((digest.alerts(), digest.highest.len()), (3, 1));
    assert_eq!(digest.at_least(Severity::Medium).alerts(), 1);
}

#[test]
fn counts_are_exact_whatever_the_names() {
    let mut parts = [Digest::default(), Digest::default()];
    for id in 0..20_000 {
        let mut alert = alert(id, &format!("role/{}", id % 700), Severity::Low);
        alert.detector = ["a", "b", "c"][id as usize % 3];
        parts[id as usize % 2].enter(&alert, Reason::Budget);
    }
    let [mut all, other] = parts;
    all.merge(other);
    assert_eq!(all.alerts(), 20_000);
    for line in all.lines.values() {
        assert_eq!(line.alerts, line.others + line.subjects.values().sum::<u64>());
        assert!(line.subjects.len() <= 2 * SUBJECTS);
    }
    assert_eq!(all.highest.len(), HIGHEST);
}

#[test]
fn the_gravest_and_rarest_are_shown() {
    let mut digest = Digest::default();
    for (id, severity, p) in [
        (1, Severity::Low, Some(9.0)),
        (2, Severity::Medium, Some(5.0)),
        (3, Severity::Medium, Some(300.0)),
        (4, Severity::Low, None),
    ] {
        digest.enter(&Alert { surprise: p, ..alert(id, "a", severity) }, Reason::Budget);
    }
    assert_eq!(digest.highest.iter().map(|highest| highest.id.0).collect::<Vec<_>>(), [3, 2, 1, 4]);
}
