//! Two instances that judge the same minutes, step by step: whoever has seen less does not have the last word.

use std::cell::{Cell as Flag, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;
use lapwing::decode::Origin;
use lapwing::pipeline::{From, delivery_id, teach};
use lapwing::store::table::{Item, Outlook, Place, Put, Span, Table, TableError, TableStore};
use lapwing::store::{Judge, Limits, StateStore as _};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::entity::{Entity, Family};
use lapwing_detectors::judge::{Judged, Known, Range};
use lapwing_detectors::level::{Peak, Pool, Surprise};
use lapwing_detectors::observe::Learnt;
use lapwing_detectors::time::{Hour, Minute};

use crate::logs::ACCOUNT;

/// A table that answers at once, but for what lies under keys that begin with some text.
#[derive(Default)]
pub(super) struct Shelf {
    items: RefCell<BTreeMap<Place, Item>>,
    refused: Flag<Option<&'static str>>,
}

impl Shelf {
    /// How often ledgers were written.
    pub(super) fn written(&self) -> u64 {
        self.items.borrow().values().filter(|item| &*item.place.sort == "a").map(|item| item.version).sum()
    }
}

impl Table for &Shelf {
    async fn query(&self, span: Span<'_>) -> Result<Vec<Item>, TableError> {
        let place = |sort: &str| Place { key: span.key.into(), sort: sort.into() };
        Ok(self.items.borrow().range(place(span.from)..=place(span.to)).map(|(_, item)| item.clone()).collect())
    }

    async fn replace(&self, item: &Item, before: u64) -> Result<Put, TableError> {
        if self.refused.get().is_some_and(|refused| item.place.key.starts_with(refused)) {
            return Err(TableError { what: "throttled".to_owned(), outlook: Outlook::Lasting });
        }
        let held = self.items.borrow().get(&item.place).cloned();
        if held.as_ref().map_or(0, |held| held.version) != before {
            return Ok(Put::Overtaken(held));
        }
        self.items.borrow_mut().insert(item.place.clone(), item.clone());
        Ok(Put::Done)
    }

    async fn put(&self, item: &Item) -> Result<(), TableError> {
        self.items.borrow_mut().insert(item.place.clone(), item.clone());
        Ok(())
    }
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A refusal at noon on each of some APIs, which `denied-burst` looks at.
fn refusals(engine: &Engine, apis: std::ops::Range<usize>, received: DateTime<Utc>) -> Learnt {
    refusals_at("12:00", engine, apis, received)
}

pub(super) fn refusals_at(at: &str, engine: &Engine, apis: std::ops::Range<usize>, received: DateTime<Utc>) -> Learnt {
    let records = apis.map(|n| {
        format!(
            r#"{{"eventVersion":"1.11","eventID":"e{n}","eventTime":"2026-10-20T{at}:{n:02}Z","eventSource":"s3.amazonaws.com","eventName":"GetBucket{n}","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.7","recipientAccountId":"{ACCOUNT}","errorCode":"AccessDenied","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::{ACCOUNT}:user/ann","accountId":"{ACCOUNT}","userName":"ann"}}}}"#
        )
    });
    let bytes = format!(r#"{{"Records":[{}]}}"#, records.collect::<Vec<_>>().join(",")).into_bytes();
    let from = From { origin: Origin::default(), delivery: delivery_id(&bytes), received, met: None };
    teach(engine, &bytes, &from).unwrap().learnt
}

/// What an instance finds in the cells that it has read.
pub(super) fn judged(engine: &Engine, known: &Known, range: Range) -> Judged {
    let mut findings = Vec::new();
    engine.judge(known, range, &mut findings);
    Judged { entity: known.entity.clone(), range, findings, peaks: Vec::new() }
}

/// Does what a slow instance found still stand, when late events came while it judged that undo it?
fn stands(received: DateTime<Utc>) -> bool {
    let (shelf, engine) = (Shelf::default(), Arc::new(Engine::default()));
    let store = |owner| TableStore::new(&shelf, Arc::clone(&engine), Limits::default(), owner);
    let (mut slow, mut quick) = (store(1), store(2));
    let on_time = refusals(&engine, 0..6, time("2026-10-20T12:01:00Z"));
    let due = slow.exchange(on_time).now_or_never().unwrap().unwrap();
    let (known, _) = due.into_iter().find(|(known, _)| known.entity.family == Family::Principal).unwrap();
    let complete = Minute::of(time("2026-10-20T12:00:00Z"));
    let range = Range { from: complete, to: complete, complete: true };
    let quick = RefCell::new(&mut quick);
    let looks = Flag::new(0);
    // Whatever is found stands for a settling verdict: it holds as long as no more than six APIs were refused.
    let settling = |known: &Known, range: Range| {
        let mut found = judged(&engine, known, range);
        found.findings.retain(|finding| finding.verdict.seen <= 6);
        found
    };
    let interrupted = |known: &Known, range: Range| {
        looks.set(looks.get() + 1);
        let found = settling(known, range);
        if looks.get() == 1 {
            take_late(&mut quick.borrow_mut(), &engine, received, &settling);
        }
        found
    };
    let first = settling(&known, range);
    assert!(!first.findings.is_empty());
    let now = time("2026-10-20T12:20:00Z");
    slow.fold(vec![first], &interrupted, now).now_or_never().unwrap().unwrap();
    let ann: Entity = known.entity;
    let book = slow.book_of(&ann).now_or_never().unwrap().unwrap();
    !book.pages().is_empty()
}

fn take_late(quick: &mut TableStore<&Shelf>, engine: &Engine, received: DateTime<Utc>, judge: &Judge<'_>) {
    let due = quick.exchange(refusals(engine, 6..12, received)).now_or_never().unwrap().unwrap();
    let all = due.into_iter().map(|(known, range)| judge(&known, range)).collect();
    quick.fold(all, judge, received).now_or_never().unwrap().unwrap();
}

#[test]
fn what_late_events_undo_is_not_written_by_who_has_not_seen_them() {
    let at = time("2026-10-20T12:20:00Z");
    assert!(!stands(at));
    assert!(!stands(at + TimeDelta::hours(3)));
}

/// The newest hour that the profile knows of an instance which took the first deliveries before another one took those of
/// eleven, and takes one more then; each with its minute and when it was received.
fn newest(before: &[(&str, &str)], eleven: (&str, &str), then: (&str, &str)) -> Option<Hour> {
    let (shelf, engine, ids) = (Shelf::default(), Arc::new(Engine::default()), Flag::new(0));
    let store = |owner| TableStore::new(&shelf, Arc::clone(&engine), Limits::default(), owner);
    let learnt = |store: &mut TableStore<&Shelf>, (at, received): (&str, &str)| {
        let taught = refusals_at(at, &engine, ids.get()..ids.get() + 6, time(&format!("2026-10-20T{received}Z")));
        ids.set(ids.get() + 6);
        let due = store.exchange(taught).now_or_never().unwrap().unwrap();
        let ann = due.into_iter().find(|(known, _)| known.entity.family == Family::Principal);
        ann.and_then(|(known, _)| known.profile).and_then(|profile| profile.newest())
    };
    let (mut first, mut second) = (store(1), store(2));
    for delivery in before {
        learnt(&mut first, *delivery);
    }
    learnt(&mut second, eleven);
    learnt(&mut first, then)
}

#[test]
fn what_came_in_time_is_learnt_by_who_read_before_it_was_written() {
    let eleven = Some(Minute::of(time("2026-10-20T11:00:00Z")).hour());
    // The clock of the second one is behind: the first one has learnt the hour when more of it is written in time.
    assert_eq!(newest(&[("12:05", "12:16:30")], ("11:59", "12:14:40"), ("12:20", "12:22:00")), eleven);
    // The first one was alone for so long that it trusts what it has read.
    let alone = [("10:01", "10:02:00"), ("10:02", "10:03:00"), ("10:03", "10:04:00"), ("12:21", "12:22:00")];
    assert_eq!(newest(&alone, ("11:05", "11:10:00"), ("12:05", "12:40:00")), eleven);
}

/// An instance keeps the cells of closed hours. What somebody else adds to them late, it sees all the same.
#[test]
fn what_comes_late_is_seen_by_who_remembers_the_hour() {
    let (shelf, engine) = (Shelf::default(), Arc::new(Engine::default()));
    let store = |owner| TableStore::new(&shelf, Arc::clone(&engine), Limits::default(), owner);
    let (mut one, mut other) = (store(1), store(2));
    let judge = |known: &Known, range: Range| judged(&engine, known, range);
    let take = |store: &mut TableStore<&Shelf>, (at, apis): (&str, _), received| {
        let taught = refusals_at(at, &engine, apis, time(received));
        let due = store.exchange(taught).now_or_never().unwrap().unwrap();
        let all = due.into_iter().map(|(known, range)| judge(&known, range)).collect();
        store.fold(all, &judge, time(received)).now_or_never().unwrap().unwrap();
    };
    take(&mut one, ("12:58", 0..4), "2026-10-20T13:00:00Z");
    take(&mut one, ("13:05", 4..8), "2026-10-20T13:20:30Z");
    take(&mut other, ("12:59", 8..12), "2026-10-20T13:22:00Z");
    let mut seen = 0;
    loop {
        let due = one.due(time("2026-10-20T13:30:00Z")).now_or_never().unwrap().unwrap();
        if due.is_empty() {
            break;
        }
        let principals = due.iter().filter(|(known, _)| known.entity.family == Family::Principal);
        let found = principals.flat_map(|(known, range)| judge(known, *range).findings);
        let bursts = found.filter(|finding| finding.about.id == "denied-burst");
        seen = bursts.map(|finding| finding.verdict.seen).max().unwrap_or_default().max(seen);
    }
    assert_eq!(seen, 12);
}

/// A tick notes what later levels rest on before anything is folded. Where that fails, its minutes are judged again.
#[test]
fn what_was_not_folded_is_handed_out_again() {
    let (shelf, engine) = (Shelf::default(), Arc::new(Engine::default()));
    let mut store = TableStore::new(&shelf, Arc::clone(&engine), Limits::default(), 1);
    let judge = |known: &Known, range: Range| judged(&engine, known, range);
    let taught = refusals(&engine, 0..6, time("2026-10-20T12:01:00Z"));
    store.exchange(taught).now_or_never().unwrap().unwrap();
    let now = time("2026-10-20T12:30:00Z");
    let hand_out = |store: &mut TableStore<&Shelf>| {
        let due = store.due(now).now_or_never().unwrap().unwrap();
        due.into_iter().map(|(known, range)| judge(&known, range)).collect::<Vec<_>>()
    };
    let mut first = hand_out(&mut store);
    let of = (Pool::Compared, Surprise { t: 4.0, asked: 3.0 });
    let peak = Peak::of(first[0].range.from, ("denied-burst", &first[0].entity), of);
    first[0].peaks.push(peak);
    shelf.refused.set(Some("day"));
    assert!(store.fold(first.clone(), &judge, now).now_or_never().unwrap().is_err());
    shelf.refused.set(None);
    let again = hand_out(&mut store);
    let entities = |all: &[Judged]| all.iter().map(|judged| judged.entity.clone()).collect::<Vec<_>>();
    assert_eq!(entities(&again), entities(&first));
}
