//! Facts: what the cells that an event touches ask of it, and the names that they show.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::cell::Part;
use crate::entity::Family;
use crate::event::{ErrorClass, Event, What};
use crate::hash::{hash_of, hash_one};
use crate::time::Minute;

/// What the cells that an event touches ask of it, found once.
pub(crate) struct Facts {
    /// The minute that it happened in.
    pub(crate) minute: Minute,
    /// The hash of the API, or of the error type of a log line.
    pub(crate) what: u64,
    /// The hash of the principal; 0 for a log line.
    who: u64,
    success: u64,
    denied: u64,
}

impl Facts {
    pub(crate) fn of(event: &Event<'_>) -> Facts {
        let minute = Minute::of(event.time);
        match &event.what {
            What::Call(call) => Facts {
                minute,
                what: hash_of(&[call.service, call.name]),
                who: hash_one(call.principal.name),
                success: u64::from(call.error.is_none()) << minute.of_hour(),
                denied: u64::from(call.error.is_some_and(|e| e.class == ErrorClass::Denied)) * u64::from(event.weight),
            },
            What::Log(log) => {
                let what = hash_one(log.failure.map_or("", |f| f.error_type));
                Facts { minute, what, who: 0, success: 0, denied: 0 }
            }
        }
    }

    /// What the event adds to a cell of that family: to an API for a principal, to a principal for an API.
    pub(crate) fn part(&self, family: Family, event: &Event<'_>) -> Part {
        let by_api = matches!(family, Family::Principal | Family::User) || matches!(event.what, What::Log(_));
        Part {
            hash: if by_api { self.what } else { self.who },
            count: u64::from(event.weight),
            denied: self.denied,
            successes: self.success,
        }
    }
}

/// Names by their hash.
pub(crate) type Names = HashMap<u64, Arc<str>>;

/// The name of that hash, made of the text when it is new.
pub(crate) fn name<T: AsRef<str>>(names: &mut Names, hash: u64, text: impl FnOnce() -> T) -> Arc<str> {
    Arc::clone(names.entry(hash).or_insert_with(|| Arc::from(bounded(text().as_ref()))))
}

/// The name of a contributor to an entity of that family.
pub(crate) fn name_of(names: &mut Names, family: Family, event: &Event<'_>, hash: u64) -> Arc<str> {
    match (family, &event.what) {
        (Family::Principal | Family::User, What::Call(call)) => {
            name(names, hash, || format!("{}:{}", call.service, call.name))
        }
        (_, What::Call(call)) => name(names, hash, || call.principal.name),
        (_, What::Log(log)) => name(names, hash, || log.failure.map_or("", |f| f.error_type)),
    }
}

/// Names are kept to 256 bytes: longer ones are an outsider's choice, not a name.
pub(crate) fn bounded(text: &str) -> &str {
    let mut end = text.len().min(256);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
