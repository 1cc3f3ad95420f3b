//! The multi-line text of notes and forms; the only place that names the text area library.

use ratatui_textarea::{CursorMove, Input, Key, TextArea};
use unicode_width::UnicodeWidthStr as _;

use super::overlay::TextPurpose;
use super::press::{KeyCode, KeyPress};
use crate::model::text;

/// A note being written.
#[derive(Debug, Clone)]
pub(crate) struct Editor {
    pub(crate) purpose: TextPurpose,
    pub(crate) title: String,
    pub(crate) text: TextBox,
    original: String,
}

impl Editor {
    pub(crate) fn new(purpose: TextPurpose, title: impl Into<String>, text: &str) -> Self {
        Self { purpose, title: title.into(), text: TextBox::new(text), original: text.to_owned() }
    }

    /// The text as it was opened.
    pub(crate) fn original(&self) -> &str {
        &self.original
    }

    pub(crate) fn is_changed(&self) -> bool {
        self.text.text() != self.original.trim_end_matches('\n')
    }
}

/// A line in pieces of at most `width` columns, broken after blanks where there are some; together they are the line.
fn soft_rows(line: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut rows = vec![String::new()];
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let (length, bare) = (word.width(), word.trim_end_matches(' ').width());
        if used > 0 && used + bare > width {
            rows.push(String::new());
            used = 0;
        }
        if bare <= width {
            rows.last_mut().expect("never empty").push_str(word);
            used += length;
            continue;
        }
        for c in word.chars() {
            let columns = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
            if used + columns > width && c != ' ' {
                rows.push(String::new());
                used = 0;
            }
            rows.last_mut().expect("never empty").push(c);
            used += columns;
        }
    }
    rows
}

/// A text of several lines with a cursor. Two are equal when their words are.
#[derive(Debug, Clone)]
pub(crate) struct TextBox {
    area: TextArea<'static>,
}

impl PartialEq for TextBox {
    fn eq(&self, other: &Self) -> bool {
        self.lines() == other.lines()
    }
}

impl Eq for TextBox {}

impl TextBox {
    pub(crate) fn new(text: &str) -> Self {
        let mut this = Self { area: TextArea::default() };
        this.replace(text);
        this
    }

    /// Puts other text in place of all of it; the cursor goes to its end.
    pub(crate) fn replace(&mut self, text: &str) {
        self.area = TextArea::new(text.trim_end_matches('\n').split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect());
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }

    pub(crate) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    pub(crate) fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// Lines broken softly at a width: for each row its line and its text; and where the cursor stands: row, text before it.
    pub(crate) fn rows(&self, width: usize) -> (Vec<(usize, String)>, (usize, String)) {
        let (cursor_line, cursor_column) = self.cursor();
        let mut rows: Vec<(usize, String)> = Vec::new();
        let mut cursor = (0, String::new());
        for (index, line) in self.lines().iter().enumerate() {
            let mut start = 0;
            let pieces = soft_rows(line, width);
            let n = pieces.len();
            for (at, piece) in pieces.into_iter().enumerate() {
                let length = piece.chars().count();
                let is_here = index == cursor_line && cursor_column >= start && (cursor_column < start + length || at + 1 == n);
                if is_here {
                    cursor = (rows.len(), text::printable(&piece.chars().take(cursor_column - start).collect::<String>()).into_owned());
                }
                start += length;
                rows.push((index, text::printable(&piece).into_owned()));
            }
        }
        (rows, cursor)
    }

    /// Row and column (in characters) of the cursor.
    pub(crate) fn cursor(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    pub(crate) fn paste(&mut self, text: &str) {
        self.area.insert_str(text.replace("\r\n", "\n").replace('\r', "\n"));
    }

    pub(crate) fn key(&mut self, key: KeyPress) {
        let code = match key.code {
            KeyCode::Char(c) => Key::Char(c),
            KeyCode::F(n) => Key::F(n),
            KeyCode::Enter => Key::Enter,
            KeyCode::Esc => Key::Esc,
            KeyCode::Tab | KeyCode::BackTab => Key::Tab,
            KeyCode::Backspace => Key::Backspace,
            KeyCode::Delete => Key::Delete,
            KeyCode::Insert => Key::Null,
            KeyCode::Left => Key::Left,
            KeyCode::Right => Key::Right,
            KeyCode::Up => Key::Up,
            KeyCode::Down => Key::Down,
            KeyCode::Home => Key::Home,
            KeyCode::End => Key::End,
            KeyCode::PageUp => Key::PageUp,
            KeyCode::PageDown => Key::PageDown,
        };
        self.area.input(Input { key: code, ctrl: key.ctrl, alt: key.alt, shift: key.shift });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_rows_break_after_blanks_and_lose_nothing() {
        assert_eq!(soft_rows("one two  three", 6), ["one ", "two  ", "three"]);
        assert_eq!(soft_rows("abcdefgh ij", 4), ["abcd", "efgh ", "ij"]);
        assert_eq!(soft_rows("连接池耗尽", 4), ["连接", "池耗", "尽"]);
        assert_eq!(soft_rows("", 4), [""]);
    }

    #[test]
    fn the_cursor_is_found_in_the_row_that_shows_it() {
        let mut text = TextBox::new("one two three");
        assert_eq!(text.rows(8).1, (1, "three".to_owned()));
        text.key(KeyPress { code: KeyCode::Home, ctrl: false, alt: false, shift: false });
        assert_eq!(text.rows(8), (vec![(0, "one two ".to_owned()), (0, "three".to_owned())], (0, String::new())));
    }
}
