//! Changes of the case files by others while the case is open: noticed by a cheap look, merged field by field, never
//! overwritten. What was read or saved last is what both sides began with.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{ANNOTATIONS, CaseStore, META, Mode, StoreError};
use crate::model::case::{CaseMeta, Side, merge_records};
use crate::model::{Annotation, AnnotationId, CaseDoc};
use crate::report::case_file::{LoadedAnnotations, LoadedMeta, merge_meta, parse_annotations, parse_meta, write_meta};

/// Size and time of the files that others may change.
pub(super) type Glance = Vec<(PathBuf, Option<(u64, Option<SystemTime>)>)>;

/// What others did to the case.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    /// Ours and theirs together.
    pub doc: CaseDoc,
    /// What came in, for people; empty when nothing did that is not in ours already.
    pub words: String,
}

/// The files as they are on disk now.
struct Theirs {
    meta: LoadedMeta,
    annotations: LoadedAnnotations,
}

impl CaseStore {
    /// Whether the files look different from the last look: two or three calls of the system.
    pub fn has_moved(&mut self) -> bool {
        if self.mode == Mode::InMemory {
            return false;
        }
        let now = glance(&self.dir);
        let has_moved = self.glance.as_ref().is_some_and(|before| *before != now);
        self.glance = Some(now);
        has_moved
    }

    /// Merges what others wrote since the last read or save into `doc`; `None` when they wrote nothing. The files stay
    /// as they are, and so does what the store knows of them: asking again gives the same.
    pub fn merge_outside(&self, doc: &CaseDoc) -> Result<Option<Outside>, StoreError> {
        Ok(self.theirs()?.map(|theirs| self.merged(doc, &theirs)))
    }

    /// Takes what is on disk as what was read last, if `doc` holds all of it. `false`: it does not.
    pub(super) fn adopt(&mut self, doc: &CaseDoc) -> Result<bool, StoreError> {
        let Some(theirs) = self.theirs()? else { return Ok(true) };
        if self.merged(doc, &theirs).doc != *doc {
            return Ok(false);
        }
        let known = std::mem::replace(&mut self.annotations, theirs.annotations);
        self.annotations.remember_removed(&known);
        self.meta = theirs.meta;
        Ok(true)
    }

    /// Writes the case with everything that others wrote meanwhile: for a save after which nobody can be asked.
    pub fn save_merged(&mut self, doc: &CaseDoc) -> Result<(), StoreError> {
        match self.merge_outside(doc)? {
            Some(outside) => self.save(&outside.doc),
            None => self.save(doc),
        }
    }

    fn theirs(&self) -> Result<Option<Theirs>, StoreError> {
        let (meta, annotations) = (self.read(META)?, self.read(ANNOTATIONS)?);
        if meta == self.meta.original() && annotations == self.annotations.original() {
            return Ok(None);
        }
        let unreadable = |error: crate::report::case_file::MetaError| StoreError::Unreadable {
            path: format!("{}:{}", self.dir.join(META).display(), error.line),
            reason: format!("{}; your edits are kept in the journal until it is mended", error.reason),
        };
        Ok(Some(Theirs { meta: parse_meta(&meta).map_err(unreadable)?, annotations: parse_annotations(&annotations) }))
    }

    fn merged(&self, doc: &CaseDoc, theirs: &Theirs) -> Outside {
        let base = &self.annotations;
        let mut removed: BTreeSet<AnnotationId> = base.removed();
        let base_removed = removed.clone();
        removed.extend(base.annotations.keys().filter(|id| !doc.annotations.contains_key(*id)).cloned());
        let theirs_removed = theirs.annotations.removed();
        let records = merge_records(
            Side { records: &base.annotations, removed: &base_removed },
            Side { records: &doc.annotations, removed: &removed },
            Side { records: &theirs.annotations.annotations, removed: &theirs_removed },
        )
        .records;
        let merged = CaseDoc { meta: merged_meta(&self.meta, &doc.meta, theirs.meta.original()), annotations: records };
        let words = words(doc, &merged);
        Outside { doc: merged, words }
    }
}

/// Three versions of what `case.toml` says; ours when theirs cannot be merged.
pub(super) fn merged_meta(base: &LoadedMeta, ours: &CaseMeta, theirs: &str) -> CaseMeta {
    let merged = merge_meta(base.original(), &write_meta(ours, base), theirs).ok().and_then(|merged| parse_meta(&merged.text).ok());
    merged.map_or_else(|| ours.clone(), |loaded| loaded.meta)
}

/// `2 records added, 1 changed, case.toml; 1 conflict to settle`.
fn words(before: &CaseDoc, after: &CaseDoc) -> String {
    let is_conflict = |annotation: &&Annotation| matches!(annotation.kind, crate::model::AnnotationKind::Conflict(_));
    let new = after.annotations.values().filter(|annotation| !before.annotations.contains_key(&annotation.id));
    let (conflicts, added): (Vec<&Annotation>, Vec<&Annotation>) = new.partition(is_conflict);
    let n_changed = after.annotations.values().filter(|now| before.annotations.get(&now.id).is_some_and(|was| was != *now)).count();
    let n_removed = before.annotations.keys().filter(|id| !after.annotations.contains_key(*id)).count();
    let n_conflicts = conflicts.len() + after.meta.conflicts.iter().filter(|one| !before.meta.conflicts.contains(one)).count();
    let mut parts: Vec<String> = [(added.len(), "added"), (n_changed, "changed"), (n_removed, "removed")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} {} {what}", if n == 1 { "record" } else { "records" }))
        .collect();
    if before.meta != after.meta {
        parts.push(META.to_owned());
    }
    let mut words = parts.join(", ");
    if n_conflicts > 0 {
        let _ = write!(words, "; {n_conflicts} {} to settle", if n_conflicts == 1 { "conflict" } else { "conflicts" });
    }
    words
}

fn glance(dir: &Path) -> Glance {
    let sections = std::fs::read_dir(dir.join("sections")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut sections: Vec<PathBuf> = sections.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    sections.sort();
    [META, ANNOTATIONS]
        .into_iter()
        .map(|name| dir.join(name))
        .chain(sections)
        .map(|path| {
            let seen = std::fs::metadata(&path).ok().map(|metadata| (metadata.len(), metadata.modified().ok()));
            (path, seen)
        })
        .collect()
}
