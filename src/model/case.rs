//! The case document: the only thing that is saved, journalled and undone.
//!
//! Edits are whole-record replacements with the old value beside the new one, so every edit inverts exactly.
//! Files and their text forms are `report::case_file`; this is only the value.

mod fields;
mod kinds;
mod merge;
mod meta;
mod moving;
mod reading;
mod record;
mod references;
mod screen;
mod settle;
mod standing;
mod values;
mod verdicts;
mod view;
mod words;

use std::collections::BTreeMap;

use super::series::{Labels, Unit};
use super::time::{TimeRange, Timestamp};

pub use fields::{Field, FieldSort, KINDS, KindFields, title_of};
pub use kinds::{
    ActionItem, Attempt, Bucket, Cause, Conflict, Factor, Hypothesis, Lesson, Link, Question, Quote, Resource, Section, Stage,
};
pub use merge::{MergedRecords, Side, merge_records};
pub use meta::{
    Anchor, CaseMeta, DataLoss, FORMULA_SOURCE, Head, ImpactAnswers, Indicator, LintSettings, Measure, MetaConflict, PanelRef, Person,
    SavedFilter, Slo, Suppression,
};
pub use reading::ReadingOptions;
pub use record::{annotation_from_json, annotation_to_json, kind_from_fields, parse_time};
pub use references::References;
pub use screen::ScreenView;
pub use settle::Choice;
pub use standing::Standing;
pub use values::{ReadTime, field_value, signed_duration};
pub use verdicts::{
    ActionType, BucketName, FactorGroup, HypothesisStatus, IfRemoved, Outcome, QuestionStatus, RangeEnd, RowKind, Verdict, Visibility,
};
pub use view::{Earlier, PanelForm, PanelShape, PanelView, Renderer};
pub use words::{CauseStatus, CauseType, MarkerName, Relation};

/// ULID of an annotation as text; sorts by creation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AnnotationId(pub String);

/// What a piece of evidence points at, with the frozen value that survives the loss of its source.
#[derive(Debug, Clone, PartialEq)]
pub enum EvidenceTarget {
    /// A series over a window.
    Series {
        /// Metric name.
        name: String,
        /// Labels.
        labels: Labels,
        /// Unit of the values.
        unit: Unit,
        /// The window.
        range: TimeRange,
        /// The moment under the cursor, and its value there (last sample at or before, `None` if stale).
        at: Timestamp,
        /// Value at `at`.
        value: Option<f64>,
        /// Greatest finite value in the window and its time.
        peak: Option<(Timestamp, f64)>,
        /// Greatest finite value of each of (at most 60) equal columns of the window; `None` is a gap.
        points: Vec<Option<f64>>,
    },
    /// Lines of a log.
    Lines {
        /// First line from 1.
        first: u64,
        /// Last line, inclusive.
        last: u64,
        /// Time of the first record.
        at: Option<Timestamp>,
        /// SHA-256 of the raw bytes of the lines, line ends included, as lower-case hex.
        sha256: String,
        /// The lines as text, at most 15 and cut at a stated width.
        excerpt: String,
    },
    /// A change record.
    Change {
        /// Line from 1.
        line: u64,
        /// Its time.
        at: Option<Timestamp>,
        /// Its sentence.
        text: String,
    },
    /// An alert.
    Alert {
        /// Name of the alert.
        name: String,
        /// Its labels.
        labels: Labels,
        /// When it began to fire (or to be pending).
        at: Timestamp,
        /// When it ended.
        until: Option<Timestamp>,
    },
    /// A profile.
    Profile {
        /// `goroutine`, `cpu` …
        profile: String,
        /// When it was taken.
        at: Option<Timestamp>,
        /// Sum of the default sample type.
        total: f64,
        /// Unit of the sum.
        unit: String,
    },
    /// A change of code; `Evidence::source` is the path of the file.
    Diff {
        /// When it went live or was made.
        at: Option<Timestamp>,
        /// Commit before.
        before: Option<String>,
        /// Commit after.
        after: Option<String>,
        /// The lines in the form of `diff -u`, at most 40.
        text: String,
    },
    /// Something outside of the sources: a ticket, a dashboard, a page; its words are the caption.
    Link {
        /// The moment it speaks of.
        at: Option<Timestamp>,
        /// The address.
        url: String,
    },
}

/// One pinned piece of evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Path of the source as in the catalog.
    pub source: String,
    /// SHA-256 of the whole source, if it was known when the pin was set.
    pub source_sha256: Option<String>,
    /// What it points at.
    pub target: EvidenceTarget,
}

/// What an annotation is.
#[derive(Debug, Clone, PartialEq)]
pub enum AnnotationKind {
    /// A note on a moment.
    Moment {
        /// When.
        at: Timestamp,
        /// Service it speaks of.
        service: Option<String>,
        /// change, alert, symptom, action, decision, communication, recovery, observation (`RowKind`), or another word.
        row_kind: Option<String>,
        /// How far the clock may be off, in nanoseconds either way.
        uncertainty_ns: Option<i64>,
    },
    /// A note on a stretch of time.
    Range {
        /// When; what its end means says `end`.
        range: TimeRange,
        /// Whether the end belongs to it, or is not known yet.
        end: RangeEnd,
        /// Service it speaks of.
        service: Option<String>,
        /// As in `Moment`.
        row_kind: Option<String>,
    },
    /// One of the named moments.
    Marker {
        /// Which.
        name: MarkerName,
        /// When; for an interval its earliest moment.
        at: Timestamp,
        /// Latest moment it can have been.
        latest: Option<Timestamp>,
        /// How it was found, `manual` when a person set it.
        rule: String,
        /// Evidence for the moment.
        evidence: Vec<AnnotationId>,
    },
    /// Pinned evidence; the annotation's text is its caption.
    Evidence(Evidence),
    /// A claim with evidence for and against it.
    Hypothesis(Hypothesis),
    /// A causal step.
    Cause(Cause),
    /// An edge between two causes (or attempts, or hypotheses).
    Link(Link),
    /// A mitigation that was tried.
    Attempt(Attempt),
    /// An action item.
    Action(ActionItem),
    /// A question.
    Question(Question),
    /// What somebody said.
    Quote(Quote),
    /// What went well or badly, where we were lucky or surprised.
    Bucket(Bucket),
    /// A lesson.
    Lesson(Lesson),
    /// A stage of a rollout.
    Stage(Stage),
    /// The prose of a section.
    Section(Section),
    /// A contributing factor.
    Factor(Factor),
    /// A row of the table of what resources seemed and what they were.
    Resource(Resource),
    /// A column of the key-indicator table; its label is the annotation's text.
    KeyMoment {
        /// When.
        at: Timestamp,
        /// Place among the columns; those without one come after, by time.
        order: Option<u32>,
    },
    /// Two edits of one field that a merge could not settle.
    Conflict(Conflict),
    /// A kind that this version does not know: kept untouched in `Annotation::unknown`, never dropped.
    Other(String),
}

impl AnnotationKind {
    /// Name in files.
    pub fn name(&self) -> &str {
        match self {
            Self::Moment { .. } => "moment",
            Self::Range { .. } => "range",
            Self::Marker { .. } => "marker",
            Self::Evidence(_) => "evidence",
            Self::Hypothesis(_) => "hypothesis",
            Self::Cause(_) => "cause",
            Self::Link(_) => "link",
            Self::Attempt(_) => "attempt",
            Self::Action(_) => "action",
            Self::Question(_) => "question",
            Self::Quote(_) => "quote",
            Self::Bucket(_) => "bucket",
            Self::Lesson(_) => "lesson",
            Self::Stage(_) => "stage",
            Self::Section(_) => "section",
            Self::Factor(_) => "factor",
            Self::Resource(_) => "resource",
            Self::KeyMoment { .. } => "keymoment",
            Self::Conflict(_) => "conflict",
            Self::Other(name) => name,
        }
    }
}

/// One record of the case.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    /// ULID.
    pub id: AnnotationId,
    /// What it is.
    pub kind: AnnotationKind,
    /// Its words; may hold line ends.
    pub text: String,
    /// Free labels.
    pub tags: Vec<String>,
    /// Who may read it.
    pub visibility: Visibility,
    /// Pinned by hand: it belongs into the short timeline.
    pub is_pinned: bool,
    /// Who wrote it (a role, or `$USER`).
    pub author: String,
    /// When it was made (wall clock).
    pub created: Timestamp,
    /// When it was last changed (wall clock).
    pub updated: Timestamp,
    /// Rises with every change.
    pub revision: u32,
    /// Fields of the file that this version does not know, kept in their order.
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

impl Annotation {
    /// The moment it belongs to on the timeline, if it has one.
    pub fn at(&self) -> Option<Timestamp> {
        match &self.kind {
            AnnotationKind::Moment { at, .. } | AnnotationKind::Marker { at, .. } | AnnotationKind::KeyMoment { at, .. } => Some(*at),
            AnnotationKind::Range { range, .. } => Some(range.start()),
            AnnotationKind::Attempt(attempt) => Some(attempt.at.start()),
            AnnotationKind::Cause(cause) => cause.at.map(TimeRange::start),
            AnnotationKind::Hypothesis(hypothesis) => hypothesis.at.map(TimeRange::start),
            AnnotationKind::Stage(stage) => Some(stage.at.start()),
            AnnotationKind::Quote(quote) => Some(quote.at),
            AnnotationKind::Evidence(evidence) => match &evidence.target {
                EvidenceTarget::Series { at, .. } | EvidenceTarget::Alert { at, .. } => Some(*at),
                EvidenceTarget::Lines { at, .. }
                | EvidenceTarget::Change { at, .. }
                | EvidenceTarget::Profile { at, .. }
                | EvidenceTarget::Diff { at, .. }
                | EvidenceTarget::Link { at, .. } => *at,
            },
            AnnotationKind::Link(_)
            | AnnotationKind::Action(_)
            | AnnotationKind::Question(_)
            | AnnotationKind::Bucket(_)
            | AnnotationKind::Lesson(_)
            | AnnotationKind::Section(_)
            | AnnotationKind::Factor(_)
            | AnnotationKind::Resource(_)
            | AnnotationKind::Conflict(_)
            | AnnotationKind::Other(_) => None,
        }
    }
}

/// The whole document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CaseDoc {
    /// `case.toml`.
    pub meta: CaseMeta,
    /// `annotations.jsonl`, by id.
    pub annotations: BTreeMap<AnnotationId, Annotation>,
}

impl CaseDoc {
    /// Applies one edit. Total: an edit of a record that is not there just puts it.
    pub fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Put { after: Some(annotation), .. } => {
                self.annotations.insert(annotation.id.clone(), (**annotation).clone());
            }
            Edit::Put { before: Some(annotation), after: None } => {
                self.annotations.remove(&annotation.id);
            }
            Edit::Put { before: None, after: None } => {}
            Edit::Meta { after, .. } => self.meta = (**after).clone(),
        }
    }

    /// Annotations in the order of the timeline: (time, id), those without a time last. O(n log n).
    pub fn by_time(&self) -> Vec<&Annotation> {
        let mut all: Vec<&Annotation> = self.annotations.values().collect();
        all.sort_by_key(|annotation| (annotation.at().is_none(), annotation.at(), annotation.id.clone()));
        all
    }

    /// The marker of this name with its annotation; the first by id if there are several.
    pub fn marker(&self, wanted: MarkerName) -> Option<Timestamp> {
        self.annotations.values().find_map(|annotation| match annotation.kind {
            AnnotationKind::Marker { name, at, .. } if name == wanted => Some(at),
            _ => None,
        })
    }

    /// Causal steps in the order of the chain.
    pub fn chain(&self) -> Vec<(&Annotation, &Cause)> {
        let mut chain: Vec<_> = self
            .annotations
            .values()
            .filter_map(|annotation| match &annotation.kind {
                AnnotationKind::Cause(cause) => Some((annotation, cause)),
                _ => None,
            })
            .collect();
        chain.sort_by_key(|(annotation, cause)| (cause.order, annotation.id.clone()));
        chain
    }

    /// Pinned evidence in the order (time, id).
    pub fn evidence(&self) -> Vec<(&Annotation, &Evidence)> {
        self.by_time()
            .into_iter()
            .filter_map(|annotation| match &annotation.kind {
                AnnotationKind::Evidence(evidence) => Some((annotation, evidence)),
                _ => None,
            })
            .collect()
    }
}

/// One invertible change of the document.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// A record is added (`before` empty), changed, or removed (`after` empty).
    Put {
        /// As it was.
        before: Option<Box<Annotation>>,
        /// As it becomes.
        after: Option<Box<Annotation>>,
    },
    /// `case.toml` changes.
    Meta {
        /// As it was.
        before: Box<CaseMeta>,
        /// As it becomes.
        after: Box<CaseMeta>,
    },
}

impl Edit {
    /// The edit that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        match self {
            Self::Put { before, after } => Self::Put { before: after.clone(), after: before.clone() },
            Self::Meta { before, after } => Self::Meta { before: after.clone(), after: before.clone() },
        }
    }
}

impl EditStep {
    /// Whether it changes only what the screen shows, nothing that the postmortem tells.
    pub fn is_view_only(&self) -> bool {
        let told =
            |meta: &CaseMeta| CaseMeta { filters: Vec::new(), view: PanelView::default(), screen: ScreenView::default(), ..meta.clone() };
        self.edits.iter().all(|edit| matches!(edit, Edit::Meta { before, after } if told(before) == told(after)))
    }
}

/// Edits that belong together: one undo.
#[derive(Debug, Clone, PartialEq)]
pub struct EditStep {
    /// What it did, for `undo: …`.
    pub name: String,
    /// In order.
    pub edits: Vec<Edit>,
}

impl EditStep {
    /// The step that takes this one back: inverses in reverse order.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { name: self.name.clone(), edits: self.edits.iter().rev().map(Edit::inverse).collect() }
    }
}
