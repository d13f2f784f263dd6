//! What a profile is familiar with: the habits that an entity showed in earlier hours, in bounded memory.
//!
//! Each value stands with the hour that it was first shown in, so that a look back at an hour sees what was new then,
//! whatever was learnt since.

use serde::{Deserialize, Serialize};

use crate::alert::Example;
use crate::habit::hours::near;
use crate::habit::{Facet, Habits, product_of};
use crate::hash::{hash_of, hash_one};
use crate::origin::network_of;
use crate::sensitive::is_sensitive;
use crate::time::Hour;

/// How rare something is, is asked of so many days: what comes once a month is in them. Cells live seven days, so that an
/// hour that is looked back at has as many behind it as when it was new.
const ASKED: i32 = 56;
/// The first days of an entity, on which everything is new. They say nothing about how often something is.
const WARM_UP: i32 = 3;
/// A value that was not shown for so many hours counts as new when it comes again.
const DORMANT: i32 = 90 * DAY;
/// Hours in a day.
const DAY: i32 = 24;

/// As many active days of its own say as much of an entity as what its peers do.
const PEERS_WEIGH: f64 = 10.0;
/// Hours after which what peers do is their habit.
const SETTLED: i32 = 7 * DAY;

/// What an entity is known to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Familiar {
    /// The first hour that was learnt.
    born: Hour,
    /// The newest hour that was learnt.
    newest: Hour,
    /// The UTC days with anything in them: a bit for each, the lowest for that of the newest hour.
    active: u64,
    /// The days on which a value of a facet was new.
    new: [u64; Facet::ALL.len()],
    /// By facet and value.
    entries: Vec<Entry>,
}

/// A value that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    facet: Facet,
    value: u32,
    /// The hour in which it was first shown, or shown again after it had been dormant.
    first: Hour,
    /// The last hour in which it was shown.
    last: Hour,
    /// On how many days it was shown, as far as a byte counts.
    days: u8,
    /// How many days it had been dormant before `first`; 0 where it was never shown before.
    slept: u16,
}

impl Entry {
    fn place(&self) -> u64 {
        place_of(self.facet, self.value)
    }

    /// What is forgotten first: what was shown on one day only, then what was not shown for longest. So a flood of
    /// values that somebody makes up pushes out itself, and what is shown day by day stays.
    fn staying(&self) -> (bool, Hour, u8, u32) {
        (self.days > 1, self.last, self.days, self.value)
    }
}

/// How rare new values are, as of some hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rarity {
    /// Active days that it rests on: those of the last 56 after the first three.
    pub days: u32,
    /// On how many of them something was new.
    pub new: u32,
    /// Values that are known.
    pub values: u32,
}

impl Rarity {
    /// How unlikely it is that an active day shows something new: the Good-Turing share of such days, with one more on
    /// both sides.
    ///
    /// Days and not events are counted, because what is done in a day is not independent: a job that makes a thousand
    /// calls says no more about what it will call tomorrow than one that makes ten. It also bounds what is told of one
    /// entity, however busy it is. `cargo bench --bench novelty` compares formulas.
    #[must_use]
    pub fn p(&self) -> f64 {
        f64::from(self.new + 1) / f64::from(self.days + 1)
    }

    /// How unlikely it is that an active day shows this very value, given what peers do: a mixture in which the entity's own
    /// past weighs the more the longer it is. What is a habit of its peers is no news of it, and who is known for a few
    /// days only is judged by how seldom its peers show anything new.
    #[must_use]
    pub fn among(&self, peers: &Familiar, (facet, value): (Facet, u32), before: Hour) -> f64 {
        let own = f64::from(self.days) / (f64::from(self.days) + PEERS_WEIGH);
        let habit = peers.knows(facet, value, Hour(before.0.saturating_sub(SETTLED)));
        let theirs = if habit { 1.0 } else { peers.rarity(facet, before).p() };
        own * self.p() + (1.0 - own) * theirs
    }
}

impl Familiar {
    /// Knows nothing before that hour.
    #[must_use]
    pub fn since(hour: Hour) -> Familiar {
        Familiar { born: hour, newest: hour, active: 0, new: [0; Facet::ALL.len()], entries: Vec::new() }
    }

    /// Learns what was shown in time in a complete hour. Learning it again, with more, adds what is more.
    pub fn learn(&mut self, hour: Hour, habits: &Habits) {
        self.born = self.born.min(hour);
        let today = self.bit_of(hour);
        self.active |= today;
        for habit in habits.all().iter().filter(|habit| habit.on_time) {
            let usual = habit.facet == Facet::Time
                && near(habit.value).iter().any(|near| self.get(Facet::Time, *near).is_some());
            let is_new = match self.entries.binary_search_by_key(&place_of(habit.facet, habit.value), Entry::place) {
                Ok(at) => self.entries[at].meet(hour),
                Err(at) => {
                    let (facet, value) = (habit.facet, habit.value);
                    self.entries.insert(at, Entry { facet, value, first: hour, last: hour, days: 1, slept: 0 });
                    self.make_room(facet, at);
                    true
                }
            };
            self.new[habit.facet as usize] |= if is_new && !usual { today } else { 0 };
        }
    }

    /// The bit of the day of an hour; none where that is too long ago.
    fn bit_of(&mut self, hour: Hour) -> u64 {
        let on = day_of(hour) - day_of(self.newest);
        for days in self.new.iter_mut().chain([&mut self.active]).filter(|_| on > 0) {
            *days = days.checked_shl(on as u32).unwrap_or(0);
        }
        self.newest = self.newest.max(hour);
        1_u64.checked_shl(on.min(0).unsigned_abs()).unwrap_or(0)
    }

    /// Forgets one value of a facet that has too many, but not the one at `new`.
    fn make_room(&mut self, facet: Facet, new: usize) {
        let (from, to) = self.bounds(facet);
        if to - from > facet.capacity() {
            let least = (from..to).filter(|at| *at != new).min_by_key(|at| self.entries[*at].staying());
            least.map(|at| self.entries.remove(at));
        }
    }

    fn bounds(&self, facet: Facet) -> (usize, usize) {
        let from = self.entries.partition_point(|entry| entry.facet < facet);
        (from, from + self.entries[from..].partition_point(|entry| entry.facet == facet))
    }

    fn get(&self, facet: Facet, value: u32) -> Option<&Entry> {
        self.entries.binary_search_by_key(&place_of(facet, value), Entry::place).ok().map(|at| &self.entries[at])
    }

    /// Was the value shown before that hour, and not too long ago?
    #[must_use]
    pub fn knows(&self, facet: Facet, value: u32, before: Hour) -> bool {
        let known = |value| self.get(facet, value).is_some_and(|entry| entry.knew(before));
        if facet == Facet::Time { near(value).into_iter().any(known) } else { known(value) }
    }

    /// Was such an event shown before that hour, as far as its parts tell: that API, from that network, with that product?
    /// What came from no address of the Internet was not.
    #[must_use]
    pub fn did(&self, example: &Example, before: Hour) -> bool {
        let (service, name) = example.what.split_once(':').unwrap_or(("", &example.what));
        let facet = if is_sensitive(service, name) { Facet::Sensitive } else { Facet::Api };
        let shown = [
            (facet, hash_of(&[service, name])),
            (Facet::Network, hash_one(network_of(&example.caller.address))),
            (Facet::Agent, hash_one(product_of(&example.caller.agent))),
        ];
        shown.iter().all(|(facet, value)| self.knows(*facet, *value as u32, before))
    }

    /// How many days the value had not been shown when it was shown again in `hour` or soon after; 0 where it was never
    /// shown before.
    #[must_use]
    pub fn slept(&self, facet: Facet, value: u32, hour: Hour) -> u32 {
        match self.get(facet, value) {
            Some(entry) if entry.first >= hour => u32::from(entry.slept),
            Some(entry) => ((hour.0 - entry.last.0) / DAY).max(0) as u32,
            None => 0,
        }
    }

    /// How many days it was known before that hour; nothing where it was not yet.
    #[must_use]
    pub fn age(&self, before: Hour) -> Option<u32> {
        (self.born < before).then(|| ((before.0 - self.born.0) / DAY) as u32)
    }

    /// Something of what any look at it begins with: where it is searched first.
    pub(crate) fn glimpse(&self) -> u32 {
        let entry = |at: usize| self.entries.get(at).map_or(0, |entry| entry.value);
        entry(0) ^ entry(self.entries.len() / 2)
    }

    /// The first hour that was learnt.
    #[must_use]
    pub fn born(&self) -> Hour {
        self.born
    }

    /// The newest hour that was learnt.
    #[must_use]
    pub fn newest(&self) -> Hour {
        self.newest
    }

    /// How rare new values of a facet were before that hour.
    #[must_use]
    pub fn rarity(&self, facet: Facet, before: Hour) -> Rarity {
        let today = day_of(before);
        let since = (day_of(self.born) + WARM_UP).max(today - ASKED);
        let days = self.days_between(since, today);
        let (from, to) = self.bounds(facet);
        let known = || self.entries[from..to].iter().filter(|entry| entry.first < before);
        // Of the day itself, what came before the hour.
        let new_today = u32::from(known().any(|entry| day_of(entry.first) >= since.max(today)));
        Rarity {
            days: (self.active & days).count_ones() + new_today,
            new: (self.new[facet as usize] & days).count_ones() + new_today,
            values: known().count() as u32,
        }
    }

    /// The bits of the days from `since` up to, and without, `end`.
    fn days_between(&self, since: i32, end: i32) -> u64 {
        let newest = day_of(self.newest);
        // All days from so long ago on.
        let from = |day: i32| {
            let age = newest - day;
            if age < 0 { 0 } else { u64::MAX >> (63 - age.min(63)) }
        };
        from(since) & !from(end)
    }

    /// How many entries it holds.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.entries.len()
    }
}

impl Entry {
    fn knew(&self, before: Hour) -> bool {
        // What was shown since says nothing about before.
        self.first < before && (self.last >= before || before.0 - self.last.0 < DORMANT)
    }

    /// Says whether it is as if it had never been shown.
    fn meet(&mut self, hour: Hour) -> bool {
        if hour < self.first {
            // An hour before that is learnt anew.
            self.first = if self.slept == 0 { hour } else { self.first };
            return true;
        }
        let gap = hour.0 - self.last.0;
        let again = gap >= DORMANT;
        if again {
            (self.first, self.slept) = (hour, (gap / DAY).min(i32::from(u16::MAX)) as u16);
        }
        if gap > 0 {
            self.days = self.days.saturating_add(u8::from(day_of(hour) != day_of(self.last)));
            self.last = hour;
        }
        again
    }
}

/// What entries are sorted by: one number, which is compared faster than two.
fn place_of(facet: Facet, value: u32) -> u64 {
    (facet as u64) << 32 | u64::from(value)
}

fn day_of(hour: Hour) -> i32 {
    hour.0.div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::habit::Habit;

    fn shown(values: &[(Facet, u32)]) -> Habits {
        let mut habits = Habits::default();
        for (facet, value) in values {
            habits.show(Habit { facet: *facet, value: *value, first: 0, last: 0, on_time: true, name: None });
        }
        habits
    }

    #[test]
    fn a_value_is_new_in_its_first_hour_whenever_one_looks() {
        let mut familiar = Familiar::since(Hour(0));
        for hour in 0..50 {
            familiar.learn(Hour(hour), &shown(&[(Facet::Api, 1), (Facet::Api, 2 + hour as u32 / 30)]));
        }
        for (value, before, known) in [(1, 1, true), (1, 0, false), (3, 30, false), (3, 31, true), (4, 50, false)] {
            assert_eq!(familiar.knows(Facet::Api, value, Hour(before)), known, "{value} before {before}");
        }
        let again = familiar.clone();
        familiar.learn(Hour(49), &shown(&[(Facet::Api, 1), (Facet::Api, 3)]));
        assert_eq!(familiar, again);
    }

    #[test]
    fn rarity_counts_the_days_after_the_first() {
        // Eight hours a day; something new in the first hour of each tenth day.
        let shown_in = |hour: i32| {
            let new = (hour % 240 == 0).then_some((Facet::Api, hour as u32 + 10));
            shown(&[(Facet::Api, 9)].into_iter().chain(new).collect::<Vec<_>>())
        };
        let mut familiar = Familiar::since(Hour(0));
        for day in 0..=80 {
            let rarity = familiar.rarity(Facet::Api, Hour(day * 24));
            let expected = [(3, (0, 0, 2)), (4, (1, 0, 2)), (10, (7, 0, 2)), (11, (8, 1, 3)), (80, (56, 5, 9))];
            for (_, expected) in expected.iter().filter(|(of, _)| *of == day) {
                assert_eq!((rarity.days, rarity.new, rarity.values), *expected, "day {day}");
            }
            (0..8).map(|hour| day * 24 + hour).for_each(|hour| familiar.learn(Hour(hour), &shown_in(hour)));
        }
    }

    #[test]
    fn a_flood_of_values_does_not_push_out_what_is_shown_day_by_day() {
        let mut familiar = Familiar::since(Hour(0));
        let usual: Vec<_> = (0..20).map(|value| (Facet::Network, value)).collect();
        for day in 0..5 {
            familiar.learn(Hour(day * 24), &shown(&usual[..16]));
            familiar.learn(Hour(day * 24 + 1), &shown(&usual[16..]));
        }
        for hour in 0..200 {
            let made_up: Vec<_> = (0..16).map(|n| (Facet::Network, 1000 + hour as u32 * 16 + n)).collect();
            familiar.learn(Hour(5 * 24 + hour), &shown(&made_up));
        }
        assert_eq!(familiar.entries(), Facet::Network.capacity());
        assert!(usual.iter().all(|(facet, value)| familiar.knows(*facet, *value, Hour(400))));
    }

    #[test]
    fn what_comes_again_after_a_season_is_new() {
        let mut familiar = Familiar::since(Hour(0));
        familiar.learn(Hour(0), &shown(&[(Facet::Key, 7)]));
        let (soon, late) = (Hour(80 * 24), Hour(100 * 24));
        assert!(familiar.knows(Facet::Key, 7, soon) && !familiar.knows(Facet::Key, 7, late));
        assert_eq!(familiar.slept(Facet::Key, 7, late), 100);
        familiar.learn(late, &shown(&[(Facet::Key, 7)]));
        assert!(!familiar.knows(Facet::Key, 7, late) && familiar.knows(Facet::Key, 7, late.after()));
        assert_eq!(familiar.slept(Facet::Key, 7, late), 100);
    }

    #[test]
    fn its_size_is_bounded() {
        let mut familiar = Familiar::since(Hour(0));
        for hour in 0..3_000 {
            let all: Vec<_> =
                Facet::ALL.iter().flat_map(|facet| (0..9).map(move |n| (*facet, hour as u32 * 7_919 + n))).collect();
            familiar.learn(Hour(hour), &shown(&all));
        }
        assert_eq!(familiar.entries(), Facet::ALL.iter().map(|facet| facet.capacity()).sum::<usize>());
    }
}
