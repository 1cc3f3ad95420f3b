//! The multi-line text of notes and forms; the only place that names the text area library.

use ratatui_textarea::{CursorMove, Input, Key, TextArea};

use super::message::{KeyCode, KeyPress};
use super::overlay::TextPurpose;

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

    pub(crate) fn is_changed(&self) -> bool {
        self.text.text() != self.original.trim_end_matches('\n')
    }
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
