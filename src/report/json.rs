//! An alert as one line of JSON: for programs.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use lapwing_detectors::alert::{Alert, EventId, Span, Subject, Top};
use lapwing_detectors::cause::Cause;
use lapwing_detectors::stage::Stage;
use serde::Serialize;

use super::clean::clean;
use super::text;

/// How many event ids an alert carries at most.
const EVIDENCE: usize = 50;
/// The longest event id, name or other piece of a log kept, in characters: the longest ARN has 2,048, the longest name
/// in it 512. What is longer ends in `…`. With these an alert stays below the 262,144 bytes that SNS takes.
const ID: usize = 128;
const NAME: usize = 512;
const TEXT: usize = 2_000;

/// The alert as one JSON object on one line, without the line's end.
///
/// Every control or invisible character is escaped, so that the line is as safe on a terminal as in a parser.
#[must_use]
pub fn line(alert: &Alert) -> String {
    // Writing strings and numbers into a string cannot fail; an empty line would be seen at once.
    escape(serde_json::to_string(&Line::of(alert)).unwrap_or_default())
}

#[derive(Serialize)]
struct Line<'a> {
    id: String,
    detector: &'a str,
    title: &'a str,
    severity: &'a str,
    status: &'a str,
    raised_at: String,
    subject: SubjectOut<'a>,
    account_name: Cow<'a, str>,
    owner: Cow<'a, str>,
    env: Cow<'a, str>,
    window: SpanOut,
    seen: u64,
    seen_at_least: bool,
    unit: &'a str,
    expected: Option<f64>,
    threshold: Option<f64>,
    p_value: Option<f64>,
    attack: Vec<&'a str>,
    evidence: Vec<String>,
    top: Vec<TopOut<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    before: Vec<BeforeOut<'a>>,
    folded: u32,
    quality: &'a str,
    summary: String,
    why: Cow<'a, str>,
    next: Vec<Cow<'a, str>>,
    query: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_into: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part_of: Option<String>,
    #[serde(skip_serializing_if = "is_none")]
    parts: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tells: Vec<ToldOut<'a>>,
    runbook: Cow<'a, str>,
    sent: &'a str,
}

/// What it is about; a member that does not apply is left out.
#[derive(Serialize)]
struct SubjectOut<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    principal: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    account: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    region: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    source_ip: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    function: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    api: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    error_code: Cow<'a, str>,
}

#[derive(Serialize)]
struct SpanOut {
    start: String,
    end: String,
}

#[derive(Serialize)]
struct TopOut<'a> {
    name: Cow<'a, str>,
    count: u64,
    denied: u64,
}

/// What was changed before.
#[derive(Serialize)]
struct BeforeOut<'a> {
    time: String,
    minutes: u32,
    api: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    object: Cow<'a, str>,
    principal: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    session: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    source_ip: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    agent: Cow<'a, str>,
    event_id: String,
}

/// A lesser alert that this one tells of.
#[derive(Serialize)]
struct ToldOut<'a> {
    id: String,
    detector: &'a str,
    severity: &'a str,
    window: SpanOut,
    seen: u64,
    attack: &'a [&'a str],
    summary: String,
}

impl<'a> ToldOut<'a> {
    fn of(alert: &'a Alert) -> ToldOut<'a> {
        ToldOut {
            id: alert.id.to_string(),
            detector: alert.detector,
            severity: alert.severity.name(),
            window: SpanOut::of(alert.window),
            seen: alert.seen,
            attack: alert.attack,
            summary: text::summary(alert),
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_none(n: &u32) -> bool {
    *n == 0
}

impl<'a> Line<'a> {
    fn of(alert: &'a Alert) -> Line<'a> {
        Line {
            id: alert.id.to_string(),
            detector: alert.detector,
            title: alert.title,
            severity: alert.severity.name(),
            status: alert.status.name(),
            raised_at: instant(alert.raised_at),
            subject: SubjectOut::of(&alert.subject),
            account_name: cut(&alert.owner.account_name, NAME),
            owner: cut(&alert.owner.team, NAME),
            env: cut(&alert.owner.env, NAME),
            window: SpanOut::of(alert.window),
            seen: alert.seen,
            seen_at_least: alert.seen_at_least,
            unit: &alert.unit,
            expected: alert.expected,
            threshold: alert.threshold,
            p_value: alert.p_value(),
            attack: attack(alert),
            evidence: evidence(alert),
            top: alert.top.iter().map(TopOut::of).collect(),
            before: alert.causes.iter().map(BeforeOut::of).collect(),
            folded: alert.folded,
            quality: alert.quality.name(),
            summary: text::summary(alert),
            why: cut(&alert.why, TEXT),
            next: alert.steps().collect(),
            query: cut(&alert.query, TEXT),
            merged_into: alert.merged_into.map(|id| id.to_string()),
            runbook: cut(&alert.owner.runbook, TEXT),
            parts: alert.parts,
            tells: alert.told.iter().map(ToldOut::of).collect(),
            part_of: alert.part_of.map(|id| id.to_string()),
            sent: match alert.stage {
                Stage::Alert => "single",
                Stage::Digest => "digest",
                Stage::Observe => "observe",
            },
        }
    }
}

/// The techniques of the alert and of those that it tells of.
fn attack(alert: &Alert) -> Vec<&'static str> {
    let mut all: Vec<&str> = Vec::new();
    for technique in [alert].into_iter().chain(&alert.told).flat_map(|of| of.attack) {
        if !all.contains(technique) {
            all.push(technique);
        }
    }
    all
}

/// The ids of what was changed before, and of the events that it rests on; then of the events of the alerts that it tells
/// of, as many of each: half of the room is theirs.
fn evidence(alert: &Alert) -> Vec<String> {
    let own: Vec<&EventId> =
        alert.causes.iter().map(|cause| &cause.example).chain(&alert.examples).map(|example| &example.id).collect();
    let most = alert.told.iter().map(|part| part.examples.len()).max().unwrap_or_default();
    let in_turn = (0..most).flat_map(|at| alert.told.iter().filter_map(move |part| part.examples.get(at)));
    let mut told: Vec<&EventId> = Vec::new();
    for id in in_turn.map(|example| &example.id) {
        if told.len() < EVIDENCE && !own.contains(&id) && !told.contains(&id) {
            told.push(id);
        }
    }
    let kept = EVIDENCE - told.len().min(EVIDENCE / 2);
    let all = own.into_iter().take(kept).chain(told).take(EVIDENCE);
    all.map(|id| cut(&id.to_string(), ID).into_owned()).collect()
}

impl<'a> SubjectOut<'a> {
    fn of(subject: &'a Subject) -> SubjectOut<'a> {
        SubjectOut {
            principal: cut(&subject.principal, NAME),
            account: cut(&subject.account, NAME),
            region: cut(&subject.region, NAME),
            source_ip: cut(&subject.source_ip, NAME),
            function: cut(&subject.function, NAME),
            api: cut(&subject.api, NAME),
            error_code: cut(&subject.error_code, NAME),
        }
    }
}

impl SpanOut {
    fn of(span: Span) -> SpanOut {
        SpanOut { start: instant(span.start), end: instant(span.end) }
    }
}

impl<'a> BeforeOut<'a> {
    fn of(cause: &'a Cause) -> BeforeOut<'a> {
        let Cause { example, who, object, lead } = cause;
        BeforeOut {
            time: instant(example.time),
            minutes: lead.0,
            api: cut(&example.what, ID),
            object: cut(object, ID),
            principal: cut(who, ID),
            session: cut(&example.caller.session, ID),
            source_ip: cut(&example.caller.address, ID),
            agent: cut(&example.caller.agent, ID),
            event_id: cut(&example.id.to_string(), ID).into_owned(),
        }
    }
}

impl<'a> TopOut<'a> {
    fn of(top: &'a Top) -> TopOut<'a> {
        TopOut { name: cut(&top.name, NAME), count: top.count, denied: top.denied }
    }
}

/// RFC 3339 in UTC; fractions only where there are some.
fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// At most `limit` characters, the last of them `…` where something was cut off. Unlike `clean` it keeps control
/// characters: a program must get the name that the log has.
fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit || text.chars().nth(limit).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(limit - 1).chain(['…']).collect())
}

/// JSON text with every character that a terminal would act on, or not show, in its `\u` form. JSON has such
/// characters within strings only, so the meaning stays.
pub(super) fn escape(json: String) -> String {
    if json.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len());
    let mut rest = json.as_str();
    // Nearly all of it is plain ASCII, which is copied in pieces.
    while let Some(at) = rest.bytes().position(|byte| !matches!(byte, b' '..=b'~')) {
        let (plain, from) = rest.split_at(at);
        escaped.push_str(plain);
        let mut chars = from.chars();
        match chars.next() {
            Some(c) if is_plain(c) => escaped.push(c),
            c => c.iter().flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec()).for_each(|unit| {
                let _ = write!(escaped, "\\u{unit:04x}");
            }),
        }
        rest = chars.as_str();
    }
    escaped + rest
}

/// Is it shown as itself?
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~') || matches!(clean(c.encode_utf8(&mut [0; 4]), 1), Cow::Borrowed(_))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::sample::{etl_nightly, hostile};

    #[test]
    fn an_alert_is_this_line() {
        let wanted = concat!(
            r#"{"id":"LW-7f3a91c200000000","detector":"call-rate","title":"Unusual rate of API calls","severity":"medium","#,
            r#""status":"update","raised_at":"2026-03-03T02:25:00Z","subject":{"principal":"role/etl-nightly","#,
            r#""account":"111122223333","region":"eu-west-1"},"account_name":"prod-data","owner":"team-data","env":"prod","#,
            r#""window":{"start":"2026-03-03T02:10:00Z","end":"2026-03-03T02:25:00Z"},"seen":640,"seen_at_least":false,"#,
            r#""unit":"API calls","expected":38.0,"threshold":null,"p_value":2e-11,"attack":["T1078.004"],"#,
            r#""evidence":["0f4b1d5e-0000-4000-8000-000000000001"],"#,
            r#""top":[{"name":"secretsmanager:GetSecretValue","count":410,"denied":3},"#,
            r#"{"name":"ec2:DescribeInstances","count":180,"denied":0},{"name":"sts:GetCallerIdentity","count":30,"denied":0},"#,
            r#"{"name":"s3:ListBuckets","count":20,"denied":0}],"folded":2,"quality":"complete","#,
            r#""summary":"prod-data · role/etl-nightly: 640 API calls in 15 min, usual 38","#,
            r#""why":"new address and a sensitive API; rate alone is low","next":["was the session started by the scheduler?"],"#,
            r#""query":"fields @timestamp, eventName | filter userIdentity.arn like 'etl-nightly'","#,
            r#""runbook":"https://runbooks.example.com/etl","sent":"single"}"#,
        );
        assert_eq!(line(&etl_nightly()), wanted);
    }

    #[test]
    fn the_largest_alert_fits_into_a_message() {
        let line = line(&hostile());
        assert!(line.len() < 262_144, "{}", line.len());
        let back: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["evidence"].as_array().unwrap().len(), EVIDENCE);
        assert!(back["evidence"][0].as_str().unwrap().ends_with('…'));
    }

    #[test]
    fn names_survive_and_act_on_no_terminal() {
        let alert = hostile();
        let line = line(&alert);
        assert!(line.chars().all(is_plain));
        let back: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["subject"]["source_ip"], alert.subject.source_ip);
        assert!(alert.subject.source_ip.contains('\u{9b}'));
    }
}
