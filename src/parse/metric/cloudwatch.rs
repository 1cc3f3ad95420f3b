//! `CloudWatch`: answers of get-metric-data and get-metric-statistics, and records of metric streams.
//!
//! Answers come newest first and are sorted. A stream may be wrapped as Firehose delivers it, base64 in `records[].data`.
//! Values with a scaled unit (`Milliseconds`, `Kilobytes`, `Percent`) are turned into the base unit.

use serde_json::Value;

use crate::model::when;
use crate::model::{Timestamp, Unit, ZoneCertainty};
use crate::parse::document::json::{self, Sketch, plain};
use crate::parse::{Context, Document};

use super::Place;
use super::gather::{Gather, Identity};

/// Statistics of one datapoint.
const STATISTICS: [&str; 5] = ["Average", "Sum", "Minimum", "Maximum", "SampleCount"];

/// Whether a JSON document is of `CloudWatch` metrics, and why.
pub(crate) fn recognise(sketch: &Sketch) -> Option<&'static str> {
    let has = |path: &str| sketch.has(path);
    if has("MetricDataResults") {
        return Some("an answer of CloudWatch get-metric-data");
    }
    if has("Datapoints") && (has("Label") || has("Datapoints[].Timestamp")) {
        return Some("an answer of CloudWatch get-metric-statistics");
    }
    if has("metric_name") && has("namespace") && has("dimensions") && has("value") {
        return Some("records of a CloudWatch metric stream");
    }
    (has("records[].data") && has("requestId")).then_some("records of a stream as Firehose delivers them")
}

/// Reads a document or lines of stream records; records are datapoints.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    for element in json::elements(&text, &mut gather.problems) {
        read(&mut gather, Place { line: element.line, byte: element.byte }, &element.value);
    }
    gather.finish(bytes)
}

fn read(gather: &mut Gather<'_>, place: Place, value: &Value) {
    let list = |key: &str| value.get(key).and_then(Value::as_array);
    if let Some(results) = list("MetricDataResults") {
        for result in results {
            metric_data(gather, place, result);
        }
        for message in list("Messages").into_iter().flatten() {
            gather.problems.push(place.problem(crate::model::ProblemKind::Answer, format!("the engine said: {message}")));
        }
    } else if let Some(points) = list("Datapoints") {
        let name = value.get("Label").and_then(Value::as_str).unwrap_or("metric");
        for point in points {
            statistics(gather, place, name, point);
        }
    } else if value.get("metric_name").is_some() {
        stream_record(gather, place, value);
    } else if let Some(records) = list("records") {
        firehose(gather, place, records);
    } else {
        gather.refuse(place, "the record holds no metric of CloudWatch");
    }
}

fn metric_data(gather: &mut Gather<'_>, place: Place, result: &Value) {
    let text = |key: &str| result.get(key).and_then(Value::as_str).unwrap_or("");
    let name = if text("Label").is_empty() { text("Id") } else { text("Label") };
    let list = |key: &str| result.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (times, values) = (list("Timestamps"), list("Values"));
    if times.len() != values.len() {
        gather.refuse(place, format!("{name} has {} times and {} values", times.len(), values.len()));
    }
    let mut tell = |reason: String| gather.problems.push(place.problem(crate::model::ProblemKind::Answer, reason));
    match text("StatusCode") {
        "" | "Complete" => {}
        "PartialData" => tell(format!("{name} is partial: the answer has more pages")),
        code => tell(format!("the engine answered for {name} with {code}")),
    }
    for message in list("Messages") {
        tell(format!("the engine said of {name}: {message}"));
    }
    for (time, value) in times.iter().zip(values) {
        let labels = vec![("id".to_owned(), text("Id").to_owned())];
        point(gather, place, Identity::new(name, labels), time, value, "");
    }
}

fn statistics(gather: &mut Gather<'_>, place: Place, name: &str, datapoint: &Value) {
    let unit = datapoint.get("Unit").and_then(Value::as_str).unwrap_or("");
    let Some(time) = datapoint.get("Timestamp") else {
        gather.n_records += 1;
        gather.unplaced(place, format!("a datapoint of {name} has no time"));
        return;
    };
    let extended = datapoint.get("ExtendedStatistics").and_then(Value::as_object);
    let plain = STATISTICS.iter().filter_map(|key| Some(((*key).to_owned(), datapoint.get(*key)?)));
    let all: Vec<(String, &Value)> = plain.chain(extended.into_iter().flatten().map(|(key, value)| (key.clone(), value))).collect();
    let n_before = gather.n_records;
    for (statistic, value) in all {
        let scaled = if statistic == "SampleCount" { "" } else { unit };
        point(gather, place, Identity::new(name, vec![("stat".to_owned(), statistic)]), time, value, scaled);
    }
    // One datapoint is one record, however many statistics it has.
    gather.n_records = n_before + 1;
}

fn stream_record(gather: &mut Gather<'_>, place: Place, record: &Value) {
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or("");
    let mut labels = vec![("namespace".to_owned(), text("namespace").to_owned())];
    let dimensions = record.get("dimensions").and_then(Value::as_object);
    labels.extend(dimensions.into_iter().flatten().filter_map(|(key, value)| Some((key.clone(), plain(value)?))));
    let n_before = gather.n_records;
    for (statistic, value) in record.get("value").and_then(Value::as_object).into_iter().flatten() {
        let mut labels = labels.clone();
        labels.push(("stat".to_owned(), statistic.clone()));
        let unit = if statistic == "count" { "" } else { text("unit") };
        point(gather, place, Identity::new(text("metric_name"), labels), &record["timestamp"], value, unit);
    }
    gather.n_records = n_before + 1;
}

fn firehose(gather: &mut Gather<'_>, place: Place, records: &[Value]) {
    for record in records {
        let data = record.get("data").and_then(Value::as_str).and_then(base64);
        let Some(data) = data else {
            gather.refuse(place, "a record of the stream has no base64 data");
            continue;
        };
        let text = json::text(&data, &mut gather.problems).into_owned();
        for element in json::elements(&text, &mut gather.problems) {
            if element.value.get("metric_name").is_some() {
                stream_record(gather, place, &element.value);
            } else {
                gather.refuse(place, "a record of the stream holds no metric");
            }
        }
    }
}

fn point(gather: &mut Gather<'_>, place: Place, mut identity: Identity, time: &Value, value: &Value, unit: &str) {
    gather.n_records += 1;
    let time: Option<Timestamp> = plain(time).and_then(|text| when::any(&text, gather.zone));
    let (Some(time), Some(value)) = (time, value.as_f64()) else {
        gather.unplaced(place, format!("a point of {} has no readable time or value", identity.name));
        return;
    };
    gather.certainty = Some(ZoneCertainty::Offset);
    let (scale, unit) = scale(unit);
    identity.unit = unit;
    gather.push(place, identity, time, value * scale);
}

/// Factor to the base unit, and that unit, of `CloudWatch`'s names of units. Prefixes are powers of 1000, bits are kept.
pub(super) fn scale(unit: &str) -> (f64, Unit) {
    let (base, is_rate) = unit.strip_suffix("/Second").map_or((unit, false), |base| (base, true));
    let prefixes = [("Kilo", 1e3), ("Mega", 1e6), ("Giga", 1e9), ("Tera", 1e12)];
    let bytes = prefixes.iter().find_map(|(prefix, scale)| (base.strip_prefix(prefix)? == "bytes").then_some(*scale));
    match (base, bytes) {
        ("Seconds", _) => (1.0, Unit::Seconds),
        ("Milliseconds", _) => (1e-3, Unit::Seconds),
        ("Microseconds", _) => (1e-6, Unit::Seconds),
        ("Percent", _) => (1e-2, Unit::Ratio),
        ("Bytes", _) => (1.0, if is_rate { Unit::BytesPerSecond } else { Unit::Bytes }),
        (_, Some(scale)) => (scale, if is_rate { Unit::BytesPerSecond } else { Unit::Bytes }),
        ("Count", _) if is_rate => (1.0, Unit::PerSecond),
        _ => (1.0, Unit::None),
    }
}

/// Base64 with the standard alphabet (RFC 4648 §4); `None` for anything else.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut n_bits) = (0u32, 0);
    for b in text.bytes().filter(|b| !b.is_ascii_whitespace()) {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            out.push((bits >> n_bits) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        let sketch = Sketch::of(text.as_bytes()).expect("JSON");
        assert!(recognise(&sketch).is_some(), "{text}");
        parse(text.as_bytes(), &Context::default())
    }

    #[test]
    fn points_newest_first_come_out_in_order() {
        let found = document(
            r#"{"MetricDataResults":[{"Id":"m1","Label":"CPUUtilization","StatusCode":"Complete",
            "Timestamps":["2023-11-14T22:15:00+00:00","2023-11-14T22:14:00+00:00"],"Values":[2.5,1.5]}],"Messages":[]}"#,
        );
        let values: Vec<f64> = found.series[0].samples.iter().map(|sample| sample.value).collect();
        assert_eq!((values, found.n_records, found.problems.total()), (vec![1.5, 2.5], 2, 0));
    }

    #[test]
    fn statistics_are_series_of_their_own_in_base_units() {
        let found = document(
            r#"{"Label":"Latency","Datapoints":[{"Timestamp":"2023-11-14T22:15:00Z","Average":120,"Maximum":900,"SampleCount":7,"Unit":"Milliseconds"},
            {"Timestamp":1700000040,"Average":80,"Unit":"Milliseconds"}]}"#,
        );
        let rows: Vec<(&str, f64, Unit)> = found
            .series
            .iter()
            .map(|one| (one.labels.get("stat").unwrap_or(""), one.samples.last().expect("one").value, one.unit))
            .collect();
        assert_eq!(rows, [("Average", 0.12, Unit::Seconds), ("Maximum", 0.9, Unit::Seconds), ("SampleCount", 7.0, Unit::None)]);
        assert_eq!(found.n_records, 2);
    }

    #[test]
    fn stream_records_are_read_plain_and_wrapped() {
        let line = r#"{"metric_stream_name":"s","namespace":"AWS/EC2","metric_name":"DiskWriteOps","dimensions":{"InstanceId":"i-1"},"timestamp":1700000000000,"value":{"count":3.0,"sum":20.0,"max":18.0,"min":0.0},"unit":"Seconds"}"#;
        let found = document(&format!("{line}\n"));
        assert_eq!((found.series.len(), found.n_records), (4, 1));
        assert_eq!(found.series[0].labels.get("InstanceId"), Some("i-1"));
        let wrapped = r#"{"requestId":"x","timestamp":1,"records":[{"data":"eyJuYW1lc3BhY2UiOiJOIiwibWV0cmljX25hbWUiOiJNIiwiZGltZW5zaW9ucyI6e30sInRpbWVzdGFtcCI6MTcwMDAwMDAwMDAwMCwidmFsdWUiOnsic3VtIjo1fSwidW5pdCI6IkNvdW50In0K"}]}"#;
        let found = document(wrapped);
        assert_eq!((found.series[0].name.as_str(), found.series[0].samples[0].value), ("M", 5.0));
        assert!(base64("é").is_none());
    }
}
