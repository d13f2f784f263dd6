//! Lanes: which slots are counted together for a first look at a cell. A detector that asks for several occurrences has
//! nothing to say of fewer, however much occurred in the slots of others.

use hashbrown::HashMap;

use crate::catalog::FAILED;
use crate::cell::{LANES, Lanes};
use crate::detector::{Engine, Watch};
use crate::index::Index;
use crate::measure::Slot;

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
        for (group, lane) in groups.iter().zip((1..LANES as u8).cycle()) {
            let fewest = group.fewest.min(u32::from(u8::MAX)) as u8;
            let need = &mut laned.need[usize::from(lane)];
            *need = if *need == 1 { fewest } else { fewest.min(*need) };
            laned.of.extend(group.slots.iter().map(|slot| (*slot, lane)));
        }
        laned
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
