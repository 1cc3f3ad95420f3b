//! Exemplars of `/api/v1/query_exemplars`: single observations with the trace that made them, told as events.
//!
//! They become a text of one record a line, so that everything that follows a trace finds them among the logs. No record
//! names a service as a role: an exemplar is a sample of requests, not a request to be counted.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::model::catalog::Problems;
use crate::model::{self, Labels, ProblemKind, SourceId, Timestamp, text};
use crate::parse::document::json;
use crate::parse::metric::Place;

/// Name of the format.
pub const FORMAT: &str = "prometheus-exemplars";

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    data: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    #[serde(rename = "seriesLabels")]
    labels: BTreeMap<String, String>,
    exemplars: Vec<Exemplar>,
}

#[derive(Deserialize)]
struct Exemplar {
    labels: BTreeMap<String, String>,
    value: Value,
    timestamp: f64,
}

/// Records of an answer, by time.
pub(crate) struct Records {
    /// One JSON object a line.
    pub text: Vec<u8>,
    /// How many.
    pub n_records: u64,
    /// What could not be read.
    pub problems: Problems,
}

/// Whether a file is such an answer.
pub(crate) fn is_answer(head: &[u8]) -> bool {
    let starts = head.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let has = |key: &[u8]| memchr::memmem::find(head, key).is_some();
    starts && has(b"\"seriesLabels\"") && has(b"\"exemplars\"") && has(b"\"status\"")
}

/// Makes records of an answer.
pub(crate) fn records(bytes: &[u8]) -> Records {
    let mut problems = Problems::default();
    let source = json::text(bytes, &mut problems);
    let answer: Answer = match serde_json::from_str(&source) {
        Ok(answer) => answer,
        Err(error) => {
            problems.push(json::problem_of(&error, &source, ""));
            Answer { data: Vec::new() }
        }
    };
    let mut found: Vec<(i64, String)> = Vec::new();
    for series in answer.data {
        let identity = identity(series.labels);
        for exemplar in series.exemplars {
            let ms = (exemplar.timestamp * 1000.0).round() as i64;
            let Some(ns) = ms.checked_mul(1_000_000).filter(|ns| *ns > 0) else {
                let reason = format!("{} is not a time", exemplar.timestamp);
                problems.push(Place::default().problem(ProblemKind::Time, reason));
                continue;
            };
            let value = exemplar.value.as_str().map_or_else(|| exemplar.value.to_string(), str::to_owned);
            let mut record = Map::new();
            record.insert("ts".into(), json!(text::rfc3339(Timestamp(ns))));
            record.insert("msg".into(), json!(format!("exemplar of {identity}: {value}")));
            record.insert("value".into(), json!(value));
            record.extend(exemplar.labels.into_iter().map(|(name, value)| (name, Value::String(value))));
            found.push((ns, Value::Object(record).to_string()));
        }
    }
    found.sort();
    let n_records = found.len() as u64;
    let text = found.into_iter().flat_map(|(_, line)| [line.into_bytes(), b"\n".to_vec()]).flatten().collect();
    Records { text, n_records, problems }
}

/// The same as exemplars of their series; what cannot be read was told by `records`.
pub fn exemplars(bytes: &[u8]) -> Vec<model::Exemplar> {
    let mut problems = Problems::default();
    let source = json::text(bytes, &mut problems);
    let answer: Answer = serde_json::from_str(&source).unwrap_or(Answer { data: Vec::new() });
    let mut kept = super::super::exemplar::Exemplars::default();
    for mut series in answer.data {
        let name = series.labels.remove("__name__").unwrap_or_default();
        let labels = Labels::new(series.labels.into_iter().collect());
        for exemplar in series.exemplars {
            let ms = (exemplar.timestamp * 1000.0).round() as i64;
            let value = exemplar.value.as_str().map_or_else(|| exemplar.value.as_f64(), |text| text.parse().ok());
            let (Some(ns), Some(value)) = (ms.checked_mul(1_000_000).filter(|ns| *ns > 0), value) else { continue };
            let (own, time) = (Labels::new(exemplar.labels.into_iter().collect()), Timestamp(ns));
            kept.push(model::Exemplar { name: name.clone(), labels: labels.clone(), time, value, own, source: SourceId::default() });
        }
    }
    kept.finish(&mut problems)
}

/// `name{label="value",…}`.
fn identity(mut labels: BTreeMap<String, String>) -> String {
    let name = labels.remove("__name__").unwrap_or_default();
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{name}{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exemplar_is_an_event_with_its_trace() {
        let answer = br#"{"status":"success","data":[{"seriesLabels":{"__name__":"requests_total","code":"200"},"exemplars":[
            {"labels":{"trace_id":"abc123"},"value":"0.7","timestamp":1795418502.25},{"labels":{},"value":"1","timestamp":1795418501}]}]}"#;
        assert!(is_answer(answer) && !is_answer(b"{\"data\":[]}"));
        let records = records(answer);
        let lines: Vec<&str> = std::str::from_utf8(&records.text).unwrap().lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            lines[1],
            r#"{"ts":"2026-11-23T07:21:42.25Z","msg":"exemplar of requests_total{code=\"200\"}: 0.7","value":"0.7","trace_id":"abc123"}"#
        );
        assert_eq!(super::records(&answer[..answer.len() - 9]).problems.total(), 1);
    }
}
