//! The filter prompt: what is typed becomes an expression, with words to go on with and the column of a mistake.

use crate::app::list::{self, IsNegated};
use crate::app::overlay::{Offered, Overlay, Prompt, PromptKind};
use crate::app::state::State;
use crate::model::filter::{self, Comparison, Expr, FieldTest, FilterError, Known, Term, TextTest, Words};
use crate::model::query::TextPattern;
use crate::model::{EventFilter, Level, text};

use super::{search, typed_time};

/// Words offered at once.
const MAX_OFFERED: usize = 40;
/// Longest message or value that is offered as a condition.
const MAX_TERM_CHARS: usize = 60;

/// What is typed as an expression; left out when it is typed to leave out.
fn read(state: &State, typed: &str, kind: PromptKind) -> Result<Option<Expr>, FilterError> {
    let expr = filter::parse(typed, &typed_time::reference(state))?;
    Ok(if kind == PromptKind::FilterOut { expr.map(|expr| Expr::Not(Box::new(expr))) } else { expr })
}

/// Adds what is typed to the filter.
pub(super) fn add(state: &mut State, typed: &str, is_negated: IsNegated) -> Result<(), String> {
    let kind = if is_negated == IsNegated::Yes { PromptKind::FilterOut } else { PromptKind::FilterIn };
    let Some(expr) = read(state, typed, kind).map_err(|error| error.to_string())? else { return Ok(()) };
    let mut filter = state.list.filter.clone();
    list::add_conditions(&mut filter, &expr);
    search::set_filter(state, filter);
    Ok(())
}

/// Puts what is typed in the place of the whole filter.
pub(super) fn replace(state: &mut State, typed: &str) -> Result<(), String> {
    let expr = read(state, typed, PromptKind::FilterAll).map_err(|error| error.to_string())?;
    let mut filter = EventFilter { sources: state.list.filter.sources.clone(), ..EventFilter::default() };
    if let Some(expr) = expr {
        list::add_conditions(&mut filter, &expr);
    }
    search::set_filter(state, filter);
    Ok(())
}

/// Opens the whole filter as a text to change.
pub(super) fn edit(state: &mut State) {
    let words = list::as_expr(&state.list.filter).map_or_else(String::new, |expr| format!("{expr} "));
    state.overlays.push(Overlay::Prompt(Prompt::new(PromptKind::FilterAll, &words)));
    refresh(state);
}

/// Says what the text in the prompt means, where it is wrong, and how it may go on.
pub(super) fn refresh(state: &mut State) {
    let Some(Overlay::Prompt(prompt)) = state.overlays.last() else { return };
    let (typed, before, kind) = (prompt.input.text().to_owned(), prompt.input.before_cursor().to_owned(), prompt.kind);
    let known = (state.catalog.services(), state.catalog.sources.iter().map(|source| source.path.clone()).collect::<Vec<_>>());
    let known = Known { services: &known.0, files: &known.1 };
    let mut offered = filter::complete(&before, known);
    if offered.start == before.len() {
        let (all, start) = (offered.words, offered.start);
        offered = filter::Completion { start, words: under_cursor(state).into_iter().chain(all).collect() };
    }
    offered.words.truncate(MAX_OFFERED);
    let (preview, wrong) = match read(state, &typed, kind) {
        Ok(None) => (None, None),
        Ok(Some(expr)) => {
            let words = [expr.to_string()].into_iter().chain(filter::remarks(&expr, known)).collect::<Vec<_>>().join("   ! ");
            (Some(Ok(text::printable(&words).into_owned())), None)
        }
        Err(error) => (Some(Err(error.reason)), Some(error.span)),
    };
    if let Some(Overlay::Prompt(prompt)) = state.overlays.last_mut() {
        prompt.preview = preview;
        prompt.wrong = wrong;
        prompt.offered = Some(Offered { start: offered.start, words: offered.words, chosen: None });
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
        Some(at) if step > 0 => {
            if at == last {
                0
            } else {
                at + 1
            }
        }
        Some(at) => at.checked_sub(1).unwrap_or(last),
    };
    prompt.input.replace_before(offered.start, &offered.words[next]);
    offered.chosen = Some(next);
    refresh(state);
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
pub(super) fn toggle(state: &mut State, index: usize) {
    let mut filter = state.list.filter.clone();
    let conditions = list::conditions(&filter);
    if let Some((condition, _)) = conditions.get(index) {
        let mut only = filter.clone();
        for (other, _) in conditions.iter().rev().filter(|other| other.0 != *condition) {
            list::remove_condition(&mut only, other);
        }
        state.list.off.extend(list::as_expr(&only));
        list::remove_condition(&mut filter, condition);
    } else if index - conditions.len() < state.list.off.len() {
        list::add_conditions(&mut filter, &state.list.off.remove(index - conditions.len()));
    }
    search::set_filter(state, filter);
}
