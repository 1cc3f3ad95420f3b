//! The case document: the only thing that is saved, journalled and undone.
//!
//! Edits are whole-record replacements with the old value beside the new one, so every edit inverts exactly.
//! Files and their text forms are `report::case_file`; this is only the value.

mod view;
mod words;

use std::collections::BTreeMap;

use super::series::{Labels, Unit};
use super::time::{TimeRange, Timestamp};

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

/// One causal step: the statement is the annotation's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cause {
    /// Sort of cause.
    pub cause_type: CauseType,
    /// How sure.
    pub status: CauseStatus,
    /// When it acted.
    pub at: Option<TimeRange>,
    /// Evidence for it.
    pub evidence: Vec<AnnotationId>,
    /// Place in the chain, counted from 1; equal places are ordered by id.
    pub order: u32,
}

/// A mitigation that was tried; what it was is the annotation's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attempt {
    /// When.
    pub at: TimeRange,
    /// `worked`, `no effect`, `worse`, or nothing said.
    pub effect: Option<String>,
}

/// An action item; what to do is the annotation's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ActionItem {
    /// prevent, mitigate, detect, process, document.
    pub action_type: Option<String>,
    /// Team or role.
    pub owner: Option<String>,
    /// P0 … P3.
    pub priority: Option<String>,
    /// Tracking link.
    pub link: Option<String>,
    /// Due date, `YYYY-MM-DD`.
    pub due: Option<String>,
    /// How one can tell that it is done.
    pub done_when: Option<String>,
    /// Causes it addresses.
    pub causes: Vec<AnnotationId>,
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
        /// change, alert, symptom, action, decision, communication, recovery, observation.
        row_kind: Option<String>,
    },
    /// A note on a stretch of time.
    Range {
        /// When, half-open.
        range: TimeRange,
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
    },
    /// Pinned evidence; the annotation's text is its caption.
    Evidence(Evidence),
    /// A causal step.
    Cause(Cause),
    /// An edge between two causes.
    Link {
        /// The cause.
        from: AnnotationId,
        /// The effect.
        to: AnnotationId,
        /// How.
        relation: Relation,
    },
    /// A mitigation that was tried.
    Attempt(Attempt),
    /// An action item.
    Action(ActionItem),
    /// A column of the key-indicator table; its label is the annotation's text.
    KeyMoment {
        /// When.
        at: Timestamp,
    },
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
            Self::Cause(_) => "cause",
            Self::Link { .. } => "link",
            Self::Attempt(_) => "attempt",
            Self::Action(_) => "action",
            Self::KeyMoment { .. } => "keymoment",
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
            AnnotationKind::Moment { at, .. } | AnnotationKind::Marker { at, .. } | AnnotationKind::KeyMoment { at } => Some(*at),
            AnnotationKind::Range { range, .. } => Some(range.start()),
            AnnotationKind::Attempt(attempt) => Some(attempt.at.start()),
            AnnotationKind::Cause(cause) => cause.at.map(TimeRange::start),
            AnnotationKind::Evidence(evidence) => match &evidence.target {
                EvidenceTarget::Series { at, .. } | EvidenceTarget::Alert { at, .. } => Some(*at),
                EvidenceTarget::Lines { at, .. } | EvidenceTarget::Change { at, .. } | EvidenceTarget::Profile { at, .. } => *at,
            },
            AnnotationKind::Link { .. } | AnnotationKind::Action(_) | AnnotationKind::Other(_) => None,
        }
    }
}

/// The named things of a case that are not annotations (`case.toml`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CaseMeta {
    /// Title of the incident.
    pub title: String,
    /// SEV1 … as the house says.
    pub severity: Option<String>,
    /// draft, in review, final.
    pub status: Option<String>,
    /// Services concerned.
    pub services: Vec<String>,
    /// Zone in which local times are shown (IANA name), besides UTC.
    pub time_zone: Option<String>,
    /// What T+0 is.
    pub t0: Option<Anchor>,
    /// Panels chosen by the user, as full series names with their source path; empty: choose.
    pub panels: Vec<PanelRef>,
    /// Zones given for sources without one: path or glob → IANA name or offset.
    pub zones: BTreeMap<String, String>,
    /// Thresholds drawn on panels: full series name → value.
    pub thresholds: BTreeMap<String, f64>,
    /// Sources to load, relative to the case folder; empty: the folder itself.
    pub sources: Vec<String>,
    /// Conditions on the event list, in the order of their chips.
    pub filters: Vec<SavedFilter>,
    /// How the panels are drawn.
    pub view: PanelView,
}

/// One condition on the event list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFilter {
    /// In the filter language.
    pub text: String,
    /// Switched off for now, and kept.
    pub is_off: bool,
}

/// What T+0 is and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The moment.
    pub at: Timestamp,
    /// What it is, one line: `deploy order v1.8.3 → v1.9.0`.
    pub label: String,
}

/// Names a series for a panel across loads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PanelRef {
    /// What the panel is for: `goroutines`, `P99`, `error rate`, or empty for one that the user added.
    pub role: String,
    /// `SeriesMeta::full_name`.
    pub series: String,
    /// Path of its source.
    pub source: String,
}

/// What stands for the path of the source of a panel that shows a formula.
pub const FORMULA_SOURCE: &str = "promql";

impl PanelRef {
    /// The formula that the panel shows, without the labels of the line that it chose; `None` for a series.
    ///
    /// A formula that ends in a brace of its own is a selector, and each of its lines has labels.
    pub fn formula(&self) -> Option<&str> {
        if self.source != FORMULA_SOURCE {
            return None;
        }
        let text = self.series.as_str();
        let (mut is_quoted, mut is_escaped, mut depth, mut last) = (false, false, 0u32, None);
        for (at, c) in text.char_indices() {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' if is_quoted => is_escaped = true,
                '"' => is_quoted = !is_quoted,
                '{' if !is_quoted => {
                    depth += 1;
                    last = if depth == 1 { Some(at) } else { last };
                }
                '}' if !is_quoted => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        match last {
            Some(at) if text.ends_with('}') && at > 0 => Some(&text[..at]),
            _ => Some(text),
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
        let told = |meta: &CaseMeta| CaseMeta { filters: Vec::new(), view: PanelView::default(), ..meta.clone() };
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
