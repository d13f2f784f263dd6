//! Each line of the scripts below is one mistake as a person reads it, its hint after ` | `.

use lapwing_detectors::alert::Subject;
use lapwing_detectors::detector::{About, Nature, Ranking, Timing, Trigger};
use lapwing_detectors::settings::{Field, Minutes, Value, Visit};
use lapwing_detectors::severity::Severity;

use super::catalog::{Catalog, Entry};
use super::*;

/// A detector with a field of every kind.
pub(super) struct DeniedBurst {
    pub(super) count: u32,
    pub(super) window: Minutes,
    share: f64,
    ratio: f64,
    severity: Severity,
}

impl DeniedBurst {
    const ABOUT: About = About {
        id: "denied-burst",
        title: "Many refused calls",
        what: "One principal is refused often within minutes.",
        why: "Whoever holds a stolen key tries what it opens.",
        innocent: "A deploy with a missing permission.",
        attack: &["T1580"],
        next: &["look at the session"],
        families: &[],
        trigger: Trigger::Slots(&[]),
        nature: Nature::Deed,
        timing: Timing::Monotone,
        never_muted: false,
        ranking: Ranking::Count,
    };

    pub(super) fn new() -> DeniedBurst {
        DeniedBurst { count: 10, window: Minutes(10), share: 5.0, ratio: 3.0, severity: Severity::Low }
    }

    pub(super) fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        visit.field(field("count", "refused calls that make a burst", 1.0, 1000.0), Value::Count(&mut self.count));
        visit.field(field("window", "the time they fall into", 1.0, 1440.0), Value::Minutes(&mut self.window));
        visit.field(field("share", "the least share of all calls", 0.0, 100.0), Value::Percent(&mut self.share));
        visit.field(field("ratio", "how many times the usual", 1.0, 100.0), Value::Ratio(&mut self.ratio));
        visit.field(field("severity", "how grave a burst is", 0.0, 0.0), Value::Severity(&mut self.severity));
    }
}

const TAMPERING: About =
    About { id: "trail-tampering", title: "The trail is stopped", never_muted: true, ..DeniedBurst::ABOUT };
const ROOT: About = About { id: "root-use", title: "The root user acts", ..DeniedBurst::ABOUT };

pub(crate) fn catalog() -> Catalog {
    Catalog(vec![
        Entry::new(&DeniedBurst::ABOUT, |visit| DeniedBurst::new().settings(visit)),
        Entry::new(&ROOT, |_| {}),
        Entry::new(&TAMPERING, |_| {}),
    ])
}

pub(super) fn read(toml: &str) -> Settings {
    Settings::read("x", toml, &catalog()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

pub(super) fn subject(account: &str, principal: &str, function: &str) -> Subject {
    let own = str::to_owned;
    Subject { account: own(account), principal: own(principal), function: own(function), ..Subject::default() }
}

/// One line per mistake: `LINE KEY: WHAT | HINT`.
pub(super) fn lines(result: Result<Settings, Mistakes>) -> Vec<String> {
    let line = |m: Mistake| {
        let line = m.line.map(|line| format!("{line} ")).unwrap_or_default();
        let hint = m.hint.map(|hint| format!(" | {hint}")).unwrap_or_default();
        format!("{line}{}: {}{hint}", m.key, m.what)
    };
    result.err().map(|mistakes| mistakes.found.into_iter().map(line).collect()).unwrap_or_default()
}

fn check(toml: &str, wanted: &[&str]) {
    assert_eq!(lines(Settings::read("x", toml, &catalog())), wanted, "in:\n{toml}");
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(read(""), Settings::default());
    assert_eq!(read("# nothing\n[detectors]\n[lateness]\n"), Settings::default());
}

#[test]
fn every_field_of_a_detector_is_read() {
    let settings = read(
        "[detectors.denied-burst]
         enabled = false
         max_severity = 'medium'
         count = 0x3e8
         window = '1h'
         share = 12.5
         ratio = 4
         severity = 'high'",
    );
    let mut detector = DeniedBurst::new();
    detector.settings(&mut settings.detectors["denied-burst"].apply());
    assert_eq!((detector.count, detector.window), (1000, Minutes(60)));
    assert_eq!((detector.share, detector.ratio, detector.severity), (12.5, 4.0, Severity::High));
    assert_eq!(Vec::from_iter(settings.off), ["denied-burst"]);
    assert_eq!(settings.detectors["denied-burst"].max_severity, Some(Severity::Medium));
}

#[test]
fn mistakes_in_a_detector() {
    check(
        "[detectors.denied-burst]
count = 0
window = '25h'
share = 101
ratio = nan
severity = 'urgent'
max_severity = 3
enabled = 'yes'
treshold = 5",
        &[
            "2 detectors.denied-burst.count: 0 is not a whole number from 1 to 1000",
            "3 detectors.denied-burst.window: \"25h\" is not a duration from \"1m\" to \"1d\"",
            "4 detectors.denied-burst.share: 101 is not a number from 0 to 100 per cent",
            "5 detectors.denied-burst.ratio: nan is not a number from 1 to 100",
            "6 detectors.denied-burst.severity: \"urgent\" is not a severity (info, low, medium, high, critical)",
            "7 detectors.denied-burst.max_severity: 3 is not a text | put it in quotes",
            "8 detectors.denied-burst.enabled: \"yes\" is not true or false",
            "9 detectors.denied-burst.treshold: there is no such key | known here: enabled, max_severity, \
             count, window, \
             share, ratio, severity",
        ],
    );
    check(
        "[detectors.denied-burst]\ncount = '5'\nwindow = 10\nratio = 99999999999999999999999\nwindov = '1h'",
        &[
            "2 detectors.denied-burst.count: \"5\" is not a whole number from 1 to 1000 | write the number \
             without quotes",
            "3 detectors.denied-burst.window: 10 is not a text | put it in quotes",
            "4 detectors.denied-burst.ratio: 99999999999999999999999 is not a number from 1 to 100",
            "5 detectors.denied-burst.windov: there is no such key | did you mean `window`?",
        ],
    );
    check(
        "[detectors]\nroot-use = true\n[detectors.root-uze]\n[detectors.trail-tampering]\nenabled = false\n",
        &[
            "2 detectors.root-use: true is not a table",
            "3 detectors.root-uze: there is no such detector or key | did you mean `root-use`?",
            "5 detectors.trail-tampering.enabled: this detector is never muted | it watches the log itself: whoever \
             silences it could do anything unseen",
        ],
    );
}

#[test]
fn mistakes_in_the_other_sections() {
    check("lateness = 5", &["1 lateness: 5 is not a table"]);
    check(
        "[lateness]\nlambda = '0m'\ncloudtrail = '2d'\n[latenes]",
        &[
            "2 lateness.lambda: \"0m\" is not a duration from \"1m\" to \"1d\"",
            "3 lateness.cloudtrail: \"2d\" is not a duration from \"1m\" to \"1d\"",
            "4 latenes: there is no such key | did you mean `lateness`?",
        ],
    );
    check(
        "[accounts.1234]\nname = ''\n[accounts.111122223333]\nnme = 'x'\nenv = 7",
        &[
            "1 accounts.1234: the key is not an account id of 12 digits",
            "2 accounts.1234.name: \"\" is not a text | it is empty: leave the key out instead",
            "4 accounts.111122223333.nme: there is no such key | did you mean `name`?",
            "5 accounts.111122223333.env: 7 is not a text | put it in quotes",
        ],
    );
    check(
        "[[owner]]\nteam = 'a'\n[[owner]]\naccount = 111122223333\nfunction = 'pay-['\n[owner2]",
        &[
            "1 owner: it matches nobody: `account`, `function` or `principal` is wanted",
            "3 owner: it says nothing: `team` or `runbook` is wanted",
            "4 owner.account: 111122223333 is not a text | put it in quotes",
            "5 owner.function: \"pay-[\" is not a glob: unclosed character class; missing ']'",
            "6 owner2: there is no such key | did you mean `owner`?",
        ],
    );
    check("[owner]\nteam = 'a'", &["1 owner: a table is not a list of tables | begin each with `[[owner]]`"]);
    check(
        "[metrics]\nenabled = 1\nby = 'principal'\nnamespace = 'AWS/Lambda'\n[limits]\ninflated_mb = 0\nentities = 1.5\n\
         [state]\ntable = 'a b'\ntabel = 1",
        &[
            "2 metrics.enabled: 1 is not true or false",
            "3 metrics.by: \"principal\" is not what findings can be counted by (detector, severity)",
            "4 metrics.namespace: \"AWS/Lambda\" is not a CloudWatch namespace | names that begin with `AWS/` \
             are reserved \
             for AWS services",
            "6 limits.inflated_mb: 0 is not a whole number from 1 to 4096",
            "7 limits.entities: 1.5 is not a whole number from 100 to 10000000",
            "9 state.table: \"a b\" is not the name of a DynamoDB table | its name, no ARN: letters, digits and \
             `_ . -`, 3 to 255 of them",
            "10 state.tabel: there is no such key | did you mean `table`?",
        ],
    );
}

#[test]
fn mistakes_in_topics() {
    check(
        "[[sns]]
arn = 'arn:aws:sns:eu-west-1:111122223333:alerts'
[[sns]]
arn = 'arn:aws:sns:eu-west-1:111122223333:alerts'
format = 'xml'
[[sns]]
arn = 'alerts'
[[sns]]
min_severity = 'hi'",
        &[
            "3 sns: arn:aws:sns:eu-west-1:111122223333:alerts is there twice | a topic has one format",
            "5 sns.format: \"xml\" is not a format (text, json, chat)",
            "7 sns.arn: \"alerts\" is not the ARN of an SNS topic | write it like \
             \"arn:aws:sns:eu-west-1:111122223333:lapwing\"",
            "8 sns: `arn` is missing",
            "9 sns.min_severity: \"hi\" is not a severity (info, low, medium, high, critical) | did you mean `high`?",
        ],
    );
}

#[test]
fn mistakes_in_overrides_and_the_allow_list() {
    check(
        "[[override]]
account = '111122223333'
[[override]]
principal = 'role/*'
denied-burst = { count = 5000, cont = 1 }
denied-brst = { count = 5 }
trail-tampering = { max_severity = 'low' }",
        &[
            "1 override: it changes nothing: `max_severity` or the table of a detector is wanted",
            "5 override.denied-burst.count: 5000 is not a whole number from 1 to 1000",
            "5 override.denied-burst.cont: there is no such key | did you mean `count`?",
            "6 override.denied-brst: there is no such detector or key | did you mean `denied-burst`?",
            "7 override.trail-tampering.max_severity: this detector is never muted | it watches the log itself: \
             whoever silences it could do anything unseen",
        ],
    );
    check(
        "[[allow]]
reason = 'why not'
[[allow]]
address = '192.0.2.7/24'
region = 'Ireland'
until = 'soon'
detectors = ['root-use', 'root-use', 'rootuse', 'trail-tampering', 4]
[[allow]]
detectors = 'root-use'
reason = 'x'",
        &[
            "1 allow: it would hide everything: one of `principal`, `function`, `address`, `account`, `region`, `detectors` \
             is wanted",
            "3 allow: `reason` is missing",
            "4 allow.address: \"192.0.2.7/24\" is not an IP address or a network in CIDR form | its first address is \
             192.0.2.0: write \"192.0.2.0/24\"",
            "5 allow.region: \"Ireland\" is not the name of a Region | write it like \"eu-west-1\"",
            "6 allow.until: \"soon\" is not a date or an RFC 3339 time | write it like \"2026-12-31\" (that day \
             included) or \
             \"2026-12-31T18:00:00Z\"",
            "7 allow.detectors: `root-use` is named twice",
            "7 allow.detectors: there is no detector \"rootuse\" | did you mean `root-use`?",
            "7 allow.detectors: `trail-tampering` is never muted | it watches the log itself: whoever silences \
             it could do \
             anything unseen",
            "7 allow.detectors: 4 is not a text | put it in quotes",
            "9 allow.detectors: \"root-use\" is not a list | write it like [\"…\", \"…\"]",
        ],
    );
}

#[test]
fn what_is_not_toml_hides_no_other_mistake() {
    check(
        "[lateness]\nlambda = 5m\ncloudtrail = 'x'\n[metrics]\nenabled = true\nenabled = false",
        &[
            "2 : this is not TOML: string values must be quoted, expected literal string",
            "3 lateness.cloudtrail: \"x\" is not a duration in whole minutes | write it like \"10m\", \"1h\" or \"2d\"",
            "6 : this is not TOML: duplicate key",
        ],
    );
    check(
        "[metrics\nby = 3\n[lateness]\nlambda = 1",
        &[
            "1 : this is not TOML: unclosed table, expected `]`",
            "4 lateness.lambda: 1 is not a text | put it in quotes",
        ],
    );
}

#[test]
fn messages_are_safe_on_a_terminal() {
    let result = Settings::read("x\u{1b}[2J", "\"ev\\u001bil\\n\" = 1\n[limits]\nentities = \"\\u202e\"", &catalog());
    let text = result.unwrap_err().to_string();
    assert!(!text.chars().any(|c| c.is_control() && c != '\n') && !text.contains('\u{202e}'), "{text:?}");
    assert_eq!(text.lines().count(), 4, "{text}");
}

#[test]
fn a_message_says_where_and_what() {
    let text = Settings::read("my.toml", "[lateness]\nlamda = '5m'\nlambda = 'x'", &catalog()).unwrap_err().to_string();
    assert_eq!(
        text,
        "lapwing: my.toml:2: lateness.lamda: there is no such key\n\
         hint: did you mean `lambda`?\n\
         lapwing: my.toml:3: lateness.lambda: \"x\" is not a duration in whole minutes\n\
         hint: write it like \"10m\", \"1h\" or \"2d\""
    );
}

#[test]
fn what_can_never_count_is_a_mistake() {
    let twice = "an earlier one matches the very same | make one of the two";
    check(
        "[[owner]]
function = 'pay-*'
team = 'a'
[[owner]]
function = 'pay-*'
team = 'b'
[[owner]]
function = 'pay-*'
account = '1'
team = 'c'
[[override]]
function = 'pay-*'
max_severity = 'low'
[[override]]
function = 'pay-*'
denied-burst = { count = 5 }
[[allow]]
region = 'eu-west-1'
reason = 'a'
[[allow]]
region = 'eu-west-1'
reason = 'b'
[[allow]]
region = 'eu-west-1'
until = '2030-01-01'
reason = 'b'",
        &[
            &format!("4 owner: {twice}"),
            "9 owner.account: \"1\" is not an account id of 12 digits",
            &format!("14 override: {twice}"),
            &format!("20 allow: {twice}"),
        ],
    );
}

#[test]
fn a_deep_file_is_refused_and_does_no_harm() {
    for deep in ["[", "{a=", "a."] {
        let text = format!("x = {}", deep.repeat(100_000));
        assert!(Settings::read("x", &text, &catalog()).is_err());
        assert!(Settings::read("x", &deep.repeat(100_000), &catalog()).is_err());
    }
}
