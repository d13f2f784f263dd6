//! The platform's lines in plain text.
//!
//! REPORT and its like are read as a bag of `key: value` fields: their order varies, old ones lack the status, the
//! X-Ray fields may stand on a second line, and exports turn tabs into spaces or into two characters.

use lapwing_detectors::event::{Crash, CrashKind, Line, Report};

use super::failure::{self, Phase};
use super::text::{self, contains};
use super::{Reading, Request};

/// Reads a line of the platform; `None` when it is not one.
pub(super) fn read(message: &str) -> Option<Reading<'_>> {
    let head = text::head(message);
    match text::token(head).0 {
        "START" => in_request(head, Line::Start),
        "END" => in_request(head, Line::Platform),
        "REPORT" => report(head),
        "INIT_START" | "RESTORE_START" => Some(Reading { request: Request::Outside, ..Reading::default() }),
        "INIT_REPORT" | "RESTORE_REPORT" => Some(start_report(head)),
        "EXTENSION" | "TELEMETRY" | "LOGS" if contains(head, "Name:") => Some(extension(head)),
        "XRAY" if contains(head, "TraceId:") => Some(Reading::default()),
        "RequestId:" => notice(message),
        _ => timeout(head).or_else(|| oversized(head)).or_else(|| named_error(message)),
    }
}

/// START and END: `START RequestId: UUID Version: $LATEST`.
fn in_request<'a>(head: &'a str, line: Line<'a>) -> Option<Reading<'a>> {
    let (key, rest) = text::token(text::token(head).1);
    let id = text::request_id(text::token(rest).0)?;
    (key == "RequestId:").then(|| Reading { line, request: Request::Current(id), ..Reading::default() })
}

fn report(head: &str) -> Option<Reading<'_>> {
    let fields = Fields::of(head);
    let id = text::request_id(fields.request)?;
    let failure = failure::of_status(fields.status, fields.error_type, Phase::Invoke);
    let failure = failure.map(|crash| with_memory(crash, &fields.report));
    let request = Request::Current(id);
    Some(Reading { line: Line::Report(fields.report), request, failure, ..Reading::default() })
}

/// The kernel kills a process that needs more memory than there is, and the report then tells only that it exited.
pub(super) fn with_memory<'a>(crash: Crash<'a>, report: &Report) -> Crash<'a> {
    let is_vague = matches!(crash.error_type, "" | "Runtime.ExitError" | "Runtime.Unknown" | "Function.Unknown")
        && crash.kind != CrashKind::Timeout;
    let is_full = report.memory_mb.is_some_and(|size| size > 0 && report.memory_used_mb >= Some(size));
    if is_vague && is_full { Crash { kind: CrashKind::OutOfMemory, ..crash } } else { crash }
}

fn start_report(head: &str) -> Reading<'_> {
    let fields = Fields::of(head);
    // An init that is tried again within an invocation belongs to its request.
    let request = if fields.phase == "invoke" { Request::Unnamed } else { Request::Outside };
    let failure = failure::of_status(fields.status, fields.error_type, Phase::Init);
    Reading { line: Line::Init, request, failure, ..Reading::default() }
}

fn extension(head: &str) -> Reading<'_> {
    let error_type = Fields::of(head).error_type;
    let failure = (!error_type.is_empty()).then(|| failure::of_type(error_type, Phase::Invoke));
    let request = if failure.is_some() { Request::Unnamed } else { Request::Outside };
    Reading { request, failure, ..Reading::default() }
}

/// `RequestId: UUID Process exited before completing request` and `RequestId: UUID Error: …`, whose last line names
/// the error type.
fn notice(message: &str) -> Option<Reading<'_>> {
    let head = text::head(message);
    let (id, what) = text::token(text::token(head).1);
    if !text::is_uuid(id) {
        return None;
    }
    let last = text::last_line(text::tail(message));
    let error_type = if failure::is_platform_type(last) { last } else { "" };
    let failure = kind_of_notice(what, error_type).map(|kind| Crash { kind, error_type });
    Some(Reading { request: Request::Current(id), failure, ..Reading::default() })
}

fn kind_of_notice(what: &str, error_type: &str) -> Option<CrashKind> {
    let is_exit = what.starts_with("Process exited before completing request")
        || (what.starts_with("Error: Runtime exited") && error_type.is_empty());
    if contains(what, "Task timed out after") {
        Some(CrashKind::Timeout)
    } else if contains(what, "signal: killed") {
        Some(CrashKind::OutOfMemory)
    } else if is_exit {
        Some(CrashKind::Exit)
    } else if what.starts_with("Error:") || !error_type.is_empty() {
        Some(failure::of_type(error_type, Phase::Invoke).kind)
    } else {
        None
    }
}

/// `TIME UUID Task timed out after 3.00 seconds`; an export may have taken the time off.
fn timeout(head: &str) -> Option<Reading<'_>> {
    let (first, rest) = text::token(head);
    let (id, what) = if text::is_time(first) { text::token(rest) } else { (first, rest) };
    let is_timeout = text::is_uuid(id) && what.starts_with("Task timed out after ");
    let failure = Some(Crash { kind: CrashKind::Timeout, error_type: "" });
    is_timeout.then(|| Reading { request: Request::Current(id), failure, ..Reading::default() })
}

/// `[ERROR] [1714521600.000] LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.`
fn oversized(head: &str) -> Option<Reading<'_>> {
    let is_runtime = head.starts_with("[ERROR] [") || head.starts_with("LAMBDA_RUNTIME");
    let failure = Some(Crash { kind: CrashKind::Error, error_type: "" });
    (is_runtime && contains(head, "LAMBDA_RUNTIME Failed to post handler success response"))
        .then(|| Reading { failure, ..Reading::default() })
}

/// A line of any text whose last line is nothing but an error type of the platform:
/// `Unknown application error occurred\nRuntime.Unknown`.
fn named_error(message: &str) -> Option<Reading<'_>> {
    let last = text::last_line(text::tail(message));
    let failure = failure::is_platform_type(last).then(|| failure::of_type(last, Phase::Invoke))?;
    Some(Reading { failure: Some(failure), ..Reading::default() })
}

/// The fields of REPORT, INIT_REPORT, RESTORE_REPORT and EXTENSION lines. An absent one is empty or `None`.
#[derive(Default)]
struct Fields<'a> {
    request: &'a str,
    status: &'a str,
    error_type: &'a str,
    phase: &'a str,
    report: Report,
}

/// The keys that are read; of two that end alike the longer one stands first.
const KEYS: [&str; 11] = [
    "Billed Restore Duration",
    "Restore Duration",
    "Billed Duration",
    "Init Duration",
    "Duration",
    "Max Memory Used",
    "Memory Size",
    "Error Type",
    "Status",
    "Phase",
    "RequestId",
];

impl<'a> Fields<'a> {
    fn of(head: &'a str) -> Self {
        let mut fields = Fields::default();
        for colon in memchr::memchr_iter(b':', head.as_bytes()) {
            if let Some(key) = KEYS.into_iter().find(|key| head[..colon].ends_with(key)) {
                fields.take(key, text::value(&head[colon + 1..]));
            }
        }
        fields
    }

    fn take(&mut self, key: &str, value: &'a str) {
        match key {
            "Duration" => self.report.duration_ms = milliseconds(value),
            "Billed Duration" => self.report.billed_ms = milliseconds(value),
            "Init Duration" => self.report.init_ms = milliseconds(value),
            "Restore Duration" => self.report.restore_ms = milliseconds(value),
            "Memory Size" => self.report.memory_mb = value.parse().ok(),
            "Max Memory Used" => self.report.memory_used_mb = value.parse().ok(),
            "Error Type" => self.error_type = value,
            "Status" => self.status = value,
            "Phase" => self.phase = value,
            "RequestId" => self.request = value,
            _ => {}
        }
    }
}

/// A duration; `None` for what is not a finite number from zero up.
pub(super) fn milliseconds(value: &str) -> Option<f64> {
    value.parse().ok().filter(|ms: &f64| ms.is_finite() && *ms >= 0.0)
}
