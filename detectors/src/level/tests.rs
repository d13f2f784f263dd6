use super::*;
use crate::catalog::change_before_failure::ChangeBeforeFailure;
use crate::catalog::function_error_spike::FunctionErrorSpike;
use crate::detector::Detector;
use crate::entity::Family;
use crate::script::check_at;

const BUDGET: Budget = Budget { per_day: 5 };

fn peak(pool: Pool, series: usize, over: f64) -> Peak {
    let entity = Entity { family: Family::Principal, key: series.to_string().into() };
    Peak::of(Minute(0), ("api-call-rate", &entity), (pool, Surprise { t: 6.0 + over, asked: 6.0 }))
}

fn peaks(pool: Pool, all: &[f64]) -> Peaks {
    let mut peaks = Peaks::default();
    all.iter().enumerate().for_each(|(series, over)| peaks.add(peak(pool, series, *over)));
    peaks
}

/// The level after so many days that each had these peaks.
fn check(days: usize, (compared, news): (&[f64], &[f64]), wanted: (i8, i8)) {
    let mut day = peaks(Pool::Compared, compared);
    day.merge(peaks(Pool::News, news));
    let standing = (0..days).fold(Standing::default(), |standing, _| standing.next(&day, BUDGET));
    assert_eq!((standing.level.compared, standing.level.news), wanted, "{days} days of {compared:?} and {news:?}");
}

#[test]
fn a_level_is_reached_as_often_as_the_budget_allows() {
    let loud: Vec<f64> = (0..20).map(|n| 0.15 + 0.1 * f64::from(n)).collect();
    // The five highest are 1.65 and more.
    check(1, (&loud, &[]), (16, 0));
    check(9, (&loud, &[]), (16, 0));
    let flood = [4.5; 30];
    check(1, (&flood, &[]), (30, 0));
    check(0, (&flood, &[]), (0, 0));
}

#[test]
fn a_quiet_account_is_asked_for_less_once_it_is_known() {
    check(2, (&[0.5, -0.65, -1.2], &[]), (0, 0));
    check(5, (&[0.5, -0.65, -1.2], &[]), (-15, 0));
    check(9, (&[-0.25; 9], &[]), (-2, 0));
    check(9, (&[], &[]), (0, 0));
}

#[test]
fn what_is_new_gets_half_and_leaves_the_rest() {
    // Two of five are new: three are left.
    check(1, (&[0.35, 0.45, 0.55, 0.65], &[0.1, 0.1]), (4, 0));
    // Seven are too many: the level rises to what two of them reach, and three are left again.
    check(1, (&[0.35, 0.45, 0.55, 0.65], &[0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65]), (4, 5));
    // It never hides what is new of those who are known best.
    check(1, (&[], &[0.9; 20]), (0, 7));
}

#[test]
fn what_was_loud_is_forgotten() {
    let (loud, quiet) = (peaks(Pool::Compared, &[1.05; 40]), peaks(Pool::Compared, &[]));
    let mut standing = Standing::default().next(&loud, BUDGET);
    assert_eq!(standing.level.compared, 11);
    let mut days = 0;
    while standing.level.compared > 0 {
        (standing, days) = (standing.next(&quiet, BUDGET), days + 1);
    }
    assert_eq!(days, 4);
    assert_eq!(Standing::default().next(&loud, Budget { per_day: 0 }).level, Level::default());
}

#[test]
fn any_order_and_repetition_keeps_the_same_peaks() {
    let all: Vec<Peak> = (0..5_000)
        .map(|n: usize| {
            peak(
                if n.is_multiple_of(7) { Pool::News } else { Pool::Compared },
                n % 2_500,
                (n * 7_919 % 6_000) as f64 / 1_000.0 - 1.5,
            )
        })
        .collect();
    let gathered = |all: &mut dyn Iterator<Item = &Peak>| {
        let mut peaks = Peaks::default();
        all.for_each(|peak| peaks.add(*peak));
        peaks
    };
    let wanted = gathered(&mut all.iter());
    assert_eq!(wanted.0.len(), PARTS as usize * KEPT);
    assert_eq!(gathered(&mut all.iter().rev().chain(&all[..900])), wanted);
    let mut parts = Peaks::default();
    (0..PARTS).for_each(|part| parts.merge(gathered(&mut all.iter().filter(|peak| peak.part() == part))));
    assert_eq!(parts, wanted);
}

#[test]
fn a_day_without_a_note_has_the_last_ones_level() {
    let mut levels = Levels::default();
    let of = |levels: &Levels, day: i32| levels.of(Minute(day * 1_440 + 1_439)).compared;
    for (day, compared) in [(10, 0), (11, 4), (12, 4), (14, -3)] {
        levels.set(Day(day), Level { compared, news: 0 });
    }
    assert_eq!([9, 10, 11, 12, 13, 14, 99].map(|day| of(&levels, day)), [0, 0, 4, 4, 4, -3, -3]);
    assert_eq!(levels.changes().map(|(day, _)| day.0).collect::<Vec<_>>(), [11, 14]);
    levels.forget(Day(12));
    assert_eq!([11, 12].map(|day| of(&levels, day)), [0, 4]);
}

fn failures() -> Vec<Box<dyn Detector>> {
    vec![Box::new(FunctionErrorSpike::default()), Box::new(ChangeBeforeFailure::default())]
}

/// What is said of the errors of a function on a day with a level.
fn check_errors(compared: i8, script: &str, expected: &str) {
    let script = format!("00:00-08:50/10m REPORT fn=pay x4\n {script}");
    check_at(Level { compared, news: 0 }, (&failures, "function-error-spike"), &script, expected);
}

#[test]
fn a_level_hides_what_is_medium_and_nothing_grave() {
    let script = "09:02 REPORT error fn=pay x6";
    check_errors(0, script, "09:02 medium pay: 6 of 6 invocations failed in 5 min, usual 0.2 %");
    check_errors(i8::MAX, script, "");
    let changed = r#"09:00 lambda:UpdateFunctionCode who=role/ci request={"functionName":"pay"}"#;
    let said = "09:02 high pay: 6 of 6 invocations failed in 5 min, usual 0.2 %; 2 min after lambda:UpdateFunctionCode by role/ci";
    check_errors(0, &format!("{changed}\n {script}"), said);
    check_errors(i8::MAX, &format!("{changed}\n {script}"), said);
}

#[test]
fn a_level_says_how_it_came_about() {
    let of = Surprise { t: 6.53, asked: 6.0 };
    for (compared, said) in [
        (
            4,
            "; surprise 6.5, and the level of that day asks for 6.4: 0.4 more than the settings, as more came before than the budget has room for",
        ),
        (
            -15,
            "; surprise 6.5, and the level of that day asks for 4.5: 1.5 less than the settings, as fewer came before than the budget has room for",
        ),
        (0, ""),
    ] {
        assert_eq!(Level { compared, news: 7 }.said(Pool::Compared, of), said);
    }
}
