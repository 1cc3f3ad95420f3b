//! From one screen to the next in as few bytes as are easily found. Pure: cells in, bytes out.
//!
//! Nothing changed means no byte. Styles are changed, not set anew; a short gap on the same row is skipped, blanks at the
//! end of a row are erased. After a sign whose width terminals disagree about (emoji, combining marks) the column is said
//! again, so that the rest of the row stays in place.

use std::io::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// Begins a frame that terminals show at once (DEC private mode 2026).
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Whether the terminal still shows what was drawn last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It does.
    Shown,
    /// It may show anything: everything is erased and drawn.
    Stale,
}

/// Appends what turns `before` into `after`; both have one size. Appends nothing when there is nothing to do.
pub fn encode(before: &Buffer, after: &Buffer, known: Known, out: &mut Vec<u8>) {
    let blank;
    let start = out.len();
    let before = match known {
        Known::Shown => before,
        Known::Stale => {
            blank = Buffer::empty(after.area);
            &blank
        }
    };
    let mut pen = Pen { at: None, style: PLAIN, out };
    pen.out.extend_from_slice(BEGIN);
    if known == Known::Stale {
        pen.out.extend_from_slice(b"\x1b[m\x1b[2J");
    }
    let written = pen.out.len();
    for y in after.area.y..after.area.height {
        encode_row(before, after, y, &mut pen);
    }
    if pen.out.len() == written && known == Known::Shown {
        pen.out.truncate(start);
        return;
    }
    pen.set_style(PLAIN);
    pen.out.extend_from_slice(END);
}

/// Columns of a cell's sign, at least one.
fn columns(cell: &Cell) -> u16 {
    cell.symbol().width().clamp(1, 8) as u16
}

/// What differs in a row. Where a wide sign lay of which only a part is written over, the rest is written too: terminals
/// show there what they like.
fn encode_row(before: &Buffer, after: &Buffer, y: u16, pen: &mut Pen<'_>) {
    let width = after.area.width;
    let (mut x, mut unsure_until) = (0, 0);
    while x < width {
        let cell = &after[(x, y)];
        let end = (x + columns(cell)).min(width);
        if x < unsure_until || before[(x, y)] != *cell {
            if is_blank(cell) && width - x > 4 && (x..width).all(|column| is_blank(&after[(column, y)])) {
                pen.go_to(x, y);
                pen.set_style(PLAIN);
                pen.out.extend_from_slice(b"\x1b[K");
                return;
            }
            pen.put(x, y, cell);
            let hidden = (x..end).map(|column| column + columns(&before[(column, y)])).max().unwrap_or(end);
            unsure_until = unsure_until.max(hidden).max(end);
        }
        x = end;
    }
}

type CellStyle = (Color, Color, Modifier);

const PLAIN: CellStyle = (Color::Reset, Color::Reset, Modifier::empty());

fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && (cell.fg, cell.bg, cell.modifier) == (cell.fg, Color::Reset, Modifier::empty())
}

/// Where the cursor of the terminal is and what it writes with.
struct Pen<'a> {
    at: Option<(u16, u16)>,
    style: CellStyle,
    out: &'a mut Vec<u8>,
}

impl Pen<'_> {
    fn put(&mut self, x: u16, y: u16, cell: &Cell) {
        self.go_to(x, y);
        let symbol = cell.symbol();
        // The colour of a blank is not seen.
        let fg = if symbol == " " && !cell.modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED) { self.style.0 } else { cell.fg };
        self.set_style((fg, cell.bg, cell.modifier));
        self.out.extend_from_slice(symbol.as_bytes());
        let mut chars = symbol.chars();
        let is_sure = chars.next().is_some() && chars.next().is_none() && symbol.width() == 1;
        self.at = is_sure.then_some((x + 1, y));
    }

    fn go_to(&mut self, x: u16, y: u16) {
        // A buffer of bytes takes everything.
        let _ = match self.at {
            Some(at) if at == (x, y) => Ok(()),
            Some((column, row)) if row == y && column < x => match x - column {
                1 => self.out.write_all(b"\x1b[C"),
                n => write!(self.out, "\x1b[{n}C"),
            },
            Some((_, row)) if x == 0 && y == row + 1 => self.out.write_all(b"\r\n"),
            _ => write!(self.out, "\x1b[{};{}H", y + 1, x + 1),
        };
        self.at = Some((x, y));
    }

    /// Only what differs, in one sequence.
    fn set_style(&mut self, style: CellStyle) {
        if style == self.style {
            return;
        }
        let (fg, bg, modifier) = style;
        let mut codes = Vec::with_capacity(4);
        if style != PLAIN {
            let old = self.style.2;
            // One code ends both weights; and terminals differ in whether they add up, so they are always set in one order.
            let weights = Modifier::BOLD | Modifier::DIM;
            let is_weight_new = old.intersects(weights) && old & weights != modifier & weights;
            if is_weight_new {
                codes.push("22".to_owned());
            }
            for (flag, on, off) in MODIFIERS {
                let is_kept = old.contains(flag) && !(is_weight_new && weights.contains(flag));
                if modifier.contains(flag) && !is_kept {
                    codes.push(on.to_string());
                } else if is_kept && !modifier.contains(flag) {
                    codes.push(off.to_string());
                }
            }
            if fg != self.style.0 {
                codes.push(colour(fg, 30));
            }
            if bg != self.style.1 {
                codes.push(colour(bg, 40));
            }
        }
        let _ = write!(self.out, "\x1b[{}m", codes.join(";"));
        self.style = style;
    }
}

const MODIFIERS: [(Modifier, u8, u8); 6] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::REVERSED, 7, 27),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// `base` is 30 for letters and 40 for what is behind them.
fn colour(color: Color, base: u8) -> String {
    let plain = |n: u8| (base + n).to_string();
    let bright = |n: u8| (base + 60 + n).to_string();
    match color {
        Color::Reset => plain(9),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(index) => format!("{};5;{index}", base + 8),
        Color::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", base + 8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    fn screen(lines: &[(&str, Style)]) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 3));
        for (y, (text, style)) in lines.iter().enumerate() {
            buffer.set_string(0, y as u16, text, *style);
        }
        buffer
    }

    fn bytes(before: &Buffer, after: &Buffer, known: Known) -> String {
        let mut out = Vec::new();
        encode(before, after, known, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn what_did_not_change_costs_no_byte() {
        let screen = screen(&[("a line", Style::new().fg(Color::Red)), ("漢字", Style::new())]);
        assert_eq!(bytes(&screen, &screen.clone(), Known::Shown), "");
        assert!(bytes(&screen, &screen.clone(), Known::Stale).contains("a line"));
    }

    #[test]
    fn only_what_changed_is_written_and_blanks_at_the_end_are_erased() {
        let before = screen(&[("one two", Style::new())]);
        let frame = |after: &Buffer| {
            let text = bytes(&before, after, Known::Shown);
            text.trim_start_matches("\x1b[?2026h").trim_end_matches("\x1b[?2026l").to_owned()
        };
        assert_eq!(frame(&screen(&[("one 2wo", Style::new())])), "\x1b[1;5H2");
        assert_eq!(frame(&screen(&[("1ne tw0", Style::new())])), "\x1b[1;1H1\x1b[5C0");
        assert_eq!(frame(&screen(&[("", Style::new())])), "\x1b[1;1H\x1b[K");
        assert_eq!(frame(&screen(&[("One two", Style::new().fg(Color::Indexed(9)))])).matches("38;5;9").count(), 1);
    }

    #[test]
    fn after_a_sign_of_doubtful_width_the_column_is_said_again() {
        let after = screen(&[("e\u{301}x👩‍🚀y漢z", Style::new())]);
        let text = bytes(&Buffer::empty(after.area), &after, Known::Shown);
        assert!(text.contains("e\u{301}\x1b[1;2Hx👩‍🚀\x1b[1;5Hy漢\x1b[1;8Hz"), "{text:?}");
    }

    fn any_screen() -> impl Strategy<Value = Buffer> {
        let style = (0u8..4, 0u8..3, 0u16..512).prop_map(|(fg, bg, bits)| {
            let colours = [Color::Reset, Color::Indexed(203), Color::LightRed, Color::Rgb(1, 2, 3)];
            let supported = Modifier::BOLD | Modifier::DIM | Modifier::ITALIC | Modifier::UNDERLINED | Modifier::REVERSED;
            Style::new()
                .fg(colours[usize::from(fg)])
                .bg(colours[usize::from(bg)])
                .add_modifier(Modifier::from_bits_truncate(bits) & supported)
        });
        proptest::collection::vec((0u16..12, 0u16..3, "[ab 漢é]{0,6}", style), 0..8).prop_map(|words| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 3));
            for (x, y, text, style) in words {
                buffer.set_string(x, y, &text, style);
            }
            buffer
        })
    }

    /// What a terminal shows, with styles.
    fn shown(terminal: &vt100::Parser) -> Vec<String> {
        let cell = |row, column| {
            let cell = terminal.screen().cell(row, column).expect("on the screen");
            let ink = if cell.contents().trim().is_empty() && !cell.inverse() { vt100::Color::Default } else { cell.fgcolor() };
            let text = if cell.contents().is_empty() && !cell.is_wide_continuation() { " " } else { cell.contents() };
            format!("{text:?} {ink:?} {:?} {} {} {} {}", cell.bgcolor(), cell.bold(), cell.italic(), cell.underline(), cell.inverse())
        };
        (0..3).flat_map(|row| (0..12).map(move |column| (row, column))).map(|(row, column)| cell(row, column)).collect()
    }

    proptest! {
        #[test]
        fn a_terminal_shows_the_same_whether_it_got_the_change_or_the_whole(before in any_screen(), after in any_screen()) {
            let cells = |n| std::num::NonZeroU16::new(n).expect("not 0");
            let terminal = || vt100::Parser::new(cells(3), cells(12), 0);
            let (mut changed, mut whole) = (terminal(), terminal());
            changed.process(bytes(&before, &before, Known::Stale).as_bytes());
            changed.process(bytes(&before, &after, Known::Shown).as_bytes());
            whole.process(bytes(&after, &after, Known::Stale).as_bytes());
            prop_assert_eq!(shown(&changed), shown(&whole));
        }
    }
}
