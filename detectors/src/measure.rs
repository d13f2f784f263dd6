//! What is counted: counters by measure, occurrences by slot.

use serde::{Deserialize, Serialize};

use crate::event::ErrorClass;

/// A counter of a cell: a sum per minute. Each measure has one meaning, whoever reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Measure {
    /// API calls, by weight.
    Calls,
    /// Calls of APIs that hand out secrets, credentials or rights, by weight.
    Sensitive,
    /// Calls that were refused.
    Denied,
    /// Calls whose caller could not be authenticated.
    AuthFailed,
    /// Calls that were throttled.
    Throttled,
    /// Calls for what is not there or not valid.
    Invalid,
    /// Calls that the service failed.
    ServerFaults,
    /// Invocations of a function that ended: REPORT lines.
    Invocations,
    /// Failed invocations, by distinct request id. Not a counter of its own: read from the occurrences of
    /// [`FAILED`](crate::catalog::FAILED), so that 2 to 4 lines about one failure and its retries count once.
    Failures,
    /// Events of any kind: signs of life of what is watched for silence.
    Any,
    /// Invocations that began with an init.
    ColdStarts,
    /// Lines of an application that report an error and not the end of an invocation.
    ErrorLines,
    /// Kilobytes (1,000 bytes) that were downloaded.
    Kilobytes,
}

impl Measure {
    /// All of them.
    pub const ALL: [Measure; 13] = [
        Measure::Calls,
        Measure::Sensitive,
        Measure::Denied,
        Measure::AuthFailed,
        Measure::Throttled,
        Measure::Invalid,
        Measure::ServerFaults,
        Measure::Invocations,
        Measure::Failures,
        Measure::Any,
        Measure::ColdStarts,
        Measure::ErrorLines,
        Measure::Kilobytes,
    ];

    /// The measure that counts failed calls of a class.
    #[must_use]
    pub fn of_class(class: ErrorClass) -> Option<Measure> {
        match class {
            ErrorClass::Denied => Some(Measure::Denied),
            ErrorClass::Authentication => Some(Measure::AuthFailed),
            ErrorClass::Throttled => Some(Measure::Throttled),
            ErrorClass::NotFoundOrInvalid => Some(Measure::Invalid),
            ErrorClass::ServerFault => Some(Measure::ServerFaults),
            ErrorClass::NotAnError => None,
        }
    }

    /// What it is a part of, and how many in two hours make its share worth a model that learns minute by minute.
    pub(crate) fn part_of(self) -> Option<(Measure, u64)> {
        match self {
            Measure::Denied | Measure::AuthFailed | Measure::Throttled | Measure::Invalid | Measure::ServerFaults => {
                Some((Measure::Calls, 20))
            }
            Measure::Failures => Some((Measure::Invocations, 5)),
            Measure::ColdStarts => Some((Measure::Invocations, 20)),
            Measure::Calls
            | Measure::Sensitive
            | Measure::Invocations
            | Measure::Any
            | Measure::ErrorLines
            | Measure::Kilobytes => None,
        }
    }

    pub(crate) fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// A place in a cell's set of occurrences: one rule or detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot(pub u32);

impl Slot {
    /// The slot of that name. FNV-1a (RFC draft-eastlake-fnv), because it can run at compile time.
    #[must_use]
    pub const fn named(name: &str) -> Slot {
        let bytes = name.as_bytes();
        let mut hash: u32 = 0x811c_9dc5;
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u32).wrapping_mul(0x0100_0193);
            i += 1;
        }
        Slot(hash)
    }
}

/// Which occurrences of one slot and minute a cell keeps, so that hostile input cannot grow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keep {
    /// The k smallest event hashes: enough to count up to k.
    Count(u16),
    /// One occurrence for each of the k smallest value hashes: enough to count k distinct values.
    Distinct(u16),
    /// The k smallest event hashes, as examples: the events are counted as well, by the upper half of their values.
    Sum(u16),
}

impl Keep {
    /// The number kept for each slot and minute.
    #[must_use]
    pub fn limit(self) -> usize {
        match self {
            Keep::Count(k) | Keep::Distinct(k) | Keep::Sum(k) => usize::from(k),
        }
    }

    pub(crate) fn widest(self, other: Keep) -> Keep {
        if other.limit() > self.limit() { other } else { self }
    }
}
