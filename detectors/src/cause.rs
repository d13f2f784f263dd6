//! Causes: what somebody changed before a function began to fail, taken from CloudTrail, for the alerts about its failures.

use std::sync::Arc;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::alert::Example;
use crate::cell::Occurrence;
use crate::event::{Call, Event, What};
use crate::measure::Slot;
use crate::request::{function_name, text_of};
use crate::settings::Minutes;
use crate::window::{REACH, Window};

/// Changes of a function, in its cells.
pub(crate) const CHANGED: Slot = Slot::named("function-changed");
/// Changes that a finding names: the last ones before the failures began.
const NAMED: usize = 5;
/// For each failure before a change there must be so many after it, so that those before do not tell of the same fault.
const RISE: usize = 3;

/// What was changed before a function failed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cause {
    /// The call.
    pub example: Arc<Example>,
    /// Who made it.
    pub who: Arc<str>,
    /// The minutes from the call to the first failure after it.
    pub lead: Minutes,
}

impl Cause {
    /// `4 min after lambda:UpdateFunctionCode by role/ci`
    #[must_use]
    pub fn before(&self) -> String {
        let when = if self.lead.0 == 0 { "right after".to_owned() } else { format!("{} min after", self.lead.0) };
        format!("{when} {} by {}", self.example.what, self.who)
    }
}

/// The function that a call is about: the one that it changed; empty where it is about none.
#[must_use]
pub(crate) fn function_of<'e>(call: &Call<'e>) -> &'e str {
    if call.service == "lambda" { function_name(text_of(call.request, "functionName")) } else { "" }
}

/// Did this call succeed, so that it changed anything?
#[must_use]
pub(crate) fn done<'e>(event: &Event<'e>) -> Option<&'e Call<'e>> {
    match event.what {
        What::Call(call) if call.error.is_none() => Some(call),
        _ => None,
    }
}

/// The changes after which what is in these slots began, or grew to a multiple; the last ones, in their order.
#[must_use]
pub(crate) fn causes(window: &Window<'_>, slots: &[Slot]) -> Vec<Cause> {
    let mut changes: Vec<&Occurrence> = window.occurrences(CHANGED, REACH).collect();
    if changes.is_empty() {
        return Vec::new();
    }
    let failed = slots.iter().flat_map(|slot| window.occurrences(*slot, REACH));
    let mut failed: Vec<_> = failed.map(|failure| failure.example.time).collect();
    failed.sort_unstable();
    changes.sort_by(|a, b| a.example.cmp(&b.example));
    let of_change = |change: &Occurrence| {
        let before = failed.partition_point(|time| *time < change.example.time);
        let first = failed.get(before)?;
        let lead = Minutes((*first - change.example.time).max(TimeDelta::zero()).num_minutes() as u32);
        let rose = failed.len() - before >= RISE * before;
        rose.then(|| Cause { example: Arc::clone(&change.example), who: Arc::clone(&change.name), lead })
    };
    let mut causes: Vec<Cause> = changes.into_iter().filter_map(of_change).collect();
    causes.drain(..causes.len().saturating_sub(NAMED));
    causes
}
