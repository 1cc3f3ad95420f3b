//! The state as lines of text: everything is there, courses are words, and a key tells what it changed.

use coroner::app::looks::Switch;
use coroner::ui::{changed_lines, describe};

use crate::fake::Session;

#[track_caller]
fn check_said(session: &Session, words: &str) {
    let lines = describe(&session.state);
    assert!(lines.iter().any(|line| line.contains(words)), "no {words:?} in\n{}", lines.join("\n"));
}

/// What is said after keys.
fn after(session: &mut Session, keys: &str) -> Vec<String> {
    let before = describe(&session.state);
    session.keys(keys);
    let now = describe(&session.state);
    changed_lines(&before, &now).into_iter().map(str::to_owned).collect()
}

#[test]
fn the_screen_is_told_line_by_line() {
    let mut session = Session::loaded(120, 40);
    session.keys("t t \"03:22:05\" Enter t 0 m \"trigger\" Enter t t \"T+2m\" Enter");
    insta::assert_snapshot!("plain", describe(&session.state).join("\n"));
}

#[test]
fn courses_are_told_in_words() {
    let mut session = Session::loaded(120, 40);
    session.keys("t t \"03:22:05\" Enter t 0 t t \"T+2m\" Enter");
    check_said(&session, "P99 order: rose from ");
    check_said(&session, " to ≥10 s between T+");
    check_said(&session, ", fell to ");
}

#[test]
fn a_key_tells_what_it_changed_and_nothing_else() {
    let mut session = Session::loaded(120, 40);
    session.keys("t t \"03:20:30\" Enter esc");
    assert!(after(&mut session, "").is_empty());
    let step = after(&mut session, "l");
    assert!(step.iter().any(|line| line.starts_with("cursor: ")), "{step:?}");
    assert!(!step.iter().any(|line| line.starts_with("case: ") || line.starts_with("window: ")), "{step:?}");
    let zoom = after(&mut session, "+");
    assert!(zoom.iter().any(|line| line.starts_with("window: ")), "{zoom:?}");
}

#[test]
fn what_lies_open_is_read_out_with_the_letter_under_the_cursor() {
    let mut session = Session::loaded(120, 40);
    let opened = after(&mut session, "/ \"poo\"");
    assert!(opened.iter().any(|line| line.starts_with("open: ") && line.contains("> poo|")), "{opened:?}");
    let palette = after(&mut session, "esc ^p \"zone\"");
    assert!(palette.iter().any(|line| line.starts_with("open: selected: ")), "{palette:?}");
    assert!(after(&mut session, "esc").iter().any(|line| line.starts_with("pane: ")));
    assert!(after(&mut session, "t").iter().any(|line| line.starts_with("t then: ")));
}

#[test]
fn a_key_turns_it_on_and_off() {
    let mut session = Session::loaded(120, 40);
    session.keys("U p");
    assert_eq!(session.state.looks().plain(), Switch::On);
    session.keys(": \"plain-text off\" Enter");
    assert_eq!(session.state.looks().plain(), Switch::Off);
}
