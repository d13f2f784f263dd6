//! Habits: what an entity shows of itself in an hour, each as a facet and a value. What it showed in earlier hours, its
//! profile is familiar with; what is not among that is new.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::cell::Arrival;
use crate::entity::Family;
use crate::event::{Call, CallKind, ErrorClass, Event, Level, Line, Log, PrincipalKind, What};
use crate::hash::{hash_of, hash_one};
use crate::line_kind::kind_of_line;
use crate::notes::{NAME, bounded};
use crate::origin::network_of;
use crate::request::text_of;
use crate::sensitive::is_sensitive;
use crate::sign_in::is_password_alone;

pub(crate) mod hours;

mod agents;

pub(crate) use agents::{Agents, product_of};

/// What a habit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Facet {
    /// That it did something, and not in vain: its only value is 0.
    Presence,
    /// An API that it called, unless that is a sensitive one.
    Api,
    /// An API that hands out secrets, credentials or rights, and that it called.
    Sensitive,
    /// A Region that it worked in.
    Region,
    /// Where it came from: the first 24 bits of an IPv4 address, the first 48 of an IPv6 address.
    Network,
    /// The product that its user agent names, without the version.
    Agent,
    /// A role that it assumed.
    Role,
    /// A long-term access key that it used.
    Key,
    /// The type of an error that made an invocation fail.
    Failure,
    /// The time of the week at which it did something: one of two hours, on weekdays or on weekends.
    Time,
    /// The code of an error that it got.
    ErrorCode,
    /// A kind of line that its log holds, of those that are a warning or worse.
    LineKind,
    /// Where it signed in to the console from with a password alone: the network and the product, as one.
    Password,
}

impl Facet {
    /// All of them.
    pub const ALL: [Facet; 13] = [
        Facet::Presence,
        Facet::Api,
        Facet::Sensitive,
        Facet::Region,
        Facet::Network,
        Facet::Agent,
        Facet::Role,
        Facet::Key,
        Facet::Failure,
        Facet::Time,
        Facet::ErrorCode,
        Facet::LineKind,
        Facet::Password,
    ];

    /// How many values a profile keeps. Roles of people and pipelines use a few dozen APIs; what uses more has new ones
    /// so often that nothing follows from one.
    #[must_use]
    pub fn capacity(self) -> usize {
        match self {
            Facet::Presence => 1,
            Facet::Api => 96,
            Facet::Sensitive | Facet::Role | Facet::Failure | Facet::ErrorCode | Facet::Time => 24,
            Facet::Network | Facet::LineKind => 32,
            Facet::Region | Facet::Agent => 16,
            Facet::Key => 16,
            Facet::Password => 8,
        }
    }

    /// How many values a cell keeps: those with the smallest hashes, so that any order keeps the same ones. Half of what
    /// a profile keeps, so that no single hour fills it.
    #[must_use]
    pub fn kept(self) -> usize {
        self.capacity().div_ceil(2)
    }

    pub(crate) fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// One habit of an hour.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Habit {
    /// What it is about.
    pub facet: Facet,
    /// The hash of the value.
    pub value: u32,
    /// The first minute of the hour in which it was shown, 0 to 59.
    pub first: u8,
    /// The last minute of what one delivery brought: it decides whether any of that came in time, and is not kept.
    #[serde(skip)]
    pub(crate) last: u8,
    /// Did any of it come in time? Profiles learn it then.
    pub on_time: bool,
    /// The value to show; nothing for an API, which the contributor of that hash names.
    pub name: Option<Arc<str>>,
}

impl PartialEq for Habit {
    fn eq(&self, other: &Habit) -> bool {
        let said = |habit: &Habit| (habit.facet, habit.value, habit.first, habit.on_time);
        said(self) == said(other) && self.name == other.name
    }
}

impl Eq for Habit {}

impl Habit {
    /// A value that was shown in time, in that minute of the hour.
    #[must_use]
    pub fn of(facet: Facet, value: u32, minute: u8) -> Habit {
        Habit { facet, value, first: minute, last: minute, on_time: true, name: None }
    }

    fn place(&self) -> (Facet, u32) {
        (self.facet, self.value)
    }
}

/// The habits of an hour, by facet and value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habits(Vec<Habit>);

impl Habits {
    /// Adds one. Each facet keeps as many as [`Facet::kept`] says, the same ones in any order.
    pub fn show(&mut self, habit: Habit) {
        match self.0.binary_search_by_key(&habit.place(), Habit::place) {
            Ok(at) => {
                let held = &mut self.0[at];
                held.first = held.first.min(habit.first);
                held.last = held.last.max(habit.last);
                held.on_time |= habit.on_time;
                if held.name < habit.name {
                    held.name = habit.name;
                }
            }
            Err(at) => {
                let facet = habit.facet;
                self.0.insert(at, habit);
                let (from, to) = self.bounds(facet);
                if to - from > facet.kept() {
                    self.0.remove(to - 1);
                }
            }
        }
    }

    fn bounds(&self, facet: Facet) -> (usize, usize) {
        let from = self.0.partition_point(|habit| habit.facet < facet);
        (from, from + self.0[from..].partition_point(|habit| habit.facet == facet))
    }

    /// Those of a facet.
    #[must_use]
    pub fn of(&self, facet: Facet) -> &[Habit] {
        let (from, to) = self.bounds(facet);
        &self.0[from..to]
    }

    /// Those of a facet and value.
    #[must_use]
    pub fn get(&self, facet: Facet, value: u32) -> Option<&Habit> {
        self.0.binary_search_by_key(&(facet, value), Habit::place).ok().map(|at| &self.0[at])
    }

    /// Are there more of a facet than are kept?
    #[must_use]
    pub fn saturated(&self, facet: Facet) -> bool {
        self.of(facet).len() >= facet.kept()
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Habit] {
        &self.0
    }

    /// Marks what came late. `arrival` says of each minute whether it came in time.
    pub fn mark(&mut self, arrival: impl Fn(u8) -> Arrival) {
        self.0.iter_mut().for_each(|habit| habit.on_time &= arrival(habit.last) == Arrival::OnTime);
    }

    /// Adds what other habits of the same entity and hour say.
    pub fn unite(&mut self, other: Habits) {
        other.0.into_iter().for_each(|habit| self.show(habit));
    }

    /// Empties it, to be filled again.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Would adding these change anything?
    #[must_use]
    pub fn hold(&self, other: &Habits) -> bool {
        other.0.iter().all(|habit| {
            let held = self.get(habit.facet, habit.value);
            held.is_some_and(|held| held.first <= habit.first && held.on_time >= habit.on_time)
        })
    }
}

/// What an event shows of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown<'e> {
    pub(crate) facet: Facet,
    pub(crate) value: u32,
    pub(crate) name: &'e str,
}

/// Room for what one event shows.
pub(crate) type AllShown<'e> = SmallVec<[Shown<'e>; 8]>;

/// Does an event show anything of the entity of a family that it touches? Of a caller that could not be authenticated, it
/// shows what somebody else wants it to; what AWS does by itself is nobody's habit.
#[must_use]
pub(crate) fn teaches(family: Family, event: &Event<'_>) -> bool {
    match (family, &event.what) {
        (Family::Principal, What::Call(call)) => is_own(call),
        // What is refused may come from anybody.
        (Family::Account, What::Call(call)) => is_own(call) && call.error.is_none(),
        (Family::Function, What::Log(log)) => {
            matches!(log.line, Line::Report(_)) || !error_of(log).is_empty() || kind_of_line(log).is_some()
        }
        _ => false,
    }
}

fn is_own(call: &Call<'_>) -> bool {
    let by_somebody = matches!(call.kind, CallKind::Api | CallKind::SignIn | CallKind::Network)
        && call.principal.kind != PrincipalKind::Service
        && !call.principal.name.is_empty();
    let known = call.error.is_none_or(|error| error.class != ErrorClass::Authentication);
    by_somebody && known && call.login.is_none_or(|login| login.success)
}

fn error_of<'e>(log: &Log<'e>) -> &'e str {
    match (log.failure, log.line) {
        (Some(failure), _) if !failure.error_type.is_empty() => failure.error_type,
        (_, Line::Application { level: Level::Error | Level::Fatal, error_type }) => error_type,
        _ => "",
    }
}

/// Gathers what an event shows of the entity of a family, as far as somebody wants to know. `what` is the hash of its
/// API.
pub(crate) fn gather<'e>(
    family: Family,
    event: &Event<'e>,
    (what, wanted): (u64, u16),
    agents: &mut Agents,
) -> AllShown<'e> {
    let mut all = AllShown::new();
    let mut show = |facet: Facet, value: u64, name: &'e str| {
        if wanted & facet.bit() != 0 {
            all.push(Shown { facet, value: value as u32, name: bounded(name, NAME) });
        }
    };
    match (family, &event.what) {
        (Family::Principal, What::Call(call)) => of_call(event, (call, what, agents), &mut show),
        (Family::Account, What::Call(_)) => {
            show(Facet::Presence, 0, "");
            show(Facet::Region, hash_one(event.region), event.region);
        }
        (Family::Function, What::Log(log)) => {
            if matches!(log.line, Line::Report(_)) {
                show(Facet::Presence, 0, "");
            }
            let error = error_of(log);
            if !error.is_empty() {
                show(Facet::Failure, hash_one(error), error);
            }
            if let Some(kind) = kind_of_line(log) {
                show(Facet::LineKind, kind, "");
            }
        }
        _ => {}
    }
    all
}

fn of_call<'e>(
    event: &Event<'e>,
    (call, what, agents): (&Call<'e>, u64, &mut Agents),
    show: &mut impl FnMut(Facet, u64, &'e str),
) {
    match call.error {
        None => {
            show(Facet::Presence, 0, "");
            show(Facet::Time, u64::from(hours::value_of(event.time)), "");
        }
        Some(error) => show(Facet::ErrorCode, hash_one(error.code), error.code),
    }
    if !event.region.is_empty() {
        show(Facet::Region, hash_one(event.region), event.region);
    }
    // What a service does for somebody, it does with its own APIs, from its own place.
    if !call.principal.invoked_by.is_empty() {
        return;
    }
    let facet = if is_sensitive(call.service, call.name) { Facet::Sensitive } else { Facet::Api };
    show(facet, what, "");
    if let Some(network) = call.address.ip().map(network_of) {
        show(Facet::Network, hash_one(network), network);
        let agent = agents.product_of(call.user_agent);
        if !agent.is_empty() {
            show(Facet::Agent, hash_one(agent), agent);
        }
    }
    if let Some(network) = call.address.ip().map(network_of).filter(|_| is_password_alone(call)) {
        show(Facet::Password, hash_of(&[network, agents.product_of(call.user_agent)]), "");
    }
    let key = call.principal.access_key;
    if is_long_term(key) {
        show(Facet::Key, hash_one(key), key);
    }
    let role = role_of(call);
    if !role.is_empty() {
        show(Facet::Role, hash_one(role), role);
    }
}

/// Is it a key that somebody keeps, and not one of a session?
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
pub(crate) fn is_long_term(key: &str) -> bool {
    key.starts_with("AKIA")
}

/// Can a call show a role? Only those are looked at closer.
pub(crate) fn assumes(call: &Call<'_>) -> bool {
    call.service == "sts" && call.name.starts_with("AssumeRole")
}

/// The role that a call assumed, or nothing.
fn role_of<'e>(call: &Call<'e>) -> &'e str {
    if !assumes(call) || call.error.is_some() {
        return "";
    }
    text_of(call.request, "roleArn")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_from_the_request() {
        let call =
            |name: &'static str, request: &'static str| Call { service: "sts", name, request, ..Call::default() };
        let role = "arn:aws:iam::111122223333:role/deploy";
        for (name, request, found) in [
            ("AssumeRole", r#"{"roleArn":"arn:aws:iam::111122223333:role/deploy","roleSessionName":"x"}"#, role),
            ("AssumeRoleWithSAML", r#"{"roleArn" : "arn:aws:iam::111122223333:role/deploy"}"#, role),
            ("AssumeRole", r#"{"roleArn":null}"#, ""),
            ("AssumeRole", r#"{"roleArn"#, ""),
            ("GetCallerIdentity", r#"{"roleArn":"arn:aws:iam::111122223333:role/deploy"}"#, ""),
        ] {
            assert_eq!(role_of(&call(name, request)), found);
        }
    }

    #[test]
    fn an_hour_keeps_the_same_ones_in_any_order() {
        let habit = |value: u32| Habit { facet: Facet::Key, value, first: 1, last: 1, on_time: true, name: None };
        let mut rising = Habits::default();
        (0..100).for_each(|value| rising.show(habit(value)));
        let mut falling = Habits::default();
        (0..100).rev().for_each(|value| falling.show(habit(value)));
        assert_eq!(rising, falling);
        assert_eq!(rising.all().len(), Facet::Key.kept());
        assert!(rising.saturated(Facet::Key));
    }
}
