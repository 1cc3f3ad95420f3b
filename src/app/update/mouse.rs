//! The mouse, while it is ours: the wheel scrolls or zooms what it is over, a click goes there, a drag selects, a double
//! click zooms in or opens. Over an open layer: `mouse_over`.

use unicode_width::UnicodeWidthStr;

use crate::app::history::Motion;
use crate::app::layout::{Area, Lane};
use crate::app::message::Effect;
use crate::app::mouse::{MouseKind, MousePress};
use crate::app::places;
use crate::app::side::Tab;
use crate::app::state::{Focus, State};
use crate::model::Timestamp;

use super::{action, mouse_over, navigate};
use crate::app::actions::Action;

/// Rows that one notch of the wheel scrolls.
pub(super) const WHEEL_ROWS: isize = 3;

/// What lies under the pointer.
enum Place {
    /// Lanes and panels; the panel, if it is one.
    Time(Timestamp, Option<usize>),
    /// The overview of the whole extent.
    Overview(Timestamp),
    /// Label or numbers of a panel.
    Panel(usize),
    /// A row of the list.
    Event(usize),
    /// A row of the side pane.
    Side(usize),
    /// The name of one of its tabs.
    Tab(Tab),
    Nothing,
}

/// One thing that the mouse did.
pub(super) fn press(state: &mut State, press: MousePress) -> Vec<Effect> {
    if !state.looks.mouse.is_on() {
        return Vec::new();
    }
    if !state.overlays.is_empty() {
        return mouse_over::press(state, press);
    }
    let place = place(state, press);
    match press.kind {
        MouseKind::Down => return down(state, press, &place),
        MouseKind::Drag => drag(state, &place),
        MouseKind::Up => state.pointer.pressed = None,
        MouseKind::WheelUp => wheel(state, &place, -1),
        MouseKind::WheelDown => wheel(state, &place, 1),
    }
    Vec::new()
}

fn within(area: Area, press: MousePress) -> Option<usize> {
    let is_in = (area.x..area.x + area.width).contains(&press.column) && (area.y..area.y + area.height).contains(&press.row);
    is_in.then(|| usize::from(press.row - area.y))
}

/// The event in a row of the list: folded ones have several rows.
fn event_at(state: &State, row: usize) -> Option<usize> {
    let (list, height) = (&state.list, usize::from(state.layout.list.height));
    let mut below = usize::from(list.shape.has_header);
    if row < below {
        return None;
    }
    for (index, event) in list.rows.iter().enumerate().skip(list.top) {
        let skip = if list.selected == Some(index) && list.shape.is_wrapped { list.skip } else { 0 };
        below += event.tail_lines(&list.shape, skip, height.saturating_sub(below)).len().max(1);
        if row < below {
            return Some(index);
        }
    }
    None
}

fn place(state: &State, press: MousePress) -> Place {
    let layout = &state.layout;
    if press.row == layout.heading_y && !layout.is_too_small {
        let is_here = |name: &places::TabName| (name.x..name.x + name.name.width() as u16).contains(&press.column);
        let found = places::tabs(state).into_iter().find(is_here).and_then(|name| name.tab);
        return found.map_or(Place::Nothing, Place::Tab);
    }
    if let Some(row) = within(layout.list, press) {
        return event_at(state, row).map_or(Place::Nothing, Place::Event);
    }
    if let Some(row) = within(layout.side, press) {
        let n_heading = state.side.heading_rows(usize::from(layout.side.height));
        let line = row.checked_sub(n_heading).and_then(|row| state.side.lines.get(state.side.top + row));
        return line.map_or(Place::Nothing, |line| Place::Side(line.item));
    }
    let is_row = |(_, y, height): &(usize, u16, u16)| (*y..*y + *height).contains(&press.row);
    let panel = layout.panels.iter().find(|panel| is_row(panel)).map(|panel| panel.0);
    let lane = layout.lanes.iter().find(|(_, y, height)| (*y..*y + *height).contains(&press.row)).map(|lane| lane.0);
    let column = press.column.checked_sub(layout.label_width).filter(|column| *column < layout.lanes_width);
    let range = if lane == Some(Lane::Overview) { state.timeline.extent } else { Some(state.timeline.visible) };
    let parts = range.zip(column).and_then(|(range, column)| range.split(state.timeline.columns).get(usize::from(column)).copied());
    match (lane, panel, parts) {
        (Some(Lane::Overview), _, Some(part)) => Place::Overview(part.start()),
        (None, None, _) | (Some(_), None, None) => Place::Nothing,
        (_, panel, Some(part)) => Place::Time(part.start(), panel),
        (_, Some(panel), None) => Place::Panel(panel),
    }
}

fn down(state: &mut State, press: MousePress, place: &Place) -> Vec<Effect> {
    let is_second = state.pointer.is_second(state.now, press);
    match *place {
        Place::Time(at, panel) => {
            if is_second && state.timeline.selection().is_some() {
                navigate::fit_selection(state);
                return Vec::new();
            }
            focus_panel(state, panel);
            (state.timeline.anchor, state.list.anchor) = (None, None);
            state.timeline.move_to(at);
            if is_second {
                state.moving(Motion::Zoom, |timeline| timeline.zoom(-1));
            }
            state.pointer.pressed = Some(at);
        }
        Place::Overview(at) => state.jump_to(at),
        Place::Panel(panel) => focus_panel(state, Some(panel)),
        Place::Event(index) => {
            action::focus(state, Focus::List);
            let rows = index as isize - state.list.selected.unwrap_or(index) as isize;
            navigate::vertical(state, rows);
            if is_second {
                return action::run(state, Action::Open, None);
            }
        }
        Place::Side(item) => {
            action::focus(state, Focus::Side);
            state.side.select(item);
            if is_second {
                return action::run(state, Action::Open, None);
            }
        }
        Place::Tab(tab) => return action::run(state, opener(tab), None),
        Place::Nothing => {}
    }
    Vec::new()
}

/// The action that shows a tab: some ask for what they show.
const fn opener(tab: Tab) -> Action {
    match tab {
        Tab::Chain => Action::FocusChain,
        Tab::Notes => Action::FocusNotes,
        Tab::Detail => Action::FocusDetail,
        Tab::Sources => Action::FocusSources,
        Tab::Patterns => Action::FocusPatterns,
        Tab::Facets => Action::FocusFacets,
        Tab::Trace => Action::FocusTrace,
        Tab::Compare => Action::Compare,
    }
}

fn focus_panel(state: &mut State, panel: Option<usize>) {
    if let Some(panel) = panel {
        state.panels.selected = panel;
        action::focus(state, Focus::Panels);
    }
}

fn drag(state: &mut State, place: &Place) {
    if let (Place::Time(at, _), Some(pressed)) = (place, state.pointer.pressed) {
        state.timeline.anchor = Some(pressed).filter(|pressed| pressed != at);
        state.timeline.move_to(*at);
    }
}

fn wheel(state: &mut State, place: &Place, way: isize) {
    match *place {
        Place::Time(at, _) => {
            state.moving(Motion::Zoom, |timeline| {
                timeline.move_to(at);
                timeline.zoom(way as i32);
            });
        }
        Place::Overview(_) => state.moving(Motion::Pan, |timeline| timeline.pan(way as i64)),
        Place::Panel(_) => {
            action::focus(state, Focus::Panels);
            navigate::vertical(state, way);
        }
        Place::Event(_) => {
            action::focus(state, Focus::List);
            navigate::vertical(state, way * WHEEL_ROWS);
        }
        Place::Side(_) => {
            action::focus(state, Focus::Side);
            navigate::vertical(state, way * WHEEL_ROWS);
        }
        Place::Tab(_) | Place::Nothing => {}
    }
}
