//! What was heard of what must not be silent.

use chrono::{DateTime, Utc};
use lapwing_detectors::entity::{Entity, EntityRef};
use lapwing_detectors::judge::Range;
use lapwing_detectors::observe::Learnt;
use lapwing_detectors::time::{Hour, Minute};

use super::{MemoryStore, NEVER, Retention};
use crate::store::Heard;

/// Hours that beats are kept for where late events may still come: those of a week, as cells.
pub(super) const REMEMBERED: i32 = 7 * 24;

impl MemoryStore {
    /// Notes the signs of life in a delivery.
    pub(super) fn listen(&mut self, learnt: &Learnt) {
        let heartbeat = |entity: EntityRef<'_>| entity.family.is_heartbeat().then(|| Entity::from(entity));
        let entities: Vec<Option<Entity>> = learnt.notes.entities().map(heartbeat).collect();
        if entities.iter().all(Option::is_none) {
            return;
        }
        for touch in learnt.notes.touches() {
            if let Some(entity) = &entities[touch.entity as usize] {
                self.beats.entry(entity.clone()).or_default().beat(touch.minute);
            }
        }
    }

    /// What was heard of an entity, as far as that can be known.
    pub(super) fn known_beats(&self, entity: &Entity, now: DateTime<Utc>) -> Option<Heard> {
        if self.book.is_partial() {
            return None;
        }
        // At the end of a replay all is complete, but nobody knows what came after the last event.
        let last = self.newest.map_or(NEVER, Minute::of);
        let to = self.complete(entity.family.source(), now).min(last);
        let beats = self.beats.get(entity).cloned().unwrap_or_default();
        Some((beats, Range { from: self.heard_from, to, complete: true }))
    }

    /// The first hour whose beats another replay may need.
    pub(super) fn remembered(&self) -> Hour {
        Hour(self.newest.map_or(NEVER, Minute::of).hour().0 - REMEMBERED)
    }

    /// Forgets what no late event can change any more.
    pub(super) fn forget_beats(&mut self) {
        if self.retention == Retention::Week {
            let week = self.remembered();
            self.beats.values_mut().for_each(|beats| beats.forget(week));
        }
    }
}
