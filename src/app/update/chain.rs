//! The causal chain: links between steps and their order.

use crate::app::message::Effect;
use crate::app::session::Session;
use crate::app::state::State;
use crate::model::AnnotationId;
use crate::model::case::{AnnotationKind, Edit, Relation};

/// All edges as (id, from, to, relation).
fn links(state: &State) -> Vec<(AnnotationId, AnnotationId, AnnotationId, Relation)> {
    let of = |record: &crate::model::Annotation| match &record.kind {
        AnnotationKind::Link { from, to, relation } => Some((record.id.clone(), from.clone(), to.clone(), *relation)),
        _ => None,
    };
    state.session.doc.annotations.values().filter_map(of).collect()
}

/// An edge between two steps.
pub(super) fn link(state: &mut State, from: AnnotationId, to: AnnotationId) -> Edit {
    let kind = AnnotationKind::Link { from, to, relation: Relation::Causes };
    Session::put(state.session.annotation(state.now, kind, String::new()))
}

/// Removes the edges of a step; when it stood between two others, these are linked instead.
pub(super) fn unlink(state: &mut State, id: &AnnotationId) -> Vec<Edit> {
    let all = links(state);
    let touching: Vec<_> = all.iter().filter(|(_, from, to, _)| from == id || to == id).collect();
    let mut edits: Vec<Edit> = touching.iter().filter_map(|link| state.session.remove(&link.0)).collect();
    let before: Vec<_> = touching.iter().filter(|link| link.2 == *id).map(|link| link.1.clone()).collect();
    let after: Vec<_> = touching.iter().filter(|link| link.1 == *id).map(|link| link.2.clone()).collect();
    if let ([before], [after]) = (&before[..], &after[..]) {
        let bridge = link(state, before.clone(), after.clone());
        edits.push(bridge);
    }
    edits
}

/// Moves the selected step up or down. A chain that was linked step by step stays so; other links are left alone.
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
    edits.extend(relink(state, &order, &next));
    let effects = state.session.commit("move step", edits);
    super::side_view::prepare(state);
    state.side.select_annotation(&next[to]);
    effects
}

fn relink(state: &mut State, old: &[AnnotationId], new: &[AnnotationId]) -> Vec<Edit> {
    let all = links(state);
    let is_linear = all.len() + 1 == old.len()
        && old
            .windows(2)
            .all(|pair| all.iter().any(|(_, from, to, relation)| (from, to) == (&pair[0], &pair[1]) && *relation == Relation::Causes));
    if !is_linear {
        return Vec::new();
    }
    let mut edits: Vec<Edit> = all.iter().filter_map(|link| state.session.remove(&link.0)).collect();
    for pair in new.windows(2) {
        edits.push(link(state, pair[0].clone(), pair[1].clone()));
    }
    edits
}
