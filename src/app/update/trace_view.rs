//! The trace pane: its questions, its keys, and its lines.

use crate::app::clock::Precision;
use crate::app::jobs::Slot;
use crate::app::list::EventRow;
use crate::app::message::{Effect, Question};
use crate::app::side::{Ink, Side, SideItem, Tab};
use crate::app::state::{Focus, State};
use crate::model::series::Unit;
use crate::model::trace::Trace;
use crate::model::{EventRef, Level, text};

use super::side_view;

/// Cells of the longest gap.
const BAR: usize = 8;
/// A pane of fewer rows has its head on one line.
const LOW: u16 = 9;
/// A shorter trace shows microseconds.
const FINE_NS: i64 = 10_000_000;

/// Takes the trace id of the selected event, unless one walks through the trace itself.
pub(super) fn follow(state: &mut State) {
    if state.side.tab != Tab::Trace || (state.focus == Focus::Side && state.trace.id.is_some()) {
        return;
    }
    let id = state.list.selected().and_then(|row| row.trace_id.clone());
    if id.is_some() && id != state.trace.id {
        state.trace.id = id;
        select_own(state);
    }
}

/// Selects the event of the list in the trace, so that one sees where one is.
pub(super) fn select_own(state: &mut State) {
    let own = state.list.selected().map(|row| row.id);
    let place = state.trace.shown().and_then(|trace| trace.events.iter().position(|event| Some(event.id) == own));
    if state.side.tab == Tab::Trace {
        state.side.select_coming(place.unwrap_or(0));
    }
}

/// The key that opens the pane: the trace of the selected event, whatever was shown before.
pub(super) fn show(state: &mut State) {
    state.trace.id = state.list.selected().and_then(|row| row.trace_id.clone());
    super::action::show_tab(state, Tab::Trace);
    select_own(state);
}

/// Asks while the pane is in sight.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let is_shown = state.side.tab == Tab::Trace && state.layout.side.width > 0 && state.catalog.n_events > 0;
    let version = state.catalog.version;
    let trace = state.trace.question().filter(|_| is_shown);
    let has_trace = trace.is_some();
    state.jobs.sync(Slot::Trace, trace.map(Question::Events), version, effects);
    // Clocks are compared once, when everything is there.
    let is_wanted = has_trace && state.catalog.is_complete;
    state.jobs.sync(Slot::Clocks, is_wanted.then_some(Question::Clocks), version, effects);
}

/// Enter: the cursor and the list go to the event.
pub(super) fn open(state: &mut State, id: EventRef) {
    let event = state.trace.shown().and_then(|trace| trace.events.iter().find(|event| event.id == id));
    let Some((row, at)) = event.and_then(|event| Some((EventRow::new(event), event.time?))) else { return };
    state.leave_place();
    state.timeline.jump_to(at);
    state.list.choose(row);
}

/// Makes the lines. O(events of the trace).
pub(super) fn lines(state: &State, side: &mut Side, width: usize) {
    let Some(id) = &state.trace.id else {
        let words = match state.list.selected() {
            _ if !state.has_catalog => "Nothing loaded yet. A trace needs an event: 3 goes to them once the first log is read.",
            None => "No event selected, so no trace. 3 goes to the events.",
            Some(_) => {
                "The selected event has no trace id. 3 goes to the events; j and k choose one that has, or & trace: finds it by its id."
            }
        };
        return side_view::advice(side, words, width);
    };
    if state.catalog.n_events == 0 {
        let words = format!("No logs and no spans here, so nothing is known of trace {}.", text::printable(id));
        return side_view::advice(side, &words, width);
    }
    if let Some(why) = state.jobs.error(Slot::Trace) {
        return side_view::advice(side, &format!("the trace cannot be read: {why}. 7 shows the sources."), width);
    }
    let Some(trace) = state.trace.shown() else { return side_view::advice(side, "looking for the events of this trace …", width) };
    if trace.events.is_empty() {
        let words = format!("No event of trace {} has a time: :unplaced lists those without.", text::printable(id));
        return side_view::advice(side, &words, width);
    }
    head(state, side, (trace, id), width);
    let widest = trace.widest_gap();
    for index in 0..trace.events.len() {
        one(state, side, (trace, index, widest == Some(index)), width);
    }
    if trace.has_more {
        let n = text::grouped(trace.events.len() as u64);
        side_view::advice(side, &format!("the first {n} events; & trace:{} lists all", text::printable(id)), width);
    }
}

fn seconds(ns: i64) -> String {
    text::value(ns as f64 / 1e9, Unit::Seconds)
}

fn plural(n: usize, one: &str) -> String {
    format!("{} {one}{}", text::grouped(n as u64), if n == 1 { "" } else { "s" })
}

fn head(state: &State, side: &mut Side, (trace, id): (&Trace, &str), width: usize) {
    let numbers = format!(
        "{}, {}, {} in all",
        plural(trace.events.len(), "event"),
        plural(trace.n_sources(), "source"),
        seconds(trace.duration_ns().unwrap_or(0))
    );
    let clocks = clock_words(state);
    if state.layout.side.height < LOW {
        let first = clocks.into_iter().find(|(ink, _)| *ink == Ink::Warn).unwrap_or((Ink::Dim, numbers));
        side.head(vec![first], width);
        return;
    }
    side.head(vec![(Ink::Dim, "trace ".into()), (Ink::Strong, text::printable(id).into_owned())], width);
    side.head(vec![(Ink::Normal, numbers)], width);
    if let Some(index) = trace.widest_gap() {
        let gap = seconds(trace.gap_ns(index).unwrap_or(0));
        side.head(vec![(Ink::Warn, format!("widest gap +{gap} before {}", service_of(trace, index)))], width);
    }
    for clock in clocks {
        side.head(vec![clock], width);
    }
}

/// What is known of the clocks. Nothing of it changes a time by itself.
fn clock_words(state: &State) -> Vec<(Ink, String)> {
    if let Some(why) = state.jobs.error(Slot::Clocks) {
        return vec![(Ink::Warn, format!("clocks cannot be compared: {why}"))];
    }
    let Some(clocks) = &state.trace.clocks else {
        let words = if state.catalog.is_complete { "comparing clocks …" } else { "clocks are compared when all is read" };
        return vec![(Ink::Dim, words.into())];
    };
    let path = |id| state.catalog.source(id).map(|source| source.path.clone()).unwrap_or_default();
    let wrong = clocks.sentences(path);
    if wrong.is_empty() {
        return vec![(Ink::Dim, clocks.summary())];
    }
    let key = state.keymap.key_of(crate::app::Action::ProposeClock);
    let is_moved = state.catalog.sources.iter().any(|source| source.clock_ns != 0);
    let times = if is_moved { "times here are those of the case" } else { "times here are as the sources state them" };
    let note = (Ink::Dim, format!("{times}; {key} moves the clock"));
    wrong.into_iter().map(|words| (Ink::Warn, words)).chain([note]).collect()
}

fn service_of(trace: &Trace, index: usize) -> String {
    let event = &trace.events[index];
    let name = event.service.as_deref().unwrap_or(&event.source);
    text::printable(name).into_owned()
}

fn one(state: &State, side: &mut Side, (trace, index, is_widest): (&Trace, usize, bool), width: usize) {
    let event = &trace.events[index];
    side.item(SideItem::Event(event.id));
    let gap = trace.gap_ns(index);
    let gap_words =
        gap.map_or_else(|| "start".to_owned(), |ns| format!("{}{}", if trace.is_gap_rough(index) { "~+" } else { "+" }, seconds(ns)));
    let whole = trace.duration_ns().unwrap_or(0).max(1);
    let n = gap.map_or(0, |ns| (ns as f64 / whole as f64 * BAR as f64).round() as usize).min(BAR);
    let gap_ink = if is_widest { Ink::Warn } else { Ink::Time };
    let level = if event.level == Level::Unknown { "" } else { event.level.name() };
    let level_ink = match event.level {
        Level::Error | Level::Fatal => Ink::Error,
        Level::Warn => Ink::Warn,
        _ => Ink::Dim,
    };
    let sign = if is_widest { "▪" } else { " " };
    let mut words = vec![(gap_ink, format!("{sign}{gap_words:>9} "))];
    if width >= 40 {
        words.push((gap_ink, format!("{:<BAR$} ", "━".repeat(n))));
    }
    words.push((Ink::Strong, format!("{:<10} ", service_of(trace, index))));
    words.push((level_ink, format!("{:<5}", level.to_uppercase())));
    if let Some(offset) = event.time.and_then(|at| state.clock.offset(at)) {
        words.push((Ink::Time, format!("  {offset}")));
    }
    side.line(words);
    let row = EventRow::new(event);
    let took = event.latency_s.map(|s| format!("took {}  ", text::value(f64::from(s), Unit::Seconds))).unwrap_or_default();
    let precision = if whole < FINE_NS { Precision::Micros } else { Precision::Millis };
    side.line(vec![
        (Ink::Time, format!("  {}  ", event.time.map(|at| state.clock.day_time(at, precision)).unwrap_or_default())),
        (Ink::Normal, row.message),
        (Ink::Time, format!("  {took}")),
        (Ink::Dim, format!("{}  {}:{}", row.fields, text::printable(&event.source), event.line)),
    ]);
}
