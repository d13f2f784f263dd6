//! What the queue holds: the logs of some hours, cut into payloads in which everything is mixed.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::super::{delivery, payload};
use crate::logs::{self, APIS, Dice, Log, Record, Who, call, invocation, sign_in};

/// What the payloads should wake, by name.
pub(super) const DETECTORS: [&str; 11] = [
    "console-login-failures",
    "console-login-spray",
    "console-login-without-mfa",
    "denied-burst",
    "function-error-spike",
    "function-init-failure",
    "function-out-of-memory",
    "function-timeout",
    "key-refused-looking-around",
    "root-access-key-created",
    "trail-tampering",
];
/// The one of them that is told once a day.
pub(super) const IN_DIGEST: &str = "key-refused-looking-around";
/// Records in a payload: few, so that what belongs together comes in many.
const MOST: usize = 5;

/// Writes the logs.
pub(super) struct Scribe {
    pub(super) dice: Dice,
    /// The whole hour that they begin in.
    start: DateTime<Utc>,
    records: Vec<Record>,
}

impl Scribe {
    pub(super) fn new(seed: u64, start: DateTime<Utc>) -> Scribe {
        Scribe { dice: Dice::new(seed), start, records: Vec::new() }
    }

    /// Some second of a minute since the start.
    fn at(&mut self, minute: i64) -> DateTime<Utc> {
        self.start + TimeDelta::seconds(minute * 60 + self.dice.between(0, 60))
    }

    fn calls(&mut self, who: Who<'_>, minute: i64, api: (&str, &str)) {
        let time = self.at(minute);
        self.records.push(call(&mut self.dice, time, who, api));
    }

    /// Refusals spread over ten minutes, on so many APIs.
    fn refused(&mut self, user: &str, (from, calls): (i64, usize), apis: usize) {
        for n in 0..calls {
            let minute = from + (n * 10 / calls) as i64;
            self.calls(Who::User(user), minute, (APIS[n % apis], "AccessDenied"));
        }
    }

    fn signs_in(&mut self, user: &str, minute: i64, how: (&str, &str, &str)) {
        let time = self.at(minute);
        self.records.push(sign_in(&mut self.dice, time, user, how));
    }

    fn invoked(&mut self, function: &str, minute: i64, how: (&str, &str)) {
        let time = self.at(minute);
        self.records.extend(invocation(&mut self.dice, time, function, how));
    }

    fn people(&mut self) {
        self.refused("ann", (55, 14), 6);
        self.refused("ben", (130, 26), 12);
        self.calls(Who::User("ben"), 150, (APIS[0], ""));
        // One too few.
        self.refused("dan", (100, 9), 3);
        for n in 0..7 {
            self.signs_in("eve", 57 + n, (&format!("198.51.100.{n}"), "Failure", "No"));
        }
        self.signs_in("eve", 80, ("203.0.113.9", "Success", "No"));
        for n in 0..6 {
            self.signs_in(&format!("fay-{n}"), 175 + 4 * n, ("203.0.113.77", "Failure", "No"));
        }
        self.signs_in("fay-0", 210, ("203.0.113.77", "Success", "Yes"));
        for minute in [10, 40, 75, 170, 200] {
            self.calls(Who::Root, minute, ("iam:CreateAccessKey", ""));
        }
        for (minute, error) in [(30, ""), (100, "AccessDenied"), (305, "")] {
            self.calls(Who::User("mallory"), minute, ("cloudtrail:StopLogging", error));
        }
    }

    fn functions(&mut self) {
        // Each share of failures is just as large as it must be: an invocation that counts twice hides them.
        for n in 0..30 {
            self.invoked("geo", 130, if n < 3 { ("timeout", "") } else { ("success", "") });
        }
        for n in 0..25 {
            self.invoked("cart", 200, if n < 5 { ("error", "KeyError") } else { ("success", "") });
        }
        for n in 0..4 {
            self.invoked("mail", 55 + 4 * n, ("error", "Runtime.OutOfMemory"));
        }
        for n in 0..6 {
            self.invoked("pay", 118 + n, ("error", "Runtime.ImportModuleError"));
        }
    }

    /// Most of the logs.
    pub(super) fn most(&mut self) -> Vec<String> {
        self.people();
        self.functions();
        // Too far apart to be one alert.
        self.refused("cat", (60, 12), 3);
        self.refused("cat", (160, 12), 3);
        self.payloads()
    }

    /// What comes last, and turns two alerts into one.
    pub(super) fn bridge(&mut self) -> Vec<String> {
        self.refused("cat", (110, 12), 3);
        self.payloads()
    }

    /// What was written since, as payloads: each of records of one log in no order.
    fn payloads(&mut self) -> Vec<String> {
        let mut records = std::mem::take(&mut self.records);
        self.dice.shuffle(&mut records);
        records.sort_by(|a, b| a.log.cmp(&b.log));
        let logs = records.chunk_by(|a, b| a.log == b.log);
        logs.flat_map(|log| log.chunks(MOST)).map(|records| self.payload(records)).collect()
    }

    fn payload(&mut self, records: &[Record]) -> String {
        if records[0].log != Log::Trail {
            return payload(&String::from_utf8(logs::delivery(records)).unwrap());
        }
        let event = |record: &Record| json!({"id": self.dice.digits(56), "timestamp": record.time.timestamp_millis(), "message": record.json});
        payload(&delivery(&records.iter().map(event).collect()).to_string())
    }
}
