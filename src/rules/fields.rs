//! What a rule sees of an event: the members of the CloudTrail record or of the log line, by their paths.
//!
//! Nothing is parsed until a rule asks for it, and then only the path that it asks for. A path that crosses a list
//! goes on in each of its members: a rule then sees all the values, and one that fits is enough. Text that holds JSON,
//! such as a policy document, is entered like any other object.

use std::borrow::Cow;

use lapwing_detectors::event::{Address, Call, Event, Level, Line, Log, Outline, What};
use memchr::memchr2;
use memchr::memmem::Finder;
use rsigma_eval::EventValue;
use serde_json::Value;

use super::json::{Found, every_text, member, values, values_of};
use super::path::Path;
use super::quick;

/// The members that a CloudTrail record has at its top, by its record contents reference.
pub(super) const RECORD: &[&str] = &[
    "additionalEventData",
    "addendum",
    "apiVersion",
    "awsRegion",
    "edgeDeviceDetails",
    "errorCode",
    "errorMessage",
    "eventCategory",
    "eventContext",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "insightDetails",
    "managementEvent",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "resources",
    "responseElements",
    "serviceEventDetails",
    "sessionCredentialFromConsole",
    "sharedEventID",
    "sourceIPAddress",
    "tlsDetails",
    "userAgent",
    "userIdentity",
    "vpcEndpointAccountId",
    "vpcEndpointId",
];

/// Members that say what was done, where from and by whom, as the examples of an alert do.
const TOLD: &[&str] = &[
    "awsRegion",
    "errorCode",
    "errorType",
    "eventName",
    "eventSource",
    "function",
    "level",
    "logStream",
    "recipientAccountId",
    "requestId",
    "sourceIPAddress",
    "userIdentity.accessKeyId",
    "userIdentity.accountId",
    "userIdentity.arn",
    "userIdentity.invokedBy",
    "userIdentity.principalId",
    "userIdentity.sessionContext.sessionIssuer.arn",
    "userIdentity.sessionContext.sessionIssuer.userName",
    "userIdentity.type",
    "userIdentity.userName",
];

/// An event as rules see it.
pub(super) struct Seen<'e>(pub(super) &'e Event<'e>);

impl rsigma_eval::Event for Seen<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        Field::once(path).value(self.0)
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        let mut found = false;
        self.visit_string_values(&mut |text| found = found || pred(text));
        found
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        let mut all = Vec::new();
        self.visit_string_values(&mut |text| all.push(Cow::Owned(text.to_owned())));
        all
    }

    fn visit_string_values(&self, visit: &mut dyn FnMut(&str)) {
        match &self.0.what {
            What::Call(call) => every_text(call.record, visit),
            What::Log(log) => visit(log.message),
        }
    }

    fn to_json(&self) -> Value {
        match &self.0.what {
            What::Call(call) => serde_json::from_str(call.record).unwrap_or_default(),
            What::Log(log) => Value::String(log.message.to_owned()),
        }
    }
}

/// A member that a rule looks at.
#[derive(Clone, Debug)]
pub(super) struct Field {
    path: String,
    root: Root,
    whole: Path,
    /// The path without its first member.
    below: Path,
    /// Finds the last name of the path, in quotes: most often there is none.
    last: Option<Finder<'static>>,
}

impl Field {
    /// One that is asked for often.
    pub(super) fn of(path: &str) -> Field {
        let field = Field::once(path);
        let last = field.below.last().map(|name| Finder::new(&format!("\"{name}\"")).into_owned());
        Field { last, ..field }
    }

    fn once(path: &str) -> Field {
        let whole = Path::of(path);
        Field { path: path.to_owned(), root: Root::of(path), last: None, below: whole.below(), whole }
    }

    /// As it was written.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Do the examples of an alert tell it anyway? What else a record or a line holds is nobody's to keep.
    pub(super) fn is_told(&self) -> bool {
        TOLD.contains(&&*self.path)
    }

    /// What it is in an event.
    pub(super) fn value<'e>(&self, event: &Event<'e>) -> Option<EventValue<'e>> {
        match &event.what {
            What::Call(call) => self.of_call(call),
            What::Log(log) => self.of_log(log),
        }
    }

    /// Is it a member of `userIdentity`?
    pub(super) fn is_of_caller(&self) -> bool {
        matches!(self.root, Root::Identity | Root::Known(Known::Arn | Known::InvokedBy | Known::AccessKey))
    }

    /// Is it what names the API?
    pub(super) fn is_of_api(&self) -> bool {
        matches!(self.root, Root::Known(Known::Source | Known::Name))
    }

    /// Roughly, what it costs to find: members that come late in a record cost more than those that were found already.
    pub(super) fn cost(&self) -> usize {
        match &self.root {
            Root::Known(_) => 1,
            Root::Failure(_) => 2,
            Root::Identity => 4,
            _ => 8,
        }
    }

    fn of_call<'e>(&self, call: &Call<'e>) -> Option<EventValue<'e>> {
        let text = match &self.root {
            Root::Known(known) => match (known.value(call), known) {
                (Some(value), _) => return Some(value),
                (None, Known::Arn | Known::InvokedBy | Known::AccessKey) => return self.of_identity(call),
                (None, _) => member(call.record, &self.path),
            },
            // The event has no error when its record has neither code nor message.
            Root::Failure(_) if call.error.is_none() => return None,
            Root::Request => return self.outlined(call.request, &call.outline),
            Root::Identity => return self.of_identity(call),
            Root::Response => call.response,
            Root::Extra => call.extra,
            Root::Failure(root) | Root::Member(root) => member(call.record, root),
        };
        if self.is_absent(text) { None } else { joined(values(text, &self.below)) }
    }

    fn of_identity<'e>(&self, call: &Call<'e>) -> Option<EventValue<'e>> {
        match call.recall {
            Some(recall) => self.outlined(call.identity, &recall.outline),
            None if call.identity.is_empty() => joined(values(member(call.record, "userIdentity"), &self.below)),
            None => joined(values(call.identity, &self.below)),
        }
    }

    fn outlined<'e>(&self, text: &'e str, outline: &Outline) -> Option<EventValue<'e>> {
        match outline.members(text, quick::outline) {
            Some(members) if !self.below.is_empty() => joined(values_of(members, &self.below)),
            _ => joined(values(text, &self.below)),
        }
    }

    /// Is there surely no value, because its name is nowhere in the text? Escapes may hide names, also those of text that
    /// holds JSON.
    fn is_absent(&self, text: &str) -> bool {
        let named = |last: &Finder<'_>| last.find(text.as_bytes()).is_some();
        self.last.as_ref().is_some_and(|last| !named(last)) && memchr2(b'\\', b'%', text.as_bytes()).is_none()
    }

    fn of_log<'e>(&self, log: &Log<'e>) -> Option<EventValue<'e>> {
        let text = match &*self.path {
            "function" => log.function,
            "requestId" => log.request,
            "logStream" => log.stream,
            "message" => log.message,
            "level" => level_of(&log.line)?,
            "errorType" => error_type_of(log),
            _ => return joined(values(log.message, &self.whole)),
        };
        (!text.is_empty()).then(|| EventValue::Str(text.into()))
    }
}

/// Where the first member of a path is found.
#[derive(Clone, Debug)]
enum Root {
    /// Reading the event has found it.
    Known(Known),
    /// Only where the call failed.
    Failure(String),
    Identity,
    Request,
    Response,
    Extra,
    /// In the record.
    Member(String),
}

/// What most rules ask for first, and reading the event has found already.
#[derive(Clone, Copy, Debug)]
enum Known {
    Source,
    Name,
    UserAgent,
    ReadOnly,
    Arn,
    InvokedBy,
    AccessKey,
    Address,
    Region,
}

impl Root {
    fn of(path: &str) -> Root {
        let root = path.split(['.', '[']).next().unwrap_or_default();
        match (path, root) {
            ("eventSource", _) => Root::Known(Known::Source),
            ("eventName", _) => Root::Known(Known::Name),
            ("userAgent", _) => Root::Known(Known::UserAgent),
            ("readOnly", _) => Root::Known(Known::ReadOnly),
            ("userIdentity.arn", _) => Root::Known(Known::Arn),
            ("userIdentity.invokedBy", _) => Root::Known(Known::InvokedBy),
            ("userIdentity.accessKeyId", _) => Root::Known(Known::AccessKey),
            ("sourceIPAddress", _) => Root::Known(Known::Address),
            ("awsRegion", _) => Root::Known(Known::Region),
            (_, "errorCode" | "errorMessage") => Root::Failure(root.to_owned()),
            (_, "userIdentity") => Root::Identity,
            (_, "requestParameters") => Root::Request,
            (_, "responseElements") => Root::Response,
            (_, "additionalEventData") => Root::Extra,
            _ => Root::Member(root.to_owned()),
        }
    }
}

impl Known {
    /// Nothing where it is not there, or not what it should be.
    fn value<'e>(self, call: &Call<'e>) -> Option<EventValue<'e>> {
        let text = match self {
            Known::Source => call.source,
            // A rule may mean the name as it is recorded or, where that has a version, without it.
            Known::Name if call.recorded != call.name && !call.recorded.is_empty() => {
                let names = [call.recorded, call.name];
                return Some(EventValue::Array(names.map(|name| EventValue::Str(name.into())).into()));
            }
            Known::Name => call.recorded,
            Known::UserAgent => call.user_agent,
            Known::Arn => call.principal.arn,
            Known::InvokedBy => call.principal.invoked_by,
            Known::AccessKey => call.principal.access_key,
            Known::Address => match call.address {
                Address::Ip(text) | Address::Service(text) => text,
                Address::Internal | Address::Unknown => return None,
            },
            Known::Region => call.region,
            Known::ReadOnly => return call.read_only.map(EventValue::Bool),
        };
        (!text.is_empty()).then(|| EventValue::Str(text.into()))
    }
}

fn level_of(line: &Line<'_>) -> Option<&'static str> {
    let Line::Application { level, .. } = line else { return None };
    Some(match level {
        Level::Trace => "TRACE",
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
        Level::Fatal => "FATAL",
    })
}

fn error_type_of<'e>(log: &Log<'e>) -> &'e str {
    match (&log.line, &log.failure) {
        (Line::Application { error_type, .. }, _) if !error_type.is_empty() => error_type,
        (_, Some(failure)) => failure.error_type,
        _ => "",
    }
}

/// One value as it is, several as a list of which any may fit.
fn joined(mut values: Found<'_>) -> Option<EventValue<'_>> {
    match values.len() {
        0 | 1 => values.pop(),
        _ => Some(EventValue::Array(values.into_vec())),
    }
}
