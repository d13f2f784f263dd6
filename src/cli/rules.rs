//! `lapwing rules`: do the rules find what their examples show, and what of a pack is supported?

use std::io::Write;
use std::path::PathBuf;

use super::{Error, Exit};
use crate::report::coverage as report;
use crate::rules::coverage::Coverage;
use crate::rules::load::Loaded;
use crate::rules::prove::prove;
use crate::rules::prove_correlation::prove_correlation;
use crate::settings::catalog::{Catalog, Entry};

/// Test, check and list rules
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Run the loud and quiet examples of rules
    Test(Folder),
    /// Say what of a pack is supported, and what is wrong with it
    Check(Folder),
    /// Say what of ATT&CK rules and detectors look for
    Coverage(CoverageArgs),
}

#[derive(clap::Args, Debug)]
struct CoverageArgs {
    #[command(flatten)]
    folder: Folder,
    /// For people, or as a layer of the ATT&CK Navigator
    #[arg(long, value_enum, default_value_t)]
    format: CoverageFormat,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum CoverageFormat {
    #[default]
    Text,
    Navigator,
}

#[derive(clap::Args, Debug)]
struct Folder {
    /// A folder of rules, or one file [default: the built-in rules]
    #[arg(value_name = "DIR")]
    path: Option<PathBuf>,
}

/// Tests or checks rules.
///
/// # Errors
/// A path that cannot be read; output that cannot be written.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    match &args.command {
        Command::Test(folder) => test(&load(folder)?, out),
        Command::Check(folder) => check(&load(folder)?, out),
        Command::Coverage(args) => coverage(&load(&args.folder)?, args.format, out),
    }
}

fn load(folder: &Folder) -> Result<Loaded, Error> {
    match &folder.path {
        Some(path) => Loaded::folder(path).map_err(|(path, error)| Error::File { path, error }),
        None => Ok(Loaded::pack()),
    }
}

/// Runs every example; what went wrong is printed, and then how many were right.
fn test(loaded: &Loaded, out: &mut dyn Write) -> Result<Exit, Error> {
    mistakes(loaded, out)?;
    let (mut right, mut without, mut examples) = (0, 0, 0);
    let rules = loaded.rules.iter().map(|(place, rule)| (place, prove(rule)));
    let correlations = loaded.correlations.iter().map(|(place, rule)| (place, prove_correlation(rule)));
    let all = loaded.rules.len() + loaded.correlations.len();
    for (place, proof) in rules.chain(correlations) {
        for what in &proof.wrong {
            writeln!(out, "{place}: {what}")?;
        }
        examples += proof.loud + proof.quiet;
        without += usize::from(proof.loud == 0);
        right += usize::from(proof.wrong.is_empty());
    }
    let wrong = all - right;
    writeln!(out, "rules       {all} with {examples} examples")?;
    writeln!(out, "right       {right}")?;
    writeln!(out, "wrong       {wrong}")?;
    if without > 0 {
        writeln!(out, "not proven  {without}, which have no loud example")?;
    }
    Ok(if !loaded.mistakes.is_empty() {
        Exit::Failed
    } else if wrong > 0 {
        Exit::Found
    } else {
        Exit::Fine
    })
}

/// Says what can be used, what is about other logs, and what is wrong.
fn check(loaded: &Loaded, out: &mut dyn Write) -> Result<Exit, Error> {
    mistakes(loaded, out)?;
    let correlations = match loaded.correlations.len() {
        0 => String::new(),
        n => format!(", and {n} correlations"),
    };
    writeln!(out, "{} files: {} rules can be used{correlations}", loaded.files, loaded.rules.len())?;
    for (place, rule) in loaded.correlations.iter().filter(|(_, rule)| rule.is_summed()) {
        let exact = "its events are counted and not kept: one that comes again in another delivery counts again";
        writeln!(out, "{place}: `{}`: {exact}", rule.slug)?;
    }
    if !loaded.foreign.is_empty() {
        writeln!(out, "{} rules are about logs that are not read here", loaded.foreign.len())?;
    }
    if loaded.mistakes.is_empty() {
        return Ok(Exit::Fine);
    }
    writeln!(out, "{} files cannot be used", loaded.mistakes.len())?;
    Ok(Exit::Failed)
}

/// Says what is looked for, by tactic and technique.
fn coverage(loaded: &Loaded, format: CoverageFormat, out: &mut dyn Write) -> Result<Exit, Error> {
    let mut coverage = Coverage::default();
    loaded.rules.iter().for_each(|(_, rule)| coverage.add(&rule.slug, &rule.written.tags));
    loaded.correlations.iter().for_each(|(_, rule)| coverage.add(&rule.slug, &rule.written.tags));
    for Entry { about, .. } in Catalog::built_in().detectors() {
        coverage.detector(about.id, about.attack.iter().copied());
    }
    match format {
        CoverageFormat::Text => write!(out, "{}", report::text(&coverage))?,
        CoverageFormat::Navigator => writeln!(out, "{:#}", report::navigator(&coverage))?,
    }
    Ok(Exit::Fine)
}

fn mistakes(loaded: &Loaded, out: &mut dyn Write) -> Result<(), Error> {
    for mistakes in &loaded.mistakes {
        writeln!(out, "{mistakes}")?;
    }
    Ok(())
}
