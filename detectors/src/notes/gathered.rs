//! What an account's calls add: one touch for all of a principal's in a minute. Every call counts for its account, and a
//! touch for each would be half as many again.

use super::{Index, Note, Notes, Outcome, Shown, Touch};
use crate::cell::Part;
use crate::entity::Family;
use crate::event::{Event, What};
use crate::hash::hash_one;
use crate::observe::Observations;
use crate::time::Minute;

/// Tells what is gathered apart: the entity, the minute, the principal and the measures.
pub(super) type Gathered = (u32, Minute, u64, u16);

impl Notes {
    /// What a call can be gathered with; nothing of what says more of its entity than a number.
    pub(super) fn gathered(
        family: Family,
        entity: u32,
        event: &Event<'_>,
        seen: &Observations<'_>,
    ) -> Option<Gathered> {
        let What::Call(call) = event.what else { return None };
        let measures = seen.measures[family as usize];
        let counts = family == Family::Account && measures != 0 && !seen.occurs(family);
        counts.then(|| (entity, Minute::of(event.time), hash_one(call.principal.name), measures))
    }

    /// Adds to a touch that is there; says whether there is one. Of one that is not, the next is noted to be it.
    pub(super) fn gather(&mut self, as_what: Gathered, weight: u32, index: &mut Index) -> bool {
        let next = self.touches.len() as u32;
        let place = *index.gathered.entry(as_what).or_insert(next);
        if place == next {
            return false;
        }
        let held = &mut self.touches[place as usize].weight;
        *held = held.saturating_add(weight);
        true
    }

    /// What a touch adds to a contributor of its cell, and the text that names it: to an API for a principal, to a
    /// principal for an API.
    pub(crate) fn part(&self, touch: &Touch, note: &Note) -> (Part, Shown) {
        let by_api = matches!(self.family(touch), Family::Principal | Family::User | Family::Denial | Family::Download)
            || note.outcome == Outcome::Line;
        let (hash, name) = if by_api { (note.what, Shown::What) } else { (note.who, Shown::Who) };
        let count = u64::from(touch.weight);
        // What is gathered ended in this way and that.
        let one = self.family(touch) != Family::Account;
        let part = Part {
            hash,
            count,
            denied: if one && note.outcome == Outcome::Refusal { count } else { 0 },
            successes: u64::from(one && note.outcome == Outcome::Success) << touch.minute.of_hour(),
        };
        (part, name)
    }
}
