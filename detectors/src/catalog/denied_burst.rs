//! Many refused calls of one principal.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cell::Cell;
use crate::detector::{About, Detector, Folding, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{Address, Call, CallKind, ErrorClass, Event, PrincipalKind, What};
use crate::habit::Facet;
use crate::measure::{Keep, Measure, Slot};
use crate::observe::{Observations, Value as Shown};
use crate::sensitive::is_sensitive;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::time::Minute;
use crate::window::{REACH, Window};

mod allowed;

use allowed::allowed_after;

const DENIED: Slot = Slot::named("denied");
const DENIED_APIS: Slot = Slot::named("denied-apis");

static ABOUT: About = About {
    id: "denied-burst",
    title: "Refused API calls",
    what: "A principal is refused many times within minutes: 10 refusals on several APIs are low, refusals on 5 distinct APIs medium, on 10 high. \
           When an API that was refused is then allowed within the hour, it is one level graver; not for one that only reads \
           and was allowed before as well.",
    why: "Whoever holds a credential that is not theirs has to find out what it can do. An owner knows.",
    innocent: "A policy that lacks one action: the same API is refused again and again, which is `denied-on-one-api`. \
               A page of the console that asks for more than its reader may see.",
    attack: &["T1580", "T1526", "T1087.004"],
    next: &[
        "is one API refused (a broken policy for its owner) or many (somebody tries what the credential can do)?",
        "do address, user agent and session belong to this principal?",
        "if an API was allowed in the end: what changed in between, and who changed it?",
    ],
    families: &[Family::Principal],
    trigger: Trigger::Slots(&[DENIED_APIS]),
    nature: Nature::Deed,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Denied,
};

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct DeniedBurst {
    /// Refusals in the window.
    pub count: u32,
    /// Distinct refused APIs in the window that are medium.
    pub apis_medium: u32,
    /// Distinct refused APIs in the window that are high.
    pub apis_high: u32,
    /// The window.
    pub window: Minutes,
}

impl Default for DeniedBurst {
    fn default() -> DeniedBurst {
        DeniedBurst { count: 10, apis_medium: 5, apis_high: 10, window: Minutes(10) }
    }
}

impl Detector for DeniedBurst {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        visit.field(field("count", "refusals in the window that are low", 2.0, 1000.0), Value::Count(&mut self.count));
        let doc = "distinct refused APIs in the window that are medium";
        visit.field(field("apis_medium", doc, 2.0, 1000.0), Value::Count(&mut self.apis_medium));
        let doc = "distinct refused APIs in the window that are high";
        visit.field(field("apis_high", doc, 2.0, 1000.0), Value::Count(&mut self.apis_high));
        visit.field(field("window", "the window of event time", 1.0, 60.0), Value::Minutes(&mut self.window));
    }

    fn fewest(&self, slot: Slot) -> Option<u32> {
        // Every refusal is in this slot, also those that are distinct APIs.
        (slot == DENIED).then(|| self.count.min(self.apis_medium).min(self.apis_high))
    }

    fn looks_back(&self) -> bool {
        // An API that was refused may be allowed then.
        true
    }

    fn remembers(&self) -> &'static [Facet] {
        &[Facet::Region]
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let What::Call(call) = event.what else { return };
        if !is_made(call) {
            return;
        }
        // Contributors carry what was allowed later, so every call of the principal is counted.
        seen.count(Family::Principal, Measure::Calls);
        if !is_refusal(call) {
            return;
        }
        seen.count(Family::Principal, Measure::Denied);
        if is_of_a_page(call) {
            return;
        }
        let apis = self.apis_high.max(self.apis_medium).max(KEPT_APIS) as u16;
        let count = self.count.max(KEPT_APIS) as u16;
        seen.occur(Family::Principal, DENIED, Keep::Count(count), Shown::Api);
        seen.occur(Family::Principal, DENIED_APIS, Keep::Distinct(apis), Shown::Api);
    }

    fn minutes(&self, here: &Cell, before: Option<&Cell>) -> u64 {
        let held =
            |slot| -> usize { before.into_iter().chain([here]).map(|cell| cell.minutes_of(slot, 0, 59).len()).sum() };
        let apis = self.apis_medium.min(self.apis_high);
        if held(DENIED) < self.count as usize && held(DENIED_APIS) < apis as usize {
            return 0;
        }
        // Only what was refused before it was allowed: not everybody knows what comes later.
        let refused = |cell: &Cell, api: u64| {
            let of_api = cell.minutes_of(DENIED_APIS, 0, 59).iter().filter(|o| o.value == api);
            of_api.map(|o| o.minute).min()
        };
        let since = |api: u64| match before.and_then(|cell| refused(cell, api)) {
            Some(_) => u64::MAX,
            None => refused(here, api).map_or(0, |first| u64::MAX << first),
        };
        let successes = here.contributors().iter().filter(|part| part.successes != 0);
        successes.fold(ABOUT.trigger.minutes(here), |bits, part| bits | part.successes & since(part.hash))
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let allowed = allowed_after(window);
        let reach = if allowed.is_empty() { 1 } else { REACH.0 - self.window.0 + 1 };
        // A success may come long after the burst: then the gravest window of the last hour is the one that counts.
        let refusals = Refusals::of(window);
        let bursts = (0..reach as i32).filter_map(|back| self.burst(&refusals, window.minute, back));
        let burst = bursts.max_by_key(|b| (b.severity, -b.back))?;
        let many = burst.severity > Severity::Low;
        let allowed = if many { allowed } else { Vec::new() };
        if allowed.is_empty() && burst.back > 0 {
            return None;
        }
        let span = Minutes(self.window.0 + burst.back as u32);
        Some(Verdict {
            severity: if allowed.is_empty() { burst.severity } else { burst.severity.raised() },
            seen: burst.seen,
            at_least: window.saturated(if many { DENIED_APIS } else { DENIED }, span),
            expected: None,
            threshold: Some(f64::from(burst.threshold)),
            surprise: None,
            window: window.since_first(&[DENIED], span),
            folding: Folding::Largest,
            unit: if many { "refused API{s}" } else { "refused call{s}" }.into(),
            headline: self.headline(many, &allowed),
            why: why(many, &allowed),
            examples: window.occurrences(DENIED, span).map(|o| Arc::clone(&o.example)).collect(),
        })
    }
}

/// The refusals of the last hour, with their minutes and APIs.
struct Refusals {
    all: Vec<(Minute, u64)>,
    apis: Vec<(Minute, u64)>,
}

impl Refusals {
    fn of(window: &Window<'_>) -> Refusals {
        let of = |slot| window.occurrences(slot, REACH).map(|o| (Minute::of(o.example.time), o.value)).collect();
        Refusals { all: of(DENIED), apis: of(DENIED_APIS) }
    }
}

/// A window of refusals that reached a threshold.
struct Burst {
    severity: Severity,
    seen: u64,
    threshold: u32,
    /// How many minutes before the judged one it ended.
    back: i32,
}

/// Kept beyond the thresholds, so that an alert can say 14 rather than "at least 10".
const KEPT_APIS: u32 = 32;

impl DeniedBurst {
    fn burst(&self, refusals: &Refusals, minute: Minute, back: i32) -> Option<Burst> {
        let end = minute.plus(-back);
        let start = end.plus(1 - self.window.0 as i32);
        let within = |(at, _): &&(Minute, u64)| start <= *at && *at <= end;
        let held = |all: &[(Minute, u64)]| all.iter().filter(within).count() as u64;
        let refused = held(&refusals.all);
        if refused < u64::from(self.count) && held(&refusals.apis) < u64::from(self.apis_medium.min(self.apis_high)) {
            return None;
        }
        let mut apis: Vec<u64> = refusals.apis.iter().filter(within).map(|(_, api)| *api).collect();
        apis.sort_unstable();
        apis.dedup();
        let (apis, refused) = (apis.len() as u64, self.scattered(refusals.all.iter().filter(within)));
        let (severity, seen, threshold) = if apis >= u64::from(self.apis_high) {
            (Severity::High, apis, self.apis_high)
        } else if apis >= u64::from(self.apis_medium) {
            (Severity::Medium, apis, self.apis_medium)
        } else if refused >= u64::from(self.count) {
            (Severity::Low, refused, self.count)
        } else {
            return None;
        };
        Some(Burst { severity, seen, threshold, back })
    }

    /// How many refusals there are but for those of an API that has enough of its own: `denied-on-one-api` says them.
    fn scattered<'r>(&self, refusals: impl Iterator<Item = &'r (Minute, u64)>) -> u64 {
        let mut by_api: BTreeMap<u64, u64> = BTreeMap::new();
        refusals.for_each(|(_, api)| *by_api.entry(*api).or_default() += 1);
        by_api.values().filter(|n| **n < u64::from(self.count)).sum()
    }

    fn headline(&self, many: bool, allowed: &[Arc<str>]) -> String {
        let minutes = self.window.0;
        let then = if allowed.is_empty() { String::new() } else { format!(", {} then allowed", allowed.len()) };
        if many {
            format!("denied on {{seen}} APIs in {minutes} min{then}")
        } else {
            format!("denied {{seen}} times in {minutes} min{then}")
        }
    }
}

fn why(many: bool, allowed: &[Arc<str>]) -> String {
    let base = if many {
        "many distinct APIs were refused: somebody tries what the credential can do"
    } else {
        "many refusals on few APIs: most often a broken policy"
    };
    match allowed.first() {
        Some(api) => format!("{base}; {api} was refused and allowed afterwards"),
        None => base.to_owned(),
    }
}

/// Did somebody make this call who has a name? Some exports give a name and no kind; a record without either is nobody's.
fn is_made(call: &Call<'_>) -> bool {
    let nobody = call.principal.kind == PrincipalKind::Service || call.principal.name.is_empty();
    !nobody && matches!(call.kind, CallKind::Api | CallKind::SignIn | CallKind::Network)
}

/// Was somebody refused, who is not AWS itself?
pub(crate) fn is_refusal(call: &Call<'_>) -> bool {
    is_made(call) && call.error.is_some_and(|error| error.class == ErrorClass::Denied) && !by_aws(call)
}

/// Refusals that AWS runs into by itself, as it probes: they are nobody's attempt.
fn by_aws(call: &Call<'_>) -> bool {
    matches!(call.address, Address::Service(_) | Address::Internal)
        || !call.principal.invoked_by.is_empty()
        || call.principal.name.contains("aws-service-role/")
        || call.principal.name.contains("AWSServiceRoleFor")
}

/// Did a page of the console ask, as it does for all that it could show? Nobody chose what it asks; what hands out
/// secrets or rights, and what changes something, somebody did choose.
fn is_of_a_page(call: &Call<'_>) -> bool {
    call.from_console && call.read_only == Some(true) && !is_sensitive(call.service, call.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::Engine;
    use crate::script::{check, learnt};

    #[test]
    fn many_apis_and_one_allowed_later() {
        check(
            &DeniedBurst::default(),
            "09:00 iam:ListUsers     denied who=role/ci ip=198.51.100.20
             09:00 iam:ListRoles     denied who=role/ci ip=198.51.100.20
             09:01 s3:ListBuckets    denied who=role/ci ip=198.51.100.20
             09:02 ec2:RunInstances  denied who=role/ci ip=198.51.100.20
             09:03 kms:ListKeys      denied who=role/ci ip=198.51.100.20
             09:40 s3:ListBuckets           who=role/ci ip=198.51.100.20",
            "09:03 high role/ci: denied on 5 APIs in 10 min, 1 then allowed",
        );
    }

    #[test]
    fn many_apis_of_which_another_is_allowed() {
        check(
            &DeniedBurst::default(),
            "09:00 iam:ListUsers     denied who=role/ci
             09:00 iam:ListRoles     denied who=role/ci
             09:01 s3:ListBuckets    denied who=role/ci
             09:02 ec2:RunInstances  denied who=role/ci
             09:03 kms:ListKeys      denied who=role/ci
             08:59 ec2:RunInstances         who=role/ci
             08:59 s3:ListBuckets           who=role/ci
             09:40 s3:ListBuckets           who=role/ci
             09:40 s3:GetObject             who=role/ci",
            "09:03 medium role/ci: denied on 5 APIs in 10 min",
        );
    }

    #[test]
    fn who_goes_through_regions_is_allowed_in_another() {
        let apis = ["iam:ListUsers", "iam:ListRoles", "s3:ListBuckets", "kms:ListKeys", "sns:ListTopics"];
        let refused: String = apis.map(|api| format!("09:00 {api} denied who=role/audit region=us-east-1\n")).concat();
        let on = |regions: [&str; 2]| {
            regions.map(|region| format!("09:05 s3:ListBuckets who=role/audit region={region}\n")).concat()
        };
        let all = refused.clone() + &on(["eu-west-1", "eu-west-2"]);
        check(&DeniedBurst::default(), &all, "09:00 medium role/audit: denied on 5 APIs in 10 min");
        let said = "09:00 high role/audit: denied on 5 APIs in 10 min, 1 then allowed";
        check(&DeniedBurst::default(), &(refused + &on(["eu-west-1", "us-east-1"])), said);
    }

    #[test]
    fn ten_apis() {
        let apis: String = (0..10).map(|n| format!("09:0{n} iam:Call{n} denied who=ROLE/ann@example.com\n")).collect();
        let said = "09:04 high ROLE/ann@example.com: denied on 10 APIs in 10 min";
        check(&DeniedBurst::default(), &apis, said);
    }

    #[test]
    fn what_a_page_of_the_console_asks() {
        let page = |more: &str| {
            let apis = ["iam:ListUsers", "ce:GetCostAndUsage", "health:DescribeEventAggregates", "ec2:DescribeHosts"];
            let asked = apis.map(|api| format!("09:00 {api} denied read console who=ROLE/ann@example.com x3\n"));
            asked.concat() + more
        };
        let all = "09:01 kms:ListKeys denied who=ROLE/ann@example.com ";
        check(&DeniedBurst::default(), &page(&format!("{all}read console")), "");
        let said = "09:02 medium ROLE/ann@example.com: denied on 5 APIs in 10 min";
        let chosen = ["kms:DisableKey", "iam:CreateUser", "ec2:RunInstances", "s3:PutBucketPolicy"];
        let chosen = chosen.map(|api| format!("09:02 {api} denied console who=ROLE/ann@example.com\n")).concat();
        let secret = "09:02 secretsmanager:GetSecretValue denied read console who=ROLE/ann@example.com";
        check(&DeniedBurst::default(), &page(&(chosen + secret)), said);
    }

    #[test]
    fn refusals_on_few_apis_are_most_often_a_broken_policy() {
        check(
            &DeniedBurst::default(),
            "09:00 s3:GetObject denied who=role/app x5
             09:00 s3:PutObject denied who=role/app x5",
            "09:00 low role/app: denied 10 times in 10 min",
        );
    }

    #[test]
    fn what_is_refused_on_one_api_alone_is_said_elsewhere() {
        let script = "09:00 s3:GetObject denied who=role/app x50
                      09:00 s3:PutObject denied who=role/app x9";
        check(&DeniedBurst::default(), script, "");
    }

    #[test]
    fn nine_refusals() {
        check(&DeniedBurst::default(), "09:00 s3:GetObject denied who=role/app x9", "");
    }

    #[test]
    fn ten_refusals_in_eleven_minutes() {
        check(
            &DeniedBurst::default(),
            "09:00 s3:GetObject denied who=role/app x5\n 09:10 s3:GetObject denied who=role/app x5",
            "",
        );
    }

    #[test]
    fn what_was_allowed_before_it_was_refused_is_no_minute_of_a_burst() {
        let minutes = |again: &str| {
            let refused: String = (0..5).map(|n| format!("12:0{n} iam:List{n} denied who=role/x\n")).collect();
            let script = format!("{refused}12:06 ec2:DescribeInstances who=role/x\n{again}");
            let learnt = learnt(&Engine::default(), &script);
            let mut cells = learnt.cells().into_iter().filter(|(entity, ..)| entity.family == Family::Principal);
            cells.next().map(|(.., cell)| DeniedBurst::default().minutes(&cell, None))
        };
        assert_eq!(minutes("12:07 ec2:DescribeInstances denied who=role/x"), Some(0b1001_1111));
        assert_eq!(minutes("12:05 ec2:DescribeInstances denied who=role/x"), Some(0b111_1111));
    }

    #[test]
    fn what_aws_runs_into_by_itself() {
        let script = "09:00 s3:GetBucketAcl denied who=config.amazonaws.com x50
                      09:00 s3:GetBucketAcl denied who=role/scan ip=config.amazonaws.com x50
                      09:00 s3:GetBucketAcl denied who=role/scan by=cloudformation.amazonaws.com x50
                      09:00 s3:GetBucketAcl denied who=role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig x50";
        check(&DeniedBurst::default(), script, "");
    }
}
