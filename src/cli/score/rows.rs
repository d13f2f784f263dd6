//! The rows of the CSV on standard input, in a stream: a row that cannot be read is named and ends it, because a model
//! that has missed a row would be another one.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::clock::Clock;
use crate::cli::{Error, reason};
use crate::report::clean::clean;

/// A row is not longer than this; only a quote that is never closed makes one.
const LONGEST_ROW: usize = 1 << 20;
/// As much is read at once.
const BUFFER: usize = 1 << 16;
/// As much of a field as a message repeats, in characters.
const SHOWN: usize = 60;
/// Counts above it are no counts of events in a minute, and would leave the range in which tails are exact.
const MOST: f64 = 1e9;

/// The numbers of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    Count,
    /// Errors and calls.
    Share,
    Value,
}

impl Columns {
    fn names(self) -> &'static [&'static str] {
        match self {
            Columns::Count => &["timestamp", "count"],
            Columns::Share => &["timestamp", "errors", "calls"],
            Columns::Value => &["timestamp", "value"],
        }
    }
}

/// A row that was read.
pub(super) struct Row<'r> {
    /// The series; empty where there is only one.
    pub series: &'r [u8],
    /// Seconds since 1970.
    pub seconds: i64,
    /// As many as there are columns of numbers.
    pub numbers: [f64; 2],
}

/// Reads rows one by one.
pub(super) struct Rows<R: Read> {
    reader: Reader<Bounded<R>>,
    budget: Rc<Cell<usize>>,
    record: ByteRecord,
    clock: Clock,
    columns: Columns,
    with_series: bool,
    /// Data rows read; the first is 1, as is the first line of output.
    read: u64,
}

impl<R: Read> Rows<R> {
    /// Checks the header.
    pub(super) fn open(input: R, columns: Columns, with_series: bool) -> Result<Rows<R>, Error> {
        let budget = Rc::new(Cell::new(LONGEST_ROW + BUFFER));
        let bounded = Bounded { input, budget: Rc::clone(&budget) };
        let reader =
            ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(BUFFER).from_reader(bounded);
        let (record, clock) = (ByteRecord::new(), Clock::default());
        let mut rows = Rows { reader, budget, record, clock, columns, with_series, read: 0 };
        rows.header()?;
        Ok(rows)
    }

    fn header(&mut self) -> Result<(), Error> {
        let wanted: Vec<&str> =
            self.with_series.then_some("series").into_iter().chain(self.columns.names().iter().copied()).collect();
        if !self.advance()? {
            return Err(Error::Input {
                row: None,
                what: format!("it is empty, and the header {} is wanted", wanted.join(",")),
            });
        }
        let found: Vec<String> = self
            .record
            .iter()
            .map(|field| String::from_utf8_lossy(field).trim_start_matches('\u{feff}').trim().to_lowercase())
            .collect();
        if found == wanted {
            return Ok(());
        }
        let found = clean(&found.join(","), SHOWN).into_owned();
        Err(Error::Input { row: None, what: format!("the header is \"{found}\", and {} is wanted", wanted.join(",")) })
    }

    fn advance(&mut self) -> Result<bool, Error> {
        self.budget.set(LONGEST_ROW + BUFFER);
        self.reader.read_byte_record(&mut self.record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => self.at(reason(&error)),
            _ => self.at("it is no row of a CSV".to_owned()),
        })
    }

    /// A mistake in the row that was read last.
    pub(super) fn at(&self, what: String) -> Error {
        Error::Input { row: Some(self.read.max(1)), what }
    }

    /// The next row, or none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        self.read += 1;
        if !self.advance()? {
            return Ok(None);
        }
        let names = self.columns.names();
        let first = usize::from(self.with_series);
        let wanted = first + names.len();
        if self.record.len() != wanted {
            let fields = if self.record.len() == 1 { "field" } else { "fields" };
            return Err(self.at(format!("it has {} {fields}, and {wanted} are wanted", self.record.len())));
        }
        let Some(seconds) = self.clock.seconds(&self.record[first]) else {
            let found = shown(&self.record[first]);
            return Err(self.at(format!("`timestamp` is \"{found}\", which is no time such as 2026-10-06T14:00:00Z")));
        };
        let mut numbers = [0.0; 2];
        for (at, name) in names.iter().enumerate().skip(1) {
            numbers[at - 1] = self.number(name, &self.record[first + at])?;
        }
        if self.columns == Columns::Share && numbers[0] > numbers[1] {
            return Err(self.at(format!("`errors` is {}, and `calls` only {}", numbers[0], numbers[1])));
        }
        let series = if self.with_series { &self.record[0] } else { &[] };
        Ok(Some(Row { series, seconds, numbers }))
    }

    fn number(&self, name: &str, field: &[u8]) -> Result<f64, Error> {
        let count = self.columns != Columns::Value;
        let value = if count { whole(field) } else { decimal(field) };
        value.ok_or_else(|| {
            let wanted = if count { "a whole number from 0 to 1000000000" } else { "a number from -1e150 to 1e150" };
            self.at(format!("`{name}` is \"{}\", which is not {wanted}", shown(field)))
        })
    }
}

fn shown(field: &[u8]) -> String {
    clean(&String::from_utf8_lossy(field), SHOWN).into_owned()
}

/// Digits are read at once; other spellings of a whole number (`3.0`, `1e3`) as a decimal.
fn whole(field: &[u8]) -> Option<f64> {
    if (1..=9).contains(&field.len()) && field.iter().all(u8::is_ascii_digit) {
        return Some(f64::from(field.iter().fold(0, |n: u32, digit| n * 10 + u32::from(digit - b'0'))));
    }
    decimal(field).filter(|n| n.fract() == 0.0 && (0.0..=MOST).contains(n))
}

fn decimal(field: &[u8]) -> Option<f64> {
    let value: f64 = str::from_utf8(field).ok()?.trim().parse().ok()?;
    let limit = lapwing_detectors::stats::gauge::GAUGE_LIMIT;
    (value.abs() <= limit).then_some(value)
}

/// Ends the input where one row would take all memory.
struct Bounded<R> {
    input: R,
    /// Bytes that may still be read for this row.
    budget: Rc<Cell<usize>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        match self.budget.get().checked_sub(read) {
            Some(left) => self.budget.set(left),
            None => return Err(io::Error::other("it is longer than 1 MB; is a quote open?")),
        }
        Ok(read)
    }
}
