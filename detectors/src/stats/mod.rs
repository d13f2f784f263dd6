//! The statistics of series: how unusual a count, a share of errors, or a value is, given what the series did before.
//!
//! Pure state machines without I/O or clock. The same input gives the same bits, however the calls are split.

pub mod calibration;
#[cfg(test)]
mod dice;
mod encoding;
pub mod errors;
pub mod gauge;
pub mod rate;
mod recurring;
pub mod reference;
pub mod tails;
pub mod windows;
