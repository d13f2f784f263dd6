//! The first form of the count models, kept as it was published with its test vectors: one row a minute, each learnt as
//! soon as it is judged. It is the yardstick of the current form, and nothing else uses it.

mod errors;
mod rate;
mod tail;

pub use errors::ReferenceErrors;
pub use rate::ReferenceRate;

#[cfg(test)]
mod tests;

/// Minutes that the widest window reaches.
const REACH: usize = 60;
const MINUTES_OF_DAY: i32 = 1440;
