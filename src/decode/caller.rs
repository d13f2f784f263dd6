//! Callers: `userIdentity` read and folded. The same one makes many calls, so those that were read last are known again
//! by their text.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use lapwing_detectors::event::{Principal, PrincipalKind, Recall};
use serde::Deserialize;
use serde::de::Deserializer;
use xxhash_rust::xxh3::xxh3_64;

use super::compact::{Compact, Cursor};
use super::principal::fold;
use super::record::UserIdentity;

/// Callers that a thread remembers: places by the beginning of the text, and at each the last few.
const PLACES: usize = 128;
const KEPT: usize = 4;
/// As many bytes as tell most callers apart: type, principal id and the beginning of the session name.
const TELLING: usize = 64;
/// Longer ones are not remembered, in bytes; most have 400.
const LONGEST: usize = 2_048;

thread_local! {
    /// What is remembered changes nothing but how long reading takes.
    static MET: RefCell<Vec<[Met; KEPT]>> = RefCell::new(vec![Default::default(); PLACES]);
}

/// A caller that was met, with the hash of the beginning of its text.
type Met = Option<(u64, Rc<Read>)>;

/// Who made a call; nothing where the record does not say.
#[derive(Clone, Default)]
pub(super) struct Caller(Option<Rc<Read>>);

/// What was read of a `userIdentity`.
struct Read {
    /// Its JSON text, then what is written nowhere in that.
    text: String,
    /// The length of the JSON text.
    json: usize,
    parts: [(u32, u32); PARTS],
    kind: PrincipalKind,
    mfa: Option<bool>,
    recall: Recall,
}

/// A part of what was read.
#[derive(Clone, Copy)]
#[repr(usize)]
enum Part {
    /// `type`, as it is written.
    Type,
    /// `accountId`, as it is written.
    Account,
    UserName,
    AccessKey,
    InvokedBy,
    Arn,
    /// The account that the principal belongs to.
    Home,
    Name,
    Parent,
    Session,
    /// The identity provider that vouched for the session.
    Provider,
}

const PARTS: usize = Part::Provider as usize + 1;

impl Caller {
    /// Its JSON text, where that was kept.
    pub(super) fn json(&self) -> &str {
        self.0.as_ref().map_or("", |read| &read.text[..read.json])
    }

    /// What was found out about its JSON text, where that was kept.
    pub(super) fn recall(&self) -> Option<&Recall> {
        self.0.as_ref().filter(|read| read.json > 0).map(|read| &read.recall)
    }

    /// Its `type`, or empty.
    pub(super) fn kind(&self) -> &str {
        self.part(Part::Type)
    }

    /// Its `accountId`, or empty.
    pub(super) fn account(&self) -> &str {
        self.part(Part::Account)
    }

    /// Its `userName`, or empty.
    pub(super) fn user_name(&self) -> &str {
        self.part(Part::UserName)
    }

    /// The principal that it is folded into.
    pub(super) fn principal(&self) -> Principal<'_> {
        let Some(read) = &self.0 else { return Principal::default() };
        Principal {
            kind: read.kind,
            account: read.part(Part::Home),
            name: read.part(Part::Name),
            parent: read.part(Part::Parent),
            session: read.part(Part::Session),
            access_key: read.part(Part::AccessKey),
            invoked_by: read.part(Part::InvokedBy),
            arn: read.part(Part::Arn),
            mfa: read.mfa,
            provider: read.part(Part::Provider),
        }
    }

    fn part(&self, part: Part) -> &str {
        self.0.as_ref().map_or("", |read| read.part(part))
    }
}

impl Read {
    fn of(who: &UserIdentity<'_>, json: &str) -> Read {
        let folded = fold(who);
        let mut read = Read {
            text: json.to_owned(),
            json: json.len(),
            parts: [(0, 0); PARTS],
            kind: folded.kind,
            mfa: who.session.attributes.mfa.0,
            recall: Recall::default(),
        };
        for (part, text) in [
            (Part::Type, &*who.kind),
            (Part::Account, &who.account),
            (Part::UserName, &who.user_name),
            (Part::AccessKey, &who.access_key),
            (Part::InvokedBy, &who.invoked_by),
            (Part::Arn, &who.arn),
            (Part::Home, folded.account),
            (Part::Name, &folded.name),
            (Part::Parent, &folded.parent),
            (Part::Session, folded.session),
            (Part::Provider, provider(&who.session.web.provider)),
        ] {
            read.parts[part as usize] = read.keep(text, json);
        }
        read
    }

    /// Where a text stands: in the JSON that it was read from, or else at the end.
    fn keep(&mut self, text: &str, json: &str) -> (u32, u32) {
        let begins = (text.as_ptr() as usize).wrapping_sub(json.as_ptr() as usize);
        let within = begins.checked_add(text.len()).is_some_and(|end| end <= json.len());
        let start = if within { begins } else { self.text.len() };
        if !within {
            self.text.push_str(text);
        }
        (start as u32, (start + text.len()) as u32)
    }

    fn part(&self, part: Part) -> &str {
        let (start, end) = self.parts[part as usize];
        &self.text[start as usize..end as usize]
    }
}

/// An OIDC provider by its host, whichever account it is set up in; others by their name.
fn provider(arn: &str) -> &str {
    arn.split_once(":oidc-provider/").map_or(arn, |(_, host)| host)
}

/// The hash of the beginning of a caller's text.
fn hash(text: &str) -> u64 {
    let bytes = text.as_bytes();
    xxh3_64(&bytes[..bytes.len().min(TELLING)])
}

/// One that was met before, where the text begins with it. A JSON object says itself where it ends, so it is the same.
fn met(text: &str, hash: u64) -> Option<Rc<Read>> {
    MET.with_borrow_mut(|met| {
        let here = &mut met[hash as usize % PLACES];
        let is_it = |(held, read): &(u64, Rc<Read>)| *held == hash && text.starts_with(&read.text[..read.json]);
        let at = here.iter().position(|met| met.as_ref().is_some_and(is_it))?;
        here[..=at].rotate_right(1);
        here[0].as_ref().map(|(_, read)| Rc::clone(read))
    })
}

fn remember(hash: u64, read: &Rc<Read>) {
    MET.with_borrow_mut(|met| {
        let here = &mut met[hash as usize % PLACES];
        here.rotate_right(1);
        here[0] = Some((hash, Rc::clone(read)));
    });
}

impl<'t> Compact<'t> for Caller {
    fn read(&mut self, from: &mut Cursor<'t>) -> Option<()> {
        let text = from.rest();
        let hash = hash(text);
        if let Some(read) = met(text, hash) {
            from.at += read.json;
            self.0 = Some(read);
            return Some(());
        }
        let start = from.at;
        let mut who = UserIdentity::default();
        who.fill(from)?;
        let json = &text[..from.at - start];
        let read = Rc::new(Read::of(&who, json));
        if json.len() <= LONGEST && json.starts_with('{') {
            remember(hash, &read);
        }
        self.0 = Some(read);
        Some(())
    }
}

impl<'de> Deserialize<'de> for Caller {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        UserIdentity::deserialize(from).map(|who| Caller(Some(Rc::new(Read::of(&who, "")))))
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {:?}", self.kind(), self.account(), self.user_name(), self.principal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::field::{parse, parse_any};

    impl PartialEq for Caller {
        fn eq(&self, other: &Caller) -> bool {
            format!("{self:?}") == format!("{other:?}")
        }
    }

    const ROLE: &str = r#"{"type":"AssumedRole","principalId":"AROAEXAMPLE:i-1","arn":"arn:aws:sts::111122223333:assumed-role/etl/i-1","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}"#;

    fn read(text: &str) -> (Caller, usize) {
        let (again, end) = parse::<Caller>(text, 0).unwrap();
        assert_eq!(again, parse_any::<Caller>(text, 0).unwrap().0, "{text}");
        (again, end)
    }

    #[test]
    fn a_caller_that_was_met_is_the_same() {
        let (first, end) = read(ROLE);
        let followed = format!("{ROLE},\"eventTime\":1}}");
        let (again, end_again) = read(&followed);
        assert!(Rc::ptr_eq(first.0.as_ref().unwrap(), again.0.as_ref().unwrap()), "it is known again");
        assert_eq!((first.principal().name, first.principal().mfa), ("role/etl", Some(true)));
        assert_eq!((end, end_again), (ROLE.len(), ROLE.len()));
    }

    #[test]
    fn a_caller_that_is_like_another_is_another() {
        read(ROLE);
        let (other, end) = read(&ROLE.replace("\"true\"", "\"false\""));
        assert_eq!((other.principal().mfa, end), (Some(false), ROLE.len() + 1));
        let (cut, _) = read(&ROLE.replace(",\"sessionContext\":{\"attributes\":{\"mfaAuthenticated\":\"true\"}}", ""));
        assert_eq!(cut.principal().mfa, None);
        assert!(parse::<Caller>(&ROLE[..ROLE.len() - 1], 0).is_err(), "it does not end");
    }

    #[test]
    fn what_is_no_ordinary_caller_is_read_too() {
        for text in [
            "null",
            "{}",
            "7",
            r#"{"type":"IAMUser","userName":"an\u006e","accountId":"111122223333"}"#,
            r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#,
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/Dev/ann@example.com"}"#,
        ] {
            read(text);
            read(text);
        }
    }
}
