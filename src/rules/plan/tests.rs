//! What correlations may say, and what is refused.

use rsigma_parser::parse_sigma_yaml;

use super::*;

fn read(correlation: &str, source: Source) -> Result<Planned, Vec<String>> {
    let text = format!("title: t\ncorrelation:\n  rules: [a, b, c]\n  timespan: 10m\n{correlation}");
    let collection = parse_sigma_yaml(&text).unwrap();
    assert!(collection.errors.is_empty(), "{:?}", collection.errors);
    let faults = |faults: Vec<Fault>| faults.into_iter().map(|fault| fault.what).collect();
    plan(&collection.correlations[0], source).map_err(faults)
}

fn pattern(correlation: &str) -> Pattern {
    read(correlation, Source::CloudTrail).unwrap().plan.pattern
}

#[test]
fn conditions_say_how_many() {
    let count = |least, most, not| Pattern::Events(Count { least, most, not });
    for (condition, wanted) in [
        ("gte: 5", count(5, u32::MAX, None)),
        ("gt: 5", count(6, u32::MAX, None)),
        ("lte: 5", count(1, 5, None)),
        ("lt: 5", count(1, 4, None)),
        ("eq: 5", count(5, 5, None)),
        ("neq: 5", count(1, u32::MAX, Some(5))),
        ("gt: 5, lte: 7", count(6, 7, None)),
    ] {
        assert_eq!(pattern(&format!("  type: event_count\n  condition: {{{condition}}}")), wanted, "{condition}");
    }
}

#[test]
fn conditions_say_which_steps() {
    for (condition, wanted) in [
        ("", 0b1000_0000),
        ("  condition: {gte: 2}", 0b1110_1000),
        ("  condition: a and (b or c)", 0b1010_1000),
        ("  condition: a and not b", 0b0010_0010),
        ("  condition: 1 of them", 0b1111_1110),
        ("  condition: all of them", 0b1000_0000),
    ] {
        assert_eq!(pattern(&format!("  type: temporal\n{condition}")), Pattern::Together(wanted), "{condition}");
    }
    assert_eq!(pattern("  type: temporal_ordered"), Pattern::Ordered);
}

#[test]
fn groups_are_entities_and_what_keeps_them_apart() {
    for (source, group, family, rest) in [
        (Source::CloudTrail, "", Family::Account, &[][..]),
        (Source::CloudTrail, "userIdentity.arn", Family::Principal, &[]),
        (Source::CloudTrail, "userIdentity.accessKeyId", Family::Principal, &["userIdentity.accessKeyId"]),
        (Source::CloudTrail, "awsRegion, sourceIPAddress", Family::Address, &["awsRegion"]),
        (Source::CloudTrail, "sourceIPAddress, userIdentity.arn", Family::Address, &["userIdentity.arn"]),
        (Source::CloudTrail, "recipientAccountId, eventName", Family::Account, &["eventName"]),
        (Source::CloudTrail, "requestParameters.bucketName", Family::Account, &["requestParameters.bucketName"]),
        (Source::Lambda, "", Family::Function, &[]),
        (Source::Lambda, "function, errorType", Family::Function, &["errorType"]),
    ] {
        let planned = read(&format!("  type: temporal\n  group-by: [{group}]"), source).unwrap();
        assert_eq!((planned.family, planned.fields[0].group.as_slice()), (family, &*strings(rest)), "{group}");
    }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn an_alias_is_a_field_of_each_rule() {
    let text = "  type: value_count\n  aliases: {user: {a: userIdentity.arn, b: userIdentity.userName, c: userIdentity.arn}, \
                thing: {a: requestParameters.x, b: requestParameters.y, c: awsRegion}}\n  group-by: [user]\n  \
                condition: {gte: 3, field: thing}";
    let planned = read(text, Source::CloudTrail).unwrap();
    assert_eq!(planned.family, Family::Principal);
    let values: Vec<_> = planned.fields.iter().map(|fields| fields.values.join(",")).collect();
    assert_eq!(values, ["requestParameters.x", "requestParameters.y", "awsRegion"]);
    assert!(planned.fields.iter().all(|fields| fields.group.is_empty()));
}

#[test]
fn what_cannot_be_judged_is_refused() {
    for (text, wanted) in [
        ("  type: event_count\n  condition: {gte: 1000001}", "numbers over 1000000 are not supported in `event_count`"),
        (
            "  type: value_count\n  condition: {gte: 101, field: x}",
            "numbers over 100 are not supported in `value_count`",
        ),
        ("  type: event_count\n  condition: {gte: 5, lt: 5}", "no number is so"),
        ("  type: event_count\n  condition: {gte: 5, field: x}", "`event_count` counts events"),
        ("  type: event_count\n  condition: a and b", "compares a number"),
        ("  type: value_count\n  condition: {gte: 5}", "none is named"),
        ("  type: value_sum\n  condition: {gte: 5, field: x}", "the type `value_sum` is not supported"),
        ("  type: temporal\n  condition: a and d", "the condition names `d`"),
        ("  type: temporal\n  condition: {gte: 4}", "no set of its rules is enough"),
        ("  type: temporal_ordered\n  condition: a and b", "wants all its rules"),
        ("  type: temporal\n  aliases: {x: {a: y, b: y}}\n  group-by: [x]", "the alias `x` has no field for `c`"),
        ("  type: temporal\n  aliases: {x: {a: y, b: y, c: y, d: y}}", "names `d`, which is not among `rules`"),
        ("  type: temporal\n  window: tumbling", "`tumbling` windows are not supported"),
        ("  type: temporal\n  timeframe: 25h", "a timespan of 90000 s is not supported"),
    ] {
        let faults = read(text, Source::CloudTrail).map(|_| ()).unwrap_err();
        assert!(faults.iter().any(|fault| fault.contains(wanted)), "{text}: {faults:?}");
    }
}
