//! What the settings change about one detector.

use lapwing_detectors::settings::{Field, Minutes, Value, Visit};
use lapwing_detectors::severity::Severity;

use super::catalog::{Entry, Setting};
use super::mistake::Wrong;
use super::toml::{Found, Section};
use super::values::{minutes, named};

/// What the settings change about one detector; nothing by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tuning {
    /// On or off; on by default.
    pub enabled: Option<bool>,
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

    /// Does it change what the detector finds, beyond a cap on how grave that is?
    pub(super) fn changes_detection(&self) -> bool {
        self.enabled.is_some() || !self.fields.is_empty()
    }

    /// The table of one detector.
    pub(super) fn read(section: &Section<'_>, entry: &Entry) -> Tuning {
        let mut tuning = Tuning::default();
        if entry.about.never_muted {
            for key in ["enabled", "max_severity"] {
                if let Some(found) = section.find(key) {
                    found.refuse(
                        format!("`{}` is never muted", entry.about.id),
                        Some("it watches the log itself: whoever silences it could do anything unseen".to_owned()),
                    );
                }
            }
        } else {
            tuning.enabled = section.flag("enabled");
            tuning.max_severity = section.read("max_severity", named);
        }
        for (field, default) in &entry.fields {
            let setting = section.find(field.name).and_then(|found| read_field(&found, field, *default));
            tuning.fields.extend(setting.map(|setting| (field.name, setting)));
        }
        section.finish();
        tuning
    }
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
    let within = |n: f64| (field.min..=field.max).contains(&n);
    let range = default.range(field);
    match default {
        Setting::Severity(_) => found.read(named).map(Setting::Severity),
        Setting::Minutes(_) => found
            .read(|text| match minutes(text)? {
                Minutes(m) if within(f64::from(m)) => Ok(Minutes(m)),
                _ => Err(Wrong::new(format!("a duration from {range}"))),
            })
            .map(Setting::Minutes),
        Setting::Count(_) => match found.number() {
            Some(n) if within(n) && n.fract() == 0.0 => Some(Setting::Count(n as u32)),
            _ => found.wrong(without_quotes(found, Wrong::new(format!("a whole number from {range}")))),
        },
        Setting::Percent(_) | Setting::Ratio(_) => match found.number() {
            Some(n) if within(n) => {
                Some(if matches!(default, Setting::Percent(_)) { Setting::Percent(n) } else { Setting::Ratio(n) })
            }
            _ => found.wrong(without_quotes(found, Wrong::new(format!("a number from {range}")))),
        },
    }
}

/// Says so where a number stands in quotes.
pub(super) fn without_quotes(found: &Found<'_>, wrong: Wrong) -> Wrong {
    if found.is_text() { wrong.hint("write the number without quotes") } else { wrong }
}
