//! The mouse on a screen whose places are known: it does nothing until it is turned on.

use coroner::app::Message;
use coroner::app::looks::Switch;
use coroner::app::mouse::{MouseKind, MousePress};
use coroner::model::Timestamp;

use crate::fake::Session;
use crate::fake::screen::buffer;

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
        for open in ["", "ctrl-p", "P", "c", "F", "?", "; v", "/ p"] {
            let mut session = Session::loaded(width, height);
            session.keys("U m").keys(open);
            for row in (0..height + 2).step_by(2) {
                for column in (0..width + 3).step_by(if open.is_empty() { 7 } else { 19 }) {
                    for kind in [MouseKind::Down, MouseKind::Drag, MouseKind::Up, MouseKind::WheelUp, MouseKind::WheelDown] {
                        mouse(&mut session, kind, column, row);
                    }
                }
            }
        }
    }
}

/// Cell by cell: a column is a letter.
fn screen(session: &Session) -> String {
    let buffer = buffer(session, &coroner::ui::Theme::dark());
    let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>() + "\n";
    (0..buffer.area.height).map(row).collect()
}

/// Column and row of the first place of these words on the screen.
fn find(session: &Session, words: &str) -> (u16, u16) {
    let screen = screen(session);
    let (y, line) =
        screen.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap_or_else(|| panic!("no {words:?} in\n{screen}"));
    let x = line[..line.find(words).expect("just found")].chars().count();
    (x as u16, y as u16)
}

fn click(session: &mut Session, words: &str) {
    let (x, y) = find(session, words);
    mouse(session, MouseKind::Down, x, y);
    mouse(session, MouseKind::Up, x, y);
}

#[test]
fn a_click_on_a_line_of_the_palette_selects_it_and_a_second_one_takes_it() {
    let mut session = with_mouse();
    session.keys("ctrl-p");
    click(&mut session, "swap-end");
    assert!(screen(&session).lines().any(|line| line.contains('▌') && line.contains("swap-end")), "{}", screen(&session));
    click(&mut session, "zoom-in ");
    let all = session.state.visible().len_ns();
    click(&mut session, "zoom-in ");
    assert_eq!(session.state.visible().len_ns(), all / 2, "taken");
    assert!(!screen(&session).contains("palette"));
}

#[test]
fn the_wheel_scrolls_a_picker_to_its_end_and_not_round() {
    let mut session = with_mouse();
    session.keys("m");
    mouse(&mut session, MouseKind::WheelUp, 60, 30);
    assert!(screen(&session).lines().any(|line| line.contains("▌trigger")), "{}", screen(&session));
    for _ in 0..40 {
        mouse(&mut session, MouseKind::WheelDown, 60, 30);
    }
    let last = screen(&session);
    mouse(&mut session, MouseKind::WheelDown, 60, 30);
    assert_eq!(screen(&session), last);
    assert!(!last.contains("▌trigger"), "{last}");
}

#[test]
fn a_click_chooses_and_unchooses_where_several_can_be_chosen() {
    let mut session = with_mouse();
    session.keys("ctrl-w l");
    click(&mut session, "☑ phases");
    click(&mut session, "☐ phases");
    click(&mut session, "☑ phases");
    session.keys("enter");
    assert!(!screen(&session).contains(" phases "), "{}", screen(&session));
}

#[test]
fn a_click_on_a_tab_shows_it() {
    let mut session = with_mouse();
    click(&mut session, " sources ");
    assert!(screen(&session).contains("deploys.jsonl"), "{}", screen(&session));
    click(&mut session, " chain ");
    assert!(!screen(&session).contains("deploys.jsonl"), "{}", screen(&session));
}

#[test]
fn a_click_focuses_a_field_of_a_form_and_takes_its_option() {
    let mut session = with_mouse();
    session.keys("c");
    click(&mut session, " confirmed ");
    assert!(screen(&session).contains("[confirmed]"), "{}", screen(&session));
    click(&mut session, "statement");
    session.keys("p o o l");
    assert!(screen(&session).contains("pool"));
    session.keys("esc");
    click(&mut session, "y yes");
    assert!(!screen(&session).contains("statement"), "thrown away\n{}", screen(&session));
}
