//! An alert as text: for a mail, a terminal and a phone.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use lapwing_detectors::alert::{Alert, Caller, Span, Status, Top};
use lapwing_detectors::cause::Cause;
use lapwing_detectors::shown::principal;

use super::clean::{clean, mail_subject};

/// The longest piece of text that a log may contribute in one place, in characters.
const PIECE: usize = 200;
/// The longest query shown, in characters: the longest that CloudWatch Logs Insights takes is 10,000.
const QUERY: usize = 2_000;
/// How many contributors, addresses or agents are named before "other".
const NAMED: usize = 3;
/// How many of the alerts that one tells of are named.
const TOLD: usize = 10;

/// The whole alert, in lines that begin with what they are about: Who, Where, Seen, Top, Before, Why, Also, Next, Id.
#[must_use]
pub fn render(alert: &Alert) -> String {
    let mut text = format!("{}\n", first_line(alert));
    for (label, value) in facts(alert) {
        let _ = writeln!(text, "{label:<6} {value}");
    }
    for (at, step) in next_steps(alert).into_iter().enumerate() {
        let _ = writeln!(text, "{:<6} {} {step}", if at == 0 { "Next" } else { "" }, at + 1);
    }
    let _ = writeln!(text, "Id {}", id_line(alert));
    text
}

/// The subject of a mail: `[HIGH] prod-pay: ann@corp denied on 14 APIs in 6 min, 1 then allowed`.
#[must_use]
pub fn subject(alert: &Alert) -> String {
    let severity = match alert.status {
        Status::Resolved => "RESOLVED".to_owned(),
        Status::Open | Status::Update => alert.severity.name().to_uppercase(),
    };
    let place = Some(account(alert)).filter(|a| !a.is_empty()).map(|a| format!("{a}: ")).unwrap_or_default();
    mail_subject(&format!("[{severity}] {place}{} {}", principal(alert.subject.name()), alert.headline))
}

/// The alert in one line, without its severity: `prod-data · role/etl-nightly: 640 API calls in 15 min, usual 38`.
#[must_use]
pub fn summary(alert: &Alert) -> String {
    let place = Some(account(alert)).filter(|a| !a.is_empty()).map(|a| format!("{a} · ")).unwrap_or_default();
    format!("{place}{}: {}", clean(&principal(alert.subject.name()), PIECE), clean(&alert.headline, PIECE))
}

/// What is known about the alert, as pairs of a label and one line.
pub(super) fn facts(alert: &Alert) -> Vec<(&'static str, String)> {
    let why = match alert.status {
        Status::Resolved => String::new(),
        Status::Open | Status::Update => format!("{}  {}", alert.severity.name(), clean(&alert.why, PIECE)),
    };
    let facts = [("Who", who(alert)), ("Where", place(alert)), ("Seen", seen(alert)), ("Top", top(alert))];
    let changed = alert.causes.iter().rev().take(NAMED).map(|cause| ("Before", before(cause)));
    let told = alert.told.iter().take(TOLD).map(|part| ("Also", also(part)));
    let more = alert.told.len().saturating_sub(TOLD);
    let more = if more > 0 { format!("and {more} more") } else { String::new() };
    let all = facts.into_iter().chain(changed).chain([("Why", why)]).chain(told).chain([("Also", more)]);
    all.filter(|(_, value)| !value.is_empty()).collect()
}

/// An alert that another one tells of: `medium user-created: IAM user made (1 event: iam:CreateUser)`.
fn also(part: &Alert) -> String {
    format!("{} {}: {}", part.severity.name(), part.detector, clean(&part.headline, PIECE))
}

/// What to check first: the detector's questions, then the query and the runbook. Nothing when all is well again.
pub(super) fn next_steps(alert: &Alert) -> Vec<String> {
    if alert.status == Status::Resolved {
        return Vec::new();
    }
    let asked = alert.causes.last().map(|cause| {
        let (who, deed) = (principal(&cause.who), clean(&cause.example.what, PIECE));
        format!("ask {}: was {deed} meant, and does undoing it end this?", clean(&who, PIECE))
    });
    let all = asked.into_iter().chain(alert.steps().map(|step| clean(&step, QUERY).into_owned()));
    let mut steps: Vec<String> = all.collect();
    if !alert.query.is_empty() {
        steps.push(format!("query: {}", clean(&alert.query, QUERY)));
    }
    if !alert.owner.runbook.is_empty() {
        steps.push(format!("runbook: {}", clean(&alert.owner.runbook, PIECE)));
    }
    steps
}

/// Name and standing of the alert: `LW-7f3a91c2… · 2 findings folded · complete`.
pub(super) fn id_line(alert: &Alert) -> String {
    let mut parts = vec![alert.id.to_string()];
    if alert.status != Status::Open {
        parts.push(alert.status.name().to_owned());
    }
    if alert.folded > 1 {
        parts.push(format!("{} findings folded", alert.folded));
    }
    if alert.parts > 0 {
        parts.push(format!("tells of {} more alert{}", alert.parts, if alert.parts == 1 { "" } else { "s" }));
    }
    parts.push(alert.quality.name().to_owned());
    parts.join(" · ")
}

/// The account's name, or its id where the settings give no name.
pub(super) fn account(alert: &Alert) -> String {
    let name = if alert.owner.account_name.is_empty() { &alert.subject.account } else { &alert.owner.account_name };
    clean(name, PIECE).into_owned()
}

fn first_line(alert: &Alert) -> String {
    let now = alert.severity.name().to_uppercase();
    let severity = match (alert.status, alert.severity_before) {
        (Status::Resolved, _) => format!("RESOLVED (was {now})"),
        (_, Some(before)) if before != alert.severity => format!("{}→{now}", before.name().to_uppercase()),
        _ => now,
    };
    format!("{severity} · {}", summary(alert))
}

fn who(alert: &Alert) -> String {
    let subject = &alert.subject;
    let mut who = match alert.top.first() {
        // Neither an API nor an error does anything by itself: those who call most are the ones to ask.
        Some(most) if !subject.api.is_empty() || !subject.error_code.is_empty() => {
            and_others(&most.name, alert.top.len() - 1)
        }
        _ => clean(subject.name(), PIECE).into_owned(),
    };
    if !subject.function.is_empty() && !subject.principal.is_empty() {
        let _ = write!(who, ", {}", clean(&subject.principal, PIECE));
    }
    let all = alert.examples.iter().map(|e| &*e.caller);
    let (calls, lines): (Vec<&Caller>, Vec<&Caller>) =
        all.partition(|caller| subject.function.is_empty() || is_of_a_call(caller));
    let sessions = [("log stream", lines), ("session", calls)].map(|(kind, callers)| {
        let named = callers.iter().map(|caller| &*caller.session);
        // A person's session is named in who they are already.
        let told = |session: &&str| subject.principal.rsplit('/').next() == Some(*session);
        let named = few(named.filter(|session| !told(session)));
        if named.is_empty() { named } else { format!("{kind} {named}") }
    });
    match sessions.iter().filter(|s| !s.is_empty()).map(String::as_str).collect::<Vec<_>>().join("; ") {
        s if s.is_empty() => {}
        s => who = format!("{who} ({s})"),
    }
    let from = match few(alert.examples.iter().map(|e| &*e.caller.address)) {
        s if s.is_empty() => clean(&subject.source_ip, PIECE).into_owned(),
        s => s,
    };
    if !from.is_empty() && from != who {
        let _ = write!(who, " from {from}");
    }
    let agent = few(alert.examples.iter().map(|e| &*e.caller.agent));
    let key = few(alert.examples.iter().map(|e| &*e.caller.access_key));
    let through = few(alert.examples.iter().map(|e| &*e.caller.invoked_by));
    for (label, text) in [("", agent), ("key ", key), ("through ", through)] {
        if !text.is_empty() {
            let _ = write!(who, " · {label}{text}");
        }
    }
    who
}

/// Lines of a function have nothing but its log stream.
fn is_of_a_call(caller: &Caller) -> bool {
    !caller.address.is_empty() || !caller.agent.is_empty() || !caller.access_key.is_empty()
}

fn and_others(name: &str, others: usize) -> String {
    let name = clean(name, PIECE);
    match others {
        0 => name.into_owned(),
        1 => format!("{name} and 1 other"),
        n => format!("{name} and {n} others"),
    }
}

fn place(alert: &Alert) -> String {
    let (subject, owner) = (&alert.subject, &alert.owner);
    let account = format!("{} {}", clean(&owner.account_name, PIECE), clean(&subject.account, PIECE));
    let named = |label: &str, value: &str| match value {
        "" => String::new(),
        value => format!("{label} {}", clean(value, PIECE)),
    };
    let parts = [
        account.trim().to_owned(),
        clean(&subject.region, PIECE).into_owned(),
        named("env", &owner.env),
        named("owner", &owner.team),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn seen(alert: &Alert) -> String {
    let at_least = if alert.seen_at_least { "at least " } else { "" };
    let mut seen = format!("{at_least}{} {} {}", alert.seen, alert.unit, times(alert.best));
    if let Some(expected) = alert.expected {
        let _ = write!(seen, "; expected {}", short(expected));
    }
    if let Some(threshold) = alert.threshold {
        let _ = write!(seen, "; threshold {}", short(threshold));
    }
    if alert.window.start < alert.best.start {
        let _ = write!(seen, "; since {}", alert.window.start.format("%Y-%m-%d %H:%M"));
    }
    if let Some(p) = alert.p_value() {
        let _ = write!(seen, "; p = {p:.0e}");
    }
    seen
}

/// A change: `2026-03-03 02:08 lambda:UpdateFunctionCode by role/ci (session run-7) from 192.0.2.7 · aws-cli/2.15 · event
/// 0f4b…`.
fn before(cause: &Cause) -> String {
    let (example, caller) = (&cause.example, &cause.example.caller);
    let named = |before: &str, text: &str, after: &str| match text {
        "" => String::new(),
        text => format!("{before}{}{after}", clean(text, PIECE)),
    };
    [
        example.time.format("%Y-%m-%d %H:%M").to_string(),
        named(" ", &example.what, ""),
        named(" of ", &cause.object, ""),
        named(" by ", &cause.who, ""),
        named(" (session ", &caller.session, ")"),
        named(" from ", &caller.address, ""),
        named(" · ", &caller.agent, ""),
        named(" · event ", &example.id.to_string(), ""),
    ]
    .concat()
}

/// `2026-03-03 02:10–02:25 UTC`; the day is said twice only where there are two.
fn times(span: Span) -> String {
    let end = if span.start.date_naive() == span.end.date_naive() { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" };
    format!("{}–{}", span.start.format("%Y-%m-%d %H:%M"), span.end.format(end))
}

fn top(alert: &Alert) -> String {
    let top = &alert.top;
    if top.is_empty() {
        return String::new();
    }
    let mut parts: Vec<String> =
        top.iter().take(NAMED).map(|t| format!("{} {}", clean(&t.name, PIECE), t.count)).collect();
    // What they are ranked by is either number; the refusals where those of all contributors add up to the total.
    let rank = |t: &Top| if alert.total == alert.denied { t.denied } else { t.count };
    let other = alert.total.saturating_sub(top.iter().take(NAMED).map(rank).sum());
    if other > 0 {
        parts.push(format!("other {other}"));
    }
    let denied = if alert.denied > 0 { format!("; {} denied", alert.denied) } else { String::new() };
    format!("{}{denied}", parts.join(" · "))
}

/// The distinct, non-empty texts: the first three in order, and how many more there are.
fn few<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: BTreeSet<&str> = texts.filter(|t| !t.is_empty()).collect();
    let named: Vec<_> = texts.iter().take(NAMED).map(|t| clean(t, PIECE)).collect();
    match texts.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// A number as people say it: whole from 10 on, one decimal below.
fn short(number: f64) -> String {
    if number >= 10.0 || number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.1}") }
}

#[cfg(test)]
mod tests {
    use lapwing_detectors::alert::{Example, Quality};
    use lapwing_detectors::severity::Severity;

    use super::*;
    use crate::report::sample::{etl_nightly, hostile};

    #[test]
    fn an_alert_reads_like_this() {
        let wanted = "\
LOW→MEDIUM · prod-data · role/etl-nightly: 640 API calls in 15 min, usual 38
Who    role/etl-nightly (session run-118) from 198.51.100.20 · boto3/1.34
Where  prod-data 111122223333 · eu-west-1 · env prod · owner team-data
Seen   640 API calls 2026-03-03 02:10–02:25 UTC; expected 38; p = 2e-11
Top    secretsmanager:GetSecretValue 410 · ec2:DescribeInstances 180 · sts:GetCallerIdentity 30 · other 20; 3 denied
Why    medium  new address and a sensitive API; rate alone is low
Next   1 was the session started by the scheduler?
       2 query: fields @timestamp, eventName | filter userIdentity.arn like 'etl-nightly'
       3 runbook: https://runbooks.example.com/etl
Id LW-7f3a91c200000000 · update · 2 findings folded · complete
";
        assert_eq!(render(&etl_nightly()), wanted);
    }

    #[test]
    fn a_subject_names_severity_account_and_subject() {
        let mut alert = etl_nightly();
        let high = "[HIGH] prod-pay: ann@corp denied on 14 APIs in 6 min, 1 then allowed";
        alert.severity = Severity::High;
        "prod-pay".clone_into(&mut alert.owner.account_name);
        "ann@corp".clone_into(&mut alert.subject.principal);
        "denied on 14 APIs in 6 min, 1 then allowed".clone_into(&mut alert.headline);
        assert_eq!(subject(&alert), high);
        alert.status = Status::Resolved;
        assert_eq!(subject(&alert), high.replace("HIGH", "RESOLVED"));
        alert.owner.account_name.clear();
        alert.subject.account.clear();
        assert_eq!(subject(&alert), "[RESOLVED] ann@corp denied on 14 APIs in 6 min, 1 then allowed");
    }

    #[test]
    fn who_tells_streams_from_sessions_and_people_by_their_names() {
        let mut alert = etl_nightly();
        let line = Example {
            caller: Caller { session: "s1".into(), ..Caller::default() }.into(),
            ..(*alert.examples[0]).clone()
        };
        "pay".clone_into(&mut alert.subject.function);
        alert.subject.principal.clear();
        alert.examples.push(line.into());
        assert_eq!(who(&alert), "pay (log stream s1; session run-118) from 198.51.100.20 · boto3/1.34");
        alert = etl_nightly();
        "AWSReservedSSO_Admin_0123456789abcdef/run-118".clone_into(&mut alert.subject.principal);
        assert_eq!(who(&alert), "AWSReservedSSO_Admin_0123456789abcdef/run-118 from 198.51.100.20 · boto3/1.34");
        assert_eq!(summary(&alert), "prod-data · run-118 as Admin: 640 API calls in 15 min, usual 38");
        "role/nightrun-118".clone_into(&mut alert.subject.principal);
        assert_eq!(who(&alert), "role/nightrun-118 (session run-118) from 198.51.100.20 · boto3/1.34");
    }

    #[test]
    fn what_is_unknown_is_left_out() {
        let mut alert = etl_nightly();
        alert.examples.clear();
        alert.top.clear();
        alert.query.clear();
        alert.owner = Default::default();
        alert.status = Status::Open;
        alert.severity_before = None;
        alert.folded = 1;
        alert.seen_at_least = true;
        alert.expected = None;
        alert.surprise = None;
        alert.threshold = Some(0.5);
        alert.quality = Quality::InstanceOnly;
        let wanted = "\
MEDIUM · 111122223333 · role/etl-nightly: 640 API calls in 15 min, usual 38
Who    role/etl-nightly
Where  111122223333 · eu-west-1
Seen   at least 640 API calls 2026-03-03 02:10–02:25 UTC; threshold 0.5
Why    medium  new address and a sensitive API; rate alone is low
Next   1 was the session started by the scheduler?
Id LW-7f3a91c200000000 · instance-only
";
        assert_eq!(render(&alert), wanted);
    }

    #[test]
    fn what_has_ended_needs_no_advice() {
        let mut alert = etl_nightly();
        alert.status = Status::Resolved;
        let wanted = "\
RESOLVED (was MEDIUM) · prod-data · role/etl-nightly: 640 API calls in 15 min, usual 38
Who    role/etl-nightly (session run-118) from 198.51.100.20 · boto3/1.34
Where  prod-data 111122223333 · eu-west-1 · env prod · owner team-data
Seen   640 API calls 2026-03-03 02:10–02:25 UTC; expected 38; p = 2e-11
Top    secretsmanager:GetSecretValue 410 · ec2:DescribeInstances 180 · sts:GetCallerIdentity 30 · other 20; 3 denied
Id LW-7f3a91c200000000 · resolved · 2 findings folded · complete
";
        assert_eq!(render(&alert), wanted);
    }

    #[test]
    fn no_name_from_a_log_breaks_out_of_its_place() {
        let text = render(&hostile());
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert_eq!(text.lines().count(), 13, "{text}");
        assert!(text.contains(r"role/\r\nBcc: all@example.com\u{1b}[2J"), "{text}");
        let subject = subject(&hostile());
        assert!(subject.len() < 100 && subject.chars().all(|c| matches!(c, ' '..='~')), "{subject:?}");
    }
}
