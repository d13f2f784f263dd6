//! What to write, from the command line.

use std::path::PathBuf;

/// How to call the program.
pub(crate) const USAGE: &str = "\
Writes a corpus of invented logs, the same for the same arguments.

Usage: cargo bench --bench corpus -- --out DIR [OPTIONS]

  --out DIR            the folder to write into
  --events N           CloudTrail records [default: 100000]
  --accounts N         accounts [default: 6]
  --principals N       principals in all accounts together [default: 3000]
  --days N             days from 2026-09-01 on [default: 14]
  --seed N             another seed, another corpus [default: 1]
  --format FORMAT      s3gz: gzip files as CloudTrail delivers them to S3; jsonl: one record a line [default: s3gz]
  --functions N        Lambda functions whose log groups are written, as subscription payloads [default: 0]
  --invocations N      invocations of all functions together [default: 100000]
";

/// The form of the CloudTrail files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Files as CloudTrail delivers them to S3.
    S3Gz,
    /// One file with one record a line.
    JsonLines,
}

/// What to write.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    pub(crate) out: PathBuf,
    pub(crate) events: usize,
    pub(crate) accounts: usize,
    pub(crate) principals: usize,
    pub(crate) days: usize,
    pub(crate) seed: u64,
    pub(crate) format: Format,
    pub(crate) functions: usize,
    pub(crate) invocations: usize,
}

impl Arguments {
    /// Reads the arguments. `None` without `--out`: then they are not for us, as with a plain `cargo bench`.
    pub(crate) fn read(words: &[String]) -> Result<Option<Arguments>, String> {
        if !words.iter().any(|w| w == "--out") {
            return Ok(None);
        }
        let mut arguments = Arguments {
            out: PathBuf::new(),
            events: 100_000,
            accounts: 6,
            principals: 3_000,
            days: 14,
            seed: 1,
            format: Format::S3Gz,
            functions: 0,
            invocations: 100_000,
        };
        let mut words = words.iter().filter(|w| *w != "--bench");
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("{name}: a value is missing"))?;
            arguments.set(name, value)?;
        }
        Ok(Some(arguments))
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "--out" => self.out = PathBuf::from(value),
            "--events" => self.events = number(name, value)?,
            "--accounts" => self.accounts = number(name, value)?.max(1),
            "--principals" => self.principals = number(name, value)?.max(1),
            "--days" => self.days = number(name, value)?.clamp(1, 3_660),
            "--seed" => self.seed = number(name, value)? as u64,
            "--functions" => self.functions = number(name, value)?,
            "--invocations" => self.invocations = number(name, value)?,
            "--format" if value == "s3gz" => self.format = Format::S3Gz,
            "--format" if value == "jsonl" => self.format = Format::JsonLines,
            "--format" => return Err(format!("--format: \"{value}\" is neither s3gz nor jsonl")),
            _ => return Err(format!("{name}: no such option")),
        }
        Ok(())
    }
}

fn number(name: &str, value: &str) -> Result<usize, String> {
    value.parse().map_err(|_| format!("{name}: \"{value}\" is not a whole number"))
}
