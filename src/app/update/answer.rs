//! What comes back from below: the catalog and answers to questions.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::app::jobs::Slot;
use crate::app::list::EventRow;
use crate::app::message::{Effect, JobId, Progress, Question, Reply};
use crate::app::state::State;
use crate::model::case::{Evidence, EvidenceTarget, MarkerName};
use crate::model::series::ValueState;
use crate::model::{Catalog, EventPage, Level, ProblemKind, SourceReport, TimeRange, Timestamp, text};

use super::find;

/// The source knows more.
pub(super) fn catalog(state: &mut State, catalog: Arc<Catalog>) {
    let before = state.end_before();
    state.has_catalog = true;
    let is_news = catalog.is_complete && !state.catalog.is_complete;
    if catalog.is_complete {
        state.progress = None;
    }
    state.catalog = super::replay::take_catalog(state, catalog);
    state.panels.rebuild(&state.catalog, &state.session.doc.meta);
    state.timeline.home = home(state);
    let first = first_place(state);
    state.timeline.set_extent(state.catalog.extent, first);
    state.take_up();
    state.keep_to_end(&before);
    if is_news {
        if let Some(words) = failed_words(&state.catalog) {
            state.warn(words);
        } else if let Some(words) = outside_words(state) {
            state.say(words);
        }
    }
    // Times in filters may refer to what is loaded.
    super::filter::from_case(state);
    state.data_revision += 1;
}

/// Sources of which nothing could be used, and the way out; the rest goes on.
fn failed_words(catalog: &Catalog) -> Option<String> {
    let failed = |source: &&SourceReport| {
        source.problems.counts().contains_key(&ProblemKind::Unreadable) || (source.n_records == 0 && source.problems.total() > 0)
    };
    let mut all = catalog.sources.iter().filter(failed);
    let first = all.next()?;
    let why = first.problems.kept().first().map(|problem| format!(": {}", problem.reason)).unwrap_or_default();
    Some(match all.count() {
        0 => format!("{} cannot be used{why}; 7 shows the sources", first.path),
        more => format!("{} and {more} more cannot be used{why}; 7 shows them all", first.path),
    })
}

/// A question goes on.
pub(super) fn progress(state: &mut State, id: JobId, progress: Progress) {
    let Some(slot) = state.jobs.slot(id) else { return };
    let is_known = progress.total > 0;
    match slot {
        Slot::Total => state.list.counting = Some(progress).filter(|_| is_known),
        Slot::FindTotal => {
            if let Some(find) = &mut state.list.find {
                find.progress = Some(progress).filter(|_| is_known);
            }
        }
        Slot::Seek => {
            if let Some(seek) = &mut state.seek {
                seek.progress = Some(progress).filter(|_| is_known);
            }
        }
        Slot::Look => {
            if let Some(typing) = find::typing_mut(state) {
                typing.looking = Some(progress).filter(|_| is_known);
            }
        }
        Slot::Compare => {
            state.compared.progress = Some(progress).filter(|_| is_known);
            state.data_revision += 1;
        }
        Slot::FacetFields => {
            state.facets.progress = Some(progress).filter(|_| is_known);
            state.data_revision += 1;
        }
        Slot::LookTotal => {
            if let Some(typing) = find::typing_mut(state) {
                typing.counting = Some(progress).filter(|_| is_known);
            }
        }
        _ => {}
    }
}

/// Where an untouched cursor waits: at T+0, else at the first change of state, else at the first alert.
fn first_place(state: &State) -> Option<Timestamp> {
    let catalog = &state.catalog;
    let is_near = |at: &Timestamp| state.timeline.home.is_none_or(|home| home.contains(*at));
    let of_state = catalog.changes.iter().filter(|change| change.from.is_some() || change.to.is_some());
    let change = of_state.filter_map(|change| change.time).find(is_near);
    state.t0().or(change).or_else(|| catalog.alerts.iter().map(|alert| alert.active_at).find(is_near))
}

/// What is shown first when a few things lie far away: where nearly all data lie, and the moments that the case names.
fn home(state: &State) -> Option<TimeRange> {
    let extent = state.catalog.extent?;
    let dense = state.catalog.dense?.range;
    let told = MarkerName::ALL.into_iter().filter_map(|name| state.session.doc.marker(name)).chain(state.t0());
    let told = told.filter(|at| extent.contains(*at));
    Some(told.fold(dense, |range, at| range.union(TimeRange::new(at, at.plus_ns(1))))).filter(|home| *home != extent)
}

/// What lies outside of what is shown first, and how to see it.
fn outside_words(state: &State) -> Option<String> {
    let (dense, extent) = (state.catalog.dense?, state.catalog.extent?);
    if !state.timeline.is_home() || state.has_curtain() {
        return None;
    }
    let all = state.keymap.key_of(crate::app::Action::FitAll);
    let span = format!("{} to {}", text::rfc3339(extent.start()), text::rfc3339(extent.end()));
    let verb = if dense.n_outside == 1 { "record lies" } else { "records lie" };
    Some(format!("{} {verb} far from the rest and out of sight: {all} shows all, {span}", text::grouped(dense.n_outside)))
}

/// Without a change or alert an untouched cursor waits where errors begin to pile up: at the first column with half as
/// many as the worst one.
fn wait_at_first_burst(state: &mut State) {
    let is_meant = state.catalog.is_complete && first_place(state).is_none() && !state.is_following();
    let (Some(extent), true) = (state.timeline.extent, is_meant) else { return };
    let errors: Vec<u64> = state.lanes.overview.iter().map(|counts| counts[Level::Error as usize..].iter().sum()).collect();
    let worst = errors.iter().copied().max().unwrap_or(0);
    let Some(first) = errors.iter().position(|count| *count > 0 && *count * 2 >= worst) else { return };
    if let Some(columns) = NonZeroUsize::new(errors.len()) {
        state.timeline.wait_at(extent.edge(first, columns));
    }
}

/// An answer, or why there is none.
pub(super) fn replied(state: &mut State, id: JobId, reply: Result<Reply, String>) -> Vec<Effect> {
    let error = reply.as_ref().err().map(|error| text::printable(error).into_owned());
    let Some((slot, question)) = state.jobs.settle(id, error.clone()) else {
        return Vec::new();
    };
    state.data_revision += 1;
    if let Ok(reply) = reply {
        take(state, slot, &question, reply)
    } else {
        refused(state, slot, &error.unwrap_or_default());
        Vec::new()
    }
}

fn refused(state: &mut State, slot: Slot, why: &str) {
    match slot {
        Slot::Seek => {
            let what = state.seek.take().map_or_else(|| "event".into(), |seek| seek.what);
            state.warn(format!("looking for the {what}: {why}"));
        }
        Slot::FindWanted => {
            find::drop_find(state);
            state.warn(format!("not found: {why}"));
        }
        Slot::Look | Slot::LookTotal => {
            if let Some(typing) = find::typing_mut(state) {
                typing.error = Some(why.to_owned());
            }
        }
        Slot::Onsets => state.warn(format!("looking for bursts: {why}")),
        Slot::Pager => state.warn(format!("nothing for the pager: {why}")),
        Slot::Manuscript => {
            if let Some(draft) = super::draft_view::open_draft(state) {
                draft.error = Some(why.to_owned());
            }
        }
        Slot::Freeze => state.warn(format!("not pinned: {why}")),
        Slot::Formulas => {
            state.panels.pending = None;
            state.warn(why.to_owned());
        }
        // The event in the middle may be gone with a file that was cut.
        Slot::ListBefore | Slot::ListAfter => state.list.lose_centre(state.timeline.cursor),
        // These show their error in their own pane.
        _ => {}
    }
}

fn take(state: &mut State, slot: Slot, question: &Question, reply: Reply) -> Vec<Effect> {
    match (slot, reply) {
        (Slot::Panels, Reply::Panels(choices)) => {
            state.panels.set_choices(&choices, &state.catalog);
            state.panels.rebuild(&state.catalog, &state.session.doc.meta);
        }
        (Slot::Series, Reply::Series(columns)) => {
            for (id, columns) in asked_ids(question).iter().zip(columns) {
                for panel in state.panels.all.iter_mut().filter(|panel| panel.id == Some(*id)) {
                    panel.columns = Some(columns.clone());
                }
                state.panels.all.iter_mut().for_each(|panel| panel.parts.take_columns(*id, &columns));
            }
        }
        (Slot::Shapes, Reply::Series(columns)) => super::shape_view::take(state, asked_ids(question), &columns),
        (Slot::Heat, Reply::Series(columns)) => state.panels.take_heat(asked_ids(question), &columns),
        (Slot::Ghosts(_), Reply::Series(columns)) => {
            for (id, columns) in asked_ids(question).iter().zip(columns) {
                for panel in state.panels.all.iter_mut().filter(|panel| panel.id == Some(*id)) {
                    panel.ghost_columns = Some(columns.clone());
                }
            }
        }
        (Slot::Stats, Reply::Stats(numbers)) => {
            for (id, numbers) in asked_ids(question).iter().zip(numbers) {
                for panel in state.panels.all.iter_mut().filter(|panel| panel.id == Some(*id)) {
                    panel.stats = Some(numbers);
                }
            }
            super::replay::tell_crossings(state);
        }
        (Slot::Formulas, Reply::Defined(catalog, wrong)) => return defined(state, catalog, &wrong),
        (Slot::ClockOffsets, Reply::Defined(found, wrong)) => {
            catalog(state, found);
            if let Some(words) = wrong.first() {
                state.warn(text::printable(words).into_owned());
            }
        }
        (Slot::Values, Reply::Values(values)) => {
            let at = if let Question::ValuesAt { at, .. } = question { *at } else { state.timeline.cursor };
            for (id, value) in asked_ids(question).iter().zip(values) {
                let meta = state.catalog.series(*id);
                state.panels.all.iter_mut().for_each(|panel| panel.parts.take_value(*id, value.as_ref()));
                for panel in state.panels.all.iter_mut().filter(|panel| panel.id == Some(*id)) {
                    panel.value.clone_from(&value);
                    panel.has_value_answer = true;
                    panel.state = meta.map(|meta| ValueState::of(meta, value.as_ref().map(|value| value.value), at));
                }
            }
        }
        (Slot::Events, Reply::Histogram(histogram)) => state.lanes.take_events(&histogram),
        (Slot::Overview, Reply::Histogram(histogram)) => {
            state.lanes.take_overview(&histogram);
            wait_at_first_burst(state);
        }
        (Slot::ListBefore, Reply::Events(page)) => {
            state.list.take_before(page);
            state.list.assemble(state.timeline.cursor);
        }
        (Slot::ListAfter, Reply::Events(page)) => {
            state.list.take_after(page);
            state.list.assemble(state.timeline.cursor);
        }
        (Slot::Debt, Reply::Debt(owed)) => {
            state.debt.owed = owed;
            state.debt.next = 0;
        }
        (Slot::Manuscript, Reply::Manuscript(made)) => {
            if let Some(draft) = super::draft_view::open_draft(state) {
                draft.take(*made);
            }
        }
        (Slot::Suggested, Reply::Suggested(found)) => super::debt::suggest(state, found),
        (Slot::Patterns, Reply::Patterns(found)) => {
            if let Question::Patterns(query) = question {
                super::pattern_view::take(state, query, found);
            }
        }
        (Slot::FacetColumns | Slot::FacetFields, Reply::Facets(found)) => {
            if let Question::Facets(query) = question {
                super::facet_view::take(state, query, *found);
            }
        }
        (Slot::Pager, Reply::Events(page)) => return super::pager::events_came(state, &page),
        (Slot::Seek, Reply::Patterns(found)) => {
            if let Question::Patterns(query) = question {
                return super::search::kinds_came(state, query, &found);
            }
        }
        (Slot::PatternCourses, Reply::Histogram(histogram)) => state.patterns.take_courses(histogram),
        (Slot::Trace, Reply::Events(page)) => {
            if let Question::Events(query) = question {
                let is_new = state.trace.shown().is_none();
                state.trace.take(query, page);
                if is_new {
                    super::trace_view::select_own(state);
                }
            }
        }
        (Slot::Compare, Reply::Difference(found)) => state.compared.take(*found),
        (Slot::Standings, Reply::Standings(found)) => super::settle::stand(state, found),
        (Slot::Onsets, Reply::Onsets(onsets)) => {
            if let Question::Onsets(query) = question {
                super::onset_view::came(state, query, &onsets);
            }
        }
        (Slot::Clocks, Reply::Clocks(clocks)) => state.trace.clocks = Some(clocks),
        (Slot::Total, Reply::Count(n)) => (state.list.n_passing, state.list.counting) = (Some(n), None),
        (Slot::Look, Reply::Look(look)) => find::looked(state, *look),
        (Slot::FindWanted, Reply::Look(look)) => return find::wanted_came(state, *look),
        (Slot::LookTotal, Reply::Count(n)) => {
            if let Some(typing) = find::typing_mut(state) {
                (typing.total, typing.counting) = (Some(n), None);
            }
        }
        (Slot::Hits, Reply::Histogram(histogram)) => state.lanes.take_hits(&histogram),
        (Slot::Words, Reply::Words(words)) => {
            state.words = Some(words);
            find::words_came(state);
            super::filter::words_came(state);
            super::column_pick::words_came(state);
            super::palette::words_came(state);
        }
        (Slot::FindTotal, Reply::Count(n)) => {
            if let Some(find) = &mut state.list.find {
                find.total = Some(n);
            }
        }
        (Slot::FindPosition, Reply::Count(n)) => {
            if let Some(find) = &mut state.list.find {
                find.position = Some(n + 1);
            }
        }
        (Slot::Detail, Reply::Event(event)) => state.detail = Some(event),
        (Slot::Seek, Reply::Events(page)) => return found(state, &page),
        (Slot::Freeze, Reply::Frozen(evidence)) => return frozen(state, evidence),
        // An answer of another kind than the question cannot be used.
        _ => state.warn("an answer did not fit its question; please report this"),
    }
    Vec::new()
}

fn asked_ids(question: &Question) -> &[crate::model::SeriesId] {
    match question {
        Question::Series(query) => &query.ids,
        Question::Stats { ids, .. } | Question::ValuesAt { ids, .. } => ids,
        _ => &[],
    }
}

/// The catalog knows the lines of formulas now: those of the one that was just typed become panels.
fn defined(state: &mut State, found: Arc<Catalog>, wrong: &[String]) -> Vec<Effect> {
    catalog(state, found);
    let pending = state.panels.pending.take();
    if let Some(words) = wrong.first() {
        state.warn(text::printable(words).into_owned());
    }
    pending.map(|formula| super::pick::show_formula(state, &formula)).unwrap_or_default()
}

/// The event that was sought.
fn found(state: &mut State, page: &EventPage) -> Vec<Effect> {
    let Some(seek) = state.seek.take() else { return Vec::new() };
    let event = if seek.is_forward { page.events.first() } else { page.events.last() };
    let Some((event, at)) = event.and_then(|event| Some((event, event.time?))) else {
        if seek.is_find && !seek.has_wrapped {
            return super::search::wrap(state, seek);
        }
        let where_to = match (seek.is_forward, state.has_curtain()) {
            (true, true) => " yet: the curtain hides what comes after the cursor",
            (true, false) => " after the cursor",
            (false, _) => " before the cursor",
        };
        state.say(format!("no {}{}", seek.what, if seek.has_wrapped { "" } else { where_to }));
        return Vec::new();
    };
    if seek.has_wrapped {
        state.say(if seek.is_forward { "past the last match: on from the first" } else { "past the first match: on from the last" });
    }
    let is_of_the_calm = seek.what == "error" && state.baseline().is_some_and(|calm| calm.contains(at));
    if is_of_the_calm {
        let key = state.keymap.key_of(crate::app::Action::NextOnset);
        state.say(format!("an error that the calm has too; {key} goes to where something leaves its baseline"));
    }
    let row = EventRow::new(event);
    state.leave_place();
    state.timeline.jump_to(at);
    let id = row.id;
    state.list.choose(row);
    if seek.is_find { find::count_position(state, id, at) } else { Vec::new() }
}

/// Evidence with its frozen values.
fn frozen(state: &mut State, evidence: Vec<Evidence>) -> Vec<Effect> {
    let expected = std::mem::take(&mut state.freezing);
    let is_shifted = evidence.iter().zip(&expected).any(|(evidence, expected)| match (&evidence.target, expected) {
        (EvidenceTarget::Series { name, .. }, Some(expected)) => name != expected,
        _ => false,
    });
    if is_shifted {
        state.warn("the sources changed while pinning; press p again");
        return Vec::new();
    }
    super::annotate::pinned(state, evidence)
}
