//! CSV exports: the CloudWatch console (`timestamp,message`), Logs Insights (`@timestamp,@message,…`), and CloudTrail's
//! event history. The header line tells which; columns may come in any order, and unknown ones are passed over.
//!
//! One row is one record, however many lines its cells have.

mod history;

use csv::{Reader, ReaderBuilder, StringRecord};

use self::history::History;
use super::lambda::{self, Invocations, LogEvent};
use super::{Counter, Decoded, Format, Origin, Refusal, Sink, container, embedded, time};

/// A header line is not longer than this.
const HEADER: usize = 8 << 10;
/// How often reading starts again after a cell whose quote is never closed. Each start may read the whole rest, so it
/// bounds what hostile text can cost; damage needs one or two.
const RESTARTS: usize = 16;

/// Is this one of the exports? The header line decides.
#[must_use]
pub fn looks_like(text: &str) -> bool {
    Table::of(&header_of(text)).is_some()
}

/// Reads an export. A row of the wrong width, or without a readable time, is a reject; a header alone is no record.
///
/// # Errors
/// When the header line is none of an export.
pub fn decode(text: &str, origin: &Origin<'_>, sink: &mut dyn Sink) -> Result<Decoded, Refusal> {
    let text = without_mark(text);
    let header = header_of(text);
    let Some(table) = Table::of(&header) else {
        return Err(Refusal::no_log(text));
    };
    let mut rows =
        Rows { table, width: header.len(), origin, invocations: Invocations::default(), out: Counter::new(sink) };
    let mut rest = after_line(text);
    for _ in 0..RESTARTS {
        match rows.read(rest) {
            Some(open) => rest = after_line(open),
            None => return Ok(rows.finish()),
        }
    }
    if !rest.trim().is_empty() {
        rows.out.refuse(format!("{RESTARTS} cells before it have a quote that is never closed; the rest is not read"));
    }
    Ok(rows.finish())
}

/// Spreadsheets put a byte order mark before a text.
fn without_mark(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_start()
}

fn after_line(text: &str) -> &str {
    memchr::memchr(b'\n', text.as_bytes()).map_or("", |end| &text[end + 1..])
}

fn header_of(text: &str) -> StringRecord {
    let text = without_mark(text);
    let line = text[..text.floor_char_boundary(HEADER)].lines().next().unwrap_or_default();
    let mut header = StringRecord::new();
    // A line of text in memory is always a record.
    let _ = rows_of(line).read_record(&mut header);
    header
}

/// Rows of any width: the width is ours to judge, because a wrong one costs only its own row.
fn rows_of(text: &str) -> Reader<&[u8]> {
    ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes())
}

/// Which export it is, and where its columns are.
enum Table {
    Logs(LogColumns),
    History(History),
}

impl Table {
    fn of(header: &StringRecord) -> Option<Self> {
        LogColumns::of(header).map(Table::Logs).or_else(|| History::of(header).map(Table::History))
    }
}

/// Where a column is, by the names that exports give it.
fn column(header: &StringRecord, names: &[&str]) -> Option<usize> {
    names.iter().find_map(|name| header.iter().position(|column| column.trim() == *name))
}

/// The columns of log events that matter.
struct LogColumns {
    time: Option<usize>,
    message: usize,
    stream: Option<usize>,
    /// Account and log group: `111122223333:/aws/lambda/resize`.
    log: Option<usize>,
    id: Option<usize>,
    account: Option<usize>,
    region: Option<usize>,
}

impl LogColumns {
    fn of(header: &StringRecord) -> Option<Self> {
        let insights = column(header, &["@message"]);
        let time = column(header, &["@timestamp", "timestamp"]);
        // A plain `message` may be anybody's, so the console's other column has to be there too.
        let message = insights.or_else(|| time.and(column(header, &["message"])))?;
        Some(Self {
            time,
            message,
            stream: column(header, &["@logStream", "logStreamName"]),
            log: column(header, &["@log", "logGroupName"]),
            id: column(header, &["eventId", "@ptr"]),
            account: column(header, &["@aws.account"]),
            region: column(header, &["@aws.region"]),
        })
    }

    fn read<'r>(&self, row: &'r StringRecord, origin: &Origin<'r>) -> Result<LogEvent<'r>, String> {
        let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).map(str::trim).unwrap_or_default();
        let or = |cell: &'r str, other: &'r str| if cell.is_empty() { other } else { cell };
        let message = row.get(self.message).unwrap_or_default();
        let log = cell(self.log);
        let (owner, group) = log.split_once(':').unwrap_or(("", log));
        let time = match self.time {
            Some(_) => time::of_log(cell(self.time)).ok_or_else(|| {
                format!(
                    "`timestamp` is {:?}, which is no time: RFC 3339 or milliseconds are wanted",
                    start_of(cell(self.time))
                )
            })?,
            None => lambda::time_of(message).ok_or("there is no `@timestamp` column, and the message tells no time")?,
        };
        Ok(LogEvent {
            group: or(group, origin.log_group),
            stream: or(cell(self.stream), origin.log_stream),
            account: or(or(cell(self.account), owner), origin.account),
            region: or(cell(self.region), origin.region),
            id: cell(self.id),
            time,
            message,
        })
    }
}

/// The start of a cell that an outsider may have chosen, short enough for a message.
fn start_of(cell: &str) -> &str {
    &cell[..cell.floor_char_boundary(60)]
}

/// The rows of one export on their way to the sink.
struct Rows<'o, 's> {
    table: Table,
    width: usize,
    origin: &'o Origin<'o>,
    invocations: Invocations,
    out: Counter<'s>,
}

impl Rows<'_, '_> {
    /// Reads rows up to the end, or up to one whose last cell swallows the rest because its quote is never closed:
    /// that row is a reject, and the text from its start is returned.
    fn read<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let mut reader = rows_of(text);
        let mut row = StringRecord::new();
        loop {
            let start = usize::try_from(reader.position().byte()).unwrap_or(text.len());
            match reader.read_record(&mut row) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.out.refuse(format!("is no CSV: {error}"));
                    return None;
                }
            }
            let end = usize::try_from(reader.position().byte()).unwrap_or(text.len());
            if end >= text.len() && is_open(&text[start..]) {
                self.out.refuse("a quote is opened and never closed");
                return Some(text[start..].trim_start_matches(['\r', '\n']));
            }
            self.row(&row);
        }
    }

    fn row(&mut self, row: &StringRecord) {
        if row.len() != self.width {
            let (found, wanted) = (row.len(), self.width);
            return self.out.refuse(format!("the row has {found} columns; {wanted} are wanted"));
        }
        match &self.table {
            Table::Logs(columns) => match columns.read(row, self.origin) {
                Ok(record) if embedded::read(record.message, &Origin::from(&record), &mut self.out) => {}
                Ok(record) => self.invocations.read(&record, &mut self.out),
                Err(what) => self.out.refuse(what),
            },
            Table::History(columns) => trail_record(&columns.json(row, self.origin), self.origin, &mut self.out),
        }
    }

    fn finish(self) -> Decoded {
        let (events, rejects) = (self.out.events, self.out.rejects);
        Decoded { records: events + rejects, events, rejects, format: Format::Csv, ..Decoded::default() }
    }
}

/// Is the last cell's quote still open? Quotes come in pairs in a row that is whole.
fn is_open(row: &str) -> bool {
    memchr::memchr_iter(b'"', row.as_bytes()).count() % 2 == 1
}

/// Reads a CloudTrail record in JSON: one event or one reject.
fn trail_record(json: &str, origin: &Origin<'_>, out: &mut Counter<'_>) {
    if let Err(refusal) = container::decode(json, origin, out) {
        out.refuse(refusal.to_string());
    }
}

#[cfg(test)]
mod tests;
