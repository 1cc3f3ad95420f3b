//! What a replay adds to the screen: the speed and what is wrong in the header, and the curtain over the lanes.

use ratatui::buffer::Buffer;

use super::paint;
use super::theme::Theme;
use crate::app::State;
use crate::app::layout::Lane;
use crate::app::replay::Replay;

/// `▶ ×60`, paused `‖ ×60`; and only the sign.
pub(super) fn head(replay: &Replay) -> (String, String) {
    let sign = if replay.is_playing() { "▶" } else { "‖" };
    (format!("{sign} {}", replay.speed_words()), sign.to_owned())
}

/// `2 firing  1 over`: alerts and limits that tell at the play head that something is wrong.
pub(super) fn warnings(state: &State) -> (String, String) {
    let (n_firing, n_over) = state.alarms();
    let told = |n: usize, word: &str| if n > 0 { format!("{n} {word}") } else { String::new() };
    let (firing, over) = (told(n_firing, "firing"), told(n_over, "over limit"));
    let both = [firing.as_str(), over.as_str()].into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join("  ");
    let short = if n_firing + n_over > 0 { format!("⚠{}", n_firing + n_over) } else { String::new() };
    (both, short)
}

/// Cells of the texture are so far apart that it is seen and does not disturb.
const THREADS: u16 = 4;

/// Draws the curtain right of the cursor: what lies there is hidden, not absent.
pub(super) fn draw_curtain(state: &State, theme: &Theme, buffer: &mut Buffer) {
    if !state.has_curtain() {
        return;
    }
    let layout = &state.layout;
    let end = layout.label_width + layout.lanes_width;
    let after = |column: Option<usize>| column.map_or(end, |column| layout.label_width + column as u16 + 1);
    let (head, overview_head) = (after(state.timeline.cursor_column()), after(state.lanes.overview_cursor));
    let lanes = layout.lanes.iter().filter(|(lane, ..)| *lane != Lane::Ruler);
    let lanes = lanes.flat_map(|(lane, y, height)| {
        let from = if *lane == Lane::Overview { overview_head } else { head };
        (*y..*y + *height).map(move |y| (y, from))
    });
    for (y, from) in lanes.chain(layout.panel_rows().map(|y| (y, head))) {
        for x in from..end {
            let is_free = |x: u16| x >= end || matches!(buffer[(x, y)].symbol(), " " | "·" | ".");
            if (x + 2 * y) % THREADS == 0 && buffer[(x, y)].symbol() == " " && is_free(x - 1) && is_free(x + 1) {
                paint::cell(buffer, x, y, theme.sign('·'), theme.faint);
            }
        }
    }
}
