//! The user's own selection of panels, kept in the case so that it comes back.

use crate::app::message::Effect;
use crate::app::state::State;
use crate::model::case::PanelRef;

/// Writes a new selection into the case.
pub(super) fn set(state: &mut State, name: &str, panels: Vec<PanelRef>) -> Vec<Effect> {
    let Some(edit) = state.session.change_meta(|meta| meta.panels = panels) else { return Vec::new() };
    let effects = state.session.commit(name, vec![edit]);
    case_changed(state);
    effects
}

/// The case says something else about panels, zone or T+0 now.
pub(super) fn case_changed(state: &mut State) {
    state.panels.rebuild(&state.catalog, &state.session.doc.meta);
    state.clock.zone = state.case_zone();
    super::filter::from_case(state);
    state.data_revision += 1;
}

/// Removes the selected panel.
pub(super) fn remove_selected(state: &mut State) -> Vec<Effect> {
    let mut panels = state.panels.references();
    if panels.len() <= 1 {
        state.say("the last panel stays; P adds others");
        return Vec::new();
    }
    let removed = panels.remove(state.panels.selected.min(panels.len() - 1));
    set(state, &format!("remove panel {}", removed.series), panels)
}

/// Moves the selected panel up or down.
pub(super) fn shift_selected(state: &mut State, rows: isize) -> Vec<Effect> {
    let mut panels = state.panels.references();
    let from = state.panels.selected;
    let to = from.saturating_add_signed(rows).min(panels.len().saturating_sub(1));
    if from == to || from >= panels.len() {
        return Vec::new();
    }
    panels.swap(from, to);
    state.panels.selected = to;
    let effects = set(state, "move panel", panels);
    state.panels.selected = to;
    effects
}
