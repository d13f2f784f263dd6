//! Tests of detectors are scripts: lines of what happened, and lines of what must be said about it.
//!
//! ```text
//! 09:00            s3:GetObject denied who=role/etl ip=192.0.2.7 x3
//! 00:00-08:50/10m  s3:GetObject        who=role/etl x4
//! 09:00            ConsoleLogin failed user=ann ip=192.0.2.7
//! 09:00            REPORT fn=pay ms=120 mb=300/512 init=800 stream=a
//! 09:00            LINE ERROR fn=pay
//! 09:00            timeout fn=pay req=r1
//! ```
//!
//! A script is run as written, doubled, backwards, shuffled, event by event and as one batch: each must say the same, also
//! where of earlier hours only that is left which is kept for long windows.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use hashbrown::HashMap;

use crate::alert::Status;
use crate::beats::Beats;
use crate::cell::{Arrival, Cell};
use crate::day::Day;
use crate::detector::{Detector, Engine, Watch};
use crate::entity::{Entity, Family};
use crate::event::{
    Address, Call, CallKind, Crash, CrashKind, ErrorClass, Event, Failure, Identity, Level, Line, Log, Login,
    Principal, PrincipalKind, Report, What,
};
use crate::group::Book;
use crate::hash::hash_of;
use crate::judge::{Judged, Known, Range};
use crate::level::{self, Levels};
use crate::observe::{DeliveryId, Learnt, Observer};
use crate::profile::{Lateness, Profile};
use crate::settings::Minutes;
use crate::severity::Severity;
use crate::stage::Stage;
use crate::time::{Hour, Minute};

const ACCOUNT: &str = "111122223333";

/// One line of a script, once for each time that it happened.
#[derive(Clone, Debug)]
struct Happened {
    time: DateTime<Utc>,
    words: Vec<String>,
    id: String,
}

/// Runs a script with one detector in every order and batching, and compares what is said.
pub(crate) fn check<D: Detector + Clone + 'static>(detector: &D, script: &str, expected: &str) {
    check_among(&|| vec![Box::new(detector.clone())], detector.about().id, script, expected);
}

/// The same of a script of which nobody wrote down what is said: the same in every order and batching.
pub(crate) fn same_in_any_order<D: Detector + Clone + 'static>(detector: &D, script: &str) {
    let said = run(
        vec![Box::new(detector.clone())],
        detector.about().id,
        (&[parse(script)], Earlier::Whole),
        level::Level::default(),
    );
    check(detector, script, &said.join("\n"));
}

/// The same with several detectors, of which one is listened to.
pub(crate) fn check_among(detectors: &dyn Fn() -> Vec<Box<dyn Detector>>, of: &str, script: &str, expected: &str) {
    check_at(level::Level::default(), (detectors, of), script, expected);
}

/// The same on days that all have this level.
pub(crate) fn check_at(
    level: level::Level,
    (detectors, of): (&dyn Fn() -> Vec<Box<dyn Detector>>, &str),
    script: &str,
    expected: &str,
) {
    let events = parse(script);
    let written: Vec<Vec<Happened>> = events.iter().map(|e| vec![e.clone()]).collect();
    let mut shuffled = events.clone();
    shuffled.sort_by_key(|e| hash_of(&[&e.id]));
    let doubled: Vec<Happened> = events.iter().flat_map(|e| [e.clone(), e.clone()]).collect();
    let mut backwards = written.clone();
    backwards.reverse();
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    for (name, batches) in [
        ("event by event", written),
        ("one batch", vec![events]),
        ("backwards", backwards),
        ("shuffled", vec![shuffled]),
        ("doubled", vec![doubled]),
    ] {
        assert_eq!(run(detectors(), of, (&batches, Earlier::Whole), level), expected, "{name}");
        assert_eq!(run(detectors(), of, (&batches, Earlier::Sifted), level), expected, "{name}, sifted");
    }
}

/// What the events of a script teach, as one delivery.
pub(crate) fn learnt(engine: &Engine, script: &str) -> Learnt {
    let mut observer = Observer::new(engine);
    parse(script).iter().for_each(|happened| happened.show(&mut observer));
    observer.finish(DeliveryId(0), DateTime::UNIX_EPOCH)
}

/// How much is known of the hours before the one before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Earlier {
    Whole,
    Sifted,
}

fn run(
    detectors: Vec<Box<dyn Detector>>,
    of: &str,
    (batches, earlier): (&[Vec<Happened>], Earlier),
    level: level::Level,
) -> Vec<String> {
    let mut levels = Levels::default();
    levels.set(Day(0), level);
    let levels = Arc::new(levels);
    let watch = |detector| Watch { detector, cap: Severity::Critical, stage: Stage::Alert, variants: Vec::new() };
    let engine = Engine::new(detectors.into_iter().map(watch).collect(), Lateness::default());
    let mut cells: HashMap<Entity, HashMap<Hour, Cell>> = HashMap::new();
    for batch in batches {
        let mut observer = Observer::new(&engine);
        for happened in batch {
            happened.show(&mut observer);
        }
        for (entity, hour, cell) in observer.finish(DeliveryId(0), DateTime::UNIX_EPOCH).cells() {
            cells.entry(entity).or_default().entry(hour).or_default().merge(cell, |_| Arrival::OnTime);
        }
    }
    let mut book = Book::default();
    let accounts: HashMap<Entity, Profile> = cells
        .iter()
        .filter(|(entity, _)| entity.family == Family::Account)
        .map(|(e, h)| (e.clone(), usual(h)))
        .collect();
    let last = batches.iter().flatten().map(|e| Minute::of(e.time)).max().unwrap_or(Minute(0));
    for entity in engine.watched() {
        let mut beats = Beats::default();
        cells.get(&entity).into_iter().flatten().for_each(|(hour, cell)| beats.add(*hour, cell));
        let range = Range { from: Minute(i32::MIN / 2), to: last, complete: true };
        for finding in engine.silent(&entity, &beats, range) {
            book.fold(finding);
        }
    }
    let hours = |home: &Entity| {
        let hours = cells.get(home).into_iter().flatten();
        let mut hours: Vec<_> = hours.map(|(hour, cell)| (*hour, Arc::new(cell.clone()))).collect();
        hours.sort_by_key(|(hour, _)| *hour);
        hours
    };
    for (entity, cells) in cells.iter().filter(|(entity, _)| !entity.family.is_heartbeat()) {
        let account = entity.home().and_then(|home| accounts.get(&home)).cloned().map(Arc::new);
        let home = entity.home().map(|home| hours(&home)).unwrap_or_default();
        let levels = Arc::clone(&levels);
        let known = Known { account, home, levels, ..Known::of(entity.clone(), Vec::new()) };
        judge((&engine, earlier), &known, cells, &mut book);
    }
    let said = book.finish(last).into_iter().filter(|a| a.detector == of).map(|a| {
        let at = (a.raised_at - TimeDelta::minutes(1)).format("%H:%M");
        let at = if a.stage == Stage::Alert { at.to_string() } else { format!("{at} {}", a.stage.name()) };
        match a.status {
            Status::Resolved => format!("{at} resolved {}", a.subject.name()),
            _ => format!("{at} {} {}: {}", a.severity.name(), a.subject.name(), a.headline),
        }
    });
    said.collect()
}

/// What is learnt of all hours: judging looks back from each of them.
fn usual(hours: &HashMap<Hour, Cell>) -> Profile {
    let mut sorted: Vec<_> = hours.iter().collect();
    sorted.sort_by_key(|(hour, _)| **hour);
    let mut profile = Profile::default();
    sorted.into_iter().for_each(|(hour, cell)| profile.learn(*hour, cell, Minutes(15)));
    profile
}

fn judge((engine, earlier): (&Engine, Earlier), all: &Known, hours: &HashMap<Hour, Cell>, book: &mut Book) {
    let entity = &all.entity;
    let mut hours: Vec<(Hour, Arc<Cell>)> = hours.iter().map(|(h, c)| (*h, Arc::new(c.clone()))).collect();
    hours.sort_by_key(|(hour, _)| *hour);
    let mut profile = Profile::default();
    for at in 0..hours.len() {
        let (hour, cell) = hours[at].clone();
        let reached = hours[..=at].iter().filter(|(held, _)| held.0 >= hour.0 - engine.hours_back());
        let cells = reached.filter_map(|(held, cell)| match earlier {
            Earlier::Sifted if *held < hour.before() => Some((*held, Arc::new(engine.sifted(cell)?))),
            _ => Some((*held, Arc::clone(cell))),
        });
        let cells = cells.collect();
        let profile_now = Some(Arc::new(profile.clone()));
        let known = Known { cells, profile: profile_now, ..all.clone() };
        let mut findings = Vec::new();
        let range = Range { from: hour.first(), to: hour.last(), complete: true };
        engine.judge(&known, range, &mut findings);
        book.take(Judged { entity: entity.clone(), range, findings, peaks: Vec::new() }, engine);
        profile.learn(hour, &cell, engine.learning(entity.family.source()));
    }
}

fn parse(script: &str) -> Vec<Happened> {
    let mut events = Vec::new();
    for (number, line) in script.lines().map(str::trim).filter(|l| !l.is_empty()).enumerate() {
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let when = words.remove(0);
        let times = words.iter().position(|w| w.starts_with('x') && w[1..].parse::<u32>().is_ok());
        let times: u32 = times.map_or(1, |at| words.remove(at)[1..].parse().unwrap());
        for (turn, time) in instants(&when).into_iter().enumerate() {
            for n in 0..times {
                let time = time + TimeDelta::milliseconds(i64::from(n) * 59_000 / i64::from(times));
                events.push(Happened { time, words: words.clone(), id: format!("{number}-{turn}-{n}") });
            }
        }
    }
    events
}

fn instants(when: &str) -> Vec<DateTime<Utc>> {
    let at = |text: &str| {
        let (hours, minutes) = text.split_once(':').unwrap();
        let minutes = hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap();
        DateTime::parse_from_rfc3339("2026-10-20T00:00:00Z").unwrap().to_utc() + TimeDelta::minutes(minutes)
    };
    let Some((span, step)) = when.split_once('/') else { return vec![at(when)] };
    let (from, to) = span.split_once('-').unwrap();
    let step: i64 = step.strip_suffix('m').unwrap().parse().unwrap();
    let (mut now, to) = (at(from), at(to));
    let mut all = Vec::new();
    while now <= to {
        all.push(now);
        now += TimeDelta::minutes(step);
    }
    all
}

impl Happened {
    fn value(&self, key: &str) -> &str {
        self.words.iter().find_map(|w| w.strip_prefix(key)?.strip_prefix('=')).unwrap_or("")
    }

    fn says(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word)
    }

    fn show(&self, observer: &mut Observer<'_>) {
        let function = self.value("fn");
        if function.is_empty() { self.show_call(observer) } else { self.show_log(observer, function) }
    }

    fn event<'a>(&'a self, what: What<'a>) -> Event<'a> {
        Event {
            id: &self.id,
            identity: Identity(hash_of(&[&self.id])),
            time: self.time,
            account: ACCOUNT,
            // A log does not say where its function is.
            region: match self.value("region") {
                "" if matches!(what, What::Log(_)) => "",
                "" => "eu-west-1",
                region => region,
            },
            weight: 1,
            what,
        }
    }

    fn show_log(&self, observer: &mut Observer<'_>, function: &str) {
        let kinds = [
            ("timeout", CrashKind::Timeout),
            ("oom", CrashKind::OutOfMemory),
            ("init", CrashKind::Init),
            ("error", CrashKind::Error),
        ];
        let kind = kinds.into_iter().find(|(word, _)| self.says(word)).map(|(_, kind)| kind);
        let failure = kind.map(|kind| Crash { kind, error_type: self.value("type") });
        let line = match () {
            () if self.says("REPORT") => Line::Report(self.report()),
            () if self.says("START") => Line::Start,
            () if self.says("LINE") => Line::Application { level: self.level(), error_type: "" },
            () => Line::Platform,
        };
        let message = self.value("says").replace('_', " ");
        let request = if self.value("req").is_empty() { self.id.as_str() } else { self.value("req") };
        let stream = if self.value("stream").is_empty() { "s" } else { self.value("stream") };
        let log = Log { function, request, stream, message: &message, line, failure };
        observer.event(&self.event(What::Log(log)));
    }

    fn level(&self) -> Level {
        if self.says("ERROR") { Level::Error } else { Level::Warn }
    }

    fn report(&self) -> Report {
        let (used, size) = self.value("mb").split_once('/').unwrap_or(("", ""));
        Report {
            duration_ms: self.value("ms").parse().ok(),
            init_ms: self.value("init").parse().ok(),
            memory_mb: size.parse().ok(),
            memory_used_mb: used.parse().ok(),
            ..Report::default()
        }
    }

    fn show_call(&self, observer: &mut Observer<'_>) {
        let (service, name) = self.words[0].split_once(':').unwrap_or(("signin", &self.words[0]));
        let sign_in = name == "ConsoleLogin";
        let failed = self.says("failed");
        let login =
            Login { success: !failed, mfa_used: self.mfa(), user: self.value("user"), federated: self.says("sso") };
        let class = self.class();
        let call = Call {
            kind: if sign_in {
                CallKind::SignIn
            } else if self.says("service-event") {
                CallKind::Service
            } else {
                CallKind::Api
            },
            service,
            name,
            read_only: self.says("read").then_some(true),
            principal: self.principal(sign_in),
            address: self.address(),
            user_agent: if self.value("agent").is_empty() { "boto3/1.34.69" } else { self.value("agent") },
            error: class.map(|class| Failure { code: class.name(), message: "", class }),
            from_console: self.says("console"),
            login: sign_in.then_some(login),
            request: self.value("request"),
            extra: self.value("extra"),
            ..Call::default()
        };
        observer.event(&self.event(What::Call(&call)));
    }

    fn address(&self) -> Address<'_> {
        match self.value("ip") {
            "" => Address::Ip("192.0.2.1"),
            "internal" => Address::Internal,
            service if service.ends_with(".amazonaws.com") => Address::Service(service),
            ip => Address::Ip(ip),
        }
    }

    fn mfa(&self) -> Option<bool> {
        if self.says("no-mfa") { Some(false) } else { self.says("mfa").then_some(true) }
    }

    fn class(&self) -> Option<ErrorClass> {
        let words = [
            ("denied", ErrorClass::Denied),
            ("failed", ErrorClass::Authentication),
            ("throttled", ErrorClass::Throttled),
            ("invalid", ErrorClass::NotFoundOrInvalid),
            ("fault", ErrorClass::ServerFault),
        ];
        words.into_iter().find(|(word, _)| self.says(word)).map(|(_, class)| class)
    }

    fn principal(&self, sign_in: bool) -> Principal<'_> {
        let who = if sign_in && self.value("who").is_empty() { self.value("user") } else { self.value("who") };
        let kind = match who {
            "root" => PrincipalKind::Root,
            w if w.ends_with(".amazonaws.com") => PrincipalKind::Service,
            w if w.starts_with("role/") => PrincipalKind::Role,
            w if w.contains('/') && !w.starts_with("user/") => PrincipalKind::Person,
            _ => PrincipalKind::User,
        };
        Principal {
            kind,
            account: ACCOUNT,
            name: who,
            session: self.value("session"),
            access_key: self.value("key"),
            invoked_by: self.value("by"),
            ..Principal::default()
        }
    }
}
