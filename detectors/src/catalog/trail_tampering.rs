//! Somebody stops, deletes or blinds a trail.

use crate::deed::{Grade, KEPT, names, verdict};
use crate::detector::{About, Detector, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{Call, ErrorClass, Event, What};
use crate::measure::{Keep, Slot};
use crate::observe::{Observations, Value};
use crate::settings::Visit;
use crate::severity::Severity;
use crate::window::Window;

const STOPPED: Slot = Slot::named("trail-stopped");
const CHANGED: Slot = Slot::named("trail-changed");
const REFUSED: Slot = Slot::named("trail-refused");

static ABOUT: About = About {
    id: "trail-tampering",
    title: "CloudTrail tampered with",
    what: "A trail or an event data store is stopped, deleted or told to record less (critical), changed otherwise (high), \
           or somebody is refused when they try (high).",
    why: "Who switches the recording off does not want to be seen.",
    innocent: "DescribeTrails, GetTrailStatus, StartLogging, selectors that record everything, a trail that is only made to record more or safer, a call that fails because the trail is not there.",
    attack: &["T1562.008"],
    next: &[
        "start logging again: aws cloudtrail start-logging --name NAME",
        "who did it, from where, and was it announced?",
        "what did this principal do in the hour before?",
    ],
    families: &[Family::Principal],
    trigger: Trigger::Slots(&[STOPPED, CHANGED, REFUSED]),
    nature: Nature::Deed,
    timing: Timing::Monotone,
    never_muted: true,
    ranking: Ranking::Unnamed,
};

/// It has no settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrailTampering;

impl Detector for TrailTampering {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, _visit: &mut dyn Visit) {}

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        if let What::Call(call) = event.what
            && call.service == "cloudtrail"
            && let Some(slot) = slot_of(call)
        {
            seen.occur(Family::Principal, slot, Keep::Count(KEPT), Value::Api);
        }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let stopped = Grade { severity: Severity::Critical, why: "a trail records less than before, or nothing" };
        let changed = Grade { severity: Severity::High, why: "a trail was changed" };
        let refused = Grade { severity: Severity::High, why: "somebody tried to switch a trail off and was refused" };
        let did = |slot, what: &str| format!("{what}: {}", names(window, slot));
        verdict(window, STOPPED, stopped, did(STOPPED, "stopped or blinded a trail"))
            .or_else(|| verdict(window, CHANGED, changed, did(CHANGED, "changed a trail")))
            .or_else(|| verdict(window, REFUSED, refused, did(REFUSED, "was refused when tampering with a trail")))
    }
}

fn slot_of(call: &Call<'_>) -> Option<Slot> {
    let slot = match call.name {
        "StopLogging" | "DeleteTrail" | "DeleteEventDataStore" | "StopEventDataStoreIngestion" => STOPPED,
        "PutEventSelectors" if blinds(call.request) => STOPPED,
        "UpdateTrail" if weakens(call.request) => STOPPED,
        "PutEventSelectors" if leaves_out_sources(call.request) => CHANGED,
        "UpdateTrail" if only_strengthens(call.request) => return None,
        "UpdateTrail" | "UpdateEventDataStore" => CHANGED,
        _ => return None,
    };
    match call.error.map(|error| error.class) {
        None | Some(ErrorClass::NotAnError) => Some(slot),
        Some(ErrorClass::Denied) => Some(REFUSED),
        Some(_) => None,
    }
}

/// Do these selectors leave out management events, or half of them?
fn blinds(request: &str) -> bool {
    let advanced = request.contains("\"advancedEventSelectors\"") && request.contains("\"eventCategory\"");
    has(request, "includeManagementEvents", "false")
        || has(request, "eventSelectors", "[]")
        || has(request, "readWriteType", "\"ReadOnly\"")
        || has(request, "readWriteType", "\"WriteOnly\"")
        || advanced && !records_management(request)
}

/// Does one of the advanced selectors record management events, both those that read and those that write?
fn records_management(request: &str) -> bool {
    let mut selectors = request.split("\"fieldSelectors\"").skip(1);
    selectors.any(|selector| selector.contains("\"Management\"") && !selector.contains("\"readOnly\""))
}

/// Are the management events of some services left out, such as those of KMS?
fn leaves_out_sources(request: &str) -> bool {
    let mut fields = request.split("\"field\"").skip(1);
    has(request, "excludeManagementEventSources", "[\"")
        || fields.any(|field| field.contains("\"eventSource\"") && field.contains("\"not"))
}

/// Is all that the call names of a trail's settings such that the trail records more than before, or safer?
fn only_strengthens(request: &str) -> bool {
    const SAFER: [&str; 4] =
        ["isMultiRegionTrail", "includeGlobalServiceEvents", "enableLogFileValidation", "isOrganizationTrail"];
    const ELSEWHERE: [&str; 5] =
        ["s3BucketName", "s3KeyPrefix", "kmsKeyId", "cloudWatchLogsLogGroupArn", "cloudWatchLogsRoleArn"];
    SAFER.iter().any(|m| has(request, m, "true"))
        && !SAFER.iter().any(|m| has(request, m, "false"))
        && !ELSEWHERE.iter().any(|m| request.contains(m))
}

fn weakens(request: &str) -> bool {
    ["isMultiRegionTrail", "includeGlobalServiceEvents", "enableLogFileValidation"]
        .iter()
        .any(|m| has(request, m, "false"))
}

/// Does some member of that name have that value, as raw JSON text? Enough here, since both are plain ASCII.
fn has(json: &str, member: &str, value: &str) -> bool {
    let quoted = format!("\"{member}\"");
    json.match_indices(&quoted).any(|(at, _)| {
        let rest = json[at + quoted.len()..].trim_start();
        rest.strip_prefix(':').is_some_and(|rest| rest.trim_start().starts_with(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    #[test]
    fn a_trail_is_stopped() {
        let said = "09:00 critical user/eve: stopped or blinded a trail: cloudtrail:StopLogging";
        check(&TrailTampering, "09:00 cloudtrail:StopLogging who=user/eve", said);
    }

    #[test]
    fn selectors_that_leave_out_management_events() {
        let script = "09:00 cloudtrail:PutEventSelectors who=user/eve request={\"eventSelectors\":[{\"includeManagementEvents\":false}]}";
        check(
            &TrailTampering,
            script,
            "09:00 critical user/eve: stopped or blinded a trail: cloudtrail:PutEventSelectors",
        );
    }

    #[test]
    fn selectors_that_select_nothing_or_leave_a_service_out() {
        let put = |selectors: &str| {
            format!("09:00 cloudtrail:PutEventSelectors who=user/eve request={{\"eventSelectors\":{selectors}}}")
        };
        let said = "09:00 critical user/eve: stopped or blinded a trail: cloudtrail:PutEventSelectors";
        check(&TrailTampering, &put("[]"), said);
        let said = "09:00 high user/eve: changed a trail: cloudtrail:PutEventSelectors";
        let out = "[{\"includeManagementEvents\":true,\"excludeManagementEventSources\":[\"kms.amazonaws.com\"]}]";
        check(&TrailTampering, &put(out), said);
        check(&TrailTampering, &put("[{\"excludeManagementEventSources\":[]}]"), "");
    }

    #[test]
    fn advanced_selectors_that_record_only_what_reads() {
        let selectors = |fields| {
            format!(
                "09:00 cloudtrail:PutEventSelectors who=user/eve request={{\"advancedEventSelectors\":[{{\"fieldSelectors\":[{{\"field\":\"eventCategory\",\"equals\":[\"Management\"]}}{fields}]}}]}}"
            )
        };
        check(&TrailTampering, &selectors(""), "");
        let said = "09:00 critical user/eve: stopped or blinded a trail: cloudtrail:PutEventSelectors";
        check(&TrailTampering, &selectors(",{\"field\":\"readOnly\",\"equals\":[\"true\"]}"), said);
    }

    #[test]
    fn somebody_is_refused() {
        let said = "09:00 high user/eve: was refused when tampering with a trail: cloudtrail:DeleteTrail";
        check(&TrailTampering, "09:00 cloudtrail:DeleteTrail denied who=user/eve", said);
    }

    #[test]
    fn reading_starting_and_recording_everything() {
        let script = "09:00 cloudtrail:DescribeTrails read who=user/eve
                      09:00 cloudtrail:StartLogging who=user/eve
                      09:00 cloudtrail:StopLogging invalid who=user/eve
                      09:00 logs:StopLogging who=user/eve
                      09:00 cloudtrail:PutEventSelectors who=user/eve request={\"eventSelectors\":[{\"includeManagementEvents\":true,\"readWriteType\":\"All\"}]}";
        check(&TrailTampering, script, "");
    }

    #[test]
    fn a_trail_is_made_to_record_more_or_elsewhere() {
        let update = |settings: &str| {
            format!("09:00 cloudtrail:UpdateTrail who=user/eve request={{\"name\":\"main\",{settings}}}")
        };
        check(&TrailTampering, &update("\"isMultiRegionTrail\":true,\"enableLogFileValidation\":true"), "");
        let changed = "09:00 high user/eve: changed a trail: cloudtrail:UpdateTrail";
        check(&TrailTampering, &update("\"isMultiRegionTrail\":true,\"s3BucketName\":\"other\""), changed);
        check(&TrailTampering, &update("\"kmsKeyId\":\"\""), changed);
    }

    #[test]
    fn advanced_selectors_that_leave_a_service_out() {
        let put = |fields: &str| {
            format!(
                "09:00 cloudtrail:PutEventSelectors who=user/eve request={{\"advancedEventSelectors\":[{{\"fieldSelectors\":[{{\"field\":\"eventCategory\",\"equals\":[\"Management\"]}}{fields}]}}]}}"
            )
        };
        let out = put(",{\"field\":\"eventSource\",\"notEquals\":[\"iam.amazonaws.com\"]}");
        check(&TrailTampering, &out, "09:00 high user/eve: changed a trail: cloudtrail:PutEventSelectors");
        check(&TrailTampering, &put(""), "");
    }

    #[test]
    fn members_are_found_whatever_the_spacing() {
        assert!(has("{\"a\" : false}", "a", "false"));
        assert!(has("{\"a\":{\"b\":1},\"b\":\n false}", "b", "false"));
        assert!(!has("{\"a\":\"false\"}", "a", "false"));
        assert!(!has("{\"aa\":false}", "a", "false"));
    }
}
