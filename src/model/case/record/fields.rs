//! Typed fields of a JSON object: written one by one, taken out one by one, so that what stays is unknown.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::parse_time;
use crate::model::text::rfc3339;
use crate::model::{AnnotationId, Labels, TimeRange, Timestamp};

pub(super) fn time(at: Timestamp) -> Value {
    Value::String(rfc3339(at))
}

pub(super) fn put_text(out: &mut Map<String, Value>, key: &str, text: Option<&str>) {
    if let Some(text) = text {
        out.insert(key.into(), json!(text));
    }
}

/// Writes a list unless it is empty.
pub(super) fn put_ids(out: &mut Map<String, Value>, key: &str, list: &[AnnotationId]) {
    if !list.is_empty() {
        out.insert(key.into(), ids(list));
    }
}

/// Writes a word unless there is none.
pub(super) fn put_word(out: &mut Map<String, Value>, key: &str, word: Option<&'static str>) {
    put_text(out, key, word);
}

/// Writes `true`; nothing for `false`.
pub(super) fn put_flag(out: &mut Map<String, Value>, key: &str, flag: bool) {
    if flag {
        out.insert(key.into(), Value::Bool(true));
    }
}

pub(super) fn put_numbers(out: &mut Map<String, Value>, key: &str, numbers: &BTreeMap<String, f64>) {
    if !numbers.is_empty() {
        out.insert(key.into(), Value::Object(numbers.iter().map(|(name, value)| (name.clone(), number(*value))).collect()));
    }
}

pub(super) fn put_range(out: &mut Map<String, Value>, range: TimeRange) {
    out.insert("t0".into(), time(range.start()));
    out.insert("t1".into(), time(range.end()));
}

pub(super) fn ids(ids: &[AnnotationId]) -> Value {
    Value::Array(ids.iter().map(|id| json!(id.0)).collect())
}

pub(super) fn labels_json(labels: &Labels) -> Value {
    Value::Object(labels.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect())
}

/// A number as JSON; what JSON cannot say is text.
pub(super) fn number(value: f64) -> Value {
    if value.is_nan() {
        json!("NaN")
    } else if value.is_infinite() {
        json!(if value > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        json!(value)
    }
}

fn number_from(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "+Inf" => Some(f64::INFINITY),
            "-Inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Takes typed fields out of an object; what stays is unknown.
pub(super) struct Taker<'a> {
    pub(super) fields: &'a mut Map<String, Value>,
}

impl Taker<'_> {
    pub(super) fn take<T>(&mut self, key: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, String> {
        match self.fields.shift_remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(&value).map(Some).ok_or_else(|| format!("\"{key}\" does not hold what it should")),
        }
    }

    pub(super) fn opt_text(&mut self, key: &str) -> Result<Option<String>, String> {
        self.take(key, |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn text(&mut self, key: &str) -> Result<String, String> {
        self.opt_text(key)?.ok_or_else(|| missing(key))
    }

    pub(super) fn opt_time(&mut self, key: &str) -> Result<Option<Timestamp>, String> {
        self.take(key, |value| value.as_str().and_then(parse_time))
    }

    pub(super) fn time(&mut self, key: &str) -> Result<Timestamp, String> {
        self.opt_time(key)?.ok_or_else(|| missing(key))
    }

    pub(super) fn range(&mut self) -> Result<TimeRange, String> {
        let start = self.time("t0")?;
        let end = self.time("t1")?;
        if end < start {
            return Err("\"t1\" is earlier than \"t0\"".into());
        }
        Ok(TimeRange::new(start, end))
    }

    /// `None` when there is no `t0`.
    pub(super) fn opt_range(&mut self) -> Result<Option<TimeRange>, String> {
        if self.fields.contains_key("t0") { self.range().map(Some) } else { Ok(None) }
    }

    pub(super) fn opt_named<T>(&mut self, key: &str, from_name: impl Fn(&str) -> Option<T>) -> Result<Option<T>, String> {
        match self.opt_text(key)? {
            None => Ok(None),
            Some(name) => from_name(&name).map(Some).ok_or_else(|| format!("\"{key}\" has the unknown name {name:?}")),
        }
    }

    pub(super) fn flag(&mut self, key: &str) -> Result<bool, String> {
        Ok(self.opt_flag(key)?.unwrap_or_default())
    }

    pub(super) fn opt_flag(&mut self, key: &str) -> Result<Option<bool>, String> {
        self.take(key, Value::as_bool)
    }

    pub(super) fn opt_i64(&mut self, key: &str) -> Result<Option<i64>, String> {
        self.take(key, Value::as_i64)
    }

    pub(super) fn opt_u32(&mut self, key: &str) -> Result<Option<u32>, String> {
        self.opt_u64(key)?.map(|n| u32::try_from(n).map_err(|_| format!("\"{key}\" is too great"))).transpose()
    }

    pub(super) fn opt_id(&mut self, key: &str) -> Result<Option<AnnotationId>, String> {
        Ok(self.opt_text(key)?.map(AnnotationId))
    }

    pub(super) fn numbers(&mut self, key: &str) -> Result<BTreeMap<String, f64>, String> {
        let read = |value: &Value| value.as_object()?.iter().map(|(name, value)| Some((name.clone(), number_from(value)?))).collect();
        Ok(self.take(key, read)?.unwrap_or_default())
    }

    pub(super) fn opt_labels(&mut self, key: &str) -> Result<Labels, String> {
        if self.fields.contains_key(key) { self.labels(key) } else { Ok(Labels::default()) }
    }

    pub(super) fn named<T>(&mut self, key: &str, from_name: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        let name = self.text(key)?;
        from_name(&name).ok_or_else(|| format!("\"{key}\" has the unknown name {name:?}"))
    }

    pub(super) fn ids(&mut self, key: &str) -> Result<Vec<AnnotationId>, String> {
        Ok(self.take(key, texts)?.unwrap_or_default().into_iter().map(AnnotationId).collect())
    }

    pub(super) fn opt_u64(&mut self, key: &str) -> Result<Option<u64>, String> {
        self.take(key, Value::as_u64)
    }

    pub(super) fn u64(&mut self, key: &str) -> Result<u64, String> {
        self.opt_u64(key)?.ok_or_else(|| missing(key))
    }

    pub(super) fn opt_number(&mut self, key: &str) -> Result<Option<f64>, String> {
        self.take(key, number_from)
    }

    pub(super) fn object(&mut self, key: &str) -> Result<Map<String, Value>, String> {
        self.take(key, |value| value.as_object().cloned())?.ok_or_else(|| missing(key))
    }

    pub(super) fn labels(&mut self, key: &str) -> Result<Labels, String> {
        let pairs = self.object(key)?;
        let pairs: Option<Vec<_>> = pairs.iter().map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        pairs.map(Labels::new).ok_or_else(|| format!("\"{key}\" holds a value that is no text"))
    }

    pub(super) fn peak(&mut self) -> Result<Option<(Timestamp, f64)>, String> {
        self.take("peak", |value| {
            let at = value.get("t").and_then(Value::as_str).and_then(parse_time)?;
            Some((at, number_from(value.get("value")?)?))
        })
    }

    pub(super) fn points(&mut self) -> Result<Vec<Option<f64>>, String> {
        let read = |value: &Value| {
            value.as_array()?.iter().map(|point| if point.is_null() { Some(None) } else { number_from(point).map(Some) }).collect()
        };
        Ok(self.take("points", read)?.unwrap_or_default())
    }
}

fn missing(key: &str) -> String {
    format!("\"{key}\" is missing")
}
