//! What `list` and `show` print, as text for people and as JSON (`coroner.note/1`) for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{ListFormat, Standings};
use crate::model::case::Standing;
use crate::model::text::{printable, rfc3339, t_offset};
use crate::model::{Annotation, AnnotationKind, CaseDoc};
use crate::report::case_file::annotation_to_json;
use crate::runtime::journal::Version;

/// Name and version of the JSON form.
const SCHEMA: &str = "coroner.note/1";
/// Keys that `show` tells in its first lines, or not at all.
const HEAD: [&str; 11] = ["id", "v", "kind", "t", "t0", "t1", "text", "author", "created", "updated", "rev"];

/// What is printed from.
#[derive(Clone, Copy)]
pub(crate) struct Paper<'a> {
    pub(crate) doc: &'a CaseDoc,
    pub(crate) standings: &'a Standings,
}

/// One line a record.
pub(crate) fn list(paper: Paper<'_>, records: &[&Annotation], format: ListFormat) -> String {
    let mut out = String::new();
    for annotation in records {
        let _ = match format {
            ListFormat::JsonLines => writeln!(out, "{}", Value::Object(to_json(paper, annotation))),
            ListFormat::Text => {
                let stands = paper.standings.get(&annotation.id).map_or_else(String::new, |one| format!("  [{}]", printable(&one.words())));
                writeln!(out, "{}{stands}", line(paper.doc, annotation))
            }
        };
    }
    out
}

fn to_json(paper: Paper<'_>, annotation: &Annotation) -> Map<String, Value> {
    let mut object = Map::from_iter([("schema".to_owned(), json!(SCHEMA))]);
    object.extend(annotation_to_json(annotation));
    if let Some(offset) = offset(paper.doc, annotation) {
        object.insert("offset".into(), json!(offset));
    }
    if let Some(standing) = paper.standings.get(&annotation.id) {
        object.insert("standing".into(), json!(standing.name()));
        match standing {
            Standing::Moved { source, line } => drop(object.insert("now".into(), json!({"path": source, "line": line}))),
            Standing::Lost { why } => drop(object.insert("lost_because".into(), json!(why))),
            Standing::Holds | Standing::Outside => {}
        }
    }
    object
}

fn offset(doc: &CaseDoc, annotation: &Annotation) -> Option<String> {
    let t0 = doc.meta.t0.as_ref()?.at;
    Some(t_offset(annotation.at()?.since(t0)))
}

fn line(doc: &CaseDoc, annotation: &Annotation) -> String {
    let time = annotation.at().map_or_else(|| "-".to_owned(), rfc3339);
    let offset = offset(doc, annotation).unwrap_or_default();
    let head = head(annotation);
    let tags: String = annotation.tags.iter().fold(String::new(), |all, tag| format!("{all} #{}", printable(tag)));
    let words = printable(annotation.text.lines().next().unwrap_or_default()).into_owned();
    let line = format!("{}  {time:<30} {offset:<9} {head}  {words}{tags}", printable(&annotation.id.0));
    line.trim_end().to_owned()
}

/// The kind and the word that tells most about it.
fn head(annotation: &Annotation) -> String {
    let detail = match &annotation.kind {
        AnnotationKind::Marker { name, .. } => name.name().to_owned(),
        AnnotationKind::Cause(cause) => format!("{} {}", cause.cause_type.name(), cause.status.name()),
        AnnotationKind::Hypothesis(hypothesis) => hypothesis.status.name().to_owned(),
        AnnotationKind::Link(link) => format!("{} {} {}", printable(&link.from.0), link.relation.name(), printable(&link.to.0)),
        AnnotationKind::Question(question) => question.status.name().to_owned(),
        AnnotationKind::Bucket(bucket) => bucket.name.name().to_owned(),
        AnnotationKind::Factor(factor) => factor.group.name().to_owned(),
        AnnotationKind::Section(section) => printable(&section.name).into_owned(),
        AnnotationKind::Conflict(conflict) => format!("{} {}", printable(&conflict.of.0), printable(&conflict.field)),
        _ => String::new(),
    };
    format!("{} {detail}", printable(annotation.kind.name())).trim_end().to_owned()
}

/// What is left to settle: the conflict, the field, its two values.
pub(crate) fn conflicts(doc: &CaseDoc) -> String {
    let mut out = String::new();
    let value = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), cut);
    for (record, conflict) in doc.conflicts() {
        let of = doc.annotations.get(&conflict.of).map_or_else(|| conflict.of.0.clone(), |of| line(doc, of));
        let [a, b] = [0, 1].map(|at| value(conflict.sides[at].as_ref()));
        let _ = writeln!(out, "{}  {}  a: {a}  b: {b}  of {of}", printable(&record.id.0), printable(&conflict.field));
    }
    for conflict in &doc.meta.conflicts {
        let [a, b] = [0, 1].map(|at| value(conflict.sides[at].as_ref()));
        let _ = writeln!(out, "{}  a: {a}  b: {b}  of case.toml", printable(&conflict.key.join(".")));
    }
    out
}

/// All of one record.
pub(crate) fn show(paper: Paper<'_>, annotation: &Annotation, history: &[Version], format: ListFormat) -> String {
    let doc = paper.doc;
    let is_pointing = |other: &&Annotation| other.kind.references().iter().any(|(_, id)| *id == annotation.id);
    let pointing: Vec<&Annotation> = doc.annotations.values().filter(is_pointing).collect();
    if format == ListFormat::JsonLines {
        let referenced_by: Vec<&str> = pointing.iter().map(|other| other.id.0.as_str()).collect();
        let mut object = to_json(paper, annotation);
        object.insert("referenced_by".into(), json!(referenced_by));
        object.insert("history".into(), history.iter().map(version_json).collect());
        return format!("{}\n", Value::Object(object));
    }
    let mut out = String::new();
    let time = annotation.at().map_or_else(String::new, |at| format!("  {}", rfc3339(at)));
    let offset = offset(doc, annotation).map_or_else(String::new, |offset| format!("  {offset}"));
    let _ = writeln!(out, "{}  {}{time}{offset}", printable(&annotation.id.0), head(annotation));
    for line in annotation.text.lines() {
        let _ = writeln!(out, "  {}", printable(line));
    }
    for (key, value) in annotation_to_json(annotation).iter().filter(|(key, _)| !HEAD.contains(&key.as_str())) {
        let _ = writeln!(out, "{:<14} {}", format!("{}:", printable(key)), told(value));
    }
    if let Some(standing) = paper.standings.get(&annotation.id) {
        let _ = writeln!(out, "{:<14} {}", "stands:", printable(&standing.words()));
    }
    let named = |id: &crate::model::AnnotationId| doc.annotations.get(id);
    for (key, id) in annotation.kind.references() {
        let what = named(&id).map_or_else(|| format!("{}  is not in this case", printable(&id.0)), |other| line(doc, other));
        let _ = writeln!(out, "{:<14} {what}", format!("→ {key}"));
    }
    for other in pointing {
        let _ = writeln!(out, "{:<14} {}", "← from", line(doc, other));
    }
    for version in history {
        let _ = writeln!(out, "{:<14} {}", format!("rev {}", version.revision()), version_line(version));
    }
    out
}

fn told(value: &Value) -> String {
    match value {
        Value::String(text) => printable(text).replace('\n', " ").clone(),
        other => printable(&other.to_string()).into_owned(),
    }
}

fn version_line(version: &Version) -> String {
    let changes = version.changes();
    let keys: Vec<String> = changes.iter().map(|(key, before, after)| format!("{key}: {} → {}", cut(before), cut(after))).collect();
    let when = version.at().map_or_else(|| "-".to_owned(), rfc3339);
    let by = if version.by.is_empty() { String::new() } else { format!(" by {}", printable(&version.by)) };
    format!("{when}  {}{by}  {}", printable(&version.step), keys.join("; ")).trim_end().to_owned()
}

/// A value in a few words.
fn cut(value: &Value) -> String {
    const WIDTH: usize = 40;
    let text = if value.is_null() { "nothing".to_owned() } else { told(value) };
    text.char_indices().nth(WIDTH).map_or_else(|| text.clone(), |(at, _)| format!("{}…", &text[..at]))
}

fn version_json(version: &Version) -> Value {
    let changes: Map<String, Value> = version.changes().into_iter().map(|(key, before, after)| (key, json!([before, after]))).collect();
    json!({"rev": version.revision(), "at": version.at().map(rfc3339), "step": version.step, "by": version.by, "changes": changes})
}
