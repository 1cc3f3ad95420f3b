//! Native histograms of the query API: `[time, {"count":…, "sum":…, "buckets":[[rule, lower, upper, count], …]}]`.

use serde::Deserialize;
use serde_json::Value;

use super::super::native::{Bucket, Histogram};
use crate::model::when;

#[derive(Deserialize)]
struct Written {
    count: Value,
    sum: Value,
    #[serde(default)]
    buckets: Vec<(u8, Value, Value, Value)>,
}

/// A list of samples, or a single one; the number counts those that cannot be read.
pub(super) fn read(text: &str) -> (Vec<Histogram>, u64) {
    let samples: Vec<Value> = match serde_json::from_str(text) {
        Ok(Value::Array(list)) if list.first().is_some_and(Value::is_array) => list,
        Ok(single @ Value::Array(_)) if single.get(1).is_some() => vec![single],
        _ => return (Vec::new(), u64::from(text != "[]")),
    };
    let n = samples.len() as u64;
    let found: Vec<Histogram> = samples.into_iter().filter_map(sample).collect();
    let n_bad = n - found.len() as u64;
    (found, n_bad)
}

fn sample(sample: Value) -> Option<Histogram> {
    let Value::Array(pair) = sample else { return None };
    let [time, value] = <[Value; 2]>::try_from(pair).ok()?;
    let time = when::epoch(&plain(&time)?)?;
    let written: Written = serde_json::from_value(value).ok()?;
    let buckets = written
        .buckets
        .iter()
        .map(|(_, lower, upper, count)| Some(Bucket { lower: number(lower)?, upper: number(upper)?, count: number(count)? }));
    let mut buckets = buckets.collect::<Option<Vec<Bucket>>>()?;
    buckets.sort_by(|a, b| a.upper.total_cmp(&b.upper));
    Some(Histogram { time_ms: time.0.div_euclid(1_000_000), count: number(&written.count)?, sum: number(&written.sum)?, buckets })
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    super::value_of(&plain(value)?).ok()
}
