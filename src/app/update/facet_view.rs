//! `9`: the values of the events in sight that pass the filter. Its questions, keys and lines.

use std::fmt::Write as _;

use crate::app::jobs::Slot;
use crate::app::message::{Effect, Question};
use crate::app::side::{Choice, Fold, Ink, Side, SideItem, Tab};
use crate::app::state::State;
use crate::model::facets::{Facet, FacetPart, FacetQuery, FacetReach, Facets};
use crate::model::text;

use super::side_view;

/// Values of one key that stand at once; Enter lists more.
const SHOWN: usize = 5;
/// Cells of the bar of a share.
const BAR: usize = 8;

fn query(state: &State, part: FacetPart) -> FacetQuery {
    FacetQuery { filter: state.list.filter.clone(), range: state.timeline.visible, part, reach: FacetReach::Sample }
}

/// Asks while the pane is in sight: what is in columns at once, fields beside it.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let is_shown = state.side.tab == Tab::Facets && state.layout.side.width > 0 && state.catalog.n_events > 0;
    let version = state.catalog.version;
    for (slot, part) in [(Slot::FacetColumns, FacetPart::Columns), (Slot::FacetFields, FacetPart::Fields)] {
        let query = query(state, part);
        let is_wanted = is_shown && state.timeline.extent.is_some() && state.facets.stopped.as_ref() != Some(&query);
        state.jobs.sync(slot, is_wanted.then(|| Question::Facets(Box::new(query))), version, effects);
    }
}

/// Takes an answer; the selected value stays selected, wherever it stands now.
pub(super) fn take(state: &mut State, query: &FacetQuery, found: Facets) {
    state.facets.take(query, found);
    let selected = state.side.item_selected().filter(|_| state.side.tab == Tab::Facets).cloned();
    let Some(selected) = selected else { return };
    let mut coming = Side::default();
    lines(state, &mut coming, usize::from(u16::MAX));
    if let Some(place) = coming.items.iter().position(|item| *item == selected && *item != SideItem::Text) {
        state.side.select_coming(place);
    }
}

/// Stops counting; whether anything was counted.
pub(super) fn stop(state: &mut State, effects: &mut Vec<Effect>) -> bool {
    if state.side.tab != Tab::Facets || !state.jobs.is_waiting(Slot::FacetFields) {
        return false;
    }
    state.facets.stopped = Some(query(state, FacetPart::Fields));
    state.facets.progress = None;
    state.jobs.sync(Slot::FacetFields, None, 0, effects);
    state.data_revision += 1;
    state.say("counting stopped: another window or filter counts again");
    true
}

/// Makes the lines. O(values listed).
pub(super) fn lines(state: &State, side: &mut Side, width: usize) {
    if let Some(why) = state.jobs.error(Slot::FacetColumns).or(state.jobs.error(Slot::FacetFields)) {
        return side_view::advice(side, &format!("Values cannot be counted: {why}"), width);
    }
    let Some(n_events) = state.facets.n_events().filter(|_| state.catalog.n_events > 0) else {
        let words = match () {
            () if !state.has_catalog => "Nothing loaded yet.",
            () if state.catalog.n_events == 0 => "No log events, so no values. Open a folder with logs.",
            () if state.timeline.extent.is_none() => "No event has a time, so none is in sight.",
            () => "counting …",
        };
        return side_view::advice(side, words, width);
    };
    heading(state, side, n_events, width);
    if n_events == 0 {
        return side_view::advice(side, "No event in sight passes the filter: 0 shows the whole extent, F changes the filter.", width);
    }
    for (facet, of) in state.facets.all() {
        one(state, side, (facet, of), width);
    }
}

fn heading(state: &State, side: &mut Side, n_events: u64, width: usize) {
    let passing = if state.list.filter.is_empty() { "" } else { " that pass the filter" };
    let mut words = format!("{} events in sight{passing}", text::grouped(n_events));
    let fields = query(state, FacetPart::Fields);
    if state.jobs.is_waiting(Slot::FacetFields) {
        let share = state.facets.progress.map(crate::app::find::share_words).unwrap_or_default();
        words = format!("{words}; counting fields … {share}  Esc stops");
    } else if !state.facets.is_answered(&fields) {
        words.push_str("; fields are not counted");
    } else if !state.catalog.is_complete {
        words.push_str(" so far");
    }
    if let Some(n) = state.facets.sample() {
        let _ = write!(words, "; fields of a sample of {}", text::grouped(n));
    }
    side.head(vec![(Ink::Dim, words)], width);
}

fn one(state: &State, side: &mut Side, (facet, of): (&Facet, u64), width: usize) {
    let name = text::printable(facet.key.name()).into_owned();
    side.item(SideItem::Text);
    let different = match facet.n_values {
        Some(1) => "1 value".to_owned(),
        Some(n) => format!("{} values", text::grouped(n)),
        None => format!("more than {} different values: not listed", text::grouped(Facets::MOST_VALUES as u64)),
    };
    let part = if facet.n_events < of { format!("  in {} of the events", share(facet.n_events, of)) } else { String::new() };
    side.line(vec![(Ink::Strong, name), (Ink::Dim, format!("  {different}{part}"))]);
    let fold = Fold::Facet(facet.key.clone());
    let is_open = side.open.contains(&fold) || state.side.open.contains(&fold);
    let n_shown = if is_open { facet.values.len() } else { facet.values.len().min(SHOWN) };
    for value in facet.values.iter().take(n_shown) {
        let told = match (&value.label, value.value.is_empty()) {
            (Some(label), false) => format!("{} {}", value.value, label),
            (_, true) => "(none)".to_owned(),
            (None, false) => value.value.clone(),
        };
        side.item(SideItem::Value(Box::new(Choice { expr: facet.key.condition(&value.value), text: value.value.clone() })));
        let numbers = format!(" {:>5} {:>9}  ", share(value.count, of), text::grouped(value.count));
        let beginning = vec![(Ink::Normal, " ".to_owned()), (Ink::Mark, bar(value.count, of)), (Ink::Dim, numbers)];
        let used: usize = 1 + BAR + 18;
        let told = cut(&text::printable(&told), width.saturating_sub(used).max(8));
        side.line(beginning.into_iter().chain([(Ink::Normal, told)]).collect());
    }
    let listed = facet.values.len() - n_shown;
    let untold = facet.n_left_out().unwrap_or(0);
    if listed > 0 {
        side.item(SideItem::Fold(fold));
        let beyond = if untold > 0 { format!(" and {} that are not", text::grouped(untold)) } else { String::new() };
        side.line(vec![(Ink::Dim, format!("   + {} more values: Enter lists {listed}{beyond}", text::grouped(listed as u64 + untold)))]);
    } else if untold > 0 {
        side.item(SideItem::Text);
        side.line(vec![(Ink::Dim, format!("   {} more values are not listed", text::grouped(untold)))]);
    }
}

/// `34 %`; what is there is never 0.
fn share(part: u64, of: u64) -> String {
    match part as f64 / of.max(1) as f64 * 100.0 {
        0.0 => "0 %".to_owned(),
        ..1.0 => "<1 %".to_owned(),
        percent @ 99.0..100.0 => format!("{} %", percent.floor()),
        percent => format!("{percent:.0} %"),
    }
}

/// A share as cells, to the half of one; what is there has a thin line at least.
fn bar(part: u64, of: u64) -> String {
    let halves = ((part as f64 / of.max(1) as f64 * (2 * BAR) as f64).round() as usize).min(2 * BAR);
    let end = match (halves, halves % 2) {
        (0, _) if part > 0 => "▏",
        (_, 1) => "▌",
        _ => "",
    };
    format!("{}{end}{}", "█".repeat(halves / 2), " ".repeat(BAR - halves / 2 - end.chars().count()))
}

/// At most so many columns, `…` behind what was cut.
fn cut(words: &str, width: usize) -> String {
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
    if words.width() <= width {
        return words.to_owned();
    }
    let mut used = 1;
    let is_in = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= width
    };
    let kept: String = words.chars().take_while(is_in).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_shown_as_nothing_nor_a_part_as_all() {
        assert_eq!([share(1, 10_000), share(9_999, 10_000), share(1, 1), share(1, 3)], ["<1 %", "99 %", "100 %", "33 %"]);
        assert_eq!([bar(1, 10_000), bar(1, 2), bar(0, 2)], ["▏       ", "████    ", "        "]);
        assert_eq!(cut("漢字漢字", 5), "漢字…");
    }
}
