//! The event list under its heading: it follows the cursor, and moving in it moves the cursor.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::paint;
use super::theme::Theme;
use crate::app::State;
use crate::app::clock::Precision;
use crate::app::jobs::Slot;
use crate::app::list::EventRow;
use crate::app::list::rows::{Shape, TailPart};
use crate::app::places::{self, TabName};
use crate::app::side::fit_start;
use crate::app::state::Focus;
use crate::model::find::Fit;
use crate::model::{Level, text};

/// The line between panels and list: what the list shows, and the tabs of the side pane.
pub(super) fn draw_heading(state: &State, theme: &Theme, buffer: &mut Buffer) {
    let layout = &state.layout;
    let (width, y) = (layout.size.0, layout.heading_y);
    paint::fill(buffer, 0, y, width, theme.sign('─'), theme.faint);
    let has_list = layout.list.width > 0;
    // Where no pane is beside the list, the names of the tabs stand at the end of its heading.
    let first_tab = if layout.side.width == 0 { places::tabs(state).first().map(|tab| tab.x) } else { None };
    let end = first_tab.map_or(layout.list.width, |x| layout.list.width.min(x.saturating_sub(1)));
    if has_list {
        let heading = if state.focus == Focus::List { theme.strong } else { theme.dim };
        if state.focus == Focus::List {
            paint::cell(buffer, 0, y, theme.sign('▌'), theme.key);
        }
        let counts = if state.list.is_unplaced() { unplaced_words(state) } else { counts_words(state) };
        let mut x = 1 + paint::put(
            buffer,
            1,
            y,
            end.saturating_sub(2),
            &theme.signs(&format!("{} ", format!(" events {counts}").trim_end())),
            heading,
        );
        let find = find_words(state);
        let find_width = if find.is_empty() { 0 } else { find.width() as u16 + 3 };
        x = super::chips::draw(state, (x + 1, y, end.saturating_sub(find_width)), theme, buffer);
        if !find.is_empty() {
            paint::put(buffer, x, y, end.saturating_sub(x + 1), &theme.signs(&format!(" {find} ")), theme.mark);
        }
    }
    draw_tabs(state, theme, buffer, y);
}

fn draw_tabs(state: &State, theme: &Theme, buffer: &mut Buffer, y: u16) {
    let layout = &state.layout;
    let is_beside = layout.side.width > 0;
    let tabs = places::tabs(state);
    let Some(first) = tabs.first() else { return };
    if is_beside && layout.side.x > 0 {
        paint::cell(buffer, layout.side.x - 1, y, theme.sign('┬'), theme.faint);
    }
    let has_focus = state.focus == Focus::Side;
    if has_focus && is_beside {
        paint::cell(buffer, first.x.saturating_sub(1), y, theme.sign('▌'), theme.key);
    }
    for (index, TabName { x, tab, name }) in tabs.iter().enumerate() {
        let is_open = *tab == Some(state.side.tab) && is_beside;
        let style = match (is_open, has_focus) {
            (true, true) => theme.strong.patch(theme.selected_focused),
            (true, false) => theme.strong,
            (false, _) => theme.dim,
        };
        let used = paint::put(buffer, *x, y, layout.size.0.saturating_sub(*x), &theme.signs(name), style);
        if index + 1 < tabs.len() {
            paint::cell(buffer, x + used, y, theme.sign('│'), theme.faint);
        }
    }
}

/// `without a time 3 of 1 204`.
fn unplaced_words(state: &State) -> String {
    let all: u64 = state.catalog.sources.iter().map(|source| source.n_unplaced).sum();
    match state.list.unplaced_position() {
        Some(position) if state.list.filter.is_empty() => {
            format!("without a time {} of {}", crate::model::text::grouped(position), crate::model::text::grouped(all))
        }
        _ => "without a time".to_owned(),
    }
}

fn counts_words(state: &State) -> String {
    if state.catalog.n_events == 0 {
        return String::new();
    }
    let all = paint::compact(state.n_events_known());
    if state.list.filter.is_empty() {
        return all;
    }
    let counted = crate::app::find::total_words(None, state.list.counting, false);
    state.list.n_passing.map_or_else(|| format!("{counted} / {all}"), |n| format!("{} / {all}", paint::compact(n)))
}

fn find_words(state: &State) -> String {
    let Some(find) = &state.list.find else { return String::new() };
    let sign = if find.typed.starts_with('/') { "" } else { "/" };
    let fit = match find.wanted.as_ref().map(|wanted| wanted.fit) {
        Some(Fit::Close) => " close",
        Some(Fit::Loose) => " loose",
        _ => "",
    };
    format!("{sign}{} {}{fit}", crate::model::text::printable(&find.typed), find.count_words())
}

/// Draws the rows.
pub(super) fn draw(state: &State, theme: &Theme, buffer: &mut Buffer) {
    let area = state.layout.list;
    if area.width == 0 || area.height == 0 {
        return;
    }
    let n_preview = state.preview.n_rows(usize::from(area.height)) as u16;
    draw_preview(state, n_preview, theme, buffer);
    if let Some(words) = empty_words(state) {
        for (row, line) in crate::app::side::wrap(&words, usize::from(area.width.saturating_sub(3)))
            .iter()
            .enumerate()
            .take((area.height - n_preview).into())
        {
            paint::put(buffer, area.x + 2, area.y + row as u16, area.width - 2, &theme.signs(line), theme.dim);
        }
        return;
    }
    let shape = &state.list.shape;
    let mut y = area.y;
    let end = area.y + area.height - n_preview;
    if shape.has_header {
        draw_header(shape, (area.x, y, area.width), theme, buffer);
        y += 1;
    }
    let range = state.list.range().filter(|_| state.timeline.anchor.is_some());
    let mut index = state.list.top;
    while y < end {
        let Some(event) = state.list.rows.get(index) else { break };
        let is_selected = state.list.selected == Some(index);
        let skip = if is_selected && shape.is_wrapped { state.list.skip } else { 0 };
        let lines = event.tail_lines(shape, skip, usize::from(end - y));
        draw_fixed(state, event, (area.x, y, area.width), theme, buffer);
        let n_lines = (lines.len().max(1) as u16).min(end - y);
        for (line, y) in lines.iter().zip(y..end) {
            draw_tail(line, (area.x + shape.tail_x as u16, y, shape.tail_width as u16), theme, buffer);
        }
        if shape.pan > 0 && !shape.is_wrapped {
            paint::cell(buffer, area.x + shape.tail_x as u16 - 1, y, '<', theme.key);
        }
        for y in y..y + n_lines {
            if range.is_some_and(|(from, to)| (from..=to).contains(&index)) {
                paint::cell(buffer, area.x, y, theme.sign('┃'), theme.key);
                paint::tint(buffer, area.x + 1, y, area.width - 1, theme.range);
            }
            if is_selected {
                let has_focus = state.focus == Focus::List;
                paint::cell(buffer, area.x, y, theme.sign('▌'), if has_focus { theme.key } else { theme.faint });
                paint::tint(buffer, area.x + 1, y, area.width - 1, if has_focus { theme.selected_focused } else { theme.selected });
            }
        }
        y += n_lines;
        index += 1;
    }
}

/// Names of the columns.
fn draw_header(shape: &Shape, (x, y, width): (u16, u16, u16), theme: &Theme, buffer: &mut Buffer) {
    let mut at = usize::from(x) + 1;
    for (name, width) in [("time", shape.time), ("T+0", shape.offset)].into_iter().filter(|column| column.1 > 0) {
        paint::put(buffer, at as u16, y, width as u16, name, theme.faint);
        at += width + 1;
    }
    for column in &shape.fixed {
        paint::put(buffer, at as u16, y, column.width as u16, &theme.signs(&text::printable(&column.name)), theme.faint);
        at += column.width + 1;
    }
    let mut tail = String::new();
    for column in &shape.moving {
        tail.push_str(&fit_start(&text::printable(&column.name), column.width + 2));
    }
    tail.push_str("message");
    let moved: String = tail.chars().skip(if shape.is_wrapped { 0 } else { shape.pan }).collect();
    let room = (x + width).saturating_sub(at as u16);
    paint::put(buffer, at as u16, y, room, &theme.signs(&moved), theme.faint);
}

/// The last errors and warnings of logs that are still being read, in the last rows of the list.
fn draw_preview(state: &State, n_rows: u16, theme: &Theme, buffer: &mut Buffer) {
    let area = state.layout.list;
    let Some(n_lines) = n_rows.checked_sub(1) else { return };
    let (x, y) = (area.x + 1, area.y + area.height - n_rows);
    let heading = "~ last errors and warnings, seen at the end; the rest is being read";
    paint::put(buffer, x, y, area.width - 1, &theme.signs(heading), theme.faint);
    let lines = &state.preview.last[state.preview.last.len().saturating_sub(n_lines.into())..];
    for (line, y) in lines.iter().zip(y + 1..) {
        let precision = if area.width < 46 { Precision::Seconds } else { Precision::Millis };
        let time = line.time.map_or_else(|| "no time".into(), |time| state.clock.day_time(time, precision));
        let mut at = x + paint::put(buffer, x, y, area.width - 1, &format!("~ {time} "), theme.dim);
        at += paint::put(buffer, at, y, 6, &format!("{} ", level_word(line.level)), level_style(line.level, theme));
        paint::put(buffer, at, y, (area.x + area.width).saturating_sub(at), &line.words, theme.dim);
    }
}

fn empty_words(state: &State) -> Option<String> {
    if let Some(why) = state.jobs.error(Slot::ListAfter) {
        return Some(format!("the events cannot be read: {why}; 7 shows the sources, coroner inspect tells all"));
    }
    if !state.list.rows.is_empty() {
        return None;
    }
    Some(if state.catalog.n_events == 0 {
        match (state.has_catalog, state.catalog.is_complete) {
            (true, true) if state.catalog.sources.is_empty() => {
                "nothing here that can be read: start with coroner DIR, or coroner demo for a recorded incident".into()
            }
            (true, true) => "no log events here: open a folder that holds logs to see them".into(),
            _ => "events appear as soon as the first log is read; keys work already".into(),
        }
    } else if !state.list.is_answered || state.jobs.is_waiting(Slot::ListAfter) {
        "reading …".into()
    } else if state.list.is_unplaced() {
        "every record has a time; :unplaced goes back".into()
    } else if state.list.filter.is_empty() {
        "no event has a time: :unplaced lists the records, 7 shows what is wrong with the sources".into()
    } else {
        format!("no event passes {}: F changes the filters", state.list.filter_words())
    })
}

fn level_style(level: Level, theme: &Theme) -> Style {
    match level {
        Level::Fatal | Level::Error => theme.error,
        Level::Warn => theme.warn,
        Level::Info => theme.text,
        Level::Debug | Level::Trace | Level::Unknown => theme.dim,
    }
}

const fn level_word(level: Level) -> &'static str {
    match level {
        Level::Fatal => "FATAL",
        Level::Error => "ERROR",
        Level::Warn => "WARN ",
        Level::Info => "info ",
        Level::Debug => "debug",
        Level::Trace => "trace",
        Level::Unknown => "  ·  ",
    }
}

/// Time and the columns that stay.
fn draw_fixed(state: &State, event: &EventRow, (x, y, width): (u16, u16, u16), theme: &Theme, buffer: &mut Buffer) {
    let shape = &state.list.shape;
    let end = x + width;
    let mut at = x + 1;
    let time = event.time.map_or_else(|| "no time".into(), |time| state.clock.day_time(time, shape.precision()));
    if shape.time > 0 {
        paint::put(buffer, at, y, shape.time as u16, &time, theme.dim);
        at += shape.time as u16 + 1;
    }
    if shape.offset > 0 {
        let offset = event.time.and_then(|time| state.clock.offset(time)).unwrap_or_default();
        paint::put(buffer, at, y, shape.offset as u16, &theme.signs(&offset), theme.time);
        at += shape.offset as u16 + 1;
    }
    for column in &shape.fixed {
        let width = (column.width as u16).min(end.saturating_sub(at));
        if column.name == "level" {
            paint::put(buffer, at, y, width, level_word(event.level), level_style(event.level, theme));
        } else {
            let cell = text::printable(event.cell(&column.name).unwrap_or_default());
            paint::put(buffer, at, y, width, &cell, theme.dim);
        }
        at += column.width as u16 + 1;
    }
}

/// A line of what stands behind them. The word for the level carries the colour: a screen full of errors stays readable.
fn draw_tail(line: &[(TailPart, String)], (x, y, width): (u16, u16, u16), theme: &Theme, buffer: &mut Buffer) {
    let style = |part: TailPart| if part == TailPart::Message { theme.text } else { theme.dim };
    let words: Vec<(&str, Style)> = line.iter().map(|(part, words)| (words.as_str(), style(*part))).collect();
    paint::put_words(buffer, x, y, width, &words);
}
