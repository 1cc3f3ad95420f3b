//! All keys, made from the action table, narrowed by typing.

use ratatui::buffer::Buffer;

use super::overlays::{draw_line, open_frame};
use super::paint;
use super::theme::Theme;
use crate::app::State;
use crate::app::actions::{self, Context, Group};
use crate::app::fuzzy;
use crate::app::overlay::Help;

/// Draws it.
pub(super) fn draw(state: &State, help: &Help, theme: &Theme, buffer: &mut Buffer) {
    let area = open_frame(state, state.layout.hints_y.saturating_sub(3), "keys: type to search", theme, buffer);
    paint::put(buffer, area.x, area.y, 2, "> ", theme.key);
    draw_line(buffer, (area.x + 2, area.y, area.width.saturating_sub(2)), &help.input, theme);
    let lines = lines(state, help.input.text());
    let rows = usize::from(area.height.saturating_sub(1));
    let top = help.scroll.min(lines.len().saturating_sub(rows));
    for (row, line) in lines.iter().skip(top).take(rows).enumerate() {
        let y = area.y + 1 + row as u16;
        match line {
            Line::Heading(words) => drop(paint::put(buffer, area.x, y, area.width, words, theme.strong)),
            Line::Key { keys, sentence } => {
                let key_width = 13.min(area.width / 3);
                paint::put_right(buffer, area.x, y, key_width, &theme.signs(keys), theme.key);
                let x = area.x + key_width + 2;
                paint::put(buffer, x, y, (area.x + area.width).saturating_sub(x), &theme.signs(sentence), theme.text);
            }
        }
    }
    if lines.is_empty() {
        paint::put(buffer, area.x, area.y + 1, area.width, "no key does that", theme.dim);
    }
    if lines.len() > rows {
        let words = format!("{}-{} of {}", top + 1, (top + rows).min(lines.len()), lines.len());
        paint::put_right(buffer, area.x, area.y, area.width, &words, theme.dim);
    }
}

enum Line {
    Heading(&'static str),
    Key { keys: String, sentence: &'static str },
}

fn lines(state: &State, query: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut last: Option<(Group, bool)> = None;
    for info in actions::ALL {
        let keys = state.keymap.keys_of(info.action).join("  ");
        if fuzzy::score(query, &format!("{} {} {keys}", info.name, info.sentence)).is_none() {
            continue;
        }
        let is_main = info.contexts.contains(&Context::Main);
        if last != Some((info.group, is_main)) {
            last = Some((info.group, is_main));
            lines.push(Line::Heading(if is_main { info.group.name() } else { "While something is open" }));
        }
        lines.push(Line::Key { keys: if keys.is_empty() { ":".to_owned() + info.name } else { keys }, sentence: info.sentence });
    }
    lines
}
