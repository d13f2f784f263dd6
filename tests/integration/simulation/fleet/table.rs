//! The table of the simulation: what DynamoDB promises and no more. Eventual reads are stale, an item at a time; a query
//! sees items at different instants; a request has its effect even where whoever sent it is dead.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use chrono::{DateTime, Utc};
use lapwing::store::table::{Freshness, Item, Outlook, Place, Put, Span, Table, TableError};

use super::world::{Event, STALE, Trouble, World};

/// What is wrong with a table, to see whether the simulation notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// An item is replaced whoever was faster.
    IgnoresVersions,
    /// Every read may be stale.
    ReadsStale,
}

/// A write as it had its effect.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) place: Place,
    /// Who asked for it.
    pub(super) by: u64,
}

/// An item from a time on; nothing where it was deleted.
type Past = Vec<(DateTime<Utc>, Option<Item>)>;

enum Request {
    Query(Box<Query>),
    Replace(Item, u64),
    Put(Item),
}

struct Query {
    key: String,
    from: String,
    to: String,
    freshness: Freshness,
    found: Vec<Item>,
    /// Decides which items are read first, and which last.
    salt: u64,
    halves: u8,
}

enum Answer {
    Items(Vec<Item>),
    Put(Put),
}

/// What the table holds, and the requests that are under way.
pub(super) struct Stored {
    world: Rc<World>,
    fault: Fault,
    items: RefCell<BTreeMap<Place, Past>>,
    requests: RefCell<HashMap<u64, (u64, Request)>>,
    answers: RefCell<HashMap<u64, Answer>>,
    /// Every write, in order.
    pub(super) written: RefCell<Vec<Written>>,
}

/// The table as one invocation after the other sees it.
#[derive(Clone)]
pub(super) struct SimTable {
    pub(super) stored: Rc<Stored>,
    /// Who is asking: the number that writes are noted with.
    pub(super) asking: Rc<std::cell::Cell<u64>>,
}

impl Stored {
    pub(super) fn new(world: &Rc<World>, fault: Fault) -> Rc<Stored> {
        Rc::new(Stored {
            world: Rc::clone(world),
            fault,
            items: RefCell::default(),
            requests: RefCell::default(),
            answers: RefCell::default(),
            written: RefCell::default(),
        })
    }

    /// A request has its effect.
    pub(super) fn land(&self, number: u64) {
        let Some((by, mut request)) = self.requests.borrow_mut().remove(&number) else { return };
        let answer = match &mut request {
            Request::Query(query) => {
                self.look(query);
                query.halves -= 1;
                if query.halves > 0 {
                    self.requests.borrow_mut().insert(number, (by, request));
                    return;
                }
                query.found.sort_by(|a, b| a.place.cmp(&b.place));
                Answer::Items(std::mem::take(&mut query.found))
            }
            Request::Replace(item, before) => Answer::Put(self.replace(by, item, *before)),
            Request::Put(item) => {
                self.write(by, item.clone());
                Answer::Put(Put::Done)
            }
        };
        self.answers.borrow_mut().insert(number, answer);
    }

    fn look(&self, query: &mut Query) {
        let place = |sort: &str| Place { key: query.key.as_str().into(), sort: sort.into() };
        let now = self.world.now();
        let eventual = query.freshness == Freshness::Eventual || self.fault == Fault::ReadsStale;
        for (place, past) in self.items.borrow_mut().range_mut(place(&query.from)..=place(&query.to)) {
            let hash =
                place.sort.bytes().fold(query.salt, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
            if (hash & 8 == 0) != (query.halves == 1) {
                continue;
            }
            let stale = eventual && self.world.happens(self.world.weather.get().stale);
            let at = if stale { now - self.world.within(STALE) } else { now };
            expire(&self.world, past);
            query.found.extend(as_of(past, at));
        }
    }

    fn replace(&self, by: u64, item: &Item, before: u64) -> Put {
        assert_eq!(item.version, before + 1, "one more with each replacement: {:?}", item.place);
        let held = {
            let mut items = self.items.borrow_mut();
            let past = items.entry(item.place.clone()).or_default();
            expire(&self.world, past);
            as_of(past, self.world.now())
        };
        if held.as_ref().map_or(0, |held| held.version) != before && self.fault != Fault::IgnoresVersions {
            return Put::Overtaken(held);
        }
        self.write(by, item.clone());
        Put::Done
    }

    fn write(&self, by: u64, item: Item) {
        assert!(!item.place.key.is_empty() && item.place.key.len() <= 2_048, "a partition key of 1 to 2,048 bytes");
        assert!(!item.place.sort.is_empty() && item.place.sort.len() <= 1_024, "a sort key of 1 to 1,024 bytes");
        assert!(item.body.len() <= 400_000, "{:?} has {} bytes", item.place, item.body.len());
        self.world.note(|| format!("{by} writes {:?} {:?} v{}", item.place.key, item.place.sort, item.version));
        self.written.borrow_mut().push(Written { place: item.place.clone(), by });
        let (now, mut items) = (self.world.now(), self.items.borrow_mut());
        let past = items.entry(item.place.clone()).or_default();
        past.push((now, Some(item)));
        // What no read can see any more.
        let oldest = past.partition_point(|(since, _)| *since < now - STALE);
        past.drain(..oldest.saturating_sub(1));
    }

    /// How many items there are, by what their keys begin with.
    pub(super) fn items(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for place in self.items.borrow().keys() {
            let kind = place.key.chars().take(1).chain(place.sort.chars().take(1)).collect();
            *counts.entry(kind).or_default() += 1;
        }
        counts
    }
}

/// What lay there at a time.
fn as_of(past: &Past, at: DateTime<Utc>) -> Option<Item> {
    let known = past.partition_point(|(since, _)| *since <= at);
    known.checked_sub(1).and_then(|last| past[last].1.clone())
}

/// An item that has expired is deleted some time after.
fn expire(world: &World, past: &mut Past) {
    let expired = past.last().and_then(|(_, item)| item.as_ref()).is_some_and(|item| item.expires <= world.now());
    if expired && world.happens(300) {
        past.push((world.now(), None));
    }
}

impl SimTable {
    pub(super) fn new(stored: &Rc<Stored>) -> SimTable {
        SimTable { stored: Rc::clone(stored), asking: Rc::default() }
    }

    async fn call(&self, request: Request) -> Result<Answer, TableError> {
        let world = &self.stored.world;
        let trouble = world.trouble();
        let (sent, latency) = (world.now(), world.weather.get().latency);
        let lands = sent + world.within(latency);
        match trouble {
            Trouble::DiesBefore => return world.die().await,
            Trouble::Throttled => {
                world.wait(lands).await;
                return Err(passing("throttled"));
            }
            _ => {}
        }
        let number = world.number();
        let halves = if matches!(request, Request::Query(_)) { 2 } else { 1 };
        self.stored.requests.borrow_mut().insert(number, (self.asking.get(), request));
        let mut last = lands;
        for _ in 0..halves {
            world.plan(last, Event::Lands(number));
            last += world.within(latency);
        }
        match trouble {
            Trouble::DiesAfter => return world.die().await,
            // It may even be done after that.
            Trouble::Lost => {
                world.wait(sent + world.within(latency * 2)).await;
                return Err(passing("no answer in time"));
            }
            Trouble::Stalls => world.wait(last + world.stall()).await,
            _ => world.wait(last + world.within(latency) + chrono::TimeDelta::microseconds(1)).await,
        }
        let answer = self.stored.answers.borrow_mut().remove(&number);
        Ok(answer.expect("a request that has landed has an answer"))
    }

    async fn put_twice(&self, item: &Item, before: Option<u64>) -> Result<Put, TableError> {
        let request = || before.map_or_else(|| Request::Put(item.clone()), |v| Request::Replace(item.clone(), v));
        let world = &self.stored.world;
        if world.happens(world.weather.get().twice) {
            // The first answer never came, and the client asked again by itself.
            let _ = self.call(request()).await?;
        }
        match self.call(request()).await? {
            Answer::Put(put) => Ok(put),
            Answer::Items(_) => panic!("a write is not answered with items"),
        }
    }
}

impl Table for SimTable {
    async fn query(&self, span: Span<'_>) -> Result<Vec<Item>, TableError> {
        assert!(!span.key.is_empty() && !span.from.is_empty() && span.from <= span.to, "{span:?} is a span");
        let query = Query {
            key: span.key.to_owned(),
            from: span.from.to_owned(),
            to: span.to.to_owned(),
            freshness: span.freshness,
            found: Vec::new(),
            salt: self.stored.world.between(0, i64::MAX) as u64,
            halves: 2,
        };
        match self.call(Request::Query(Box::new(query))).await? {
            Answer::Items(items) => Ok(items),
            Answer::Put(_) => panic!("a query is answered with items"),
        }
    }

    async fn replace(&self, item: &Item, before: u64) -> Result<Put, TableError> {
        self.put_twice(item, Some(before)).await
    }

    async fn put(&self, item: &Item) -> Result<(), TableError> {
        self.put_twice(item, None).await.map(|_| ())
    }
}

fn passing(what: &str) -> TableError {
    TableError { what: what.to_owned(), outlook: Outlook::Passing }
}
