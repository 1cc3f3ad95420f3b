//! Moving about: steps, jumps to changes, marks and phases, history, T+0.

use crate::app::history::{Motion, Place};
use crate::app::message::Effect;
use crate::app::session::Session;
use crate::app::state::{Focus, State};
use crate::app::timeline::Timeline;
use crate::model::case::Anchor;
use crate::model::{Catalog, Timestamp, text};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Forward,
    Back,
}

impl State {
    /// Remembers this place before a jump.
    pub(crate) fn leave_place(&mut self) {
        let place = self.place();
        self.history.leave(place);
    }

    fn place(&self) -> Place {
        Place { cursor: self.timeline.cursor, visible: self.timeline.visible }
    }

    /// Moves cursor or window and remembers where from.
    pub(crate) fn moving(&mut self, motion: Motion, go: impl FnOnce(&mut Timeline)) {
        let from = self.place();
        go(&mut self.timeline);
        let to = self.place();
        self.history.moved(motion, from, to);
    }

    /// Jumps to a moment and remembers where from.
    pub(crate) fn jump_to(&mut self, at: Timestamp) {
        if at != self.timeline.cursor {
            self.leave_place();
            self.timeline.jump_to(at);
        }
    }
}

/// Back or forward in the history of jumps.
pub(super) fn history(state: &mut State, way: Way) {
    let here = state.place();
    let place = if way == Way::Back { state.history.back(here) } else { state.history.forward(here) };
    match place {
        Some(place) => {
            state.timeline.show(place.visible);
            if state.timeline.home == Some(place.visible) {
                state.timeline.fit_home();
            }
            if Some(place.visible) == state.timeline.extent {
                state.timeline.fit_all();
            }
            state.timeline.move_to(place.cursor);
        }
        None => state.say(if way == Way::Back { "nothing to go back to" } else { "nothing to go forward to" }),
    }
}

/// The nearest of sorted moments beyond the cursor.
fn beyond(moments: &mut dyn Iterator<Item = Timestamp>, cursor: Timestamp, way: Way) -> Option<Timestamp> {
    match way {
        Way::Forward => moments.filter(|at| *at > cursor).min(),
        Way::Back => moments.filter(|at| *at < cursor).max(),
    }
}

fn jump_or_say(state: &mut State, at: Option<Timestamp>, what: &str, way: Way) {
    match at {
        Some(at) => state.jump_to(at),
        None if way == Way::Forward && state.has_curtain() => {
            state.say(format!("no {what} yet: the curtain hides what comes after the cursor"));
        }
        None => state.say(format!("no {what} {} the cursor", if way == Way::Forward { "after" } else { "before" })),
    }
}

/// Next or previous change or alert; says what it is.
pub(super) fn change(state: &mut State, way: Way) {
    let at = beyond(&mut changes_and_alerts(&state.catalog), state.timeline.cursor, way);
    go_and_tell(state, at, "change or alert", way);
}

/// Next or previous change of the system itself: alerts are left out.
pub(super) fn deploy(state: &mut State, way: Way) {
    let at = beyond(&mut state.catalog.changes.iter().filter_map(|change| change.time), state.timeline.cursor, way);
    go_and_tell(state, at, "change", way);
}

/// Next or previous moment at which an alert fires or ends; says which.
pub(super) fn alert(state: &mut State, way: Way) {
    let moments = state.catalog.alerts.iter().flat_map(|alert| [alert.firing_at, alert.ended_at].into_iter().flatten());
    let at = beyond(&mut moments.collect::<Vec<_>>().into_iter(), state.timeline.cursor, way);
    go_and_tell(state, at, "alert that fires or ends", way);
}

/// The same with profiles: there may be very many, so only the lane itself steps over each.
fn lane_mark(state: &mut State, way: Way) {
    let profiles = state.catalog.profiles.iter().filter_map(|profile| profile.time);
    let at = beyond(&mut changes_and_alerts(&state.catalog).chain(profiles), state.timeline.cursor, way);
    go_and_tell(state, at, "change, alert or profile", way);
}

fn changes_and_alerts(catalog: &Catalog) -> impl Iterator<Item = Timestamp> {
    let alerts = catalog.alerts.iter().flat_map(|alert| [Some(alert.active_at), alert.firing_at].into_iter().flatten());
    catalog.changes.iter().filter_map(|change| change.time).chain(alerts)
}

fn go_and_tell(state: &mut State, at: Option<Timestamp>, what: &str, way: Way) {
    jump_or_say(state, at, what, way);
    if let Some(at) = at {
        let words = things_at(state, at);
        if !words.is_empty() {
            state.say(words.join(" · "));
        }
    }
}

/// What happened at exactly this moment, in words.
fn things_at(state: &State, at: Timestamp) -> Vec<String> {
    let catalog = &state.catalog;
    let changes = catalog.changes.iter().filter(|change| change.time == Some(at)).map(crate::model::Change::title);
    let is_here = |alert: &&crate::model::Alert| alert.active_at == at || alert.firing_at == Some(at) || alert.ended_at == Some(at);
    let alerts = catalog.alerts.iter().filter(is_here).map(|alert| {
        let word = match alert.firing_at {
            Some(firing) if firing == at => "fires",
            _ if alert.active_at == at => "pending",
            _ => "is over",
        };
        format!("alert {} {word}{}", alert.name, alert.service.as_ref().map(|service| format!(" for {service}")).unwrap_or_default())
    });
    let profiles = catalog
        .profiles
        .iter()
        .filter(|profile| profile.time == Some(at))
        .map(|profile| format!("{} profile {}", profile.kind, profile.service.as_deref().unwrap_or_default()));
    changes.chain(alerts).chain(profiles).map(|words| text::printable(words.trim()).into_owned()).collect()
}

/// Next or previous mark or note.
pub(super) fn mark(state: &mut State, way: Way) {
    let at = beyond(&mut state.lanes.marks.iter().map(|mark| mark.0), state.timeline.cursor, way);
    jump_or_say(state, at, "mark", way);
}

/// Next phase, or the start of this one and then the one before.
pub(super) fn phase(state: &mut State, way: Way) {
    if state.lanes.all_phases.is_empty() {
        state.say("no phases yet: m marks trigger, impact start, mitigated, resolved");
        return;
    }
    let at = beyond(&mut state.lanes.all_phases.iter().map(|phase| phase.range.start()), state.timeline.cursor, way);
    jump_or_say(state, at, "phase", way);
}

/// The nearest event, change or sample.
pub(super) fn snap(state: &mut State) {
    let cursor = state.timeline.cursor;
    let rows = state.list.rows.iter().filter_map(|row| row.time);
    let changes = state.catalog.changes.iter().filter_map(|change| change.time);
    let alerts =
        state.catalog.alerts.iter().flat_map(|alert| [Some(alert.active_at), alert.firing_at, alert.ended_at].into_iter().flatten());
    let samples = state.panels.selected().and_then(|panel| panel.value.as_ref()).map(|value| value.sample_time);
    let nearest =
        rows.chain(changes).chain(alerts).chain(samples).filter(|at| *at != cursor).min_by_key(|at| at.since(cursor).unsigned_abs());
    let is_on_something = state.list.rows.iter().any(|row| row.time == Some(cursor));
    match nearest {
        _ if is_on_something => state.say("the cursor is on an event already"),
        Some(at) => state.jump_to(at),
        None => state.say("nothing to snap to yet"),
    }
}

/// Makes the cursor T+0, to the nanosecond: how wide a column is does not count. The label is the change or alert at
/// that moment, else the selected event; a change nearby is told.
pub(super) fn set_t0(state: &mut State) -> Vec<Effect> {
    let cursor = state.timeline.cursor;
    let change = state.catalog.changes.iter().find(|change| change.time == Some(cursor)).map(crate::model::Change::title);
    let alert = state.catalog.alerts.iter().find(|alert| [Some(alert.active_at), alert.firing_at].contains(&Some(cursor)));
    let alert = alert.map(|alert| format!("alert {}", alert.name));
    let row = state.list.selected().filter(|row| state.focus == Focus::List && row.time == Some(cursor)).map(|row| cut(&row.message));
    let label = match change.or(alert).or(row) {
        Some(words) => text::printable(words.trim()).into_owned(),
        None => format!("set by hand at {}", text::rfc3339(cursor)),
    };
    let nearby = nearby_change(state);
    let anchor = Anchor { at: cursor, label: label.clone() };
    let Some(edit) = state.session.change_meta(|meta| meta.t0 = Some(anchor)) else {
        state.say("this is T+0 already");
        return Vec::new();
    };
    let effects = state.session.commit("set T+0", vec![edit]);
    state.say(format!("T+0 = {label}{}", nearby.unwrap_or_default()));
    effects
}

/// Of a long message the beginning names it.
fn cut(words: &str) -> String {
    const LONGEST: usize = 80;
    if words.chars().count() <= LONGEST { words.to_owned() } else { format!("{}…", words.chars().take(LONGEST - 1).collect::<String>()) }
}

/// A change in the column of the cursor that is not at the cursor, and how to get there.
fn nearby_change(state: &State) -> Option<String> {
    let (cursor, column_ns) = (state.timeline.cursor, state.timeline.column_ns().unsigned_abs());
    let distance = |at: Timestamp| at.since(cursor).unsigned_abs();
    let changes = state.catalog.changes.iter().filter_map(|change| Some((change.time?, change)));
    let (at, change) = changes.filter(|(at, _)| distance(*at) <= column_ns).min_by_key(|(at, _)| distance(*at))?;
    if at == cursor {
        return None;
    }
    let way = if at > cursor { crate::app::Action::NextChange } else { crate::app::Action::PrevChange };
    let title = cut(&text::printable(&change.title()));
    Some(format!("; {title} is at {}: {} goes there", state.clock.short(at), state.keymap.key_of(way)))
}

/// Up and down in the focused pane, by rows.
pub(super) fn vertical(state: &mut State, rows: isize) {
    match state.focus {
        Focus::List => {
            let before = state.list.place();
            if let Some(at) = state.list.step(rows) {
                state.timeline.move_to(at);
            }
            if state.list.place() == before {
                say_end(state, "event", rows);
            }
        }
        Focus::Panels => {
            let last = state.panels.all.len().saturating_sub(1);
            let before = state.panels.selected;
            state.panels.selected = before.saturating_add_signed(rows).min(last);
            if state.panels.selected == before {
                say_end(state, "panel", rows);
            }
        }
        Focus::Side => {
            if !state.side.step(rows, usize::from(state.layout.side.height)) {
                say_end(state, "line", rows);
            }
        }
        Focus::Changes => lane_mark(state, if rows > 0 { Way::Forward } else { Way::Back }),
    }
}

fn say_end(state: &mut State, what: &str, rows: isize) {
    state.say(format!("this is the {} {what}", if rows > 0 { "last" } else { "first" }));
}

/// Half the height of the focused list.
pub(super) fn half_page(state: &State) -> isize {
    let height = if state.focus == Focus::Side { state.layout.side.height } else { state.layout.list.height };
    (height / 2).max(1) as isize
}

/// Start or end of the data; in the side pane of its list.
pub(super) fn edge(state: &mut State, way: Way) {
    if state.focus == Focus::Side {
        let before = state.side.selected();
        state.side.select(if way == Way::Back { 0 } else { usize::MAX });
        if state.side.selected() == before {
            say_end(state, "line", if way == Way::Back { -1 } else { 1 });
        }
        return;
    }
    let Some(extent) = state.timeline.extent else {
        state.say("nothing has a time yet");
        return;
    };
    let (at, before) = (if way == Way::Back { extent.start() } else { extent.end().plus_ns(-1) }, state.timeline.cursor);
    state.jump_to(at);
    if state.timeline.cursor == before {
        state.say(if way == Way::Back { "this is the start of the data" } else { "this is the end of the data" });
    }
}

/// Starts a range at the cursor, or drops it.
pub(super) fn select(state: &mut State) {
    let is_new = state.timeline.anchor.is_none();
    state.timeline.anchor = is_new.then_some(state.timeline.cursor);
    // In the list the range also counts rows: many of them may share one moment.
    state.list.anchor = state.list.selected().filter(|_| is_new && state.focus == Focus::List).map(|row| row.id);
}

/// Exchanges the two ends of the range.
pub(super) fn swap(state: &mut State) {
    match state.timeline.anchor {
        Some(anchor) => {
            let cursor = state.timeline.cursor;
            state.timeline.move_to(anchor);
            state.timeline.anchor = Some(cursor);
        }
        None => state.say("no range: v starts one"),
    }
}

/// Zooms to the selected range and ends the selection.
pub(super) fn fit_selection(state: &mut State) {
    let Some(range) = state.timeline.selection() else {
        state.say("no range: v starts one, then move and press Enter");
        return;
    };
    state.timeline.anchor = None;
    state.moving(Motion::Jump, |timeline| timeline.show(range));
}

/// The stretch that a new note is about.
pub(super) fn span(state: &State) -> crate::model::TimeRange {
    Session::span(state.timeline.selection(), state.timeline.cursor)
}
