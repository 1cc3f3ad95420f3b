//! Filters: what is typed becomes chips of the case, with words to go on with and the column of a mistake.

use std::ops::Range;

use crate::app::chips;
use crate::app::list::IsNegated;
use crate::app::message::Effect;
use crate::app::overlay::Overlay;
use crate::app::prompt::{Offered, Prompt, PromptKind};
use crate::app::state::State;
use crate::model::case::SavedFilter;
use crate::model::filter::{self, Comparison, Expr, FieldTest, FilterError, Known, Term, TextTest, Words};
use crate::model::query::TextPattern;
use crate::model::{Level, text};

use super::navigate::Way;
use super::typed_time;

/// Words offered at once.
const MAX_OFFERED: usize = 40;
/// Longest message or value that is offered as a condition.
const MAX_TERM_CHARS: usize = 60;

/// What is typed as an expression; left out when it is typed to leave out.
fn read(state: &State, typed: &str, kind: PromptKind) -> Result<Option<Expr>, FilterError> {
    let expr = filter::parse(typed, &typed_time::reference(state))?;
    Ok(if kind == PromptKind::FilterOut { expr.map(|expr| Expr::Not(Box::new(expr))) } else { expr })
}

/// What the case says about filters is what the list shows.
pub(crate) fn from_case(state: &mut State) {
    let chips = chips::read(&state.session.doc.meta.filters, &typed_time::reference(state));
    if chips != state.list.chips {
        state.list.chips = chips;
        let filter = chips::filter_of(&state.list.chips);
        if filter != state.list.filter {
            state.list.filter = filter;
            state.list.refilter(state.timeline.cursor);
        }
    }
}

/// Puts other conditions in the place of those of the list: one step that `u` takes back.
pub(super) fn set(state: &mut State, name: &str, filters: Vec<SavedFilter>) -> Vec<Effect> {
    let Some(edit) = state.session.change_meta(|meta| meta.filters = filters) else { return Vec::new() };
    let effects = state.session.commit(name, vec![edit]);
    from_case(state);
    effects
}

pub(super) fn saved(state: &State) -> Vec<SavedFilter> {
    state.session.doc.meta.filters.clone()
}

/// Adds what is typed to the filter.
pub(super) fn add(state: &mut State, typed: &str, is_negated: IsNegated) -> Result<Vec<Effect>, String> {
    let kind = if is_negated == IsNegated::Yes { PromptKind::FilterOut } else { PromptKind::FilterIn };
    let Some(expr) = read(state, typed, kind).map_err(|error| error.to_string())? else { return Ok(Vec::new()) };
    Ok(add_expr(state, &expr))
}

/// Adds conditions to the filter.
pub(super) fn add_expr(state: &mut State, expr: &Expr) -> Vec<Effect> {
    let filters = chips::with(&saved(state), &typed_time::reference(state), expr);
    set(state, &format!("filter {expr}"), filters)
}

/// Keeps only the events with a value that is selected in a pane, or leaves them out.
pub(super) fn by_value(state: &mut State, expr: Result<Expr, &'static str>, is_negated: IsNegated) -> Vec<Effect> {
    let expr = match expr {
        Ok(expr) if is_negated == IsNegated::Yes => Expr::Not(Box::new(expr)),
        Ok(expr) => expr,
        Err(why) => {
            state.say(why);
            return Vec::new();
        }
    };
    let effects = add_expr(state, &expr);
    let words = text::printable(&expr.to_string()).into_owned();
    state.say(if effects.is_empty() {
        format!("the filter says {words} already: F changes it")
    } else {
        format!("filter {words}: u takes it back")
    });
    effects
}

/// The conditions with this as the only one on patterns.
pub(super) fn with_pattern(state: &State, id: u32) -> Vec<SavedFilter> {
    let is_other = |chip: &chips::Chip| !chip.active().is_some_and(Expr::has_patterns);
    let others = saved(state).into_iter().zip(&state.list.chips).filter(|(_, chip)| is_other(chip));
    let others: Vec<SavedFilter> = others.map(|(filter, _)| filter).collect();
    chips::with(&others, &typed_time::reference(state), &Expr::Term(Term::Pattern(id)))
}

/// Puts what is typed in the place of all conditions that are on; those that are off stay.
pub(super) fn replace(state: &mut State, typed: &str) -> Result<Vec<Effect>, String> {
    let expr = read(state, typed, PromptKind::FilterAll).map_err(|error| error.to_string())?;
    let kept: Vec<SavedFilter> = saved(state).into_iter().filter(|filter| filter.is_off).collect();
    let filters = expr.map_or(kept.clone(), |expr| chips::with(&kept, &typed_time::reference(state), &expr));
    Ok(set(state, "change the filter", filters))
}

/// Puts what is typed in the place of one condition; nothing removes it.
pub(super) fn replace_one(state: &mut State, index: usize, typed: &str) -> Result<Vec<Effect>, String> {
    let expr = read(state, typed, PromptKind::FilterOne(index)).map_err(|error| error.to_string())?;
    let mut filters = saved(state);
    let parts = expr.iter().flat_map(Expr::conditions).map(chips::saved);
    let place = index.min(filters.len())..(index + 1).min(filters.len());
    filters.splice(place, parts.collect::<Vec<_>>());
    Ok(set(state, "change a filter", filters))
}

/// Opens the whole filter as a text to change.
pub(super) fn edit(state: &mut State) {
    let words: String = state.list.chips.iter().filter(|chip| !chip.is_off).map(|chip| format!("{} ", chip.words)).collect();
    state.overlays.push(Overlay::Prompt(Prompt::new(PromptKind::FilterAll, &words)));
    refresh(state);
}

/// Opens one condition as a text to change.
pub(super) fn edit_one(state: &mut State, index: usize) {
    let Some(chip) = state.list.chips.get(index) else { return edit(state) };
    let words = format!("{} ", chip.words);
    state.overlays.push(Overlay::Prompt(Prompt::new(PromptKind::FilterOne(index), &words)));
    refresh(state);
}

/// Says what the text in the prompt means, where it is wrong, and how it may go on.
pub(super) fn refresh(state: &mut State) {
    let Some(Overlay::Prompt(prompt)) = state.overlays.last() else { return };
    let (typed, before, kind) = (prompt.input.text().to_owned(), prompt.input.before_cursor().to_owned(), prompt.kind);
    let offered = offer(state, &before);
    let (preview, wrong) = told(state, &typed, kind);
    if let Some(Overlay::Prompt(prompt)) = state.overlays.last_mut() {
        prompt.preview = preview;
        prompt.wrong = wrong;
        prompt.offered = Some(offered);
    }
}

/// What a text of the filter language may go on with.
pub(super) fn offer(state: &State, before: &str) -> Offered {
    let known = (state.catalog.services(), state.catalog.sources.iter().map(|source| source.path.clone()).collect::<Vec<_>>());
    let words = state.words.clone().unwrap_or_default();
    let known = Known { services: &known.0, files: &known.1, fields: &words.fields, patterns: &words.patterns };
    let mut offered = filter::complete(before, known);
    if offered.start == before.len() && !before.ends_with([':', '=', '<', '>', '~']) {
        let own = under_cursor(state);
        offered.notes.splice(0..0, own.iter().map(|_| String::new()));
        offered.words.splice(0..0, own);
    }
    offered.words.truncate(MAX_OFFERED);
    Offered { start: offered.start, words: offered.words, notes: offered.notes, chosen: None }
}

/// What a text of the filter language means, or why it means nothing and which bytes of it are wrong.
pub(super) fn told(state: &State, typed: &str, kind: PromptKind) -> (Option<Result<String, String>>, Option<Range<usize>>) {
    let known = (state.catalog.services(), state.catalog.sources.iter().map(|source| source.path.clone()).collect::<Vec<_>>());
    let words = state.words.clone().unwrap_or_default();
    let known = Known { services: &known.0, files: &known.1, fields: &words.fields, patterns: &words.patterns };
    match read(state, typed, kind) {
        Ok(None) => (None, None),
        Ok(Some(expr)) => {
            let words = [expr.to_string()].into_iter().chain(filter::remarks(&expr, known)).collect::<Vec<_>>().join("   ! ");
            (Some(Ok(text::printable(&words).into_owned())), None)
        }
        Err(error) => (Some(Err(error.reason)), Some(error.span)),
    }
}

/// The words of the data came: what is typed may go on with them.
pub(super) fn words_came(state: &mut State) {
    if matches!(state.overlays.last(), Some(Overlay::Prompt(prompt)) if prompt.kind.is_recalled() && prompt.offered.as_ref().is_none_or(|offered| offered.chosen.is_none()))
    {
        super::overlays::refresh_prompt(state);
    }
}

/// Takes the next or previous offered word.
pub(super) fn complete(state: &mut State, step: isize) {
    let Some(Overlay::Prompt(prompt)) = state.overlays.last_mut() else { return };
    let Some(mut offered) = prompt.offered.take().filter(|offered| !offered.words.is_empty()) else { return };
    let last = offered.words.len() - 1;
    let next = match offered.chosen {
        None if step < 0 => last,
        None => 0,
        // From the last on to the first and back; a page stops at the ends.
        Some(at) if at == last && step > 0 => 0,
        Some(0) if step < 0 => last,
        Some(at) => at.saturating_add_signed(step).min(last),
    };
    prompt.input.replace_before(offered.start, &offered.words[next]);
    offered.chosen = Some(next);
    prompt.recalled = None;
    super::overlays::refresh_prompt(state);
    // Tab goes on through the words that were offered for what was typed, not for what it put there.
    if let Some(Overlay::Prompt(prompt)) = state.overlays.last_mut() {
        prompt.offered = Some(offered);
    }
}

/// Conditions that the selected event passes.
fn under_cursor(state: &State) -> Vec<String> {
    let Some(row) = state.list.selected() else { return Vec::new() };
    let detail = state.detail.as_ref().filter(|event| event.id == row.id);
    let is = |value: &str| TextTest::Is(Words::Exact(value.to_owned()));
    let mut terms = Vec::new();
    if let Some(service) =
        detail.and_then(|event| event.service.clone()).or_else(|| Some(row.service.clone()).filter(|name| !name.is_empty()))
    {
        terms.push(Term::Service(is(&service)));
    }
    if row.level != Level::Unknown {
        terms.push(Term::Level(Comparison::Eq, row.level));
    }
    terms.extend(row.trace_id.clone().map(Term::Trace));
    if let Some(event) = detail {
        let message = event.message.lines().next().unwrap_or_default();
        if !message.is_empty() && message.chars().count() <= MAX_TERM_CHARS && event.raw.contains(message) {
            terms.push(Term::Text(TextPattern::Literal(message.to_owned())));
        }
        terms.push(Term::File(is(&event.source)));
        let short = event.fields.iter().filter(|(_, value)| value.chars().count() <= MAX_TERM_CHARS && !value.contains('\n'));
        terms.extend(short.map(|(name, value)| Term::Field(name.clone(), FieldTest::Text(is(value)))));
    }
    terms.iter().map(Term::to_string).collect()
}

/// Switches a condition of the filter off or on again.
pub(super) fn toggle(state: &mut State, index: usize) -> Vec<Effect> {
    let mut filters = saved(state);
    let Some(filter) = filters.get_mut(index) else { return Vec::new() };
    filter.is_off = !filter.is_off;
    let name = format!("switch {} {}", filter.text, if filter.is_off { "off" } else { "on" });
    set(state, &name, filters)
}

/// Removes a condition.
pub(super) fn remove(state: &mut State, index: usize) -> Vec<Effect> {
    let mut filters = saved(state);
    if index >= filters.len() {
        return Vec::new();
    }
    let gone = filters.remove(index);
    set(state, &format!("remove filter {}", gone.text), filters)
}

/// Turns a condition into its opposite and back.
pub(super) fn negate(state: &mut State, index: usize) -> Vec<Effect> {
    let Some(Ok(expr)) = state.list.chips.get(index).map(|chip| chip.meaning.clone()) else {
        state.say("this filter means nothing: Enter changes it");
        return Vec::new();
    };
    let turned = if let Expr::Not(inner) = expr { *inner } else { Expr::Not(Box::new(expr)) };
    let mut filters = saved(state);
    if let Some(filter) = filters.get_mut(index) {
        filter.text = turned.to_string();
    }
    set(state, &format!("turn the filter into {turned}"), filters)
}

/// Makes the least level of the filter stronger or weaker by one.
pub(super) fn shift_level(state: &mut State, way: Way) -> Vec<Effect> {
    let steps =
        [None, Some(Level::Trace), Some(Level::Debug), Some(Level::Info), Some(Level::Warn), Some(Level::Error), Some(Level::Fatal)];
    let at = steps.iter().position(|level| *level == state.list.filter.min_level).unwrap_or(0);
    let to = if way == Way::Forward { (at + 1).min(steps.len() - 1) } else { at.saturating_sub(1) };
    if to == at {
        return Vec::new();
    }
    let Some(level) = steps[to] else {
        let kept = saved(state).into_iter().zip(&state.list.chips);
        let filters = kept.filter(|(_, chip)| chip.active().and_then(chips::least_level).is_none()).map(|(filter, _)| filter).collect();
        return set(state, "filter of all levels", filters);
    };
    add_expr(state, &Expr::Term(Term::Level(Comparison::Ge, level)))
}

/// Removes all conditions.
pub(super) fn clear(state: &mut State) -> Vec<Effect> {
    set(state, "remove all filters", Vec::new())
}
