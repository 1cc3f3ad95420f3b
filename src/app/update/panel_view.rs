//! How panels are drawn: logarithmic axis, ghost of the baseline, trust. Kept in the case, so that it is undone like
//! any other edit.

use std::collections::BTreeSet;

use crate::app::message::Effect;
use crate::app::state::State;
use crate::model::case::{PanelView, Renderer};

use super::panel_edit::case_changed;

/// A logarithmic axis for the selected panel, or a linear one again.
pub(super) fn toggle_log(state: &mut State) -> Vec<Effect> {
    let Some(series) = selected(state) else { return Vec::new() };
    let is_on = !state.session.doc.meta.view.log.contains(&series);
    let words = if is_on { "logarithmic axis; 0 and < mark values that it has no place for" } else { "linear axis" };
    change(state, "axis", words, |view| flip(&mut view.log, series))
}

/// The baseline behind the selected panel, or no longer.
pub(super) fn toggle_ghost(state: &mut State) -> Vec<Effect> {
    let Some(series) = selected(state) else { return Vec::new() };
    let is_on = !state.session.doc.meta.view.ghost.contains(&series);
    let words = match (is_on, state.layout.panel_height) {
        (false, _) => "no ghost",
        (true, 1) => "∘ is the baseline where no bar is in its way; 2 z gives the panels more room",
        (true, _) => "∘ is the baseline, laid over what came after it",
    };
    change(state, "ghost", words, |view| {
        view.earlier.remove(&series);
        flip(&mut view.ghost, series);
    })
}

/// Shades what is not to be trusted in all panels, or no longer.
pub(super) fn toggle_trust(state: &mut State) -> Vec<Effect> {
    let is_on = !state.session.doc.meta.view.has_trust;
    let words = if is_on { "shaded: / stale  \\ absent  × NaN  ≥ clipped  ↺ reset" } else { "nothing shaded" };
    change(state, "trust", words, |view| view.has_trust = is_on)
}

/// Lines of dots instead of blocks in all panels, or blocks again.
pub(super) fn toggle_renderer(state: &mut State) -> Vec<Effect> {
    let (next, words) = match state.session.doc.meta.view.renderer {
        Renderer::Blocks => (Renderer::Braille, "lines of dots, two to a column, from the least to the greatest value of each"),
        Renderer::Braille => (Renderer::Blocks, "blocks"),
    };
    change(state, "renderer", words, |view| view.renderer = next)
}

/// Name of the selected series.
pub(super) fn selected(state: &mut State) -> Option<String> {
    let series = state.panels.selected().map(|panel| panel.reference.series.clone());
    if series.is_none() {
        state.say("no panel selected: P adds panels");
    }
    series
}

fn flip(names: &mut BTreeSet<String>, name: String) {
    if !names.remove(&name) {
        names.insert(name);
    }
}

pub(super) fn change(state: &mut State, name: &str, words: &str, change: impl FnOnce(&mut PanelView)) -> Vec<Effect> {
    let Some(edit) = state.session.change_meta(|meta| change(&mut meta.view)) else { return Vec::new() };
    let effects = state.session.commit(name, vec![edit]);
    case_changed(state);
    state.say(words);
    effects
}
