//! One annotation as one JSON object with a fixed order of keys, and back.
//!
//! Order: `id v kind`, the fields of the kind, `text tags vis pinned author created updated rev`, then the fields that this
//! version does not know. A record of a known kind whose own fields do not fit is read as `Other`: nothing is lost,
//! because its fields then all count as unknown.

mod evidence;
mod fields;
mod kinds;

use serde_json::{Map, Value, json};

use crate::model::case::Visibility;
use crate::model::{Annotation, AnnotationId, AnnotationKind, Timestamp};
use fields::{put_flag, texts, time};
use kinds::{put_kind, take_kind};

/// Reads an RFC 3339 time as the files hold it; `None` when it is none or outside 1678…2262.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    chrono::DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt().map(Timestamp)
}

/// Version of the record layout, written as `v`.
const VERSION: u64 = 1;
/// Keys that every kind has.
const COMMON: [&str; 11] = ["id", "v", "kind", "text", "tags", "vis", "pinned", "author", "created", "updated", "rev"];

/// The annotation as a JSON object. O(size).
pub fn annotation_to_json(annotation: &Annotation) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("id".into(), json!(annotation.id.0));
    out.insert("v".into(), annotation.unknown.get("v").cloned().unwrap_or_else(|| json!(VERSION)));
    out.insert("kind".into(), json!(annotation.kind.name()));
    put_kind(&mut out, &annotation.kind);
    out.insert("text".into(), json!(annotation.text));
    if !annotation.tags.is_empty() {
        out.insert("tags".into(), json!(annotation.tags));
    }
    if annotation.visibility != Visibility::default() {
        out.insert("vis".into(), json!(annotation.visibility.name()));
    }
    put_flag(&mut out, "pinned", annotation.is_pinned);
    if !annotation.author.is_empty() {
        out.insert("author".into(), json!(annotation.author));
    }
    for (key, at) in [("created", annotation.created), ("updated", annotation.updated)] {
        if at != Timestamp::default() {
            out.insert(key.into(), time(at));
        }
    }
    out.insert("rev".into(), json!(annotation.revision));
    for (key, value) in &annotation.unknown {
        match (out.get_mut(key), value) {
            // What is unknown inside a known object goes back into that object.
            (Some(Value::Object(known)), Value::Object(more)) => {
                for (name, value) in more {
                    known.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
            (Some(_), _) => {}
            (None, _) => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    out
}

/// Reads an annotation. `Err` says what is missing; the second part of `Ok` says why a record of a known kind
/// was kept as `Other`.
pub fn annotation_from_json(object: &Map<String, Value>) -> Result<(Annotation, Option<String>), String> {
    let id = object.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).ok_or("record without an \"id\" text")?;
    let kind_name = object.get("kind").and_then(Value::as_str).ok_or("record without a \"kind\" text")?;
    let mut unknown = object.clone();
    let common = take_common(&mut unknown)?;
    let before = unknown.clone();
    let (kind, surprise) = match take_kind(kind_name, &mut unknown) {
        Ok(Some(kind)) => (kind, None),
        Ok(None) => (AnnotationKind::Other(kind_name.to_owned()), None),
        Err(reason) => {
            unknown = before;
            (AnnotationKind::Other(kind_name.to_owned()), Some(reason))
        }
    };
    let annotation = Annotation { id: AnnotationId(id.to_owned()), kind, unknown, ..common };
    Ok((annotation, surprise))
}

/// A kind from its own fields, by their keys in files. Errors name the field that is missing, wrong or unknown to the kind.
pub fn kind_from_fields(kind: &str, mut fields: Map<String, Value>) -> Result<AnnotationKind, String> {
    let made = take_kind(kind, &mut fields)?.ok_or_else(|| format!("no kind {kind:?}"))?;
    match fields.keys().next() {
        Some(key) => Err(format!("a {kind} has no field \"{key}\"")),
        None => Ok(made),
    }
}

/// Reads the fields that all kinds share and removes them; `kind` and `id` of the answer are to be set.
fn take_common(fields: &mut Map<String, Value>) -> Result<Annotation, String> {
    let mut common = Annotation {
        id: AnnotationId::default(),
        kind: AnnotationKind::Other(String::new()),
        text: String::new(),
        tags: Vec::new(),
        visibility: Visibility::default(),
        is_pinned: false,
        author: String::new(),
        created: Timestamp::default(),
        updated: Timestamp::default(),
        revision: 1,
        unknown: Map::new(),
    };
    for key in COMMON {
        let Some(value) = fields.shift_remove(key) else { continue };
        let wrong = || format!("\"{key}\" does not hold what it should");
        match key {
            "v" if value.as_u64() != Some(VERSION) => {
                fields.insert("v".into(), value);
            }
            "text" => value.as_str().ok_or_else(wrong)?.clone_into(&mut common.text),
            "author" => value.as_str().ok_or_else(wrong)?.clone_into(&mut common.author),
            "tags" => common.tags = texts(&value).ok_or_else(wrong)?,
            "vis" => common.visibility = value.as_str().and_then(Visibility::from_name).ok_or_else(wrong)?,
            "pinned" => common.is_pinned = value.as_bool().ok_or_else(wrong)?,
            "created" => common.created = value.as_str().and_then(parse_time).ok_or_else(wrong)?,
            "updated" => common.updated = value.as_str().and_then(parse_time).ok_or_else(wrong)?,
            "rev" => common.revision = value.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or_else(wrong)?,
            _ => {}
        }
    }
    Ok(common)
}
