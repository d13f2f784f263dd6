//! Where models stand. A model learns minute by minute and cannot look back, so it stands some hours behind, and what
//! came since waits; an older one stands a day or two behind, for what comes late. Whoever asks gets a model as of some
//! hour and teaches it what is left.

use std::collections::VecDeque;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::cell::Cell;
use crate::settings::Minutes;
use crate::time::{HOUR, Hour, Minute};

/// Hours that wait beyond a lateness: until then an hour is judged when it is complete, and when the next one is.
const WAITING: i32 = 3;
/// Hours between the models, at least; and hours after which the older one is given up, however near the next one is.
const APART: i32 = 24;
const TOO_OLD: i32 = 72;

/// Hours that wait until the newer model learns them.
pub(crate) fn waiting(lateness: Minutes) -> i32 {
    WAITING + (lateness.0 as i32 + HOUR - 1) / HOUR
}

/// What learns what is usual, minute by minute in their order.
pub(crate) trait Model: Clone + PartialEq {
    /// What there is to learn in a minute.
    type Row: Copy + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned;

    /// Learns a minute.
    fn learn_row(&mut self, minute: Minute, row: Self::Row);

    /// Goes on to a minute over others without anything to learn.
    fn pass_to(&mut self, minute: Minute);

    /// Its stored form.
    fn bytes(&self) -> Vec<u8>;

    /// Reads the stored form; nothing where it is damaged.
    fn of_bytes(bytes: &[u8]) -> Option<Self>;
}

/// The rows of an hour, by minute.
pub(crate) type Rows<R> = Vec<(u8, R)>;

/// A model that has learnt the hours before `at`, and no other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "M: Model")]
pub(crate) struct Stand<M> {
    pub(crate) at: Hour,
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub(crate) model: M,
}

/// A [`Stand`] that is seldom asked, in its stored form: that takes a third of the room.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Resting {
    at: Hour,
    #[serde(serialize_with = "write_resting", deserialize_with = "read_resting")]
    model: Box<[u8]>,
}

impl Resting {
    fn of<M: Model>(stand: &Stand<M>) -> Resting {
        Resting { at: stand.at, model: stand.model.bytes().into() }
    }

    fn stand<M: Model>(&self) -> Option<Stand<M>> {
        Some(Stand { at: self.at, model: M::of_bytes(&self.model)? })
    }
}

/// What came in time in an hour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting<R> {
    hour: Hour,
    rows: Rows<R>,
}

/// The models of a series. Two are equal that know the same, wherever they stand.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "M: Model")]
pub(crate) struct Stands<M: Model> {
    /// The first hour that was learnt minute by minute.
    from: Hour,
    older: Resting,
    /// What becomes the older one next.
    between: Option<Resting>,
    newer: Stand<M>,
    /// The hours that the newer model has not learnt yet, in their order.
    waiting: VecDeque<Waiting<M::Row>>,
}

impl<M: Model> PartialEq for Stands<M> {
    fn eq(&self, other: &Stands<M>) -> bool {
        let all = |stands: &Stands<M>| {
            let mut stands = stands.clone();
            stands.settle(Hour(i32::MAX));
            stands.newer
        };
        self.from == other.from && all(self) == all(other)
    }
}

impl<M: Model> Stands<M> {
    /// Models that know what this one does, which is what came before an hour.
    pub(crate) fn new(hour: Hour, model: M) -> Stands<M> {
        let stand = Stand { at: hour, model };
        Stands { from: hour, older: Resting::of(&stand), between: None, newer: stand, waiting: VecDeque::new() }
    }

    /// Learns an hour, instead of what was learnt of it before. The hours that are `open` hours older than the newest go
    /// into the model.
    pub(crate) fn learn(&mut self, hour: Hour, rows: Rows<M::Row>, open: i32) {
        self.wait(Waiting { hour, rows });
        let newest = self.waiting.back().map_or(hour, |waiting| waiting.hour);
        self.settle(Hour(newest.0.saturating_sub(open - 1)));
    }

    fn wait(&mut self, learnt: Waiting<M::Row>) {
        // What is in the model already cannot be learnt anew.
        if learnt.hour < self.newer.at {
            return;
        }
        let place = self.waiting.partition_point(|held| held.hour < learnt.hour);
        match self.waiting.get_mut(place).filter(|held| held.hour == learnt.hour) {
            Some(held) => *held = learnt,
            None => self.waiting.insert(place, learnt),
        }
    }

    /// Teaches the model the hours before `end`.
    fn settle(&mut self, end: Hour) {
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.hour < end) {
            let behind = |resting: &Resting| waiting.hour.0.saturating_sub(resting.at.0);
            let between = self.between.get_or_insert_with(|| Resting::of(&self.newer));
            if behind(between) >= APART || behind(&self.older) >= TOO_OLD {
                self.older = std::mem::replace(between, Resting::of(&self.newer));
            }
            for (minute, row) in waiting.rows {
                self.newer.model.learn_row(waiting.hour.minute(minute), row);
            }
            self.newer.at = waiting.hour.after();
        }
    }

    /// Teaches the model all hours before `end`; those from then on are forgotten, to be learnt again from their cells.
    pub(crate) fn put_away(&mut self, end: Hour) {
        self.settle(end);
        self.waiting.clear();
        self.between = None;
    }

    /// The newer model, as it stands.
    pub(crate) fn newest(&self) -> &Stand<M> {
        &self.newer
    }

    /// A model that has learnt the hours before some hour that is not after `bound`; nothing where none stands so early.
    pub(crate) fn stand(&self, bound: Hour) -> Option<Stand<M>> {
        if self.newer.at <= bound {
            return Some(self.newer.clone());
        }
        self.older.stand().filter(|stand| stand.at <= bound)
    }

    /// Was anything learnt minute by minute before `bound`?
    pub(crate) fn covers(&self, bound: Hour) -> bool {
        bound >= self.from
    }

    /// The first hour whose cell must be known to judge on what was usual as of `bound`.
    pub(crate) fn reach(&self, bound: Hour) -> Hour {
        if self.newer.at > bound && self.covers(bound) { self.older.at.min(bound) } else { bound }
    }

    /// What waits, by hour.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (Hour, &Rows<M::Row>)> {
        self.waiting.iter().map(|waiting| (waiting.hour, &waiting.rows))
    }
}

/// A model that is taught minute by minute while minutes are judged in their order.
#[derive(Debug)]
pub(crate) struct Lessons<M: Model> {
    model: M,
    rows: VecDeque<(Minute, M::Row)>,
}

impl<M: Model> Lessons<M> {
    /// What is left to teach a model: what came in time since it stands, up to the end of the last of the cells, and of
    /// hours without a cell what waits.
    pub(crate) fn new<'c, 'w>(
        stand: Stand<M>,
        waiting: impl Iterator<Item = (Hour, &'w Rows<M::Row>)>,
        cells: impl Iterator<Item = (Hour, &'c Cell)>,
        rows_of: impl Fn(&Cell) -> Rows<M::Row>,
    ) -> Lessons<M>
    where
        M::Row: 'w,
    {
        let since = cells.filter(|(hour, _)| *hour >= stand.at);
        let mut hours: Vec<(Hour, Rows<M::Row>)> = since.map(|(hour, cell)| (hour, rows_of(cell))).collect();
        for (hour, rows) in waiting.filter(|(hour, _)| *hour >= stand.at) {
            if hours.iter().all(|(known, _)| *known != hour) {
                hours.push((hour, rows.clone()));
            }
        }
        hours.sort_by_key(|(hour, _)| *hour);
        let by_minute =
            |(hour, rows): (Hour, Rows<M::Row>)| rows.into_iter().map(move |(minute, row)| (hour.minute(minute), row));
        Lessons { model: stand.model, rows: hours.into_iter().flat_map(by_minute).collect() }
    }

    /// The model when all minutes before `known_to` are learnt.
    pub(crate) fn model(&mut self, known_to: Minute) -> &M {
        while let Some((minute, row)) = self.rows.pop_front_if(|(minute, _)| *minute < known_to) {
            self.model.learn_row(minute, row);
        }
        self.model.pass_to(known_to);
        &self.model
    }
}

fn write<M: Model, S: Serializer>(model: &M, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bytes(&model.bytes())
}

fn read<'de, M: Model, D: Deserializer<'de>>(from: D) -> Result<M, D::Error> {
    let bytes = Vec::<u8>::deserialize(from)?;
    M::of_bytes(&bytes).ok_or_else(|| de::Error::custom("a model of what is usual is damaged"))
}

fn write_resting<S: Serializer>(model: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bytes(model)
}

fn read_resting<'de, D: Deserializer<'de>>(from: D) -> Result<Box<[u8]>, D::Error> {
    Ok(Vec::<u8>::deserialize(from)?.into())
}
