//! The entities that state is kept about: numbered, and bounded by family.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashTable;
use lapwing_detectors::cell::Cell;
use lapwing_detectors::detector::Engine;
use lapwing_detectors::entity::{Entity, EntityRef, Family};
use lapwing_detectors::judge::Known;
use lapwing_detectors::level::Levels;
use lapwing_detectors::profile::{Learning, Profile};
use lapwing_detectors::time::Hour;

use super::hours::Id;

/// How many entities are kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of each family whose names AWS gives.
    pub entities: usize,
    /// Of each family whose names outsiders choose: addresses, and users at the sign-in page.
    pub outsiders: usize,
}

impl Limits {
    /// How many of a family.
    #[must_use]
    pub fn of(self, family: Family) -> usize {
        if family.outsiders_choose() { self.outsiders } else { self.entities }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { entities: 100_000, outsiders: 20_000 }
    }
}

/// An entity, and what is usual for it.
pub(super) struct Held {
    pub(super) entity: Entity,
    pub(super) profile: Arc<Profile>,
}

impl Held {
    fn is(&self, entity: EntityRef<'_>) -> bool {
        self.entity.family == entity.family && *self.entity.key == *entity.key
    }

    /// Teaches its profile what came in time in a complete hour.
    pub(super) fn learn(&mut self, hour: Hour, cell: &Cell, how: Learning) {
        Arc::make_mut(&mut self.profile).learn(hour, cell, how);
    }

    /// What is known of it, with these of its cells.
    pub(super) fn known(&self, cells: Vec<(Hour, Arc<Cell>)>, levels: &Arc<Levels>) -> Known {
        let (profile, levels) = (Some(Arc::clone(&self.profile)), Arc::clone(levels));
        Known { profile, levels, ..Known::of(self.entity.clone(), cells) }
    }
}

/// The entities that are held.
pub(super) struct Entities {
    /// The number of each entity, with its hash.
    index: HashTable<(u64, Id)>,
    held: Vec<Held>,
    counts: [usize; Family::ALL.len()],
    limits: Limits,
    /// Cells that found no room, by family.
    pub(super) overflow: BTreeMap<Family, u64>,
}

impl Entities {
    pub(super) fn new(limits: Limits) -> Entities {
        let counts = [0; Family::ALL.len()];
        Entities { index: HashTable::new(), held: Vec::new(), counts, limits, overflow: BTreeMap::new() }
    }

    /// The number of an entity; nothing when its family is full.
    pub(super) fn id(&mut self, entity: EntityRef<'_>) -> Option<Id> {
        let same = |(hash, id): &(u64, Id)| *hash == entity.hash && self.held[*id as usize].is(entity);
        if let Some((_, id)) = self.index.find(entity.hash, same) {
            return Some(*id);
        }
        let family = entity.family;
        if self.counts[family as usize] >= self.limits.of(family) {
            *self.overflow.entry(family).or_default() += 1;
            return None;
        }
        self.counts[family as usize] += 1;
        let id = self.held.len() as Id;
        self.held.push(Held { entity: entity.into(), profile: Arc::default() });
        self.index.insert_unique(entity.hash, (entity.hash, id), |(hash, _)| *hash);
        Some(id)
    }

    /// The same with what is usual for its account, where somebody asks for that.
    pub(super) fn at_home(&self, known: Known, engine: &Engine) -> Known {
        let home = engine.asks_account(&known).then(|| known.entity.home()).flatten();
        let account = home.and_then(|home| self.find((&home).into())).map(|held| Arc::clone(&held.profile));
        Known { account, ..known }
    }

    /// The number of an entity's account, where somebody asks for its cells.
    pub(super) fn home_of(&self, known: &Known, engine: &Engine) -> Option<Id> {
        let home = engine.asks_home(known).then(|| known.entity.home()).flatten()?;
        self.number((&home).into())
    }

    fn find(&self, entity: EntityRef<'_>) -> Option<&Held> {
        self.number(entity).map(|id| self.get(id))
    }

    fn number(&self, entity: EntityRef<'_>) -> Option<Id> {
        let same = |(hash, id): &(u64, Id)| *hash == entity.hash && self.held[*id as usize].is(entity);
        self.index.find(entity.hash, same).map(|(_, id)| *id)
    }

    /// All of them, in the order of their numbers.
    pub(super) fn all(&self) -> &[Held] {
        &self.held
    }

    /// Puts an entity back that was held before. What was held has room.
    pub(super) fn put(&mut self, entity: Entity, profile: Profile) {
        let hash = EntityRef::from(&entity).hash;
        self.counts[entity.family as usize] += 1;
        self.index.insert_unique(hash, (hash, self.held.len() as Id), |(hash, _)| *hash);
        self.held.push(Held { entity, profile: Arc::new(profile) });
    }

    pub(super) fn get(&self, id: Id) -> &Held {
        &self.held[id as usize]
    }

    /// Something of what is soon asked of an entity, so that it is at hand then.
    pub(super) fn glimpse(&self, id: Id) -> u32 {
        self.held.get(id as usize).map_or(0, |held| held.profile.glimpse())
    }

    pub(super) fn get_mut(&mut self, id: Id) -> &mut Held {
        &mut self.held[id as usize]
    }
}
