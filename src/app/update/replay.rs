//! Keys of the replay: play, pause, speed, curtain; and what is told when the play head passes something.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::editor::Editor;
use crate::app::message::Effect;
use crate::app::overlay::{Overlay, TextPurpose};
use crate::app::panels::Panel;
use crate::app::replay::{self, Before, Motion, Replay, SPEEDS};
use crate::app::state::State;
use crate::model::{Alert, Level, Timestamp, text};

use super::navigate::Way;

/// A longer stretch of the wall clock between two ticks was a pause: the terminal slept, or the answers were late.
const LONGEST_STEP_NS: i64 = 2_000_000_000;
/// Things that one step tells of; more are counted.
const MOST_NEWS: usize = 3;

/// Space: closes the curtain and plays, pauses, goes on.
pub(super) fn toggle(state: &mut State) -> Vec<Effect> {
    let mut effects = Vec::new();
    if state.replay.is_none() {
        effects = close_curtain(state);
        if state.replay.is_none() {
            return effects;
        }
    } else if state.is_playing() {
        pause(state);
        return effects;
    }
    let is_at_end = state.timeline.is_at_end();
    if is_at_end {
        let start = state.timeline.visible.start();
        state.timeline.move_to(start);
    }
    let now = state.now;
    if let Some(replay) = &mut state.replay {
        replay.motion = Motion::Playing { since: now };
        let words = format!("playing at {}: Space pauses, t + faster, t - slower, Esc ends", replay.speed_words());
        state.say(words);
    }
    effects
}

fn pause(state: &mut State) {
    if let Some(replay) = &mut state.replay {
        replay.motion = Motion::Paused;
    }
    let known = situation(state);
    let words = match known.len() {
        0 => "nothing is beyond its limit, no alert fires".to_owned(),
        _ => known.join(" · "),
    };
    state.say(format!("paused: {words}; t k writes down what could be known"));
}

/// `t .`: closes the curtain without playing, or opens it here.
pub(super) fn toggle_curtain(state: &mut State) -> Vec<Effect> {
    if state.replay.is_none() {
        let effects = close_curtain(state);
        if state.replay.is_some() {
            state.say("the curtain is closed: nothing after the cursor is shown; Space plays, h and l move it");
        }
        return effects;
    }
    open_curtain(state);
    state.say("the curtain is open: everything is shown");
    Vec::new()
}

/// Esc: opens the curtain and goes back to what was seen before. Whether there was one.
pub(super) fn end(state: &mut State) -> bool {
    let Some(replay) = &state.replay else { return false };
    let before = replay.before.clone();
    open_curtain(state);
    state.leave_place();
    state.timeline.show(before.visible);
    if Some(before.visible) == state.timeline.extent {
        state.timeline.fit_all();
    }
    state.timeline.move_to(before.cursor);
    state.timeline.anchor = before.anchor;
    state.say(format!("the replay ended; {} goes back to where it stopped", state.keymap.key_of(crate::app::Action::Back)));
    true
}

/// `t +`, `t -`.
pub(super) fn change_speed(state: &mut State, way: Way) {
    let Some(replay) = &mut state.replay else {
        state.say("Space plays first; what is in sight takes about a minute then");
        return;
    };
    let last = SPEEDS.len() - 1;
    replay.speed = if way == Way::Forward { (replay.speed + 1).min(last) } else { replay.speed.saturating_sub(1) };
    let words = replay.speed_words();
    state.say(words);
}

fn close_curtain(state: &mut State) -> Vec<Effect> {
    if state.timeline.extent.is_none() {
        state.say("nothing to replay yet");
        return Vec::new();
    }
    let is_followed = state.follow.take().is_some();
    let timeline = &state.timeline;
    let before = Before { cursor: timeline.cursor, visible: timeline.visible, anchor: timeline.anchor };
    let whole = Arc::clone(&state.catalog);
    state.catalog = Arc::new(whole.without_totals());
    let until = timeline.cursor.plus_ns(1);
    state.replay = Some(Box::new(Replay {
        whole,
        told: replay::told(&state.session.doc, until),
        told_of: None,
        until,
        speed: replay::usual_speed(timeline.visible.len_ns()),
        motion: Motion::Paused,
        before,
        crossed: None,
        news: None,
    }));
    state.forget_from(until);
    if is_followed { vec![Effect::Unfollow] } else { Vec::new() }
}

fn open_curtain(state: &mut State) {
    let Some(replay) = state.replay.take() else { return };
    state.catalog = replay.whole;
    state.jobs.hide_from(None);
    state.panels.until = None;
    // What was answered behind the curtain is asked for anew; these are kept by no slot.
    state.words = None;
    state.shapes = crate::app::shapes::Shapes::default();
    state.data_revision += 1;
}

/// Cuts everything at the cursor, where it is another one than before. O(changes, alerts, profiles and records).
pub(super) fn settle(state: &mut State) {
    let (until, revision) = (state.timeline.cursor.plus_ns(1), state.session.revision);
    let Some(replay) = &mut state.replay else { return };
    if replay.until == until && replay.told_of == Some(revision) {
        return;
    }
    let before = std::mem::replace(&mut replay.until, until);
    replay.told_of = Some(revision);
    replay.told = replay::told(&state.session.doc, until);
    Arc::make_mut(&mut state.catalog).take_known(&replay.whole, until);
    if let Some(crossed) = &mut replay.crossed {
        crossed.retain(|_, at| *at < until);
    }
    state.jobs.hide_from(Some(until));
    state.panels.until = Some(until);
    state.data_revision += 1;
    if until < before {
        state.forget_from(until);
    } else {
        tell_passed(state, before);
    }
}

/// A new catalog came from below: what of it may be seen.
pub(super) fn take_catalog(state: &mut State, whole: Arc<crate::model::Catalog>) -> Arc<crate::model::Catalog> {
    let Some(replay) = &mut state.replay else { return whole };
    replay.told_of = None;
    replay.whole = Arc::clone(&whole);
    Arc::new(whole.without_totals())
}

/// The wall clock went on: so does the head, unless answers are still awaited or something lies above the panes.
pub(super) fn tick(state: &mut State) {
    let (now, is_busy, is_covered) = (state.now, state.jobs.is_view_waiting(), !state.overlays.is_empty());
    let Some(replay) = &mut state.replay else { return };
    let Motion::Playing { since } = replay.motion else { return };
    if is_busy && !is_covered {
        return;
    }
    replay.motion = Motion::Playing { since: now };
    if is_covered {
        return;
    }
    let ns = now.since(since).clamp(0, LONGEST_STEP_NS).saturating_mul(i64::from(SPEEDS[replay.speed]));
    let Some(extent) = state.timeline.extent else { return };
    let end = extent.end().plus_ns(-1);
    let head = state.timeline.cursor.plus_ns(ns).min(end);
    state.timeline.play_to(head);
    if head == end {
        replay.motion = Motion::Paused;
        state.say("the end of the data; Esc goes back to where the replay began");
    }
}

/// Says which changes and alerts the head passed.
fn tell_passed(state: &mut State, from: Timestamp) {
    let Some(replay) = &state.replay else { return };
    let is_new = |at: Timestamp| from <= at && at < replay.until;
    let changes = state.catalog.changes.iter().filter_map(|change| Some((change.time?, change.title())));
    let alerts = state.catalog.alerts.iter().flat_map(|alert| {
        let fires = alert.firing_at.map(|at| (at, format!("alert {} fires{}", alert.name, of_service(alert))));
        let ends = alert.ended_at.map(|at| (at, format!("alert {} is over{}", alert.name, of_service(alert))));
        fires.into_iter().chain(ends)
    });
    let mut passed: Vec<(Timestamp, String)> = changes.chain(alerts).filter(|(at, _)| is_new(*at)).collect();
    passed.sort();
    let words = passed.iter().map(|(at, words)| format!("{} {}", state.clock.short(*at), text::printable(words.trim()))).collect();
    tell(state, words);
}

fn of_service(alert: &Alert) -> String {
    alert.service.as_ref().map(|service| format!(" for {service}")).unwrap_or_default()
}

/// Says which panels are beyond their limit for the first time; called when the numbers of the panels came.
pub(super) fn tell_crossings(state: &mut State) {
    let Some(replay) = &mut state.replay else { return };
    let crossing = |panel: &Panel| panel.stats.and_then(|stats| stats.crossing);
    let now: BTreeMap<String, Timestamp> =
        state.panels.all.iter().filter_map(|panel| Some((panel.reference.series.clone(), crossing(panel)?.at))).collect();
    let Some(known) = replay.crossed.replace(now) else { return };
    let is_news =
        |panel: &&Panel| crossing(panel).is_some_and(|crossing| !crossing.is_at_start) && !known.contains_key(&panel.reference.series);
    let words = state.panels.all.iter().filter(is_news).map(|panel| {
        let at = crossing(panel).map(|crossing| state.clock.short(crossing.at)).unwrap_or_default();
        format!("{at} {} {} {}", panel.name, panel.place, panel.limit_sentence())
    });
    let words = words.collect();
    tell(state, words);
}

/// Says it, behind what was said of the same step.
fn tell(state: &mut State, mut words: Vec<String>) {
    if words.is_empty() {
        return;
    }
    if words.len() > MOST_NEWS {
        let more = words.len() - MOST_NEWS;
        words.truncate(MOST_NEWS);
        words.push(format!("and {more} more"));
    }
    let mut all = words.join(" · ");
    let now = state.now;
    if let Some(replay) = &mut state.replay {
        if let Some((_, earlier)) = replay.news.take().filter(|(at, _)| *at == now) {
            all = format!("{earlier} · {all}");
        }
        replay.news = Some((now, all.clone()));
    }
    state.say(all);
}

/// What tells at the cursor that something is wrong: alerts that fire, panels that are beyond their limit.
fn situation(state: &State) -> Vec<String> {
    let alerts = state.firing().map(|alert| {
        let since = alert.firing_at.map(|at| format!(" since {}", state.clock.short(at))).unwrap_or_default();
        text::printable(&format!("alert {} fires{}{since}", alert.name, of_service(alert))).into_owned()
    });
    let over = state.panels.all.iter().filter(|panel| panel.is_bad_at_cursor());
    let over = over.map(|panel| {
        let limit = if panel.texts.crossing.is_empty() { panel.limit_sentence() } else { panel.texts.crossing.clone() };
        format!("{} {} {}, {limit}", panel.name, panel.place, panel.texts.value)
    });
    alerts.chain(over).collect()
}

/// `t k`: a note at the play head on what could be known there, to be edited before it is kept.
pub(super) fn write_known(state: &mut State) {
    let at = state.timeline.cursor;
    let both = state.clock.both(at);
    let mut lines = vec![format!("what could be known at {both}:")];
    lines.extend(situation(state).into_iter().map(|words| format!("- {words}")));
    let changes = state.catalog.changes.iter().filter(|change| change.time.is_some_and(|time| time <= at));
    if let Some(change) = changes.max_by_key(|change| change.time) {
        let when = change.time.map(|at| state.clock.short(at)).unwrap_or_default();
        lines.push(format!("- last change: {}, {when}", text::printable(&change.title())));
    }
    if let Some(n) = n_errors(state) {
        lines.push(format!("- {} errors so far", text::grouped(n)));
    }
    if lines.len() == 1 {
        lines.push("- nothing beyond its limit, no alert, no change".to_owned());
    }
    let title = format!("what could be known at {both}");
    let words = format!("{}\n", lines.join("\n"));
    state.overlays.push(Overlay::Editor(Box::new(Editor::new(TextPurpose::Known(at), title, &words))));
}

/// Errors up to the play head: without a curtain the counts are those of all the data.
fn n_errors(state: &State) -> Option<u64> {
    state.replay.as_ref()?;
    let n: u64 = state.lanes.overview.iter().flat_map(|counts| &counts[Level::Error as usize..]).sum();
    (n > 0).then_some(n)
}
