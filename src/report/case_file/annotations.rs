//! `annotations.jsonl`: one record a line, sorted by (time, id), LF, trailing newline.
//!
//! Reading never fails as a whole. A line that is no record (broken, a conflict marker of git, the losing one of two
//! records with one id) goes to the side list, is reported, and is written back at the end of the file.
//! A record that did not change is written back byte for byte; a file in which nothing changed too.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::parse_time;
use super::record::{annotation_from_json, annotation_to_json};
use crate::model::catalog::{Problem, ProblemKind, Problems};
use crate::model::{Annotation, AnnotationId, Timestamp};

/// A line that is kept although it is not part of the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideLine {
    /// The line without its line end.
    pub text: String,
    /// Why it is here.
    pub reason: String,
}

/// What a file holds, and what is needed to write it back unchanged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LoadedAnnotations {
    /// Records of the case, by id.
    pub annotations: BTreeMap<AnnotationId, Annotation>,
    /// Lines kept beside them, in file order.
    pub side: Vec<SideLine>,
    /// What was wrong, by line.
    pub problems: Problems,
    /// Removed records: id → the line that says so.
    tombstones: BTreeMap<AnnotationId, String>,
    /// Record → its line as it was.
    lines: BTreeMap<AnnotationId, (Annotation, String)>,
    /// The whole text as it was.
    original: String,
}

impl LoadedAnnotations {
    /// The text that was read.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Whether a tombstone says that this record was removed.
    pub fn is_removed(&self, id: &AnnotationId) -> bool {
        self.tombstones.contains_key(id)
    }

    /// Keeps another version of a record beside the case, so that a save does not lose it.
    pub fn keep_aside(&mut self, annotation: &Annotation, reason: &str) {
        let text = line_of(annotation);
        if !self.side.iter().any(|line| line.text == text) {
            self.side.push(SideLine { text, reason: reason.to_owned() });
            // The text on disk does not hold this line yet: a save must write even if nothing else changed.
            self.lines.remove(&annotation.id);
        }
    }
}

/// Reads a file. O(size); never fails: what cannot be read is kept and reported.
pub fn parse_annotations(text: &str) -> LoadedAnnotations {
    let mut loaded = LoadedAnnotations { original: text.to_owned(), ..LoadedAnnotations::default() };
    let mut byte = 0;
    let mut removed = BTreeMap::new();
    for (index, raw) in text.split_inclusive('\n').enumerate() {
        let place = Place { line: index as u64 + 1, byte };
        byte += raw.len() as u64;
        let line = raw.trim_end_matches(['\n', '\r']);
        let line = if index == 0 { line.trim_start_matches('\u{feff}') } else { line };
        if line.trim().is_empty() {
            continue;
        }
        match read_line(line) {
            Line::Record(annotation, surprise) => {
                if let Some(reason) = surprise {
                    problem(&mut loaded, place, ProblemKind::Syntax, &format!("{reason}; the record is kept untouched"));
                }
                add_record(&mut loaded, *annotation, line, place);
            }
            Line::Removal(id) => {
                removed.insert(id, line.to_owned());
            }
            Line::Broken(kind, reason) => {
                problem(&mut loaded, place, kind, &format!("{reason}; the line is kept"));
                loaded.side.push(SideLine { text: line.to_owned(), reason });
            }
        }
    }
    for id in removed.keys() {
        loaded.annotations.remove(id);
        loaded.lines.remove(id);
    }
    loaded.tombstones = removed;
    loaded
}

/// The text of a file that holds these records. `loaded` is what was read before (or the default for a new file):
/// its side lines, tombstones and unchanged lines are written back. O(n log n).
pub fn write_annotations(annotations: &BTreeMap<AnnotationId, Annotation>, loaded: &LoadedAnnotations) -> String {
    let is_unchanged = annotations.len() == loaded.lines.len()
        && annotations.iter().all(|(id, annotation)| loaded.lines.get(id).is_some_and(|(before, _)| before == annotation))
        && !annotations.keys().any(|id| loaded.tombstones.contains_key(id));
    if is_unchanged {
        return loaded.original.clone();
    }
    let mut lines: Vec<(bool, Timestamp, &AnnotationId, String)> = Vec::new();
    for (id, annotation) in annotations {
        let line = match loaded.lines.get(id) {
            Some((before, line)) if before == annotation => line.clone(),
            _ => line_of(annotation),
        };
        let at = sort_time(annotation);
        lines.push((at.is_none(), at.unwrap_or_default(), id, line));
    }
    for (id, line) in &loaded.tombstones {
        if !annotations.contains_key(id) {
            lines.push((true, Timestamp::default(), id, line.clone()));
        }
    }
    for id in loaded.lines.keys() {
        if !annotations.contains_key(id) && !loaded.tombstones.contains_key(id) {
            lines.push((true, Timestamp::default(), id, json!({"id": id.0, "del": true}).to_string()));
        }
    }
    lines.sort_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
    let mut out = String::new();
    for line in lines.iter().map(|line| &line.3).chain(loaded.side.iter().map(|line| &line.text)) {
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// One line of a file, read.
enum Line {
    Record(Box<Annotation>, Option<String>),
    Removal(AnnotationId),
    Broken(ProblemKind, String),
}

#[derive(Clone, Copy)]
struct Place {
    line: u64,
    byte: u64,
}

fn read_line(line: &str) -> Line {
    let is_marker = |mark: &str| line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].into_iter().any(is_marker) {
        return Line::Broken(ProblemKind::Syntax, "conflict marker of a merge".into());
    }
    let object: Map<String, Value> = match serde_json::from_str(line) {
        Ok(object) => object,
        Err(error) => return Line::Broken(ProblemKind::Syntax, format!("not a JSON object: {error}")),
    };
    if object.get("del") == Some(&Value::Bool(true)) {
        return match object.get("id").and_then(Value::as_str) {
            Some(id) => Line::Removal(AnnotationId(id.to_owned())),
            None => Line::Broken(ProblemKind::Syntax, "removal without an \"id\" text".into()),
        };
    }
    match annotation_from_json(&object) {
        Ok((annotation, surprise)) => Line::Record(Box::new(annotation), surprise),
        Err(reason) => Line::Broken(ProblemKind::Syntax, reason),
    }
}

fn add_record(loaded: &mut LoadedAnnotations, annotation: Annotation, line: &str, place: Place) {
    let id = annotation.id.clone();
    let Some((before, before_line)) = loaded.lines.get(&id) else {
        loaded.lines.insert(id.clone(), (annotation.clone(), line.to_owned()));
        loaded.annotations.insert(id, annotation);
        return;
    };
    if *before == annotation {
        problem(loaded, place, ProblemKind::Duplicate, &format!("record {} stands here again", id.0));
        return;
    }
    // The same two records must give the same answer in either order of lines.
    let is_newer = (annotation.revision, annotation.updated, line) > (before.revision, before.updated, before_line.as_str());
    let reason = format!("record {} exists in two versions; the newer one is shown, the other one is kept in the file", id.0);
    let loser = if is_newer { before_line.clone() } else { line.to_owned() };
    problem(loaded, place, ProblemKind::Duplicate, &reason);
    loaded.side.push(SideLine { text: loser, reason });
    if is_newer {
        loaded.lines.insert(id.clone(), (annotation.clone(), line.to_owned()));
        loaded.annotations.insert(id, annotation);
    }
}

fn problem(loaded: &mut LoadedAnnotations, place: Place, kind: ProblemKind, reason: &str) {
    loaded.problems.push(Problem { line: place.line, byte: place.byte, kind, reason: reason.to_owned() });
}

fn line_of(annotation: &Annotation) -> String {
    Value::Object(annotation_to_json(annotation)).to_string()
}

/// The time a record is sorted by; kinds of a later version are placed by the `t` or `t0` that they carry.
fn sort_time(annotation: &Annotation) -> Option<Timestamp> {
    let of = |key| annotation.unknown.get(key).and_then(Value::as_str).and_then(parse_time);
    annotation.at().or_else(|| of("t")).or_else(|| of("t0"))
}
