//! JSON answers of engines beside Prometheus: Graphite's render API, `InfluxQL`, `OpenTSDB`, the frames of Grafana's data
//! sources, and what Telegraf writes.
//!
//! Each has its own lists of moments and values; a `null` is a gap. Which of them a file is, its keys tell.

use serde_json::{Map, Value};

use crate::model::when::{self, WallZone};
use crate::model::{ProblemKind, Timestamp, Unit, ZoneCertainty};
use crate::parse::document::json::{self, Sketch, plain};
use crate::parse::{Context, Document};

use super::gather::{Gather, Identity};
use super::{Place, value_of};

type Pairs = Vec<(String, String)>;

/// Whether a JSON document is an answer of one of these engines, and why.
pub(crate) fn recognise(sketch: &Sketch) -> Option<&'static str> {
    let has_all = |paths: &[&str]| paths.iter().all(|path| sketch.has(path));
    if has_all(&["[].target", "[].datapoints"]) || has_all(&["target", "datapoints"]) {
        return Some("an answer of Graphite's render API");
    }
    if has_all(&["results[].series[].columns", "results[].series[].values"]) {
        return Some("an answer of InfluxDB to InfluxQL");
    }
    if has_all(&["[].metric", "[].dps"]) || has_all(&["metric", "dps"]) {
        return Some("an answer of OpenTSDB");
    }
    // A dashboard's answer nests deeper than a sketch follows.
    let has_end =
        |end: &str| sketch.paths().any(|path| path.strip_suffix(end).is_some_and(|front| front.is_empty() || front.ends_with('.')));
    let is_frames = has_end("schema.fields") && has_end("data.values");
    if is_frames {
        return Some("frames of a data source of Grafana");
    }
    let is_telegraf =
        has_all(&["fields", "name", "tags", "timestamp"]) || has_all(&["metrics[].fields", "metrics[].name", "metrics[].timestamp"]);
    is_telegraf.then_some("points as Telegraf writes them")
}

/// Reads a whole file; records are points.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    for element in json::elements(&text, &mut gather.problems) {
        let mut answer = Answer { place: Place { line: element.line, byte: element.byte }, gather: &mut gather };
        answer.any(&element.value, 0);
    }
    gather.finish(bytes)
}

/// One element of a file on its way into series.
struct Answer<'g, 'c> {
    gather: &'g mut Gather<'c>,
    place: Place,
}

impl Answer<'_, '_> {
    /// Takes what it knows, and looks into the rest as deep as answers go.
    fn any(&mut self, value: &Value, depth: usize) {
        const DEEPEST: usize = 5;
        if let Value::Array(items) = value {
            items.iter().filter(|_| depth < DEEPEST).for_each(|item| self.any(item, depth + 1));
            return;
        }
        let Value::Object(object) = value else { return };
        let has = |key: &str| object.contains_key(key);
        if let Some(error) = object.get("error").and_then(Value::as_str) {
            self.gather.problems.push(self.place.problem(ProblemKind::Answer, format!("the engine answered with an error: {error}")));
        }
        match () {
            () if has("target") && has("datapoints") => self.graphite(object),
            () if has("columns") && has("values") => self.influx(object),
            () if has("metric") && has("dps") => self.opentsdb(object),
            () if value.pointer("/schema/fields").is_some() && value.pointer("/data/values").is_some() => self.frame(value),
            () if has("fields") && has("name") && has("timestamp") => self.telegraf(object),
            () if depth < DEEPEST => object.values().for_each(|inner| self.any(inner, depth + 1)),
            () => {}
        }
    }

    fn push(&mut self, identity: &Identity, time: Option<Timestamp>, value: Option<f64>) {
        self.gather.n_records += 1;
        let Some(time) = time else {
            self.gather.unplaced(self.place, format!("a point of {} has no time", identity.name));
            return;
        };
        self.gather.certainty = Some(ZoneCertainty::Offset);
        if let Some(value) = value {
            self.gather.push(self.place, identity.clone(), time, value);
        }
    }

    /// `[{"target": "a.b", "datapoints": [[1.5, 1700000000], …]}]`: the value stands first.
    fn graphite(&mut self, object: &Map<String, Value>) {
        let target = object.get("target").and_then(Value::as_str).unwrap_or("target");
        let mut labels = pairs(object.get("tags"));
        labels.retain(|(key, value)| !(key == "name" && value == target));
        let identity = Identity::new(target, labels);
        for point in list(object.get("datapoints")) {
            self.push(&identity, time_of(point.get(1)), number(point.get(0)));
        }
    }

    /// A series of `InfluxQL`: a row a moment, a column a field.
    fn influx(&mut self, object: &Map<String, Value>) {
        let columns: Vec<&str> = list(object.get("columns")).iter().map(|column| column.as_str().unwrap_or("")).collect();
        let measurement = object.get("name").and_then(Value::as_str).unwrap_or("");
        let labels = pairs(object.get("tags"));
        let Some(time) = columns.iter().position(|column| *column == "time") else {
            self.gather.refuse(self.place, format!("the series {measurement:?} has no column of times"));
            return;
        };
        for row in list(object.get("values")) {
            let at = time_of(row.get(time));
            // Tags stand beside the fields where nothing groups by them: texts are labels of the row.
            let is_text =
                |index: usize| index != time && row.get(index).is_some_and(|cell| cell.is_string() && number(Some(cell)).is_none());
            let texts = (0..columns.len())
                .filter(|index| is_text(*index))
                .map(|index| (columns[index].to_owned(), row[index].as_str().unwrap_or("").to_owned()));
            let labels: Pairs = labels.iter().cloned().chain(texts).collect();
            for (index, column) in columns.iter().enumerate().filter(|(index, _)| *index != time && !is_text(*index)) {
                let name = if *column == "value" || measurement.is_empty() {
                    [measurement, *column].iter().find(|name| !name.is_empty()).copied().unwrap_or("value").to_owned()
                } else {
                    format!("{measurement}_{column}")
                };
                self.push(&Identity::new(name, labels.clone()), at, number(row.get(index)));
            }
        }
    }

    /// `{"metric": "a", "tags": {…}, "dps": {"1700000000": 1.5}}`, or pairs in a list.
    fn opentsdb(&mut self, object: &Map<String, Value>) {
        let identity = Identity::new(object.get("metric").and_then(Value::as_str).unwrap_or("metric"), pairs(object.get("tags")));
        match object.get("dps") {
            Some(Value::Object(points)) => {
                for (time, value) in points {
                    self.push(&identity, when::epoch(time), number(Some(value)));
                }
            }
            points => {
                for point in list(points) {
                    self.push(&identity, time_of(point.get(0)), number(point.get(1)));
                }
            }
        }
    }

    /// A frame: names, types and labels in the schema, a list of values for each field.
    fn frame(&mut self, frame: &Value) {
        let fields = list(frame.pointer("/schema/fields"));
        let values = list(frame.pointer("/data/values"));
        let is_time = |field: &Value| field.get("type").and_then(Value::as_str) == Some("time");
        let text =
            |field: &Value, path: &str| field.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let Some(times) = fields.iter().position(is_time).and_then(|index| values.get(index)) else { return };
        let special = |index: usize| frame.pointer("/data/entities").and_then(|entities| entities.get(index)).and_then(Value::as_object);
        for (index, (field, values)) in
            fields.iter().zip(values).enumerate().filter(|(_, (field, _))| field.get("type").and_then(Value::as_str) == Some("number"))
        {
            let of_frame = || text(frame, "/schema/name").or_else(|| text(frame, "/schema/refId"));
            let name =
                text(field, "/config/displayNameFromDS").or_else(|| text(field, "/name").filter(|name| name != "Value")).or_else(of_frame);
            let (scale, unit) = scale(text(field, "/config/unit").as_deref().unwrap_or(""));
            let mut identity = Identity::new(name.unwrap_or_else(|| "value".into()), pairs(field.get("labels")));
            identity.labels.retain(|(key, value)| !(key == "__name__" && *value == identity.name));
            identity.unit = unit;
            let is_in = |row: usize, key: &str| {
                special(index)
                    .and_then(|all| all.get(key))
                    .is_some_and(|rows| list(Some(rows)).iter().any(|at| at.as_u64() == Some(row as u64)))
            };
            for (row, (time, value)) in list(Some(times)).iter().zip(list(Some(values))).enumerate() {
                let value = number(Some(value)).map(|value| value * scale).or_else(|| match () {
                    () if is_in(row, "NaN") => Some(f64::NAN),
                    () if is_in(row, "Inf") => Some(f64::INFINITY),
                    () if is_in(row, "NegInf") => Some(f64::NEG_INFINITY),
                    () => None,
                });
                self.push(&identity, time_of(Some(time)), value);
            }
        }
    }

    /// `{"fields": {"usage": 1.5}, "name": "cpu", "tags": {"host": "a"}, "timestamp": 1700000000}`.
    fn telegraf(&mut self, object: &Map<String, Value>) {
        let measurement = object.get("name").and_then(Value::as_str).unwrap_or("");
        let (labels, time) = (pairs(object.get("tags")), time_of(object.get("timestamp")));
        for (field, value) in object.get("fields").and_then(Value::as_object).into_iter().flatten() {
            let name = if field == "value" { measurement.to_owned() } else { format!("{measurement}_{field}") };
            match (number(Some(value)), value) {
                (Some(value), _) => self.push(&Identity::new(name, labels.clone()), time, Some(value)),
                (None, Value::Bool(is_on)) => self.push(&Identity::new(name, labels.clone()), time, Some(f64::from(*is_on))),
                // As in line protocol, a text is a state.
                (None, Value::String(state)) => {
                    let labels = labels.iter().cloned().chain([("value".to_owned(), state.clone())]).collect();
                    self.push(&Identity::new(name, labels), time, Some(1.0));
                }
                _ => {}
            }
        }
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn pairs(value: Option<&Value>) -> Pairs {
    let object = value.and_then(Value::as_object).into_iter().flatten();
    object.filter_map(|(key, value)| Some((key.clone(), plain(value)?))).filter(|(_, value)| !value.is_empty()).collect()
}

fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => value_of(text).ok(),
        _ => None,
    }
}

fn time_of(value: Option<&Value>) -> Option<Timestamp> {
    when::any(&plain(value?)?, WallZone::Utc).filter(|at| at.0 > 0)
}

/// Factor and unit of the ids that Grafana has for units.
fn scale(unit: &str) -> (f64, Unit) {
    match unit {
        "ns" => (1e-9, Unit::Seconds),
        "µs" => (1e-6, Unit::Seconds),
        "ms" => (1e-3, Unit::Seconds),
        "s" => (1.0, Unit::Seconds),
        "percent" => (1e-2, Unit::Ratio),
        "percentunit" => (1.0, Unit::Ratio),
        "bytes" | "decbytes" => (1.0, Unit::Bytes),
        "kbytes" => (1024.0, Unit::Bytes),
        "mbytes" => (1_048_576.0, Unit::Bytes),
        "Bps" | "binBps" => (1.0, Unit::BytesPerSecond),
        "reqps" | "ops" | "rps" | "cps" => (1.0, Unit::PerSecond),
        _ => (1.0, Unit::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert!(recognise(&Sketch::of(text.as_bytes()).expect("JSON")).is_some(), "{text}");
        let document = parse(text.as_bytes(), &Context::default());
        let one = |one: &crate::parse::ParsedSeries| {
            let labels: Vec<String> = one.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let samples: Vec<String> =
                one.samples.iter().map(|sample| format!("{}@{}", sample.value, sample.time.0 / 1_000_000_000 - 1_700_000_000)).collect();
            format!("{}{{{}}} {}", one.name, labels.join(","), samples.join(" "))
        };
        let got: Vec<String> = document.series.iter().map(one).collect();
        assert_eq!((got, document.problems.total()), (expected.iter().map(|line| (*line).to_owned()).collect(), 0));
    }

    #[test]
    fn answers_of_other_engines_are_series() {
        check(
            r#"[{"target":"web.cpu","tags":{"name":"web.cpu","dc":"eu"},"datapoints":[[0.5,1700000000],[null,1700000060],[2,1700000120]]}]"#,
            &["web.cpu{dc=eu} 0.5@0 2@120"],
        );
        check(
            r#"{"results":[{"statement_id":0,"series":[{"name":"cpu","tags":{"host":"a"},"columns":["time","mean","region"],"values":[["2023-11-14T22:13:20Z",0.5,"eu"],[1700000060000,null,"eu"]]}]}]}"#,
            &["cpu_mean{host=a,region=eu} 0.5@0"],
        );
        check(
            r#"[{"metric":"sys.cpu","tags":{"host":"a"},"aggregateTags":[],"dps":{"1700000000":1.5,"1700000060":2}}]"#,
            &["sys.cpu{host=a} 1.5@0 2@60"],
        );
        check(
            r#"{"fields":{"idle":98.5,"up":true},"name":"cpu","tags":{"host":"a"},"timestamp":1700000000}
{"fields":{"idle":97},"name":"cpu","tags":{"host":"a"},"timestamp":1700000010}"#,
            &["cpu_idle{host=a} 98.5@0 97@10", "cpu_up{host=a} 1@0"],
        );
        check(
            r#"{"results":{"A":{"status":200,"frames":[{"schema":{"refId":"A","fields":[{"name":"Time","type":"time"},{"name":"Value","type":"number","labels":{"job":"api"},"config":{"unit":"ms"}}]},
            "data":{"values":[[1700000000000,1700000060000],[1500,null]],"entities":[null,{"NaN":[1]}]}}]}}}"#,
            &["A{job=api} 1.5@0 NaN@60"],
        );
    }
}
