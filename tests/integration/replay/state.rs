//! A replay goes on where another ended: together they say what one says that reads it all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use lapwing::replay::{Order, Telling};
use lapwing::settings::Settings;
use lapwing::source::find;
use lapwing_detectors::alert::{Alert, AlertId, Quality, Status};

use super::files::{batches, numbered, records, written};
use super::{Heard, How, planned, resumed};
use crate::logs::{Dice, Record, Who, call, noon};

/// Each alert by itself: what is told with what depends on what else is told.
const USUAL: How = How { telling: Telling::Each, ..super::USUAL };
const BY_DELIVERY: How = How { order: Order::Delivery, ..USUAL };

/// The files of a folder in the order in which they are read.
fn files(folder: &Path) -> Vec<PathBuf> {
    find(&[folder.to_owned()]).inputs.iter().map(|input| PathBuf::from(input.place.name())).collect()
}

fn samples() -> Vec<PathBuf> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"))
}

/// What replays say that each go on where the one before ended.
fn one_after_the_other(runs: &[&[PathBuf]], how: How) -> Vec<Heard> {
    let mut kept: Option<Vec<u8>> = None;
    let run = |paths: &&[PathBuf]| {
        let (heard, state) = resumed(paths, how, kept.as_deref());
        kept = Some(state);
        heard
    };
    runs.iter().map(run).collect()
}

/// How an alert stands, whatever its changes were. What is usual, and who else was there, may become known after it was
/// said: that alone is no news.
fn standing(alert: &Alert) -> String {
    let Alert { detector, subject, window, best, severity, seen, folded, .. } = alert;
    format!("{:?}", (detector, subject, window, best, severity, seen, folded))
}

/// How alerts stand after the last word about each: with those that have ended, and without what was taken back.
fn end(heard: &[Heard]) -> BTreeSet<(String, AlertId, bool)> {
    let mut last = BTreeMap::new();
    // What a budget was spent on was said: also alerts that were taken back later.
    for alert in all(heard).into_iter().filter(|alert| alert.detector != "budget-spent") {
        if alert.merged_into.is_some() || alert.headline.starts_with("taken back") {
            last.remove(&alert.id);
        } else {
            last.insert(alert.id, alert);
        }
    }
    last.values().map(|alert| (standing(alert), alert.id, alert.status == Status::Resolved)).collect()
}

fn all(heard: &[Heard]) -> Vec<&Alert> {
    heard.iter().flat_map(|heard| &heard.alerts).collect()
}

/// Both are the same, or else what only one of them has.
fn assert_same<T: Ord + std::fmt::Debug>(left: &BTreeSet<T>, right: &BTreeSet<T>, when: &str) {
    let only = |a: &BTreeSet<T>, b: &BTreeSet<T>| a.difference(b).map(|x| format!("\n{x:?}")).collect::<String>();
    assert!(left == right, "{when}: in parts{}\nas a whole{}", only(left, right), only(right, left));
}

fn counts(heard: &[Heard]) -> [u64; 5] {
    heard.iter().fold([0; 5], |sum, heard| {
        let stats = heard.stats;
        let here = [stats.records, stats.events, stats.rejects, stats.duplicates, stats.late];
        std::array::from_fn(|n| sum[n] + here[n])
    })
}

/// Cuts the files in two in the order of their events: not even an id differs.
fn check_cut(paths: &[PathBuf], at: usize) {
    let whole = one_after_the_other(&[paths], USUAL);
    let cut = one_after_the_other(&[&paths[..at], &paths[at..]], USUAL);
    assert_same(&end(&cut), &end(&whole), &format!("cut at {at}"));
    assert_eq!(counts(&cut), counts(&whole), "cut at {at}");
    let opened: Vec<AlertId> =
        all(&cut).iter().filter(|alert| alert.status == Status::Open).map(|alert| alert.id).collect();
    assert_eq!(opened.iter().collect::<BTreeSet<_>>().len(), opened.len(), "each is opened once: cut at {at}");
    let lines: Vec<String> = cut.iter().flat_map(Heard::lines).collect();
    assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len(), "nothing is said twice: cut at {at}");
}

fn check_cut_of_deliveries(paths: &[PathBuf], at: usize) {
    let lines = |heard: Vec<Heard>| heard.iter().flat_map(Heard::lines).collect::<Vec<_>>();
    let whole = one_after_the_other(&[paths], BY_DELIVERY);
    let cut = one_after_the_other(&[&paths[..at], &paths[at..]], BY_DELIVERY);
    assert_eq!(counts(&cut), counts(&whole), "cut at {at}");
    assert_eq!(lines(cut), lines(whole), "cut at {at}");
}

#[test]
fn two_days_are_one() {
    let samples = samples();
    let last = samples.len() - 1;
    let folder = written(&batches(&records(1), 25), numbered);
    let generated = files(folder.path());
    for (paths, cuts) in [
        (&samples, [1, 7, 15, last - 5, last]),
        (&generated, [1, 3, generated.len() / 2, generated.len() - 4, generated.len() - 1]),
    ] {
        for at in cuts {
            check_cut(paths, at);
            check_cut_of_deliveries(paths, at);
        }
    }
}

#[test]
fn any_day_may_be_read_first() {
    for seed in [1, 2, 3] {
        let folder = written(&batches(&records(seed), 25), numbered);
        let mut paths = files(folder.path());
        let whole = one_after_the_other(&[&paths], USUAL);
        let mut dice = Dice::new(seed);
        dice.shuffle(&mut paths);
        let (one, two) = (paths.len() / 3, paths.len() * 2 / 3);
        let cut = one_after_the_other(&[&paths[..one], &paths[one..two], &paths[two..]], USUAL);
        // An alert keeps the id that it was first said with, which is that of its first minute then.
        let nameless = |heard: &[Heard]| end(heard).into_iter().map(|(stands, _, over)| (stands, over)).collect();
        assert_same(&nameless(&cut), &nameless(&whole), &format!("seed {seed}"));
        assert_eq!(counts(&cut), counts(&whole), "seed {seed}");
    }
}

#[test]
fn any_memory_and_any_threads_keep_the_same() {
    let folder = written(&batches(&records(2), 10), numbered);
    let paths = files(folder.path());
    let half = paths.len() / 2;
    let expected = end(&one_after_the_other(&[&paths], USUAL));
    for how in [How { memory: 256, ..USUAL }, How { memory: 1 << 10, threads: 1, ..USUAL }] {
        let heard = one_after_the_other(&[&paths[..half], &paths[half..]], how);
        assert_same(&end(&heard), &expected, &format!("{how:?}"));
    }
    let kept = [1, 4].map(|threads| resumed(&paths, How { threads, ..USUAL }, None).1);
    assert!(kept[0] == kept[1], "the file is the same with any number of threads");
}

#[test]
fn the_same_files_again_add_nothing() {
    let paths = samples();
    for how in [USUAL, BY_DELIVERY] {
        let (first, kept) = resumed(&paths, how, None);
        let (again, kept) = resumed(&paths, how, Some(&kept));
        assert_eq!(again.lines(), Vec::<String>::new(), "{how:?}");
        assert_eq!(again.stats.duplicates, again.stats.events, "{how:?}");
        assert_eq!((again.stats.events, again.stats.rejects), (first.stats.events, first.stats.rejects));
        let (once_more, after) = resumed(&paths, how, Some(&kept));
        assert!(once_more.alerts.is_empty() && after == kept, "{how:?}");
    }
}

/// A call by the root user so many days after the first, and some at once.
fn calls(dice: &mut Dice, days: &[i64]) -> tempfile::TempDir {
    let all =
        days.iter().flat_map(|day| [0, 1].map(|minute| noon() + TimeDelta::days(*day) + TimeDelta::minutes(minute)));
    let records: Vec<Record> = all.map(|time| call(dice, time, Who::Root, ("s3:CreateBucket", ""))).collect();
    written(&[records], numbered)
}

#[test]
fn a_week_of_hours_with_events_is_held() {
    let mut dice = Dice::new(1);
    let (mut kept, mut sizes): (Option<Vec<u8>>, _) = (None, Vec::new());
    let first = calls(&mut dice, &[0]);
    for day in 0..400 {
        let folder = if day == 0 { &first } else { &calls(&mut dice, &[day]) };
        let (heard, state) = resumed(&[folder.path().to_owned()], USUAL, kept.as_deref());
        assert_eq!(heard.stats.late, 0, "day {day}");
        assert!(heard.alerts.iter().any(|alert| alert.status == Status::Open), "day {day}");
        sizes.push(state.len());
        kept = Some(state);
    }
    // The pieces that are known again grow by eight bytes or so for each file, to a bound.
    assert!(sizes[399] < sizes[200] * 3 / 2, "{sizes:?}");
    let (again, _) = resumed(&[first.path().to_owned()], USUAL, kept.as_deref());
    assert_eq!((again.alerts.len(), again.stats.duplicates), (0, again.stats.events), "a file of long ago");
}

#[test]
fn one_wrong_date_costs_nothing() {
    let mut dice = Dice::new(1);
    let (far, today, tomorrow) = (calls(&mut dice, &[0, 36_500]), calls(&mut dice, &[0]), calls(&mut dice, &[1]));
    let (_, kept) = resumed(&[far.path().to_owned()], USUAL, None);
    let (heard, kept) = resumed(&[today.path().to_owned()], USUAL, Some(&kept));
    assert_eq!(heard.stats.late, 0);
    assert!(!heard.alerts.is_empty(), "the alert grew");
    let (heard, _) = resumed(&[tomorrow.path().to_owned()], USUAL, Some(&kept));
    assert_eq!(heard.stats.late, 0);
    assert!(heard.alerts.iter().any(|alert| alert.status == Status::Open));
}

#[test]
fn other_settings_take_nothing_back() {
    let mut dice = Dice::new(1);
    let (today, tomorrow) = (calls(&mut dice, &[0]), calls(&mut dice, &[1]));
    let (heard, kept) = resumed(&[today.path().to_owned()], USUAL, None);
    assert!(heard.alerts.iter().any(|alert| alert.detector == "root-use"));
    let off = Settings { off: ["root-use"].into(), ..Settings::default() };
    let mut replay = planned(USUAL, off);
    replay.resume(Some(&kept)).unwrap();
    let without = super::heard(&mut replay, &[tomorrow.path().to_owned()]);
    assert!(without.alerts.iter().all(|alert| alert.detector != "root-use"), "{:?}", without.lines());
    let kept = replay.keep().unwrap().unwrap();
    let (again, _) = resumed(&[today.path().to_owned()], USUAL, Some(&kept));
    assert!(again.alerts.iter().all(|alert| alert.window.end > noon() + TimeDelta::hours(12)), "{:?}", again.lines());
}

#[test]
fn the_other_order_is_refused() {
    let mut dice = Dice::new(1);
    let (_, kept) = resumed(&[calls(&mut dice, &[0]).path().to_owned()], USUAL, None);
    let wrong = planned(BY_DELIVERY, Settings::default()).resume(Some(&kept)).unwrap_err();
    assert_eq!(wrong.to_string(), "it was kept with --order event");
    for end in 0..kept.len() {
        assert!(planned(USUAL, Settings::default()).resume(Some(&kept[..end])).is_err(), "the first {end} bytes");
    }
}

#[test]
fn what_may_still_change_is_provisional() {
    let (heard, _) = resumed(&samples(), USUAL, None);
    let newest = heard.alerts.iter().map(|alert| alert.window.end).max().unwrap();
    for alert in &heard.alerts {
        assert!(alert.quality == Quality::Complete || alert.window.end > newest - TimeDelta::hours(1));
    }
}
