//! Seeking the next event of a kind: errors, events of a trace, hits of the find.

use crate::app::jobs::Slot;
use crate::app::message::{Effect, Question};
use crate::app::state::{Seek, State};
use crate::model::filter::{Expr, Term};
use crate::model::query::{PageStart, Pattern, PatternQuery};
use crate::model::{EventFilter, EventQuery, Level, Timestamp, text};

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

/// Asks for the kinds of errors, of which each first one is a place to go to: a long run of the same error is one step.
pub(super) fn new_error(state: &mut State, way: Way) -> Vec<Effect> {
    let mut filter = state.list.filter.clone();
    filter.min_level = Some(filter.min_level.map_or(Level::Error, |own| own.max(Level::Error)));
    let mut effects = Vec::new();
    let question = Question::Patterns(PatternQuery { filter, range: None, windows: None });
    state.jobs.ask(Slot::Seek, question, state.catalog.version, &mut effects);
    let (what, is_forward) = ("error of a new kind".to_owned(), way == Way::Forward);
    state.seek = Some(Seek { what, is_forward, is_find: false, has_wrapped: false, progress: None });
    effects
}

/// The kinds came: on to the first event of the nearest one.
pub(super) fn kinds_came(state: &mut State, query: &PatternQuery, found: &[Pattern]) -> Vec<Effect> {
    let (Some(seek), cursor) = (state.seek.take(), state.timeline.cursor) else { return Vec::new() };
    let firsts = found.iter().filter_map(|pattern| Some((pattern.first?, pattern)));
    let nearest = if seek.is_forward {
        firsts.filter(|(at, _)| *at > cursor).min_by_key(|(at, _)| *at)
    } else {
        firsts.filter(|(at, _)| *at < cursor).max_by_key(|(at, _)| *at)
    };
    let Some((at, pattern)) = nearest else {
        let kinds = match found.len() {
            0 => "there are no errors".to_owned(),
            1 => "there is 1 kind of error".to_owned(),
            n => format!("there are {n} kinds of errors"),
        };
        let side = if seek.is_forward { "after" } else { "before" };
        state.say(format!("{kinds}, and none is first seen {side} the cursor; 8 lists patterns"));
        return Vec::new();
    };
    let times = if pattern.count == 1 { "once".to_owned() } else { format!("{} times in all", text::grouped(pattern.count)) };
    let alike = EventFilter { expr: Some(Expr::Term(Term::Pattern(pattern.id))), ..EventFilter::default() };
    let filter = if query.filter.expr.is_none() { EventFilter { expr: alike.expr, ..query.filter.clone() } } else { query.filter.clone() };
    let mut effects = Vec::new();
    let question = Question::Events(EventQuery { filter, range: None, start: PageStart::AtOrAfter(at), limit: 1 });
    state.jobs.ask(Slot::Seek, question, state.catalog.version, &mut effects);
    state.seek = Some(seek);
    state.say(format!("first of its kind, seen {times}"));
    effects
}

/// Next or previous event with the trace id of the selected one; filters do not hide it.
pub(super) fn trace(state: &mut State, way: Way) -> Vec<Effect> {
    let Some(trace_id) = state.list.selected().and_then(|row| row.trace_id.clone()) else {
        state.say("the selected event has no trace id");
        return Vec::new();
    };
    let what = format!("event of trace {}", text::printable(&trace_id));
    let filter = EventFilter { trace_id: Some(trace_id), ..EventFilter::default() };
    seek(state, filter, way, what, SeekKind::Other)
}
