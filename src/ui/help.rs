//! The keys: those that work here, or all, made in `app::help`.

use ratatui::buffer::Buffer;

use super::overlays::{draw_line, open_frame};
use super::paint;
use super::theme::Theme;
use crate::app::State;
use crate::app::help::{self, Line};
use crate::app::overlay::Help;
use crate::app::places;

/// Draws it.
pub(super) fn draw(state: &State, open: &Help, theme: &Theme, buffer: &mut Buffer) {
    let (n_rows, shown) = places::help_lines(state, open);
    let area = open_frame(state, n_rows, &help::title(state, open), theme, buffer);
    paint::put(buffer, area.x, area.y, 2, "> ", theme.key);
    draw_line(buffer, (area.x + 2, area.y, area.width.saturating_sub(2)), &open.input, theme);
    let lines = help::lines(state, open);
    let (rows, top) = (usize::from(shown.area.height), shown.top);
    for (y, line) in (area.y + 1..).zip(lines.iter().skip(top).take(rows)) {
        match line {
            Line::Heading(words) => drop(paint::put(buffer, area.x, y, area.width, words, theme.strong)),
            Line::Advice(words) => drop(paint::put(buffer, area.x, y, area.width, &theme.signs(words), theme.dim)),
            Line::Key { keys, sentence, works } => {
                let key_width = 13.min(area.width / 3);
                paint::put_right(buffer, area.x, y, key_width, &theme.signs(keys), theme.key);
                let x = area.x + key_width + 2;
                let style = if *works { theme.text } else { theme.dim };
                paint::put(buffer, x, y, (area.x + area.width).saturating_sub(x), &theme.signs(sentence), style);
            }
        }
    }
    if lines.len() > rows {
        let words = format!("{}-{} of {}", top + 1, (top + rows).min(lines.len()), lines.len());
        paint::put_right(buffer, area.x, area.y, area.width, &words, theme.dim);
    }
}
