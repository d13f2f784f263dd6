//! Causes: what somebody changed before a function began to fail, or was no longer as usual, taken from CloudTrail, for the
//! alerts about that.
//!
//! What names a function is kept in the cells of the function. What changes rights or the network names none: it is kept in
//! the cells of the account, and told where a function fails as one does after such a change.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::alert::Example;
use crate::cell::Occurrence;
use crate::change::{Touches, change};
use crate::entity::SEPARATOR;
use crate::event::{Call, ErrorClass, Event, PrincipalKind, What};
use crate::hash::hash_one;
use crate::measure::Slot;
use crate::observe::Value;
use crate::request::{function_name, text_of};
use crate::settings::Minutes;
use crate::shown::principal;
use crate::window::{REACH, Window};

/// Changes of a function, in its cells.
pub(crate) const CHANGED: Slot = Slot::named("function-changed");
/// Changes of rights and of the network, in the cells of the account.
pub(crate) const SURROUNDINGS: Slot = Slot::named("surroundings-changed");
/// Time-outs of a function.
pub(crate) const TIMED_OUT: Slot = Slot::named("timed-out");
/// Lines of a function that tell of a refusal, by what was refused.
pub(crate) const REFUSAL_TOLD: Slot = Slot::named("refusal-told");
/// Refused calls of the session of a function.
pub(crate) const REFUSED: Slot = Slot::named("function-refused");
/// The role that a function runs under, where a refusal names it.
pub(crate) const ROLE: Slot = Slot::named("function-role");
/// Changes that a finding names: the last ones before the failures began.
const NAMED: usize = 5;
/// For each failure before a change there must be so many after it, so that those before do not tell of the same fault.
const RISE: usize = 3;

/// What was changed before a function failed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cause {
    /// The call.
    pub example: Arc<Example>,
    /// Who made it.
    pub who: Box<str>,
    /// What was changed, such as `role/pay`; empty where that is the function itself.
    pub object: Box<str>,
    /// The minutes from the call to the first failure after it, or to where what is measured was found unusual.
    pub lead: Minutes,
}

impl Cause {
    fn of(change: &Occurrence, lead: Minutes) -> Cause {
        let (who, object, _) = parts(change);
        Cause { example: Arc::clone(&change.example), who: who.into(), object: object.into(), lead }
    }

    /// `4 min after lambda:UpdateFunctionCode by role/ci`
    #[must_use]
    pub fn before(&self) -> String {
        let when = if self.lead.0 == 0 { "right after".to_owned() } else { format!("{} min after", self.lead.0) };
        format!("{when} {}", self.deed())
    }

    /// `iam:DetachRolePolicy of role/pay by user/ann`
    #[must_use]
    pub fn deed(&self) -> String {
        let of = if self.object.is_empty() { String::new() } else { format!(" of {}", self.object) };
        format!("{}{of} by {}", self.example.what, principal(&self.who))
    }
}

/// The function that a call is about: the one that it changed, or the one whose session was refused; empty where it is
/// about none.
#[must_use]
pub(crate) fn function_of<'e>(call: &Call<'e>) -> &'e str {
    match call.error {
        None if call.service == "lambda" => function_name(text_of(call.request, "functionName")),
        Some(error) if error.class == ErrorClass::Denied && may_be_function(call) => call.principal.session,
        _ => "",
    }
}

/// May a session be that of a function, which is named like it? Sessions of instances and of tools are not.
fn may_be_function(call: &Call<'_>) -> bool {
    const OTHERS: [&str; 4] = ["i-", "AWSCLI-Session", "botocore-session-", "aws-go-sdk-"];
    let session = call.principal.session;
    let name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    call.principal.kind == PrincipalKind::Role
        && (1..=64).contains(&session.len())
        && session.bytes().all(name)
        && !session.bytes().all(|byte| byte.is_ascii_digit())
        && !OTHERS.iter().any(|other| session.starts_with(other))
}

/// What a call changes, if it succeeded: where it is kept, and under which value.
#[must_use]
pub(crate) fn changed<'e>(event: &Event<'e>) -> Option<(Touches, Value<'e>)> {
    let What::Call(call) = event.what else { return None };
    let change = change(call.service, call.name).filter(|_| call.error.is_none())?;
    let who = if call.principal.name.is_empty() { "somebody" } else { call.principal.name };
    if change.touches == Touches::Function {
        return (!function_of(call).is_empty()).then_some((Touches::Function, Value::Text(who)));
    }
    let object = named(change.member, text_of(call.request, change.member));
    let mut text = format!("{who}{SEPARATOR}{object}");
    if change.touches == Touches::Network {
        text.extend([SEPARATOR]);
        text.push_str(event.region);
    }
    Some((change.touches, Value::Marked(hash_one(&text), Cow::Owned(text))))
}

/// Who changed the surroundings, what of them, and of the network in which Region; of a function only who.
fn parts(change: &Occurrence) -> (&str, &str, &str) {
    let mut parts = change.name.split(SEPARATOR);
    let mut next = || parts.next().unwrap_or_default();
    (next(), next(), next())
}

/// What a member of a request names, for people: `role/pay`, `policy/orders`, `key/1234…`.
fn named(member: &str, value: &str) -> String {
    let tail = if value.starts_with("arn:") { value.rsplit(':').next().unwrap_or(value) } else { value };
    match member.strip_suffix("Name").or_else(|| member.strip_suffix("Id")) {
        _ if tail.is_empty() => String::new(),
        Some(kind @ ("role" | "key" | "bucket" | "secret")) if !tail.contains('/') => format!("{kind}/{tail}"),
        _ => tail.to_owned(),
    }
}

/// The changes after which what is in these slots began, or grew to a multiple; the last ones, in their order.
#[must_use]
pub(crate) fn causes(window: &Window<'_>, slots: &[Slot]) -> Vec<Cause> {
    let mut changes: Vec<&Occurrence> = window.occurrences(CHANGED, REACH).collect();
    changes.extend(window.at_home(SURROUNDINGS, REACH).filter(|change| explains(window, slots, change)));
    if changes.is_empty() {
        return Vec::new();
    }
    let failed = slots.iter().flat_map(|slot| window.occurrences(*slot, REACH));
    let mut failed: Vec<DateTime<Utc>> = failed.map(|failure| failure.example.time).collect();
    failed.sort_unstable();
    changes.sort_by(|a, b| a.example.cmp(&b.example));
    let of_change = |change: &Occurrence| {
        let before = failed.partition_point(|time| *time < change.example.time);
        let lead = (*failed.get(before)? - change.example.time).max(TimeDelta::zero());
        let rose = failed.len() - before >= RISE * before;
        rose.then(|| Cause::of(change, Minutes(lead.num_minutes() as u32)))
    };
    let mut causes: Vec<Cause> = changes.into_iter().filter_map(of_change).collect();
    causes.drain(..causes.len().saturating_sub(NAMED));
    causes
}

/// The changes of the function itself in the hour before; the last ones, in their order. What is measured and no longer as
/// usual tells of no first moment, so a change is not held against what was before it: whoever groups findings leaves out
/// what came after the first of them.
#[must_use]
pub(crate) fn changes_before(window: &Window<'_>) -> Vec<Cause> {
    let mut changes: Vec<&Occurrence> = window.occurrences(CHANGED, REACH).collect();
    changes.sort_by(|a, b| a.example.cmp(&b.example));
    changes.drain(..changes.len().saturating_sub(NAMED));
    let lead = |change: &Occurrence| (window.minute.start() - change.example.time).max(TimeDelta::zero());
    changes.into_iter().map(|change| Cause::of(change, Minutes(lead(change).num_minutes() as u32))).collect()
}

/// Does the function fail as one does after such a change of its surroundings?
fn explains(window: &Window<'_>, slots: &[Slot], change: &Occurrence) -> bool {
    let touches = change.example.what.split_once(':').and_then(|(service, name)| crate::change::change(service, name));
    match touches.map(|change| change.touches) {
        Some(Touches::Rights) => is_refused(window, slots) && may_be_its(window, change),
        Some(Touches::Network) => is_cut_off(window, slots) && may_be_there(window, change),
        _ => false,
    }
}

/// Was the function, or are its failures, refused something?
fn is_refused(window: &Window<'_>, slots: &[Slot]) -> bool {
    let refused = [REFUSAL_TOLD, REFUSED].into_iter().any(|slot| window.occurrences(slot, REACH).next().is_some());
    refused || fails_with(window, slots, &["AccessDenied", "Unauthorized", "Forbidden", "KMS"])
}

/// Does the function wait in vain, or find nobody?
fn is_cut_off(window: &Window<'_>, slots: &[Slot]) -> bool {
    slots.contains(&TIMED_OUT)
        || fails_with(window, slots, &["Timeout", "TimedOut", "ETIMEDOUT", "ECONN", "Connect", "ENOTFOUND"])
}

/// Do failures name an error whose type holds one of these words?
fn fails_with(window: &Window<'_>, slots: &[Slot], words: &[&str]) -> bool {
    let failures = slots.iter().flat_map(|slot| window.occurrences(*slot, REACH));
    failures.into_iter().any(|failure| words.iter().any(|word| failure.example.what.contains(word)))
}

/// Is what was changed no role, or the one that the function runs under, as far as that is known?
fn may_be_its(window: &Window<'_>, change: &Occurrence) -> bool {
    let (_, object, _) = parts(change);
    let mut roles = window.occurrences(ROLE, REACH).peekable();
    !object.starts_with("role/") || roles.peek().is_none() || roles.any(|role| *role.name == *object)
}

/// Is the network that was changed in the Region of the function, as far as both are known?
fn may_be_there(window: &Window<'_>, change: &Occurrence) -> bool {
    let (_, _, region) = parts(change);
    let own = window.entity.region();
    region.is_empty() || own.is_empty() || region == own
}
