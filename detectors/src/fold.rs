//! Folding: from notes to cells.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::alert::{Caller, Example};
use crate::cell::{Arrival, Cell, Occurrence, Sum};
use crate::entity::Family;
use crate::hash::hash_one;
use crate::measure::Keep;
use crate::notes::{NAME, Note, Notes, Shown, bounded};

/// Names and callers that a folder keeps from one cell to the next.
const KEPT: usize = 4_096;

/// Folds what was noted into cells. It keeps names and callers, which most often come again.
#[derive(Debug, Default)]
pub struct Folder {
    names: HashMap<u64, Arc<str>>,
    callers: HashMap<u64, Arc<Caller>>,
}

impl Folder {
    /// Adds the touch at that place among those of the notes to the cell of its entity and hour.
    pub fn fold(&mut self, notes: &Notes, place: usize, cell: &mut Cell) {
        let touch = &notes.touches()[place];
        let tally = touch.tally();
        let note = notes.note(touch);
        let minute = touch.minute.of_hour();
        let mut example = None;
        if notes.family(touch).is_heartbeat() {
            return tally.count(cell);
        }
        // Of what is gathered, which event stands for the others depends on what came together.
        let gathers = notes.family(touch) == Family::Account;
        if tally.counts().next().is_some() {
            let (part, name) = notes.part(touch, note);
            cell.contribute_part(part, || self.name(part.hash, notes.shown(note, name)));
        }
        for (measure, n) in tally.counts() {
            cell.count(measure, minute, n);
            if !gathers && cell.wants_example(measure, note.time) {
                cell.exemplify(measure, self.example((notes, note), &mut example));
            }
        }
        for (occurred, name) in notes.occurred(place) {
            if let Keep::Sum(_) = occurred.keep {
                let group = (occurred.value >> 32) as u32;
                cell.sums.add(Sum { slot: occurred.slot, minute, group, n: 1 });
            }
            cell.occur(Occurrence {
                slot: occurred.slot,
                minute,
                keep: occurred.keep,
                value: occurred.value,
                event: note.identity,
                name: self.name(occurred.value, name),
                example: self.example((notes, note), &mut example),
                arrival: Arrival::OnTime,
            });
        }
        if tally.reads() {
            notes.read(place, cell);
        }
        for (shown, name) in notes.habits(place) {
            let name = (!name.is_empty()).then(|| self.name(hash_one(name), name));
            cell.habits.show(shown.habit(name));
        }
    }

    fn name(&mut self, hash: u64, text: &str) -> Arc<str> {
        if self.names.len() > KEPT {
            self.names.clear();
        }
        Arc::clone(self.names.entry(hash).or_insert_with(|| Arc::from(text)))
    }

    fn example(&mut self, (notes, note): (&Notes, &Note), made: &mut Option<Arc<Example>>) -> Arc<Example> {
        let example = made.get_or_insert_with(|| {
            let id = notes.event_id(note);
            let what = self.name(note.what, notes.shown(note, Shown::What));
            Arc::new(Example { time: note.time, id, what, caller: self.caller(notes, note) })
        });
        Arc::clone(example)
    }

    fn caller(&mut self, notes: &Notes, note: &Note) -> Arc<Caller> {
        use Shown::{AccessKey, Address, Agent, InvokedBy, Provider, Session};
        if self.callers.len() > KEPT {
            self.callers.clear();
        }
        let made = || {
            let shown = |part| notes.shown(note, part);
            let parts = [Session, Address, Agent, AccessKey, InvokedBy, Provider].map(|part| shown(part).into());
            let [session, address, agent, access_key, invoked_by, provider] = parts;
            Arc::new(Caller { session, address, agent, access_key, invoked_by, provider })
        };
        Arc::clone(self.callers.entry(notes.caller_hash(note)).or_insert_with(made))
    }
}

/// Products that say more than the one that is named first, the most telling first.
const TELLING: [&str; 7] = ["Terraform", "Pulumi", "aws-cdk", "Edg", "Firefox", "Chrome", "Safari"];

/// Where the most telling product of a user agent is named.
fn telling(agent: &str) -> Option<usize> {
    // One way over the slashes: most agents name none of them.
    let rank = |slash: usize| TELLING.iter().position(|name| agent[..slash].ends_with(name));
    let named = agent.match_indices('/').filter_map(|(slash, _)| Some((rank(slash)?, slash)));
    named.min().map(|(rank, slash)| slash - TELLING[rank].len())
}

/// The family of a user agent: its product and version, `boto3/1.34.69`; a browser's own name rather than `Mozilla`.
#[must_use]
pub fn agent_family(agent: &str) -> &str {
    let start = agent[telling(agent).unwrap_or(0)..].trim_start_matches('[');
    let end = start.find([' ', ',', ']', ';', '(']).unwrap_or(start.len());
    let token = bounded(&start[..end], NAME);
    let minor = token.match_indices('.').nth(1).map_or(token.len(), |(at, _)| at);
    &token[..minor]
}
