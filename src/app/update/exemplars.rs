//! Keys and lines of exemplars: to the next one, to the trace of the nearest, and what lies under the cursor.

use crate::app::exemplars::words;
use crate::app::panels::Panel;
use crate::app::side::{Side, Tab};
use crate::app::state::State;
use crate::model::{Exemplar, TimeRange, text};

use super::navigate::Way;
use super::side_view::pair;

/// Exemplars of one column that are told word by word.
const SHOWN: usize = 8;

/// Next or previous exemplar of the selected panel; says what it is.
pub(super) fn step(state: &mut State, way: Way) {
    let Some(panel) = state.panels.selected().filter(|panel| !panel.exemplars.is_empty()) else { return say_none(state) };
    let cursor = state.timeline.cursor;
    let found = match way {
        Way::Forward => panel.exemplars.after(cursor, &state.catalog),
        Way::Back => panel.exemplars.before(cursor, &state.catalog),
    };
    match found.map(|exemplar| (exemplar.time, words(exemplar))) {
        Some((at, words)) => {
            state.jump_to(at);
            state.say(format!("exemplar {words}"));
        }
        None => state.say(format!("no exemplar of this panel {} the cursor", if way == Way::Forward { "after" } else { "before" })),
    }
}

/// Goes to the nearest exemplar that names a trace, and shows that trace.
pub(super) fn open(state: &mut State) {
    let Some(panel) = state.panels.selected().filter(|panel| !panel.exemplars.is_empty()) else { return say_none(state) };
    let nearest = panel.exemplars.nearest(state.timeline.cursor, &state.catalog, |exemplar| exemplar.trace_id().is_some());
    let Some((at, id, words)) = nearest.and_then(|found| Some((found.time, found.trace_id()?.to_owned(), words(found)))) else {
        return state.say("the exemplars of this panel name no trace");
    };
    state.jump_to(at);
    state.trace.id = Some(id);
    super::action::show_tab(state, Tab::Trace);
    super::trace_view::select_own(state);
    state.say(format!("exemplar {words}"));
}

fn say_none(state: &mut State) {
    let is_known = |exemplar: &&Exemplar| state.hidden_from().is_none_or(|until| exemplar.time < until);
    let words = match (state.panels.selected(), state.catalog.exemplars.iter().filter(is_known).count()) {
        (None, _) => "no panel selected: 2 goes to the panels".to_owned(),
        (_, 0) => {
            "no exemplars here: OpenMetrics text, a database with its exemplars or an answer of query_exemplars holds them".to_owned()
        }
        (_, n) => format!("no exemplars of this series; {} of others", text::grouped(n as u64)),
    };
    state.say(words);
}

/// Exemplars in the column of the cursor, else where the nearest lies.
pub(super) fn lines(state: &State, side: &mut Side, panel: &Panel, width: usize) {
    if panel.exemplars.is_empty() {
        return;
    }
    let cursor = state.timeline.cursor;
    let here: Vec<&Exemplar> =
        column_at_cursor(state).map_or(Vec::new(), |column| panel.exemplars.iter_within(column, &state.catalog).collect());
    let n = text::grouped(panel.exemplars.len() as u64);
    let told = |exemplar: &Exemplar| format!("{}  {}", state.clock.both(exemplar.time), words(exemplar));
    if here.is_empty() {
        let nearest = panel.exemplars.nearest(cursor, &state.catalog, |_| true).map(told).unwrap_or_default();
        pair(side, "exemplars", &format!("{n} in all, none here; the nearest {nearest}"), width);
        return;
    }
    pair(side, "exemplars", &format!("{} here of {n}; V x shows the trace of the nearest", here.len()), width);
    here.iter().rev().take(SHOWN).rev().for_each(|exemplar| pair(side, "", &told(exemplar), width));
    if here.len() > SHOWN {
        pair(side, "", &format!("and {} earlier in this column", here.len() - SHOWN), width);
    }
}

/// The time of the column under the cursor.
fn column_at_cursor(state: &State) -> Option<TimeRange> {
    let (visible, column) = (state.timeline.visible, state.timeline.cursor_column()?);
    let n = state.timeline.columns;
    Some(TimeRange::new(visible.edge(column, n), visible.edge(column + 1, n)))
}
