//! What every message ends with: layout, questions for what changed, and the views made for drawing.

use std::num::NonZeroUsize;

use crate::app::clock::Style;
use crate::app::jobs::Slot;
use crate::app::lanes::Sight;
use crate::app::layout;
use crate::app::list::rows;
use crate::app::message::{Effect, Question};
use crate::app::side::Tab;
use crate::app::state::{Focus, PreparedFor, State};
use crate::model::query::{GroupBy, HistogramQuery};
use crate::model::{EventFilter, SeriesQuery, TimeRange};

/// Distances in time of ghosts that are drawn at once.
const GHOSTS: usize = 4;

/// Lays out, asks, prepares.
pub(super) fn settle(state: &mut State, effects: &mut Vec<Effect>) {
    super::replay::settle(state);
    lay_out(state);
    state.list.is_at_end = state.is_following() && state.timeline.is_at_end();
    state.list.follow(state.timeline.cursor);
    super::trace_view::follow(state);
    if state.has_catalog {
        ask(state, effects);
        super::pattern_view::ask(state, effects);
        super::facet_view::ask(state, effects);
        super::shape_view::ask(state, effects);
        super::trace_view::ask(state, effects);
        super::debt::ask(state, effects);
        super::draft_view::ask(state, effects);
        super::settle::ask_standings(state, effects);
    }
    settle_view(state);
}

/// Makes the views; also used for the very first screen.
pub(crate) fn settle_view(state: &mut State) {
    lay_out(state);
    prepare(state);
    super::side_view::prepare(state);
    state.side.scroll(usize::from(state.layout.side.height));
    super::draft_view::prepare(state);
    state.preview.prepare(&state.catalog);
    state.list.shape = rows::shape(state, state.layout.list.width);
    let height = state.list_height();
    state.list.scroll(height);
    if crate::app::tour::watch(state) {
        settle_view(state);
    }
}

fn lay_out(state: &mut State) {
    let (width, height) = state.layout.size;
    let for_tour = crate::app::tour::n_rows(state, height);
    state.layout = layout::compute((width, height - for_tour), &state.shape());
    state.layout.size = (width, height);
    state.timeline.columns = NonZeroUsize::new(usize::from(state.layout.lanes_width)).unwrap_or(NonZeroUsize::MIN);
    state.clock.t0 = state.t0();
}

fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let version = state.catalog.version;
    let (visible, columns) = (state.timeline.visible, state.timeline.columns);
    let extent = state.timeline.extent;
    let (ids, line_ids) = (state.panels.ids(), state.panels.line_ids());
    let fine = columns.saturating_mul(NonZeroUsize::new(state.panels.fineness()).unwrap_or(NonZeroUsize::MIN));
    let has_time = extent.is_some();
    let formulas = state.panels.formulas();
    let defines = state.catalog.is_complete && (!formulas.is_empty() || state.panels.has_defined);
    if defines {
        state.panels.has_defined = true;
        // Its answer is a new version of the catalog: it is asked again only when the formulas change.
        state.jobs.sync(Slot::Formulas, Some(Question::Define(formulas)), 0, effects);
    }
    super::clock_view::ask(state, effects);
    let ghosts = if has_time { state.panels.ghosts(visible, state.baseline(), state.t0()) } else { Vec::new() };
    let heat = state.panels.heat_query((visible, columns)).filter(|_| has_time);
    let mut sync = |slot, question| state.jobs.sync(slot, question, version, effects);

    let wants_choice = !state.catalog.series.is_empty();
    sync(Slot::Panels, wants_choice.then_some(Question::ChoosePanels));
    let wants_series = has_time && !ids.is_empty();
    let series = || Question::Series(SeriesQuery { ids: line_ids.clone(), range: visible, columns: fine });
    sync(Slot::Series, wants_series.then(series));
    sync(Slot::Heat, heat.map(Question::Series));
    for slot in 0..GHOSTS {
        let ghost = ghosts.get(slot).map(|(range, ids)| Question::Series(SeriesQuery { ids: ids.clone(), range: *range, columns }));
        sync(Slot::Ghosts(slot), ghost);
    }
    sync(Slot::Values, wants_series.then(|| Question::ValuesAt { ids: line_ids.clone(), at: state.timeline.cursor }));

    let by_level = |range: TimeRange| HistogramQuery { filter: EventFilter::default(), range, columns, by: vec![GroupBy::Level] };
    let has_events = has_time && state.catalog.n_events > 0;
    sync(Slot::Events, has_events.then(|| Question::Histogram(by_level(visible))));
    sync(Slot::Overview, extent.filter(|_| has_events).map(|extent| Question::Histogram(by_level(extent))));

    let (before, after) = state.list.questions();
    let has_any_event = state.catalog.n_events > 0;
    sync(Slot::ListBefore, before.filter(|_| has_any_event).map(Question::Events));
    sync(Slot::ListAfter, has_any_event.then_some(Question::Events(after)));
    let is_filtered = has_any_event && !state.list.filter.is_empty();
    sync(Slot::Total, is_filtered.then(|| Question::Count { filter: state.list.filter.clone(), range: None }));
    let detail = state.list.selected().filter(|_| state.side.tab == Tab::Detail && state.subject == Focus::List).map(|row| row.id);
    sync(Slot::Detail, detail.map(Question::Event));
    super::find::ask(state, effects);
    let limits = state.panels.limits();
    let numbers = state.baseline().filter(|_| wants_series).map(|baseline| Question::Stats { ids, baseline, window: visible, limits });
    state.jobs.sync(Slot::Stats, numbers, version, effects);
}

/// Makes lanes and panels again when something they show changed. O(screen + records held whole), nothing otherwise.
fn prepare(state: &mut State) {
    let key = PreparedFor {
        visible: state.timeline.visible,
        columns: state.timeline.columns,
        data_revision: state.data_revision,
        case_revision: state.session.revision,
        catalog_version: state.catalog.version,
        style: state.clock.style,
        zone: state.clock.zone,
        t0: state.clock.t0,
    };
    let (extent, cursor, columns) = (state.timeline.extent, state.timeline.cursor, state.timeline.columns);
    state.lanes.set_overview_cursor(extent, cursor, columns);
    if state.prepared == Some(key) {
        return;
    }
    state.prepared = Some(key);
    let sight = Sight {
        catalog: &state.catalog,
        doc: state.replay.as_ref().map_or(&state.session.doc, |replay| &replay.told),
        clock: &state.clock,
        visible: state.timeline.visible,
        columns,
        until: state.hidden_from(),
    };
    state.lanes.prepare(&sight);
    let baseline = state.baseline();
    state.panels.prepare((state.timeline.visible, columns.get()), (baseline, state.t0()), &state.clock);
}

impl State {
    /// The leading clock after this one; a local zone that is UTC and a missing T+0 are skipped.
    pub(crate) fn next_style(&self) -> Style {
        let order = [Style::Utc, Style::Local, Style::Offset];
        let at = order.iter().position(|style| *style == self.clock.style).unwrap_or(0);
        (1..=order.len())
            .map(|step| order[(at + step) % order.len()])
            .find(|style| match style {
                Style::Utc => true,
                Style::Local => self.clock.zone != chrono_tz::Tz::UTC,
                Style::Offset => self.clock.t0.is_some(),
            })
            .unwrap_or(Style::Utc)
    }
}
