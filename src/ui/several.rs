//! Several series in one panel: over one another, stacked, or each in a small panel of its own.
//!
//! Each has a letter beside its colour; where several lie on one place a `+` says so.

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use super::braille::Dots;
use super::paint;
use super::spark::Spark;
use super::theme::{Symbols, Theme};
use super::trust::{self, Lens};
use crate::app::State;
use crate::app::layout::Area;
use crate::app::panels::Panel;
use crate::app::parts::Part;
use crate::model::case::PanelShape;

/// Densities of neighbours in a stack, told apart without colour.
const FILLS: [char; 4] = ['█', '▓', '▒', '░'];

/// Draws the parts; `area` is that of the columns.
pub(super) fn draw(state: &State, (panel, shape): (&Panel, PanelShape), area: Area, theme: &Theme, buffer: &mut Buffer) {
    if panel.parts.is_empty() {
        let words = if panel.is_stale { "reading …" } else { "no samples in this window" };
        paint::put(buffer, area.x + 1, area.y + area.height / 2, area.width - 1, &theme.signs(words), theme.dim);
        return;
    }
    match shape {
        PanelShape::Multiples => draw_multiples(state, panel, area, theme, buffer),
        PanelShape::Stacked => {
            draw_stack(panel, area, theme, buffer);
            draw_legend(state, panel, area, theme, buffer);
        }
        PanelShape::Overlaid | PanelShape::Heat => {
            let is_fine = theme.symbols == Symbols::Unicode && panel.parts.all.iter().any(|part| !part.fine.is_empty());
            let draw_lines = if is_fine { draw_dots } else { draw_lines };
            draw_lines(panel, area, theme, buffer);
            draw_legend(state, panel, area, theme, buffer);
        }
    }
}

/// The row of a value, 0 at the bottom.
fn row_of(panel: &Panel, value: f64, height: u16) -> u16 {
    let share = panel.scale.share(panel.axis, value);
    ((share * f64::from(height)).ceil() as u16).clamp(1, height) - 1
}

/// One line each: a letter at the greatest value of a column and, where it lies elsewhere, at the least one, with a
/// thin stroke between them.
fn draw_lines(panel: &Panel, area: Area, theme: &Theme, buffer: &mut Buffer) {
    draw_limit(panel, area, theme, buffer);
    let is_free = |symbol: &str| matches!(symbol, " " | "╌" | "-" | "╎" | ":");
    for column in 0..area.width {
        let x = area.x + column;
        for (index, part) in panel.parts.all.iter().enumerate() {
            let style = theme.accent(index);
            let Some(bucket) = part.shown.get(usize::from(column)).copied().flatten() else { continue };
            if bucket.count == 0 {
                let y = area.y + area.height - 1;
                paint::cell(buffer, x, y, theme.sign(if bucket.n_inf > 0 { '∞' } else { '×' }), theme.warn);
                continue;
            }
            let (top, bottom) = (row_of(panel, bucket.max, area.height), row_of(panel, bucket.min, area.height));
            for row in bottom..=top {
                let y = area.y + area.height - 1 - row;
                let symbol = buffer[(x, y)].symbol().to_owned();
                if row != top && row != bottom {
                    if symbol == " " {
                        paint::cell(buffer, x, y, theme.sign('╎'), style);
                    }
                } else if is_free(&symbol) {
                    paint::cell(buffer, x, y, part.letter, style);
                } else {
                    // In no colour of one of them.
                    buffer[(x, y)].reset();
                    paint::cell(buffer, x, y, '+', theme.strong);
                }
            }
        }
    }
}

/// One line of braille each, with its letter on it now and then.
fn draw_dots(panel: &Panel, area: Area, theme: &Theme, buffer: &mut Buffer) {
    draw_limit(panel, area, theme, buffer);
    let of = |(index, part)| dots(panel, part, (part.letter, theme.accent(index)));
    let lines: Vec<Dots<'_>> = panel.parts.all.iter().enumerate().map(of).collect();
    for line in &lines {
        line.draw(area, theme, buffer);
    }
    for (index, line) in lines.iter().enumerate() {
        line.label((index as u16, lines.len() as u16), area, theme, buffer);
    }
}

fn dots<'a>(panel: &'a Panel, part: &'a Part, label: (char, Style)) -> Dots<'a> {
    Dots {
        fine: &part.fine,
        axis: panel.axis,
        scale: panel.scale,
        threshold: panel.threshold.as_ref(),
        is_dimmed: panel.is_stale,
        part: Some(label),
    }
}

fn draw_limit(panel: &Panel, area: Area, theme: &Theme, buffer: &mut Buffer) {
    if let Some(line) = panel.threshold.as_ref().filter(|line| line.value > panel.axis.0 && line.value <= panel.axis.1) {
        let y = area.y + area.height - 1 - row_of(panel, line.value, area.height);
        paint::fill(buffer, area.x, y, area.width, theme.sign('╌'), theme.faint);
    }
}

/// Parts on top of one another by their means; dots above show how high the sum of the greatest values reaches.
fn draw_stack(panel: &Panel, area: Area, theme: &Theme, buffer: &mut Buffer) {
    let rows = f64::from(area.height);
    for column in 0..area.width {
        let x = area.x + column;
        let (tops, most) = panel.parts.stack(usize::from(column));
        let Some(sum) = tops.iter().flatten().copied().next_back() else { continue };
        let height = |value: f64| panel.scale_linear(value) * rows;
        for row in 0..area.height {
            let (low, y) = (f64::from(row), area.y + area.height - 1 - row);
            // The part that the middle of the cell lies in; the lowest row always shows something.
            let middle = if row == 0 { (low + 0.5).min(height(sum)) } else { low + 0.5 };
            let part = tops.iter().position(|top| top.is_some_and(|top| height(top) >= middle && top > 0.0));
            if let Some(index) = part {
                let style = theme.accent(index);
                let is_label = (column + 3 * index as u16) % 8 == 5;
                let fill = theme.sign(FILLS[index % FILLS.len()]);
                let (sign, style) =
                    if is_label { (panel.parts.all[index].letter, style.add_modifier(Modifier::BOLD)) } else { (fill, style) };
                paint::cell(buffer, x, y, sign, style);
            } else if height(most) >= low + 0.5 {
                paint::cell(buffer, x, y, theme.sign('·'), theme.dim);
            }
        }
    }
}

/// Letter, name and value at the cursor of each part, and the sum of a stack, beside the columns.
fn draw_legend(state: &State, panel: &Panel, area: Area, theme: &Theme, buffer: &mut Buffer) {
    let x = area.x + area.width + 1;
    let width = state.layout.value_width.saturating_sub(1);
    let is_stack = panel.shape() == Some(PanelShape::Stacked);
    let rows = usize::from(area.height).saturating_sub(usize::from(is_stack));
    let n = panel.parts.all.len();
    let n_shown = if n > rows { rows.saturating_sub(1) } else { n };
    // The top of a stack is the last part: the legend has the same order.
    let order: Vec<usize> = if is_stack { (0..n).rev().take(n_shown).collect() } else { (0..n_shown).collect() };
    let mut y = area.y;
    for index in order {
        draw_name(panel, (index, &panel.parts.all[index]), (x, y, width), theme, buffer);
        y += 1;
    }
    let n_hidden = n - n_shown + panel.parts.n_left_out;
    if n_hidden > 0 && y < area.y + area.height {
        paint::put(buffer, x, y, width, &theme.signs(&format!("… {n_hidden} more: 2 z")), theme.dim);
        y += 1;
    }
    if let Some(total) = panel.parts.total().filter(|_| is_stack && y < area.y + area.height) {
        paint::put(buffer, x, y, width, "sum", theme.strong);
        paint::put_right(buffer, x, y, width, &theme.signs(&panel.print(total)), theme.strong);
    }
}

fn draw_name(panel: &Panel, (index, part): (usize, &Part), (x, y, width): (u16, u16, u16), theme: &Theme, buffer: &mut Buffer) {
    let value = part.value.map_or_else(|| "–".to_owned(), |value| panel.print(value));
    let value = theme.signs(&value);
    let value_width = (value.chars().count() as u16).min(width);
    paint::cell(buffer, x, y, part.letter, theme.accent(index).add_modifier(Modifier::BOLD));
    paint::put(buffer, x + 2, y, width.saturating_sub(value_width + 3), &theme.signs(&part.name), theme.text);
    paint::put_right(buffer, x, y, width, &value, theme.strong);
}

/// A small panel each, one axis for all: below one another on the common clock where there are rows for it, else in
/// a grid of narrower ones, each with its own mark of the cursor.
fn draw_multiples(state: &State, panel: &Panel, area: Area, theme: &Theme, buffer: &mut Buffer) {
    let n = panel.parts.all.len() as u16;
    let rows = area.height.max(1);
    let n_columns = n.div_ceil(rows).clamp(1, 4).min((area.width / 12).max(1));
    let n_rows = n.div_ceil(n_columns);
    let height = (rows / n_rows).max(1);
    for (index, part) in panel.parts.all.iter().enumerate() {
        let (grid_row, grid_column) = (index as u16 / n_columns, index as u16 % n_columns);
        let y = area.y + grid_row * height;
        if y + height > area.y + area.height {
            let words = format!("… {} more: 2 z", panel.parts.all.len() - index);
            let at = area.x + area.width + 1;
            paint::put(buffer, at, area.y + area.height - 1, state.layout.value_width.saturating_sub(1), &theme.signs(&words), theme.dim);
            break;
        }
        let cell = if n_columns == 1 {
            Area { y, height, ..area }
        } else {
            let width = area.width / n_columns;
            Area { x: area.x + grid_column * width, y, width: width - 1, height }
        };
        draw_small(state, (panel, index, part), cell, theme, buffer);
    }
}

/// What is left for the columns beside the name of a panel in a grid: all names take the same room, so that the columns of
/// panels above one another are one moment, and no name hides a value.
fn beside_name(longest: u16, area: Area) -> (Area, u16) {
    if area.height > 1 {
        return (Area { y: area.y + 1, height: area.height - 1, ..area }, area.width);
    }
    let name_width = longest.min(area.width / 2);
    (Area { x: area.x + name_width + 1, width: area.width.saturating_sub(name_width + 1).max(1), ..area }, name_width)
}

fn draw_small(state: &State, (panel, index, part): (&Panel, usize, &Part), area: Area, theme: &Theme, buffer: &mut Buffer) {
    let is_whole = usize::from(area.width) == part.shown.len();
    let longest = || panel.parts.all.iter().map(|part| part.name.chars().count() as u16).max().unwrap_or(0);
    let (name_place, (area, name_width)) = (area, if is_whole { (area, 0) } else { beside_name(longest(), area) });
    let n_each = part.shown.len().div_ceil(usize::from(area.width).max(1)).max(1);
    let narrow;
    let shown = if is_whole {
        &part.shown
    } else {
        narrow = crate::app::columns::together(&part.shown, n_each);
        &narrow
    };
    let spark = Spark {
        shown,
        ghost: &[],
        axis: panel.axis,
        scale: panel.scale,
        threshold: panel.threshold.as_ref(),
        trust: if is_whole { &part.trust } else { &[] },
        is_dimmed: panel.is_stale,
    };
    if part.fine.is_empty() || theme.symbols == Symbols::Ascii {
        spark.draw(area, theme, buffer);
    } else {
        spark.draw_behind(area, theme, buffer);
        let narrow = if is_whole { None } else { Some(crate::app::columns::together(&part.fine, n_each)) };
        let dots = dots(panel, part, (part.letter, theme.band));
        Dots { fine: narrow.as_deref().unwrap_or(&part.fine), part: None, ..dots }.draw(area, theme, buffer);
    }
    if is_whole {
        trust::columns(&part.trust, area, Lens::of(state), theme, buffer);
    }
    let value = part.value.map_or_else(|| "–".to_owned(), |value| panel.print(value));
    if is_whole {
        let layout = &state.layout;
        let label_width = layout.label_width.saturating_sub(12).max(6).min(layout.label_width - 2);
        let x = area.x.saturating_sub(label_width + 1);
        paint::put_right(buffer, x, area.y, label_width, &theme.signs(&part.name), theme.text);
        let x = area.x + area.width + 1;
        paint::put_right(buffer, x, area.y, 10.min(layout.value_width - 1), &theme.signs(&value), theme.strong);
    } else {
        let name = theme.signs(&part.name).into_owned();
        paint::put(buffer, name_place.x, name_place.y, name_width, &name, theme.accent(index).add_modifier(Modifier::BOLD));
        if let Some(column) = state.timeline.cursor_column() {
            let x = area.x + ((column / n_each) as u16).min(area.width - 1);
            paint::tint(buffer, x, area.y, 1, theme.cursor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_panel_in_a_grid_hides_no_value() {
        let area = Area { x: 10, y: 5, width: 16, height: 1 };
        let (columns, name_width) = beside_name(7, area);
        assert_eq!((name_width, columns.x, columns.width), (7, 18, 8));
        let (columns, name_width) = beside_name(40, area);
        assert_eq!((name_width, columns.x, columns.width), (8, 19, 7), "half of it stays for the columns");
        let (columns, name_width) = beside_name(40, Area { height: 3, ..area });
        assert_eq!((name_width, columns.y, columns.height, columns.width), (16, 6, 2, 16), "or a row of its own");
    }
}
