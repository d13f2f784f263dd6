//! What an event must be for a rule to hold, where that can be told without reading its record: a failure, the root
//! user's, an Insight. Most rules without a key of their own need one of these.

use std::collections::{BTreeSet, HashMap};

use lapwing_detectors::rule::Need;
use rsigma_parser::{ConditionExpr, Detection, DetectionItem, Modifier, Quantifier, SigmaRule, SigmaValue};

use super::keys::fits;

/// All that the rule needs.
pub(crate) fn needs(rule: &SigmaRule) -> Vec<Need> {
    let named = &rule.detection.named;
    any(rule.detection.conditions.iter().map(|one| of_condition(one, named))).into_iter().collect()
}

type Needs = BTreeSet<Need>;

fn of_condition(condition: &ConditionExpr, named: &HashMap<String, Detection>) -> Needs {
    match condition {
        ConditionExpr::And(parts) => all(parts.iter().map(|one| of_condition(one, named))),
        ConditionExpr::Or(parts) => any(parts.iter().map(|one| of_condition(one, named))),
        ConditionExpr::Not(_) | ConditionExpr::Selector { quantifier: Quantifier::Count(0), .. } => Needs::new(),
        ConditionExpr::Identifier(name) => named.get(name).map(of_detection).unwrap_or_default(),
        ConditionExpr::Selector { quantifier, pattern } => {
            let each = named.iter().filter(|(name, _)| fits(pattern, name)).map(|(_, one)| of_detection(one));
            if *quantifier == Quantifier::All { all(each) } else { any(each) }
        }
    }
}

fn of_detection(detection: &Detection) -> Needs {
    match detection {
        Detection::AllOf(items) => items.iter().filter_map(of_item).collect(),
        Detection::And(parts) => all(parts.iter().map(of_detection)),
        Detection::AnyOf(parts) => any(parts.iter().map(of_detection)),
        Detection::ArrayMatch { .. } | Detection::Conditional { .. } | Detection::Keywords(_) => Needs::new(),
    }
}

fn of_item(item: &DetectionItem) -> Option<Need> {
    let text = |value: &SigmaValue| match value {
        SigmaValue::String(text) => text.as_plain(),
        _ => None,
    };
    let only = |wanted: &str| {
        item.field.modifiers.is_empty() && item.values.iter().all(|v| text(v).is_some_and(|v| v == wanted))
    };
    match item.field.name.as_deref()? {
        "errorCode" | "errorMessage" if is_there(item) => Some(Need::Failure),
        "userIdentity.type" if only("Root") => Some(Need::Root),
        "eventType" if only("AwsCloudTrailInsight") => Some(Need::Insight),
        _ => None,
    }
}

/// Does the item hold only where its member is there?
fn is_there(item: &DetectionItem) -> bool {
    let values = |wanted: fn(&SigmaValue) -> bool| !item.values.is_empty() && item.values.iter().all(wanted);
    match item.field.modifiers.as_slice() {
        [Modifier::Exists] => values(|value| matches!(value, SigmaValue::Bool(true))),
        modifiers => {
            use Modifier::{All, Cased, Contains, EndsWith, Re, StartsWith};
            let plain = |m: &Modifier| matches!(m, Contains | StartsWith | EndsWith | Re | All | Cased);
            modifiers.iter().all(plain) && values(|value| matches!(value, SigmaValue::String(_)))
        }
    }
}

/// What holds where each of these does needs what any of them needs.
fn all(each: impl Iterator<Item = Needs>) -> Needs {
    each.flatten().collect()
}

/// What holds where one of these does needs what they all need.
fn any(each: impl Iterator<Item = Needs>) -> Needs {
    each.reduce(|one, other| one.intersection(&other).copied().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rsigma_parser::parse_sigma_yaml;

    use super::*;

    #[test]
    fn needs_are_what_no_event_that_fits_is_without() {
        for (detection, wanted) in [
            (" a: {errorCode: AccessDenied}\n condition: a", &[Need::Failure][..]),
            (" a: {errorMessage|contains: denied}\n condition: a", &[Need::Failure]),
            (" a: {errorCode|exists: true}\n condition: a", &[Need::Failure]),
            (" a: {errorCode|exists: false}\n condition: a", &[]),
            (" a: {errorCode: [X, null]}\n condition: a", &[]),
            (" a: {errorCode|neq: X}\n condition: a", &[]),
            (" a: {errorCode: X}\n condition: not a", &[]),
            (" a: {errorCode: X}\n b: {eventName: Y}\n condition: a or b", &[]),
            (" a: {errorCode: X}\n b: {errorMessage: Y}\n condition: 1 of them", &[Need::Failure]),
            (" a: {errorCode: X}\n b: {userIdentity.type: Root}\n condition: a and b", &[Need::Failure, Need::Root]),
            (" a: {userIdentity.type: [Root, IAMUser]}\n condition: a", &[]),
            (" a: {eventType: AwsCloudTrailInsight}\n condition: a and not 1 of b*", &[Need::Insight]),
        ] {
            let text = format!("title: t\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n{detection}");
            assert_eq!(needs(&parse_sigma_yaml(&text).unwrap().rules[0]), wanted, "{detection}");
        }
    }
}
