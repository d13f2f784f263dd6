//! Replay beside mere inflating of the same files, as whole processes in turn: CPU, wall time and peak memory, and
//! their ratio. Linux only, because it reads `/proc`.
//!
//! ```text
//! cargo bench --bench corpus -- --events 1000000 --out target/corpus
//! cargo bench --bench ratio -- target/corpus
//! ```

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lapwing::decode::gzip::{INFLATE_CAP, Inflater};

#[path = "corpus/files.rs"]
mod files;

/// Pairs of runs.
const RUNS: usize = 5;
/// Threads of both.
const THREADS: usize = 2;
/// Ticks of a second in `/proc/PID/stat` on every Linux that there is (`getconf CLK_TCK`).
const TICKS: f64 = 100.0;

/// One run of a process.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    cpu: f64,
    wall: f64,
    peak_mb: f64,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench" && a != "--test").collect();
    match arguments.as_slice() {
        [flag, folder] if flag == "--inflate" => inflate(Path::new(folder)),
        [folder] => compare(folder),
        _ => println!("usage: cargo bench --bench ratio -- FOLDER    (of .json.gz files; see benches/corpus)"),
    }
    ExitCode::SUCCESS
}

/// What must be done in any case: reading and inflating.
fn inflate(folder: &Path) {
    let mut found = Vec::new();
    files::gzipped(folder, &mut found);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let (mut inflater, mut out) = (Inflater::new(), Vec::new());
                while let Some(path) = found.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let packed = fs::read(path).unwrap_or_default();
                    let _ = inflater.inflate(&packed, &mut out, INFLATE_CAP);
                }
            });
        }
    });
}

fn compare(folder: &str) {
    let me = std::env::current_exe().unwrap_or_default();
    let mut pairs = Vec::new();
    for _ in 0..=RUNS {
        let bare = run(Command::new(&me).args(["--inflate", folder]));
        let threads = THREADS.to_string();
        let whole = run(Command::new(env!("CARGO_BIN_EXE_lapwing")).args([
            "replay",
            folder,
            "--format",
            "jsonl",
            "--threads",
            &threads,
        ]));
        pairs.push((bare, whole));
    }
    // The first pair warms the cache.
    pairs.remove(0);
    let median = |of: &dyn Fn(&(Run, Run)) -> f64| {
        let mut values: Vec<f64> = pairs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    println!("median of {RUNS} pairs, {THREADS} threads   CPU s   wall s   peak MB");
    println!(
        "inflate only                   {:7.2} {:8.2} {:9.0}",
        median(&|p| p.0.cpu),
        median(&|p| p.0.wall),
        median(&|p| p.0.peak_mb)
    );
    println!(
        "lapwing replay                 {:7.2} {:8.2} {:9.0}",
        median(&|p| p.1.cpu),
        median(&|p| p.1.wall),
        median(&|p| p.1.peak_mb)
    );
    println!("CPU of replay over inflate: {:.2}", median(&|p| p.1.cpu / p.0.cpu));
}

fn run(command: &mut Command) -> Run {
    let before = children_cpu();
    let began = Instant::now();
    let Ok(mut child) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else { return Run::default() };
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0;
    while matches!(child.try_wait(), Ok(None)) {
        peak_kb = peak_of(&status).max(peak_kb);
        thread::sleep(Duration::from_millis(10));
    }
    Run { cpu: children_cpu() - before, wall: began.elapsed().as_secs_f64(), peak_mb: f64::from(peak_kb) / 1024.0 }
}

fn peak_of(status: &str) -> u32 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

/// CPU seconds of all children that have ended: fields 16 and 17 of `/proc/self/stat`, proc(5).
fn children_cpu() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks: Vec<f64> = after_name.split(' ').skip(13).take(2).filter_map(|n| n.parse().ok()).collect();
    ticks.iter().sum::<f64>() / TICKS
}
