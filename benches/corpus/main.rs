//! Writes a corpus of invented logs for benches: CloudTrail records and the log groups of Lambda functions.
//!
//! It is a bench target without a harness so that it needs no place of its own; a plain `cargo bench` makes it print
//! its usage. The corpus is deterministic: the same arguments give the same records, whatever the number of threads.

mod apis;
mod arguments;
mod fill;
mod lambda_logs;
mod output;
mod principals;
mod random;
mod record;
mod rhythm;
mod shapes;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use arguments::{Arguments, USAGE};
use world::World;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match Arguments::read(&words) {
        Ok(None) => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        Ok(Some(arguments)) => run(&arguments),
        Err(error) => {
            eprint!("corpus: {error}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> ExitCode {
    let begin = Instant::now();
    let world = World::new(arguments);
    match output::write(arguments, &world) {
        Ok(tally) => {
            let seconds = begin.elapsed().as_secs_f64();
            println!(
                "{} CloudTrail records, {} files, {} bytes ({} stored), digest {:016x}, {seconds:.1} s",
                tally.records, tally.files, tally.inflated, tally.stored, tally.digest
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("corpus: {}: {error}", arguments.out.display());
            ExitCode::FAILURE
        }
    }
}
