//! The catalogue: every detector, one file each. Adding one is a file and a row in [`CATALOG`].

use crate::detector::{About, Detector};
use crate::measure::Slot;
use crate::novelty::FirstSeen;

pub mod api_call_rate;
pub mod api_error_spike;
pub mod application_refused;
pub mod bucket_download;
pub mod change_before_failure;
pub mod console_login_failures;
pub mod console_login_spray;
pub mod console_login_without_mfa;
pub mod denied_burst;
pub mod denied_on_one_api;
pub mod deployer_misused;
pub mod error_code_rate;
pub mod event_failed_again;
pub mod function_cold_starts;
pub mod function_error_lines;
pub mod function_error_spike;
pub mod function_init_failure;
pub mod function_memory_grows;
pub mod function_memory_high;
pub mod function_memory_unused;
pub mod function_near_timeout;
pub mod function_out_of_memory;
pub mod function_slow;
pub mod function_timeout;
pub mod invocation_rate;
pub mod new_account_region;
pub mod new_agent;
pub mod new_api;
pub mod new_error;
pub mod new_error_code;
pub mod new_key;
pub mod new_log_line;
pub mod new_network;
pub mod new_principal;
pub mod new_region;
pub mod new_role;
pub mod new_sensitive_api;
pub mod new_time;
pub mod root_use;
pub mod several_tactics;
pub mod silence;
pub mod trail_tampering;
pub mod unfinished_invocation;

/// Failed invocations of a function, by distinct request id: read by several detectors and learnt by profiles.
pub const FAILED: Slot = Slot::named("failed");

/// Failed sign-ins, of a user and of an address.
pub(crate) const LOGIN_FAILED: Slot = Slot::named("login-failed");
/// Successful sign-ins, of a user and of an address.
pub(crate) const LOGIN_SUCCEEDED: Slot = Slot::named("login-succeeded");

/// Makes a detector with its default settings.
pub type Make = fn() -> Box<dyn Detector>;

/// The detector of that id; nothing where this version has none.
#[must_use]
pub fn about(id: &str) -> Option<&'static About> {
    CATALOG.iter().map(|make| make().about()).find(|about| about.id == id)
}

/// Every detector, in the order of the documentation.
pub static CATALOG: &[Make] = &[
    || Box::new(api_call_rate::ApiCallRate::default()),
    || Box::new(api_error_spike::ApiErrorSpike::default()),
    || Box::new(error_code_rate::ErrorCodeRate::default()),
    || Box::new(denied_burst::DeniedBurst::default()),
    || Box::new(denied_on_one_api::DeniedOnOneApi::default()),
    || Box::new(bucket_download::BucketDownload::default()),
    || Box::new(console_login_failures::ConsoleLoginFailures::default()),
    || Box::new(console_login_spray::ConsoleLoginSpray::default()),
    || Box::new(console_login_without_mfa::ConsoleLoginWithoutMfa),
    || Box::new(root_use::RootUse),
    || Box::new(trail_tampering::TrailTampering),
    || Box::new(several_tactics::SeveralTactics::default()),
    || Box::new(FirstSeen::from(&new_sensitive_api::KIND)),
    || Box::new(FirstSeen::from(&new_api::KIND)),
    || Box::new(new_principal::NewPrincipal::default()),
    || Box::new(FirstSeen::from(&new_network::KIND)),
    || Box::new(FirstSeen::from(&new_agent::KIND)),
    || Box::new(FirstSeen::from(&new_key::KIND)),
    || Box::new(FirstSeen::from(&new_role::KIND)),
    || Box::new(FirstSeen::from(&new_region::KIND)),
    || Box::new(FirstSeen::from(&new_error_code::KIND)),
    || Box::new(FirstSeen::from(&new_account_region::KIND)),
    || Box::new(FirstSeen::from(&new_time::KIND)),
    || Box::new(deployer_misused::DeployerMisused::default()),
    || Box::new(invocation_rate::InvocationRate::default()),
    || Box::new(function_error_spike::FunctionErrorSpike::default()),
    || Box::new(function_error_lines::FunctionErrorLines::default()),
    || Box::new(function_timeout::FunctionTimeout::default()),
    || Box::new(function_out_of_memory::FunctionOutOfMemory::default()),
    || Box::new(function_init_failure::FunctionInitFailure::default()),
    || Box::new(function_slow::FunctionSlow::default()),
    || Box::new(function_near_timeout::FunctionNearTimeout::default()),
    || Box::new(function_cold_starts::FunctionColdStarts::default()),
    || Box::new(function_memory_high::FunctionMemoryHigh::default()),
    || Box::new(function_memory_grows::FunctionMemoryGrows::default()),
    || Box::new(function_memory_unused::FunctionMemoryUnused::default()),
    || Box::new(change_before_failure::ChangeBeforeFailure::default()),
    || Box::new(application_refused::ApplicationRefused::default()),
    || Box::new(event_failed_again::EventFailedAgain::default()),
    || Box::new(unfinished_invocation::UnfinishedInvocation::default()),
    || Box::new(FirstSeen::from(&new_error::KIND)),
    || Box::new(FirstSeen::from(&new_log_line::KIND)),
    || Box::new(silence::Silence::default()),
];
