//! What lies open above the panes: pickers, prompts, filters, questions. They cover the list, not the panels.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use super::paint;
use super::shorten::Shortened;
use super::theme::Theme;
use super::{draft, help, prompt, write};
use crate::app::State;
use crate::app::layout::Area;
use crate::app::line::LineInput;
use crate::app::overlay::{Confirm, Overlay, PickPurpose, Picker, TextPurpose};
use crate::app::places;

/// Draws one layer.
pub(super) fn draw(state: &State, overlay: &Overlay, theme: &Theme, buffer: &mut Buffer) {
    match overlay {
        Overlay::Help(open) => help::draw(state, open, theme, buffer),
        Overlay::Picker(picker) => draw_picker(state, picker, theme, buffer),
        Overlay::Prompt(prompt) => prompt::draw(state, prompt, theme, buffer),
        Overlay::Filters(selected) => prompt::draw_filters(state, *selected, theme, buffer),
        Overlay::Editor(editor) if matches!(editor.purpose, TextPurpose::Prose(_)) => draft::draw_source(state, editor, theme, buffer),
        Overlay::Editor(editor) => write::draw_editor(state, editor, theme, buffer),
        Overlay::Form(form) => write::draw_form(state, form, theme, buffer),
        Overlay::Confirm(confirm) => draw_confirm(state, confirm, theme, buffer),
        Overlay::Draft(open) => draft::draw(state, open, theme, buffer),
    }
}

/// Clears a frame for a layer of this height and draws its border; tells the room inside.
pub(super) fn open_frame(state: &State, height: u16, title: &str, theme: &Theme, buffer: &mut Buffer) -> Area {
    let frame = places::frame(&state.layout, height);
    let Area { x, y, width, height } = frame;
    for row in y..y + height {
        for column in x..x + width {
            let cell = &mut buffer[(column, row)];
            cell.reset();
            cell.set_style(theme.overlay);
        }
    }
    let line = theme.faint.patch(theme.overlay);
    paint::fill(buffer, x, y, width, theme.sign('─'), line);
    paint::fill(buffer, x, y + height - 1, width, theme.sign('─'), line);
    for row in y + 1..y + height - 1 {
        paint::cell(buffer, x, row, theme.sign('│'), line);
        paint::cell(buffer, x + width - 1, row, theme.sign('│'), line);
    }
    for (column, row, sign) in [(x, y, '┌'), (x + width - 1, y, '┐'), (x, y + height - 1, '└'), (x + width - 1, y + height - 1, '┘')]
    {
        paint::cell(buffer, column, row, theme.sign(sign), line);
    }
    let title = format!(" {title} ");
    paint::put(buffer, x + 2, y, width.saturating_sub(4), &theme.signs(&title), theme.strong.patch(theme.overlay));
    places::inside(frame)
}

/// A line being typed, with its cursor; long text shows its end. Tells the byte of the text that is drawn first.
pub(super) fn draw_line(buffer: &mut Buffer, place: (u16, u16, u16), line: &LineInput, theme: &Theme) -> usize {
    let (x, y, width) = place;
    let before = line.before_cursor();
    let room = usize::from(width.saturating_sub(1));
    let mut start = 0;
    while before[start..].width() > room {
        start += before[start..].chars().next().map_or(1, char::len_utf8);
    }
    paint::put(buffer, x, y, width, &line.text()[start..], theme.text);
    let at = x + before[start..].width() as u16;
    paint::tint(
        buffer,
        at.min(x + width.saturating_sub(1)),
        y,
        1,
        ratatui::style::Style::new().add_modifier(ratatui::style::Modifier::REVERSED),
    );
    start
}

/// Room for the kind of a line of the palette.
const KIND: u16 = 11;

/// Columns that a name has at least.
const LABEL: u16 = 18;

fn draw_picker(state: &State, picker: &Picker, theme: &Theme, buffer: &mut Buffer) {
    let area = open_frame(state, places::picker_rows(&state.layout, picker), &picker.title, theme, buffer);
    let left_out = picker.left_out_words();
    let left_out = if left_out.is_empty() { left_out } else { format!("{left_out}   ") };
    let count = format!("{left_out}{} / {}", paint::compact(picker.shown.len() as u64), paint::compact(picker.n_all() as u64));
    let count_width = (count.width() as u16).clamp(12, area.width / 2);
    paint::put(buffer, area.x, area.y, 2, "> ", theme.key);
    draw_line(buffer, (area.x + 2, area.y, area.width.saturating_sub(count_width + 4)), &picker.input, theme);
    paint::put_right(buffer, area.x + area.width - count_width, area.y, count_width, &count, theme.dim);
    let lines = places::picker_lines(&state.layout, picker);
    let (rows, top) = (usize::from(lines.area.height), lines.top);
    let is_palette = picker.purpose == PickPurpose::Palette;
    let in_sight = || picker.shown.iter().skip(top).take(rows);
    // Names up to a third of the room share a column; a longer one pushes only its own words aside. The sentences of
    // the palette need more room.
    let most = if is_palette { LABEL } else { area.width / 3 };
    let widths = in_sight().filter_map(|(index, _)| picker.items.get(*index)).map(|item| item.label.width() as u16);
    let label_column = widths.filter(|width| *width <= most).max().unwrap_or(0).max(LABEL);
    for (row, (index, positions)) in in_sight().enumerate() {
        let Some(item) = picker.items.get(*index) else { continue };
        let y = area.y + 1 + row as u16;
        let mut x = area.x;
        if let Some(chosen) = &picker.chosen {
            let sign = if chosen.contains(index) { "☑ " } else { "☐ " };
            x += paint::put(buffer, x, y, 4, &theme.signs(sign), theme.key);
        }
        let mut detail = item.detail.as_str();
        if is_palette {
            let (kind, rest) = crate::app::update::kind_of(item);
            paint::put(buffer, x, y, KIND, &theme.signs(kind), theme.dim);
            detail = rest;
            x += KIND + 1;
        }
        let key_width = if item.key.is_empty() { 0 } else { 6 };
        let room = (area.x + area.width).saturating_sub(x + key_width);
        let label_room = if detail.is_empty() { room } else { room.min((item.label.width() as u16).max(label_column)) };
        let others = in_sight().map(|(index, _)| picker.items.get(*index).map_or("", |item| item.label.as_str()));
        let label = Shortened::of(&item.label, others, usize::from(label_room));
        paint::put(buffer, x, y, label_room, &label.text(), theme.text);
        let is_drawn = |column: &usize| label.width() <= usize::from(label_room) || column + 1 < usize::from(label_room);
        for column in positions.iter().filter_map(|position| label.column_of(*position)).filter(is_drawn) {
            paint::tint(buffer, x + column as u16, y, 1, theme.key);
        }
        let after = x + label_room + 2;
        paint::put(buffer, after, y, (area.x + area.width).saturating_sub(after + key_width), &theme.signs(detail), theme.dim);
        paint::put_right(buffer, area.x, y, area.width, &theme.signs(&item.key), theme.key);
        if top + row == picker.selected {
            paint::cell(buffer, area.x - 1, y, theme.sign('▌'), theme.key);
            paint::tint(buffer, area.x, y, area.width, theme.selected_focused);
        }
    }
    if picker.shown.is_empty() {
        paint::put(buffer, area.x, area.y + 1, area.width, "nothing fits; delete some letters", theme.dim);
    }
}

fn draw_confirm(state: &State, confirm: &Confirm, theme: &Theme, buffer: &mut Buffer) {
    let (lines, answers) = places::question(state, &confirm.question);
    let area = open_frame(state, lines.len() as u16 + 1, "question", theme, buffer);
    for (row, line) in lines.iter().enumerate() {
        paint::put(buffer, area.x, area.y + row as u16, area.width, &theme.signs(line), theme.warn);
    }
    let y = answers.y;
    paint::put_words(buffer, area.x, y, area.width, &[("y", theme.key), (" yes   ", theme.dim), ("n", theme.key), (" no", theme.dim)]);
}
