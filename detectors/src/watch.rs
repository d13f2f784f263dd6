//! A detector that is on: its variants, and what becomes of what it finds.

use crate::alert::Subject;
use crate::cell::Cell;
use crate::detector::{Detector, Trigger, Verdict};
use crate::level::{Level, Pool, governs};
use crate::measure::Slot;
use crate::settings::Minutes;
use crate::severity::Severity;
use crate::stage::Stage;
use crate::window::{Around, Window};

/// A detector that is on, with the variants of it that hold for some subjects.
pub struct Watch {
    /// For every subject that no variant claims.
    pub detector: Box<dyn Detector>,
    /// The highest severity that it may speak with.
    pub cap: Severity,
    /// What becomes of what it finds.
    pub stage: Stage,
    /// The first that applies is the one.
    pub variants: Vec<Variant>,
}

/// A detector with another cap, and perhaps other settings, for some subjects.
pub struct Variant {
    /// Says which subjects.
    pub applies: Box<dyn Fn(&Subject) -> bool + Send + Sync>,
    /// With the other settings; nothing where they are the same.
    pub detector: Option<Box<dyn Detector>>,
    /// The highest severity that it may speak with.
    pub cap: Severity,
}

/// What is said of a minute.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// At the level of its day.
    pub(crate) told: Option<Verdict>,
    /// At the lowest level there is, of what levels govern.
    pub(crate) evidence: Option<Verdict>,
}

impl Watch {
    /// The level that governs what it finds, as far as that is not grave; nothing where nobody is told at once.
    pub(crate) fn pool(&self) -> Option<Pool> {
        Some(self.detector.about().pool()).filter(|_| self.stage == Stage::Alert)
    }

    /// What becomes of a verdict: what is nothing new is for the digest.
    pub(crate) fn stage_of(&self, detector: &dyn Detector, window: &Window<'_>, verdict: &mut Verdict) -> Stage {
        let old = if self.stage > Stage::Digest { detector.old_news(window, verdict) } else { None };
        let Some(why) = old else { return self.stage };
        verdict.why.push_str(&format!("; {why}, so it is for the digest"));
        Stage::Digest
    }

    /// What one of its detectors says of a minute of a day with this level. `explained` says how grave what it says is once
    /// its causes are known.
    pub(crate) fn said(
        &self,
        (detector, cap): (&dyn Detector, Severity),
        (window, level): (&Window<'_>, Level),
        explained: impl Fn(&Verdict) -> Severity,
    ) -> Said {
        let at = |raise| detector.judge(&Window { raise, ..*window });
        let Some(pool) = self.pool() else { return Said { told: at(0.0), evidence: None } };
        let Some(lowest) = at(pool.lowest()) else { return Said::default() };
        if lowest.surprise.is_none() {
            // What has no chance is the same at every level.
            return Said { told: Some(lowest), evidence: None };
        }
        let governed = |verdict: &Verdict| governs(verdict, cap);
        let raise = level.of(pool);
        let here = at(raise);
        let mut told = here.clone().filter(governed);
        if let Some((verdict, surprise)) = told.as_mut().and_then(|verdict| verdict.surprise.map(|s| (verdict, s))) {
            verdict.why.push_str(&level.said(pool, surprise));
        }
        // What is grave is told whatever the level.
        let grave = |verdict: &Verdict| explained(verdict).min(cap) > Severity::Medium;
        let settings = || if raise == 0.0 { here } else { at(0.0) };
        let told = told.or_else(|| settings().filter(|verdict| !governed(verdict) || grave(verdict)));
        Said { told, evidence: Some(lowest).filter(governed) }
    }

    /// The detector that speaks for a subject, and the highest severity that it may speak with.
    #[must_use]
    pub fn of(&self, subject: &Subject) -> (&dyn Detector, Severity) {
        match self.variants.iter().find(|v| (v.applies)(subject)) {
            Some(variant) => (variant.detector.as_ref().unwrap_or(&self.detector).as_ref(), variant.cap),
            None => (self.detector.as_ref(), self.cap),
        }
    }

    /// The minutes in which the detector or a variant of it may have anything to say about these cells.
    pub(crate) fn minutes_in(&self, around: Around<'_>, lateness: Minutes) -> u64 {
        let variants = self.variants.iter().filter_map(|variant| variant.detector.as_ref());
        variants.chain([&self.detector]).fold(0, |all, detector| all | detector.minutes_in(around, lateness))
    }
}

impl Trigger {
    /// The minutes of the hour in which it fires, a bit for each.
    #[must_use]
    pub fn minutes(&self, cell: &Cell) -> u64 {
        match self {
            Trigger::Measures(measures) => bits(measures.iter().flat_map(|m| cell.active(*m))),
            Trigger::Slots(slots) => Trigger::minutes_of(slots, cell),
            Trigger::Facets(facets) => bits(facets.iter().flat_map(|f| cell.habits().of(*f)).map(|habit| habit.first)),
        }
    }

    /// The minutes of the hour with something in one of these slots, a bit for each.
    pub(crate) fn minutes_of(slots: &[Slot], cell: &Cell) -> u64 {
        bits(slots.iter().flat_map(|s| cell.active_in(*s)))
    }
}

fn bits(minutes: impl Iterator<Item = u8>) -> u64 {
    minutes.fold(0, |bits, minute| bits | 1 << minute)
}
