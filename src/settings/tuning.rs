//! What the settings change about one detector.

use lapwing_detectors::settings::{Field, Value, Visit};
use lapwing_detectors::severity::Severity;

use super::catalog::{Catalog, Entry, Setting};
use super::mistake::{Wrong, did_you_mean};
use super::toml::{Found, Section};
use super::values::{minutes, named};

/// What the settings change about one detector; nothing by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tuning {
    /// No alert of it is graver than this.
    pub max_severity: Option<Severity>,
    fields: Vec<(&'static str, Setting)>,
}

impl Tuning {
    /// The fields that are set, in the order of the documentation.
    #[must_use]
    pub fn fields(&self) -> &[(&'static str, Setting)] {
        &self.fields
    }

    /// Somebody who sets those fields in the detector that he is shown.
    #[must_use]
    pub fn apply(&self) -> impl Visit {
        Apply(self)
    }

    /// The table of one detector.
    pub(super) fn read(section: &Section<'_>, entry: &Entry) -> Tuning {
        let max_severity = match entry.about.never_muted {
            true => refuse_muting(section, "max_severity"),
            false => section.read("max_severity", named),
        };
        let read = |(field, default): &(Field, Setting)| {
            Some((field.name, read_field(&section.find(field.name)?, field, *default)?))
        };
        let fields = entry.fields.iter().filter_map(read).collect();
        section.finish();
        Tuning { max_severity, fields }
    }
}

/// The table of a detector under its id; a key that is none is a mistake, with the nearest of the `known` ones.
pub(super) fn detector_table<'c, 'd>(
    found: &Found<'d>,
    catalog: &'c Catalog,
    known: &[&str],
) -> Option<(&'c Entry, Section<'d>)> {
    match catalog.get(&found.key) {
        Some(entry) => Some((entry, found.section()?)),
        None => {
            found.refuse("there is no such detector or key".to_owned(), did_you_mean(&found.key, known));
            None
        }
    }
}

/// Why a detector that is never muted is not.
pub(super) const NEVER_MUTED: &str = "it watches the log itself: whoever silences it could do anything unseen";

/// Notes a key that would mute a detector that is never muted.
pub(super) fn refuse_muting<T>(section: &Section<'_>, key: &'static str) -> Option<T> {
    section.find(key)?.refuse("this detector is never muted".to_owned(), Some(NEVER_MUTED.to_owned()));
    None
}

struct Apply<'a>(&'a Tuning);

impl Visit for Apply<'_> {
    fn field(&mut self, field: Field, value: Value<'_>) {
        if let Some((_, setting)) = self.0.fields.iter().find(|(name, _)| *name == field.name) {
            setting.put(value);
        }
    }
}

/// One field, of the kind of its default and within its range.
fn read_field(found: &Found<'_>, field: &Field, default: Setting) -> Option<Setting> {
    let range = default.range(field);
    let setting = match default {
        Setting::Severity(_) => return found.read(named).map(Setting::Severity),
        Setting::Minutes(_) => {
            return found.read(|text| match minutes(text).map(Setting::Minutes)? {
                setting if setting.is_within(field) => Ok(setting),
                _ => Err(Wrong::new(format!("a duration from {range}"))),
            });
        }
        Setting::Count(_) => found.whole().map(Setting::Count),
        Setting::Percent(_) => found.number().map(Setting::Percent),
        Setting::Ratio(_) => found.number().map(Setting::Ratio),
    };
    let whole = if matches!(default, Setting::Count(_)) { "whole " } else { "" };
    match setting.filter(|setting| setting.is_within(field)) {
        Some(setting) => Some(setting),
        None => found.wrong(without_quotes(found, Wrong::new(format!("a {whole}number from {range}")))),
    }
}

/// Says so where a number stands in quotes.
pub(super) fn without_quotes(found: &Found<'_>, wrong: Wrong) -> Wrong {
    if found.is_text() { wrong.hint("write the number without quotes") } else { wrong }
}
