//! When a run added what: read from the writes that the table has seen, so that the orderly run marks the same as late.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use lapwing::store::table::keys::{hour_of, key_of};
use lapwing_detectors::observe::DeliveryId;
use lapwing_detectors::time::Hour;

use super::super::workload::Delivery;
use super::oracle::Part;
use super::run::Run;

/// What was written of a delivery about an entity and hour: in which part of the cell, and when it was received.
type Added = HashMap<(DeliveryId, Arc<str>, Hour), (u8, DateTime<Utc>)>;

fn added(run: &Run<'_>) -> Added {
    let mut added = Added::new();
    for written in run.stored.written.borrow().iter() {
        let Some(invocation) = run.invocations.get(&written.by) else { continue };
        let Some((hour, part)) = hour_of(&written.place.sort) else { continue };
        let new = (part, invocation.received);
        let delivery = run.deliveries[invocation.delivery].learnt.delivery;
        let held = added.entry((delivery, Arc::clone(&written.place.key), hour)).or_insert(new);
        // What was written to the first part before was its cutting, and added nothing of this delivery.
        if held.0 == 0 && part != 0 {
            *held = new;
        }
    }
    added
}

/// The parts of all deliveries that the orderly run takes, and those that were never added.
pub(super) fn parts(run: &Run<'_>) -> (Vec<Part>, Vec<String>) {
    let (added, mut parts, mut missing) = (added(run), Vec::new(), Vec::new());
    let orderly = run.deliveries.iter().filter(|delivery| delivery.orderly.is_some());
    let known: HashSet<u64> = orderly.flat_map(|d| d.learnt.events.iter().map(|met| met.identity)).collect();
    // What only repeats events of others is left out; in a schedule that was shrunk, the others may be missing.
    let repeats = |d: &Delivery| d.orderly.is_none() && d.learnt.events.iter().all(|m| known.contains(&m.identity));
    for (number, delivery) in run.deliveries.iter().enumerate().filter(|(_, delivery)| !repeats(delivery)) {
        let id = delivery.learnt.delivery;
        // What adds nothing to what others added is not written, whenever it comes: so it is as if it had come last.
        let last = run.invocations.values().filter(|of| of.delivery == number).map(|of| of.received).max();
        for (entity, hour, cell) in delivery.learnt.cells() {
            let received = added.get(&(id, key_of(&entity), hour)).map(|(_, received)| *received);
            match received.or(last.filter(|_| cell.shows_only())) {
                Some(received) => {
                    let notes = delivery.learnt.notes.about(&entity, hour);
                    parts.push(Part { received, notes, newest: delivery.learnt.newest });
                }
                None => missing.push(format!("what delivery {number} taught about {entity} was never added\n")),
            }
        }
    }
    (parts, missing)
}
