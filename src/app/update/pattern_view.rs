//! The pattern pane: its questions, its keys, and its lines.

use crate::app::jobs::Slot;
use crate::app::message::{Effect, Question};
use crate::app::patterns::{COURSE_COLUMNS, MAX_SHOWN, Mark, course_question, filter_of};
use crate::app::side::{Ink, Side, SideItem, Tab};
use crate::app::state::State;
use crate::model::query::{Pattern, PatternQuery, PatternStatus};
use crate::model::{Level, TimeRange, text};

use super::{compare_view, filter, side_view};

/// Lines that one template may take.
const TEMPLATE_LINES: usize = 3;
/// From here on times and services stand beside the numbers.
const WIDE: usize = 76;

/// Where the windows meet: at T+0, else at the cursor.
pub(super) fn mark(state: &State) -> Mark {
    state.t0().map_or(Mark::Cursor(state.timeline.cursor), Mark::T0)
}

/// What is compared: the baseline, or all before the mark; and from the mark to the end of what is visible.
fn windows(state: &State) -> Option<(TimeRange, TimeRange)> {
    let extent = state.timeline.extent?;
    let at = mark(state).at().clamp(extent.start(), extent.end());
    let baseline = state.baseline().filter(|range| matches!(mark(state), Mark::T0(_)) && range.end() <= at);
    let before = baseline.unwrap_or(TimeRange::new(extent.start(), at));
    let visible_end = state.timeline.visible.end();
    let after = TimeRange::new(at, if visible_end > at { visible_end.min(extent.end()) } else { extent.end() });
    (!before.is_empty() && !after.is_empty()).then_some((before, after))
}

/// Asks while the pane is in sight.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let is_shown = state.side.tab == Tab::Patterns && state.layout.side.width > 0 && state.catalog.n_events > 0;
    let filter = filter_of(&state.list.filter);
    let query = PatternQuery { filter: filter.clone(), range: None, windows: windows(state) };
    let version = state.catalog.version;
    state.jobs.sync(Slot::Patterns, is_shown.then_some(Question::Patterns(query)), version, effects);
    let has_time = is_shown && state.timeline.extent.is_some();
    let course = has_time.then(|| Question::Histogram(course_question(filter, state.timeline.visible)));
    state.jobs.sync(Slot::PatternCourses, course, version, effects);
}

/// Takes an answer; the selected pattern stays selected, wherever it stands now.
pub(super) fn take(state: &mut State, query: &PatternQuery, found: Vec<Pattern>) {
    let selected = match state.side.item_selected() {
        Some(SideItem::Pattern(id)) if state.side.tab == Tab::Patterns => Some(*id),
        _ => None,
    };
    state.patterns.take(query, found);
    let shown = state.patterns.found.iter().flatten().take(MAX_SHOWN);
    if let Some(place) = selected.and_then(|id| shown.into_iter().position(|pattern| pattern.id == id)) {
        state.side.select_coming(place);
    }
}

/// `r`: the next order.
pub(super) fn next_order(state: &mut State) {
    match state.side.tab {
        Tab::Patterns if state.layout.side.width > 0 => {}
        Tab::Compare if state.layout.side.width > 0 => return compare_view::next_order(state),
        _ => return state.say("only the patterns (8) and the differences (b) have orders to choose from"),
    }
    state.patterns.next_order();
    state.data_revision += 1;
    state.side.select(0);
    state.say(format!("patterns by {}", order_words(state)));
}

/// Enter: keeps only the events of the pattern; once they are, goes to the first of them.
pub(super) fn open(state: &mut State, id: u32) -> Vec<Effect> {
    let filters = filter::with_pattern(state, id);
    if filters == filter::saved(state) {
        match state.patterns.get(id).and_then(|pattern| pattern.first) {
            Some(at) => state.jump_to(at),
            None => state.say("no event of this pattern has a time"),
        }
        return Vec::new();
    }
    let effects = filter::set(state, &format!("only pattern {id}"), filters);
    state.say(format!("only pattern {id}; Enter again goes to its first event, F changes the filter"));
    effects
}

fn order_words(state: &State) -> String {
    let order = state.patterns.order.name();
    match mark(state) {
        Mark::T0(_) => format!("{order} around T+0"),
        Mark::Cursor(at) => format!("{order} around the cursor {}", state.clock.short(at)),
    }
}

/// Makes the lines. O(patterns shown).
pub(super) fn lines(state: &State, side: &mut Side, width: usize) {
    let Some(found) = state.patterns.found.as_deref().filter(|_| state.catalog.n_events > 0) else {
        let words = match state.jobs.error(Slot::Patterns) {
            Some(why) => format!("Patterns cannot be found: {why}. 7 shows the sources."),
            None if !state.has_catalog => "Nothing loaded yet. Patterns appear with the first log; keys work already.".into(),
            None if state.catalog.n_events == 0 && !state.catalog.is_complete => {
                "No log events so far. Patterns appear with the first log.".into()
            }
            None if state.catalog.n_events == 0 => "No log events, so no patterns. Open a folder with logs.".into(),
            None => "looking for patterns …".into(),
        };
        return side_view::advice(side, &words, width);
    };
    if found.is_empty() {
        return side_view::advice(side, "No event passes the filter, so there are no patterns. F changes it.", width);
    }
    side.head(vec![(Ink::Dim, heading(state, found.len()))], width);
    for pattern in found.iter().take(MAX_SHOWN) {
        one(state, side, pattern, width);
    }
    if found.len() > MAX_SHOWN {
        let more = text::grouped((found.len() - MAX_SHOWN) as u64);
        side_view::advice(side, &format!("and {more} more: & keeps fewer events, r changes the order"), width);
    }
}

fn heading(state: &State, n: usize) -> String {
    let length = |range: TimeRange| text::whole_duration((range.len_ns() / 1_000_000_000).unsigned_abs());
    let compared = state.patterns.windows.map_or_else(
        || "; t 0 or a later cursor compares".to_owned(),
        |(before, after)| format!(": {} before, {} after", length(before), length(after)),
    );
    let of = if filter_of(&state.list.filter).is_empty() { "" } else { " of what passes the filter" };
    format!("{} by {}{compared}{of}", text::grouped(n as u64), order_words(state))
}

fn one(state: &State, side: &mut Side, pattern: &Pattern, width: usize) {
    side.item(SideItem::Pattern(pattern.id));
    let is_wide = width >= WIDE;
    let level = if pattern.level == Level::Unknown { String::new() } else { pattern.level.name().to_uppercase() };
    let (sign, ink) = match pattern.status {
        PatternStatus::Born => ("▲ born", Ink::Error),
        PatternStatus::Surged => ("▲ surged", Ink::Warn),
        PatternStatus::Died => ("▼ died", Ink::Mark),
        PatternStatus::Steady => ("  steady", Ink::Dim),
    };
    let mut words = vec![
        (ink, format!("{sign:<9}")),
        (level_ink(pattern.level), format!("{level:<6}")),
        (Ink::Strong, format!("{:>9} ", text::grouped(pattern.count))),
    ];
    let course = state.patterns.courses.get(&pattern.id).map_or_else(|| " ".repeat(COURSE_COLUMNS.get()), |counts| spark(counts));
    if width >= 24 + COURSE_COLUMNS.get() {
        words.push((Ink::Normal, course));
    }
    let beside = [(Ink::Time, format!("  {}", times(state, pattern))), (Ink::Dim, format!("  {}", services(pattern)))];
    if is_wide {
        words.extend(beside.clone());
    }
    side.line(words);
    let template = text::printable(&pattern.template);
    let room = width.saturating_sub(2).max(8) * TEMPLATE_LINES;
    let cut = match template.char_indices().nth(room) {
        Some((at, _)) => format!("{}…", &template[..at]),
        None => template.into_owned(),
    };
    let cut = if cut.is_empty() { "(no words)".to_owned() } else { cut };
    side.folded(vec![(Ink::Normal, "  ".into())], (Ink::Normal, &cut), width);
    if !is_wide {
        side.line(beside.to_vec());
    }
}

fn level_ink(level: Level) -> Ink {
    match level {
        Level::Error | Level::Fatal => Ink::Error,
        Level::Warn => Ink::Warn,
        _ => Ink::Dim,
    }
}

/// First and last event, and how many came in the two windows.
fn times(state: &State, pattern: &Pattern) -> String {
    let Some((first, last)) = pattern.first.zip(pattern.last) else { return "without a time".into() };
    let span = if first == last { state.clock.short(first) } else { format!("{}–{}", state.clock.short(first), state.clock.short(last)) };
    let (before, after) = pattern.in_windows;
    if state.patterns.windows.is_none() {
        return span;
    }
    format!("{span}  {}→{}", text::grouped(before), text::grouped(after))
}

/// The services with the most events.
fn services(pattern: &Pattern) -> String {
    const NAMED: usize = 3;
    let named: Vec<_> = pattern.services.iter().take(NAMED).map(|name| text::printable(name)).collect();
    let more = pattern.services.len().saturating_sub(NAMED);
    if more > 0 { format!("{} +{more}", named.join(" ")) } else { named.join(" ") }
}

/// Counts as eighths of a row; any count above zero is seen.
fn spark(counts: &[u64]) -> String {
    const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let sign = |count: &u64| match count {
        0 => ' ',
        n => EIGHTHS[((*n as f64 / most * 8.0).ceil() as usize).clamp(1, 8) - 1],
    };
    counts.iter().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::spark;

    #[test]
    fn a_lonely_event_is_seen_beside_thousands() {
        assert_eq!(spark(&[0, 1, 5_000, 2_500]), " ▁█▄");
        assert_eq!(spark(&[0, 0]), "  ");
    }
}
