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
    /// Of a correlation: the entry of the loud example that the change is about; all unless set.
    #[serde(default)]
    pub entry: Option<usize>,
    /// Of a correlation: so many events at the end are left out.
    #[serde(default)]
    pub fewer: usize,
    /// Of a correlation: the entry that is left out.
    #[serde(default)]
    pub omit: Option<usize>,
    /// Of a correlation: how much time passes from the first event to the last.
    #[serde(default)]
    pub apart: Option<String>,
    /// Of a correlation: the last event comes first.
    #[serde(default)]
    pub reversed: bool,
    /// Why this is innocent.
    pub why: String,
}

impl Twin {
    /// What is different, in short.
    #[must_use]
    pub fn difference(&self) -> String {
        let path = self.change.keys().next().or(self.remove.as_ref()).cloned();
        path.or_else(|| (self.fewer > 0).then(|| format!("{} fewer", self.fewer)))
            .or_else(|| self.omit.map(|entry| format!("without entry {entry}")))
            .or_else(|| self.apart.as_ref().map(|apart| format!("{apart} apart")))
            .unwrap_or_else(|| if self.reversed { "reversed" } else { "nothing" }.to_owned())
    }
}

fn first() -> usize {
    1
}
