use lapwing_detectors::alert::{AlertId, Subject};
use lapwing_detectors::day::spent_alert;
use lapwing_detectors::settings::Minutes;
use lapwing_detectors::severity::Severity;

use super::*;

const DAY: Day = Day(20_000);
const LATENESS: Lateness = Lateness { lambda: Minutes(5), cloudtrail: Minutes(15) };

fn alert(id: u64, hour: i64) -> Alert {
    Alert {
        id: AlertId(id),
        detector: "api-call-rate",
        severity: Severity::Low,
        expected: Some(3.0),
        raised_at: DAY.start() + TimeDelta::hours(hour),
        subject: Subject { principal: format!("role/{id}"), ..Subject::default() },
        ..spent_alert(DAY, Budget::default())
    }
}

fn at(minutes: i64) -> DateTime<Utc> {
    DAY.start() + TimeDelta::minutes(minutes)
}

#[test]
fn an_alert_belongs_to_its_day_until_that_is_over() {
    let midnight = 24 * 60;
    for (now, wanted) in
        [(23 * 60, DAY), (midnight + 29, DAY), (midnight + 30, DAY.after()), (3 * midnight, Day(DAY.0 + 2))]
    {
        assert_eq!(day_of(&alert(1, 22), at(now), LATENESS), wanted, "{now}");
    }
    assert_eq!(day_of(&alert(1, 30), at(60), LATENESS), DAY, "a clock that is ahead opens no day to come");
    assert_eq!(closed(at(midnight + 29), LATENESS), DAY.before());
    assert_eq!(closed(at(midnight + 30), LATENESS), DAY);
}

#[test]
fn the_budget_decides_once_and_later_changes_follow() {
    let mut days = Days::default();
    let budget = Budget { per_day: 1 };
    let mut place = |id, status, day| {
        let placed = days.place(&Alert { status, ..alert(id, 3) }, (day, budget));
        (placed.way, placed.spent.is_some())
    };
    use Status::{Open, Resolved, Update};
    assert_eq!(place(1, Open, DAY), (Way::Single, false));
    assert_eq!(place(2, Open, DAY), (Way::Digest, true), "what finds it spent says so");
    assert_eq!(place(1, Update, DAY), (Way::Single, false));
    assert_eq!(place(2, Resolved, DAY), (Way::Digest, false));
    assert_eq!(place(1, Resolved, DAY.after()), (Way::Single, false), "what was sent is taken back the day after");
    assert_eq!(place(3, Open, DAY.after()), (Way::Single, false), "and spends nothing of that day");
    assert_eq!(days.unsent(DAY).map(|(day, digest)| (day, digest.alerts())), Some((DAY, 1)));
}

#[test]
fn that_the_budget_is_spent_is_said_once() {
    let mut days = Days::default();
    let place = |days: &mut Days, id| days.place(&alert(id, 3), (DAY, Budget { per_day: 0 })).spent;
    assert_eq!(place(&mut days, 1), Some(DAY));
    assert_eq!(place(&mut days, 1), Some(DAY), "until it was said");
    days.said(Daily::Spent(DAY));
    assert_eq!(place(&mut days, 2), None);
}

#[test]
fn a_digest_is_handed_out_until_it_was_said() {
    let mut days = Days::default();
    days.place(&Alert { stage: Stage::Digest, ..alert(1, 3) }, (DAY, Budget::default()));
    days.place(&Alert { part_of: Some(AlertId(7)), ..alert(2, 3) }, (DAY, Budget::default()));
    assert_eq!(days.unsent(DAY.before()), None);
    for _ in 0..2 {
        assert_eq!(days.unsent(DAY).map(|(_, digest)| digest.alerts()), Some(2));
    }
    days.said(Daily::Digest(DAY));
    assert_eq!(days.unsent(DAY), None);
}

#[test]
fn an_errand_is_one_instances_at_a_time() {
    let claim = |owner, minutes| Claim { owner, now: at(minutes), until: at(minutes + 3) };
    let mut errand = Errand::default();
    assert!(errand.take(claim(1, 0)));
    assert!(errand.take(claim(1, 1)), "who has it may try again");
    assert!(!errand.take(claim(2, 3)));
    assert!(errand.take(claim(2, 4)), "who died leaves it to others");
    errand = Errand::Done;
    assert!(!errand.take(claim(2, 90)));
}

#[test]
fn a_digest_fits_into_an_item_whatever_is_in_it() {
    let mut digest = Digest::default();
    let name = "\u{10ffff}".repeat(1_000);
    let names: Vec<String> = (0..400).map(|n| format!("rule-of-a-usual-length-{n}")).collect();
    for id in 0..30_000_u64 {
        let mut alert = alert(id.wrapping_mul(0x9e37_79b9_7f4a_7c15), 3);
        alert.subject.principal = format!("{id}{name}");
        alert.detector = Box::leak(names[id as usize % 400].clone().into_boxed_str());
        alert.headline.clone_from(&name);
        digest.enter(&alert, Reason::Budget);
    }
    let size = postcard::to_stdvec(&digest).unwrap().len();
    assert!(size < 400 << 10, "{size}");
}
