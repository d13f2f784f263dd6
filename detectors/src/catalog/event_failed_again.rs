//! One event fails a function again and again.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cell::Occurrence;
use crate::crash::failing;
use crate::detector::{About, Detector, Folding, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::Event;
use crate::hash::hash_of;
use crate::measure::{Keep, Slot};
use crate::observe::{Observations, Value};
use crate::settings::{Field, Minutes, Value as Setting, Visit};
use crate::severity::Severity;
use crate::stage::Stage;
use crate::time::Minute;
use crate::window::{REACH, Window};

const ATTEMPTS: Slot = Slot::named("failed-attempts");

static ABOUT: About = About {
    id: "event-failed-again",
    title: "Event that fails again and again",
    what: "An invocation fails three times under one request id within an hour: Lambda tries an asynchronous event again after one \
           and after two minutes more, and then gives it up or hands it to the failure destination.",
    why: "After the last try the event is gone, unless the function has a destination for failures or a dead-letter queue.",
    innocent: "A second try that succeeds, and many events that fail once.",
    attack: &[],
    next: &[
        "is there a failure destination or a dead-letter queue, and is the event in it?",
        "is it one bad event, or does every event fail?",
        "was the function changed just before?",
    ],
    families: &[Family::Function],
    trigger: Trigger::Slots(&[ATTEMPTS]),
    nature: Nature::Deed,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// Failing requests kept for each minute.
const KEPT: u16 = 64;
/// Lines this far apart are of two attempts: the first try comes again after a minute.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const APART: TimeDelta = TimeDelta::seconds(30);

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct EventFailedAgain {
    /// Failed attempts that are a finding.
    pub attempts: u32,
}

impl Default for EventFailedAgain {
    fn default() -> EventFailedAgain {
        EventFailedAgain { attempts: 3 }
    }
}

impl Detector for EventFailedAgain {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let doc = "failed attempts of one request within an hour";
        visit.field(Field { name: "attempts", doc, min: 2.0, max: 60.0 }, Setting::Count(&mut self.attempts));
    }

    fn rests_on_trigger(&self) -> bool {
        true
    }

    fn fewest(&self, slot: Slot) -> Option<u32> {
        (slot == ATTEMPTS).then_some(self.attempts)
    }

    fn stage(&self) -> Stage {
        Stage::Digest
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let Some((log, _)) = failing(event).filter(|(log, _)| !log.request.is_empty()) else { return };
        // Once for each minute: the lines of one attempt are many.
        let value = hash_of(&[log.request, &Minute::of(event.time).0.to_string()]);
        let shown = Value::Marked(value, Cow::Borrowed(log.request));
        seen.occur(Family::Function, ATTEMPTS, Keep::Distinct(KEPT), shown);
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let mut by_request: BTreeMap<&str, Vec<&Occurrence>> = BTreeMap::new();
        for attempt in window.occurrences(ATTEMPTS, REACH) {
            by_request.entry(&attempt.name).or_default().push(attempt);
        }
        by_request.retain(|_, lines| self.is_last(lines, window.minute));
        let (request, _) = by_request.first_key_value()?;
        let more = by_request.len() - 1;
        let others = if more == 0 { String::new() } else { format!(" and {more} more") };
        let attempts = self.attempts;
        Some(Verdict {
            severity: Severity::Low,
            seen: by_request.len() as u64,
            at_least: window.saturated(ATTEMPTS, Minutes(1)),
            expected: None,
            threshold: Some(f64::from(attempts)),
            surprise: None,
            window: Minutes(1),
            folding: Folding::Sum,
            unit: "event{s} that failed again and again".into(),
            headline: format!("{{seen}} event{{s}} failed {attempts} times: request {request}{others}"),
            why: "Lambda gives an asynchronous event up after its last try".to_owned(),
            examples: by_request.values().flatten().map(|line| Arc::clone(&line.example)).collect(),
        })
    }
}

impl EventFailedAgain {
    /// Is the attempt that makes it enough in this minute?
    fn is_last(&self, lines: &[&Occurrence], minute: Minute) -> bool {
        let mut times: Vec<DateTime<Utc>> = lines.iter().map(|line| line.example.time).collect();
        times.sort_unstable();
        let apart = |pair: &[DateTime<Utc>]| pair[1] - pair[0] >= APART;
        let begins = times.first().into_iter().chain(times.windows(2).filter(|pair| apart(pair)).map(|pair| &pair[1]));
        let enough = begins.into_iter().nth(self.attempts as usize - 1);
        enough.is_some_and(|time| Minute::of(*time) == minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn three_attempts_of_one_event() {
        check(
            &EventFailedAgain::default(),
            "09:00 REPORT error   fn=pay req=r1
             09:00 error          fn=pay req=r1
             09:01 REPORT error   fn=pay req=r1
             09:03 REPORT timeout fn=pay req=r1",
            "09:03 low pay: 1 event failed 3 times: request r1",
        );
    }

    #[test]
    fn a_second_try_and_many_events() {
        let script = "09:00 REPORT error fn=pay req=r1
                      09:01 REPORT error fn=pay req=r1
                      09:03 REPORT       fn=pay req=r1
                      09:00-09:09/1m REPORT error fn=pay x3";
        check(&EventFailedAgain::default(), script, "");
    }

    #[test]
    fn many_lines_of_one_attempt() {
        check(&EventFailedAgain::default(), "09:00 error fn=pay req=r1 x20\n 09:01 error fn=pay req=r1 x20", "");
    }
}
