//! PM019 to PM021 and PM028: is the causal graph thought through?

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::place;
use super::{Desk, Finding, Limits, gist};
use crate::model::case::{CauseStatus, HypothesisStatus, QuestionStatus, Relation};
use crate::model::text::whole_duration;
use crate::model::time::NS_PER_S;
use crate::model::{AnnotationId, AnnotationKind};

pub(super) fn check(desk: &Desk, limits: &Limits, found: &mut Vec<Finding>) {
    open_ends(desk, found);
    shape(desk, found);
    order(desk, limits, found);
    refuted(desk, found);
}

fn is_final(desk: &Desk) -> bool {
    desk.case
        .meta
        .status
        .as_deref()
        .is_some_and(|status| matches!(status.trim().to_lowercase().as_str(), "final" | "published" | "complete" | "closed"))
}

fn open_ends(desk: &Desk, found: &mut Vec<Finding>) {
    if !is_final(desk) {
        return;
    }
    let chain: BTreeSet<&AnnotationId> = desk.case.chain().into_iter().map(|one| &one.0.id).collect();
    let mut linked: BTreeSet<&AnnotationId> = BTreeSet::new();
    for annotation in desk.case.annotations.values() {
        if let AnnotationKind::Link(link) = &annotation.kind {
            linked.extend(
                [(&link.from, &link.to), (&link.to, &link.from)].into_iter().filter(|(_, other)| chain.contains(other)).map(|one| one.0),
            );
        }
    }
    for annotation in desk.case.annotations.values() {
        let message = match &annotation.kind {
            AnnotationKind::Hypothesis(it) if it.status == HypothesisStatus::Open => {
                let on_chain = linked.contains(&annotation.id) || it.closed_by.as_ref().is_some_and(|id| chain.contains(id));
                on_chain.then(|| format!("open hypothesis on the chain of a final document: {}", gist(&annotation.text)))
            }
            AnnotationKind::Question(it) if it.status == QuestionStatus::Open && it.is_blocking => {
                Some(format!("unanswered blocking question in a final document: {}", gist(&annotation.text)))
            }
            _ => None,
        };
        if let Some(message) = message {
            found.push(Finding::new("PM019", place(desk, annotation), message, "settle it, or set the status back").about(&annotation.id));
        }
    }
}

/// Causes that are not refuted, by their label and neighbours.
fn edges(desk: &Desk) -> Vec<(AnnotationId, AnnotationId, Relation)> {
    let links = desk.case.annotations.values().filter_map(|annotation| match &annotation.kind {
        AnnotationKind::Link(link) => Some((link.from.clone(), link.to.clone(), link.relation)),
        _ => None,
    });
    links.collect()
}

fn shape(desk: &Desk, found: &mut Vec<Finding>) {
    let shown: Vec<_> = desk.case.chain().into_iter().filter(|one| one.1.status != CauseStatus::Refuted).collect();
    let has_factor = desk.case.annotations.values().any(|one| matches!(one.kind, AnnotationKind::Factor(_)));
    if shown.is_empty() || has_factor {
        return;
    }
    let (mut into, mut out): (BTreeMap<AnnotationId, usize>, BTreeMap<AnnotationId, usize>) = Default::default();
    for (from, to, _) in edges(desk) {
        *out.entry(from).or_default() += 1;
        *into.entry(to).or_default() += 1;
    }
    let is_line = into.values().chain(out.values()).all(|n| *n <= 1);
    if shown.len() == 1 || is_line {
        let what = if shown.len() == 1 { "a single cause" } else { "one straight line of causes" };
        let message = format!("{what}: what let it happen, spread, and stay unseen?");
        found.push(Finding::new("PM020", "chain", message, "add contributing factors, or causes that enable and amplify"));
    }
}

fn order(desk: &Desk, limits: &Limits, found: &mut Vec<Finding>) {
    let chain = desk.case.chain();
    let start = |id: &AnnotationId| chain.iter().find(|one| one.0.id == *id).and_then(|one| one.1.at).map(crate::model::TimeRange::start);
    let label =
        |id: &AnnotationId| chain.iter().position(|one| one.0.id == *id).map_or_else(|| "?".to_owned(), |index| format!("C{}", index + 1));
    let all = edges(desk);
    let is_causal = |relation: &Relation| matches!(relation, Relation::Causes | Relation::Enables);
    for (from, to, relation) in &all {
        // What makes worse, hides or stops may well come later than what it acts on.
        let Some((cause, effect)) = start(from).zip(start(to)).filter(|_| is_causal(relation)) else { continue };
        let early = cause.since(effect);
        if early > limits.ns("clock_s") {
            let length = whole_duration((early / NS_PER_S) as u64);
            let message = format!("{} {} {}, but begins {length} after it", label(from), relation.name(), label(to));
            found.push(Finding::new("PM021", label(from), message, "turn the link round, or correct a time").about(from).at(cause));
        }
    }
    if let Some(id) = cycle(&all) {
        found.push(
            Finding::new("PM021", label(&id), format!("{} is a cause of itself", label(&id)), "take one link of the circle out").about(&id),
        );
    }
}

/// A cause on a circle, the first by id. Depth first without recursion: a long chain must not exhaust the stack.
fn cycle(edges: &[(AnnotationId, AnnotationId, Relation)]) -> Option<AnnotationId> {
    let mut next: BTreeMap<&AnnotationId, Vec<&AnnotationId>> = BTreeMap::new();
    let mut n_into: BTreeMap<&AnnotationId, usize> = BTreeMap::new();
    for (from, to, _) in edges.iter().filter(|edge| matches!(edge.2, Relation::Causes | Relation::Enables | Relation::Amplifies)) {
        next.entry(from).or_default().push(to);
        n_into.entry(from).or_default();
        *n_into.entry(to).or_default() += 1;
    }
    let mut free: Vec<&AnnotationId> = n_into.iter().filter(|(_, n)| **n == 0).map(|(id, _)| *id).collect();
    while let Some(id) = free.pop() {
        n_into.remove(id);
        for to in next.remove(id).unwrap_or_default() {
            if let Some(n) = n_into.get_mut(to) {
                *n -= 1;
                if *n == 0 {
                    free.push(to);
                }
            }
        }
    }
    // What is left is on a circle or behind one; only the former leads back to itself.
    let leads_back = |start: &&AnnotationId| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![*start]);
        while let Some(id) = open.pop() {
            for to in next.get(id).into_iter().flatten() {
                if to == start {
                    return true;
                }
                if seen.insert(*to) {
                    open.push(to);
                }
            }
        }
        false
    };
    n_into.into_keys().find(leads_back).cloned()
}

fn refuted(desk: &Desk, found: &mut Vec<Finding>) {
    let has_refuted = desk.case.annotations.values().any(|annotation| match &annotation.kind {
        AnnotationKind::Hypothesis(it) => matches!(it.status, HypothesisStatus::Refuted | HypothesisStatus::Superseded),
        AnnotationKind::Cause(it) => it.status == CauseStatus::Refuted,
        _ => false,
    });
    if !has_refuted {
        let message = "nothing was ruled out: which other explanations were looked at?";
        found.push(Finding::new("PM028", "chain", message, "record a hypothesis that the evidence speaks against, with what refuted it"));
    }
}
