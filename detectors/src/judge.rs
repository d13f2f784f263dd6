//! Judge: what the minutes of an entity mean.

use std::sync::Arc;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::alert::Top;
use crate::beats::Beats;
use crate::cause::{CHANGED, Cause, SURROUNDINGS};
use crate::cell::{Cell, Trace};
use crate::detector::{About, Detector, Engine, Ranking, Timing, Trigger, Verdict, Watch};
use crate::entity::{Entity, Family};
use crate::level::{Levels, Peak};
use crate::measure::Slot;
use crate::profile::Profile;
use crate::settings::Minutes;
use crate::severity::Severity;
use crate::stage::Stage;
use crate::time::{Hour, Minute};
use crate::window::{Around, Models, Window};

/// The largest contributors that a finding names.
const TOP: usize = 10;

/// What everyone knows of one entity: its cells around the minutes in question, and what is usual for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The entity.
    pub entity: Entity,
    /// Its cells, by hour.
    pub cells: Vec<(Hour, Arc<Cell>)>,
    /// What is usual for it.
    pub profile: Option<Arc<Profile>>,
    /// What is usual for its account, where [`Engine::asks_account`] says that it is asked for.
    pub account: Option<Arc<Profile>>,
    /// How surprising findings must be, by day.
    pub levels: Arc<Levels>,
    /// The cells of its account, by hour, where [`Engine::asks_home`] says that they are asked for.
    pub home: Vec<(Hour, Arc<Cell>)>,
}

impl Known {
    /// What everyone knows where there is nothing but these cells.
    #[must_use]
    pub fn of(entity: Entity, cells: Vec<(Hour, Arc<Cell>)>) -> Known {
        Known { entity, cells, profile: None, account: None, levels: Arc::default(), home: Vec::new() }
    }

    /// The same without what came late; nothing where nothing did.
    fn in_time(&self) -> Option<Known> {
        if !self.cells.iter().any(|(_, cell)| cell.has_late()) {
            return None;
        }
        let cells = self.cells.iter().map(|(hour, cell)| (*hour, Arc::new(cell.in_time())));
        Some(Known { cells: cells.collect(), ..self.clone() })
    }

    /// Each hour with the one before it.
    fn views(&self) -> impl Iterator<Item = View<'_>> {
        self.cells.iter().enumerate().map(move |(place, (hour, cell))| {
            let before = place.checked_sub(1).and_then(|p| self.cells.get(p)).filter(|(h, _)| *h == hour.before());
            View { known: self, hour: *hour, cell, before: before.map(|(_, cell)| cell.as_ref()), place }
        })
    }
}

/// What is found in some minutes of an entity.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What there is to say.
    pub findings: Vec<Finding>,
    /// What there would be to say at the lowest level about complete minutes, of what levels govern, and by what came in
    /// time: the evidence that later levels rest on.
    pub evidence: Vec<Finding>,
}

/// A detector's statement about a series and a minute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The detector. Stored by its id, elsewhere.
    #[serde(skip, default = "nobody")]
    pub about: &'static About,
    /// The series' entity.
    pub entity: Entity,
    /// The last minute of its window.
    pub minute: Minute,
    /// Whether the minute was complete.
    pub confirmed: bool,
    /// What it says.
    pub verdict: Verdict,
    /// The highest severity that its alert may have; what it says stays as it is.
    pub cap: Severity,
    /// What becomes of its alert.
    pub stage: Stage,
    /// The largest contributors in the hours of the window.
    pub top: Vec<Top>,
    /// What all contributors together added in those hours, of what they are ranked by.
    pub total: u64,
    /// How many refusals all contributors together had in those hours.
    pub denied: u64,
    /// What was changed before, of failures of a function.
    pub causes: Vec<Cause>,
}

/// Which minutes are judged, and whether they are complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first minute.
    pub from: Minute,
    /// The last minute.
    pub to: Minute,
    /// Are they complete? Only then do settling detectors speak.
    pub complete: bool,
}

/// What was found in some minutes of an entity.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The entity.
    pub entity: Entity,
    /// The minutes that were judged.
    pub range: Range,
    /// What was found in them; for complete minutes, all that there is to be found.
    pub findings: Vec<Finding>,
    /// What the levels of later days rest on, of complete minutes.
    pub peaks: Vec<Peak>,
}

impl Judged {
    /// Minutes in which nothing was found.
    #[must_use]
    pub fn empty(entity: Entity, range: Range) -> Judged {
        Judged { entity, range, findings: Vec::new(), peaks: Vec::new() }
    }
}

/// Stands for the detector of a stored finding until [`Book::restore`](crate::group::Book::restore) puts it back.
static NOBODY: About = About::EMPTY;

fn nobody() -> &'static About {
    &NOBODY
}

impl Engine {
    /// May some detector have anything to say about a cell, given its trace and that of the hour before? A first look,
    /// which spares a closer one.
    #[must_use]
    pub fn stirs(&self, family: Family, here: Trace, before: Trace) -> bool {
        let both = here.and(before);
        let occurred = (!here.lanes.is_empty() || before.carries) && self.is_enough(both.lanes);
        occurred || both.counted >= self.floor(family)
    }

    /// May some detector speak of an occurrence in a slot in the next hour, though nothing occurs then?
    pub(crate) fn carries(&self, slot: Slot) -> bool {
        self.of_slot(slot).any(|detector| detector.looks_back() && detector.fewest(slot).is_some())
    }

    fn of_slot(&self, slot: Slot) -> impl Iterator<Item = &dyn Detector> {
        let all = self.index.of_slot(slot).map(|place| &self.watches[place]);
        all.flat_map(|w| w.variants.iter().filter_map(|v| v.detector.as_ref()).chain([&w.detector])).map(AsRef::as_ref)
    }

    /// May some detector have anything to say about these cells? Spares copying those of which none has.
    #[must_use]
    pub fn wakes(&self, family: Family, around: Around<'_>) -> bool {
        self.speaking(family, around).any(|minutes| minutes != 0)
    }

    /// Is there anything in a cell that is new of the entity, and that some detector may speak of? Asked of cells that do
    /// not stir: that something is new does not depend on how much there is.
    #[must_use]
    pub fn meets_news(&self, family: Family, around: Around<'_>) -> bool {
        let lateness = self.lateness.of(family.source());
        let all = if around.is_unfamiliar(lateness) { self.index.news_of(family) } else { &[] };
        all.iter().any(|place| self.watches[*place].minutes_in(around, lateness) != 0)
    }

    /// The detectors that speak of what is new of an entity of that family.
    fn news_of(&self, family: Family) -> impl Iterator<Item = &Watch> {
        self.index.news_of(family).iter().map(|place| &self.watches[*place])
    }

    /// Does some detector ask what is usual for the account before it speaks of the entity?
    #[must_use]
    pub fn asks_account(&self, known: &Known) -> bool {
        let (family, lateness) = (known.entity.family, self.lateness.of(known.entity.family.source()));
        let asking: Vec<&Watch> = self.news_of(family).filter(|watch| watch.detector.asks_account()).collect();
        !asking.is_empty()
            && known
                .views()
                .any(|view| asking.iter().any(|watch| watch.detector.minutes_in(view.around(), lateness) != 0))
    }

    /// May a detector ask what happened in the account of an entity before it speaks of it?
    #[must_use]
    pub fn asks_home(&self, known: &Known) -> bool {
        let occurs = |(_, cell): &(Hour, Arc<Cell>)| cell.slots().any(|slot| slot != CHANGED);
        self.explaining.is_some() && known.entity.family == Family::Function && known.cells.iter().any(occurs)
    }

    /// Did anything happen in a cell of an account that the alerts about its functions may name?
    #[must_use]
    pub fn moves_functions(&self, family: Family, cell: &Cell) -> bool {
        family == Family::Account && cell.active_in(SURROUNDINGS).next().is_some()
    }

    /// The fewest counted events in two hours with which some detector may speak of an entity of a family.
    #[must_use]
    pub fn floor(&self, family: Family) -> u64 {
        self.floors[family as usize]
    }

    /// The minutes of the hour in which some detector may have anything to say, a bit for each.
    #[must_use]
    pub fn minutes(&self, family: Family, around: Around<'_>) -> u64 {
        self.speaking(family, around).fold(0, |all, minutes| all | minutes)
    }

    /// The minutes in which each detector may have anything to say about these cells.
    fn speaking(&self, family: Family, around: Around<'_>) -> impl Iterator<Item = u64> {
        let lateness = self.lateness.of(family.source());
        let news = if around.is_unfamiliar(lateness) { self.index.news_of(family) } else { &[] };
        let all =
            self.index.of_family(family, around.here).chain(news.iter().copied()).map(|place| &self.watches[place]);
        let all = all.filter(move |watch| watch.detector.about().families.contains(&family));
        all.map(move |watch| watch.minutes_in(around, lateness))
    }

    /// Judges the minutes of an entity that have events and lie in the range. The core cannot fail: this has no error.
    pub fn judge(&self, known: &Known, range: Range, out: &mut Vec<Finding>) {
        out.append(&mut self.found(known, range).findings);
    }

    /// The same, with what later levels rest on.
    #[must_use]
    pub fn found(&self, known: &Known, range: Range) -> Found {
        let mut found = self.search(known, range);
        if range.complete
            && let Some(in_time) = known.in_time()
        {
            found.evidence = self.search(&in_time, range).evidence;
        }
        found
    }

    fn search(&self, known: &Known, range: Range) -> Found {
        let mut found = Found::default();
        for view in known.views().filter(|view| view.hour.last() >= range.from && view.hour.first() <= range.to) {
            let family = known.entity.family;
            let news = view.around().is_unfamiliar(self.lateness.of(family.source()));
            for place in self.index.of_cell((family, news), view.cell) {
                self.judge_hour(&self.watches[place], &view, range, &mut found);
            }
        }
        found
    }

    /// Judges the silences of an entity in complete minutes: nothing else has anything to say about minutes without events.
    #[must_use]
    pub fn silent(&self, entity: &Entity, beats: &Beats, range: Range) -> Vec<Finding> {
        let mut findings = Vec::new();
        for watch in &self.watches {
            let (detector, cap) = watch.of(&entity.subject());
            findings.extend(detector.silent(entity, beats, range).into_iter().map(|(minute, verdict)| Finding {
                about: detector.about(),
                entity: entity.clone(),
                minute,
                confirmed: true,
                verdict,
                cap,
                stage: watch.stage,
                top: Vec::new(),
                total: 0,
                denied: 0,
                causes: Vec::new(),
            }));
        }
        findings
    }

    fn judge_hour(&self, watch: &Watch, view: &View<'_>, range: Range, found: &mut Found) {
        let (about, entity) = (watch.detector.about(), &view.known.entity);
        let speaks = range.complete || about.timing == Timing::Monotone;
        if !speaks || !about.families.contains(&entity.family) {
            return;
        }
        let (detector, cap) =
            if watch.variants.is_empty() { (watch.detector.as_ref(), watch.cap) } else { watch.of(&entity.subject()) };
        let lateness = self.lateness.of(entity.family.source());
        let models = view.models(lateness);
        let asked = view.hour.bits(range.from, range.to);
        let mut minutes = asked & detector.minutes_in(Around { asked, ..view.around() }, lateness);
        while minutes != 0 {
            let minute = view.hour.minute(minutes.trailing_zeros() as u8);
            minutes &= minutes - 1;
            let (window, level) = (view.window(minute, &models), view.known.levels.of(minute));
            let explained = |verdict: &Verdict| {
                let mut verdict = verdict.clone();
                self.explain(detector, &window, &mut verdict);
                verdict.severity
            };
            let said = watch.said((detector, cap), (&window, level), explained);
            let finding = |mut verdict: Verdict| {
                let causes = self.explain(detector, &window, &mut verdict);
                let (top, total, denied) = top_of(&window, verdict.window, about.ranking);
                let confirmed = range.complete;
                let stage = watch.stage_of(detector, &window, &mut verdict).min(detector.at_most(verdict.severity));
                let entity = entity.clone();
                Finding { about, entity, minute, confirmed, verdict, cap, stage, top, total, denied, causes }
            };
            found.evidence.extend(said.evidence.filter(|_| range.complete).map(&finding));
            found.findings.extend(said.told.map(finding));
        }
    }

    /// What was changed before what a verdict says of a function, which failures may be graver for.
    fn explain(&self, detector: &dyn Detector, window: &Window<'_>, verdict: &mut Verdict) -> Vec<Cause> {
        let explaining = self.explaining.filter(|_| window.entity.family == Family::Function);
        let Some(place) = explaining.filter(|_| detector.may_follow_change()) else { return Vec::new() };
        let slots = match detector.about().trigger {
            Trigger::Slots(slots) => slots,
            Trigger::Measures(_) | Trigger::Facets(_) => &[],
        };
        self.watches[place].of(&window.entity.subject()).0.explain(window, slots, verdict)
    }
}

struct View<'a> {
    known: &'a Known,
    hour: Hour,
    cell: &'a Cell,
    before: Option<&'a Cell>,
    /// The cell's place among those that are known.
    place: usize,
}

impl<'a> View<'a> {
    fn around(&self) -> Around<'a> {
        let earlier = self.place - usize::from(self.before.is_some());
        let (here, before, profile) = (self.cell, self.before, self.known.profile.as_deref());
        Around {
            hour: self.hour,
            asked: u64::MAX,
            last: false,
            here,
            before,
            past: Some(&self.known.cells[..earlier]),
            profile,
        }
    }

    fn models(&self, lateness: Minutes) -> Models<'a> {
        Models::new(self.known.profile.as_deref(), &self.known.cells[..=self.place], self.hour, lateness)
    }

    fn window<'m>(&self, minute: Minute, models: &'m Models<'a>) -> Window<'m>
    where
        'a: 'm,
    {
        Window {
            entity: &self.known.entity,
            minute,
            here: self.cell,
            before: self.before,
            profile: self.known.profile.as_deref(),
            account: self.known.account.as_deref(),
            home: &self.known.home,
            models,
            raise: 0.0,
            lateness: models.lateness,
        }
    }
}

/// The largest contributors, what all of them added of what they are ranked by, and how many refusals they had.
fn top_of(window: &Window<'_>, span: Minutes, ranking: Ranking) -> (Vec<Top>, u64, u64) {
    if ranking == Ranking::Unnamed {
        return (Vec::new(), 0, 0);
    }
    let mut all: HashMap<&Arc<str>, (u64, u64)> = HashMap::new();
    for (_, part) in window.contributors(span).filter(|(_, part)| !part.name.is_empty()) {
        let held = all.entry(&part.name).or_default();
        *held = (held.0 + part.count, held.1 + part.denied);
    }
    let denied = all.values().map(|(_, denied)| denied).sum();
    let top = all.into_iter().map(|(name, (count, denied))| Top { name: Arc::clone(name), count, denied });
    let mut top: Vec<Top> = match ranking {
        Ranking::Denied => top.filter(|top| top.denied > 0).collect(),
        Ranking::Count | Ranking::Unnamed => top.collect(),
    };
    let rank = |top: &Top| if ranking == Ranking::Denied { top.denied } else { top.count };
    let total = top.iter().map(rank).sum();
    top.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| a.name.cmp(&b.name)));
    top.truncate(TOP);
    (top, total, denied)
}
