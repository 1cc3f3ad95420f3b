//! OTLP JSON metrics, one export request or one a line, as the file exporter of the collector writes them.
//!
//! Histograms, exponential ones too, become `_count`, `_sum` and cumulative `_bucket{le}` as Prometheus knows them.
//! Attributes of resource and point become labels. What points of delta temporality tell is added up, see `totals`.
//! Forms: opentelemetry-proto, metrics.proto, with the JSON mapping of OTLP (64-bit integers as text).

mod totals;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::model::{Labels, ProblemKind, SeriesKind, Timestamp, Unit, ZoneCertainty};
use crate::parse::document::json::{self, Sketch, plain};
use crate::parse::otlp::flatten;
use crate::parse::{Context, Document};

use super::gather::{Gather, Identity};
use super::native::{self, Histogram};
use super::{Place, meaning, value_of};
use totals::{Exponential, Totals};

type Pairs = Vec<(String, String)>;

/// What lives longer than one point.
#[derive(Default)]
struct State {
    totals: Totals,
    exponential: BTreeMap<(String, Pairs), OneExponential>,
    n_delta: u64,
}

/// An exponential histogram over time.
#[derive(Default)]
struct OneExponential {
    unit: Unit,
    /// The total so far, where points are deltas.
    total: Option<Exponential>,
    samples: Vec<Histogram>,
}

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
    let mut state = State::default();
    for element in json::elements(&text, &mut gather.problems) {
        let place = Place { line: element.line, byte: element.byte };
        for resource in list(&element.value, "resourceMetrics", "resource_metrics") {
            let labels = attributes(resource.pointer("/resource/attributes"));
            for scope in list(resource, "scopeMetrics", "scope_metrics").iter().chain(list(resource, "instrumentationLibraryMetrics", "")) {
                for metric in list(scope, "metrics", "") {
                    read(&mut gather, &mut state, place, metric, &labels);
                }
            }
        }
    }
    if state.n_delta > 0 {
        let reason =
            format!("{} points of delta temporality, which say what was added since the point before, were added up", state.n_delta);
        gather.problems.push(Place::default().problem(ProblemKind::Limit, reason));
    }
    let mut document = gather.finish(bytes);
    for ((name, labels), mut one) in state.exponential {
        one.samples.sort_by_key(|sample| sample.time_ms);
        one.samples.dedup_by_key(|sample| sample.time_ms);
        for mut series in native::series(&name, &Labels::new(labels), &one.samples) {
            meaning::fill(&mut series, None);
            if series.name.ends_with("_sum") {
                series.unit = one.unit;
            }
            document.series.push(series);
        }
    }
    document
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

/// Keys of the points of a metric, of all versions of the protocol, and what they hold.
const KINDS: [(&str, &str, &str); 12] = [
    ("gauge", "", "gauge"),
    ("sum", "", "sum"),
    ("histogram", "", "histogram"),
    ("exponentialHistogram", "exponential_histogram", "exponential"),
    ("summary", "", "summary"),
    // Before 0.8 numbers had a kind of their own for each type.
    ("intGauge", "int_gauge", "gauge"),
    ("doubleGauge", "double_gauge", "gauge"),
    ("intSum", "int_sum", "sum"),
    ("doubleSum", "double_sum", "sum"),
    ("intHistogram", "int_histogram", "histogram"),
    ("doubleHistogram", "double_histogram", "histogram"),
    ("doubleSummary", "double_summary", "summary"),
];

/// One metric with all its points.
fn read(gather: &mut Gather<'_>, state: &mut State, place: Place, metric: &Value, resource: &Pairs) {
    let text = |key: &str| metric.get(key).and_then(Value::as_str).unwrap_or("");
    let (name, (scale, unit)) = (text("name"), scale(text("unit")));
    let Some((kind, body)) = KINDS.iter().find_map(|(key, other, kind)| Some((*kind, field(metric, key, other)?))) else {
        gather.refuse(place, format!("the metric {name:?} has no points of a known kind"));
        return;
    };
    let temporality = field(body, "aggregationTemporality", "aggregation_temporality").and_then(plain).unwrap_or_default();
    let is_delta = matches!(temporality.as_str(), "1" | "AGGREGATION_TEMPORALITY_DELTA");
    let is_monotonic = field(body, "isMonotonic", "is_monotonic").and_then(Value::as_bool).unwrap_or(false);
    let sum_kind = if is_monotonic { SeriesKind::Counter } else { SeriesKind::Gauge };
    for point in list(body, "dataPoints", "data_points") {
        gather.n_records += 1;
        let Some(time) = time_of(point) else {
            gather.unplaced(place, format!("a point of {name} has no time"));
            continue;
        };
        gather.certainty = Some(ZoneCertainty::Offset);
        state.n_delta += u64::from(is_delta);
        let mut labels = resource.clone();
        labels.extend(attributes(point.get("attributes")));
        // As attributes were called when their values were texts only.
        labels.extend(attributes(point.get("labels")));
        let totals = if is_delta { Some(&mut state.totals) } else { None };
        let mut row = Row { gather: &mut *gather, totals, place, time, labels, name, unit, scale };
        match kind {
            "gauge" | "sum" => row.scalar(point, sum_kind),
            "summary" => row.summary(point),
            "histogram" => row.histogram(point),
            _ => {
                let one = state.exponential.entry((name.to_owned(), row.labels)).or_default();
                one.unit = unit;
                let mut found = exponential(point);
                if is_delta {
                    found = one.total.take().map_or(found.clone(), |total| total.add(found));
                    one.total = Some(found.clone());
                }
                one.samples.push(found.native(time.0.div_euclid(1_000_000), scale));
            }
        }
    }
}

/// A point of an exponential histogram.
fn exponential(point: &Value) -> Exponential {
    let value = |key: &str, other: &str| number(field(point, key, other)).unwrap_or(0.0);
    let counts = |key: &str| -> BTreeMap<i64, f64> {
        let Some(side) = point.get(key) else { return BTreeMap::new() };
        // An offset has 32 bits.
        let first = i64::from(number(side.get("offset")).unwrap_or(0.0) as i32);
        let counts = list(side, "bucketCounts", "bucket_counts").iter().map(|count| number(Some(count)).unwrap_or(0.0));
        (first..).zip(counts).collect()
    };
    Exponential {
        scale: (value("scale", "scale") as i32).clamp(-10, 20),
        zero_threshold: value("zeroThreshold", "zero_threshold"),
        zero: value("zeroCount", "zero_count"),
        count: value("count", "count"),
        sum: value("sum", "sum"),
        positive: counts("positive"),
        negative: counts("negative"),
    }
}

/// One point on its way into series.
struct Row<'g, 'c, 'v> {
    gather: &'g mut Gather<'c>,
    /// Totals so far, where a point says what was added.
    totals: Option<&'g mut Totals>,
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
        let name = format!("{}{end}", self.name);
        let is_total = matches!(kind, SeriesKind::Counter | SeriesKind::HistogramPart) || kind == SeriesKind::Gauge && end.is_empty();
        let value = match &mut self.totals {
            Some(totals) if is_total => totals.add(&name, &labels, value),
            _ => value,
        };
        let identity = Identity { name, labels, unit, kind: Some(kind) };
        self.gather.push(self.place, identity, self.time, value);
    }

    fn scalar(&mut self, point: &Value, kind: SeriesKind) {
        // A flag says that there is no value: a gap.
        if number(point.get("flags")).is_some_and(|flags| flags as u64 & 1 == 1) {
            return;
        }
        let value = number(field(point, "asDouble", "as_double"))
            .or_else(|| number(field(point, "asInt", "as_int")))
            .or_else(|| number(point.get("value")));
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
        } else if !counts.is_empty() {
            let reason = format!("{} has {} buckets for {} bounds", self.name, counts.len(), bounds.len());
            self.gather.problems.push(self.place.problem(ProblemKind::Syntax, reason));
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
mod tests;
