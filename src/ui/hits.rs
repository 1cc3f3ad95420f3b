//! The lane of hits: how many events of each column the find hits, and which of them the cursor is on.

use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::theme::Theme;
use super::{lanes, paint, spark};
use crate::app::State;
use crate::app::jobs::Slot;
use crate::app::lanes::LevelCounts;

/// Draws it.
pub(super) fn draw(state: &State, y: u16, theme: &Theme, buffer: &mut Buffer) {
    let Some(find) = &state.list.find else { return };
    lanes::label(state, y, "hits", theme, buffer);
    let (x, width) = (state.layout.label_width, state.layout.lanes_width);
    let total = |counts: &LevelCounts| counts.iter().sum::<u64>();
    let greatest = state.lanes.hits.iter().flatten().map(total).max().unwrap_or(0);
    if let Some(why) = state.jobs.error(Slot::FindTotal).or(state.jobs.error(Slot::Hits)) {
        paint::put(buffer, x, y, width, &format!("no answer: {why}"), theme.error);
    } else if find.is_stopped {
        paint::put(buffer, x, y, width, "stopped before the end; / starts anew", theme.dim);
    } else if greatest > 0 {
        let style = if state.lanes.is_hits_stale { theme.faint } else { theme.mark };
        let cells = state.lanes.hits.iter().map(|cell| cell.as_ref().map_or((0, Style::new()), |counts| (total(counts), style)));
        spark::counts(buffer, theme, (x, y), cells, greatest);
    } else if let Some(progress) = find.progress.filter(|_| find.total.is_none()) {
        let words = format!("looking {}, Esc stops", crate::app::find::share_words(progress));
        paint::put(buffer, x, y, width, &words, theme.dim);
    } else if find.total == Some(0) {
        paint::put(buffer, x, y, width, "no event", theme.dim);
    } else if find.total.is_some() && !state.lanes.is_hits_stale {
        paint::put(buffer, x, y, width, "none here; n and N go to them", theme.dim);
    }
    lanes::value(state, y, &find.count_words(), theme.mark, theme, buffer);
}
