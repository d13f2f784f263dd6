//! Judge: what the minutes of an entity mean.

use std::sync::Arc;

use crate::alert::Top;
use crate::cell::{Cell, Trace};
use crate::detector::{About, Detector, Engine, Timing, Verdict, Watch};
use crate::entity::{Entity, Family};
use crate::profile::Profile;
use crate::settings::Minutes;
use crate::time::{Hour, Minute};
use crate::window::Window;

/// The largest contributors that a finding names.
const TOP: usize = 10;

/// What everyone knows of one entity: its cells around the minutes in question, and what is usual for it.
#[derive(Clone, Debug)]
pub struct Known {
    /// The entity.
    pub entity: Entity,
    /// Its cells, by hour.
    pub cells: Vec<(Hour, Arc<Cell>)>,
    /// What is usual for it.
    pub profile: Option<Arc<Profile>>,
}

/// A detector's statement about a series and a minute.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The detector.
    pub about: &'static About,
    /// The series' entity.
    pub entity: Entity,
    /// The last minute of its window.
    pub minute: Minute,
    /// Whether the minute was complete.
    pub confirmed: bool,
    /// What it says.
    pub verdict: Verdict,
    /// The largest contributors in the hours of the window.
    pub top: Vec<Top>,
}

/// Which minutes are judged, and whether they are complete.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The first minute.
    pub from: Minute,
    /// The last minute.
    pub to: Minute,
    /// Are they complete? Only then do settling detectors speak.
    pub complete: bool,
}

impl Engine {
    /// May some detector have anything to say about a cell, after an hour that left this `trace`? A first look, which
    /// spares a closer one.
    #[must_use]
    pub fn stirs(&self, here: Trace, before: Trace) -> bool {
        here.occurred || before.occurred || here.counted + before.counted >= self.floor
    }

    /// May some detector have anything to say about these cells? Spares copying those of which none has.
    #[must_use]
    pub fn wakes(&self, family: Family, here: &Cell, before: Option<&Cell>) -> bool {
        let awake = |detector: &dyn Detector| {
            detector.about().families.contains(&family) && detector.minutes(here, before) != 0
        };
        self.watches.iter().any(|watch| {
            awake(watch.detector.as_ref()) || watch.variants.iter().any(|variant| awake(variant.detector.as_ref()))
        })
    }

    /// Judges the minutes of an entity that have events and lie in the range. The core cannot fail: this has no error.
    pub fn judge(&self, known: &Known, range: Range, out: &mut Vec<Finding>) {
        for (place, (hour, cell)) in known.cells.iter().enumerate() {
            if hour.last() < range.from || hour.first() > range.to {
                continue;
            }
            let before = place.checked_sub(1).and_then(|p| known.cells.get(p)).filter(|(h, _)| *h == hour.before());
            let view = View { known, hour: *hour, cell, before: before.map(|(_, cell)| cell.as_ref()) };
            for watch in &self.watches {
                self.judge_hour(watch, &view, range, out);
            }
        }
    }

    fn judge_hour(&self, watch: &Watch, view: &View<'_>, range: Range, out: &mut Vec<Finding>) {
        let (about, entity) = (watch.detector.about(), &view.known.entity);
        let speaks = range.complete || about.timing == Timing::Monotone;
        if !speaks || !about.families.contains(&entity.family) {
            return;
        }
        let (detector, cap) =
            if watch.variants.is_empty() { (watch.detector.as_ref(), watch.cap) } else { watch.of(&entity.subject()) };
        let mut minutes = detector.minutes(view.cell, view.before);
        while minutes != 0 {
            let minute = view.hour.minute(minutes.trailing_zeros() as u8);
            minutes &= minutes - 1;
            if minute < range.from || minute > range.to {
                continue;
            }
            let window = view.window(minute, self.lateness.of(entity.family.source()));
            if let Some(mut verdict) = detector.judge(&window) {
                verdict.severity = verdict.severity.min(cap);
                let top = top_of(&window, verdict.window);
                out.push(Finding { about, entity: entity.clone(), minute, confirmed: range.complete, verdict, top });
            }
        }
    }
}

struct View<'a> {
    known: &'a Known,
    hour: Hour,
    cell: &'a Cell,
    before: Option<&'a Cell>,
}

impl<'a> View<'a> {
    fn window(&self, minute: Minute, lateness: Minutes) -> Window<'a> {
        Window {
            entity: &self.known.entity,
            minute,
            here: self.cell,
            before: self.before,
            profile: self.known.profile.as_deref(),
            lateness,
        }
    }
}

fn top_of(window: &Window<'_>, span: Minutes) -> Vec<Top> {
    let mut top: Vec<Top> = Vec::new();
    for (_, part) in window.contributors(span) {
        match top.iter_mut().find(|t| t.name == part.name) {
            Some(held) => {
                held.count += part.count;
                held.denied += part.denied;
            }
            None => top.push(Top { name: Arc::clone(&part.name), count: part.count, denied: part.denied }),
        }
    }
    top.retain(|t| !t.name.is_empty());
    top.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    top.truncate(TOP);
    top
}
