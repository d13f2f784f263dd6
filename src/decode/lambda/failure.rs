//! Why it failed: statuses and error types to kinds of failure.

use lapwing_detectors::event::{Crash, CrashKind};

/// What an invocation or an environment was doing when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It was starting: init or restore.
    Init,
    /// It was handling a request.
    Invoke,
}

/// Error types that the platform, and not the function, gives: `Runtime.ExitError`, `Sandbox.Timedout`.
pub(super) fn is_platform_type(error_type: &str) -> bool {
    ["Runtime.", "Extension.", "Sandbox.", "Function."]
        .into_iter()
        .filter_map(|family| error_type.strip_prefix(family))
        .any(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The failure that a report of the platform tells, if it is one. No status and no error type is a success: old
/// REPORT lines have neither.
pub(super) fn of_status<'a>(status: &str, error_type: &'a str, phase: Phase) -> Option<Crash<'a>> {
    let by_type = of_type(error_type, phase);
    let kind = match status {
        "timeout" if phase == Phase::Invoke => CrashKind::Timeout,
        "success" => return None,
        "" if error_type.is_empty() => return None,
        // The runtime itself went away; which is all that this status says without a type.
        "failure" if error_type.is_empty() && phase == Phase::Invoke => CrashKind::Exit,
        _ => by_type.kind,
    };
    Some(Crash { kind, error_type })
}

/// The failure that an error type alone tells.
pub(super) fn of_type(error_type: &str, phase: Phase) -> Crash<'_> {
    let kind = match error_type {
        "Runtime.OutOfMemory" | "java.lang.OutOfMemoryError" => CrashKind::OutOfMemory,
        "Runtime.BuiltInModuleConflict"
        | "Runtime.BeforeSnapshotError"
        | "Runtime.AfterRestoreError"
        | "Runtime.HandlerNotFound"
        | "Runtime.ImportModuleError"
        | "Runtime.InitError"
        | "Runtime.InvalidEntrypoint"
        | "Runtime.InvalidWorkingDir"
        | "Runtime.MalformedHandlerName"
        | "Runtime.NodejsEsmError"
        | "Runtime.UserCodeSyntaxError"
        | "Extension.InitError"
        | "Extension.LaunchError" => CrashKind::Init,
        // Ruby says which phase it was.
        _ if phase == Phase::Init || error_type.starts_with("Init<") => CrashKind::Init,
        "Runtime.InvokeTimeout" | "Sandbox.Timedout" | "Sandbox.Timeout" => CrashKind::Timeout,
        "Runtime.ExitError" | "Extension.ExitError" | "Extension.Crash" => CrashKind::Exit,
        _ => CrashKind::Error,
    };
    Crash { kind, error_type }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platform_types() {
        for (error_type, expected) in [
            ("Runtime.ExitError", true),
            ("Extension.Crash", true),
            ("Sandbox.Failure", true),
            ("Function.ResponseSizeTooLarge", true),
            ("Runtime.", false),
            ("Runtime.exceptions.Foo", false),
            ("RuntimeError", false),
            ("Function<TypeError>", false),
            ("", false),
        ] {
            assert_eq!(is_platform_type(error_type), expected, "{error_type}");
        }
    }

    #[test]
    fn kinds_of_the_whole_vocabulary() {
        use CrashKind::{Error, Exit, Init, OutOfMemory, Timeout};
        for (error_type, expected) in [
            ("Runtime.InitError", Init),
            ("Runtime.InvalidWorkingDir", Init),
            ("Runtime.InvalidEntrypoint", Init),
            ("Runtime.ImportModuleError", Init),
            ("Runtime.HandlerNotFound", Init),
            ("Runtime.ExitError", Exit),
            ("Runtime.Unknown", Error),
            ("Runtime.OutOfMemory", OutOfMemory),
            ("Runtime.TruncatedResponse", Error),
            ("Runtime.InvalidResponseModeHeader", Error),
            ("Runtime.InvokeTimeout", Timeout),
            ("Runtime.TooManyIdleRuntimes", Error),
            ("Runtime.UnhandledPromiseRejection", Error),
            ("Extension.LaunchError", Init),
            ("Extension.InitError", Init),
            ("Extension.ExitError", Exit),
            ("Extension.Crash", Exit),
            ("Sandbox.Timedout", Timeout),
            ("Sandbox.Failure", Error),
            ("Function.ResponseSizeTooLarge", Error),
            ("Function.Unknown", Error),
            ("KeyError", Error),
            ("Init<LoadError>", Init),
        ] {
            assert_eq!(of_type(error_type, Phase::Invoke).kind, expected, "{error_type}");
            let in_init = if expected == OutOfMemory { OutOfMemory } else { Init };
            assert_eq!(of_type(error_type, Phase::Init).kind, in_init, "{error_type}");
        }
    }

    #[test]
    fn statuses() {
        use Phase::{Init, Invoke};
        let kind = |status, error_type, phase| of_status(status, error_type, phase).map(|crash| crash.kind);
        assert_eq!(kind("", "", Invoke), None);
        assert_eq!(kind("success", "", Invoke), None);
        assert_eq!(kind("error", "", Invoke), Some(CrashKind::Error));
        assert_eq!(kind("failure", "", Invoke), Some(CrashKind::Exit));
        assert_eq!(kind("failure", "Runtime.OutOfMemory", Invoke), Some(CrashKind::OutOfMemory));
        assert_eq!(kind("timeout", "", Invoke), Some(CrashKind::Timeout));
        assert_eq!(kind("timeout", "Sandbox.Timedout", Init), Some(CrashKind::Init));
        assert_eq!(kind("error", "", Init), Some(CrashKind::Init));
        assert_eq!(kind("brand new", "", Invoke), Some(CrashKind::Error));
        assert_eq!(kind("", "Runtime.ExitError", Invoke), Some(CrashKind::Exit));
    }
}
