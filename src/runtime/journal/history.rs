//! How each record came to be: the steps of the journal, kept in `.coroner/history` when a save empties the journal.
//!
//! Lines as in the journal, oldest first. For reading only: nothing of it is replayed. A crash between keeping and
//! emptying writes a step twice; the reader drops the copy.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;

use super::read_journal;
use crate::model::case::Edit;
use crate::model::{Annotation, AnnotationId, Timestamp};
use crate::report::case_file::annotation_to_json;

/// Greatest size of the file; beyond it the older half goes. At some hundred bytes an edit this is years of one case.
const MAX_BYTES: u64 = 8 << 20;
const NAME: &str = "history";

/// One change of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Name of the step that made it.
    pub step: String,
    /// Who made it; empty: older than the journal's telling.
    pub by: String,
    /// As it was; `None`: it was not there.
    pub before: Option<Annotation>,
    /// As it became; `None`: it was removed.
    pub after: Option<Annotation>,
}

impl Version {
    /// The revision that it made, or ended.
    pub fn revision(&self) -> u32 {
        self.after.as_ref().or(self.before.as_ref()).map_or(0, |annotation| annotation.revision)
    }

    /// When it was made, as far as the record tells.
    pub fn at(&self) -> Option<Timestamp> {
        self.after.as_ref().map(|annotation| annotation.updated)
    }

    /// Fields that differ: key, before, after; null for one that is not there. Times and numbers of the change itself left out.
    pub fn changes(&self) -> Vec<(String, Value, Value)> {
        let fields = |annotation: &Option<Annotation>| annotation.as_ref().map(annotation_to_json).unwrap_or_default();
        let (before, after) = (fields(&self.before), fields(&self.after));
        let mut keys: Vec<&String> = after.keys().collect();
        keys.extend(before.keys().filter(|key| !after.contains_key(*key)));
        let is_own = |key: &str| ["id", "v", "rev", "created", "updated"].contains(&key);
        let of = |object: &serde_json::Map<String, Value>, key: &str| object.get(key).cloned().unwrap_or(Value::Null);
        keys.into_iter()
            .filter(|key| !is_own(key))
            .map(|key| (key.clone(), of(&before, key), of(&after, key)))
            .filter(|(_, before, after)| before != after)
            .collect()
    }
}

/// Adds the lines of a journal that is about to be emptied.
pub(super) fn keep(private: &Path, lines: &[u8]) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let path = private.join(NAME);
    if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > MAX_BYTES) {
        let old = fs::read(&path)?;
        let half = old.len() / 2;
        let cut = old[half..].iter().position(|byte| *byte == b'\n').map_or(old.len(), |at| half + at + 1);
        fs::write(&path, &old[cut..])?;
    }
    OpenOptions::new().create(true).append(true).open(path)?.write_all(lines)
}

/// The versions of one record, oldest first: those kept, then those of the journal.
pub(super) fn versions(private: &Path, id: &AnnotationId) -> Vec<Version> {
    let mut versions: Vec<Version> = Vec::new();
    for name in [NAME, "journal"] {
        let Ok(bytes) = fs::read(private.join(name)) else { continue };
        let journal = read_journal(&bytes);
        for (step, by) in journal.steps.iter().zip(&journal.authors) {
            for edit in &step.edits {
                let Edit::Put { before, after } = edit else { continue };
                if after.as_ref().or(before.as_ref()).is_some_and(|annotation| annotation.id == *id) {
                    let [before, after] = [before, after].map(|one| one.as_deref().cloned());
                    let version = Version { step: step.name.clone(), by: by.clone(), before, after };
                    if !versions.contains(&version) {
                        versions.push(version);
                    }
                }
            }
        }
    }
    versions
}
