//! Marks over a panel: resets, the first crossing of its limit, and with trust on everything that is not sound.
//!
//! Without trust no mark ever lies on a value.

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use super::paint;
use super::theme::Theme;
use crate::app::layout::Area;
use crate::app::panels::Panel;
use crate::app::trust::Trust;

/// Whether marks may lie on values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lens {
    Off,
    On,
}

/// Draws the marks of a panel over its columns.
pub(super) fn draw(panel: &Panel, area: Area, lens: Lens, theme: &Theme, buffer: &mut Buffer) {
    if lens == Lens::On {
        for (column, trust) in panel.trust.iter().enumerate().take(usize::from(area.width)) {
            shade(*trust, (area.x + column as u16, area), theme, buffer);
        }
    }
    let place = |column: usize| area.x + u16::try_from(column).unwrap_or(u16::MAX).min(area.width.saturating_sub(1));
    for column in &panel.resets {
        // Never over a value unless asked for: a spike at a restart is what one looks for.
        mark(buffer, (place(*column), area.y), '↺', lens, theme);
    }
    if let Some(column) = panel.crossing_column {
        mark(buffer, (place(column), area.y), '!', Lens::Off, theme);
    }
}

fn shade(trust: Trust, (x, area): (u16, Area), theme: &Theme, buffer: &mut Buffer) {
    let fill = |buffer: &mut Buffer, sign: char| {
        for y in area.y..area.y + area.height {
            if is_blank(buffer, x, y) {
                paint::cell(buffer, x, y, theme.sign(sign), theme.faint);
            }
        }
    };
    match trust {
        Trust::Sound => {}
        Trust::Stale => fill(buffer, '/'),
        Trust::Absent => fill(buffer, '\\'),
        Trust::NoNumber => fill(buffer, '×'),
        Trust::Holes => mark(buffer, (x, area.y), '×', Lens::On, theme),
        Trust::Clipped => mark(buffer, (x, area.y), '≥', Lens::On, theme),
    }
}

/// One mark; on a value it is cut out of the bar, so that the height stays.
fn mark(buffer: &mut Buffer, (x, y): (u16, u16), sign: char, lens: Lens, theme: &Theme) {
    if is_blank(buffer, x, y) {
        paint::cell(buffer, x, y, theme.sign(sign), theme.warn);
    } else if lens == Lens::On {
        let bar = buffer.cell((x, y)).map_or_else(Style::new, |cell| Style::new().fg(cell.fg));
        paint::cell(buffer, x, y, theme.sign(sign), bar.add_modifier(Modifier::REVERSED));
    }
}

fn is_blank(buffer: &Buffer, x: u16, y: u16) -> bool {
    buffer.cell((x, y)).is_some_and(|cell| cell.symbol() == " ")
}
