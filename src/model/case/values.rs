//! What people type into a field → its value in a record, as the table of fields says.

use serde_json::{Value, json};

use super::{Field, FieldSort};
use crate::model::text::rfc3339;
use crate::model::time::Timestamp;
use crate::model::when::parse_duration;

/// Reads a moment that may be relative to the case or its data.
pub type ReadTime<'a> = dyn FnMut(&str) -> Result<Timestamp, String> + 'a;

/// The value of a field from words. Errors name the field and say what it takes.
pub fn field_value(field: &Field, text: &str, time: &mut ReadTime<'_>) -> Result<Value, String> {
    let (key, text) = (field.key, text.trim());
    let list = || text.split(',').map(str::trim).filter(|part| !part.is_empty());
    Ok(match field.sort {
        FieldSort::Text | FieldSort::Suggested(_) | FieldSort::Id(_) => json!(text),
        FieldSort::Choice(words) => {
            let words = words();
            if !words.contains(&text) {
                return Err(format!("{key}: no word {text:?}; there are {}", words.join(", ")));
            }
            json!(text)
        }
        FieldSort::Moment => json!(rfc3339(time(text)?)),
        FieldSort::Span => json!(signed_duration(text).map_err(|_| format!("{key}: {text:?} is no duration such as 90s or -1m30s"))?),
        FieldSort::Day => {
            if chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_err() {
                return Err(format!("{key}: {text:?} is no date; write YYYY-MM-DD"));
            }
            json!(text)
        }
        FieldSort::Number => json!(number(key, text)?),
        FieldSort::Count => json!(text.parse::<u32>().map_err(|_| format!("{key}: {text:?} is no whole number"))?),
        FieldSort::Flag => match text {
            "yes" | "true" | "on" => json!(true),
            "no" | "false" | "off" => json!(false),
            _ => return Err(format!("{key}: {text:?} is neither yes nor no")),
        },
        FieldSort::Ids(_) => list().map(Value::from).collect(),
        FieldSort::Labels => {
            let pair = |part: &str| {
                let (name, value) = part.split_once('=').ok_or_else(|| format!("{key}: {part:?} is not NAME=VALUE"))?;
                Ok((name.trim().to_owned(), json!(value.trim())))
            };
            Value::Object(list().map(pair).collect::<Result<_, String>>()?)
        }
        FieldSort::Numbers => {
            // A series may hold commas and equal signs in its labels: the last sign parts name and number.
            let (name, limit) = text.rsplit_once('=').ok_or_else(|| format!("{key}: {text:?} is not SERIES=NUMBER"))?;
            json!({name.trim(): number(key, limit.trim())?})
        }
    })
}

fn number(key: &str, text: &str) -> Result<f64, String> {
    text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| format!("{key}: {text:?} is no number"))
}

/// `+90s`, `-1h`, `250ms` in nanoseconds.
pub fn signed_duration(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix('-').or_else(|| text.strip_prefix('−')) {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    Ok(sign * parse_duration(rest)?)
}
