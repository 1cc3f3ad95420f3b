//! Metrics as the consoles and tools of Azure and Google answer them in JSON.
//!
//! Azure Monitor: `value[].timeseries[].data[]`, one series a statistic. Google Cloud Monitoring: `timeSeries[].points[]`,
//! newest first; what points of kind `DELTA` say was added is added up, and distributions become `_bucket{le}`, `_sum` and
//! `_count` as Prometheus knows them. A missing number is a gap.

use serde_json::Value;

use crate::model::{ProblemKind, SeriesKind, Timestamp, Unit, ZoneCertainty, when};
use crate::parse::document::json::{self, Sketch, plain};
use crate::parse::{Context, Document};

use super::gather::{Gather, Identity};
use super::{Place, value_of};

type Pairs = Vec<(String, String)>;

/// Most buckets that a distribution may have: one of a formula is as large as its file says.
const MAX_BUCKETS: usize = 4096;

/// Whether a JSON document is an answer of Azure Monitor, and why.
pub(crate) fn recognise_azure(sketch: &Sketch) -> Option<&'static str> {
    let is_one = ["value[]", "[]", "values[].value[]"]
        .iter()
        .any(|front| sketch.has(&format!("{front}.timeseries")) && sketch.has(&format!("{front}.name.value")));
    is_one.then_some("an answer of Azure Monitor with metrics and their time series")
}

/// Whether a JSON document is an answer of Google Cloud Monitoring, and why.
pub(crate) fn recognise_google(sketch: &Sketch) -> Option<&'static str> {
    let is_one = ["timeSeries[]", "[]", ""].iter().any(|front| {
        let at = |key: &str| if front.is_empty() { key.to_owned() } else { format!("{front}.{key}") };
        sketch.has(&at("metric.type")) && sketch.has(&at("points"))
    });
    is_one.then_some("an answer of Google Cloud Monitoring with time series")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or("")
}

/// A number that JSON writes as such or as text.
fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => value_of(text).ok(),
        _ => None,
    }
}

fn pairs(value: Option<&Value>) -> Pairs {
    let object = value.and_then(Value::as_object).into_iter().flatten();
    object.filter_map(|(key, value)| Some((key.clone(), plain(value)?))).collect()
}

/// The moment that a text states, in the zone of the source where it has none.
fn moment(gather: &mut Gather<'_>, written: &str) -> Option<Timestamp> {
    let at = when::any(written, gather.zone)?;
    gather.certainty = Some(ZoneCertainty::Offset);
    Some(at)
}

/// Reads an answer of Azure Monitor; records are points.
pub(crate) fn parse_azure(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let source = json::text(bytes, &mut gather.problems);
    for element in json::elements(&source, &mut gather.problems) {
        let place = Place { line: element.line, byte: element.byte };
        // One metric a record, a whole answer, or the answers for several resources.
        if element.value.get("timeseries").is_some() {
            azure_metric(&mut gather, place, &element.value);
        }
        let several = list(&element.value, "values").iter().flat_map(|answer| list(answer, "value"));
        for metric in list(&element.value, "value").iter().chain(several) {
            azure_metric(&mut gather, place, metric);
        }
    }
    gather.finish(bytes)
}

fn azure_metric(gather: &mut Gather<'_>, place: Place, metric: &Value) {
    let name = match text(metric, "/name/value") {
        "" => "metric",
        name => name,
    };
    let code = text(metric, "/errorCode");
    if !code.is_empty() && code != "Success" {
        let reason = format!("the engine answered for {name} with {code}: {}", text(metric, "/errorMessage"));
        gather.problems.push(place.problem(ProblemKind::Answer, reason));
    }
    // …/virtualMachines/vm1/providers/Microsoft.Insights/metrics/NAME
    let resource = text(metric, "/id").split("/providers/Microsoft.Insights").next().and_then(|id| id.rsplit('/').next()).unwrap_or("");
    let (scale, unit) = azure_scale(text(metric, "/unit"));
    for series in list(metric, "timeseries") {
        let mut labels: Pairs = vec![("resource".to_owned(), resource.to_owned())];
        labels.retain(|(_, value)| !value.is_empty());
        labels
            .extend(list(series, "metadatavalues").iter().map(|one| (text(one, "/name/value").to_owned(), text(one, "/value").to_owned())));
        for point in list(series, "data") {
            gather.n_records += 1;
            let Some(time) = moment(gather, text(point, "/timeStamp")) else {
                gather.unplaced(place, format!("a point of {name} has no time"));
                continue;
            };
            for statistic in ["average", "minimum", "maximum", "total", "count"] {
                let Some(value) = number(point.get(statistic)) else { continue };
                let (scale, unit) = if statistic == "count" { (1.0, Unit::None) } else { (scale, unit) };
                let labels = labels.iter().cloned().chain([("stat".to_owned(), statistic.to_owned())]).collect();
                gather.push(place, Identity { name: name.to_owned(), labels, unit, kind: Some(SeriesKind::Gauge) }, time, value * scale);
            }
        }
    }
}

/// Factor to the base unit, and that unit, of Azure's names of units.
fn azure_scale(unit: &str) -> (f64, Unit) {
    match unit {
        "Seconds" => (1.0, Unit::Seconds),
        "MilliSeconds" => (1e-3, Unit::Seconds),
        "Percent" => (1e-2, Unit::Ratio),
        "Bytes" => (1.0, Unit::Bytes),
        "BytesPerSecond" => (1.0, Unit::BytesPerSecond),
        "CountPerSecond" => (1.0, Unit::PerSecond),
        _ => (1.0, Unit::None),
    }
}

/// Reads an answer of Google Cloud Monitoring; records are points.
pub(crate) fn parse_google(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let source = json::text(bytes, &mut gather.problems);
    let mut n_delta = 0;
    for element in json::elements(&source, &mut gather.problems) {
        let place = Place { line: element.line, byte: element.byte };
        if element.value.get("points").is_some() {
            n_delta += google_series(&mut gather, place, &element.value);
        }
        for series in list(&element.value, "timeSeries") {
            n_delta += google_series(&mut gather, place, series);
        }
        for error in list(&element.value, "executionErrors") {
            let reason = format!("the engine answered with an error: {}", text(error, "/message"));
            gather.problems.push(place.problem(ProblemKind::Answer, reason));
        }
        if element.value.get("nextPageToken").is_some_and(|token| token.as_str().is_some_and(|token| !token.is_empty())) {
            gather.problems.push(place.problem(ProblemKind::Answer, "the answer is partial: it has more pages".into()));
        }
    }
    if n_delta > 0 {
        let reason = format!("{n_delta} points of kind DELTA, which say what was added since the point before, were added up");
        gather.problems.push(Place::default().problem(ProblemKind::Limit, reason));
    }
    gather.finish(bytes)
}

/// Reads one series; gives how many points said only what was added.
fn google_series(gather: &mut Gather<'_>, place: Place, series: &Value) -> u64 {
    let name = match text(series, "/metric/type") {
        "" => "metric",
        name => name,
    };
    let mut labels = pairs(series.pointer("/resource/labels"));
    labels.extend(pairs(series.pointer("/metric/labels")));
    let (scale, unit) = google_scale(text(series, "/unit"));
    let is_delta = text(series, "/metricKind") == "DELTA";
    let kind = if matches!(text(series, "/metricKind"), "DELTA" | "CUMULATIVE") { SeriesKind::Counter } else { SeriesKind::Gauge };
    let mut points: Vec<(Timestamp, &Value)> = Vec::new();
    for point in list(series, "points") {
        gather.n_records += 1;
        match moment(gather, text(point, "/interval/endTime")) {
            Some(time) => points.push((time, point)),
            None => gather.unplaced(place, format!("a point of {name} has no time")),
        }
    }
    points.sort_by_key(|(time, _)| *time);
    let mut one = Google { gather, place, name, labels, unit, scale, is_delta, totals: Vec::new() };
    for (time, point) in &points {
        one.point(*time, point.get("value").unwrap_or(&Value::Null), kind);
    }
    if is_delta { points.len() as u64 } else { 0 }
}

/// One series on its way in.
struct Google<'g, 'c, 'v> {
    gather: &'g mut Gather<'c>,
    place: Place,
    name: &'v str,
    labels: Pairs,
    unit: Unit,
    scale: f64,
    is_delta: bool,
    /// What was added so far, by the end of the name and the bound of the bucket.
    totals: Vec<(String, f64)>,
}

impl Google<'_, '_, '_> {
    fn point(&mut self, time: Timestamp, value: &Value, kind: SeriesKind) {
        if let Some(distribution) = value.get("distributionValue") {
            self.distribution(time, distribution);
            return;
        }
        if let Some(state) = value.get("stringValue").and_then(Value::as_str) {
            let labels = self.labels.iter().cloned().chain([("value".to_owned(), state.to_owned())]).collect();
            self.gather.push(self.place, Identity::new(self.name, labels), time, 1.0);
            return;
        }
        let switch = value.get("boolValue").and_then(Value::as_bool).map(f64::from);
        match number(value.get("doubleValue")).or_else(|| number(value.get("int64Value"))).or(switch) {
            Some(number) => self.push(time, "", None, (self.unit, kind), number * self.scale),
            None => self.gather.refuse(self.place, format!("a point of {} has no value", self.name)),
        }
    }

    fn push(&mut self, time: Timestamp, end: &str, le: Option<String>, (unit, kind): (Unit, SeriesKind), value: f64) {
        let key = format!("{end} {}", le.as_deref().unwrap_or(""));
        let value = if self.is_delta {
            let at = self.totals.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
                self.totals.push((key, 0.0));
                self.totals.len() - 1
            });
            self.totals[at].1 += value;
            self.totals[at].1
        } else {
            value
        };
        let labels = self.labels.iter().cloned().chain(le.map(|le| ("le".to_owned(), le))).collect();
        let identity = Identity { name: format!("{}{end}", self.name), labels, unit, kind: Some(kind) };
        self.gather.push(self.place, identity, time, value);
    }

    /// Bucket 0 lies below the first bound, the last one above the last; counts of 0 at the end are not written.
    fn distribution(&mut self, time: Timestamp, distribution: &Value) {
        let part = SeriesKind::HistogramPart;
        let count = number(distribution.get("count")).unwrap_or(0.0);
        let mean = number(distribution.get("mean")).unwrap_or(0.0);
        self.push(time, "_count", None, (Unit::None, part), count);
        self.push(time, "_sum", None, (self.unit, part), mean * count * self.scale);
        let counts: Vec<f64> = list(distribution, "bucketCounts").iter().map(|count| number(Some(count)).unwrap_or(0.0)).collect();
        let mut below = 0.0;
        for (index, bound) in bounds(distribution.get("bucketOptions").unwrap_or(&Value::Null)).into_iter().enumerate() {
            below += counts.get(index).copied().unwrap_or(0.0);
            let le = super::cell::scaled(bound, self.scale).to_string();
            self.push(time, "_bucket", Some(le), (Unit::None, part), below);
        }
        self.push(time, "_bucket", Some("+Inf".into()), (Unit::None, part), count);
    }
}

/// Upper bounds of all buckets but the last.
fn bounds(options: &Value) -> Vec<f64> {
    let of = |path: &str| number(options.pointer(path));
    let finite = |path: &str| (of(path).unwrap_or(0.0) as usize).min(MAX_BUCKETS);
    if let Some(explicit) = options.pointer("/explicitBuckets/bounds").and_then(Value::as_array) {
        return explicit.iter().filter_map(|bound| number(Some(bound))).collect();
    }
    if options.get("exponentialBuckets").is_some() {
        let (growth, first) = (of("/exponentialBuckets/growthFactor").unwrap_or(2.0), of("/exponentialBuckets/scale").unwrap_or(1.0));
        return (0..=finite("/exponentialBuckets/numFiniteBuckets")).map(|index| first * growth.powi(index as i32)).collect();
    }
    if options.get("linearBuckets").is_some() {
        let (width, first) = (of("/linearBuckets/width").unwrap_or(1.0), of("/linearBuckets/offset").unwrap_or(0.0));
        return (0..=finite("/linearBuckets/numFiniteBuckets")).map(|index| first + width * index as f64).collect();
    }
    Vec::new()
}

/// Factor to the base unit, and that unit, of the units of UCUM that Google uses. `10^2.%` are hundreds of percents.
fn google_scale(unit: &str) -> (f64, Unit) {
    match unit {
        "s" | "s{uptime}" => (1.0, Unit::Seconds),
        "ms" => (1e-3, Unit::Seconds),
        "us" => (1e-6, Unit::Seconds),
        "ns" => (1e-9, Unit::Seconds),
        "10^2.%" => (1.0, Unit::Ratio),
        "%" => (1e-2, Unit::Ratio),
        "By" => (1.0, Unit::Bytes),
        "KiBy" => (1024.0, Unit::Bytes),
        "MiBy" => (1_048_576.0, Unit::Bytes),
        "GiBy" => (1_073_741_824.0, Unit::Bytes),
        "By/s" => (1.0, Unit::BytesPerSecond),
        "1/s" => (1.0, Unit::PerSecond),
        _ => (1.0, Unit::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::ParsedSeries;

    fn told(document: &Document) -> Vec<String> {
        let one = |one: &ParsedSeries| {
            let labels: Vec<String> = one.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let values: Vec<String> = one.samples.iter().map(|sample| sample.value.to_string()).collect();
            format!("{}{{{}}} {} {}", one.name, labels.join(","), one.unit.name(), values.join(" "))
        };
        document.series.iter().map(one).collect()
    }

    #[test]
    fn statistics_of_azure_are_series_with_their_dimensions() {
        let text = r#"{"cost":59,"timespan":"a/b","value":[{"id":"/subscriptions/0/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1/providers/Microsoft.Insights/metrics/Percentage CPU",
            "name":{"value":"Percentage CPU","localizedValue":"Percentage CPU"},"unit":"Percent","errorCode":"Success",
            "timeseries":[{"metadatavalues":[{"name":{"value":"slot"},"value":"a"}],"data":[{"timeStamp":"2026-11-23T02:30:00Z","average":12.5,"count":3},
            {"timeStamp":"2026-11-23T02:31:00Z"},{"timeStamp":"soon","average":1},{"timeStamp":"2026-11-23T02:32:00Z","average":50}]}]}]}"#;
        assert!(recognise_azure(&Sketch::of(text.as_bytes()).expect("JSON")).is_some());
        let document = parse_azure(text.as_bytes(), &Context::default());
        let expected =
            ["Percentage CPU{resource=vm1,slot=a,stat=average} ratio 0.125 0.5", "Percentage CPU{resource=vm1,slot=a,stat=count} 1 3"];
        assert_eq!(told(&document), expected);
        assert_eq!((document.n_records, document.n_unplaced), (4, 1));
    }

    #[test]
    fn points_of_google_come_in_order_and_deltas_are_added_up() {
        let text = r#"{"timeSeries":[{"metric":{"labels":{"code":"200"},"type":"run.googleapis.com/request_count"},"resource":{"type":"cloud_run_revision","labels":{"service_name":"order"}},
            "metricKind":"DELTA","valueType":"INT64","points":[{"interval":{"startTime":"2026-11-23T02:31:00Z","endTime":"2026-11-23T02:32:00Z"},"value":{"int64Value":"120"}},
            {"interval":{"startTime":"2026-11-23T02:30:00Z","endTime":"2026-11-23T02:31:00Z"},"value":{"int64Value":"20"}}]},
            {"metric":{"type":"m/latency"},"metricKind":"CUMULATIVE","unit":"ms","points":[{"interval":{"endTime":"2026-11-23T02:31:00Z"},
            "value":{"distributionValue":{"count":"10","mean":3,"bucketOptions":{"exponentialBuckets":{"numFiniteBuckets":2,"growthFactor":2,"scale":1}},"bucketCounts":["0","4","5","1"]}}}]}]}"#;
        assert!(recognise_google(&Sketch::of(text.as_bytes()).expect("JSON")).is_some());
        let document = parse_google(text.as_bytes(), &Context::default());
        let expected = [
            "run.googleapis.com/request_count{code=200,service_name=order} 1 20 140",
            "m/latency_count{} 1 10",
            "m/latency_sum{} s 0.03",
            "m/latency_bucket{le=0.001} 1 0",
            "m/latency_bucket{le=0.002} 1 4",
            "m/latency_bucket{le=0.004} 1 9",
            "m/latency_bucket{le=+Inf} 1 10",
        ];
        assert_eq!(told(&document), expected);
        assert_eq!((document.n_records, document.problems.total()), (3, 1), "that deltas were added up is said");
    }
}
