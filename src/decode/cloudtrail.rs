//! From a CloudTrail record to an event.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use lapwing_detectors::event::{Address, Call, CallKind, ErrorClass, Event, Failure, Identity, Login, What};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::error_class;
use super::record::{LoginExtra, LoginResponse, Record};
use super::{Origin, Sink, time};

/// Part of every identity. Changing it makes every stored identity a different one.
const IDENTITY_SEED: u64 = 0x6c61_7077_696e_6731;

/// What `ConsoleLogin` failures are called: AWS gives them a message but no code.
const FAILED_LOGIN: &str = "Failed authentication";

/// Is this no CloudTrail record at all, though it may look like one? Notifications of S3 and of queues have the same
/// members, with sources such as `aws:s3`.
pub(super) fn is_foreign(record: &Record<'_>) -> bool {
    let known = [&record.time, &record.name, &record.source, &record.id, &record.kind, &record.window.start];
    let unknown = known.iter().all(|member| member.is_empty()) && record.caller.kind().is_empty();
    record.source.starts_with("aws:") || unknown
}

/// Does a log message hold a record, rather than an application's own JSON?
pub(super) fn is_complete(record: &Record<'_>) -> bool {
    let named = !record.name.is_empty() || !record.insight.name.is_empty() || !record.window.start.is_empty();
    named && !is_foreign(record) && !record.kind.is_empty() | !record.source.is_empty()
}

/// Makes the event of a record and hands it to the sink.
///
/// # Errors
/// What is wrong with the record, when its time cannot be read.
pub(super) fn emit(
    record: &Record<'_>,
    (json, origin): (&str, &Origin<'_>),
    sink: &mut dyn Sink,
) -> Result<(), String> {
    let time = time_of(record)?;
    let login = LoginMembers::of(record);
    let kind = kind_of(record);
    let call = Call {
        kind,
        service: service(first([&record.source, &record.insight.source])),
        name: api_name(first([&record.name, &record.insight.name, only_name(record)])),
        source: &record.source,
        recorded: &record.name,
        read_only: record.read_only.0,
        principal: record.caller.principal(),
        address: address(&record.address),
        user_agent: &record.user_agent,
        error: failure(record, login.as_ref()),
        vpc_endpoint: &record.vpc_endpoint,
        shared_id: &record.shared_id,
        from_console: record.console.0 == Some(true),
        login: login.as_ref().map(|members| members.login(record)),
        request: record.request.0,
        response: record.response.0,
        extra: record.extra.0,
        record: json,
        identity: record.caller.json(),
        region: &record.region,
        recall: record.caller.recall(),
        outline: Default::default(),
        asked: Default::default(),
    };
    sink.event(&Event {
        id: &record.id,
        identity: identity(record, json),
        time,
        account: first([&record.recipient, &record.account, record.caller.account(), origin.account]),
        region: first([&record.region, origin.region]),
        weight: if kind == CallKind::Aggregated { weight(record) } else { 1 },
        what: What::Call(&call),
    });
    Ok(())
}

fn first<const N: usize>(choices: [&str; N]) -> &str {
    choices.into_iter().find(|choice| !choice.is_empty()).unwrap_or_default()
}

fn time_of(record: &Record<'_>) -> Result<DateTime<Utc>, String> {
    let (name, text) = match (&*record.time, &*record.window.start) {
        ("", start) if !start.is_empty() => ("timeWindow.windowStart", start),
        (text, _) => ("eventTime", text),
    };
    // Query engines and data lakes rewrite the time without its `Z`; CloudTrail's times are always UTC.
    time::rfc3339(text).or_else(|| time::without_zone(text)).ok_or_else(|| match text {
        "" => format!("`{name}` is absent or no text; an RFC 3339 time is wanted"),
        text => format!("`{name}` is {:?}, which is not an RFC 3339 time", start_of(text)),
    })
}

/// The start of a text that an outsider may have chosen, short enough for a message.
pub(super) fn start_of(text: &str) -> &str {
    const SHOWN: usize = 60;
    text.char_indices().nth(SHOWN).map_or(text, |(end, _)| &text[..end])
}

fn kind_of(record: &Record<'_>) -> CallKind {
    if &*record.addendum.reason == "UPDATED_DATA" {
        return CallKind::Update;
    }
    match (&*record.kind, &*record.category) {
        ("AwsCloudTrailInsight", _) | (_, "Insight") => CallKind::Insight,
        ("AwsAggregatedEvent", _) | (_, "Aggregated") => CallKind::Aggregated,
        ("AwsVpceEvent" | "AwsVpceEvents", _) | (_, "NetworkActivity") => CallKind::Network,
        ("AwsConsoleSignIn", _) => CallKind::SignIn,
        ("AwsServiceEvent", _) => CallKind::Service,
        _ => CallKind::Api,
    }
}

/// The service without its domain.
fn service(source: &str) -> &str {
    let source = source.strip_suffix(".cn").unwrap_or(source);
    source.strip_suffix(".amazonaws.com").unwrap_or(source)
}

/// The API without its version: `UpdateFunctionCode20150331v2`, `CreateDistribution2020_05_31`.
fn api_name(name: &str) -> &str {
    if !name.ends_with(|last: char| last.is_ascii_digit()) {
        return name;
    }
    let dated = match name.rsplit_once('v') {
        Some((dated, version)) if !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()) => dated,
        _ => name,
    };
    let short = ["dddddddd", "dddd_dd_dd"].iter().find_map(|date| {
        let cut = dated.len().checked_sub(date.len()).filter(|&cut| cut > 0 && dated.is_char_boundary(cut))?;
        let tail = &dated[cut..];
        let fits = |(wanted, found): (u8, u8)| if wanted == b'd' { found.is_ascii_digit() } else { found == wanted };
        let century = tail.starts_with("19") || tail.starts_with("20");
        (century && date.bytes().zip(tail.bytes()).all(fits)).then(|| &dated[..cut])
    });
    short.unwrap_or(name)
}

/// The API of an aggregated event, when it sums up one API only.
fn only_name<'a>(record: &'a Record<'_>) -> &'a str {
    let dimensions = std::iter::once(&record.summary.primary).chain(&record.summary.details.0);
    let names = dimensions.filter(|dimension| &*dimension.name == "eventName").map(|dimension| &dimension.statistics.0);
    names.filter(|statistics| statistics.len() == 1).map(|statistics| &*statistics[0].name).next().unwrap_or_default()
}

/// How many calls an aggregated event stands for. Its dimensions count the same calls, each in another way; details
/// may list only the most frequent values, so the largest sum is the nearest.
fn weight(record: &Record<'_>) -> u32 {
    let details = record.summary.details.0.iter().map(super::record::Dimension::calls).max().unwrap_or(0);
    let calls = match record.summary.primary.calls() {
        0 => details,
        calls => calls,
    };
    u32::try_from(calls.max(1)).unwrap_or(u32::MAX)
}

fn address(text: &str) -> Address<'_> {
    if is_ipv4(text) || text.parse::<IpAddr>().is_ok() {
        Address::Ip(text)
    } else if text.starts_with("AWS Internal") {
        Address::Internal
    } else if text.contains('.') && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-') {
        Address::Service(text)
    } else {
        Address::Unknown
    }
}

/// Most addresses are of this form, and nothing but the form is asked for.
fn is_ipv4(text: &str) -> bool {
    let (mut dots, mut digits, mut number) = (0, 0, 0_u32);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if digits == 0 || (digits < 3 && number > 0) => {
                number = number * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && number <= 255 => (dots, digits, number) = (dots + 1, 0, 0),
            _ => return false,
        }
    }
    dots == 3 && digits > 0 && number <= 255
}

fn failure<'a>(record: &'a Record<'_>, login: Option<&LoginMembers<'_>>) -> Option<Failure<'a>> {
    let (code, message) = (&*record.error_code, &*record.error_message);
    if !code.is_empty() {
        return Some(Failure { code, message, class: error_class::classify(code, message) });
    }
    let failed = login.is_some_and(|members| !members.succeeded(record));
    failed.then_some(Failure { code: FAILED_LOGIN, message, class: ErrorClass::Authentication })
}

/// The members that only a `ConsoleLogin` has.
struct LoginMembers<'a> {
    response: LoginResponse<'a>,
    extra: LoginExtra<'a>,
}

impl<'a> LoginMembers<'a> {
    fn of(record: &Record<'a>) -> Option<Self> {
        (&*record.name == "ConsoleLogin").then(|| LoginMembers {
            response: serde_json::from_str(record.response.0).unwrap_or_default(),
            extra: serde_json::from_str(record.extra.0).unwrap_or_default(),
        })
    }

    fn succeeded(&self, record: &Record<'_>) -> bool {
        match &*self.response.outcome {
            "" => record.error_code.is_empty() && record.error_message.is_empty(),
            outcome => outcome == "Success",
        }
    }

    fn login<'b>(&'b self, record: &'b Record<'_>) -> Login<'b> {
        let who = &record.caller;
        let user = match who.kind() {
            "Root" => "root",
            _ => first([who.user_name(), who.principal().session]),
        };
        let federated = matches!(who.kind(), "AssumedRole" | "SAMLUser" | "IdentityCenterUser" | "FederatedUser");
        Login {
            success: self.succeeded(record),
            mfa_used: self.extra.mfa_used.0,
            user,
            federated: federated || !self.extra.saml_provider.is_empty(),
        }
    }
}

/// The same for every delivery of a record. A record without an id is known by its text.
fn identity(record: &Record<'_>, json: &str) -> Identity {
    if record.id.is_empty() {
        return Identity(xxh3_64_with_seed(json.as_bytes(), IDENTITY_SEED));
    }
    let recipient = first([&record.recipient, &record.account]);
    let parts = [&record.id, &record.time, &record.source, &record.name, recipient];
    // Each hash is the seed of the next, so that no text can pass for two parts.
    Identity(parts.iter().fold(IDENTITY_SEED, |seed, part| xxh3_64_with_seed(part.as_bytes(), seed)))
}

#[cfg(test)]
mod tests;
