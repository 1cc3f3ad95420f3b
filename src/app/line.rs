//! One line of typed text with a cursor.

use super::press::{KeyCode, KeyPress};

/// The line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LineInput {
    text: String,
    /// Byte offset, always on a character border.
    at: usize,
}

impl LineInput {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at: text.len(), text }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor.
    pub(crate) fn before_cursor(&self) -> &str {
        &self.text[..self.at]
    }

    /// Inserts text; line ends become blanks.
    pub(crate) fn insert(&mut self, typed: &str) {
        let flat: String = typed.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.text.insert_str(self.at, &flat);
        self.at += flat.len();
    }

    /// Puts a word in the place of what stands from `start` to the cursor.
    pub(crate) fn replace_before(&mut self, start: usize, word: &str) {
        if self.text.is_char_boundary(start) && start <= self.at {
            self.text.replace_range(start..self.at, "");
            self.at = start;
            self.insert(word);
        }
    }

    pub(crate) fn left(&mut self) {
        self.at = self.text[..self.at].char_indices().next_back().map_or(0, |(at, _)| at);
    }

    pub(crate) fn right(&mut self) {
        self.at += self.text[self.at..].chars().next().map_or(0, char::len_utf8);
    }

    /// Typing and the usual line keys; tells whether the key meant something here.
    pub(crate) fn key(&mut self, key: KeyPress) -> bool {
        match (key.code, key.ctrl, key.alt) {
            (KeyCode::Char('u'), true, false) => {
                self.text.replace_range(..self.at, "");
                self.at = 0;
            }
            (KeyCode::Char('w'), true, false) => {
                let kept = self.text[..self.at].trim_end().rfind(' ').map_or(0, |at| at + 1);
                self.text.replace_range(kept..self.at, "");
                self.at = kept;
            }
            (KeyCode::Char('a'), true, false) | (KeyCode::Home, false, false) => self.at = 0,
            (KeyCode::Char('e'), true, false) | (KeyCode::End, false, false) => self.at = self.text.len(),
            (KeyCode::Char(c), false, false) => self.insert(c.encode_utf8(&mut [0; 4])),
            (KeyCode::Backspace, false, _) => {
                let end = self.at;
                self.left();
                self.text.replace_range(self.at..end, "");
            }
            (KeyCode::Delete, false, false) => {
                let from = self.at;
                self.right();
                self.text.replace_range(from..self.at, "");
                self.at = from;
            }
            (KeyCode::Left, false, false) => self.left(),
            (KeyCode::Right, false, false) => self.right(),
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::keys::parse_sequence;

    fn type_keys(keys: &str) -> (String, String) {
        let mut line = LineInput::default();
        for key in parse_sequence(keys).expect("keys") {
            line.key(key);
        }
        (line.before_cursor().to_owned(), line.text().to_owned())
    }

    #[test]
    fn editing_never_cuts_a_character() {
        assert_eq!(type_keys("\"héé\" left backspace \"漢\""), ("h漢".into(), "h漢é".into()));
        assert_eq!(type_keys("\"one two\" ^w backspace delete"), ("one".into(), "one".into()));
        assert_eq!(type_keys("\"abc\" home delete end \"d\""), ("bcd".into(), "bcd".into()));
    }
}
