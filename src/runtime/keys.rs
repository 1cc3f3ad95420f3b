//! Keys of the terminal library → keys of the keymap.

use crossterm::event::{KeyEvent, KeyEventKind, KeyModifiers};

use crate::app::{KeyCode, KeyPress};

/// The key press, or `None` for releases and keys that no map knows.
pub fn key_press(event: KeyEvent) -> Option<KeyPress> {
    use crossterm::event::KeyCode as Terminal;
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let code = match event.code {
        Terminal::Char(c) => KeyCode::Char(c),
        Terminal::F(n) => KeyCode::F(n),
        Terminal::Enter => KeyCode::Enter,
        Terminal::Esc => KeyCode::Esc,
        Terminal::Tab => KeyCode::Tab,
        Terminal::BackTab => KeyCode::BackTab,
        Terminal::Backspace => KeyCode::Backspace,
        Terminal::Delete => KeyCode::Delete,
        Terminal::Insert => KeyCode::Insert,
        Terminal::Left => KeyCode::Left,
        Terminal::Right => KeyCode::Right,
        Terminal::Up => KeyCode::Up,
        Terminal::Down => KeyCode::Down,
        Terminal::Home => KeyCode::Home,
        Terminal::End => KeyCode::End,
        Terminal::PageUp => KeyCode::PageUp,
        Terminal::PageDown => KeyCode::PageDown,
        _ => return None,
    };
    let is_named = !matches!(code, KeyCode::Char(_) | KeyCode::BackTab);
    Some(KeyPress {
        code,
        ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
        alt: event.modifiers.contains(KeyModifiers::ALT),
        shift: is_named && event.modifiers.contains(KeyModifiers::SHIFT),
    })
}
