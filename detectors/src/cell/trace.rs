//! What a cell holds, in short: enough for a first look at it.

/// What the occurrences that a detector asks for weigh together, so that those of several slots can be added up.
pub const ENOUGH: u32 = 60;

/// How much a cell holds, in short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The sum of all counters.
    pub counted: u64,
    /// How much occurred: [`ENOUGH`] where some detector may speak of it.
    pub occurred: u32,
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
            occurred: self.occurred.saturating_add(other.occurred),
            carries: self.carries || other.carries,
            long: self.long || other.long,
        }
    }
}
