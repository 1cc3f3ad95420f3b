//! The find: typed, answered while it is typed, accepted, stepped through, counted.

use crate::app::find::{Find, Row, Typing, Wanted};
use crate::app::jobs::Slot;
use crate::app::list::EventRow;
use crate::app::message::{Effect, Look, LookQuery, Question};
use crate::app::overlay::{Overlay, PickPurpose, PickValue};
use crate::app::panels;
use crate::app::prompt::{Prompt, PromptKind};
use crate::app::state::{Focus, State};
use crate::model::find::{Fit, conditions, pattern};
use crate::model::query::{GroupBy, HistogramQuery, TextPattern};
use crate::model::{EventFilter, EventRef, Timestamp};

use super::navigate::Way;
use super::pick;
use super::search::{self, SeekKind};

/// Events offered while typing.
const ROWS: usize = 6;

/// The typed text changed: names at once, records in the background.
pub(super) fn refresh(state: &mut State) {
    let words = state.words.clone();
    let catalog = state.catalog.clone();
    let Some(Overlay::Prompt(prompt)) = state.overlays.last_mut() else { return };
    let typed = prompt.input.text();
    match pattern(typed) {
        _ if typed.trim().is_empty() => (prompt.find, prompt.preview) = (None, None),
        Ok(pattern) => {
            prompt.preview = None;
            if prompt.find.as_ref().is_none_or(|typing| typing.pattern != pattern) {
                prompt.find = Some(Box::new(Typing::new(pattern, &catalog, words.as_deref())));
            }
        }
        Err(why) => (prompt.find, prompt.preview) = (None, Some(Err(why))),
    }
}

/// The words of the data came: names are offered anew.
pub(super) fn words_came(state: &mut State) {
    let (words, catalog) = (state.words.clone(), state.catalog.clone());
    if let Some(Overlay::Prompt(Prompt { find: Some(typing), .. })) = state.overlays.last_mut() {
        typing.names = Typing::new(typing.pattern.clone(), &catalog, words.as_deref()).names;
        typing.selected = None;
    }
}

fn typing(state: &State) -> Option<&Typing> {
    match state.overlays.last() {
        Some(Overlay::Prompt(Prompt { kind: PromptKind::Find, find: Some(typing), .. })) => Some(typing),
        _ => None,
    }
}

pub(super) fn typing_mut(state: &mut State) -> Option<&mut Typing> {
    match state.overlays.last_mut() {
        Some(Overlay::Prompt(Prompt { kind: PromptKind::Find, find: Some(typing), .. })) => Some(typing),
        _ => None,
    }
}

/// What the find of the list and the one that is typed want to know.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let version = state.catalog.version;
    let has_events = state.catalog.n_events > 0;
    let is_prompt =
        matches!(state.overlays.last(), Some(Overlay::Prompt(prompt)) if prompt.kind.is_recalled() || prompt.kind == PromptKind::Find);
    let is_column_pick = matches!(state.overlays.last(), Some(Overlay::Picker(picker)) if picker.purpose == PickPurpose::Columns);
    if (is_prompt || is_column_pick || super::palette::is_open(state)) && has_events {
        state.jobs.sync(Slot::Words, Some(Question::Words), version, effects);
    }
    let (filter, from) = (state.list.filter.clone(), state.timeline.cursor);
    let look = typing(state).filter(|_| has_events).map(|typing| LookQuery { filter, pattern: typing.pattern.clone(), from, limit: ROWS });
    state.jobs.sync(Slot::Look, look.map(Question::Look), version, effects);
    let total = typing(state).and_then(|typing| typing.wanted.as_ref()).map(|wanted| wanted.within(&state.list.filter));
    state.jobs.sync(Slot::LookTotal, total.map(|filter| Question::Count { filter, range: None }), version, effects);

    let is_stopped = state.list.find.as_ref().is_some_and(|find| find.is_stopped);
    let letters = state.list.find.as_ref().filter(|_| has_events && !is_stopped).and_then(|find| find.letters.clone());
    let look = |pattern| Question::Look(LookQuery { filter: state.list.filter.clone(), pattern, from: Timestamp::MIN, limit: 0 });
    state.jobs.sync(Slot::FindWanted, letters.map(look), version, effects);
    let hits = state.list.find.as_ref().filter(|_| has_events).and_then(|find| find.wanted.as_ref());
    let filter = hits.map(|wanted| wanted.within(&state.list.filter));
    let total = filter.clone().filter(|_| !is_stopped).map(|filter| Question::Count { filter, range: None });
    state.jobs.sync(Slot::FindTotal, total, version, effects);
    // The lane waits for the count: both read the same text, and what the count has read is remembered.
    if !state.jobs.is_waiting(Slot::FindTotal) {
        let (range, columns) = (state.timeline.visible, state.timeline.columns);
        let histogram = |filter| Question::Histogram(HistogramQuery { filter, range, columns, by: vec![GroupBy::Level] });
        let wanted = filter.filter(|_| state.timeline.extent.is_some() && !is_stopped).map(histogram);
        state.jobs.sync(Slot::Hits, wanted, version, effects);
    }
}

/// What records say to the find that is typed.
pub(super) fn looked(state: &mut State, look: Look) {
    if let Some(typing) = typing_mut(state) {
        (typing.looking, typing.error) = (None, None);
        typing.take(look);
    }
}

/// Enter in the prompt: the row that is selected, else all that fits what is typed.
pub(super) fn accept(state: &mut State, prompt: &Prompt) -> Result<Vec<Effect>, String> {
    let typed = prompt.input.text().trim();
    if typed.is_empty() {
        drop_find(state);
        return Ok(Vec::new());
    }
    let typing = prompt.find.as_ref().filter(|typing| pattern(typed).as_ref() == Ok(&typing.pattern));
    let known = typing.and_then(|typing| typing.wanted.clone());
    match typing.and_then(|typing| typing.row(typing.selected?)) {
        Some(Row::Name(hit)) => match (hit.expr(), &hit.name) {
            (Some(expr), _) => {
                begin(state, &expr.to_string(), Some(Wanted::of_expr(expr)), None);
                Ok(step(state, Way::Forward))
            }
            (None, crate::app::find::Name::Series(id)) => {
                let meta = state.catalog.series(*id).cloned();
                let reference = meta.map(|meta| panels::reference(&state.catalog, &meta, ""));
                Ok(reference.map_or_else(Vec::new, |reference| pick::take(state, PickValue::Series(reference))))
            }
            (None, _) => Ok(Vec::new()),
        },
        Some(Row::Event(row)) => {
            let (row, wanted) = (row.clone(), known);
            begin(state, typed, wanted, letters_of(prompt.find.as_ref().map(|typing| &typing.pattern)));
            Ok(go_to(state, row))
        }
        None => start_typed(state, typed, known),
    }
}

/// Starts a find of a typed text and goes to the first hit from the cursor on.
pub(super) fn start_typed(state: &mut State, typed: &str, known: Option<Wanted>) -> Result<Vec<Effect>, String> {
    let pattern = pattern(typed)?;
    let known = known.or_else(|| match &pattern {
        TextPattern::Fuzzy(_) => None,
        pattern => conditions(pattern, Fit::Whole).map(|text| Wanted { text, expr: None, fit: Fit::Whole }),
    });
    let is_known = known.is_some();
    begin(state, typed, known, letters_of(Some(&pattern)));
    // Else the first step is taken when it is known what to look for.
    Ok(if is_known { step(state, Way::Forward) } else { Vec::new() })
}

fn letters_of(pattern: Option<&TextPattern>) -> Option<TextPattern> {
    pattern.cloned().filter(|pattern| matches!(pattern, TextPattern::Fuzzy(_)))
}

fn begin(state: &mut State, typed: &str, wanted: Option<Wanted>, letters: Option<TextPattern>) {
    state.list.find = Some(Find { letters, ..Find::new(typed.trim(), wanted) });
    // What is found is an event: a narrow screen that shows another pane shows the list instead.
    if state.layout.list.width == 0 && state.focus == Focus::Side {
        super::action::focus(state, Focus::List);
    }
    state.lanes.drop_hits();
    state.data_revision += 1;
}

/// How records hold the letters of the find that was accepted: known for the first time, or anew because there are more.
pub(super) fn wanted_came(state: &mut State, look: Look) -> Vec<Effect> {
    let Some(find) = &mut state.list.find else { return Vec::new() };
    let is_first = find.wanted.is_none();
    let wanted = Wanted { text: look.wanted, expr: None, fit: look.fit };
    if find.wanted.as_ref() == Some(&wanted) {
        return Vec::new();
    }
    (find.wanted, find.total, find.progress, find.position) = (Some(wanted), None, None, None);
    if is_first { step(state, Way::Forward) } else { Vec::new() }
}

/// Next or previous hit.
pub(super) fn step(state: &mut State, way: Way) -> Vec<Effect> {
    let Some(find) = &state.list.find else {
        super::action::prompt(state, PromptKind::Find);
        return Vec::new();
    };
    let Some(wanted) = &find.wanted else {
        state.say("still looking: Esc stops it");
        return Vec::new();
    };
    let what = format!("match for {}", find.typed);
    let filter = wanted.within(&state.list.filter);
    search::seek(state, filter, way, what, SeekKind::Find)
}

/// The filter of the hits, for a seek that goes on at the other end.
pub(super) fn hits_filter(state: &State) -> Option<EventFilter> {
    state.list.find.as_ref()?.wanted.as_ref().map(|wanted| wanted.within(&state.list.filter))
}

fn go_to(state: &mut State, row: EventRow) -> Vec<Effect> {
    let Some(at) = row.time else {
        state.say("this event has no time; :unplaced lists those");
        return Vec::new();
    };
    let id = row.id;
    state.leave_place();
    state.timeline.jump_to(at);
    state.list.choose(row);
    count_position(state, id, at)
}

/// Counts the hits before the one that was found.
pub(super) fn count_position(state: &mut State, id: EventRef, at: Timestamp) -> Vec<Effect> {
    let mut effects = Vec::new();
    let Some(filter) = hits_filter(state) else { return effects };
    if let Some(find) = &mut state.list.find {
        (find.at, find.position) = (Some((id, at)), None);
    }
    state.jobs.ask(Slot::FindPosition, Question::Position { filter, id, at }, state.catalog.version, &mut effects);
    effects
}

/// Esc while something is looked for or counted: stops that. Whether there was anything to stop.
pub(super) fn stop(state: &mut State, effects: &mut Vec<Effect>) -> bool {
    let version = state.catalog.version;
    if state.seek.take().is_some() {
        state.jobs.sync(Slot::Seek, None, version, effects);
        state.say("stopped looking");
        return true;
    }
    if state.jobs.is_waiting(Slot::FindWanted) && state.list.find.as_ref().is_some_and(|find| find.wanted.is_none()) {
        state.jobs.sync(Slot::FindWanted, None, version, effects);
        drop_find(state);
        state.say("stopped looking");
        return true;
    }
    if state.jobs.is_waiting(Slot::FindTotal)
        && let Some(find) = &mut state.list.find
    {
        find.is_stopped = true;
        find.progress = find.progress.or(Some(crate::app::message::Progress::default()));
        state.jobs.sync(Slot::FindTotal, None, version, effects);
        state.say("stopped counting; n and N go on");
        return true;
    }
    false
}

/// Ends the find.
pub(super) fn drop_find(state: &mut State) {
    state.list.find = None;
    state.lanes.drop_hits();
    state.data_revision += 1;
}
