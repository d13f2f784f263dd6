//! Replay: the engine over files, as one stream of events.

mod met;
mod run;
mod workers;

pub use run::{Failed, Order, Plan, Replay, Stats, Strictness, Teller};
