//! Finding events and filtering the list.

use crate::app::jobs::Slot;
use crate::app::list::{self, Find};
use crate::app::message::{Effect, Question};
use crate::app::overlay::{Overlay, Prompt, PromptKind};
use crate::app::state::{Seek, State};
use crate::model::query::{PageStart, TextMatch};
use crate::model::{EventFilter, EventQuery, EventRef, Level, TimeRange, Timestamp};

use super::navigate::Way;

/// Asks for the next event beyond the cursor that passes a filter.
fn seek(state: &mut State, filter: EventFilter, way: Way, what: String, is_find: IsFind) -> Vec<Effect> {
    let cursor = state.timeline.cursor;
    let on_event = state.list.selected().filter(|row| row.time == Some(cursor)).map(|row| row.id);
    let start = match (way, on_event) {
        (Way::Forward, Some(id)) => PageStart::After(id),
        (Way::Forward, None) => PageStart::AtOrAfter(cursor),
        (Way::Back, Some(id)) => PageStart::BeforeEvent(id),
        (Way::Back, None) => PageStart::Before(cursor),
    };
    let mut effects = Vec::new();
    let question = Question::Events(EventQuery { filter, range: None, start, limit: 1 });
    state.jobs.ask(Slot::Seek, question, state.catalog.version, &mut effects);
    state.seek = Some(Seek { what, is_forward: way == Way::Forward, is_find: is_find == IsFind::Yes });
    effects
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IsFind {
    Yes,
    No,
}

/// Next or previous event of at least this level that passes the filter.
pub(super) fn level(state: &mut State, level: Level, way: Way) -> Vec<Effect> {
    let mut filter = state.list.filter.clone();
    filter.min_level = Some(filter.min_level.map_or(level, |own| own.max(level)));
    let what = if level == Level::Error { "error" } else { "warning or error" };
    seek(state, filter, way, what.into(), IsFind::No)
}

/// Next or previous event with the trace id of the selected one; filters do not hide it.
pub(super) fn trace(state: &mut State, way: Way) -> Vec<Effect> {
    let Some(trace_id) = state.list.selected().and_then(|row| row.trace_id.clone()) else {
        state.say("the selected event has no trace id");
        return Vec::new();
    };
    let what = format!("event of trace {}", crate::model::text::printable(&trace_id));
    let filter = EventFilter { trace_id: Some(trace_id), ..EventFilter::default() };
    seek(state, filter, way, what, IsFind::No)
}

/// Next or previous match of the find.
pub(super) fn next_match(state: &mut State, way: Way) -> Vec<Effect> {
    let Some(find) = &state.list.find else {
        state.overlays.push(Overlay::Prompt(Prompt::new(PromptKind::Find, "")));
        return Vec::new();
    };
    let what = format!("match for {}", find.typed);
    let filter = find_filter(state, find);
    seek(state, filter, way, what, IsFind::Yes)
}

fn find_filter(state: &State, find: &Find) -> EventFilter {
    let mut filter = state.list.filter.clone();
    filter.text.push(find.condition.clone());
    filter
}

/// Starts a find and goes to the first match from the cursor on.
pub(super) fn start_find(state: &mut State, typed: &str) -> Result<Vec<Effect>, String> {
    let pattern = list::pattern(typed)?;
    let condition = TextMatch { pattern, is_negated: false };
    state.list.find = Some(Find { typed: typed.trim().to_owned(), condition, total: None, position: None, at: None });
    let mut effects = count_total(state);
    effects.extend(next_match(state, Way::Forward));
    Ok(effects)
}

fn count_total(state: &mut State) -> Vec<Effect> {
    let mut effects = Vec::new();
    if let Some(find) = &state.list.find {
        let filter = find_filter(state, find);
        state.jobs.ask(Slot::FindTotal, Question::Count { filter, range: None }, state.catalog.version, &mut effects);
    }
    effects
}

/// Counts the matches before the one that was found.
pub(super) fn count_position(state: &mut State, id: EventRef, at: Timestamp) -> Vec<Effect> {
    let mut effects = Vec::new();
    let (Some(find), Some(extent)) = (&mut state.list.find, state.timeline.extent) else { return effects };
    find.at = Some((id, at));
    find.position = None;
    let filter = find_filter(state, state.list.find.as_ref().expect("set above"));
    let range = Some(TimeRange::new(extent.start(), at.max(extent.start())));
    state.jobs.ask(Slot::FindPosition, Question::Count { filter, range }, state.catalog.version, &mut effects);
    effects
}

/// Replaces the filter.
pub(super) fn set_filter(state: &mut State, filter: EventFilter) {
    if filter != state.list.filter {
        state.list.filter = filter;
        state.list.refilter(state.timeline.cursor);
    }
}

/// Makes the level of the filter stronger or weaker by one.
pub(super) fn shift_level(state: &mut State, way: Way) {
    let steps =
        [None, Some(Level::Trace), Some(Level::Debug), Some(Level::Info), Some(Level::Warn), Some(Level::Error), Some(Level::Fatal)];
    let mut filter = state.list.filter.clone();
    let at = steps.iter().position(|level| *level == filter.min_level).unwrap_or(0);
    let to = if way == Way::Forward { (at + 1).min(steps.len() - 1) } else { at.saturating_sub(1) };
    filter.min_level = steps[to];
    set_filter(state, filter);
}

/// What a typed find would look for, for the prompt.
pub(super) fn preview(typed: &str) -> Option<Result<String, String>> {
    if typed.trim().is_empty() {
        return None;
    }
    let words = list::pattern(typed).map(|pattern| list::condition_words(&TextMatch { pattern, is_negated: false }));
    Some(words.map(|words| match words.strip_prefix(['\'', '/']) {
        None => format!("all letters of {words} in this order"),
        _ => words,
    }))
}
