//! Tables of log records: Kibana, Splunk, Datadog and Timesketch exports, and any other with a time and a message.
//!
//! Cells may hold line ends between quotes, so rows are found from the top, never from the middle.

mod list;

use std::borrow::Cow;

use super::Writer;
use crate::model::Level;
use crate::parse::log::roles::{Place, Role, meaning, stated_role};
use crate::parse::timestamp::{self, EpochUnit};

/// Names of message columns that only tables have.
const MESSAGES: &[&str] = &["_raw", "raw", "content", "line", "description", "summary", "details", "log message", "log_message", "rawlog"];
/// Columns of the tables of Application Insights that say what happened, where no other does.
const OPERATIONS: &[&str] = &["outermessage", "name", "operation_name", "operationname"];
/// Rows that are looked at.
const PROBE_ROWS: usize = 20;

/// Columns of the CSV log of `PostgreSQL`, which writes no header; later versions add some at the end.
const POSTGRES: &[&str] = &[
    "log_time",
    "user_name",
    "database_name",
    "process_id",
    "connection_from",
    "session_id",
    "session_line_num",
    "command_tag",
    "session_start",
    "virtual_transaction_id",
    "transaction_id",
    "error_severity",
    "sql_state_code",
    "message",
    "detail",
    "hint",
    "internal_query",
    "internal_query_pos",
    "context",
    "query",
    "query_pos",
    "location",
    "application_name",
    "backend_type",
    "leader_pid",
    "query_id",
];

/// What the header says.
struct Header {
    separator: u8,
    names: Vec<String>,
    time: usize,
    /// `None` where no column says in words what happened: then the row as a whole does.
    message: Option<usize>,
    /// Whether `status` holds words such as `error`.
    has_status_words: bool,
    /// Whether rows are things that were there at the time, see [`list`].
    is_list: bool,
    /// Position of the first row.
    rows_at: usize,
}

pub(super) fn is_log(head: &[u8]) -> bool {
    header(head, 0).is_some()
}

/// Whether a table lists things at their times though no column is named for either: a snapshot of sessions, a list of jobs.
pub(super) fn is_list(head: &[u8]) -> bool {
    list::header(head, 0).is_some()
}

/// Gives the name of the format, and what it is in words.
pub(super) fn convert(writer: &mut Writer<'_>) -> (&'static str, String) {
    let bytes = writer.original;
    let Some(header) = header(bytes, writer.counted.0).or_else(|| list::header(bytes, writer.counted.0)) else {
        return ("csv-log", String::new());
    };
    let mut at = header.rows_at;
    while at < bytes.len() {
        let (cells, end) = row(bytes, at, header.separator);
        let is_blank = cells.iter().all(|cell| cell.is_empty());
        let is_header = cells.len() == header.names.len() && cells.iter().zip(&header.names).all(|(cell, name)| **cell == *name.as_bytes());
        if !is_blank && !is_header {
            writer.record(at, |out| object(out, &header, &cells));
        }
        at = end;
    }
    let what = match header.is_list {
        true => format!("rows of a table at the times in column {:?}", header.names[header.time]),
        false => "rows of a table with a time and a message".to_owned(),
    };
    let has = |name: &str| header.names.iter().any(|known| known == name);
    let format = match () {
        () if has("sql_state_code") => "postgresql-csv",
        () if has("timestamp_desc") => "timesketch-csv",
        () if has("_raw") || has("_time") => "splunk-csv",
        () if has("operation_Id") || has("OperationId") => "application-insights-csv",
        () if has("@timestamp") => "kibana-csv",
        () => "csv-log",
    };
    (format, what)
}

fn object(out: &mut Vec<u8>, header: &Header, cells: &[Cow<'_, [u8]>]) {
    out.push(b'{');
    let mut is_first = true;
    let is_said = header.message.is_some_and(|index| cells.get(index).is_some_and(|cell| !list::is_null(cell)));
    if header.is_list && !is_said {
        let pairs = list::pairs(header, cells);
        out.extend_from_slice(format!("\"message\":{}", serde_json::Value::from(pairs)).as_bytes());
        is_first = false;
    }
    for (index, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
        let known = header.names.get(index);
        let role = known.and_then(|name| role_of(name));
        let name: Cow<'_, str> = match known {
            Some(_) if index == header.time && role != Some(Role::Time) => "@timestamp".into(),
            Some(_) if header.message == Some(index) && is_said && role != Some(Role::Message) => "message".into(),
            Some(name) if name.eq_ignore_ascii_case("status") && header.has_status_words => "level".into(),
            Some(name) => name.into(),
            None => format!("column_{}", index + 1).into(),
        };
        if !is_first {
            out.push(b',');
        }
        is_first = false;
        let text = String::from_utf8_lossy(cell);
        let cell = if index == header.time { text.trim() } else { &text };
        out.extend_from_slice(serde_json::Value::from(&*name).to_string().as_bytes());
        out.push(b':');
        out.extend_from_slice(serde_json::Value::from(cell).to_string().as_bytes());
    }
    out.push(b'}');
}

fn role_of(name: &str) -> Option<Role> {
    stated_role(name.as_bytes())
}

/// The names in the first row, and its first rows.
struct Opened<'a> {
    separator: u8,
    names: Vec<String>,
    /// The cells of the first row are those of a row of `PostgreSQL`, which writes no names.
    is_postgres: bool,
    start: usize,
    rows_at: usize,
    sample: Vec<Vec<Cow<'a, [u8]>>>,
}

fn opened(bytes: &[u8], mut at: usize) -> Option<Opened<'_>> {
    let mut stated = None;
    if let Some(rest) = bytes.get(at..)?.strip_prefix(b"sep=") {
        stated = rest.first().copied();
        at += memchr::memchr(b'\n', &bytes[at..])? + 1;
    }
    let line_end = memchr::memchr(b'\n', bytes.get(at..)?)? + at;
    let line = bytes[at..line_end].strip_suffix(b"\r").unwrap_or(&bytes[at..line_end]);
    let count = |separator: u8| memchr::memchr_iter(separator, line).count();
    let separator = stated.or_else(|| [b',', b';', b'\t', b'|'].into_iter().max_by_key(|byte| count(*byte)))?;
    if count(separator) == 0 || !line.is_ascii() && std::str::from_utf8(line).is_err() {
        return None;
    }
    let (cells, rows_at) = row(bytes, at, separator);
    let is_postgres = is_postgres(&cells);
    let names: Vec<String> = cells.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
    let is_name = |name: &String| !name.is_empty() && name.len() < 64 && !name.starts_with(|c: char| c.is_ascii_digit() || c == '{');
    if !is_postgres && names.iter().filter(|name| is_name(name)).count() * 10 < names.len() * 8 {
        return None;
    }
    Some(Opened { separator, names, is_postgres, start: at, rows_at, sample: sample(bytes, rows_at, separator) })
}

impl Opened<'_> {
    /// Cells of a column that say something.
    fn cells(&self, index: usize) -> impl Iterator<Item = &[u8]> {
        self.sample.iter().filter_map(move |row| row.get(index)).map(|cell| cell.trim_ascii()).filter(|cell| !cell.is_empty())
    }

    /// How surely a name is that of the time, less is more; `None` for others.
    fn time_rank(&self, index: usize) -> Option<u8> {
        let lower = self.names[index].to_ascii_lowercase();
        match meaning(Place(0), lower.as_bytes()).binding {
            Some(binding) if binding.role == Role::Time => Some(binding.rank),
            _ if lower == "_time" => Some(0),
            _ => ["time", "date"].iter().any(|word| lower.contains(word)).then_some(200),
        }
    }

    fn has_status_words(&self) -> bool {
        let status = self.names.iter().position(|name| name.eq_ignore_ascii_case("status"));
        status.is_some_and(|index| self.cells(index).any(|cell| Level::from_word(cell).is_some()))
    }
}

/// The header at `at`, if it is that of a log: a column whose cells are times, and one with words.
fn header(bytes: &[u8], at: usize) -> Option<Header> {
    let mut opened = opened(bytes, at)?;
    let (separator, rows_at) = (opened.separator, opened.rows_at);
    if opened.is_postgres {
        let names = POSTGRES.iter().map(|name| (*name).to_owned()).collect();
        let (message, rows_at) = (Some(13), opened.start);
        return Some(Header { separator, names, time: 0, message, has_status_words: false, is_list: false, rows_at });
    }
    opened.names = with_unnamed_message(opened.names, &opened.sample);
    let lower: Vec<String> = opened.names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let n = lower.len();
    let message = (0..n)
        .find(|index| role_of(&lower[*index]) == Some(Role::Message))
        .or_else(|| (0..n).find(|index| MESSAGES.contains(&lower[*index].as_str())))
        .or_else(|| {
            let is_traced = lower.iter().any(|name| role_of(name) == Some(Role::Trace));
            is_traced.then(|| OPERATIONS.iter().find_map(|known| lower.iter().position(|name| name == known))).flatten()
        })?;
    let is_time = |index: usize| {
        let is_any = |cell: &&[u8]| timestamp::read(cell).is_some() || EpochUnit::of(cell).is_some();
        let n = opened.cells(index).filter(is_any).count();
        n > 0 && n * 10 >= opened.cells(index).count() * 8
    };
    let ranked = |index: usize| Some((opened.time_rank(index)?, index));
    let time = (0..n).filter(|index| *index != message && is_time(*index)).filter_map(ranked).min()?.1;
    let has_status_words = opened.has_status_words();
    Some(Header { separator, names: opened.names, time, message: Some(message), has_status_words, is_list: false, rows_at })
}

/// The names, and one for the words that every row has behind the named columns, as the Event Viewer of Windows writes.
fn with_unnamed_message(mut names: Vec<String>, sample: &[Vec<Cow<'_, [u8]>>]) -> Vec<String> {
    let unnamed = |row: &&Vec<Cow<'_, [u8]>>| row.len() == names.len() + 1 && !row[names.len()].is_empty();
    let cells: Vec<&[u8]> = sample.iter().filter(unnamed).map(|row| &*row[row.len() - 1]).collect();
    let n_sentences = cells.iter().filter(|cell| cell.contains(&b' ')).count();
    if cells.len() * 10 >= sample.len() * 8 && n_sentences * 2 > cells.len() {
        names.push("message".to_owned());
    }
    names
}

/// Whether a row is one of the CSV log of `PostgreSQL`: a time, a severity and a code of five signs at their places.
fn is_postgres(cells: &[Cow<'_, [u8]>]) -> bool {
    cells.len() >= 22
        && timestamp::read(&cells[0]).is_some()
        && matches!(&*cells[11], b"LOG" | b"ERROR" | b"FATAL" | b"PANIC" | b"WARNING" | b"NOTICE" | b"INFO" | b"DEBUG")
        && cells[12].len() == 5
}

fn sample(bytes: &[u8], mut at: usize, separator: u8) -> Vec<Vec<Cow<'_, [u8]>>> {
    let mut rows = Vec::new();
    while at < bytes.len() && rows.len() < PROBE_ROWS {
        let (cells, end) = row(bytes, at, separator);
        rows.push(cells);
        at = end;
    }
    rows
}

/// The cells of the row at `at` and where the next row begins. Quotes as in RFC 4180.
pub(crate) fn row(bytes: &[u8], mut at: usize, separator: u8) -> (Vec<Cow<'_, [u8]>>, usize) {
    let mut cells = Vec::new();
    loop {
        if bytes.get(at) == Some(&b'"') {
            let start = at + 1;
            let mut end = start;
            let mut has_quotes = false;
            loop {
                match memchr::memchr(b'"', &bytes[end.min(bytes.len())..]) {
                    Some(len) if bytes.get(end + len + 1) == Some(&b'"') => {
                        has_quotes = true;
                        end += len + 2;
                    }
                    Some(len) => {
                        end += len;
                        break;
                    }
                    None => {
                        end = bytes.len();
                        break;
                    }
                }
            }
            let cell = &bytes[start..end];
            cells.push(if has_quotes { Cow::Owned(unquoted(cell)) } else { Cow::Borrowed(cell) });
            at = (end + 1).min(bytes.len());
            // What stands between the quote and the next separator is no part of any cell.
            at += bytes[at..].iter().position(|byte| *byte == separator || *byte == b'\n').unwrap_or(bytes.len() - at);
        } else {
            let end = memchr::memchr2(separator, b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len);
            let cell = &bytes[at..end];
            cells.push(Cow::Borrowed(cell.strip_suffix(b"\r").unwrap_or(cell)));
            at = end;
        }
        match bytes.get(at) {
            Some(byte) if *byte == separator => at += 1,
            Some(_) => return (cells, at + 1),
            None => return (cells, bytes.len()),
        }
    }
}

fn unquoted(cell: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(cell.len());
    let mut at = 0;
    while at < cell.len() {
        out.push(cell[at]);
        at += if cell[at] == b'"' && cell.get(at + 1) == Some(&b'"') { 2 } else { 1 };
    }
    out
}
