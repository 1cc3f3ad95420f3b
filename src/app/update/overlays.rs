//! What keys do in the layer that lies open on top.

use crate::app::help;
use crate::app::list::IsNegated;
use crate::app::message::Effect;
use crate::app::overlay::{Confirm, ConfirmPurpose, Help, Overlay};
use crate::app::press::{KeyCode, KeyPress};
use crate::app::prompt::{Prompt, PromptKind};
use crate::app::state::State;

use super::navigate::Way;
use super::{action, annotate, command_line, draft_view, filter, find, forms, outside, palette, pick, records};

/// A key that is no action here is typed.
pub(super) fn typed(state: &mut State, key: KeyPress) -> Vec<Effect> {
    match state.overlays.last_mut() {
        Some(Overlay::Editor(editor)) => editor.text.key(key),
        Some(Overlay::Form(form)) => {
            if form.key(key) {
                return save_text(state);
            }
        }
        Some(Overlay::Picker(picker)) => match (key.code, &picker.chosen) {
            (KeyCode::PageUp, _) => picker.step(-10),
            (KeyCode::PageDown, _) => picker.step(10),
            _ => {
                if picker.input.key(key) {
                    picker.narrow();
                    palette::offer(state);
                }
            }
        },
        Some(Overlay::Prompt(prompt)) => {
            match (key.code, prompt.kind.is_recalled()) {
                (KeyCode::Up, true) => return command_line::recall(state, -1),
                (KeyCode::Down, true) => return command_line::recall(state, 1),
                (KeyCode::PageUp, true) => return step_page(state, -1),
                (KeyCode::PageDown, true) => return step_page(state, 1),
                (KeyCode::Char('p'), true) if key.ctrl => return command_line::recall(state, -1),
                (KeyCode::Char('n'), true) if key.ctrl => return command_line::recall(state, 1),
                _ => {}
            }
            prompt.recalled = None;
            prompt.input.key(key);
            refresh_prompt(state);
        }
        Some(Overlay::Help(help)) => match key.code {
            KeyCode::PageUp => scroll_help(state, -help::page(state)),
            KeyCode::PageDown => scroll_help(state, help::page(state)),
            KeyCode::Home => scroll_help(state, isize::MIN),
            KeyCode::End => scroll_help(state, isize::MAX),
            _ => {
                if help.input.key(key) {
                    help.scroll = 0;
                }
            }
        },
        Some(Overlay::Filters(selected)) => {
            let selected = *selected;
            return filter_key(state, selected, key);
        }
        Some(Overlay::Draft(_)) => return draft_view::key(state, key),
        Some(Overlay::Confirm(_)) | None => {}
    }
    Vec::new()
}

/// Eight of the offered words on.
fn step_page(state: &mut State, way: isize) -> Vec<Effect> {
    const PAGE: isize = 8;
    step(state, way * PAGE);
    Vec::new()
}

fn scroll_help(state: &mut State, rows: isize) {
    let Some(Overlay::Help(open)) = state.overlays.last() else { return };
    let scroll = help::scroll(state, open, rows);
    if let Some(Overlay::Help(open)) = state.overlays.last_mut() {
        open.scroll = scroll;
    }
}

/// The keys of the open layer, or away with them.
pub(super) fn help_here(state: &mut State) {
    if let Some(Overlay::Help(_)) = state.overlays.last() {
        state.overlays.pop();
    } else {
        state.overlays.push(Overlay::Help(Help::default()));
    }
}

/// A key in the list of filters.
fn filter_key(state: &mut State, selected: usize, key: KeyPress) -> Vec<Effect> {
    let effects = match key.code {
        KeyCode::Char('d' | 'x') | KeyCode::Delete | KeyCode::Backspace => filter::remove(state, selected),
        KeyCode::Char(' ') => filter::toggle(state, selected),
        KeyCode::Char('!' | 'n') => filter::negate(state, selected),
        KeyCode::Char('D') => filter::clear(state),
        KeyCode::Char('+' | 'l') => filter::shift_level(state, Way::Forward),
        KeyCode::Char('-' | 'h') => filter::shift_level(state, Way::Back),
        KeyCode::Char('e') => {
            filter::edit_one(state, selected);
            return Vec::new();
        }
        KeyCode::Char('E') => {
            filter::edit(state);
            return Vec::new();
        }
        KeyCode::Char('&' | 'a') => {
            action::prompt(state, PromptKind::FilterIn);
            return Vec::new();
        }
        KeyCode::Char('j') => {
            step(state, 1);
            return Vec::new();
        }
        KeyCode::Char('k') => {
            step(state, -1);
            return Vec::new();
        }
        KeyCode::Char('u') => action::undo(state, Way::Back),
        KeyCode::Char('r') if key.ctrl => action::undo(state, Way::Forward),
        _ => return Vec::new(),
    };
    step(state, 0);
    effects
}

/// Says in the prompt what the text would do.
pub(super) fn refresh_prompt(state: &mut State) {
    let Some(Overlay::Prompt(prompt)) = state.overlays.last() else { return };
    let (typed, kind) = (prompt.input.text().to_owned(), prompt.kind);
    if kind.is_filter() {
        return filter::refresh(state);
    }
    if kind == PromptKind::Find {
        return find::refresh(state);
    }
    if kind == PromptKind::Command {
        return command_line::refresh(state);
    }
    let (preview, wrong) = match kind {
        PromptKind::Ghost | PromptKind::Limit => (super::panel_typed::preview(state, kind, &typed), None),
        PromptKind::Tag | PromptKind::Retime | PromptKind::Notes | PromptKind::Url => (None, None),
        PromptKind::Clock(id) => (super::clock_view::preview(state, id, &typed), None),
        PromptKind::SourceZone(id) => (super::zone_view::preview(state, id, &typed), None),
        _ => super::typed_time::preview(state, &typed),
    };
    if let Some(Overlay::Prompt(prompt)) = state.overlays.last_mut() {
        (prompt.preview, prompt.wrong) = (preview, wrong);
    }
}

/// Up and down in the open list.
pub(super) fn step(state: &mut State, rows: isize) {
    let n_filters = state.list.chips.len();
    match state.overlays.last_mut() {
        Some(Overlay::Picker(picker)) => picker.step(rows),
        Some(Overlay::Help(_)) => scroll_help(state, rows),
        Some(Overlay::Filters(selected)) => *selected = selected.saturating_add_signed(rows).min(n_filters.saturating_sub(1)),
        Some(Overlay::Prompt(Prompt { find: Some(typing), .. })) => typing.step(rows),
        Some(Overlay::Prompt(_)) => filter::complete(state, rows),
        Some(Overlay::Draft(draft)) => draft.step(rows),
        _ => {}
    }
}

/// Chooses or unchooses.
pub(super) fn toggle(state: &mut State) -> Vec<Effect> {
    match state.overlays.last_mut() {
        Some(Overlay::Help(help)) => (help.scope, help.scroll) = (help.scope.other(), 0),
        Some(Overlay::Picker(picker)) if picker.chosen.is_some() => picker.toggle(),
        Some(Overlay::Picker(picker)) => picker.step(1),
        Some(Overlay::Prompt(Prompt { find: Some(typing), .. })) => typing.step(1),
        Some(Overlay::Prompt(_)) => filter::complete(state, 1),
        Some(Overlay::Draft(draft)) => draft.turn(1),
        Some(Overlay::Filters(selected)) => {
            let selected = *selected;
            return filter::toggle(state, selected);
        }
        _ => {}
    }
    Vec::new()
}

pub(super) fn next_field(state: &mut State, fields: isize) {
    if let Some(Overlay::Form(form)) = state.overlays.last_mut() {
        form.go(fields);
    }
}

/// Enter in a list or prompt.
pub(super) fn accept(state: &mut State) -> Vec<Effect> {
    if let Some(Overlay::Draft(_)) = state.overlays.last() {
        return draft_view::accept(state);
    }
    match state.overlays.pop() {
        Some(Overlay::Picker(picker)) => pick::picked(state, &picker),
        Some(Overlay::Prompt(prompt)) => {
            match accept_prompt(state, &prompt) {
                Ok(effects) => effects,
                Err(why) => {
                    // It stays open with the reason, so that it can be mended.
                    let mut prompt = prompt;
                    prompt.preview = Some(Err(why));
                    state.overlays.push(Overlay::Prompt(prompt));
                    Vec::new()
                }
            }
        }
        Some(Overlay::Filters(selected)) => {
            state.overlays.push(Overlay::Filters(selected));
            filter::edit_one(state, selected);
            Vec::new()
        }
        Some(Overlay::Help(_)) | None => Vec::new(),
        Some(other) => {
            state.overlays.push(other);
            Vec::new()
        }
    }
}

fn accept_prompt(state: &mut State, prompt: &Prompt) -> Result<Vec<Effect>, String> {
    let typed = prompt.input.text();
    let is_empty = typed.trim().is_empty();
    if prompt.kind.is_filter() {
        state.filters_typed.remember(typed);
    }
    match prompt.kind {
        PromptKind::Find => find::accept(state, prompt),
        PromptKind::FilterAll => filter::replace(state, typed),
        PromptKind::FilterOne(index) => {
            let effects = filter::replace_one(state, index, typed);
            step(state, 0);
            effects
        }
        PromptKind::Notes => Ok(records::filter(state, typed)),
        PromptKind::Command if is_empty => Ok(Vec::new()),
        PromptKind::Command => command_line::accept(state, typed),
        PromptKind::Clock(id) => super::clock_view::accept(state, id, typed),
        PromptKind::SourceZone(id) => super::zone_view::accept(state, id, typed),
        _ if is_empty => Ok(Vec::new()),
        PromptKind::Url => outside::pin_url(state, typed),
        PromptKind::Tag => records::tag(state, typed),
        PromptKind::Retime => records::retime(state, typed),
        PromptKind::GoTo => {
            let at = super::typed_time::go_to(state, typed)?;
            let is_inside = state.timeline.extent.is_some_and(|extent| extent.contains(at));
            if !is_inside {
                state.warn("that moment is outside the data: went to the nearest end");
            }
            Ok(Vec::new())
        }
        PromptKind::Ghost => super::panel_typed::ghost(state, typed),
        PromptKind::Limit => super::panel_typed::limit(state, typed),
        PromptKind::FilterIn => filter::add(state, typed, IsNegated::No),
        PromptKind::FilterOut => filter::add(state, typed, IsNegated::Yes),
    }
}

/// Esc: closes the top layer, after a question when typed text would be lost.
pub(super) fn dismiss(state: &mut State) {
    if let Some(Overlay::Draft(draft)) = state.overlays.last_mut()
        && draft_view::end_find(draft)
    {
        return;
    }
    let would_lose = match state.overlays.last() {
        Some(Overlay::Editor(editor)) => editor.is_changed(),
        Some(Overlay::Form(form)) => form.is_changed(),
        _ => false,
    };
    if would_lose {
        let question = "Throw away what is typed?".to_owned();
        state.overlays.push(Overlay::Confirm(Confirm { question, purpose: ConfirmPurpose::DiscardBelow }));
    } else {
        state.overlays.pop();
    }
}

/// Yes to the open question.
pub(super) fn confirmed(state: &mut State) -> Vec<Effect> {
    let Some(Overlay::Confirm(confirm)) = state.overlays.pop() else { return Vec::new() };
    match confirm.purpose {
        ConfirmPurpose::DiscardBelow => drop(state.overlays.pop()),
        ConfirmPurpose::QuitUnsaved => return vec![Effect::Quit],
    }
    Vec::new()
}

/// `^s` in a note or form.
pub(super) fn save_text(state: &mut State) -> Vec<Effect> {
    match state.overlays.pop() {
        Some(Overlay::Editor(editor)) => annotate::save_editor(state, &editor),
        Some(Overlay::Form(form)) => match forms::save(state, &form) {
            Ok(effects) => effects,
            Err(why) => {
                state.warn(why);
                state.overlays.push(Overlay::Form(form));
                Vec::new()
            }
        },
        Some(other) => {
            state.overlays.push(other);
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// `^e` in a note or form: the text goes to `$EDITOR`.
pub(super) fn external_editor(state: &mut State) -> Vec<Effect> {
    let text = match state.overlays.last_mut() {
        Some(Overlay::Editor(editor)) => Some(editor.text.text()),
        Some(Overlay::Form(form)) => form.focused_text(),
        _ => None,
    };
    if let Some(text) = text {
        vec![Effect::OpenEditor(text)]
    } else {
        state.say("only text fields open in $EDITOR");
        Vec::new()
    }
}
