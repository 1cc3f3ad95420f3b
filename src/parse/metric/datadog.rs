//! Datadog: answers of the query API, version 1 (`series[].pointlist`) and 2 (`data.attributes.series`, `times`, `values`).
//!
//! A `null` is a gap. A unit with a scale (`millisecond`) is turned into its base.

use serde_json::Value;

use crate::model::{ProblemKind, Timestamp, Unit, ZoneCertainty};
use crate::parse::document::json::{self, Sketch};
use crate::parse::{Context, Document};

use super::Place;
use super::gather::{Gather, Identity};

/// Whether a JSON document is an answer of Datadog, and why.
pub(crate) fn recognise(sketch: &Sketch) -> Option<&'static str> {
    if sketch.has("series[].pointlist") {
        return Some("an answer of Datadog's query API with lists of points");
    }
    let is_v2 = sketch.has("data.attributes.series") && sketch.has("data.attributes.times") && sketch.has("data.attributes.values");
    is_v2.then_some("an answer of Datadog's timeseries API")
}

/// Reads an answer; records are points.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    for element in json::elements(&text, &mut gather.problems) {
        let place = Place { line: element.line, byte: element.byte };
        if let Some(error) = element.value.get("error").or_else(|| element.value.get("errors")).filter(|error| !error.is_null()) {
            gather.problems.push(place.problem(ProblemKind::Answer, format!("the engine answered with an error: {error}")));
        }
        for one in element.value.get("series").and_then(Value::as_array).into_iter().flatten() {
            listed(&mut gather, place, one);
        }
        if let Some(attributes) = element.value.pointer("/data/attributes") {
            columns(&mut gather, place, attributes);
        }
    }
    gather.finish(bytes)
}

/// Tags `key:value` as labels; a tag without a colon has no value.
fn labels(tags: Option<&Value>) -> Vec<(String, String)> {
    let texts = tags.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    texts.map(|tag| tag.split_once(':').unwrap_or((tag, ""))).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The first of the two units (the second is what the first is counted per).
fn scale(units: Option<&Value>) -> (f64, Unit) {
    let unit = |index: usize| units.and_then(|units| units.get(index)?.get("name")?.as_str());
    let (scale, base) = match unit(0).unwrap_or("") {
        "second" => (1.0, Unit::Seconds),
        "millisecond" => (1e-3, Unit::Seconds),
        "microsecond" => (1e-6, Unit::Seconds),
        "nanosecond" => (1e-9, Unit::Seconds),
        "minute" => (60.0, Unit::Seconds),
        "percent" => (1e-2, Unit::Ratio),
        "fraction" => (1.0, Unit::Ratio),
        "byte" => (1.0, Unit::Bytes),
        "kibibyte" => (1024.0, Unit::Bytes),
        "mebibyte" => (1_048_576.0, Unit::Bytes),
        "gibibyte" => (1_073_741_824.0, Unit::Bytes),
        _ => (1.0, Unit::None),
    };
    match (base, unit(1)) {
        (Unit::Bytes, Some("second")) => (scale, Unit::BytesPerSecond),
        (Unit::None, Some("second")) => (scale, Unit::PerSecond),
        _ => (scale, base),
    }
}

fn listed(gather: &mut Gather<'_>, place: Place, one: &Value) {
    let text = |key: &str| one.get(key).and_then(Value::as_str);
    let name = text("metric").or_else(|| text("display_name")).or_else(|| text("expression")).unwrap_or("metric");
    let mut labels = labels(one.get("tag_set"));
    // Older answers tell the tags in one text, and a query with a function tells itself apart by its expression.
    if let Some(scope) = text("scope").filter(|scope| labels.is_empty() && *scope != "*") {
        labels = scope.split(',').filter_map(|tag| tag.split_once(':')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    }
    if let Some(aggregate) = text("aggr") {
        labels.push(("aggr".into(), aggregate.to_owned()));
    }
    let (scale, unit) = scale(one.get("unit"));
    for point in one.get("pointlist").and_then(Value::as_array).into_iter().flatten() {
        gather.n_records += 1;
        let Some(ms) = point.get(0).and_then(Value::as_f64) else {
            gather.unplaced(place, format!("a point of {name} has no time"));
            continue;
        };
        gather.certainty = Some(ZoneCertainty::Offset);
        if let Some(value) = point.get(1).and_then(Value::as_f64) {
            let identity = Identity { name: name.to_owned(), labels: labels.clone(), unit, kind: None };
            gather.push(place, identity, Timestamp((ms * 1e6) as i64), value * scale);
        }
    }
}

fn columns(gather: &mut Gather<'_>, place: Place, attributes: &Value) {
    let list = |key: &str| attributes.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let times: Vec<Option<i64>> = list("times").iter().map(Value::as_i64).collect();
    for (one, values) in list("series").iter().zip(list("values")) {
        let labels = labels(one.get("group_tags"));
        let query = one.get("query_index").and_then(Value::as_u64).unwrap_or(0);
        let (scale, unit) = scale(one.get("unit"));
        for (time, value) in times.iter().zip(values.as_array().map_or(&[][..], Vec::as_slice)) {
            gather.n_records += 1;
            let Some(ms) = time else {
                gather.unplaced(place, "a time of the answer is no number");
                continue;
            };
            gather.certainty = Some(ZoneCertainty::Offset);
            if let Some(value) = value.as_f64() {
                let identity = Identity { name: format!("query_{query}"), labels: labels.clone(), unit, kind: None };
                gather.push(place, identity, Timestamp::from_millis(*ms), value * scale);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_points_and_columns_of_values_are_read() {
        let v1 = r#"{"status":"ok","series":[{"metric":"trace.http.duration","tag_set":["service:order","env:prod"],"scope":"service:order",
            "unit":[{"name":"millisecond","scale_factor":0.001},null],"pointlist":[[1700000000000.0,250.0],[1700000060000.0,null],[1700000120000.0,500]]}]}"#;
        assert!(recognise(&Sketch::of(v1.as_bytes()).expect("JSON")).is_some());
        let document = parse(v1.as_bytes(), &Context::default());
        let one = &document.series[0];
        assert_eq!((one.labels.get("service"), one.unit, one.samples.len(), document.n_records), (Some("order"), Unit::Seconds, 2, 3));
        assert!((one.samples[1].value - 0.5).abs() < 1e-12);
        let v2 = r#"{"data":{"type":"timeseries_response","attributes":{"series":[{"group_tags":["host:a"],"query_index":0,"unit":[{"name":"percent"},null]}],
            "times":[1700000000000,1700000060000],"values":[[50,null]]}}}"#;
        assert!(recognise(&Sketch::of(v2.as_bytes()).expect("JSON")).is_some());
        let document = parse(v2.as_bytes(), &Context::default());
        assert!(document.series[0].samples.len() == 1 && (document.series[0].samples[0].value - 0.5).abs() < 1e-12);
    }
}
