//! The palette: one list of everything that can be done or gone to, each line with its kind in words.
//!
//! Series are looked through by `series_search`; a typed time or filter becomes a line of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::app::actions;
use crate::app::list::IsNegated;
use crate::app::message::Effect;
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker, Place};
use crate::app::series_search::SeriesSearch;
use crate::app::side::Tab;
use crate::app::state::State;
use crate::model::{AnnotationId, Timestamp, text};

use super::pick::{clean, item};
use super::{action, annotate, command_line, filter, pattern_view, typed_time};

/// Lines of one kind: beyond that those nearest to the cursor, or the most frequent.
const MOST: usize = 1_000;
/// Commands of before that stand at the top.
const RECENT: usize = 5;

fn place(label: String, detail: String, place: Place) -> PickItem {
    item(label, detail, PickValue::Place(place))
}

/// Everything there is.
pub(super) fn open(state: &mut State) {
    let mut items = recent(state);
    items.extend(action_items(state));
    items.extend(moment_items(state));
    items.extend(phase_items(state));
    items.extend(record_items(state));
    let services = state.catalog.services().into_iter().take(MOST);
    items.extend(services.map(|name| place(clean(&name), "service  keeps only its events".into(), Place::Service(name))));
    let sources = state.catalog.sources.iter().enumerate().take(MOST * 5);
    items.extend(sources.map(|(index, source)| {
        let detail = format!("file  {} {}", clean(&source.format), text::grouped(source.n_records));
        place(clean(&source.path), detail, Place::Source(index))
    }));
    items.extend(pattern_items(state));
    let picker = Picker::new(PickPurpose::Palette, "palette: anything by its name, a time, a filter", items)
        .with_series(SeriesSearch::new(Arc::clone(&state.catalog), BTreeSet::new()));
    state.overlays.push(Overlay::Picker(picker));
}

/// Whether it is open.
pub(super) fn is_open(state: &State) -> bool {
    matches!(state.overlays.last(), Some(Overlay::Picker(picker)) if picker.purpose == PickPurpose::Palette)
}

fn recent(state: &State) -> Vec<PickItem> {
    let lines = state.commands.lines().iter().rev();
    // A name alone stands in the list anyway.
    let lines = lines.filter(|line| line.contains(' ')).take(RECENT);
    lines.map(|line| place(clean(line), "recent".into(), Place::Command(line.clone()))).collect()
}

fn action_items(state: &State) -> Vec<PickItem> {
    let offered = actions::ALL.iter().filter(|info| info.is_in_palette());
    let line = |info: &actions::ActionInfo| {
        let key = state.keymap.key_of(info.action);
        PickItem { key, ..item(info.name, format!("action  {}", info.sentence), PickValue::Action(info.action)) }
    };
    offered.map(line).collect()
}

/// Changes, alerts and profiles, of each kind those nearest to the cursor.
fn moment_items(state: &State) -> Vec<PickItem> {
    let (catalog, clock, cursor) = (&state.catalog, &state.clock, state.timeline.cursor);
    let nearest = |moments: &mut dyn Iterator<Item = (Timestamp, usize)>| {
        let mut all: Vec<(Timestamp, usize)> = moments.collect();
        if all.len() > MOST {
            all.sort_by_key(|(at, _)| at.since(cursor).unsigned_abs());
            all.truncate(MOST);
            all.sort();
        }
        all
    };
    let line = |kind: &str, label: String, at| item(clean(label.trim()), format!("{kind}  {}", clock.both(at)), PickValue::Moment(at));
    let changes = nearest(&mut catalog.changes.iter().enumerate().filter_map(|(index, change)| Some((change.time?, index))));
    let changes = changes.into_iter().map(|(at, index)| {
        let change = &catalog.changes[index];
        line("change", change.title(), at)
    });
    let began = |alert: &crate::model::Alert| alert.firing_at.unwrap_or(alert.active_at);
    let alerts = nearest(&mut catalog.alerts.iter().enumerate().map(|(index, alert)| (began(alert), index)));
    let alerts = alerts.into_iter().map(|(at, index)| {
        let alert = &catalog.alerts[index];
        line("alert", format!("{} {}", alert.name, alert.service.as_deref().unwrap_or_default()), at)
    });
    let profiles = nearest(&mut catalog.profiles.iter().enumerate().filter_map(|(index, profile)| Some((profile.time?, index))));
    let profiles = profiles.into_iter().map(|(at, index)| {
        let profile = &catalog.profiles[index];
        line("profile", format!("{} {}", profile.kind, profile.service.as_deref().unwrap_or_default()), at)
    });
    changes.chain(alerts).chain(profiles).collect()
}

fn phase_items(state: &State) -> Vec<PickItem> {
    let line = |phase: &crate::app::lanes::Phase| {
        let (from, to) = (state.clock.both(phase.range.start()), state.clock.both(phase.range.end()));
        item(phase.kind.name(), format!("phase  {from} to {to}"), PickValue::Moment(phase.range.start()))
    };
    state.lanes.all_phases.iter().map(line).collect()
}

/// Marks, notes, causes and the rest of what people wrote, also what has no time.
fn record_items(state: &State) -> Vec<PickItem> {
    let line = |record: &crate::model::Annotation| {
        let when = record.at().map_or_else(String::new, |at| state.clock.both(at));
        let kind = record.kind.name().replace('_', " ");
        item(annotate::headline(record), format!("{kind}  {when}"), PickValue::Annotation(record.id.clone()))
    };
    state.told().by_time().into_iter().take(MOST * 5).map(line).collect()
}

fn pattern_items(state: &State) -> Vec<PickItem> {
    let Some(words) = &state.words else { return Vec::new() };
    let mut patterns: Vec<_> = words.patterns.iter().collect();
    patterns.sort_by_key(|pattern| (std::cmp::Reverse(pattern.count), pattern.id));
    let line = |pattern: &crate::model::query::Pattern| {
        let detail = format!("pattern  {} events", text::grouped(pattern.count));
        place(clean(&pattern.template), detail, Place::Pattern(pattern.id))
    };
    patterns.into_iter().take(MOST).map(line).collect()
}

/// The patterns came while it is open.
pub(super) fn words_came(state: &mut State) {
    if !is_open(state) {
        return;
    }
    let items = pattern_items(state);
    if let Some(Overlay::Picker(picker)) = state.overlays.last_mut() {
        let is_known = picker.items.iter().any(|item| matches!(item.value, PickValue::Place(Place::Pattern(_))));
        if !is_known {
            picker.add_own(items);
            offer(state);
        }
    }
}

/// What is typed may be a time or a filter: a line each.
pub(super) fn offer(state: &mut State) {
    let Some(Overlay::Picker(picker)) = state.overlays.last().filter(|_| is_open(state)) else { return };
    let typed = picker.input.text().trim().to_owned();
    if typed.is_empty() {
        return;
    }
    let mut first = Vec::new();
    let mut last = Vec::new();
    if let (true, Ok(at)) = (typed.contains(|c: char| c.is_ascii_digit()), typed_time::parse(state, &typed)) {
        let line = place(format!("go to {}", state.clock.both(at)), "time".into(), Place::Time(at));
        // A bare number is a time of an epoch at most by chance.
        if typed.chars().all(|c| c.is_ascii_digit()) { last.push(line) } else { first.push(line) }
    }
    if let Ok(Some(_)) = crate::model::filter::parse(&typed, &typed_time::reference(state)) {
        let line = place(format!("filter in {}", clean(&typed)), "filter  keeps only these events".into(), Place::Filter(typed.clone()));
        let is_meant = typed.contains([':', '=', '<', '>', '~', '"']) || typed.starts_with(['-', '/']);
        if is_meant && first.is_empty() { first.push(line) } else { last.push(line) }
    }
    if let Some(Overlay::Picker(picker)) = state.overlays.last_mut() {
        picker.offer(first, last);
    }
}

/// Goes to what a line stands for.
pub(super) fn take(state: &mut State, place: Place) -> Vec<Effect> {
    let done = match place {
        Place::Pattern(id) => {
            action::show_tab(state, Tab::Patterns);
            Ok(pattern_view::open(state, id))
        }
        Place::Service(name) => {
            let term = crate::model::filter::Term::Service(crate::model::filter::TextTest::Is(crate::model::filter::Words::Exact(name)));
            Ok(filter::add_expr(state, &crate::model::filter::Expr::Term(term)))
        }
        Place::Source(index) => {
            action::show_tab(state, Tab::Sources);
            state.side.select_coming(index);
            Ok(Vec::new())
        }
        Place::Time(at) => {
            state.jump_to(at);
            Ok(Vec::new())
        }
        Place::Filter(typed) => {
            state.filters_typed.remember(&typed);
            filter::add(state, &typed, IsNegated::No)
        }
        Place::Command(line) => command_line::accept(state, &line),
    };
    done.unwrap_or_else(|why| {
        state.warn(why);
        Vec::new()
    })
}

/// Goes to the time of a record; one without is shown among the notes.
pub(super) fn show_record(state: &mut State, id: &AnnotationId) {
    let Some(record) = state.session.doc.annotations.get(id) else { return };
    if let Some(at) = record.at() {
        state.jump_to(at);
        return;
    }
    action::show_tab(state, Tab::Notes);
    super::side_view::prepare(state);
    state.side.select_annotation(id);
}

/// The kind of a line and the rest of its words.
pub(crate) fn kind_of(item: &PickItem) -> (&str, &str) {
    let (kind, rest) = item.detail.split_once("  ").unwrap_or((item.detail.as_str(), ""));
    match &item.value {
        PickValue::Series(_) => ("series", item.detail.trim_start_matches("series ")),
        _ => (kind, rest),
    }
}
