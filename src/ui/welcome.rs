//! The welcome screen: this folder, the demo, recent cases, and what to type for more.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use super::paint;
use super::theme::Theme;
use crate::app::layout::MIN_SIZE;
use crate::app::side::wrap;
use crate::app::welcome::{Choice, Line, Welcome};

/// Words for whoever would rather type it.
const COMMANDS: [(&str, &str); 5] = [
    ("coroner DIR", "open a folder or files of any names; formats are found by content"),
    ("coroner inspect DIR", "what was recognised in it, and every problem"),
    ("coroner demo", "the recorded outage again"),
    ("coroner --help", "everything else: export, lint, verify, events, series …"),
    ("CORONER_NO_RECENT=1", "keep no list of recent cases"),
];

/// Its keys.
const KEYS: [(&str, &str); 7] = [
    ("j k ↓ ↑", "next line, line before"),
    ("Enter", "open it"),
    ("1 … 9", "open the line of this number"),
    ("F2", "start the guided tour"),
    ("d", "forget a recent case; its files stay as they are"),
    ("?", "these keys"),
    ("q Esc", "leave"),
];

/// Draws the whole screen.
pub fn draw(welcome: &Welcome, theme: &Theme, frame: &mut Frame) {
    draw_into(welcome, theme, frame.buffer_mut());
}

/// Draws the whole screen into an empty buffer of its size.
pub fn draw_into(welcome: &Welcome, theme: &Theme, buffer: &mut Buffer) {
    let (width, height) = (buffer.area.width, buffer.area.height);
    if width < MIN_SIZE.0 || height < MIN_SIZE.1 {
        let words = format!("{width}×{height} is too small: enlarge the window or shrink the font");
        for (y, line) in wrap(&words, usize::from(width.max(1))).iter().enumerate().take(usize::from(height)) {
            paint::put(buffer, 0, y as u16, width, &theme.signs(line), theme.text);
        }
    } else {
        draw_lines(welcome, theme, buffer);
    }
    theme.restrict(buffer);
}

fn draw_lines(welcome: &Welcome, theme: &Theme, buffer: &mut Buffer) {
    let (width, height) = (buffer.area.width, buffer.area.height);
    let used = paint::put(buffer, 1, 0, width - 1, "coroner", theme.strong);
    let words = concat!("  ", env!("CARGO_PKG_VERSION"), "  explore what is left of an incident on one clock");
    paint::put(buffer, 1 + used, 0, width.saturating_sub(2 + used), words, theme.dim);
    let last = height - 1;
    if welcome.has_keys_open {
        paint::put(buffer, 1, 2, width, "Keys", theme.strong);
        let end = pairs(&KEYS, 3, last, theme, buffer);
        paint::put(buffer, 1, end + 1, width, "On the command line", theme.strong);
        pairs(&COMMANDS, end + 2, last, theme, buffer);
        paint::put(buffer, 1, last, width - 1, "any key goes back", theme.dim);
        return;
    }
    let lines = welcome.lines();
    // Headings go first where the screen is low.
    let has_headings = height >= 14;
    let mut rows: Vec<Row> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let heading = match line.choice {
            Choice::Folder => Some(("Here", welcome.folder.as_str())),
            Choice::Tour => Some(("New here?", "")),
            Choice::Recent(0) => Some(("Opened lately", "")),
            _ => None,
        };
        if let Some((words, more)) = heading.filter(|_| has_headings) {
            rows.extend([Row::Blank, Row::Heading(words, more)]);
        }
        rows.push(Row::Line(index, line));
    }
    if welcome.recent.is_empty() && has_headings {
        rows.extend([Row::Blank, Row::Words("Cases that you open are listed here, on this machine only.")]);
    }
    let room = usize::from(last.saturating_sub(1));
    let at = rows.iter().position(|row| matches!(row, Row::Line(index, _) if *index == welcome.selected)).unwrap_or(0);
    // One row below the selected line stays in sight.
    let top = (at + 2).saturating_sub(room).min(rows.len().saturating_sub(room));
    for (y, row) in (1..).zip(rows.iter().skip(top).take(room)) {
        draw_row(row, y, welcome.selected, theme, buffer);
    }
    let (words, style) = match &welcome.notice {
        Some(notice) => (notice.as_str(), theme.warn),
        None => ("Enter opens   j k choose   F2 tour   d forget   ? keys   q leave", theme.dim),
    };
    paint::put(buffer, 1, last, width - 1, &theme.signs(words), style);
}

enum Row<'a> {
    Blank,
    Heading(&'static str, &'a str),
    Words(&'static str),
    Line(usize, &'a Line),
}

fn draw_row(row: &Row, y: u16, selected: usize, theme: &Theme, buffer: &mut Buffer) {
    let width = buffer.area.width;
    match row {
        Row::Blank => {}
        Row::Words(words) => drop(paint::put(buffer, 1, y, width - 1, words, theme.dim)),
        Row::Heading(words, more) => {
            let used = paint::put(buffer, 1, y, width - 1, words, theme.strong);
            // The end of a path tells more than its beginning.
            let room = usize::from(width.saturating_sub(used + 4));
            paint::put(buffer, 1 + used + 2, y, room as u16, &theme.signs(&tail(more, room)), theme.dim);
        }
        Row::Line(index, line) => {
            let style = if line.is_gone { theme.dim } else { theme.text };
            if *index < 9 {
                paint::put(buffer, 2, y, 1, &(index + 1).to_string(), theme.key);
            }
            let label_width = if width < 60 { 18 } else { 24 };
            paint::put(buffer, 4, y, label_width.min(width - 4), &theme.signs(&line.label), style);
            let aside = line.aside.width() as u16;
            let x = 4 + label_width + 1;
            let room = width.saturating_sub(x + aside + if aside > 0 { 3 } else { 1 });
            let is_path = matches!(line.choice, Choice::Recent(_));
            let detail = if is_path { tail(&line.detail, usize::from(room)) } else { line.detail.clone() };
            paint::put(buffer, x, y, room, &theme.signs(&detail), theme.dim);
            if aside > 0 {
                paint::put_right(buffer, x, y, width.saturating_sub(x + 1), &line.aside, if line.is_gone { theme.warn } else { theme.dim });
            }
            if *index == selected {
                paint::cell(buffer, 0, y, theme.sign('▌'), theme.key);
                paint::tint(buffer, 1, y, width - 1, theme.selected_focused);
            }
        }
    }
}

/// The end of a text that is too long.
fn tail(words: &str, room: usize) -> String {
    if words.width() <= room {
        return words.to_owned();
    }
    let mut rest = words;
    while rest.width() + 1 > room && !rest.is_empty() {
        rest = &rest[rest.chars().next().map_or(1, char::len_utf8)..];
    }
    format!("…{rest}")
}

fn pairs(pairs: &[(&str, &str)], mut y: u16, last: u16, theme: &Theme, buffer: &mut Buffer) -> u16 {
    let width = buffer.area.width;
    for (left, right) in pairs {
        if y >= last {
            break;
        }
        paint::put(buffer, 2, y, 20, &theme.signs(left), theme.key);
        paint::put(buffer, 24, y, width.saturating_sub(25), &theme.signs(right), theme.text);
        y += 1;
    }
    y
}

#[cfg(test)]
mod tests {
    use super::tail;

    #[test]
    fn of_a_long_path_the_end_is_shown() {
        assert_eq!(tail("/a/b", 10), "/a/b");
        assert_eq!(tail("/home/user/incidents/order", 10), "…nts/order");
        assert_eq!(tail("漢字", 3), "…字");
        assert_eq!(tail("abc", 0), "…");
    }
}
