//! A series as a line of braille dots, two to a column and four to a row: finer than blocks, for shapes.
//!
//! Each half of a column is a stroke from its least to its greatest value, so a spike survives and the band is seen;
//! strokes are joined to the value before. Gap, NaN and infinity are told as in blocks.

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use super::paint;
use super::theme::Theme;
use crate::app::layout::Area;
use crate::app::panels::Threshold;
use crate::app::scale::Scale;
use crate::model::series::Bucket;

/// What to draw.
pub(super) struct Dots<'a> {
    /// Two cells a column.
    pub(super) fine: &'a [Option<Bucket>],
    pub(super) axis: (f64, f64),
    pub(super) scale: Scale,
    pub(super) threshold: Option<&'a Threshold>,
    pub(super) is_dimmed: bool,
    /// One of several in a panel; `None` where it is alone.
    pub(super) part: Option<(char, Style)>,
}

/// Bits of the dots of a cell, from the bottom up, left half and right half.
const BITS: [[u32; 4]; 2] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]];

impl Dots<'_> {
    /// Draws into an area whose width is the number of columns; what lies there gives way only where there are dots.
    pub(super) fn draw(&self, area: Area, theme: &Theme, buffer: &mut Buffer) {
        let mut before: Option<u32> = None;
        for column in 0..area.width {
            let mut cells = vec![0u32; usize::from(area.height)];
            let (mut is_bad, mut sign) = (false, None);
            for (half, bits) in BITS.iter().enumerate() {
                let bucket = self.fine.get(usize::from(column) * 2 + half).copied().flatten();
                let Some(bucket) = bucket else {
                    before = None;
                    continue;
                };
                if bucket.count == 0 {
                    sign = Some(if bucket.n_inf > 0 { '∞' } else { '×' });
                    before = None;
                    continue;
                }
                is_bad |=
                    self.threshold.is_some_and(|line| if line.above_is_bad { bucket.max > line.value } else { bucket.min < line.value });
                let (least, greatest) = (self.dot(bucket.min, area.height), self.dot(bucket.max, area.height));
                // Up or down to the value before, but not onto it: a step stays a step.
                let (from, to) = match before {
                    Some(before) if before > greatest => (least, before - 1),
                    Some(before) if before < least => (before + 1, greatest),
                    _ => (least, greatest),
                };
                for dot in from.min(least)..=to.max(greatest) {
                    cells[(dot / 4) as usize] |= bits[(dot % 4) as usize];
                }
                before = Some(self.dot(bucket.last, area.height));
            }
            let style = match (self.is_dimmed, is_bad, self.part) {
                (true, ..) => theme.faint,
                (false, _, Some((_, style))) => style,
                (false, true, None) => theme.error,
                (false, false, None) => theme.band,
            };
            let x = area.x + column;
            for (row, bits) in cells.iter().enumerate().filter(|(_, bits)| **bits != 0) {
                let y = area.y + area.height - 1 - row as u16;
                self.put((x, y), *bits, style, theme, buffer);
            }
            let is_blank = cells.iter().all(|bits| *bits == 0);
            if let Some(sign) = sign.filter(|_| is_blank) {
                paint::cell(buffer, x, area.y + area.height - 1, theme.sign(sign), theme.warn);
            }
        }
    }

    /// Dots in a cell. Those of another part stay, and then the cell has the colour of neither.
    fn put(&self, (x, y): (u16, u16), bits: u32, style: Style, theme: &Theme, buffer: &mut Buffer) {
        let sign = |bits: u32| char::from_u32(0x2800 + bits).unwrap_or('⣿');
        let there = buffer.cell((x, y)).and_then(|cell| cell.symbol().chars().next()).unwrap_or(' ');
        match (self.part, u32::from(there).checked_sub(0x2800).filter(|there| *there < 0x100)) {
            (Some(_), Some(there)) => paint::cell(buffer, x, y, sign(bits | there), theme.strong),
            _ => paint::cell(buffer, x, y, sign(bits), style),
        }
    }

    /// Writes the letter of a part on its line now and then, where no other line adds dots.
    pub(super) fn label(&self, (index, n): (u16, u16), area: Area, theme: &Theme, buffer: &mut Buffer) {
        /// From one letter of a line to its next.
        const EVERY: u16 = 16;
        let Some((letter, style)) = self.part else { return };
        let mut alone = Buffer::empty(buffer.area);
        self.draw(area, theme, &mut alone);
        let first = EVERY / 2 + index * EVERY / n.max(1);
        for column in (first % EVERY..area.width).step_by(usize::from(EVERY)) {
            let halves = (0..2).filter_map(|half| self.fine.get(usize::from(column) * 2 + half).copied().flatten());
            let Some(top) = halves.filter(|bucket| bucket.count > 0).map(|bucket| bucket.max).reduce(f64::max) else { continue };
            let (x, y) = (area.x + column, area.y + area.height - 1 - (self.dot(top, area.height) / 4) as u16);
            // Not where another line added dots: then the letter would say too much.
            let is_own = buffer[(x, y)].symbol() == alone[(x, y)].symbol();
            if is_own {
                paint::cell(buffer, x, y, letter, style.add_modifier(Modifier::BOLD));
            }
        }
    }

    /// The dot of a value, 0 at the bottom.
    fn dot(&self, value: f64, height: u16) -> u32 {
        let n = u32::from(height) * 4;
        ((self.scale.share(self.axis, value) * f64::from(n - 1)).round() as u32).min(n - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    #[expect(clippy::unnecessary_wraps, reason = "cells may be empty")]
    fn bucket(min: f64, max: f64, last: f64) -> Option<Bucket> {
        Some(Bucket { min, max, mean: min, last, count: 2, n_nan: 0, n_inf: 0 })
    }

    fn screen(width: u16, height: u16, fine: &[Option<Bucket>]) -> Vec<String> {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let dots = Dots { fine, axis: (0.0, 7.0), scale: Scale::Linear, threshold: None, is_dimmed: false, part: None };
        dots.draw(Area { x: 0, y: 0, width, height }, &Theme::dark(), &mut buffer);
        (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect()).collect()
    }

    #[test]
    fn a_spike_of_one_sample_is_a_stroke_to_the_top_and_a_gap_stays_one() {
        let flat = bucket(0.0, 0.0, 0.0);
        assert_eq!(screen(4, 1, &[flat, bucket(0.0, 7.0, 0.0), None, None, flat, flat, flat, flat]), ["⣸ ⣀⣀"]);
        assert_eq!(screen(2, 2, &[flat, bucket(0.0, 7.0, 0.0), flat, flat]), ["⢸ ", "⣸⣀"]);
    }

    #[test]
    fn the_band_runs_from_least_to_greatest_and_a_step_is_joined() {
        assert_eq!(screen(1, 2, &[bucket(2.0, 5.0, 5.0), bucket(5.0, 5.0, 5.0)]), ["⡤", "⠃"]);
        assert_eq!(screen(1, 2, &[bucket(0.0, 0.0, 0.0), bucket(7.0, 7.0, 7.0)]), ["⢸", "⡸"]);
    }

    #[test]
    fn lines_of_parts_carry_their_letters_and_never_that_of_another() {
        let theme = Theme::mono();
        let (width, height) = (40, 2);
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let (low, high) = (vec![bucket(0.0, 0.0, 0.0); 80], vec![bucket(7.0, 7.0, 7.0); 80]);
        let area = Area { x: 0, y: 0, width, height };
        let of = |fine, letter| Dots {
            fine,
            axis: (0.0, 7.0),
            scale: Scale::Linear,
            threshold: None,
            is_dimmed: false,
            part: Some((letter, Style::new())),
        };
        let lines = [of(&low, 'a'), of(&high, 'b'), of(&low, 'c')];
        for line in &lines {
            line.draw(area, &theme, &mut buffer);
        }
        for (index, line) in (0..).zip(&lines) {
            line.label((index, 3), area, &theme, &mut buffer);
        }
        let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        assert_eq!(row(0).matches('b').count(), 2, "{}", row(0));
        let n = |letter: char| row(1).matches(letter).count();
        assert!(n('a') > 0 && n('c') > 0 && n('b') == 0, "two lines on one place carry the letters of both: {}", row(1));
    }

    #[test]
    fn nan_is_a_cross_at_the_bottom() {
        let nan = Some(Bucket { count: 0, n_nan: 1, ..bucket(0.0, 0.0, 0.0).unwrap() });
        assert_eq!(screen(1, 2, &[nan, nan]), [" ", "×"]);
    }
}
