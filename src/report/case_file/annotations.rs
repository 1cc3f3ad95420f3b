//! `annotations.jsonl`: one record a line, sorted by (time, id), LF, trailing newline.
//!
//! Reading never fails as a whole. A line that is no record goes to the side list, is reported, and is written back at
//! the end of the file. Two versions of one record, and the two sides between conflict markers of git, are merged: what
//! they do not agree on becomes conflict records. A record that did not change is written back byte for byte; a file in
//! which nothing changed too.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::merge::combine;
use super::{annotation_from_json, annotation_to_json, parse_time};
use crate::model::case::{Side, merge_records};
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
    pub(super) tombstones: BTreeMap<AnnotationId, String>,
    /// Record → its line as it was. A record merged of several lines has none.
    pub(super) lines: BTreeMap<AnnotationId, (Annotation, String)>,
    /// The whole text as it was.
    pub(super) original: String,
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

    /// Ids of records that are known to have been removed.
    pub fn removed(&self) -> BTreeSet<AnnotationId> {
        self.tombstones.keys().cloned().collect()
    }

    /// Remembers what another version of the file said to have been removed.
    pub fn remember_removed(&mut self, other: &Self) {
        for (id, line) in &other.tombstones {
            if !self.annotations.contains_key(id) {
                self.tombstones.entry(id.clone()).or_insert_with(|| line.clone());
            }
        }
    }
}

/// Reads a file. O(size); never fails: what cannot be read is kept and reported.
pub fn parse_annotations(text: &str) -> LoadedAnnotations {
    let Some(split) = split_markers(text) else { return parse_plain(text) };
    let [base, ours, theirs] = split.versions.map(|version| parse_plain(&version));
    let (mut merged, conflicts) = combine(&base, &ours, &theirs);
    text.clone_into(&mut merged.original);
    for side in [ours, theirs] {
        side.problems.kept().iter().filter(|problem| problem.kind != ProblemKind::Duplicate).for_each(|found| {
            if !merged.problems.kept().contains(found) {
                merged.problems.push(found.clone());
            }
        });
    }
    let reason = format!("conflict markers of git: the two sides were merged, {} conflicts are left to settle", conflicts.len());
    problem(&mut merged, Place { line: split.line, byte: 0 }, ProblemKind::Syntax, &reason);
    merged
}

/// A file with conflict markers, taken apart.
struct Split {
    /// Base, ours, theirs. Without a base between the markers, base is what both have.
    versions: [String; 3],
    /// First marker, from 1.
    line: u64,
}

/// `None` when there are no markers, or they do not fit together: then they are lines like others.
fn split_markers(text: &str) -> Option<Split> {
    #[derive(PartialEq)]
    enum At {
        Both,
        Ours,
        Base,
        Theirs,
    }
    let (mut at, mut first, mut versions) = (At::Both, None, [String::new(), String::new(), String::new()]);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let mark = MARKERS.into_iter().find(|mark| is_marker(line.trim_end_matches(['\n', '\r']), mark));
        at = match (mark, at) {
            (Some("<<<<<<<"), At::Both) => {
                first = first.or(Some(index as u64 + 1));
                At::Ours
            }
            (Some("|||||||"), At::Ours) => At::Base,
            (Some("======="), At::Ours | At::Base) => At::Theirs,
            (Some(">>>>>>>"), At::Theirs) => At::Both,
            (Some(_), _) => return None,
            (None, at) => {
                let targets: &[usize] = match at {
                    At::Both => &[0, 1, 2],
                    At::Base => &[0],
                    At::Ours => &[1],
                    At::Theirs => &[2],
                };
                for target in targets {
                    let version = &mut versions[*target];
                    if !version.is_empty() && !version.ends_with('\n') {
                        version.push('\n');
                    }
                    version.push_str(line);
                }
                at
            }
        };
    }
    (at == At::Both).then_some(Split { versions, line: first? })
}

const MARKERS: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

fn is_marker(line: &str, mark: &str) -> bool {
    line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

fn parse_plain(text: &str) -> LoadedAnnotations {
    let mut loaded = LoadedAnnotations { original: text.to_owned(), ..LoadedAnnotations::default() };
    let mut byte = 0;
    let mut removed = BTreeMap::new();
    let mut versions: BTreeMap<AnnotationId, Vec<(Annotation, String)>> = BTreeMap::new();
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
                let known = versions.entry(annotation.id.clone()).or_default();
                if !known.is_empty() {
                    let words = if known.iter().any(|(other, _)| *other == *annotation) {
                        format!("record {} stands here again", annotation.id.0)
                    } else {
                        format!("record {} stands here in another version: the two were merged", annotation.id.0)
                    };
                    problem(&mut loaded, place, ProblemKind::Duplicate, &words);
                }
                known.push((*annotation, line.to_owned()));
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
    versions.retain(|id, _| !removed.contains_key(id));
    loaded.tombstones = removed;
    let known = loaded.removed();
    for (id, versions) in versions {
        settle_versions(&mut loaded, id, versions, &known);
    }
    loaded
}

/// Puts a record that stands in the file once or in several versions: these are merged, newest first, in whatever order
/// they stand.
fn settle_versions(
    loaded: &mut LoadedAnnotations,
    id: AnnotationId,
    mut versions: Vec<(Annotation, String)>,
    removed: &BTreeSet<AnnotationId>,
) {
    versions.sort_by(|(a, a_line), (b, b_line)| (b.revision, b.updated, b_line).cmp(&(a.revision, a.updated, a_line)));
    versions.dedup_by(|b, a| a.0 == b.0);
    let mut rest = versions.iter().map(|(version, _)| BTreeMap::from([(id.clone(), version.clone())]));
    let mut merged = rest.next().unwrap_or_default();
    for version in rest {
        let none = (BTreeMap::new(), BTreeSet::new());
        let base = Side { records: &none.0, removed: &none.1 };
        merged = merge_records(base, Side { records: &merged, removed }, Side { records: &version, removed }).records;
    }
    let line = versions.into_iter().find(|(version, _)| merged.get(&id) == Some(version));
    loaded.lines.extend(line.map(|line| (id, line)));
    for (id, record) in merged {
        // A conflict that stands in the file as a line of its own wins over the one just made.
        if !matches!(record.kind, crate::model::AnnotationKind::Conflict(_)) || !loaded.annotations.contains_key(&id) {
            loaded.annotations.insert(id, record);
        }
    }
}

/// The text of a file that holds these records. `loaded` is what was read before (or the default for a new file):
/// its side lines, tombstones and unchanged lines are written back. O(n log n).
pub fn write_annotations(annotations: &BTreeMap<AnnotationId, Annotation>, loaded: &LoadedAnnotations) -> String {
    if *annotations == loaded.annotations {
        return loaded.original.clone();
    }
    write_lines(annotations, loaded)
}

/// The same without a look at whether anything changed at all.
pub(super) fn write_lines(annotations: &BTreeMap<AnnotationId, Annotation>, loaded: &LoadedAnnotations) -> String {
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
    if MARKERS.into_iter().any(|mark| is_marker(line, mark)) {
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
