//! Calls that fail: errors, refusals, and what many meet at once.

use super::happenings::{APIS, after, days_before, quarters, some_time};
use super::{Dice, Record, Who, call};

/// What everybody gets now and then, many get within minutes, each a little.
pub(super) fn same_error(dice: &mut Dice, name: &str) -> Vec<Record> {
    let mut out = Vec::new();
    let code = *dice.pick(&["ProvisionedThroughputExceededException", "ResourceNotFoundException"]);
    days_before(dice, |dice, time| out.push(call(dice, time, Who::Role(name), ("dynamodb:PutItem", code))));
    quarters(dice, |dice, time| {
        let error = if dice.chance(10) { code } else { "" };
        out.push(call(dice, time, Who::Role(name), ("dynamodb:PutItem", error)));
    });
    let start = some_time(dice);
    for _ in 0..dice.between(60, 140) {
        let (time, who) = (after(dice, start, 8), format!("{name}-{}", dice.between(0, 6)));
        out.push(call(dice, time, Who::Role(&who), ("dynamodb:PutItem", code)));
    }
    out
}

pub(super) fn errors(dice: &mut Dice, name: &str) -> Vec<Record> {
    let mut out = Vec::new();
    quarters(dice, |dice, time| out.push(call(dice, time, Who::Role(name), ("sqs:SendMessage", ""))));
    let (start, error) = (some_time(dice), *dice.pick(&["ThrottlingException", "NoSuchKey", "InternalFailure"]));
    for _ in 0..dice.between(18, 45) {
        let time = after(dice, start, 12);
        out.push(call(dice, time, Who::Role(name), ("sqs:SendMessage", error)));
    }
    out
}

pub(super) fn refusals(dice: &mut Dice, name: &str) -> Vec<Record> {
    let (start, distinct) = (some_time(dice), dice.between(3, 13) as usize);
    let mut out = Vec::new();
    for n in 0..dice.between(8, 24) as usize {
        let time = after(dice, start, 10);
        out.push(call(dice, time, Who::User(name), (APIS[n % distinct], "AccessDenied")));
    }
    for _ in 0..dice.between(0, 3) {
        let (time, api) = (after(dice, start, 50), *dice.pick(&APIS));
        out.push(call(dice, time, Who::User(name), (api, "")));
    }
    out
}

pub(super) fn broken_policy(dice: &mut Dice, name: &str) -> Vec<Record> {
    let mut out = Vec::new();
    for _ in 0..dice.between(1, 3) {
        let start = some_time(dice);
        for _ in 0..dice.between(8, 30) {
            let time = after(dice, start, 12);
            out.push(call(dice, time, Who::Role(name), ("dynamodb:PutItem", "AccessDenied")));
        }
    }
    out
}
