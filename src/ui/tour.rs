//! The rows of the guided tour, below everything else.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr as _;

use super::paint;
use super::theme::Theme;
use crate::app::State;
use crate::app::actions::Action;
use crate::app::tour::{self, Piece};

/// Draws them, while the tour runs and there is room.
pub(super) fn draw(state: &State, theme: &Theme, buffer: &mut Buffer) {
    let (width, height) = state.layout.size;
    let n_rows = tour::n_rows(state, height);
    let Some(heading) = tour::heading(state).filter(|_| n_rows > 0) else { return };
    let mut y = height - n_rows;
    for row in y..height {
        paint::fill(buffer, 0, row, width, ' ', theme.overlay);
    }
    let over = |style: ratatui::style::Style| style.patch(theme.overlay);
    if n_rows > 2 {
        let keys = format!("{} skips  {} leaves", state.keymap.key_of(Action::Tour), state.keymap.key_of(Action::Close));
        paint::put_right(buffer, 0, y, width - 1, &theme.signs(&keys), over(theme.dim));
        let room = width.saturating_sub(keys.width() as u16 + 3);
        paint::put(buffer, 1, y, room, &theme.signs(&heading), over(theme.strong));
        y += 1;
    } else {
        // Without a heading the number of the step goes before its words on the row above nothing else.
        let number = heading.split_whitespace().nth(1).unwrap_or_default();
        paint::put_right(buffer, 0, y, width, number, over(theme.strong));
    }
    let lines = tour::lines(state, usize::from(width.saturating_sub(2)));
    let n_told = usize::from(height - y);
    for (index, (y, line)) in (y..height).zip(&lines).enumerate() {
        let mut x = 1;
        for piece in line {
            let style = if let Piece::Key(_) = piece { theme.key } else { theme.text };
            x += paint::put(buffer, x, y, width.saturating_sub(x), &theme.signs(piece.text()), over(style));
        }
        if index + 1 == n_told && lines.len() > n_told {
            paint::put(buffer, x.min(width.saturating_sub(1)), y, 1, &theme.signs("…"), over(theme.text));
        }
    }
}
