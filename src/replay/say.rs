//! Saying: what is told of the alerts of a replay, as the Lambda function would send it.

use chrono::{DateTime, Utc};
use hashbrown::HashMap;
use lapwing_detectors::alert::{Alert, AlertId, Status};
use lapwing_detectors::group::{Change, Stories};

use super::run::{Replay, Teller};
use crate::store::{StateStore, StoreError};

/// What becomes of lesser alerts about a principal that come soon before or after a graver one, where all is told at the
/// end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telling {
    /// The graver one tells of them.
    #[default]
    Stories,
    /// Each is told by itself.
    Each,
}

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
        let stories = self.stories(changes, now);
        for change in changes {
            let Some(mut alert) = self.in_words(change, now) else { continue };
            let now = now.unwrap_or(alert.raised_at);
            if let Some(leader) = stories.leader(alert.id) {
                alert.part_of = Some(self.parent(&alert)?.unwrap_or(leader));
            }
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
            if alert.status == Status::Open {
                alert.told = self.told(stories.parts(alert.id).iter().map(|at| &changes[*at]))?;
            }
            self.tell_alert(&alert, teller);
        }
        Ok(())
    }

    /// What is told with what: at the end, where all of it is known.
    fn stories(&self, changes: &[Change], now: Option<DateTime<Utc>>) -> Stories {
        match (self.plan.telling, now) {
            (Telling::Stories, None) => self.pipeline.store.book().stories(changes, &self.pipeline.engine),
            (Telling::Each, _) | (_, Some(_)) => Stories::default(),
        }
    }

    /// The parts of a story in words, without those that their cause tells of.
    fn told<'c>(&mut self, parts: impl Iterator<Item = &'c Change>) -> Result<Vec<Alert>, StoreError> {
        let mut told = Vec::new();
        for change in parts {
            let Some(part) = self.in_words(change, None) else { continue };
            let part = Alert { raised_at: change.raised_at(), ..part };
            if self.parent(&part)?.is_none() {
                told.push(part);
            }
        }
        Ok(told)
    }

    /// The alert about its cause that tells of this one as well.
    fn parent(&mut self, alert: &Alert) -> Result<Option<AlertId>, StoreError> {
        self.runtime.block_on(self.pipeline.store.parent(alert))
    }

    /// How many of the alerts that are opened are part of each other one.
    fn parts(&mut self, changes: &[Change], now: Option<DateTime<Utc>>) -> Result<HashMap<AlertId, u32>, StoreError> {
        let mut parts = HashMap::new();
        for change in changes.iter().filter(|change| change.may_be_part()) {
            let Some(alert) = self.in_words(change, now) else { continue };
            if let Some(parent) = self.parent(&alert)? {
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
