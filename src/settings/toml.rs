//! Walking a TOML file: every mistake is noted with its line, and reading goes on.
//!
//! A section knows a key because somebody asked for it; what nobody asked for is a mistake. So the list of known keys
//! is the code that reads them, and cannot differ from it.

use std::cell::RefCell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::mistake::{Mistake, Mistakes, Wrong, did_you_mean, quote};

/// A file being read, and what was wrong so far.
pub(super) struct Document<'t> {
    text: &'t str,
    mistakes: RefCell<Vec<Mistake>>,
}

impl<'t> Document<'t> {
    pub(super) fn new(text: &'t str) -> Document<'t> {
        Document { text, mistakes: RefCell::default() }
    }

    /// The table of the file. What is not TOML is noted, and the rest is read as far as it makes sense.
    pub(super) fn parse(&self) -> DeTable<'t> {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let wrong = format!("this is not TOML: {}", quote(error.message()));
            self.note("", &error.span().unwrap_or_default(), (wrong, None));
        }
        root.into_inner()
    }

    /// Every mistake in the order of lines. On a line that is not TOML, only that is said: what follows from it is
    /// no mistake of its own.
    pub(super) fn finish(self, place: &str) -> Result<(), Mistakes> {
        let mut found = self.mistakes.into_inner();
        let broken: Vec<_> = found.iter().filter(|m| m.key.is_empty()).map(|m| m.line).collect();
        found.retain(|m| m.key.is_empty() || !broken.contains(&m.line));
        found.sort_by_key(|m| m.line);
        found.dedup();
        if found.is_empty() { Ok(()) } else { Err(Mistakes { place: place.to_owned(), found }) }
    }

    fn note(&self, key: &str, span: &Range<usize>, (what, hint): (String, Option<String>)) {
        let before = self.text.as_bytes().get(..span.start).unwrap_or(self.text.as_bytes());
        let line = Some(1 + before.iter().filter(|b| **b == b'\n').count());
        self.mistakes.borrow_mut().push(Mistake { line, key: key.to_owned(), what, hint });
    }
}

/// A table of the file.
pub(super) struct Section<'d> {
    document: &'d Document<'d>,
    /// The keys that lead to it, empty for the file itself.
    path: String,
    span: Range<usize>,
    table: &'d DeTable<'d>,
    known: RefCell<Vec<&'static str>>,
    /// How many mistakes there were before it.
    before: usize,
}

impl<'d> Section<'d> {
    pub(super) fn root(document: &'d Document<'d>, table: &'d DeTable<'d>) -> Section<'d> {
        Section::new(document, String::new(), (0..0, table))
    }

    fn new(document: &'d Document<'d>, path: String, (span, table): (Range<usize>, &'d DeTable<'d>)) -> Section<'d> {
        let before = document.mistakes.borrow().len();
        Section { document, path, span, table, known: RefCell::default(), before }
    }

    /// What stands under a key, which is known from now on.
    pub(super) fn find(&self, key: &'static str) -> Option<Found<'d>> {
        self.known.borrow_mut().push(key);
        let (name, value) = self.table.get_key_value(key)?;
        Some(self.found(name, value))
    }

    /// A text that `read` understands.
    pub(super) fn read<T>(&self, key: &'static str, read: impl Fn(&str) -> Result<T, Wrong>) -> Option<T> {
        self.find(key)?.read(read)
    }

    /// As [`Section::read`], for a key that must be there.
    pub(super) fn demand<T>(&self, key: &'static str, read: impl Fn(&str) -> Result<T, Wrong>) -> Option<T> {
        match self.find(key) {
            Some(found) => found.read(read),
            None => {
                self.refuse(format!("`{key}` is missing"), None);
                None
            }
        }
    }

    /// True or false.
    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        let found = self.find(key)?;
        match found.value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            _ => found.wrong(Wrong::new("true or false")),
        }
    }

    /// A table under a key.
    pub(super) fn section(&self, key: &'static str) -> Option<Section<'d>> {
        self.find(key)?.section()
    }

    /// The tables of a list, `[[key]]` in the file.
    pub(super) fn sections(&self, key: &'static str) -> Vec<Section<'d>> {
        let Some(found) = self.find(key) else { return Vec::new() };
        match found.value.get_ref() {
            DeValue::Array(items) => {
                items.iter().filter_map(|value| Found { value, ..found.clone() }.section()).collect()
            }
            _ => {
                found.wrong::<()>(Wrong::new("a list of tables").hint(format!("begin each with `[[{}]]`", found.path)));
                Vec::new()
            }
        }
    }

    /// Everything under keys that the user chooses, or that somebody else knows: all but the known ones.
    pub(super) fn others(&self) -> Vec<Found<'d>> {
        let known = self.known.borrow();
        let others = self.table.iter().filter(|(name, _)| !known.contains(&name.get_ref().as_ref()));
        others.map(|(name, value)| self.found(name, value)).collect()
    }

    /// Has nothing in it been wrong so far?
    pub(super) fn is_sound(&self) -> bool {
        self.document.mistakes.borrow().len() == self.before
    }

    /// Is any of these keys there? Saying so does not make them known.
    pub(super) fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.table.contains_key(*key))
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(&self) {
        for found in self.others() {
            let hint = did_you_mean(&found.key, &self.known.borrow());
            self.document.note(&found.path, &found.key_span, ("there is no such key".to_owned(), hint));
        }
    }

    /// Notes what is wrong with the section as a whole, at its heading.
    pub(super) fn refuse(&self, what: String, hint: Option<&str>) {
        self.document.note(&self.path, &self.span, (what, hint.map(str::to_owned)));
    }

    fn found(&self, name: &'d Spanned<DeString<'d>>, value: &'d Spanned<DeValue<'d>>) -> Found<'d> {
        let key = name.get_ref().to_string();
        let dot = if self.path.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{}", self.path, quote(&key));
        Found { document: self.document, path, key, key_span: name.span(), value }
    }
}

/// A value of the file, and the key that it stands under.
#[derive(Clone)]
pub(super) struct Found<'d> {
    document: &'d Document<'d>,
    pub(super) path: String,
    pub(super) key: String,
    key_span: Range<usize>,
    pub(super) value: &'d Spanned<DeValue<'d>>,
}

impl<'d> Found<'d> {
    /// A text, or a date as TOML writes it, that `read` understands.
    pub(super) fn read<T>(&self, read: impl Fn(&str) -> Result<T, Wrong>) -> Option<T> {
        let result = match self.value.get_ref() {
            DeValue::String(text) => read(text),
            DeValue::Datetime(time) => read(&time.to_string()),
            DeValue::Integer(_) | DeValue::Float(_) => Err(Wrong::new("a text").hint("put it in quotes")),
            _ => Err(Wrong::new("a text")),
        };
        result.map_or_else(|wrong| self.wrong(wrong), Some)
    }

    /// A number, whole or not.
    pub(super) fn number(&self) -> Option<f64> {
        match self.value.get_ref() {
            DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(|n| n as f64),
            DeValue::Float(n) => n.as_str().parse().ok(),
            _ => None,
        }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Vec<Found<'d>> {
        match self.value.get_ref() {
            DeValue::Array(items) => items.iter().map(|value| Found { value, ..self.clone() }).collect(),
            _ => {
                self.wrong::<()>(Wrong::new("a list").hint("write it like [\"…\", \"…\"]"));
                Vec::new()
            }
        }
    }

    /// The table that it is.
    pub(super) fn section(&self) -> Option<Section<'d>> {
        let Found { document, path, value, .. } = self.clone();
        match value.get_ref() {
            DeValue::Table(table) => {
                let span = value.span();
                Some(Section::new(document, path, (span, table)))
            }
            _ => self.wrong(Wrong::new("a table")),
        }
    }

    /// Is it text, which a number or a switch should not be?
    pub(super) fn is_text(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::String(_))
    }

    /// Notes that the value is not what was wanted.
    pub(super) fn wrong<T>(&self, Wrong { wanted, hint }: Wrong) -> Option<T> {
        let what = match self.value.get_ref() {
            DeValue::String(text) => format!("\"{}\"", quote(text)),
            DeValue::Integer(n) => quote(&n.to_string()),
            DeValue::Float(n) => quote(n.as_str()),
            DeValue::Boolean(flag) => flag.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        };
        self.document.note(&self.path, &self.value.span(), (format!("{what} is not {wanted}"), hint));
        None
    }

    /// Notes what is wrong with the key itself.
    pub(super) fn refuse(&self, what: String, hint: Option<String>) {
        self.document.note(&self.path, &self.key_span, (what, hint));
    }
}
