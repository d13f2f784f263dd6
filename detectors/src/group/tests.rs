//! When an alert is said, said again, and ends.

use std::sync::Arc;

use chrono::DateTime;

use super::*;
use crate::alert::{EventId, Example, Top};
use crate::catalog::api_call_rate::ApiCallRate;
use crate::catalog::api_error_spike::ApiErrorSpike;
use crate::catalog::denied_burst::DeniedBurst;
use crate::catalog::denied_on_one_api::DeniedOnOneApi;
use crate::catalog::error_code_rate::ErrorCodeRate;
use crate::detector::{Detector, Engine, Folding, Verdict};
use crate::entity::Family;
use crate::judge::Range;
use crate::level::Surprise;
use crate::settings::Minutes;
use crate::severity::Severity;
use crate::stage::Stage;

fn finding(minute: i32, seen: u64, severity: Severity) -> Finding {
    let entity = Entity { family: Family::Principal, key: "111122223333\u{1f}\u{1f}role/ci".into() };
    let verdict = Verdict {
        severity,
        seen,
        at_least: false,
        expected: None,
        threshold: None,
        surprise: None,
        window: Minutes(10),
        folding: Folding::Largest,
        unit: "refused call{s}".into(),
        headline: "denied {seen} times".to_owned(),
        why: String::new(),
        examples: Vec::new(),
    };
    let (about, minute) = (DeniedBurst::default().about(), Minute(minute));
    Finding {
        about,
        entity,
        minute,
        confirmed: true,
        verdict,
        top: Vec::new(),
        cap: Severity::Critical,
        stage: Stage::Alert,
        total: 0,
        denied: 0,
        causes: Vec::new(),
    }
}

/// Folds findings in, says what is due after each, and lists it.
fn say(findings: &[(i32, u64, Severity)]) -> Vec<String> {
    let mut book = Book::default();
    let mut said = Vec::new();
    for (minute, seen, severity) in findings {
        book.fold(finding(*minute, *seen, *severity));
        for alert in book.due(Minute(*minute)) {
            let into = if alert.merged_into.is_some() { " merged" } else { "" };
            said.push(format!("{} {} {}{into}", alert.status.name(), alert.severity.name(), alert.seen));
            book.said(&alert, Minute(*minute));
        }
        assert!(book.due(Minute(*minute)).is_empty(), "what was said is not due again");
    }
    said
}

#[test]
fn the_most_surprising_finding_is_the_alerts() {
    let mut book = Book::default();
    let mut fold = |minute, surprise: Option<f64>| {
        let mut finding = finding(minute, 12, Severity::Low);
        finding.verdict.surprise = surprise.map(|t| Surprise { t, asked: 6.0 });
        book.fold(finding);
        book.finish(Minute(minute))[0].p_value()
    };
    assert_eq!(fold(0, None), None);
    assert_eq!(fold(1, Some(5.5)), Some(3.2e-6));
    assert_eq!(fold(2, Some(4.0)), Some(3.2e-6));
    assert_eq!(fold(3, Some(2000.0)), Some(1e-300));
}

#[test]
fn updates_are_for_rises_and_fourfold_counts() {
    use Severity::{High, Low};
    assert_eq!(say(&[(0, 10, Low), (20, 39, Low)]), ["open low 10"]);
    assert_eq!(say(&[(0, 10, Low), (20, 40, Low)]), ["open low 10", "update low 40"]);
    assert_eq!(say(&[(0, 10, Low), (59, 10, High)]), ["open low 10", "update high 10"]);
    assert_eq!(say(&[(0, 10, Low), (60, 10, Low)]), ["open low 10", "open low 10"]);
    assert_eq!(say(&[(0, 10, Low), (2, 10, High)]), ["open low 10", "update high 10"], "a rise does not wait");
}

#[test]
fn at_most_one_update_in_a_quarter_of_an_hour() {
    let low = Severity::Low;
    assert_eq!(say(&[(0, 10, low), (14, 40, low)]), ["open low 10"]);
    assert_eq!(say(&[(0, 10, low), (14, 40, low), (15, 41, low)]), ["open low 10", "update low 41"]);
}

#[test]
fn a_late_finding_between_two_alerts_makes_them_one() {
    let low = Severity::Low;
    let said = say(&[(0, 10, low), (90, 12, low), (45, 11, low)]);
    assert_eq!(said, ["open low 10", "open low 12", "update low 12 merged"]);
}

#[test]
fn an_alert_whose_middle_is_taken_back_is_two() {
    let (mut book, settling) = (Book::default(), ApiErrorSpike::default());
    let of = |minute, seen| Finding { about: settling.about(), ..finding(minute, seen, Severity::Low) };
    for (minute, seen) in [(0, 30), (50, 10), (100, 20), (150, 40)] {
        book.fold(of(minute, seen));
    }
    for alert in book.due(Minute(400)) {
        book.said(&alert, Minute(400));
    }
    let [before] = &book.finish(Minute(0))[..] else { panic!("one alert") };
    let range = Range { from: Minute(40), to: Minute(60), complete: true };
    book.take(Judged { entity: of(0, 0).entity, range, findings: Vec::new(), peaks: Vec::new() }, &Engine::default());
    let of_minutes = |alert: &Alert| (alert.seen, Minute::of(alert.window.end).0 - 1, alert.folded);
    let after = book.finish(Minute(0));
    assert_eq!(after.iter().map(of_minutes).collect::<Vec<_>>(), [(30, 0, 1), (40, 150, 2)]);
    assert_eq!(after[0].id, before.id);
    let due: Vec<(Status, u64)> = book.due(Minute(400)).iter().map(|alert| (alert.status, alert.seen)).collect();
    assert_eq!(due, [(Status::Update, 30), (Status::Open, 40)]);
}

/// What the end says of these findings, when what was said of those before is taken over.
fn recalled(before: &[(i32, u64)], now: &[(i32, u64)], gone: Gone) -> (Vec<String>, Vec<Alert>) {
    let of = |findings: &[(i32, u64)]| {
        let mut book = Book::default();
        findings.iter().for_each(|(minute, seen)| _ = book.fold(finding(*minute, *seen, Severity::Low)));
        book
    };
    let end = |book: &mut Book| {
        let all: Vec<Alert> = book.news(Minute(500)).iter().filter_map(|change| book.word(change)).collect();
        all.iter().for_each(|alert| book.said(alert, Minute(0)));
        assert!(book.news(Minute(500)).is_empty(), "what was said is not said again");
        all
    };
    let (mut first, mut second) = (of(before), of(now));
    let said = end(&mut first);
    second.recall(first.pages_since(Minute(0)), gone, &Engine::default());
    let words = |alert: &Alert| {
        let place = said.iter().position(|before| before.id == alert.id).map_or("new".to_owned(), |at| at.to_string());
        let into = if alert.merged_into.is_some() { " merged" } else { "" };
        format!("{place} {} {}{into}", alert.status.name(), alert.seen)
    };
    (end(&mut second).iter().map(words).collect(), said)
}

#[test]
fn a_second_look_says_what_differs() {
    let check = |before: &[(i32, u64)], now: &[(i32, u64)], wanted: &[&str]| {
        assert_eq!(recalled(before, now, Gone::TakenBack).0, wanted, "{before:?} {now:?}");
    };
    check(&[(100, 7)], &[(100, 7)], &[]);
    check(&[(100, 7)], &[(100, 8)], &["0 update 8"]);
    check(&[(100, 7)], &[(100, 7), (150, 3)], &["0 update 7"]);
    // An earlier minute became known: the alert keeps the id that it was said with.
    check(&[(100, 7)], &[(60, 9), (100, 7)], &["0 update 9"]);
    check(&[(100, 7)], &[(100, 7), (300, 1)], &["new open 1"]);
    check(&[(100, 7), (200, 6)], &[(100, 7), (150, 5), (200, 6)], &["0 update 7", "1 update 7 merged"]);
    check(&[(100, 7)], &[], &["0 resolved 7"]);
}

#[test]
fn other_settings_take_nothing_back() {
    assert!(recalled(&[(100, 7)], &[], Gone::Stands).0.is_empty());
}

/// A queue that is emptied days after an outage: what it brings is said, and belongs together.
#[test]
fn what_comes_days_late_is_said_and_remembered() {
    let days = |days: i32| Minute(days * 24 * 60);
    let mut book = Book::default();
    let mut say = |minute: i32, seen: u64, complete: Minute| {
        book.fold(finding(minute, seen, Severity::Low));
        book.forget(complete);
        let due = book.due(complete);
        due.iter().for_each(|alert| book.said(alert, complete));
        book.forget(complete.plus(REMEMBERED_MINUTES - 1));
        due.iter().map(|alert| (alert.status.name(), alert.seen, alert.merged_into.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(say(0, 10, days(3)), [("open", 10, false)]);
    assert_eq!(say(100, 10, days(3)), [("open", 10, false)]);
    assert_eq!(say(50, 10, days(3).plus(60)), [("update", 10, true)]);
    book.forget(days(5).plus(61));
    assert_eq!(book.courses().count(), 0);
}

/// How many of ten examples are kept of an alert of minute 0 that was said at once, when so much is complete.
fn kept(complete: i32, said: bool) -> usize {
    let example = |n: u128| Example {
        time: DateTime::UNIX_EPOCH,
        id: EventId::Uuid(n.into()),
        what: "s3:GetObject".into(),
        caller: Arc::default(),
    };
    let mut finding = finding(0, 10, Severity::Low);
    finding.verdict.examples = (0..10).map(|n| Arc::new(example(n))).collect();
    let mut book = Book::default();
    book.fold(finding);
    if said {
        book.due(Minute(0)).iter().for_each(|alert| book.said(alert, Minute(0)));
    }
    book.thin(Minute(complete));
    book.courses().map(|(_, course)| course.examples.len()).sum()
}

#[test]
fn an_alert_of_which_all_was_said_keeps_few_examples() {
    assert_eq!(kept(TOLD_MINUTES - 1, true), 10);
    assert_eq!(kept(TOLD_MINUTES, true), 3);
    assert_eq!(kept(TOLD_MINUTES, false), 10, "it is still to be said");
}

/// What one principal did is told with that one, what many did with their account, and neither with itself.
#[test]
fn an_account_tells_what_many_did() {
    let part = |name: &str, count| Top { name: name.into(), count, denied: 0 };
    let of = |family, name: &str, top: &[Top]| {
        let entity = Entity { family, key: format!("111122223333\u{1f}\u{1f}{name}").into() };
        Finding { entity, top: top.to_vec(), total: 100, ..finding(0, 100, Severity::Low) }
    };
    let one = [part("role/ci", 70), part("user/ann", 30)];
    let many = [part("role/ci", 30), part("user/ann", 30), part("user/bob", 40)];
    for (top, account_told_by, principal_told_by) in [(&one[..], true, false), (&many[..], false, true)] {
        let mut book = Book::default();
        book.fold(of(Family::Account, "111122223333", top));
        book.fold(of(Family::Principal, "role/ci", &[]));
        for alert in book.due(Minute(0)) {
            let parent = parents_of(&alert).iter().find_map(|parent| book.parent(parent, &alert));
            let wanted = if alert.subject.principal.is_empty() { account_told_by } else { principal_told_by };
            assert_eq!(parent.is_some(), wanted, "{:?}", alert.subject);
        }
    }
}

/// What mostly one principal got is told with that one's errors or refusals, and what many got by itself.
#[test]
fn an_error_code_is_told_once() {
    let named = |family, name: &str| Entity { family, key: format!("111122223333\u{1f}\u{1f}{name}").into() };
    let of = |about, entity, count: u64| {
        let part = Top { name: "role/ci".into(), count, denied: 0 };
        Finding { about, entity, top: vec![part], total: 100, ..finding(0, 100, Severity::Low) }
    };
    let on_one = "role/ci\u{1f}s3:GetObject";
    let (code, spike, burst) = (ErrorCodeRate::default(), ApiErrorSpike::default(), DeniedBurst::default());
    let (one_api, calls) = (DeniedOnOneApi::default(), ApiCallRate::default());
    for (teller, about, stage, count, told) in [
        (named(Family::Principal, "role/ci"), spike.about(), Stage::Alert, 70, true),
        (named(Family::Principal, "role/ci"), burst.about(), Stage::Alert, 70, true),
        (named(Family::Denial, on_one), one_api.about(), Stage::Digest, 70, true),
        // Many got it; somebody else fails; another API is refused; calls say nothing of errors; nobody sees the other.
        (named(Family::Principal, "role/ci"), spike.about(), Stage::Alert, 30, false),
        (named(Family::Principal, "role/etl"), spike.about(), Stage::Alert, 70, false),
        (named(Family::Denial, "role/ci\u{1f}s3:PutObject"), one_api.about(), Stage::Digest, 70, false),
        (named(Family::Principal, "role/ci"), calls.about(), Stage::Alert, 70, false),
        (named(Family::Principal, "role/ci"), spike.about(), Stage::Observe, 70, false),
    ] {
        let mut book = Book::default();
        book.fold(Finding { stage, ..of(about, teller.clone(), 100) });
        let mut child = of(code.about(), named(Family::ErrorCode, "AccessDenied"), count);
        child.stage = Stage::Digest;
        child.verdict.examples = vec![example("s3:GetObject")];
        book.fold(child);
        let due = book.due(Minute(0));
        let alert = due.iter().find(|alert| alert.detector == code.about().id).unwrap();
        let parent = parents_of(alert).iter().find_map(|parent| book.parent(parent, alert));
        assert_eq!(parent.is_some(), told, "{teller} {count} {stage:?}");
    }
}

fn example(what: &str) -> Arc<Example> {
    let (id, caller) = (EventId::of("e1"), Arc::default());
    Arc::new(Example { time: Minute(0).start(), id, what: what.into(), caller })
}
