//! The other form: cells that are added to in place, one attribute for each counter and one set for each kind of what
//! is kept apart. It is the least that decides what its writes cost: every `ADD` of a delivery, and the sizes of the
//! items that come of it. What a set has it keeps: an item that is only added to cannot leave out all but the smallest.

use std::collections::{BTreeMap, HashMap, HashSet};

use lapwing::store::table::keys::key_of;
use lapwing::store::table::units::{named_size, write_units};
use lapwing_detectors::observe::Learnt;
use serde_json::Value;

/// What one `UpdateItem` takes: bytes of its expression, and operators in it.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const EXPRESSION: usize = 4 << 10;
const OPERATORS: usize = 300;
/// Bytes of `#a :a, ` in an expression.
const CLAUSE: usize = 8;
/// Bytes of a counter's name: its measure, its minute and whether it came in time; and of a set's.
const NAME: u64 = 3;
/// A set or a list, and each element of it.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
const SET: u64 = 3;
const ELEMENT: u64 = 1;

/// Where a cell lies: the key of its entity, and its hour.
type Place = (std::sync::Arc<str>, i32);

/// A table of such items.
#[derive(Default)]
pub(crate) struct Adding {
    items: HashMap<Place, Item>,
    /// Write units so far.
    pub(crate) units: u64,
    /// Bytes of what deliveries brought, by the first letter of the key and what they are.
    pub(crate) kinds: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Item {
    deliveries: HashSet<u128>,
    counters: BTreeMap<String, u64>,
    /// By the name of the set, the hashes of its elements.
    sets: BTreeMap<String, HashSet<u64>>,
    /// Bytes of counters and sets.
    bytes: u64,
}

impl Item {
    fn size(&self, key: &str) -> u64 {
        named_size(key) + self.bytes + NAME + SET + self.deliveries.len() as u64 * (8 + ELEMENT)
    }

    fn count(&mut self, name: &str, n: u64) {
        match self.counters.get_mut(name) {
            Some(held) => {
                self.bytes = self.bytes - number(*held) + number(*held + n);
                *held += n;
            }
            None => {
                self.bytes += NAME + number(n);
                self.counters.insert(name.to_owned(), n);
            }
        }
    }

    /// Adds what a delivery taught; how many attributes that touches.
    fn add(&mut self, cell: &Value) -> usize {
        let mut touched = HashSet::new();
        for (kind, all) in cell.as_object().into_iter().flatten() {
            for part in all.as_array().into_iter().flatten() {
                match (kind.as_str(), &part["count"], &part["hash"]) {
                    ("counters", ..) => {
                        for late in ["on_time", "late"] {
                            let n = part[late].as_u64().unwrap_or_default();
                            let name = format!("{}{}{late}", part["measure"], part["minute"]);
                            if n > 0 {
                                self.count(&name, n);
                                touched.insert(name);
                            }
                        }
                    }
                    (_, Value::Number(count), hash) => {
                        // What contributed: its count adds up, its name is in a set.
                        let name = format!("{kind}{hash}");
                        self.count(&name, count.as_u64().unwrap_or_default());
                        self.keep("names", &part["name"]);
                        touched.extend([name, "names".to_owned()]);
                    }
                    _ => {
                        self.keep(kind, part);
                        touched.insert(kind.clone());
                    }
                }
            }
        }
        touched.len()
    }

    fn keep(&mut self, set: &str, element: &Value) {
        if !self.sets.contains_key(set) {
            self.sets.insert(set.to_owned(), HashSet::new());
            self.bytes += NAME + SET;
        }
        let hash = xxhash_rust::xxh3::xxh3_64(element.to_string().as_bytes());
        if self.sets.get_mut(set).is_some_and(|held| held.insert(hash)) {
            self.bytes += bytes(element) + ELEMENT;
        }
    }
}

impl Adding {
    /// Adds a delivery: an `UpdateItem` for each cell, or several where one does not take it all.
    pub(crate) fn add(&mut self, learnt: &Learnt) {
        for (entity, hour, cell) in learnt.cells() {
            let key = key_of(&entity);
            // By way of text, which takes numbers of any length.
            let text = serde_json::to_string(&cell).unwrap_or_default();
            let cell: Value = serde_json::from_str(&text).unwrap_or_default();
            self.note(&key, &cell);
            let item = self.items.entry((std::sync::Arc::clone(&key), hour.0)).or_default();
            let before = item.size(&key);
            let fresh = item.deliveries.insert(learnt.delivery.0);
            let touched = if fresh { item.add(&cell) } else { 1 };
            let calls = (touched * CLAUSE).div_ceil(EXPRESSION).max(touched.div_ceil(OPERATORS)).max(1) as u64;
            self.units += write_units(Some(before), item.size(&key)) * calls;
        }
    }
}

impl Adding {
    /// Notes how many bytes of what kind there are, before items merge and shrink.
    fn note(&mut self, key: &str, cell: &Value) {
        for (kind, all) in cell.as_object().into_iter().flatten() {
            let family = key.chars().next().unwrap_or(' ');
            *self.kinds.entry(format!("{family} {kind}")).or_default() += bytes(all);
        }
    }
}

/// A byte for every two digits, and one more.
fn number(n: u64) -> u64 {
    1 + n.checked_ilog10().map_or(0, |most| (u64::from(most) + 2) / 2)
}

/// The bytes of a value in a binary form without names.
fn bytes(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(n) => n.as_u64().map_or(16, |n| (u64::from(64 - n.leading_zeros())).div_ceil(7).max(1)),
        Value::String(text) => 1 + text.len() as u64,
        Value::Array(all) => 1 + all.iter().map(bytes).sum::<u64>(),
        Value::Object(all) => all.values().map(bytes).sum(),
    }
}
