//! `lapwing replay`: what would have fired on logs that are here, and why.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use lapwing_detectors::alert::{Alert, Status};
use lapwing_detectors::level::Pool;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;

use super::hidden::{alerts, reasons};
use super::unsaid::UnsaidArgs;
use super::{Error, Exit, Faulty, QUOTE_LIMIT, load_with, shown};
use crate::noise::profiles;
use crate::replay::{Failed, Order, Plan, Replay, StateFile, Strictness, Teller, Telling, Wrong};
use crate::report::clean::clean;
use crate::report::{json, text};
use crate::settings::Settings;
use crate::settings::catalog::Catalog;
use crate::source::find;

/// Rejects that are printed for each input; the others are counted.
const PRINTED_REJECTS: u64 = 10;
/// A bar appears only where there is time to look at it.
const BAR_AFTER: Duration = Duration::from_secs(1);

/// Replay logs and show what would have fired, and why.
///
/// Reads CloudTrail and Lambda logs in any container that AWS delivers or exports them in, packed or plain. All paths
/// together are one stream of events.
///
/// What is compared with the usual, and is low or medium, has a budget of alerts a day (`[budget]` in the settings). How
/// surprising such a finding must be follows it from day to day: where that is more or less than the settings ask, the
/// alert and the summary say by how much and why.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit code: 0 fine, 1 findings (with --fail-on), 2 something could not be read.

Examples:
  lapwing replay samples
  lapwing replay AWSLogs/ --format jsonl --stats stats.json
  lapwing replay today/ --state lapwing.state
  aws logs filter-log-events --log-group-name /aws/lambda/pay |
      lapwing replay - --log-group /aws/lambda/pay")]
pub struct Args {
    /// Files and folders; - is standard input. Of a folder, files named like logs: .json .jsonl .csv .log .txt .gz.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The settings file; lapwing.toml in the working folder if it is there.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How alerts are printed: for people, or one JSON object a line.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write what was read and found to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    stats: Option<PathBuf>,
    /// Exit with 1 when an alert has at least this severity.
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    fail_on: Option<Severity>,
    /// event: by event time, each alert once; delivery: as production would have said it, file by file.
    #[arg(long, value_enum, default_value_t)]
    order: OrderArg,
    #[command(flatten)]
    unsaid: UnsaidArgs,
    /// Megabytes that state may take before the oldest hours are judged and freed.
    #[arg(long, value_name = "MB", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    memory: u32,
    /// Go on where the replay before ended, and keep in this file what the next one must know. Without the file a new
    /// one begins. By event time, what happened last is judged as it is known, marked provisional, and what tomorrow's
    /// logs change about it is said tomorrow; in order of delivery, what is not complete waits for the next replay.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Threads that read; as many as there are cores unless set. The output is the same with any number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Stop at the first record that cannot be read.
    #[arg(long)]
    strict: bool,
    /// Show what rules of the stage `observe` find as well.
    #[arg(long)]
    observe: bool,
    /// Tell each alert by itself: not lesser ones with a graver one about the same principal and hour.
    #[arg(long)]
    each: bool,
    /// Show what is hidden as well, after the summary: what, when, and why it is not said.
    #[arg(long)]
    hidden: bool,
    /// Where rules in folders of the settings have mistakes, replay with the others.
    #[arg(long)]
    keep_going: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Text,
    Jsonl,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum OrderArg {
    #[default]
    Event,
    Delivery,
}

fn severity(name: &str) -> Result<Severity, String> {
    let all = Severity::ALL.map(Severity::name).join(", ");
    Severity::from_name(name).ok_or_else(|| format!("it is one of {all}"))
}

/// Replays, prints alerts to `out` and everything else to standard error.
///
/// # Errors
/// Mistakes in the settings; output that cannot be written.
pub fn run(args: &Args, catalog: &Catalog, out: &mut dyn Write) -> Result<Exit, Error> {
    let faulty = if args.keep_going { Faulty::PassOver } else { Faulty::Refuse };
    let config = load_with(args.config.as_deref(), catalog, faulty)?;
    config.faulty.iter().for_each(|mistakes| tell(&mistakes.to_string()));
    let settings = Arc::new(config.settings);
    let mut replay = Replay::new(plan(args), &settings)?;
    if args.hidden {
        replay.keep_hidden();
    }
    let inputs = find(&args.paths);
    let left_out = inputs.left_out;
    if inputs.inputs.is_empty() && inputs.unreadable.is_empty() {
        return Err(Error::NoInput(args.paths.clone()));
    }
    // Before the work, so that nobody waits for what cannot be kept.
    let stats = args.stats.as_deref().map(|path| create(path).map(|file| (path, file))).transpose()?;
    let state = args.state.as_deref().map(|path| resume(path, &mut replay)).transpose()?;
    let size = inputs.inputs.iter().map(|input| input.size).sum();
    let mut console = Console::new(args, size, out);
    let outcome = replay.run(inputs, &mut console);
    console.bar.finish_and_clear();
    outcome.map_err(|error| Error::Output(io::Error::other(error)))?;
    console.rest();
    // On a terminal both outputs meet: what was found comes before its summary.
    let flushed = console.out.flush();
    let (worst, counts, broken) = (console.worst, console.counts, console.broken.or(flushed.err()));
    summary(&replay, &counts, (left_out, args.order));
    hidden(&replay, &settings);
    if let Some((path, file)) = stats {
        write_stats(&replay, file).map_err(|error| Error::File { path: path.to_owned(), error })?;
    }
    if let Some((path, file)) = state {
        save(path, &file, (&mut replay, broken.is_some()))?;
    }
    // A reader who has seen enough is no failure, and changes nothing about what was found.
    match broken.filter(|error| error.kind() != io::ErrorKind::BrokenPipe) {
        Some(error) => Err(Error::Output(error)),
        None => Ok(exit(args, &replay, worst)),
    }
}

/// Goes on with what the state file keeps.
fn resume<'a>(path: &'a Path, replay: &mut Replay) -> Result<(&'a Path, StateFile), Error> {
    let wrong = |wrong| Error::State { path: path.to_owned(), wrong };
    let (file, kept) = StateFile::open(path).map_err(wrong)?;
    if kept.is_none() {
        tell(&format!(
            "lapwing: {}: it is not there yet: the replay begins anew and keeps its state there",
            shown(path)
        ));
    }
    replay.resume(kept.as_deref()).map_err(wrong)?;
    Ok((path, file))
}

/// Keeps what the next replay must know, once all was said.
fn save(path: &Path, file: &StateFile, (replay, unsaid): (&mut Replay, bool)) -> Result<(), Error> {
    let wrong = |wrong| Error::State { path: path.to_owned(), wrong };
    if unsaid || replay.stopped {
        let why = if unsaid { "not all was printed" } else { "the replay was stopped" };
        tell(&format!("lapwing: {}: left as it was, because {why}", shown(path)));
        return Ok(());
    }
    let Some(kept) = replay.keep().map_err(wrong)? else { return Ok(()) };
    file.save(&kept).map_err(|error| wrong(Wrong::Io(error)))
}

fn create(path: &Path) -> Result<fs::File, Error> {
    fs::File::create(path).map_err(|error| Error::File { path: path.to_owned(), error })
}

fn write_stats(replay: &Replay, mut file: fs::File) -> io::Result<()> {
    serde_json::to_writer(&file, &replay.stats)?;
    file.write_all(b"\n")
}

fn plan(args: &Args) -> Plan {
    let cores = || thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8);
    Plan {
        order: match args.order {
            OrderArg::Event => Order::Event,
            OrderArg::Delivery => Order::Delivery,
        },
        memory: (args.memory as usize) << 20,
        threads: args.threads.map_or_else(cores, usize::from),
        unsaid: args.unsaid.said(),
        strictness: if args.strict { Strictness::Stop } else { Strictness::Skip },
        stage: if args.observe { Stage::Observe } else { Stage::Digest },
        telling: if args.each { Telling::Each } else { Telling::Stories },
    }
}

fn exit(args: &Args, replay: &Replay, worst: Option<Severity>) -> Exit {
    if replay.failures > 0 || replay.stopped {
        Exit::Failed
    } else if args.fail_on.is_some_and(|least| worst >= Some(least)) {
        Exit::Found
    } else {
        Exit::Fine
    }
}

struct Console<'a> {
    out: &'a mut dyn Write,
    format: Format,
    bar: ProgressBar,
    broken: Option<io::Error>,
    worst: Option<Severity>,
    /// Opened alerts by severity.
    counts: [u64; Severity::ALL.len()],
    /// The input whose rejects are being told, and how many were.
    rejects: (String, u64),
}

impl<'a> Console<'a> {
    fn new(args: &Args, size: u64, out: &'a mut dyn Write) -> Console<'a> {
        let bar = if io::stderr().is_terminal() { ProgressBar::new(size) } else { ProgressBar::hidden() };
        let style = "{bytes:>10} of {total_bytes} {bar:30} {binary_bytes_per_sec} {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(BAR_AFTER);
        let rejects = (String::new(), 0);
        Console { out, format: args.format, bar, broken: None, worst: None, counts: [0; 5], rejects }
    }

    fn say(&self, message: &str) {
        self.bar.suspend(|| tell(message));
    }

    /// Tells how many rejects of the last input were not printed.
    fn rest(&mut self) {
        let (input, told) = std::mem::take(&mut self.rejects);
        if told > PRINTED_REJECTS {
            self.say(&format!("lapwing: {input}: {} more records could not be read", told - PRINTED_REJECTS));
        }
    }

    fn reject(&mut self, input: &str, n: u64, line: Option<String>) {
        if self.rejects.0 != input {
            self.rest();
            self.rejects = (input.to_owned(), 0);
        }
        self.rejects.1 += n;
        if let Some(line) = line.filter(|_| self.rejects.1 <= PRINTED_REJECTS) {
            self.say(&line);
        }
    }
}

impl Teller for Console<'_> {
    fn alert(&mut self, alert: &Alert) {
        if alert.status == Status::Open {
            self.counts[alert.severity as usize] += 1;
        }
        self.worst = self.worst.max(Some(alert.severity));
        let shown = match self.format {
            Format::Text => format!("{}\n", text::render(alert)),
            Format::Jsonl => format!("{}\n", json::line(alert)),
        };
        let written = self.bar.suspend(|| self.out.write_all(shown.as_bytes()));
        if let Err(error) = written {
            self.broken.get_or_insert(error);
        }
    }

    fn failed(&mut self, input: &str, failed: Failed) {
        let input = clean(input, QUOTE_LIMIT).into_owned();
        let line = match failed {
            Failed::Reject(reject) => {
                let line = format!("lapwing: {input}: record {}: {}", reject.record, clean(&reject.what, QUOTE_LIMIT));
                return self.reject(&input, 1, Some(line));
            }
            Failed::MoreRejects(n) => return self.reject(&input, n, None),
            Failed::Refused(refusal) => format!("lapwing: {input}: {refusal}"),
            Failed::Unread(error) => format!("lapwing: {input}: {error}"),
            Failed::Unreadable(_, error) => format!("lapwing: {input}: {}", super::reason(&error)),
            Failed::Empty => format!("lapwing: {input}: holds no records"),
            Failed::Digests(_) => {
                format!("lapwing: {input}: is a CloudTrail digest, which holds no events: passed over")
            }
        };
        self.say(&line);
    }

    fn progress(&mut self, bytes: u64) {
        self.bar.inc(bytes);
    }
}

/// Says something on standard error. Where nobody listens there is nobody to tell.
fn tell(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// What was read and found, for people.
fn summary(replay: &Replay, counts: &[u64; Severity::ALL.len()], (left_out, order): (usize, OrderArg)) {
    let stats = replay.stats;
    let line = |name: &str, n: u64, note: &str| tell(&format!("  {name:<12} {n:>12}  {note}"));
    tell("lapwing: what was read and found");
    line("records", stats.records, "");
    line("events", stats.events, "");
    line(
        "rejects",
        stats.rejects,
        if stats.rejects > 0 { "could not be read, named above; --strict stops at the first" } else { "" },
    );
    line("duplicates", stats.duplicates, "events met before, counted once");
    let overlap = "came after their minute was complete; files that overlap in time make that many";
    let late = match order {
        _ if stats.late == 0 => "",
        OrderArg::Delivery if stats.late * 20 > stats.events => overlap,
        _ => "came after their minute was complete",
    };
    line("late", stats.late, late);
    let found: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .filter(|s| counts[**s as usize] > 0)
        .map(|s| format!("{} {}", counts[*s as usize], s.name()))
        .collect();
    let opened: u64 = counts.iter().sum();
    let changes = stats.alerts - opened.min(stats.alerts);
    let changes =
        if changes > 0 { format!("; {changes} later changes of them were printed as well") } else { String::new() };
    line("alerts", opened, &format!("{}{changes}", found.join(", ")));
    let optional = [
        ("digest", replay.digested(), "of the alerts, those that the Lambda function sends once a day"),
        ("folded", stats.folded, "told with a graver one (Also); the Lambda function sends each, as --each shows"),
        ("overflow", replay.overflow(), "cells beyond limits.entities, not judged"),
        ("unread", replay.failures, "inputs that could not be opened, read or recognised"),
        ("left out", left_out as u64, "files in folders whose names are not those of logs"),
    ];
    for (name, n, note) in optional.into_iter().filter(|(_, n, _)| *n > 0) {
        line(name, n, note);
    }
    levels(replay);
    tell(&format!("next: {}", next(replay, counts)));
}

/// How much more surprising than their settings say findings had to be: each change where all is wanted, else the last.
fn levels(replay: &Replay) {
    let changes: Vec<_> = replay.levels().changes().collect();
    let last = if replay.least() == Stage::Observe { 0 } else { changes.len().saturating_sub(1) };
    for (day, level) in &changes[last..] {
        let (compared, news) = (level.of(Pool::Compared), level.of(Pool::News));
        let of_news = if news > 0.0 { format!("; for what is new {news:+.1}") } else { String::new() };
        let why = match compared {
            0.0 => "",
            ..0.0 => ": fewer came before than the budget has room for",
            _ => ": more came before than the budget has room for",
        };
        let note = format!("since {day}, beyond what settings ask of what is compared with the usual{of_news}{why}");
        tell(&format!("  {:<12} {:>12}  {note}", "level", format!("{compared:+.1}")));
    }
}

/// What is not said, and why.
fn hidden(replay: &Replay, settings: &Settings) {
    let found = replay.hidden().findings();
    if found == 0 {
        return;
    }
    tell(&format!("hidden {found} findings (noise profiles of version {}); `--hidden` shows them", profiles().version));
    for (reason, findings, why) in reasons(replay, settings) {
        tell(&format!("  {findings:>8}  {reason}: {why}"));
    }
    alerts(replay).iter().for_each(|line| tell(line));
}

fn next(replay: &Replay, counts: &[u64; Severity::ALL.len()]) -> &'static str {
    if replay.stats.events == 0 {
        "`lapwing replay --help` says what is read"
    } else if counts.iter().sum::<u64>() == 0 {
        "nothing fired; `lapwing detectors` says what would"
    } else {
        "`lapwing detectors ID` explains an alert; `lapwing init` writes a config to tune what fires"
    }
}
