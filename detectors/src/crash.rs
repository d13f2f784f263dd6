//! What the detectors of failing functions share: failures are told apart by request id, so that the two to four lines
//! about one failure, and its retries, count once.

use std::sync::Arc;

use crate::detector::{Folding, Verdict};
use crate::entity::Family;
use crate::event::{CrashKind, Event, Log, What};
use crate::measure::{Keep, Slot};
use crate::observe::{Observations, Value};
use crate::settings::Minutes;
use crate::severity::Severity;
use crate::window::Window;

/// Distinct requests kept for each minute.
pub(crate) const KEPT: u16 = 256;

/// The log line with a failure that an event is, if it is one.
#[must_use]
pub(crate) fn failing<'e>(event: &Event<'e>) -> Option<(Log<'e>, CrashKind)> {
    match event.what {
        What::Log(log) => log.failure.map(|failure| (log, failure.kind)),
        What::Call(_) => None,
    }
}

/// Keeps a failure in a slot of its function, by request; a line that names none stands for itself.
pub(crate) fn observe<'e>(event: &Event<'e>, log: &Log<'e>, slot: Slot, seen: &mut Observations<'e>) {
    let request = [log.request, event.id, log.stream].into_iter().find(|s| !s.is_empty()).unwrap_or("");
    seen.occur(Family::Function, slot, Keep::Distinct(KEPT), Value::Text(request));
}

/// What a verdict on a slot of failures says besides its number.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// How grave.
    pub severity: Severity,
    /// The threshold that was reached.
    pub threshold: f64,
    /// The window.
    pub window: Minutes,
    /// What is counted, in the plural.
    pub unit: &'static str,
    /// What happened.
    pub headline: String,
    /// Why this severity.
    pub why: String,
}

/// The verdict on the distinct failed requests of a slot.
#[must_use]
pub(crate) fn verdict(window: &Window<'_>, slot: Slot, said: Statement) -> Verdict {
    Verdict {
        severity: said.severity,
        seen: window.distinct(slot, said.window) as u64,
        at_least: window.saturated(slot, said.window),
        expected: None,
        threshold: Some(said.threshold),
        window: said.window,
        folding: Folding::Largest,
        unit: said.unit,
        headline: said.headline,
        why: said.why,
        examples: window.occurrences(slot, said.window).map(|o| Arc::clone(&o.example)).collect(),
    }
}
