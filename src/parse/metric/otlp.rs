//! OTLP JSON metrics, one export request or one a line, as the file exporter of the collector writes them.
//!
//! Histograms become `_count`, `_sum` and cumulative `_bucket{le}` as Prometheus knows them. Attributes of resource and
//! point become labels. A delta sum is what was added since the last point: it stays so, and a problem says it.
//! Forms: opentelemetry-proto, metrics.proto, with the JSON mapping of OTLP (64-bit integers as text).

use serde_json::{Map, Value};

use crate::model::{ProblemKind, SeriesKind, Timestamp, Unit, ZoneCertainty};
use crate::parse::document::json::{self, Sketch, plain};
use crate::parse::otlp::flatten;
use crate::parse::{Context, Document};

use super::gather::{Gather, Identity};
use super::{Place, value_of};

type Pairs = Vec<(String, String)>;

/// Whether a JSON document is of OTLP metrics, and why.
pub(crate) fn recognise(sketch: &Sketch) -> Option<&'static str> {
    let is_one =
        ["", "[]."].iter().any(|front| sketch.has(&format!("{front}resourceMetrics")) || sketch.has(&format!("{front}resource_metrics")));
    is_one.then_some("OTLP metrics: resources with scopes and their metrics")
}

/// Reads a whole file; records are data points.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let mut n_delta = 0;
    for element in json::elements(&text, &mut gather.problems) {
        let place = Place { line: element.line, byte: element.byte };
        for resource in list(&element.value, "resourceMetrics", "resource_metrics") {
            let labels = attributes(resource.pointer("/resource/attributes"));
            for scope in list(resource, "scopeMetrics", "scope_metrics").iter().chain(list(resource, "instrumentationLibraryMetrics", "")) {
                for metric in list(scope, "metrics", "") {
                    n_delta += read(&mut gather, place, metric, &labels);
                }
            }
        }
    }
    if n_delta > 0 {
        let reason = format!("{n_delta} points of delta sums or histograms: each is what was added since the point before, not a total");
        gather.problems.push(Place::default().problem(ProblemKind::Limit, reason));
    }
    gather.finish(bytes)
}

fn list<'a>(value: &'a Value, key: &str, other: &str) -> &'a [Value] {
    value.get(key).or_else(|| value.get(other)).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn field<'a>(value: &'a Value, key: &str, other: &str) -> Option<&'a Value> {
    value.get(key).or_else(|| value.get(other)).filter(|found| !found.is_null())
}

fn attributes(value: Option<&Value>) -> Pairs {
    let mut members = Map::new();
    flatten(value, &mut members);
    members.iter().filter_map(|(key, value)| Some((key.clone(), plain(value)?))).collect()
}

/// A number that JSON writes as such or as text.
fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => value_of(text).ok(),
        _ => None,
    }
}

fn time_of(point: &Value) -> Option<Timestamp> {
    let ns = |key: &str, other: &str| field(point, key, other).and_then(plain)?.parse::<i64>().ok().filter(|ns| *ns > 0);
    ns("timeUnixNano", "time_unix_nano").map(Timestamp)
}

/// Factor to the base unit, and that unit, of the units of UCUM that services use.
fn scale(unit: &str) -> (f64, Unit) {
    match unit {
        "s" => (1.0, Unit::Seconds),
        "ms" => (1e-3, Unit::Seconds),
        "us" => (1e-6, Unit::Seconds),
        "ns" => (1e-9, Unit::Seconds),
        "min" => (60.0, Unit::Seconds),
        "By" => (1.0, Unit::Bytes),
        "KiBy" => (1024.0, Unit::Bytes),
        "MiBy" => (1_048_576.0, Unit::Bytes),
        "By/s" => (1.0, Unit::BytesPerSecond),
        "%" => (1e-2, Unit::Ratio),
        _ => (1.0, Unit::None),
    }
}

/// One metric with all its points; returns how many of them are deltas.
fn read(gather: &mut Gather<'_>, place: Place, metric: &Value, resource: &Pairs) -> u64 {
    let text = |key: &str| metric.get(key).and_then(Value::as_str).unwrap_or("");
    let (name, (scale, unit)) = (text("name"), scale(text("unit")));
    let kinds = [("gauge", ""), ("sum", ""), ("histogram", ""), ("exponentialHistogram", "exponential_histogram"), ("summary", "")];
    let Some((kind, body)) = kinds.iter().find_map(|(key, other)| Some((*key, field(metric, key, other)?))) else {
        gather.refuse(place, format!("the metric {name:?} has no points of a known kind"));
        return 0;
    };
    let temporality = field(body, "aggregationTemporality", "aggregation_temporality").and_then(plain).unwrap_or_default();
    let is_delta = matches!(temporality.as_str(), "1" | "AGGREGATION_TEMPORALITY_DELTA");
    let is_monotonic = field(body, "isMonotonic", "is_monotonic").and_then(Value::as_bool).unwrap_or(false);
    let sum_kind = if is_monotonic && !is_delta { SeriesKind::Counter } else { SeriesKind::Gauge };
    let mut n_delta = 0;
    for point in list(body, "dataPoints", "data_points") {
        gather.n_records += 1;
        let Some(time) = time_of(point) else {
            gather.unplaced(place, format!("a point of {name} has no time"));
            continue;
        };
        gather.certainty = Some(ZoneCertainty::Offset);
        n_delta += u64::from(is_delta);
        let mut labels = resource.clone();
        labels.extend(attributes(point.get("attributes")));
        let mut row = Row { gather: &mut *gather, place, time, labels, name, unit, scale };
        match kind {
            "gauge" | "sum" => row.scalar(point, sum_kind),
            "summary" => row.summary(point),
            _ => row.histogram(point),
        }
    }
    n_delta
}

/// One point on its way into series.
struct Row<'g, 'c, 'v> {
    gather: &'g mut Gather<'c>,
    place: Place,
    time: Timestamp,
    labels: Pairs,
    name: &'v str,
    unit: Unit,
    scale: f64,
}

impl Row<'_, '_, '_> {
    fn push(&mut self, end: &str, label: Option<(&str, String)>, unit: Unit, kind: SeriesKind, value: f64) {
        let mut labels = self.labels.clone();
        labels.extend(label.map(|(key, value)| (key.to_owned(), value)));
        let identity = Identity { name: format!("{}{end}", self.name), labels, unit, kind: Some(kind) };
        self.gather.push(self.place, identity, self.time, value);
    }

    fn scalar(&mut self, point: &Value, kind: SeriesKind) {
        // A flag says that there is no value: a gap.
        if number(point.get("flags")).is_some_and(|flags| flags as u64 & 1 == 1) {
            return;
        }
        let value = number(field(point, "asDouble", "as_double")).or_else(|| number(field(point, "asInt", "as_int")));
        match value {
            Some(value) => self.push("", None, self.unit, kind, value * self.scale),
            None => self.gather.refuse(self.place, format!("a point of {} has no value", self.name)),
        }
    }

    fn count_and_sum(&mut self, point: &Value) -> f64 {
        let count = number(point.get("count")).unwrap_or(0.0);
        self.push("_count", None, Unit::None, SeriesKind::HistogramPart, count);
        if let Some(sum) = number(point.get("sum")) {
            self.push("_sum", None, self.unit, SeriesKind::HistogramPart, sum * self.scale);
        }
        count
    }

    fn histogram(&mut self, point: &Value) {
        let count = self.count_and_sum(point);
        for key in ["min", "max"] {
            if let Some(value) = number(point.get(key)) {
                self.push(&format!("_{key}"), None, self.unit, SeriesKind::Gauge, value * self.scale);
            }
        }
        let numbers = |key: &str, other: &str| -> Vec<f64> { list(point, key, other).iter().filter_map(|one| number(Some(one))).collect() };
        let (bounds, counts) = (numbers("explicitBounds", "explicit_bounds"), numbers("bucketCounts", "bucket_counts"));
        if counts.len() == bounds.len() + 1 {
            let mut total = 0.0;
            for (bound, count) in bounds.iter().zip(&counts) {
                total += count;
                self.push("_bucket", Some(("le", (bound * self.scale).to_string())), Unit::None, SeriesKind::HistogramPart, total);
            }
            self.push("_bucket", Some(("le", "+Inf".into())), Unit::None, SeriesKind::HistogramPart, count);
        } else if point.get("scale").is_some() {
            let reason = format!("{}: the buckets of exponential histograms are not read, count and sum are", self.name);
            self.gather.problems.push(self.place.problem(ProblemKind::Limit, reason));
        }
    }

    fn summary(&mut self, point: &Value) {
        self.count_and_sum(point);
        for quantile in list(point, "quantileValues", "quantile_values") {
            let (Some(at), Some(value)) = (number(quantile.get("quantile")), number(quantile.get("value"))) else { continue };
            self.push("", Some(("quantile", at.to_string())), self.unit, SeriesKind::Quantile, value * self.scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_histograms_and_summaries_become_series_as_prometheus_knows_them() {
        let text = r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"order"}}]},"scopeMetrics":[{"metrics":[
            {"name":"requests","unit":"1","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{"timeUnixNano":"1700000000000000000","asInt":"42","attributes":[{"key":"code","value":{"intValue":"500"}}]}]}},
            {"name":"queue","gauge":{"dataPoints":[{"timeUnixNano":"1700000000000000000","asDouble":1.5},{"timeUnixNano":"0","asInt":1}]}},
            {"name":"took","unit":"ms","histogram":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","dataPoints":[{"timeUnixNano":"1700000000000000000","count":"3","sum":600,"explicitBounds":[100,250],"bucketCounts":["1","1","1"]}]}}]}]}]}"#;
        assert!(recognise(&Sketch::of(text.as_bytes()).expect("JSON")).is_some());
        let document = parse(text.as_bytes(), &Context::default());
        let rows: Vec<String> = document
            .series
            .iter()
            .map(|one| {
                let le = one.labels.get("le").map(|le| format!("{{{le}}}")).unwrap_or_default();
                format!("{}{le} {}", one.name, one.samples[0].value)
            })
            .collect();
        assert_eq!(
            rows,
            [
                "requests 42",
                "queue 1.5",
                "took_count 3",
                "took_sum 0.6",
                "took_bucket{0.1} 1",
                "took_bucket{0.25} 2",
                "took_bucket{+Inf} 3"
            ]
        );
        assert_eq!(document.series[0].kind, SeriesKind::Counter);
        assert_eq!((document.series[0].labels.get("service.name"), document.series[0].labels.get("code")), (Some("order"), Some("500")));
        assert_eq!((document.n_records, document.n_unplaced, document.problems.total()), (4, 1, 2));
    }
}
