//! From a correlation as it was written to what the core judges, or to every mistake in it. The build script reads the
//! built-in correlations with this too.

use lapwing_detectors::correlation::{Count, LIMIT, MOST, Pattern, Plan, STEPS};
use lapwing_detectors::entity::Family;
use lapwing_detectors::event::Source;
use rsigma_parser::{
    ConditionExpr, ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType, Quantifier, WindowMode,
};

use super::keys::fits;

/// The longest timespan, in seconds: a day.
const LONGEST: u64 = 86_400;
/// Shorter timespans count as this long, in seconds: of a busy minute not every event is kept.
const SHORTEST: u64 = 60;

/// A correlation as it is judged.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// What must come together.
    pub(crate) plan: Plan,
    /// Whose entities the groups are.
    pub(crate) family: Family,
    /// What is read of the events of each step.
    pub(crate) fields: Vec<Fields>,
}

/// What is read of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// What keeps groups of one entity apart.
    pub(crate) group: Vec<String>,
    /// What is counted.
    pub(crate) values: Vec<String>,
}

/// A mistake: the construct that it is about, as it stands in the file, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) construct: String,
    pub(crate) what: String,
}

/// Members of a record that say who did it.
const CALLER: &[&str] = &[
    "userIdentity.arn",
    "userIdentity.userName",
    "userIdentity.principalId",
    "userIdentity.sessionContext.sessionIssuer.arn",
    "userIdentity.sessionContext.sessionIssuer.userName",
    "userIdentity.sessionContext.sessionIssuer.principalId",
];
/// It says who did it as well, and one caller may have several.
const KEY: &str = "userIdentity.accessKeyId";

/// Reads a correlation whose rules are all about that source.
pub(crate) fn plan(written: &CorrelationRule, source: Source) -> Result<Planned, Vec<Fault>> {
    let mut reader = Reader { written, faults: Vec::new() };
    let pattern = reader.pattern();
    let span = reader.span();
    let (family, mut fields) = reader.groups(source);
    for (step, fields) in fields.iter_mut().enumerate() {
        fields.values = reader.values(step);
    }
    match pattern.filter(|_| reader.faults.is_empty()) {
        Some(pattern) => {
            Ok(Planned { plan: Plan { pattern, steps: written.rules.len(), span: span as u32 }, family, fields })
        }
        None => Err(reader.faults),
    }
}

struct Reader<'r> {
    written: &'r CorrelationRule,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn refuse(&mut self, construct: &str, what: impl Into<String>) {
        self.faults.push(Fault { construct: construct.to_owned(), what: what.into() });
    }

    fn span(&mut self) -> u64 {
        let seconds = self.written.timespan.seconds;
        if seconds > LONGEST {
            let what = format!("a timespan of {seconds} s is not supported: windows reach back 24 hours at most");
            self.refuse("timespan:", what);
        }
        if self.written.window != WindowMode::Sliding {
            self.refuse("window:", format!("`{}` windows are not supported: all slide", self.written.window.as_str()));
        }
        seconds.clamp(SHORTEST, LONGEST)
    }

    fn pattern(&mut self) -> Option<Pattern> {
        let names = &self.written.rules;
        if names.is_empty() {
            self.refuse("correlation:", "`rules` is missing: it names the rules whose events are meant");
        }
        let kind = self.written.correlation_type;
        match kind {
            CorrelationType::EventCount => self.count().map(Pattern::Events),
            CorrelationType::ValueCount => self.count().map(Pattern::Values),
            CorrelationType::Temporal | CorrelationType::TemporalOrdered => {
                if names.len() > STEPS {
                    self.refuse("rules:", format!("it names {} rules, and {STEPS} is the most", names.len()));
                    return None;
                }
                if (1..names.len()).any(|at| names[..at].contains(&names[at])) {
                    self.refuse("rules:", "it names a rule twice");
                }
                if kind == CorrelationType::Temporal { self.together() } else { self.ordered() }
            }
            _ => {
                self.refuse("type:", format!("the type `{}` is not supported", kind.as_str()));
                None
            }
        }
    }

    fn count(&mut self) -> Option<Count> {
        let kind = self.written.correlation_type;
        let CorrelationCondition::Threshold { predicates, field, .. } = &self.written.condition else {
            self.refuse("condition:", format!("`{}` compares a number: write `gte: 5`", kind.as_str()));
            return None;
        };
        match (kind, field) {
            (CorrelationType::ValueCount, None) => {
                self.refuse("condition:", "`value_count` counts the values of a `field`, and none is named");
            }
            (CorrelationType::EventCount, Some(_)) => {
                self.refuse("field:", "`event_count` counts events: a `field` belongs to `value_count`");
            }
            _ => {}
        }
        let count = compared(predicates);
        if count.is_none_or(|count| count.least > count.most) {
            self.refuse("condition:", "no number is so");
            return None;
        }
        let (most, why) = match kind {
            CorrelationType::ValueCount => (LIMIT, "of a minute so many values are kept"),
            _ => (MOST, "events are counted up to that"),
        };
        let count = count.filter(|count| count.limit() <= most);
        if count.is_none() {
            self.refuse("condition:", format!("numbers over {most} are not supported in `{}`: {why}", kind.as_str()));
        }
        count
    }

    fn together(&mut self) -> Option<Pattern> {
        let (written, steps) = (self.written, self.written.rules.len());
        let sets = 0..1_u64 << steps;
        let enough = match &written.condition {
            CorrelationCondition::Threshold { predicates, .. } => {
                let count = wanted(predicates, steps)?;
                sets.filter(|set| count.holds(set.count_ones() as usize)).fold(0, |enough, set| enough | 1 << set)
            }
            CorrelationCondition::Extended(condition) => {
                for name in unknown(condition, &written.rules) {
                    self.refuse("condition:", format!("the condition names `{name}`, which is not among `rules`"));
                }
                sets.filter(|set| holds(condition, &written.rules, *set)).fold(0, |enough, set| enough | 1 << set)
            }
        };
        // Without any event nothing is judged.
        let enough: u64 = enough & !1;
        if enough == 0 {
            self.refuse("condition:", "no set of its rules is enough");
        }
        Some(Pattern::Together(enough))
    }

    fn ordered(&mut self) -> Option<Pattern> {
        let steps = self.written.rules.len();
        let all = match &self.written.condition {
            CorrelationCondition::Threshold { predicates, .. } => wanted(predicates, steps)?.least == steps as u32,
            CorrelationCondition::Extended(_) => false,
        };
        if !all {
            self.refuse("condition:", "`temporal_ordered` wants all its rules, each once, and no condition");
        }
        if steps == 1 {
            self.refuse("rules:", "a sequence has two rules at least");
        }
        Some(Pattern::Ordered)
    }

    /// Whose entities the groups are, and what else keeps them apart, for each step.
    fn groups(&mut self, source: Source) -> (Family, Vec<Fields>) {
        let written = self.written;
        let families = |item: &String| -> Vec<Option<Family>> {
            (0..written.rules.len()).map(|step| family_of(&self.field(item, step), source)).collect()
        };
        let shared = |item: &String| {
            let families = families(item);
            families.first().copied().flatten().filter(|family| families.iter().all(|other| *other == Some(*family)))
        };
        let of_lines = (source == Source::Lambda).then_some(Family::Function);
        let family = written.group_by.iter().find_map(shared).or(of_lines).unwrap_or(Family::Account);
        let mut fields = vec![Fields::default(); written.rules.len()];
        for item in &written.group_by {
            let exact = shared(item) == Some(family);
            for (step, fields) in fields.iter_mut().enumerate() {
                let field = self.field(item, step);
                if !exact || field == KEY {
                    fields.group.push(field);
                }
            }
        }
        self.aliases();
        (family, fields)
    }

    fn aliases(&mut self) {
        let written = self.written;
        for alias in &written.aliases {
            for name in written.rules.iter().filter(|name| !alias.mapping.contains_key(*name)) {
                self.refuse("aliases:", format!("the alias `{}` has no field for `{name}`", alias.alias));
            }
            for name in alias.mapping.keys().filter(|name| !written.rules.contains(name)) {
                self.refuse(
                    "aliases:",
                    format!("the alias `{}` names `{name}`, which is not among `rules`", alias.alias),
                );
            }
        }
    }

    /// The field that is meant in the events of a step: aliases have one for each.
    fn field(&self, name: &str, step: usize) -> String {
        let alias = self.written.aliases.iter().find(|alias| alias.alias == name);
        let field = alias.zip(self.written.rules.get(step)).and_then(|(alias, rule)| alias.mapping.get(rule));
        field.map_or(name, String::as_str).to_owned()
    }

    fn values(&self, step: usize) -> Vec<String> {
        match &self.written.condition {
            CorrelationCondition::Threshold { field: Some(names), .. } => {
                names.iter().map(|name| self.field(name, step)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The family whose entities a field tells apart.
fn family_of(field: &str, source: Source) -> Option<Family> {
    match (source, field) {
        (Source::Lambda, "function") => Some(Family::Function),
        (Source::CloudTrail, "sourceIPAddress") => Some(Family::Address),
        (Source::CloudTrail, "recipientAccountId") => Some(Family::Account),
        (Source::CloudTrail, field) if field == KEY || CALLER.contains(&field) => Some(Family::Principal),
        _ => None,
    }
}

/// The numbers for which all comparisons hold.
fn compared(predicates: &[(ConditionOperator, u64)]) -> Option<Count> {
    let mut count = Count::at_least(1);
    for (operator, number) in predicates {
        let n = u32::try_from(*number).ok()?;
        match operator {
            ConditionOperator::Gte => count.least = count.least.max(n),
            ConditionOperator::Gt => count.least = count.least.max(n.checked_add(1)?),
            ConditionOperator::Lte => count.most = count.most.min(n),
            ConditionOperator::Lt => count.most = count.most.min(n.checked_sub(1)?),
            ConditionOperator::Eq => (count.least, count.most) = (count.least.max(n), count.most.min(n)),
            ConditionOperator::Neq => count.not = Some(n),
        }
    }
    Some(count)
}

/// How many steps are wanted: all of them, unless the condition says otherwise.
fn wanted(predicates: &[(ConditionOperator, u64)], steps: usize) -> Option<Count> {
    match predicates {
        [(ConditionOperator::Gte, 1)] => Some(Count::at_least(steps as u32)),
        predicates => compared(predicates),
    }
}

/// Does a condition hold where the rules in a set have an event?
fn holds(condition: &ConditionExpr, rules: &[String], set: u64) -> bool {
    let there = |at: usize| set >> at & 1 == 1;
    match condition {
        ConditionExpr::And(all) => all.iter().all(|one| holds(one, rules, set)),
        ConditionExpr::Or(all) => all.iter().any(|one| holds(one, rules, set)),
        ConditionExpr::Not(inner) => !holds(inner, rules, set),
        ConditionExpr::Identifier(name) => rules.iter().position(|rule| rule == name).is_some_and(there),
        ConditionExpr::Selector { quantifier, pattern } => {
            let mut fitting = rules.iter().enumerate().filter(|(_, name)| fits(pattern, name)).map(|(at, _)| at);
            match quantifier {
                Quantifier::All => fitting.all(there),
                Quantifier::Any => fitting.any(there),
                Quantifier::Count(n) => fitting.filter(|at| there(*at)).count() as u64 >= *n,
            }
        }
    }
}

/// The names in a condition that are not among the rules.
fn unknown(condition: &ConditionExpr, rules: &[String]) -> Vec<String> {
    match condition {
        ConditionExpr::And(all) | ConditionExpr::Or(all) => all.iter().flat_map(|one| unknown(one, rules)).collect(),
        ConditionExpr::Not(inner) => unknown(inner, rules),
        ConditionExpr::Identifier(name) if rules.contains(name) => Vec::new(),
        ConditionExpr::Identifier(name) => vec![name.clone()],
        ConditionExpr::Selector { pattern, .. } if rules.iter().any(|name| fits(pattern, name)) => Vec::new(),
        ConditionExpr::Selector { pattern, .. } => vec![pattern.to_string()],
    }
}

#[cfg(test)]
mod tests;
