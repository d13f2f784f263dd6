//! What an account is for, as far as severity goes: what is grave in a live account is graver, and less so in one that
//! is there to try things out.

use lapwing_detectors::severity::Severity;

/// What accounts are called that others rely on.
const LIVE: [&str; 4] = ["prod", "production", "live", "prd"];
/// What accounts are called in which things are tried out.
const TRIAL: [&str; 6] = ["dev", "development", "sandbox", "test", "training", "lab"];

/// The severity of something grave in an account of this `env`, where it is another than elsewhere.
pub(super) fn weighed(env: &str, severity: Severity) -> Option<Severity> {
    let is = |names: &[&str]| names.iter().any(|name| env.eq_ignore_ascii_case(name));
    match severity {
        Severity::Medium if is(&LIVE) => Some(Severity::High),
        Severity::High if is(&TRIAL) => Some(Severity::Medium),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_weighs_by_what_it_is_called() {
        for (env, severity, outcome) in [
            ("prod", Severity::Medium, Some(Severity::High)),
            ("Production", Severity::Medium, Some(Severity::High)),
            ("prod", Severity::Low, None),
            ("prod", Severity::High, None),
            ("sandbox", Severity::High, Some(Severity::Medium)),
            ("sandbox", Severity::Critical, None),
            ("sandbox", Severity::Medium, None),
            ("staging", Severity::Medium, None),
            ("", Severity::Medium, None),
        ] {
            assert_eq!(weighed(env, severity), outcome, "{env} {severity:?}");
        }
    }
}
