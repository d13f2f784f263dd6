//! `lapwing`: the command line.

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lapwing::cli::{Error, Exit, check, detectors, init, replay, rules, score};
use lapwing::settings::catalog::Catalog;

/// Anomaly detector for AWS logs: Lambda invocation logs and CloudTrail, one engine, locally and as a Lambda function.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Replay(replay::Args),
    Detectors(detectors::Args),
    Check(check::Args),
    Init(init::Args),
    Rules(rules::Args),
    Score(score::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let catalog = Catalog::built_in();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let ended = match &cli.command {
        Command::Replay(args) => replay::run(args, &catalog, &mut out),
        Command::Detectors(args) => detectors::run(args, &catalog, &mut out),
        Command::Check(args) => check::run(args, &catalog, &mut out),
        Command::Init(args) => init::run(args, &catalog, &mut out),
        Command::Rules(args) => rules::run(args, &mut out),
        Command::Score(args) => score::run(args, &mut out),
    };
    let exit = ended.unwrap_or_else(|error| error.tell(&mut io::stderr()));
    let exit: Exit = match io::Write::flush(&mut out) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Error::from(error).tell(&mut io::stderr()),
        _ => exit,
    };
    exit.into()
}
