//! The note editor and forms.

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::overlays::{draw_line, open_frame};
use super::paint;
use super::theme::Theme;
use crate::app::State;
use crate::app::editor::{Editor, TextBox};
use crate::app::form::{FieldKind, Form, PickLine};
use crate::app::layout::Area;
use crate::app::places::{self, FieldPlace, SHORT_LIST};
use crate::model::case::title_of;
use crate::model::text;

/// Draws the editor.
pub(super) fn draw_editor(state: &State, editor: &Editor, theme: &Theme, buffer: &mut Buffer) {
    let height = (state.layout.hints_y / 2).max(5);
    let area = open_frame(state, height, &editor.title, theme, buffer);
    draw_text(&editor.text, area, Caret::Shown, theme, buffer);
}

/// Whether keys go to this text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caret {
    Shown,
    Hidden,
}

/// Lines being written; with a caret those around it are shown, else the first ones.
fn draw_text(words: &TextBox, area: Area, caret: Caret, theme: &Theme, buffer: &mut Buffer) {
    let (cursor_row, cursor_column) = words.cursor();
    let has_caret = |row: usize| caret == Caret::Shown && row == cursor_row;
    let top = if caret == Caret::Shown { (cursor_row + 1).saturating_sub(usize::from(area.height)) } else { 0 };
    for (row, line) in words.lines().iter().enumerate().skip(top).take(usize::from(area.height)) {
        let y = area.y + (row - top) as u16;
        let before: String = line.chars().take(if has_caret(row) { cursor_column } else { 0 }).collect();
        // The line moves left as the cursor leaves the frame.
        let mut skipped = 0;
        while has_caret(row) && text::printable(&before[skipped..]).width() >= usize::from(area.width) {
            skipped += before[skipped..].chars().next().map_or(1, char::len_utf8);
        }
        let shown = text::printable(&line[skipped..]);
        paint::put(buffer, area.x, y, area.width, &shown, theme.text);
        if has_caret(row) {
            let at = area.x + text::printable(&before[skipped..]).width() as u16;
            paint::tint(buffer, at, y, 1, Style::new().add_modifier(Modifier::REVERSED));
        }
    }
}

/// Draws a form.
pub(super) fn draw_form(state: &State, form: &Form, theme: &Theme, buffer: &mut Buffer) {
    let (rows, fields) = places::form_fields(&state.layout, form);
    let area = open_frame(state, rows, &form.title, theme, buffer);
    let label_width = places::name_columns(form);
    let (x, width) = (area.x + label_width, area.width.saturating_sub(label_width));
    for FieldPlace { index, y, height } in fields {
        let field = &form.fields[index];
        let has_focus = index == form.focus;
        let style = if has_focus { theme.strong } else { theme.dim };
        if has_focus {
            paint::cell(buffer, area.x - 1, y, theme.sign('▌'), theme.key);
        }
        paint::put(buffer, area.x, y, label_width - 1, &title_of(field.label), style);
        match &field.kind {
            FieldKind::Text(line) if has_focus => {
                draw_line(buffer, (x, y, width), line, theme);
                if line.text().is_empty() {
                    paint::put(buffer, x + 2, y, width.saturating_sub(2), field.hint, theme.dim);
                }
            }
            FieldKind::Text(line) if line.text().is_empty() => drop(paint::put(buffer, x, y, width, field.hint, theme.dim)),
            FieldKind::Text(line) => drop(paint::put(buffer, x, y, width, &text::printable(line.text()), theme.text)),
            FieldKind::Lines(lines) => {
                let caret = if has_focus { Caret::Shown } else { Caret::Hidden };
                draw_text(lines, Area { x, y, width, height }, caret, theme, buffer);
                if lines.lines().iter().all(String::is_empty) {
                    paint::put(buffer, x + 2, y, width.saturating_sub(2), field.hint, theme.dim);
                }
            }
            FieldKind::Choice { options, chosen } => draw_choice(buffer, (x, y, width), options, *chosen, theme, has_focus),
            FieldKind::Picks { lines, .. } if lines.is_empty() => drop(paint::put(buffer, x, y, width, field.hint, theme.dim)),
            FieldKind::Picks { lines, .. } if !has_focus && lines.len() > SHORT_LIST => {
                draw_chosen(buffer, Area { x, y, width, height }, lines, theme);
            }
            FieldKind::Picks { lines, cursor } => {
                let rows = usize::from(height);
                let top = (cursor + 1).saturating_sub(rows);
                for (row, line) in lines.iter().enumerate().skip(top).take(rows) {
                    let at = y + (row - top) as u16;
                    let sign = if line.is_chosen { "☑ " } else { "☐ " };
                    let used = paint::put(buffer, x, at, width, &theme.signs(sign), theme.key);
                    paint::put(buffer, x + used, at, width - used, &line.label, theme.text);
                    if has_focus && row == *cursor {
                        paint::tint(buffer, x, at, width, theme.selected_focused);
                    }
                }
            }
        }
    }
}

/// The chosen lines of a long list that has no focus.
fn draw_chosen(buffer: &mut Buffer, Area { x, y, width, height }: Area, lines: &[PickLine], theme: &Theme) {
    let chosen: Vec<&PickLine> = lines.iter().filter(|line| line.is_chosen).collect();
    if chosen.is_empty() {
        paint::put(buffer, x, y, width, &format!("none of {}", lines.len()), theme.dim);
        return;
    }
    let rows = chosen.len().min(usize::from(height));
    for (at, line) in (y..).zip(chosen.iter().take(rows)) {
        let used = paint::put(buffer, x, at, width, &theme.signs("☑ "), theme.key);
        let more = chosen.len() - rows;
        let is_last = usize::from(at - y) + 1 == rows;
        let words = if is_last && more > 0 { format!("({more} more) {}", line.label) } else { line.label.clone() };
        paint::put(buffer, x + used, at, width - used, &words, theme.text);
    }
}

fn draw_choice(buffer: &mut Buffer, place: (u16, u16, u16), options: &[&str], chosen: usize, theme: &Theme, has_focus: bool) {
    let (x, y, width) = place;
    let places = places::options(options, width);
    if places.is_empty() {
        let words = format!("← {} →", options.get(chosen).copied().unwrap_or_default().replace('_', " "));
        paint::put(buffer, x, y, width, &theme.signs(&words), if has_focus { theme.strong } else { theme.text });
        return;
    }
    for (index, (option, place)) in options.iter().zip(places).enumerate() {
        let is_chosen = index == chosen;
        let style = match (is_chosen, has_focus) {
            (true, true) => theme.selected_focused,
            (true, false) => theme.strong,
            _ => theme.dim,
        };
        let words = option.replace('_', " ");
        let words = if is_chosen { format!("[{words}]") } else { format!(" {words} ") };
        paint::put(buffer, x + place.start, y, place.end - place.start, &words, style);
    }
}
