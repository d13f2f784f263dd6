//! Events: what happened, in the words of the field, borrowed from the text that it was read from.

use chrono::{DateTime, Utc};

mod recall;

pub use recall::{Asked, Members, Outline, Recall};

/// Which log an event came from. It decides the lateness, and which detectors look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// CloudTrail: management, data, network activity, Insights and aggregated events.
    CloudTrail,
    /// The log group of a Lambda function: the lines of the platform and of the application.
    Lambda,
}

/// A stable 64-bit hash that is the same however an event is delivered.
///
/// CloudTrail: of event id, time, source, name and recipient account. Logs: of the log event's own id, or of group,
/// stream, time, message and the ordinal among equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity(pub u64);

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// The id that AWS gave it; empty when it has none (then [`Event::identity`] stands in for it).
    pub id: &'a str,
    /// The same for every delivery of this event.
    pub identity: Identity,
    /// When it happened, never when it arrived.
    pub time: DateTime<Utc>,
    /// Twelve digits, or empty when the record does not say.
    pub account: &'a str,
    /// Such as `eu-west-1`, or empty when the record does not say.
    pub region: &'a str,
    /// How many calls this record stands for: 1, or more for an aggregated event.
    pub weight: u32,
    /// What happened.
    pub what: What<'a>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What<'a> {
    /// A CloudTrail record.
    Call(&'a Call<'a>),
    /// A line in a Lambda function's log.
    Log(Log<'a>),
}

impl Event<'_> {
    /// The log that this event came from.
    #[must_use]
    pub fn source(&self) -> Source {
        match self.what {
            What::Call(_) => Source::CloudTrail,
            What::Log(_) => Source::Lambda,
        }
    }
}

/// Which kind of CloudTrail record it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallKind {
    /// A call by somebody (`AwsApiCall`, `AwsConsoleAction`), and anything whose type is missing or new.
    #[default]
    Api,
    /// A sign-in event of the console (`AwsConsoleSignIn`).
    SignIn,
    /// Something a service did by itself (`AwsServiceEvent`).
    Service,
    /// A call through a VPC endpoint (`AwsVpceEvent`, `AwsVpceEvents`).
    Network,
    /// A CloudTrail Insights event: it carries no caller.
    Insight,
    /// A five-minute summary of data events: it carries counts and no caller.
    Aggregated,
    /// A second record about an old event (`addendum.reason` = `UPDATED_DATA`): nothing new happened.
    Update,
}

/// A CloudTrail record. A member that is absent or of the wrong type is empty, `None` or `Unknown`.
#[derive(Clone, Debug, Default)]
pub struct Call<'a> {
    /// Which kind of record it is.
    pub kind: CallKind,
    /// The service without its domain: `s3` for `s3.amazonaws.com`.
    pub service: &'a str,
    /// The API without its version suffix: `UpdateFunctionCode` for `UpdateFunctionCode20150331v2`.
    pub name: &'a str,
    /// `eventSource` as recorded, or empty.
    pub source: &'a str,
    /// `eventName` as recorded, or empty.
    pub recorded: &'a str,
    /// What `readOnly` says.
    pub read_only: Option<bool>,
    /// Who did it.
    pub principal: Principal<'a>,
    /// Where it came from.
    pub address: Address<'a>,
    /// As sent by the caller; outsiders choose it.
    pub user_agent: &'a str,
    /// What went wrong, if anything did.
    pub error: Option<Failure<'a>>,
    /// The VPC endpoint that the call went through, or empty.
    pub vpc_endpoint: &'a str,
    /// The id that both accounts' copies of one action carry, or empty.
    pub shared_id: &'a str,
    /// AWS says that the credentials are those of a session of the console (`sessionCredentialFromConsole`).
    pub from_console: bool,
    /// Set for `ConsoleLogin`.
    pub login: Option<Login<'a>>,
    /// `requestParameters` as raw JSON text, or empty when absent or null.
    pub request: &'a str,
    /// `responseElements` as raw JSON text, or empty when absent or null.
    pub response: &'a str,
    /// `additionalEventData` as raw JSON text, or empty when absent or null.
    pub extra: &'a str,
    /// The whole record as raw JSON text: what rules ask for that has no member of its own here.
    pub record: &'a str,
    /// `userIdentity` as raw JSON text, or empty where that was not kept; it is in the record all the same.
    pub identity: &'a str,
    /// `awsRegion` as recorded, or empty.
    pub region: &'a str,
    /// What was found out about `identity`, where calls with the same one share that.
    pub recall: Option<&'a Recall>,
    /// Of `request`, for the rules that look at it one after the other.
    pub outline: Outline,
    /// What rules asked of it already.
    pub asked: Asked,
}

/// What kind of principal it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// The root user of the account.
    Root,
    /// An IAM user.
    User,
    /// A role, used by a machine: an instance, a function, a pipeline, a service.
    Role,
    /// A person behind Identity Center, SAML or a source identity, in a session of a role.
    Person,
    /// An AWS service acting for itself.
    Service,
    /// Another AWS account, a federated or web identity, or a directory user.
    Other,
    /// The record does not say.
    #[default]
    Unknown,
}

/// Who did it, folded as far as a cloud engineer would: machine sessions into their role, people kept apart.
#[derive(Clone, Debug, Default)]
pub struct Principal<'a> {
    /// What kind of principal it is.
    pub kind: PrincipalKind,
    /// The account that it belongs to, which may not be the one that it acted in.
    pub account: &'a str,
    /// `root`, `user/ann`, `role/etl-nightly`, `AWSReservedSSO_Admin_0123/ann@example.com`,
    /// `ec2.amazonaws.com`; empty when unknown. The tail of the ARN where there is one.
    pub name: &'a str,
    /// Of a person, the role that the session runs under (`role/…` or its bare name); otherwise empty.
    pub parent: &'a str,
    /// The session name, or empty.
    pub session: &'a str,
    /// The access key id, or empty.
    pub access_key: &'a str,
    /// The service that made the call for the principal (`invokedBy`), or empty.
    pub invoked_by: &'a str,
    /// The ARN, as recorded, or empty.
    pub arn: &'a str,
    /// What `mfaAuthenticated` says of the session.
    pub mfa: Option<bool>,
    /// The OIDC provider that vouched for the session, by its host (`token.actions.githubusercontent.com`), or empty.
    pub provider: &'a str,
}

/// Where a call came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Address<'a> {
    /// An IP address, as text.
    Ip(&'a str),
    /// A service's name: `cloudformation.amazonaws.com`.
    Service(&'a str),
    /// `AWS Internal` and its like.
    Internal,
    /// Absent, or neither of these.
    #[default]
    Unknown,
}

impl<'a> Address<'a> {
    /// The IP address, if it is one.
    #[must_use]
    pub fn ip(self) -> Option<&'a str> {
        match self {
            Address::Ip(ip) => Some(ip),
            _ => None,
        }
    }

    /// The text to show, empty when unknown.
    #[must_use]
    pub fn text(self) -> &'a str {
        match self {
            Address::Ip(s) | Address::Service(s) => s,
            Address::Internal => "AWS Internal",
            Address::Unknown => "",
        }
    }
}

/// How a failed call failed. Explicit lists decide, never a pattern over the code alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ErrorClass {
    /// Refused: the caller is known and not allowed.
    Denied,
    /// The caller could not be authenticated: a wrong, expired or malformed credential or signature.
    Authentication,
    /// Too many calls.
    Throttled,
    /// The resource is not there, or the request is not valid.
    NotFoundOrInvalid,
    /// The service failed.
    ServerFault,
    /// The code names something that is not a failure, such as a dry run that would have succeeded.
    NotAnError,
}

impl ErrorClass {
    /// Every class that is a failure, in order.
    pub const FAILURES: [ErrorClass; 5] = [
        ErrorClass::Denied,
        ErrorClass::Authentication,
        ErrorClass::Throttled,
        ErrorClass::NotFoundOrInvalid,
        ErrorClass::ServerFault,
    ];

    /// The class in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ErrorClass::Denied => "denied",
            ErrorClass::Authentication => "authentication",
            ErrorClass::Throttled => "throttled",
            ErrorClass::NotFoundOrInvalid => "not found or invalid",
            ErrorClass::ServerFault => "server fault",
            ErrorClass::NotAnError => "not an error",
        }
    }
}

/// What went wrong in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure<'a> {
    /// `errorCode`, or a made-up one where AWS leaves it out (`Failed authentication`).
    pub code: &'a str,
    /// `errorMessage`; it may quote what outsiders sent.
    pub message: &'a str,
    /// Which class it belongs to.
    pub class: ErrorClass,
}

/// What a `ConsoleLogin` record says beyond an ordinary call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Login<'a> {
    /// Did it succeed?
    pub success: bool,
    /// `additionalEventData.MFAUsed`, if it is there.
    pub mfa_used: Option<bool>,
    /// The user name as typed or recorded; `HIDDEN_DUE_TO_SECURITY_REASONS` for a name that does not exist.
    pub user: &'a str,
    /// Through SAML or Identity Center: the second factor is not ours to see.
    pub federated: bool,
}

/// A line in a Lambda function's log, platform or application.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log<'a> {
    /// The function's name.
    pub function: &'a str,
    /// The request id; empty outside an invocation, or when the line does not say and its neighbours do not either.
    pub request: &'a str,
    /// The log stream, or empty.
    pub stream: &'a str,
    /// The text as logged, without the white space around it.
    pub message: &'a str,
    /// What the line is.
    pub line: Line<'a>,
    /// The failure of an invocation (or of an init) that this line is evidence of. Several lines may speak of one
    /// failure: they share the request id, and are counted once.
    pub failure: Option<Crash<'a>>,
}

/// What a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Line<'a> {
    /// An invocation begins.
    Start,
    /// An invocation has ended: the one line that counts it.
    Report(Report),
    /// An application line.
    Application {
        /// The level, normalised.
        level: Level,
        /// The type of the error that it reports (`KeyError`, `Runtime.ImportModuleError`), or empty.
        error_type: &'a str,
    },
    /// The end of an init phase.
    Init,
    /// `platform.logsDropped`: lines were lost before we could see them.
    LogsDropped {
        /// How many records were dropped.
        records: u64,
    },
    /// Any other line of the platform.
    #[default]
    Platform,
}

/// A log level, normalised over the runtimes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// TRACE.
    Trace,
    /// DEBUG.
    Debug,
    /// INFO, Information, and lines without a level.
    #[default]
    Info,
    /// WARN, WARNING.
    Warn,
    /// ERROR, fail.
    Error,
    /// FATAL, CRITICAL.
    Fatal,
}

/// What a REPORT line or a `platform.report` measures. A member that is absent is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// Milliseconds that the handler ran.
    pub duration_ms: Option<f64>,
    /// Milliseconds billed.
    pub billed_ms: Option<f64>,
    /// Milliseconds of init, on a cold start.
    pub init_ms: Option<f64>,
    /// Milliseconds of restore (SnapStart).
    pub restore_ms: Option<f64>,
    /// Megabytes configured.
    pub memory_mb: Option<u32>,
    /// Megabytes used at most.
    pub memory_used_mb: Option<u32>,
}

/// Why an invocation or an init failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash<'a> {
    /// Which kind of failure.
    pub kind: CrashKind,
    /// The error type as the log names it: `Runtime.OutOfMemory`, `KeyError`; may be empty.
    pub error_type: &'a str,
}

/// Which kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CrashKind {
    /// It ran into its time limit.
    Timeout,
    /// It used more memory than it has.
    OutOfMemory,
    /// It could not start: import error, missing handler or bootstrap, failed init or restore.
    Init,
    /// The process or an extension ended by itself.
    Exit,
    /// The handler returned or raised an error.
    Error,
}
