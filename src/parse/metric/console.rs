//! Tables whose columns are described by several rows, as the consoles of clouds write them, and tables whose columns are
//! moments.
//!
//! `CloudWatch` and Google put a row for every label above the rows of numbers (`Region,us-east-1,eu-west-1`); a panel of
//! Grafana that was turned around has its times in the header and a series a row. A plain table has one header and is read
//! by `csv`.

use crate::model::when::{self, WallZone, Written};
use crate::model::{Timestamp, Unit, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::timestamp;
use crate::parse::{Context, Document};

use super::Place;
use super::cell::{self, DateOrder, Decimal};
use super::csv::{cells, is_gap, time_of};
use super::gather::{Gather, Identity, lines};

/// Rows of labels that may stand above the first row of numbers.
const MAX_LABEL_ROWS: usize = 64;
/// Separators of cells.
const SEPARATORS: [char; 3] = [',', ';', '\t'];
/// What rows of labels call the name of a metric, the surest first; compared in small letters.
const NAME_ROWS: [&str; 5] = ["metric name", "metric_name", "metric", "label", "full label"];
/// Months as programs write them in English.
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Rows that tell how an answer was made and not what a series is.
const SILENT_ROWS: [&str; 4] = ["timeseries id", "full label", "label", "period"];

/// Whether lines are such a table, and why.
pub(crate) fn recognise(head: &str) -> Option<(f32, String)> {
    let rows: Vec<&str> = head.lines().filter(|line| !line.trim().is_empty()).take(MAX_LABEL_ROWS + 1).collect();
    let shape = Shape::of(&rows)?;
    Some(match shape.form {
        Form::Labelled { n_rows } => {
            (0.96, format!("a table with {n_rows} rows that describe its columns, then rows that begin with a time"))
        }
        Form::Turned => (0.95, "a table whose header holds times, with a series a row".into()),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// So many rows of labels above the rows of numbers.
    Labelled { n_rows: usize },
    /// Times in the header.
    Turned,
}

struct Shape {
    separator: char,
    form: Form,
}

impl Shape {
    fn of(rows: &[&str]) -> Option<Self> {
        // A separator that is told stands above a plain table.
        let first = rows.first().map(|row| row.trim_start_matches('\u{feff}')).filter(|row| !row.starts_with("sep="))?;
        let separator = SEPARATORS.into_iter().max_by_key(|separator| first.matches(*separator).count())?;
        let is_time = |cell: &str| moment(cell, WallZone::Utc, DateOrder::Open).is_some();
        let header = cells(first, separator);
        let n_times = header.iter().skip(1).filter(|cell| is_time(cell)).count();
        if header.len() >= 3 && !is_time(&header[0]) && n_times + 1 == header.len() {
            let row = cells(rows.get(1)?, separator);
            let is_row =
                row.len() == header.len() && !is_time(&row[0]) && row.iter().skip(1).any(|cell| number(cell, Decimal::Point).is_some());
            return is_row.then_some(Self { separator, form: Form::Turned });
        }
        // Two rows of labels at least: one alone is the header of a plain table.
        let at = rows.iter().position(|row| is_time(&cells(row, separator)[0]))?;
        let is_label_row = |row: &&str| {
            let cells = cells(row, separator);
            cells.len() == header.len() && !cells[0].is_empty() && !is_time(&cells[0])
        };
        let behind = cells(rows.get(at)?, separator);
        let is_data =
            behind.len() == header.len() && behind.iter().skip(1).all(|cell| is_gap(cell) || number(cell, Decimal::Point).is_some());
        let is_one = (2..=MAX_LABEL_ROWS).contains(&at) && header.len() >= 2 && is_data && rows[..at].iter().all(is_label_row);
        is_one.then_some(Self { separator, form: Form::Labelled { n_rows: at } })
    }
}

/// A moment as consoles write it; what the clock of a browser prints has its offset in the middle.
fn moment(cell: &str, zone: WallZone, dates: DateOrder) -> Option<(Timestamp, ZoneCertainty)> {
    if let Some(written) = of_browser(cell) {
        return Some((written.at(zone), ZoneCertainty::Offset));
    }
    let at = time_of(cell, zone, dates)?;
    let has_offset = when::epoch(cell).is_some() || when::written(cell).is_some_and(|written| written.offset.is_some());
    Some((at, if has_offset { ZoneCertainty::Offset } else { ZoneCertainty::Default }))
}

/// `Mon Nov 23 2026 02:30:00 GMT+0100 (Central European Standard Time)`.
fn of_browser(cell: &str) -> Option<Written> {
    let (civil, rest) = cell.trim().split_once(" GMT")?;
    let [_, month, day, year, clock] = civil.split(' ').collect::<Vec<_>>()[..] else { return None };
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    timestamp::days(year.parse().ok()?, month as u32, day.parse().ok()?)?;
    let offset = rest.split(' ').next().filter(|offset| !offset.is_empty()).unwrap_or("+0000");
    when::written(&format!("{year}-{month:02}-{day}T{clock}{offset}")).filter(|written| written.offset.is_some())
}

fn number(text: &str, decimal: Decimal) -> Option<(f64, Unit)> {
    cell::number(text, decimal, None)
}

/// One column or row of the table: what its series is called and what its numbers are multiplied with.
#[derive(Default)]
struct Column {
    identity: Identity,
    scale: f64,
}

/// Reads such a table; records are its numbers.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let rows: Vec<(Place, &str)> = lines(&text).filter(|(_, line)| !line.trim().is_empty()).collect();
    let plain: Vec<&str> = rows.iter().map(|(_, line)| *line).take(MAX_LABEL_ROWS + 1).collect();
    let Some(shape) = Shape::of(&plain) else {
        gather.refuse(Place { line: 1, byte: 0 }, "neither rows of labels above rows of numbers nor times in the header");
        return gather.finish(bytes);
    };
    let split = |line: &str| cells(line.trim_start_matches('\u{feff}'), shape.separator);
    let rows: Vec<(Place, Vec<String>)> = rows.into_iter().map(|(place, line)| (place, split(line))).collect();
    match shape.form {
        Form::Labelled { n_rows } => labelled(&mut gather, &rows, n_rows, (shape.separator, super::stem(&context.path))),
        Form::Turned => turned(&mut gather, &rows, shape.separator),
    }
    gather.finish(bytes)
}

fn labelled(gather: &mut Gather<'_>, rows: &[(Place, Vec<String>)], n_labels: usize, (separator, stem): (char, &str)) {
    let (labels, data) = rows.split_at(n_labels);
    let columns: Vec<Column> = (0..labels[0].1.len()).map(|column| described(labels, column, stem)).collect();
    let decimal = cell::decimal(data.iter().flat_map(|(_, row)| row.iter().skip(1).map(String::as_str)), separator);
    let dates = cell::date_order(data.iter().map(|(_, row)| row[0].as_str()));
    for (place, row) in data {
        if row.len() != columns.len() {
            gather.refuse(*place, format!("{} cells where the rows above have {}", row.len(), columns.len()));
            continue;
        }
        let Some((time, certainty)) = moment(&row[0], gather.zone, dates) else {
            gather.unplaced(*place, format!("{:?} is not a time", row[0]));
            continue;
        };
        gather.certainty = Some(certainty);
        for (column, text) in columns.iter().zip(row).skip(1) {
            push(gather, *place, column, (time, text, decimal));
        }
    }
}

fn push(gather: &mut Gather<'_>, place: Place, column: &Column, (time, text, decimal): (Timestamp, &str, Decimal)) {
    if is_gap(text) {
        return;
    }
    gather.n_records += 1;
    match number(text, decimal) {
        Some((value, Unit::None)) => gather.push(place, column.identity.clone(), time, cell::scaled(value, column.scale)),
        Some((value, unit)) => gather.push(place, Identity { unit, ..column.identity.clone() }, time, value),
        None => gather.refuse(place, format!("column {:?}: {text:?} is not a number with a known unit", column.identity.name)),
    }
}

/// What the rows of labels say of a column.
fn described(labels: &[(Place, Vec<String>)], column: usize, stem: &str) -> Column {
    let of = |wanted: &str| {
        let row = labels.iter().find(|(_, row)| row[0].trim().eq_ignore_ascii_case(wanted))?;
        row.1.get(column).map(String::as_str).filter(|text| !text.is_empty())
    };
    let name = NAME_ROWS.iter().find_map(|row| of(row)).unwrap_or(stem).to_owned();
    let (scale, unit) = super::cloudwatch::scale(of("unit").unwrap_or(""));
    let is_label = |key: &str| {
        let key = key.to_ascii_lowercase();
        !SILENT_ROWS.contains(&key.as_str()) && !NAME_ROWS.contains(&key.as_str()) && key != "unit"
    };
    let mut pairs: Vec<(String, String)> = labels
        .iter()
        .filter(|(_, row)| is_label(row[0].trim()))
        .filter_map(|(_, row)| Some((row[0].trim().to_owned(), row.get(column).filter(|text| !text.is_empty())?.clone())))
        .map(|(key, value)| (if key.eq_ignore_ascii_case("stat") { "stat".to_owned() } else { key }, value))
        .collect();
    // Where labels alone do not tell two columns apart, their ids do.
    let is_twin = |other: usize| {
        other != column
            && labels
                .iter()
                .filter(|(_, row)| is_label(row[0].trim()) || NAME_ROWS.contains(&row[0].to_ascii_lowercase().as_str()))
                .all(|(_, row)| row.get(other) == row.get(column))
    };
    if (1..labels[0].1.len()).any(is_twin) {
        let id = labels[0].1.get(column).cloned().unwrap_or_default();
        pairs.push(("column".into(), if (1..column).any(|other| labels[0].1[other] == id) { (column + 1).to_string() } else { id }));
    }
    Column { identity: Identity { name, labels: pairs, unit, kind: None }, scale }
}

fn turned(gather: &mut Gather<'_>, rows: &[(Place, Vec<String>)], separator: char) {
    let Some(((_, header), data)) = rows.split_first() else { return };
    let decimal = cell::decimal(data.iter().flat_map(|(_, row)| row.iter().skip(1).map(String::as_str)), separator);
    let dates = cell::date_order(header.iter().skip(1).map(String::as_str));
    for (place, row) in data {
        if row.len() != header.len() {
            gather.refuse(*place, format!("{} cells where the header has {}", row.len(), header.len()));
            continue;
        }
        let (name, scale, unit) = cell::header_unit(&row[0]);
        let (name, labels) = super::csv::identity_of(name);
        let name = if name.is_empty() { "value".to_owned() } else { name };
        let column = Column { identity: Identity { name, labels, unit, kind: None }, scale };
        for (stamp, text) in header.iter().zip(row).skip(1) {
            match moment(stamp, gather.zone, dates) {
                Some((time, certainty)) => {
                    gather.certainty = Some(certainty);
                    push(gather, *place, &column, (time, text, decimal));
                }
                None => gather.unplaced(*place, format!("{stamp:?} is not a time")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::metric::told;

    #[track_caller]
    fn check(text: &str, n_problems: u64, expected: &[&str]) {
        assert!(recognise(text).is_some(), "{text}");
        let document = parse(text.as_bytes(), &Context { path: "a/panel.csv".into(), ..Context::default() });
        assert_eq!((told(&document), document.problems.total()), (expected.iter().map(|line| (*line).to_owned()).collect(), n_problems));
    }

    #[test]
    fn the_rows_above_the_numbers_are_the_labels_of_their_columns() {
        check(
            "Full label,CPU,Net\nLabel,CPU,Net\nRegion,us-east-1,us-east-1\nMetric name,CPUUtilization,NetworkIn\nInstanceId,i-0,i-0\nPeriod,300,300\n\
             Stat,Average,Sum\nUnit,Percent,Kilobytes\n2026/11/23 02:30:00,12.5,1\n2026/11/23 02:35:00,50,\n2026/11/23 02:40:00,oops,3\n",
            1,
            &[
                "CPUUtilization{InstanceId=i-0,Region=us-east-1,stat=Average} ratio 0.125@02:30:00 0.5@02:35:00",
                "NetworkIn{InstanceId=i-0,Region=us-east-1,stat=Sum} bytes 1000@02:30:00 3000@02:40:00",
            ],
        );
        check(
            "TimeSeries ID,gce+web-1,gce+web-2\ninstance_name,web-1,web-2\nproject_id,p,p\n\
             Mon Nov 23 2026 02:30:00 GMT+0100 (Central European Standard Time),0.25,undefined\n\
             Mon Nov 23 2026 02:31:00 GMT+0100 (Central European Standard Time),0.5,0.75\n",
            0,
            &[
                "panel{instance_name=web-1,project_id=p} 1 0.25@01:30:00 0.5@01:31:00",
                "panel{instance_name=web-2,project_id=p} 1 0.75@01:31:00",
            ],
        );
    }

    #[test]
    fn columns_that_no_label_tells_apart_stay_two_series() {
        check(
            "TimeSeries ID,a+1,a+2\nproject_id,p,p\n2026-11-23T02:30:00Z,1,2\n",
            0,
            &["panel{column=a+1,project_id=p} 1 1@02:30:00", "panel{column=a+2,project_id=p} 1 2@02:30:00"],
        );
    }

    #[test]
    fn a_table_that_was_turned_around_has_a_series_a_row() {
        check(
            "\"Metric\",\"2026-11-23 02:30:00\",\"2026-11-23 02:30:15\"\n\"order\",1,800 ms\n\"p99{job=\"\"x\"\"}\",,1.5 s\n",
            0,
            &["order{} s 1@02:30:00 0.8@02:30:15", "p99{job=x} s 1.5@02:30:15"],
        );
    }

    #[test]
    fn a_plain_table_is_not_taken_for_one() {
        for text in [
            "time,a,b\n2026-11-23 02:30:00,1,2\n",
            "a title\ntime,a\n2026-11-23 02:30:00,1\n",
            "name,value,at\nx,1,2026-11-23 02:30:00\n",
            "start,end,kind\nx,2026-11-23 02:30:00,deploy\n",
            "a,2026-11-23,2026-11-24\nb,c,d\n",
        ] {
            assert!(recognise(text).is_none(), "{text}");
        }
    }
}
