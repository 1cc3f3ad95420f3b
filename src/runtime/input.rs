//! Bytes of a terminal → keys, pasted text, mouse, and its answers. Pure and incremental: a sequence may be cut anywhere.
//!
//! Understands the usual sequences of xterm, rxvt and the Linux console, the keyboard protocol of kitty, SGR mouse reports
//! and bracketed paste. It replaces the reader of the terminal library, which waits for an edge of readiness and therefore
//! kept a key that came together with a resize until the next key; and which has no place for answers to OSC 11.

use crate::app::mouse::{MouseKind, MousePress};
use crate::app::{KeyCode, KeyPress};

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(KeyPress),
    /// Text between the brackets of a paste.
    Paste(String),
    /// The mouse.
    Mouse(MousePress),
    /// The answer to OSC 11: `rgb:…`.
    Background(String),
    /// The terminal speaks the keyboard protocol of kitty.
    HasKeyboardProtocol,
    /// The answer that every terminal gives; what was asked before it and not answered will not be.
    Attributes,
    /// The terminal is gone.
    Lost,
}

/// Longest answer that is waited for.
const MAX_SEQUENCE: usize = 4096;
const PASTE_END: &[u8] = b"\x1b[201~";

/// Keeps what is not whole yet.
#[derive(Debug, Default)]
pub struct Parser {
    pending: Vec<u8>,
    is_pasting: bool,
}

/// What stands at the beginning of the bytes.
enum Step {
    /// So many bytes, and what they mean, if anything.
    Whole(usize, Option<Input>),
    /// More must come.
    Partial,
}

impl Parser {
    /// Takes bytes and appends what they mean.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Input>) {
        self.pending.extend_from_slice(bytes);
        loop {
            if self.is_pasting {
                let Some(end) = self.pending.windows(PASTE_END.len()).position(|window| window == PASTE_END) else { return };
                out.push(Input::Paste(String::from_utf8_lossy(&self.pending[..end]).into_owned()));
                self.pending.drain(..end + PASTE_END.len());
                self.is_pasting = false;
            }
            if self.pending.is_empty() {
                return;
            }
            match step(&self.pending) {
                Step::Partial => return,
                Step::Whole(n, input) => {
                    self.is_pasting = self.pending[..n] == *b"\x1b[200~";
                    self.pending.drain(..n);
                    out.extend(input);
                }
            }
        }
    }

    /// Whether a sequence has begun that may end here: what is left after a while is read as it stands.
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty() && !self.is_pasting
    }

    /// Nothing more came: an escape alone is the key Esc, before a letter it is Alt.
    pub fn flush(&mut self, out: &mut Vec<Input>) {
        if !self.is_waiting() {
            return;
        }
        let bytes = std::mem::take(&mut self.pending);
        match bytes.as_slice() {
            [0x1b] => out.push(key(KeyCode::Esc)),
            [0x1b, letter @ (b'[' | b'O' | b']' | b'P' | b'_' | b'^' | b'X')] => out.push(with_alt(char::from(*letter))),
            // Half a letter or half an answer means nothing.
            _ => {}
        }
    }
}

fn key(code: KeyCode) -> Input {
    Input::Key(KeyPress { code, ctrl: false, alt: false, shift: false })
}

fn with_ctrl(c: char) -> Input {
    Input::Key(KeyPress { code: KeyCode::Char(c), ctrl: true, alt: false, shift: false })
}

fn with_alt(c: char) -> Input {
    Input::Key(KeyPress { code: KeyCode::Char(c), ctrl: false, alt: true, shift: false })
}

fn step(bytes: &[u8]) -> Step {
    match bytes {
        [0x1b, rest @ ..] => escape(rest),
        _ => letter(bytes),
    }
}

/// One letter or control character.
fn letter(bytes: &[u8]) -> Step {
    let one = |input| Step::Whole(1, Some(input));
    match bytes[0] {
        b'\r' => one(key(KeyCode::Enter)),
        b'\t' => one(key(KeyCode::Tab)),
        0x7f | 0x08 => one(key(KeyCode::Backspace)),
        0 => one(with_ctrl(' ')),
        c @ 0x01..=0x1a => one(with_ctrl(char::from(c - 1 + b'a'))),
        c @ 0x1c..=0x1f => one(with_ctrl(char::from(c - 0x1c + b'4'))),
        first => {
            let n = match first {
                ..0x80 => 1,
                0xc2..0xe0 => 2,
                0xe0..0xf0 => 3,
                0xf0..0xf5 => 4,
                _ => return Step::Whole(1, None),
            };
            let Some(text) = bytes.get(..n) else {
                let is_broken = bytes[1..].iter().any(|byte| byte & 0xc0 != 0x80);
                return if is_broken { Step::Whole(1, None) } else { Step::Partial };
            };
            match std::str::from_utf8(text).ok().and_then(|text| text.chars().next()) {
                Some(c) => Step::Whole(n, Some(key(KeyCode::Char(c)))),
                None => Step::Whole(1, None),
            }
        }
    }
}

/// What follows an escape.
fn escape(rest: &[u8]) -> Step {
    match rest {
        [] | [b'O'] => Step::Partial,
        [b'[', rest @ ..] => control_sequence(rest),
        [b'O', c, ..] => Step::Whole(3, named(*c).or_else(|| (*c == b'M').then_some(KeyCode::Enter)).map(key)),
        [b']', rest @ ..] => string(rest, operating_system_command),
        [b'P' | b'_' | b'^' | b'X', rest @ ..] => string(rest, |_| None),
        // Two escapes are Esc and the beginning of something else.
        [0x1b, ..] => Step::Whole(1, Some(key(KeyCode::Esc))),
        _ => match letter(rest) {
            Step::Whole(n, Some(Input::Key(key))) => Step::Whole(n + 1, Some(Input::Key(KeyPress { alt: true, ..key }))),
            Step::Whole(n, _) => Step::Whole(n + 1, None),
            Step::Partial => Step::Partial,
        },
    }
}

/// Keys with a letter of their own, after `ESC O` and `ESC [`.
fn named(c: u8) -> Option<KeyCode> {
    Some(match c {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        b'R' => KeyCode::F(3),
        b'S' => KeyCode::F(4),
        _ => return None,
    })
}

/// Keys with a number, before `~`.
fn numbered(n: u32) -> Option<KeyCode> {
    Some(match n {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(n as u8 - 10),
        17..=21 => KeyCode::F(n as u8 - 11),
        23 | 24 => KeyCode::F(n as u8 - 12),
        _ => return None,
    })
}

/// Up to BEL or `ESC \`.
fn string(rest: &[u8], read: impl Fn(&str) -> Option<Input>) -> Step {
    let end = rest.iter().position(|byte| matches!(byte, 0x07 | 0x1b | 0x9c));
    match end {
        Some(at) if rest[at] == 0x1b && rest.len() == at + 1 => Step::Partial,
        Some(at) => {
            let input = std::str::from_utf8(&rest[..at]).ok().and_then(read);
            let n_end = if rest[at] == 0x1b && rest.get(at + 1) == Some(&b'\\') { 2 } else { usize::from(rest[at] != 0x1b) };
            Step::Whole(2 + at + n_end, input)
        }
        None if rest.len() > MAX_SEQUENCE => Step::Whole(2, None),
        None => Step::Partial,
    }
}

fn operating_system_command(text: &str) -> Option<Input> {
    Some(Input::Background(text.strip_prefix("11;")?.to_owned()))
}

/// After `ESC [`: parameters, then a letter that says what it is.
fn control_sequence(rest: &[u8]) -> Step {
    // The Linux console has F1 to F5 as `[[A` to `[[E`.
    if let [b'[', after @ ..] = rest {
        return match after {
            [] => Step::Partial,
            [c @ b'A'..=b'E', ..] => Step::Whole(4, Some(key(KeyCode::F(c - b'A' + 1)))),
            _ => Step::Whole(3, None),
        };
    }
    let Some(at) = rest.iter().position(|byte| !(0x20..0x40).contains(byte)) else {
        return if rest.len() > MAX_SEQUENCE { Step::Whole(2, None) } else { Step::Partial };
    };
    let (parameters, last) = (std::str::from_utf8(&rest[..at]).unwrap_or_default(), rest[at]);
    if !(0x40..0x7f).contains(&last) {
        // Broken off by something else, which stands for itself.
        return Step::Whole(2 + at, None);
    }
    Step::Whole(3 + at, meaning(parameters, last))
}

fn meaning(parameters: &str, last: u8) -> Option<Input> {
    if let (Some(report), b'M' | b'm') = (parameters.strip_prefix('<'), last) {
        return mouse(report, last);
    }
    match (parameters.strip_prefix('?'), last) {
        (Some(_), b'u') => return Some(Input::HasKeyboardProtocol),
        (Some(_), b'c') => return Some(Input::Attributes),
        (Some(_), _) => return None,
        _ => {}
    }
    let mut numbers = parameters.split(';');
    let first: u32 = numbers.next().and_then(|part| part.split(':').next()?.parse().ok()).unwrap_or(1);
    let mut modifiers = numbers.next().unwrap_or_default().split(':').map(|part| part.parse::<u8>().ok());
    let held = modifiers.next().flatten().unwrap_or(1).saturating_sub(1);
    // The third kind of event is a release.
    if modifiers.next().flatten() == Some(3) {
        return None;
    }
    let code = match last {
        b'Z' => KeyCode::BackTab,
        b'~' => numbered(first)?,
        b'u' => of_protocol(first, held)?,
        _ => named(last)?,
    };
    Some(Input::Key(pressed(code, held)))
}

/// A key with what was held: 1 shift, 2 alt, 4 control.
fn pressed(code: KeyCode, held: u8) -> KeyPress {
    let is_named = !matches!(code, KeyCode::Char(_) | KeyCode::BackTab);
    KeyPress { code, ctrl: held & 4 != 0, alt: held & 2 != 0, shift: is_named && held & 1 != 0 }
}

/// A key by its number in the keyboard protocol of kitty.
fn of_protocol(number: u32, held: u8) -> Option<KeyCode> {
    // With a key of the window system held it is not for us.
    if held & 0b11_1000 != 0 {
        return None;
    }
    Some(match number {
        9 if held & 1 != 0 => KeyCode::BackTab,
        9 => KeyCode::Tab,
        13 | 57414 => KeyCode::Enter,
        27 => KeyCode::Esc,
        127 => KeyCode::Backspace,
        57399..=57408 => KeyCode::Char(char::from_digit(number - 57399, 10)?),
        57417 => KeyCode::Left,
        57418 => KeyCode::Right,
        57419 => KeyCode::Up,
        57420 => KeyCode::Down,
        57421 => KeyCode::PageUp,
        57422 => KeyCode::PageDown,
        57423 => KeyCode::Home,
        57424 => KeyCode::End,
        57425 => KeyCode::Insert,
        57426 => KeyCode::Delete,
        57344..=63743 => return None,
        number => {
            let c = char::from_u32(number).filter(|c| !c.is_control())?;
            let upper = c.to_uppercase().next().filter(|_| held & 1 != 0);
            KeyCode::Char(upper.unwrap_or(c))
        }
    })
}

/// `button;column;row`, counted from 1.
fn mouse(report: &str, last: u8) -> Option<Input> {
    let mut numbers = report.split(';').map(|part| part.parse::<u16>().ok());
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    // Bits 2 to 4 are held keys.
    let kind = match (button & !0b1_1100, last) {
        (0, b'M') => MouseKind::Down,
        (0, _) => MouseKind::Up,
        (32, b'M') => MouseKind::Drag,
        (64, b'M') => MouseKind::WheelUp,
        (65, b'M') => MouseKind::WheelDown,
        _ => return None,
    };
    Some(Input::Mouse(MousePress { kind, column: column.checked_sub(1)?, row: row.checked_sub(1)? }))
}

#[cfg(test)]
mod tests;
