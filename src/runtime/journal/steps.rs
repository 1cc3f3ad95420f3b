//! Steps as lines of the journal, and back.

use serde_json::{Map, Value, json};

use crate::model::Annotation;
use crate::model::case::{CaseMeta, Edit, EditStep};
use crate::report::case_file::{LoadedMeta, annotation_from_json, annotation_to_json, parse_meta, write_meta};

pub(super) struct Journal {
    pub(super) steps: Vec<EditStep>,
    /// Who made each step; empty: the journal does not say.
    pub(super) authors: Vec<String>,
    pub(super) broken: Vec<usize>,
    pub(super) is_torn: bool,
    pub(super) good_len: u64,
}

/// Reads the journal. A last line without its line end was never called saved: it is torn.
pub(super) fn read_journal(bytes: &[u8]) -> Journal {
    let good_len = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut journal =
        Journal { steps: Vec::new(), authors: Vec::new(), broken: Vec::new(), is_torn: good_len < bytes.len(), good_len: good_len as u64 };
    for (index, line) in bytes[..good_len].split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        let value: Option<Value> = serde_json::from_slice(line).ok();
        match value.as_ref().and_then(step_from_json) {
            Some(step) => {
                let by = value.as_ref().and_then(|value| value.get(BY)?.as_str()).unwrap_or_default();
                journal.authors.push(by.to_owned());
                journal.steps.push(step);
            }
            None => journal.broken.push(index + 1),
        }
    }
    journal
}

/// Key of the author of a step.
const BY: &str = "by";

/// A step as a line, with its author if anybody said who it is.
pub(super) fn signed(mut step: Value, author: &str) -> Value {
    if let Some(object) = step.as_object_mut().filter(|_| !author.trim().is_empty()) {
        object.insert(BY.to_owned(), author.into());
    }
    step
}

pub(super) fn step_to_json(step: &EditStep) -> Value {
    let record = |annotation: &Option<Box<Annotation>>| annotation.as_ref().map(|one| Value::Object(annotation_to_json(one)));
    let meta = |meta: &CaseMeta| write_meta(meta, &LoadedMeta::default());
    let edits: Vec<Value> = step
        .edits
        .iter()
        .map(|edit| match edit {
            Edit::Put { before, after } => json!({"put": {"before": record(before), "after": record(after)}}),
            Edit::Meta { before, after } => json!({"meta": {"before": meta(before), "after": meta(after)}}),
        })
        .collect();
    json!({"name": step.name, "edits": edits})
}

fn step_from_json(value: &Value) -> Option<EditStep> {
    let record = |value: Option<&Value>| -> Option<Option<Box<Annotation>>> {
        match value? {
            Value::Null => Some(None),
            Value::Object(object) => annotation_from_json(object).ok().map(|(annotation, _)| Some(Box::new(annotation))),
            _ => None,
        }
    };
    let meta = |value: Option<&Value>| Some(Box::new(parse_meta(value?.as_str()?).ok()?.meta));
    let edit = |value: &Value| -> Option<Edit> {
        let object: &Map<String, Value> = value.as_object()?;
        if let Some(put) = object.get("put") {
            return Some(Edit::Put { before: record(put.get("before"))?, after: record(put.get("after"))? });
        }
        let change = object.get("meta")?;
        Some(Edit::Meta { before: meta(change.get("before"))?, after: meta(change.get("after"))? })
    };
    let edits: Option<Vec<Edit>> = value.get("edits")?.as_array()?.iter().map(edit).collect();
    Some(EditStep { name: value.get("name")?.as_str()?.to_owned(), edits: edits? })
}
