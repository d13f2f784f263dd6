//! The laws: the same logs say the same, however they are cut, named, packed, ordered and read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lapwing::replay::{Order, Telling};
use lapwing::report::json;
use lapwing_detectors::alert::{Alert, Status, Subject};
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;

use super::files::{batches, numbered, records, written};
use super::{How, USUAL, replay};
use crate::logs::{Dice, Record, delivery};

const SEEDS: [u64; 2] = [1, 2];

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

fn said(batches: &[Vec<Record>], how: How) -> Vec<String> {
    let folder = written(batches, numbered);
    let heard = replay(&[folder.path().to_owned()], how);
    assert_eq!((heard.failures, heard.stats.rejects), (0, 0), "{:?}", heard.failed);
    heard.lines()
}

fn check_same(paths: &[PathBuf], ways: &[How]) {
    let expected = replay(paths, USUAL);
    assert!(!expected.alerts.is_empty());
    for how in ways {
        let heard = replay(paths, *how);
        assert_eq!(heard.lines(), expected.lines(), "{how:?}");
        assert_eq!(heard.stats, expected.stats, "{how:?}");
        assert_eq!(heard.failed, expected.failed, "{how:?}");
    }
}

#[test]
fn any_number_of_threads() {
    check_same(&[samples()], &[1, 2, 4].map(|threads| How { threads, ..USUAL }));
}

#[test]
fn any_memory() {
    // In kilobytes; with the least of them, the oldest hours are judged and freed again and again.
    let ways = [512, 1 << 10, 32 << 10, 4096 << 10].map(|memory| How { memory, ..USUAL });
    check_same(&[samples()], &ways);
    let folder = written(&batches(&records(1), 10), numbered);
    check_same(&[folder.path().to_owned()], &ways);
}

#[test]
fn stories_lose_nothing() {
    let folder = written(&batches(&records(1), 10), numbered);
    for paths in [samples(), folder.path().to_owned()] {
        let stories = replay(std::slice::from_ref(&paths), USUAL);
        let each = replay(&[paths], How { telling: Telling::Each, ..USUAL });
        // What is part of something spends nothing of the budget.
        let opened = |alerts: &[Alert]| {
            let opened = alerts.iter().filter(|alert| alert.status == Status::Open && alert.detector != "budget-spent");
            opened.cloned().collect()
        };
        let (mut told, mut wanted): (Vec<Alert>, Vec<Alert>) = (opened(&stories.alerts), opened(&each.alerts));
        for alert in &mut told {
            assert!(alert.told.iter().all(|part| part.severity <= alert.severity), "{}", alert.id);
        }
        let parts: Vec<Alert> = told.iter_mut().flat_map(|alert| std::mem::take(&mut alert.told)).collect();
        assert!(!parts.is_empty());
        assert_eq!(stories.stats.folded, each.stats.folded + parts.len() as u64);
        told.extend(parts);
        told.iter_mut().chain(&mut wanted).for_each(|alert| (alert.stage, alert.parts) = (Stage::Alert, 0));
        let lines = |alerts: &[Alert]| alerts.iter().map(json::line).collect::<BTreeSet<String>>();
        let (told, wanted) = (lines(&told), lines(&wanted));
        assert!(told == wanted, "{:#?}", told.symmetric_difference(&wanted).collect::<Vec<_>>());
    }
}

#[test]
fn what_comes_for_a_freed_hour_is_counted() {
    let heard = replay(&[samples()], How { memory: 4, ..USUAL });
    assert!(heard.stats.late > 0);
    assert_eq!(heard.stats.events + heard.stats.rejects, heard.stats.records);
}

#[test]
fn any_files() {
    for seed in SEEDS {
        let records = records(seed);
        let usual = batches(&records, 25);
        let expected = said(&usual, USUAL);
        assert!(expected.len() > 10, "{expected:?}");
        let mut dice = Dice::new(seed);
        let mut names: Vec<usize> = (0..usual.len()).collect();
        dice.shuffle(&mut names);
        let folder = written(&usual, |n| format!("{:05}", names[n]));
        assert_eq!(replay(&[folder.path().to_owned()], USUAL).lines(), expected, "other names");
        assert_eq!(said(&batches(&records, usize::MAX), USUAL), expected, "joined");
        assert_eq!(said(&batches(&records, 7), USUAL), expected, "split");
        assert_eq!(said(&batches(&records, 1), USUAL), expected, "one record a file");
        let backwards: Vec<Vec<Record>> = usual.iter().map(|batch| batch.iter().rev().cloned().collect()).collect();
        assert_eq!(said(&backwards, USUAL), expected, "backwards");
        let mut shuffled = records.clone();
        dice.shuffle(&mut shuffled);
        shuffled.sort_by(|a, b| a.log.cmp(&b.log));
        assert_eq!(said(&batches(&shuffled, 25), USUAL), expected, "shuffled");
        let doubled: Vec<Vec<Record>> = usual.iter().chain(&batches(&records, 11)).cloned().collect();
        assert_eq!(said(&doubled, USUAL), expected, "doubled");
    }
}

/// What production would have said in the end is as grave as what a replay says, where nothing is late.
#[test]
fn any_order_of_judging() {
    for seed in SEEDS {
        let mut batches: Vec<Vec<Record>> = batches(&records(seed), 20)
            .into_iter()
            .flat_map(|batch| batch.chunk_by(same_minutes).map(<[Record]>::to_vec).collect::<Vec<_>>())
            .collect();
        batches.sort_by_key(|batch| batch[0].time);
        let folder = written(&batches, numbered);
        let [by_event, by_delivery] = [Order::Event, Order::Delivery].map(|order| {
            let heard = replay(&[folder.path().to_owned()], How { order, telling: Telling::Each, ..USUAL });
            assert_eq!(heard.stats.late, 0, "{order:?}");
            last(&heard.alerts)
        });
        assert_eq!(by_event.keys().collect::<Vec<_>>(), by_delivery.keys().collect::<Vec<_>>(), "seed {seed}");
        for (about, (severities, seen)) in by_event {
            let (told, told_seen) = &by_delivery[&about];
            assert_eq!(*told, severities, "{about:?}");
            // An alert that only grows is told again when it has grown fourfold.
            assert!(*told_seen <= seen && seen < 4 * told_seen, "{about:?}: told {told_seen} of {seen}");
        }
    }
}

fn same_minutes(a: &Record, b: &Record) -> bool {
    a.time.timestamp().div_euclid(120) == b.time.timestamp().div_euclid(120)
}

/// What was said last of each detector and subject: how grave each alert is, and the most that was seen.
fn last(alerts: &[Alert]) -> BTreeMap<(&'static str, Subject), (Vec<Severity>, u64)> {
    let open = alerts.iter().filter(|alert| alert.status != Status::Resolved);
    let ids: BTreeMap<_, &Alert> = open.map(|alert| (alert.id, alert)).collect();
    let mut all: BTreeMap<_, (Vec<Severity>, u64)> = BTreeMap::new();
    for alert in ids.values() {
        let (severities, seen) = all.entry((alert.detector, alert.subject.clone())).or_default();
        severities.push(alert.severity);
        severities.sort();
        *seen = alert.seen.max(*seen);
    }
    all
}

fn logs_in(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            logs_in(&path, files);
        } else if path.extension().is_some_and(|end| ["json", "jsonl", "gz", "csv"].iter().any(|known| end == *known)) {
            files.push(path);
        }
    }
}

#[test]
fn nothing_is_lost() {
    let mut files = Vec::new();
    logs_in(&samples(), &mut files);
    assert!(files.len() > 20);
    for file in files {
        let stats = replay(std::slice::from_ref(&file), USUAL).stats;
        assert_eq!(stats.events + stats.rejects, stats.records, "{}", file.display());
    }
}

#[test]
fn a_packed_file_that_breaks_off() {
    let folder = tempfile::tempdir().unwrap();
    let records = records(3);
    let whole = delivery(&records[..8]);
    // One stored block, which says how long it would be.
    let size = u16::try_from(whole.len()).unwrap();
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1];
    packed.extend(size.to_le_bytes());
    packed.extend((!size).to_le_bytes());
    packed.extend(&whole[..whole.len() * 5 / 8]);
    let path = folder.path().join("cut.json.gz");
    fs::write(&path, packed).unwrap();
    let heard = replay(&[path], USUAL);
    assert_eq!(heard.failures, 1);
    assert!(heard.stats.events >= 4, "{:?}", heard.stats);
    assert_eq!(heard.stats.events + heard.stats.rejects, heard.stats.records);
    assert!(heard.failed.iter().any(|said| said.contains("Unread")), "{:?}", heard.failed);
}
