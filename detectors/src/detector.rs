//! Detectors: what they are, and the set of them that is on.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alert::Example;
use crate::apis::Narrowed;
use crate::beats::Beats;
use crate::catalog::CATALOG;
use crate::cause::Cause;
use crate::cell::Cell;
use crate::day::Budget;
use crate::entity::{Entity, Family};
use crate::event::{Event, Source};
use crate::group::Incidents;
use crate::habit::Facet;
use crate::index::{Index, facets_of, floor_of};
use crate::judge::Range;
use crate::lanes::Laned;
use crate::level::Surprise;
use crate::long::{Long, SHORT};
use crate::measure::{Measure, Slot};
use crate::observe::Observations;
use crate::profile::{Lateness, Learning};
use crate::rule::{Key, Need};
use crate::settings::{Minutes, Visit};
use crate::severity::Severity;
use crate::stage::Stage;
use crate::stats::gauge::GaugeModel;
use crate::time::Minute;
pub use crate::watch::{Variant, Watch};
use crate::window::{Around, Window};

/// What a detector is, for people: its page in the documentation, its help, the fixed parts of its alerts.
#[derive(Debug)]
pub struct About {
    /// The id in settings, alerts and metrics: `denied-burst`.
    pub id: &'static str,
    /// The title of its alerts.
    pub title: &'static str,
    /// What it detects, in a sentence or two.
    pub what: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// The nearest innocent behaviour, which must stay quiet.
    pub innocent: &'static str,
    /// ATT&CK technique ids (v18).
    pub attack: &'static [&'static str],
    /// What to check first, in order.
    pub next: &'static [&'static str],
    /// What it is judged for.
    pub families: &'static [Family],
    /// Which minutes it is judged in.
    pub trigger: Trigger,
    /// Whether its alerts resolve.
    pub nature: Nature,
    /// When its verdicts hold.
    pub timing: Timing,
    /// Whether allow-lists and severity caps leave it alone.
    pub never_muted: bool,
    /// By what the contributors that its alerts name are ranked.
    pub ranking: Ranking,
}

impl About {
    /// A deed of which nothing is said: what others are filled in from.
    pub const EMPTY: About = About {
        id: "",
        title: "",
        what: "",
        why: "",
        innocent: "",
        attack: &[],
        next: &[],
        families: &[],
        trigger: Trigger::Slots(&[]),
        nature: Nature::Deed,
        timing: Timing::Monotone,
        never_muted: false,
        ranking: Ranking::Unnamed,
    };
}

/// By what contributors are ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranking {
    /// By how many events they added.
    Count,
    /// By how many of them were refused; those without are left out.
    Denied,
    /// None is named: what the principal did otherwise has nothing to do with it.
    Unnamed,
}

/// The minutes that a detector is judged in: those with something in one of these.
#[derive(Clone, Copy, Debug)]
pub enum Trigger {
    /// In a counter.
    Measures(&'static [Measure]),
    /// In a set of occurrences.
    Slots(&'static [Slot]),
    /// In what an entity shows of itself, where that is new.
    Facets(&'static [Facet]),
}

/// Whether an alert resolves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// A state that ends: a rate, an error share. It resolves after 60 quiet minutes.
    Condition,
    /// Something that was done. It never resolves by itself.
    Deed,
    /// A fault that stays until somebody mends it, or what is told once a day: the findings of a day of UTC are one alert.
    Fault,
}

/// When a verdict holds (law 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// More data only strengthens it: it is sent when crossed.
    Monotone,
    /// More data may undo it: it waits until its minute is complete.
    Settling,
}

/// What a minute means.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// How grave.
    pub severity: Severity,
    /// How many were seen in the window.
    pub seen: u64,
    /// True where a cell's limit was reached.
    pub at_least: bool,
    /// What is usual for such a window.
    pub expected: Option<f64>,
    /// The fixed threshold that was reached.
    pub threshold: Option<f64>,
    /// How unlikely that is; nothing where no model judged.
    pub surprise: Option<Surprise>,
    /// The window that `seen` was counted in.
    pub window: Minutes,
    /// Whether the findings of an alert add up, or the largest counts.
    pub folding: Folding,
    /// What `seen` counts: `API call{s}`, `user{s} who failed to sign in`.
    pub unit: Cow<'static, str>,
    /// What happened, to stand after the subject: `640 API calls in 15 min, usual 38`. `{seen}`, `{window}` and
    /// `{usual}` stand for the alert's numbers, `{s}` for the plural of the first.
    pub headline: String,
    /// Why this severity.
    pub why: String,
    /// The events that it rests on.
    pub examples: Vec<Arc<Example>>,
}

/// How the numbers of an alert's findings become the alert's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Folding {
    /// Windows overlap: the largest stands.
    Largest,
    /// Each minute stands for itself: they add up.
    Sum,
}

/// Something that judges. It owns no state and no I/O: its struct of settings is the whole of it.
pub trait Detector: Send + Sync {
    /// What it is.
    fn about(&self) -> &'static About;

    /// Walks through its settings.
    fn settings(&mut self, visit: &mut dyn Visit);

    /// Which entities of its families this event touches, and with which measures.
    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>);

    /// The name of what it observes, where others observe the same: one of them is asked then.
    fn observes(&self) -> Option<&'static str> {
        None
    }

    /// The calls that it can find something in; none: whatever its sources bring.
    fn keys(&self) -> &[Key] {
        &[]
    }

    /// All that an event must be for it to find something in it, as far as that is known without reading more of it.
    fn needs(&self) -> &[Need] {
        &[]
    }

    /// What is left of it to be observed of calls to the same API as this one, which is as it needs to be.
    fn narrowed(&self, _like: &Event<'_>) -> Narrowed<dyn Detector> {
        Narrowed::Whole
    }

    /// The minutes that its windows touch.
    fn reach(&self) -> Minutes {
        SHORT
    }

    /// Adds to `sifted` what windows of more than an hour need of a cell that end in later ones.
    fn sift(&self, _earlier: &Cell, _sifted: &mut Cell) {}

    /// Does it leave a deed to a rule that says more about it?
    fn yields(&self) -> bool {
        false
    }

    /// Does it speak only of minutes with something in a slot of its trigger? Other cells are not shown to it.
    fn rests_on_trigger(&self) -> bool {
        false
    }

    /// The fewest counted events in two hours with which it may speak; the largest number there is when counters alone
    /// never make it speak. Spares looking closer at cells that hold next to nothing.
    fn floor(&self) -> u64 {
        match self.about().trigger {
            Trigger::Measures(_) => 0,
            Trigger::Slots(_) | Trigger::Facets(_) => u64::MAX,
        }
    }

    /// The fewest occurrences in a slot, in two hours, with which it may speak, if it may. Spares looking closer, too.
    fn fewest(&self, slot: Slot) -> Option<u32> {
        match self.about().trigger {
            Trigger::Slots(slots) if slots.contains(&slot) => Some(1),
            _ => None,
        }
    }

    /// May it speak of an hour because of what occurred in the one before, though nothing occurs in its slots then?
    fn looks_back(&self) -> bool {
        false
    }

    /// The minutes of the hour that it is judged in, a bit for each: those of its trigger, unless it knows better.
    fn minutes(&self, here: &Cell, _before: Option<&Cell>) -> u64 {
        self.about().trigger.minutes(here)
    }

    /// When alerts of one principal together are an incident; nothing for a detector that judges minutes.
    fn incidents(&self) -> Option<Incidents> {
        None
    }

    /// The same for a detector that asks what is usual: without minutes in which nothing is unusual.
    fn minutes_in(&self, around: Around<'_>, _lateness: Minutes) -> u64 {
        self.minutes(around.here, around.before)
    }

    /// What of an entity's habits it asks for besides what it triggers on.
    fn remembers(&self) -> &'static [Facet] {
        &[]
    }

    /// Why what it says is nothing new, where it was told before and has not changed: the digest is then enough.
    fn old_news(&self, _window: &Window<'_>, _verdict: &Verdict) -> Option<&'static str> {
        None
    }

    /// May a change explain what it finds about a function: a failure, or a state that is not as usual?
    fn may_follow_change(&self) -> bool {
        self.about().nature != Nature::Deed
    }

    /// Does it look at the events of a source, where it names no calls?
    fn looks_at(&self, source: Source) -> bool {
        self.about().families.iter().any(|family| family.source() == source)
    }

    /// Does it say what was changed before a function failed?
    fn explains(&self) -> bool {
        false
    }

    /// What was changed before what is in these slots began, of which another detector said `verdict`; it may make that
    /// graver. Without slots, what was changed before what is measured was no longer as usual. Asked of functions only.
    fn explain(&self, _window: &Window<'_>, _slots: &[Slot], _verdict: &mut Verdict) -> Vec<Cause> {
        Vec::new()
    }

    /// Does it ask what is usual for the account?
    fn asks_account(&self) -> bool {
        false
    }

    /// What becomes of what it finds, unless the settings say otherwise.
    fn stage(&self) -> Stage {
        Stage::Alert
    }

    /// What becomes at most of a finding of that severity.
    fn at_most(&self, _severity: Severity) -> Stage {
        Stage::Alert
    }

    /// What must not be silent.
    fn watched(&self) -> Vec<Entity> {
        Vec::new()
    }

    /// What it says of the silences of an entity that it watches, in the complete minutes of a range, given its beats.
    fn silent(&self, _entity: &Entity, _beats: &Beats, _range: Range) -> Vec<(Minute, Verdict)> {
        Vec::new()
    }

    /// What the minute means, if anything. Called for complete minutes and, of a [`Timing::Monotone`] detector, before.
    fn judge(&self, window: &Window<'_>) -> Option<Verdict>;
}

/// The detectors that are on.
pub struct Engine {
    pub(crate) watches: Vec<Watch>,
    pub(crate) floors: [u64; Family::ALL.len()],
    pub(crate) index: Index,
    pub(crate) laned: Laned,
    // The places of the detector that looks for incidents, and of the one that explains failures.
    relating: Option<usize>,
    pub(crate) explaining: Option<usize>,
    facets: [u16; Family::ALL.len()],
    /// Those with windows of more than an hour.
    pub(crate) long: Long,
    /// How many alerts a day the levels of days aim at.
    pub budget: Budget,
    /// How late data may come and still be learnt.
    pub lateness: Lateness,
    /// The model of what the reports of functions measure; [`GaugeModel::Core3`] unless set.
    pub gauge: GaugeModel,
}

impl Default for Engine {
    fn default() -> Engine {
        let watch = |make: &fn() -> Box<dyn Detector>| {
            let detector = make();
            let stage = detector.stage();
            Watch { detector, cap: Severity::Critical, stage, variants: Vec::new() }
        };
        Engine::new(CATALOG.iter().map(watch).collect(), Lateness::default())
    }
}

impl Engine {
    /// An engine of these detectors.
    #[must_use]
    pub fn new(watches: Vec<Watch>, lateness: Lateness) -> Engine {
        let floors = Family::ALL.map(|family| floor_of(&watches, family));
        let index = Index::of(&watches);
        let laned = Laned::of(&watches, &index);
        let relating = watches.iter().position(|watch| watch.detector.incidents().is_some());
        let explaining = watches.iter().position(|watch| watch.detector.explains());
        let facets = Family::ALL.map(|family| facets_of(&watches, family));
        let (long, budget, gauge) = (Long::of(&watches), Budget::default(), GaugeModel::Core3);
        Engine { watches, floors, index, laned, relating, explaining, facets, long, budget, lateness, gauge }
    }

    /// How profiles of a source's entities learn.
    #[must_use]
    pub fn learning(&self, source: Source) -> Learning {
        Learning { lateness: self.lateness.of(source), gauge: self.gauge }
    }

    /// The facets that some detector asks for of a family, a bit for each.
    pub(crate) fn facets(&self, family: Family) -> u16 {
        self.facets[family as usize]
    }

    /// What must not be silent, each once.
    #[must_use]
    pub fn watched(&self) -> Vec<Entity> {
        let mut all: Vec<Entity> = self.watches.iter().flat_map(|watch| watch.detector.watched()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The detector that looks for incidents, if one is on.
    pub(crate) fn incidents(&self) -> Option<(&Watch, Incidents)> {
        let watch = self.watches.get(self.relating?)?;
        Some((watch, watch.detector.incidents()?))
    }

    /// Does the detector of that id look for incidents?
    #[must_use]
    pub fn relates(&self, id: &str) -> bool {
        self.incidents().is_some_and(|(watch, _)| watch.detector.about().id == id)
    }

    /// What the detector of that id is about, whether it is on, or built in and off; nothing where there is none.
    #[must_use]
    pub fn about(&self, id: &str) -> Option<&'static About> {
        self.detectors().find(|about| about.id == id).or_else(|| crate::catalog::about(id))
    }

    /// What detectors are on, in the order of the catalogue, with the rules behind them.
    pub fn detectors(&self) -> impl Iterator<Item = &'static About> + '_ {
        self.watches.iter().map(|w| w.detector.about())
    }
}
