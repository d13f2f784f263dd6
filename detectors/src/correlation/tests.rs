//! What correlations find, run in every order.

use super::*;
use crate::detector::{Nature, Ranking, Timing};
use crate::entity::Family;
use crate::event::What;
use crate::hash::{hash_of, hash_one};
use crate::script::{check, same_in_any_order};

static TOLD: About = About {
    id: "told",
    title: "Told",
    why: "because",
    families: &[Family::Principal],
    trigger: Trigger::Slots(&[Slot::named("told")]),
    nature: Nature::Deed,
    timing: Timing::Monotone,
    ranking: Ranking::Unnamed,
    ..About::EMPTY
};

static STEPPED: About =
    About { trigger: Trigger::Slots(&[Slot::named("told/0"), Slot::named("told/1"), Slot::named("told/2")]), ..TOLD };

/// A step is an API; what was asked for is the value, and the session the group.
#[derive(Clone)]
struct Apis(&'static [&'static str]);

impl Members for Apis {
    fn member<'e>(&self, event: &Event<'e>, step: usize) -> Option<Member<'e>> {
        let What::Call(call) = event.what else { return None };
        let counted = |text: &'e str| Counted { hash: hash_one(text), shown: text.into() };
        let values = (!call.request.is_empty()).then(|| counted(call.request)).into_iter().collect();
        (self.0[step] == call.name).then(|| Member { group: hash_one(call.principal.session), values })
    }
}

fn of(pattern: Pattern, minutes: u32, apis: &'static [&'static str]) -> Correlation<Apis> {
    let plan = Plan { pattern, steps: apis.len(), span: minutes * 60 };
    let about = if plan.count().is_some() { &TOLD } else { &STEPPED };
    Correlation { about, severity: Severity::Medium, keys: &[], needs: &[], plan, members: Apis(apis) }
}

const GET: &[&str] = &["GetSecretValue"];
const CHAIN: &[&str] = &["StopInstances", "ModifyInstanceAttribute", "StartInstances"];

#[test]
fn events_are_counted_within_any_window() {
    let many = of(Pattern::Events(Count::at_least(3)), 2, GET);
    check(
        &many,
        "09:00 sm:GetSecretValue who=user/eve
         09:01 sm:GetSecretValue who=user/eve x2
         09:30 sm:GetSecretValue who=user/ann x2
         09:32 sm:GetSecretValue who=user/ann",
        "09:01 medium user/eve: Told (3 events in 2 min: sm:GetSecretValue)",
    );
    // The window is as long as it is, wherever a minute of the clock begins.
    check(
        &of(Pattern::Events(Count::at_least(2)), 1, GET),
        "09:00 sm:GetSecretValue who=user/ann x2
         09:31 sm:GetSecretValue who=user/eve
         09:32 sm:GetSecretValue who=user/eve",
        "09:00 medium user/ann: Told (2 events in 1 min: sm:GetSecretValue)",
    );
}

#[test]
fn a_window_of_an_hour_reaches_over_the_hour() {
    let many = of(Pattern::Events(Count::at_least(2)), 60, GET);
    let found = "09:59 medium user/eve: Told (2 events in 60 min: sm:GetSecretValue)";
    check(&many, "09:00 sm:GetSecretValue who=user/eve\n09:59 sm:GetSecretValue who=user/eve", found);
    let over = found.replace("09:59", "10:58");
    check(&many, "09:59 sm:GetSecretValue who=user/eve\n10:58 sm:GetSecretValue who=user/eve", &over);
    check(&many, "09:00 sm:GetSecretValue who=user/eve\n10:00 sm:GetSecretValue who=user/eve", "");
}

#[test]
fn values_are_counted_once_and_by_group() {
    let many = of(Pattern::Values(Count::at_least(3)), 10, GET);
    check(
        &many,
        "09:00 sm:GetSecretValue who=user/eve request=a
         09:04 sm:GetSecretValue who=user/eve request=b
         09:09 sm:GetSecretValue who=user/eve request=c
         09:00 sm:GetSecretValue who=user/ann request=a x40
         09:01 sm:GetSecretValue who=role/app session=i-1 request=a
         09:02 sm:GetSecretValue who=role/app session=i-2 request=b
         09:03 sm:GetSecretValue who=role/app session=i-3 request=c
         09:03 sm:GetSecretValue who=user/bob x9",
        "09:09 medium user/eve: Told (3 values in 10 min: a, b, c)",
    );
    check(
        &many,
        "09:00-09:20/10m sm:GetSecretValue who=user/eve request=a\n09:09 sm:GetSecretValue who=user/eve request=b",
        "",
    );
}

#[test]
fn a_count_with_an_end_waits_and_is_taken_back() {
    let few = of(Pattern::Events(Count { least: 2, most: 3, not: None }), 10, GET);
    check(
        &few,
        "09:00 sm:GetSecretValue who=user/eve x2",
        "09:00 medium user/eve: Told (2 events in 10 min: sm:GetSecretValue)",
    );
    assert!(!few.plan.is_monotone() && of(Pattern::Ordered, 1, CHAIN).plan.is_monotone());
    let other = of(Pattern::Values(Count { least: 1, most: u32::MAX, not: Some(1) }), 10, GET);
    check(&other, "09:00 sm:GetSecretValue who=user/eve request=a x5", "");
}

#[test]
fn steps_must_come_in_their_order() {
    let chain = of(Pattern::Ordered, 15, CHAIN);
    check(
        &chain,
        "09:00 ec2:StopInstances           who=user/eve
         09:05 ec2:ModifyInstanceAttribute who=user/eve
         09:14 ec2:StartInstances          who=user/eve
         09:00 ec2:StopInstances           who=user/ann
         09:06 ec2:StartInstances          who=user/ann
         09:05 ec2:ModifyInstanceAttribute who=user/bob
         09:06 ec2:StopInstances           who=user/bob
         09:07 ec2:StartInstances          who=user/bob",
        "09:14 medium user/eve: Told (ec2:StopInstances, then ec2:ModifyInstanceAttribute, then ec2:StartInstances within 15 min)",
    );
    check(
        &chain,
        "09:00 ec2:StopInstances           who=user/eve
         09:05 ec2:ModifyInstanceAttribute who=user/eve
         09:15 ec2:StartInstances          who=user/eve",
        "",
    );
}

#[test]
fn one_step_among_very_many_of_another_is_seen() {
    check(
        &of(Pattern::Ordered, 1, &["A", "B", "C"]),
        "09:00 x:C who=user/eve x300
         09:00 x:B who=user/eve
         09:00 x:A who=user/eve x300",
        "09:00 medium user/eve: Told (x:A, then x:B, then x:C within 1 min)",
    );
}

#[test]
fn steps_in_any_order_may_be_enough_in_part() {
    let script = "09:00 ec2:StartInstances who=user/eve
                  09:02 ec2:StopInstances  who=user/eve";
    let two_of_three = 0b1110_1000;
    let both = "09:02 medium user/eve: Told (within 10 min: ec2:StartInstances, ec2:StopInstances)";
    check(&of(Pattern::Together(two_of_three), 10, CHAIN), script, both);
    check(&of(Pattern::Together(0b1000_0000), 10, CHAIN), script, "");
    // Stopped and not modified: what may be undone waits.
    let stopped_only = of(Pattern::Together(0b0010_0010), 10, CHAIN);
    assert!(!stopped_only.plan.is_monotone() && of(Pattern::Together(two_of_three), 10, CHAIN).plan.is_monotone());
    check(
        &stopped_only,
        "09:00 ec2:StopInstances who=user/eve",
        "09:00 medium user/eve: Told (within 10 min: ec2:StopInstances)",
    );
}

const DAY: u32 = 24 * 60;

#[test]
fn a_day_is_looked_over_however_slowly() {
    let many = of(Pattern::Events(Count::at_least(3)), DAY, GET);
    check(
        &many,
        "09:00 sm:GetSecretValue who=user/eve
         15:30 sm:GetSecretValue who=user/eve
         32:59 sm:GetSecretValue who=user/eve
         09:00 sm:GetSecretValue who=user/ann
         15:30 sm:GetSecretValue who=user/ann
         33:00 sm:GetSecretValue who=user/ann
         20:00-30:00/60m sm:PutSecretValue who=user/ann",
        "08:59 medium user/eve: Told (3 events in 24 h: sm:GetSecretValue)",
    );
    let values = of(Pattern::Values(Count::at_least(4)), 3 * 60, GET);
    check(
        &values,
        "09:10 sm:GetSecretValue who=user/eve request=a x200
         09:50 sm:GetSecretValue who=user/eve request=b x50
         11:00 sm:GetSecretValue who=user/eve request=c
         12:20 sm:GetSecretValue who=user/eve request=d
         12:40 sm:GetSecretValue who=user/eve request=a",
        "12:40 medium user/eve: Told (4 values in 3 h: a, b, c and 1 more)",
    );
}

#[test]
fn steps_may_lie_hours_apart() {
    let chain = of(Pattern::Ordered, 10 * 60, CHAIN);
    check(
        &chain,
        "09:00-09:40/10m ec2:StopInstances           who=user/eve
         09:20           ec2:ModifyInstanceAttribute who=user/eve
         09:50           ec2:ModifyInstanceAttribute who=user/eve
         19:35           ec2:StartInstances          who=user/eve
         09:30           ec2:ModifyInstanceAttribute who=user/ann
         09:40           ec2:StopInstances           who=user/ann
         15:00           ec2:StartInstances          who=user/ann
         09:00           ec2:StopInstances           who=user/bob
         12:00           ec2:ModifyInstanceAttribute who=user/bob
         19:00           ec2:StartInstances          who=user/bob",
        "19:35 medium user/eve: Told (ec2:StopInstances, then ec2:ModifyInstanceAttribute, then ec2:StartInstances within 10 h)",
    );
    check(
        &of(Pattern::Together(0b1000_0000), 5 * 60, CHAIN),
        "09:00 ec2:StartInstances          who=user/eve
         11:00 ec2:StopInstances           who=user/eve
         13:30 ec2:ModifyInstanceAttribute who=user/eve",
        "13:30 medium user/eve: Told (within 5 h: ec2:ModifyInstanceAttribute, ec2:StartInstances, ec2:StopInstances)",
    );
}

#[test]
fn many_events_are_counted_and_not_kept() {
    let many = of(Pattern::Events(Count::at_least(1_000)), 3 * 60, GET);
    check(
        &many,
        "09:00 sm:GetSecretValue who=user/eve x400
         10:30 sm:GetSecretValue who=user/eve x400
         11:59 sm:GetSecretValue who=user/eve x250
         09:00 sm:GetSecretValue who=user/ann x400
         10:30 sm:GetSecretValue who=user/ann x400
         12:00 sm:GetSecretValue who=user/ann x250
         09:00 sm:GetSecretValue who=role/app session=i-1 x600
         09:01 sm:GetSecretValue who=role/app session=i-2 x600",
        "11:59 medium user/eve: Told (1050 events in 3 h: sm:GetSecretValue)",
    );
}

/// What is left of an hour is found the same as the hour, whatever happened in it.
#[test]
fn what_is_left_of_an_hour_is_enough() {
    for seed in 0..60 {
        let next = |n: u64| hash_of(&[&seed.to_string(), &n.to_string()]);
        let mut script = String::new();
        for n in 0..40 {
            let api =
                ["ec2:StopInstances", "ec2:ModifyInstanceAttribute", "ec2:StartInstances"][next(n * 3) as usize % 3];
            let minute = next(n * 3 + 1) % 400;
            script.push_str(&format!(
                "{}:{:02} {api} who=user/eve request=r{}\n",
                9 + minute / 60,
                minute % 60,
                next(n * 3 + 2) % 9
            ));
        }
        for pattern in [
            Pattern::Ordered,
            Pattern::Together(0b1000_0000),
            Pattern::Events(Count { least: 12, most: 20, not: Some(14) }),
            Pattern::Values(Count { least: 3, most: 5, not: None }),
        ] {
            let three = of(pattern, 61 + (seed as u32 * 7) % 200, CHAIN);
            assert!(three.plan.is_long());
            same_in_any_order(&three, &script);
        }
    }
}
