//! The judge of rates: is there far more than usual, and is it enough to speak of?

use crate::cell::Cell;
use crate::detector::{Folding, Verdict};
use crate::level::{Pool, Surprise};
use crate::measure::Measure;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::stats::rate::{RateProfile, RateScore, RateWindows};
use crate::stats::tails::neg_binomial_ln_sf;
use crate::stats::windows::{Sums, WIDTHS};
use crate::time::HOUR;
use crate::window::{Around, Window};

/// Minutes of two hours.
const TWO_HOURS: usize = 2 * HOUR as usize;
/// A first look knows about half of a surprise: what came in the last hours is not learnt.
const GLANCE: f64 = 0.5;
/// ln of the share of windows that have more than the upper end of what is usual: 5 %.
const LN_RARE: f64 = -2.995_732_273_553_991;
/// The largest upper end that is looked for.
const MOST: u64 = 1 << 40;

/// When a rate is far over its usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateSettings {
    /// Fewer events than this in a window are never a finding.
    pub min_events: u32,
    /// How many times the usual.
    pub ratio: f64,
    /// How surprising, as -log10 of p.
    pub surprise: f64,
}

impl Default for RateSettings {
    fn default() -> RateSettings {
        RateSettings { min_events: 20, ratio: 3.0, surprise: 6.0 }
    }
}

impl RateSettings {
    /// Walks through the fields.
    pub fn visit(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        let doc = "events in a window (of 1, 5, 15 or 60 minutes) below which it never speaks";
        visit.field(field("min_events", doc, 3.0, 1e6), Value::Count(&mut self.min_events));
        let doc = "how many times what is usual for the window is a finding";
        visit.field(field("ratio", doc, 1.0, 1e4), Value::Ratio(&mut self.ratio));
        let doc = "how surprising a finding must be: 6 is one minute in a million";
        visit.field(field("surprise", doc, 3.0, 300.0), Value::Ratio(&mut self.surprise));
    }

    /// The minutes of the hour in which a measure may be far over its usual, a bit for each: those that end a window
    /// with enough events for the smallest finding, which at a glance is unusual.
    #[must_use]
    pub fn minutes(&self, measure: Measure, around: Around<'_>, lateness: Minutes) -> u64 {
        let Around { hour, asked: wanted, last, here, before, profile, .. } = around;
        let floor = u64::from(self.min_events);
        let bound = here.sum(measure, 0, 59) + before.map_or(0, |cell| cell.sum(measure, 0, 59));
        if bound < floor {
            return 0;
        }
        let least = self.surprise + Pool::Compared.lowest();
        let counts = counts_of(measure, here, before);
        let mut bits = 0;
        for minute in here.active(measure).rev().filter(|minute| wanted & bits_of(*minute) != 0) {
            let sums = sums_of(&counts, minute);
            if (sums[WIDTHS.len() - 1] as u64) < floor {
                continue;
            }
            let at = hour.minute(minute);
            let asked = RateWindows { minute: at.0, sums, known_to: at.plus(-(lateness.0 as i32)).0 };
            let unusual = |known: &crate::profile::Profile| known.glance(measure, &asked) >= GLANCE * least;
            if profile.is_none_or(unusual) {
                bits |= bits_of(minute);
                if last {
                    break;
                }
            }
        }
        bits
    }

    /// The verdict on a measure in the windows that end with the window's minute.
    #[must_use]
    pub fn judge(&self, window: &Window<'_>, measure: Measure, unit: &'static str) -> Option<Verdict> {
        let asked = window.windows(measure);
        if asked.sums.iter().all(|sum| *sum < f64::from(self.min_events)) {
            return None;
        }
        let score = self.score((window, measure), &asked)?;
        let span = Minutes(score.window as u32);
        Some(Verdict {
            severity: Severity::Low,
            seen: score.seen as u64,
            at_least: false,
            expected: Some(score.expected),
            threshold: None,
            surprise: Some(Surprise { t: score.t, asked: self.surprise }),
            window: span,
            folding: Folding::Largest,
            unit: unit.into(),
            headline: format!("{{seen}} {unit} in {{window}} min, usual {{usual}}"),
            why: why(window, measure, &score),
            examples: window.examples(measure, span).cloned().collect(),
        })
    }

    /// What a measure that is part of another has in the longest window in which it alone is half of the smallest finding,
    /// and no less than the whole usually is; nothing where it is so in none. More events never make it nothing.
    #[must_use]
    pub fn of_which(&self, window: &Window<'_>, whole: Measure, part: Measure) -> Option<(u64, Minutes)> {
        let (parts, floor) = (window.windows(part), f64::from(self.min_events.div_ceil(2)));
        if parts.sums.iter().all(|sum| *sum < floor) {
            return None;
        }
        let usual = window.ask(whole, |model| model.expected(parts.minute, parts.known_to))?;
        let enough = |at: &usize| parts.sums[*at] >= floor.max(usual[*at]);
        (0..WIDTHS.len()).rev().find(enough).map(|at| (parts.sums[at] as u64, Minutes(WIDTHS[at] as u32)))
    }

    /// The most surprising window that is surprising and large enough. More events never make it none: each window is
    /// asked by itself where the most surprising of all is too small.
    fn score(&self, (window, measure): (&Window<'_>, Measure), asked: &RateWindows) -> Option<RateScore> {
        let least = self.surprise + window.raise;
        let enough = |score: &RateScore| {
            score.t >= least && score.seen >= f64::from(self.min_events) && score.seen >= self.ratio * score.expected
        };
        let best = window.rated(measure, asked)?;
        if best.t < least || enough(&best) {
            return Some(best).filter(enough);
        }
        let alone = |model: &RateProfile, window: usize| {
            let mut sums = Sums::default();
            sums[window] = asked.sums[window];
            model.judge(&RateWindows { sums, ..*asked })
        };
        let each = |model: &RateProfile| {
            let all = (0..WIDTHS.len()).map(|window| alone(model, window));
            all.filter(enough).max_by(|a, b| a.t.total_cmp(&b.t))
        };
        window.ask(measure, each)?
    }
}

fn bits_of(minute: u8) -> u64 {
    1 << minute
}

/// The counts of the hour before, and of the hour.
fn counts_of(measure: Measure, here: &Cell, before: Option<&Cell>) -> [u64; TWO_HOURS] {
    let mut counts = [0; TWO_HOURS];
    for (minute, n) in before.into_iter().flat_map(|cell| cell.counts(measure)) {
        counts[usize::from(minute)] += n;
    }
    for (minute, n) in here.counts(measure) {
        counts[HOUR as usize + usize::from(minute)] += n;
    }
    counts
}

/// What the windows hold that end with a minute of the hour.
fn sums_of(counts: &[u64; TWO_HOURS], minute: u8) -> Sums {
    let end = HOUR as usize + usize::from(minute) + 1;
    WIDTHS.map(|width| counts[end - width as usize..end].iter().sum::<u64>() as f64)
}

/// `9 times what is usual on Tuesdays at 14:00 UTC, where 95 % have up to 6; 12 days of history; a rate alone is low`.
fn why(window: &Window<'_>, measure: Measure, score: &RateScore) -> String {
    let times = score.seen / score.expected.max(0.1);
    let when = window.minute.start().format("%A %H:%M UTC");
    let known = window.age(measure).map_or_else(String::new, |age| format!("; {} of history", age_of(age)));
    format!("{} times the usual for {when}, 95 % up to {}{known}; a rate alone is low", round(times), upper(score))
}

fn age_of(age: Minutes) -> String {
    let days = age.0 / (24 * HOUR as u32);
    let (n, unit) = if days == 0 { (age.0 / HOUR as u32, "hour") } else { (days, "day") };
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

/// The number that 95 % of such windows do not exceed.
fn upper(score: &RateScore) -> u64 {
    let rare = |n: u64| neg_binomial_ln_sf((n + 1) as f64, score.expected, 1.0 / score.inverse_size) <= LN_RARE;
    let mut most = (score.expected as u64).max(1);
    while most < MOST && !rare(most) {
        most *= 2;
    }
    let mut least = 0;
    while least < most {
        let middle = least + (most - least) / 2;
        if rare(middle) { most = middle } else { least = middle + 1 }
    }
    most
}

/// A number as people say it: whole from 10 up, one decimal below.
#[must_use]
pub fn round(value: f64) -> String {
    if value > 0.0 && value < 0.05 {
        return "under 0.1".to_owned();
    }
    if value >= 10.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::api_call_rate::ApiCallRate;
    use crate::detector::{Engine, Watch};
    use crate::entity::{Entity, Family};
    use crate::judge::{Known, Range};
    use crate::profile::Profile;
    use crate::stage::Stage;
    use crate::time::Hour;

    /// What is said of a series, by minute and surprise, when each hour is judged and learnt as production does it.
    fn said(rate: RateSettings, days: i32, mut count: impl FnMut(i32) -> u32) -> Vec<(i32, f64)> {
        let watch = Watch {
            detector: Box::new(ApiCallRate { rate }),
            cap: Severity::Critical,
            stage: Stage::Alert,
            variants: Vec::new(),
        };
        let engine = Engine::new(vec![watch], crate::profile::Lateness::default());
        let entity = Entity { family: Family::Principal, key: "111122223333\u{1f}\u{1f}role/ci".into() };
        let (mut profile, mut said) = (Profile::default(), Vec::new());
        let mut before: Option<(Hour, Arc<Cell>)> = None;
        for hour in (0..days * 24).map(|n| Hour(480_000 + n)) {
            let mut cell = Cell::default();
            for minute in 0..60 {
                let n = count((hour.0 - 480_000) * 60 + i32::from(minute));
                (0..n.min(1)).for_each(|_| cell.count(Measure::Calls, minute, n));
            }
            let here = (hour, Arc::new(cell));
            let cells = before.iter().chain([&here]).cloned().collect();
            let known = Known { profile: Some(Arc::new(profile.clone())), ..Known::of(entity.clone(), cells) };
            let mut found = Vec::new();
            engine.judge(&known, Range { from: hour.first(), to: hour.last(), complete: true }, &mut found);
            said.extend(found.iter().filter_map(|f| Some((f.minute.0 - 480_000 * 60, f.verdict.surprise?.t))));
            profile.learn(hour, &here.1, engine.lateness.cloudtrail);
            before = Some(here);
        }
        said
    }

    /// How many incidents reach a surprise; 60 quiet minutes end one.
    fn incidents(said: &[(i32, f64)], least: f64) -> usize {
        let high: Vec<i32> = said.iter().filter(|(_, t)| *t >= least).map(|(minute, _)| *minute).collect();
        high.iter().enumerate().filter(|(at, minute)| *at == 0 || *minute - high[at - 1] > 60).count()
    }

    /// Counts around a mean that is three times as high by day as by night.
    fn drawn(seed: u64, mean: f64) -> impl FnMut(i32) -> u32 {
        let mut dice = seed;
        let mut roll = move || {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 11) as f64 / (1_u64 << 53) as f64
        };
        move |minute| {
            let day = if (480..1_080).contains(&(minute % 1_440)) { 1.5 } else { 0.5 };
            let (limit, mut product, mut n) = ((-mean * day).exp(), roll(), 0);
            while product > limit {
                product *= roll();
                n += 1;
            }
            n
        }
    }

    const DAYS: i32 = 12;

    #[test]
    fn a_surprise_is_as_rare_as_it_says() {
        let all = RateSettings { min_events: 3, ratio: 1.0, surprise: 3.0 };
        let (mut found, mut days) = ([0; 3], 0);
        for (seed, mean) in [(1, 0.1), (2, 0.3), (3, 1.0), (4, 1.0), (5, 4.0), (6, 4.0)] {
            let said = said(all, DAYS, drawn(seed, mean));
            for (found, least) in found.iter_mut().zip([3.0, 4.0, 5.0]) {
                *found += incidents(&said, least);
            }
            days += DAYS;
        }
        for (found, per_day) in found.into_iter().zip([1.44, 0.144, 0.0144]) {
            assert!(found as f64 <= 1.0 + per_day * f64::from(days), "{found} in {days} days");
        }
    }

    #[test]
    fn a_tenfold_burst_is_found_and_nothing_else() {
        for (seed, mean) in [(1, 1.0), (2, 4.0)] {
            let mut usual = drawn(seed, mean);
            let from = (DAYS - 2) * 1_440 + 700;
            let burst = |minute| usual(minute) * if (from..from + 15).contains(&minute) { 10 } else { 1 };
            let said = said(RateSettings::default(), DAYS, burst);
            assert!(!said.is_empty() && said.iter().all(|(minute, _)| (from..from + 75).contains(minute)), "{said:?}");
        }
    }
}
