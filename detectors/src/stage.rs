//! What becomes of what a detector or a rule finds.

use serde::{Deserialize, Serialize};

/// What becomes of what is found, in rising order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// It is counted, and shown by a replay that asks for it; it is never sent.
    Observe,
    /// It is sent with others, once a day.
    Digest,
    /// It is sent by itself, at once.
    #[default]
    Alert,
}

impl Stage {
    /// All of them, in rising order.
    pub const ALL: [Stage; 3] = [Stage::Observe, Stage::Digest, Stage::Alert];

    /// The name in rules and settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Stage::Observe => "observe",
            Stage::Digest => "digest",
            Stage::Alert => "alert",
        }
    }
}
