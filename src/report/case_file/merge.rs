//! Three versions of `annotations.jsonl` → one, for git and for files that git left half merged.
//!
//! Records are merged by `model::case`; this adds what a file has besides: tombstones, lines that cannot be read, and
//! the bytes of lines that stay as they are.

use super::annotations::{LoadedAnnotations, SideLine, parse_annotations, write_lines};
use crate::model::AnnotationId;
use crate::model::case::{Side, merge_records};

/// What came of a merge of texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Merged {
    /// The text.
    pub text: String,
    /// What is left to settle, in words.
    pub conflicts: Vec<String>,
}

/// Merges two texts that both began as `base`. When only one side changed anything, its bytes are the answer.
pub fn merge_annotations(base: &str, ours: &str, theirs: &str) -> Merged {
    if ours == theirs || theirs == base {
        return Merged { text: ours.to_owned(), conflicts: Vec::new() };
    }
    if ours == base {
        return Merged { text: theirs.to_owned(), conflicts: Vec::new() };
    }
    let [base, ours, theirs] = [base, ours, theirs].map(parse_annotations);
    let (merged, conflicts) = combine(&base, &ours, &theirs);
    let words = |id: &AnnotationId| match merged.annotations.get(id).map(|record| &record.kind) {
        Some(crate::model::AnnotationKind::Conflict(conflict)) => {
            format!("{} {}: both sides changed it ({})", conflict.of.0, conflict.field, id.0)
        }
        _ => id.0.clone(),
    };
    Merged { text: write_lines(&merged.annotations, &merged), conflicts: conflicts.iter().map(words).collect() }
}

/// The merged file as if it had been read, and the conflicts that the merge made.
pub(super) fn combine(
    base: &LoadedAnnotations,
    ours: &LoadedAnnotations,
    theirs: &LoadedAnnotations,
) -> (LoadedAnnotations, Vec<AnnotationId>) {
    let [b, a, c] = [base, ours, theirs].map(|version| (&version.annotations, version.removed()));
    let [b, a, c] = [&b, &a, &c].map(|(records, removed)| Side { records, removed });
    let merged = merge_records(b, a, c);
    let mut loaded =
        LoadedAnnotations { annotations: merged.records, side: side_lines(base, ours, theirs), ..LoadedAnnotations::default() };
    // The least of the lines that say the same, so that the sides may be swapped; ids that are gone get a tombstone.
    for (id, (record, line)) in [ours, theirs, base].into_iter().flat_map(|version| &version.lines) {
        let is_it = loaded.annotations.get(id) == Some(record);
        let known = loaded.lines.get(id);
        let known_is_it = known.is_some_and(|(known, _)| loaded.annotations.get(id) == Some(known));
        if known.is_none() || (is_it && !known_is_it) || (is_it == known_is_it && known.is_some_and(|(_, known)| line < known)) {
            loaded.lines.insert(id.clone(), (record.clone(), line.clone()));
        }
    }
    for (id, line) in [ours, theirs, base].into_iter().flat_map(|version| &version.tombstones) {
        if loaded.annotations.contains_key(id) {
            continue;
        }
        let known = loaded.tombstones.entry(id.clone()).or_insert_with(|| line.clone());
        if line < known {
            known.clone_from(line);
        }
    }
    (loaded, merged.conflicts)
}

/// Lines that cannot be read: those that no side took out, and those that either put in.
fn side_lines(base: &LoadedAnnotations, ours: &LoadedAnnotations, theirs: &LoadedAnnotations) -> Vec<SideLine> {
    let has = |version: &LoadedAnnotations, line: &SideLine| version.side.iter().any(|other| other.text == line.text);
    let mut lines: Vec<SideLine> = base.side.iter().filter(|line| has(ours, line) && has(theirs, line)).cloned().collect();
    let mut new: Vec<SideLine> = ours.side.iter().chain(&theirs.side).filter(|line| !has(base, line)).cloned().collect();
    new.sort_by(|a, b| a.text.cmp(&b.text));
    new.dedup_by(|a, b| a.text == b.text);
    lines.extend(new);
    lines
}
