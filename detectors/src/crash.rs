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

/// The slot beside `slot` for lines that name no request: an init that failed, an exception before the first START.
pub(crate) const fn unnamed(slot: Slot) -> Slot {
    Slot(slot.0 ^ 1)
}

/// Keeps a failure of its function: by request or, where the line names none, by log stream, which is one sandbox.
pub(crate) fn observe<'e>(event: &Event<'e>, log: &Log<'e>, slot: Slot, seen: &mut Observations<'e>) {
    let (slot, value) = if log.request.is_empty() { (unnamed(slot), log.stream) } else { (slot, log.request) };
    let value = if value.is_empty() { event.id } else { value };
    seen.occur(Family::Function, slot, Keep::Distinct(KEPT), Value::Text(value));
}

/// How many requests failed. Lines without a request speak of the same failures as lines with one, when there are any
/// of those: so the larger number counts, not the sum.
pub(crate) fn failures(window: &Window<'_>, slot: Slot, span: Minutes) -> u64 {
    window.distinct(slot, span).max(window.distinct(unnamed(slot), span)) as u64
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
        seen: failures(window, slot, said.window),
        at_least: window.saturated(slot, said.window),
        expected: None,
        threshold: Some(said.threshold),
        surprise: None,
        window: window.since_first(&[slot, unnamed(slot)], said.window),
        folding: Folding::Largest,
        unit: said.unit.into(),
        headline: said.headline,
        why: said.why,
        examples: [slot, unnamed(slot)]
            .into_iter()
            .flat_map(|slot| window.occurrences(slot, said.window))
            .map(|o| Arc::clone(&o.example))
            .collect(),
    }
}
