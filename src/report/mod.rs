//! Showing what was found to people: nothing that a log contains may act on the place where it is shown.

pub mod clean;
pub mod wrap;
