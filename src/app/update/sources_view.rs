//! The sources as lines of the side pane: format, records, zone, clock, problems.

use unicode_width::UnicodeWidthStr;

use crate::app::actions::Action;
use crate::app::session::CasePlace;
use crate::app::side::{Ink, Side, SideItem, Tab};
use crate::app::state::State;
use crate::model::{SourceReport, ZoneCertainty, offset, text};

use super::action::show_tab;
use super::side_view::{advice, prepare};
use super::zone_view;

/// From here on the zone of each source has a column.
const WIDE: usize = 64;

/// ` 34 %` of a source that is being read.
fn progress_words(source: &SourceReport) -> String {
    if source.is_complete {
        return String::new();
    }
    match source.read_bytes.saturating_mul(100).checked_div(source.size_bytes) {
        Some(share) if source.read_bytes > 0 => format!(" {share} %"),
        _ => " waits".to_owned(),
    }
}

/// An estimate has two digits.
fn rounded(n: u64) -> u64 {
    let unit = 10u64.pow(n.checked_ilog10().unwrap_or(0).saturating_sub(1));
    (n + unit / 2) / unit * unit
}

/// One item a source: what it was taken for, its zone and clock, its problems.
pub(super) fn lines(state: &State, side: &mut Side, width: usize) {
    if state.has_curtain() {
        side.head(vec![(Ink::Dim, "counts and problems of whole files are behind the curtain".into())], width);
    }
    heading(state, side, width);
    // Columns are as wide as what stands in them, so that they line up and stay near each other.
    let widest = |width: &dyn Fn(&SourceReport) -> usize| state.catalog.sources.iter().map(width).max().unwrap_or(0);
    let format_width =
        widest(&|source| text::printable(&source.format).width()).clamp(8, if width >= WIDE { 24 } else { (width / 3).max(8) });
    let count_width = widest(&|source| text::grouped(source.n_records).width());
    // In a narrow pane names matter more; what is unsure or said by the user has a line of its own there as well.
    let zone_word = |source: &SourceReport| if width >= WIDE { format!("  {}", zone_view::word(source)) } else { String::new() };
    let zone_width = widest(&|source| zone_word(source).width());
    let longest = widest(&|source| text::printable(&source.path).width());
    let name_width = longest.min(width.saturating_sub(format_width + count_width + zone_width + 6)).max(12);
    for source in &state.catalog.sources {
        side.item(SideItem::Text);
        let ink = if source.problems.total() > 0 { Ink::Warn } else { Ink::Good };
        let state_mark = progress_words(source);
        side.line(vec![
            (ink, if source.problems.total() > 0 { "! ".into() } else { "  ".into() }),
            (Ink::Strong, crate::app::side::fit(&text::printable(&source.path), name_width)),
            (Ink::Dim, format!("  {}", crate::app::side::fit_start(&text::printable(&source.format), format_width))),
            (
                Ink::Normal,
                format!(
                    "  {:>count_width$}{state_mark}",
                    if state.has_curtain() { String::new() } else { text::grouped(source.n_records) }
                ),
            ),
            (Ink::Dim, zone_word(source)),
        ]);
        if let Some(preview) = &source.preview {
            let words = format!("    about {} more to be read", text::grouped(rounded(preview.n_records)));
            side.line(vec![(Ink::Dim, words)]);
        }
        if source.clock_ns != 0 {
            let key = state.keymap.key_of(Action::ClockOffset);
            side.line(vec![(Ink::Mark, format!("    clock {}", offset::text(source.clock_ns))), (Ink::Dim, format!("  {key} changes it"))]);
        }
        if let Some(words) = zone_view::sentence(state, source) {
            let ink = if source.zone.certainty == ZoneCertainty::Default { Ink::Warn } else { Ink::Mark };
            side.folded(vec![(Ink::Dim, "    ".into())], (ink, &words), width);
        }
        if source.is_complete && source.n_records == 0 && !state.has_curtain() && !source.why.is_empty() {
            side.folded(vec![(Ink::Dim, "    ".into())], (Ink::Dim, &text::printable(&source.why)), width);
        }
        if source.n_unplaced > 0 {
            side.line(vec![(Ink::Warn, format!("    {} records have no time; :unplaced lists them", text::grouped(source.n_unplaced)))]);
        }
        for problem in source.problems.kept().iter().take(3) {
            let words = format!("line {}: {}", problem.line, text::printable(&problem.reason));
            side.folded(vec![(Ink::Dim, "    ".into())], (Ink::Dim, &words), width);
        }
        for remark in &source.remarks {
            side.folded(vec![(Ink::Dim, "    ".into())], (Ink::Dim, &text::printable(remark)), width);
        }
        let more = source.problems.total().saturating_sub(3);
        if more > 0 {
            side.line(vec![(Ink::Dim, format!("    and {} more", text::grouped(more)))]);
        }
    }
    if state.catalog.sources.is_empty() {
        advice(side, "No sources here. Start with coroner DIR or the names of files; coroner demo opens a recorded outage.", width);
    }
    said(state, side, width);
}

/// What holds for all sources: how they are read for now, and why nothing is saved.
fn heading(state: &State, side: &mut Side, width: usize) {
    if state.session.is_reading_unkept() {
        let key = state.keymap.key_of(Action::Save);
        let words = format!("read as the flags say, for now: case.toml keeps it with your first note, or with {key}");
        side.head(vec![(Ink::Warn, words)], width);
    }
    match (state.session.unsaved_reason(), &state.session.place) {
        (Some(why), _) => side.head(vec![(Ink::Error, format!("not saved: {}", text::printable(why)))], width),
        (None, CasePlace::Nowhere(why)) => side.head(vec![(Ink::Warn, format!("read-only: {}", text::printable(why)))], width),
        (None, CasePlace::Saved(_)) => {}
    }
}

/// What was said before, the newest first. Behind the curtain it could tell what is still to come.
fn said(state: &State, side: &mut Side, width: usize) {
    if state.said.is_empty() || state.has_curtain() {
        return;
    }
    for (index, word) in state.said.newest_first().enumerate() {
        side.item(SideItem::Text);
        if index == 0 {
            side.line(vec![(Ink::Strong, "said so far, the newest first".into())]);
        }
        let (sign, ink) = if word.is_bad { ("! ", Ink::Error) } else { ("· ", Ink::Dim) };
        let times = if word.n_times > 1 { format!("  ×{}", word.n_times) } else { String::new() };
        side.folded(vec![(ink, sign.into())], (Ink::Normal, &format!("{}{times}", text::printable(&word.text))), width);
    }
}

/// Shows the sources and, below them, what was said so far.
pub(super) fn messages(state: &mut State) {
    show_tab(state, Tab::Sources);
    prepare(state);
    state.side.begin_at(state.catalog.sources.len().max(1));
}
