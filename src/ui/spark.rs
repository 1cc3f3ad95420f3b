//! A series as block columns: the greatest value of each column is its height, so a spike survives every zoom.
//!
//! Below the least value a column is solid, from there up to the top lighter: with two rows both are seen. A gap is blank, NaN is `×`, an
//! infinite value `∞`. A threshold is a dashed line where there is room for it. Where columns are narrower than the distance of samples, the
//! value before goes on lightly up to the next one: nothing is missing there, and a comb of bars could not be read.

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use super::paint;
use super::theme::Theme;
use crate::app::layout::Area;
use crate::app::panels::Threshold;
use crate::app::scale::Scale;
use crate::app::trust::{self, Trust};
use crate::model::series::Bucket;

/// What to draw.
pub(super) struct Spark<'a> {
    pub(super) shown: &'a [Option<Bucket>],
    /// Greatest value of the ghost in each column; empty without one.
    pub(super) ghost: &'a [Option<f64>],
    pub(super) axis: (f64, f64),
    pub(super) scale: Scale,
    pub(super) threshold: Option<&'a Threshold>,
    /// How far each column is to be trusted; empty while that is not known.
    pub(super) trust: &'a [Trust],
    pub(super) is_dimmed: bool,
}

impl Spark<'_> {
    /// Draws into an area whose width is the number of columns.
    pub(super) fn draw(&self, area: Area, theme: &Theme, buffer: &mut Buffer) {
        self.draw_threshold(area, theme, buffer);
        for (column, bucket) in self.shown.iter().enumerate().take(usize::from(area.width)) {
            if let Some(bucket) = bucket {
                self.draw_column(area, column as u16, bucket, theme, buffer);
                self.draw_floor(area, column as u16, bucket, theme, buffer);
            }
        }
        for (columns, value) in trust::held(self.shown, self.trust) {
            for column in columns.filter(|column| *column < usize::from(area.width)) {
                self.draw_held(area, column as u16, value, theme, buffer);
            }
        }
        for (column, value) in self.ghost.iter().enumerate().take(usize::from(area.width)) {
            if let Some(value) = value {
                self.draw_ghost(area, column as u16, *value, theme, buffer);
            }
        }
    }

    /// The cells that a value fills are light, the part of a cell at its top is dim.
    fn draw_held(&self, area: Area, column: u16, value: f64, theme: &Theme, buffer: &mut Buffer) {
        if self.scale == Scale::Log && value <= 0.0 {
            return;
        }
        let is_bad = self.threshold.is_some_and(|line| if line.above_is_bad { value > line.value } else { value < line.value });
        let style = match (self.is_dimmed, is_bad) {
            (true, _) => theme.faint,
            (false, true) => theme.error,
            (false, false) => theme.band,
        };
        let (level, x, bottom) = (self.level(value, area.height), area.x + column, area.y + area.height - 1);
        for row in 0..area.height {
            match level.saturating_sub(u32::from(row) * 8) {
                0 => break,
                8.. if area.height > 1 => paint::cell(buffer, x, bottom - row, theme.sign('░'), style),
                eighths => paint::cell(buffer, x, bottom - row, theme.eighths()[eighths.min(8) as usize - 1], theme.faint),
            }
        }
    }

    /// What lies behind the values: limit, ghost, marks of the floor.
    pub(super) fn draw_behind(&self, area: Area, theme: &Theme, buffer: &mut Buffer) {
        self.draw_threshold(area, theme, buffer);
        let bottom = area.y + area.height - 1;
        for (column, bucket) in (0..area.width).zip(self.shown) {
            let sign = bucket.filter(|bucket| bucket.count > 0).and_then(|bucket| self.scale.floor_sign(bucket.min));
            if let Some(sign) = sign {
                paint::cell(buffer, area.x + column, bottom, theme.sign(sign), theme.dim);
            }
        }
        for (column, value) in (0..area.width).zip(self.ghost) {
            let Some(value) = value else { continue };
            let row = ((self.level(*value, area.height) - 1) / 8).min(u32::from(area.height) - 1) as u16;
            paint::cell(buffer, area.x + column, bottom - row, theme.sign('∘'), theme.dim);
        }
    }

    /// The mark of values that a logarithmic axis has no place for: alone, or cut out of the foot of a bar.
    fn draw_floor(&self, area: Area, column: u16, bucket: &Bucket, theme: &Theme, buffer: &mut Buffer) {
        let Some(sign) = self.scale.floor_sign(bucket.min).filter(|_| bucket.count > 0) else { return };
        let (x, bottom) = (area.x + column, area.y + area.height - 1);
        if bucket.max <= 0.0 {
            paint::cell(buffer, x, bottom, theme.sign(sign), if self.is_dimmed { theme.faint } else { theme.band });
        } else if self.level(bucket.max, area.height) > 8 {
            cut_out(buffer, (x, bottom), theme.sign(sign));
        }
    }

    /// A mark at the height of the ghost, beside the data or cut out of the inside of its bar, never on its top.
    fn draw_ghost(&self, area: Area, column: u16, value: f64, theme: &Theme, buffer: &mut Buffer) {
        let row = ((self.level(value, area.height) - 1) / 8).min(u32::from(area.height) - 1) as u16;
        let (x, y) = (area.x + column, area.y + area.height - 1 - row);
        let symbol = |y: u16| buffer.cell((x, y)).map_or(" ", |cell| cell.symbol()).chars().next().unwrap_or(' ');
        let is_free = |sign: char| sign == ' ' || sign == theme.sign('╌');
        let top = self.shown.get(usize::from(column)).and_then(Option::as_ref).filter(|bucket| bucket.count > 0);
        let top = top.map_or(0, |bucket| self.level(bucket.max, area.height));
        if top <= u32::from(row) * 8 {
            if is_free(symbol(y)) {
                paint::cell(buffer, x, y, theme.sign('∘'), theme.dim);
            }
        } else if top > u32::from(row) * 8 + 8 {
            cut_out(buffer, (x, y), theme.sign('∘'));
        }
    }

    /// Height in eighths of a cell, at least one for any value.
    fn level(&self, value: f64, height: u16) -> u32 {
        let share = self.scale.share(self.axis, value);
        ((share * f64::from(height) * 8.0).round() as u32).max(1)
    }

    fn draw_column(&self, area: Area, column: u16, bucket: &Bucket, theme: &Theme, buffer: &mut Buffer) {
        let x = area.x + column;
        let bottom = area.y + area.height - 1;
        if bucket.count > 0 && self.scale == Scale::Log && bucket.max <= 0.0 {
            return;
        }
        if bucket.count == 0 {
            let sign = if bucket.n_inf > 0 { '∞' } else { '×' };
            paint::cell(buffer, x, bottom, theme.sign(sign), theme.warn);
            return;
        }
        let (least, greatest) = (self.level(bucket.min, area.height), self.level(bucket.max, area.height));
        let is_bad = self.threshold.is_some_and(|line| if line.above_is_bad { bucket.max > line.value } else { bucket.min < line.value });
        let bright = if self.is_dimmed {
            theme.faint
        } else if is_bad {
            theme.error
        } else {
            theme.band
        };
        let muted = if self.is_dimmed { theme.faint } else { theme.fill };
        for row in 0..area.height {
            let base = u32::from(row) * 8;
            let eighths = greatest.saturating_sub(base).min(8);
            if eighths == 0 {
                break;
            }
            let is_whole_below_least = least >= base + 8 && area.height > 1 && greatest >= base + 16;
            // Cells between least and greatest value, but for the top, are lighter: both are seen without colour.
            let is_between = least <= base + 4 && greatest > base + 8;
            let style = if is_whole_below_least && !is_bad { muted } else { bright };
            let sign = if is_between { theme.band_sign() } else { theme.eighths()[eighths as usize - 1] };
            paint::cell(buffer, x, bottom - row, sign, style);
        }
    }

    fn draw_threshold(&self, area: Area, theme: &Theme, buffer: &mut Buffer) {
        let Some(line) = self.threshold.filter(|line| area.height > 1 && line.value > self.axis.0 && line.value <= self.axis.1) else {
            return;
        };
        let level = self.level(line.value, area.height);
        let row = (level.saturating_sub(1) / 8).min(u32::from(area.height) - 1) as u16;
        paint::fill(buffer, area.x, area.y + area.height - 1 - row, area.width, theme.sign('╌'), Style::new().patch(theme.faint));
    }
}

/// A sign in a cell that a bar fills: in reverse, so that the bar stays whole.
fn cut_out(buffer: &mut Buffer, (x, y): (u16, u16), sign: char) {
    let bar = buffer.cell((x, y)).map_or_else(Style::new, |cell| Style::new().fg(cell.fg));
    paint::cell(buffer, x, y, sign, bar.add_modifier(Modifier::REVERSED));
}

/// Counts as a one-row sparkline; a count above zero is always seen.
pub(super) fn counts(buffer: &mut Buffer, theme: &Theme, place: (u16, u16), cells: impl Iterator<Item = (u64, Style)>, greatest: u64) {
    for (column, (count, style)) in cells.enumerate() {
        if count > 0 {
            let eighths = (count as f64 / greatest.max(1) as f64 * 8.0).ceil().clamp(1.0, 8.0) as usize;
            paint::cell(buffer, place.0 + column as u16, place.1, theme.eighths()[eighths - 1], style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    fn bucket(min: f64, max: f64) -> Bucket {
        Bucket { min, max, mean: min, last: max, count: 2, n_nan: 0, n_inf: 0 }
    }

    fn screen(width: u16, height: u16, spark: &Spark<'_>) -> Vec<String> {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        spark.draw(Area { x: 0, y: 0, width, height }, &Theme::dark(), &mut buffer);
        (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect()).collect()
    }

    fn of<'a>(shown: &'a [Option<Bucket>], threshold: Option<&'a Threshold>) -> Spark<'a> {
        Spark { shown, ghost: &[], axis: (0.0, 8.0), scale: Scale::Linear, threshold, trust: &[], is_dimmed: false }
    }

    #[test]
    fn a_ghost_never_hides_the_top_of_a_bar() {
        let shown = [Some(bucket(8.0, 8.0)), Some(bucket(3.0, 3.0)), None, Some(bucket(2.0, 2.0))];
        let ghost = [Some(1.0), Some(2.0), Some(8.0), Some(6.0)];
        let spark = Spark { ghost: &ghost, ..of(&shown, None) };
        assert_eq!(screen(4, 2, &spark), ["█ ∘∘", "∘▆ ▄"]);
        assert_eq!(screen(4, 1, &spark), ["█▃∘▂"]);
    }

    #[test]
    fn what_has_no_logarithm_is_marked_at_the_floor() {
        let shown = [Some(bucket(0.0, 0.0)), Some(bucket(-2.0, -1.0)), Some(bucket(1.0, 1.0)), Some(bucket(0.0, 100.0))];
        let spark = Spark { axis: (1.0, 100.0), scale: Scale::Log, ..of(&shown, None) };
        assert_eq!(screen(4, 1, &spark), ["0<▁█"]);
        assert_eq!(screen(4, 2, &spark), ["   █", "0<▁0"]);
    }

    #[test]
    fn a_gap_stays_a_gap_and_a_spike_stays_a_spike() {
        let nan = Some(Bucket { min: 0.0, max: 0.0, mean: 0.0, last: 0.0, count: 0, n_nan: 1, n_inf: 0 });
        let shown = [Some(bucket(0.0, 0.0)), None, Some(bucket(0.0, 8.0)), nan, Some(bucket(4.0, 4.0))];
        let spark = of(&shown, None);
        assert_eq!(screen(5, 1, &spark), ["▁ █×▄"]);
        assert_eq!(screen(5, 2, &spark), ["  █  ", "▁ ▒×█"]);
    }

    #[test]
    fn between_two_samples_the_value_goes_on_but_never_over_a_gap() {
        let at = |value: f64| Some(bucket(value, value));
        let shown = [None, at(8.0), None, None, at(5.0), None, at(1.0), None];
        let (sound, stale) = (Trust::Sound, Trust::Stale);
        let trust = [Trust::Absent, sound, sound, sound, sound, stale, sound, sound];
        let spark = Spark { trust: &trust, ..of(&shown, None) };
        assert_eq!(screen(8, 2, &spark), [" █░░▂   ", " █░░█ ▂ "]);
        assert_eq!(screen(8, 1, &spark), [" ███▅ ▁ "]);
        let last = [at(8.0), None, None];
        let spark = Spark { trust: &[sound; 3], ..of(&last, None) };
        assert_eq!(screen(3, 1, &spark), ["█  "], "what comes next is not known");
    }

    #[test]
    fn a_bar_over_a_dim_limit_is_as_bright_as_elsewhere() {
        let line = Threshold { value: 4.0, above_is_bad: true, name: "r".into() };
        let shown = [Some(bucket(8.0, 8.0)), None];
        let mut buffer = Buffer::empty(Rect::new(0, 0, 2, 3));
        of(&shown, Some(&line)).draw(Area { x: 0, y: 0, width: 2, height: 3 }, &Theme::mono(), &mut buffer);
        let is_dim = |x: u16| buffer[(x, 1)].modifier.contains(Modifier::DIM);
        assert!(is_dim(1) && !is_dim(0));
    }

    #[test]
    fn a_threshold_is_a_line_where_there_is_room() {
        let line = Threshold { value: 8.0, above_is_bad: true, name: "r".into() };
        let shown = [Some(bucket(1.0, 1.0)), Some(bucket(8.0, 8.0))];
        let spark = of(&shown, Some(&line));
        assert_eq!(screen(2, 2, &spark), ["╌█", "▂█"]);
    }
}
