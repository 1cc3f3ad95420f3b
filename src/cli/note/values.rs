//! Words of the command line → fields of a record, as its kind wants them.

use anyhow::Context as _;
use serde_json::{Map, Value};

use super::args::FieldArgs;
use crate::model::Timestamp;
use crate::model::case::{Field, FieldSort, KindFields, field_value};

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
    field_value(field, text, &mut |text| time(text).map_err(|error| format!("{error:#}"))).map_err(anyhow::Error::msg)
}
