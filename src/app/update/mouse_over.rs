//! The mouse over what lies open above the panes: a click selects a line, a double click takes it, the wheel scrolls
//! without going round. A click beside it does nothing: Esc closes.

use crate::app::actions::Action;
use crate::app::form::{FieldKind, Form};
use crate::app::layout::{Area, Layout};
use crate::app::message::Effect;
use crate::app::mouse::{MouseKind, MousePress};
use crate::app::overlay::Overlay;
use crate::app::places;
use crate::app::press::{KeyCode, KeyPress};
use crate::app::state::State;

use super::mouse::WHEEL_ROWS;
use super::{action, overlays};

/// One thing that the mouse did over the layer on top.
pub(super) fn press(state: &mut State, press: MousePress) -> Vec<Effect> {
    match press.kind {
        MouseKind::WheelUp => wheel(state, -WHEEL_ROWS),
        MouseKind::WheelDown => wheel(state, WHEEL_ROWS),
        MouseKind::Down => return down(state, press),
        MouseKind::Drag | MouseKind::Up => {}
    }
    Vec::new()
}

fn wheel(state: &mut State, rows: isize) {
    match state.overlays.last_mut() {
        // One step beyond an end goes to the other one.
        Some(Overlay::Picker(picker)) => {
            let last = picker.shown.len().saturating_sub(1);
            picker.selected = picker.selected.saturating_add_signed(rows).min(last);
        }
        Some(Overlay::Form(form)) => {
            let last = form.fields.len().saturating_sub(1);
            form.focus = form.focus.saturating_add_signed(rows.signum()).min(last);
        }
        Some(Overlay::Prompt(_)) => overlays::step(state, rows.signum()),
        _ => overlays::step(state, rows),
    }
}

fn down(state: &mut State, press: MousePress) -> Vec<Effect> {
    let is_second = state.pointer.is_second(state.now, press);
    let (column, row) = (press.column, press.row);
    let filter = match state.overlays.last() {
        Some(Overlay::Filters(selected)) => {
            places::filter_lines(state, *selected).1.at(column, row).filter(|at| *at < state.list.chips.len())
        }
        _ => None,
    };
    let answers = match state.overlays.last() {
        Some(Overlay::Confirm(confirm)) => Some(places::question(state, &confirm.question).1),
        _ => None,
    };
    let layout = &state.layout;
    match state.overlays.last_mut() {
        Some(Overlay::Picker(picker)) => {
            let Some(at) = places::picker_lines(layout, picker).at(column, row).filter(|at| *at < picker.shown.len()) else {
                return Vec::new();
            };
            picker.selected = at;
            if picker.chosen.is_some() {
                picker.toggle();
                picker.selected = at;
            } else if is_second {
                return action::run(state, Action::Accept, None);
            }
        }
        Some(Overlay::Filters(selected)) => {
            let Some(at) = filter else { return Vec::new() };
            *selected = at;
            if is_second {
                return action::run(state, Action::Accept, None);
            }
        }
        Some(Overlay::Form(form)) => form_down(layout, form, press),
        Some(Overlay::Confirm(_)) => {
            let place = answers.filter(|place| row == place.y).and_then(|place| column.checked_sub(place.x));
            let answer = place.and_then(|x| places::ANSWERS.iter().position(|words| words.contains(&x)));
            return match answer {
                Some(0) => action::run(state, Action::Yes, None),
                Some(_) => action::run(state, Action::No, None),
                None => Vec::new(),
            };
        }
        _ => {}
    }
    Vec::new()
}

/// Focuses the field, and takes the option or the record that lies under the pointer.
fn form_down(layout: &Layout, form: &mut Form, press: MousePress) {
    let (rows, fields) = places::form_fields(layout, form);
    let Area { x, width, .. } = places::inside(places::frame(layout, rows));
    let is_beside = !(x.saturating_sub(1)..x + width + 1).contains(&press.column);
    let Some(place) = fields.iter().find(|place| (place.y..place.y + place.height).contains(&press.row)).filter(|_| !is_beside) else {
        return;
    };
    let had_focus = form.focus == place.index;
    form.focus = place.index;
    let names = places::name_columns(form);
    let Some(column) = press.column.checked_sub(x + names) else { return };
    match form.fields.get_mut(place.index).map(|field| &mut field.kind) {
        Some(FieldKind::Choice { options, chosen }) => {
            let found = places::options(options, width.saturating_sub(names)).iter().position(|option| option.contains(&column));
            *chosen = found.unwrap_or(*chosen);
        }
        // Without the focus a long list shows other lines.
        Some(FieldKind::Picks { lines, cursor }) if had_focus || lines.len() <= places::SHORT_LIST => {
            let top = if had_focus { (*cursor + 1).saturating_sub(usize::from(place.height)) } else { 0 };
            let at = top + usize::from(press.row - place.y);
            if at < lines.len() {
                *cursor = at;
                form.key(KeyPress { code: KeyCode::Char(' '), ctrl: false, alt: false, shift: false });
            }
        }
        _ => {}
    }
}
