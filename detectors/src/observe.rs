//! Observe: what a delivery teaches. A delivery of a thousand events touches each cell once.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::{HashMap, HashSet};

use crate::alert::{Caller, EventId, Example};
use crate::cell::{Arrival, Cell, Occurrence};
use crate::detector::Engine;
use crate::entity::{Entity, Family, key_of};
use crate::event::{Call, Event, Source, What};
use crate::facts::{Facts, Names, bounded, name, name_of};
use crate::hash::{chained, hash_one};
use crate::measure::{Keep, Measure, Slot};
use crate::severity::Severity;
use crate::time::{Hour, Minute};

/// The stable name of what AWS redelivers whole: the hash of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub u128);

/// What a delivery taught: cells to be added to those that everyone knows.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// The delivery; the store adds it once however often it comes.
    pub delivery: DeliveryId,
    /// When it was received; decides which of its data is late.
    pub received: DateTime<Utc>,
    /// The cells that it touched.
    pub cells: Vec<(Entity, Hour, Cell)>,
    /// The events in it, each once.
    pub events: Vec<Met>,
    /// The newest event in it.
    pub newest: Option<DateTime<Utc>>,
    /// Events that came again within the delivery, or that its observer was told of before.
    pub repeated: u64,
}

/// An event that was met: enough to know it again, and whether it came late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    /// The minute that it happened in.
    pub minute: Minute,
    /// The log that it came from.
    pub source: Source,
    /// Its identity.
    pub identity: u64,
}

/// What one event touches: which measures and slots of which of its entities. A measure named twice counts once, so
/// detectors that share one need not know of each other.
#[derive(Debug, Default)]
pub struct Observations<'e> {
    measures: [u32; Family::ALL.len()],
    occurrences: Vec<Observed<'e>>,
    told: Option<Severity>,
}

#[derive(Clone, Copy, Debug)]
struct Observed<'e> {
    family: Family,
    slot: Slot,
    keep: Keep,
    value: Value<'e>,
}

/// What tells the occurrences of a slot apart, and is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'e> {
    /// The API that was called, hashed like the contributor of that name.
    Api,
    /// Some text of the event: a user, a request id.
    Text(&'e str),
}

impl<'e> Observations<'e> {
    /// Counts the event in a measure of its entity of that family.
    pub fn count(&mut self, family: Family, measure: Measure) {
        self.measures[family as usize] |= measure.bit();
    }

    /// Keeps the event by itself in a slot of its entity of that family, with a value to tell apart and to show.
    pub fn occur(&mut self, family: Family, slot: Slot, keep: Keep, value: Value<'e>) {
        let same = |o: &&mut Observed<'e>| o.family == family && o.slot == slot && o.value == value;
        match self.occurrences.iter_mut().find(same) {
            Some(held) => held.keep = held.keep.widest(keep),
            None => self.occurrences.push(Observed { family, slot, keep, value }),
        }
    }

    /// Says that a rule of this severity found the event.
    pub(crate) fn tell(&mut self, severity: Severity) {
        self.told = self.told.max(Some(severity));
    }

    /// The severity of the gravest rule that found the event since this was last asked.
    pub(crate) fn take_told(&mut self) -> Option<Severity> {
        self.told.take()
    }

    fn touches(&self, family: Family) -> bool {
        self.measures[family as usize] != 0 || self.occurrences.iter().any(|o| o.family == family)
    }
}

/// Names and entities that an observer keeps from one delivery to the next.
const KEPT: usize = 8_192;

/// Watches the events of one delivery after the other go by, and gathers what they teach.
pub struct Observer<'c> {
    engine: &'c Engine,
    cells: Vec<(Entity, Hour, Cell)>,
    /// How many cells and events the delivery before had: the next one is most often like it.
    room: (usize, usize),
    entities: Vec<Known>,
    index: HashMap<Entity, u32>,
    names: Names,
    callers: HashMap<u64, Arc<Caller>>,
    seen: HashSet<u64>,
    events: Vec<Met>,
    key: String,
    newest: Option<DateTime<Utc>>,
    repeated: u64,
}

struct Known {
    entity: Entity,
    /// The cell that the entity's last event went to: most often the next one's too.
    last: usize,
}

impl<'c> Observer<'c> {
    /// Starts a delivery.
    #[must_use]
    pub fn new(engine: &'c Engine) -> Observer<'c> {
        Observer {
            engine,
            cells: Vec::new(),
            room: (0, 0),
            entities: Vec::new(),
            index: HashMap::new(),
            names: HashMap::new(),
            callers: HashMap::new(),
            seen: HashSet::new(),
            events: Vec::new(),
            key: String::new(),
            newest: None,
            repeated: 0,
        }
    }

    /// Starts a delivery of which some events were met before: they teach nothing.
    #[must_use]
    pub fn without(engine: &'c Engine, met: HashSet<u64>) -> Observer<'c> {
        Observer { seen: met, ..Observer::new(engine) }
    }

    /// Takes the next event. An event that came before in the delivery teaches nothing more.
    pub fn event(&mut self, event: &Event<'_>) {
        self.newest = self.newest.max(Some(event.time));
        if !self.seen.insert(event.identity.0) {
            self.repeated += 1;
            return;
        }
        if self.events.is_empty() {
            self.cells.reserve_exact(self.room.0);
            self.events.reserve_exact(self.room.1);
        }
        let facts = Facts::of(event);
        self.events.push(Met { minute: facts.minute, source: event.source(), identity: event.identity.0 });
        let mut seen = Observations::default();
        self.engine.observe(event, &mut seen);
        let mut example = None;
        for family in Family::ALL {
            if seen.touches(family) && key_of(family, event, &mut self.key) {
                self.touch(family, (event, &facts), &seen, &mut example);
            }
        }
    }

    fn touch(
        &mut self,
        family: Family,
        (event, facts): (&Event<'_>, &Facts),
        seen: &Observations<'_>,
        example: &mut Option<Arc<Example>>,
    ) {
        let minute = facts.minute;
        let at = self.cell(family, minute.hour());
        let measures = seen.measures[family as usize];
        if measures != 0 {
            let part = facts.part(family, event);
            // Borrowed apart, so that the name is only looked up for a contributor that is new.
            let Observer { cells, names, .. } = self;
            cells[at].2.contribute_part(part, || name_of(names, family, event, part.hash));
        }
        let mut left = measures;
        while left != 0 {
            let measure = Measure::ALL[left.trailing_zeros() as usize];
            left &= left - 1;
            let cell = &mut self.cells[at].2;
            cell.count(measure, minute.of_hour(), event.weight);
            if cell.wants_example(measure, event.time) {
                let example = self.example((event, facts), example);
                self.cells[at].2.exemplify(measure, example);
            }
        }
        for observed in seen.occurrences.iter().filter(|o| o.family == family) {
            let (value, name) = self.value((event, facts), observed.value);
            let occurrence = Occurrence {
                slot: observed.slot,
                minute: minute.of_hour(),
                keep: observed.keep,
                value,
                event: event.identity.0,
                name,
                example: self.example((event, facts), example),
                arrival: Arrival::OnTime,
            };
            self.cells[at].2.occur(occurrence);
        }
    }

    /// The place of the cell for the entity whose key is in `self.key`.
    fn cell(&mut self, family: Family, hour: Hour) -> usize {
        let probe = EntityRef { family, key: &self.key };
        let id = match self.index.get(&probe) {
            Some(id) => *id,
            None => {
                let entity = Entity { family, key: Arc::from(self.key.as_str()) };
                let id = self.entities.len() as u32;
                self.entities.push(Known { entity: entity.clone(), last: usize::MAX });
                self.index.insert(entity, id);
                id
            }
        };
        let known = &mut self.entities[id as usize];
        if self.cells.get(known.last).is_some_and(|(_, held, _)| *held == hour) {
            return known.last;
        }
        // A delivery seldom spans many hours of one entity: a repeated (entity, hour) is merged by the store.
        known.last = self.cells.len();
        self.cells.push((known.entity.clone(), hour, Cell::default()));
        known.last
    }

    fn value(&mut self, (event, facts): (&Event<'_>, &Facts), value: Value<'_>) -> (u64, Arc<str>) {
        match (value, &event.what) {
            (Value::Text(text), _) => {
                let hash = hash_one(text);
                (hash, name(&mut self.names, hash, || text))
            }
            (Value::Api, What::Call(_)) => (facts.what, name_of(&mut self.names, Family::Principal, event, facts.what)),
            (Value::Api, What::Log(_)) => (0, name(&mut self.names, 0, || "")),
        }
    }

    fn example(&mut self, (event, facts): (&Event<'_>, &Facts), made: &mut Option<Arc<Example>>) -> Arc<Example> {
        if let Some(example) = made {
            return Arc::clone(example);
        }
        let what = name_of(&mut self.names, Family::Principal, event, facts.what);
        let caller = match &event.what {
            What::Call(call) => self.caller(call),
            What::Log(log) => self.stream(log.stream),
        };
        let example = Arc::new(Example { time: event.time, id: id_of(event), what, caller });
        *made = Some(Arc::clone(&example));
        example
    }

    fn caller(&mut self, call: &Call<'_>) -> Arc<Caller> {
        let (who, from) = (&call.principal, call.address.text());
        let parts = [who.session, from, call.user_agent, who.access_key, who.invoked_by];
        let made = || {
            let agent = agent_family(call.user_agent);
            let parts = [who.session, from, agent, who.access_key, who.invoked_by];
            let [session, address, agent, access_key, invoked_by] = parts.map(|text| bounded(text).into());
            Arc::new(Caller { session, address, agent, access_key, invoked_by })
        };
        Arc::clone(self.callers.entry(chained(&parts)).or_insert_with(made))
    }

    fn stream(&mut self, stream: &str) -> Arc<Caller> {
        let made = || Arc::new(Caller { session: bounded(stream).into(), ..Caller::default() });
        Arc::clone(self.callers.entry(hash_one(stream)).or_insert_with(made))
    }

    /// Ends the delivery and is ready for the next one. Names and entities are kept for that, up to a bound.
    #[must_use]
    pub fn finish(&mut self, delivery: DeliveryId, received: DateTime<Utc>) -> Learnt {
        self.room = (self.cells.len(), self.events.len());
        let learnt = Learnt {
            delivery,
            received,
            cells: std::mem::take(&mut self.cells),
            events: std::mem::take(&mut self.events),
            newest: self.newest.take(),
            repeated: std::mem::take(&mut self.repeated),
        };
        self.seen.clear();
        self.forget();
        learnt
    }

    fn forget(&mut self) {
        if self.entities.len() > KEPT {
            self.entities.clear();
            self.index.clear();
        }
        for known in &mut self.entities {
            known.last = usize::MAX;
        }
        if self.names.len() > KEPT {
            self.names.clear();
        }
        if self.callers.len() > KEPT {
            self.callers.clear();
        }
    }
}

/// Looks an entity up without making one.
#[derive(Hash)]
struct EntityRef<'k> {
    family: Family,
    key: &'k str,
}

impl hashbrown::Equivalent<Entity> for EntityRef<'_> {
    fn equivalent(&self, entity: &Entity) -> bool {
        self.family == entity.family && *self.key == *entity.key
    }
}

fn id_of(event: &Event<'_>) -> EventId {
    if event.id.is_empty() {
        EventId::Text(format!("{:016x}", event.identity.0).into())
    } else {
        EventId::of(bounded(event.id))
    }
}

/// The family of a user agent: its product and version, `boto3/1.34.69`; a browser's own name rather than `Mozilla`.
#[must_use]
pub fn agent_family(agent: &str) -> &str {
    let telling = ["Terraform/", "Pulumi/", "aws-cdk/", "Edg/", "Firefox/", "Chrome/", "Safari/"];
    let found = telling.iter().find_map(|name| agent.find(name).map(|at| &agent[at..]));
    let start = found.unwrap_or(agent).trim_start_matches('[');
    let end = start.find([' ', ',', ']', ';', '(']).unwrap_or(start.len());
    let token = bounded(&start[..end]);
    let minor = token.match_indices('.').nth(1).map_or(token.len(), |(at, _)| at);
    &token[..minor]
}
