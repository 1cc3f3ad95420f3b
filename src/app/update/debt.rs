//! Asks for the evidence debt when the case changed, and leads to the weakest claim.

use std::collections::BTreeSet;

use super::action::show_tab;
use crate::app::jobs::Slot;
use crate::app::message::{Effect, Question};
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker};
use crate::app::side::Tab;
use crate::app::state::State;
use crate::model::{AnnotationKind, text};

/// Asks again if the case changed since. A case without any note owes nothing: nobody claims anything yet.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let revision = state.session.revision;
    let is_ready = state.catalog.is_complete && state.overlays.is_empty() && !state.is_following();
    if !is_ready || state.debt.asked == Some(revision) {
        return;
    }
    state.debt.asked = Some(revision);
    if state.session.doc.annotations.is_empty() {
        state.debt.owed.clear();
        return;
    }
    let question = Question::Debt(Box::new(state.session.doc.clone()));
    state.jobs.ask(Slot::Debt, question, state.catalog.version, effects);
}

/// Asks what the data suggest; the list opens when the answer is there.
pub(super) fn ask_suggested(state: &mut State) -> Vec<Effect> {
    let mut effects = Vec::new();
    if state.catalog.is_complete {
        let question = Question::Suggested(Box::new(state.session.doc.clone()));
        state.jobs.ask(Slot::Suggested, question, state.catalog.version, &mut effects);
        state.say("looking which markers the data suggest …");
    } else {
        state.say("the sources are still being read; try again when they are done");
    }
    effects
}

/// Lists the suggested markers, each with the rule that found it.
pub(super) fn suggest(state: &mut State, found: Vec<(AnnotationKind, String)>) {
    // The answer may come while something is being written.
    if !state.overlays.is_empty() {
        return;
    }
    let items = found.into_iter().filter_map(|(kind, words)| {
        let AnnotationKind::Marker { name, at, rule, .. } = &kind else { return None };
        let said = if words.is_empty() { String::new() } else { format!(": {}", text::printable(&words)) };
        let label = format!("{}{said}", name.name().replace('_', " "));
        let detail = format!("{}  {}", state.clock.both(*at), text::printable(rule.trim_start_matches("accepted: ")));
        Some(PickItem { label, detail, key: String::new(), value: PickValue::Suggested(Box::new(kind), words) })
    });
    let items: Vec<PickItem> = items.collect();
    if items.is_empty() {
        state.say("the data suggest no marker that is not set");
        return;
    }
    state.notice = None;
    let title = "markers that the data suggest: Tab chooses several, Enter takes";
    let mut picker = Picker::new(PickPurpose::Suggested, title, items);
    picker.chosen = Some(BTreeSet::new());
    state.overlays.push(Overlay::Picker(picker));
}

/// Goes to the weakest claim, with each press to the next one.
pub(super) fn weakest(state: &mut State) {
    if state.has_curtain() {
        state.say("claims are judged by all the data: t . opens the curtain first");
        return;
    }
    let n = state.debt.owed.len();
    if n == 0 {
        state.say(match (state.session.doc.annotations.is_empty(), state.jobs.is_waiting(Slot::Debt)) {
            (true, _) => "nothing is claimed yet: no notes",
            (false, true) => "the claims are still being judged",
            (false, false) => "no evidence debt",
        });
        return;
    }
    let index = state.debt.next % n;
    state.debt.next = index + 1;
    let owed = state.debt.owed[index].clone();
    if let Some(at) = owed.at {
        state.jump_to(at);
    }
    if let Some(annotation) = owed.subject.as_ref().and_then(|id| state.session.doc.annotations.get(id)) {
        let is_step = matches!(annotation.kind, AnnotationKind::Cause(_) | AnnotationKind::Attempt(_) | AnnotationKind::Link(_));
        let id = annotation.id.clone();
        show_tab(state, if is_step { Tab::Chain } else { Tab::Notes });
        super::side_view::prepare(state);
        state.side.select_annotation(&id);
    }
    let words = format!("{} of {n}: {} {}: {} → {}", index + 1, owed.rule, owed.place, owed.message, owed.fix);
    state.say(text::printable(&words).into_owned());
}
