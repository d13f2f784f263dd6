//! Entities: what state is kept about.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alert::Subject;
use crate::cause::function_of;
use crate::event::{Call, Event, Log, Source, What};
use crate::hash::seeded;
use crate::notes::{NAME, bounded};
use crate::request::text_of;

/// The kinds of things that state is kept about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Family {
    /// Who did it, in the account where it was done.
    Principal,
    /// An API in an account and Region.
    Api,
    /// A Lambda function in an account and Region.
    Function,
    /// The user named at the sign-in page of an account.
    User,
    /// An IP address, in the account that it called.
    Address,
    /// The CloudTrail of an account and Region, where its silence is watched.
    Trail,
    /// The log of a function of an account, in whichever Region, where its silence is watched.
    Log,
    /// An account: where something is counted whoever does it.
    Account,
    /// A principal on one API, in the account where it was refused.
    Denial,
    /// A principal and a bucket that it downloads from.
    Download,
    /// A code that calls fail with, in an account.
    ErrorCode,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 11] = [
        Family::Principal,
        Family::Api,
        Family::Function,
        Family::User,
        Family::Address,
        Family::Trail,
        Family::Log,
        Family::Account,
        Family::Denial,
        Family::Download,
        Family::ErrorCode,
    ];

    /// The log whose lateness holds for it.
    #[must_use]
    pub fn source(self) -> Source {
        match self {
            Family::Function | Family::Log => Source::Lambda,
            _ => Source::CloudTrail,
        }
    }

    /// Do outsiders choose the names in it?
    #[must_use]
    pub fn outsiders_choose(self) -> bool {
        matches!(self, Family::User | Family::Address)
    }

    /// Is nothing kept but the minutes with events?
    #[must_use]
    pub fn is_heartbeat(self) -> bool {
        matches!(self, Family::Trail | Family::Log)
    }
}

/// What state is kept about: its family and its name. Cheap to copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entity {
    /// What kind of thing it is.
    pub family: Family,
    /// Account, Region and name with [`SEPARATOR`] between; the name comes last, because only it may hold anything.
    pub key: Arc<str>,
}

/// An entity by its parts, with a hash of them: to look it up without making one.
#[derive(Clone, Copy, Debug)]
pub struct EntityRef<'k> {
    /// What kind of thing it is.
    pub family: Family,
    /// Its key.
    pub key: &'k str,
    /// The hash of both: the same everywhere.
    pub hash: u64,
}

impl<'k> EntityRef<'k> {
    /// The entity of that family and key.
    #[must_use]
    pub fn new(family: Family, key: &'k str) -> EntityRef<'k> {
        EntityRef { family, key, hash: seeded(key, family as u64) }
    }
}

impl PartialEq for EntityRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.family == other.family && self.key == other.key
    }
}

impl<'e> From<&'e Entity> for EntityRef<'e> {
    fn from(entity: &'e Entity) -> EntityRef<'e> {
        EntityRef::new(entity.family, &entity.key)
    }
}

impl From<EntityRef<'_>> for Entity {
    fn from(entity: EntityRef<'_>) -> Entity {
        Entity { family: entity.family, key: entity.key.into() }
    }
}

/// What stands for a user name that does not exist, in a failed sign-in:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// Stands between the parts of a key.
pub const SEPARATOR: char = '\u{1f}';

impl Entity {
    /// Twelve digits, or empty.
    #[must_use]
    pub fn account(&self) -> &str {
        self.part(0)
    }

    /// The Region, or empty.
    #[must_use]
    pub fn region(&self) -> &str {
        self.part(1)
    }

    /// Its own name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.part(2)
    }

    /// The account that it belongs to, as an entity; nothing where that is not known.
    #[must_use]
    pub fn home(&self) -> Option<Entity> {
        let mut key = String::new();
        let known = !self.account().is_empty() && join(&mut key, self.account(), "", &[self.account()]);
        known.then(|| Entity { family: Family::Account, key: key.into() })
    }

    /// Who it is about, where that is a principal; the name of a denial's goes on with the API.
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        match self.family {
            Family::Principal => Some(self.name()),
            Family::Denial | Family::Download => Some(self.parts_of_name().0),
            _ => None,
        }
    }

    /// The bucket that is downloaded from, or empty.
    #[must_use]
    pub fn bucket(&self) -> &str {
        if self.family == Family::Download { self.parts_of_name().1 } else { "" }
    }

    /// The principal, and the API or bucket.
    fn parts_of_name(&self) -> (&str, &str) {
        self.name().rsplit_once(SEPARATOR).unwrap_or((self.name(), ""))
    }

    fn part(&self, n: usize) -> &str {
        self.key.splitn(3, SEPARATOR).nth(n).unwrap_or_default()
    }

    /// The subject of an alert about it.
    #[must_use]
    pub fn subject(&self) -> Subject {
        let name = self.name().to_owned();
        let base =
            Subject { account: self.account().to_owned(), region: self.region().to_owned(), ..Subject::default() };
        match self.family {
            Family::Principal => Subject { principal: name, ..base },
            Family::User => Subject { principal: format!("user/{name}"), ..base },
            Family::Api => Subject { api: name, ..base },
            Family::Function | Family::Log => Subject { function: name, ..base },
            Family::Trail => base,
            Family::Address => Subject { source_ip: name, ..base },
            Family::ErrorCode => Subject { error_code: name, ..base },
            Family::Account => base,
            Family::Download => Subject { principal: self.parts_of_name().0.to_owned(), ..base },
            Family::Denial => {
                let (principal, api) = self.parts_of_name();
                Subject { principal: principal.to_owned(), api: api.to_owned(), ..base }
            }
        }
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.family, self.key.replace(SEPARATOR, " "))
    }
}

/// Writes the key of the entity of `family` that `event` touches after what `key` holds; false where it touches none.
pub fn key_of(family: Family, event: &Event<'_>, key: &mut String) -> bool {
    match event.what {
        What::Call(call) => call_key(family, event, call, key),
        What::Log(log) if family == Family::Log => join(key, event.account, "", &[log.function]),
        What::Log(log) => family == Family::Function && log_key(event, &log, key),
    }
}

fn join(key: &mut String, account: &str, region: &str, name: &[&str]) -> bool {
    key.reserve(account.len() + region.len() + 64);
    key.push_str(account);
    key.push(SEPARATOR);
    key.push_str(region);
    key.push(SEPARATOR);
    for part in name {
        key.push_str(part);
    }
    name.iter().any(|part| !part.is_empty())
}

fn call_key(family: Family, event: &Event<'_>, call: &Call<'_>, key: &mut String) -> bool {
    let account = event.account;
    match family {
        Family::Principal => {
            let name = if call.principal.name.is_empty() { "unknown" } else { call.principal.name };
            join(key, account, "", &[name])
        }
        Family::Api => join(key, account, event.region, &[call.service, ":", call.name]),
        // AWS hides names that do not exist. From one address they are one guesser, from several not one user.
        Family::User => call.login.is_some_and(|login| match login.user {
            HIDDEN => join(key, account, "", &["unknown names from ", call.address.text()]),
            user => join(key, account, "", &[user]),
        }),
        Family::Address => call.address.ip().is_some_and(|ip| join(key, account, "", &[ip])),
        Family::Denial | Family::Download if call.principal.name.is_empty() => false,
        Family::Download => {
            let mut between = [0; 4];
            let between = SEPARATOR.encode_utf8(&mut between);
            let bucket = text_of(call.request, "bucketName");
            !bucket.is_empty() && join(key, account, "", &[call.principal.name, between, bucket])
        }
        Family::Denial => {
            let mut between = [0; 4];
            let between = SEPARATOR.encode_utf8(&mut between);
            join(key, account, "", &[call.principal.name, between, call.service, ":", call.name])
        }
        Family::Trail => {
            join(key, account, event.region, &[]);
            true
        }
        Family::Account => join(key, account, "", &[account]),
        Family::ErrorCode => call.error.is_some_and(|error| join(key, account, "", &[bounded(error.code, NAME)])),
        Family::Function => join(key, account, event.region, &[function_of(call)]),
        Family::Log => false,
    }
}

/// The event as one of a function in whichever Region: a call says its own, the log of a function mostly says none. So a
/// call that is about a function is about the one in its Region and about the one whose Region is not known.
pub(crate) fn anywhere<'e>(event: &Event<'e>) -> Option<Event<'e>> {
    (matches!(event.what, What::Call(_)) && !event.region.is_empty()).then(|| Event { region: "", ..event.clone() })
}

fn log_key(event: &Event<'_>, log: &Log<'_>, key: &mut String) -> bool {
    // Exports that name no log group are one function as far as anybody can tell.
    let function = if log.function.is_empty() { "function not named" } else { log.function };
    join(key, event.account, event.region, &[function])
}
