//! What the detectors of single events share: each event is a finding of its own minute.

use std::sync::Arc;

use crate::detector::{Folding, Verdict};
use crate::measure::Slot;
use crate::settings::Minutes;
use crate::severity::Severity;
use crate::window::Window;

/// Kept for each minute: a flood is then shown as "at least".
pub(crate) const KEPT: u16 = 64;

/// How grave, and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grade {
    /// How grave.
    pub severity: Severity,
    /// Why.
    pub why: &'static str,
}

/// The verdict on a minute in which something occurred in a slot, or nothing.
#[must_use]
pub(crate) fn verdict(window: &Window<'_>, slot: Slot, grade: Grade, mut headline: String) -> Option<Verdict> {
    let one = Minutes(1);
    let examples: Vec<_> = window.occurrences(slot, one).map(|o| Arc::clone(&o.example)).collect();
    if examples.is_empty() {
        return None;
    }
    // Alerts keep it for long.
    headline.shrink_to_fit();
    Some(Verdict {
        severity: grade.severity,
        seen: examples.len() as u64,
        at_least: window.saturated(slot, one),
        expected: None,
        threshold: Some(1.0),
        surprise: None,
        window: one,
        folding: Folding::Sum,
        unit: "event{s}".into(),
        headline,
        why: grade.why.to_owned(),
        examples,
    })
}

/// The names of what occurred in a slot in the window's minute, each once, in order, at most three and how many more.
#[must_use]
pub(crate) fn names(window: &Window<'_>, slot: Slot) -> String {
    let mut names: Vec<&str> = window.occurrences(slot, Minutes(1)).map(|o| o.name.as_ref()).collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(3);
    names.truncate(3);
    let shown = names.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
