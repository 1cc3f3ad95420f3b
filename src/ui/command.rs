//! The command line: help for the word in hand, the line, and the words that Tab takes, one a row.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use super::overlays::{draw_line, open_frame};
use super::paint;
use super::prompt::draw_wrong;
use super::theme::Theme;
use crate::app::State;
use crate::app::actions::Action;
use crate::app::layout::Area;
use crate::app::prompt::{Offered, Prompt};
use crate::model::text::printable;

/// Rows for words to go on with: enough to choose from, and the panels stay in sight.
const ROWS: u16 = 8;

/// Draws it.
pub(super) fn draw(state: &State, prompt: &Prompt, theme: &Theme, buffer: &mut Buffer) {
    let (words, style) = match &prompt.preview {
        Some(Err(why)) => (format!("! {}", printable(why)), theme.error),
        Some(Ok(words)) => (printable(words).into_owned(), theme.dim),
        None => (String::new(), theme.dim),
    };
    let room = usize::from(state.layout.size.0.min(100).saturating_sub(4));
    let help = crate::app::side::wrap(&words, room);
    let n_help = (help.len().clamp(1, 3)) as u16;
    // The same height for one word and for many: what lies above must not jump with each letter.
    let area = open_frame(state, n_help + 2 + ROWS, prompt.title(), theme, buffer);
    for (y, line) in (area.y..area.y + n_help).zip(&help) {
        paint::put(buffer, area.x, y, area.width, &theme.signs(line), style);
    }
    let y = area.y + n_help;
    if y >= area.y + area.height {
        return;
    }
    paint::put(buffer, area.x, y, 2, ": ", theme.key);
    let start = draw_line(buffer, (area.x + 2, y, area.width.saturating_sub(2)), &prompt.input, theme);
    if y + 1 < area.y + area.height {
        draw_wrong(prompt, start, Area { y, ..area }, theme, buffer);
    }
    let first = y + 2;
    let place = Area { y: first, height: (area.y + area.height).saturating_sub(first), ..area };
    if let Some(offered) = prompt.offered.as_ref().filter(|offered| !offered.words.is_empty()) {
        draw_offered(state, offered, place, theme, buffer);
    }
}

/// The words with what they mean, from those around the chosen one.
fn draw_offered(state: &State, offered: &Offered, area: Area, theme: &Theme, buffer: &mut Buffer) {
    let rows = usize::from(area.height);
    let top = offered.chosen.map_or(0, |at| (at + 1).saturating_sub(rows));
    let shown = top..(top + rows).min(offered.words.len());
    let widest = offered.words[shown.clone()].iter().map(|word| word.trim_end().width()).max().unwrap_or(0);
    let word_room = (widest as u16 + 2).clamp(16, area.width * 2 / 3);
    for (y, at) in (area.y..).zip(shown) {
        let word = printable(offered.words[at].trim_end());
        paint::put(buffer, area.x, y, word_room.saturating_sub(1), &word, theme.text);
        let key = Action::from_name(&word).map(|action| state.keymap.key_of(action)).filter(|_| offered.start <= 1).unwrap_or_default();
        let key_room = if key.is_empty() { 0 } else { 8 };
        let note = offered.notes.get(at).map(|note| printable(note)).unwrap_or_default();
        let room = area.width.saturating_sub(word_room + key_room);
        paint::put(buffer, area.x + word_room, y, room, &theme.signs(&note), theme.dim);
        paint::put_right(buffer, area.x, y, area.width, &theme.signs(&key), theme.key);
        if offered.chosen == Some(at) {
            paint::cell(buffer, area.x - 1, y, theme.sign('▌'), theme.key);
            paint::tint(buffer, area.x, y, area.width, theme.selected_focused);
        }
    }
    if offered.words.len() > rows && rows > 0 {
        let more = format!("{}–{} of {}: ↓ PgDn", top + 1, top + rows, offered.words.len());
        let more = theme.signs(&more);
        paint::put_right(buffer, area.x, area.y.saturating_sub(1), area.width, &more, theme.faint);
    }
}
