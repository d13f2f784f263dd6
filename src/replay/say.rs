//! Saying: what is told of the alerts of a replay, as the Lambda function would send it.

use chrono::{DateTime, Utc};
use hashbrown::HashMap;
use lapwing_detectors::alert::{Alert, AlertId, Status};
use lapwing_detectors::group::Change;
use lapwing_detectors::stage::Stage;

use super::run::{Replay, Teller};
use crate::store::StoreError;

impl Replay {
    /// Tells changes at `now`, or, without it, each when it was raised. Alerts that are part of others are counted, and
    /// told with those. Each is put into words twice, because all of them in words take more room than all of the state.
    pub(super) fn say(
        &mut self,
        changes: &[Change],
        now: Option<DateTime<Utc>>,
        teller: &mut dyn Teller,
    ) -> Result<(), StoreError> {
        let mut spent = HashMap::new();
        let mut parts: HashMap<AlertId, u32> = HashMap::new();
        let mut placed = Vec::with_capacity(changes.len());
        for change in changes {
            let Some(mut alert) = self.in_words(change, now) else {
                placed.push((Stage::Observe, None));
                continue;
            };
            let now = now.unwrap_or(alert.raised_at);
            if let Some((daily, notice)) = self.runtime.block_on(self.pipeline.place(&mut alert, now))? {
                self.runtime.block_on(self.pipeline.daily_said(daily, now))?;
                spent.insert(alert.id, notice);
            }
            if let Some(parent) = alert.part_of.filter(|_| alert.status == Status::Open) {
                *parts.entry(parent).or_default() += 1;
                self.stats.folded += 1;
            }
            placed.push((alert.stage, alert.part_of));
        }
        for (change, (stage, part_of)) in changes.iter().zip(placed) {
            let Some(mut alert) = self.in_words(change, now) else { continue };
            (alert.stage, alert.part_of) = (stage, part_of);
            self.runtime.block_on(self.pipeline.said(&alert))?;
            if alert.part_of.is_some() || alert.stage < self.pipeline.least {
                continue;
            }
            if let Some(notice) = spent.remove(&alert.id) {
                self.tell_alert(&notice, teller);
            }
            alert.parts = parts.get(&alert.id).copied().unwrap_or_default();
            self.tell_alert(&alert, teller);
        }
        Ok(())
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
