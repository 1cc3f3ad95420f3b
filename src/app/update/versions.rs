//! How the selected record came to be: its versions, the last one first; Enter makes it again what it was.

use serde_json::Value;

use crate::app::message::{Effect, RecordVersion};
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker};
use crate::app::side::Tab;
use crate::app::state::State;
use crate::model::case::{Edit, annotation_to_json, title_of};
use crate::model::{Annotation, AnnotationId, text};

use super::annotate::headline;

/// Signs of a value that are shown.
const VALUE_CHARS: usize = 48;

/// Asks for the versions of the selected record.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    let id = state.side.annotation().filter(|_| matches!(state.side.tab, Tab::Chain | Tab::Notes)).cloned();
    if let Some(id) = id {
        vec![Effect::History(id)]
    } else {
        state.say("select a note (5) or a step of the chain (4) first");
        Vec::new()
    }
}

/// Lists them.
pub(super) fn list(state: &mut State, id: &AnnotationId, versions: &[RecordVersion]) {
    let Some(record) = state.session.doc.annotations.get(id).filter(|_| state.overlays.is_empty()) else { return };
    if versions.is_empty() {
        let made = state.clock.both(record.created);
        state.say(format!(
            "nothing is known of its changes: made {made} by {}, or in another copy of the case",
            text::printable(&record.author)
        ));
        return;
    }
    let item = |version: &RecordVersion| {
        let at = version.after.as_ref().or(version.before.as_ref()).map(|one| text::rfc3339(one.updated)).unwrap_or_default();
        let author = match (&version.before, &version.after) {
            (None, Some(made)) if !made.author.is_empty() => format!(" by {}", text::printable(&made.author)),
            _ => String::new(),
        };
        let label = format!("{at}  {}{author}", text::printable(&version.step));
        let value = PickValue::Version(version.after.clone().or_else(|| version.before.clone()));
        PickItem { label, detail: changes(version), key: String::new(), value }
    };
    let items: Vec<PickItem> = versions.iter().rev().map(item).collect();
    let title = format!("{} as it was: Enter brings a version back", headline(record));
    state.overlays.push(Overlay::Picker(Picker::new(PickPurpose::Versions, title, items)));
}

/// `Text: a → b; Status: open → confirmed`.
fn changes(version: &RecordVersion) -> String {
    let fields = |one: &Option<Box<Annotation>>| one.as_deref().map(annotation_to_json).unwrap_or_default();
    let (before, after) = (fields(&version.before), fields(&version.after));
    if version.after.is_none() {
        return "removed".to_owned();
    }
    let is_told = |key: &&String| !["id", "v", "rev", "created", "updated", "author", "kind"].contains(&key.as_str());
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let changed = after.keys().chain(gone).filter(is_told).filter(|key| before.get(*key) != after.get(*key));
    let words = |value: Option<&Value>| {
        let words = match value {
            None | Some(Value::Null) => "nothing".to_owned(),
            Some(Value::String(words)) => words.clone(),
            Some(other) => other.to_string(),
        };
        let words = text::printable(&words).replace('\n', " ");
        words.char_indices().nth(VALUE_CHARS).map_or_else(|| words.clone(), |(at, _)| format!("{}…", &words[..at]))
    };
    let is_new = before.is_empty();
    let one = |key: &String| match is_new {
        true => format!("{}: {}", title_of(key), words(after.get(key))),
        false => format!("{}: {} → {}", title_of(key), words(before.get(key)), words(after.get(key))),
    };
    changed.map(one).collect::<Vec<_>>().join("; ")
}

/// Makes the record what it was; undone by `u` like any edit.
pub(super) fn restore(state: &mut State, version: Option<Box<Annotation>>) -> Vec<Effect> {
    let Some(wanted) = version else { return Vec::new() };
    let now = state.now;
    let edit = match state.session.doc.annotations.get(&wanted.id) {
        Some(_) => {
            let id = wanted.id.clone();
            state.session.change(&id, now, |record| {
                let (revision, updated) = (record.revision, record.updated);
                *record = Annotation { revision, updated, ..*wanted };
            })
        }
        None => Some(Edit::Put { before: None, after: Some(wanted) }),
    };
    if edit.is_none() {
        state.say("it is like that now");
        return Vec::new();
    }
    state.say("brought back; u takes that back");
    state.session.commit("bring a version back", edit.into_iter().collect())
}
