//! The `lapwing` section of a rule: what a person needs to act on its alerts, and the examples that prove it.

use std::collections::BTreeMap;

use lapwing_detectors::stage::Stage;
use serde::Deserialize;
use serde_json::Value;

/// What Sigma has no place for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// What becomes of what it finds.
    pub stage: Stage,
    /// Why it matters, in a sentence or two.
    pub why: String,
    /// The nearest innocent behaviour.
    pub innocent: String,
    /// The first five minutes.
    pub next: Next,
    /// Events that it must find, as few members as it takes.
    #[serde(default)]
    pub loud: Vec<Value>,
    /// The same events with one change, which it must not find.
    #[serde(default)]
    pub quiet: Vec<Twin>,
}

/// What to do in the first five minutes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Next {
    /// The question to decide.
    pub decide: String,
    /// One query that helps to decide it.
    pub query: String,
    /// Whom to ask.
    pub ask: String,
    /// The command that contains the damage. It is shown, and never run by us.
    pub contain: String,
}

/// A quiet example: a loud one with one change.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twin {
    /// Which loud example, from 1.
    #[serde(default = "first")]
    pub of: usize,
    /// The one member that differs, by its path, and its value.
    #[serde(default)]
    pub change: BTreeMap<String, Value>,
    /// The one member that is left out, by its path.
    #[serde(default)]
    pub remove: Option<String>,
    /// The condition that keeps it quiet, `SELECTION` or `SELECTION.FIELD`, where the changed member does not tell.
    #[serde(default)]
    pub without: Option<String>,
    /// Why this is innocent.
    pub why: String,
}

fn first() -> usize {
    1
}
