//! Words of the command line → fields of a record, as its kind wants them.

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use super::args::FieldArgs;
use crate::model::Timestamp;
use crate::model::case::{Field, FieldSort, KindFields};
use crate::model::text::rfc3339;
use crate::model::when::parse_duration;

/// Reads a moment that may be relative to the case or its data.
pub(crate) type ReadTime<'a> = dyn FnMut(&str) -> anyhow::Result<Timestamp> + 'a;

/// Fields that all kinds have and that `--set` takes.
const COMMON: [Field; 2] = [
    Field { key: "vis", sort: FieldSort::Choice(|| vec!["internal", "public"]), says: "who may read it", is_needed: false },
    Field { key: "pinned", sort: FieldSort::Flag, says: "belongs into the short timeline", is_needed: false },
];

/// The fields that options and `--set` name, by key; null for one that is to be taken away. `--at`, `--to`, `--tag`
/// and lists of ids are the caller's.
pub(crate) fn fields(kind: &str, args: &FieldArgs, time: &mut ReadTime<'_>) -> anyhow::Result<Map<String, Value>> {
    let form = KindFields::of(kind);
    let mut fields = Map::new();
    let options: [(&str, &Option<String>, &[&str]); 10] = [
        ("--name", &args.name, &["name"]),
        ("--service", &args.service, &["svc"]),
        ("--row", &args.row, &["rowkind"]),
        ("--type", &args.subtype, &["ctype", "type", "group"]),
        ("--status", &args.status, &["status", "effect", "verdict"]),
        ("--owner", &args.owner, &["owner"]),
        ("--due", &args.due, &["due"]),
        ("--priority", &args.priority, &["priority"]),
        ("--done-when", &args.done_when, &["done_when"]),
        ("--link", &args.link, &["link"]),
    ];
    for (option, given, keys) in options.into_iter().chain([("--rule", &args.rule, &["rule"][..])]) {
        let Some(text) = given else { continue };
        let field = keys.iter().find_map(|key| form?.field(key)).with_context(|| format!("a {kind} has no field for {option}"))?;
        fields.insert(field.key.to_owned(), value(field, text, time)?);
    }
    for pair in &args.set {
        let (key, text) = pair.split_once('=').with_context(|| format!("{pair:?} is not KEY=VALUE"))?;
        let field = COMMON.iter().find(|field| field.key == key).or_else(|| form?.field(key));
        let known = || form.map_or_else(String::new, |form| form.fields.iter().map(|field| field.key).collect::<Vec<_>>().join(", "));
        let field = field.with_context(|| format!("a {kind} has no field {key:?}; it has {}, vis, pinned", known()))?;
        fields.insert(key.to_owned(), if text.is_empty() { Value::Null } else { value(field, text, time)? });
    }
    Ok(fields)
}

/// The key for evidence for or against, or for causes, of this kind; an error when it has none.
pub(crate) fn list_key(kind: &str, option: &str, keys: &[&'static str]) -> anyhow::Result<&'static str> {
    let field = keys.iter().find_map(|key| KindFields::of(kind)?.field(key));
    field.map(|field| field.key).with_context(|| format!("a {kind} has no field for {option}"))
}

fn value(field: &Field, text: &str, time: &mut ReadTime<'_>) -> anyhow::Result<Value> {
    let (key, text) = (field.key, text.trim());
    let list = || text.split(',').map(str::trim).filter(|part| !part.is_empty());
    Ok(match field.sort {
        FieldSort::Text | FieldSort::Suggested(_) | FieldSort::Id(_) => json!(text),
        FieldSort::Choice(words) => {
            let words = words();
            if !words.contains(&text) {
                bail!("{key}: no word {text:?}; there are {}", words.join(", "));
            }
            json!(text)
        }
        FieldSort::Moment => json!(rfc3339(time(text)?)),
        FieldSort::Span => json!(signed_duration(text).with_context(|| format!("{key}: {text:?} is no duration such as 90s or -1m30s"))?),
        FieldSort::Day => {
            chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()
                .with_context(|| format!("{key}: {text:?} is no date; write YYYY-MM-DD"))?;
            json!(text)
        }
        FieldSort::Number => json!(number(key, text)?),
        FieldSort::Count => json!(text.parse::<u32>().ok().with_context(|| format!("{key}: {text:?} is no whole number"))?),
        FieldSort::Flag => match text {
            "yes" | "true" | "on" => json!(true),
            "no" | "false" | "off" => json!(false),
            _ => bail!("{key}: {text:?} is neither yes nor no"),
        },
        FieldSort::Ids(_) => list().map(Value::from).collect(),
        FieldSort::Labels => {
            let pair = |part: &str| {
                let (name, value) = part.split_once('=').with_context(|| format!("{key}: {part:?} is not NAME=VALUE"))?;
                anyhow::Ok((name.trim().to_owned(), json!(value.trim())))
            };
            Value::Object(list().map(pair).collect::<anyhow::Result<_>>()?)
        }
        FieldSort::Numbers => {
            // A series may hold commas and equal signs in its labels: the last sign parts name and number.
            let (name, limit) = text.rsplit_once('=').with_context(|| format!("{key}: {text:?} is not SERIES=NUMBER"))?;
            json!({name.trim(): number(key, limit.trim())?})
        }
    })
}

fn number(key: &str, text: &str) -> anyhow::Result<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite()).with_context(|| format!("{key}: {text:?} is no number"))
}

/// `+90s`, `-1h`, `250ms` in nanoseconds.
pub(crate) fn signed_duration(text: &str) -> anyhow::Result<i64> {
    let (sign, rest) = match text.strip_prefix('-').or_else(|| text.strip_prefix('−')) {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let ns = parse_duration(rest).map_err(anyhow::Error::msg)?;
    Ok(sign * ns)
}
