//! Asks for the shapes of series while a picker is open that wants them, part by part, and gives them to it.

use crate::app::jobs::Slot;
use crate::app::message::{Effect, Question};
use crate::app::overlay::{Overlay, Picker};
use crate::app::series_search::Moment;
use crate::app::shapes::{COLUMNS, column_of};
use crate::app::state::State;
use crate::model::{Columns, SeriesId, SeriesQuery};

/// The next part, while it is wanted.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let wants = open_picker(state).is_some_and(|picker| picker.wants_shapes());
    let version = state.catalog.version;
    let question = match state.timeline.extent.filter(|_| wants) {
        Some(range) => {
            state.shapes.begin(range, &state.catalog);
            let ids = state.shapes.next();
            (!ids.is_empty()).then_some(Question::Series(SeriesQuery { ids, range, columns: COLUMNS }))
        }
        None => None,
    };
    let is_known = question.is_none() && wants;
    state.jobs.sync(Slot::Shapes, question, version, effects);
    let has_none = open_picker(state).is_some_and(|picker| picker.wants_shapes() && !picker.has_shapes());
    if is_known && has_none {
        give(state);
    }
}

/// Takes a part and shows what it tells.
pub(super) fn take(state: &mut State, ids: &[SeriesId], columns: &[Columns]) {
    if let Some(picker) = open_picker(state) {
        picker.forget_shapes();
    }
    let catalog = std::sync::Arc::clone(&state.catalog);
    state.shapes.take(ids, columns, &catalog);
    give(state);
}

/// Hands what is known to the open picker.
fn give(state: &mut State) {
    let (known, n_left) = (std::sync::Arc::clone(&state.shapes.known), state.shapes.left.len());
    let moment = state.t0().unwrap_or(state.timeline.cursor);
    let Some((range, _)) = state.shapes.of else { return };
    let moment = Moment { column: column_of(range, moment), n_left };
    if let Some(picker) = open_picker(state) {
        picker.take_shapes(known, moment);
    }
}

fn open_picker(state: &mut State) -> Option<&mut Picker> {
    match state.overlays.last_mut() {
        Some(Overlay::Picker(picker)) => Some(picker),
        _ => None,
    }
}
