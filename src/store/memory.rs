//! State in memory: for a replay, and for a Lambda function without a table.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::HashSet;
use lapwing_detectors::alert::{Alert, AlertId, Quality};
use lapwing_detectors::beats::Beats;
use lapwing_detectors::cell::Cell;
use lapwing_detectors::day::{Budget, Day, Digest};
use lapwing_detectors::detector::Engine;
use lapwing_detectors::entity::Entity;
use lapwing_detectors::event::Source;
use lapwing_detectors::fold::Folder;
use lapwing_detectors::group::{Book, parents_of};
use lapwing_detectors::judge::{Judged, Known, Range};
use lapwing_detectors::observe::{DeliveryId, Learnt};
use lapwing_detectors::profile::Lateness;
use lapwing_detectors::time::{Hour, Minute};
use lapwing_detectors::window::Around;

use self::levels::Levelled;
use super::days::{Days, closed, day_of};
use super::entities::{Entities, Limits};
use super::hours::{Hours, Id};
use super::{Daily, Due, Found, Heard, Judge, Placed, StateStore, StoreError, reached};
use home::{Touched, touch};

mod ahead;
mod heard;
mod home;
mod kept;
mod levels;
mod look;
mod past;

/// Deliveries that are remembered, so that one that comes again adds nothing.
const DELIVERIES: usize = 100_000;
/// Before all time.
const NEVER: Minute = Minute(i32::MIN / 2);

/// How long cells are kept after they were judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Until no window reaches them: a replay in event order, in which nothing comes late.
    Reach,
    /// Seven days: late events still find them.
    Week,
}

/// A minute for each source.
type BySource = BTreeMap<Source, Minute>;

/// State in memory.
pub struct MemoryStore {
    /// Says which cells have anything to say; nothing is copied for the others.
    engine: Arc<Engine>,
    entities: Entities,
    hours: Hours,
    past: past::Past,
    past_bytes: usize,
    folder: Folder,
    deliveries: HashSet<DeliveryId>,
    order: VecDeque<DeliveryId>,
    lateness: Lateness,
    retention: Retention,
    judged: BySource,
    pass: Option<Pass>,
    /// What profiles learn once the hour that was handed out is judged: until then others look at them.
    lessons: Vec<Lesson>,
    book: Book,
    days: Days,
    levelled: Levelled,
    /// When there were signs of life of what must not be silent.
    beats: BTreeMap<Entity, Beats>,
    /// From where on silences are judged: what an earlier replay said of the time before stands.
    heard_from: Minute,
    /// The last minute that was complete when changes were last handed out.
    complete: Minute,
    /// The newest event of all deliveries.
    pub newest: Option<DateTime<Utc>>,
    /// Events that came after their minute was complete.
    pub late: u64,
}

/// An entity, and the hour of it that its profile is to learn.
type Lesson = (Id, Hour, Arc<Cell>);

/// A walk over the hours with minutes that have become complete.
struct Pass {
    next: Hour,
    until: BySource,
}

impl MemoryStore {
    /// An empty store for these detectors. `lateness` decides when a minute is complete.
    #[must_use]
    pub fn new(engine: Arc<Engine>, lateness: Lateness, limits: Limits, retention: Retention) -> MemoryStore {
        MemoryStore {
            engine,
            entities: Entities::new(limits),
            hours: Hours::default(),
            past: past::Past::new(),
            past_bytes: 0,
            folder: Folder::default(),
            deliveries: HashSet::new(),
            order: VecDeque::new(),
            lateness,
            retention,
            judged: BySource::new(),
            pass: None,
            lessons: Vec::new(),
            book: Book::default(),
            days: Days::default(),
            levelled: Levelled::default(),
            beats: BTreeMap::new(),
            heard_from: NEVER,
            complete: NEVER,
            newest: None,
            late: 0,
        }
    }

    /// A store whose alerts say how far their numbers can be trusted.
    #[must_use]
    pub fn of_quality(self, quality: Quality) -> MemoryStore {
        MemoryStore { book: Book::of_quality(quality), ..self }
    }

    /// Adds what a delivery taught, if it did not come before, and returns the minutes that it touched of each entity,
    /// from the first to the last in which a window may end that holds any of it.
    fn add_touching(&mut self, learnt: &Learnt) -> Touched {
        let new = self.begin(learnt);
        let closed = self.closed(learnt.received);
        let (mut touched, mut moved) = (Touched::new(), Vec::new());
        // Deliveries are judged at once: that needs cells.
        self.hours.fold(&mut self.folder);
        for (entity, hour, cell) in learnt.cells() {
            let closed = closed[entity.family.source() as usize];
            let minutes = cell.minutes().fold((59, 0), |(from, to), m| (m.min(from), m.max(to)));
            let Some(id) = self.entities.id((&entity).into()) else { continue };
            let minutes = (hour.minute(minutes.0), reached(hour.minute(minutes.1), self.engine.hours_around(&cell)));
            touch(&mut touched, id, minutes);
            if self.engine.moves_functions(entity.family, &cell) {
                moved.push((entity, minutes));
            }
            // A delivery that came before is still judged: the first try may have ended before it could be said.
            if new {
                let on_time = cell.minutes().any(|minute| hour.minute(minute) > closed);
                self.hours.merge(id, (hour, cell), closed);
                if on_time {
                    self.learn_again(id, hour);
                }
            }
        }
        self.touch_functions(moved, &mut touched);
        touched
    }

    /// Teaches a profile anew what was added in time to an hour that it has learnt, as another instance with another
    /// clock saw that hour complete.
    fn learn_again(&mut self, id: Id, changed: Hour) {
        let source = self.source(id);
        let cell = self.hours.get(changed).and_then(|held| held.merged(id)).map(Arc::as_ref);
        if let Some(cell) = cell.filter(|_| changed.last() <= self.judged(source)) {
            self.entities.get_mut(id).learn(changed, cell, self.engine.learning(source));
        }
    }

    /// Adds what a delivery taught, if it did not come before. Nothing of it is judged yet, so it stays notes.
    pub fn add(&mut self, learnt: Learnt) {
        let late = self.late;
        if !self.begin(&learnt) {
            return;
        }
        if self.late > late {
            return self.add_cells(&learnt);
        }
        let ids: Vec<Option<Id>> = learnt.notes.entities().map(|entity| self.entities.id(entity)).collect();
        self.hours.note(learnt.notes, &ids, &mut self.folder);
    }

    fn add_cells(&mut self, learnt: &Learnt) {
        let closed = self.closed(learnt.received);
        for (entity, hour, cell) in learnt.cells() {
            let closed = closed[entity.family.source() as usize];
            if let Some(id) = self.entities.id((&entity).into()) {
                self.hours.merge(id, (hour, cell), closed);
            }
        }
    }

    /// Notes a delivery and counts what is late in it; says whether it is new.
    fn begin(&mut self, learnt: &Learnt) -> bool {
        self.learn_lessons();
        self.newest = self.newest.max(learnt.newest);
        let new = self.remember(learnt.delivery);
        if new {
            self.listen(learnt);
            let closed = self.closed(learnt.received);
            self.late += learnt.events.iter().filter(|met| met.minute <= closed[met.source as usize]).count() as u64;
        }
        new
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

    /// The last minute of each source that was complete at `received`: what comes for it then is late.
    fn closed(&self, received: DateTime<Utc>) -> [Minute; 2] {
        [Source::CloudTrail, Source::Lambda].map(|source| self.complete(source, received))
    }

    /// The last minute of a source that is complete at `now`.
    fn complete(&self, source: Source, now: DateTime<Utc>) -> Minute {
        Minute::of(now).plus(-1 - self.lateness.of(source).0 as i32)
    }

    fn source(&self, id: Id) -> Source {
        self.entities.get(id).entity.family.source()
    }

    /// The last minute that was judged as complete, in the walk over the hours that is under way or in an earlier one.
    fn judged(&self, source: Source) -> Minute {
        let before = self.judged.get(&source).copied().unwrap_or(NEVER);
        let passed = |pass: &Pass| Some(pass.next.first().plus(-1).min(*pass.until.get(&source)?));
        self.pass.as_ref().and_then(passed).map_or(before, |passed| passed.max(before))
    }

    /// Judges the next hour of a walk: what there is to judge, and whether the walk goes on.
    fn step(&mut self, now: DateTime<Utc>) -> Option<Vec<Due>> {
        self.learn_lessons();
        let pass = self.pass.take().unwrap_or_else(|| self.begin_pass(now));
        let latest = pass.until.values().max().map_or(Hour(i32::MIN), |minute| minute.hour());
        let Some(hour) = self.hours.next(pass.next, latest) else {
            for (source, until) in pass.until {
                let judged = self.judged.entry(source).or_insert(until);
                *judged = until.max(*judged);
            }
            self.drop_old(now);
            return None;
        };
        self.levelled.reach(Day::of_minute(hour.first()), self.engine.budget);
        if self.retention == Retention::Reach {
            // Windows of an hour reach into the one before; of earlier ones what is left is enough.
            self.drop_hours(hour.before().before());
        }
        let due = self.judge_and_learn(hour, &pass.until);
        self.pass = Some(Pass { next: hour.after(), until: pass.until });
        Some(due)
    }

    /// Teaches profiles what they were to learn once it was judged.
    fn learn_lessons(&mut self) {
        for (id, hour, cell) in std::mem::take(&mut self.lessons) {
            let how = self.engine.learning(self.source(id));
            self.entities.get_mut(id).learn(hour, &cell, how);
        }
    }

    fn begin_pass(&self, now: DateTime<Utc>) -> Pass {
        let sources = [Source::CloudTrail, Source::Lambda];
        let until = sources.into_iter().map(|source| (source, self.complete(source, now))).collect();
        let first = sources.into_iter().map(|source| self.judged(source)).min().unwrap_or(NEVER);
        Pass { next: first.plus(1).hour(), until }
    }

    /// The entities with something to judge among the minutes of an hour that have become complete. Where all of the
    /// hour is complete, their profiles learn it, after what they knew before was noted for judging.
    fn judge_and_learn(&mut self, hour: Hour, until: &BySource) -> Vec<Due> {
        let until = |source| until.get(&source).copied().unwrap_or(NEVER);
        let range = |source| Range {
            from: hour.first().max(self.judged(source).plus(1)),
            to: hour.last().min(until(source)),
            complete: true,
        };
        let sources = [Source::CloudTrail, Source::Lambda];
        let (ranges, complete) = (sources.map(range), sources.map(|source| hour.last() <= until(source)));
        let Some(mut pair) = self.hours.take(hour, &mut self.folder) else { return Vec::new() };
        let mut due = Vec::new();
        let all = pair.present();
        for (place, mut present) in all.iter().copied().enumerate() {
            self.look_ahead(&pair, &all, place);
            let source = self.source(present.id);
            let (range, complete) = (ranges[source as usize], complete[source as usize]);
            let asked = range.from <= range.to;
            let past = if asked && present.traces[0].long { self.past_of(present.id, hour) } else { Vec::new() };
            let MemoryStore { engine, entities, folder, lessons, levelled, .. } = self;
            if !past.is_empty() {
                present.traces[1] = present.traces[1].and(engine.left_by(&past));
            }
            let held = entities.get_mut(present.id);
            let family = held.entity.family;
            let stirs = asked && engine.stirs(family, present.traces[0], present.traces[1]);
            let (cell, before) = pair.look(present, (engine, stirs), folder);
            let (past_cells, profile) = (Some(&past[..]), Some(held.profile.as_ref()));
            let around = Around { hour, asked: u64::MAX, last: true, here: cell, before, past: past_cells, profile };
            let wakes = stirs && engine.wakes(family, around) || asked && engine.meets_news(family, around);
            if !wakes {
                if complete {
                    held.learn(hour, cell, engine.learning(source));
                }
                continue;
            }
            let cells = past.into_iter().chain(pair.cells(present.id, folder)).collect();
            let known = held.known(cells, levelled.levels());
            if complete {
                lessons.extend(known.cells.last().map(|(hour, cell)| (present.id, *hour, Arc::clone(cell))));
            }
            let home = entities.home_of(&known, engine).map(|home| pair.cells(home, folder)).unwrap_or_default();
            due.push((Known { home, ..entities.at_home(known, engine) }, range));
        }
        self.hours.put(pair);
        due
    }

    fn drop_old(&mut self, now: DateTime<Utc>) {
        let last = match self.retention {
            Retention::Week => Hour(Minute::of(now).hour().0.saturating_sub(7 * 24)),
            // The last judged hour stays: windows of the next one reach into it.
            Retention::Reach => self.judged.values().min().map_or(Hour(i32::MIN), |minute| minute.hour().before()),
        };
        self.drop_hours(last);
        self.forget_beats();
    }
}

/// The last minute that is complete for every source: conditions that have been quiet until then have ended.
fn complete_at(now: DateTime<Utc>, lateness: Lateness) -> Minute {
    let longest = lateness.lambda.max(lateness.cloudtrail);
    Minute::of(now).plus(-1 - longest.0 as i32)
}

impl StateStore for MemoryStore {
    async fn exchange(&mut self, learnt: Learnt) -> Result<Vec<Due>, StoreError> {
        let touched = self.add_touching(&learnt);
        self.level_today();
        Ok(self.touched(touched))
    }

    async fn due(&mut self, now: DateTime<Utc>) -> Result<Vec<Due>, StoreError> {
        while let Some(due) = self.step(now) {
            if !due.is_empty() {
                return Ok(due);
            }
        }
        Ok(Vec::new())
    }

    async fn fold(&mut self, judged: Vec<Judged>, _: &Judge<'_>, _: DateTime<Utc>) -> Result<Vec<Found>, StoreError> {
        self.levelled.take(&judged);
        Ok(judged.into_iter().flat_map(|judged| self.book.take(judged, &self.engine)).collect())
    }

    async fn heard(&mut self, entity: &Entity, now: DateTime<Utc>) -> Result<Option<Heard>, StoreError> {
        Ok(self.known_beats(entity, now))
    }

    fn unsaid(&mut self, now: DateTime<Utc>) -> Vec<Alert> {
        self.complete = complete_at(now, self.engine.lateness);
        self.book.forget(self.complete);
        self.book.due(self.complete)
    }

    async fn said(&mut self, alert: &Alert) -> Result<(), StoreError> {
        self.book.said(alert, self.complete);
        Ok(())
    }

    async fn parent(&mut self, alert: &Alert) -> Result<Option<AlertId>, StoreError> {
        Ok(parents_of(alert).iter().find_map(|entity| self.book.parent(entity, alert)))
    }

    async fn place(&mut self, alert: &Alert, budget: Budget, now: DateTime<Utc>) -> Result<Placed, StoreError> {
        Ok(self.days.place(alert, (day_of(alert, now, self.engine.lateness), budget)))
    }

    async fn digest(&mut self, now: DateTime<Utc>) -> Result<Option<(Day, Digest)>, StoreError> {
        Ok(self.days.unsent(closed(now, self.engine.lateness)))
    }

    async fn daily_said(&mut self, daily: Daily, _: DateTime<Utc>) -> Result<(), StoreError> {
        self.days.said(daily);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
