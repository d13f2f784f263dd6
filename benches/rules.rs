//! What the built-in rules cost: at the start, and for each event beside the same rules in the engine of `rsigma-eval`,
//! which has an index of its own. Both must find the same, but for calls whose name holds the version of the API
//! (`UpdateFunctionCode20150331v2`): the engine compares names as they are written.
//!
//! ```text
//! cargo bench --bench corpus -- --events 1000000 --out target/corpus
//! cargo bench --bench rules -- target/corpus
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use lapwing::decode::gzip::{INFLATE_CAP, Inflater};
use lapwing::decode::{Origin, Reject, Sink, decode};
use lapwing::pipeline::{From, delivery_id, teach_with};
use lapwing::rules::load::Loaded;
use lapwing::rules::parse::Rule;
use lapwing::settings::Settings;
use lapwing::settings::catalog::Catalog;
use lapwing_detectors::detector::Engine;
use lapwing_detectors::event::{Event, Source};
use lapwing_detectors::observe::Observer;
use rsigma_eval::JsonEvent;
use serde_json::Value;

#[path = "corpus/files.rs"]
mod files;

/// Records that are looked at, about.
const RECORDS: usize = 50_000;
/// Times that each is measured; the shortest counts, because others use the machine.
const RUNS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench" && a != "--test").collect();
    let [folder] = arguments.as_slice() else {
        return println!("usage: cargo bench --bench rules -- FOLDER    (of .json.gz files; see benches/corpus)");
    };
    let (without, with) = start();
    let files = files_of(Path::new(folder));
    let events: Vec<Value> = files.iter().flat_map(|text| records(text)).collect();
    let pack = Loaded::pack();
    let rules: Vec<&Rule> =
        pack.rules.iter().map(|(_, rule)| rule).filter(|rule| rule.source == Source::CloudTrail).collect();
    println!("{} records, {} rules about single events of CloudTrail", events.len(), rules.len());
    let each = |took: Duration| took.as_secs_f64() * 1e6 / events.len() as f64;
    let (bare, whole) = (each(shortest(|| observe(&without, &files))), each(shortest(|| observe(&with, &files))));
    let other = other(&rules);
    let theirs = each(shortest(|| events.iter().for_each(|event| drop(other.evaluate(&JsonEvent::borrow(event))))));
    println!("decoding and observing without rules      {bare:.2} us an event");
    println!("with all rules and correlations           {whole:.2} us an event: {:.2} more", whole - bare);
    println!("rsigma-eval on parsed events, no decoding {theirs:.2} us an event");
    compare(&rules, &other, (&files, &events));
}

/// Engines without and with the built-in rules, made for the first time in this process.
fn start() -> (Engine, Engine) {
    let settings = |text| Settings::read("bench", text, &Catalog::built_in()).unwrap_or_default();
    let bare = settings("[rules]\nbuilt_in = false\n").engine();
    let began = Instant::now();
    let with = settings("").engine();
    println!("start with the built-in rules: {:.2} ms", began.elapsed().as_secs_f64() * 1e3);
    (bare, with)
}

fn files_of(folder: &Path) -> Vec<String> {
    let (mut paths, mut inflater, mut out) = (Vec::new(), Inflater::new(), Vec::new());
    files::gzipped(folder, &mut paths);
    paths.sort();
    let (mut texts, mut records) = (Vec::new(), 0);
    for path in paths {
        let packed = fs::read(path).unwrap_or_default();
        if inflater.inflate(&packed, &mut out, INFLATE_CAP).is_ok() {
            let text = String::from_utf8_lossy(&out).into_owned();
            records += text.matches("\"eventVersion\"").count();
            texts.push(text);
        }
        if records >= RECORDS {
            break;
        }
    }
    texts
}

fn records(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).unwrap_or_default();
    match file {
        Value::Object(mut file) => match file.remove("Records") {
            Some(Value::Array(records)) => records,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn shortest(mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let began = Instant::now();
        run();
        began.elapsed()
    };
    (0..RUNS).map(time).min().unwrap_or_default()
}

fn observe(engine: &Engine, files: &[String]) {
    let mut observer = Observer::new(engine);
    for text in files {
        let (delivery, received) = (delivery_id(text.as_bytes()), DateTime::<Utc>::MIN_UTC);
        let from = From { origin: Origin::default(), delivery, received, met: None };
        drop(std::hint::black_box(teach_with(&mut observer, text.as_bytes(), &from)));
    }
}

/// The same rules in the library's own engine.
fn other(rules: &[&Rule]) -> rsigma_eval::Engine {
    let mut engine = rsigma_eval::Engine::new();
    for (place, error) in engine.add_rules(rules.iter().map(|rule| &rule.written)) {
        println!("{}: rsigma-eval refuses it: {error}", rules[place].slug);
    }
    engine
}

/// What each of them finds, by rule; where the numbers differ, both are printed.
fn compare<'r>(rules: &[&'r Rule], other: &rsigma_eval::Engine, (files, events): (&[String], &[Value])) {
    let mut found: BTreeMap<&'r str, [usize; 2]> = BTreeMap::new();
    for text in files {
        let _ = decode(text.as_bytes(), &Origin::default(), &mut Held { rules, found: &mut found });
    }
    let slugs: BTreeMap<&str, &'r str> = rules.iter().map(|rule| (rule.id.as_str(), rule.slug.as_str())).collect();
    for event in events {
        for result in other.evaluate(&JsonEvent::borrow(event)) {
            let slug = result.header.rule_id.as_deref().and_then(|id| slugs.get(id)).copied().unwrap_or("?");
            found.entry(slug).or_default()[1] += 1;
        }
    }
    let sum = |at: usize| found.values().map(|counts| counts[at]).sum::<usize>();
    println!("found: {} here, {} there, by {} rules", sum(0), sum(1), found.len());
    for (slug, [ours, theirs]) in found.iter().filter(|(_, counts)| counts[0] != counts[1]) {
        println!("  {slug}: {ours} here, {theirs} there");
    }
}

/// Counts the rules that hold for each event.
struct Held<'r, 'f> {
    rules: &'f [&'r Rule],
    found: &'f mut BTreeMap<&'r str, [usize; 2]>,
}

impl Sink for Held<'_, '_> {
    fn event(&mut self, event: &Event<'_>) {
        for rule in self.rules.iter().filter(|rule| rule.holds(event)) {
            self.found.entry(rule.slug.as_str()).or_default()[0] += 1;
        }
    }

    fn reject(&mut self, reject: Reject) {
        println!("{reject:?}");
    }
}
