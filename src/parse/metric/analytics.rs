//! Tables as Azure answers queries of Log Analytics and Application Insights: `{"tables": [{"columns": […], "rows": […]}]}`.
//!
//! Here every column of numbers is a series, told apart by the columns of words. Tables of log records are taken before
//! (`parse::log::convert`).

use serde_json::Value;

use crate::model::ZoneCertainty;
use crate::model::when::{self, WallZone};
use crate::parse::document::json::{self, Sketch, plain};
use crate::parse::{Context, Document};

use super::Place;
use super::gather::{Gather, Identity, name_of};

/// Columns whose words are the name of what the number beside them counts.
const NAMES: [&str; 4] = ["CounterName", "MetricName", "metricName", "name"];
/// Columns of numbers that have no name of their own beside one of those.
const VALUES: [&str; 4] = ["CounterValue", "Val", "value", "Value"];

/// Whether a JSON document is such an answer, and why.
pub(crate) fn recognise(sketch: &Sketch) -> Option<&'static str> {
    let is_new =
        sketch.has_container("tables[].columns[]") && sketch.has("tables[].columns[].name") && sketch.has_container("tables[].rows");
    let is_old = sketch.has("Tables[].Columns[].ColumnName") && sketch.has_container("Tables[].Rows");
    (is_new || is_old).then_some("tables of an answer of Log Analytics")
}

/// What one column holds.
struct Column {
    name: String,
    sort: Sort,
}

#[derive(PartialEq)]
enum Sort {
    Time,
    Number,
    Words,
}

/// Reads such an answer; records are rows.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    for element in json::elements(&text, &mut gather.problems) {
        let place = Place { line: element.line, byte: element.byte };
        let tables = member(&element.value, ["tables", "Tables"]).and_then(Value::as_array);
        for table in tables.into_iter().flatten() {
            read_table(&mut gather, place, table);
        }
    }
    gather.finish(bytes)
}

fn member<'v>(value: &'v Value, names: [&str; 2]) -> Option<&'v Value> {
    names.iter().find_map(|name| value.get(name))
}

fn column(value: &Value) -> Column {
    let name = member(value, ["name", "ColumnName"]).and_then(plain).unwrap_or_default();
    let sort = match member(value, ["type", "DataType"]).and_then(Value::as_str).unwrap_or_default().to_lowercase().as_str() {
        "datetime" => Sort::Time,
        "real" | "long" | "int" | "decimal" | "double" | "int64" | "int32" | "single" => Sort::Number,
        _ => Sort::Words,
    };
    Column { name, sort }
}

fn read_table(gather: &mut Gather<'_>, place: Place, table: &Value) {
    let columns = member(table, ["columns", "Columns"]).and_then(Value::as_array);
    let columns: Vec<Column> = columns.into_iter().flatten().map(column).collect();
    let time = columns.iter().position(|column| column.sort == Sort::Time);
    let named = columns.iter().position(|column| column.sort == Sort::Words && NAMES.contains(&column.name.as_str()));
    for row in member(table, ["rows", "Rows"]).and_then(Value::as_array).into_iter().flatten() {
        gather.n_records += 1;
        let at = time.and_then(|time| row.get(time)).and_then(plain).and_then(|text| when::any(&text, WallZone::Utc));
        let Some(at) = at.filter(|at| at.0 > 0) else {
            gather.unplaced(place, "a row has no time");
            continue;
        };
        gather.certainty = Some(ZoneCertainty::Offset);
        let cell = |index: usize| row.get(index).and_then(plain).filter(|text| !text.is_empty());
        let is_label = |(index, column): &(usize, &Column)| column.sort == Sort::Words && Some(*index) != named;
        let labels: Vec<_> =
            columns.iter().enumerate().filter(is_label).filter_map(|(index, column)| Some((name_of(&column.name), cell(index)?))).collect();
        for (index, column) in columns.iter().enumerate().filter(|(_, column)| column.sort == Sort::Number) {
            let Some(value) = cell(index).and_then(|text| text.parse().ok()) else { continue };
            let own = name_of(&column.name);
            let name = match named.and_then(cell).map(|words| name_of(&words)) {
                Some(name) if VALUES.contains(&column.name.as_str()) => name,
                Some(name) => format!("{name}_{own}"),
                None => own,
            };
            gather.push(place, Identity::new(name, labels.clone()), at, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_of_numbers_is_a_series_for_each_of_the_words_beside_it() {
        let text = r#"{"tables":[{"name":"PrimaryResult","columns":[{"name":"TimeGenerated","type":"datetime"},{"name":"Computer","type":"string"},
            {"name":"CounterName","type":"string"},{"name":"CounterValue","type":"real"}],
            "rows":[["2026-11-23T02:28:00Z","web1","% Processor Time",12.5],["2026-11-23T02:29:00Z","web1","% Processor Time",92.5],
            ["2026-11-23T02:28:00Z","web2","% Processor Time","NaN"],[null,"web2","% Processor Time",1]]}]}"#;
        assert!(Sketch::of(text.as_bytes()).is_some_and(|sketch| recognise(&sketch).is_some()));
        let document = parse(text.as_bytes(), &Context::default());
        assert_eq!((document.n_records, document.n_unplaced, document.series.len()), (4, 1, 2));
        let first = &document.series[0];
        assert_eq!((first.name.as_str(), first.labels.get("computer"), first.n_samples()), ("percent_processor_time", Some("web1"), 2));
    }
}
