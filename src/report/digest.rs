//! The digest of a day: what was not sent by itself, as text, JSON and chat notification.

use std::fmt::Write as _;

use lapwing_detectors::day::{Day, Digest, Line};
use lapwing_detectors::severity::Severity;
use serde_json::{Value, json};

use super::clean::{chat_text, clean, mail_subject};
use super::json::escape;

/// Lines shown to people, and to a chat, which shows less.
const LINES: usize = 40;
const CHAT_LINES: usize = 12;
/// Lines in JSON: with their subjects, less than the 262,144 bytes that SNS takes.
const JSON_LINES: usize = 80;
/// Subjects that a line names to people, and in JSON.
const NAMED: usize = 3;
const JSON_NAMED: usize = 5;
/// The longest name or headline shown, in characters.
const PIECE: usize = 120;

/// A line with the detector and severity that it is about.
type Row<'d> = (&'d str, Severity, &'d Line);

/// The subject of a mail: `[DIGEST] 2026-07-14: 37 alerts of 5 detectors`.
#[must_use]
pub fn subject(day: Day, digest: &Digest) -> String {
    mail_subject(&format!("[DIGEST] {}", heading(day, digest)))
}

/// For people, in lines: the gravest and most frequent first, then what the budget held back.
#[must_use]
pub fn text(day: Day, digest: &Digest) -> String {
    let mut text = format!("DIGEST · {}\n", heading(day, digest));
    let rows = rows(digest);
    for row in rows.iter().take(LINES) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", told(row));
    }
    if let Some(left) = left_out(&rows, LINES) {
        let _ = writeln!(text, "{left}");
    }
    for (at, highest) in digest.highest.iter().enumerate() {
        let label = if at == 0 { "Beyond the budget, the gravest first:\n" } else { "" };
        let _ = writeln!(
            text,
            "{label}  {} {} · {}: {} ({})",
            highest.time.format("%H:%M"),
            highest.severity.name(),
            clean(&highest.subject, PIECE),
            clean(&highest.headline, PIECE),
            highest.id
        );
    }
    let _ = writeln!(text, "Id {}", day.digest_id());
    text
}

/// For programs: one JSON object on one line, without the line's end.
#[must_use]
pub fn json(day: Day, digest: &Digest) -> String {
    let rows = rows(digest);
    let left: u64 = rows.iter().skip(JSON_LINES).map(|(.., line)| line.alerts).sum();
    let highest = digest.highest.iter().map(|highest| {
        json!({
            "id": highest.id.to_string(),
            "severity": highest.severity.name(),
            "raised_at": highest.time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "subject": clean(&highest.subject, PIECE),
            "summary": clean(&highest.headline, PIECE),
        })
    });
    let object = json!({
        "id": day.digest_id().to_string(),
        "digest": day.to_string(),
        "severity": worst(digest).name(),
        "alerts": digest.alerts(),
        "lines": rows.iter().take(JSON_LINES).map(json_line).collect::<Vec<_>>(),
        "left_out": { "lines": rows.len().saturating_sub(JSON_LINES), "alerts": left },
        "over_budget": highest.collect::<Vec<_>>(),
        "sent": "digest",
    });
    escape(object.to_string())
}

fn json_line((detector, severity, line): &Row<'_>) -> Value {
    let named = most(line);
    let subjects: Vec<Value> =
        named.iter().take(JSON_NAMED).map(|(name, n)| json!({ "name": clean(name, PIECE), "alerts": n })).collect();
    let others: u64 = line.others + named.iter().skip(JSON_NAMED).map(|(_, n)| *n).sum::<u64>();
    json!({
        "detector": detector,
        "title": line.title,
        "severity": severity.name(),
        "alerts": line.alerts,
        "over_budget": line.over_budget,
        "folded": line.folded,
        "first": line.first.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "last": line.last.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "subjects": subjects,
        "alerts_of_others": others,
    })
}

/// As a custom notification of Amazon Q Developer in chat applications.
#[must_use]
pub fn notification(day: Day, digest: &Digest) -> String {
    let rows = rows(digest);
    let mut lines: Vec<String> = rows.iter().take(CHAT_LINES).map(|row| chat_text(&told(row), 400)).collect();
    lines.extend(left_out(&rows, CHAT_LINES));
    json!({
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": format!("[DIGEST] {}", heading(day, digest)),
            "description": lines.join("\n"),
            "keywords": [worst(digest).name(), "digest"],
        },
        "metadata": {
            "threadId": day.digest_id().to_string(),
            "summary": heading(day, digest),
            "eventType": "digest",
        },
    })
    .to_string()
}

/// The highest severity in it.
#[must_use]
pub fn worst(digest: &Digest) -> Severity {
    digest.lines.keys().map(|(_, severity)| *severity).max().unwrap_or(Severity::Info)
}

fn heading(day: Day, digest: &Digest) -> String {
    let over: u64 = digest.lines.values().map(|line| line.over_budget).sum();
    let over = if over > 0 { format!(", {over} of them beyond the budget") } else { String::new() };
    format!("{day}: {}{over}", plural(digest.alerts(), "alert"))
}

/// The lines, the gravest first, then those with most alerts.
fn rows(digest: &Digest) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> =
        digest.lines.iter().map(|((detector, severity), line)| (detector.as_str(), *severity, line)).collect();
    rows.sort_by(|a, b| (b.1, b.2.alerts, a.0).cmp(&(a.1, a.2.alerts, b.0)));
    rows
}

/// `low     7  bucket-settings-changed  08:12–17:40  role/terraform 4, user/ann 2, others 1`.
fn told((detector, severity, line): &Row<'_>) -> String {
    let named = most(line);
    let mut subjects: Vec<String> =
        named.iter().take(NAMED).map(|(name, n)| format!("{} {n}", clean(name, PIECE))).collect();
    let others: u64 = line.others + named.iter().skip(NAMED).map(|(_, n)| *n).sum::<u64>();
    if others > 0 {
        subjects.push(format!("others {others}"));
    }
    let mut told = format!(
        "{:<8} {:>5}  {detector}  {}–{}  {}",
        severity.name(),
        line.alerts,
        line.first.format("%H:%M"),
        line.last.format("%H:%M"),
        subjects.join(", ")
    );
    for (n, what) in [(line.over_budget, "beyond the budget"), (line.folded, "part of other alerts")] {
        if n > 0 {
            let _ = write!(told, "; {n} {what}");
        }
    }
    told
}

/// Its subjects, those with most alerts first.
fn most(line: &Line) -> Vec<(&str, u64)> {
    let mut named: Vec<(&str, u64)> = line.subjects.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    named.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    named
}

fn left_out(rows: &[Row<'_>], shown: usize) -> Option<String> {
    let rest = rows.get(shown..).filter(|rest| !rest.is_empty())?;
    let alerts = rest.iter().map(|(.., line)| line.alerts).sum();
    Some(format!("not shown: {} in {}", plural(alerts, "alert"), plural(rest.len() as u64, "line")))
}

fn plural(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
