//! A line of a function tells of a refusal, tied to what CloudTrail saw of it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::alert::Example;
use crate::cause::{REFUSAL_TOLD, REFUSED, ROLE, function_of};
use crate::deed::{KEPT, names};
use crate::detector::{About, Detector, Folding, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{ErrorClass, Event, Level, Line, Log, Source, What};
use crate::hash::hash_one;
use crate::measure::Keep;
use crate::observe::{Observations, Value};
use crate::settings::{Field, Minutes, Value as Setting, Visit};
use crate::severity::Severity;
use crate::stage::Stage;
use crate::window::Window;

static ABOUT: About = About {
    id: "application-refused",
    title: "Function refused, as its own log tells",
    what: "An error line of a function says that it is not authorized to perform something. The alert names what, and on what, \
           and ties it to the refused call that CloudTrail saw of the function's session within minutes, or says that there is none: in \
           its own Region, where that is known.",
    why: "A right is missing and work fails, or somebody tries through the function what it never does. Which of them it is, the \
          record in CloudTrail tells.",
    innocent: "A refusal that CloudTrail alone tells of, or a line about another error.",
    attack: &["T1078.004"],
    next: &[
        "does the function's own code make this call, and on this resource?",
        "was its role, a policy or a key changed today?",
        "where CloudTrail has no record: are data events of that service switched on?",
    ],
    families: &[Family::Function],
    trigger: Trigger::Slots(&[REFUSAL_TOLD]),
    nature: Nature::Fault,
    // A record in CloudTrail comes later and changes what is said, never that it is said.
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// Refused calls kept for each minute, by API.
const CALLS: u16 = 16;
/// Roles kept for each minute: a function has one.
const ROLES: u16 = 2;
/// What AWS writes between who is refused and what:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>.
const NOT_AUTHORIZED: &str = " is not authorized to perform: ";
/// How far into a line it is looked for, in bytes: a refusal says so before it shows a stack.
const HEAD: usize = 2_048;

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct ApplicationRefused {
    /// How long before the line the call may be.
    pub within: Minutes,
}

impl Default for ApplicationRefused {
    fn default() -> ApplicationRefused {
        ApplicationRefused { within: Minutes(5) }
    }
}

impl Detector for ApplicationRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let doc = "how long before the line the refused call in CloudTrail may be";
        visit.field(Field { name: "within", doc, min: 1.0, max: 60.0 }, Setting::Minutes(&mut self.within));
    }

    fn looks_at(&self, _source: Source) -> bool {
        true
    }

    fn rests_on_trigger(&self) -> bool {
        true
    }

    fn may_follow_change(&self) -> bool {
        true
    }

    fn stage(&self) -> Stage {
        Stage::Digest
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        match event.what {
            What::Log(log) => {
                let Some(refusal) = refusal(&log) else { return };
                let shown = refusal.shown();
                let value = Value::Marked(hash_one(&shown), Cow::Owned(shown));
                seen.occur(Family::Function, REFUSAL_TOLD, Keep::Count(KEPT), value);
                if !refusal.role.is_empty() {
                    let role = format!("role/{}", refusal.role);
                    let value = Value::Marked(hash_one(&role), Cow::Owned(role));
                    seen.occur(Family::Function, ROLE, Keep::Distinct(ROLES), value);
                }
            }
            What::Call(call) => {
                let denied = call.error.is_some_and(|error| error.class == ErrorClass::Denied);
                if denied && !function_of(call).is_empty() {
                    seen.occur(Family::Function, REFUSED, Keep::Distinct(CALLS), Value::Api);
                    seen.occur(Family::Function, ROLE, Keep::Distinct(ROLES), Value::Text(call.principal.name));
                }
            }
        }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let lines: Vec<_> = window.occurrences(REFUSAL_TOLD, Minutes(1)).collect();
        let actions: BTreeSet<&str> = lines.iter().filter_map(|line| line.name.split(' ').next()).collect();
        let calls = window.occurrences(REFUSED, self.within).filter(|call| actions.contains(action_of(&call.name)));
        let calls: Vec<&Arc<Example>> = calls.map(|call| &call.example).collect();
        let first = lines.first()?;
        let (seen_by, event) = match calls.first() {
            Some(call) => ("CloudTrail saw it".to_owned(), format!(" as event {}", call.id)),
            None => (not_seen(window.entity.region()), String::new()),
        };
        Some(Verdict {
            severity: Severity::Low,
            seen: lines.len() as u64,
            at_least: window.saturated(REFUSAL_TOLD, Minutes(1)),
            expected: None,
            threshold: Some(1.0),
            surprise: None,
            window: Minutes(1),
            folding: Folding::Sum,
            unit: "refusal{s}".into(),
            headline: format!("refused {}; {seen_by}", briefly(&names(window, REFUSAL_TOLD))),
            why: format!("its log says that it may not {}, and {seen_by}{event}", first.name),
            examples: lines.iter().map(|line| &line.example).chain(calls).map(Arc::clone).collect(),
        })
    }
}

/// Of a function whose Region is known, calls in that Region are.
fn not_seen(region: &str) -> String {
    let place = if region.is_empty() { String::new() } else { format!(" in {region}") };
    format!("CloudTrail has no record of it{place}")
}

/// What a line says was refused.
#[derive(Debug, PartialEq, Eq)]
struct Refusal<'e> {
    action: &'e str,
    resource: &'e str,
    role: &'e str,
}

impl Refusal<'_> {
    /// `s3:GetObject on arn:aws:s3:::orders`: no more of the resource than what has a name of its own.
    fn shown(&self) -> String {
        let resource = match self.resource.split_once(":::") {
            Some((_, bucket)) => {
                &self.resource[..self.resource.len() - bucket.len() + bucket.find('/').unwrap_or(bucket.len())]
            }
            None => self.resource,
        };
        if resource.is_empty() { self.action.to_owned() } else { format!("{} on {resource}", self.action) }
    }
}

/// What a line says was refused, where it is an error and says so in the words of AWS.
fn refusal<'e>(log: &Log<'e>) -> Option<Refusal<'e>> {
    let grave = matches!(log.line, Line::Application { level: Level::Warn | Level::Error | Level::Fatal, .. });
    if !grave && log.failure.is_none() {
        return None;
    }
    let mut end = log.message.len().min(HEAD);
    while !log.message.is_char_boundary(end) {
        end -= 1;
    }
    let (before, after) = log.message[..end].split_once(NOT_AUTHORIZED)?;
    let word = |text: &'e str| text.split([' ', '\\', '"', ',', '\n', '\t', '\r']).next().unwrap_or_default();
    let action = word(after);
    let resource =
        after.split_once(" on resource: ").map_or("", |(_, resource)| word(resource.trim_start_matches(['\\', '"'])));
    let session = before.rsplit_once(":assumed-role/").map_or("", |(_, session)| session);
    let role = session.split('/').next().unwrap_or_default();
    action.contains(':').then_some(Refusal { action, resource, role })
}

/// Without what an ARN has before the resource itself: `kms:Decrypt on key/5f0b…`.
fn briefly(refusals: &str) -> String {
    let mut parts = refusals.split(" on arn:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, rest| shown + " on " + rest.splitn(5, ':').last().unwrap_or(rest))
}

/// The action that an API wants: nearly always of its own name.
fn action_of(api: &str) -> &str {
    match api {
        "s3:ListObjects" | "s3:ListObjectsV2" | "s3:HeadBucket" => "s3:ListBucket",
        "s3:HeadObject" => "s3:GetObject",
        "lambda:Invoke" => "lambda:InvokeFunction",
        _ => api,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    const LINE: &str = "error fn=pay says=User:_arn:aws:sts::111122223333:assumed-role/pay-role/pay_is_not_authorized_to_perform:_s3:GetObject_on_resource:_\"arn:aws:s3:::orders/2026/7.json\"_because_no_policy_allows_it";

    #[test]
    fn a_line_and_the_call_in_cloudtrail() {
        check(
            &ApplicationRefused::default(),
            &format!("09:03 s3:GetObject denied who=role/pay-role session=pay\n 09:04 {LINE}"),
            "09:04 low pay: refused s3:GetObject on orders; CloudTrail saw it",
        );
    }

    #[test]
    fn a_line_alone() {
        for elsewhere in [
            "09:03 s3:PutObject denied who=role/pay-role session=pay",
            "09:03 s3:GetObject denied who=role/pay-role session=mail",
            "09:03 s3:GetObject        who=role/pay-role session=pay",
            "08:40 s3:GetObject denied who=role/pay-role session=pay",
        ] {
            check(
                &ApplicationRefused::default(),
                &format!("{elsewhere}\n 09:04 {LINE}"),
                "09:04 low pay: refused s3:GetObject on orders; CloudTrail has no record of it",
            );
        }
    }

    #[test]
    fn a_function_whose_region_is_known() {
        for (at, seen_by) in [
            ("eu-west-1", "CloudTrail saw it"),
            // Where the call went to another Region, nobody can tell whose it was.
            ("us-east-1", "CloudTrail has no record of it in eu-west-1"),
        ] {
            check(
                &ApplicationRefused::default(),
                &format!(
                    "09:03 s3:GetObject denied who=role/pay-role session=pay region={at}\n 09:04 {LINE} region=eu-west-1"
                ),
                &format!("09:04 low pay: refused s3:GetObject on orders; {seen_by}"),
            );
        }
    }

    #[test]
    fn a_call_alone_and_another_error() {
        let script = "09:03 s3:GetObject denied who=role/pay-role session=pay
                      09:04 error fn=pay says=An_error_occurred_(ThrottlingException):_Rate_exceeded";
        check(&ApplicationRefused::default(), script, "");
    }

    #[test]
    fn a_refusal_is_read_as_it_is_written() {
        let role = "User: arn:aws:sts::111122223333:assumed-role/pay-role/pay is not authorized to perform: ";
        for (line, wanted) in [
            (
                "dynamodb:GetItem on resource: arn:aws:dynamodb:eu-west-1:111122223333:table/orders because",
                "dynamodb:GetItem on arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
            ),
            (
                "kms:Decrypt on resource: \\\"arn:aws:kms:eu-west-1:111122223333:key/k\\\" with",
                "kms:Decrypt on arn:aws:kms:eu-west-1:111122223333:key/k",
            ),
            ("s3:ListBucket on resource: \"arn:aws:s3:::orders\"", "s3:ListBucket on arn:aws:s3:::orders"),
            ("sqs:ListQueues\n at handler", "sqs:ListQueues"),
            ("nothing", ""),
        ] {
            let message = format!("[ERROR] ClientError: {role}{line}");
            let line = Line::Application { level: Level::Error, error_type: "" };
            let found = refusal(&Log { message: &message, line, ..Log::default() });
            assert_eq!(found.as_ref().map(Refusal::shown).unwrap_or_default(), wanted);
            assert!(found.is_none_or(|refusal| refusal.role == "pay-role"));
            assert_eq!(refusal(&Log { message: &message, line: Line::Start, ..Log::default() }), None);
        }
    }
}
