//! The calls that a rule can hold for, read from its conditions, so that no other call needs to be held against it.
//! The build script reads the built-in rules with this too.

use std::collections::HashMap;

use rsigma_parser::{
    ConditionExpr, Detection, DetectionItem, Modifier, Quantifier, SelectorPattern, SigmaRule, SigmaValue,
    detection_name_matches,
};

/// Service and API, of which one may be empty for any.
pub(crate) type Pair = (String, String);

/// More keys than this are not put together from services and APIs: those of one side are enough.
const MOST: usize = 256;

/// Every call that the rule can hold for is among these; none: any call.
pub(crate) fn keys(rule: &SigmaRule) -> Vec<Pair> {
    let named = &rule.detection.named;
    let mut keys = either(rule.detection.conditions.iter().map(|one| of_condition(one, named))).unwrap_or_default();
    keys.sort();
    keys.dedup();
    keys
}

/// Nothing stands for any call.
type Keys = Option<Vec<Pair>>;

fn of_condition(condition: &ConditionExpr, named: &HashMap<String, Detection>) -> Keys {
    match condition {
        ConditionExpr::And(all) => both(all.iter().map(|one| of_condition(one, named))),
        ConditionExpr::Or(all) => either(all.iter().map(|one| of_condition(one, named))),
        ConditionExpr::Not(_) | ConditionExpr::Selector { quantifier: Quantifier::Count(0), .. } => None,
        ConditionExpr::Identifier(name) => of_detection(named.get(name)?),
        ConditionExpr::Selector { quantifier, pattern } => {
            let each = named.iter().filter(|(name, _)| fits(pattern, name)).map(|(_, one)| of_detection(one));
            if *quantifier == Quantifier::All { both(each) } else { either(each) }
        }
    }
}

/// Does a pattern of a condition stand for the selection of that name?
pub(super) fn fits(pattern: &SelectorPattern, name: &str) -> bool {
    match pattern {
        SelectorPattern::Them => !name.starts_with('_'),
        SelectorPattern::Pattern(pattern) => detection_name_matches(pattern, name),
    }
}

fn of_detection(detection: &Detection) -> Keys {
    match detection {
        Detection::AllOf(items) => both(items.iter().map(of_item)),
        Detection::And(parts) => both(parts.iter().map(of_detection)),
        Detection::AnyOf(parts) => either(parts.iter().map(of_detection)),
        Detection::ArrayMatch { .. } | Detection::Conditional { .. } | Detection::Keywords(_) => None,
    }
}

fn of_item(item: &DetectionItem) -> Keys {
    let plain = |modifier: &Modifier| *modifier == Modifier::Cased;
    if !item.field.modifiers.iter().all(plain) {
        return None;
    }
    let pair = |value: &SigmaValue| {
        let SigmaValue::String(text) = value else { return None };
        let text = text.as_plain()?.to_lowercase();
        match item.field.name.as_deref()? {
            "eventSource" => {
                let source = text.strip_suffix(".cn").unwrap_or(&text);
                Some((source.strip_suffix(".amazonaws.com").unwrap_or(source).to_owned(), String::new()))
            }
            // What ends so may be a version, which the names of calls are without.
            "eventName" if !text.ends_with(|last: char| last.is_ascii_digit()) => Some((String::new(), text)),
            _ => None,
        }
    };
    let pairs = item.values.iter().map(pair).collect::<Option<Vec<_>>>()?;
    (!pairs.is_empty()).then_some(pairs)
}

/// The keys of what holds where each of these does.
fn both(all: impl Iterator<Item = Keys>) -> Keys {
    all.flatten().reduce(|one, other| {
        if one.len() * other.len() > MOST {
            return if one.len() < other.len() { one } else { other };
        }
        one.iter().flat_map(|a| other.iter().filter_map(|b| joined(a, b))).collect()
    })
}

/// The keys of what holds where one of these does.
fn either(all: impl Iterator<Item = Keys>) -> Keys {
    all.collect::<Option<Vec<_>>>()
        .map(|all| all.into_iter().flatten().collect())
        .filter(|all: &Vec<_>| !all.is_empty())
}

/// The key of calls that fit both, if any do.
fn joined(one: &Pair, other: &Pair) -> Option<Pair> {
    let part = |a: &str, b: &str| match (a, b) {
        ("", part) | (part, "") => Some(part.to_owned()),
        (a, b) => (a == b).then(|| a.to_owned()),
    };
    Some((part(&one.0, &other.0)?, part(&one.1, &other.1)?))
}

#[cfg(test)]
mod tests {
    use rsigma_parser::parse_sigma_yaml;

    use super::*;

    fn check(detection: &str, wanted: &[&str]) {
        let text = format!("title: t\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n{detection}");
        let collection = parse_sigma_yaml(&text).unwrap();
        let found: Vec<String> = keys(&collection.rules[0]).iter().map(|(s, n)| format!("{s}:{n}")).collect();
        assert_eq!(found, wanted, "{detection}");
    }

    #[test]
    fn keys_are_all_that_a_rule_can_hold_for() {
        let one = " a: {eventSource: IAM.amazonaws.com, eventName: [CreateUser, DeleteUser]}\n";
        check(&format!("{one} condition: a"), &["iam:createuser", "iam:deleteuser"]);
        check(&format!("{one} b: {{eventName: CreateUser}}\n condition: a and b"), &["iam:createuser"]);
        check(
            &format!("{one} b: {{eventName: GetUser}}\n condition: a or b"),
            &[":getuser", "iam:createuser", "iam:deleteuser"],
        );
        check(&format!("{one} b: {{errorCode: X}}\n condition: a and not b"), &["iam:createuser", "iam:deleteuser"]);
        check(&format!("{one} b: {{errorCode: X}}\n condition: a or b"), &[]);
        check(&format!("{one} condition: not a"), &[]);
        check(" a: {eventSource: s3.amazonaws.com}\n condition: a", &["s3:"]);
        check(
            " a: {eventSource: [ec2.amazonaws.com.cn, s3.amazonaws.com]}\n b: {eventName: X}\n condition: all of them",
            &["ec2:x", "s3:x"],
        );
        check(" a_1: {eventName: X}\n a_2: {eventName: Y}\n condition: 1 of a_*", &[":x", ":y"]);
        check(" a:\n  - eventName: X\n  - eventName: Y\n condition: a", &[":x", ":y"]);
    }

    #[test]
    fn what_is_no_plain_name_leaves_the_rule_open() {
        for item in
            ["eventName: Get*", "eventName|startswith: Get", "eventName: [X, null]", "eventName|re: X", "userAgent: X"]
        {
            check(&format!(" a: {{{item}}}\n condition: a"), &[]);
        }
        check(
            " a: {eventSource: lambda.amazonaws.com, eventName: UpdateFunctionCode20150331v2}\n condition: a",
            &["lambda:"],
        );
    }
}
