//! Saying: what is told of the alerts of a replay, as the Lambda function would send it.

use chrono::{DateTime, Utc};
use hashbrown::HashMap;
use lapwing_detectors::alert::{Alert, AlertId, Status};

use super::run::{Replay, Teller};
use crate::store::StoreError;

impl Replay {
    /// Tells changes at `now`, or, without it, each when it was raised. Alerts that are part of others are counted, and
    /// told with those.
    pub(super) fn say(
        &mut self,
        mut alerts: Vec<Alert>,
        now: Option<DateTime<Utc>>,
        teller: &mut dyn Teller,
    ) -> Result<(), StoreError> {
        let mut spent = HashMap::new();
        for alert in &mut alerts {
            let now = now.unwrap_or(alert.raised_at);
            if let Some((daily, notice)) = self.runtime.block_on(self.pipeline.place(alert, now))? {
                self.runtime.block_on(self.pipeline.daily_said(daily, now))?;
                spent.insert(alert.id, notice);
            }
        }
        let mut parts: HashMap<AlertId, u32> = HashMap::new();
        for alert in alerts.iter().filter(|alert| alert.status == Status::Open) {
            if let Some(parent) = alert.part_of {
                *parts.entry(parent).or_default() += 1;
                self.stats.folded += 1;
            }
        }
        for mut alert in alerts {
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

    fn tell_alert(&mut self, alert: &Alert, teller: &mut dyn Teller) {
        teller.alert(alert);
        self.stats.alerts += 1;
    }
}
