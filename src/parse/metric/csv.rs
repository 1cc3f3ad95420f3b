//! Tables with a time column: wide (a column a series) and long (name, value, labels), comma, semicolon or tab.
//!
//! Cells may have units, decimal commas and local dates, see `cell`. Several tables may follow one another, each with
//! its header. Text columns become labels. A column of times needs no known name if its cells tell.

mod blocks;
mod plain;

use crate::model::catalog::Problems;
use crate::model::when::{self, WallZone};
use crate::model::{Labels, Problem, ProblemKind, Sample, Timestamp, Zone, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::{Context, Document};

pub use blocks::Crew;
use plain::PlainRows;

use super::cell::{self, DateOrder, Decimal};
use super::{Collector, Place, value_of};

/// Names of columns that hold the time, the name and the value, and that hold none of the rest.
const TIME_NAMES: [&str; 9] = ["time", "timestamp", "ts", "date", "datetime", "_time", "@timestamp", "date time", "time (utc)"];
const NAME_NAMES: [&str; 5] = ["metric", "name", "series", "__name__", "metric_name"];
const VALUE_NAMES: [&str; 3] = ["value", "_value", "val"];

/// Rows behind a header by which the columns are judged.
const JUDGED_ROWS: usize = 50;

/// A line of more cells is no row: one-line documents are full of commas.
const MAX_COLUMNS: usize = 4096;

/// How the columns of one table are read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    header: Vec<String>,
    time: usize,
    /// Column with the metric name, in a long table.
    name: Option<usize>,
    values: Vec<usize>,
    labels: Vec<usize>,
    decimal: Decimal,
    dates: DateOrder,
}

/// How sure a stretch of lines is a table of metrics, 0 … 1, and why.
pub(crate) fn recognise(head: &str, time_column: Option<&str>) -> Option<(f32, String)> {
    let (separator, mut lines) = opening(head);
    let first = lines.next()?;
    if first.matches(separator).count() >= MAX_COLUMNS {
        return None;
    }
    let header = cells(first, separator);
    let style = Style { separator, time_column };
    let rows = rows_until_header(lines, style, header.len());
    let table = Table::of(&header, &rows, style)?;
    let n_timed =
        rows.iter().filter(|row| row.get(table.time).is_some_and(|cell| time_of(cell, WallZone::Utc, table.dates).is_some())).count();
    if rows.is_empty() || n_timed * 10 < rows.len() * 8 {
        return None;
    }
    let score = if table.labels.is_empty() { 0.93 } else { 0.8 };
    let word = if table.name.is_some() { "long" } else { "wide" };
    Some((score, format!("a {word} table: column {:?} holds times, {} columns hold numbers", header[table.time], table.values.len())))
}

/// The separator of a text and its lines from the header on.
fn opening(text: &str) -> (char, impl Iterator<Item = &str>) {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).peekable();
    let stated = lines.peek().and_then(|line| line.strip_prefix("sep=")).and_then(|rest| rest.chars().next());
    if stated.is_some() {
        lines.next();
    }
    let header = lines.peek().copied().unwrap_or("");
    let most = [',', ';', '\t'].into_iter().max_by_key(|c| header.matches(*c).count()).unwrap_or(',');
    (stated.unwrap_or(most), lines)
}

/// Cells of a line: quotes doubled inside quotes, blanks around cells cut.
fn cells(line: &str, separator: char) -> Vec<String> {
    let mut out = Vec::new();
    let (mut cell, mut is_quoted) = (String::new(), false);
    let mut chars = line.trim_end_matches('\r').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => is_quoted = !is_quoted,
            c if c == separator && !is_quoted => out.push(std::mem::take(&mut cell).trim().to_owned()),
            c => cell.push(c),
        }
    }
    out.push(cell.trim().to_owned());
    out
}

/// What is known of a text before its first table.
#[derive(Debug, Clone, Copy)]
struct Style<'a> {
    separator: char,
    /// Name of the column of times, where the user says it.
    time_column: Option<&'a str>,
}

impl Style<'_> {
    fn is_time(&self, header: &str) -> bool {
        let name = header.trim_start_matches('\u{feff}').trim().to_lowercase();
        self.time_column.map_or_else(|| TIME_NAMES.contains(&name.as_str()), |named| named.trim().to_lowercase() == name)
    }
}

/// Whether a row names columns, one of them the time, and holds no number.
fn is_header(row: &[String], style: Style<'_>) -> bool {
    row.iter().any(|cell| style.is_time(cell)) && row.iter().all(|cell| value_of(cell).is_err())
}

/// Whether no cell is a number or a time, and all say something.
fn is_words(row: &[String]) -> bool {
    let is_word = |cell: &String| !cell.is_empty() && value_of(cell).is_err() && time_of(cell, WallZone::Utc, DateOrder::Open).is_none();
    row.iter().all(is_word)
}

/// The first rows of a table, by which its columns are judged: complete ones before the next header.
fn rows_until_header<'a>(lines: impl Iterator<Item = &'a str>, style: Style<'_>, n_cells: usize) -> Vec<Vec<String>> {
    let rows = lines.take(JUDGED_ROWS).map(|line| cells(line, style.separator)).take_while(|row| !is_header(row, style));
    rows.filter(|row| row.len() == n_cells).collect()
}

fn time_of(cell: &str, zone: WallZone, dates: DateOrder) -> Option<Timestamp> {
    let local = || when::written(&cell::iso_date(cell, dates)?).map(|at| at.at(zone));
    when::any(cell, zone).or_else(local).filter(|at| at.0 >= 100_000_000 * crate::model::time::NS_PER_S)
}

impl Table {
    /// Decides by names and by the first rows; `None` when there is no time or no value.
    fn of(header: &[String], rows: &[Vec<String>], style: Style<'_>) -> Option<Self> {
        if !(2..=MAX_COLUMNS).contains(&header.len()) || header.iter().any(|name| name.len() > 500) {
            return None;
        }
        let lower: Vec<String> = header.iter().map(|name| name.trim_start_matches('\u{feff}').to_lowercase()).collect();
        let find = |wanted: &[&str]| lower.iter().position(|name| wanted.contains(&name.as_str()));
        let column = |index: usize| rows.iter().filter_map(move |row| row.get(index)).filter(|cell| !cell.is_empty() && !is_gap(cell));
        let time = header.iter().position(|name| style.is_time(name)).or_else(|| {
            // Words above and dates below: a header in any language. Bare numbers may be anything, so they need a name.
            let is_time = |cell: &String| value_of(cell).is_err() && time_of(cell, WallZone::Utc, DateOrder::Open).is_some();
            let is_mostly_time = |index: &usize| column(*index).filter(|cell| is_time(cell)).count() * 10 >= rows.len() * 8;
            (!rows.is_empty() && is_words(header) && style.time_column.is_none()).then(|| (0..header.len()).find(is_mostly_time)).flatten()
        })?;
        let dates = cell::date_order(column(time).map(String::as_str));
        let decimal = cell::decimal(
            (0..header.len()).filter(|index| *index != time).flat_map(|index| column(index).map(String::as_str)),
            style.separator,
        );
        // A damaged cell or a formula in between does not make a column of numbers one of words.
        let is_number = |index: usize| {
            let n = column(index).filter(|cell| cell::number(cell, decimal).is_some()).count();
            n * 2 > column(index).count()
        };
        let others = || (0..header.len()).filter(|index| *index != time);
        if let (Some(name), Some(value)) = (find(&NAME_NAMES), find(&VALUE_NAMES)) {
            let labels = others().filter(|index| *index != name && *index != value).collect();
            return Some(Self { header: header.to_vec(), time, name: Some(name), values: vec![value], labels, decimal, dates });
        }
        let values: Vec<usize> = others().filter(|index| is_number(*index) || column(*index).next().is_none()).collect();
        let is_dates =
            |index: usize| column(index).next().is_some() && column(index).all(|cell| time_of(cell, WallZone::Utc, dates).is_some());
        // Who names one column of times leaves the others out.
        let is_left_out = |index: &usize| style.time_column.is_some() && is_dates(*index);
        let labels: Vec<usize> = others().filter(|index| !values.contains(index) && !is_left_out(index)).collect();
        // Words beside numbers make a table of events, unless there is one column called value.
        let repeats = |index: &usize| column(*index).collect::<std::collections::BTreeSet<_>>().len() * 2 <= rows.len();
        let is_named = style.time_column.is_some() && labels.iter().all(repeats);
        let is_metrics = labels.is_empty() || is_named || (values.len() == 1 && VALUE_NAMES.contains(&lower[values[0]].as_str()));
        let has_numbers = values.iter().any(|index| is_number(*index));
        (is_metrics && has_numbers).then(|| Self { header: header.to_vec(), time, name: None, values, labels, decimal, dates })
    }

    fn identity(&self, row: &[String], value: usize, stem: &str) -> (String, Labels) {
        let pairs =
            self.labels.iter().filter(|index| !row[**index].is_empty()).map(|index| (self.header[*index].clone(), row[*index].clone()));
        let header = &self.header[value];
        let name = match self.name {
            Some(name) => row[name].clone(),
            None if VALUE_NAMES.contains(&header.to_lowercase().as_str()) => stem.to_owned(),
            None => header.clone(),
        };
        (if name.is_empty() { stem.to_owned() } else { name }, Labels::new(pairs.collect()))
    }
}

/// Cells that say "no value".
fn is_gap(cell: &str) -> bool {
    cell.is_empty() || matches!(cell, "null" | "-" | "undefined" | "N/A" | "NA")
}

/// Reads a whole table, or several one after another.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut stream = Stream::new(context);
    stream.feed(bytes);
    stream.finish(context)
}

/// Tables that come in blocks.
pub struct Stream {
    reader: Reader,
    /// Known from the first line on.
    separator: Option<char>,
    /// The column of times that the user named.
    time_column: Option<String>,
    table: Option<Table>,
    plain: PlainRows,
    is_first: bool,
    /// Where the next line stands.
    place: Place,
    /// Lines that wait for those behind them.
    waiting: Vec<u8>,
    n_lines: u64,
    /// Lines that are read alone before blocks are read side by side again.
    n_alone: usize,
}

impl Stream {
    /// Before the first line.
    pub fn new(context: &Context) -> Self {
        let zone = context.zone.as_ref().and_then(|zone| WallZone::from_name(&zone.name)).unwrap_or_default();
        let reader = Reader {
            collector: Collector::default(),
            problems: Problems::default(),
            stem: super::stem(&context.path).to_owned(),
            zone,
            n_unplaced: 0,
            n_open_dates: 0,
            is_zoneless: false,
        };
        Self {
            reader,
            separator: None,
            time_column: context.time_column.clone(),
            table: None,
            plain: PlainRows::default(),
            is_first: true,
            place: Place { line: 1, byte: 0 },
            waiting: Vec::new(),
            n_lines: 0,
            n_alone: 0,
        }
    }

    /// The next whole lines; only the last of all may lack its end.
    pub fn feed(&mut self, lines: &[u8]) {
        self.n_lines += json::count_lines(lines);
        self.read(lines, Rest::MayFollow, None);
    }

    /// The same with the help of others. Says the same whoever helps.
    pub fn feed_by(&mut self, lines: &[u8], crew: Crew<'_>) {
        self.n_lines += json::count_lines(lines);
        self.read(lines, Rest::MayFollow, Some(crew));
    }

    /// What they held.
    pub fn finish(mut self, context: &Context) -> Document {
        self.read(&[], Rest::Nothing, None);
        self.plain.flush(&mut self.reader);
        self.reader.into_document(self.n_lines, context)
    }

    /// Reads what waits and what is new, as far as it can be understood without what follows.
    fn read(&mut self, new: &[u8], rest: Rest, crew: Option<Crew<'_>>) {
        let mut waiting = std::mem::take(&mut self.waiting);
        let bytes = if waiting.is_empty() {
            new
        } else {
            waiting.extend_from_slice(new);
            &waiting
        };
        let mut problems = Problems::default();
        let text = json::text(bytes, &mut problems);
        // One word on the encoding of the whole is enough.
        if let Some(problem) = problems.kept().first().filter(|_| !self.reader.problems.counts().contains_key(&ProblemKind::Encoding)) {
            let (line, byte) = (problem.line + self.place.line - 1, problem.byte + self.place.byte);
            self.reader.problems.push(Problem { line, byte, ..problem.clone() });
        }
        let read = self.lines(&text, rest, crew);
        self.waiting = text.as_bytes()[read..].to_vec();
    }

    /// Reads lines; gives how many bytes of them need not be seen again.
    fn lines(&mut self, text: &str, rest: Rest, crew: Option<Crew<'_>>) -> usize {
        let mut at = 0;
        while at < text.len() {
            let n_read = crew.map_or(0, |crew| self.blocks(&text[at..], crew));
            if n_read > 0 {
                at += n_read;
                continue;
            }
            let end = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |end| at + end + 1);
            let line = text[at..end].trim_end_matches(['\n', '\r']);
            if !self.line(line, &text[at..], &text[end..], rest) {
                break;
            }
            self.place = Place { line: self.place.line + 1, byte: self.place.byte + (end - at) as u64 };
            at = end;
        }
        at
    }

    /// Looks at the first line and what follows: gives the separator.
    fn open(&mut self, text: &str) -> char {
        let separator = opening(text).0;
        self.separator = Some(separator);
        // A name that no table has is told, and the time found as without it.
        let is_there = |named: &String| recognise(text, Some(named)).is_some();
        if let Some(named) = self.time_column.take_if(|named| !is_there(named)) {
            let reason = format!("no column {named:?} with times stands in this table");
            self.reader.problems.push(Place { line: 1, byte: 0 }.problem(ProblemKind::Time, reason));
        }
        separator
    }

    /// Reads a line, which is at the start of `from` and before `behind`. Whether it could be understood.
    fn line(&mut self, line: &str, from: &str, behind: &str, rest: Rest) -> bool {
        if let (Some(table), Some(separator)) = (&self.table, self.separator)
            && self.plain.read(&mut self.reader, table, separator, line, self.place).is_some()
        {
            return true;
        }
        if line.trim().is_empty() {
            return true;
        }
        let separator = self.separator.unwrap_or_else(|| self.open(from));
        if line.starts_with("sep=") {
            return true;
        }
        let row = cells(line, separator);
        let style = Style { separator, time_column: self.time_column.as_deref() };
        if is_header(&row, style) || self.is_first && is_words(&row) {
            let others = || behind.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("sep="));
            if rest == Rest::MayFollow && others().take(JUDGED_ROWS).count() < JUDGED_ROWS {
                return false;
            }
            self.plain.flush(&mut self.reader);
            let rows = rows_until_header(others(), style, row.len());
            self.table = Table::of(&row, &rows, style).or(self.table.take());
            self.plain = PlainRows::default();
            self.is_first = false;
            return true;
        }
        self.is_first = false;
        self.plain.flush(&mut self.reader);
        match &self.table {
            Some(table) => self.reader.row(table, &row, self.place),
            None => {
                let reason = "no header with a time column stands before this row".into();
                self.reader.problems.push(self.place.problem(ProblemKind::Syntax, reason));
            }
        }
        true
    }
}

/// What comes behind the lines that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    MayFollow,
    Nothing,
}

/// What times leave open.
#[derive(Debug, Clone, Copy, Default)]
struct TimeNotes {
    n_open_dates: u64,
    is_zoneless: bool,
}

impl TimeNotes {
    fn add(&mut self, written: &str, table: &Table) {
        if when::epoch(written).is_some() {
            return;
        }
        let known = when::written(written);
        self.n_open_dates += u64::from(known.is_none() && table.dates == DateOrder::Open && written.contains('/'));
        self.is_zoneless |= known.is_none_or(|at| at.offset.is_none());
    }
}

struct Reader {
    collector: Collector,
    problems: Problems,
    stem: String,
    zone: WallZone,
    n_unplaced: u64,
    /// Rows whose date could have its day first as well.
    n_open_dates: u64,
    is_zoneless: bool,
}

impl Reader {
    fn row(&mut self, table: &Table, row: &[String], place: Place) {
        if row.len() != table.header.len() {
            let reason = format!("{} cells where the header has {}", row.len(), table.header.len());
            self.problems.push(place.problem(ProblemKind::Syntax, reason));
            return;
        }
        let written = &row[table.time];
        let Some(time) = time_of(written, self.zone, table.dates) else {
            self.n_unplaced += 1;
            self.problems.push(place.problem(ProblemKind::Time, format!("{written:?} is not a time")));
            return;
        };
        self.note_time(written, table);
        for value in &table.values {
            let cell = &row[*value];
            if is_gap(cell) {
                continue;
            }
            let Some((number, unit)) = cell::number(cell, table.decimal) else {
                let reason = format!("column {:?}: {cell:?} is not a number with a known unit", table.header[*value]);
                self.problems.push(place.problem(ProblemKind::Syntax, reason));
                continue;
            };
            let (name, labels) = table.identity(row, *value, &self.stem);
            let index = self.collector.series(name, labels);
            if !self.collector.set_unit(index, unit) {
                let reason = format!("column {:?}: {cell:?} has another unit than the cells above", table.header[*value]);
                self.problems.push(place.problem(ProblemKind::Syntax, reason));
                continue;
            }
            if let Err(surprise) = self.collector.push(index, Sample { time, value: number }) {
                self.problems.push(place.problem(surprise.kind, surprise.reason));
            }
        }
    }

    /// Remembers what a time leaves open.
    fn note_time(&mut self, written: &str, table: &Table) {
        let mut notes = TimeNotes::default();
        notes.add(written, table);
        self.note(&notes);
    }

    fn note(&mut self, notes: &TimeNotes) {
        self.n_open_dates += notes.n_open_dates;
        self.is_zoneless |= notes.is_zoneless;
    }

    fn into_document(mut self, n_lines: u64, context: &Context) -> Document {
        if self.n_open_dates > 0 {
            let reason = format!("{} dates could have their day first as well; read as month/day", self.n_open_dates);
            self.problems.push(Place::default().problem(ProblemKind::Time, reason));
        }
        let series = self.collector.finish(context, &mut self.problems);
        let n_placed: u64 = series.iter().map(|one| one.n_samples() as u64).sum();
        let certainty = if self.is_zoneless { ZoneCertainty::Default } else { ZoneCertainty::Offset };
        let own = Zone { name: "UTC".into(), certainty };
        Document {
            zone: if n_placed == 0 { Zone::default() } else { context.zone.clone().filter(|_| self.is_zoneless).unwrap_or(own) },
            series,
            problems: self.problems,
            n_records: n_placed + self.n_unplaced,
            n_lines,
            n_unplaced: self.n_unplaced,
            ..Document::default()
        }
    }
}

#[cfg(test)]
mod tests;
