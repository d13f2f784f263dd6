//! What happens in an account and is told of its functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use lapwing_detectors::cell::Cell;
use lapwing_detectors::entity::{Entity, Family};
use lapwing_detectors::judge::{Known, Range};
use lapwing_detectors::time::{Hour, Minute};

use super::MemoryStore;
use crate::store::Due;
use crate::store::hours::Id;

/// The minutes of each entity from the first to the last that a delivery touched.
pub(super) type Touched = BTreeMap<Id, (Minute, Minute)>;

/// Widens what was touched of an entity.
pub(super) fn touch(touched: &mut Touched, id: Id, (from, to): (Minute, Minute)) {
    let reached = touched.entry(id).or_insert((from, to));
    *reached = (reached.0.min(from), reached.1.max(to));
}

impl MemoryStore {
    /// The functions of an account are touched where something happened that the alerts about them may name.
    pub(super) fn touch_functions(&self, moved: Vec<(Entity, (Minute, Minute))>, touched: &mut Touched) {
        for (home, (from, to)) in moved {
            for hour in from.hour().0..=to.hour().0 {
                let present = self.hours.get(Hour(hour)).into_iter().flat_map(|held| held.traces());
                let of_home = |id: &Id| {
                    let entity = &self.entities.get(*id).entity;
                    entity.family == Family::Function && entity.account() == home.account()
                };
                present.map(|(id, _)| id).filter(of_home).for_each(|id| touch(touched, id, (from, to)));
            }
        }
    }

    /// What is known of an entity, with the cells of its account where somebody asks for them.
    pub(super) fn with_home(&self, known: Known, (from, to): (Hour, Hour)) -> Known {
        let home = self.entities.home_of(&known, &self.engine);
        let cells = |home: Id| -> Vec<(Hour, Arc<Cell>)> { self.hours.copies(home, (from.before(), from), to) };
        Known { home: home.map(cells).unwrap_or_default(), ..known }
    }

    /// What is to be judged of what was touched: complete minutes as complete, the others as not.
    pub(super) fn touched(&self, touched: Touched) -> Vec<Due> {
        let mut due = Vec::new();
        for (id, (from, to)) in touched {
            let judged = self.judged(self.source(id));
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
}
