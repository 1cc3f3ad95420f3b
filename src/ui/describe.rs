//! The screen as lines of text, for those who listen to it: the same state, courses in words, no columns.
//!
//! Pure. What changed between two descriptions is what is worth saying after a key. Layers that lie open (pickers,
//! prompts, forms) are drawn and read off, so that no layer can be forgotten here.

mod trend;

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::theme::Theme;
use super::{overlays, paint};
use crate::app::State;
use crate::app::clock::Precision;
use crate::app::keys;
use crate::app::overlay::Overlay;
use crate::app::panels::Panel;
use crate::app::session::{CasePlace, SaveStatus};
use crate::app::side::{SideItem, SideLine};
use crate::app::state::Focus;
use crate::app::trust::Trust;
use crate::model::{Level, Timestamp, text};

/// Changes and alerts told at once: those around the cursor.
const MOST_CHANGES: usize = 12;

/// Everything that the screen tells, a sentence a line. O(screen).
pub fn describe(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    head(state, &mut lines);
    time(state, &mut lines);
    changes(state, &mut lines);
    for (index, panel) in state.panels.all.iter().enumerate() {
        lines.extend(panel_words(state, panel, index).into_iter().filter(|line| !line.is_empty()));
    }
    list(state, &mut lines);
    side(state, &mut lines);
    open_layers(state, &mut lines);
    word(state, &mut lines);
    lines
}

/// Lines that were not told before, in their order.
pub fn changed_lines<'a>(before: &[String], after: &'a [String]) -> Vec<&'a str> {
    let told: BTreeSet<&str> = before.iter().map(String::as_str).collect();
    after.iter().map(String::as_str).filter(|line| !told.contains(line)).collect()
}

/// `T+2m05s`, or the time where there is no T+0.
fn when(state: &State, at: Timestamp) -> String {
    state.clock.offset(at).unwrap_or_else(|| state.clock.short(at))
}

fn head(state: &State, lines: &mut Vec<String>) {
    let meta = &state.session.doc.meta;
    let title = if meta.title.is_empty() { &state.title } else { &meta.title };
    let (n_read, n_guessed) = state.catalog.n_events_expected();
    let reading = match (&state.progress, state.is_read()) {
        (_, true) => String::new(),
        (Some(progress), false) => {
            let (done, all) = progress.bytes;
            done.saturating_mul(100)
                .checked_div(all)
                .map_or_else(|| ", reading".to_owned(), |share| format!(", reading {} %", share / 10 * 10))
        }
        (None, false) => ", reading".to_owned(),
    };
    lines.push(format!("case: {}, {} events{reading}", text::printable(title), paint::compact(n_read + n_guessed)));
    let n_problems = state.catalog.n_problems();
    if n_problems > 0 {
        lines.push(format!("sources: {n_problems} problem{}, 7 lists them", if n_problems == 1 { "" } else { "s" }));
    }
}

fn time(state: &State, lines: &mut Vec<String>) {
    let timeline = &state.timeline;
    if timeline.extent.is_none() {
        lines.push("time: nothing with a time here".to_owned());
        return;
    }
    let precision = Precision::for_column(timeline.column_ns());
    let offset = state.clock.offset(timeline.cursor).map(|offset| format!(", {offset}")).unwrap_or_default();
    lines.push(format!("cursor: {}{offset}", state.clock.date_time(timeline.cursor, precision)));
    let visible = timeline.visible;
    let length = |ns: i64| match ns {
        ..1_000_000_000 => text::value(ns as f64 / 1e9, crate::model::Unit::Seconds),
        ns => text::whole_duration((ns / 1_000_000_000) as u64),
    };
    let whole = if Some(visible) == timeline.extent { ", all" } else { "" };
    let (from, to) = (state.clock.short(visible.start()), state.clock.short(visible.end()));
    lines.push(format!("window: {from} to {to}, {}{whole}", length(visible.len_ns())));
    if let Some(range) = timeline.selection() {
        lines.push(format!("range: {} to {}, {}", when(state, range.start()), when(state, range.end()), length(range.len_ns())));
    } else if timeline.anchor.is_some() {
        lines.push("range: starts here".to_owned());
    }
    if let Some(phase) = state.lanes.all_phases.iter().find(|phase| phase.range.contains(timeline.cursor)) {
        let (from, to) = (when(state, phase.range.start()), when(state, phase.range.end()));
        lines.push(format!("phase: {}, {from} to {to}", phase.kind.name()));
    }
    let here = timeline.cursor_column().and_then(|column| state.lanes.events.get(column).copied().flatten());
    if let Some(counts) = here {
        let errors: u64 = counts[Level::Error as usize..].iter().sum();
        let words = [(errors, "error"), (counts[Level::Warn as usize], "warning")]
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| format!(", {n} {word}{}", if n == 1 { "" } else { "s" }));
        lines.push(format!("events at the cursor: {}{}", counts.iter().sum::<u64>(), words.collect::<String>()));
    }
}

fn changes(state: &State, lines: &mut Vec<String>) {
    let cursor = state.timeline.cursor;
    let is_seen = |at: &Timestamp| state.timeline.visible.contains(*at);
    let changes = state.catalog.changes.iter().filter_map(|change| Some((change.time?, format!("change: {}", change.title()))));
    let alerts = state.catalog.alerts.iter().map(|alert| {
        let fires = alert.firing_at.map(|at| format!(", fires from {}", when(state, at))).unwrap_or_default();
        let ended = alert.ended_at.map(|at| format!(" until {}", when(state, at))).unwrap_or_default();
        (alert.active_at, format!("alert: {}{fires}{ended}", alert.name))
    });
    let mut found: Vec<(Timestamp, String)> = changes.chain(alerts).filter(|(at, _)| is_seen(at)).collect();
    found.sort_by_key(|(at, _)| at.since(cursor).unsigned_abs());
    found.truncate(MOST_CHANGES);
    found.sort();
    lines.extend(found.into_iter().map(|(at, words)| format!("{}, at {}", text::printable(words.trim()), when(state, at))));
    for (kind, span) in state.lanes.notes.iter().map(|note| ("note", &note.span)).filter(|(_, span)| !span.label.is_empty()) {
        let at = state.timeline.visible.split(state.timeline.columns).get(span.from).map(|part| when(state, part.start()));
        lines.push(format!("{kind}: {}, at {}", span.label, at.unwrap_or_default()));
    }
}

/// `P99 order: rose from 31 ms to ≥10 s between T+7s and T+2m, base 80 ms`, and what it is at the cursor in a line of its own:
/// that alone is told again when the cursor moves.
fn panel_words(state: &State, panel: &Panel, index: usize) -> [String; 2] {
    let is_selected = index == state.panels.selected && state.focus == Focus::Panels;
    let join = |parts: &[&str], between: &str| parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(between);
    let (texts, n) = (&panel.texts, index + 1);
    let name = join(&[&panel.name, &panel.place], " ");
    let peak = join(&[&texts.peak, &texts.peak_at], " at ");
    let selected = if is_selected { ", selected" } else { "" };
    let course = join(&[&course(state, panel), &texts.baseline, &peak, &texts.crossing], ", ");
    let bad = if panel.is_bad_at_cursor() { "over its limit" } else { "" };
    let here = join(&[&texts.value, &texts.ratio, bad], ", ");
    [format!("panel {n}{selected}: {name}: {course}"), if here.is_empty() { here } else { format!("panel {n} at the cursor: {here}") }]
}

/// The course in the window, in words.
fn course(state: &State, panel: &Panel) -> String {
    let values: Vec<Option<f64>> =
        panel.shown.iter().map(|bucket| bucket.filter(|bucket| bucket.count > 0).map(|bucket| bucket.max)).collect();
    let Some(first) = values.iter().flatten().next() else {
        return if panel.is_stale || panel.columns.is_none() { "reading".to_owned() } else { "no samples in this window".to_owned() };
    };
    let parts = state.timeline.visible.split(state.timeline.columns);
    let at = |column: usize| parts.get(column).map(|part| when(state, part.start())).unwrap_or_default();
    let (legs, gaps) = (trend::legs(&values), gaps(panel));
    if legs.is_empty() {
        return format!("steady around {}{gaps}", panel.print(*first));
    }
    let n = legs.len();
    if n > trend::MOST_LEGS {
        let extreme = |pick: fn(f64, f64) -> f64, start: f64| values.iter().flatten().copied().fold(start, pick);
        let (least, greatest) = (extreme(f64::min, f64::INFINITY), extreme(f64::max, f64::NEG_INFINITY));
        return format!("goes up and down {n} times between {} and {}{gaps}", panel.print(least), panel.print(greatest));
    }
    let told = legs.iter().enumerate().map(|(index, leg)| {
        let way = if leg.to.1 > leg.from.1 { "rose" } else { "fell" };
        let from = if index == 0 { format!(" from {}", panel.print(leg.from.1)) } else { String::new() };
        let (start, end) = (at(leg.from.0), at(leg.to.0));
        let between = if start == end { format!("at {start}") } else { format!("between {start} and {end}") };
        format!("{way}{from} to {} {between}", panel.print(leg.to.1))
    });
    format!("{}{gaps}", told.collect::<Vec<_>>().join(", "))
}

/// How much of the window has no value, and why: a gap is none of what stands between two samples, and NaN is an answer.
fn gaps(panel: &Panel) -> String {
    let n = panel.trust.len();
    let share = |kinds: &[Trust]| panel.trust.iter().filter(|trust| kinds.contains(trust)).count();
    let words = [(share(&[Trust::Stale, Trust::Absent]), "no data"), (share(&[Trust::NoNumber]), "no number (NaN or infinite)")];
    words
        .into_iter()
        .filter(|(n_columns, _)| n_columns * 20 > n)
        .map(|(n_columns, words)| format!(", {words} in {} % of the window", n_columns * 100 / n))
        .collect()
}

fn list(state: &State, lines: &mut Vec<String>) {
    if !state.list.filter.is_empty() {
        let n = state.list.n_passing.map(|n| format!(", {} events pass", paint::compact(n))).unwrap_or_default();
        lines.push(format!("filter: {}{n}", state.list.filter_words()));
    }
    if let Some(find) = &state.list.find {
        lines.push(format!("find: {} {}", text::printable(&find.typed), find.count_words()));
    }
    let Some(row) = state.list.selected() else { return };
    let at = row.time.map_or_else(|| "no time".to_owned(), |at| state.clock.day_time(at, Precision::Millis));
    let words: Vec<&str> = [row.level.name(), row.service.as_str(), row.message.as_str(), row.fields.as_str()]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect();
    lines.push(format!("event: {at} {}", words.join(" ")));
}

/// Without what only eyes can use: bars, columns of a course, blanks that line things up.
fn spoken(line: &str) -> String {
    let is_drawn = |c: char| matches!(c, '\u{2581}'..='\u{258f}' | '░');
    line.split_whitespace().filter(|word| !word.chars().all(is_drawn)).collect::<Vec<_>>().join(" ")
}

fn side(state: &State, lines: &mut Vec<String>) {
    let words_of = |line: &SideLine| spoken(&line.words.iter().map(|word| word.1.as_str()).collect::<String>());
    let tab = state.side.tab.name();
    let mut told: Vec<(Option<usize>, String)> = Vec::new();
    // The heading is a sentence of its own.
    let heading = state.side.heading.iter().map(words_of).collect::<Vec<_>>().join(" ");
    told.push((None, heading.trim().to_owned()));
    for line in &state.side.lines {
        let words = words_of(line);
        // Lines of one record are one sentence; advice stays as it is.
        let item = state.side.items.get(line.item).filter(|item| **item != SideItem::Text).map(|_| line.item);
        match told.last_mut() {
            Some((last, sentence)) if item.is_some() && *last == item => {
                sentence.push(' ');
                sentence.push_str(words.trim());
            }
            _ => told.push((item, words.trim().to_owned())),
        }
    }
    lines.extend(told.into_iter().filter(|(_, words)| !words.is_empty()).map(|(_, words)| format!("{tab}: {words}")));
    if state.focus == Focus::Side {
        let selected = state.side.selected();
        let words: Vec<String> = state.side.lines.iter().filter(|line| line.item == selected).map(words_of).collect();
        let words = words.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        lines.push(format!("{tab}, selected: {}", words.trim()));
    }
}

/// The pane with the keys, or what lies open above it, read off a drawing of it.
fn open_layers(state: &State, lines: &mut Vec<String>) {
    let Some(layer) = state.overlays.last() else {
        let pane = match state.focus {
            Focus::Changes => "changes",
            Focus::Panels => "panels",
            Focus::List => "events",
            Focus::Side => state.side.tab.name(),
        };
        lines.push(format!("pane: {pane}"));
        return;
    };
    let (width, height) = state.layout.size;
    if state.layout.is_too_small {
        lines.push("open: too small a screen to tell what lies open".to_owned());
        return;
    }
    let theme = Theme::mono();
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    overlays::draw(state, layer, &theme, &mut buffer);
    for y in 0..height {
        let words = row_words(&buffer, y, layer);
        if !words.is_empty() {
            lines.push(format!("open: {words}"));
        }
    }
}

/// A row without its frame; `|` stands before the letter under the cursor, and what is chosen is called so.
fn row_words(buffer: &Buffer, y: u16, layer: &Overlay) -> String {
    let is_frame = |c: char| matches!(c, '─' | '│' | '┌' | '┐' | '└' | '┘');
    let mut words = String::new();
    let mut is_selected = false;
    let n_reversed = (0..buffer.area.width).filter(|x| buffer[(*x, y)].modifier.contains(Modifier::REVERSED)).count();
    for x in 0..buffer.area.width {
        let cell = &buffer[(x, y)];
        if n_reversed == 1 && cell.modifier.contains(Modifier::REVERSED) && !matches!(layer, Overlay::Help(_)) {
            words.push('|');
        }
        match cell.symbol().chars().next() {
            Some('▌') => is_selected = true,
            Some(c) if is_frame(c) => words.push(' '),
            _ => words.push_str(cell.symbol()),
        }
    }
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if is_selected && !words.is_empty() { format!("selected: {words}") } else { words }
}

fn word(state: &State, lines: &mut Vec<String>) {
    if !state.pending.is_empty() {
        let next: BTreeSet<String> = state
            .keymap
            .continuations(state.context(), &state.pending)
            .map(|(key, action)| format!("{} {}", keys::show(key), action.info().name))
            .collect();
        lines.push(format!("{} then: {}", keys::show_sequence(&state.pending), next.into_iter().collect::<Vec<_>>().join(", ")));
    }
    if let Some(notice) = &state.notice {
        let sort = if notice.is_bad { "warning" } else { "note" };
        lines.push(format!("{sort}: {}", text::printable(&notice.text)));
    }
    if let Some(seek) = &state.seek {
        lines.push(format!("looking for the {} {}", if seek.is_forward { "next" } else { "previous" }, text::printable(&seek.what)));
    }
    let status = state.session.status();
    let why = match (&status, &state.session.place) {
        (SaveStatus::Failed(why), _) | (SaveStatus::Saving, CasePlace::Nowhere(why)) => Some(why),
        _ => None,
    };
    match why {
        Some(why) => lines.push(format!("not saved: {}", text::printable(why))),
        None if status == SaveStatus::Saved => lines.push("saved".to_owned()),
        None => {}
    }
}
