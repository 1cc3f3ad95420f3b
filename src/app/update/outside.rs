//! Evidence that lies beyond the sources: an address, and a diff that is pasted.

use crate::app::editor::Editor;
use crate::app::message::Effect;
use crate::app::overlay::{Overlay, TextPurpose};
use crate::app::session::Session;
use crate::app::state::State;
use crate::model::case::{Evidence, EvidenceTarget};
use crate::model::patch::{Patch, web_address};
use crate::model::{AnnotationKind, Timestamp, text};

/// Files of a diff that its caption names.
const NAMED_FILES: usize = 3;

/// `https://… words`: pins the address at the cursor, with the words as its caption.
pub(super) fn pin_url(state: &mut State, typed: &str) -> Result<Vec<Effect>, String> {
    let (address, words) = typed.trim().split_once(char::is_whitespace).unwrap_or((typed.trim(), ""));
    let url = web_address(address)?.to_owned();
    let caption = if words.trim().is_empty() { url.clone() } else { words.trim().to_owned() };
    let target = EvidenceTarget::Link { at: Some(state.timeline.cursor), url: url.clone() };
    Ok(pin(state, url, target, caption))
}

/// Opens an empty text for a diff.
pub(super) fn write_diff(state: &mut State) {
    let at = state.timeline.cursor;
    let title = format!("paste a unified diff, pinned at {}", state.clock.both(at));
    state.overlays.push(Overlay::Editor(Box::new(Editor::new(TextPurpose::Diff(at), title, ""))));
}

/// Pins what was pasted; what is no diff goes back into the editor.
pub(super) fn pin_diff(state: &mut State, editor: &Editor, at: Timestamp) -> Vec<Effect> {
    let text = format!("{}\n", editor.text.text().trim_end());
    match Patch::read(&text) {
        Ok(patch) => {
            let caption = patch.words(NAMED_FILES);
            let target = EvidenceTarget::Diff { at: Some(at), before: None, after: patch.commit, text };
            pin(state, "pasted diff".to_owned(), target, caption)
        }
        Err(why) => {
            state.warn(why);
            state.overlays.push(Overlay::Editor(Box::new(editor.clone())));
            Vec::new()
        }
    }
}

fn pin(state: &mut State, source: String, target: EvidenceTarget, caption: String) -> Vec<Effect> {
    let kind = AnnotationKind::Evidence(Evidence { source, source_sha256: None, target });
    let record = state.session.annotation(state.now, kind, caption);
    state.session.fresh_pins.push(record.id.clone());
    state.say(format!("pinned: {}; u takes it back", text::printable(&record.text)));
    state.session.commit("pin", vec![Session::put(record)])
}
