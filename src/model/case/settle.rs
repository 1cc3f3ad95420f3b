//! Settling what a merge could not: one of the two values is taken, and the conflict is removed. And steps that are
//! taken back, or made again, over a case that others have changed since.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::merge::{REMOVED, Side, WHOLE, merge_records};
use super::{Annotation, AnnotationId, AnnotationKind, CaseDoc, Conflict, Edit, EditStep, annotation_from_json, annotation_to_json};
use crate::model::time::Timestamp;

/// Which of the two values of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The first: it stands in the record already.
    First,
    /// The second.
    Second,
}

impl CaseDoc {
    /// Conflicts that nobody has settled, in the order of the timeline of their records.
    pub fn conflicts(&self) -> Vec<(&Annotation, &Conflict)> {
        let mut found: Vec<(&Annotation, &Conflict)> = self
            .annotations
            .values()
            .filter_map(|annotation| match &annotation.kind {
                AnnotationKind::Conflict(conflict) => Some((annotation, conflict)),
                _ => None,
            })
            .collect();
        let place = |conflict: &Conflict| self.annotations.get(&conflict.of).and_then(Annotation::at);
        found.sort_by_key(|(annotation, conflict)| {
            (place(conflict).is_none(), place(conflict), conflict.of.clone(), conflict.field.clone(), annotation.id.clone())
        });
        found
    }

    /// The edits that settle a conflict. Errors say why the value cannot be taken any more.
    pub fn settle(&self, id: &AnnotationId, choice: Choice, now: Timestamp) -> Result<Vec<Edit>, String> {
        let record = self.annotations.get(id).ok_or("the conflict is gone already")?;
        let AnnotationKind::Conflict(conflict) = &record.kind else { return Err(format!("{} is no conflict", id.0)) };
        let mut edits = Vec::new();
        // What stands in the record may have been changed since by hand: the first choice leaves it.
        if choice == Choice::Second
            && let Some(before) = self.annotations.get(&conflict.of)
        {
            edits = match taken(before, conflict)? {
                None => self.removal(&conflict.of, now),
                Some(mut after) => {
                    after.updated = now;
                    after.revision = before.revision.saturating_add(1);
                    vec![Edit::Put { before: Some(Box::new(before.clone())), after: Some(Box::new(after)) }]
                }
            };
        }
        let is_gone = |edit: &Edit| matches!(edit, Edit::Put { before: Some(before), after: None } if before.id == *id);
        if !edits.iter().any(is_gone) {
            edits.push(Edit::Put { before: Some(Box::new(record.clone())), after: None });
        }
        Ok(edits)
    }

    /// The same step over the case as it is now: where a record is no longer as the step left it, only the fields that
    /// the step changes are changed.
    #[must_use]
    pub fn rebased(&self, step: &EditStep) -> EditStep {
        let mut now = self.clone();
        let mut edits = Vec::new();
        for edit in &step.edits {
            let fitting = now.fitting(edit);
            for edit in &fitting {
                now.apply(edit);
            }
            edits.extend(fitting);
        }
        EditStep { name: step.name.clone(), edits }
    }

    fn fitting(&self, edit: &Edit) -> Vec<Edit> {
        let (before, after) = match edit {
            Edit::Put { before, after } => (before, after),
            Edit::Meta { before, after } => {
                let after = Box::new(self.meta.with_change(before, after));
                return vec![Edit::Meta { before: Box::new(self.meta.clone()), after }];
            }
        };
        let Some(id) = after.as_ref().or(before.as_ref()).map(|record| record.id.clone()) else { return Vec::new() };
        let current = self.annotations.get(&id);
        if current == before.as_deref() || current == after.as_deref() {
            return vec![Edit::Put { before: current.cloned().map(Box::new), after: after.clone() }];
        }
        let one = |record: Option<&Annotation>| record.map(|record| (id.clone(), record.clone())).into_iter().collect::<BTreeMap<_, _>>();
        let (base, ours, theirs) = (one(before.as_deref()), one(current), one(after.as_deref()));
        let none = BTreeSet::new();
        let side = |records| Side { records, removed: &none };
        let merged = merge_records(side(&base), side(&ours), side(&theirs)).records;
        let mut edits: Vec<Edit> = Vec::new();
        if !merged.contains_key(&id) {
            edits.extend(current.map(|gone| Edit::Put { before: Some(Box::new(gone.clone())), after: None }));
        }
        for record in merged.into_values() {
            let before = self.annotations.get(&record.id).cloned().map(Box::new);
            if before.as_deref() != Some(&record) {
                edits.push(Edit::Put { before, after: Some(Box::new(record)) });
            }
        }
        edits
    }

    /// The edits that remove a record: what points at it lets go, and what means nothing without it goes too.
    pub fn removal(&self, id: &AnnotationId, now: Timestamp) -> Vec<Edit> {
        let Some(gone) = self.annotations.get(id) else { return Vec::new() };
        let mut edits = Vec::new();
        for before in self.annotations.values().filter(|annotation| annotation.id != *id) {
            if !before.kind.references().iter().any(|(_, to)| to == id) {
                continue;
            }
            let mut after = before.clone();
            if after.kind.forget(id) {
                after.updated = now;
                after.revision = before.revision.saturating_add(1);
                edits.push(Edit::Put { before: Some(Box::new(before.clone())), after: Some(Box::new(after)) });
            } else {
                edits.push(Edit::Put { before: Some(Box::new(before.clone())), after: None });
            }
        }
        edits.push(Edit::Put { before: Some(Box::new(gone.clone())), after: None });
        edits
    }
}

/// The record with the second value; `None` when that is to have none.
fn taken(record: &Annotation, conflict: &Conflict) -> Result<Option<Annotation>, String> {
    let value = conflict.sides[1].as_ref();
    let mut fields = match (conflict.field.as_str(), value) {
        (REMOVED, None) => return Ok(None),
        (REMOVED | WHOLE, Some(Value::Object(whole))) => whole.clone(),
        (REMOVED | WHOLE, _) => return Err("the conflict holds no record".into()),
        (field, value) => {
            let mut fields = annotation_to_json(record);
            let (key, name) = match field.split_once('.') {
                Some((key, name)) if matches!(fields.get(key), Some(Value::Object(_)) | None) => (key, Some(name)),
                _ => (field, None),
            };
            put(&mut fields, (key, name), value);
            fields
        }
    };
    fields.insert("id".into(), Value::String(record.id.0.clone()));
    let (after, surprise) = annotation_from_json(&fields)?;
    match surprise {
        Some(reason) if !matches!(record.kind, AnnotationKind::Other(_)) => {
            Err(format!("the record has changed since: {reason}; change it by hand and take the first value"))
        }
        _ => Ok(Some(after)),
    }
}

fn put(fields: &mut serde_json::Map<String, Value>, (key, name): (&str, Option<&str>), value: Option<&Value>) {
    match (name, value) {
        (None, Some(value)) => drop(fields.insert(key.into(), value.clone())),
        (None, None) => drop(fields.shift_remove(key)),
        (Some(name), value) => {
            let table = fields.entry(key).or_insert_with(|| Value::Object(serde_json::Map::new()));
            if let Some(table) = table.as_object_mut() {
                put(table, (name, None), value);
            }
        }
    }
}
