//! Something that always logs has gone quiet.

use crate::beats::Beats;
use crate::detector::{About, Detector, Folding, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::{Entity, Family, SEPARATOR};
use crate::event::{Event, What};
use crate::judge::Range;
use crate::measure::Measure;
use crate::observe::Observations;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::time::Minute;
use crate::window::Window;

/// Its id.
pub const ID: &str = ABOUT.id;
/// Minutes between two findings of one silence: less than what ends an alert.
const AGAIN: i32 = 45;
/// A silence is followed for so long: cells live seven days, and the last event before it must be known.
pub const FOLLOWED: Minutes = Minutes(6 * 24 * 60 - 60);
/// The longest time that something may be asked to speak up in.
pub const LONGEST: Minutes = Minutes(3 * 24 * 60);

static ABOUT: About = About {
    id: "silence",
    title: "Logs have gone quiet",
    what: "Nothing came for longer than `after` from a trail or a function that a `[[silence]]` section names. Only what is \
           named is watched, once its first event was seen, and a silence is followed for six days.",
    why: "A trail that was stopped, a subscription that was removed and a schedule that no longer fires raise no alarm by \
          themselves: all other detectors then see nothing, too.",
    innocent: "A function that runs once a day, with `after` shorter than a day.",
    attack: &["T1562.008"],
    next: &[
        "is the trail logging, and does its log group still get events?",
        "is Lapwing's subscription filter still on the log group?",
        "was the function, its schedule or its event source mapping disabled or removed?",
    ],
    families: &[Family::Trail, Family::Log],
    trigger: Trigger::Slots(&[]),
    nature: Nature::Condition,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// What must not be silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Twelve digits; empty for logs that name no account.
    pub account: String,
    /// The Region of a trail.
    pub region: String,
    /// The name of a function; empty for a trail.
    pub function: String,
    /// The longest time without an event, at most [`LONGEST`].
    pub after: Minutes,
}

impl Watched {
    /// What state is kept about.
    #[must_use]
    pub fn entity(&self) -> Entity {
        let Watched { account, region, function, .. } = self;
        match function.is_empty() {
            true => Entity { family: Family::Trail, key: format!("{account}{SEPARATOR}{region}{SEPARATOR}").into() },
            false => Entity { family: Family::Log, key: format!("{account}{SEPARATOR}{SEPARATOR}{function}").into() },
        }
    }

    fn family_of(&self, event: &Event<'_>) -> Option<Family> {
        if self.account != event.account {
            return None;
        }
        match &event.what {
            What::Call(_) => (self.function.is_empty() && self.region == event.region).then_some(Family::Trail),
            What::Log(log) => (!self.function.is_empty() && self.function == log.function).then_some(Family::Log),
        }
    }
}

/// The settings.
#[derive(Clone, Debug)]
pub struct Silence {
    /// How grave a silence is.
    pub severity: Severity,
    /// What must not be silent. Nothing unless set.
    pub watched: Vec<Watched>,
}

impl Default for Silence {
    fn default() -> Silence {
        Silence { severity: Severity::Medium, watched: Vec::new() }
    }
}

impl Detector for Silence {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = Field { name: "severity", doc: "how grave a silence is", min: 0.0, max: 0.0 };
        visit.field(field, Value::Severity(&mut self.severity));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        if let Some(family) = self.watched.iter().find_map(|watched| watched.family_of(event)) {
            seen.count(family, Measure::Any);
        }
    }

    fn floor(&self) -> u64 {
        u64::MAX
    }

    fn judge(&self, _: &Window<'_>) -> Option<Verdict> {
        None
    }

    fn watched(&self) -> Vec<Entity> {
        self.watched.iter().map(Watched::entity).collect()
    }

    fn silent(&self, entity: &Entity, beats: &Beats, range: Range) -> Vec<(Minute, Verdict)> {
        let Some(watched) = self.watched.iter().find(|watched| watched.entity() == *entity) else { return Vec::new() };
        let after = watched.after.0 as i32;
        let mut found = Vec::new();
        for gap in beats.gaps(watched.after, range.to) {
            let end = gap.next.min(gap.last.plus(FOLLOWED.0 as i32));
            let first = gap.last.plus(after);
            let minutes = (0..).map(|n| first.plus(n * AGAIN)).take_while(|minute| *minute < end);
            let here = minutes.filter(|minute| (range.from..=range.to).contains(minute));
            found.extend(here.map(|minute| (minute, self.verdict(watched, gap.last, minute))));
        }
        found
    }
}

impl Silence {
    fn verdict(&self, watched: &Watched, last: Minute, minute: Minute) -> Verdict {
        let what = if watched.function.is_empty() { "CloudTrail events" } else { "log lines" };
        let silent = Minutes((minute.0 - last.0) as u32);
        Verdict {
            severity: self.severity,
            seen: u64::from(silent.0),
            at_least: false,
            surprise: None,
            expected: None,
            threshold: Some(f64::from(watched.after.0)),
            window: silent,
            folding: Folding::Largest,
            unit: "minute{s} of silence".into(),
            headline: format!(
                "no {what} for {{seen}} min, since {}; {} min are allowed",
                last.end().format("%m-%d %H:%M UTC"),
                watched.after.0
            ),
            why: format!("a silence is {} unless set otherwise", Severity::Medium.name()),
            examples: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    fn silence() -> (Silence, Entity) {
        let watched = Watched {
            account: "111122223333".to_owned(),
            region: String::new(),
            function: "nightly".to_owned(),
            after: Minutes(60),
        };
        let entity = watched.entity();
        (Silence { watched: vec![watched], ..Silence::default() }, entity)
    }

    #[test]
    fn a_function_that_stops() {
        check(
            &silence().0,
            "09:00-10:00/20m REPORT fn=nightly
             12:35           REPORT fn=nightly
             12:40           REPORT fn=other",
            "11:00 medium nightly: no log lines for 150 min, since 10-20 10:01 UTC; 60 min are allowed",
        );
    }

    #[test]
    fn one_that_speaks_in_time_and_one_that_nobody_named() {
        check(&silence().0, "09:00-14:00/59m REPORT fn=nightly\n09:00 REPORT fn=other\n14:00 REPORT fn=other", "");
    }

    #[test]
    fn one_that_was_never_heard() {
        check(&silence().0, "09:00-14:00/59m REPORT fn=other", "");
    }

    #[test]
    fn a_silence_is_followed_for_six_days() {
        let (silence, entity) = silence();
        let mut known = Beats::default();
        known.beat(Minute(0));
        let range = Range { from: Minute(0), to: Minute(30 * 24 * 60), complete: true };
        let last = silence.silent(&entity, &known, range).last().map(|(minute, _)| minute.0);
        assert!(last.is_some_and(|last| last < FOLLOWED.0 as i32 && last > FOLLOWED.0 as i32 - 60), "{last:?}");
    }
}
