//! What was refused and is allowed now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::DENIED_APIS;
use crate::habit::Facet;
use crate::sensitive::is_sensitive;
use crate::time::Minute;
use crate::window::{REACH, Window};

/// Does it only read settings?
fn reads(api: &str) -> bool {
    let (service, name) = api.split_once(':').unwrap_or(("", api));
    let verbs = ["Describe", "List", "Get", "Head", "BatchGet", "Lookup", "Search"];
    !is_sensitive(service, name) && verbs.iter().any(|verb| name.starts_with(verb))
}

/// The APIs that were refused in the last hour and allowed in a later minute of it, by name. One that only reads and was
/// allowed before it was refused says nothing: one policy may refuse it in one Region and allow it in the next, and whoever
/// goes through all of them meets that each day; nor does one of somebody at work in three Regions or more.
pub(super) fn allowed_after(window: &Window<'_>) -> Vec<Arc<str>> {
    let mut first: BTreeMap<u64, Minute> = BTreeMap::new();
    for refusal in window.occurrences(DENIED_APIS, REACH) {
        let minute = Minute::of(refusal.example.time);
        first.entry(refusal.value).and_modify(|held| *held = minute.min(*held)).or_insert(minute);
    }
    if first.is_empty() {
        return Vec::new();
    }
    let mut successes: BTreeMap<&Arc<str>, (bool, bool)> = BTreeMap::new();
    for (hour, part) in window.contributors(REACH) {
        let Some(refused) = first.get(&part.hash) else { continue };
        let reached = window.minute.plus(1 - REACH.0 as i32)..=window.minute;
        let succeeded = (0..60).filter(|m| part.successes & (1 << m) != 0).map(|m| hour.minute(m));
        let (before, after) = successes.entry(&part.name).or_default();
        for minute in succeeded.filter(|minute| reached.contains(minute)) {
            *before |= minute < *refused;
            *after |= *refused < minute;
        }
    }
    let wanders = regions(window) > 2;
    let told = successes.into_iter().filter(|(name, (before, after))| *after && !((*before || wanders) && reads(name)));
    told.map(|(name, _)| Arc::clone(name)).collect()
}

/// In how many Regions was somebody at work in this hour, up to this minute, or the one before? Global services are in one
/// of their own.
fn regions(window: &Window<'_>) -> usize {
    let (before, minute) = (window.before.into_iter().flat_map(|cell| cell.habits().of(Facet::Region)), window.minute);
    let here = window.here.habits().of(Facet::Region).iter().filter(|habit| habit.first <= minute.of_hour());
    before.chain(here).map(|habit| habit.value).collect::<BTreeSet<u32>>().len()
}
