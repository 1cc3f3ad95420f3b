//! The side pane: lines made in `app`, drawn as they are.

use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::paint;
use super::theme::Theme;
use crate::app::State;
use crate::app::side::{Ink, SideItem, SideLine};
use crate::app::state::Focus;

/// The style of a meaning.
pub(super) fn ink(ink: Ink, theme: &Theme) -> Style {
    match ink {
        Ink::Normal => theme.text,
        Ink::Dim => theme.dim,
        Ink::Strong => theme.strong,
        Ink::Time => theme.time,
        Ink::Good => theme.good,
        Ink::Warn => theme.warn,
        Ink::Error => theme.error,
        Ink::Mark => theme.mark,
    }
}

/// Draws it.
pub(super) fn draw(state: &State, theme: &Theme, buffer: &mut Buffer) {
    let area = state.layout.side;
    if area.width == 0 {
        return;
    }
    if area.x > 0 {
        for y in area.y..area.y + area.height {
            paint::cell(buffer, area.x - 1, y, theme.sign('│'), theme.faint);
        }
    }
    let has_focus = state.focus == Focus::Side;
    let selected = state.side.selected();
    let n_heading = state.side.heading_rows(usize::from(area.height)) as u16;
    for (y, line) in (area.y..area.y + n_heading).zip(&state.side.heading) {
        draw_words(line, (area.x + 1, y, area.width - 1), theme, buffer);
    }
    for (y, line) in (area.y + n_heading..area.y + area.height).zip(state.side.lines.iter().skip(state.side.top)) {
        draw_words(line, (area.x + 1, y, area.width - 1), theme, buffer);
        let is_record = !matches!(state.side.items.get(line.item), Some(SideItem::Text | SideItem::Difference(_)) | None);
        if has_focus && line.item == selected {
            paint::cell(buffer, area.x, y, theme.sign('▌'), theme.key);
            if is_record {
                paint::tint(buffer, area.x + 1, y, area.width - 1, theme.selected);
            }
        }
    }
}

fn draw_words(line: &SideLine, (x, y, width): (u16, u16, u16), theme: &Theme, buffer: &mut Buffer) {
    let words: Vec<_> = line.words.iter().map(|(meaning, word)| (theme.signs(word), ink(*meaning, theme))).collect();
    let words: Vec<(&str, Style)> = words.iter().map(|(word, style)| (word.as_ref(), *style)).collect();
    paint::put_words(buffer, x, y, width, &words);
}
