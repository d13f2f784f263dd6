//! State in memory, written down for the replay that goes on from here.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use lapwing_detectors::cell::Cell;
use lapwing_detectors::day::Day;
use lapwing_detectors::entity::Entity;
use lapwing_detectors::event::Source;
use lapwing_detectors::group::{Book, Page};
use lapwing_detectors::profile::Profile;
use lapwing_detectors::time::{Hour, Minute};

use super::levels::Written;
use super::{MemoryStore, NEVER, Retention};
use crate::store::blocks::{Damaged, Reader, Writer};
use crate::store::entities::Held;
use crate::store::hours::Id;

/// An entity of which nothing is held, and nothing was learnt in the 100 days before the oldest hour that is held, is
/// forgotten: those that nobody uses any more must not keep new ones out for ever.
const FORGOTTEN: i32 = 100 * 24;
/// Days before the newest event whose budgets and digests are kept: alerts of older ones are forgotten.
const DAYS: i32 = 8;

/// The silences of a day are judged anew with what comes later.
const JUDGED_ANEW: i32 = 24 * 60;
impl MemoryStore {
    /// Writes down all that must be known to go on: entities with their profiles, the cells of the hours that are held,
    /// how far was judged, and the alerts.
    ///
    /// # Errors
    /// As [`Writer::put`].
    pub fn keep(&mut self, out: &mut Writer) -> Result<(), Damaged> {
        self.learn_lessons();
        self.hours.fold(&mut self.folder);
        let judged = [Source::CloudTrail, Source::Lambda].map(|source| self.judged.get(&source).copied());
        out.put(&(self.newest, judged))?;
        out.put(&self.levelled.written())?;
        self.keep_beats(out)?;
        let ids = self.keep_entities(out)?;
        let all: Vec<_> = self.hours.cells().filter(|(hour, _)| *hour >= self.reached()).collect();
        out.put(&(all.len() as u64))?;
        for (hour, cells) in all {
            out.put(&(hour, cells.len() as u64))?;
            for (id, cell) in cells {
                out.put(&(ids[*id as usize], cell))?;
            }
        }
        self.keep_past(&ids, out)?;
        self.keep_alerts(self.judged_for_good(), out)
    }

    /// Writes what is left of the hours before those.
    fn keep_past(&self, ids: &[Option<Id>], out: &mut Writer) -> Result<(), Damaged> {
        let left: Vec<_> =
            self.past.iter().flat_map(|(hour, left)| left.cells.iter().map(move |left| (*hour, left))).collect();
        let mut left: Vec<_> = left.into_iter().map(|(hour, (id, cell))| (hour, ids[*id as usize], cell)).collect();
        left.sort_unstable_by_key(|(hour, id, _)| (*hour, *id));
        out.put(&(left.len() as u64))?;
        left.into_iter().try_for_each(|left| out.put(&left))
    }

    /// Writes the beats of the last days: those of which silences may still be judged.
    fn keep_beats(&self, out: &mut Writer) -> Result<(), Damaged> {
        let since = self.remembered();
        out.put(&(self.beats.len() as u64))?;
        for (entity, beats) in &self.beats {
            let hours: Vec<(Hour, u64)> = beats.hours().filter(|(hour, _)| *hour >= since).collect();
            out.put(&(entity, hours))?;
        }
        Ok(())
    }

    /// The last minute that was judged whatever its source.
    #[must_use]
    pub fn judged_for_good(&self) -> Minute {
        self.judged.values().min().copied().unwrap_or(NEVER)
    }

    /// The first hour that windows of minutes still to be judged, and late data, reach.
    fn reached(&self) -> Hour {
        match self.retention {
            Retention::Reach => self.judged_for_good().hour(),
            Retention::Week => Hour(i32::MIN),
        }
    }

    /// Writes the entities, and returns the new number of each.
    fn keep_entities(&self, out: &mut Writer) -> Result<Vec<Option<Id>>, Damaged> {
        let mut used = vec![false; self.entities.all().len()];
        let held = self.hours.cells().flat_map(|(_, cells)| cells).map(|(id, _)| id);
        held.chain(self.past.values().flat_map(|left| left.cells.keys())).for_each(|id| used[*id as usize] = true);
        let since = self.hours.oldest().map_or(Hour(i32::MIN), |oldest| Hour(oldest.0.saturating_sub(FORGOTTEN)));
        let stays = |(held, used): (&Held, &bool)| *used || held.profile.newest().is_some_and(|newest| newest >= since);
        let (mut ids, mut next) = (Vec::with_capacity(used.len()), 0);
        for pair in self.entities.all().iter().zip(&used) {
            ids.push(stays(pair).then_some(next));
            next += Id::from(ids.last().is_some_and(Option::is_some));
        }
        out.put(&u64::from(next))?;
        for (held, _) in self.entities.all().iter().zip(&ids).filter(|(_, id)| id.is_some()) {
            out.put(&(&held.entity, held.profile.as_ref()))?;
        }
        Ok(ids)
    }

    /// Writes the alerts that may still change once all up to `judged` was judged for good.
    ///
    /// # Errors
    /// As [`Writer::put`].
    pub fn keep_alerts(&self, judged: Minute, out: &mut Writer) -> Result<(), Damaged> {
        let pages = self.book.pages_since(judged);
        out.put(&(pages.len() as u64))?;
        pages.iter().try_for_each(|page| out.put(page))
    }

    /// Takes over what was written down. The store must be empty.
    ///
    /// # Errors
    /// When it is not what [`MemoryStore::keep`] writes.
    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), Damaged> {
        let (newest, judged): (Option<DateTime<Utc>>, [Option<Minute>; 2]) = from.take()?;
        self.newest = newest;
        self.heard_from = newest.map_or(NEVER, |newest| Minute::of(newest).plus(-JUDGED_ANEW));
        let sources = [Source::CloudTrail, Source::Lambda];
        self.judged = sources.into_iter().zip(judged).filter_map(|(source, minute)| Some((source, minute?))).collect();
        self.levelled = from.take::<Written>()?.into();
        for _ in 0..from.take::<u64>()? {
            let (entity, hours): (Entity, Vec<(Hour, u64)>) = from.take()?;
            self.beats.insert(entity, hours.into_iter().collect());
        }
        for _ in 0..from.take::<u64>()? {
            let (entity, profile): (Entity, Profile) = from.take()?;
            self.entities.put(entity, profile);
        }
        for _ in 0..from.take::<u64>()? {
            let (hour, cells): (Hour, u64) = from.take()?;
            for _ in 0..cells {
                let (id, cell): (Option<Id>, Cell) = from.take()?;
                self.hours.merge(self.known_id(id)?, (hour, cell), NEVER);
            }
        }
        for _ in 0..from.take::<u64>()? {
            let (hour, id, cell): (Hour, Option<Id>, Arc<Cell>) = from.take()?;
            let id = self.known_id(id)?;
            self.past.entry(hour).or_default().put(id, cell);
        }
        let pages = MemoryStore::kept_alerts(from)?;
        self.book.restore(pages, &self.engine);
        Ok(())
    }

    fn known_id(&self, id: Option<Id>) -> Result<Id, Damaged> {
        let known = id.filter(|id| (*id as usize) < self.entities.all().len());
        known.ok_or_else(|| Damaged("a cell is of no entity".to_owned()))
    }

    /// Reads alerts that [`MemoryStore::keep_alerts`] wrote.
    ///
    /// # Errors
    /// When they are something else.
    pub fn kept_alerts(from: &mut Reader<'_>) -> Result<Vec<Page>, Damaged> {
        (0..from.take::<u64>()?).map(|_| from.take()).collect()
    }

    /// Writes the days that further alerts may belong to.
    ///
    /// # Errors
    /// As [`Writer::put`].
    pub fn keep_days(&mut self, out: &mut Writer) -> Result<(), Damaged> {
        if let Some(newest) = self.newest {
            self.days.forget(Day(Day::of(newest).0 - DAYS));
        }
        out.put(&self.days)
    }

    /// Takes over what [`MemoryStore::keep_days`] wrote.
    ///
    /// # Errors
    /// When it is something else.
    pub fn restore_days(&mut self, from: &mut Reader<'_>) -> Result<(), Damaged> {
        self.days = from.take()?;
        Ok(())
    }

    /// The alerts, to be given what was said of them before.
    pub fn book_mut(&mut self) -> &mut Book {
        &mut self.book
    }
}
