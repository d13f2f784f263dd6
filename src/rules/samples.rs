//! Examples of correlations: lists of events, each with its time.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta};
use serde::Deserialize;
use serde_json::Value;

use super::example::put;
use super::section::{Section, Twin};

/// When examples begin.
const START: i64 = 1_791_279_000;
/// The most events of an example.
const MOST: usize = 1_000;

/// Events of an example that are alike.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// When the first happens, after the start: `90s`, `5m`, `1h`.
    #[serde(default = "now")]
    at: String,
    /// The event; that of the entry before, where it is left out.
    #[serde(default)]
    event: Option<Value>,
    /// What is different from it, by path.
    #[serde(default)]
    change: BTreeMap<String, Value>,
    /// One path, and its value in each of the events.
    #[serde(default)]
    each: BTreeMap<String, Vec<Value>>,
    /// How many events there are.
    #[serde(default)]
    times: Option<usize>,
    /// How long after the one before each happens.
    #[serde(default = "second")]
    every: String,
}

fn now() -> String {
    "0s".to_owned()
}

fn second() -> String {
    "1s".to_owned()
}

/// An event of an example.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// Which entry it is of, from 1.
    entry: usize,
    /// Seconds after the start.
    at: i64,
    pub(super) event: Value,
}

impl Twin {
    /// How much time passes from the first event to the last, in seconds.
    pub(super) fn seconds_apart(&self) -> Result<Option<u32>, String> {
        self.apart.as_deref().map(seconds).transpose()
    }

    fn one_difference(&self) -> Result<(), String> {
        let others = [self.remove.is_some(), self.fewer > 0, self.omit.is_some(), self.apart.is_some(), self.reversed];
        match self.change.len() + others.into_iter().filter(|there| *there).count() {
            1 => Ok(()),
            _ => Err("it needs exactly one of `change`, `remove`, `fewer`, `omit`, `apart` and `reversed`".to_owned()),
        }
    }
}

/// The events of a loud example, in their order.
pub(super) fn loud(section: &Section, number: usize) -> Result<Vec<Sample>, String> {
    timed(expand(section, number)?)
}

/// Those of the quiet example: of its loud one with one difference.
pub(super) fn quiet(section: &Section, twin: &Twin) -> Result<Vec<Sample>, String> {
    let before = expand(section, twin.of)?;
    let mut samples = before.clone();
    twin.one_difference()?;
    let paths = twin.change.iter().map(|(path, value)| (path, Some(value)));
    let here = |sample: &&mut Sample| twin.entry.is_none_or(|entry| sample.entry == entry);
    for (path, value) in paths.chain(twin.remove.iter().map(|path| (path, None))) {
        for sample in samples.iter_mut().filter(here) {
            put(&mut sample.event, path, value.cloned())?;
        }
    }
    if let Some(entry) = twin.omit {
        samples.retain(|sample| sample.entry != entry);
    }
    samples.truncate(samples.len().saturating_sub(twin.fewer));
    let end = samples.iter().map(|sample| sample.at).max().unwrap_or(0);
    if twin.reversed {
        samples.iter_mut().for_each(|sample| sample.at = end - sample.at);
    }
    if let Some(apart) = twin.seconds_apart()? {
        let (last, apart) = (samples.len().saturating_sub(1).max(1) as i64, i64::from(apart));
        for (number, sample) in (0..).zip(&mut samples) {
            sample.at = if end > 0 { sample.at * apart / end } else { number * apart / last };
        }
    }
    let same = |(one, other): (&Sample, &Sample)| one.event == other.event && one.at == other.at;
    if samples.len() == before.len() && samples.iter().zip(&before).all(same) {
        return Err("the change changes nothing".to_owned());
    }
    timed(samples)
}

fn expand(section: &Section, number: usize) -> Result<Vec<Sample>, String> {
    let example = number.checked_sub(1).and_then(|at| section.loud.get(at));
    let example = example.ok_or_else(|| format!("there is no loud example {number}"))?;
    let entries: Vec<Entry> = serde_json::from_value(example.clone())
        .map_err(|error| format!("an example of a correlation is a list of events: {error}"))?;
    let (mut samples, mut event) = (Vec::new(), Value::Null);
    for (number, entry) in (1..).zip(entries) {
        event = entry.event.clone().unwrap_or(event);
        for (path, value) in &entry.change {
            put(&mut event, path, Some(value.clone()))?;
        }
        let times = entry.each.values().map(Vec::len).chain(entry.times).max().unwrap_or(1);
        if samples.len() + times > MOST {
            return Err(format!("an example has {MOST} events at most"));
        }
        let (at, every) = (i64::from(seconds(&entry.at)?), i64::from(seconds(&entry.every)?));
        for turn in 0..times {
            let mut event = event.clone();
            for (path, values) in &entry.each {
                let value = values.get(turn % values.len().max(1)).cloned().unwrap_or_default();
                put(&mut event, path, Some(value))?;
            }
            samples.push(Sample { entry: number, at: at + every * turn as i64, event });
        }
    }
    samples.sort_by_key(|sample| sample.at);
    Ok(samples)
}

/// Gives each event its time and an id of its own.
fn timed(mut samples: Vec<Sample>) -> Result<Vec<Sample>, String> {
    for (number, sample) in (0..).zip(&mut samples) {
        let time = DateTime::from_timestamp(START, 0).unwrap_or_default() + TimeDelta::seconds(sample.at);
        let members = sample.event.as_object_mut().ok_or("an event is a map of the members of a record")?;
        members.insert("eventTime".to_owned(), time.to_rfc3339_opts(SecondsFormat::Secs, true).into());
        members.insert("eventID".to_owned(), format!("66666666-7777-8888-9999-{number:012}").into());
    }
    Ok(samples)
}

/// A time such as `90s`, `5m` or `1h`, in seconds.
pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let wrong = || format!("`{text}` is no time such as 90s, 5m or 1h");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: u32 = number.parse().map_err(|_| wrong())?;
    let of_unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err(wrong()),
    };
    number.checked_mul(of_unit).ok_or_else(wrong)
}
