//! A histogram over time: a row a bucket, darker the more of its column lies in it.
//!
//! Darkness is in the signs, so it reads without colour. The first row says in words what the column under the cursor
//! holds, and beside each row stands its count there.

use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

use super::paint;
use super::theme::Theme;
use crate::app::State;
use crate::app::heat::{Behind, Heat, Row, number};
use crate::app::layout::Area;
use crate::app::panels::Panel;

/// Shares from which on a cell has the next darker sign.
const SHARES: [f64; 5] = [0.0, 0.03, 0.12, 0.3, 0.6];

/// Draws words, buckets and counts; `area` is that of the columns.
pub(super) fn draw(state: &State, (panel, behind): (&Panel, &Behind), area: Area, theme: &Theme, buffer: &mut Buffer) {
    let cursor = state.timeline.cursor_column();
    let end = area.x + area.width + state.layout.value_width;
    if let Some(column) = cursor.filter(|_| !panel.heat.shown.is_empty()) {
        // Blanks that the mark of the cursor leaves alone.
        let words = panel.heat.explain(column, behind.unit).replace(' ', "\u{a0}");
        paint::put(buffer, area.x + 1, area.y, end - area.x - 2, &theme.signs(&words), theme.strong);
    }
    let height = area.height.saturating_sub(1);
    let rows = panel.heat.rows(usize::from(height), behind.unit);
    if rows.is_empty() && height > 0 {
        let words = if panel.heat.shown.is_empty() { "reading …" } else { "nothing observed in this window" };
        paint::put(buffer, area.x + 1, area.y + 1, area.width - 1, &theme.signs(words), theme.dim);
    }
    draw_rows(state, (panel, &rows), area, theme, buffer);
    // An observation that is kept as an example lies in a bucket of its own column.
    for (column, bucket) in &panel.exemplars.cells {
        let place = Heat::row_of(&rows, *bucket).filter(|row| *row < usize::from(height) && *column < usize::from(area.width));
        if let Some(row) = place {
            let place = (area.x + *column as u16, area.y + area.height - 1 - row as u16);
            let share = panel.heat.in_row(*column, &rows[row]).map_or(0.0, |(_, share)| share);
            // Where much lies in the bucket the cell stays dark.
            let style = if share >= SHARES[2] { theme.strong.add_modifier(Modifier::REVERSED) } else { theme.strong };
            paint::cell(buffer, place.0, place.1, theme.sign('◇'), style);
        }
    }
}

/// The buckets, each with its label before it and its count at the cursor behind it.
fn draw_rows(state: &State, (panel, rows): (&Panel, &[Row]), area: Area, theme: &Theme, buffer: &mut Buffer) {
    let (cursor, height) = (state.timeline.cursor_column(), area.height.saturating_sub(1));
    for (index, row) in rows.iter().enumerate().take(usize::from(height)) {
        let y = area.y + area.height - 1 - index as u16;
        draw_row(panel, row, (area, y), theme, buffer);
        let label_width = 9.min(area.x.saturating_sub(3));
        paint::put_right(buffer, area.x - 1 - label_width, y, label_width, &theme.signs(&row.label), theme.dim);
        if let Some((count, share)) = cursor.and_then(|column| panel.heat.in_row(column, row)).filter(|(count, _)| *count > 0.0) {
            let words = format!("{:>7} {:>3.0} %", number(count), share * 100.0);
            paint::put(buffer, area.x + area.width + 1, y, state.layout.value_width - 1, &theme.signs(&words), theme.text);
        }
    }
}

fn draw_row(panel: &Panel, row: &Row, (area, y): (Area, u16), theme: &Theme, buffer: &mut Buffer) {
    for column in 0..usize::from(area.width) {
        let Some((count, share)) = panel.heat.in_row(column, row) else { continue };
        if count > 0.0 {
            let level = SHARES.iter().rposition(|least| share >= *least).unwrap_or(0);
            let style = if panel.heat.total(column).is_none_or(|all| all <= 0.0) { theme.faint } else { theme.heat[level] };
            paint::cell(buffer, area.x + column as u16, y, theme.densities()[level], style);
        }
    }
}
