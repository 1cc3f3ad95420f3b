//! `coroner note`: add, list, edit and remove annotations without the screen.
//!
//! Takes times that are read already and evidence that is frozen already; asks the store to keep each change by the
//! same journal as the screen. Prints nothing: the answer is text or JSON lines for the caller to print.

use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::model::case::{ActionItem, Anchor, Attempt, Cause, CauseStatus, CauseType, Edit, EditStep, Evidence, MarkerName, Relation};
use crate::model::text::{printable, rfc3339, t_offset};
use crate::model::{Annotation, AnnotationId, AnnotationKind, CaseDoc, TimeRange, Timestamp};
use crate::report::case_file::annotation_to_json;
use crate::runtime::journal::CaseStore;

/// What is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum NoteAction {
    /// Put a new record.
    Add {
        /// What sort.
        what: NewNote,
        /// Its words.
        text: String,
        /// Free labels.
        tags: Vec<String>,
    },
    /// Set T+0.
    SetT0(Anchor),
    /// Tell what there is.
    List {
        /// Only this kind, as in the files.
        kind: Option<String>,
        /// As JSON lines instead of text.
        format: ListFormat,
    },
    /// Change a record.
    Edit {
        /// The beginning of its id.
        id: String,
        /// What to change; what is `None` stays.
        change: NoteChange,
    },
    /// Take a record away; its id stays in the file as removed.
    Remove {
        /// The beginning of its id.
        id: String,
    },
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListFormat {
    /// A line a record.
    #[default]
    Text,
    /// A JSON object a line, as in `annotations.jsonl`.
    JsonLines,
}

/// A record to add. Ids may be given by their beginning.
#[derive(Debug, Clone, PartialEq)]
pub enum NewNote {
    /// A note on a moment.
    Moment {
        /// When.
        at: Timestamp,
        /// Service.
        service: Option<String>,
        /// change, alert, symptom …
        row_kind: Option<String>,
    },
    /// A note on a range.
    Range {
        /// When.
        range: TimeRange,
        /// Service.
        service: Option<String>,
        /// change, alert, symptom …
        row_kind: Option<String>,
    },
    /// A named moment; replaces one of the same name.
    Marker {
        /// Which.
        name: MarkerName,
        /// When.
        at: Timestamp,
        /// Latest moment it can have been.
        latest: Option<Timestamp>,
        /// How it was found; `None`: by hand.
        rule: Option<String>,
    },
    /// Frozen evidence.
    Evidence(Evidence),
    /// A causal step.
    Cause {
        /// Sort.
        cause_type: CauseType,
        /// How sure.
        status: CauseStatus,
        /// When it acted.
        at: Option<TimeRange>,
        /// Evidence.
        evidence: Vec<String>,
        /// Causes that lead to it.
        caused_by: Vec<String>,
        /// How they act on it.
        relation: Relation,
    },
    /// An edge between two causes.
    Link {
        /// The cause.
        from: String,
        /// What it acts on.
        to: String,
        /// How.
        relation: Relation,
    },
    /// A mitigation that was tried.
    Attempt {
        /// When.
        range: TimeRange,
        /// What came of it.
        effect: Option<String>,
    },
    /// An action item; `causes` are given by `caused_by`.
    Action {
        /// Its fields, `causes` left empty.
        item: ActionItem,
        /// Causes it answers.
        causes: Vec<String>,
    },
    /// A column of the key-indicator table.
    KeyMoment {
        /// When.
        at: Timestamp,
    },
}

/// A change of a record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NoteChange {
    /// New words.
    pub text: Option<String>,
    /// New moment; a range keeps its length.
    pub at: Option<Timestamp>,
    /// New labels.
    pub tags: Option<Vec<String>>,
    /// New status of a cause.
    pub status: Option<CauseStatus>,
    /// New sort of a cause.
    pub cause_type: Option<CauseType>,
    /// New effect of an attempt.
    pub effect: Option<String>,
    /// Evidence to add to a cause.
    pub add_evidence: Vec<String>,
}

/// All that a run needs.
#[derive(Debug, Clone, PartialEq)]
pub struct NoteOptions {
    /// What is wanted.
    pub action: NoteAction,
    /// The wall clock.
    pub now: Timestamp,
    /// Randomness for ids; each record takes a part of it.
    pub entropy: u128,
    /// Who writes (a role, or `$USER`).
    pub author: String,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NoteOutcome {
    /// Text for standard output, with its line end.
    pub output: String,
    /// The record added, changed or removed.
    pub id: Option<AnnotationId>,
}

/// Runs one command on an open case and keeps the result: journalled first, then saved to the case files.
pub fn run(store: &mut CaseStore, doc: &mut CaseDoc, options: &NoteOptions) -> anyhow::Result<NoteOutcome> {
    let mut writer = Writer { doc, options, n_ids: 0 };
    let (step, id) = match &options.action {
        NoteAction::List { kind, format } => return Ok(NoteOutcome { output: list(writer.doc, kind.as_deref(), *format), id: None }),
        NoteAction::Add { what, text, tags } => writer.add(what, text, tags)?,
        NoteAction::SetT0(anchor) => {
            let after = crate::model::case::CaseMeta { t0: Some(anchor.clone()), ..writer.doc.meta.clone() };
            let edit = Edit::Meta { before: Box::new(writer.doc.meta.clone()), after: Box::new(after) };
            (EditStep { name: "set T+0".into(), edits: vec![edit] }, None)
        }
        NoteAction::Edit { id, change } => writer.edit(id, change)?,
        NoteAction::Remove { id } => writer.remove(id)?,
    };
    store.append(&step).context("the note was not kept")?;
    step.edits.iter().for_each(|edit| doc.apply(edit));
    store.save(doc).context("the note is in the journal, but the case files could not be written")?;
    let output = id.as_ref().map_or_else(String::new, |id: &AnnotationId| format!("{}\n", id.0));
    Ok(NoteOutcome { output, id })
}

/// A ULID: 48 bits of milliseconds, 80 bits of randomness, in Crockford's base 32.
pub fn ulid(now: Timestamp, entropy: u128) -> AnnotationId {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let millis = u128::try_from(now.0.div_euclid(1_000_000)).unwrap_or_default();
    let bits = (millis & ((1 << 48) - 1)) << 80 | (entropy & ((1 << 80) - 1));
    AnnotationId((0..26).rev().map(|i| char::from(DIGITS[(bits >> (5 * i) & 31) as usize])).collect())
}

/// The record whose id begins with `prefix`; case does not matter.
pub fn find<'a>(doc: &'a CaseDoc, prefix: &str) -> anyhow::Result<&'a Annotation> {
    let wanted = prefix.trim().to_ascii_uppercase();
    if wanted.is_empty() {
        bail!("an id is needed; `coroner note CASE list` shows them");
    }
    if let Some(exact) = doc.annotations.values().find(|annotation| annotation.id.0.eq_ignore_ascii_case(&wanted)) {
        return Ok(exact);
    }
    let mut found = doc.annotations.values().filter(|annotation| annotation.id.0.to_ascii_uppercase().starts_with(&wanted));
    match (found.next(), found.count()) {
        (Some(one), 0) => Ok(one),
        (None, _) => bail!("no note has an id that begins with {prefix:?}; `coroner note CASE list` shows them"),
        (Some(_), more) => bail!("{} notes have an id that begins with {prefix:?}; give more of it", more + 1),
    }
}

struct Writer<'a> {
    doc: &'a CaseDoc,
    options: &'a NoteOptions,
    n_ids: u128,
}

type Step = (EditStep, Option<AnnotationId>);

impl Writer<'_> {
    fn add(&mut self, what: &NewNote, text: &str, tags: &[String]) -> anyhow::Result<Step> {
        let mut edits = Vec::new();
        let kind = match what {
            NewNote::Moment { at, service, row_kind } => {
                AnnotationKind::Moment { at: *at, service: service.clone(), row_kind: row_kind.clone() }
            }
            NewNote::Range { range, service, row_kind } => {
                AnnotationKind::Range { range: *range, service: service.clone(), row_kind: row_kind.clone() }
            }
            NewNote::Marker { name, at, latest, rule } => {
                if latest.is_some_and(|latest| latest < *at) {
                    bail!("the latest moment of {} is earlier than the earliest", name.name());
                }
                let old = self.doc.annotations.values().find(|annotation| is_marker(annotation, *name));
                edits.extend(old.map(|old| Edit::Put { before: Some(Box::new(old.clone())), after: None }));
                AnnotationKind::Marker { name: *name, at: *at, latest: *latest, rule: rule.clone().unwrap_or_else(|| "manual".into()) }
            }
            NewNote::Evidence(evidence) => AnnotationKind::Evidence(evidence.clone()),
            NewNote::Cause { cause_type, status, at, evidence, .. } => {
                let order = self.doc.chain().iter().map(|(_, cause)| cause.order).max().unwrap_or(0).saturating_add(1);
                let evidence = self.ids(evidence, "evidence")?;
                AnnotationKind::Cause(Cause { cause_type: *cause_type, status: *status, at: *at, evidence, order })
            }
            NewNote::Link { from, to, relation } => {
                let ids = self.ids(&[from.clone(), to.clone()], "cause")?;
                let [from, to] = <[AnnotationId; 2]>::try_from(ids).map_err(|_| anyhow::anyhow!("a link needs two causes"))?;
                AnnotationKind::Link { from, to, relation: *relation }
            }
            NewNote::Attempt { range, effect } => AnnotationKind::Attempt(Attempt { at: *range, effect: effect.clone() }),
            NewNote::Action { item, causes } => AnnotationKind::Action(ActionItem { causes: self.ids(causes, "cause")?, ..item.clone() }),
            NewNote::KeyMoment { at } => AnnotationKind::KeyMoment { at: *at },
        };
        if text.trim().is_empty()
            && matches!(
                what,
                NewNote::Moment { .. } | NewNote::Range { .. } | NewNote::Cause { .. } | NewNote::Action { .. } | NewNote::Attempt { .. }
            )
        {
            bail!("a {} needs a text", kind.name());
        }
        let name = format!("add {}", kind.name());
        let annotation = Annotation { text: text.to_owned(), tags: tags.to_vec(), ..self.record(kind) };
        let id = annotation.id.clone();
        edits.push(Edit::Put { before: None, after: Some(Box::new(annotation)) });
        if let NewNote::Cause { caused_by, relation, .. } = what {
            for from in self.ids(caused_by, "cause")? {
                let link = self.record(AnnotationKind::Link { from, to: id.clone(), relation: *relation });
                edits.push(Edit::Put { before: None, after: Some(Box::new(link)) });
            }
        }
        Ok((EditStep { name, edits }, Some(id)))
    }

    fn edit(&self, prefix: &str, change: &NoteChange) -> anyhow::Result<Step> {
        let before = find(self.doc, prefix)?;
        let mut after = before.clone();
        if let Some(text) = &change.text {
            after.text.clone_from(text);
        }
        if let Some(tags) = &change.tags {
            after.tags.clone_from(tags);
        }
        if let Some(at) = change.at {
            move_to(&mut after.kind, at)?;
        }
        let kind_name = after.kind.name().to_owned();
        match &mut after.kind {
            AnnotationKind::Cause(cause) => {
                cause.status = change.status.unwrap_or(cause.status);
                cause.cause_type = change.cause_type.unwrap_or(cause.cause_type);
                for id in self.ids(&change.add_evidence, "evidence")? {
                    if !cause.evidence.contains(&id) {
                        cause.evidence.push(id);
                    }
                }
            }
            _ if change.status.is_some() || change.cause_type.is_some() || !change.add_evidence.is_empty() => {
                bail!("{} is a {kind_name}; only a cause has a status, a type and evidence", before.id.0);
            }
            _ => {}
        }
        match (&mut after.kind, &change.effect) {
            (_, None) => {}
            (AnnotationKind::Attempt(attempt), Some(effect)) => attempt.effect = Some(effect.clone()),
            (_, Some(_)) => bail!("{} is a {kind_name}; only an attempt has an effect", before.id.0),
        }
        after.updated = self.options.now;
        after.revision = after.revision.saturating_add(1);
        let id = before.id.clone();
        let edit = Edit::Put { before: Some(Box::new(before.clone())), after: Some(Box::new(after)) };
        Ok((EditStep { name: format!("edit {kind_name}"), edits: vec![edit] }, Some(id)))
    }

    /// Removes a record, the links of a removed cause, and its name from what points at it.
    fn remove(&self, prefix: &str) -> anyhow::Result<Step> {
        let gone = find(self.doc, prefix)?;
        let mut edits = Vec::new();
        for annotation in self.doc.annotations.values().filter(|annotation| annotation.id != gone.id) {
            let mut after = annotation.clone();
            let is_link = match &mut after.kind {
                AnnotationKind::Link { from, to, .. } => *from == gone.id || *to == gone.id,
                AnnotationKind::Cause(cause) => {
                    cause.evidence.retain(|id| *id != gone.id);
                    false
                }
                AnnotationKind::Action(action) => {
                    action.causes.retain(|id| *id != gone.id);
                    false
                }
                _ => false,
            };
            let before = Some(Box::new(annotation.clone()));
            if is_link {
                edits.push(Edit::Put { before, after: None });
            } else if after != *annotation {
                after.updated = self.options.now;
                after.revision = after.revision.saturating_add(1);
                edits.push(Edit::Put { before, after: Some(Box::new(after)) });
            }
        }
        edits.push(Edit::Put { before: Some(Box::new(gone.clone())), after: None });
        Ok((EditStep { name: format!("remove {}", gone.kind.name()), edits }, Some(gone.id.clone())))
    }

    fn ids(&self, prefixes: &[String], kind: &str) -> anyhow::Result<Vec<AnnotationId>> {
        let mut ids = Vec::new();
        for prefix in prefixes {
            let found = find(self.doc, prefix)?;
            if found.kind.name() != kind {
                bail!("{} is a {}, not {kind}", found.id.0, found.kind.name());
            }
            ids.push(found.id.clone());
        }
        Ok(ids)
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
            author: self.options.author.clone(),
            created: self.options.now,
            updated: self.options.now,
            revision: 1,
            unknown: serde_json::Map::new(),
        }
    }
}

fn is_marker(annotation: &Annotation, wanted: MarkerName) -> bool {
    matches!(annotation.kind, AnnotationKind::Marker { name, .. } if name == wanted)
}

fn move_to(kind: &mut AnnotationKind, to: Timestamp) -> anyhow::Result<()> {
    let moved = |range: TimeRange| TimeRange::new(to, to.plus_ns(range.len_ns()));
    match kind {
        AnnotationKind::Moment { at, .. } | AnnotationKind::KeyMoment { at } => *at = to,
        AnnotationKind::Marker { at, latest, .. } => {
            *latest = latest.map(|latest| to.plus_ns(latest.since(*at)));
            *at = to;
        }
        AnnotationKind::Range { range, .. } => *range = moved(*range),
        AnnotationKind::Attempt(attempt) => attempt.at = moved(attempt.at),
        AnnotationKind::Cause(cause) => cause.at = Some(cause.at.map_or(TimeRange::new(to, to), moved)),
        AnnotationKind::Evidence(_) => bail!("evidence keeps the time it was pinned at; pin it again"),
        AnnotationKind::Link { .. } | AnnotationKind::Action(_) | AnnotationKind::Other(_) => bail!("a {} has no time", kind.name()),
    }
    Ok(())
}

fn list(doc: &CaseDoc, kind: Option<&str>, format: ListFormat) -> String {
    let t0 = doc.meta.t0.as_ref().map(|t0| t0.at);
    let mut out = String::new();
    for annotation in doc.by_time().into_iter().filter(|annotation| kind.is_none_or(|kind| annotation.kind.name() == kind)) {
        if format == ListFormat::JsonLines {
            let mut object = annotation_to_json(annotation);
            if let Some((at, t0)) = annotation.at().zip(t0) {
                object.insert("offset".into(), json!(t_offset(at.since(t0))));
            }
            let _ = writeln!(out, "{}", Value::Object(object));
            continue;
        }
        let time = annotation.at().map_or_else(|| "-".to_owned(), rfc3339);
        let offset = annotation.at().zip(t0).map_or_else(String::new, |(at, t0)| t_offset(at.since(t0)));
        let detail = match &annotation.kind {
            AnnotationKind::Marker { name, .. } => format!(" {}", name.name()),
            AnnotationKind::Cause(cause) => format!(" {} {}", cause.cause_type.name(), cause.status.name()),
            AnnotationKind::Link { from, to, relation } => format!(" {} {} {}", from.0, relation.name(), to.0),
            _ => String::new(),
        };
        let words = printable(annotation.text.lines().next().unwrap_or_default()).into_owned();
        let line =
            format!("{}  {time:<30} {offset:<9} {}{detail}  {words}", printable(&annotation.id.0), printable(annotation.kind.name()));
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

#[cfg(test)]
mod tests;
