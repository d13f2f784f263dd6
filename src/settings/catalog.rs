//! The detectors as settings and command line see them: what each is about, and its fields with their defaults.

use std::fmt;

use lapwing_detectors::settings::{Field, Minutes, Value, Visit};
use lapwing_detectors::severity::Severity;

use super::mistake::nearest;
use super::values::written;

/// What a detector is about.
#[derive(Debug)]
pub struct About {
    /// Its name in settings, alerts and metrics: `denied-burst`.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it finds.
    pub what: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What looks the same and is innocent.
    pub innocent: &'static str,
    /// ATT&CK technique ids.
    pub attack: &'static [&'static str],
    /// What to check first, in order.
    pub next: &'static [&'static str],
    /// No setting may silence it.
    pub never_muted: bool,
}

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

    /// The values that a field of this kind takes, in words.
    #[must_use]
    pub fn range(self, field: &Field) -> String {
        let minutes = |m: f64| written(Minutes(m as u32));
        match self {
            Setting::Minutes(_) => format!("\"{}\" to \"{}\"", minutes(field.min), minutes(field.max)),
            Setting::Severity(_) => Severity::ALL.map(Severity::name).join(", "),
            Setting::Count(_) | Setting::Percent(_) | Setting::Ratio(_) => format!("{} to {}", field.min, field.max),
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
#[derive(Debug)]
pub struct Entry {
    /// What it is about.
    pub about: &'static About,
    /// Its fields with their defaults, in the order of the documentation.
    pub fields: Vec<(Field, Setting)>,
}

impl Entry {
    /// The detector with that description, whose settings `walk` shows.
    pub fn new(about: &'static About, walk: impl FnOnce(&mut dyn Visit)) -> Entry {
        let mut fields = Fields(Vec::new());
        walk(&mut fields);
        Entry { about, fields: fields.0 }
    }
}

/// Notes every field that it is shown.
struct Fields(Vec<(Field, Setting)>);

impl Visit for Fields {
    fn field(&mut self, field: Field, value: Value<'_>) {
        self.0.push((field, Setting::of(&value)));
    }
}

/// All detectors, in the order of the documentation.
#[derive(Debug, Default)]
pub struct Catalog(pub Vec<Entry>);

impl Catalog {
    /// The detector of that id.
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
