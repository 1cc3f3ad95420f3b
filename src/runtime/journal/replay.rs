//! The journal over the files: what was edited and not saved comes back. A record that somebody else changed in the
//! file meanwhile is merged with ours by field; a file that holds the journal already stays as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::{fs, io};

use super::outside::merged_meta;
use super::steps::read_journal;
use super::{ANNOTATIONS, CaseStore, META, PRIVATE, StoreError};
use crate::model::case::{CaseMeta, Edit, EditStep, Side, merge_records};
use crate::model::{Annotation, AnnotationId, CaseDoc};
use crate::report::case_file::{LoadedMeta, parse_meta, write_meta};

impl CaseStore {
    pub(super) fn replay(&mut self, mut doc: CaseDoc, notices: &mut Vec<String>) -> Result<CaseDoc, StoreError> {
        let path = self.dir.join(PRIVATE).join("journal");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(doc),
            Err(error) => return Err(StoreError::Unreadable { path: path.display().to_string(), reason: error.to_string() }),
        };
        let journal = read_journal(&bytes);
        self.journal_len = journal.good_len;
        self.journal_seen = bytes.len() as u64;
        for line in &journal.broken {
            notices.push(format!("{PRIVATE}/journal:{line}: cannot be read, skipped; a copy stays in {PRIVATE}/journal.damaged"));
        }
        if !journal.broken.is_empty() {
            let _ = fs::write(self.dir.join(PRIVATE).join("journal.damaged"), &bytes);
        }
        if journal.is_torn {
            notices.push(format!("{PRIVATE}/journal: the last line was cut off while it was written and is ignored"));
        }
        self.replay_records(&journal.steps, &mut doc, notices);
        Self::replay_meta(&journal.steps, &mut doc, notices);
        if !journal.steps.is_empty() {
            notices.push(format!("{} unsaved edits were taken from the journal", journal.steps.len()));
        }
        Ok(doc)
    }

    fn replay_records(&self, steps: &[EditStep], doc: &mut CaseDoc, notices: &mut Vec<String>) {
        let mut versions: BTreeMap<&AnnotationId, Vec<Option<&Annotation>>> = BTreeMap::new();
        for edit in steps.iter().flat_map(|step| &step.edits) {
            if let Edit::Put { before, after } = edit
                && let Some(id) = after.as_ref().or(before.as_ref()).map(|annotation| &annotation.id)
            {
                versions.entry(id).or_default().extend([before.as_deref(), after.as_deref()]);
            }
        }
        for (id, versions) in versions {
            let current = doc.annotations.get(id);
            let (first, last) = (versions.first().copied().flatten(), versions.last().copied().flatten());
            if versions.contains(&current) {
                // The file is where the journal has been: the rest of the journal follows.
                match last {
                    Some(last) => drop(doc.annotations.insert(id.clone(), last.clone())),
                    None => drop(doc.annotations.remove(id)),
                }
                continue;
            }
            let one =
                |record: Option<&Annotation>| record.map(|record| (id.clone(), record.clone())).into_iter().collect::<BTreeMap<_, _>>();
            let (known, gone) = (self.annotations.removed(), BTreeSet::from([id.clone()]));
            let (base, ours, theirs) = (one(first), one(last), one(current));
            let merged = merge_records(
                Side { records: &base, removed: &BTreeSet::new() },
                Side { records: &ours, removed: if last.is_none() { &gone } else { &known } },
                Side { records: &theirs, removed: &known },
            );
            doc.annotations.remove(id);
            doc.annotations.extend(merged.records);
            let left = if merged.conflicts.is_empty() { "" } else { "; not all of it goes together: there is a conflict to settle" };
            notices.push(format!("{ANNOTATIONS}: record {} was also changed in the file; both changes were merged{left}", id.0));
        }
    }

    fn replay_meta(steps: &[EditStep], doc: &mut CaseDoc, notices: &mut Vec<String>) {
        let metas: Vec<(&CaseMeta, &CaseMeta)> = steps
            .iter()
            .flat_map(|step| &step.edits)
            .filter_map(|edit| match edit {
                Edit::Meta { before, after } => Some((before.as_ref(), after.as_ref())),
                Edit::Put { .. } => None,
            })
            .collect();
        let (Some((first, _)), Some((_, last))) = (metas.first(), metas.last()) else { return };
        if metas.iter().any(|(before, after)| **before == doc.meta || **after == doc.meta) {
            doc.meta = (*last).clone();
            return;
        }
        let before = parse_meta(&write_meta(first, &LoadedMeta::default())).unwrap_or_default();
        doc.meta = merged_meta(&before, last, &write_meta(&doc.meta, &LoadedMeta::default()));
        notices.push(format!("{META}: also changed in the file; both changes were merged"));
    }
}
