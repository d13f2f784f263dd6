//! What was found out about an event or its caller, for those who ask next.

use std::cell::{Cell, OnceCell};
use std::ops::Range;

/// What was found out about a caller: the same one makes many calls.
#[derive(Clone, Debug, Default)]
pub struct Recall {
    /// Of its text.
    pub outline: Outline,
    /// What rules asked of it already, and of nothing else in the call.
    pub asked: Asked,
}

/// Answers about one event or caller, by the numbers of the questions: several rules ask the same.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    known: Cell<u128>,
    holds: Cell<u128>,
}

impl Asked {
    /// The questions that have a number.
    pub const MOST: u8 = 128;

    /// The answer to the question of that number, found out where nobody asked before.
    pub fn ask(&self, number: u8, find: impl FnOnce() -> bool) -> bool {
        let bit = 1_u128.checked_shl(u32::from(number)).unwrap_or_default();
        if self.known.get() & bit != 0 {
            return self.holds.get() & bit != 0;
        }
        let holds = find();
        self.known.set(self.known.get() | bit);
        self.holds.set(self.holds.get() | if holds { bit } else { 0 });
        holds
    }
}

/// Where the members of a JSON object stand in its text. Whoever needs that first finds it out for those who come after.
#[derive(Clone, Debug, Default)]
pub struct Outline(OnceCell<Option<Members>>);

/// Where name and value of each member stand, in their order.
pub type Members = Vec<[Range<u32>; 2]>;

impl Outline {
    /// The members of `text`, which is always the same; nothing where `find` finds out nothing.
    pub fn members<'t>(
        &self,
        text: &'t str,
        find: impl FnOnce(&'t str) -> Option<Members>,
    ) -> Option<impl Iterator<Item = (&'t str, &'t str)>> {
        let at = |place: &Range<u32>| text.get(place.start as usize..place.end as usize).unwrap_or_default();
        let members = self.0.get_or_init(|| find(text)).as_ref()?;
        Some(members.iter().map(move |[name, value]| (at(name), at(value))))
    }
}
