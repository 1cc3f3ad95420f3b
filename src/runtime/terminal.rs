//! The terminal: entered once, left on every way out (quit, error, signal, panic of the main thread, suspend).
//!
//! ratatui's own panic hook restores on a panic of any thread; a job that panics must not, so this one is ours. Frames go
//! out through `frame` and `writer`; what the terminal can do more than the least is asked, never assumed.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::Notify;

use super::frame::{self, Known};
use super::writer::Writer;
use crate::app::State;
use crate::app::looks::Switch;
use crate::ui::{self, Theme};

/// Whether the terminal is ours now, so that leaving twice does no harm.
static IS_ENTERED: AtomicBool = AtomicBool::new(false);
/// Whether the alternate screen is ours.
static HAS_SCREEN: AtomicBool = AtomicBool::new(false);
/// Whether keys come by the protocol of kitty.
static HAS_PROTOCOL: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is ours.
static HAS_MOUSE: AtomicBool = AtomicBool::new(false);

/// Clicks, drags and the wheel, in cells; nothing while the mouse only moves.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";
/// Escape and control keys without ambiguity; the rest as ever.
const PROTOCOL_ON: &str = "\x1b[>1u";
const PROTOCOL_OFF: &str = "\x1b[<1u";
/// Lines of text are made for a screen of this size.
const PLAIN_SIZE: (u16, u16) = (120, 40);

/// The terminal in raw mode, with the screen on the alternate buffer or lines of text on the main one; restored when
/// dropped.
pub struct Screen {
    writer: Writer,
    shown: Buffer,
    lines: Vec<String>,
    known: Known,
    plain: Switch,
}

impl Screen {
    /// Takes the terminal over.
    pub fn enter(plain: Switch) -> io::Result<Self> {
        take_over(plain)?;
        Ok(Self { writer: Writer::start(io::stdout()), shown: Buffer::empty(Rect::ZERO), lines: Vec::new(), known: Known::Stale, plain })
    }

    /// Draws what changed. Call it only while the line is free.
    pub fn draw(&mut self, state: &State, theme: &Theme) -> io::Result<()> {
        let looks = state.looks();
        if looks.mouse().is_on() != HAS_MOUSE.load(Ordering::SeqCst) {
            turn_mouse(looks.mouse())?;
        }
        let mut bytes = Vec::new();
        if self.plain.is_on() {
            let lines = ui::describe(state);
            for line in ui::changed_lines(&self.lines, &lines) {
                let theme = theme.with(&looks);
                bytes.extend_from_slice(theme.written(line).as_bytes());
                bytes.extend_from_slice(b"\r\n");
            }
            self.lines = lines;
        } else {
            return self.show(|buffer| ui::paint(state, theme, buffer));
        }
        if bytes.is_empty() { Ok(()) } else { self.writer.send(bytes) }
    }

    /// Shows what is painted into an empty screen; nothing is written when nothing changed.
    pub fn show(&mut self, paint: impl FnOnce(&mut Buffer)) -> io::Result<()> {
        let (width, height) = self.size()?;
        let mut next = Buffer::empty(Rect::new(0, 0, width, height));
        paint(&mut next);
        if self.shown.area != next.area {
            self.known = Known::Stale;
        }
        let mut bytes = Vec::new();
        frame::encode(&self.shown, &next, self.known, &mut bytes);
        (self.shown, self.known) = (next, Known::Shown);
        if bytes.is_empty() { Ok(()) } else { self.writer.send(bytes) }
    }

    /// Waits until the last frame is out.
    pub fn settle(&self) {
        self.writer.settle();
    }

    /// Changes between screen and lines of text. Their sizes differ: the state must be told the new one.
    pub fn show_as(&mut self, plain: Switch) -> io::Result<()> {
        if self.plain == plain {
            return Ok(());
        }
        self.writer.settle();
        self.plain = plain;
        self.lines.clear();
        self.forget();
        if plain.is_on() { leave_screen() } else { enter_screen() }
    }

    /// The next frame is drawn whole. After a resize, even back to the same size: the terminal cut off what did not
    /// fit meanwhile, and only the first and the last size may have been seen here.
    pub fn forget(&mut self) {
        self.known = Known::Stale;
    }

    /// Whether the last frame is out.
    pub fn is_free(&self) -> bool {
        self.writer.is_free()
    }

    /// Told each time the last frame is out.
    pub fn freed(&self) -> Arc<Notify> {
        self.writer.freed()
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        if self.plain.is_on() {
            return Ok(PLAIN_SIZE);
        }
        crossterm::terminal::size()
    }

    /// Asks for the background, for the keyboard protocol of kitty, and for what every terminal answers.
    pub fn ask(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(b"\x1b]11;?\x1b\\\x1b[?u\x1b[c")?;
        out.flush()
    }

    /// Uses the keyboard protocol of kitty, which this terminal offered.
    pub fn use_protocol(&self) -> io::Result<()> {
        if HAS_PROTOCOL.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        self.writer.settle();
        say(PROTOCOL_ON)
    }

    /// Gives the terminal back for a while (`$EDITOR`, suspend), runs `meanwhile`, and takes it again.
    pub fn lend<T>(&mut self, meanwhile: impl FnOnce() -> T) -> io::Result<T> {
        self.writer.settle();
        let (had_protocol, mouse) =
            (HAS_PROTOCOL.load(Ordering::SeqCst), if HAS_MOUSE.load(Ordering::SeqCst) { Switch::On } else { Switch::Off });
        restore();
        let result = meanwhile();
        take_over(self.plain)?;
        if had_protocol {
            self.use_protocol()?;
        }
        turn_mouse(mouse)?;
        self.forget();
        Ok(result)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.writer.settle();
        restore();
    }
}

fn say(sequence: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(sequence.as_bytes())?;
    out.flush()
}

fn turn_mouse(mouse: Switch) -> io::Result<()> {
    HAS_MOUSE.store(mouse.is_on(), Ordering::SeqCst);
    if mouse.is_on() { say(MOUSE_ON) } else { say(MOUSE_OFF) }
}

fn take_over(plain: Switch) -> io::Result<()> {
    if io::stdin().is_terminal() {
        enable_raw_mode()?;
    }
    IS_ENTERED.store(true, Ordering::SeqCst);
    if plain.is_on() { Ok(()) } else { enter_screen() }
}

fn enter_screen() -> io::Result<()> {
    HAS_SCREEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)
}

/// Back to the main screen, as it was.
fn leave_screen() -> io::Result<()> {
    HAS_SCREEN.store(false, Ordering::SeqCst);
    if HAS_MOUSE.swap(false, Ordering::SeqCst) {
        say(MOUSE_OFF)?;
    }
    // Each screen has its own stack of protocols: this one is left on the alternate screen.
    if HAS_PROTOCOL.swap(false, Ordering::SeqCst) {
        say(PROTOCOL_OFF)?;
    }
    execute!(io::stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show)
}

/// Gives the terminal back; harmless when it is not ours.
pub fn restore() {
    if IS_ENTERED.swap(false, Ordering::SeqCst) {
        // Nothing can be done about a terminal that is gone.
        if HAS_SCREEN.load(Ordering::SeqCst) {
            let _ = leave_screen();
        }
        let _ = disable_raw_mode();
    }
}

/// Restores the terminal before the message of a panic of this (the main) thread; panics of jobs are kept quiet
/// while the screen is ours, because they become notices.
pub fn install_panic_hook() {
    let main = std::thread::current().id();
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == main {
            restore();
            default(panic);
        } else if !IS_ENTERED.load(Ordering::SeqCst) {
            default(panic);
        }
    }));
}

/// What lies between the program and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// Nothing that must be told.
    Nothing,
    /// GNU screen: it lets through only what is wrapped.
    Screen,
}

/// Asks the terminal to put `text` on the clipboard (OSC 52), which also works over SSH.
pub fn copy(text: &str, around: Around) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(clipboard(text, around).as_bytes())?;
    out.flush()
}

fn clipboard(text: &str, around: Around) -> String {
    /// GNU screen drops longer strings (256 bytes in its oldest versions); what is cut comes out in one piece.
    const MOST_WRAPPED: usize = 240;
    let asked = format!("\x1b]52;c;{}\x07", base64(text.as_bytes()));
    match around {
        Around::Nothing => asked,
        Around::Screen => {
            asked.as_bytes().chunks(MOST_WRAPPED).map(|part| format!("\x1bP{}\x1b\\", String::from_utf8_lossy(part))).collect()
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for i in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= group.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Around, base64, clipboard};

    #[test]
    fn through_gnu_screen_the_clipboard_goes_wrapped_and_in_parts() {
        assert_eq!(clipboard("foo", Around::Nothing), "\x1b]52;c;Zm9v\x07");
        assert_eq!(clipboard("foo", Around::Screen), "\x1bP\x1b]52;c;Zm9v\x07\x1b\\");
        let long = clipboard(&"y".repeat(1_000), Around::Screen);
        let parts: Vec<&str> = long.split_terminator("\x1b\\").collect();
        assert!(parts.iter().all(|part| part.starts_with("\x1bP") && part.len() <= 242));
        assert_eq!(parts.iter().map(|part| &part[2..]).collect::<String>(), clipboard(&"y".repeat(1_000), Around::Nothing));
    }

    #[test]
    fn the_clipboard_text_is_padded_base64() {
        assert_eq!(["", "f", "fo", "foo", "foob"].map(|t| base64(t.as_bytes())), ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }
}
