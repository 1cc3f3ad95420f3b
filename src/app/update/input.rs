//! Keys and pasted text: to the action they mean, else into what is being typed.

use crate::app::actions::{Action, Context};
use crate::app::keymap::Meaning;
use crate::app::keys;
use crate::app::message::Effect;
use crate::app::overlay::Overlay;
use crate::app::press::{KeyCode, KeyPress};
use crate::app::state::State;

/// One key of the user: ends what is being played, else pressed.
pub(super) fn key(state: &mut State, key: KeyPress) -> Vec<Effect> {
    if super::play::interrupt(state, key) { Vec::new() } else { press(state, key) }
}

/// One key, of the user or of a macro.
pub(super) fn press(state: &mut State, key: KeyPress) -> Vec<Effect> {
    let context = state.context();
    crate::app::tour::key_pressed(state);
    if key.code == KeyCode::Esc && !state.pending.is_empty() {
        state.pending.clear();
        return Vec::new();
    }
    state.pending.push(key);
    match state.keymap.meaning(context, &state.pending) {
        Meaning::Prefix => Vec::new(),
        Meaning::Action(action) if !is_typed_here(state, action, key) => {
            let pressed = std::mem::take(&mut state.pending);
            super::play::note(state, action, &pressed);
            // Good news is about the key before; what went wrong stays for its time.
            state.notice = state.notice.take().filter(|notice| notice.is_bad);
            super::action::run(state, action, None)
        }
        _ => {
            let pressed = std::mem::take(&mut state.pending);
            state.macros.record(&pressed);
            if context == Context::Main {
                if pressed.len() > 1 {
                    state.say(format!("{} means nothing", keys::show_sequence(&pressed)));
                }
                return Vec::new();
            }
            super::overlays::typed(state, key)
        }
    }
}

/// A form uses Enter, a one-line text its own arrows: there the key belongs to what is typed.
fn is_typed_here(state: &State, action: Action, key: KeyPress) -> bool {
    match (state.overlays.last(), action) {
        // Tab in a note indents; only forms have fields.
        (Some(Overlay::Editor(_)), Action::NextField | Action::PrevField) => key.code == KeyCode::Tab,
        (Some(Overlay::Prompt(_) | Overlay::Picker(_) | Overlay::Help(_) | Overlay::Draft(_)), Action::Lower | Action::Raise) => true,
        // Lines that were typed before come back by the arrows; Tab goes through what is offered.
        (Some(Overlay::Prompt(prompt)), Action::ListUp | Action::ListDown) => {
            prompt.kind.is_recalled() && !matches!(key.code, KeyCode::Tab | KeyCode::BackTab)
        }
        _ => false,
    }
}

/// Pasted text goes where one types; elsewhere it is refused rather than run as keys.
pub(super) fn paste(state: &mut State, text: &str) -> Vec<Effect> {
    super::play::note_paste(state, text);
    match state.overlays.last_mut() {
        Some(Overlay::Editor(editor)) => editor.text.paste(text),
        Some(Overlay::Form(form)) => {
            form.paste(text.trim_end());
        }
        Some(Overlay::Picker(picker)) => {
            picker.input.insert(text.trim());
            picker.narrow();
            super::palette::offer(state);
        }
        Some(Overlay::Prompt(prompt)) => {
            prompt.input.insert(text.trim());
            super::overlays::refresh_prompt(state);
        }
        Some(Overlay::Help(help)) => help.input.insert(text.trim()),
        Some(Overlay::Draft(draft)) => {
            if let Some(find) = draft.find.as_mut().filter(|find| find.is_typing) {
                find.input.insert(text.trim());
            }
        }
        Some(Overlay::Filters(_) | Overlay::Confirm(_)) => {}
        None => state.say("pasted text goes into notes and prompts; open one first"),
    }
    Vec::new()
}
