//! Tables with a time column: wide (a column a series) and long (name, value, labels), comma, semicolon or tab.
//!
//! Cells may have units, decimal commas and local dates, see `cell`. Several tables may follow one another, each with
//! its header. Text columns become labels. A column of times needs no known name if its cells tell.

use crate::model::catalog::Problems;
use crate::model::when::{self, WallZone};
use crate::model::{Labels, ProblemKind, Sample, Timestamp, Zone, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::{Context, Document};

use super::cell::{self, DateOrder, Decimal};
use super::{Collector, Place, value_of};

/// Names of columns that hold the time, the name and the value, and that hold none of the rest.
const TIME_NAMES: [&str; 9] = ["time", "timestamp", "ts", "date", "datetime", "_time", "@timestamp", "date time", "time (utc)"];
const NAME_NAMES: [&str; 5] = ["metric", "name", "series", "__name__", "metric_name"];
const VALUE_NAMES: [&str; 3] = ["value", "_value", "val"];

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
    let rows = lines.take(50).map(|line| cells(line, style.separator)).take_while(|row| !is_header(row, style));
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
    let zone = context.zone.as_ref().and_then(|zone| WallZone::from_name(&zone.name)).unwrap_or_default();
    let mut problems = Problems::default();
    let text = json::text(bytes, &mut problems);
    let (separator, _) = opening(&text);
    // A name that no table has is told, and the time found as without it.
    let time_column = context.time_column.as_deref().filter(|named| recognise(&text, Some(named)).is_some());
    let style = Style { separator, time_column };
    let all: Vec<(Place, &str)> = numbered(&text).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with("sep=")).collect();
    let mut reader = Reader {
        collector: Collector::default(),
        problems,
        stem: super::stem(&context.path),
        zone,
        n_unplaced: 0,
        n_open_dates: 0,
        is_zoneless: false,
    };
    if let Some(named) = context.time_column.as_ref().filter(|_| time_column.is_none()) {
        let reason = format!("no column {named:?} with times stands in this table");
        reader.problems.push(Place { line: 1, byte: 0 }.problem(ProblemKind::Time, reason));
    }
    let mut table: Option<Table> = None;
    let mut plain = PlainRows::default();
    for (index, (place, line)) in all.iter().enumerate() {
        if let Some(table) = &table
            && plain.read(&mut reader, table, separator, line, *place).is_some()
        {
            continue;
        }
        let row = cells(line, separator);
        if is_header(&row, style) || index == 0 && is_words(&row) {
            let rows = rows_until_header(all[index + 1..].iter().map(|(_, line)| *line), style, row.len());
            table = Table::of(&row, &rows, style).or(table);
            plain = PlainRows::default();
            continue;
        }
        match &table {
            Some(table) => reader.row(table, &row, *place),
            None => reader.problems.push(place.problem(ProblemKind::Syntax, "no header with a time column stands before this row".into())),
        }
    }
    reader.into_document(bytes, context)
}

fn numbered(text: &str) -> impl Iterator<Item = (Place, &str)> {
    let mut next = Place { line: 1, byte: 0 };
    text.split_inclusive('\n').map(move |line| {
        let place = next;
        next = Place { line: place.line + 1, byte: place.byte + line.len() as u64 };
        (place, line.trim_end_matches(['\n', '\r']))
    })
}

/// Rows of plain decimals in a wide table, which nearly all are: no text is made of their cells.
#[derive(Default)]
struct PlainRows {
    /// Series of each column, once it has a value.
    series: Vec<Option<usize>>,
    /// Column and value of the cells of one row.
    found: Vec<(usize, f64)>,
}

impl PlainRows {
    /// Reads a row; `None`, and nothing done, for one that is in any way unusual. Says the same as `Reader::row`.
    fn read(&mut self, reader: &mut Reader<'_>, table: &Table, separator: char, line: &str, place: Place) -> Option<()> {
        let is_wide = table.name.is_none() && table.labels.is_empty() && table.decimal == Decimal::Point;
        if !is_wide || !separator.is_ascii() || memchr::memchr(b'"', line.as_bytes()).is_some() {
            return None;
        }
        self.found.clear();
        let (mut written, mut column, mut rest) = ("", 0, line);
        loop {
            let end = memchr::memchr(separator as u8, rest.as_bytes());
            let cell = &rest[..end.unwrap_or(rest.len())];
            if column == table.time {
                written = cell.trim();
            } else if !cell.is_empty() {
                let (value, length) = super::decimal::float(cell.as_bytes())?;
                if length != cell.len() {
                    return None;
                }
                self.found.push((column, value));
            }
            column += 1;
            match end {
                Some(end) => rest = &rest[end + 1..],
                None => break,
            }
        }
        if column != table.header.len() || self.found.is_empty() {
            return None;
        }
        let time = time_of(written, reader.zone, table.dates)?;
        reader.note_time(written, table);
        self.series.resize(column, None);
        for (column, value) in &self.found {
            let index = *self.series[*column].get_or_insert_with(|| {
                let (name, labels) = table.identity(&[], *column, reader.stem);
                reader.collector.series(name, labels)
            });
            if let Err(surprise) = reader.collector.push(index, Sample { time, value: *value }) {
                reader.problems.push(place.problem(surprise.kind, surprise.reason));
            }
        }
        Some(())
    }
}

struct Reader<'a> {
    collector: Collector,
    problems: Problems,
    stem: &'a str,
    zone: WallZone,
    n_unplaced: u64,
    /// Rows whose date could have its day first as well.
    n_open_dates: u64,
    is_zoneless: bool,
}

impl Reader<'_> {
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
            let (name, labels) = table.identity(row, *value, self.stem);
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
        if when::epoch(written).is_some() {
            return;
        }
        let known = when::written(written);
        self.n_open_dates += u64::from(known.is_none() && table.dates == DateOrder::Open && written.contains('/'));
        self.is_zoneless |= known.is_none_or(|at| at.offset.is_none());
    }

    fn into_document(mut self, bytes: &[u8], context: &Context) -> Document {
        if self.n_open_dates > 0 {
            let reason = format!("{} dates could have their day first as well; read as month/day", self.n_open_dates);
            self.problems.push(Place::default().problem(ProblemKind::Time, reason));
        }
        let series = self.collector.finish(context, &mut self.problems);
        let n_placed: u64 = series.iter().map(|one| one.samples.len() as u64).sum();
        let certainty = if self.is_zoneless { ZoneCertainty::Default } else { ZoneCertainty::Offset };
        let own = Zone { name: "UTC".into(), certainty };
        Document {
            zone: if n_placed == 0 { Zone::default() } else { context.zone.clone().filter(|_| self.is_zoneless).unwrap_or(own) },
            series,
            problems: self.problems,
            n_records: n_placed + self.n_unplaced,
            n_lines: json::count_lines(bytes),
            n_unplaced: self.n_unplaced,
            ..Document::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Document {
        parse(text.as_bytes(), &Context { path: "x/cpu.csv".into(), ..Context::default() })
    }

    #[test]
    fn wide_tables_give_a_series_a_column_and_gaps_stay_gaps() {
        let document = read("sep=;\n\"Time\";\"p99 /cart\";\"cpu, \"\"web\"\"\"\n1700000000000;0.2;1\n1700000015000;;2\n");
        let shape: Vec<_> = document.series.iter().map(|one| (one.name.as_str(), one.samples.len())).collect();
        assert_eq!((shape, document.problems.total()), (vec![("p99 /cart", 1), ("cpu, \"web\"", 2)], 0));
    }

    #[test]
    fn long_tables_give_a_series_a_name_and_labels() {
        let document = read("timestamp,metric,host,value\n2023-11-14T22:13:20Z,cpu,a,1\n2023-11-14T22:13:20Z,cpu,b,2\n");
        assert_eq!(document.series.len(), 2);
        assert_eq!((document.series[1].name.as_str(), document.series[1].labels.get("host")), ("cpu", Some("b")));
    }

    #[test]
    fn tables_may_follow_one_another() {
        let text = "\"Time\",\"a\"\n1700000000,1\n\"Time\",\"b\"\n1700000000,2\n1700000015,3\n";
        assert!(recognise(text, None).is_some());
        let names: Vec<_> = read(text).series.iter().map(|one| (one.name.clone(), one.samples.len())).collect();
        assert_eq!(names, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    }

    #[test]
    fn cells_with_units_of_their_own_are_one_series() {
        let document =
            read("Time,p99\n2023-11-14 22:13:20,800.0 ms\n2023-11-14 22:13:35,\n2023-11-14 22:13:50,1.5 s\n2023-11-14 22:14:05,3 apples\n");
        let values: Vec<f64> = document.series[0].samples.iter().map(|sample| sample.value).collect();
        assert_eq!((values, document.series[0].unit), (vec![0.8, 1.5], crate::model::Unit::Seconds));
        assert_eq!(document.problems.counts().get(&ProblemKind::Syntax), Some(&1));
        assert_eq!(document.zone.certainty, ZoneCertainty::Default, "times without a zone say so");
    }

    #[test]
    fn a_table_saved_by_a_spreadsheet_is_read_with_its_commas_and_dates() {
        let german = "Zeit;p99 /cart;cpu\n23.11.2026 02:00:00;0,5;90,1\n23.11.2026 02:00:10;0,75;91\n23.11.2026 02:00:20;1.234,5;\n";
        assert!(recognise(german, None).is_some());
        let document = read(german);
        let shape: Vec<_> = document.series.iter().map(|one| (one.name.as_str(), one.samples.len(), one.samples[0].value)).collect();
        assert_eq!((shape, document.problems.total()), (vec![("p99 /cart", 3, 0.5), ("cpu", 2, 90.1)], 0));
        let american = "Time,a\n11/12/2026 2:00 AM,1\n11/12/2026 2:01 AM,\"1,234.5\"\n";
        let document = read(american);
        assert_eq!(document.series[0].samples[1].value.to_string(), "1234.5");
        assert_eq!(document.problems.counts().get(&ProblemKind::Time), Some(&1), "day or month first: said");
        assert!(recognise("sep=;\nTime;a\n2026-11-23 02:00:00;1\n2026-11-23 02:00:10;=1+1\n2026-11-23 02:00:20;-1\n", None).is_some());
    }

    #[test]
    fn a_document_on_one_line_costs_no_more_than_its_length() {
        let text = "{\"values\":[[1795400000,\"1\"],".repeat(20_000);
        let start = std::time::Instant::now();
        assert!(recognise(&text, None).is_none() && recognise(&text.replace(':', "\n"), None).is_none());
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn rows_of_plain_decimals_say_what_the_general_way_says() {
        let text = "time,a,b,c\n1700000000,1.5,-2,\n1700000010,1e3,+4,0.1\n1700000010,9,9,9\n1700000005,.5,5.,12345678901234567890\n\
                    1700000020,x,1,2\n1700000030,1,2\n1700000040, 7 ,8,9\nlater,1,2,3\n1700000050,,,\n2023-11-14 22:14:20,1,2,3\n";
        let plain = read(text);
        // Quotes change nothing but the way.
        let quoted: String = text.lines().map(|line| format!("\"{}\"\n", line.replace(',', "\",\""))).collect();
        let general = read(&quoted);
        assert_eq!(plain.series, general.series);
        assert_eq!((plain.n_records, plain.n_unplaced, plain.zone), (general.n_records, general.n_unplaced, general.zone));
        assert_eq!(plain.problems.counts(), general.problems.counts());
    }

    #[test]
    fn the_user_names_the_column_of_times() {
        let text = "created,measured at,cpu\n2023-11-14 00:00:00,1700000000000,1\n2023-11-14 00:00:00,1700000015000,2\n";
        assert!(recognise(text, Some("Measured At")).is_some() && recognise(text, Some("cpu")).is_none());
        let of = |named: &str| {
            let context = Context { path: "cpu.csv".into(), time_column: Some(named.into()), ..Context::default() };
            parse(text.as_bytes(), &context)
        };
        let cpu = |document: &Document| document.series.iter().find(|one| one.name == "cpu").map(|one| one.samples.clone());
        let named = of("measured at");
        assert_eq!(cpu(&named).unwrap()[1].time, Timestamp::from_secs(1_700_000_015));
        let wrong = of("when");
        assert_eq!(wrong.problems.kept()[0].reason, "no column \"when\" with times stands in this table");
        assert!(cpu(&wrong).is_some(), "read as without the name");
    }

    #[test]
    fn epochs_of_any_unit_and_tables_with_columns_of_their_own_are_read() {
        for unit in ["1700000000", "1700000000.0", "1700000000000", "1700000000000000", "1700000000000000000"] {
            let document = read(&format!("sep=;\nts;a\n{unit};0,125\n\nts;b;c\n{unit};1;\n"));
            let all: Vec<_> = document.series.iter().map(|one| (one.name.as_str(), one.samples[0])).collect();
            let sample = |value| Sample { time: Timestamp::from_secs(1_700_000_000), value };
            assert_eq!((all, document.problems.total()), (vec![("a", sample(0.125)), ("b", sample(1.0))], 0), "{unit}");
        }
    }

    #[test]
    fn tables_of_events_are_not_metrics() {
        assert!(recognise("time,cpu\n1700000000,1\n", None).is_some());
        assert!(recognise("message,timestamp,datetime,desc\nhello,1700000000,2015-07-24T19:01:01+00:00,x\n", None).is_none());
        assert!(recognise("a,b\n1,2\n", None).is_none());
    }
}
