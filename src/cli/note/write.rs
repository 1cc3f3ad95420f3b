//! Commands as steps of edits: each gives what `undo` would take back as one.

use anyhow::{anyhow, bail};
use serde_json::{Map, Value};

use super::{NewNote, NoteChange, NoteOptions, Select, Step, find, ulid};
use crate::model::case::{Choice, Edit, EditStep, FieldSort, KindFields, Link, MarkerName, References, Visibility};
use crate::model::{Annotation, AnnotationId, AnnotationKind, CaseDoc};
use crate::report::case_file::{annotation_from_json, annotation_to_json, settle_meta};

pub(super) struct Writer<'a> {
    pub(super) doc: &'a CaseDoc,
    pub(super) options: &'a NoteOptions,
    pub(super) n_ids: u128,
}

type One = (EditStep, AnnotationId);

impl Writer<'_> {
    pub(super) fn add(&mut self, new: &NewNote) -> anyhow::Result<One> {
        let mut kind = new.kind.clone();
        let mut edits = Vec::new();
        self.resolve(&mut kind, &[])?;
        match &mut kind {
            AnnotationKind::Marker { name, at, latest, .. } => {
                if latest.is_some_and(|latest| latest < *at) {
                    bail!("the latest moment of {} is earlier than the earliest", name.name());
                }
                let old = self.doc.annotations.values().find(|annotation| is_marker(annotation, *name));
                edits.extend(old.map(|old| Edit::Put { before: Some(Box::new(old.clone())), after: None }));
            }
            AnnotationKind::Cause(cause) if cause.order == 0 => {
                cause.order = self.doc.chain().iter().map(|(_, cause)| cause.order).max().unwrap_or(0).saturating_add(1);
            }
            _ => {}
        }
        if new.text.trim().is_empty() && KindFields::of(kind.name()).is_some_and(|kind| kind.needs_text) {
            bail!("a {} needs a text", kind.name());
        }
        let name = format!("add {}", kind.name());
        let annotation = with_common(&Annotation { text: new.text.clone(), ..self.record(kind) }, &new.common)?;
        let id = annotation.id.clone();
        edits.push(Edit::Put { before: None, after: Some(Box::new(annotation)) });
        for prefix in &new.caused_by {
            let from = self.id(prefix, &["cause"])?;
            let link = Link { from, to: id.clone(), relation: new.relation, ..Link::default() };
            let link = self.record(AnnotationKind::Link(link));
            edits.push(Edit::Put { before: None, after: Some(Box::new(link)) });
        }
        Ok((EditStep { name, edits }, id))
    }

    pub(super) fn edit(&self, prefix: &str, change: &NoteChange) -> anyhow::Result<One> {
        let before = find(self.doc, prefix)?;
        let mut fields = annotation_to_json(before);
        let kind_name = before.kind.name().to_owned();
        let known = before.kind.references();
        for (key, value) in &change.fields {
            if value.is_null() {
                fields.shift_remove(key);
            } else {
                fields.insert(key.clone(), value.clone());
            }
        }
        for (key, more) in &change.add_ids {
            let list = fields.entry(*key).or_insert_with(|| Value::Array(Vec::new()));
            let list = list.as_array_mut().ok_or_else(|| anyhow!("{key} of a {kind_name} holds no list"))?;
            list.extend(more.iter().map(|id| Value::String(id.clone())));
        }
        let (mut after, surprise) = annotation_from_json(&fields).map_err(|reason| anyhow!("{}: {reason}", before.id.0))?;
        if let Some(reason) = surprise {
            bail!("{} is a {kind_name}: {reason}", before.id.0);
        }
        self.resolve(&mut after.kind, &known)?;
        if let Some(text) = &change.text {
            after.text.clone_from(text);
        }
        if let Some(at) = change.at {
            after.place(at).map_err(|reason| anyhow!(reason))?;
        }
        retag(&mut after.tags, &change.add_tags, &change.remove_tags);
        Ok((EditStep { name: format!("edit {kind_name}"), edits: self.changed(before, after).into_iter().collect() }, before.id.clone()))
    }

    pub(super) fn tag(&self, select: &Select, add: &[String], remove: &[String]) -> anyhow::Result<Step> {
        self.bulk(select, "tag", |after| {
            retag(&mut after.tags, add, remove);
            Ok(())
        })
    }

    pub(super) fn retime(&self, select: &Select, by_ns: i64) -> anyhow::Result<Step> {
        // What has no time of its own, or was frozen from the data, stays; named one by one it is an error.
        let is_named = !select.ids.is_empty();
        self.bulk(select, "re-time", |after| match after.shift(by_ns) {
            Err(reason) if is_named => Err(anyhow!("{}: {reason}", after.id.0)),
            _ => Ok(()),
        })
    }

    fn bulk(&self, select: &Select, name: &str, change: impl Fn(&mut Annotation) -> anyhow::Result<()>) -> anyhow::Result<Step> {
        if select.is_everything() {
            bail!("say which notes: ids, --kind, --tag or --author");
        }
        let (mut edits, mut ids) = (Vec::new(), Vec::new());
        for before in select.of(self.doc)? {
            let mut after = before.clone();
            change(&mut after)?;
            if let Some(edit) = self.changed(before, after) {
                ids.push(before.id.clone());
                edits.push(edit);
            }
        }
        Ok((EditStep { name: format!("{name} {} notes", edits.len()), edits }, ids))
    }

    /// Removes a record, its name from what points at it, and what means nothing without it.
    pub(super) fn remove(&self, prefix: &str) -> anyhow::Result<One> {
        let gone = find(self.doc, prefix)?;
        let mut edits = Vec::new();
        for annotation in self.doc.annotations.values().filter(|annotation| annotation.id != gone.id) {
            let mut after = annotation.clone();
            if after.kind.forget(&gone.id) {
                edits.extend(self.changed(annotation, after));
            } else {
                edits.push(Edit::Put { before: Some(Box::new(annotation.clone())), after: None });
            }
        }
        edits.push(Edit::Put { before: Some(Box::new(gone.clone())), after: None });
        Ok((EditStep { name: format!("remove {}", gone.kind.name()), edits }, gone.id.clone()))
    }

    /// Settles the conflict whose id begins so, or that of a key of `case.toml`.
    pub(super) fn settle(&self, which: &str, choice: Choice) -> anyhow::Result<Step> {
        let name = "settle a conflict".to_owned();
        if let Some(conflict) = self.doc.meta.conflicts.iter().find(|conflict| conflict.key.join(".") == which) {
            let after = settle_meta(&self.doc.meta, conflict, choice).map_err(anyhow::Error::msg)?;
            let edit = Edit::Meta { before: Box::new(self.doc.meta.clone()), after: Box::new(after) };
            return Ok((EditStep { name, edits: vec![edit] }, Vec::new()));
        }
        let found = find(self.doc, which)?;
        let edits = self.doc.settle(&found.id, choice, self.options.now).map_err(anyhow::Error::msg)?;
        Ok((EditStep { name, edits }, vec![found.id.clone()]))
    }

    /// The edit from one version to the other; `None` when they say the same.
    fn changed(&self, before: &Annotation, mut after: Annotation) -> Option<Edit> {
        if *before == after {
            return None;
        }
        after.updated = self.options.now;
        after.revision = before.revision.saturating_add(1);
        Some(Edit::Put { before: Some(Box::new(before.clone())), after: Some(Box::new(after)) })
    }

    /// Completes ids given by their beginning. Ids that were there `before` stay as they are, even if they point nowhere.
    fn resolve(&self, kind: &mut AnnotationKind, before: &[(&'static str, AnnotationId)]) -> anyhow::Result<()> {
        let form = KindFields::of(kind.name());
        for (key, field) in kind.references_mut() {
            let kinds = match form.and_then(|form| form.field(key)).map(|field| field.sort) {
                Some(FieldSort::Ids(kinds) | FieldSort::Id(kinds)) => kinds,
                _ => &[],
            };
            let complete = |id: &mut AnnotationId| {
                if !before.iter().any(|(_, known)| known == id) {
                    *id = self.id(&id.0, kinds)?;
                }
                anyhow::Ok(())
            };
            match field {
                References::Many(ids) => {
                    ids.iter_mut().try_for_each(complete)?;
                    let mut seen = std::collections::BTreeSet::new();
                    ids.retain(|id| seen.insert(id.clone()));
                }
                References::One(id) => id.iter_mut().try_for_each(complete)?,
                References::Needed(id) => complete(id)?,
            }
        }
        Ok(())
    }

    /// The id that begins so; its record must be of one of these kinds, if any are named.
    fn id(&self, prefix: &str, kinds: &[&str]) -> anyhow::Result<AnnotationId> {
        let found = find(self.doc, prefix)?;
        if !kinds.is_empty() && !kinds.contains(&found.kind.name()) {
            bail!("{} is a {}, not {}", found.id.0, found.kind.name(), kinds.join(" or "));
        }
        Ok(found.id.clone())
    }

    fn record(&mut self, kind: AnnotationKind) -> Annotation {
        // Ids of one run rise, so that they sort by the order of making.
        let id = ulid(self.options.now, self.options.entropy.wrapping_add(self.n_ids));
        self.n_ids += 1;
        Annotation {
            id,
            kind,
            text: String::new(),
            tags: Vec::new(),
            visibility: Visibility::default(),
            is_pinned: false,
            author: self.options.author.clone(),
            created: self.options.now,
            updated: self.options.now,
            revision: 1,
            unknown: Map::new(),
        }
    }
}

fn with_common(annotation: &Annotation, common: &Map<String, Value>) -> anyhow::Result<Annotation> {
    let mut fields = annotation_to_json(annotation);
    fields.extend(common.clone());
    annotation_from_json(&fields).map(|(annotation, _)| annotation).map_err(|reason| anyhow!(reason))
}

fn retag(tags: &mut Vec<String>, add: &[String], remove: &[String]) {
    tags.retain(|tag| !remove.contains(tag));
    for tag in add {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
}

fn is_marker(annotation: &Annotation, wanted: MarkerName) -> bool {
    matches!(annotation.kind, AnnotationKind::Marker { name, .. } if name == wanted)
}
