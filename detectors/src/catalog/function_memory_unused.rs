//! A function has far more memory than it needs.

use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::Event;
use crate::gauge::{minutes, observe, verdict};
use crate::gauged::DayOfUse;
use crate::measure::Measure;
use crate::meter::Meter;
use crate::observe::Observations;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::stage::Stage;
use crate::window::{Around, Window};

static ABOUT: About = About {
    id: "function-memory-unused",
    title: "Lambda function with too much memory",
    what: "On the days of a week, a function never used more than a fifth of its memory, of which there are at least 512 MB. Said \
           on Mondays (UTC), in the digest.",
    why: "Memory is paid for by the millisecond, used or not.",
    innocent: "A function that needs the processor: more memory is more of that, too, and may be cheaper because it is faster.",
    attack: &[],
    next: &[
        "does it become slower with less memory? try the size below",
        "was the size chosen for an input that no longer comes?",
    ],
    families: &[Family::Function],
    trigger: Trigger::Measures(&[Measure::Invocations]),
    nature: Nature::Fault,
    timing: Timing::Settling,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// Days with reports that must be known, of the last eight.
const DAYS: usize = 5;
/// The last days that are looked at.
const WEEK: i32 = 8;
/// Hours with reports in all of them together.
const HOURS: u32 = 20;
/// 1970-01-01 was a Thursday.
const MONDAY: i32 = 4;

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct FunctionMemoryUnused {
    /// The share of its memory that is little, in per cent.
    pub share: f64,
    /// The smallest memory worth speaking of, in megabytes.
    pub min_mb: u32,
}

impl Default for FunctionMemoryUnused {
    fn default() -> FunctionMemoryUnused {
        FunctionMemoryUnused { share: 20.0, min_mb: 512 }
    }
}

impl Detector for FunctionMemoryUnused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        let doc = "share of its memory that is little";
        visit.field(field("share", doc, 1.0, 90.0), Value::Percent(&mut self.share));
        let doc = "megabytes below which nothing is said";
        visit.field(field("min_mb", doc, 128.0, 32_768.0), Value::Count(&mut self.min_mb));
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        observe(event, seen);
    }

    fn stage(&self) -> Stage {
        Stage::Digest
    }

    fn floor(&self) -> u64 {
        1
    }

    // It looks back a week.
    fn may_follow_change(&self) -> bool {
        false
    }

    fn minutes_in(&self, around: Around<'_>, _lateness: Minutes) -> u64 {
        if around.hour.0.div_euclid(24).rem_euclid(7) != MONDAY {
            return 0;
        }
        let all = minutes(around, (Meter::Memory, 0.0), |_| true);
        // One look an hour is enough: its findings of a day are one alert.
        all & all.wrapping_neg()
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let bound = window.known_before();
        let since = bound.0.div_euclid(24) - WEEK;
        let days: Vec<&DayOfUse> = window.gauged()?.days(bound).filter(|day| day.day >= since).collect();
        let hours: u32 = days.iter().map(|day| day.hours.count_ones()).sum();
        let most = Meter::Memory.value(days.iter().map(|day| day.most).max()?);
        let size = Meter::Size.value(days.last()?.size);
        let same = days.iter().all(|day| f64::from(day.size) <= size);
        let enough = days.len() >= DAYS && hours >= HOURS && same && size >= f64::from(self.min_mb);
        let headline = format!("at most {{seen}} % of {size} MB of memory were used in a week");
        (enough && most <= self.share).then(|| Verdict {
            threshold: Some(self.share),
            why: format!(
                "on {} days, in {hours} hours with invocations; how much memory is left is always low",
                days.len()
            ),
            ..verdict(window, (most, Minutes(60)), "per cent of its memory", headline)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn a_week_with_a_tenth_of_it() {
        // From a Tuesday to the Monday after.
        let script = "00:10-143:10/60m REPORT fn=pay mb=150/1536";
        let said = "00:14 low pay: at most 9 % of 1536 MB of memory were used in a week";
        check(
            &FunctionMemoryUnused::default(),
            &format!("{script}\n 144:10-146:10/60m REPORT fn=pay mb=150/1536"),
            said,
        );
    }

    #[test]
    fn a_single_large_input() {
        let script = "00:10-146:10/60m REPORT fn=pay mb=150/1536\n 50:10 REPORT fn=pay mb=900/1536";
        check(&FunctionMemoryUnused::default(), script, "");
    }

    #[test]
    fn the_smallest_function_there_is() {
        check(&FunctionMemoryUnused::default(), "00:10-146:10/60m REPORT fn=pay mb=20/128", "");
    }
}
