//! What the detectors of console sign-ins share: how a sign-in is observed, and what followed a run of failures.

use std::sync::Arc;

use crate::alert::Example;
use crate::catalog::{LOGIN_FAILED, LOGIN_SUCCEEDED};
use crate::cell::Occurrence;
use crate::entity::Family;
use crate::event::{Call, Event, Login, PrincipalKind, What};
use crate::measure::Keep;
use crate::observe::{Observations, Value};
use crate::settings::Minutes;
use crate::time::Minute;
use crate::window::{REACH, Window};

/// Kept for each minute beyond the thresholds, so that an alert can say 14 rather than "at least 5".
const KEPT: u32 = 64;

/// The sign-in that an event is, if it is one.
#[must_use]
pub(crate) fn login_of<'e>(event: &Event<'e>) -> Option<Login<'e>> {
    match event.what {
        What::Call(call) => call.login,
        What::Log(_) => None,
    }
}

/// Does an IAM user sign in with a password and nothing else? Of sessions through Identity Center or SAML the second factor
/// was asked for elsewhere.
#[must_use]
pub(crate) fn is_password_alone(call: &Call<'_>) -> bool {
    let alone = |login: Login<'_>| login.success && login.mfa_used == Some(false) && !login.federated;
    call.principal.kind == PrincipalKind::User && call.login.is_some_and(alone)
}

/// Keeps a sign-in in the cell of its user or address. `value` tells failures apart, `threshold` is how many matter.
pub(crate) fn observe<'e>(event: &Event<'e>, place: (Family, Keep), value: &'e str, seen: &mut Observations<'e>) {
    let Some(login) = login_of(event) else { return };
    let (family, keep) = place;
    let slot = if login.success { LOGIN_SUCCEEDED } else { LOGIN_FAILED };
    let keep = match keep {
        Keep::Count(k) => Keep::Count(k.max(KEPT as u16)),
        Keep::Distinct(k) => Keep::Distinct(k.max(KEPT as u16)),
        Keep::Sum(k) => Keep::Sum(k),
    };
    seen.occur(family, slot, keep, Value::Text(value));
}

/// A run of failed sign-ins that reached its threshold within the last hour.
pub(crate) struct Run<'a> {
    /// The failures in it, by time.
    pub failures: Vec<&'a Occurrence>,
    /// How many of them count: all, or the distinct values.
    pub seen: u64,
    /// The first success after it, up to the judged minute.
    pub success: Option<&'a Occurrence>,
}

/// How failures are counted.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    pub window: Minutes,
    pub threshold: u32,
    /// The number that a set of failures stands for.
    pub count: fn(&[&Occurrence]) -> u64,
}

/// The run to speak of at the window's minute: one that ends in it, or an earlier one that a success in it follows.
pub(crate) fn run<'a>(window: &Window<'a>, rule: Rule) -> Option<Run<'a>> {
    let mut failures: Vec<&Occurrence> = window.occurrences(LOGIN_FAILED, REACH).collect();
    failures.sort_by(|a, b| a.example.cmp(&b.example));
    let now = window.minute;
    let ends_now = failures.last().is_some_and(|o| o.example.time >= now.start());
    let succeeded: Vec<&Occurrence> = window.occurrences(LOGIN_SUCCEEDED, REACH).collect();
    let mut best: Option<Run<'a>> = None;
    for end in 0..failures.len() {
        let since = failures[end].example.time - chrono::TimeDelta::minutes(i64::from(rule.window.0));
        let start = failures.partition_point(|o| o.example.time <= since);
        let seen = (rule.count)(&failures[start..=end]);
        if seen < u64::from(rule.threshold) {
            continue;
        }
        let after = succeeded.iter().filter(|o| o.example.time > failures[end].example.time);
        let success = after.min_by(|a, b| a.example.cmp(&b.example)).copied();
        if best.as_ref().is_none_or(|b| (seen, success.is_some()) > (b.seen, b.success.is_some())) {
            best = Some(Run { failures: failures[start..=end].to_vec(), seen, success });
        }
    }
    best.filter(|b| ends_now || b.success.is_some_and(|o| o.example.time >= now.start()))
}

impl Run<'_> {
    /// From the first failure to the judged minute.
    pub(crate) fn span(&self, window: &Window<'_>) -> Minutes {
        let first = self.failures.first().map_or(window.minute, |o| Minute::of(o.example.time));
        Minutes((window.minute.0 - first.0 + 1).max(1) as u32)
    }

    /// The events that it rests on.
    pub(crate) fn examples(&self) -> Vec<Arc<Example>> {
        self.failures.iter().chain(&self.success).map(|o| Arc::clone(&o.example)).collect()
    }
}
