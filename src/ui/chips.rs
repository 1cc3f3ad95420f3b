//! The conditions on the list in its heading, one after the other; those that do not fit are counted.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use super::paint;
use super::theme::Theme;
use crate::app::State;
use crate::app::chips::Chip;

/// Chips are cut at this width: a long expression does not push the others out.
const MOST: usize = 40;

/// As it is drawn: `[level>=warn]`, `[off -GET]`, `[? level>=]` for a text that means nothing.
fn label(chip: &Chip) -> String {
    let words = if chip.words.width() <= MOST { chip.words.clone() } else { format!("{}…", paint::cut(&chip.words, MOST - 1)) };
    match (&chip.meaning, chip.is_off) {
        (Err(_), _) => format!("[? {words}]"),
        (Ok(_), true) => format!("[off {words}]"),
        (Ok(_), false) => format!("[{words}]"),
    }
}

/// Draws them between `from` and `end`; tells where the next words may stand.
pub(super) fn draw(state: &State, (from, y, end): (u16, u16, u16), theme: &Theme, buffer: &mut Buffer) -> u16 {
    let mut x = from;
    let chips = &state.list.chips;
    for (at, chip) in chips.iter().enumerate() {
        let label = label(chip);
        let more = format!("+{} F", chips.len() - at);
        let is_last = at + 1 == chips.len();
        let needed = label.width() as u16 + 1 + if is_last { 0 } else { more.width() as u16 + 1 };
        if x + needed > end {
            let room = end.saturating_sub(x);
            // The first is cut rather than left out: what filters must be seen.
            let words = if at == 0 && !is_last {
                format!("{}… {more}", paint::cut(&label, usize::from(room).saturating_sub(more.width() + 3)))
            } else if at == 0 {
                format!("{}…]", paint::cut(&label, usize::from(room).saturating_sub(3)))
            } else {
                more
            };
            return x + paint::put(buffer, x, y, room, &theme.signs(&words), theme.key) + 1;
        }
        let style = match (&chip.meaning, chip.is_off) {
            (Err(_), _) => theme.error,
            (Ok(_), true) => theme.dim,
            (Ok(_), false) => theme.key,
        };
        x += paint::put(buffer, x, y, end.saturating_sub(x), &theme.signs(&label), style) + 1;
    }
    x
}
