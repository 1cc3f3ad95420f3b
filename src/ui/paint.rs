//! Small helpers that put text into cells and keep wide characters inside their columns.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Puts text at a place, at most `width` columns; cut text ends in `…`. Tells the columns used.
pub(crate) fn put(buffer: &mut Buffer, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
    let room = width.min(buffer.area.width.saturating_sub(x));
    if y >= buffer.area.height || room == 0 {
        return 0;
    }
    let style = over(style);
    if text.width() <= usize::from(room) {
        let (end, _) = buffer.set_stringn(x, y, text, usize::from(room), style);
        return end - x;
    }
    let (mut end, _) = buffer.set_stringn(x, y, cut(text, usize::from(room) - 1), usize::from(room) - 1, style);
    end += buffer.set_stringn(end, y, "…", 1, style).0 - end;
    end - x
}

/// The style without what a line drawn there before would lend it.
fn over(style: Style) -> Style {
    let style = if style.fg.is_none() { style.fg(Color::Reset) } else { style };
    if style.add_modifier.contains(Modifier::DIM) { style } else { style.remove_modifier(Modifier::DIM) }
}

/// The longest beginning of at most `width` columns, never inside a grapheme.
pub(crate) fn cut(text: &str, width: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > width {
            return &text[..at];
        }
    }
    text
}

/// Puts text so that it ends at `x + width`.
pub(crate) fn put_right(buffer: &mut Buffer, x: u16, y: u16, width: u16, text: &str, style: Style) {
    let used = (text.width() as u16).min(width);
    put(buffer, x + width - used, y, used, text, style);
}

/// Puts several words one after the other; tells the columns used.
pub(crate) fn put_words(buffer: &mut Buffer, x: u16, y: u16, width: u16, words: &[(&str, Style)]) -> u16 {
    let mut used = 0;
    for (word, style) in words {
        if used >= width {
            break;
        }
        used += put(buffer, x + used, y, width - used, word, *style);
    }
    used
}

/// Sets one cell; what was drawn there before lends it no dimness.
pub(crate) fn cell(buffer: &mut Buffer, x: u16, y: u16, sign: char, style: Style) {
    if x < buffer.area.width && y < buffer.area.height {
        let cell = &mut buffer[(x, y)];
        cell.set_char(sign);
        cell.set_style(over(style));
    }
}

/// Fills a row with one sign.
pub(crate) fn fill(buffer: &mut Buffer, x: u16, y: u16, width: u16, sign: char, style: Style) {
    for column in 0..width {
        cell(buffer, x + column, y, sign, style);
    }
}

/// Adds a style to cells that are drawn already.
pub(crate) fn tint(buffer: &mut Buffer, x: u16, y: u16, width: u16, style: Style) {
    if y >= buffer.area.height {
        return;
    }
    for column in x..(x + width).min(buffer.area.width) {
        buffer[(column, y)].set_style(style);
    }
}

/// `8.2M`, `1 204`, for counts where the order of magnitude matters.
pub(crate) fn compact(n: u64) -> String {
    let scaled = |factor: f64, unit: &str| {
        let value = n as f64 / factor;
        if value < 100.0 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
    };
    match n {
        ..100_000 => crate::model::text::grouped(n),
        100_000..1_000_000 => scaled(1e3, "k"),
        1_000_000..1_000_000_000 => scaled(1e6, "M"),
        _ => scaled(1e9, "G"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    fn line(width: u16, draw: impl FnOnce(&mut Buffer) -> u16) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        draw(&mut buffer);
        let mut out = String::new();
        let mut skip = 0;
        for cell in &buffer.content {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            out.push_str(cell.symbol());
            skip = cell.symbol().width().saturating_sub(1);
        }
        out
    }

    #[test]
    fn a_wide_character_is_never_cut_in_half() {
        assert_eq!(line(6, |buffer| put(buffer, 0, 0, 4, "漢字漢", Style::new())), "漢…   ");
        assert_eq!(line(6, |buffer| put(buffer, 0, 0, 6, "漢字漢", Style::new())), "漢字漢");
        let right = |buffer: &mut Buffer| {
            put_right(buffer, 0, 0, 4, "ab", Style::new());
            0
        };
        assert_eq!(line(4, right), "  ab");
    }

    #[test]
    fn counts_read_short() {
        assert_eq!([compact(1_204), compact(8_234_567), compact(123_456)], ["1 204", "8.2M", "123k"]);
    }
}
