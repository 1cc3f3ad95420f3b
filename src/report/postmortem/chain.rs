//! The causal chain: steps `C1` …, the edges between them, and the action items that answer them.

use super::ActionRow;
use super::context::Context;
use super::impact::duration;
use crate::model::case::{CauseStatus, CauseType, Link, Relation};
use crate::model::{AnnotationId, AnnotationKind, TimeRange};

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// `C1` …
    pub label: String,
    /// What happened or was wrong, in the user's words.
    pub statement: String,
    /// Sort of cause.
    pub cause_type: CauseType,
    /// How sure.
    pub status: CauseStatus,
    /// When it acted.
    pub at: Option<TimeRange>,
    /// Labels of its evidence, in the order given.
    pub evidence: Vec<String>,
    /// Evidence that the case no longer holds.
    pub lost: Vec<String>,
    /// How we know, what speaks against it, what would disprove it, what removing it would have done: name and words.
    pub notes: Vec<(&'static str, String)>,
}

/// One edge from cause to effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Label of the cause.
    pub from: String,
    /// Label of the effect.
    pub to: String,
    /// How; `None`: only the order of the chain says so, nobody drew a link.
    pub relation: Option<Relation>,
    /// From the start of the cause to the start of the effect; `None` also when both began at once, or the cause
    /// came later (it can still make worse what was there).
    pub lag: Option<String>,
    /// Words of the link.
    pub text: String,
}

pub(super) fn gather(context: &Context) -> (Vec<Step>, Vec<Edge>) {
    let chain = context.case.chain();
    let mut steps = Vec::new();
    for (annotation, cause) in &chain {
        let label_of = |id: &AnnotationId| context.exhibits.get(id).cloned();
        steps.push(Step {
            label: context.causes.get(&annotation.id).cloned().unwrap_or_default(),
            statement: annotation.text.clone(),
            cause_type: cause.cause_type,
            status: cause.status,
            at: cause.at,
            evidence: cause.evidence.iter().filter_map(label_of).collect(),
            lost: cause.evidence.iter().filter(|id| label_of(id).is_none()).map(|id| id.0.clone()).collect(),
            notes: super::stated::notes(context.case, cause, &label_of),
        });
    }
    let starts =
        |id: &AnnotationId| chain.iter().find(|(annotation, _)| annotation.id == *id).and_then(|(_, cause)| cause.at).map(TimeRange::start);
    let lag = |from: &AnnotationId, to: &AnnotationId| {
        let between = starts(from).zip(starts(to)).map(|(start, end)| end.since(start));
        between.filter(|ns| *ns > 0).map(duration)
    };
    let mut edges = Vec::new();
    for annotation in context.case.annotations.values() {
        let AnnotationKind::Link(Link { from, to, relation, lag_ns, .. }) = &annotation.kind else { continue };
        let (Some(from_label), Some(to_label)) = (context.causes.get(from), context.causes.get(to)) else { continue };
        let lag = lag_ns.filter(|ns| *ns > 0).map(duration).or_else(|| lag(from, to));
        edges.push(Edge { from: from_label.clone(), to: to_label.clone(), relation: Some(*relation), lag, text: annotation.text.clone() });
    }
    if edges.is_empty() {
        let shown: Vec<_> = chain.iter().filter(|(_, cause)| cause.status != CauseStatus::Refuted).collect();
        for pair in shown.windows(2) {
            let (from, to) = (&pair[0].0.id, &pair[1].0.id);
            let lag = lag(from, to);
            let label = |id: &AnnotationId| context.causes.get(id).cloned().unwrap_or_default();
            edges.push(Edge { from: label(from), to: label(to), relation: None, lag, text: String::new() });
        }
    }
    let number = |label: &str| label.get(1..).and_then(|n| n.parse::<usize>().ok()).unwrap_or_default();
    edges.sort_by_key(|edge| (number(&edge.from), number(&edge.to), edge.relation));
    (steps, edges)
}

/// Action items in the order of their ids: those to do, and those that were considered and are not done.
pub(super) fn actions(context: &Context) -> (Vec<ActionRow>, Vec<ActionRow>) {
    let mut rows = Vec::new();
    for annotation in context.case.annotations.values() {
        let AnnotationKind::Action(action) = &annotation.kind else { continue };
        rows.push(ActionRow {
            label: format!("A{}", rows.len() + 1),
            action: annotation.text.clone(),
            action_type: action.action_type.clone(),
            owner: action.owner.clone(),
            priority: action.priority.clone(),
            link: action.link.clone(),
            due: action.due.clone(),
            done_when: action.done_when.clone(),
            done_on: action.done_on.clone(),
            causes: action.causes.iter().filter_map(|id| context.causes.get(id).cloned()).collect(),
            gap: action.gap.clone(),
            not_doing_because: action.not_doing_because.clone().filter(|reason| !reason.trim().is_empty()),
        });
    }
    rows.into_iter().partition(|row| row.not_doing_because.is_none())
}
