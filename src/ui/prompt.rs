//! Lines that are typed and what they would do: times, finds with what they offer, filters with the place of a mistake;
//! and the list of filters.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use super::overlays::{draw_line, open_frame};
use super::paint;
use super::theme::Theme;
use crate::app::State;
use crate::app::clock::Precision;
use crate::app::find::{Row, Typing, share_words, total_words};
use crate::app::layout::Area;
use crate::app::places;
use crate::app::prompt::{Prompt, PromptKind};
use crate::model::find::Fit;
use crate::model::query::TextPattern;
use crate::model::text::printable;

/// Draws a line to type with what it means.
pub(super) fn draw(state: &State, prompt: &Prompt, theme: &Theme, buffer: &mut Buffer) {
    if prompt.kind == PromptKind::Command {
        return super::command::draw(state, prompt, theme, buffer);
    }
    let (words, style) = match (&prompt.preview, prompt.find.as_deref()) {
        (Some(Err(words)), _) => (format!("! {words}"), theme.error),
        (_, Some(Typing { error: Some(why), .. })) => (format!("! {why}"), theme.error),
        (_, Some(typing)) => (find_words(state, typing), theme.good),
        (None, None) => (prompt.hint().to_owned(), theme.dim),
        (Some(Ok(words)), None) => (format!("→ {words}"), theme.good),
    };
    let lines = crate::app::side::wrap(&words, usize::from(state.layout.size.0.min(100).saturating_sub(4)));
    // Filters have a row for marks below the text, and the words that Tab takes at the bottom; a find has its rows.
    let (n_marks, n_offered) = (u16::from(prompt.kind.is_filter() || prompt.wrong.is_some()), u16::from(prompt.kind.is_filter()));
    let n_rows = prompt.find.as_deref().map_or(0, Typing::n_rows) as u16;
    let area = open_frame(state, 1 + lines.len() as u16 + n_marks + n_offered + n_rows, prompt.title(), theme, buffer);
    paint::put(buffer, area.x, area.y, 2, "> ", theme.key);
    let start = draw_line(buffer, (area.x + 2, area.y, area.width.saturating_sub(2)), &prompt.input, theme);
    let first = area.y + 1 + n_marks;
    for (y, line) in (first..area.y + area.height).zip(&lines) {
        paint::put(buffer, area.x, y, area.width, &theme.signs(line), style);
    }
    if n_marks > 0 && area.height > 2 {
        draw_wrong(prompt, start, area, theme, buffer);
    }
    if n_offered > 0 && area.height > 3 {
        draw_offered(prompt, area, theme, buffer);
    }
    if let Some(typing) = &prompt.find {
        let top = first + lines.len() as u16;
        let place = Area { y: top, height: (area.y + area.height).saturating_sub(top), ..area };
        draw_find(state, typing, place, theme, buffer);
    }
}

/// What the find does so far: `→ 4 013 events hold all words`.
fn find_words(state: &State, typing: &Typing) -> String {
    let Some(wanted) = &typing.wanted else {
        return typing.looking.map_or_else(|| "→ looking …".to_owned(), |progress| format!("→ looking {} …", share_words(progress)));
    };
    let n = total_words(typing.total, typing.counting, false);
    let how = match (&typing.pattern, wanted.fit) {
        (TextPattern::Literal(words), _) => format!("hold {:?}", printable(words)),
        (TextPattern::Regex(body), _) => format!("match /{}/", printable(body)),
        (TextPattern::Fuzzy(words), Fit::Whole) if !words.contains(' ') => "hold it as it stands".to_owned(),
        (_, Fit::Whole) => "hold all words as they stand".to_owned(),
        (_, Fit::Close) => "hold the letters close together, none as they stand".to_owned(),
        (_, Fit::Loose) => "hold the letters in this order, none close together".to_owned(),
    };
    let among = if state.list.chips.iter().any(|chip| !chip.is_off) { ", of those that the filter keeps" } else { "" };
    format!("→ {n} events {how}{among}")
}

/// Names and events that fit, best first.
fn draw_find(state: &State, typing: &Typing, area: Area, theme: &Theme, buffer: &mut Buffer) {
    const KIND: u16 = 9;
    let rows = usize::from(area.height);
    let top = (typing.selected.map_or(0, |at| at + 1)).saturating_sub(rows);
    for at in top..typing.n_rows().min(top + rows) {
        let y = area.y + (at - top) as u16;
        let end = area.x + area.width;
        let x = area.x + KIND;
        match typing.row(at) {
            Some(Row::Name(hit)) => {
                paint::put(buffer, area.x, y, KIND, hit.kind, theme.dim);
                let count = hit.count.map(paint::compact).unwrap_or_default();
                let room = area.width.saturating_sub(KIND + 10);
                // The same series may come from several sources.
                let for_detail = (hit.detail.width() as u16 + 2).min(room / 2);
                let label_room = if hit.detail.is_empty() { room } else { room - for_detail };
                let used = paint::put(buffer, x, y, label_room, &hit.label, theme.text) + 2;
                paint::put(buffer, x + used, y, room.saturating_sub(used), &hit.detail, theme.dim);
                for position in &hit.positions {
                    let column = hit.label.chars().take(*position).collect::<String>().width() as u16;
                    if column < room {
                        paint::tint(buffer, x + column, y, 1, theme.key);
                    }
                }
                paint::put_right(buffer, area.x, y, area.width, &count, theme.dim);
            }
            Some(Row::Event(row)) => {
                let time = row.time.map_or_else(|| "no time".to_owned(), |time| state.clock.day_time(time, Precision::Seconds));
                paint::put(buffer, area.x, y, KIND, &time, theme.dim);
                let service = if row.service.is_empty() { String::new() } else { format!("{} ", row.service) };
                let mut at = x + paint::put(buffer, x, y, end.saturating_sub(x), &service, theme.dim);
                at += paint::put(buffer, at, y, end.saturating_sub(at), &row.message, theme.text) + 2;
                paint::put(buffer, at, y, end.saturating_sub(at), &row.fields, theme.dim);
            }
            None => {}
        }
        if typing.selected == Some(at) {
            paint::cell(buffer, area.x - 1, y, theme.sign('▌'), theme.key);
            paint::tint(buffer, area.x, y, area.width, theme.selected_focused);
        }
    }
}

/// Marks below the text what of it is wrong. `start` is the byte that is drawn first.
pub(super) fn draw_wrong(prompt: &Prompt, start: usize, area: Area, theme: &Theme, buffer: &mut Buffer) {
    let text = prompt.input.text();
    let Some(span) = prompt.wrong.clone() else { return };
    let (from, to) = (span.start.max(start), span.end.max(start));
    let (Some(before), Some(meant)) = (text.get(start..from), text.get(from..to)) else { return };
    let marks = "^".repeat(meant.width().max(1));
    let x = area.x + 2 + before.width() as u16;
    paint::put(buffer, x, area.y + 1, (area.x + area.width).saturating_sub(x), &marks, theme.error);
}

/// The words that Tab takes, from the chosen one on.
fn draw_offered(prompt: &Prompt, area: Area, theme: &Theme, buffer: &mut Buffer) {
    let Some(offered) = prompt.offered.as_ref().filter(|offered| !offered.words.is_empty()) else { return };
    let (y, end) = (area.y + area.height - 1, area.x + area.width);
    let mut x = area.x + paint::put(buffer, area.x, y, area.width, "Tab  ", theme.key);
    for (at, word) in offered.words.iter().enumerate().skip(offered.chosen.unwrap_or(0)) {
        let note = offered.notes.get(at).filter(|note| !note.is_empty()).map(|note| format!(" {}", printable(note))).unwrap_or_default();
        let word = printable(word.trim_end());
        if x + word.width() as u16 > end {
            break;
        }
        let style = if Some(at) == offered.chosen { theme.strong } else { theme.dim };
        x += paint::put(buffer, x, y, end - x, &word, style);
        x += paint::put(buffer, x, y, end.saturating_sub(x), &note, theme.faint) + 2;
    }
}

/// The conditions of the list, to be switched, changed and removed.
pub(super) fn draw_filters(state: &State, selected: usize, theme: &Theme, buffer: &mut Buffer) {
    let chips = &state.list.chips;
    let words = places::filter_words(state);
    let (n_rows, lines) = places::filter_lines(state, selected);
    let area = open_frame(state, n_rows, "filters of the event list", theme, buffer);
    for (y, line) in (area.y..lines.area.y).zip(&words) {
        paint::put(buffer, area.x, y, area.width, &theme.signs(line), theme.dim);
    }
    let (first, rows, top) = (lines.area.y, usize::from(lines.area.height), lines.top);
    for (row, chip) in chips.iter().enumerate().skip(top).take(rows) {
        let y = first + (row - top) as u16;
        let (words, style) = match (&chip.meaning, chip.is_off) {
            (Err(why), _) => (format!("{}   ! {}", chip.words, printable(why)), theme.error),
            (Ok(_), true) => (format!("off  {}", chip.words), theme.dim),
            (Ok(_), false) => (chip.words.clone(), theme.text),
        };
        paint::put(buffer, area.x, y, area.width, &theme.signs(&words), style);
        if row == selected {
            paint::cell(buffer, area.x - 1, y, theme.sign('▌'), theme.key);
            paint::tint(buffer, area.x, y, area.width, theme.selected_focused);
        }
    }
    if chips.is_empty() && rows > 0 {
        paint::put(buffer, area.x, first, area.width, "no filter: every event is shown", theme.dim);
    }
}
