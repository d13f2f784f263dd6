//! What an alert names as changed before its failures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::detector::Trigger;
use crate::settings::Minutes;
use crate::time::Minute;

/// Changes that an alert names: the first ones. A minute names a change for an hour at most, so this bounds all of it.
const NAMED: usize = 16;

/// The changes, each with the minutes of the alert that name it and how long before their failures it was.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Causes(Vec<(Cause, BTreeMap<Minute, Minutes>)>);

impl Causes {
    /// Takes what a minute names, in place of what it named before.
    pub(super) fn take(&mut self, minute: Minute, causes: Vec<Cause>) {
        self.retain(|held| held != minute);
        for cause in causes {
            self.add(minute, cause);
        }
    }

    fn add(&mut self, minute: Minute, cause: Cause) {
        let lead = cause.lead;
        let place = match self.0.binary_search_by(|(held, _)| held.example.cmp(&cause.example)) {
            Ok(place) => place,
            Err(place) => {
                self.0.insert(place, (cause, BTreeMap::new()));
                place
            }
        };
        self.0[place].1.insert(minute, lead);
        self.0.truncate(NAMED);
    }

    /// Keeps what these minutes name.
    pub(super) fn retain(&mut self, keep: impl Fn(Minute) -> bool) {
        self.0.iter_mut().for_each(|(_, minutes)| minutes.retain(|minute, _| keep(*minute)));
        self.0.retain(|(_, minutes)| !minutes.is_empty());
    }

    /// Takes what another alert names that turned out to be part of this one.
    pub(super) fn absorb(&mut self, other: Causes) {
        for (cause, minutes) in other.0 {
            for (minute, lead) in minutes {
                self.add(minute, Cause { lead, ..cause.clone() });
            }
        }
    }

    /// Those of an alert whose first minute is `began`, in the order of time, each as the first minute names it. Failures
    /// tell which change they came after; of what is measured, what was changed after it began explains nothing.
    pub(super) fn of(&self, trigger: Trigger, began: Minute) -> Vec<Cause> {
        let mut causes = self.all();
        if !matches!(trigger, Trigger::Slots(_)) {
            causes.retain(|cause| cause.example.time < began.end());
        }
        causes
    }

    fn all(&self) -> Vec<Cause> {
        let first = |minutes: &BTreeMap<Minute, Minutes>| minutes.values().next().copied();
        let all = self.0.iter().filter_map(|(cause, minutes)| Some(Cause { lead: first(minutes)?, ..cause.clone() }));
        all.collect()
    }
}
