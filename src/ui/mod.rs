//! Paints [`State`]: one small file a pane, no change of state, no work beyond the screen's size.
//!
//! Colours and signs come from a [`Theme`] that the runtime chooses. Everything drawn was made harmless before
//! (`model::text::printable` in `app`), and `paint` keeps wide characters inside their columns.

mod braille;
mod chips;
mod command;
mod describe;
mod draft;
mod header;
mod heat;
mod help;
mod hints;
mod hits;
mod lanes;
mod list;
mod overlays;
mod paint;
mod panels;
mod prompt;
mod replay;
mod several;
mod shorten;
mod side;
mod spark;
mod theme;
mod tour;
mod trust;
pub mod welcome;
mod write;

use ratatui::Frame;
use ratatui::buffer::Buffer;

use crate::app::State;
use crate::app::layout::MIN_SIZE;

pub use describe::{changed_lines, describe};
pub use theme::{Background, Theme};

/// Draws the whole screen. O(cells).
pub fn draw(state: &State, theme: &Theme, frame: &mut Frame) {
    paint(state, theme, frame.buffer_mut());
}

/// Draws the whole screen into an empty buffer of its size. O(cells).
pub fn paint(state: &State, theme: &Theme, buffer: &mut Buffer) {
    // What the user chose on the screen counts more than what fits the terminal.
    let theme = &theme.with(&state.looks());
    if (buffer.area.width, buffer.area.height) != state.layout.size {
        // The resize message is still under way; the next frame fits.
        return;
    }
    if state.layout.is_too_small {
        too_small(state, theme, buffer);
    } else {
        draw_panes(state, theme, buffer);
    }
    theme.restrict(buffer);
}

fn draw_panes(state: &State, theme: &Theme, buffer: &mut Buffer) {
    header::draw(state, theme, buffer);
    lanes::draw(state, theme, buffer);
    panels::draw(state, theme, buffer);
    lanes::draw_cursor(state, theme, buffer);
    replay::draw_curtain(state, theme, buffer);
    list::draw_heading(state, theme, buffer);
    list::draw(state, theme, buffer);
    side::draw(state, theme, buffer);
    hints::draw(state, theme, buffer);
    for overlay in &state.overlays {
        overlays::draw(state, overlay, theme, buffer);
    }
    tour::draw(state, theme, buffer);
}

fn too_small(state: &State, theme: &Theme, buffer: &mut Buffer) {
    let (width, height) = (buffer.area.width, buffer.area.height);
    let lines = [
        state.clock.short(state.timeline.cursor),
        format!("{width}×{height} is too small"),
        format!("needs {}×{}: enlarge the", MIN_SIZE.0, MIN_SIZE.1),
        "window or shrink the font".to_owned(),
    ];
    for (y, line) in lines.iter().enumerate().take(usize::from(height)) {
        paint::put(buffer, 0, y as u16, width, &theme.signs(line), theme.text);
    }
}
