//! `coroner note`: add, list, show, edit, tag, move and remove annotations without the screen.
//!
//! Takes times that are read already and evidence that is frozen already; asks the store to keep each change by the
//! same journal as the screen. Prints nothing: the answer is text or JSON lines for the caller to print.

pub mod args;
pub(super) mod pinned;
pub(super) mod print;
#[cfg(test)]
mod tests;
pub(super) mod values;
mod write;

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};

use crate::model::case::{Anchor, CaseMeta, Choice, Edit, EditStep, Relation, Standing};
use crate::model::{Annotation, AnnotationId, AnnotationKind, CaseDoc, Timestamp};
use crate::runtime::journal::CaseStore;
use write::Writer;

/// What is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum NoteAction {
    /// Put a new record.
    Add(Box<NewNote>),
    /// Set T+0.
    SetT0(Anchor),
    /// Tell what there is.
    List {
        /// Which.
        select: Select,
        /// As JSON lines instead of text.
        format: ListFormat,
        /// Where evidence stands, if somebody looked.
        standings: Standings,
    },
    /// Tell all of one record, with what points at it and how it came to be.
    Show {
        /// The beginning of its id.
        id: String,
        /// As JSON instead of text.
        format: ListFormat,
        /// Where evidence stands, if somebody looked.
        standings: Standings,
    },
    /// Change a record.
    Edit {
        /// The beginning of its id.
        id: String,
        /// What to change; what is not named stays.
        change: NoteChange,
    },
    /// Add labels to records and take others off, as one step.
    Tag {
        /// Which.
        select: Select,
        /// Labels to add.
        add: Vec<String>,
        /// Labels to take off.
        remove: Vec<String>,
    },
    /// Move records in time, as one step.
    Retime {
        /// Which.
        select: Select,
        /// By how many nanoseconds; negative is earlier.
        by_ns: i64,
    },
    /// Tell which conflicts of a merge are left, or settle one.
    Settle {
        /// The beginning of its id, or the key of `case.toml`; `None` lists them.
        which: Option<String>,
        /// Which value.
        choice: Choice,
    },
    /// Take a record away; its id stays in the file as removed.
    Remove {
        /// The beginning of its id.
        id: String,
    },
}

/// Evidence and where it stands now.
pub type Standings = BTreeMap<AnnotationId, Standing>;

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListFormat {
    /// A line a record.
    #[default]
    Text,
    /// A JSON object a line, as in `annotations.jsonl`, with `schema` and, where there is one, `offset`.
    JsonLines,
}

/// A record to add.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNote {
    /// What it is. Ids in it may be given by their beginning. A marker replaces the one of its name; a cause of order 0
    /// comes last in the chain.
    pub kind: AnnotationKind,
    /// Its words.
    pub text: String,
    /// Fields that all kinds have, as in the files: `tags`, `vis`, `pinned`.
    pub common: Map<String, Value>,
    /// Causes that lead to it, each by a link.
    pub caused_by: Vec<String>,
    /// How they act on it.
    pub relation: Relation,
}

impl NewNote {
    /// A record that nothing leads to.
    pub fn new(kind: AnnotationKind, text: &str) -> Self {
        Self { kind, text: text.to_owned(), common: Map::new(), caused_by: Vec::new(), relation: Relation::default() }
    }
}

/// Which records. Those named by `ids`; without any, all that fit the other conditions (an empty one fits all).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Select {
    /// Beginnings of ids.
    pub ids: Vec<String>,
    /// Kinds as in the files.
    pub kinds: Vec<String>,
    /// Labels, at least one of which it must have.
    pub tags: Vec<String>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// Only what was pinned by hand.
    pub only: Only,
}

/// Whether the choice is narrowed to what was pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Only {
    /// All.
    #[default]
    All,
    /// Those that were pinned by hand.
    Pinned,
}

impl Select {
    /// Whether nothing was said.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    fn fits(&self, annotation: &Annotation) -> bool {
        let is_in = |list: &[String], word: &str| list.is_empty() || list.iter().any(|other| other == word);
        is_in(&self.kinds, annotation.kind.name())
            && is_in(&self.authors, &annotation.author)
            && (self.tags.is_empty() || annotation.tags.iter().any(|tag| self.tags.contains(tag)))
            && (self.only == Only::All || annotation.is_pinned)
    }

    /// The records, by time. An id that names none or several is an error.
    pub fn of<'a>(&self, doc: &'a CaseDoc) -> anyhow::Result<Vec<&'a Annotation>> {
        let named: Vec<&AnnotationId> =
            self.ids.iter().map(|prefix| find(doc, prefix).map(|one| &one.id)).collect::<anyhow::Result<_>>()?;
        let is_named = |annotation: &Annotation| named.is_empty() || named.contains(&&annotation.id);
        Ok(doc.by_time().into_iter().filter(|annotation| is_named(annotation) && self.fits(annotation)).collect())
    }
}

/// A change of a record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NoteChange {
    /// New words.
    pub text: Option<String>,
    /// New moment; a range keeps its length.
    pub at: Option<Timestamp>,
    /// Fields by their key in files; null takes a field away. Ids may be given by their beginning.
    pub fields: Map<String, Value>,
    /// Ids to add to a field that holds several.
    pub add_ids: Vec<(&'static str, Vec<String>)>,
    /// Labels to add.
    pub add_tags: Vec<String>,
    /// Labels to take off.
    pub remove_tags: Vec<String>,
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

/// A step, the ids to print, and the record that it is about.
type Step = (EditStep, Vec<AnnotationId>);

/// Runs one command on an open case and keeps the result: journalled first, then saved to the case files.
pub fn run(store: &mut CaseStore, doc: &mut CaseDoc, options: &NoteOptions) -> anyhow::Result<NoteOutcome> {
    let mut writer = Writer { doc, options, n_ids: 0 };
    let only = |(step, id): (EditStep, AnnotationId)| (step, vec![id]);
    let (step, ids): Step = match &options.action {
        NoteAction::List { select, format, standings } => {
            let paper = print::Paper { doc: writer.doc, standings };
            return Ok(NoteOutcome { output: print::list(paper, &select.of(writer.doc)?, *format), id: None });
        }
        NoteAction::Show { id, format, standings } => {
            let found = find(writer.doc, id)?;
            let paper = print::Paper { doc: writer.doc, standings };
            let output = print::show(paper, found, &store.history(&found.id), *format);
            return Ok(NoteOutcome { output, id: Some(found.id.clone()) });
        }
        NoteAction::Add(new) => only(writer.add(new)?),
        NoteAction::SetT0(anchor) => {
            let after = CaseMeta { t0: Some(anchor.clone()), ..writer.doc.meta.clone() };
            let edit = Edit::Meta { before: Box::new(writer.doc.meta.clone()), after: Box::new(after) };
            (EditStep { name: "set T+0".into(), edits: vec![edit] }, Vec::new())
        }
        NoteAction::Edit { id, change } => only(writer.edit(id, change)?),
        NoteAction::Tag { select, add, remove } => writer.tag(select, add, remove)?,
        NoteAction::Retime { select, by_ns } => writer.retime(select, *by_ns)?,
        NoteAction::Remove { id } => only(writer.remove(id)?),
        NoteAction::Settle { which: None, .. } => return Ok(NoteOutcome { output: print::conflicts(writer.doc), id: None }),
        NoteAction::Settle { which: Some(which), choice } => writer.settle(which, *choice)?,
    };
    if !step.edits.is_empty() {
        store.append(&step).context("the note was not kept")?;
        step.edits.iter().for_each(|edit| doc.apply(edit));
        store.save(doc).context("the note is in the journal, but the case files could not be written")?;
    }
    let output = ids.iter().map(|id| format!("{}\n", id.0)).collect();
    Ok(NoteOutcome { output, id: ids.into_iter().next() })
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
