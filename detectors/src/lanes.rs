//! Lanes: which slots are counted together for a first look at a cell. A detector that asks for several occurrences has
//! nothing to say of fewer, however much occurred in the slots of others.

use hashbrown::HashMap;

use crate::catalog::FAILED;
use crate::cell::{LANES, Lanes};
use crate::detector::{Engine, Watch};
use crate::index::Index;
use crate::measure::Slot;
use crate::rule::Key;

/// The lane of each slot, and how many events in two hours must have something in a lane before somebody may speak of it.
#[derive(Debug)]
pub(crate) struct Laned {
    of: HashMap<Slot, u8>,
    need: [u8; LANES],
}

/// Slots that some detector looks at together.
struct Group {
    slots: Vec<Slot>,
    places: Vec<usize>,
    fewest: u32,
}

impl Default for Laned {
    fn default() -> Laned {
        Laned { of: HashMap::new(), need: [1; LANES] }
    }
}

impl Laned {
    pub(crate) fn of(watches: &[Watch], index: &Index) -> Laned {
        let mut groups: Vec<Group> = Vec::new();
        let mut laned = Laned::default();
        for slot in index.slots() {
            let asking = asking(watches, index, slot);
            let Some(fewest) = asking.iter().map(|(_, fewest)| *fewest).min() else { continue };
            if fewest <= 1 || slot == FAILED {
                // One is enough; of failed invocations, profiles learn each, whoever speaks of them.
                laned.of.insert(slot, Lanes::FIRST);
                continue;
            }
            let places: Vec<usize> = asking.into_iter().map(|(place, _)| place).collect();
            let shares = |other: &mut Group| other.places.iter().any(|place| places.contains(place));
            let others: Vec<Group> = groups.extract_if(.., shares).collect();
            let mut group = Group { slots: vec![slot], places, fewest };
            for other in others {
                group.slots.extend(other.slots);
                group.places.extend(other.places);
                group.fewest = group.fewest.min(other.fewest);
            }
            groups.push(group);
        }
        laned.spread(watches, groups);
        laned
    }

    /// Gives each group a lane: one of its own where there is any, else one with groups that seldom have to do with the same
    /// events.
    fn spread(&mut self, watches: &[Watch], mut groups: Vec<Group>) {
        // What looks at any call meets every other group.
        groups.sort_by_key(|group| !group.keys(watches).any(|key| key.service.is_empty() && key.name.is_empty()));
        let mut lanes: [Vec<&Group>; LANES] = Default::default();
        for group in &groups {
            let met = |lane: &usize| lanes[*lane].iter().filter(|other| group.meets(other, watches)).count();
            let Some(lane) = (1..LANES).min_by_key(|lane| (met(lane), lanes[*lane].len())) else { continue };
            lanes[lane].push(group);
            self.of.extend(group.slots.iter().map(|slot| (*slot, lane as u8)));
        }
        for (need, lane) in self.need.iter_mut().zip(&lanes) {
            let fewest = lane.iter().map(|group| group.fewest).min().unwrap_or(1);
            *need = fewest.min(u32::from(u8::MAX)) as u8;
        }
    }
}

impl Group {
    /// The calls that it looks at; empty parts stand for any.
    fn keys<'w>(&self, watches: &'w [Watch]) -> impl Iterator<Item = &'w Key> + use<'w, '_> {
        const ANY: &[Key] = &[Key { service: "", name: "" }];
        let keys = self.places.iter().filter_map(|place| watches.get(*place)).map(|watch| watch.detector.keys());
        keys.flat_map(|keys| if keys.is_empty() { ANY } else { keys })
    }

    fn meets(&self, other: &Group, watches: &[Watch]) -> bool {
        let same = |a: &str, b: &str| a.is_empty() || b.is_empty() || a.eq_ignore_ascii_case(b);
        self.keys(watches).any(|a| other.keys(watches).any(|b| same(a.service, b.service) && same(a.name, b.name)))
    }
}

/// The places of those that may speak of a slot, with the fewest occurrences with which they may.
fn asking(watches: &[Watch], index: &Index, slot: Slot) -> Vec<(usize, u32)> {
    let fewest = |place: &usize| {
        let watch = watches.get(*place)?;
        let variants = watch.variants.iter().filter_map(|variant| variant.detector.as_ref());
        variants.chain([&watch.detector]).filter_map(|detector| detector.fewest(slot)).min()
    };
    index.of_slot(slot).filter_map(|place| Some((place, fewest(&place)?))).collect()
}

impl Engine {
    /// The lane of a slot; nothing where nobody ever speaks of it.
    #[must_use]
    pub fn lane(&self, slot: Slot) -> Option<u8> {
        let known = self.laned.of.get(&slot).copied();
        let asked = || slot == FAILED || !asking(&self.watches, &self.index, slot).is_empty();
        known.or_else(|| asked().then_some(Lanes::FIRST))
    }

    /// Is there enough in some lane for a detector to speak of it?
    #[must_use]
    pub fn is_enough(&self, lanes: Lanes) -> bool {
        lanes.0.iter().zip(&self.laned.need).any(|(held, need)| held >= need)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlation::{Correlation, Count, Member, Members, Pattern, Plan};
    use crate::detector::{About, Trigger};
    use crate::entity::Family;
    use crate::event::Event;
    use crate::profile::Lateness;
    use crate::severity::Severity;
    use crate::stage::Stage;

    struct Nothing;

    impl Members for Nothing {
        fn member<'e>(&self, _: &Event<'e>, _: usize) -> Option<Member<'e>> {
            None
        }
    }

    fn watch(slots: &'static [Slot], pattern: Pattern) -> Watch {
        let trigger = Trigger::Slots(slots);
        let about = Box::leak(Box::new(About { trigger, families: &[Family::Principal], ..About::EMPTY }));
        let plan = Plan { pattern, steps: slots.len(), span: 600 };
        let detector = Correlation { about, severity: Severity::Low, keys: &[], needs: &[], plan, members: Nothing };
        Watch { detector: Box::new(detector), cap: Severity::Critical, stage: Stage::Alert, variants: Vec::new() }
    }

    #[test]
    fn nobody_is_left_out_by_its_lane() {
        const STEPS: &[Slot] = &[Slot::named("a/0"), Slot::named("a/1")];
        const OVERLAPS: &[Slot] = &[Slot::named("a/1"), Slot::named("b/1"), Slot::named("b/2")];
        const COUNTED: &[Slot] = &[Slot::named("c")];
        const SINGLE: &[Slot] = &[Slot::named("d")];
        let count = |least| Pattern::Events(Count { least, most: u32::MAX, not: None });
        let mut watches = vec![watch(STEPS, Pattern::Ordered), watch(OVERLAPS, Pattern::Ordered)];
        watches.extend([watch(COUNTED, count(9)), watch(SINGLE, count(1))]);
        let engine = Engine::new(watches, Lateness::default());
        let lane = |name: &str| engine.lane(Slot::named(name)).unwrap();
        assert_eq!([lane("a/1"), lane("b/1"), lane("b/2")], [lane("a/0"); 3], "one asks for some of them together");
        assert_ne!(lane("c"), lane("a/0"), "nobody asks for both");
        assert_eq!((lane("d"), engine.lane(Slot::named("e"))), (Lanes::FIRST, None));
        for (name, n, enough) in [("a/0", 1, false), ("a/0", 2, true), ("c", 8, false), ("c", 9, true), ("d", 1, true)]
        {
            let mut lanes = Lanes::default();
            lanes.add(lane(name), n);
            assert_eq!(engine.is_enough(lanes), enough, "{n} of {name}");
        }
    }

    #[test]
    fn a_lane_asks_for_no_more_than_anybody_does() {
        let engine = Engine::default();
        for slot in engine.index.slots() {
            for (_, fewest) in asking(&engine.watches, &engine.index, slot) {
                let mut lanes = Lanes::default();
                lanes.add(engine.lane(slot).unwrap(), u64::from(fewest));
                assert!(engine.is_enough(lanes), "{slot:?} {fewest}");
            }
        }
    }
}
