//! Saying: what is told of the alerts of a replay, as the Lambda function would send it.

use chrono::{DateTime, Utc};
use hashbrown::HashMap;
use lapwing_detectors::alert::{Alert, AlertId, Status};
use lapwing_detectors::group::Change;

use super::run::{Replay, Teller};
use crate::store::{StateStore, StoreError};

impl Replay {
    /// Tells changes at `now`, or, without it, each when it was raised. Alerts that are part of others are counted, and
    /// told with those. One after the other is put into words: all of them take more room than all of the state.
    pub(super) fn say(
        &mut self,
        changes: &[Change],
        now: Option<DateTime<Utc>>,
        teller: &mut dyn Teller,
    ) -> Result<(), StoreError> {
        let parts = self.parts(changes, now)?;
        for change in changes {
            let Some(mut alert) = self.in_words(change, now) else { continue };
            let now = now.unwrap_or(alert.raised_at);
            let spent = self.runtime.block_on(self.pipeline.place(&mut alert, now))?;
            self.runtime.block_on(self.pipeline.said(&alert))?;
            let notice = match spent {
                Some((daily, notice)) => {
                    self.runtime.block_on(self.pipeline.daily_said(daily, now))?;
                    Some(notice)
                }
                None => None,
            };
            self.stats.folded += u64::from(alert.part_of.is_some() && alert.status == Status::Open);
            if alert.part_of.is_some() || alert.stage < self.pipeline.least {
                continue;
            }
            if let Some(notice) = notice {
                self.tell_alert(&notice, teller);
            }
            alert.parts = parts.get(&alert.id).copied().unwrap_or_default();
            self.tell_alert(&alert, teller);
        }
        Ok(())
    }

    /// How many of the alerts that are opened are part of each other one.
    fn parts(&mut self, changes: &[Change], now: Option<DateTime<Utc>>) -> Result<HashMap<AlertId, u32>, StoreError> {
        let mut parts = HashMap::new();
        for change in changes.iter().filter(|change| change.may_be_part()) {
            let Some(alert) = self.in_words(change, now) else { continue };
            if let Some(parent) = self.runtime.block_on(self.pipeline.store.parent(&alert))? {
                *parts.entry(parent).or_default() += 1;
            }
        }
        Ok(parts)
    }

    fn in_words(&self, change: &Change, now: Option<DateTime<Utc>>) -> Option<Alert> {
        let mut alert = self.pipeline.store.book().word(change)?;
        if now.is_none() {
            self.pipeline.own(&mut alert);
            self.mark_open(&mut alert);
        }
        Some(alert)
    }

    fn tell_alert(&mut self, alert: &Alert, teller: &mut dyn Teller) {
        teller.alert(alert);
        self.stats.alerts += 1;
    }
}
