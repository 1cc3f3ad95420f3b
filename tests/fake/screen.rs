//! The screen of a session, as cells and as text.

use coroner::ui::{self, Theme};
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::{Frame, Terminal};
use unicode_width::UnicodeWidthStr;

use super::Session;

/// What is drawn on a screen of columns x rows, cell by cell.
pub fn paint(size: (u16, u16), draw: impl FnOnce(&mut Frame<'_>)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("a test backend cannot fail");
    terminal.draw(draw).expect("a test backend cannot fail");
    terminal.backend().buffer().clone()
}

/// The screen of a session, cell by cell.
pub fn buffer(session: &Session, theme: &Theme) -> Buffer {
    paint(session.size, |frame| ui::draw(&session.state, theme, frame))
}

/// Each row as text, blanks at its end removed; a wide character stands for both of its cells.
pub fn rows(buffer: &Buffer) -> Vec<String> {
    let row = |y| {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            skip = symbol.width().saturating_sub(1);
        }
        line.trim_end().to_owned()
    };
    (0..buffer.area.height).map(row).collect()
}

/// The rows, each with its line end.
pub fn text(buffer: &Buffer) -> String {
    rows(buffer).into_iter().map(|row| row + "\n").collect()
}

/// The screen in the dark theme, as text.
pub fn screen(session: &Session) -> String {
    text(&buffer(session, &Theme::dark()))
}
