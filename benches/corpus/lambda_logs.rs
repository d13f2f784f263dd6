//! The log groups of Lambda functions, as CloudWatch Logs subscription payloads.

use crate::fill::{PARTS, Pools, SYSTEMS, Scene, fill};
use crate::random::{Random, Zipf};
use crate::rhythm::{date, iso};
use crate::world::World;

/// About how many log events CloudWatch Logs puts into one payload of a busy group.
const EVENTS_A_PAYLOAD: usize = 200;
/// One invocation in so many fails, half of them by a timeout.
const FAILS_ONE_IN: usize = 150;
const MEMORY: [usize; 4] = [128, 256, 512, 1_024];

/// The log group of one function.
struct Group<'a> {
    pools: &'a Pools,
    account: &'a str,
    name: String,
    memory: usize,
}

/// How many of all invocations each function gets: a few get most.
pub(crate) fn shares(functions: usize, invocations: usize, seed: u64) -> Vec<usize> {
    if functions == 0 {
        return Vec::new();
    }
    let popular = Zipf::new(functions, 1.0);
    let mut random = Random::new(seed, 1);
    let mut out = vec![0; functions];
    for _ in 0..invocations {
        out[popular.draw(&mut random)] += 1;
    }
    out
}

/// The name of a function's file, and its payloads, one a line. Every second function logs in JSON.
pub(crate) fn payloads(world: &World, number: usize, invocations: usize) -> (String, String) {
    let mut random = Random::new(world.seed, number as u64 + 1_000_000_000);
    let account = &world.accounts[number % world.accounts.len()].id;
    let name = format!("{}-{}-{number}", random.pick(&SYSTEMS), random.pick(&PARTS));
    let group = Group { pools: &world.pools, account, name, memory: *random.pick(&MEMORY) };
    let mut shares: Vec<f64> = (0..invocations).map(|_| random.unit()).collect();
    shares.sort_by(f64::total_cmp);
    let mut out = String::new();
    let mut lines: Vec<(i64, String)> = Vec::new();
    for share in shares {
        let ms = world.rhythm.instant(share) * 1_000 + random.below(1_000) as i64;
        if lines.first().is_some_and(|(first, _)| lines.len() >= EVENTS_A_PAYLOAD || ms - first > 3_600_000) {
            group.payload(&mut out, &lines, &mut random);
            lines.clear();
        }
        group.invocation(&mut lines, (ms, number % 2 == 1), &mut random);
    }
    group.payload(&mut out, &lines, &mut random);
    (format!("{account}-{}.jsonl", group.name), out)
}

impl Group<'_> {
    fn draw(&self, template: &str, ms: i64, random: &mut Random) -> String {
        let scene =
            Scene { pools: self.pools, account: self.account, region: "eu-west-1", caller: "", time: ms / 1_000 };
        let mut out = String::new();
        fill(&mut out, template, &scene, random);
        out
    }

    /// Adds the lines of an invocation at a time in milliseconds, as JSON or as text.
    fn invocation(&self, lines: &mut Vec<(i64, String)>, (ms, json): (i64, bool), random: &mut Random) {
        let request = self.draw("<uuid>", ms, random);
        let fails = random.below(FAILS_ONE_IN) == 0;
        let timeout = fails && random.chance(0.5);
        let duration = if timeout { 30_000.0 } else { (3.5 + 1.1 * random.normal()).exp() };
        let end = ms + duration as i64 + 1;
        let used = self.memory * 2 / 5 + random.below(self.memory / 10);
        let run = Run {
            request: &request,
            duration,
            used,
            failure: if timeout {
                "timeout"
            } else if fails {
                "error"
            } else {
                ""
            },
        };
        if json { self.json(lines, (ms, end), &run) } else { self.text(lines, (ms, end), &run) }
    }

    fn text(&self, lines: &mut Vec<(i64, String)>, (start, end): (i64, i64), run: &Run<'_>) {
        let Run { request, duration, used, failure } = run;
        lines.push((start, format!("START RequestId: {request} Version: $LATEST\n")));
        match *failure {
            "timeout" => lines.push((end, format!("{} {request} Task timed out after 30.00 seconds\n\n", millis(end)))),
            "error" => lines.push((end, "[ERROR] KeyError: 'customer'\rTraceback (most recent call last):\r  File \"/var/task/app.py\", line 61, in handler\n".to_owned())),
            _ => lines.push((end - 1, format!("[INFO]\t{}\t{request}\thandled in {duration:.0} ms\n", millis(end - 1)))),
        }
        lines.push((end, format!("END RequestId: {request}\n")));
        let status = if *failure == "timeout" { "Status: timeout" } else { "" };
        let (billed, memory) = (duration.ceil(), self.memory);
        lines.push((end, format!("REPORT RequestId: {request}\tDuration: {duration:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {memory} MB\tMax Memory Used: {used} MB\t{status}\n")));
    }

    fn json(&self, lines: &mut Vec<(i64, String)>, (start, end): (i64, i64), run: &Run<'_>) {
        let Run { request, duration, used, failure } = run;
        let status = if failure.is_empty() { "success" } else { failure };
        lines.push((
            start,
            format!(
                r#"{{"time":"{}","type":"platform.start","record":{{"requestId":"{request}","version":"$LATEST"}}}}"#,
                millis(start)
            ),
        ));
        if failure.is_empty() {
            lines.push((end - 1, format!(r#"{{"timestamp":"{}","level":"INFO","message":"handled","logger":"root","requestId":"{request}"}}"#, millis(end - 1))));
        }
        let (billed, memory) = (duration.ceil(), self.memory);
        let metrics = format!(
            r#"{{"durationMs":{duration:.3},"billedDurationMs":{billed},"memorySizeMB":{memory},"maxMemoryUsedMB":{used}}}"#
        );
        lines.push((end, format!(r#"{{"time":"{}","type":"platform.report","record":{{"requestId":"{request}","metrics":{metrics},"status":"{status}"}}}}"#, millis(end))));
    }

    /// Adds a payload with these lines, and a line end; nothing without lines.
    fn payload(&self, out: &mut String, lines: &[(i64, String)], random: &mut Random) {
        let Some((first, _)) = lines.first() else { return };
        let (year, month, day) = date(first / 1_000);
        let stream = self.draw("<hex:32>", *first, random);
        out.push_str(&format!(
            r#"{{"messageType":"DATA_MESSAGE","owner":"{}","logGroup":"/aws/lambda/{}","logStream":"{year}/{month:02}/{day:02}/[$LATEST]{stream}","subscriptionFilters":["lapwing"],"logEvents":["#,
            self.account, self.name
        ));
        let batch = random.bits();
        for (i, (ms, message)) in lines.iter().enumerate() {
            // 56 digits: the time, the batch, the place in the batch
            let id = format!("{ms:016}{batch:020}{i:020}");
            let comma = if i == 0 { "" } else { "," };
            out.push_str(&format!(r#"{comma}{{"id":"{id}","timestamp":{ms},"message":"#));
            push_json(out, message);
            out.push('}');
        }
        out.push_str("]}\n");
    }
}

/// What REPORT says of an invocation.
struct Run<'a> {
    request: &'a str,
    /// Milliseconds.
    duration: f64,
    /// Megabytes.
    used: usize,
    /// `timeout`, `error`, or empty.
    failure: &'static str,
}

/// The time as Lambda writes it.
fn millis(ms: i64) -> String {
    iso(ms.div_euclid(1_000), &format!(".{:03}Z", ms.rem_euclid(1_000)))
}

/// Adds a JSON string.
fn push_json(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
    out.push('"');
}
