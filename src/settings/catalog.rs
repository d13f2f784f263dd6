//! The detectors as settings and command line see them: what each is about, and its fields with their defaults.

use std::fmt;

use lapwing_detectors::catalog::CATALOG;
use lapwing_detectors::detector::{About, Detector};
use lapwing_detectors::settings::{Field, Minutes, Value, Visit};
use lapwing_detectors::severity::Severity;

use super::mistake::nearest;
use super::values::written;
use crate::rules::listed::{Listed, PACK};

/// The value of one field of a detector's settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Setting {
    /// A whole number of things.
    Count(u32),
    /// A span of event time.
    Minutes(Minutes),
    /// A share between 0 and 100, in per cent.
    Percent(f64),
    /// How many times the usual.
    Ratio(f64),
    /// A severity.
    Severity(Severity),
}

impl Setting {
    fn of(value: &Value<'_>) -> Setting {
        match value {
            Value::Count(n) => Setting::Count(**n),
            Value::Minutes(m) => Setting::Minutes(**m),
            Value::Percent(p) => Setting::Percent(**p),
            Value::Ratio(r) => Setting::Ratio(**r),
            Value::Severity(s) => Setting::Severity(**s),
        }
    }

    /// Sets a field of the same kind, and leaves one of another kind alone.
    pub(super) fn put(self, value: Value<'_>) {
        match (self, value) {
            (Setting::Count(n), Value::Count(field)) => *field = n,
            (Setting::Minutes(m), Value::Minutes(field)) => *field = m,
            (Setting::Percent(p), Value::Percent(field)) => *field = p,
            (Setting::Ratio(r), Value::Ratio(field)) => *field = r,
            (Setting::Severity(s), Value::Severity(field)) => *field = s,
            _ => {}
        }
    }

    /// Does the field take this value?
    #[must_use]
    pub fn is_within(self, field: &Field) -> bool {
        let value = match self {
            Setting::Severity(_) => return true,
            Setting::Count(n) => f64::from(n),
            Setting::Minutes(Minutes(m)) => f64::from(m),
            Setting::Percent(n) | Setting::Ratio(n) => n,
        };
        (field.min..=field.max).contains(&value)
    }

    /// The values that a field of this kind takes, in words.
    #[must_use]
    pub fn range(self, field: &Field) -> String {
        let minutes = |m: f64| written(Minutes(m as u32));
        match self {
            Setting::Minutes(_) => format!("\"{}\" to \"{}\"", minutes(field.min), minutes(field.max)),
            Setting::Severity(_) => Severity::ALL.map(Severity::name).join(", "),
            Setting::Percent(_) => format!("{} to {} per cent", field.min, field.max),
            Setting::Count(_) | Setting::Ratio(_) => format!("{} to {}", field.min, field.max),
        }
    }
}

/// As the config file writes it.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Count(n) => write!(f, "{n}"),
            Setting::Minutes(m) => write!(f, "\"{}\"", written(*m)),
            Setting::Percent(n) | Setting::Ratio(n) => write!(f, "{n}"),
            Setting::Severity(s) => write!(f, "\"{}\"", s.name()),
        }
    }
}

/// One detector.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is about.
    pub about: &'static About,
    /// Its fields with their defaults, in the order of the documentation.
    pub fields: Vec<(Field, Setting)>,
    /// The rule that it is; nothing of a detector in code.
    pub rule: Option<&'static Listed>,
}

impl Entry {
    /// The detector with that description, whose settings `walk` shows.
    pub fn new(about: &'static About, walk: impl FnOnce(&mut dyn Visit)) -> Entry {
        let mut fields = Fields(Vec::new());
        walk(&mut fields);
        Entry { about, fields: fields.0, rule: None }
    }

    fn of_rule(rule: &'static Listed) -> Entry {
        Entry { about: rule.about, fields: Vec::new(), rule: Some(rule) }
    }
}

/// Notes every field that it is shown.
struct Fields(Vec<(Field, Setting)>);

impl Visit for Fields {
    fn field(&mut self, field: Field, value: Value<'_>) {
        self.0.push((field, Setting::of(&value)));
    }
}

/// All detectors, in the order of the documentation, and all rules behind them.
#[derive(Clone, Debug, Default)]
pub struct Catalog(pub Vec<Entry>);

impl Catalog {
    /// The detectors and rules that are built in.
    #[must_use]
    pub fn built_in() -> Catalog {
        let entry = |mut detector: Box<dyn Detector>| Entry::new(detector.about(), |visit| detector.settings(visit));
        Catalog(CATALOG.iter().map(|make| entry(make())).chain(PACK.iter().map(Entry::of_rule)).collect())
    }

    /// The same with rules of the user's own.
    #[must_use]
    pub fn with(&self, rules: &[&'static Listed]) -> Catalog {
        Catalog(self.0.iter().cloned().chain(rules.iter().copied().map(Entry::of_rule)).collect())
    }

    /// The detectors in code.
    pub fn detectors(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(|entry| entry.rule.is_none())
    }

    /// The rules.
    pub fn rules(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(|entry| entry.rule.is_some())
    }

    /// The rules of the user's own.
    pub(super) fn own_rules(&self) -> Vec<&'static Listed> {
        self.0.iter().filter_map(|entry| entry.rule).filter(|rule| !rule.built_in()).collect()
    }

    /// The detector or rule of that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.about.id == id)
    }

    /// Every id.
    #[must_use]
    pub fn ids(&self) -> Vec<&'static str> {
        self.0.iter().map(|entry| entry.about.id).collect()
    }

    /// The id that is most like a wrong one, if one is alike enough to be meant.
    #[must_use]
    pub fn nearest(&self, id: &str) -> Option<&'static str> {
        nearest(id, &self.ids())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_detector_fits_the_settings_file() {
        let catalog = Catalog::built_in();
        assert!(!catalog.0.is_empty());
        for (i, Entry { about, fields, .. }) in catalog.0.iter().enumerate() {
            let id = about.id;
            assert_eq!(catalog.ids().iter().position(|other| *other == id), Some(i), "`{id}` is there twice");
            assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{id}");
            for (j, (field, default)) in fields.iter().enumerate() {
                let name = field.name;
                assert!(!["enabled", "max_severity"].contains(&name), "{id}.{name} is taken");
                assert_eq!(
                    fields.iter().position(|(other, _)| other.name == name),
                    Some(j),
                    "{id}.{name} is there twice"
                );
                assert!(default.is_within(field), "{id}.{name}: {default} is not within {}", default.range(field));
            }
        }
    }
}
