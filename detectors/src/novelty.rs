//! What the detectors of new behaviour share: something that an entity never showed, and that seldom shows anything new.

use std::sync::Arc;

use libm::{exp10, log10};

use crate::alert::Example;
use crate::cell::Cell;
use crate::detector::{About, Detector, Folding, Verdict};
use crate::entity::Family;
use crate::event::Event;
use crate::familiar::{Familiar, Rarity};
use crate::habit::hours::name_of;
use crate::habit::{Facet, Habit, product_of, teaches};
use crate::level::Surprise;
use crate::measure::Measure;
use crate::observe::Observations;
use crate::origin::network_name;
use crate::profile::Profile;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::stage::Stage;
use crate::time::Hour;
use crate::window::{Around, REACH, Window};

/// New values that a headline names.
const NAMED: usize = 3;
/// Days that cells live.
const CELLS_LIVE: u32 = 7;

/// When something new is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Novelty {
    /// Days that an entity must be known for.
    pub min_age_days: u32,
    /// New ones may come on one of so many active days at most.
    pub one_in: u32,
}

/// A kind of new behaviour.
#[derive(Debug)]
pub struct Kind {
    /// The detector's texts.
    pub(crate) about: About,
    /// What may be new.
    pub(crate) facet: Facet,
    /// How grave that is.
    pub(crate) severity: Severity,
    /// What becomes of it.
    pub(crate) stage: Stage,
    /// Unless set otherwise.
    pub(crate) novelty: Novelty,
    /// What values are called: `API{s}`.
    pub(crate) unit: &'static str,
    /// What is said of them: `never used before`.
    pub(crate) deed: &'static str,
}

/// The detector of a kind of new behaviour.
#[derive(Clone, Copy, Debug)]
pub struct FirstSeen {
    kind: &'static Kind,
    /// When it speaks.
    pub novelty: Novelty,
}

impl From<&'static Kind> for FirstSeen {
    fn from(kind: &'static Kind) -> FirstSeen {
        FirstSeen { kind, novelty: kind.novelty }
    }
}

impl Detector for FirstSeen {
    fn about(&self) -> &'static About {
        &self.kind.about
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        self.novelty.visit(visit);
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        count_calls(event, seen);
    }

    fn may_follow_change(&self) -> bool {
        true
    }

    fn observes(&self) -> Option<&'static str> {
        Some(OWN_CALLS)
    }

    fn stage(&self) -> Stage {
        self.kind.stage
    }

    fn asks_account(&self) -> bool {
        self.kind.facet == Facet::Region && self.kind.about.families == [Family::Principal]
    }

    fn minutes_in(&self, around: Around<'_>, lateness: Minutes) -> u64 {
        self.novelty.minutes(around, self.kind.facet, lateness)
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let Kind { facet, severity, unit, deed, .. } = *self.kind;
        let news = self.novelty.news(window, facet)?;
        let headline = format!("{{seen}} {unit} {deed}: {}", news.names());
        Some(news.verdict(severity, unit, headline))
    }
}

/// The name of what [`count_calls`] observes.
pub(crate) const OWN_CALLS: &str = "calls of a principal's own";

/// Names of APIs are those of contributors, which there are where calls are counted.
pub(crate) fn count_calls(event: &Event<'_>, seen: &mut Observations<'_>) {
    if teaches(Family::Principal, event) {
        seen.count(Family::Principal, Measure::Calls);
    }
}

/// What is new in a window.
pub(crate) struct News<'a> {
    /// Each with its hour and cell, in the order in which they came.
    values: Vec<(Hour, &'a Cell, &'a Habit)>,
    rarity: Rarity,
    surprise: Surprise,
    familiar: &'a Familiar,
    examples: Vec<Arc<Example>>,
    saturated: bool,
    before: Hour,
}

impl Novelty {
    /// Walks through the fields.
    pub(crate) fn visit(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        let doc = "days that it must be known for";
        visit.field(field("min_age_days", doc, 1.0, 365.0), Value::Count(&mut self.min_age_days));
        let doc = "something new is told only where that comes on one of so many active days at most; it takes as many to know";
        visit.field(field("one_in", doc, 1.0, 50.0), Value::Count(&mut self.one_in));
    }

    /// The minutes of an hour in which something new may have come, a bit for each.
    pub(crate) fn minutes(&self, around: Around<'_>, facet: Facet, lateness: Minutes) -> u64 {
        let familiar = around.profile.and_then(Profile::familiar);
        let old_enough = match familiar {
            Some(familiar) => familiar.age(around.hour.after()).is_some_and(|age| age >= self.min_age_days),
            // It will be there once its hours are complete. Where nothing was learnt, cells are all there is.
            None => self.min_age_days <= CELLS_LIVE,
        };
        if !old_enough {
            return 0;
        }
        let is_new = |habit: &&Habit| {
            let before = around.hour.minute(habit.first).plus(-(lateness.0 as i32)).hour();
            let shown = |cell: &Cell| cell.habits().get(facet, habit.value).is_some();
            let known = familiar.is_some_and(|familiar| familiar.knows(facet, habit.value, before));
            !known && !around.before.is_some_and(shown)
        };
        around.here.habits().of(facet).iter().filter(is_new).fold(0, |bits, habit| bits | 1 << habit.first)
    }

    /// What is new in the hour up to the window's minute, where that is rare.
    pub(crate) fn news<'a>(&self, window: &Window<'a>, facet: Facet) -> Option<News<'a>> {
        let (hour, before) = (window.minute.hour(), window.known_before());
        let familiar = window.profile.and_then(Profile::familiar)?;
        let (rarity, peers) = (familiar.rarity(facet, before), peers_of(window, facet));
        if familiar.age(before).is_none_or(|age| age < self.min_age_days) {
            return None;
        }
        if peers.is_none() && rarity.p() * f64::from(self.one_in) > 1.0 {
            return None;
        }
        let new = |hour: Hour, cell: &'a Cell, before: Hour| {
            let unknown = move |habit: &&Habit| !familiar.knows(facet, habit.value, before);
            cell.habits().of(facet).iter().filter(unknown).map(move |habit| (hour, cell, habit))
        };
        let earlier = window.before.map(|cell| (hour.before(), cell));
        let mut values: Vec<_> =
            earlier.into_iter().flat_map(|(hour, cell)| new(hour, cell, before.min(hour))).collect();
        // What the hour before showed is told of that.
        let again = |habit: &Habit| window.before.is_some_and(|cell| cell.habits().get(facet, habit.value).is_some());
        let here = new(hour, window.here, before).filter(|(_, _, habit)| !again(habit));
        values.extend(here);
        let covered = window.minute.plus(1 - REACH.0 as i32)..=window.minute;
        values.retain(|(hour, _, habit)| covered.contains(&hour.minute(habit.first)));
        if values.is_empty() {
            return None;
        }
        values.sort_by_key(|(hour, _, habit)| (*hour, habit.first, habit.value));
        let p = values.iter().map(|(_, _, habit)| match peers {
            Some(peers) => rarity.among(peers, (facet, habit.value), before),
            None => rarity.p(),
        });
        let p = p.fold(1.0, f64::min);
        let surprise = Surprise { t: -log10(p), asked: log10(f64::from(self.one_in)) };
        if p * f64::from(self.one_in) > 1.0 || surprise.t < surprise.asked + window.raise {
            return None;
        }
        let saturated = window.here.habits().saturated(facet);
        let mut news = News { values, rarity, surprise, familiar, examples: Vec::new(), saturated, before };
        news.examples = news.examples_in(window);
        Some(news)
    }
}

/// What is usual for the account of a principal, as far as that shows the facet too.
fn peers_of<'a>(window: &Window<'a>, facet: Facet) -> Option<&'a Familiar> {
    let familiar = window.account.and_then(Profile::familiar);
    let compared = facet == Facet::Region && window.entity.family == Family::Principal;
    familiar.filter(|peers| compared && peers.rarity(facet, window.known_before()).values > 0)
}

impl<'a> News<'a> {
    fn name((hour, cell, habit): &(Hour, &'a Cell, &'a Habit)) -> String {
        let name = habit.name.as_deref().unwrap_or_default();
        match habit.facet {
            Facet::Api | Facet::Sensitive => {
                let api = cell.contributors().iter().find(|part| part.hash as u32 == habit.value);
                api.map_or_else(|| "an API".to_owned(), |part| part.name.to_string())
            }
            Facet::Network => network_name(name),
            Facet::Time => name_of(habit.value),
            Facet::LineKind => format!("at {}", hour.minute(habit.first).start().format("%H:%M")),
            _ => name.to_owned(),
        }
    }

    /// The first new values by name, and how many more there are.
    pub(crate) fn names(&self) -> String {
        let named = |value: &(Hour, &'a Cell, &'a Habit)| {
            let slept = self.familiar.slept(value.2.facet, value.2.value, value.0);
            let name = News::name(value);
            if slept == 0 { name } else { format!("{name} (not for {slept} days)") }
        };
        let shown: Vec<String> = self.values.iter().take(NAMED).map(named).collect();
        let more = self.values.len() - shown.len();
        let shown = shown.join(", ");
        if more == 0 { shown } else { format!("{shown} and {more} more") }
    }

    fn examples_in(&self, window: &Window<'_>) -> Vec<Arc<Example>> {
        let all = [Measure::Sensitive, Measure::Calls].into_iter().flat_map(|of| window.examples(of, REACH));
        let of_value = |example: &Example, value: &(Hour, &'a Cell, &'a Habit)| {
            let name = value.2.name.as_deref().unwrap_or_default();
            match value.2.facet {
                Facet::Api | Facet::Sensitive => *example.what == *News::name(value),
                Facet::Network => example.caller.address.starts_with(name),
                Facet::Agent => product_of(&example.caller.agent) == name,
                Facet::Key => *example.caller.access_key == *name,
                Facet::Time => true,
                _ => false,
            }
        };
        all.filter(|example| self.values.iter().any(|value| of_value(example, value))).cloned().collect()
    }

    /// The verdict. Its headline may hold `{seen}` and `{s}`.
    pub(crate) fn verdict(self, severity: Severity, unit: &'static str, headline: String) -> Verdict {
        let Rarity { days, new, values } = self.rarity;
        let born = self.familiar.born().first().start().format("%Y-%m-%d");
        let unit_of = |n: u32| unit.replace("{s}", if n == 1 { "" } else { "s" });
        let why = format!(
            "known since {born} ({} days) with {values} {}; on {new} of its last {days} active days something was new: 1 in {:.0}",
            self.familiar.age(self.before).unwrap_or_default(),
            unit_of(values),
            exp10(self.surprise.t)
        );
        Verdict {
            severity,
            seen: self.values.len() as u64,
            at_least: self.saturated,
            expected: None,
            threshold: None,
            surprise: Some(self.surprise),
            window: REACH,
            folding: Folding::Largest,
            unit: unit.into(),
            headline,
            why,
            examples: self.examples,
        }
    }
}
