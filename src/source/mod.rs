//! Sources: where a replay's bytes come from.

mod inputs;
mod read;

pub use inputs::{Input, Inputs, Place, find};
pub use read::{Plain, Reader, Unread};
