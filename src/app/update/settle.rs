//! Conflicts of a merge: listed with their two values, settled by a key, undone like any other step.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::app::jobs::Slot;
use crate::app::message::{Effect, Question};
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker};
use crate::app::state::State;
use crate::model::case::{CaseMeta, Choice, MetaConflict, Standing};
use crate::model::{AnnotationId, text};

use super::annotate::headline;

/// Widest value in the list; the detail pane shows it whole.
const VALUE_CHARS: usize = 60;

/// What is to be settled.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Settling {
    /// A conflict of a record.
    Record(AnnotationId),
    /// A key of `case.toml`.
    Meta(Box<MetaConflict>),
}

/// Lists the conflicts, two lines each: a value, and what it would mean.
pub(super) fn list(state: &mut State) {
    let doc = &state.session.doc;
    let mut items = Vec::new();
    for (record, conflict) in doc.conflicts() {
        let of = doc.annotations.get(&conflict.of).map_or_else(|| "a record that is gone".to_owned(), headline);
        let what = match conflict.field.as_str() {
            "del" => "one side removed it".to_owned(),
            "*" => "two different records".to_owned(),
            field => text::printable(field).into_owned(),
        };
        let base = conflict.base.as_ref().filter(|_| conflict.field != "del" && conflict.field != "*");
        let was = base.map_or_else(String::new, |base| format!(", was {}", told(Some(base))));
        for (at, choice) in [Choice::First, Choice::Second].into_iter().enumerate() {
            let stands = if choice == Choice::First { "stands" } else { "take it" };
            items.push(PickItem {
                label: format!("{what}: {}", told(conflict.sides[at].as_ref())),
                detail: format!("{stands}{was}  {of}"),
                key: String::new(),
                value: PickValue::Settle(Settling::Record(record.id.clone()), choice),
            });
        }
    }
    for conflict in &doc.meta.conflicts {
        for (at, choice) in [Choice::First, Choice::Second].into_iter().enumerate() {
            let stands = if choice == Choice::First { "stands" } else { "take it" };
            items.push(PickItem {
                label: format!("{}: {}", text::printable(&conflict.key.join(".")), told(conflict.sides[at].as_ref())),
                detail: format!("{stands}, was {}  case.toml", told(conflict.base.as_ref())),
                key: String::new(),
                value: PickValue::Settle(Settling::Meta(Box::new(conflict.clone())), choice),
            });
        }
    }
    if items.is_empty() {
        state.say("no conflicts to settle");
        return;
    }
    let n = items.len() / 2;
    let title = format!("{n} {}: Enter takes a value, u takes it back", if n == 1 { "conflict" } else { "conflicts" });
    state.overlays.push(Overlay::Picker(Picker::new(PickPurpose::Conflicts, title, items)));
}

fn told(value: Option<&Value>) -> String {
    let words = match value {
        None | Some(Value::Null) => return "nothing".to_owned(),
        Some(Value::String(words)) => words.clone(),
        Some(Value::Object(object)) => match object.get("text").and_then(Value::as_str) {
            Some(words) => format!("{} {words}", object.get("kind").and_then(Value::as_str).unwrap_or_default()),
            None => Value::Object(object.clone()).to_string(),
        },
        Some(other) => other.to_string(),
    };
    let words = text::printable(&words.replace('\n', " ")).into_owned();
    match words.char_indices().nth(VALUE_CHARS) {
        Some((cut, _)) => format!("{}…", &words[..cut]),
        None => words,
    }
}

/// Takes one of the two values; the list stays open while there are more.
pub(super) fn take(state: &mut State, settling: &Settling, choice: Choice) -> Vec<Effect> {
    match settling {
        Settling::Record(id) => match state.session.doc.settle(id, choice, state.now) {
            Ok(edits) => {
                let effects = state.session.commit("settle a conflict", edits);
                go_on(state);
                effects
            }
            Err(why) => {
                state.warn(why);
                Vec::new()
            }
        },
        Settling::Meta(conflict) => {
            vec![Effect::SettleMeta { meta: Box::new(state.session.doc.meta.clone()), conflict: (**conflict).clone(), choice }]
        }
    }
}

/// A value of `case.toml` was taken.
pub(super) fn meta_settled(state: &mut State, before: &CaseMeta, after: &CaseMeta) -> Vec<Effect> {
    let change = state.session.doc.meta.with_change(before, after);
    let Some(edit) = state.session.change_meta(|meta| *meta = change) else { return Vec::new() };
    let effects = state.session.commit("settle a conflict", vec![edit]);
    super::panel_edit::case_changed(state);
    go_on(state);
    effects
}

fn go_on(state: &mut State) {
    let n_left = state.session.doc.conflicts().len() + state.session.doc.meta.conflicts.len();
    if n_left == 0 {
        state.say("settled: no conflicts are left; u takes it back");
    } else {
        list(state);
        state.say(format!("settled: {n_left} left; u takes it back"));
    }
}

/// Asks where the evidence stands, once everything is read, and again for new pins.
pub(super) fn ask_standings(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.catalog.is_complete || state.is_following() {
        return;
    }
    let evidence = state.session.doc.evidence();
    let key = (state.catalog.version, evidence.iter().map(|(record, _)| record.id.clone()).collect::<Vec<_>>());
    if state.standings.asked.as_ref() == Some(&key) || (state.standings.asked.is_none() && evidence.is_empty()) {
        return;
    }
    let all = evidence.into_iter().map(|(record, one)| (record.id.clone(), one.clone())).collect();
    state.standings.asked = Some(key);
    state.jobs.ask(Slot::Standings, Question::Standings(all), state.catalog.version, effects);
}

/// Where the evidence stands; what is not in its place any more is told once.
pub(super) fn stand(state: &mut State, found: BTreeMap<AnnotationId, Standing>) {
    let count = |is_it: fn(&Standing) -> bool| found.values().filter(|standing| is_it(standing)).count();
    let n_lost = count(|standing| matches!(standing, Standing::Lost { .. }));
    let n_moved = count(|standing| matches!(standing, Standing::Moved { .. }));
    let is_news = state.standings.found.values().filter(|one| matches!(one, Standing::Lost { .. })).count() != n_lost;
    state.standings.found = found;
    state.data_revision += 1;
    if n_lost > 0 && is_news {
        let moved = if n_moved > 0 { format!(", {n_moved} moved") } else { String::new() };
        state.warn(format!("evidence: {n_lost} lost{moved}; the notes (5) say which"));
    }
}
