//! A replay goes on where another ended: together they say what one says that reads it all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lapwing::replay::Order;
use lapwing::source::find;
use lapwing_detectors::alert::{Alert, AlertId, Quality, Status};

use super::files::{batches, numbered, records, written};
use super::{Heard, How, USUAL, resumed};
use crate::logs::Dice;

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
    let mut kept = None;
    let run = |paths: &&[PathBuf]| {
        let (heard, state) = resumed(paths, how, kept.take());
        kept = Some(state);
        heard
    };
    runs.iter().map(run).collect()
}

/// How an alert stands, whatever its changes were.
fn standing(alert: &Alert) -> String {
    let is = (alert.detector, &alert.subject, &alert.window, &alert.best, alert.severity, alert.seen);
    format!("{is:?} {:?} {:?} {:?} {}", alert.expected, alert.examples, alert.top, alert.folded)
}

/// How alerts stand after the last word about each: with those that have ended, and without what was taken back.
fn end(alerts: &[&Alert]) -> BTreeMap<AlertId, (bool, String)> {
    let mut all = BTreeMap::new();
    for alert in alerts {
        if alert.merged_into.is_some() || alert.headline.starts_with("taken back") {
            all.remove(&alert.id);
        } else {
            all.insert(alert.id, (alert.status == Status::Resolved, standing(alert)));
        }
    }
    all
}

fn all(heard: &[Heard]) -> Vec<&Alert> {
    heard.iter().flat_map(|heard| &heard.alerts).collect()
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
    assert_eq!(end(&all(&cut)), end(&all(&whole)), "cut at {at}");
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
        let named = |heard: &[Heard]| {
            let mut stand: Vec<_> = end(&all(heard)).into_values().collect();
            stand.sort();
            stand
        };
        assert_eq!(named(&cut), named(&whole), "seed {seed}");
        assert_eq!(counts(&cut), counts(&whole), "seed {seed}");
    }
}

#[test]
fn any_memory_and_any_threads_keep_the_same() {
    let folder = written(&batches(&records(2), 10), numbered);
    let paths = files(folder.path());
    let half = paths.len() / 2;
    let expected = end(&all(&one_after_the_other(&[&paths], USUAL)));
    for how in [How { memory: 256, ..USUAL }, How { memory: 1 << 10, threads: 1, ..USUAL }] {
        let heard = one_after_the_other(&[&paths[..half], &paths[half..]], how);
        assert_eq!(end(&all(&heard)), expected, "{how:?}");
    }
    let kept = [1, 4].map(|threads| resumed(&paths, How { threads, ..USUAL }, None).1);
    assert!(kept[0] == kept[1], "the file is the same with any number of threads");
}

#[test]
fn the_same_files_again_add_nothing() {
    let paths = samples();
    for how in [USUAL, BY_DELIVERY] {
        let (first, kept) = resumed(&paths, how, None);
        let (again, kept) = resumed(&paths, how, Some(kept));
        assert_eq!(again.lines(), Vec::<String>::new(), "{how:?}");
        assert_eq!(again.stats.duplicates, again.stats.events, "{how:?}");
        assert_eq!((again.stats.events, again.stats.rejects), (first.stats.events, first.stats.rejects));
        let (once_more, after) = resumed(&paths, how, Some(kept.clone()));
        assert!(once_more.alerts.is_empty() && after == kept, "{how:?}");
    }
}

#[test]
fn what_may_still_change_is_provisional() {
    let (heard, _) = resumed(&samples(), USUAL, None);
    let newest = heard.alerts.iter().map(|alert| alert.window.end).max().unwrap();
    for alert in &heard.alerts {
        assert!(alert.quality == Quality::Complete || alert.window.end > newest - chrono::TimeDelta::hours(1));
    }
}

#[test]
fn more_than_a_week_is_not_held() {
    let records = records(1);
    let days: Vec<_> = (0..20)
        .map(|day| {
            let mut of_day = records.clone();
            of_day.iter_mut().for_each(|record| record.time += chrono::TimeDelta::days(day));
            written(&batches(&of_day, 25), numbered)
        })
        .collect();
    let mut kept = None;
    let mut sizes = Vec::new();
    for day in &days {
        let (_, state) = resumed(&[day.path().to_owned()], USUAL, kept.take());
        sizes.push(state.len());
        kept = Some(state);
    }
    let most = sizes.iter().max().unwrap();
    assert!(*most < 2 * sizes[..12].iter().max().unwrap(), "{sizes:?}");
}
