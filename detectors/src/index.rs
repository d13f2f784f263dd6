//! Which detectors an event or a cell can concern. With hundreds of rules, asking each one costs more than all the rest.

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::cell::Cell;
use crate::detector::{Trigger, Watch};
use crate::entity::Family;
use crate::event::{Call, Source};
use crate::habit::Facet;
use crate::measure::Slot;
use crate::rule::{Key, Need};

/// Places of watches.
pub(crate) type Places = SmallVec<[usize; 16]>;

/// Where to look for what can concern an event or a cell, by the places of watches.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Those that look at every event of a source.
    by_source: [Vec<usize>; 2],
    /// Those that look at every call that is so, in the order of [`Need::ALL`].
    by_need: [Vec<usize>; Need::ALL.len()],
    /// The names of what those observe.
    observed: [Vec<&'static str>; 2],
    /// Those that look at some calls only, by the hash of service and name, of which one may be empty.
    by_key: HashMap<u64, Vec<usize>>,
    /// The hashes of the few services that there is a key without a name of.
    services: SmallVec<[u64; 8]>,
    /// The hashes of the few names that there is a key without a service of.
    names: SmallVec<[u64; 8]>,
    /// Those that are judged where something occurred.
    by_slot: HashMap<Slot, Vec<usize>>,
    /// Those that are asked about every cell of a family.
    always: [Vec<usize>; Family::ALL.len()],
    /// Those that are asked about cells of a family that show what is new.
    news: [Vec<usize>; Family::ALL.len()],
    /// All of these, of whichever family.
    slotless: Vec<usize>,
}

impl Index {
    pub(crate) fn of(watches: &[Watch]) -> Index {
        let mut index = Index::default();
        // Those that yield come last: by then it is known whether a rule found the event.
        for yields in [false, true] {
            let all = watches.iter().enumerate().filter(|(_, watch)| watch.detector.yields() == yields);
            all.for_each(|(place, watch)| index.add(place, watch));
        }
        index
    }

    fn add(&mut self, place: usize, watch: &Watch) {
        let (about, keys) = (watch.detector.about(), watch.detector.keys());
        for Key { service, name } in keys {
            let (service_hash, name_hash) = (folded(service), folded(name));
            if name.is_empty() && !self.services.contains(&service_hash) {
                self.services.push(service_hash);
            }
            if service.is_empty() && !self.names.contains(&name_hash) {
                self.names.push(name_hash);
            }
            let places = self.by_key.entry(key(service_hash, name_hash)).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        if let (true, [need, ..]) = (keys.is_empty(), watch.detector.needs()) {
            self.by_need[*need as usize].push(place);
        }
        let looks = keys.is_empty() && watch.detector.needs().is_empty();
        let observes = watch.detector.observes();
        for source in [Source::CloudTrail, Source::Lambda] {
            let same = |name: &&str| self.observed[source as usize].contains(name);
            if observes.as_ref().is_some_and(same) {
                continue;
            }
            if looks && watch.detector.looks_at(source) {
                self.by_source[source as usize].push(place);
                self.observed[source as usize].extend(observes);
            }
        }
        match about.trigger {
            Trigger::Slots(slots) if watch.detector.rests_on_trigger() => {
                slots.iter().for_each(|slot| self.by_slot.entry(*slot).or_default().push(place));
            }
            trigger => {
                let asked = if matches!(trigger, Trigger::Facets(_)) { &mut self.news } else { &mut self.always };
                about.families.iter().for_each(|family| asked[*family as usize].push(place));
                self.slotless.push(place);
            }
        }
    }

    /// Those that look at every event of a source.
    pub(crate) fn of_source(&self, source: Source) -> &[usize] {
        &self.by_source[source as usize]
    }

    /// Those that look at every call that is so.
    pub(crate) fn of_need(&self, need: Need) -> &[usize] {
        &self.by_need[need as usize]
    }

    /// Those that look at calls like this one only, each once.
    pub(crate) fn of_call(&self, call: &Call<'_>) -> Places {
        let mut places = Places::new();
        let (service, name) = (folded(call.service), folded(call.name));
        let of = |service, name| self.by_key.get(&key(service, name)).into_iter().flatten().copied();
        places.extend(of(service, name));
        let (any_name, any_service) = (self.services.contains(&service), self.names.contains(&name));
        if any_name || any_service {
            let none = folded("");
            places.extend(of(service, none).chain(of(none, name)));
            places.sort_unstable();
            places.dedup();
        }
        places
    }

    /// The slots that somebody is judged for, in a fixed order.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let mut slots: Vec<Slot> = self.by_slot.keys().copied().collect();
        slots.sort_unstable();
        slots
    }

    /// Those that may be judged where something occurred in a slot.
    pub(crate) fn of_slot(&self, slot: Slot) -> impl Iterator<Item = usize> + '_ {
        self.slotless.iter().chain(self.by_slot.get(&slot).into_iter().flatten()).copied()
    }

    /// Those that speak of what is new of an entity of a family.
    pub(crate) fn news_of(&self, family: Family) -> &[usize] {
        &self.news[family as usize]
    }

    /// Those that can have something to say about a cell of a family, whether or not it shows anything new: first those
    /// that most likely have. Some may come twice.
    pub(crate) fn of_family(&self, family: Family, cell: &Cell) -> impl Iterator<Item = usize> {
        let occurred = cell.slots().filter_map(|slot| self.by_slot.get(&slot)).flatten();
        occurred.chain(&self.always[family as usize]).copied()
    }

    /// Those that can have something to say about a cell of a family, each once, in their order; of what is new only
    /// where there is something.
    pub(crate) fn of_cell(&self, (family, news): (Family, bool), cell: &Cell) -> Places {
        let mut places: Places = self.of_family(family, cell).collect();
        if news {
            places.extend_from_slice(self.news_of(family));
        }
        places.sort_unstable();
        places.dedup();
        places
    }
}

/// The facets that some detector asks for of a family, a bit for each.
pub(crate) fn facets_of(watches: &[Watch], family: Family) -> u16 {
    // An account is asked what those who are compared with it are asked.
    let asks = |watch: &&Watch| {
        let about = watch.detector.about();
        about.families.contains(&family) || family == Family::Account && watch.detector.asks_account()
    };
    let abouts = watches.iter().filter(asks).map(|watch| watch.detector.about());
    let remembered = watches.iter().filter(asks).flat_map(|watch| watch.detector.remembers());
    let remembered = remembered.fold(0, |all, facet| all | facet.bit());
    let asked = abouts.fold(remembered, |all, about| match about.trigger {
        Trigger::Facets(facets) => facets.iter().fold(all, |all, facet| all | facet.bit()),
        Trigger::Measures(_) | Trigger::Slots(_) => all,
    });
    // Since when an entity is known, and when it did anything, is asked wherever anything is.
    if asked != 0 { asked | Facet::Presence.bit() } else { 0 }
}

/// The fewest counted events in two hours with which some detector may speak of an entity of the family.
pub(crate) fn floor_of(watches: &[Watch], family: Family) -> u64 {
    let about = watches.iter().filter(|watch| watch.detector.about().families.contains(&family));
    let all = about.flat_map(|w| w.variants.iter().filter_map(|v| v.detector.as_ref()).chain([&w.detector]));
    all.map(|detector| detector.floor()).min().unwrap_or(u64::MAX)
}

fn key(service: u64, name: u64) -> u64 {
    service ^ name.rotate_left(1)
}

/// A hash that is the same in upper and lower case, for this process only. Others may share it: the rule itself decides.
fn folded(text: &str) -> u64 {
    /// What makes upper case lower, in eight letters.
    const LOWER: u64 = u64::from_le_bytes([b' '; 8]);
    /// Of FxHash: an odd number with its bits well spread.
    const SPREAD: u64 = 0xf135_7aea_2e62_a9c5;
    let mix =
        |hash: u64, word: [u8; 8]| (hash.rotate_left(23) ^ (u64::from_le_bytes(word) | LOWER)).wrapping_mul(SPREAD);
    let (words, _) = text.as_bytes().as_chunks::<8>();
    // The last eight letters may have been among the others; shorter texts have fewer.
    let last = text.as_bytes().last_chunk::<8>().copied().unwrap_or_else(|| {
        let mut short = [0; 8];
        short.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        short
    });
    mix(words.iter().fold(text.len() as u64, |hash, word| mix(hash, *word)), last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_and_the_rest_does() {
        for (one, other, same) in [
            ("CreateUser", "createuser", true),
            ("CreateUser", "CreateUsers", false),
            ("", "a", false),
            ("iam", "ec2", false),
        ] {
            assert_eq!(folded(one) == folded(other), same, "{one} {other}");
        }
        assert_ne!(key(folded("a"), folded("b")), key(folded("b"), folded("a")));
    }
}
