//! Marks over a panel: resets, the first crossing of its limit, and everything that is not sound.
//!
//! Without the lens a column says at its foot why it has no value, and no mark hides how high a value is: it stands in
//! the blank above, or is cut out of the inside of the bar. With the lens whole columns are shaded.

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use super::paint;
use super::theme::Theme;
use crate::app::State;
use crate::app::layout::Area;
use crate::app::panels::Panel;
use crate::app::trust::Trust;
use crate::model::series::Bucket;

/// Whether marks may lie on values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lens {
    Off,
    On,
}

impl Lens {
    /// As it is switched.
    pub(super) const fn of(state: &State) -> Self {
        if state.panels.has_trust { Self::On } else { Self::Off }
    }
}

/// Draws the marks of a panel over its columns.
pub(super) fn draw(panel: &Panel, area: Area, lens: Lens, theme: &Theme, buffer: &mut Buffer) {
    columns(&panel.trust, area, lens, theme, buffer);
    let column_of = |column: usize| u16::try_from(column).unwrap_or(u16::MAX).min(area.width.saturating_sub(1));
    for column in &panel.resets {
        let column = column_of(*column);
        let column = if area.height == 1 { beside_a_spike(&panel.shown, column) } else { column };
        mark(buffer, (area.x + column, area), '↺', theme);
    }
    if let Some(column) = panel.crossing_column {
        let (x, y) = (area.x + column_of(column), area.y);
        if is_blank(buffer, x, y) {
            paint::cell(buffer, x, y, theme.sign('!'), theme.warn);
        }
    }
}

/// Marks columns in which observations are kept as examples: in the blank above the value, else cut out of its bar
/// below the top. In a single row only where that hides no height.
pub(super) fn exemplars(columns: &[usize], area: Area, theme: &Theme, buffer: &mut Buffer) {
    for column in columns.iter().filter_map(|column| u16::try_from(*column).ok()).filter(|column| *column < area.width) {
        let x = area.x + column;
        if let Some(y) = highest_blank(buffer, x, area) {
            paint::cell(buffer, x, y, theme.sign('◇'), theme.strong);
        } else if area.height > 1 {
            on_value(buffer, (x, area.y + 1), '◇', theme);
        } else if buffer.cell((x, area.y)).is_some_and(|cell| cell.symbol() == theme.eighths()[7].to_string()) {
            on_value(buffer, (x, area.y), '◇', theme);
        }
    }
}

/// Says of each column why it is not to be taken at face value.
pub(super) fn columns(trust: &[Trust], area: Area, lens: Lens, theme: &Theme, buffer: &mut Buffer) {
    for (column, trust) in (0..area.width).zip(trust) {
        let x = area.x + column;
        match (trust, lens) {
            // A number missing altogether has its cross or its sign of infinity already.
            (Trust::Sound, _) | (Trust::Clipped | Trust::NoNumber, Lens::Off) => {}
            (Trust::Stale, _) => fill(buffer, (x, area), '/', lens, theme),
            (Trust::Absent, _) => fill(buffer, (x, area), '\\', lens, theme),
            (Trust::NoNumber, Lens::On) => fill(buffer, (x, area), '×', lens, theme),
            (Trust::Holes, Lens::Off) => {
                if let Some(y) = highest_blank(buffer, x, area) {
                    paint::cell(buffer, x, y, theme.sign('×'), theme.warn);
                }
            }
            (Trust::Holes, Lens::On) => on_value(buffer, (x, area.y), '×', theme),
            (Trust::Clipped, Lens::On) => on_value(buffer, (x, area.y), '≥', theme),
        }
    }
}

/// The foot of a column without the lens, all of it with it; only where nothing is.
fn fill(buffer: &mut Buffer, (x, area): (u16, Area), sign: char, lens: Lens, theme: &Theme) {
    let foot = area.y + area.height - 1;
    let top = if lens == Lens::On { area.y } else { foot };
    for y in top..=foot {
        if is_blank(buffer, x, y) {
            paint::cell(buffer, x, y, theme.sign(sign), theme.faint);
        }
    }
}

/// A mark in the blank above a value; in a column without any, cut out of the foot of the bar, whose top stays.
fn mark(buffer: &mut Buffer, (x, area): (u16, Area), sign: char, theme: &Theme) {
    match highest_blank(buffer, x, area) {
        Some(y) => paint::cell(buffer, x, y, theme.sign(sign), theme.warn),
        None => on_value(buffer, (x, area.y + area.height - 1), sign, theme),
    }
}

/// Where a mark in the only row hides nothing that one looks for at a restart: not on a value above both neighbours.
fn beside_a_spike(shown: &[Option<Bucket>], column: u16) -> u16 {
    let value = |at: usize| shown.get(at).copied().flatten().filter(|bucket| bucket.count > 0).map(|bucket| bucket.max);
    let at = usize::from(column);
    let Some(own) = value(at) else { return column };
    let is_above = |other: Option<f64>| other.is_none_or(|other| own > other);
    let before = at.checked_sub(1).and_then(value);
    let is_spike = is_above(before) && is_above(value(at + 1));
    if !is_spike {
        column
    } else if at + 1 < shown.len() {
        column + 1
    } else {
        column.saturating_sub(1)
    }
}

/// One mark; on a value it is cut out of the bar, so that the height stays.
fn on_value(buffer: &mut Buffer, (x, y): (u16, u16), sign: char, theme: &Theme) {
    if is_blank(buffer, x, y) {
        paint::cell(buffer, x, y, theme.sign(sign), theme.warn);
    } else {
        let bar = buffer.cell((x, y)).map_or_else(Style::new, |cell| Style::new().fg(cell.fg));
        paint::cell(buffer, x, y, theme.sign(sign), bar.add_modifier(Modifier::REVERSED));
    }
}

fn highest_blank(buffer: &Buffer, x: u16, area: Area) -> Option<u16> {
    (area.y..area.y + area.height).find(|y| is_blank(buffer, x, *y))
}

fn is_blank(buffer: &Buffer, x: u16, y: u16) -> bool {
    buffer.cell((x, y)).is_some_and(|cell| cell.symbol() == " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    fn screen(trust: &[Trust], bars: &[&str], lens: Lens, theme: &Theme) -> Vec<String> {
        let (width, height) = (trust.len() as u16, bars.len() as u16);
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        for (y, bar) in (0..).zip(bars) {
            paint::put(&mut buffer, 0, y, width, bar, Style::new());
        }
        columns(trust, Area { x: 0, y: 0, width, height }, lens, theme, &mut buffer);
        (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect()).collect()
    }

    const ALL: [Trust; 6] = [Trust::Sound, Trust::Stale, Trust::Absent, Trust::NoNumber, Trust::Holes, Trust::Clipped];

    #[test]
    fn without_the_lens_the_foot_of_a_column_says_why_it_is_empty() {
        let theme = Theme::dark();
        assert_eq!(screen(&ALL, &["     █", "▅  ×▅█"], Lens::Off, &theme), ["    ×█", "▅/\\×▅█"]);
        assert_eq!(screen(&ALL, &["     █", "▅  ×▅█"], Lens::On, &theme), [" /\\××≥", "▅/\\×▅█"]);
        assert_eq!(screen(&ALL, &["=  x=@"], Lens::Off, &Theme::mono().ascii()), ["=/\\x=@"]);
    }

    #[test]
    fn the_mark_of_an_exemplar_never_hides_how_high_a_value_is() {
        let marked = |bars: &[&str], theme: &Theme| {
            let (width, height) = (bars[0].chars().count() as u16, bars.len() as u16);
            let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
            for (y, bar) in (0..).zip(bars) {
                paint::put(&mut buffer, 0, y, width, bar, Style::new());
            }
            let area = Area { x: 0, y: 0, width, height };
            exemplars(&(0..=usize::from(width)).collect::<Vec<_>>(), area, theme, &mut buffer);
            (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect()).collect::<Vec<String>>()
        };
        assert_eq!(marked(&["  ▃█", "▅ ██", "████"], &Theme::dark()), ["◇◇▃█", "▅ ◇◇", "████"]);
        assert_eq!(marked(&[" ▃█"], &Theme::dark()), ["◇▃◇"]);
        assert_eq!(marked(&[" :@"], &Theme::mono().ascii()), ["o:o"]);
    }

    #[test]
    fn in_a_single_row_the_mark_of_a_restart_stands_beside_a_spike_and_not_on_it() {
        let shown: Vec<Option<Bucket>> = [1.0, 9.0, 1.0, 2.0, 3.0]
            .map(|max| Some(Bucket { min: 0.0, max, mean: max, last: max, count: 1, n_nan: 0, n_inf: 0 }))
            .to_vec();
        assert_eq!([0, 1, 2, 3, 4].map(|column| beside_a_spike(&shown, column)), [0, 2, 2, 3, 3]);
    }
}
