//! `b`: what is different in the selected range, or in what is visible, from the baseline. Its question, keys and lines.

use crate::app::compare::{Compared, Found};
use crate::app::jobs::Slot;
use crate::app::message::{Effect, FreezeTarget, Question};
use crate::app::panels;
use crate::app::patterns::filter_of;
use crate::app::side::{Ink, Side, SideItem, Tab};
use crate::app::state::State;
use crate::model::compare::{CompareQuery, CountChange, Counted, Counts, Difference, Direction, SeriesChange};
use crate::model::{SeriesId, SeriesMeta, TimeRange, text};

use super::{action, filter, panel_edit, side_view};

/// Differences of one kind that stand at once; the command line tells all.
const SHOWN: usize = 20;

/// Asks, and shows the pane.
pub(super) fn start(state: &mut State) -> Vec<Effect> {
    let (Some(extent), Some(baseline)) = (state.timeline.extent, state.baseline()) else {
        state.say("nothing to compare yet");
        return Vec::new();
    };
    let asked = state.timeline.selection().unwrap_or(state.timeline.visible);
    let asked = asked.intersect(extent).unwrap_or(asked);
    let Some((baseline, window)) = CompareQuery::windows(baseline, asked) else {
        state.warn("this range is the baseline itself: v selects a range after it, t 0 sets where the baseline ends");
        return Vec::new();
    };
    let query = CompareQuery { baseline, window, filter: filter_of(&state.list.filter) };
    let mut effects = Vec::new();
    state.compared = Compared { query: Some(query.clone()), order: state.compared.order, ..Compared::default() };
    state.jobs.ask(Slot::Compare, Question::Compare(Box::new(query)), state.catalog.version, &mut effects);
    state.side.select_coming(0);
    // The range has been told of; Enter is for the differences now.
    (state.timeline.anchor, state.list.anchor) = (None, None);
    action::show_tab(state, Tab::Compare);
    state.side.select(0);
    state.data_revision += 1;
    effects
}

/// Stops a comparison under way; whether there was one.
pub(super) fn stop(state: &mut State, effects: &mut Vec<Effect>) -> bool {
    if !state.jobs.is_waiting(Slot::Compare) {
        return false;
    }
    state.jobs.sync(Slot::Compare, None, 0, effects);
    state.compared = Compared::default();
    state.data_revision += 1;
    state.say("comparison stopped");
    true
}

/// `r`: by size, by time.
pub(super) fn next_order(state: &mut State) {
    state.compared.order = state.compared.order.next();
    state.data_revision += 1;
    state.side.select(0);
    state.say(format!("series: {}", state.compared.order.words()));
}

/// What `p` pins of a difference, or why it pins nothing: a series over the window with its value where it left its
/// baseline, a pattern by its first event.
pub(super) fn target(state: &State, selected: Option<&SideItem>) -> Result<FreezeTarget, &'static str> {
    const GONE: &str = "this series is not there any more; b compares again";
    let Some(SideItem::Difference(found)) = selected else { return Err("no difference is selected: j and k go to one") };
    match *found {
        Found::Series(index) => {
            let change = state.compared.series(index).ok_or(GONE)?;
            let range = state.compared.query.as_ref().ok_or(GONE)?.window;
            let id = series_id(state, change).ok_or(GONE)?;
            Ok(FreezeTarget::Series { id, range, at: change.departed.unwrap_or(range.start()) })
        }
        found => match state.compared.count(found).map(|change| &change.what) {
            Some(Counted::Pattern(id, _)) => Ok(FreezeTarget::PatternStart(*id)),
            _ => Err("a count is no evidence by itself: Enter keeps only its events, p in the list pins one"),
        },
    }
}

/// The series of a change. Formulas come and go, and ids shift with them: the name stays.
fn series_id(state: &State, change: &SeriesChange) -> Option<SeriesId> {
    let is_it = |meta: &&SeriesMeta| meta.full_name() == change.name;
    let meta = state.catalog.series(change.id).filter(is_it).or_else(|| state.catalog.series.iter().find(is_it));
    meta.map(|meta| meta.id)
}

/// Enter: goes to where a series left its baseline and shows it, or keeps only the events of a count.
pub(super) fn open(state: &mut State, found: Found) -> Vec<Effect> {
    if let Found::Series(index) = found {
        return open_series(state, index);
    }
    let window = state.compared.query.as_ref().map(|query| query.window);
    let (Some(change), Some(window)) = (state.compared.count(found).cloned(), window) else { return Vec::new() };
    let Some(expr) = change.what.condition() else {
        state.say("no filter tells events without a service");
        return Vec::new();
    };
    let effects = match &change.what {
        Counted::Pattern(id, _) => {
            let filters = filter::with_pattern(state, *id);
            filter::set(state, &format!("only pattern {id}"), filters)
        }
        _ => filter::add_expr(state, &expr),
    };
    state.jump_to(if change.direction == Direction::Gone { state.compared_baseline(window).start() } else { window.start() });
    state.say(format!("only {expr}; u takes the filter back, F changes it"));
    effects
}

impl State {
    /// The baseline of the comparison.
    fn compared_baseline(&self, window: TimeRange) -> TimeRange {
        self.compared.query.as_ref().map_or(window, |query| query.baseline)
    }
}

fn open_series(state: &mut State, index: usize) -> Vec<Effect> {
    let Some(change) = state.compared.series(index) else { return Vec::new() };
    let (name, departed) = (change.name.clone(), change.departed);
    let Some(meta) = series_id(state, change).and_then(|id| state.catalog.series(id)) else {
        state.say("this series is not there any more; b compares again");
        return Vec::new();
    };
    let reference = panels::reference(&state.catalog, meta, "");
    let id = meta.id;
    let at = departed.or(state.compared.query.as_ref().map(|query| query.window.start()));
    if let Some(at) = at {
        state.jump_to(at);
    }
    let shown = |state: &State| state.panels.all.iter().position(|panel| panel.id == Some(id));
    if let Some(place) = shown(state) {
        state.panels.selected = place;
        state.say("its panel is selected");
        return Vec::new();
    }
    let mut references = state.panels.references();
    references.push(reference);
    let effects = panel_edit::set(state, &format!("add panel {name}"), references);
    if let Some(place) = shown(state) {
        state.panels.selected = place;
    }
    state.say("its panel was added; u takes it back");
    effects
}

/// Makes the lines. O(differences shown).
pub(super) fn lines(state: &State, side: &mut Side, width: usize) {
    let Some(query) = &state.compared.query else {
        return side_view::advice(
            side,
            "b tells what is different in the selected range (v), or in what is visible, from the baseline.",
            width,
        );
    };
    side.head(vec![(Ink::Dim, heading(state, query))], width);
    let Some(found) = &state.compared.found else {
        let words = match (state.jobs.error(Slot::Compare), state.compared.progress) {
            (Some(why), _) => format!("Not compared: {why}. b tries again."),
            (None, Some(progress)) => format!("comparing … {}  Esc stops", crate::app::find::share_words(progress)),
            (None, None) => "comparing …  Esc stops".to_owned(),
        };
        return side_view::advice(side, &words, width);
    };
    series(state, side, found, width);
    let kinds: [(&str, &Counts, fn(usize) -> Found); 4] = [
        ("levels", &found.levels, Found::Level),
        ("services", &found.services, Found::Service),
        ("patterns", &found.patterns, Found::Pattern),
        ("field values", &found.values, Found::Value),
    ];
    if found.n_events != (0, 0) {
        for (name, counts, of) in kinds {
            section(side, name, (counts, of), width);
        }
    }
    for (name, why) in found.fields_left_out.iter().take(SHOWN) {
        if name == &found.fields_left_out[0].0 {
            title(side, "fields left out", "each value names one thing");
        }
        side.item(SideItem::Text);
        side.folded(vec![(Ink::Dim, "  ".into())], (Ink::Dim, &format!("{}: {why}", text::printable(name))), width);
    }
    side_view::advice(side, &found.bounds_words(), width);
}

fn heading(state: &State, query: &CompareQuery) -> String {
    let length = |range: TimeRange| text::whole_duration((range.len_ns() / 1_000_000_000).unsigned_abs());
    let span = |range: TimeRange| format!("{} from {}", length(range), state.clock.short(range.start()));
    let of = if query.filter.is_empty() { "" } else { "; events that pass the filter" };
    format!("what is different in {} against the baseline, {}{of}", span(query.window), span(query.baseline))
}

fn title(side: &mut Side, name: &str, detail: &str) {
    side.item(SideItem::Text);
    side.line(vec![(Ink::Strong, name.to_owned()), (Ink::Dim, format!("  {detail}"))]);
}

const fn mark(direction: Direction) -> (&'static str, Ink) {
    match direction {
        Direction::Up => ("▲ ", Ink::Error),
        Direction::New => ("+ ", Ink::Error),
        Direction::Down => ("▼ ", Ink::Mark),
        Direction::Gone => ("− ", Ink::Mark),
    }
}

fn series(state: &State, side: &mut Side, found: &Difference, width: usize) {
    let tally = found.tally;
    let n = text::grouped(tally.n_differ);
    let order = state.compared.order;
    title(side, "series", &format!("{n} of {} differ, {}", text::grouped(tally.n_compared), order.words()));
    for index in found.ordered(order).into_iter().take(SHOWN) {
        side.item(SideItem::Difference(Found::Series(index)));
        one_series(state, side, &found.series[index], width);
    }
    more(side, found.series.len(), width);
}

fn one_series(state: &State, side: &mut Side, change: &SeriesChange, width: usize) {
    let (sign, ink) = mark(change.direction);
    side.folded(vec![(ink, sign.to_owned())], (Ink::Normal, &text::printable(&change.name)), width);
    let since = change.departed.map(|at| format!("{}  ", state.clock.both(at))).unwrap_or_default();
    side.hanging(vec![(Ink::Time, format!("  {since}"))], (Ink::Dim, &change.facts()), 2, width);
}

fn section(side: &mut Side, name: &str, (counts, of): (&Counts, fn(usize) -> Found), width: usize) {
    let (n, all) = (counts.told.len(), text::grouped(counts.n_compared));
    title(
        side,
        name,
        &if n == 0 { format!("none of {all} differs by more than chance") } else { format!("{n} of {all} differ, more than before first") },
    );
    for (index, change) in counts.told.iter().take(SHOWN).enumerate() {
        side.item(SideItem::Difference(of(index)));
        one_count(side, change, width);
    }
    more(side, n, width);
}

fn one_count(side: &mut Side, change: &CountChange, width: usize) {
    let (sign, ink) = mark(change.direction);
    side.folded(vec![(ink, sign.to_owned())], (Ink::Normal, &text::printable(&change.what.words())), width);
    side.folded(vec![(Ink::Dim, "  ".into())], (Ink::Dim, &change.facts()), width);
}

fn more(side: &mut Side, n: usize, width: usize) {
    if n > SHOWN {
        side_view::advice(side, &format!("and {} more: coroner compare tells all", text::grouped((n - SHOWN) as u64)), width);
    }
}
