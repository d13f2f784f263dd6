//! The query that finds an alert's events again, in CloudWatch Logs Insights.

use std::borrow::Cow;

use crate::alert::Span;
use crate::entity::{Entity, Family};

/// A CloudWatch Logs Insights query for the events of an entity. The time span is set beside the query, so it only
/// stands in a comment.
#[must_use]
pub(crate) fn query_for(entity: &Entity, span: Span) -> String {
    let name = quoted(entity.name());
    let account = quoted(entity.account());
    let filter = match entity.family {
        Family::Principal => principal_filter(entity.principal().unwrap_or_default()),
        Family::Api => {
            let (service, api) = entity.name().split_once(':').unwrap_or(("", entity.name()));
            format!("eventSource = {} and eventName like {}", quoted(&format!("{service}.amazonaws.com")), quoted(api))
        }
        Family::User if entity.name() == "root" => {
            "eventName = \"ConsoleLogin\" and userIdentity.type = \"Root\"".to_owned()
        }
        Family::User => format!("eventName = \"ConsoleLogin\" and userIdentity.userName = {name}"),
        Family::Address => format!("sourceIPAddress = {name}"),
        Family::Denial => {
            let api = entity.subject().api;
            let name = api.split_once(':').map_or(api.as_str(), |(_, name)| name);
            let caller = principal_filter(entity.principal().unwrap_or_default());
            format!("{caller} and eventName like {} and ispresent(errorCode)", quoted(name))
        }
        Family::Download => {
            let caller = principal_filter(entity.principal().unwrap_or_default());
            format!("{caller} and requestParameters.bucketName = {}", quoted(entity.bucket()))
        }
        Family::ErrorCode => format!("errorCode = {name}"),
        Family::Trail => format!("awsRegion = {}", quoted(entity.region())),
        Family::Account => format!("recipientAccountId = {name}"),
        Family::Function | Family::Log => {
            return format!(
                "fields @timestamp, @requestId, @message | filter @message like /(?i)error|timed out|REPORT/ | sort @timestamp | limit 200 \
                 # log group {}, {}",
                group_of(entity.name()),
                between(span)
            );
        }
    };
    format!(
        "fields @timestamp, eventSource, eventName, errorCode, sourceIPAddress, userIdentity.arn | filter {filter} and recipientAccountId = {account} \
         | sort @timestamp | limit 200 # {}",
        between(span)
    )
}

/// The log group of a function; a name with a slash is that of a group that names no function.
fn group_of(function: &str) -> String {
    let name = plain(function);
    if name.contains('/') { name } else { format!("/aws/lambda/{name}") }
}

/// Where a step of a rule asks for the caller's events; which caller is known with the alert only.
const OF_CALLER: &str = "userIdentity.arn = 'CALLER'";

/// The step, with the events of this principal where it asks for the caller's.
#[must_use]
pub(crate) fn about_caller<'s>(step: &'s str, principal: &str) -> Cow<'s, str> {
    if principal.is_empty() || !step.contains(OF_CALLER) {
        return Cow::Borrowed(step);
    }
    Cow::Owned(step.replace(OF_CALLER, &principal_filter(principal)))
}

/// The events of a principal by its name without the account: `role/deploy`, `user/ann`, `root`.
fn principal_filter(name: &str) -> String {
    if name == "root" {
        return "userIdentity.type = \"Root\"".to_owned();
    }
    match name.strip_prefix("role/") {
        Some(role) => {
            format!("userIdentity.sessionContext.sessionIssuer.arn like {}", quoted(&format!(":role/{role}")))
        }
        None => format!("userIdentity.arn like {}", quoted(name)),
    }
}

fn between(span: Span) -> String {
    format!("{} to {}", span.start.format("%Y-%m-%dT%H:%MZ"), span.end.format("%Y-%m-%dT%H:%MZ"))
}

/// A string of the query language. A name from a log must not end the string: quotes and back-slashes are escaped,
/// control characters dropped.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || "-_/.$".contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_asks_for_the_callers_events_by_name() {
        let step = "look: fields eventTime | filter userIdentity.arn = 'CALLER' and ispresent(errorCode)";
        for (principal, expected) in [
            ("user/ann", r#"userIdentity.arn like "user/ann""#),
            ("role/etl", r#"userIdentity.sessionContext.sessionIssuer.arn like ":role/etl""#),
            ("root", r#"userIdentity.type = "Root""#),
            // A name from a log ends no string.
            (r#"user/a" or "b"#, r#"userIdentity.arn like "user/a\" or \"b""#),
            ("", "userIdentity.arn = 'CALLER'"),
        ] {
            let said = format!("look: fields eventTime | filter {expected} and ispresent(errorCode)");
            assert_eq!(about_caller(step, principal), said);
        }
    }
}
