//! `lapwing score`: how unusual each row of a CSV is, by the models that the detectors use.

mod clock;
mod rows;
mod series;
mod step;

use std::io::{self, Write};

use clap::ValueEnum;
use lapwing_detectors::settings::Minutes;

use self::rows::{Columns, Rows};
use self::series::{Kind, Table};
use super::{Error, Exit};
use crate::settings::minutes_of;

/// Score each row of a CSV on standard input: how unusual is it, given the rows before?
///
/// Prints one number for each data row, in their order, as soon as it is read. No row is judged by a later one, and
/// each series by its own rows only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Models, and the columns that they want (with --series, a column series before them):
  rate        timestamp,count         events in a minute: too many?
  errors      timestamp,errors,calls  failed calls of a minute: too large a share?
  gauge       timestamp,value         any number: does it break its own ranges? Eight features
  gauge-core  timestamp,value         the same with three features: cheaper, misses more

Of rate and errors a score is T = -log10 p: 3 means that a usual minute is as extreme one time in 1,000. An alert at
T > 4.5 is a good beginning. It is 0 while nothing is remarkable, in the first hour of a series, and where nothing
happened: only minutes with events (errors) are judged. Rows of one minute are added; a minute without a row had
none. Counts of 5, 10, 15, 20, 30 or 60 minutes are known by the first three rows. Of gauge and gauge-core a score is
0 to 1 and no probability; 0.5 is a good beginning.

Times are RFC 3339 or `2026-10-06 14:00:00` (UTC). The rows of a series come in the order of time (of a gauge, any).

Example, the file beside its scores:
  lapwing score --model rate < calls.csv | paste -d, <(tail -n +2 calls.csv) -

Exit code: 0 fine, 2 a row cannot be read: it is named, and the rows before it have been scored.")]
pub struct Args {
    /// What a row is, and how it is judged.
    #[arg(long, value_enum)]
    model: Model,
    /// There is a first column with the name of the series; rows of many series may be mixed.
    #[arg(long)]
    series: bool,
    /// Judge by what was learnt from minutes more than this ago, as in production, where data comes late.
    #[arg(long, value_name = "TIME", default_value = "0m", value_parser = lateness)]
    lateness: Minutes,
    /// current: the models of the detectors; reference: their first, published form, to measure them against.
    #[arg(long, value_enum, default_value_t)]
    form: Form,
    /// How many series may be kept, about 2 KB each.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    max_series: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Model {
    Rate,
    Errors,
    Gauge,
    GaugeCore,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    #[default]
    Current,
    Reference,
}

/// Longer ones would not be lateness, but a model of another day.
const MOST_LATENESS: Minutes = Minutes(24 * 60);

fn lateness(text: &str) -> Result<Minutes, String> {
    let wanted = || "it is a time such as 15m or 1h, at most 24h".to_owned();
    let lateness = if text == "0" { Minutes(0) } else { minutes_of(text).ok_or_else(wanted)? };
    if lateness.0 > MOST_LATENESS.0 { Err(wanted()) } else { Ok(lateness) }
}

/// Scores standard input to `out`.
///
/// # Errors
/// A row that cannot be read or judged, by its number; more series than may be kept; input and output that fail.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let kind = kind(args)?;
    let columns = match args.model {
        Model::Rate => Columns::Count,
        Model::Errors => Columns::Share,
        Model::Gauge | Model::GaugeCore => Columns::Value,
    };
    let mut rows = Rows::open(io::stdin().lock(), columns, args.series)?;
    let mut table = Table::new(kind, args.max_series as usize);
    while let Some(row) = rows.next()? {
        let score = table.score(&row).map_err(|what| rows.at(what))?;
        write_score(score, out)?;
    }
    Ok(Exit::Fine)
}

fn kind(args: &Args) -> Result<Kind, Error> {
    if args.form == Form::Reference && args.lateness != Minutes(0) {
        let what = "--form reference learns each row at once; --lateness is for the current form";
        return Err(Error::Usage { place: "score", what: what.to_owned() });
    }
    Ok(match (args.model, args.form) {
        (Model::Rate, Form::Reference) => Kind::ReferenceRate,
        (Model::Errors, Form::Reference) => Kind::ReferenceErrors,
        (Model::Rate, Form::Current) => Kind::Rate(args.lateness),
        (Model::Errors, Form::Current) => Kind::Errors(args.lateness),
        (Model::Gauge, _) => Kind::Full8,
        (Model::GaugeCore, _) => Kind::Core3,
    })
}

/// Nine digits after the point say all that a score knows; most scores are 0.
fn write_score(score: f64, out: &mut dyn Write) -> io::Result<()> {
    if score == 0.0 { out.write_all(b"0\n") } else { writeln!(out, "{score:.9}") }
}
