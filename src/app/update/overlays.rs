//! What keys do in the layer that lies open on top.

use crate::app::list;
use crate::app::message::{Effect, KeyCode, KeyPress};
use crate::app::overlay::{Confirm, ConfirmPurpose, Overlay, PromptKind};
use crate::app::state::State;

use super::navigate::Way;
use super::{annotate, filter, forms, pick, search};

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
                }
            }
        },
        Some(Overlay::Prompt(prompt)) => {
            prompt.input.key(key);
            refresh_prompt(state);
        }
        Some(Overlay::Help(help)) => match key.code {
            KeyCode::PageUp => help.scroll = help.scroll.saturating_sub(10),
            KeyCode::PageDown => help.scroll += 10,
            _ => {
                if help.input.key(key) {
                    help.scroll = 0;
                }
            }
        },
        Some(Overlay::Filters(selected)) => {
            let selected = *selected;
            if matches!(key.code, KeyCode::Char('d' | 'x') | KeyCode::Delete | KeyCode::Backspace) {
                remove_filter(state, selected);
            } else if key == KeyPress::char('j') {
                step(state, 1);
            } else if key == KeyPress::char('k') {
                step(state, -1);
            } else if key == KeyPress::char(' ') {
                filter::toggle(state, selected);
            } else if matches!(key.code, KeyCode::Char('+' | 'l')) {
                search::shift_level(state, Way::Forward);
            } else if matches!(key.code, KeyCode::Char('-' | 'h')) {
                search::shift_level(state, Way::Back);
            }
        }
        Some(Overlay::Confirm(_)) | None => {}
    }
    Vec::new()
}

fn remove_filter(state: &mut State, index: usize) {
    let mut filter = state.list.filter.clone();
    let conditions = list::conditions(&filter);
    if let Some((condition, _)) = conditions.get(index) {
        list::remove_condition(&mut filter, condition);
        search::set_filter(state, filter);
    } else if index - conditions.len() < state.list.off.len() {
        state.list.off.remove(index - conditions.len());
    }
    step(state, 0);
}

/// Says in the prompt what the text would do.
pub(super) fn refresh_prompt(state: &mut State) {
    let Some(Overlay::Prompt(prompt)) = state.overlays.last() else { return };
    let (typed, kind) = (prompt.input.text().to_owned(), prompt.kind);
    if kind.is_filter() {
        return filter::refresh(state);
    }
    let preview = if kind == PromptKind::GoTo { super::typed_time::preview(state, &typed) } else { search::preview(&typed) };
    if let Some(Overlay::Prompt(prompt)) = state.overlays.last_mut() {
        prompt.preview = preview;
    }
}

/// Up and down in the open list.
pub(super) fn step(state: &mut State, rows: isize) {
    let n_filters = list::conditions(&state.list.filter).len() + state.list.off.len();
    match state.overlays.last_mut() {
        Some(Overlay::Picker(picker)) => picker.step(rows),
        Some(Overlay::Help(help)) => help.scroll = help.scroll.saturating_add_signed(rows),
        Some(Overlay::Filters(selected)) => *selected = selected.saturating_add_signed(rows).min(n_filters.saturating_sub(1)),
        Some(Overlay::Prompt(_)) => filter::complete(state, rows),
        _ => {}
    }
}

/// Chooses or unchooses.
pub(super) fn toggle(state: &mut State) {
    match state.overlays.last_mut() {
        Some(Overlay::Picker(picker)) if picker.chosen.is_some() => picker.toggle(),
        Some(Overlay::Picker(picker)) => picker.step(1),
        Some(Overlay::Prompt(_)) => filter::complete(state, 1),
        Some(Overlay::Filters(selected)) => {
            let selected = *selected;
            filter::toggle(state, selected);
        }
        _ => {}
    }
}

pub(super) fn next_field(state: &mut State, fields: isize) {
    if let Some(Overlay::Form(form)) = state.overlays.last_mut() {
        form.go(fields);
    }
}

/// Enter in a list or prompt.
pub(super) fn accept(state: &mut State) -> Vec<Effect> {
    match state.overlays.pop() {
        Some(Overlay::Picker(picker)) => pick::picked(state, &picker),
        Some(Overlay::Prompt(prompt)) => {
            let typed = prompt.input.text().to_owned();
            match accept_prompt(state, prompt.kind, &typed) {
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
        Some(Overlay::Filters(_)) => {
            filter::edit(state);
            Vec::new()
        }
        Some(Overlay::Help(_)) | None => Vec::new(),
        Some(other) => {
            state.overlays.push(other);
            Vec::new()
        }
    }
}

fn accept_prompt(state: &mut State, kind: PromptKind, typed: &str) -> Result<Vec<Effect>, String> {
    if typed.trim().is_empty() {
        match kind {
            PromptKind::Find => state.list.find = None,
            PromptKind::FilterAll => filter::replace(state, typed)?,
            _ => {}
        }
        return Ok(Vec::new());
    }
    match kind {
        PromptKind::GoTo => {
            let at = super::typed_time::parse(state, typed)?;
            let is_inside = state.timeline.extent.is_some_and(|extent| extent.contains(at));
            state.jump_to(at);
            if !is_inside {
                state.warn("that moment is outside the data: went to the nearest end");
            }
            Ok(Vec::new())
        }
        PromptKind::Find => search::start_find(state, typed),
        PromptKind::FilterIn => filter::add(state, typed, list::IsNegated::No).map(|()| Vec::new()),
        PromptKind::FilterOut => filter::add(state, typed, list::IsNegated::Yes).map(|()| Vec::new()),
        PromptKind::FilterAll => filter::replace(state, typed).map(|()| Vec::new()),
    }
}

/// Esc: closes the top layer, after a question when typed text would be lost.
pub(super) fn dismiss(state: &mut State) {
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
