//! Conditions as trees: what they name, and what is left of a rule without one of its conditions.

use std::collections::HashMap;

use rsigma_parser::{ConditionExpr, Detection, DetectionItem, Quantifier, SelectorPattern, SigmaRule};

use super::keys::fits;

/// The selections of a rule, by name.
type Named = HashMap<String, Detection>;

/// The names and patterns in a condition that stand for no selection.
pub(super) fn unknown(condition: &ConditionExpr, named: &Named) -> Vec<String> {
    match condition {
        ConditionExpr::And(all) | ConditionExpr::Or(all) => all.iter().flat_map(|one| unknown(one, named)).collect(),
        ConditionExpr::Not(inner) => unknown(inner, named),
        ConditionExpr::Identifier(name) if named.contains_key(name) => Vec::new(),
        ConditionExpr::Identifier(name) => vec![name.clone()],
        ConditionExpr::Selector { pattern, .. } if !members(pattern, named).is_empty() => Vec::new(),
        ConditionExpr::Selector { pattern, .. } => vec![pattern.to_string()],
    }
}

/// The names that a pattern stands for, in order.
pub(super) fn members<'n>(pattern: &SelectorPattern, named: &'n Named) -> Vec<&'n String> {
    let mut all: Vec<&String> = named.keys().filter(|name| fits(pattern, name)).collect();
    all.sort();
    all
}

/// The rule without some of its conditions; nothing where it has none of them. What is left finds more than the rule.
pub(super) fn without(rule: &SigmaRule, drop: &Drop) -> Option<SigmaRule> {
    let parts = Parts { named: &rule.detection.named, conditions: &rule.detection.conditions };
    let gone = |name: &str, path: &str| match drop {
        Drop::Selection(selection) => name == selection,
        Drop::Item(selection, field) => name == selection && path == field,
        Drop::Member(member) => related(path, member),
    };
    let mut looser = rule.clone();
    let touched = rule.detection.named.iter().any(|(name, part)| paths(part, "").iter().any(|path| gone(name, path)));
    (looser.detection.named, looser.detection.conditions) = parts.without("", &gone);
    touched.then_some(looser)
}

/// Is an item gone: by the selection that it is in, and the member that it looks at?
type Gone<'g> = &'g dyn Fn(&str, &str) -> bool;

/// Selections, and the conditions on them.
struct Parts<'r> {
    named: &'r Named,
    conditions: &'r [ConditionExpr],
}

impl Parts<'_> {
    /// What is left of them, of an object at the path `above`.
    ///
    /// Of a selection that must hold, the items are dropped; of one that must not hold, dropping an item would make it
    /// hold more often, so the whole selection is.
    fn without(&self, above: &str, gone: Gone<'_>) -> (Named, Vec<ConditionExpr>) {
        let mut left = self.named.clone();
        for (name, detection) in self.named {
            if !paths(detection, above).iter().any(|path| gone(name, path)) {
                continue;
            }
            let negated = self.conditions.iter().any(|condition| negates(condition, name, (self.named, Sign::Plain)));
            let less = if negated { None } else { lessened(detection, above, &|path| gone(name, path)) };
            match less {
                Some(less) => left.insert(name.clone(), less),
                None => left.remove(name),
            };
        }
        let dropped: Vec<String> = self.named.keys().filter(|name| !left.contains_key(*name)).cloned().collect();
        let loose = |condition: &ConditionExpr| loosened(condition, &dropped, (self.named, Sign::Plain));
        (left, self.conditions.iter().filter_map(loose).collect())
    }
}

/// What to leave out of a rule.
pub(super) enum Drop {
    /// A whole selection.
    Selection(String),
    /// The items of a selection that look at a member.
    Item(String, String),
    /// Whatever looks at a member of the event.
    Member(String),
}

#[derive(Clone, Copy, PartialEq)]
enum Sign {
    Plain,
    Negated,
}

impl Sign {
    fn turned(self) -> Sign {
        if self == Sign::Plain { Sign::Negated } else { Sign::Plain }
    }
}

/// A condition without some selections, holding more often than before; nothing where it then always holds.
fn loosened(condition: &ConditionExpr, dropped: &[String], (named, sign): (&Named, Sign)) -> Option<ConditionExpr> {
    let each = |all: &[ConditionExpr]| all.iter().map(|one| loosened(one, dropped, (named, sign))).collect::<Vec<_>>();
    match condition {
        ConditionExpr::Identifier(name) => (!dropped.contains(name)).then(|| condition.clone()),
        ConditionExpr::Not(inner) => {
            loosened(inner, dropped, (named, sign.turned())).map(|inner| ConditionExpr::Not(Box::new(inner)))
        }
        ConditionExpr::And(all) if sign == Sign::Plain => some_of(each(all)).map(ConditionExpr::And),
        ConditionExpr::And(all) => each(all).into_iter().collect::<Option<Vec<_>>>().map(ConditionExpr::And),
        ConditionExpr::Or(all) if sign == Sign::Negated => some_of(each(all)).map(ConditionExpr::Or),
        ConditionExpr::Or(all) => each(all).into_iter().collect::<Option<Vec<_>>>().map(ConditionExpr::Or),
        ConditionExpr::Selector { quantifier, pattern } => {
            let names = members(pattern, named).into_iter().cloned().map(ConditionExpr::Identifier).collect();
            let spelt = match quantifier {
                Quantifier::All => ConditionExpr::And(names),
                Quantifier::Any | Quantifier::Count(1) => ConditionExpr::Or(names),
                Quantifier::Count(_) => return Some(condition.clone()),
            };
            loosened(&spelt, dropped, (named, sign))
        }
    }
}

fn some_of(all: Vec<Option<ConditionExpr>>) -> Option<Vec<ConditionExpr>> {
    let left: Vec<_> = all.into_iter().flatten().collect();
    (!left.is_empty()).then_some(left)
}

/// Does a selection stand under a `not` in a condition?
fn negates(condition: &ConditionExpr, name: &str, (named, sign): (&Named, Sign)) -> bool {
    match condition {
        ConditionExpr::And(all) | ConditionExpr::Or(all) => all.iter().any(|one| negates(one, name, (named, sign))),
        ConditionExpr::Not(inner) => negates(inner, name, (named, sign.turned())),
        ConditionExpr::Identifier(found) => sign == Sign::Negated && found == name,
        ConditionExpr::Selector { pattern, .. } => {
            sign == Sign::Negated && members(pattern, named).iter().any(|found| *found == name)
        }
    }
}

/// A selection without the items that look at some member; nothing where no item is left.
fn lessened(detection: &Detection, above: &str, gone: &dyn Fn(&str) -> bool) -> Option<Detection> {
    let all = |parts: &[Detection]| parts.iter().map(|part| lessened(part, above, gone)).collect::<Vec<_>>();
    match detection {
        Detection::AllOf(items) => {
            let left = items.iter().filter(|item| !gone(&path_of(above, item))).cloned().collect::<Vec<_>>();
            (!left.is_empty()).then_some(Detection::AllOf(left))
        }
        // One of several that always holds makes them all hold.
        Detection::AnyOf(parts) => all(parts).into_iter().collect::<Option<Vec<_>>>().map(Detection::AnyOf),
        Detection::And(parts) => {
            let left: Vec<_> = all(parts).into_iter().flatten().collect();
            (!left.is_empty()).then_some(Detection::And(left))
        }
        Detection::ArrayMatch { field, quantifier, body } => {
            let body = Box::new(lessened(body, &joined(above, field), gone)?);
            Some(Detection::ArrayMatch { field: field.clone(), quantifier: *quantifier, body })
        }
        Detection::Conditional { named, condition } => {
            let parts = Parts { named, conditions: std::slice::from_ref(condition) };
            let (named, left) = parts.without(above, &|_, path| gone(path));
            Some(Detection::Conditional { named, condition: left.into_iter().next()? })
        }
        Detection::Keywords(_) => Some(detection.clone()),
    }
}

/// The members that a selection looks at, of an object at the path `above`.
pub(super) fn paths(detection: &Detection, above: &str) -> Vec<String> {
    let all = |parts: &[Detection]| parts.iter().flat_map(|part| paths(part, above)).collect();
    match detection {
        Detection::AllOf(items) => items.iter().map(|item| path_of(above, item)).collect(),
        Detection::AnyOf(parts) | Detection::And(parts) => all(parts),
        Detection::ArrayMatch { field, body, .. } => paths(body, &joined(above, field)),
        Detection::Conditional { named, .. } => named.values().flat_map(|part| paths(part, above)).collect(),
        Detection::Keywords(_) => Vec::new(),
    }
}

fn joined(above: &str, field: &str) -> String {
    if above.is_empty() { field.to_owned() } else { format!("{above}.{field}") }
}

fn path_of(above: &str, item: &DetectionItem) -> String {
    item.field.name.as_deref().map_or_else(|| above.to_owned(), |name| joined(above, name))
}

/// Is one of the paths the other, or inside it? Places in lists are left aside.
pub(super) fn related(one: &str, other: &str) -> bool {
    let bare = |path: &str| -> Vec<String> {
        path.split('.').map(|part| part.split('[').next().unwrap_or_default().to_owned()).collect()
    };
    let (one, other) = (bare(one), bare(other));
    let shared = one.len().min(other.len());
    one[..shared] == other[..shared]
}
