//! Tables with a time column: wide (a column a series) and long (name, value, labels), comma, semicolon or tab.
//!
//! Plain numbers only: a cell such as `800.0 ms` is counted as a problem, since its unit may change from row to row.
//! Several tables may follow one another, each with its header. Text columns become labels.

use crate::model::catalog::Problems;
use crate::model::when::{self, WallZone};
use crate::model::{Labels, ProblemKind, Sample, Timestamp, Zone, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::{Context, Document};

use super::{Collector, Place, value_of};

/// Names of columns that hold the time, the name and the value, and that hold none of the rest.
const TIME_NAMES: [&str; 9] = ["time", "timestamp", "ts", "date", "datetime", "_time", "@timestamp", "date time", "time (utc)"];
const NAME_NAMES: [&str; 5] = ["metric", "name", "series", "__name__", "metric_name"];
const VALUE_NAMES: [&str; 3] = ["value", "_value", "val"];

/// How the columns of one table are read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    header: Vec<String>,
    time: usize,
    /// Column with the metric name, in a long table.
    name: Option<usize>,
    values: Vec<usize>,
    labels: Vec<usize>,
}

/// How sure a stretch of lines is a table of metrics, 0 … 1, and why.
pub(crate) fn recognise(head: &str) -> Option<(f32, String)> {
    let (separator, mut lines) = opening(head);
    let header = cells(lines.next()?, separator);
    let rows = rows_until_header(lines, separator, header.len());
    let table = Table::of(&header, &rows)?;
    let n_timed = rows.iter().filter(|row| row.get(table.time).is_some_and(|cell| time_of(cell, WallZone::Utc).is_some())).count();
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

/// Whether a row names columns, one of them the time, and holds no number.
fn is_header(row: &[String]) -> bool {
    let names_time = |cell: &String| TIME_NAMES.contains(&cell.trim_start_matches('\u{feff}').to_lowercase().as_str());
    row.iter().any(names_time) && row.iter().all(|cell| value_of(cell).is_err())
}

/// The first rows of a table, by which its columns are judged: complete ones before the next header.
fn rows_until_header<'a>(lines: impl Iterator<Item = &'a str>, separator: char, n_cells: usize) -> Vec<Vec<String>> {
    let rows = lines.take(50).map(|line| cells(line, separator)).take_while(|row| !is_header(row));
    rows.filter(|row| row.len() == n_cells).collect()
}

fn time_of(cell: &str, zone: WallZone) -> Option<Timestamp> {
    when::any(cell, zone).filter(|at| at.0 >= 100_000_000 * crate::model::time::NS_PER_S)
}

/// A number, or a number with a unit behind it (`800.0 ms`, `90 %`): tells a column of values from one of words.
fn is_value_like(cell: &str) -> bool {
    let number = cell.trim_end_matches(|c: char| c.is_alphabetic() || matches!(c, '%' | '/' | ' ' | '²'));
    !number.is_empty() && cell.len() - number.len() <= 8 && number.replace(',', ".").parse::<f64>().is_ok()
}

impl Table {
    /// Decides by names and by the first rows; `None` when there is no time or no value.
    fn of(header: &[String], rows: &[Vec<String>]) -> Option<Self> {
        if header.len() < 2 || header.iter().any(|name| name.len() > 500) {
            return None;
        }
        let lower: Vec<String> = header.iter().map(|name| name.trim_start_matches('\u{feff}').to_lowercase()).collect();
        let find = |wanted: &[&str]| lower.iter().position(|name| wanted.contains(&name.as_str()));
        let time = find(&TIME_NAMES)?;
        let column = |index: usize| rows.iter().filter_map(move |row| row.get(index)).filter(|cell| !cell.is_empty() && !is_gap(cell));
        let is_number =
            |index: usize| column(index).all(|cell| value_of(cell).is_ok() || is_value_like(cell)) && column(index).next().is_some();
        let others = || (0..header.len()).filter(|index| *index != time);
        if let (Some(name), Some(value)) = (find(&NAME_NAMES), find(&VALUE_NAMES)) {
            let labels = others().filter(|index| *index != name && *index != value).collect();
            return Some(Self { header: header.to_vec(), time, name: Some(name), values: vec![value], labels });
        }
        let values: Vec<usize> = others().filter(|index| is_number(*index) || column(*index).next().is_none()).collect();
        let labels: Vec<usize> = others().filter(|index| !values.contains(index)).collect();
        // Words beside numbers make a table of events, unless there is one column called value.
        let is_metrics = labels.is_empty() || (values.len() == 1 && VALUE_NAMES.contains(&lower[values[0]].as_str()));
        let has_numbers = values.iter().any(|index| is_number(*index));
        (is_metrics && has_numbers).then(|| Self { header: header.to_vec(), time, name: None, values, labels })
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
    let all: Vec<(Place, &str)> = numbered(&text).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with("sep=")).collect();
    let mut reader =
        Reader { collector: Collector::default(), problems, stem: super::stem(&context.path), zone, n_unplaced: 0, is_zoneless: false };
    let mut table: Option<Table> = None;
    for (index, (place, line)) in all.iter().enumerate() {
        let row = cells(line, separator);
        if is_header(&row) {
            let rows = rows_until_header(all[index + 1..].iter().map(|(_, line)| *line), separator, row.len());
            table = Table::of(&row, &rows).or(table);
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

struct Reader<'a> {
    collector: Collector,
    problems: Problems,
    stem: &'a str,
    zone: WallZone,
    n_unplaced: u64,
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
        let Some(time) = time_of(written, self.zone) else {
            self.n_unplaced += 1;
            self.problems.push(place.problem(ProblemKind::Time, format!("{written:?} is not a time")));
            return;
        };
        self.is_zoneless |= when::epoch(written).is_none() && when::written(written).is_some_and(|at| at.offset.is_none());
        for value in &table.values {
            let cell = &row[*value];
            if is_gap(cell) {
                continue;
            }
            match value_of(cell) {
                Ok(number) => {
                    let (name, labels) = table.identity(row, *value, self.stem);
                    let index = self.collector.series(name, labels);
                    if let Err(surprise) = self.collector.push(index, Sample { time, value: number }) {
                        self.problems.push(place.problem(surprise.kind, surprise.reason));
                    }
                }
                Err(reason) => {
                    let reason = format!("column {:?}: {reason}; cells with a unit are not read yet", table.header[*value]);
                    self.problems.push(place.problem(ProblemKind::Syntax, reason));
                }
            }
        }
    }

    fn into_document(mut self, bytes: &[u8], context: &Context) -> Document {
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
        assert!(recognise(text).is_some());
        let names: Vec<_> = read(text).series.iter().map(|one| (one.name.clone(), one.samples.len())).collect();
        assert_eq!(names, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    }

    #[test]
    fn cells_with_units_are_counted_and_zoneless_times_say_so() {
        let document = read("Time,p99\n2023-11-14 22:13:20,800.0 ms\n2023-11-14 22:13:35,1.5\n");
        assert_eq!((document.problems.counts().get(&ProblemKind::Syntax), document.n_records), (Some(&1), 1));
        assert_eq!(document.zone.certainty, ZoneCertainty::Default);
    }

    #[test]
    fn tables_of_events_are_not_metrics() {
        assert!(recognise("time,cpu\n1700000000,1\n").is_some());
        assert!(recognise("message,timestamp,datetime,desc\nhello,1700000000,2015-07-24T19:01:01+00:00,x\n").is_none());
        assert!(recognise("a,b\n1,2\n").is_none());
    }
}
