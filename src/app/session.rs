//! The case being edited: document, undo, what is saved, and names for new records.
//!
//! Every edit is an invertible step; a step is shown as saved only when the runtime says so.

use crate::model::case::{Annotation, AnnotationId, AnnotationKind, CaseDoc, CaseMeta, Edit, EditStep, Visibility};
use crate::model::{TimeRange, Timestamp};

use super::message::Effect;
use super::shown::Shown;

/// Where the case is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CasePlace {
    /// It is saved here.
    Saved(String),
    /// It cannot be saved yet: why, and the way out.
    Nowhere(String),
}

/// Makes ULIDs: 48 bits of milliseconds, 80 bits that a seed determines; rises within one millisecond.
#[derive(Debug, Clone)]
pub(crate) struct IdMaker {
    seed: u64,
    last_millis: u64,
    last_random: u128,
}

impl IdMaker {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, last_millis: 0, last_random: 0 }
    }

    /// `SplitMix64` after Steele, Lea, Flood (2014).
    fn random(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn next(&mut self, now: Timestamp) -> AnnotationId {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let millis = (now.0.max(0) / 1_000_000) as u64 & 0xffff_ffff_ffff;
        if millis > self.last_millis {
            self.last_millis = millis;
            // The top bit stays free so that rising never overflows into the time.
            self.last_random = ((u128::from(self.random()) << 64) | u128::from(self.random())) & ((1 << 79) - 1);
        } else {
            self.last_random += 1;
        }
        let bits = (u128::from(self.last_millis) << 80) | self.last_random;
        AnnotationId((0..26).rev().map(|i| ALPHABET[(bits >> (i * 5)) as usize & 31] as char).collect())
    }
}

/// Whether what the user made is safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SaveStatus {
    Untouched,
    Saved,
    Saving,
    Failed(String),
}

/// What one `u` takes back: an edit of the case, what it was on the screen that the case does not keep, or both.
#[derive(Debug, Clone)]
struct Done {
    step: Option<EditStep>,
    shown: Option<Box<(Shown, Shown)>>,
    name: String,
}

/// What taking back or making again asks for.
#[derive(Debug, Clone)]
pub(crate) struct Undone {
    pub(crate) name: String,
    pub(crate) effects: Vec<Effect>,
    /// As the screen was shared out then, where that changes.
    pub(crate) shown: Option<Shown>,
}

/// Document, history and save state.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) doc: CaseDoc,
    pub(crate) place: CasePlace,
    author: String,
    ids: IdMaker,
    undo: Vec<Done>,
    redo: Vec<Done>,
    /// Edits that were committed so far.
    n_commits: u64,
    last_number: u64,
    saved_number: u64,
    written_number: u64,
    failure: Option<String>,
    /// What flags say of the sources is in the document of a case that is not there yet.
    pub(crate) has_unkept_reading: bool,
    /// Rises with every change of the document.
    pub(crate) revision: u64,
    /// Evidence pinned since the last causal step.
    pub(crate) fresh_pins: Vec<AnnotationId>,
}

impl Session {
    pub(crate) fn new(doc: CaseDoc, place: CasePlace, author: String, id_seed: u64) -> Self {
        Self {
            doc,
            place,
            author,
            ids: IdMaker::new(id_seed),
            undo: Vec::new(),
            redo: Vec::new(),
            n_commits: 0,
            last_number: 0,
            saved_number: 0,
            written_number: 0,
            failure: None,
            has_unkept_reading: false,
            revision: 1,
            fresh_pins: Vec::new(),
        }
    }

    /// A new record with a fresh id.
    pub(crate) fn annotation(&mut self, now: Timestamp, kind: AnnotationKind, text: String) -> Annotation {
        Annotation {
            id: self.ids.next(now),
            kind,
            text,
            tags: Vec::new(),
            visibility: Visibility::default(),
            is_pinned: false,
            author: self.author.clone(),
            created: now,
            updated: now,
            revision: 1,
            unknown: serde_json::Map::new(),
        }
    }

    /// Applies a step and journals it. A step that changes nothing does nothing.
    pub(crate) fn commit(&mut self, name: impl Into<String>, edits: Vec<Edit>) -> Vec<Effect> {
        if edits.is_empty() {
            return Vec::new();
        }
        let step = EditStep { name: name.into(), edits };
        self.undo.push(Done { name: step.name.clone(), step: Some(step.clone()), shown: None });
        self.redo.clear();
        self.n_commits += 1;
        self.journal(step)
    }

    pub(crate) fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    pub(crate) fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }

    /// Edits that were committed so far.
    pub(crate) fn n_commits(&self) -> u64 {
        self.n_commits
    }

    /// The screen was shared out anew, by an action that committed an edit if there is one since `n_commits`.
    pub(crate) fn keep_shown(&mut self, (before, after): (Shown, Shown), n_commits: u64) {
        let name = before.change_to(&after).to_owned();
        match self.undo.last_mut() {
            Some(done) if self.n_commits > n_commits && done.shown.is_none() => done.shown = Some(Box::new((before, after))),
            _ => self.undo.push(Done { name, step: None, shown: Some(Box::new((before, after))) }),
        }
        self.redo.clear();
    }

    /// Takes the last step back; its name is told. What others changed in the same records since then stays.
    pub(crate) fn undo(&mut self) -> Option<Undone> {
        let done = self.undo.pop()?;
        let effects = done.step.as_ref().map(|step| self.journal(self.doc.rebased(&step.inverse()))).unwrap_or_default();
        let shown = done.shown.as_ref().map(|shown| shown.0.clone());
        let name = done.name.clone();
        self.redo.push(done);
        Some(Undone { name, effects, shown })
    }

    /// Makes the step again that was taken back last.
    pub(crate) fn redo(&mut self) -> Option<Undone> {
        let done = self.redo.pop()?;
        let effects = done.step.as_ref().map(|step| self.journal(self.doc.rebased(step))).unwrap_or_default();
        let shown = done.shown.as_ref().map(|shown| shown.1.clone());
        let name = done.name.clone();
        self.undo.push(done);
        Some(Undone { name, effects, shown })
    }

    fn journal(&mut self, step: EditStep) -> Vec<Effect> {
        for edit in &step.edits {
            self.doc.apply(edit);
        }
        let doc = &self.doc;
        self.fresh_pins.retain(|id| doc.annotations.contains_key(id));
        self.revision += 1;
        // What the screen shows is no loss: without a place to keep it nobody is asked about it on leaving.
        if step.is_view_only() && matches!(self.place, CasePlace::Nowhere(_)) {
            return Vec::new();
        }
        self.last_number += 1;
        vec![Effect::Journal { number: self.last_number, step }]
    }

    /// The case with what others wrote to its files: not an edit of ours, so nothing to undo. `None`: the case has
    /// changed since, and has to be merged again.
    pub(crate) fn merged(&mut self, revision: u64, doc: CaseDoc) -> Option<Vec<Effect>> {
        if revision != self.revision {
            return None;
        }
        self.doc = doc;
        self.revision += 1;
        // The files are written again with both.
        self.written_number = 0;
        let is_kept = matches!(self.place, CasePlace::Saved(_)) && self.last_number > 0 && self.failure.is_none();
        Some(if is_kept { self.write() } else { Vec::new() })
    }

    /// Asks for the case to be merged with what others wrote.
    pub(crate) fn merge(&self) -> Effect {
        Effect::MergeCase { revision: self.revision, case: Box::new(self.doc.clone()) }
    }

    /// The runtime has everything up to here; once idle, the case files are written.
    pub(crate) fn saved(&mut self, number: u64) -> Vec<Effect> {
        self.saved_number = self.saved_number.max(number);
        self.failure = None;
        if self.saved_number >= self.last_number { self.write() } else { Vec::new() }
    }

    /// Writes them because the user asks for it, also a case of which nothing is there yet but how its sources are read.
    pub(crate) fn write_as_asked(&mut self) -> Vec<Effect> {
        if std::mem::take(&mut self.has_unkept_reading) && self.last_number == 0 {
            return vec![Effect::SaveCase(Box::new(self.doc.clone()))];
        }
        self.write()
    }

    /// Writes the case files unless they hold everything already.
    pub(crate) fn write(&mut self) -> Vec<Effect> {
        if self.written_number == self.last_number {
            return Vec::new();
        }
        self.written_number = self.last_number;
        vec![Effect::SaveCase(Box::new(self.doc.clone()))]
    }

    pub(crate) fn failed(&mut self, why: String) {
        self.failure = Some(why);
        self.written_number = self.written_number.min(self.saved_number);
    }

    pub(crate) fn status(&self) -> SaveStatus {
        match &self.failure {
            Some(why) => SaveStatus::Failed(why.clone()),
            None if self.last_number == 0 => SaveStatus::Untouched,
            None if self.saved_number >= self.last_number => SaveStatus::Saved,
            None => SaveStatus::Saving,
        }
    }

    /// Why leaving now would lose something.
    pub(crate) fn unsaved_reason(&self) -> Option<&str> {
        let is_behind = self.saved_number < self.last_number;
        match (&self.failure, &self.place) {
            (Some(why), _) if self.last_number > 0 => Some(why),
            (None, CasePlace::Nowhere(why)) if is_behind => Some(why),
            _ => None,
        }
    }

    /// What flags say of the sources counts, and no file keeps it.
    pub(crate) fn is_reading_unkept(&self) -> bool {
        self.has_unkept_reading && self.last_number == 0
    }

    /// An edit that puts a new record.
    pub(crate) fn put(annotation: Annotation) -> Edit {
        Edit::Put { before: None, after: Some(Box::new(annotation)) }
    }

    /// An edit that changes a record of the document; `None` when it is not there or nothing changes.
    pub(crate) fn change(&self, id: &AnnotationId, now: Timestamp, change: impl FnOnce(&mut Annotation)) -> Option<Edit> {
        let before = self.doc.annotations.get(id)?;
        let mut after = before.clone();
        change(&mut after);
        if after == *before {
            return None;
        }
        after.updated = now;
        after.revision += 1;
        Some(Edit::Put { before: Some(Box::new(before.clone())), after: Some(Box::new(after)) })
    }

    /// An edit that removes a record.
    pub(crate) fn remove(&self, id: &AnnotationId) -> Option<Edit> {
        Some(Edit::Put { before: Some(Box::new(self.doc.annotations.get(id)?.clone())), after: None })
    }

    /// An edit of `case.toml`; `None` when nothing changes.
    pub(crate) fn change_meta(&self, change: impl FnOnce(&mut CaseMeta)) -> Option<Edit> {
        let mut after = self.doc.meta.clone();
        change(&mut after);
        (after != self.doc.meta).then(|| Edit::Meta { before: Box::new(self.doc.meta.clone()), after: Box::new(after) })
    }

    /// The range that a note on the cursor or selection gets.
    pub(crate) fn span(selection: Option<TimeRange>, cursor: Timestamp) -> TimeRange {
        selection.unwrap_or_else(|| TimeRange::new(cursor, cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session::new(CaseDoc::default(), CasePlace::Saved("x".into()), "me".into(), 7)
    }

    #[test]
    fn ids_are_ulids_that_rise() {
        let mut ids = IdMaker::new(1);
        let now = Timestamp::from_millis(1_795_400_650_123);
        let all: Vec<String> = (0..100).map(|i| ids.next(Timestamp(now.0 + i / 10 * 1_000_000)).0).collect();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(all.iter().all(|id| id.len() == 26 && id.starts_with("01")));
        assert_eq!(ids.next(Timestamp(0)).0[..10], all[99][..10], "a clock that goes back does not");
    }

    #[test]
    fn undo_and_redo_restore_the_document_exactly_and_are_journalled() {
        let mut session = session();
        let now = Timestamp::from_secs(10);
        let note = session.annotation(now, AnnotationKind::KeyMoment { at: now, order: None }, "peak".into());
        let id = note.id.clone();
        session.commit("add", vec![Session::put(note)]);
        let after_add = session.doc.clone();
        let edit = session.change(&id, now, |note| note.text = "worse".into()).expect("there");
        session.commit("change", vec![edit]);
        let after_change = session.doc.clone();
        let undone = session.undo().expect("something");
        assert_eq!((undone.name.as_str(), &session.doc), ("change", &after_add));
        assert!(matches!(undone.effects[..], [Effect::Journal { number: 3, .. }]));
        session.redo();
        assert_eq!(session.doc, after_change);
        session.undo();
        session.undo();
        assert_eq!(session.doc, CaseDoc::default());
        assert!(session.undo().is_none());
    }

    #[test]
    fn nothing_is_called_saved_before_the_runtime_says_so() {
        let mut session = session();
        let note = session.annotation(Timestamp(1), AnnotationKind::KeyMoment { at: Timestamp(1), order: None }, String::new());
        assert_eq!(session.status(), SaveStatus::Untouched);
        session.commit("add", vec![Session::put(note)]);
        assert_eq!(session.status(), SaveStatus::Saving);
        assert!(matches!(session.saved(1)[..], [Effect::SaveCase(_)]));
        assert_eq!(session.status(), SaveStatus::Saved);
        assert!(session.saved(1).is_empty(), "nothing new to write");
        session.failed("disk full".into());
        assert_eq!(session.unsaved_reason(), Some("disk full"));
    }
}
