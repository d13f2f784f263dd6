//! From the text of a Sigma file to rules, or to every mistake in it with its line.

use std::collections::HashMap;

use lapwing_detectors::event::{Event, Source};
use rsigma_eval::compile_rule;
use rsigma_parser::{LogSource, Modifier, SigmaCollection, SigmaRule, parse_sigma_yaml};
use serde::Deserialize;
use yaml_serde::Value;

use super::card::source_of;
use super::correlation::Draft;
use super::fields::{RECORD, Seen};
use super::ready::Ready;
use super::section::Section;
use crate::report::clean::clean;
use crate::settings::{Mistake, Mistakes, nearest};

/// As much of a construct as a message repeats, in characters.
pub(super) const QUOTE_LIMIT: usize = 120;

/// A rule, ready to be matched.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The name in alerts and settings: the file's, in lower case.
    pub slug: String,
    /// Its Sigma id.
    pub id: String,
    /// Which events it is about.
    pub source: Source,
    /// What it says besides Sigma.
    pub section: Option<Section>,
    /// As it was written.
    pub written: SigmaRule,
    pub(super) ready: Ready,
}

impl Rule {
    /// Does it hold for the event? Its log source, and what it is looked up by, are not asked.
    #[must_use]
    pub fn holds(&self, event: &Event<'_>) -> bool {
        self.ready.holds(&Seen(event))
    }
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The rules that can be used.
    pub rules: Vec<Rule>,
    /// Correlations, whose rules may be in other files.
    pub drafts: Vec<Draft>,
    /// Rules about logs that Lapwing does not read: title and log source.
    pub foreign: Vec<(String, String)>,
    /// The names that correlations know those by.
    pub foreign_names: Vec<String>,
}

/// Reads a file of one or more rules. `place` is its path, and its name without extension the name of the rule.
///
/// # Errors
/// Every mistake in it.
pub fn parse(place: &str, text: &str) -> Result<Parsed, Mistakes> {
    let (parsed, found) = parse_all(place, text);
    if found.is_empty() { Ok(parsed) } else { Err(Mistakes { place: place.to_owned(), found }) }
}

/// The same, with what can be read of a file in which there are mistakes: more may be found in that.
pub(super) fn parse_all(place: &str, text: &str) -> (Parsed, Vec<Mistake>) {
    let mut reader = Reader { text, mistakes: Vec::new() };
    let parsed = reader.read(place);
    reader.mistakes.sort_by_key(|mistake| mistake.line);
    reader.mistakes.dedup();
    (parsed, reader.mistakes)
}

/// The name that a rule has by its file: lower case, words joined by hyphens.
#[must_use]
pub fn slug_of(place: &str) -> String {
    let name = place.rsplit(['/', '\\']).next().unwrap_or(place);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let words = stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// What is read of a document besides Sigma.
#[derive(Deserialize)]
struct Outer {
    #[expect(dead_code, reason = "only whether it can be read is asked here")]
    lapwing: Option<Section>,
}

struct Reader<'t> {
    text: &'t str,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn read(&mut self, place: &str) -> Parsed {
        let mut parsed = Parsed::default();
        let Some(documents) = self.documents() else { return parsed };
        for document in &documents {
            self.document(document);
        }
        self.sections();
        let collection = match parse_sigma_yaml(self.text) {
            Ok(collection) => collection,
            Err(error) => {
                self.refuse("", &error.to_string());
                return parsed;
            }
        };
        self.unsupported(&collection);
        let stem = slug_of(place);
        let (rules, drafts) = (collection.rules.len(), collection.correlations.len());
        let slug = |number: usize, of: usize| if of == 1 { stem.clone() } else { format!("{stem}-{number}") };
        for (number, rule) in (1..).zip(collection.rules) {
            let Some(source) = source_of(&rule.logsource) else {
                parsed.foreign_names.extend([&rule.id, &rule.name].into_iter().flatten().cloned());
                parsed.foreign.push((rule.title, described(&rule.logsource)));
                continue;
            };
            // Of a file with a correlation, that has the name of the file.
            let slug = slug(number, if drafts > 0 { rules + drafts } else { rules });
            parsed.rules.extend(self.rule((slug, source), drafts, rule));
        }
        for (number, written) in (1..).zip(collection.correlations) {
            let (slug, section) = (slug(rules + number, drafts), section_of(&written.custom_attributes));
            parsed.drafts.push(Draft { slug, section, written, text: self.text.to_owned() });
        }
        parsed
    }

    fn documents(&mut self) -> Option<Vec<Value>> {
        let mut all = Vec::new();
        for document in yaml_serde::Deserializer::from_str(self.text) {
            match Value::deserialize(document) {
                Ok(value) => all.push(value),
                Err(error) => {
                    self.yaml(&error);
                    return None;
                }
            }
        }
        Some(all)
    }

    /// Looks for what is wrong with the sections, which has a line only here.
    fn sections(&mut self) {
        for document in yaml_serde::Deserializer::from_str(self.text) {
            if let Err(error) = Outer::deserialize(document) {
                self.yaml(&error);
                return;
            }
        }
    }

    fn yaml(&mut self, error: &yaml_serde::Error) {
        let line = error.location().map(|at| at.line());
        let what = clean(&error.to_string(), QUOTE_LIMIT * 2).into_owned();
        self.mistakes.push(Mistake { line, key: String::new(), what, hint: None });
    }

    /// Looks through a document for what no library would name with its line.
    fn document(&mut self, document: &Value) {
        if let Some(correlation) = document.get("correlation") {
            let title = document.get("title").and_then(Value::as_str).unwrap_or_default();
            self.correlation(title, correlation);
        }
        let Some(detection) = document.get("detection").and_then(Value::as_mapping) else { return };
        let product =
            |name: &str| document.get("logsource").and_then(|source| source.get(name)).and_then(Value::as_str);
        let calls = product("service") == Some("cloudtrail");
        for (name, selection) in detection {
            match name.as_str() {
                Some("condition") => {}
                Some("timeframe") => {
                    self.refuse("timeframe", "`timeframe` is of the old aggregations; a correlation rule counts");
                }
                _ => self.selection(selection, if calls { Scope::Record } else { Scope::Inner }),
            }
        }
    }

    /// What the parser says of these names no correlation.
    fn correlation(&mut self, title: &str, correlation: &Value) {
        let missing = |name: &str| correlation.get(name).is_none();
        let kind = correlation.get("type").and_then(Value::as_str).unwrap_or_default();
        let wanted = [
            ("timespan", missing("timespan") && missing("timeframe")),
            ("type", missing("type")),
            ("condition", missing("condition") && !kind.starts_with("temporal")),
        ];
        for (name, _) in wanted.into_iter().filter(|(_, missing)| *missing) {
            self.refuse(&format!("title: {title}"), &format!("the correlation `{title}`: `{name}` is missing"));
        }
    }

    fn selection(&mut self, selection: &Value, scope: Scope) {
        match selection {
            Value::Sequence(items) => items.iter().for_each(|item| self.selection(item, scope)),
            Value::Mapping(members) => {
                for (name, value) in members {
                    let Some(name) = name.as_str() else { continue };
                    self.item(name, scope);
                    if value.is_mapping() {
                        self.selection(value, Scope::Inner);
                    }
                }
            }
            _ => {}
        }
    }

    fn item(&mut self, key: &str, scope: Scope) {
        let mut parts = key.split('|');
        let field = parts.next().unwrap_or_default();
        for part in parts {
            match part.parse::<Modifier>() {
                Ok(Modifier::Expand) => self.refuse(key, "`|expand` needs placeholders, which there are none of"),
                Ok(_) => {}
                Err(()) => self.refuse(key, &format!("`|{part}` is no modifier that is known")),
            }
        }
        let root = field.split(['.', '[']).next().unwrap_or_default();
        if scope == Scope::Record && !root.is_empty() && !RECORD.contains(&root) {
            let hint = nearest(root, RECORD).map(|name| format!("did you mean `{name}`?"));
            let what = format!("`{}` is no member of a CloudTrail record", clean(root, QUOTE_LIMIT));
            self.mistakes.push(Mistake { line: self.line_of(key), key: String::new(), what, hint });
        }
    }

    /// What the parser read, and Lapwing cannot judge.
    fn unsupported(&mut self, collection: &SigmaCollection) {
        for error in &collection.errors {
            // Those are noted already, with their lines.
            let noted = ["YAML parse error", "Unknown modifier"].iter().any(|start| error.starts_with(start));
            let missing = ["Missing timeframe", "Missing correlation type", "requires a condition"];
            if noted || missing.iter().any(|what| error.contains(what)) {
                continue;
            }
            match error.strip_prefix("Condition parse error") {
                Some(_) => self.refuse("condition:", &broken_condition(error)),
                None => self.refuse(if error.contains("orrelation") { "correlation:" } else { "" }, error),
            }
        }
        for filter in &collection.filters {
            self.refuse("filter:", &format!("the filter `{}` is not supported", filter.title));
        }
    }

    /// A rule; in a file with correlations its name is enough, as they name it by that.
    fn rule(&mut self, (slug, source): (String, Source), drafts: usize, written: SigmaRule) -> Option<Rule> {
        let section = section_of(&written.custom_attributes);
        let name = written.name.clone().filter(|_| drafts > 0);
        let Some(id) = written.id.clone().or(name).filter(|id| !id.is_empty()) else {
            self.refuse("title:", "`id` is missing; every rule has one, as a UUID");
            return None;
        };
        self.names(&written);
        let ready = match compile_rule(&written) {
            Ok(compiled) => Ready::of(&compiled),
            Err(error) => {
                let error = error.to_string();
                self.refuse(if error.contains("regex") { "|re" } else { "" }, &error);
                return None;
            }
        };
        Some(Rule { slug, id, source, section, written, ready })
    }

    /// Every name in the condition stands for a selection.
    fn names(&mut self, rule: &SigmaRule) {
        for condition in &rule.detection.conditions {
            for name in super::condition::unknown(condition, &rule.detection.named) {
                self.refuse("condition:", &format!("the condition names `{name}`, and there is no such selection"));
            }
        }
    }

    fn refuse(&mut self, construct: &str, what: &str) {
        let line = (!construct.is_empty()).then(|| self.line_of(construct)).flatten();
        let what = clean(what, QUOTE_LIMIT * 2).into_owned();
        self.mistakes.push(Mistake { line, key: String::new(), what, hint: None });
    }

    fn line_of(&self, construct: &str) -> Option<usize> {
        line_of(self.text, construct)
    }
}

/// The first line on which a construct is written, comments aside.
pub(super) fn line_of(text: &str, construct: &str) -> Option<usize> {
    let lines = (1..).zip(text.lines());
    lines
        .filter(|(_, line)| !line.trim_start().starts_with('#'))
        .find(|(_, line)| line.contains(construct))
        .map(|(n, _)| n)
}

/// The section of a document, which was looked at before.
fn section_of(attributes: &HashMap<String, Value>) -> Option<Section> {
    yaml_serde::from_value(attributes.get("lapwing")?.clone()).ok()
}

/// What the parser says of a condition: a picture of several lines, of which one names the place and one what was wanted.
fn broken_condition(error: &str) -> String {
    let place = error.split("--> 1:").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or("1");
    let written = error.lines().find_map(|line| line.strip_prefix("1 | ")).unwrap_or_default();
    let left =
        place.parse::<usize>().ok().and_then(|column| written.get(column.saturating_sub(1)..)).unwrap_or_default();
    let hint = if left.starts_with('|') { "; a correlation rule counts instead" } else { "" };
    format!("the condition cannot be read from `{left}` on{hint}")
}

#[derive(Clone, Copy, PartialEq)]
enum Scope {
    /// Names are members of a record.
    Record,
    /// Names are members of something inside it, or of a line that may hold anything.
    Inner,
}

fn described(source: &LogSource) -> String {
    let parts = [("product", &source.product), ("category", &source.category), ("service", &source.service)];
    let named = parts.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} {value}")));
    named.collect::<Vec<_>>().join(", ")
}
