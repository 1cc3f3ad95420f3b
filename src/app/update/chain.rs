//! The causal chain: links between steps and their order.

use crate::app::message::Effect;
use crate::app::session::Session;
use crate::app::state::State;
use crate::model::AnnotationId;
use crate::model::case::{AnnotationKind, Edit, Link, Relation};

/// All edges as (id, from, to, relation).
fn links(state: &State) -> Vec<(AnnotationId, AnnotationId, AnnotationId, Relation)> {
    let of = |record: &crate::model::Annotation| match &record.kind {
        AnnotationKind::Link(link) => Some((record.id.clone(), link.from.clone(), link.to.clone(), link.relation)),
        _ => None,
    };
    state.session.doc.annotations.values().filter_map(of).collect()
}

/// An edge between two steps.
pub(super) fn link(state: &mut State, from: AnnotationId, to: AnnotationId, relation: Relation) -> Edit {
    let kind = AnnotationKind::Link(Link { from, to, relation, ..Link::default() });
    Session::put(state.session.annotation(state.now, kind, String::new()))
}

/// The step before this one in the chain, or the last one for a step to come.
fn former(state: &State, id: Option<&AnnotationId>) -> Option<AnnotationId> {
    let order: Vec<AnnotationId> = state.session.doc.chain().into_iter().map(|(record, _)| record.id.clone()).collect();
    match id.map(|id| order.iter().position(|other| other == id)) {
        None => order.last().cloned(),
        Some(at) => order.get(at?.checked_sub(1)?).cloned(),
    }
}

/// What stands above a step in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Above {
    /// It is the first one.
    Nothing,
    /// A step that does not act on it.
    Unlinked,
    /// A step that acts on it in this way.
    Linked(Relation),
}

/// How the step above acts on this one; a new step is caused by it unless the user says otherwise.
pub(super) fn above(state: &State, id: Option<&AnnotationId>) -> Above {
    let Some(former) = former(state, id) else { return Above::Nothing };
    let Some(id) = id else { return Above::Linked(Relation::Causes) };
    let link = links(state).into_iter().find(|(_, from, to, _)| *from == former && to == id);
    link.map_or(Above::Unlinked, |link| Above::Linked(link.3))
}

/// Edits that make the step before act on this one in this way, or not at all.
pub(super) fn relate(state: &mut State, id: &AnnotationId, relation: Option<Relation>) -> Vec<Edit> {
    let Some(former) = former(state, Some(id)) else { return Vec::new() };
    let present = links(state).into_iter().find(|(_, from, to, _)| *from == former && to == id);
    let edit = match (present, relation) {
        (Some(present), Some(relation)) => state.session.change(&present.0, state.now, |record| {
            if let AnnotationKind::Link(link) = &mut record.kind {
                link.relation = relation;
            }
        }),
        (Some(present), None) => state.session.remove(&present.0),
        (None, Some(relation)) => Some(link(state, former, id.clone(), relation)),
        (None, None) => None,
    };
    edit.into_iter().collect()
}

/// Removes the edges of a step; when it stood between two others, these are linked instead.
pub(super) fn unlink(state: &mut State, id: &AnnotationId) -> Vec<Edit> {
    let all = links(state);
    let touching: Vec<_> = all.iter().filter(|(_, from, to, _)| from == id || to == id).collect();
    let mut edits: Vec<Edit> = touching.iter().filter_map(|link| state.session.remove(&link.0)).collect();
    let before: Vec<_> = touching.iter().filter(|link| link.2 == *id).map(|link| link.1.clone()).collect();
    let after: Vec<_> = touching.iter().filter(|link| link.1 == *id).map(|link| link.2.clone()).collect();
    if let ([before], [after]) = (&before[..], &after[..]) {
        let bridge = link(state, before.clone(), after.clone(), Relation::Causes);
        edits.push(bridge);
    }
    edits
}

/// Moves the selected step up or down. Only its place changes: who acts on whom, and how, was said by people and stays.
pub(super) fn shift(state: &mut State, rows: isize) -> Vec<Effect> {
    let order: Vec<AnnotationId> = state.session.doc.chain().into_iter().map(|(record, _)| record.id.clone()).collect();
    let Some(from) = state.side.annotation().and_then(|id| order.iter().position(|other| other == id)) else {
        state.say("no step selected");
        return Vec::new();
    };
    let to = from.saturating_add_signed(rows).min(order.len() - 1);
    if from == to {
        return Vec::new();
    }
    let mut next = order.clone();
    next.swap(from, to);
    let mut edits: Vec<Edit> = Vec::new();
    for (place, id) in next.iter().enumerate() {
        edits.extend(state.session.change(id, state.now, |record| {
            if let AnnotationKind::Cause(cause) = &mut record.kind {
                cause.order = place as u32 + 1;
            }
        }));
    }
    let effects = state.session.commit("move step", edits);
    super::side_view::prepare(state);
    state.side.select_annotation(&next[to]);
    let n_links = links(state).iter().filter(|(_, from, to_id, _)| [from, to_id].contains(&&next[to])).count();
    let kept = match n_links {
        0 => String::new(),
        1 => "; its link stays as it was".to_owned(),
        n => format!("; its {n} links stay as they were"),
    };
    state.say(format!("now step {}{kept}", to + 1));
    effects
}
