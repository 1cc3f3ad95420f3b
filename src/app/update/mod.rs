//! Turns messages into state and effects: no clock, no file, no random number.
//!
//! `input` turns keys into actions, `action` runs them, the other files hold one concern each. After every message
//! `settle` lays the screen out, asks what changed and makes the views that drawing copies.

mod action;
mod annotate;
mod answer;
mod arrange;
mod ask;
mod chain;
pub(crate) mod clock_view;
mod column_pick;
mod command_line;
mod compare_view;
mod debt;
mod detail_view;
mod draft_view;
mod exemplars;
mod facet_view;
mod filter;
mod find;
mod forms;
mod input;
mod kind_form;
mod looks;
mod mouse;
mod mouse_over;
mod navigate;
mod onset_view;
mod outside;
mod overlays;
pub(crate) mod pager;
mod palette;
mod panel_edit;
mod panel_form;
mod panel_typed;
mod panel_view;
mod pattern_view;
mod pick;
mod play;
mod records;
mod replay;
mod search;
mod settle;
mod shape_view;
mod side_view;
mod sources_view;
mod trace_view;
mod typed_time;
mod versions;
pub(crate) mod zone_view;

use super::message::{Effect, Message};
use super::overlay::Overlay;
use super::state::State;

pub(crate) use ask::settle_view;
pub(crate) use filter::from_case as read_filters;
pub(crate) use palette::kind_of;
pub(crate) use records::Bearing;
pub(crate) use settle::Settling;

/// Changes the state by one message and says what the world must do.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    let mut effects = match message {
        Message::Key(key) => input::key(state, key),
        Message::Paste(text) => input::paste(state, &text),
        Message::Mouse(press) => mouse::press(state, press),
        Message::Terminal(theme, signs) => {
            state.looks.terminal = (theme, signs);
            Vec::new()
        }
        Message::Resized { width, height } => {
            state.layout.size = (width, height);
            Vec::new()
        }
        Message::Tick(now) => {
            tick(state, now);
            replay::tick(state);
            Vec::new()
        }
        Message::Catalog(catalog) => {
            answer::catalog(state, catalog);
            Vec::new()
        }
        Message::Loading(progress) => {
            // A last word that comes after the whole catalog would stay for ever.
            state.progress = Some(progress).filter(|_| !state.catalog.is_complete || !state.has_catalog);
            Vec::new()
        }
        Message::Progress(id, progress) => {
            answer::progress(state, id, progress);
            Vec::new()
        }
        Message::Replied(id, reply) => answer::replied(state, id, reply),
        Message::Saved(number) => state.session.saved(number),
        Message::SaveFailed(why) => {
            state.warn(format!("not saved: {why}"));
            state.session.failed(why);
            Vec::new()
        }
        Message::CaseMoved => {
            // Sections may have changed as well: what was made of them is asked for again.
            state.debt.asked = None;
            if let Some(draft) = draft_view::open_draft(state) {
                draft.asked = None;
            }
            vec![state.session.merge()]
        }
        Message::CaseMerged { revision, case, words } => merged(state, revision, *case, &words),
        Message::MetaSettled(before, after) => settle::meta_settled(state, &before, &after),
        Message::Tour(offer) => {
            super::tour::begin(state, offer);
            Vec::new()
        }
        Message::History(id, versions) => {
            versions::list(state, &id, &versions);
            Vec::new()
        }
        Message::SectionWritten(stem) => {
            draft_view::written(state, &stem);
            Vec::new()
        }
        Message::SectionFailed { stem, text, why } => {
            draft_view::failed(state, stem, &text, &why);
            Vec::new()
        }
        Message::Exported(path) => {
            state.tour.n_exports += 1;
            state.say(format!("postmortem written to {}", path.display()));
            Vec::new()
        }
        Message::ExportFailed(why) => {
            state.warn(format!("postmortem not written: {why}"));
            Vec::new()
        }
        Message::Edited(text) => edited(state, text),
        Message::Follow => super::follow::begin(state),
        Message::GoTo(at) => {
            state.jump_to(at);
            Vec::new()
        }
        Message::RunAction(action) => action::run(state, action, None),
        Message::Told(text) => {
            state.say(text);
            Vec::new()
        }
        Message::Command(line) => play::command(state, &line),
        Message::Start(script) => {
            play::start(state, &script);
            Vec::new()
        }
        Message::GoOn => Vec::new(),
        Message::ZonesProposed(zones) => {
            zone_view::propose(state, zones);
            Vec::new()
        }
        Message::Notice(text) => {
            state.warn(text);
            Vec::new()
        }
    };
    state.keep_shown();
    ask::settle(state, &mut effects);
    play::go_on(state, &mut effects);
    effects
}

/// Others wrote to the case files: what they wrote is in `case` beside ours.
fn merged(state: &mut State, revision: u64, case: crate::model::CaseDoc, words: &str) -> Vec<Effect> {
    let Some(effects) = state.session.merged(revision, case) else { return vec![state.session.merge()] };
    if !words.is_empty() {
        panel_edit::case_changed(state);
        let advice = if words.contains("conflict") { ": :conflicts lists what to settle" } else { "" };
        state.warn(format!("the case was changed on disk and merged: {words}{advice}"));
    }
    effects
}

fn tick(state: &mut State, now: crate::model::Timestamp) {
    state.now = now;
    if state.notice.as_ref().is_some_and(|notice| notice.until <= now) {
        state.notice = None;
    }
}

/// `$EDITOR` came back: its text goes where it was taken from.
fn edited(state: &mut State, text: Option<String>) -> Vec<Effect> {
    let Some(text) = text else {
        state.say("nothing changed in $EDITOR");
        return Vec::new();
    };
    match state.overlays.last_mut() {
        Some(Overlay::Editor(editor)) => editor.text.replace(&text),
        Some(Overlay::Form(form)) => {
            form.replace_text(&text);
        }
        _ => state.warn("the note that was being written is closed; its text from $EDITOR was not kept"),
    }
    Vec::new()
}
