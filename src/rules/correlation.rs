//! Correlations as they are read: rules about several events, and the rules that they name.

use std::borrow::Cow;

use lapwing_detectors::apis::Narrowed;
use lapwing_detectors::correlation::{Counted, Member, Members};
use lapwing_detectors::event::{Event, Source};
use lapwing_detectors::hash::{hash_of, hash_one};
use rsigma_eval::{EventValue, compile_rule};
use rsigma_parser::{CorrelationRule, SigmaCollection, SigmaRule};
use smallvec::SmallVec;

use super::card::Card;
use super::fields::{Field, Seen};
use super::parse::{QUOTE_LIMIT, Rule, line_of};
use super::plan::{Fault, Fields, Planned, plan};
use super::ready::Ready;
use super::section::Section;

use crate::report::clean::clean;
use crate::settings::{Mistake, Mistakes, nearest};

#[cfg(test)]
mod tests;

/// As much of a value as is kept to be shown, in characters: most are names.
const VALUE_LIMIT: usize = 128;

/// A correlation whose rules are not looked up yet: they may be in other files.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The name in alerts and settings.
    pub(super) slug: String,
    /// What it says besides Sigma.
    pub(super) section: Option<Section>,
    /// As it was written.
    pub(super) written: CorrelationRule,
    /// Its file.
    pub(super) text: String,
}

/// A correlation, ready to be judged.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// The name in alerts and settings.
    pub slug: String,
    /// Its Sigma id.
    pub id: String,
    /// What its rules are about.
    pub source: Source,
    /// What it says besides Sigma.
    pub section: Option<Section>,
    /// As it was written.
    pub written: CorrelationRule,
    /// The rules that it names, in their order.
    pub(super) rules: Vec<SigmaRule>,
    pub(super) planned: Planned,
    pub(super) steps: Steps,
}

impl Correlation {
    /// Is it judged on counters, which are exact per delivery?
    #[must_use]
    pub fn is_summed(&self) -> bool {
        self.planned.plan.is_summed()
    }

    /// What is said of it.
    pub(super) fn card(&self) -> Option<Card> {
        Card::of_correlation(&self.slug, &self.written, (&self.rules, &self.planned), self.section.as_ref())
    }
}

/// A rule that a correlation names, and what is read of its events.
#[derive(Clone, Debug)]
pub(super) struct Step {
    ready: Ready,
    /// What its events are grouped by.
    group: Vec<Field>,
    /// What is counted of them.
    values: Vec<Field>,
}

/// The rules that a correlation names.
#[derive(Clone, Debug)]
pub(super) struct Steps(pub(super) Vec<Step>);

impl Steps {
    pub(super) fn of(rules: &[SigmaRule], fields: &[Fields]) -> Option<Steps> {
        let step = |(rule, fields): (&SigmaRule, &Fields)| {
            let all = |paths: &[String]| paths.iter().map(|path| Field::of(path)).collect();
            let (group, values) = (all(&fields.group), all(&fields.values));
            Some(Step { ready: Ready::of(&compile_rule(rule).ok()?), group, values })
        };
        rules.iter().zip(fields).map(step).collect::<Option<Vec<_>>>().map(Steps)
    }
}

impl Members for Steps {
    fn member<'e>(&self, event: &Event<'e>, step: usize) -> Option<Member<'e>> {
        let Step { ready, group, values } = self.0.get(step)?;
        if !ready.holds(&Seen(event)) {
            return None;
        }
        // Without one of these it belongs to no group.
        let group = match group.as_slice() {
            [] => hash_of(&[]),
            fields => {
                let last = |field: &Field| texts(event, field).pop();
                let group = fields.iter().map(last).collect::<Option<Vec<_>>>()?;
                hash_of(&group.iter().map(|text| &**text).collect::<SmallVec<[&str; 4]>>())
            }
        };
        let shows = values.iter().all(Field::is_told);
        let values = match values.as_slice() {
            [] => SmallVec::new(),
            [field] => texts(event, field).into_iter().map(|text| counted(text, shows)).collect(),
            fields => {
                let each = fields.iter().map(|field| texts(event, field).pop());
                let each = each.collect::<Option<Vec<_>>>().map(|values| values.join(", "));
                each.map(|text| counted(text.into(), shows)).into_iter().collect()
            }
        };
        Some(Member { group, values })
    }

    fn narrowed(&self, like: &Event<'_>) -> Narrowed<dyn Members> {
        let narrowed = |step: &Step| Step { ready: step.ready.narrowed(&Seen(like)), ..step.clone() };
        let steps: Vec<Step> = self.0.iter().map(narrowed).collect();
        let never = steps.iter().all(|step| step.ready.is_never());
        if never { Narrowed::Never } else { Narrowed::To(Box::new(Steps(steps))) }
    }
}

/// A value, kept to be shown where the examples of an alert tell as much.
fn counted(text: Cow<'_, str>, shows: bool) -> Counted<'_> {
    let hash = hash_one(&text);
    let shown = match (shows, text) {
        (false, _) => "".into(),
        (true, text) if text.len() <= VALUE_LIMIT => text,
        (true, text) => text.chars().take(VALUE_LIMIT).collect(),
    };
    Counted { hash, shown }
}

type Texts<'e> = SmallVec<[Cow<'e, str>; 1]>;

/// The values of a field: all the members of a list.
fn texts<'e>(event: &Event<'e>, field: &Field) -> Texts<'e> {
    let mut texts = Texts::new();
    if let Some(value) = field.value(event) {
        gather(value, &mut texts);
    }
    texts
}

fn gather<'e>(value: EventValue<'e>, texts: &mut Texts<'e>) {
    match value {
        EventValue::Array(values) => values.into_iter().for_each(|value| gather(value, texts)),
        EventValue::Map(members) => members.into_iter().for_each(|(_, value)| gather(value, texts)),
        EventValue::Str(text) if text.is_empty() => {}
        EventValue::Str(text) => texts.push(text),
        value => texts.extend(value.as_str().map(|text| Cow::Owned(text.into_owned()))),
    }
}

/// A built-in correlation, read from its file: it names rules of that file only.
pub(super) fn built_in(collection: &SigmaCollection) -> Option<Steps> {
    let written = collection.correlations.first()?;
    let rules = own_rules(written, collection)?;
    let source = super::card::source_of(&rules.first()?.logsource)?;
    Steps::of(&rules, &plan(written, source).ok()?.fields)
}

fn own_rules(written: &CorrelationRule, collection: &SigmaCollection) -> Option<Vec<SigmaRule>> {
    let named = |name: &String| collection.rules.iter().find(|rule| is_named(rule, name)).cloned();
    written.rules.iter().map(named).collect()
}

/// Do correlations mean this rule by that name?
pub(super) fn is_named(rule: &SigmaRule, name: &str) -> bool {
    [&rule.id, &rule.name].into_iter().flatten().any(|own| own == name)
}

/// The rules that a correlation may name.
pub(super) struct Known<'k> {
    /// Finds a rule by name or id.
    pub(super) find: &'k dyn Fn(&str) -> Option<Rule>,
    /// The names that there are.
    pub(super) names: &'k [String],
    /// The names of rules about logs that are not read here.
    pub(super) foreign: &'k [String],
    /// The names of correlations.
    pub(super) correlations: &'k [String],
}

impl Draft {
    /// The names that others may mean it by.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        [Some(&self.slug), self.written.id.as_ref(), self.written.name.as_ref()].into_iter().flatten()
    }

    /// Looks up its rules; nothing where some are about a log that is not read here.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(super) fn complete(self, place: &str, known: &Known<'_>) -> Result<Option<Correlation>, Mistakes> {
        if self.written.rules.iter().any(|name| known.foreign.contains(name)) {
            return Ok(None);
        }
        let (mut found, mut rules) = (Vec::new(), Vec::new());
        for name in &self.written.rules {
            match (known.find)(name) {
                Some(rule) => rules.push(rule),
                None => found.push(self.unknown(name, known)),
            }
        }
        let source = rules.first().map_or(Source::CloudTrail, |rule| rule.source);
        if rules.iter().any(|rule| rule.source != source) {
            found.push(self.mistake(&["rules:"], "its rules are about different logs, which are not counted together"));
        }
        let id = self.written.id.clone().filter(|id| !id.is_empty());
        if id.is_none() {
            found.push(self.mistake(&[], "`id` is missing; every rule has one, as a UUID"));
        }
        let planned = plan(&self.written, source).map_err(|faults| {
            found.extend(faults.iter().map(|Fault { construct, what }| self.mistake(&[construct], what)));
        });
        let rules: Vec<SigmaRule> = rules.into_iter().map(|rule| rule.written).collect();
        let steps = planned.as_ref().ok().and_then(|planned| Steps::of(&rules, &planned.fields));
        match (id, planned, steps) {
            (Some(id), Ok(planned), Some(steps)) if found.is_empty() => {
                let Draft { slug, section, written, .. } = self;
                Ok(Some(Correlation { slug, id, source, section, written, rules, planned, steps }))
            }
            _ => {
                found.sort_by_key(|mistake| mistake.line);
                Err(Mistakes { place: place.to_owned(), found })
            }
        }
    }

    fn unknown(&self, name: &str, known: &Known<'_>) -> Mistake {
        let at = ["rules:", name];
        if self.names().any(|own| own == name) {
            return self.mistake(&at, &format!("`{name}` names itself"));
        }
        if known.correlations.iter().any(|other| other == name) {
            return self
                .mistake(&at, &format!("`{name}` is a correlation, and correlations of them are not supported"));
        }
        let names: Vec<&str> = known.names.iter().map(String::as_str).collect();
        let hint = nearest(name, &names).map(|name| format!("did you mean `{name}`?"));
        Mistake { hint, ..self.mistake(&at, &format!("there is no rule with the name or id `{name}`")) }
    }

    /// A mistake, at the line of the last of these constructs, which stand one behind the other.
    fn mistake(&self, constructs: &[&str], what: &str) -> Mistake {
        let what = format!("the correlation `{}`: {what}", self.written.title);
        let title = format!("title: {}", self.written.title);
        let mut line = line_of(&self.text, &title).unwrap_or(1);
        for construct in constructs {
            let rest: String = self.text.split_inclusive('\n').skip(line - 1).collect();
            line += line_of(&rest, construct).map_or(0, |below| below - 1);
        }
        Mistake { line: Some(line), key: String::new(), what: clean(&what, QUOTE_LIMIT * 2).into_owned(), hint: None }
    }
}
