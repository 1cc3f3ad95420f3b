//! The mouse on a screen whose places are known: it does nothing until it is turned on.

use coroner::app::Message;
use coroner::app::looks::Switch;
use coroner::app::mouse::{MouseKind, MousePress};
use coroner::model::Timestamp;

use crate::fake::Session;

/// Lanes of a screen of 120 columns begin here; 68 columns show twelve minutes.
const LANES_X: u16 = 23;
/// A row of the first panel at 120×40.
const PANEL_Y: u16 = 10;

fn mouse(session: &mut Session, kind: MouseKind, column: u16, row: u16) {
    session.send(Message::Mouse(MousePress { kind, column, row }));
}

fn with_mouse() -> Session {
    let mut session = Session::loaded(120, 40);
    session.keys("U m");
    assert_eq!(session.state.looks().mouse(), Switch::On);
    session
}

/// Seconds of a lane column from the start of the data.
fn secs(column: u16) -> f64 {
    f64::from(column) * 720.0 / 68.0
}

#[track_caller]
fn check_cursor(session: &Session, column: u16) {
    assert!((session.cursor_secs() - secs(column)).abs() < secs(1), "{} is not in column {column}", session.cursor_secs());
}

#[test]
fn until_it_is_turned_on_the_mouse_does_nothing() {
    let mut session = Session::loaded(120, 40);
    let before = session.state.cursor();
    mouse(&mut session, MouseKind::Down, LANES_X + 20, PANEL_Y);
    mouse(&mut session, MouseKind::WheelUp, LANES_X + 20, PANEL_Y);
    assert_eq!((session.state.cursor(), session.state.looks().mouse()), (before, Switch::Off));
}

#[test]
fn a_click_moves_the_cursor_and_a_drag_selects() {
    let mut session = with_mouse();
    mouse(&mut session, MouseKind::Down, LANES_X + 20, PANEL_Y);
    check_cursor(&session, 20);
    mouse(&mut session, MouseKind::Drag, LANES_X + 30, PANEL_Y);
    mouse(&mut session, MouseKind::Up, LANES_X + 30, PANEL_Y);
    let range = session.state.selection().expect("dragged");
    assert!((range.len_ns() as f64 / 1e9 - secs(10)).abs() < secs(1));
    check_cursor(&session, 30);
    mouse(&mut session, MouseKind::Down, LANES_X + 5, PANEL_Y);
    assert_eq!(session.state.selection(), None, "the next click drops it");
}

#[test]
fn the_wheel_zooms_lanes_and_scrolls_lists() {
    let mut session = with_mouse();
    let all = session.state.visible().len_ns();
    mouse(&mut session, MouseKind::WheelUp, LANES_X + 40, PANEL_Y);
    assert_eq!(session.state.visible().len_ns(), all / 2);
    let under = session.state.cursor();
    mouse(&mut session, MouseKind::WheelDown, LANES_X + 40, PANEL_Y);
    assert_eq!(session.state.visible().len_ns(), all);
    let first = session.state.selected_event();
    mouse(&mut session, MouseKind::WheelDown, 10, 30);
    assert_ne!(session.state.selected_event(), first);
    assert_ne!(session.state.cursor(), under, "the cursor follows the list");
}

#[test]
fn a_double_click_zooms_in_and_a_slow_one_does_not() {
    let mut session = with_mouse();
    let all = session.state.visible().len_ns();
    let now = Timestamp::from_secs(crate::fake::START + 86_400);
    for (after_ms, expected) in [(0, all), (900, all), (1_100, all / 2)] {
        session.send(Message::Tick(now.plus_ns(after_ms * 1_000_000)));
        mouse(&mut session, MouseKind::Down, LANES_X + 20, PANEL_Y);
        mouse(&mut session, MouseKind::Up, LANES_X + 20, PANEL_Y);
        assert_eq!(session.state.visible().len_ns(), expected, "after {after_ms} ms");
    }
}

#[test]
fn every_cell_can_be_clicked_at_every_size() {
    for (width, height) in [(1, 1), (40, 10), (80, 24), (120, 40)] {
        let mut session = Session::loaded(width, height);
        session.keys("U m");
        for row in (0..height + 2).step_by(2) {
            for column in (0..width + 3).step_by(7) {
                for kind in [MouseKind::Down, MouseKind::Drag, MouseKind::Up, MouseKind::WheelUp, MouseKind::WheelDown] {
                    mouse(&mut session, kind, column, row);
                }
            }
        }
    }
}
