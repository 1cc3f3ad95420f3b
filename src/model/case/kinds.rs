//! What the records of a case hold, by kind. The statement of each kind is the text of its annotation.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    AnnotationId, BucketName, CauseStatus, CauseType, FactorGroup, HypothesisStatus, IfRemoved, Outcome, QuestionStatus, Relation, Verdict,
};
use crate::model::series::Labels;
use crate::model::time::{TimeRange, Timestamp};

/// A hypothesis; the claim is the annotation's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hypothesis {
    /// When it would have acted.
    pub at: Option<TimeRange>,
    /// What became of it.
    pub status: HypothesisStatus,
    /// Evidence for it.
    pub supports: Vec<AnnotationId>,
    /// Evidence against it.
    pub against: Vec<AnnotationId>,
    /// What would show it to be wrong.
    pub would_disprove: Option<String>,
    /// The record that settled it: evidence, a cause, or the hypothesis that took its place.
    pub closed_by: Option<AnnotationId>,
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
    /// Evidence against it.
    pub against: Vec<AnnotationId>,
    /// Place in the chain, counted from 1; equal places are ordered by id.
    pub order: u32,
    /// Service or resource that it acted in.
    pub service: Option<String>,
    /// How we know.
    pub how_we_know: Option<String>,
    /// What would show it to be wrong.
    pub would_disprove: Option<String>,
    /// What would have happened without it.
    pub if_removed: Option<IfRemoved>,
    /// Why no action answers it.
    pub accepted_because: Option<String>,
}

/// An edge of the causal graph; how it works is the annotation's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Link {
    /// What acts.
    pub from: AnnotationId,
    /// What it acts on.
    pub to: AnnotationId,
    /// How.
    pub relation: Relation,
    /// Time from the start of `from` to the start of `to` in nanoseconds, if a person states it; else it is derived.
    pub lag_ns: Option<i64>,
    /// How sure; `None`: nobody said.
    pub confidence: Option<CauseStatus>,
    /// Evidence for it.
    pub evidence: Vec<AnnotationId>,
}

/// A mitigation that was tried; what it was is the annotation's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attempt {
    /// When.
    pub at: TimeRange,
    /// What came of it, in words; those that begin with `worked`, `no effect` or `worse` are also an outcome.
    pub effect: Option<String>,
    /// What came of it; see `Attempt::verdict`.
    pub outcome: Option<Outcome>,
    /// Who tried it, by role.
    pub by: Option<String>,
    /// Evidence.
    pub evidence: Vec<AnnotationId>,
}

impl Attempt {
    /// What came of it: the stated outcome, else the one that the words begin with.
    pub fn verdict(&self) -> Option<Outcome> {
        let words = self.effect.as_deref().unwrap_or_default();
        self.outcome.or_else(|| Outcome::ALL.into_iter().find(|outcome| words.starts_with(outcome.name())))
    }
}

/// An action item; what to do is the annotation's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ActionItem {
    /// prevent, mitigate, detect, process, document (`ActionType`), or a word of the house.
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
    /// Day on which it was done, `YYYY-MM-DD`.
    pub done_on: Option<String>,
    /// Causes, factors or lessons it addresses.
    pub causes: Vec<AnnotationId>,
    /// The gap that it closes, when there is no record of it.
    pub gap: Option<String>,
    /// Considered, and not done because.
    pub not_doing_because: Option<String>,
}

/// A question; the question is the annotation's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Question {
    /// Role of the one who asked.
    pub asked_by: Option<String>,
    /// The answer.
    pub answer: Option<String>,
    /// What became of it.
    pub status: QuestionStatus,
    /// Whether the postmortem cannot be final without the answer.
    pub is_blocking: bool,
    /// Records that it is about.
    pub about: Vec<AnnotationId>,
}

/// What somebody said; the words are the annotation's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quote {
    /// When it was said.
    pub at: Timestamp,
    /// Role of the speaker.
    pub role: Option<String>,
    /// Where: a channel, a call.
    pub channel: Option<String>,
}

/// How something went; what it was is the annotation's text.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Well, badly, lucky or surprised.
    pub name: BucketName,
    /// Records that it is about.
    pub about: Vec<AnnotationId>,
}

/// A lesson; the correct understanding is the annotation's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lesson {
    /// What was believed.
    pub misconception: Option<String>,
    /// Evidence for the correct understanding.
    pub evidence: Vec<AnnotationId>,
    /// Where it is taught now: run book, rule of a checker, test.
    pub taught_in: Option<String>,
}

/// A stage of a rollout; its name is the annotation's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stage {
    /// When, half-open.
    pub at: TimeRange,
    /// Share of the traffic in percent.
    pub percent: Option<f64>,
    /// Labels of the series that belong to it.
    pub selector: Labels,
    /// Thresholds that replace those of the case: full series name → greatest good value.
    pub thresholds: BTreeMap<String, f64>,
    /// What a person says about it, over the derived verdict.
    pub verdict: Option<Verdict>,
    /// Whether the rollback rule fired; `None`: nobody said.
    pub has_rolled_back: Option<bool>,
}

/// The prose of one section, which is the annotation's text. `sections/NAME.md` wins over it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Section {
    /// Which: `summary`, `lessons` …
    pub name: String,
}

/// A contributing factor; what it is is the annotation's text.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// Where it lies.
    pub group: FactorGroup,
    /// Evidence.
    pub evidence: Vec<AnnotationId>,
    /// Causes that it helped.
    pub causes: Vec<AnnotationId>,
    /// Marked as an opinion, which needs no evidence.
    pub is_opinion: bool,
}

/// A resource that looked different from what it was; its name is the annotation's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resource {
    /// What the dashboard suggested.
    pub apparent: Option<String>,
    /// What it really was.
    pub actual: Option<String>,
    /// Why the two differ.
    pub why: Option<String>,
    /// Evidence.
    pub evidence: Vec<AnnotationId>,
}

/// Two edits of one field that a merge could not settle. The record holds one of the two values until somebody
/// removes this conflict (and changes the record, if the other value is right).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conflict {
    /// The record.
    pub of: AnnotationId,
    /// Its field as in the files; `del` when one side removed what the other one changed; `case.toml` keys as `meta.title`.
    pub field: String,
    /// What both sides began with; `None` is a field that was not there.
    pub base: Option<Value>,
    /// The values of the two sides, in an order that does not depend on who merges; the first one stands in the record.
    pub sides: [Option<Value>; 2],
}
