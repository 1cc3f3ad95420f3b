//! Seeking the next event of a kind: errors, events of a trace, hits of the find.

use crate::app::jobs::Slot;
use crate::app::message::{Effect, Question};
use crate::app::state::{Seek, State};
use crate::model::query::PageStart;
use crate::model::{EventFilter, EventQuery, Level, Timestamp};

use super::navigate::Way;

/// Asks for the next event beyond the cursor that passes a filter.
pub(super) fn seek(state: &mut State, filter: EventFilter, way: Way, what: String, kind: SeekKind) -> Vec<Effect> {
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
    let is_find = kind == SeekKind::Find;
    state.seek = Some(Seek { what, is_forward: way == Way::Forward, is_find, has_wrapped: false, progress: None });
    effects
}

/// What is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SeekKind {
    /// A hit of the find: beyond the last it goes on at the first.
    Find,
    /// Another event.
    Other,
}

/// Nothing was found up to the end: goes on at the other end of the data, once.
pub(super) fn wrap(state: &mut State, seek: Seek) -> Vec<Effect> {
    let Some(filter) = super::find::hits_filter(state) else { return Vec::new() };
    let start = if seek.is_forward { PageStart::AtOrAfter(Timestamp::MIN) } else { PageStart::Before(Timestamp::MAX) };
    let mut effects = Vec::new();
    let question = Question::Events(EventQuery { filter, range: None, start, limit: 1 });
    state.jobs.ask(Slot::Seek, question, state.catalog.version, &mut effects);
    state.seek = Some(Seek { has_wrapped: true, progress: None, ..seek });
    effects
}

/// Next or previous event of at least this level that passes the filter.
pub(super) fn level(state: &mut State, level: Level, way: Way) -> Vec<Effect> {
    let mut filter = state.list.filter.clone();
    filter.min_level = Some(filter.min_level.map_or(level, |own| own.max(level)));
    let what = if level == Level::Error { "error" } else { "warning or error" };
    seek(state, filter, way, what.into(), SeekKind::Other)
}

/// Next or previous event with the trace id of the selected one; filters do not hide it.
pub(super) fn trace(state: &mut State, way: Way) -> Vec<Effect> {
    let Some(trace_id) = state.list.selected().and_then(|row| row.trace_id.clone()) else {
        state.say("the selected event has no trace id");
        return Vec::new();
    };
    let what = format!("event of trace {}", crate::model::text::printable(&trace_id));
    let filter = EventFilter { trace_id: Some(trace_id), ..EventFilter::default() };
    seek(state, filter, way, what, SeekKind::Other)
}
