//! State in memory: for a replay, and for a Lambda function without a table.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::{HashMap, HashSet};
use lapwing_detectors::cell::{Arrival, Cell};
use lapwing_detectors::entity::{Entity, Family};
use lapwing_detectors::event::Source;
use lapwing_detectors::judge::{Known, Range};
use lapwing_detectors::observe::{DeliveryId, Learnt};
use lapwing_detectors::profile::{Lateness, Profile};
use lapwing_detectors::settings::Minutes;
use lapwing_detectors::time::{Hour, Minute};

use super::{Due, StateStore, StoreError};

/// A late event may change windows that end this much later.
const WINDOW: i32 = 60;
/// Deliveries that are remembered, so that one that comes again adds nothing.
const DELIVERIES: usize = 100_000;
/// Bytes that a held cell and an entry in it take, as measured on a generated fortnight: what `--memory` is reckoned by.
const CELL_BYTES: usize = 220;
const ENTRY_BYTES: usize = 72;

/// How many entities are kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of each family whose names AWS gives.
    pub entities: usize,
    /// Of each family whose names outsiders choose: addresses, and users at the sign-in page.
    pub outsiders: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { entities: 100_000, outsiders: 20_000 }
    }
}

/// How long cells are kept after they were judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Until no window reaches them: a replay in event order, in which nothing comes late.
    Reach,
    /// Seven days: late events still find them.
    Week,
}

/// State in memory.
#[derive(Debug)]
pub struct MemoryStore {
    index: HashMap<Entity, u32>,
    held: Vec<Held>,
    hours: BTreeMap<Hour, Vec<u32>>,
    counts: [usize; Family::ALL.len()],
    deliveries: HashSet<DeliveryId>,
    order: std::collections::VecDeque<DeliveryId>,
    lateness: Lateness,
    limits: Limits,
    retention: Retention,
    judged: BTreeMap<Source, Minute>,
    pass: Option<Pass>,
    to_learn: Option<Hour>,
    cells: usize,
    entries: usize,
    /// Cells that found no room, by family.
    pub overflow: BTreeMap<Family, u64>,
    /// Events that came after their minute was complete.
    pub late: u64,
}

#[derive(Debug)]
struct Held {
    entity: Entity,
    cells: Vec<(Hour, Arc<Cell>)>,
    profile: Arc<Profile>,
}

/// A walk over the hours with minutes that have become complete.
#[derive(Debug)]
struct Pass {
    next: Hour,
    until: BTreeMap<Source, Minute>,
}

impl MemoryStore {
    /// An empty store. `lateness` decides when a minute is complete.
    #[must_use]
    pub fn new(lateness: Lateness, limits: Limits, retention: Retention) -> MemoryStore {
        MemoryStore {
            index: HashMap::new(),
            held: Vec::new(),
            hours: BTreeMap::new(),
            counts: [0; Family::ALL.len()],
            deliveries: HashSet::new(),
            order: std::collections::VecDeque::new(),
            lateness,
            limits,
            retention,
            judged: BTreeMap::new(),
            pass: None,
            to_learn: None,
            cells: 0,
            entries: 0,
            overflow: BTreeMap::new(),
            late: 0,
        }
    }

    /// The bytes that the held cells take, reckoned from their number and entries, never measured: so threads and
    /// machines decide alike.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.cells * CELL_BYTES + self.entries * ENTRY_BYTES
    }

    /// The oldest hour with cells.
    #[must_use]
    pub fn oldest(&self) -> Option<Hour> {
        self.hours.first_key_value().map(|(hour, _)| *hour)
    }

    /// Adds what a delivery taught, if it did not come before. Returns the minutes that it touched of each entity.
    pub fn add(&mut self, learnt: Learnt) -> BTreeMap<u32, (Minute, Minute)> {
        let new = self.remember(learnt.delivery);
        let late = |met: &lapwing_detectors::observe::Met| self.is_late(met.minute, met.source, learnt.received);
        if new {
            self.late += learnt.events.iter().filter(|met| late(met)).count() as u64;
        }
        let mut touched = BTreeMap::new();
        for (entity, hour, cell) in learnt.cells {
            let minutes = cell.minutes().fold((59, 0), |(from, to), m| (m.min(from), m.max(to)));
            let Some(id) = self.entity(entity) else { continue };
            let reached = touched.entry(id).or_insert((hour.minute(minutes.0), hour.minute(minutes.1)));
            *reached = (reached.0.min(hour.minute(minutes.0)), reached.1.max(hour.minute(minutes.1)));
            // A delivery that came before is still judged: the first try may have ended before it could be said.
            if new {
                self.merge(id, hour, cell, learnt.received);
            }
        }
        touched
    }

    fn remember(&mut self, delivery: DeliveryId) -> bool {
        if !self.deliveries.insert(delivery) {
            return false;
        }
        self.order.push_back(delivery);
        if self.order.len() > DELIVERIES
            && let Some(oldest) = self.order.pop_front()
        {
            self.deliveries.remove(&oldest);
        }
        true
    }

    /// Was the minute complete when this was received? Then it may have been judged and learnt without it.
    fn is_late(&self, minute: Minute, source: Source, received: DateTime<Utc>) -> bool {
        minute.complete_at(received, self.lateness.of(source))
    }

    fn entity(&mut self, entity: Entity) -> Option<u32> {
        if let Some(id) = self.index.get(&entity) {
            return Some(*id);
        }
        let family = entity.family;
        let limit = if family.outsiders_choose() { self.limits.outsiders } else { self.limits.entities };
        if self.counts[family as usize] >= limit {
            *self.overflow.entry(family).or_default() += 1;
            return None;
        }
        self.counts[family as usize] += 1;
        let id = self.held.len() as u32;
        self.held.push(Held { entity: entity.clone(), cells: Vec::new(), profile: Arc::default() });
        self.index.insert(entity, id);
        Some(id)
    }

    fn merge(&mut self, id: u32, hour: Hour, mut cell: Cell, received: DateTime<Utc>) {
        let source = self.held[id as usize].entity.family.source();
        let lateness = self.lateness.of(source);
        let late = move |minute: u8| hour.minute(minute).complete_at(received, lateness);
        let arrival = |minute: u8| if late(minute) { Arrival::Late } else { Arrival::OnTime };
        let on_time = !cell.minutes().all(late);
        let cells = &mut self.held[id as usize].cells;
        match cells.binary_search_by_key(&hour, |(held, _)| *held) {
            Ok(at) => {
                let held = Arc::make_mut(&mut cells[at].1);
                let before = held.entries();
                held.merge(cell, arrival);
                self.entries += held.entries() - before;
            }
            Err(at) => {
                cell.mark(arrival);
                self.entries += cell.entries();
                self.cells += 1;
                cells.insert(at, (hour, Arc::new(cell)));
                self.hours.entry(hour).or_default().push(id);
            }
        }
        // Received in time, added after another instance with another clock had the hour learnt: it is learnt anew.
        // A replay that frees hours must not do that, since it then holds only a part of the hour.
        if on_time && self.retention == Retention::Week {
            let judged = self.judged(source);
            for hour in [hour, hour.after()].into_iter().filter(|hour| hour.last() <= judged) {
                self.teach(id, hour);
            }
        }
    }

    fn known(&self, id: u32, from: Hour, to: Hour) -> Known {
        let held = &self.held[id as usize];
        let cells = held.cells.iter().filter(|(hour, _)| from.before() <= *hour && *hour <= to);
        Known {
            entity: held.entity.clone(),
            cells: cells.map(|(hour, cell)| (*hour, Arc::clone(cell))).collect(),
            profile: Some(Arc::clone(&held.profile)),
        }
    }

    fn touched(&self, touched: BTreeMap<u32, (Minute, Minute)>) -> Vec<Due> {
        let mut due = Vec::new();
        for (id, (from, to)) in touched {
            let to = to.plus(WINDOW - 1);
            let source = self.held[id as usize].entity.family.source();
            let judged = self.judged(source);
            let known = self.known(id, from.hour(), to.hour());
            if from <= judged {
                due.push((known.clone(), Range { from, to: to.min(judged), complete: true }));
            }
            if to > judged {
                due.push((known, Range { from: from.max(judged.plus(1)), to, complete: false }));
            }
        }
        due
    }

    /// The last minute that was judged as complete, in this walk over the hours or an earlier one.
    fn judged(&self, source: Source) -> Minute {
        let passed =
            self.pass.as_ref().and_then(|pass| Some(pass.next.first().plus(-1).min(*pass.until.get(&source)?)));
        passed.map_or_else(|| self.judged_before(source), |passed| passed.max(self.judged_before(source)))
    }

    fn judged_before(&self, source: Source) -> Minute {
        self.judged.get(&source).copied().unwrap_or(Minute(i32::MIN / 2))
    }

    /// The hours up to which all minutes are complete at `now`, by source.
    fn complete(&self, now: DateTime<Utc>) -> BTreeMap<Source, Minute> {
        let until = |lateness: Minutes| Minute::of(now).plus(-1 - lateness.0 as i32);
        [Source::CloudTrail, Source::Lambda].into_iter().map(|s| (s, until(self.lateness.of(s)))).collect()
    }

    fn step(&mut self, now: DateTime<Utc>) -> Vec<Due> {
        self.learn();
        let pass = match self.pass.take() {
            Some(pass) => pass,
            None => self.begin(now),
        };
        let latest = pass.until.values().max().map_or(Hour(i32::MIN), |minute| minute.hour());
        let waiting = self.hours.range(pass.next..).next().filter(|(hour, _)| **hour <= latest);
        let Some((hour, ids)) = waiting else {
            for (source, until) in pass.until {
                let judged = self.judged.entry(source).or_insert(until);
                *judged = until.max(*judged);
            }
            self.drop_old(now);
            return Vec::new();
        };
        let hour = *hour;
        let due = ids.iter().filter_map(|id| self.part(*id, hour, &pass.until)).collect();
        self.to_learn = Some(hour);
        self.pass = Some(Pass { next: hour.after(), until: pass.until });
        due
    }

    fn begin(&self, now: DateTime<Utc>) -> Pass {
        let until = self.complete(now);
        let first = until.keys().map(|source| self.judged(*source)).min();
        Pass { next: first.map_or(Hour(i32::MIN), |minute| minute.plus(1).hour()), until }
    }

    /// An entity's minutes of an hour that have become complete.
    fn part(&self, id: u32, hour: Hour, until: &BTreeMap<Source, Minute>) -> Option<Due> {
        let source = self.held[id as usize].entity.family.source();
        let judged = self.judged_before(source);
        let range =
            Range { from: hour.first().max(judged.plus(1)), to: hour.last().min(*until.get(&source)?), complete: true };
        (range.from <= range.to).then(|| (self.known(id, hour, hour), range))
    }

    /// Teaches profiles the hour that was judged last, as far as it is complete, and drops what no window reaches.
    fn learn(&mut self) {
        let Some(hour) = self.to_learn.take() else { return };
        let Some(until) = self.pass.as_ref().map(|pass| pass.until.clone()) else { return };
        for id in self.hours.get(&hour).cloned().unwrap_or_default() {
            let source = self.held[id as usize].entity.family.source();
            if until.get(&source).is_some_and(|until| hour.last() <= *until) {
                self.teach(id, hour);
            }
        }
        if self.retention == Retention::Reach {
            self.drop_until(hour.before());
        }
    }

    /// Teaches an entity's profile an hour of it.
    fn teach(&mut self, id: u32, hour: Hour) {
        let held = &mut self.held[id as usize];
        let Ok(at) = held.cells.binary_search_by_key(&hour, |(held, _)| *held) else { return };
        let before = at.checked_sub(1).map(|at| &held.cells[at]).filter(|(h, _)| *h == hour.before());
        let profile = Arc::make_mut(&mut held.profile);
        profile.learn(hour, &held.cells[at].1, before.map(|(_, cell)| cell.as_ref()));
    }

    fn drop_old(&mut self, now: DateTime<Utc>) {
        match self.retention {
            Retention::Week => self.drop_until(Hour(Minute::of(now).hour().0.saturating_sub(7 * 24))),
            // The last judged hour stays: windows of the next one reach into it.
            Retention::Reach => {
                let judged = self.judged.values().min().copied();
                self.drop_until(judged.map_or(Hour(i32::MIN), |minute| minute.hour().before()));
            }
        }
    }

    fn drop_until(&mut self, last: Hour) {
        while let Some(entry) = self.hours.first_entry().filter(|entry| *entry.key() <= last) {
            let (hour, ids) = entry.remove_entry();
            for id in ids {
                let cells = &mut self.held[id as usize].cells;
                if let Ok(at) = cells.binary_search_by_key(&hour, |(held, _)| *held) {
                    let (_, cell) = cells.remove(at);
                    self.cells -= 1;
                    self.entries -= cell.entries();
                }
            }
        }
    }
}

impl StateStore for MemoryStore {
    async fn exchange(&mut self, learnt: Learnt) -> Result<Vec<Due>, StoreError> {
        let touched = self.add(learnt);
        Ok(self.touched(touched))
    }

    async fn due(&mut self, now: DateTime<Utc>) -> Result<Vec<Due>, StoreError> {
        loop {
            let due = self.step(now);
            if !due.is_empty() || self.pass.is_none() {
                return Ok(due);
            }
        }
    }
}
