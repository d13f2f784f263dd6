//! Two cells of the same entity and hour as one.

use std::cmp::Ordering;

use super::{Arrival, Cell, Counter, Occurrence};

/// As many that are added to so many more are looked up one by one; more of them are put in order together.
const SHARE: usize = 8;

impl Cell {
    /// Adds what another cell of the same entity and hour holds. `arrival` says of each minute whether it came in time.
    pub fn merge(&mut self, mut other: Cell, arrival: impl Fn(u8) -> Arrival) {
        other.mark(arrival);
        self.unite(other);
    }

    /// Adds what another part of the same cell holds, with the marks that it has.
    pub fn unite(&mut self, other: Cell) {
        if is_small(other.counters.len(), self.counters.len()) {
            other.counters.into_iter().for_each(|counter| self.add(counter));
        } else {
            let held = std::mem::take(&mut self.counters);
            self.counters = in_order((held, other.counters), Counter::place, Counter::join);
        }
        self.take_readings(other.readings, &other.tracks);
        self.take_occurrences(other.occurrences);
        other.contributors.into_iter().for_each(|contributor| self.contribute(contributor));
        other.examples.into_iter().for_each(|(measure, example)| self.exemplify(measure, example));
        self.habits.unite(other.habits);
        self.sums.unite(other.sums);
    }

    fn take_occurrences(&mut self, others: Vec<Occurrence>) {
        if is_small(others.len(), self.occurrences.len()) {
            return others.into_iter().for_each(|occurrence| self.occur(occurrence));
        }
        let held = std::mem::take(&mut self.occurrences);
        self.occurrences = in_order((held, others), Occurrence::rank, Occurrence::join);
        let (mut of, mut kept) = (None, 0);
        self.occurrences.retain(|occurrence| {
            let place = Some((occurrence.slot, occurrence.minute));
            kept = if of == place { kept + 1 } else { 1 };
            of = place;
            kept <= occurrence.keep.limit()
        });
    }
}

/// Are these so few that looking up the place of each among those that are held takes less than going through all?
pub(super) fn is_small(others: usize, held: usize) -> bool {
    others * SHARE < held
}

/// All of two lists in the order of their places; what has the same place is joined.
pub(super) fn in_order<T, L, K>((held, others): (L, L), place: impl Fn(&T) -> K, join: impl Fn(&mut T, T)) -> L
where
    L: IntoIterator<Item = T> + FromIterator<T> + AsRef<[T]>,
    K: Ord,
{
    if held.as_ref().is_empty() {
        return others;
    }
    let (mut held, mut others) = (held.into_iter().peekable(), others.into_iter().peekable());
    let next = || {
        let order = match (held.peek(), others.peek()) {
            (Some(one), Some(other)) => place(one).cmp(&place(other)),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        match order {
            Ordering::Less => held.next(),
            Ordering::Greater => others.next(),
            Ordering::Equal => held.next().zip(others.next()).map(|(mut one, other)| {
                join(&mut one, other);
                one
            }),
        }
    };
    std::iter::from_fn(next).collect()
}
