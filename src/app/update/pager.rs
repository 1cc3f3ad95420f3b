//! What leaves the screen for other programs: the source of an event in an editor, the text of a pane in a pager.
//!
//! Here is only which source and which text; who starts what is `runtime`. Text is made harmless before it leaves.

use std::fmt::Write as _;

use crate::app::clock::Precision;
use crate::app::jobs::Slot;
use crate::app::list::rows::fields_at_end;
use crate::app::message::{Effect, Question};
use crate::app::side::{SideItem, Tab};
use crate::app::state::{Focus, State};
use crate::model::query::PageStart;
use crate::model::{EventPage, EventQuery, EventRef, text};

/// Events that the pager gets at most.
const MOST_EVENTS: usize = 10_000;

/// Opens the file of the selected event: that of the trace where one walks through it, else that of the list.
pub(super) fn open_source(state: &mut State) -> Vec<Effect> {
    if state.has_curtain() {
        state.say("the file holds what lies behind the curtain: t . opens it first");
        return Vec::new();
    }
    match source_meant(state) {
        Some((id, line, n_lines)) => vec![Effect::OpenSource { source: id.source, line, n_lines }],
        None => {
            state.say("no event is selected, so there is no source to open");
            Vec::new()
        }
    }
}

/// The event whose file is meant, its line and the number of its lines; none behind the curtain.
pub(crate) fn source_meant(state: &State) -> Option<(EventRef, u64, u32)> {
    if state.has_curtain() {
        return None;
    }
    match state.side.item_selected() {
        Some(SideItem::Event(id)) if state.focus == Focus::Side && state.side.tab == Tab::Trace => {
            let event = state.trace.shown().and_then(|trace| trace.events.iter().find(|event| event.id == *id));
            event.map(|event| (event.id, event.line, event.n_lines))
        }
        _ => state.list.selected().and_then(|row| Some((row.id, row.line.parse().ok()?, row.n_lines))),
    }
}

/// Sends the text of the focused pane to the pager; events come from the source first, more of them than the screen has.
pub(super) fn start(state: &mut State) -> Vec<Effect> {
    let text = match state.focus {
        Focus::List => return ask_events(state),
        Focus::Side => format!("{}\n\n{}\n", state.side.tab.name(), state.side.text()),
        Focus::Panels => panels(state),
        Focus::Changes => changes(state),
    };
    vec![Effect::OpenPager(text)]
}

fn ask_events(state: &mut State) -> Vec<Effect> {
    if state.catalog.n_events == 0 {
        state.say("no events for the pager");
        return Vec::new();
    }
    let visible = state.timeline.visible;
    let (range, start) =
        if state.list.is_unplaced() { (None, PageStart::Unplaced(0)) } else { (Some(visible), PageStart::AtOrAfter(visible.start())) };
    let query = EventQuery { filter: state.list.filter.clone(), range, start, limit: MOST_EVENTS };
    let mut effects = Vec::new();
    state.say("reading the events for the pager …");
    state.jobs.ask(Slot::Pager, Question::Events(query), state.catalog.version, &mut effects);
    effects
}

/// The events are there.
pub(super) fn events_came(state: &mut State, page: &EventPage) -> Vec<Effect> {
    state.notice = None;
    let filter = state.list.filter_words();
    let passing = if filter.is_empty() { String::new() } else { format!(" that pass {filter}") };
    let visible = state.timeline.visible;
    let mut out = format!(
        "{} events{passing}, {} to {}\n\n",
        text::grouped(page.events.len() as u64),
        text::rfc3339(visible.start()),
        text::rfc3339(visible.end())
    );
    for event in &page.events {
        let time = event.time.map_or_else(|| "no time".to_owned(), |at| state.clock.day_time(at, Precision::Millis));
        let offset = event.time.and_then(|at| state.clock.offset(at)).map(|offset| format!(" {offset}")).unwrap_or_default();
        let service = text::printable(event.service.as_deref().unwrap_or_default());
        let _ = write!(out, "{time}{offset} {:<7} {service} ", event.level.name());
        let mut lines = event.message.trim_end().lines().map(text::printable);
        let _ = write!(out, "{}", lines.next().unwrap_or_default());
        let (_, told) = fields_at_end(&event.message, &event.fields, event.trace_id.as_deref());
        for (name, value) in event.fields.iter().filter(|(name, _)| !told.contains(&name.as_str())) {
            let _ = write!(out, " {}={}", text::printable(name), text::printable(value));
        }
        out.push('\n');
        for line in lines {
            let _ = writeln!(out, "    {line}");
        }
    }
    if page.has_more {
        let _ = writeln!(out, "\nthe first {} only: zoom in or filter to see the others", text::grouped(MOST_EVENTS as u64));
    }
    vec![Effect::OpenPager(out)]
}

fn panels(state: &State) -> String {
    let mut out = format!("panels at {}\n\n", state.clock.both(state.timeline.cursor));
    for panel in &state.panels.all {
        let texts = &panel.texts;
        let numbers = [&texts.value, &texts.baseline, &texts.peak, &texts.peak_at, &texts.crossing].map(|words| words.trim());
        let told: Vec<&str> = numbers.into_iter().filter(|words| !words.is_empty()).collect();
        let _ = writeln!(out, "{}\n    {}\n    {}", panel.name, text::printable(&panel.reference.series), told.join("  "));
    }
    out
}

fn changes(state: &State) -> String {
    let visible = state.timeline.visible;
    let mut rows: Vec<_> = state
        .catalog
        .changes
        .iter()
        .filter_map(|change| Some((change.time?, change.title())))
        .chain(state.catalog.alerts.iter().map(|alert| {
            let service = alert.service.as_deref().unwrap_or_default();
            (alert.firing_at.unwrap_or(alert.active_at), format!("alert {} {service}", alert.name))
        }))
        .filter(|(at, _)| visible.contains(*at))
        .collect();
    rows.sort();
    let mut out = format!("{} changes and alerts in sight\n\n", rows.len());
    for (at, words) in rows {
        let _ = writeln!(out, "{}  {}", state.clock.both(at), text::printable(words.trim()));
    }
    out
}

/// What is selected in the focused pane, as text.
pub(super) fn copy(state: &mut State) -> Vec<Effect> {
    if let Some(text) = text_to_copy(state) {
        vec![Effect::Copy(text)]
    } else {
        state.say("nothing selected to copy");
        Vec::new()
    }
}

/// What the focused pane has selected, as text.
pub(crate) fn text_to_copy(state: &State) -> Option<String> {
    let text = match state.focus {
        Focus::List => state.list.selected().map(|row| row.raw.clone()),
        Focus::Panels => state.panels.selected().map(|panel| format!("{} {}", panel.reference.series, panel.texts.value)),
        Focus::Side => match state.side.item_selected() {
            Some(SideItem::Annotation(id)) => state.session.doc.annotations.get(id).map(|record| record.text.clone()),
            Some(SideItem::Pattern(id)) => state.patterns.get(*id).map(|pattern| pattern.template.clone()),
            Some(SideItem::Event(id)) => {
                state.trace.shown().and_then(|trace| trace.events.iter().find(|event| event.id == *id)).map(|event| event.raw.clone())
            }
            Some(SideItem::Value(choice)) => Some(choice.text.clone()),
            Some(_) => Some(state.side.text_of_selected()),
            None => None,
        },
        Focus::Changes => Some(state.clock.both(state.timeline.cursor)),
    };
    text.filter(|text| !text.is_empty())
}
