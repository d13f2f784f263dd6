//! What the touches of notes refer to: texts, entities, events and callers. It stands once, also where notes are cut into
//! parts that are dropped one after the other.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::{Named, Note, NotedCaller, Notes, Touch};
use crate::alert::Uuid;
use crate::entity::Family;

/// Parts that notes are cut into at most: more come of events in no order, and would save nothing.
const PARTS: usize = 64;

/// What touches refer to.
#[derive(Clone, Debug, Default)]
pub(super) struct Referred {
    /// The texts of notes, one after the other.
    pub(super) text: String,
    /// Those of the entities.
    pub(super) keys: String,
    pub(super) entities: Vec<Named>,
    /// The families of the entities.
    pub(super) families: Vec<Family>,
    pub(super) notes: Vec<Note>,
    /// The event ids of those that AWS gave one in its usual form.
    pub(super) ids: Vec<Uuid>,
    pub(super) callers: Vec<NotedCaller>,
}

/// The same, by itself or shared by parts.
#[derive(Clone, Debug)]
pub(super) enum Base {
    Own(Referred),
    Shared(Arc<Referred>),
}

impl Default for Base {
    fn default() -> Base {
        Base::Own(Referred::default())
    }
}

impl Deref for Base {
    type Target = Referred;

    fn deref(&self) -> &Referred {
        match self {
            Base::Own(referred) => referred,
            Base::Shared(referred) => referred,
        }
    }
}

impl DerefMut for Base {
    fn deref_mut(&mut self) -> &mut Referred {
        match self {
            Base::Own(referred) => referred,
            Base::Shared(referred) => Arc::make_mut(referred),
        }
    }
}

impl Base {
    /// The bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        let entities = self.keys.len() + size_of_val(&*self.entities) + size_of_val(&*self.families);
        self.text.len() + entities + size_of_val(&*self.notes) + size_of_val(&*self.ids) + size_of_val(&*self.callers)
    }
}

impl Notes {
    /// The bytes that stand once for all parts.
    #[must_use]
    pub fn shared_bytes(&self) -> usize {
        self.base.bytes()
    }

    /// Without the names of its entities, for those who know which they are.
    #[must_use]
    pub fn nameless(mut self) -> Notes {
        self.base.keys = String::new();
        self.base.entities = Vec::new();
        self
    }

    /// Cut into parts of so many hours of event time, each with the touches that come one after the other in them, in
    /// their order. What they refer to they share.
    #[must_use]
    pub fn into_parts(self, hours: i32) -> Vec<Notes> {
        let span = |touch: &Touch| touch.minute.hour().0.div_euclid(hours);
        let parts: Vec<usize> = self.touches.chunk_by(|a, b| span(a) == span(b)).map(<[Touch]>::len).collect();
        if !(2..=PARTS).contains(&parts.len()) {
            return vec![self];
        }
        let Notes { base, touches, occurred, habits, reports } = self;
        let base = match base {
            Base::Own(referred) => Arc::new(referred),
            Base::Shared(referred) => referred,
        };
        let mut from = 0;
        let cut = |len: usize| {
            let to = from + len;
            let ends = touches
                .get(to)
                .map_or((occurred.len(), habits.len()), |next| (next.occurs_from as usize, next.shows_from as usize));
            let (occurs, shows) = (touches[from].occurs_from, touches[from].shows_from);
            let move_up = |touch: &Touch| Touch {
                occurs_from: touch.occurs_from - occurs,
                shows_from: touch.shows_from - shows,
                ..*touch
            };
            let of_reports = reports.partition_point(|report| report.touch() < from)
                ..reports.partition_point(|report| report.touch() < to);
            let part = Notes {
                base: Base::Shared(Arc::clone(&base)),
                touches: touches[from..to].iter().map(move_up).collect(),
                occurred: occurred[occurs as usize..ends.0].to_vec(),
                habits: habits[shows as usize..ends.1].to_vec(),
                reports: reports[of_reports]
                    .iter()
                    .map(|report| report.of_touch((report.touch() - from) as u32))
                    .collect(),
            };
            from = to;
            part
        };
        parts.into_iter().map(cut).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::Engine;
    use crate::observe::Learnt;
    use crate::script::learnt;

    /// The entities, hours and cells, in an order of their own.
    fn cells(learnt: &Learnt) -> Vec<String> {
        let mut cells: Vec<String> = learnt.cells().iter().map(|cell| format!("{cell:?}")).collect();
        cells.sort();
        cells
    }

    const SCRIPT: &str = "00:00-11:50/7m   s3:GetObject denied who=role/etl ip=192.0.2.7 x2
                          00:01-11:50/19m  ConsoleLogin failed user=ann ip=192.0.2.7
                          00:02-11:50/11m  REPORT fn=pay ms=120 mb=300/512 init=800 stream=a
                          00:03-11:50/31m  REPORT error fn=pay type=KeyError
                          00:04-11:50/13m  iam:CreateUser who=user/ann ip=198.51.100.9";

    #[test]
    fn parts_teach_what_the_whole_does() {
        let engine = Engine::default();
        let in_order = {
            // The lines of a script come one after the other, records of a log mostly in order.
            let mut lines = Vec::new();
            for hour in 0..12 {
                lines.push(SCRIPT.replace("00:0", &format!("{hour:02}:0")).replace("11:50", &format!("{hour:02}:50")));
            }
            lines.join("\n")
        };
        for (script, hours, several) in [(in_order.as_str(), 2, true), (&in_order, 5, true), (&in_order, 24, false)] {
            let whole = learnt(&engine, script);
            let expected = cells(&whole);
            let parts = whole.notes.clone().into_parts(hours);
            assert_eq!(parts.len() > 1, several);
            assert!(parts.iter().all(|part| part.shared_bytes() == whole.notes.shared_bytes()));
            let shown = parts.into_iter().map(|notes| cells(&Learnt { notes, ..whole.clone() }));
            let mut found: Vec<String> = shown.flatten().collect();
            found.sort();
            assert_eq!(found, expected, "{hours} hours");
        }
    }

    #[test]
    fn events_in_no_order_stay_together() {
        let engine = Engine::default();
        let script: String = (0..PARTS + 1)
            .map(|n| format!("{:02}:00 s3:GetObject denied who=role/etl ip=192.0.2.7\n", n % 2 * 9))
            .collect();
        let whole = learnt(&engine, &script);
        assert_eq!(whole.notes.into_parts(2).len(), 1);
    }
}
