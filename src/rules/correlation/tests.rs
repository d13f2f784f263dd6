//! Files of correlations: what they may name, and every mistake in them.

use std::fs;

use crate::rules::load::Loaded;

/// The names of what speaks in these files, and the mistakes in them.
fn check(files: &[(&str, &str)], speaks: &[&str], mistakes: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let loaded = Loaded::folder(folder.path()).unwrap();
    let rules = loaded.rules.iter().map(|(_, rule)| rule.slug.clone());
    let mut names: Vec<String> = rules.chain(loaded.correlations.iter().map(|(_, rule)| rule.slug.clone())).collect();
    names.sort();
    assert_eq!(names, speaks, "{files:?}");
    let path = format!("lapwing: {}/", folder.path().display());
    let lines =
        loaded.mistakes.iter().flat_map(|found| found.to_string().lines().map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(lines.map(|line| line.replace(&path, "")).collect::<Vec<_>>(), mistakes, "{files:?}");
}

const RULE: &str = "title: Read
name: read
id: 11111111-0000-4000-8000-000000000001
logsource: {product: aws, service: cloudtrail}
detection:
  a: {eventName: GetUser}
  condition: a
";

fn of(names: &str, more: &str) -> String {
    format!(
        "title: Many\nname: many\nid: 22222222-0000-4000-8000-000000000002\ncorrelation:\n  type: event_count\n  \
         rules: [{names}]\n  timespan: 5m\n  condition: {{gte: 3}}\n{more}"
    )
}

#[test]
fn rules_of_the_file_are_silent_unless_they_are_to_speak() {
    check(&[("x.yml", &format!("{RULE}---\n{}", of("read", "")))], &["x"], &[]);
    check(&[("x.yml", &format!("{RULE}---\n{}", of("read", "generate: true\n")))], &["x", "x-1"], &[]);
}

#[test]
fn rules_may_be_named_wherever_they_are() {
    check(&[("x.yml", &of("read", "")), ("y.yml", RULE)], &["x", "y"], &[]);
    check(&[("x.yml", &of("11111111-0000-4000-8000-000000000001", "")), ("y.yml", RULE)], &["x", "y"], &[]);
    check(&[("x.yml", &of("y", "")), ("y.yml", RULE)], &["x", "y"], &[]);
    check(&[("x.yml", &of("secret-read", ""))], &["x"], &[]);
}

#[test]
fn what_cannot_be_named_is_said() {
    check(
        &[
            ("x.yml", &of("raed, many, other", "")),
            ("y.yml", RULE),
            ("z.yml", &of("read", "").replace("many", "other").replace("22222222", "33333333")),
        ],
        &["y", "z"],
        &[
            "x.yml:6: the correlation `Many`: there is no rule with the name or id `raed`",
            "hint: did you mean `read`?",
            "x.yml:6: the correlation `Many`: `many` names itself",
            "x.yml:6: the correlation `Many`: `other` is a correlation, and correlations of them are not supported",
        ],
    );
}

#[test]
fn every_mistake_of_a_file_is_said_with_its_line() {
    let text = format!(
        "{RULE}---\n{}---\ntitle: Late\nid: l\ncorrelation:\n  type: temporal\n  rules: [read, many]\n",
        of("read", "").replace("gte: 3", "gte: 3000000")
    );
    check(
        &[("x.yml", &text)],
        &[],
        &[
            "x.yml:18: the correlation `Late`: `timespan` is missing",
            "x.yml:16: the correlation `Many`: numbers over 1000000 are not supported in `event_count`: events are counted up to that",
        ],
    );
}

#[test]
fn correlations_of_other_logs_are_passed_over() {
    let foreign = RULE.replace("product: aws, service: cloudtrail", "product: windows");
    check(&[("x.yml", &format!("{foreign}---\n{}", of("read", "")))], &[], &[]);
    let lines = RULE
        .replace("service: cloudtrail", "service: lambda")
        .replace("name: read", "name: line")
        .replace("1111-0", "1111-1");
    check(
        &[("x.yml", &of("read, line", "")), ("y.yml", RULE), ("z.yml", &lines)],
        &["y", "z"],
        &["x.yml:6: the correlation `Many`: its rules are about different logs, which are not counted together"],
    );
}
