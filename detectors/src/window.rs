//! Windows: what a detector sees when it judges a minute. Everything in it ends with that minute.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::alert::{Example, Span};
use crate::cell::{Cell, Contributor, Occurrence};
use crate::entity::Entity;
use crate::gauged::Gauged;
use crate::habit::Facet;
use crate::measure::{Measure, Slot};
use crate::meter::{BLOCK, Meter, Sketch, block_of};
use crate::profile::Profile;
use crate::settings::Minutes;
use crate::stand::{Lessons, Model};
use crate::stats::errors::ErrorProfile;
use crate::stats::gauge::Gauge;
use crate::stats::rate::{RateProfile, RateScore, RateWindows};
use crate::stats::windows::WIDTHS;
use crate::time::{HOUR, Hour, Minute};

/// The longest window: the hour cells that are read for a minute reach back this far.
pub const REACH: Minutes = Minutes(60);

/// An entity's cells around a minute, and what is usual for it.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// What is judged.
    pub entity: &'a Entity,
    /// The last minute in the window.
    pub minute: Minute,
    pub(crate) here: &'a Cell,
    pub(crate) before: Option<&'a Cell>,
    pub(crate) profile: Option<&'a Profile>,
    /// What is usual for the account of the entity.
    pub(crate) account: Option<&'a Profile>,
    /// The cells of the account.
    pub(crate) home: &'a [(Hour, Arc<Cell>)],
    pub(crate) models: &'a Models<'a>,
    /// How much more surprising than its settings say a finding must be.
    pub(crate) raise: f64,
    pub(crate) lateness: Minutes,
}

/// The cell of an hour with what is around it: enough to say which of its minutes are worth judging.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The hour.
    pub hour: Hour,
    /// Its minutes that are asked about, a bit for each: what is said of others nobody reads.
    pub asked: u64,
    /// Its cell.
    pub here: &'a Cell,
    /// Is the last of those enough? Then of earlier ones nothing need be said.
    pub last: bool,
    /// The cell of the hour before.
    pub before: Option<&'a Cell>,
    /// The cells of hours before that one, as far as windows of more than an hour reach them; nothing where they were not
    /// looked at.
    pub past: Option<&'a [(Hour, Arc<Cell>)]>,
    /// What is usual for the entity.
    pub profile: Option<&'a Profile>,
}

impl Around<'_> {
    /// Does the hour show anything that was not known of the entity when it was shown?
    #[must_use]
    pub(crate) fn is_unfamiliar(&self, lateness: Minutes) -> bool {
        let habits = self.here.habits().all();
        let Some(familiar) = self.profile.and_then(Profile::familiar) else { return !habits.is_empty() };
        habits.iter().any(|habit| {
            let before = self.hour.minute(habit.first).plus(-(lateness.0 as i32)).hour();
            !familiar.knows(habit.facet, habit.value, before)
        })
    }
}

/// The models of an hour's series, made when somebody asks, and taught while one detector judges its minutes in order.
#[derive(Debug)]
pub(crate) struct Models<'a> {
    pub(crate) profile: Option<&'a Profile>,
    /// The cells of the hour and of those before.
    pub(crate) cells: &'a [(Hour, Arc<Cell>)],
    pub(crate) hour: Hour,
    pub(crate) lateness: Minutes,
    rates: Open<Measure, RateProfile>,
    shares: Open<Measure, ErrorProfile>,
    gauges: Open<Meter, Gauge>,
    /// What was said last of a measure in windows that end with a minute: asked once for each level.
    rated: RefCell<Option<(Measure, Minute, RateScore)>>,
    /// What of earlier hours the windows of a detector need.
    past: OnceCell<Vec<Occurrence>>,
}

/// Models that somebody asked for.
#[derive(Debug)]
struct Open<K, M: Model>(RefCell<Vec<(K, Option<Lessons<M>>)>>);

impl<K, M: Model> Default for Open<K, M> {
    fn default() -> Open<K, M> {
        Open(RefCell::default())
    }
}

impl<K: Copy + PartialEq, M: Model> Open<K, M> {
    /// What somebody says with a model that has learnt what was complete before `known_to`.
    fn ask<T>(
        &self,
        (key, known_to): (K, Minute),
        make: impl FnOnce() -> Option<Lessons<M>>,
        say: impl FnOnce(&M) -> T,
    ) -> Option<T> {
        let mut open = self.0.borrow_mut();
        let at = match open.iter().position(|(held, _)| *held == key) {
            Some(at) => at,
            None => {
                open.push((key, make()));
                open.len() - 1
            }
        };
        open[at].1.as_mut().map(|lessons| say(lessons.model(known_to)))
    }
}

impl<'a> Models<'a> {
    pub(crate) fn new(
        profile: Option<&'a Profile>,
        cells: &'a [(Hour, Arc<Cell>)],
        hour: Hour,
        lateness: Minutes,
    ) -> Models<'a> {
        let (rates, shares, gauges) = (Open::default(), Open::default(), Open::default());
        let (rated, past) = (RefCell::default(), OnceCell::new());
        Models { profile, cells, hour, lateness, rates, shares, gauges, rated, past }
    }

    fn cells(&self) -> impl Iterator<Item = (Hour, &Cell)> {
        self.cells.iter().map(|(hour, cell)| (*hour, cell.as_ref()))
    }
}

impl<'a> Window<'a> {
    /// The sum of a measure over the last `span`.
    #[must_use]
    pub fn sum(&self, measure: Measure, span: Minutes) -> u64 {
        if measure == Measure::Failures {
            return self.distinct(crate::catalog::FAILED, span) as u64;
        }
        self.cells(span).map(|(cell, from, to)| cell.sum(measure, from, to)).sum()
    }

    /// The occurrences of a slot in the last `span`, by hour, minute and rank.
    pub fn occurrences(&self, slot: Slot, span: Minutes) -> impl Iterator<Item = &'a Occurrence> + use<'a> {
        self.cells(span).flat_map(move |(cell, from, to)| cell.minutes_of(slot, from, to))
    }

    /// The occurrences of a slot from one minute to another, both of which lie in this hour or the one before.
    pub(crate) fn between(
        &self,
        slot: Slot,
        (from, to): (Minute, Minute),
    ) -> impl DoubleEndedIterator<Item = &'a Occurrence> + use<'a> {
        let hour = self.minute.hour();
        let cells = self.before.map(|cell| (hour.before(), cell)).into_iter().chain([(hour, self.here)]);
        cells.flat_map(move |(hour, cell)| {
            let (from, to) = (from.max(hour.first()), to.min(hour.last()));
            if from <= to { cell.minutes_of(slot, from.of_hour(), to.of_hour()) } else { &[] }
        })
    }

    /// The occurrences of a slot of the account in the last `span`, by hour, minute and rank.
    pub fn at_home(&self, slot: Slot, span: Minutes) -> impl Iterator<Item = &'a Occurrence> + use<'a> {
        let (first, last) = (self.minute.plus(1 - span.0 as i32), self.minute);
        let covered = self.home.iter().filter(move |(hour, _)| (first.hour()..=last.hour()).contains(hour));
        covered.flat_map(move |(hour, cell)| {
            let from = if *hour == first.hour() { first.of_hour() } else { 0 };
            cell.minutes_of(slot, from, if *hour == last.hour() { last.of_hour() } else { 59 })
        })
    }

    /// What of the hours before this one the windows of a detector need, as it says itself: once for all minutes of the
    /// hour.
    pub(crate) fn past(&self, find: impl FnOnce(&[(Hour, Arc<Cell>)]) -> Vec<Occurrence>) -> &'a [Occurrence] {
        let earlier = self.models.cells.split_last().map_or(&[][..], |(_, earlier)| earlier);
        self.models.past.get_or_init(|| find(earlier))
    }

    /// All cells that the span touches, however long it is, with the minutes of the hour that it covers in each.
    pub(crate) fn all_cells(&self, span: Minutes) -> impl Iterator<Item = (&'a Cell, u8, u8)> + use<'a> {
        let (first, last) = (self.minute.plus(1 - span.0 as i32), self.minute);
        let touched = self.models.cells.iter().filter(move |(hour, _)| *hour >= first.hour() && *hour <= last.hour());
        touched.map(move |(hour, cell)| {
            let from = if *hour == first.hour() { first.of_hour() } else { 0 };
            let to = if *hour == last.hour() { last.of_hour() } else { 59 };
            (cell.as_ref(), from, to)
        })
    }

    /// The part of the last `span` that begins with the first occurrence in any of the slots: since when it goes on.
    #[must_use]
    pub fn since_first(&self, slots: &[Slot], span: Minutes) -> Minutes {
        let all = slots.iter().flat_map(|slot| self.occurrences(*slot, span));
        let first = all.map(|o| Minute::of(o.example.time)).min().unwrap_or(self.minute);
        Minutes((self.minute.0 - first.0 + 1).clamp(1, span.0.max(1) as i32) as u32)
    }

    /// How many distinct values occurred in a slot in the last `span`.
    #[must_use]
    pub fn distinct(&self, slot: Slot, span: Minutes) -> usize {
        self.occurrences(slot, span).map(|o| o.value).collect::<BTreeSet<_>>().len()
    }

    /// Was a cell's limit reached in some minute of the span, so that a count is a lower bound?
    #[must_use]
    pub fn saturated(&self, slot: Slot, span: Minutes) -> bool {
        self.cells(span).any(|(cell, from, to)| {
            let held = cell.minutes_of(slot, from, to);
            held.chunk_by(|a, b| a.minute == b.minute).any(|minute| minute.len() >= minute[0].keep.limit())
        })
    }

    /// What a measure has in each of the windows that rates are judged in, and as of when it is judged.
    #[must_use]
    pub fn windows(&self, measure: Measure) -> RateWindows {
        let sums = WIDTHS.map(|width| self.sum(measure, Minutes(width as u32)) as f64);
        RateWindows { minute: self.minute.0, sums, known_to: self.known_to().0 }
    }

    /// What somebody says of a series who knows what is usual for it; nothing where nothing is.
    pub fn ask<T>(&self, measure: Measure, say: impl FnOnce(&RateProfile) -> T) -> Option<T> {
        let Models { profile, hour, lateness, rates, .. } = self.models;
        let make = || (*profile)?.lessons((measure, *hour), self.models.cells(), *lateness);
        rates.ask((measure, self.known_to()), make, say)
    }

    /// How unusual the windows of a measure are; nothing where nothing is known of it.
    pub(crate) fn rated(&self, measure: Measure, asked: &RateWindows) -> Option<RateScore> {
        let rated = *self.models.rated.borrow();
        if let Some((.., score)) = rated.filter(|(of, minute, _)| (*of, *minute) == (measure, self.minute)) {
            return Some(score);
        }
        let score = self.ask(measure, |model| model.judge(asked))?;
        self.models.rated.replace(Some((measure, self.minute, score)));
        Some(score)
    }

    /// What somebody says of the share of a part who knows what is usual for it, and of how many of the whole: from a
    /// model that learnt it minute by minute or, of what is seldom, from the sums of active hours.
    pub(crate) fn ask_share<T>(&self, part: Measure, say: impl FnOnce(&ErrorProfile, u64) -> T) -> Option<T> {
        let (whole, _) = part.part_of()?;
        let Models { profile, hour, lateness, shares, .. } = self.models;
        let make = || (*profile)?.share_lessons((part, *hour), self.models.cells(), *lateness);
        let rests_on = self.baseline(whole).map(|(_, n)| u64::from(n)).sum();
        let mut say = Some(say);
        let said = shares.ask((part, self.known_to()), make, |model| say.take().map(|say| say(model, rests_on)));
        match said {
            Some(said) => said,
            None => {
                let (mut model, known) = self.profile?.light_share((part, whole), self.known_before())?;
                // The model learns what has left its longest window: by now all of it has.
                model.advance(self.known_before().after().first().0);
                say.take().map(|say| say(&model, known))
            }
        }
    }

    /// The share of a part in its whole over the last active hours, in per cent; 0 where nothing is known.
    pub(crate) fn share_lately(&self, part: Measure) -> f64 {
        let sum = |measure| self.baseline(measure).map(|(_, n)| f64::from(n)).sum::<f64>();
        part.part_of().map_or(0.0, |(whole, _)| 100.0 * sum(part) / sum(whole).max(1.0))
    }

    /// What somebody says of what a meter reads who knows what is usual for it.
    pub(crate) fn ask_gauge<T>(&self, meter: Meter, say: impl FnOnce(&Gauge) -> T) -> Option<T> {
        let Models { profile, hour, lateness, gauges, .. } = self.models;
        let make = || (*profile)?.gauge_lessons((meter, *hour), self.models.cells(), *lateness);
        gauges.ask((meter, self.known_to()), make, say)
    }

    /// The readings of a meter in the blocks that end in the last `span`: a whole number of blocks, where the window's
    /// minute is the last of one.
    pub(crate) fn sketch(&self, meter: Meter, span: Minutes) -> Sketch {
        let whole = |(cell, from, to): (&'a Cell, u8, u8)| {
            let (from, end) = (from.div_ceil(BLOCK as u8), block_of(to + 1));
            end.checked_sub(1).map(|last| cell.readings(meter, from, last))
        };
        let blocks = self.cells(span).filter_map(whole).flatten();
        blocks.map(|reading| (reading.step, reading.all())).collect()
    }

    /// Did the entity show a value of a facet on an earlier day of UTC, of the last ninety?
    pub(crate) fn showed_before_today(&self, facet: Facet, value: u32) -> bool {
        let hour = self.minute.hour().0;
        let today = Hour(hour - hour.rem_euclid(24));
        let familiar = self.profile.and_then(Profile::familiar);
        familiar.is_some_and(|familiar| familiar.knows(facet, value, today.min(self.known_before())))
    }

    /// What else is known of what the function's reports measure.
    pub(crate) fn gauged(&self) -> Option<&'a Gauged> {
        self.profile?.gauged()
    }

    /// The first minute that was not complete when the window's last minute came.
    fn known_to(&self) -> Minute {
        self.minute.plus(-(self.lateness.0 as i32))
    }

    /// The minutes since a series was active first; nothing where nothing is known of it.
    #[must_use]
    pub fn age(&self, measure: Measure) -> Option<Minutes> {
        let since = self.profile?.since(measure)?.first();
        (since <= self.minute).then(|| Minutes((self.minute.0 - since.0) as u32))
    }

    /// The last active hours of a measure, with its sums.
    pub fn baseline(&self, measure: Measure) -> impl Iterator<Item = (Hour, u32)> + use<'a> {
        let (minute, lateness) = (self.minute, self.lateness);
        self.profile.into_iter().flat_map(move |profile| profile.baseline(measure, minute, lateness))
    }

    /// The span of event time that a window of this length covers.
    #[must_use]
    pub fn span(&self, span: Minutes) -> Span {
        Span { start: self.minute.plus(1 - span.0 as i32).start(), end: self.minute.end() }
    }

    /// What contributed in the hours that the last `span` touches.
    pub fn contributors(&self, span: Minutes) -> impl Iterator<Item = (Hour, &'a Contributor)> + use<'a> {
        let hour = self.minute.hour();
        let (here, before) = (self.here, self.before);
        let reaches_back = i32::from(self.minute.of_hour()) + 1 < span.0 as i32;
        let earlier = before.filter(|_| reaches_back).into_iter().flat_map(Cell::contributors);
        earlier.map(move |c| (hour.before(), c)).chain(here.contributors().iter().map(move |c| (hour, c)))
    }

    /// The examples of a measure in the last `span`, as far as the cells kept them.
    pub fn examples(&self, measure: Measure, span: Minutes) -> impl Iterator<Item = &'a Arc<Example>> + use<'a> {
        let covered = self.span(span);
        let (here, before) = (self.here, self.before);
        let all = before.into_iter().chain([here]).flat_map(move |cell| cell.examples(measure));
        all.filter(move |e| covered.start <= e.time && e.time < covered.end)
    }

    /// Before which hour everything was complete when the minute came: what a profile knew then is what it learnt of
    /// those hours.
    #[must_use]
    pub fn known_before(&self) -> Hour {
        self.minute.plus(-(self.lateness.0 as i32)).hour()
    }

    /// The cells that the span touches, with the minutes of the hour that it covers in each.
    fn cells(&self, span: Minutes) -> impl Iterator<Item = (&'a Cell, u8, u8)> + use<'a> {
        let last = self.minute.of_hour();
        let back = i32::from(last) + 1 - span.0 as i32;
        let earlier = self.before.filter(|_| back < 0).map(|cell| (cell, (HOUR + back).max(0) as u8, 59));
        earlier.into_iter().chain([(self.here, back.max(0) as u8, last)])
    }
}
