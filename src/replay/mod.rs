//! Replay: the engine over files, as one stream of events.

mod kept;
mod met;
mod run;
mod say;
mod state;
mod workers;

pub use run::{Failed, Order, Plan, Replay, Stats, Strictness, Teller};
pub use say::Telling;
pub use state::{StateFile, Wrong};
pub use workers::Unsaid;
