//! What the columns of a table are: its times, its values, the names and labels of their series.
//!
//! Decided by names and by the first rows. Words beside numbers are labels when they repeat, in a table of measurements;
//! where each row says something of its own, the table is one of events and not read here.

use std::collections::BTreeSet;

use super::super::cell::{self, DateOrder, Decimal};
use super::super::exposition;
use super::super::value_of;
use super::perfmon;
use super::rows::{self, MAX_COLUMNS};
use crate::model::when::{self, WallZone};
use crate::model::{Labels, Timestamp, Unit, Zone};

/// Names of columns that hold the time, the surest first.
const TIME_NAMES: [&str; 36] = [
    "_time",
    "@timestamp",
    "timestamp",
    "time",
    "ts",
    "datetime",
    "date time",
    "date_time",
    "date",
    "time (utc)",
    "timestamps",
    "epoch",
    "unix",
    "unixtime",
    "unix_time",
    "unix_timestamp",
    "timestamp_ms",
    "timestamp_ns",
    "timestamp_s",
    "time_ms",
    "time_ns",
    "time_stamp",
    "event_time",
    "eventtime",
    "timegenerated",
    "collected_at",
    "sample_time",
    "zeit",
    "zeitstempel",
    "datum",
    "uhrzeit",
    "heure",
    "horodatage",
    "fecha",
    "hora",
    "tijd",
];
/// Names of columns that hold the name of a metric and its value.
const NAME_NAMES: [&str; 8] = ["metric", "metric_name", "__name__", "series", "metric name", "metricname", "name", "target"];
const VALUE_NAMES: [&str; 6] = ["value", "_value", "val", "metric_value", "metric value", "datapoint"];
/// Names of columns that only tables of events have.
const EVENT_NAMES: [&str; 16] = [
    "message",
    "msg",
    "_raw",
    "log",
    "body",
    "description",
    "summary",
    "details",
    "path",
    "url",
    "uri",
    "request_id",
    "trace_id",
    "traceid",
    "span_id",
    "user_agent",
];
/// Names of columns with the end, or the start, of what the time of a row stands for.
const BORDER_NAMES: [&str; 14] = [
    "end time",
    "end_time",
    "endtime",
    "end timestamp",
    "end_timestamp",
    "end",
    "stop",
    "to",
    "until",
    "begin time",
    "begin_time",
    "start time",
    "start_time",
    "start",
];
/// What tools write beside each row about their answer.
const BOOKKEEPING: [&str; 7] = ["", "result", "table", "_start", "_stop", "_span", "_spandays"];

/// Columns of words beside a number that make a row a thing with an id, no measurement.
const MANY_WORDS: usize = 4;

/// What is known of a text before its first table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style<'a> {
    pub separator: char,
    /// Name of the column of times, where the user says it.
    pub time_column: Option<&'a str>,
}

impl Style<'_> {
    /// How surely a header names the time: less is more.
    fn time_rank(&self, header: &str) -> Option<usize> {
        let name = lower(header);
        let bare = name.split(['(', '[']).next().unwrap_or("").trim();
        match self.time_column {
            Some(named) => (named.trim().to_lowercase() == name).then_some(0),
            None => TIME_NAMES.iter().position(|known| *known == name || *known == bare),
        }
    }
}

fn lower(header: &str) -> String {
    header.trim_start_matches('\u{feff}').trim().to_lowercase()
}

/// A column of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ValueColumn {
    pub column: usize,
    /// Name and labels as the header says them; no name where the file or the row has it.
    name: String,
    labels: Vec<(String, String)>,
    /// What its numbers without a unit are multiplied with, and what they are then.
    pub scale: f64,
    pub unit: Unit,
    /// A unit that is not known here and stands behind most of its numbers.
    pub word: Option<String>,
}

/// How the columns of one table are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    pub header: Vec<String>,
    pub time: usize,
    /// Column with the time of day, where that of the time holds dates only.
    clock: Option<usize>,
    /// Columns with the parts of the metric name, in a long table.
    names: Vec<usize>,
    pub values: Vec<ValueColumn>,
    /// Places among the values whose header has a unit that is not the base one, and what they are multiplied with.
    pub scaled: Vec<(usize, f64)>,
    labels: Vec<usize>,
    pub decimal: Decimal,
    pub dates: DateOrder,
}

/// Whether a row names columns, one of them the time.
pub(super) fn is_header(row: &[String], style: Style<'_>) -> bool {
    row.iter().any(|cell| style.time_rank(cell).is_some()) && !holds_time(row)
}

/// Whether no cell is a number or a time, and most say something.
pub(super) fn is_words(row: &[String]) -> bool {
    let is_word = |cell: &String| value_of(cell).is_err() && time_of(cell, WallZone::Utc, DateOrder::Open).is_none();
    row.iter().all(is_word) && row.iter().filter(|cell| !cell.is_empty()).count() * 2 > row.len()
}

/// Whether a cell is a time.
pub(super) fn holds_time(row: &[String]) -> bool {
    row.iter().any(|cell| time_of(cell, WallZone::Utc, DateOrder::Open).is_some())
}

/// Cells that say "no value".
pub(in crate::parse::metric) fn is_gap(cell: &str) -> bool {
    let is_word = |word: &&str| cell.eq_ignore_ascii_case(word);
    cell.is_empty() || ["null", "-", "undefined", "N/A", "NA", "none", "nil", "#N/A", "--", "—", "no data"].iter().any(is_word)
}

/// A moment as a cell of a table tells it.
pub(in crate::parse::metric) fn time_of(cell: &str, zone: WallZone, dates: DateOrder) -> Option<Timestamp> {
    let local = || when::written(&cell::iso_date(cell, dates)?).map(|at| at.at(zone));
    let found = if dates == DateOrder::Serial { local() } else { when::any(cell, zone).or_else(local) };
    found.filter(|at| at.0 >= 100_000_000 * crate::model::time::NS_PER_S)
}

/// The first rows of a table, by their columns.
struct Columns<'a> {
    rows: &'a [Vec<String>],
}

impl<'a> Columns<'a> {
    /// Cells of a column that say something.
    fn cells(&self, column: usize) -> impl Iterator<Item = &'a String> + use<'a> {
        self.rows.iter().filter_map(move |row| row.get(column)).filter(|cell| !is_gap(cell))
    }

    fn are_mostly(&self, column: usize, is_so: impl Fn(&str) -> bool) -> bool {
        let n = self.cells(column).filter(|cell| is_so(cell)).count();
        n > 0 && n * 10 >= self.cells(column).count() * 8
    }

    fn are_times(&self, column: usize) -> bool {
        self.are_mostly(column, |cell| time_of(cell, WallZone::Utc, DateOrder::Open).is_some())
    }

    /// Days as spreadsheets count them, since 1899-12-30.
    fn are_serials(&self, column: usize) -> bool {
        self.are_mostly(column, |cell| cell::serial_days(cell).is_some())
    }

    fn n_different(&self, column: usize) -> usize {
        self.cells(column).collect::<BTreeSet<_>>().len()
    }

    /// Numbers that may be nothing but moments: epochs of this century, not all one. Below a header they must never fall,
    /// or never rise; exports without one go through series after series.
    fn are_epochs(&self, column: usize, is_headed: bool) -> bool {
        let century = 946_684_800_i64 * 1_000_000_000..4_102_444_800 * 1_000_000_000;
        let times = self.cells(column).map(|cell| when::epoch(cell).filter(|at| century.contains(&at.0)));
        let Some(times) = times.collect::<Option<Vec<_>>>().filter(|times| times.len() >= 2) else { return false };
        let whole = |cell: &String| cell.bytes().take_while(u8::is_ascii_digit).count() >= 10;
        let is_any_order = !is_headed;
        let are_moving = times.windows(2).any(|pair| pair[0] != pair[1]);
        self.cells(column).all(whole) && are_moving && (is_any_order || times.is_sorted() || times.iter().rev().is_sorted())
    }

    /// Words of a few kinds: they repeat, or there are several rows for each moment.
    fn are_labels(&self, column: usize, time: usize) -> bool {
        let n = self.cells(column).count();
        let n_different = self.n_different(column);
        let is_grid = n_different <= 20 && self.n_different(time) * 4 < self.rows.len() * 3;
        self.cells(column).all(|cell| cell.len() <= 120) && (n_different * 2 <= n || is_grid)
    }

    fn are_switches(&self, column: usize) -> bool {
        self.cells(column).next().is_some() && self.cells(column).all(|cell| cell::switch(cell).is_some())
    }
}

impl Table {
    /// Decides by names and by the first rows; `None` when there is no time or no value. A table without a header has
    /// none in `header`.
    pub fn of(header: Option<&[String]>, rows: &[Vec<String>], style: Style<'_>) -> Option<Self> {
        let n_cells = header.map_or_else(|| rows.first().map_or(0, Vec::len), <[String]>::len);
        if !(2..=MAX_COLUMNS).contains(&n_cells) || header.is_some_and(|header| header.iter().any(|name| name.len() > 500)) {
            return None;
        }
        let is_headed = header.is_some();
        let header = header.map_or_else(|| (1..=n_cells).map(|number| format!("column_{number}")).collect(), <[String]>::to_vec);
        let columns = Columns { rows };
        let (time, clock) = time_column(&header, is_headed, &columns, style)?;
        let is_serial = columns.cells(time).next().is_some() && !columns.are_times(time) && columns.are_serials(time);
        let dates = if perfmon::zone(&header[time]).is_some() {
            DateOrder::MonthFirst
        } else if is_serial {
            DateOrder::Serial
        } else {
            cell::date_order(columns.cells(time).map(String::as_str))
        };
        let others: Vec<usize> = (0..n_cells)
            .filter(|column| *column != time && Some(*column) != clock && !is_bookkeeping(&header, *column, &columns))
            .filter(|column| style.time_column.is_some() || !is_border(&header, *column, &columns))
            .collect();
        let decimal = cell::decimal(others.iter().flat_map(|column| columns.cells(*column).map(String::as_str)), style.separator);
        let mut table =
            Self { header, time, clock, names: Vec::new(), values: Vec::new(), scaled: Vec::new(), labels: Vec::new(), decimal, dates };
        let found = if is_headed { table.by_names(&others, &columns, style) } else { table.by_cells(&others, &columns) };
        found.and_then(|values| table.name_values(&values, is_headed, &columns)).map(|()| table)
    }

    /// Whether the cells of a column are numbers, a damaged one or a formula in between aside.
    fn are_numbers(&self, column: usize, columns: &Columns<'_>) -> bool {
        let word = cell::own_word(columns.cells(column).map(String::as_str));
        let n = columns.cells(column).filter(|cell| cell::number(cell, self.decimal, word.as_deref()).is_some()).count();
        n * 2 > columns.cells(column).count()
    }

    /// Sets names and labels of a table with a header; gives the columns of values.
    fn by_names(&mut self, others: &[usize], columns: &Columns<'_>, style: Style<'_>) -> Option<Vec<usize>> {
        let lower: Vec<String> = self.header.iter().map(|name| lower(name)).collect();
        let find = |wanted: &[&str]| wanted.iter().find_map(|name| others.iter().copied().find(|column| lower[*column] == *name));
        let is_number = |column: &usize| self.are_numbers(*column, columns) && !rows::is_id(&self.header[*column]);
        let numbers: Vec<usize> = others.iter().copied().filter(is_number).collect();
        let has_ids = others.iter().any(|column| rows::is_id(&self.header[*column]));
        let value = find(&VALUE_NAMES).or_else(|| (numbers.len() == 1).then(|| numbers[0]));
        let name = find(&NAME_NAMES).filter(|name| !numbers.contains(name));
        let field = find(&["_field"]);
        let names: Vec<usize> = match (find(&["_measurement"]), field, name) {
            (measurement, Some(field), _) => measurement.into_iter().chain([field]).collect(),
            (_, _, Some(name)) => vec![name],
            _ => Vec::new(),
        };
        // A name beside several values is that of a thing, unless tags stand beside it too.
        let has_tags = find(&["tags"]).is_some();
        if !names.is_empty() && (value.is_some() || has_tags) {
            let values: Vec<usize> = if has_tags && value.is_none() { numbers } else { value.into_iter().collect() };
            self.labels = others.iter().copied().filter(|column| !names.contains(column) && !values.contains(column)).collect();
            self.names = names;
            return Some(values);
        }
        let are_labels = |column: &usize| columns.are_labels(*column, self.time);
        let is_empty = |column: usize| columns.cells(column).next().is_none();
        let mut values: Vec<usize> = others.iter().copied().filter(|column| numbers.contains(column) || is_empty(*column)).collect();
        // Who names one column of times leaves the others out.
        let is_dates =
            |column: usize| !is_empty(column) && columns.cells(column).all(|cell| time_of(cell, WallZone::Utc, self.dates).is_some());
        let is_left_out = |column: &usize| style.time_column.is_some() && is_dates(*column);
        let words: Vec<usize> = others.iter().copied().filter(|column| !values.contains(column) && !is_left_out(column)).collect();
        if words.iter().all(|column| columns.are_switches(*column)) {
            values.extend(&words);
            values.sort_unstable();
        } else {
            // A list of sessions or jobs says little in numbers.
            let is_list = has_ids && words.len() >= MANY_WORDS && numbers.len() <= 1;
            let is_event = is_list || words.iter().any(|column| EVENT_NAMES.contains(&lower[*column].as_str()) || is_dates(*column));
            let is_one_value = numbers.len() == 1 && VALUE_NAMES.contains(&lower[numbers[0]].as_str());
            let is_metrics = is_one_value || words.iter().all(are_labels) && (!is_event || style.time_column.is_some());
            if !is_metrics {
                return None;
            }
            self.labels = words;
        }
        Some(values).filter(|values| values.iter().any(|column| !is_empty(*column)))
    }

    /// The same of a table without a header: its numbers must be plain, its words single.
    fn by_cells(&mut self, others: &[usize], columns: &Columns<'_>) -> Option<Vec<usize>> {
        let is_plain = |column: &usize| columns.cells(*column).all(|cell| value_of(cell).is_ok());
        let (values, words): (Vec<usize>, Vec<usize>) = others.iter().copied().partition(is_plain);
        let is_single = |cell: &String| !cell.contains(char::is_whitespace) && value_of(cell).is_err();
        let are_single = |column: &usize| columns.cells(*column).all(is_single) && columns.are_labels(*column, self.time);
        // Words beside several numbers would leave open what each is.
        let is_open = !words.is_empty() && values.len() > 1;
        if is_open
            || columns.rows.len() < 2
            || values.iter().all(|column| columns.cells(*column).next().is_none())
            || !words.iter().all(are_single)
        {
            return None;
        }
        let n_names = usize::from(values.len() == 1).min(words.len());
        self.names = words[..n_names].to_vec();
        self.labels = words[n_names..].to_vec();
        Some(values)
    }

    /// What the columns of values are called, by their header.
    fn name_values(&mut self, values: &[usize], is_headed: bool, columns: &Columns<'_>) -> Option<()> {
        let is_stem = |header: &str| VALUE_NAMES.contains(&lower(header).as_str()) || !is_headed && values.len() == 1;
        let mut known: BTreeSet<(String, Vec<(String, String)>)> = BTreeSet::new();
        for column in values {
            let header = &self.header[*column];
            if let Some(perfmon::Counter { name, mut labels, scale, unit }) = perfmon::counter(header) {
                if !known.insert((name.clone(), labels.clone())) {
                    labels.push(("column".into(), (column + 1).to_string()));
                }
                self.values.push(ValueColumn { column: *column, name, labels, scale, unit, word: None });
                continue;
            }
            let is_named_by_row = !self.names.is_empty() && values.len() == 1;
            let (name, labels) = if is_named_by_row || is_stem(header) { Default::default() } else { identity_of(header) };
            let (bare, scale, unit) = cell::header_unit(&name);
            let is_free = !known.contains(&(bare.to_owned(), labels.clone()));
            let name = if unit != Unit::None && is_free { bare.to_owned() } else { name };
            let mut labels = labels;
            if !known.insert((name.clone(), labels.clone())) {
                // Two columns of one name are two series all the same.
                labels.push(("column".into(), (column + 1).to_string()));
            }
            let word = cell::own_word(columns.cells(*column).map(String::as_str));
            self.values.push(ValueColumn { column: *column, name, labels, scale, unit, word });
        }
        let scaled = self.values.iter().enumerate().filter(|(_, value)| (value.scale - 1.0).abs() > f64::EPSILON);
        self.scaled = scaled.map(|(place, value)| (place, value.scale)).collect();
        (!self.values.is_empty()).then_some(())
    }

    /// Whether every column but that of the time is one of values and nothing else names the series.
    pub fn is_wide(&self) -> bool {
        self.names.is_empty() && self.labels.is_empty() && self.clock.is_none() && self.values.len() + 1 == self.header.len()
    }

    /// The zone of its times, where the header tells it.
    pub fn zone_told(&self) -> Option<Zone> {
        perfmon::zone(self.header.get(self.time)?)
    }

    /// Whether words stand beside the numbers.
    pub fn has_words(&self) -> bool {
        !self.names.is_empty() || !self.labels.is_empty()
    }

    /// When a row was, as it is written.
    pub fn written(&self, row: &[String]) -> String {
        self.clock.map_or_else(|| row[self.time].clone(), |clock| format!("{} {}", row[self.time], row[clock]))
    }

    /// The column of values at a place, in a wide table.
    pub fn value_at(&self, column: usize) -> &ValueColumn {
        &self.values[column - usize::from(column > self.time)]
    }

    /// Name and labels of the series of a value. A wide table needs no row.
    pub fn identity(&self, row: &[String], value: &ValueColumn, stem: &str) -> (String, Labels) {
        let parts = self.names.iter().map(|column| row[*column].as_str()).chain([value.name.as_str()]);
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        let name = if parts.is_empty() { stem.to_owned() } else { parts.join("_") };
        let mut labels = value.labels.clone();
        for column in self.labels.iter().filter(|column| !row[**column].is_empty()) {
            let (header, cell) = (&self.header[*column], &row[*column]);
            match tags(header, cell) {
                Some(tags) => labels.extend(tags),
                None => labels.push((header.clone(), cell.clone())),
            }
        }
        (name, Labels::new(labels))
    }
}

/// The column of times, and that of the times of day where the first holds dates only.
fn time_column(header: &[String], is_headed: bool, columns: &Columns<'_>, style: Style<'_>) -> Option<(usize, Option<usize>)> {
    let all = || 0..header.len();
    let mut named: Vec<(usize, usize)> =
        if is_headed { all().filter_map(|column| Some((style.time_rank(&header[column])?, column))).collect() } else { Vec::new() };
    named.sort_unstable();
    let is_time = |column: usize| columns.rows.is_empty() || columns.are_times(column) || columns.are_serials(column);
    let sure = named.iter().map(|(_, column)| *column).find(|column| is_time(*column));
    let column = sure.or_else(|| {
        // Words above and dates below: a header in any language. Bare numbers need a name, or no other meaning.
        let are_dates = |column: &usize| {
            columns.are_mostly(*column, |cell| value_of(cell).is_err() && time_of(cell, WallZone::Utc, DateOrder::Open).is_some())
        };
        let is_open = !columns.rows.is_empty() && style.time_column.is_none();
        is_open.then(|| all().find(are_dates).or_else(|| all().find(|column| columns.are_epochs(*column, is_headed)))).flatten()
    });
    let column = column.or_else(|| named.first().map(|(_, column)| *column))?;
    let are_days =
        columns.cells(column).next().is_some() && columns.cells(column).all(|cell| !cell.contains(':') && value_of(cell).is_err());
    let clock = || all().find(|other| *other != column && columns.are_mostly(*other, cell::is_clock));
    Some((column, are_days.then(clock).flatten()))
}

/// Whether a column says nothing of the world: that of an answer of Flux or Splunk, or the numbers of the rows.
fn is_bookkeeping(header: &[String], column: usize, columns: &Columns<'_>) -> bool {
    let name = lower(&header[column]);
    if header.iter().any(|name| name == "_time") && BOOKKEEPING.contains(&name.as_str()) {
        return true;
    }
    let is_next = |pair: &[f64]| (pair[1] - pair[0] - 1.0).abs() < f64::EPSILON;
    name.is_empty() && {
        let numbers: Vec<f64> = columns.cells(column).filter_map(|cell| cell.parse().ok()).collect();
        numbers.len() == columns.rows.len() && numbers.windows(2).all(is_next)
    }
}

/// Whether a column holds the other end of the stretches that the times of the rows begin or end.
fn is_border(header: &[String], column: usize, columns: &Columns<'_>) -> bool {
    let name = lower(&header[column]);
    let is_named = BORDER_NAMES.contains(&name.as_str());
    // A bare number may be a time only where it is one of this century.
    is_named
        && columns.are_times(column)
        && (columns.are_epochs(column, false) || !columns.are_mostly(column, |cell| value_of(cell).is_ok()))
}

/// Name and labels of a header: `http_requests_total{code="200"}` has both.
pub(in crate::parse::metric) fn identity_of(header: &str) -> (String, Vec<(String, String)>) {
    if let Some(found) = of_scope(header) {
        return found;
    }
    let is_selector = header.ends_with('}') && header.contains('{') && header.contains('=');
    // A legend of labels alone has no name.
    let named = if header.starts_with('{') && !header.contains("__name__") { format!("_{header}") } else { header.to_owned() };
    match exposition::identity(&named).ok().filter(|_| is_selector) {
        Some((name, labels)) => {
            let pairs = labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            (if named.len() == header.len() { name } else { String::new() }, pairs)
        }
        None => (header.to_owned(), Vec::new()),
    }
}

/// A name and its scope as Datadog writes them: `system.cpu.user{host:web1,env:prod}`.
fn of_scope(header: &str) -> Option<(String, Vec<(String, String)>)> {
    let (name, scope) = header.strip_suffix('}')?.split_once('{')?;
    let is_word = |word: &str| !word.is_empty() && !word.contains(['"', '{', '}', '=']);
    let pair = |(key, value): (&str, &str)| (is_word(key) && is_word(value)).then(|| (key.to_owned(), value.to_owned()));
    let pairs: Option<Vec<_>> = scope.split(',').map(|part| pair(part.trim().split_once(':')?)).collect();
    // The star stands for everything.
    let pairs = if scope.trim() == "*" { Some(Vec::new()) } else { pairs };
    (!name.is_empty()).then_some((name.to_owned(), pairs?))
}

/// Pairs in one cell: `host=web1,region=eu` or `host:web1 region:eu` below a header that says so.
fn tags(header: &str, cell: &str) -> Option<Vec<(String, String)>> {
    if !["tags", "labels", "dimensions"].contains(&lower(header).as_str()) {
        return None;
    }
    let parts = cell.trim_matches(['{', '}']).split([',', ';']).map(str::trim).filter(|part| !part.is_empty());
    let pair = |part: &str| part.split_once(['=', ':']).map(|(name, value)| (name.trim().into(), value.trim().trim_matches('"').into()));
    parts.map(pair).collect()
}
