//! Tables with a time column: wide (a column a series) and long (name, value, labels), of any usual separator.
//!
//! Cells may have units, decimal commas and local dates, see `cell`; what columns are is decided in `table`. Several
//! tables may follow one another, each with its header. Titles and comments may stand before it, or no header at all.

mod blocks;
mod perfmon;
mod plain;
mod rows;
mod table;

use crate::model::catalog::Problems;
use crate::model::when::{self, WallZone};
use crate::model::{Problem, ProblemKind, Sample, Timestamp, Unit, Zone, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::{Context, Document};

pub use blocks::Crew;
use plain::PlainRows;
use rows::MAX_COLUMNS;
pub(super) use rows::cells;
use table::{Style, Table, is_header};
pub(super) use table::{identity_of, is_gap, time_of};

use super::cell::{self, DateOrder, Decimal};
use super::{Collector, Place, Surprise};

/// Rows behind a header by which the columns are judged.
const JUDGED_ROWS: usize = 50;

/// How sure a stretch of lines is a table of metrics, 0 … 1, and why.
pub(crate) fn recognise(head: &str, time_column: Option<&str>) -> Option<(f32, String)> {
    let first = head.lines().find(|line| !line.trim().is_empty())?;
    if first.matches([',', ';', '\t', '|']).count() >= 2 * MAX_COLUMNS {
        return None;
    }
    let opening = rows::opening(head, time_column);
    let style = Style { separator: opening.separator, time_column };
    let mut lines = rows::rows(head).skip(opening.n_before);
    let header = if opening.is_headed { Some(rows::header_cells(lines.next()?, style.separator)) } else { None };
    let n_cells = header.as_ref().map(Vec::len);
    let rows = rows_until_header(lines, style, n_cells);
    let table = Table::of(header.as_deref(), &rows, style)?;
    let is_timed = |row: &&Vec<String>| time_of(&table.written(row), WallZone::Utc, table.dates).is_some();
    let n_timed = rows.iter().filter(is_timed).count();
    if rows.is_empty() || n_timed * 10 < rows.len() * 8 || header.is_none() && are_bare_times(&rows) {
        return None;
    }
    let score = if table.has_words() || header.is_none() { 0.8 } else { 0.93 };
    let word = if table.has_words() { "long" } else { "wide" };
    Some((score, format!("a {word} table: column {:?} holds times, {} columns hold numbers", table.header[table.time], table.values.len())))
}

/// Whether the rows are nothing but times with a comma before their milliseconds, as loggers write: lines of a log.
fn are_bare_times(rows: &[Vec<String>]) -> bool {
    let is_second = |cell: &str| {
        let end = cell.as_bytes().last_chunk::<3>();
        cell.len() >= 8 && end.is_some_and(|[colon, tens, ones]| *colon == b':' && tens.is_ascii_digit() && ones.is_ascii_digit())
    };
    let is_millis = |cell: &str| cell.len() == 3 && cell.bytes().all(|byte| byte.is_ascii_digit());
    rows.iter().all(|row| matches!(row.as_slice(), [time, millis] if is_second(time.trim()) && is_millis(millis)))
}

/// The first rows of a table, by which its columns are judged: complete ones before the next header.
fn rows_until_header<'a>(lines: impl Iterator<Item = &'a str>, style: Style<'_>, n_cells: Option<usize>) -> Vec<Vec<String>> {
    let rows = lines.take(JUDGED_ROWS).filter(|line| !line.starts_with(['#']) && !line.starts_with("sep="));
    let mut rows = rows.map(|line| rows::cells(line, style.separator)).take_while(|row| !is_header(row, style)).peekable();
    let n_cells = n_cells.unwrap_or_else(|| rows.peek().map_or(0, Vec::len));
    rows.filter(|row| row.len() == n_cells).collect()
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
    /// The user tells the zone: what the table says does not matter.
    is_zone_given: bool,
    /// Known once enough lines are in sight.
    separator: Option<char>,
    /// Rows before the header that are still to come.
    n_before: usize,
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
            told: None,
            n_unplaced: 0,
            n_open_dates: 0,
            is_zoneless: false,
            late: Problems::default(),
            n_late: 0,
            n_pushed: 0,
        };
        Self {
            is_zone_given: context.zone.is_some(),
            reader,
            separator: None,
            n_before: 0,
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
            let length = match rows::row_len(&text[at..]) {
                Err(_) if rest == Rest::MayFollow => break,
                Ok(length) | Err(length) => length,
            };
            let row = &text[at..at + length];
            if !self.line(row.trim_end_matches(['\n', '\r']), &text[at..], &text[at + length..], rest) {
                break;
            }
            self.place = Place { line: self.place.line + json::count_lines(row.as_bytes()).max(1), byte: self.place.byte + length as u64 };
            at += length;
        }
        at
    }

    /// Looks at the first line and what follows: gives the separator.
    fn open(&mut self, text: &str) -> char {
        // A name that no table has is told, and the time found as without it.
        let is_there = |named: &String| recognise(text, Some(named)).is_some();
        if let Some(named) = self.time_column.take_if(|named| !is_there(named)) {
            let reason = format!("no column {named:?} with times stands in this table");
            self.reader.problems.push(Place { line: 1, byte: 0 }.problem(ProblemKind::Time, reason));
        }
        let opening = rows::opening(text, self.time_column.as_deref());
        self.separator = Some(opening.separator);
        self.n_before = opening.n_before;
        self.is_first = opening.is_headed;
        if !opening.is_headed {
            let style = Style { separator: opening.separator, time_column: self.time_column.as_deref() };
            let rows = rows_until_header(rows::rows(text).skip(opening.n_before), style, None);
            self.table = Table::of(None, &rows, style);
        }
        opening.separator
    }

    /// Reads a line, which is at the start of `from` and before `behind`. Whether it could be understood.
    fn line(&mut self, line: &str, from: &str, behind: &str, rest: Rest) -> bool {
        if let (Some(table), Some(separator), 0) = (&self.table, self.separator, self.n_before)
            && self.plain.read(&mut self.reader, table, separator, line, self.place).is_some()
        {
            return true;
        }
        if line.trim().is_empty() {
            return true;
        }
        let n_wanted = JUDGED_ROWS + rows::OPENING_ROWS;
        let separator = match self.separator {
            Some(separator) => separator,
            None if rest == Rest::MayFollow && rows::rows(from).take(n_wanted).count() < n_wanted => return false,
            None => self.open(from),
        };
        if self.n_before > 0 {
            self.n_before -= 1;
            if !line.starts_with('#') && !line.starts_with("sep=") {
                self.reader.problems.push(self.place.problem(ProblemKind::Syntax, "a line before the header, not read".into()));
            }
            return true;
        }
        if line.starts_with("sep=") {
            return true;
        }
        let style = Style { separator, time_column: self.time_column.as_deref() };
        let row = if self.is_first { rows::header_cells(line, separator) } else { rows::cells(line, separator) };
        if self.is_first || is_header(&row, style) && !line.starts_with('#') {
            let is_whole = || rows::rows(behind).take(n_wanted).count() >= n_wanted;
            if rest == Rest::MayFollow && !is_whole() {
                return false;
            }
            self.plain.flush(&mut self.reader);
            let rows = rows_until_header(rows::rows(behind), style, Some(row.len()));
            self.table = Table::of(Some(&row), &rows, style).or(self.table.take());
            self.take_zone();
            self.plain = PlainRows::default();
            self.is_first = false;
            return true;
        }
        self.plain.flush(&mut self.reader);
        match &self.table {
            // Answers of Flux have comments before each table.
            _ if line.starts_with('#') && !table::holds_time(&row) => {}
            Some(table) => self.reader.row(table, &row, self.place),
            None => {
                let reason = "no header with a time column stands before this row".into();
                self.reader.problems.push(self.place.problem(ProblemKind::Syntax, reason));
            }
        }
        true
    }

    /// Takes the zone that the header tells.
    fn take_zone(&mut self) {
        let told = self.table.as_ref().and_then(Table::zone_told).filter(|_| !self.is_zone_given);
        if let Some((told, zone)) = told.and_then(|told| Some((WallZone::from_name(&told.name)?, told))) {
            self.reader.zone = told;
            self.reader.told = Some(zone);
        }
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
        if known.is_none() && table.dates == DateOrder::Serial {
            self.is_zoneless = true;
            return;
        }
        self.n_open_dates += u64::from(known.is_none() && table.dates == DateOrder::Open && written.contains('/'));
        self.is_zoneless |= known.is_none_or(|at| at.offset.is_none());
    }
}

struct Reader {
    collector: Collector,
    problems: Problems,
    stem: String,
    zone: WallZone,
    /// The zone that the table tells.
    told: Option<Zone>,
    n_unplaced: u64,
    /// Rows whose date could have its day first as well.
    n_open_dates: u64,
    is_zoneless: bool,
    /// Samples that are earlier than those before them, as problems.
    late: Problems,
    n_late: u64,
    n_pushed: u64,
}

impl Reader {
    fn row(&mut self, table: &Table, row: &[String], place: Place) {
        if row.len() != table.header.len() {
            let reason = format!("{} cells where the header has {}", row.len(), table.header.len());
            self.problems.push(place.problem(ProblemKind::Syntax, reason));
            return;
        }
        let written = table.written(row);
        let Some(time) = time_of(&written, self.zone, table.dates) else {
            self.n_unplaced += 1;
            self.problems.push(place.problem(ProblemKind::Time, format!("{written:?} is not a time")));
            return;
        };
        self.note_time(&written, table);
        for value in &table.values {
            let cell = &row[value.column];
            if is_gap(cell) {
                continue;
            }
            let of_header =
                |(number, unit)| if unit == Unit::None { (cell::scaled(number, value.scale), value.unit) } else { (number, unit) };
            let number = cell::number(cell, table.decimal, value.word.as_deref()).map(of_header);
            let Some((number, unit)) = number.or_else(|| cell::switch(cell).map(|switch| (switch, Unit::None))) else {
                let reason = format!("column {:?}: {cell:?} is not a number with a known unit", table.header[value.column]);
                self.problems.push(place.problem(ProblemKind::Syntax, reason));
                continue;
            };
            let (name, labels) = table.identity(row, value, &self.stem);
            let index = self.collector.series(name, labels);
            if !self.collector.set_unit(index, unit) {
                let reason = format!("column {:?}: {cell:?} has another unit than the cells above", table.header[value.column]);
                self.problems.push(place.problem(ProblemKind::Syntax, reason));
                continue;
            }
            self.push(index, Sample { time, value: number }, place);
        }
    }

    /// Adds a sample of the row at a place.
    fn push(&mut self, index: usize, sample: Sample, place: Place) {
        self.n_pushed += 1;
        match self.collector.push(index, sample) {
            Ok(()) => {}
            Err(Surprise { kind: ProblemKind::Order, reason }) => {
                self.n_late += 1;
                self.late.push(place.problem(ProblemKind::Order, reason));
            }
            Err(surprise) => self.problems.push(place.problem(surprise.kind, surprise.reason)),
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
        // A table that begins with its latest row is in order too.
        let is_newest_first = self.n_late + self.collector.len() as u64 >= self.n_pushed;
        if !is_newest_first {
            self.problems.append(self.late);
            self.problems.kept_mut().sort_by_key(|problem| problem.line);
        }
        let series = self.collector.finish(context, &mut self.problems);
        let n_placed: u64 = series.iter().map(|one| one.n_samples() as u64).sum();
        let certainty = if self.is_zoneless { ZoneCertainty::Default } else { ZoneCertainty::Offset };
        let own = Zone { name: "UTC".into(), certainty };
        Document {
            zone: if n_placed == 0 {
                Zone::default()
            } else {
                context.zone.clone().or(self.told).filter(|_| self.is_zoneless).unwrap_or(own)
            },
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
