//! What a cell holds, in short: enough for a first look at it.

/// How many lanes there are.
pub const LANES: usize = 32;

/// How many events had an occurrence in each lane, as far as a byte counts. Slots that a detector looks at together are in
/// one lane; which, the engine says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lanes(pub(crate) [u8; LANES]);

impl Lanes {
    /// Of occurrences that one is enough of for some detector to speak.
    pub const FIRST: u8 = 0;

    /// Adds so many to a lane.
    pub fn add(&mut self, lane: u8, n: u64) {
        if let Some(held) = self.0.get_mut(usize::from(lane)) {
            *held = u64::from(*held).saturating_add(n).min(u64::from(u8::MAX)) as u8;
        }
    }

    /// Adds one to each lane with a bit.
    pub(crate) fn mark(&mut self, mut lanes: u32) {
        while lanes != 0 {
            self.add(lanes.trailing_zeros() as u8, 1);
            lanes &= lanes - 1;
        }
    }

    /// Is there nothing in any?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Lanes::default()
    }

    fn and(mut self, other: Lanes) -> Lanes {
        self.0.iter_mut().zip(other.0).for_each(|(held, more)| *held = held.saturating_add(more));
        self
    }
}

/// How much a cell holds, in short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The sum of all counters.
    pub counted: u64,
    /// What occurred, of which some detector may speak where there is enough of it.
    pub lanes: Lanes,
    /// May some detector speak of it in the next hour, though nothing occurs then?
    pub carries: bool,
    /// Did anything occur that windows of more than an hour rest on?
    pub long: bool,
}

impl Trace {
    /// What both leave behind together.
    #[must_use]
    pub fn and(self, other: Trace) -> Trace {
        Trace {
            counted: self.counted.saturating_add(other.counted),
            lanes: self.lanes.and(other.lanes),
            carries: self.carries || other.carries,
            long: self.long || other.long,
        }
    }
}
